"""Releases: a build is staged aside, sealed with a manifest, and published by one atomic switch.

`build/current` is a link to `build/releases/<id>`; the id is a digest of the manifest, so the same bytes have
the same id. Whoever reads through the link sees one whole release, whenever a build stops.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from json.encoder import encode_basestring
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from portal.data.tree import digest_file, find_digest, have_same_bytes, list_tree, scan_tree
from portal.files.by_hash import lead_to_store, trim_store
from portal.releases.ledger import note_release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

MANIFEST = "manifest.json"
RECORD = "release.json"
# Enough that a server, or a visitor in the middle of a page, never loses the release it reads.
KEPT_RELEASES = 3
_STAGING = "staging-"
_HIDDEN = (".", "__pycache__")


class BuildLockedError(RuntimeError):
    """Another build is writing into the same folder."""


@dataclass(frozen=True, slots=True)
class BuildFolder:
    """The layout of `build/`."""

    root: Path

    @property
    def current(self) -> Path:
        """Return the link to the published release."""
        return self.root / "current"

    @property
    def last(self) -> Path:
        """Return the record of the release that a build published last."""
        return self.root / "last.json"

    @property
    def releases(self) -> Path:
        """Return the folder of all kept releases."""
        return self.root / "releases"


def list_inputs(paths: Iterable[Path], base: Path) -> Iterator[tuple[str, str]]:
    """Yield name (below `base`) and path of all files under `paths`, hidden ones left out, always in one order."""
    # As text: a catalogue of ten thousand packages is looked through in a part of a second.
    for root in sorted(paths):
        below = root.relative_to(base)
        if any(part.startswith(_HIDDEN) for part in below.parts):
            continue
        if root.is_file():
            yield below.as_posix(), str(root)
        prefix = f"{below.as_posix()}/" if below.parts else ""
        for name, entry in scan_tree(root, hidden=_HIDDEN):
            if entry.is_file():
                yield prefix + name, entry.path


def digest_inputs(paths: Iterable[Path], base: Path, read: Callable[[str], str] = digest_file) -> str:
    """Return a digest of the names (below `base`) and bytes of all files under `paths`, hidden ones left out.

    `read` gives the SHA-256 of a file.
    """
    digest = hashlib.sha256()
    for name, path in list_inputs(paths, base):
        digest.update(f"{name}\0{read(path)}\0".encode())
    return digest.hexdigest()


def read_record(folder: BuildFolder) -> dict[str, str]:
    """Return the record of the published release; empty where there is none or it cannot be read."""
    return _read_json(folder.current / RECORD)


def read_withdrawn(folder: BuildFolder) -> dict[str, str]:
    """Return the record of the release that was published last, if an operator went back to an older one; else nothing.

    A build killed right after its switch leaves the record of a release that is older than the current one.
    """
    last, current = _read_json(folder.last), read_record(folder)
    return last if current.get("built_at", "") < last.get("built_at", "") else {}


def _read_json(path: Path) -> dict[str, str]:
    try:
        record = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


@contextmanager
def stage(folder: BuildFolder) -> Iterator[Path]:
    """Give a fresh folder to build in; remove it afterwards, and whatever killed builds left behind.

    Raises BuildLockedError where another build is running, OSError where the folder cannot be written.
    """
    folder.root.mkdir(parents=True, exist_ok=True)
    with (folder.root / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BuildLockedError(str(folder.root)) from error
        for leftover in folder.root.glob(f"{_STAGING}*"):
            shutil.rmtree(leftover)
        staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=folder.root))
        staging.chmod(0o755)
        try:
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def publish(
    folder: BuildFolder,
    staging: Path,
    inputs: str,
    digests: Mapping[int, bytes] = MappingProxyType({}),
    is_published: Callable[[int], bool] = lambda _inode: False,
) -> str:
    """Seal `staging` and make it the published release; return its id.

    `digests` are the SHA-256 of files by inode, as far as they are known already; `is_published` tells of some of them
    that they are files of the published release.
    """
    identifier = _seal(staging, folder.current, digests, is_published)
    record = {"id": identifier, "inputs": inputs, "built_at": datetime.now(UTC).isoformat(timespec="milliseconds")}
    (staging / RECORD).write_text(json.dumps(record) + "\n", "utf-8")
    folder.releases.mkdir(exist_ok=True)
    target = folder.releases / identifier
    if target.exists():
        # The same bytes were published before; only the record is new, and what was damaged since.
        _repair(target, staging)
        os.utime(target)
    else:
        staging.rename(target)
    lead_to_store(target)
    note_release(folder.root, target, record)
    _switch(folder.current, target)
    _write_last(folder, target)
    _prune(folder, keep=target)
    return identifier


def _seal(staging: Path, current: Path, digests: Mapping[int, bytes], is_published: Callable[[int], bool]) -> str:
    """Write the manifest, a file on each line, for it may be long; return the id of the release, a digest of it.

    Every file that the published release has too gets the time that it has there, all others one and the same. Servers
    say it as Last-Modified and make their ETag of it: both change when the bytes do, and only then.
    """
    # In whole seconds, as all times here: whatever is written from now on is newer.
    now = int(datetime.now(UTC).timestamp())
    with (staging / MANIFEST).open("w", encoding="utf-8") as file:
        file.write('{"files": [')
        before = "\n"
        for name, entry in scan_tree(staging):
            if name == MANIFEST:
                continue
            status = entry.stat()
            if not is_published(status.st_ino):
                _set_time(entry, f"{current}/{name}", now)
            sha256 = find_digest(entry.path, digests, status.st_ino)
            # As `_describe` has it: there are hundreds of thousands.
            file.write(
                f'{before}{{"path": {encode_basestring(name)}, "bytes": {status.st_size}, "sha256": "{sha256}"}}'
            )
            before = ",\n"
        file.write("\n]}\n")
    os.utime(staging / MANIFEST, (now, now))
    return digest_file(staging / MANIFEST)[:16]


def _set_time(file: os.DirEntry[str], published: str, now: int) -> None:
    """Give a file the time of the `published` one if it has the same bytes, else `now`."""
    status = file.stat()
    try:
        before = os.stat(published)  # noqa: PTH116 - as text: there may be hundreds of thousands
    except OSError:  # there is none
        before = None
    if before and os.path.samestat(before, status):  # it has the time
        return
    same = before and before.st_size == status.st_size and have_same_bytes(file.path, published)
    when = int(before.st_mtime) if before and same else now
    os.utime(file, (when, when))


def _repair(target: Path, staging: Path) -> None:
    """Put what is not as the manifest of `staging` says in order, each file in one step; remove what is not in it.

    A server keeps the files that it has open: it must be started again to read a database that was mended.
    """
    files = json.loads((staging / MANIFEST).read_text("utf-8"))["files"]
    found = {
        name: _describe(name, (target / name).stat().st_size, digest_file(target / name)) for name in list_tree(target)
    }
    damaged = [one["path"] for one in files if found.get(one["path"]) != one]
    for name in [*damaged, MANIFEST, RECORD]:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (staging / name).replace(target / name)
    for name in found.keys() - {one["path"] for one in files} - {MANIFEST, RECORD}:
        (target / name).unlink()


def _write_last(folder: BuildFolder, target: Path) -> None:
    """Note which release was published last: where `current` leads elsewhere, an operator took it back."""
    fresh = folder.last.with_name(f".{folder.last.name}.new")
    shutil.copyfile(target / RECORD, fresh)
    fresh.replace(folder.last)


def _describe(name: str, size: int, sha256: str) -> dict[str, str | int]:
    """Return what a manifest says of a file."""
    return {"path": name, "bytes": size, "sha256": sha256}


def _switch(link: Path, target: Path) -> None:
    """Point `link` at `target` in one step that no reader can see half done."""
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(os.path.relpath(target, link.parent))
    fresh.replace(link)


def _prune(folder: BuildFolder, keep: Path) -> None:
    releases = sorted(folder.releases.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    bygone = [path for path in releases if path != keep][KEPT_RELEASES - 1 :]
    for old in bygone:
        # Renamed first: a build killed here must not leave half a release under a release's name.
        doomed = folder.root / f"{_STAGING}{old.name}"
        old.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)
    if bygone:
        trim_store(folder.root)

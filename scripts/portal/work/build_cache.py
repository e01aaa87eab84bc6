"""The build cache: what a step of the build wrote, kept under the digest of everything that it was made from.

A step may use it that is a pure function: the same inputs, code and libraries give the same files, whatever the clock,
the disk or the order of other steps. What is taken out is copied, never linked, so that damage to a release stays in
it, and held against the SHA-256 that was noted: an entry that does not match is made anew.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import sys
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portal.data.tree import list_tree
from portal.releases.release import digest_inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_ENTRY = "entry.json"
_FILES = "files"
# What is not finished; it is left behind where a process dies.
FRESH = ".new-"
_CHUNK = 1 << 20
# Entries that the latest build did not ask for: enough to go back to the data of before.
KEPT_UNUSED = 200


def digest_code(project: Path) -> str:
    """Return a digest of what makes files out of data: this package, the locked libraries, Python and zlib."""
    code = Path(__file__).parents[1]
    lock = project / "requirements.lock"
    parts = [
        digest_inputs([code], code.parent),
        digest_inputs([lock], project) if lock.exists() else "",
        sys.version,
        zlib.ZLIB_RUNTIME_VERSION,
    ]
    return digest_parts(parts)


def digest_parts(parts: Iterable[str]) -> str:
    """Return the digest of some texts, which keeps them apart."""
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()


class BuildCache:
    """Entries by key: values of JSON, and folders of files with such a value.

    Several processes may use it for the same build; a key means the same to all of them. `prune` ends one build.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._used: set[str] = set()

    def use(self, keys: Iterable[str]) -> None:
        """Note what this build asked for, also where another process asked."""
        self._used.update(keys)

    def fill(self, folder: Path, key: str, make: Callable[[Path], Any]) -> Any:
        """Make `folder` hold what `make(folder)` writes, or wrote for the same key before; return what it returned.

        `make` gets a folder that does not exist, makes it, and returns a value of JSON. `folder` appears whole;
        where it exists, the same was written there before. Raises OSError where the disk fails.
        """
        if kept := self.take(folder, key):
            return kept[0]
        self.keep(key, make)
        return self._take_out(self.root / key, folder)

    def take(self, folder: Path, key: str) -> tuple[Any] | None:
        """Make `folder` hold what was kept for a key; return its value alone in a tuple, None where nothing is kept."""
        self._used.add(key)
        entry = self.root / key
        try:
            return (self._take_out(entry, folder),)
        except (OSError, ValueError, KeyError, TypeError):  # there is none, or it is not what was put in
            shutil.rmtree(entry, ignore_errors=True)
            return None

    def keep(self, key: str, make: Callable[[Path], Any]) -> None:
        """Keep what `make` writes and returns for a key. Raises OSError where the disk fails."""
        self._used.add(key)
        self._put_in(self.root / key, make)

    def recall(self, key: str) -> Any:
        """Return the value that was kept for a key; None where there is none, or it is not as it was kept."""
        self._used.add(key)
        path = self.root / key
        try:
            note = json.loads(path.read_text("utf-8"))
            os.utime(path)
            return note["value"] if note["seal"] == _seal({"key": key, "value": note["value"]}) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def remember(self, key: str, value: Any) -> None:
        """Keep a value of JSON for a key. Raises OSError where the disk fails."""
        self._used.add(key)
        self.root.mkdir(parents=True, exist_ok=True)
        descriptor, fresh = tempfile.mkstemp(dir=self.root, prefix=FRESH)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"value": value, "seal": _seal({"key": key, "value": value})}, file, ensure_ascii=False)
        Path(fresh).replace(self.root / key)

    def prune(self) -> None:
        """Remove what killed builds left, and the oldest entries that this build did not ask for."""
        if not self.root.exists():
            return
        unused = [path for path in self.root.iterdir() if path.name not in self._used]
        kept = sorted((path for path in unused if not path.name.startswith(".")), key=_last_used, reverse=True)
        for path in {*unused} - {*kept[:KEPT_UNUSED]}:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def _put_in(self, entry: Path, make: Callable[[Path], Any]) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=self.root, prefix=FRESH))
        try:
            value = make(fresh / _FILES)
            digests = {name: _digest(fresh / _FILES / name) for name in list_tree(fresh / _FILES)}
            body = {"value": value, "files": digests}
            (fresh / _ENTRY).write_text(json.dumps({**body, "seal": _seal(body)}, ensure_ascii=False), "utf-8")
            _rename(fresh, entry)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _take_out(self, entry: Path, folder: Path) -> Any:
        """Copy the files of an entry into `folder`; raise ValueError where anything is not as it was put in."""
        note = json.loads((entry / _ENTRY).read_text("utf-8"))
        body = {"value": note["value"], "files": note["files"]}
        if note["seal"] != _seal(body):
            raise ValueError(_ENTRY)
        fresh = Path(tempfile.mkdtemp(dir=self.root, prefix=FRESH))
        try:
            fresh.chmod(0o755)
            for parent in {(fresh / name).parent for name in note["files"]}:
                parent.mkdir(parents=True, exist_ok=True)
            for name, digest in note["files"].items():
                if _copy(entry / _FILES / name, fresh / name) != digest:
                    raise ValueError(name)
            folder.parent.mkdir(parents=True, exist_ok=True)
            _rename(fresh, folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        os.utime(entry)
        return note["value"]


def _rename(fresh: Path, target: Path) -> None:
    """Give a finished folder its name, unless another process that did the same work was faster."""
    try:
        fresh.rename(target)
    except OSError as error:
        if error.errno not in {errno.EEXIST, errno.ENOTEMPTY}:
            raise


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy(source: Path, target: Path) -> str:
    """Copy a file; return the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    with source.open("rb", buffering=0) as old, target.open("wb") as new:
        while chunk := old.read(_CHUNK):
            digest.update(chunk)
            new.write(chunk)
    return digest.hexdigest()


def _seal(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _last_used(path: Path) -> float:
    return path.stat().st_mtime

"""The build cache: what a step of the build wrote, kept under the digest of everything that it was made from.

A step may use it that is a pure function: the same inputs, code and libraries give the same files, whatever the clock,
the disk or the order of other steps. What is taken out is held against the SHA-256 that was noted: an entry that does
not match is made anew. A file that the published release has already gets a second name instead of being copied, for
to make a file costs many times what it costs to read it, and is not even read where nobody touched it since the build
that put it there; what is kept here is never linked, so that damage to a release stays in releases, and damage to the
cache in the cache.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import pickle
import shutil
import sys
import tempfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portal.data.tree import digest_file, list_tree
from portal.releases.published import Published
from portal.releases.release import digest_inputs
from portal.work.cache_notes import FRESH, NOTES, PLACES, CacheNotes, SpoiltError, read_note, write_note

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

_ENTRY = "entry.json"
_FILES = "files"
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


def digest_value(value: object) -> str:
    """Return the digest of a value made of plain values and dataclasses; the same value has the same digest.

    Raises TypeError or pickle.PicklingError for anything else, such as a function.
    """
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, protocol=5)
    pickler.fast = True  # by value alone: which parts are one object must not show
    pickler.dump(value)
    return hashlib.sha256(buffer.getbuffer()).hexdigest()


@dataclass(frozen=True, slots=True)
class Destination:
    """Where files go whose names begin with `prefix`, and where the published release has them, if it does.

    The rest of the name is that below `folder`, and below `published`.
    """

    prefix: str
    folder: Path
    published: Path


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept for a key: a value of JSON, and the folder with the files as they were kept."""

    value: Any
    files: Path


@dataclass(frozen=True, slots=True)
class Used:
    """What one process asked a cache for, and put in places, by key; the SHA-256 of published files by inode."""

    asked: Collection[str]
    taken: Collection[str]
    digests: Mapping[int, bytes]


class BuildCache:
    """Entries by key: values of JSON, and folders of files with such a value.

    Several processes may use it for the same build; a key means the same to all of them. `prune` ends one build. What
    is known of the `published` release spares reading its files.
    """

    def __init__(self, root: Path, published: Published | None = None) -> None:
        self.root = root
        self.taken: set[str] = set()
        self.published = published or Published(root / "none")
        self._notes = CacheNotes(root)
        self._used: dict[str, None] = {}
        self._digests: dict[int, bytes] = {}
        self._new: set[int] = set()

    @property
    def digests(self) -> Mapping[int, bytes]:
        """Return the SHA-256 of every published file that got a second name, and of what was noted, by inode."""
        return self._digests

    def note_digests(self, digests: Mapping[int, bytes]) -> None:
        """Note the SHA-256, by inode, of files that were just written and read, and will not be written again."""
        for inode, sha256 in digests.items():
            if inode not in self._digests:
                self._digests[inode] = sha256
                self._new.add(inode)

    def is_published(self, inode: int) -> bool:
        """Tell whether this is a file of the published release that got a second name."""
        return inode in self._digests and inode not in self._new

    def list_used(self) -> Used:
        """Return what this process used so far."""
        return Used([*self._used], self.taken, self._digests)

    def note_used(self, used: Used) -> None:
        """Note what another process used for the same build."""
        self._used.update(dict.fromkeys(used.asked))
        self.taken.update(used.taken)
        self._digests.update(used.digests)
        for key in {*used.asked}.difference(used.taken):  # it was made anew
            self._notes.forget(key)

    def take(self, key: str, places: Sequence[Destination] = ()) -> Kept | None:
        """Put what was kept for a key into its places; return it, None where nothing is kept.

        A file whose name begins with no prefix of a place stays in the cache alone. Nothing is put anywhere unless
        everything is as it was kept.
        """
        try:
            return self.take_made(key, places)
        except (OSError, ValueError):  # there is none, or it is not what was put in
            self._notes.forget(key)
            shutil.rmtree(self.root / key, ignore_errors=True)
            return None

    def take_made(self, key: str, places: Sequence[Destination] = ()) -> Kept:
        """Take what was kept a moment ago; raise OSError where the disk fails, SpoiltError where it was spoilt."""
        self._used[key] = None
        entry = self.root / key
        note = self._read(key, entry / _ENTRY)
        targets = [(name, digest, _find_place(name, places)) for name, digest in note["files"].items()]
        for parent in {target.rpartition("/")[0] for _, _, (target, _) in targets if target}:
            os.makedirs(parent, exist_ok=True)  # noqa: PTH103 - as text: there are tens of thousands
        known = self.published if key in self.published.taken else None
        put: list[str] = []
        try:
            for name, digest, (target, published) in targets:
                file = f"{entry}/{_FILES}/{name}"
                if not target:
                    if not (known and known.is_untouched(os.stat(file))):  # noqa: PTH116 - as text
                        _expect(digest_file(file), digest, file)
                elif inode := _link_same(published, target, digest, known):
                    put.append(target)
                    self._digests[inode] = bytes.fromhex(digest)
                else:
                    put.append(target)
                    _copy_same(file, target, digest)
        except BaseException:
            for target in put:
                Path(target).unlink(missing_ok=True)
            raise
        self.taken.add(key)
        return Kept(note["value"], entry / _FILES)

    def keep(self, key: str, make: Callable[[Path], Any]) -> None:
        """Keep what `make` writes and returns for a key. Raises OSError where the disk fails."""
        self._used[key] = None
        self.root.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=self.root, prefix=FRESH))
        try:
            value = make(fresh / _FILES)
            digests = {name: digest_file(f"{fresh}/{_FILES}/{name}") for name in list_tree(fresh / _FILES)}
            (fresh / _ENTRY).write_bytes(write_note({"value": value, "files": digests}, key))
            _rename(fresh, self.root / key)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def recall(self, key: str) -> Any:
        """Return the value that was kept for a key; None where there is none, or it is not as it was kept."""
        self._used[key] = None
        try:
            return self._read(key, self.root / key)
        except (OSError, ValueError):
            return None

    def remember(self, key: str, value: Any) -> None:
        """Keep a value of JSON for a key. Raises OSError where the disk fails."""
        self._used[key] = None
        self._notes.forget(key)
        self.root.mkdir(parents=True, exist_ok=True)
        descriptor, fresh = tempfile.mkstemp(dir=self.root, prefix=FRESH)
        with os.fdopen(descriptor, "wb") as file:
            file.write(write_note(value, key))
        Path(fresh).replace(self.root / key)

    def prune(self) -> None:
        """Remove what killed builds left, and the oldest entries that this build did not ask for."""
        if not self.root.exists():
            return
        found = {*os.listdir(self.root)}  # noqa: PTH208 - as text: there are a hundred thousand
        with suppress(OSError):  # without its note here an entry's own is read
            for key in self._notes.keep([key for key in self._used if key in found], self._read_note):
                if key in found:
                    os.utime(self.root / key)  # it was used until now
        unused = [self.root / name for name in found - self._used.keys() - {NOTES, PLACES}]
        by_use = sorted((path.stat().st_mtime, path) for path in unused if not path.name.startswith("."))
        kept = [path for _, path in reversed(by_use)]
        for path in {*unused} - {*kept[:KEPT_UNUSED]}:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def _read(self, key: str, path: Path) -> Any:
        """Return what is noted of an entry, by its own note only where there is no other that is as it was written."""
        if note := self._notes.read(key):
            with suppress(SpoiltError):
                return read_note(note, key, path)
        return read_note(path.read_bytes(), key, path)

    def _read_note(self, key: str) -> bytes:
        path = self.root / key
        return (path / _ENTRY if path.is_dir() else path).read_bytes()


def _rename(fresh: Path, target: Path) -> None:
    """Give a finished folder its name, unless another process that did the same work was faster."""
    try:
        fresh.rename(target)
    except OSError as error:
        if error.errno not in {errno.EEXIST, errno.ENOTEMPTY}:
            raise


def _find_place(name: str, places: Sequence[Destination]) -> tuple[str, str]:
    """Return where a file goes, and where the published release may have it; nothing where it stays."""
    for place in places:
        if name.startswith(place.prefix):
            rest = name[len(place.prefix) :]
            return f"{place.folder}/{rest}", f"{place.published}/{rest}"
    return "", ""


def _link_same(file: str, name: str, digest: str, published: Published | None) -> int:
    """Give a file a second name if its bytes have that digest; return its inode, 0 where it has no such name.

    It is not read if it is known to have that digest in the release that is published.
    """
    try:
        status = os.stat(file)  # noqa: PTH116 - as text: there are hundreds of thousands
        os.link(file, name)
    except OSError:  # there is no such file, or the file system knows no links
        return 0
    if published and published.is_untouched(status):
        return status.st_ino
    with open(name, "rb", buffering=0) as linked:  # noqa: PTH123 - as in digest_file
        if hashlib.file_digest(linked, "sha256").hexdigest() == digest:
            return os.fstat(linked.fileno()).st_ino
    Path(name).unlink()
    return 0


def _copy_same(file: str, name: str, digest: str) -> None:
    """Copy a file to where none is; raise SpoiltError where its bytes have another digest."""
    found = hashlib.sha256()
    with Path(file).open("rb", buffering=0) as old, Path(name).open("xb", buffering=0) as new:
        while chunk := old.read(_CHUNK):
            found.update(chunk)
            new.write(chunk)
    _expect(found.hexdigest(), digest, file)


def _expect(found: str, digest: str, file: str) -> None:
    if found != digest:
        raise SpoiltError(file)

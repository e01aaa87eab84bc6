"""The build cache: what a step of the build wrote, kept under the digest of everything that it was made from.

A step may use it that is a pure function: the same inputs, code and libraries give the same files, whatever the clock,
the disk or the order of other steps. What is taken out is copied, never linked, so that damage to a release stays in
it, and held against the SHA-256 that was noted: an entry that does not match is made anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portal.release import digest_inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_ENTRY = "entry.json"
_FILES = "files"
_CHUNK = 1 << 20
# Entries that the latest build did not ask for: enough to go back to the data of before.
KEPT_UNUSED = 200


def digest_code(project: Path) -> str:
    """Return a digest of what makes files out of data: this package, the locked libraries, Python and zlib."""
    code = Path(__file__).parent
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
    """Entries by key, each a folder of files and a value of JSON; one build at a time may use it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._used: set[str] = set()

    def fill(self, folder: Path, key: str, make: Callable[[Path], Any]) -> Any:
        """Make `folder` hold what `make(folder)` writes, or wrote for the same key before; return what it returned.

        `folder` must not exist; `make` makes it, and returns a value of JSON. Raises OSError where the disk fails.
        """
        self._used.add(key)
        entry = self._root / key
        try:
            return _take_out(entry, folder)
        except (OSError, ValueError, KeyError, TypeError):  # there is none, or it is not what was put in
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(entry, ignore_errors=True)
        value = make(folder)
        self._put_in(entry, folder, value)
        return value

    def prune(self) -> None:
        """Remove what killed builds left, and the oldest entries that this build did not ask for."""
        if not self._root.exists():
            return
        unused = [path for path in self._root.iterdir() if path.name not in self._used]
        kept = sorted((path for path in unused if not path.name.startswith(".")), key=_last_used, reverse=True)
        for path in {*unused} - {*kept[:KEPT_UNUSED]}:
            shutil.rmtree(path, ignore_errors=True)

    def _put_in(self, entry: Path, folder: Path, value: Any) -> None:
        self._root.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=self._root, prefix=".new-"))
        digests = {}
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                name = path.relative_to(folder).as_posix()
                digests[name] = _copy(path, fresh / _FILES / name)
        body = {"value": value, "files": digests}
        (fresh / _ENTRY).write_text(json.dumps({**body, "seal": _seal(body)}, ensure_ascii=False), "utf-8")
        fresh.rename(entry)


def _take_out(entry: Path, folder: Path) -> Any:
    """Copy the files of an entry into `folder`; raise ValueError where anything is not as it was put in."""
    note = json.loads((entry / _ENTRY).read_text("utf-8"))
    body = {"value": note["value"], "files": note["files"]}
    if note["seal"] != _seal(body):
        raise ValueError(_ENTRY)
    folder.mkdir(parents=True)
    for name, digest in note["files"].items():
        if _copy(entry / _FILES / name, folder / name) != digest:
            raise ValueError(name)
    os.utime(entry)
    return note["value"]


def _copy(source: Path, target: Path) -> str:
    """Copy a file; return the SHA-256 of what was copied."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with source.open("rb") as old, target.open("wb") as new:
        while chunk := old.read(_CHUNK):
            digest.update(chunk)
            new.write(chunk)
    return digest.hexdigest()


def _seal(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _last_used(path: Path) -> float:
    return path.stat().st_mtime

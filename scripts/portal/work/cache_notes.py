"""Cache notes: what the entries of the build cache say of themselves, side by side in one file.

A build of ten thousand packages reads a hundred thousand of them; to open a file for each takes many times as long as
to read some bytes of one that is open. Every entry has its own note as well: nothing is lost with this file, and what
is damaged in it is read there.
"""

from __future__ import annotations

import hashlib
import json
import os
import weakref
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

# What is not finished; it is left behind where a process dies.
FRESH = ".new-"
# The notes one after the other, and where each of them is: `{key: [start, length]}`.
NOTES, PLACES = "notes", "notes.json"
# Notes that nobody asks for any more stay in the file until they are the greater part of it.
_LEAST_BYTES = 1_000_000
_SEAL_BYTES = 65  # a digest and the end of its line


class SpoiltError(ValueError):
    """A kept file that is not as it was put in; the message is its path."""


def write_note(value: Any, key: str) -> bytes:
    """Return a value as JSON behind a digest of it and of the key that it is kept for."""
    content = json.dumps(value, ensure_ascii=False).encode()
    return _seal(key, content) + content


def read_note(note: bytes, key: str, path: Path) -> Any:
    """Return the value of a note that lay at a path. Raises SpoiltError where it is not as it was written."""
    content = note[_SEAL_BYTES:]
    if note[:_SEAL_BYTES] != _seal(key, content):
        raise SpoiltError(path)
    return json.loads(content)


def _seal(key: str, content: bytes) -> bytes:
    return hashlib.sha256(key.encode() + content).hexdigest().encode() + b"\n"


class CacheNotes:
    """The notes of one build cache, as the latest build left them; one process writes them."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @cached_property
    def _places(self) -> dict[str, tuple[int, int]]:
        try:
            found = json.loads((self._root / PLACES).read_bytes())
            return {key: (int(start), int(length)) for key, (start, length) in found.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    @cached_property
    def _file(self) -> int:
        descriptor = os.open(self._root / NOTES, os.O_RDONLY)
        weakref.finalize(self, os.close, descriptor)
        return descriptor

    def read(self, key: str) -> bytes | None:
        """Return the note of an entry; None where it is not here. It may be damaged."""
        place = self._places.get(key)
        if place is None:
            return None
        try:
            return os.pread(self._file, place[1], place[0])
        except OSError:
            return None

    def forget(self, key: str) -> None:
        """Forget the note of an entry that is made anew."""
        self._places.pop(key, None)

    def keep(self, used: Collection[str], read: Callable[[str], bytes]) -> list[str]:
        """Keep the notes of the entries that a build used, and of no others; return which others were here.

        `read` returns the note of an entry. Raises OSError where the disk fails.
        """
        wanted = {*used}
        gone = [key for key in self._places if key not in wanted]
        places = {key: place for key, place in self._places.items() if key in wanted}
        if not gone and len(places) == len(used):
            return []
        path = self._root / NOTES
        live = sum(length for _, length in places.values())
        if not path.exists() or path.stat().st_size > 2 * live + _LEAST_BYTES:
            path, places = path.with_name(FRESH + NOTES), {}
        with path.open("ab") as file:
            for key in used:
                if key not in places:
                    note = read(key)
                    places[key] = file.tell(), len(note)
                    file.write(note)
        path.replace(self._root / NOTES)
        fresh = self._root / (FRESH + PLACES)
        fresh.write_text(json.dumps(places), "utf-8")
        fresh.replace(self._root / PLACES)
        return gone

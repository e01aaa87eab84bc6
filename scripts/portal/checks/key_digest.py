"""Digests of keys: whether all keys of a table differ, however many there are, in bounded memory.

Of each key 64 bits are kept. If all digests differ, all keys do; if two are the same, the keys may or may not be.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import numpy as np

# 32 MB of digests stay in memory; more are sorted into files by their first bits, each then looked at alone.
KEPT_DIGESTS = 1 << 22
_FILES = 64
_SHIFT = np.uint64(58)


class KeyDigests:
    """Collects the digests of one key; a context manager, since there may be files on disk."""

    def __init__(self, kept: int = KEPT_DIGESTS) -> None:
        self._limit = kept
        self._kept: list[np.ndarray] = []
        self._count = 0
        self._files: list[Path] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, digests: np.ndarray) -> None:
        """Add digests, an array of uint64."""
        self._kept.append(digests)
        self._count += len(digests)
        if self._count > self._limit:
            self._spill()

    def all_differ(self) -> bool:
        """Tell whether no two digests are the same."""
        if not self._files:
            return _all_differ(self._gather())
        self._spill()
        return all(_all_differ(np.fromfile(file, np.uint64)) for file in self._files)

    def _gather(self) -> np.ndarray:
        gathered = np.concatenate(self._kept) if self._kept else np.empty(0, np.uint64)
        self._kept, self._count = [], 0
        return gathered

    def _spill(self) -> None:
        """Move the digests from memory to the file of their first bits."""
        if not self._files:
            folder = Path(self._stack.enter_context(TemporaryDirectory()))
            self._files = [folder / str(number) for number in range(_FILES)]
        digests = np.sort(self._gather())
        bounds = np.searchsorted(digests >> _SHIFT, np.arange(_FILES + 1, dtype=np.uint64))
        for file, start, end in zip(self._files, bounds, bounds[1:], strict=False):
            with file.open("ab") as stream:
                digests[start:end].tofile(stream)


def _all_differ(digests: np.ndarray) -> bool:
    ordered = np.sort(digests)
    return not bool(np.any(ordered[1:] == ordered[:-1]))

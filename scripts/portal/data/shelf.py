"""A shelf: rows by the name of their package, read when they are asked for; only so many stay in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

RowT = TypeVar("RowT")

# Rows that stay, 2 kB each: those of a catalogue of some hundred small tables.
KEPT_ROWS = 50_000


class Shelf(Mapping[str, tuple[RowT, ...]], Generic[RowT]):
    """The rows of the packages `names`, in that order; `read` reads those of one.

    Where there are more than `most` rows, those that nobody has asked for the longest are let go. A long table counts
    as two thirds of these at most: it stays beside short ones, of which each would have it read again, but not beside
    another long one.
    """

    def __init__(self, names: Sequence[str], read: Callable[[str], tuple[RowT, ...]], most: int = KEPT_ROWS) -> None:
        self._names = dict.fromkeys(names)
        self._read = read
        self._most = most
        self._kept: OrderedDict[str, tuple[RowT, ...]] = OrderedDict()
        self._count = 0

    def __getitem__(self, name: str) -> tuple[RowT, ...]:
        if name in self._kept:
            self._kept.move_to_end(name)
            return self._kept[name]
        if name not in self._names:
            raise KeyError(name)
        rows = self._read(name)
        self._kept[name] = rows
        self._count += self._weigh(rows)
        while self._count > self._most and len(self._kept) > 1:
            _, gone = self._kept.popitem(last=False)
            self._count -= self._weigh(gone)
        return rows

    def _weigh(self, rows: tuple[RowT, ...]) -> int:
        return min(len(rows), max(1, self._most * 2 // 3))

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

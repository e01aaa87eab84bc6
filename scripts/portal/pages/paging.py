"""Paging: lists of datasets that are too long for one page, as pages that lead to each other; and their filters' index.

Up to MOST_TOGETHER datasets a list is one page. A longer one is cut into pages of PAGE_CARDS: `/catalog/`,
`/catalog/page-2/` … Nobody's browser needs a script for that. `/catalog/facets.json` says of each dataset, in the order
of the pages, what it can be filtered by; `catalog.js` takes what fits from the pages on which it stands.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from portal.pages.view import Card

MOST_TOGETHER = 200
PAGE_CARDS = 48
FACETS = "catalog/facets.json"
# Pages on either side of the one that is read to which there is a link, beside the first and the last.
_NEIGHBOURS = 2
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Part:
    """Which page of a list a page is, both counted from 1, and the address of the list's first page."""

    address: str
    number: int
    count: int

    @property
    def is_first(self) -> bool:
        """Tell whether this is the page at the address of the list itself."""
        return self.number == 1

    @property
    def path(self) -> str:
        """Return the address of this page."""
        return name_part(self.address, self.number)

    @property
    def before(self) -> str:
        """Return the address of the page before; empty where there is none."""
        return "" if self.is_first else name_part(self.address, self.number - 1)

    @property
    def behind(self) -> str:
        """Return the address of the next page; empty where there is none."""
        return name_part(self.address, self.number + 1) if self.number < self.count else ""

    @property
    def links(self) -> list[tuple[int, str]]:
        """Return number and address of the first, the last and the nearest pages."""
        near = range(max(1, self.number - _NEIGHBOURS), min(self.count, self.number + _NEIGHBOURS) + 1)
        return [(number, name_part(self.address, number)) for number in sorted({1, *near, self.count})]


def name_part(address: str, number: int) -> str:
    """Return the address of one page of a list; no dataset can have such a name."""
    return address if number == 1 else f"{address}page-{number}/"


def is_long(items: Sequence[object]) -> bool:
    """Tell whether a list is too long for one page."""
    return len(items) > MOST_TOGETHER


def cut_list(items: Sequence[Item], address: str) -> Iterator[tuple[Part, Sequence[Item]]]:
    """Yield the pages of a list, each with its items; at least one, even of nothing."""
    size = PAGE_CARDS if is_long(items) else max(len(items), 1)
    count = max(1, -(-len(items) // size))
    for number in range(1, count + 1):
        yield Part(address, number, count), items[(number - 1) * size : number * size]


def is_later_part(path: str) -> bool:
    """Tell whether a path is that of a page of a list behind its first one."""
    return path.rstrip("/").rpartition("/")[2].startswith("page-")


def write_facets(cards: Sequence[Card], site: Path) -> None:
    """Write what each dataset can be filtered by, where the list has several pages: most datasets share few sets."""
    if not is_long(cards):
        return
    sets: dict[tuple[tuple[str, ...], ...], int] = {}
    rows = [
        sets.setdefault(((one.theme,), one.years, one.statuses, one.sources, (one.kind,)), len(sets)) for one in cards
    ]
    names = ("theme", "year", "status", "source", "kind")
    facets = {
        "size": PAGE_CARDS,
        "sets": [dict(zip(names, values, strict=True)) for values in sets],
        "datasets": rows,
    }
    path = site / FACETS
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(facets, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")

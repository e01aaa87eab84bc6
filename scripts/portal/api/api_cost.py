"""What a request for a table costs, as far as its address tells."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from portal.api.api_value import MAX_ROWS, read_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from portal.api.api_schema import TableSchema

# Rows that an ordinary request may look at, each as often as it is looked at: some ten milliseconds.
MOST_READINGS = 100_000
# Cells of a page in HTML; one cell costs a tenth of a millisecond, and nobody else is answered meanwhile.
MOST_CELLS = 3_000
FACETS = {"_facet", "_facet_array", "_facet_date"}
# Comparisons of Datasette's that an index answers without reading much of a large table.
_INDEXED_LOOKUPS = {"exact", "in"}
Filter = tuple[str, str]  # column and comparison


def is_costly(table: TableSchema, form: str, pairs: Sequence[tuple[str, str]], filters: Sequence[Filter]) -> bool:
    """Tell whether the answer may need many readings of a table or a long time to write, or may be anything at all."""
    options = dict(reversed(pairs))
    if "_where" in options or "_stream" in options:
        return True
    if form == "html" and _count_cells(table, options) > MOST_CELLS:
        return True
    if table.small:
        return _count_readings(table, pairs, filters) > MOST_READINGS
    if not table.view and "_search" not in options and _is_narrow(table, pairs, filters):
        return False
    if table.view and "_next" in options:  # a view is paged by counting off rows
        return True
    sort = options.get("_sort") or options.get("_sort_desc") or table.sort
    asked = {"_search", *FACETS} & options.keys()
    return bool(asked or _list_unindexed(table, filters) or (sort and (filters or sort not in table.indexed)))


def is_laborious(table: TableSchema, pairs: Sequence[tuple[str, str]], filters: Sequence[Filter]) -> bool:
    """Tell whether an ordinary answer takes some tens of milliseconds: long, searched for, or with counted values."""
    options = dict(reversed(pairs))
    asked = {"_search", *FACETS} & options.keys()
    return bool(
        asked
        or _count_cells(table, options) > MOST_CELLS
        or (filters and _count_readings(table, pairs, filters) > MOST_READINGS // 10)
    )


def _list_unindexed(table: TableSchema, filters: Sequence[Filter]) -> list[Filter]:
    return [one for one in filters if one[0] not in table.indexed or one[1] not in _INDEXED_LOOKUPS]


def _is_narrow(table: TableSchema, pairs: Sequence[tuple[str, str]], filters: Sequence[Filter]) -> bool:
    """Tell whether an index leads to so few rows of a large table that whatever is asked of them is cheap.

    Averages may deceive; a request that takes longer than it should moves to the lane all the same.
    """
    given = {column for column, comparison in filters if comparison == "exact"}
    found = table.rows
    for columns, averages in table.selectivity:
        led = sum(1 for _ in takewhile(given.__contains__, columns))
        found = min([found, *averages[:led]])
    return found * _count_rounds(table, pairs, filters) <= MOST_READINGS // 10


def _count_readings(table: TableSchema, pairs: Sequence[tuple[str, str]], filters: Sequence[Filter]) -> int:
    """Return how often a row may be looked at: for the page, the count and each facet, once for each filter."""
    return table.rows * _count_rounds(table, pairs, filters)


def _count_rounds(table: TableSchema, pairs: Sequence[tuple[str, str]], filters: Sequence[Filter]) -> int:
    facets = sum(name in FACETS for name, _ in pairs)
    return (2 + facets) * (1 + len(_list_unindexed(table, filters)))


def _count_cells(table: TableSchema, options: Mapping[str, str]) -> int:
    size = options.get("_size", "")
    rows = {"": table.page, "max": MAX_ROWS}.get(size) or read_number(size)
    return min(rows, table.rows) * len(table.columns)

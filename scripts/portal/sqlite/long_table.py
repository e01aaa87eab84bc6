"""The long table: every row of an indicator's table as a row of `observations`, a block of columns at a time.

The rows are those that `read_observations` would give; what repeats itself is made once.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from portal.data.observation import TOTAL, name_statement
from portal.sqlite.sql import insert_columns
from portal.words.period import parse_period

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from portal.data.package import Package
    from portal.sqlite.lexicon import Words
    from portal.sqlite.sql import SqlValue

# Answers that are kept of each kind: periods, series, breakdowns.
_KEPT = 10_000


class LongTable:
    """Adds the rows of one indicator; knows the first and the last day that they cover, empty while there is none.

    `words` are those of the codes of each dimension that have any.
    """

    def __init__(self, connection: sqlite3.Connection, package: Package, words: Mapping[str, Words]) -> None:
        self.start = self.end = ""
        self._connection, self._package = connection, package
        self._names = [column.name for column in package.main.fields]
        self._dimensions = [column.name for column in package.dimensions]
        self._words = words
        self._describe = lru_cache(_KEPT)(self._describe_codes)
        self._name_series = lru_cache(_KEPT)(lambda key: name_statement(package.name, *key))
        self._find_days = lru_cache(_KEPT)(_find_days)

    def add(self, columns: Sequence[Sequence[Any]]) -> None:
        """Add a block of the columns that SQLite stores, behind them the dimensions as texts."""
        cells = dict(zip(self._names, columns, strict=False))
        dimensions = columns[len(self._names) :]
        codes = list(zip(*dimensions, strict=True)) if dimensions else [()] * len(columns[0])
        days = [self._find_days(text) for text in cells["period"]]
        described = [self._describe(one) for one in codes]
        keys = [
            (area, *one, measure, transform)
            for area, one, measure, transform in zip(
                cells["area"], codes, cells["measure"], cells["transform"], strict=True
            )
        ]
        names = [
            name_statement(self._package.name, period, *key, status, source, locator)
            for period, key, status, source, locator in zip(
                cells["period"], keys, cells["status"], cells["source"], cells["locator"], strict=True
            )
        ]
        self._insert(cells, names, days, described, [self._name_series(key) for key in keys])
        self._note_days(set(days))

    def _insert(
        self,
        cells: Mapping[str, Sequence[SqlValue]],
        names: Sequence[str],
        days: Sequence[tuple[str, str | None]],
        described: Sequence[tuple[str, str | None, str | None]],
        series: Sequence[str],
    ) -> None:
        count = len(names)
        nothing = [None] * count
        blank = {name: [cell or None for cell in cells[name]] for name in ("flags", "note", "note_en")}
        insert_columns(
            self._connection,
            "observations",
            [
                names, [self._package.name] * count, cells["period"], *zip(*days, strict=True), cells["area"],
                *zip(*described, strict=True), cells["measure"], cells["transform"], cells["value"], cells["unit"],
                cells["status"], cells["qualifier"], blank["flags"], cells["source"], cells["locator"],
                cells["as_stated"], blank["note"], blank["note_en"], series, [0] * count, nothing, nothing,
            ],
        )  # fmt: skip

    def _note_days(self, days: set[tuple[str, str | None]]) -> None:
        for first, last in days:
            self.start = min(self.start or first, first)
            self.end = max(self.end, last or first)

    def _describe_codes(self, codes: Sequence[str]) -> tuple[str, str | None, str | None]:
        """Return the codes of a row's dimensions as JSON; what it is a part of the total of, in both languages."""
        pairs = list(zip(self._dimensions, codes, strict=True))
        parts = [(name, code) for name, code in pairs if code and code != TOTAL]
        known = [self._words.get(name, {}).get(code, (code, code)) for name, code in parts]
        vi, en = (", ".join(word[language] for word in known) or None for language in (0, 1))
        return json.dumps(dict(pairs), ensure_ascii=False), vi, en


def _find_days(period: str) -> tuple[str, str | None]:
    """Return the first and the last day of a period; no last one where it has no end."""
    parsed = parse_period(period)
    return parsed.start.isoformat(), parsed.end.isoformat() if parsed.end else None

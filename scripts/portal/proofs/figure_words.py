"""Figure words: what a page must say of a row of the long table, put together from the code lists in the database.

It is the second way from codes to words, beside the one that wrote the pages, and shares the phrases of `wording` with
it, but no code.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from portal.words.wording import say

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from decimal import Decimal

    from portal.words.text import Language

# Stands for the number in a phrase.
NUMBER = "#"
# Transforms whose phrases tell the direction, so that the number is shown without a sign.
DIRECTED = frozenset({"yoy_change_pct", "change_vs_plan_pct", "yoy_change_places"})
_SIMPLE = frozenset({"pct_of_plan", "yoy_index_pct"})
_JOINT = " \N{EN DASH} "
_NO_BREAK = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class FigureWords:
    """The words of codes in one language; `dimensions` are the code lists of a dataset's own columns, by column."""

    database: sqlite3.Connection
    language: Language
    dimensions: Mapping[str, str]

    def word_what(self, measure: str, dimensions: str, area: str) -> str:
        """Return what is measured, of which parts, and where, unless it is of the whole."""
        parts = [
            self._word(self.dimensions.get(column, ""), code)
            for column, code in json.loads(dimensions).items()
            if code and code != "_T"
        ]
        place = self._word("areas", area) if self._lists["areas"].get(area, {}).get("parent") else ""
        return _JOINT.join(one for one in (self._word("measures", measure), *parts, place) if one)

    def word_value(self, value: Decimal, transform: str, unit: str, qualifier: str) -> str:
        """Return the phrase that a number stands in, with NUMBER for the number."""
        top = unit == "rank" and qualifier == "at_most"
        amount = self._word_amount(unit, top=top)
        if qualifier != "exact" and not top:
            amount = f"{self._word('qualifiers', qualifier)} {amount}"
        if transform == "level":
            return amount
        if transform in DIRECTED:
            way = "up" if value > 0 else "down" if value < 0 else "same" if qualifier == "exact" else "around"
            return say(f"transform_{transform}_{way}", self.language, amount=amount)
        if transform in _SIMPLE:
            return say(f"transform_{transform}", self.language, amount=amount)
        return f"{amount} ({self._word('transforms', transform)})"

    def _word_amount(self, unit: str, *, top: bool) -> str:
        if unit == "rank":
            return say("rank_top" if top else "rank", self.language, number=NUMBER)
        symbol = self._pick(self._lists["units"].get(unit, {}), "symbol")
        return f"{NUMBER}%" if symbol == "%" else f"{NUMBER}{_NO_BREAK}{symbol}" if symbol else NUMBER

    def word_status(self, status: str) -> str:
        """Return the word of a status; a plain result needs none."""
        return "" if status == "actual" else self._word("statuses", status)

    def word_source(self, source: str) -> str:
        """Return the title of a document."""
        return self._word("sources", source)

    def word_flags(self, flags: str | None) -> str:
        """Return the names of the flags of a row."""
        return ", ".join(self._word("flags", flag) for flag in (flags or "").split(";") if flag)

    def _word(self, code_list: str, code: str) -> str:
        row = self._lists.get(code_list, {}).get(code, {})
        return self._pick(row, "name") or self._pick(row, "title") or code

    def _pick(self, row: Mapping[str, Any], column: str) -> str:
        english = row.get(f"{column}_en") if self.language == "en" else None
        return english or row.get(column) or ""

    @cached_property
    def _lists(self) -> dict[str, dict[str, dict[str, Any]]]:
        names = {"areas", "measures", "units", "transforms", "statuses", "qualifiers", "flags", "sources"}
        known = {row[0] for row in self.database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return {name: self._read_list(name) for name in sorted((names | {*self.dimensions.values()}) & known)}

    def _read_list(self, name: str) -> dict[str, dict[str, Any]]:
        cursor = self.database.execute(f'SELECT * FROM "{name}"')  # noqa: S608 - a table of the database
        columns = [one[0] for one in cursor.description]
        return {row[0]: dict(zip(columns, row, strict=True)) for row in cursor}

"""Excel's guesses: the cells of the CSV for Excel of which Excel, opening it, would make something else.

Excel looks at no quotes: `0899` becomes 899, `2020-12` a day, `48,37%` the number 0.4837, and nobody is told. No way of
writing prevents it without changing the cell itself: `="0899"` is a formula, and with a tab or an apostrophe before it
the cell has one sign more. So the cells are named beside the file, and the Excel file, which says what each cell is,
is the safe form.

Guessed is by Vietnamese settings, for which the file is made, and rather too much than too little: what remains
unnamed, LibreOffice with its own settings leaves as it is (`tests/test_spreadsheet.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.checks.format_limits import fits_excel
from portal.data.column import NUMBERS, make_columns, memoize
from portal.data.table import read_batches

if TYPE_CHECKING:
    from collections.abc import Callable

    from portal.data.column import Column
    from portal.data.package import Resource

_SHOWN_CHARACTERS = 80
_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_READ = re.compile(
    r"[-+]?[.,]?[0-9][0-9.,]*(?:e[-+]?[0-9]+| ?%)?"  # numbers, powers of ten, per cent
    r"|\([0-9.,]+\)|[$€£₫] ?[0-9.,]+|[0-9.,]+ ?[$€£₫]"  # amounts
    r"|[0-9]+ [0-9]+/[0-9]+"  # fractions
    r"|[0-9]{1,4}(?::[0-9]{1,4}){1,2}(?:[.,][0-9]+)?(?: ?[ap]m?)?|[0-9]{1,2} [ap]m?"  # times
    rf"|[0-9]{{1,4}}[-/ ]?{_MONTH}(?:[-/ ,]+[0-9]{{1,4}})?|{_MONTH}[-/ ]?[0-9]{{1,4}}(?:[-/ ,]+[0-9]{{1,4}})?"
    r"|true|false|đúng|sai"  # the truth values, in Vietnamese too
)
_DAY = re.compile(r"([0-9]{1,4})([-/])([0-9]{1,4})(?:\2([0-9]{1,4}))?(?:[ t][0-9:.,]+)?")
# A number that looks as before: no zero too many, no grouping, no longer than Excel shows it without a power of ten.
_KEPT = re.compile(r"(?=.{1,11}\Z)-?(?:0|[1-9][0-9]*)(?:,[0-9]*[1-9])?")
_LAST_MONTH = 12
_STARTS = frozenset("0123456789-+.,($€£₫ \N{NO-BREAK SPACE}jfmasondtđJFMASONDTĐ")


@dataclass(frozen=True, slots=True)
class Guess:
    """The cells of one column that Excel would change: the first with its row in the sheet, and how many there are."""

    field: str
    row: int
    cell: str
    cells: int


def find_guesses(resource: Resource) -> tuple[Guess, ...]:
    """Return what Excel would change in a table that it opens as CSV, column by column; empty where nothing."""
    judges = [_choose_judge(column) for column in make_columns(resource)]
    first: dict[int, tuple[int, str]] = {}
    counts = [0] * len(judges)
    number = 2  # the header is the first row
    for rows in read_batches(resource):
        for at, (judge, cells) in enumerate(zip(judges, zip(*rows, strict=True), strict=True)):
            # Most columns have few different cells.
            if changed := {cell for cell in set(cells) if cell and judge(cell)}:
                places = [place for place, cell in enumerate(cells) if cell in changed]
                first.setdefault(at, (number + places[0], cells[places[0]]))
                counts[at] += len(places)
        number += len(rows)
    return tuple(
        Guess(resource.fields[at].name, row, cell[:_SHOWN_CHARACTERS], counts[at])
        for at, (row, cell) in sorted(first.items())
    )


def is_guessed(text: str) -> bool:
    """Tell whether Excel would read a text as a number, a day, a time or a truth value, and show it otherwise."""
    bare = text.strip().lower()
    if _READ.fullmatch(bare):
        return len(text) != len(bare) or not _KEPT.fullmatch(bare)
    day = _DAY.fullmatch(bare)
    if not day:
        return False
    numbers = [one for one in day.group(1, 3, 4) if one]
    # Some part is a month, and none has three digits.
    return any(1 <= int(one) <= _LAST_MONTH for one in numbers) and all(len(one) != len("100") for one in numbers)


def _choose_judge(column: Column) -> Callable[[str], bool]:
    """Return what tells whether Excel changes a cell of a column."""
    if column.type in NUMBERS:
        return memoize(lambda cell: not fits_excel(column.read(cell)))
    if column.type in {"string", "yearmonth"}:
        return lambda cell: cell[0] in _STARTS and is_guessed(cell)
    return lambda _cell: False

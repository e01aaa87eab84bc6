"""Reading back: what the readers of published forms share: plain cells, and how a form's cells become plain again.

Every reader (`reread_text`, `reread_json`, `reread_columns`, `reread_database`) is a program that did not write the
form. It yields the names of the columns first, then the rows, as text, Decimal or int, bool, date, datetime, time or
None, and streams. Whatever a form cannot say is left as it was found, so that the comparison shows it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portal.data.package import Field

Cells = tuple[object, ...]
Convert = Callable[[Any], object]
BATCH_ROWS = 4_096
NUMERIC = frozenset({"integer", "number"})
_COMMA_NUMBER = re.compile(r"-?[0-9]+(?:,[0-9]+)?")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
# What Excel keeps of a number; LibreOffice shows as many decimals.
EXCEL_DIGITS, EXCEL_DECIMALS = 15, 20


class FormError(ValueError):
    """A file that is not what its form says; the message says why."""


def reread_number(cell: object) -> object:
    """Return a float as the digits that it prints; a truth value is no number, though Python says that 1 is True."""
    if isinstance(cell, bool):
        return "boolean", cell
    return Decimal(repr(cell)) if isinstance(cell, float) else cell


def _reread_truth(cell: object) -> object:
    return cell if cell is None or isinstance(cell, bool) else ("no boolean", cell)


def _reread_flag(cell: object) -> object:
    """Return the truth value that SQLite keeps as 0 or 1."""
    return bool(cell) if cell in {0, 1} else cell


def reread_comma(cell: str) -> object:
    """Return a number that is written with a decimal comma; any other text as it is."""
    return Decimal(cell.replace(",", ".")) if _COMMA_NUMBER.fullmatch(cell) else cell


def _reread_iso(parse: Callable[[str], object]) -> Convert:
    def reread(cell: object) -> object:
        try:
            return parse(cell) if isinstance(cell, str) else cell
        except ValueError:
            return cell

    return reread


def _reread_excel_number(cell: object) -> object:
    """Return a number; one with more digits than Excel keeps stands there as text."""
    if isinstance(cell, str) and _NUMBER.fullmatch(cell):
        number = Decimal(cell)
        kept = len("".join(map(str, number.as_tuple().digits)).strip("0")) <= EXCEL_DIGITS
        return cell if kept and len(cell.partition(".")[2]) <= EXCEL_DECIMALS else number
    return reread_number(cell)


def _reread_excel_date(cell: object) -> object:
    """Return a date, however it is kept: those before March 1900, which Excel counts otherwise, stand as text."""
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date()
    return _ISO["date"](cell)


def _reread_excel_datetime(cell: object) -> object:
    """Return a moment; calamine takes midnight for a date."""
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return datetime.combine(cell, time())
    return _ISO["datetime"](cell)


_ISO: Mapping[str, Convert] = {
    "date": _reread_iso(date.fromisoformat),
    "datetime": _reread_iso(datetime.fromisoformat),
    "time": _reread_iso(time.fromisoformat),
}
_NUMBERS: Mapping[str, Convert] = dict.fromkeys((*NUMERIC, "year"), reread_number)
OF_JSON: Mapping[str, Convert] = {**_ISO, **_NUMBERS, "boolean": _reread_truth}
OF_PARQUET: Mapping[str, Convert] = {**_NUMBERS, "datetime": _ISO["datetime"], "time": _ISO["time"]}
OF_EXCEL: Mapping[str, Convert] = {
    **dict.fromkeys((*NUMERIC, "year"), _reread_excel_number),
    "date": _reread_excel_date, "datetime": _reread_excel_datetime, "time": _ISO["time"], "boolean": _reread_truth,
}  # fmt: skip
OF_SQL: Mapping[str, Convert] = {**_ISO, **_NUMBERS, "boolean": _reread_flag}


def convert_columns(
    batches: Iterator[list[Cells]], fields: Sequence[Field], types: Mapping[str, Convert]
) -> Iterator[Cells]:
    """Yield rows whose cells went through what `types` says of their columns."""
    converts = {place: types[one.type] for place, one in enumerate(fields) if one.type in types}
    for rows in batches:
        columns: list[Sequence[object]] = list(zip(*rows, strict=True))
        for place, convert in converts.items():
            if place < len(columns):
                columns[place] = [convert(cell) for cell in columns[place]]
        yield from zip(*columns, strict=True)


def batch_rows(rows: Iterator[Cells]) -> Iterator[list[Cells]]:
    """Yield rows in lists of BATCH_ROWS."""
    while batch := list(islice(rows, BATCH_ROWS)):
        yield batch


def read_typed(rows: Iterator[Cells], fields: Sequence[Field]) -> Iterator[Cells]:
    """Yield the names and the rows of a package as the other readers do: a month of a year as its text."""
    months = {"yearmonth": lambda cell: None if cell is None else f"{cell[0]:04}-{cell[1]:02}"}
    return chain([tuple(one.name for one in fields)], convert_columns(batch_rows(rows), fields, months))

"""Format limits: what Excel cannot hold, found before anything is written, and never cut.

Numbers that no double gives back, NaN, infinities and control characters stop the build in `rules` and `source_file`:
neither JSON readers nor Excel nor the API could hold them. What only Excel cannot hold is a warning: a table that is
too large has no forms for spreadsheets, and a cell that Excel would change stands there as text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING

from portal.data.finding import make_finding
from portal.data.table import read_batches, read_raw_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portal.data.finding import Finding, Place
    from portal.data.package import Resource
    from portal.data.table import Row

# Integers above this are rounded by spreadsheets and by readers of JSON; SQLite ends at 2**63.
_MAX_INTEGER = 2**53
# https://support.microsoft.com/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3
EXCEL_ROWS = 1_048_576  # the header being one of them
EXCEL_CHARACTERS = 32_767
EXCEL_DIGITS = 15
# Excel takes 1900 for a leap year: before its 29 February, which there was not, its days are one off those of others.
EXCEL_FIRST_DAY = date(1900, 3, 1)
# Of a format of numbers; LibreOffice shows no more than 20.
EXCEL_DECIMALS = 20
# Findings for which a table has no forms for spreadsheets.
OMISSIONS = frozenset({"excel-rows", "excel-cell-length"})
# All that a reader of the download bar must know of Excel.
EXCEL_FINDINGS = OMISSIONS | {"excel-digits", "excel-date"}
_SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Extent:
    """How large a table is: rows below the header, and its longest cell with line and column, both from 1."""

    rows: int
    longest: int = 0
    line: int = 0
    column: int = 0

    @property
    def fits_excel(self) -> bool:
        """Tell whether a sheet of Excel holds every row and every cell."""
        return self.rows < EXCEL_ROWS and self.longest <= EXCEL_CHARACTERS


def measure_extent(resource: Resource) -> Extent:
    """Measure a table that can be read; characters are counted as Excel does, in UTF-16."""
    rows = 0
    longest, place = 0, (0, 0)
    for batch in read_batches(resource):
        # Python's characters, of which each is one or two of Excel's, are counted for a batch at once.
        if max(map(len, chain.from_iterable(batch)), default=0) * 2 > longest:
            for number, row in enumerate(batch, start=rows):
                for at, cell in enumerate(row, start=1):
                    if len(cell) * 2 > longest and (length := count_characters(cell)) > longest:
                        longest, place = length, (number, at)
        rows += len(batch)
    return Extent(rows, longest, _find_line(resource, place[0]) if longest > EXCEL_CHARACTERS else 0, place[1])


def count_characters(cell: str) -> int:
    """Return the length of a text in units of UTF-16: a letter beyond the first 65,536 counts twice."""
    return len(cell.encode("utf-16-le")) // 2


def find_obstacles(resource: Resource, extent: Extent, place: Place) -> Iterator[Finding]:
    """Yield why a table has no forms for spreadsheets: too many rows, too long a cell."""
    if extent.rows >= EXCEL_ROWS:
        yield make_finding("excel-rows", place, rows=extent.rows, limit=EXCEL_ROWS, resource=resource.name)
    if extent.longest > EXCEL_CHARACTERS:
        name = resource.fields[extent.column - 1].name
        where = place.at(extent.line, extent.column)
        yield make_finding("excel-cell-length", where, field=name, length=extent.longest, limit=EXCEL_CHARACTERS)


def is_exact(cell: Decimal | int) -> bool:
    """Tell whether readers of JSON, Parquet and the API, who compute with doubles, get the digits of a number back."""
    if isinstance(cell, int):
        return abs(cell) <= _MAX_INTEGER
    return cell.is_finite() and Decimal(repr(float(cell))) == cell


def fits_excel(cell: object) -> bool:
    """Tell whether Excel keeps a typed cell as what it is; else it must stand there as text."""
    if isinstance(cell, bool) or cell is None or isinstance(cell, str):
        return True
    if isinstance(cell, Decimal | int):
        return _count_digits(Decimal(cell)) <= EXCEL_DIGITS and count_decimals(Decimal(cell)) <= EXCEL_DECIMALS
    if isinstance(cell, datetime):
        return cell.tzinfo is None and cell.microsecond == 0 and cell.date() >= EXCEL_FIRST_DAY
    if isinstance(cell, time):
        return cell.tzinfo is None and cell.microsecond == 0
    return isinstance(cell, date) and cell >= EXCEL_FIRST_DAY


def _count_digits(number: Decimal) -> int:
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    return len(digits)


def count_decimals(number: Decimal) -> int:
    """Return how many digits stand behind the decimal point as the number is written."""
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


@dataclass(slots=True)
class ExcelCells:
    """The numbers and dates of one table that Excel would change: how many in each column, and the first of them."""

    resource: Resource
    _first: dict[int, tuple[int, str]] = field(default_factory=dict)
    _count: dict[int, int] = field(default_factory=dict)

    def note(self, row: Row, line: int) -> None:
        """Look at the next row."""
        for position, (column, cell) in enumerate(zip(self.resource.fields, row.cells, strict=True), start=1):
            if column.type not in _CODES or fits_excel(cell):
                continue
            if not isinstance(cell, Decimal | int) or is_exact(cell):  # else a blocker says more
                self._first.setdefault(position, (line, str(cell)))
                self._count[position] = self._count.get(position, 0) + 1

    def list_findings(self, place: Place) -> Iterator[Finding]:
        """Yield a warning for each column that has such cells, at the first of them."""
        for position, (line, cell) in sorted(self._first.items()):
            column = self.resource.fields[position - 1]
            yield make_finding(
                _CODES[column.type],
                place.at(line, position),
                field=column.name,
                cell=cell[:_SHOWN_CHARACTERS],
                count=self._count[position],
            )


# What Excel would do to a cell of a type. Months are text in Excel as in every form.
_CODES = {
    "number": "excel-digits", "integer": "excel-digits", "date": "excel-date", "datetime": "excel-date",
    "time": "excel-date",
}  # fmt: skip


def _find_line(resource: Resource, number: int) -> int:
    """Return the line on which the row `number` below the header, from 0, starts."""
    rows = read_raw_rows(resource)
    next(rows)
    return next(row.line for at, row in enumerate(rows) if at == number)

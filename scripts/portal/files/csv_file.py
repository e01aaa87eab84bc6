"""CSV files: one for programs, as RFC 4180 wants it, and one that Excel in Vietnamese settings opens by itself.

Excel takes separator and decimal sign from the settings of Windows. Where those are Vietnamese, a decimal point makes
`1.500` out of one and a half: fifteen hundred, and nobody is told. So this file has what such an Excel writes itself:
semicolons, decimal commas, and a byte order mark without which it takes UTF-8 for an older encoding. A first line
`sep=;` would serve other settings too, but makes Excel pass over the mark, and every other reader takes it for the
header. In any other settings Excel shows the cells unparted in one column, which is seen; LibreOffice parts them all
the same, and in English settings takes the decimal comma of `12,345` for grouping. So the page says for whom this file
is; the Excel file suits all of them.
"""

from __future__ import annotations

import csv
import re
from decimal import Decimal
from typing import TYPE_CHECKING

from portal.data.column import NUMBERS, make_columns, memoize
from portal.data.table import read_batches, read_raw_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from portal.data.column import Column
    from portal.data.package import Package, Resource

LINE_END = "\r\n"
EXCEL_SEPARATOR = ";"
EXCEL_DECIMAL = ","
_SPECIAL = re.compile('[;"\r\n]')


def write_csv(_package: Package, resource: Resource, path: Path) -> None:
    """Write RFC 4180 CSV: UTF-8 without byte order mark, CRLF, the cells exactly as in the package."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator=LINE_END)
        writer.writerow(_read_header(resource))
        for rows in read_batches(resource):
            writer.writerows(rows)


def write_excel_csv(_package: Package, resource: Resource, path: Path) -> None:
    """Write CSV for Excel in Vietnamese settings: byte order mark, semicolons, decimal commas, CRLF.

    All cells but numbers stand as in the package. Texts stand in quotes, numbers and dates do not: programs that can
    tell by it, as LibreOffice does with «Quoted field as text», keep `0899` and `3/4`; Excel itself looks at no quotes.
    """
    writers = [_make_writer(column) for column in make_columns(resource)]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        file.write(EXCEL_SEPARATOR.join(map(_quote, _read_header(resource))) + LINE_END)
        for rows in read_batches(resource):
            cells = [
                [write(cell) for cell in column] for write, column in zip(writers, zip(*rows, strict=True), strict=True)
            ]
            file.writelines(EXCEL_SEPARATOR.join(row) + LINE_END for row in zip(*cells, strict=True))


def _quote(cell: str) -> str:
    """Return a text as a field in quotes; an empty one without."""
    return '"' + cell.replace('"', '""') + '"' if cell else ""


def _protect(cell: str) -> str:
    """Return a cell that is no text as a field, in quotes only where it could not stand without."""
    return _quote(cell) if _SPECIAL.search(cell) else cell


def _read_header(resource: Resource) -> tuple[str, ...]:
    return next(read_raw_rows(resource)).cells


def _make_writer(column: Column) -> Callable[[str], str]:
    """Return what turns a cell of a column into a field."""
    if column.type == "string":
        return _quote
    if column.type not in NUMBERS:
        return _protect

    def write(cell: str) -> str:
        if cell not in column.missing and column.is_plain_number(cell) and "e" not in cell.lower():
            return cell.replace(".", EXCEL_DECIMAL)
        value = column.read(cell)
        if not isinstance(value, Decimal | int):
            return _protect(cell)
        return format(value, "f" if isinstance(value, Decimal) else "d").replace(".", EXCEL_DECIMAL)

    return memoize(write)

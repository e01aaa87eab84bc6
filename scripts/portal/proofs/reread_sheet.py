"""Large workbooks read back: one sheet row by row, by Python's XML parser, in memory that does not grow.

calamine holds a sheet whole, which takes a gigabyte for a million rows. What is read here is the part of ECMA-376
that sheets of values consist of: numbers, inline texts, truth values; any other kind of cell is refused.
"""

from __future__ import annotations

import re
import zipfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from portal.proofs.reread import Cells, FormError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from portal.data.package import Field

_CHUNK_BYTES = 1 << 16
# Excel counts days from here, as if 1900 had been a leap year; the forms hold no earlier day than March 1900.
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a cell of Excel has no time zone
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


class _SheetParser:
    """Gathers rows from the events of expat; `rows` is emptied by whoever reads."""

    def __init__(self) -> None:
        self.rows: list[dict[int, object]] = []
        self._row: dict[int, object] = {}
        self._column, self._type = 0, "n"
        self._text: list[str] | None = None
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._hear

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes; the last are empty. Raises FormError."""
        try:
            self._parser.Parse(chunk, not chunk)
        except expat.ExpatError as error:
            raise FormError(str(error)) from error

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name in {"v", "t"}:
            self._text = []
        elif name == "c":
            self._column = _find_column(attributes["r"])
            self._type = attributes.get("t", "n")
        elif name == "row":
            self._row = {}

    def _hear(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, name: str) -> None:
        if name in {"v", "t"} and self._text is not None:
            self._row[self._column] = _read_value("".join(self._text), self._type)
            self._text = None
        elif name == "row":
            self.rows.append(self._row)


def _find_column(place: str) -> int:
    """Return the column of `AB12`, from 0."""
    column = 0
    for letter in place.rstrip("0123456789"):
        column = column * 26 + ord(letter) - 64
    return column - 1


def _read_value(text: str, kind: str) -> object:
    if kind == "inlineStr":
        return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text
    if kind == "b":
        return text == "1"
    if kind == "n":
        return Decimal(repr(float(text)))  # the digits of the double that Excel has
    raise FormError(f"a cell of the kind {kind}")


def read_sheet(path: Path, fields: Sequence[Field], sheet: str) -> Iterator[Cells]:
    """Yield the rows of the part `sheet` of a workbook, its header first; days and times are such in their columns."""
    width = len(fields)
    clocks = {at: one.type for at, one in enumerate(fields) if one.type in {"date", "datetime", "time"}}
    for row in _read_rows(path, sheet):
        for at, kind in clocks.items():
            if isinstance(number := row.get(at), Decimal):
                row[at] = _read_clock(number, kind)
        yield tuple(map(row.get, range(max(width, max(row, default=0) + 1))))


def _read_rows(path: Path, sheet: str) -> Iterator[dict[int, Any]]:
    parser = _SheetParser()
    with zipfile.ZipFile(path) as archive, archive.open(sheet) as file:
        while chunk := file.read(_CHUNK_BYTES):
            parser.feed(chunk)
            yield from parser.rows
            parser.rows = []
        parser.feed(b"")


def _read_clock(number: Decimal, kind: str) -> date | datetime | time:
    """Return what a number of days is; Excel keeps whole seconds."""
    moment = _EPOCH + timedelta(seconds=round(number * 86_400))
    return moment.time() if kind == "time" else moment.date() if kind == "date" else moment

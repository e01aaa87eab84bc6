"""JSON read back: arrays of objects, and objects of columns, piece by piece, by Python's own decoder."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any

from portal.proofs.reread import OF_JSON, Cells, FormError, batch_rows, convert_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from portal.data.package import Field

# For each column of a columnar file one piece is in memory.
_CHUNK_CHARACTERS = 1 << 16
# As many as can stand behind what Python takes for a whole number and still make another one of it.
_TAIL_CHARACTERS = 4


def read_json(path: Path, fields: Sequence[Field]) -> Iterator[Cells]:
    """Yield the names and the rows of an array of objects; every object must have all names, in their order."""
    names = tuple(one.name for one in fields)
    yield names
    yield from convert_columns(batch_rows(_read_objects(path, names)), fields, OF_JSON)


def _read_objects(path: Path, names: Cells) -> Iterator[Cells]:
    for number, pairs in enumerate(_decode_array(path), start=1):
        if tuple(name for name, _ in pairs) != names:
            raise FormError(f"object {number} has not exactly the names of the columns in their order")
        yield tuple(cell for _, cell in pairs)


def _refuse_constant(word: str) -> None:
    raise FormError(f"{word} is no JSON")


def _decode_array(path: Path) -> Iterator[Any]:
    """Yield the elements of the array that a JSON file is, one at a time; objects as lists of pairs, numbers exact."""
    with path.open(encoding="utf-8", newline="") as file:
        text = _JsonText(file)
        yield from _take_array(text)
        if text.peek():
            raise FormError("something stands behind the array")


def _take_array(text: _JsonText) -> Iterator[Any]:
    sign = "," if text.take() == "[" else ""
    if text.peek() == "]":
        sign = text.take()
    while sign == ",":
        yield text.take_value()
        sign = text.take()
    if sign != "]":
        raise FormError("not an array of JSON")


class _JsonText:
    """A JSON text that is read piece by piece."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._text, self._place = "", 0
        self._decoder = json.JSONDecoder(object_pairs_hook=list, parse_float=Decimal, parse_constant=_refuse_constant)

    def peek(self) -> str:
        """Return the next sign that is no space; nothing at the end."""
        while True:
            while self._place < len(self._text) and self._text[self._place] in " \t\r\n":
                self._place += 1
            if self._place < len(self._text) or not self._read_on():
                return self._text[self._place : self._place + 1]

    def take(self) -> str:
        """Return the next sign that is no space, and go on behind it."""
        sign = self.peek()
        self._place += len(sign)
        return sign

    def take_value(self) -> Any:
        """Return the next value, and go on behind it. Raises json.JSONDecodeError."""
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._place)
            except json.JSONDecodeError:
                if not self._read_on():
                    raise
                continue
            # A number at the end of what was read so far may go on, even behind `12.` or `1e+`.
            if end + _TAIL_CHARACTERS <= len(self._text) or not self._read_on():
                self._place = end
                return value

    def _read_on(self) -> bool:
        more = self._file.read(_CHUNK_CHARACTERS)
        if more:
            self._text, self._place = self._text[self._place :] + more, 0
        return bool(more)


def read_json_columns(path: Path, fields: Sequence[Field]) -> Iterator[Cells]:
    """Yield the names and the rows of `{"name": …, "rows": …, "columns": {…}}`, each column on a line of its own."""
    names = tuple(one.name for one in fields)
    starts = _find_lines(path)
    if len(starts) < len(names) + 2:
        raise FormError("fewer columns than the table has")
    with path.open(encoding="utf-8", newline="") as file:
        head = json.loads(f"{file.readline()}}}}}")
    columns = [
        _take_column(path, start, name, "}" if name == names[-1] else ",")
        for start, name in zip(starts[1:], names, strict=False)
    ]
    yield names
    count = 0
    for rows in batch_rows(zip(*columns, strict=True)):
        count += len(rows)
        yield from convert_columns(iter([rows]), fields, OF_JSON)
    if head["rows"] != count:
        raise FormError(f"it says {head['rows']} rows and has {count}")


def _take_column(path: Path, start: int, name: object, behind: str) -> Iterator[Any]:
    with path.open(encoding="utf-8", newline="") as file:
        file.seek(start)
        text = _JsonText(file)
        if text.take_value() != name or text.take() != ":":
            raise FormError(f"no column “{name}” in its place")
        yield from _take_array(text)
        if text.take() != behind:
            raise FormError(f"something stands behind the column “{name}”")


def _find_lines(path: Path) -> list[int]:
    """Return where the lines of a file begin; no text within JSON holds a line end."""
    starts, place = [0], 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_CHARACTERS):
            at = chunk.find(b"\n")
            while at >= 0:
                starts.append(place + at + 1)
                at = chunk.find(b"\n", at + 1)
            place += len(chunk)
    return starts

"""Static JSON: whole tables as arrays of objects, and large ones also as one array for each column."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import date, datetime, time
from decimal import Decimal
from json.encoder import encode_basestring
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from portal.data.column import NUMBERS, make_columns, memoize
from portal.data.table import read_batches

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portal.data.column import Column
    from portal.data.package import Package, Resource

# What turns the cells of one column into JSON.
ColumnWriter = Callable[[Sequence[str]], list[str]]
_CHUNK = 1 << 20


def write_json(_package: Package, resource: Resource, path: Path) -> None:
    """Write one array of objects, a row on each line: numbers with the digits of the file, empty cells null."""
    columns = make_columns(resource)
    writers = [_make_writer(column) for column in columns]
    names = [encode_basestring(column.name).replace("%", "%%") for column in columns]
    pattern = "{" + ",".join([f"{name}:%s" for name in names]) + "}"
    with path.open("w", encoding="utf-8", newline="") as file:
        before = "[\n"
        for rows in read_batches(resource):
            cells = [write(column) for write, column in zip(writers, zip(*rows, strict=True), strict=True)]
            file.write(before + ",\n".join([pattern % row for row in zip(*cells, strict=True)]))
            before = ",\n"
        file.write("[]\n" if before == "[\n" else "\n]\n")


def write_json_columns(_package: Package, resource: Resource, path: Path) -> None:
    """Write one object: how many rows, and `columns`, an array of cells for each; a third of the size of `write_json`.

    Each column gathers in a file of its own, so that the memory does not grow with the table.
    """
    columns = make_columns(resource)
    writers = [_make_writer(column) for column in columns]
    with TemporaryDirectory(dir=path.parent, prefix=".columns-") as folder, ExitStack() as stack:
        parts = [
            stack.enter_context((Path(folder) / str(number)).open("w+", encoding="utf-8", newline=""))
            for number in range(len(columns))
        ]
        count = 0
        for rows in read_batches(resource):
            for write, part, cells in zip(writers, parts, zip(*rows, strict=True), strict=True):
                part.write(("," if count else "") + ",".join(write(cells)))
            count += len(rows)
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write(f'{{"name":{encode_basestring(resource.name)},"rows":{count},"columns":{{')
            before = "\n"
            for column, part in zip(columns, parts, strict=True):
                file.write(f"{before}{encode_basestring(column.name)}:[")
                part.seek(0)
                while chunk := part.read(_CHUNK):
                    file.write(chunk)
                file.write("]")
                before = ",\n"
            file.write("\n}}\n")


def write_array(path: Path, values: Iterable[str]) -> None:
    """Write JSON values as one array, each on a line of its own; they are streamed."""
    with path.open("w", encoding="utf-8", newline="") as file:
        before = "[\n"
        for value in values:
            file.write(before + value)
            before = ",\n"
        file.write("[]\n" if before == "[\n" else "\n]\n")


def write_cell(cell: object) -> str:
    """Return a typed cell, or a list or an object of texts, as JSON; a Decimal keeps its digits."""
    if isinstance(cell, Decimal):
        return format(cell, "f")
    if isinstance(cell, date | datetime | time):
        return encode_basestring(cell.isoformat())
    if isinstance(cell, tuple):  # a month, as frictionless reads `2025-03`
        return f'"{cell[0]:04}-{cell[1]:02}"'
    return json.dumps(cell, ensure_ascii=False)


def _make_writer(column: Column) -> ColumnWriter:
    missing, read = column.missing, column.read
    if column.type == "string":
        return lambda cells: ["null" if cell in missing else encode_basestring(cell) for cell in cells]
    keeps_digits = column.is_plain_number if column.type in NUMBERS else lambda _cell: False

    def write(cell: str) -> str:
        return cell if cell not in missing and keeps_digits(cell) else write_cell(read(cell))

    known = memoize(write)
    return lambda cells: [known(cell) for cell in cells]

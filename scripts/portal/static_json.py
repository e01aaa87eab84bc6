"""Static JSON: whole tables as arrays of objects, so that the commonest answers never reach the database."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

from portal.table import open_with_frictionless, read_raw_rows

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from portal.package import Package, Resource

# A column: its name as JSON with a colon, and what turns one of its cells into JSON.
Writer = tuple[str, Callable[[str], str]]
# A number of RFC 8259; what else the standard of tables allows ("+5", "05", "1.234,5") is written anew.
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def write_json(package: Package, resource: Resource, path: Path) -> None:
    """Write one array of objects, a row on each line: numbers with the digits of the file, empty cells null."""
    writers = _make_writers(package, resource)
    write_array(path, (_write_row(writers, row.cells) for row in islice(read_raw_rows(resource), 1, None)))


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


def _write_row(writers: Iterable[Writer], cells: Iterable[str]) -> str:
    return "{" + ",".join([name + write(cell) for (name, write), cell in zip(writers, cells, strict=True)]) + "}"


def _make_writers(package: Package, resource: Resource) -> list[Writer]:
    """Return, for each column, its name as JSON with a colon, and what writes one of its cells."""
    schema: Any = open_with_frictionless(package).get_resource(resource.name).schema
    return [(f"{encode_basestring(field.name)}:", _make_writer(field)) for field in schema.fields]


def _make_writer(field: Any) -> Callable[[str], str]:
    missing = frozenset(field.missing_values)
    if field.type == "string":
        return lambda cell: "null" if cell in missing else encode_basestring(cell)
    plain = _JSON_NUMBER.fullmatch if field.type in {"number", "integer"} else lambda _cell: None

    def write(cell: str) -> str:
        if cell in missing:
            return "null"
        return cell if plain(cell) else write_cell(field.read_cell(cell)[0])

    return write

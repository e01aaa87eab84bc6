"""The package read once more: the typed cells that forms are held against, by a reading that no writer shares.

Writers type cells through `data.column`; a fault there would be in every form alike. Here rows come from Python's csv
module and cells from the standard library, by the types of Table Schema in their default notation; any other notation
is read by frictionless itself. `agreement` holds the same rows against the file as Apache Arrow reads it.
"""

from __future__ import annotations

import csv
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import frictionless

from portal.data.table import Row
from portal.proofs.reread import batch_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from portal.data.package import Package, Resource

_KEPT_CELLS = 20_000
_MOST_CHARACTERS = 1 << 30
# The truth values that Table Schema knows where a field names none.
_TRUTH = {
    **dict.fromkeys(("true", "True", "TRUE", "1"), True),
    **dict.fromkeys(("false", "False", "FALSE", "0"), False),
}
_NOTATION = frozenset({"format", "bareNumber", "decimalChar", "groupChar", "trueValues", "falseValues"})


def _split_month(text: str) -> tuple[int, int]:
    year, month = text.split("-")
    return int(year), int(month)


_TYPES: Mapping[str, Callable[[str], Any]] = {
    "integer": int, "number": Decimal, "year": int, "yearmonth": _split_month, "boolean": _TRUTH.__getitem__,
    "date": date.fromisoformat, "datetime": datetime.fromisoformat, "time": time.fromisoformat,
}  # fmt: skip


def read_plainly(_package: Package, resource: Resource) -> Iterator[Row]:
    """Yield the typed rows of a table that passed the check, below its header.

    Raises ValueError where a row is too long or too short.
    """
    schema = resource.descriptor["schema"]
    every = schema.get("missingValues", [""])
    converts = [_choose_converter(field, field.get("missingValues", every)) for field in schema["fields"]]
    csv.field_size_limit(_MOST_CHARACTERS)
    number = 2
    with resource.file.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, strict=True)
        next(rows, None)
        for batch in batch_rows(map(tuple, rows)):
            columns = zip(*batch, strict=True)
            typed = [[convert(cell) for cell in cells] for convert, cells in zip(converts, columns, strict=True)]
            for cells in zip(*typed, strict=True):
                yield Row(number, cells)
                number += 1


def _choose_converter(field: Mapping[str, Any], missing_values: list[Any]) -> Callable[[str], Any]:
    """Return what types the cells of a field; a cell that is a missing value is None."""
    missing = {one if isinstance(one, str) else one["value"] for one in missing_values}
    if field["type"] == "string":
        return lambda text: None if text in missing else text
    ask = _ask_frictionless(field)
    plain = all(field.get(name, "default") == "default" for name in _NOTATION)
    convert = _TYPES.get(field["type"], ask) if plain else ask

    def read(text: str) -> Any:
        try:
            return None if text in missing else convert(text)
        except (ValueError, ArithmeticError, LookupError):  # a day like 2024-2-3, which Table Schema allows
            return ask(text)

    return lru_cache(_KEPT_CELLS)(read)


def _ask_frictionless(field: Mapping[str, Any]) -> Callable[[str], Any]:
    named = {name: value for name, value in field.items() if name in {"name", "type", *_NOTATION}}
    read = frictionless.Field.from_descriptor(named).create_cell_reader()
    return lambda text: read(text)[0]

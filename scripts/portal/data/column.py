"""Columns: raw cells of one field become what frictionless reads in them, a million rows at a time.

frictionless itself types about 55,000 rows a second. Here its own readers are asked once for each distinct cell, and
not at all for texts; `tests/test_column.py` holds the outcome against frictionless, cell by cell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import frictionless

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from portal.data.package import Resource
    from portal.data.table import Cell

Value = TypeVar("Value")
# How many answers are kept for one column, and the longest cell that is worth it: a few megabytes at most.
_KEPT_CELLS = 10_000
_KEPT_CHARACTERS = 40
# A number of RFC 8259.
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
NUMBERS = frozenset({"integer", "number"})
_OWN_NOTATION = {"bareNumber", "decimalChar", "groupChar"}
# All of a field that decides what a cell is read as; constraints were checked before.
_NOTATION = {"name", "type", "format", "trueValues", "falseValues", *_OWN_NOTATION}


class _Memo(dict[str, Value]):
    """Answers by cell, computed where they are missing."""

    def __init__(self, make: Callable[[str], Value]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, cell: str) -> Value:
        value = self._make(cell)
        if len(cell) <= _KEPT_CHARACTERS:
            if len(self) >= _KEPT_CELLS:
                self.clear()
            self[cell] = value
        return value


@dataclass(frozen=True, slots=True)
class Column:
    """One field: its type, what stands for an empty cell, and what reads a cell.

    `shared` tells whether its cells are written as all programs write them: numbers without signs of grouping, dates
    as ISO 8601 wants them.
    """

    name: str
    type: str
    missing: frozenset[str]
    read: Callable[[str], Cell]
    shared: bool

    def is_plain_number(self, cell: str) -> bool:
        """Tell whether a cell is a number as JSON writes it, so that its digits can be passed on."""
        return self.shared and _PLAIN_NUMBER.fullmatch(cell) is not None


def memoize(make: Callable[[str], Value]) -> Callable[[str], Value]:
    """Return `make`, which remembers its latest answers for short cells; it must depend on the cell alone."""
    return _Memo(make).__getitem__


def make_columns(resource: Resource) -> list[Column]:
    """Return the columns of a resource that conforms, in the order of its fields."""
    schema = resource.descriptor["schema"]
    missing = schema.get("missingValues", [""])
    return [_make_column(field, _read_missing(field.get("missingValues", missing))) for field in schema["fields"]]


def _read_missing(values: Sequence[str | Mapping[str, str]]) -> frozenset[str]:
    """Return the texts of `missingValues`, which may carry labels."""
    return frozenset(one if isinstance(one, str) else one["value"] for one in values)


def _make_column(field: Mapping[str, Any], missing: frozenset[str]) -> Column:
    shared = not field.keys() & _OWN_NOTATION and field.get("format", "default") == "default"
    return Column(field["name"], field["type"], missing, _make_reader(field, missing), shared)


def _make_reader(field: Mapping[str, Any], missing: frozenset[str]) -> Callable[[str], Cell]:
    if field["type"] == "string":  # its formats are checked, never converted
        return lambda cell: None if cell in missing else cell
    notation = {key: value for key, value in field.items() if key in _NOTATION}
    reader = frictionless.Field.from_descriptor({**notation, "missingValues": sorted(missing)}).create_cell_reader()
    return memoize(lambda cell: reader(cell)[0])

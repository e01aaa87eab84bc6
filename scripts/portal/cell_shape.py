"""Shapes: how a cell may look so that it is certainly right for its column, whole columns at a time.

A shape is narrow on purpose. What fits it is read by frictionless without an error, is an exact number where it is a
number, and starts no formula. What does not fit it may still be right: that is for the readers of frictionless.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# The properties of a column that change nothing in how its cells are read, or are looked at here.
_KNOWN = frozenset({
    "name", "type", "title", "title@en", "description", "description@en", "example", "rdfType", "portal",
    "format", "constraints", "missingValues",
})  # fmt: skip
# Of at most 15 digits, so that the nearest float has the same digits: nothing is lost in SQLite, JSON or a spreadsheet.
_INTEGER = r"-?[0-9]{1,15}"
_NUMBER = rf"-?[0-9]{{1,8}}\.[0-9]{{1,7}}|{_INTEGER}"
# One spelling for each number, as two spellings of one number are the same key.
_KEY_INTEGER = r"0|-?[1-9][0-9]{0,14}"
_KEY_NUMBER = rf"{_KEY_INTEGER}|-?(?:0|[1-9][0-9]{{0,7}})\.[0-9]{{0,6}}[1-9]"
# From 1901, and without a time zone: Excel knows no earlier day and no zone.
_YEAR = r"(?:19(?:0[1-9]|[1-9][0-9])|[2-9][0-9]{3})"
_DAY = r"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
_DATETIME = rf"{_YEAR}-{_DAY}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_ENDS = (-np.inf, np.inf)
# Anything that a spreadsheet would not run; control characters and NFC are looked at in `csv_block`.
_TEXT = r"\A[^=+\-@\t\r]"


@dataclass(frozen=True, slots=True)
class Shape:
    """A pattern of RE2; lengths in characters, both included; bounds of the number, both left out."""

    pattern: str
    lengths: tuple[int, int] | None = None
    bounds: tuple[float, float] | None = None

    def match(self, cells: pa.StringArray) -> np.ndarray:
        """Return for every cell whether it has this shape."""
        fits = _to_numpy(pc.match_substring_regex(cells, self.pattern))
        if self.lengths:
            lengths = pc.utf8_length(cells).to_numpy()
            fits = fits & (lengths >= self.lengths[0]) & (lengths <= self.lengths[1])
        if self.bounds:
            numbers = pc.cast(pc.if_else(pa.array(fits), cells, "0"), pa.float64()).to_numpy()
            fits = fits & (numbers > self.bounds[0]) & (numbers < self.bounds[1])
        return fits


def find_shape(
    descriptor: Mapping[str, Any], read: Callable[[Any], Any], pattern: str = "", *, key: bool = False
) -> Shape | None:
    """Return the shape of a column from its descriptor in a Table Schema; None where none is known.

    `read` is frictionless' reader of its values, here of its bounds; `pattern` narrows a column of strings down;
    in the column of a `key` different cells of the shape have different values. Raises TypeError or ArithmeticError
    for a bound that is no number.
    """
    constraints = descriptor.get("constraints", {})
    if not descriptor.keys() <= _KNOWN or descriptor.get("format", "default") != "default":
        return None
    match descriptor["type"]:
        case "string" if constraints.keys() <= {"required", "unique", "minLength", "maxLength"}:
            shortest, longest = constraints.get("minLength", 0), constraints.get("maxLength", np.inf)
            bare = "minLength" not in constraints and "maxLength" not in constraints
            return Shape(_whole(pattern) if pattern else _TEXT, None if bare else (shortest, longest))
        case "integer" if constraints.keys() <= {"required", "unique", "minimum", "maximum"}:
            return Shape(_whole(_KEY_INTEGER if key else _INTEGER), bounds=_read_bounds(constraints, read))
        case "number" if constraints.keys() <= {"required", "unique", "minimum", "maximum"}:
            return Shape(_whole(_KEY_NUMBER if key else _NUMBER), bounds=_read_bounds(constraints, read))
        case "datetime" if constraints.keys() <= {"required", "unique"}:
            return Shape(_whole(_DATETIME))
    return None


def _whole(pattern: str) -> str:
    return rf"\A(?:{pattern})\z"


def _read_bounds(constraints: Mapping[str, Any], read: Callable[[Any], Any]) -> tuple[float, float] | None:
    """Return the bounds as floats: a number of 15 digits whose float lies beyond that of a bound lies beyond it."""
    bounds = [constraints.get(name) for name in ("minimum", "maximum")]
    if bounds == [None, None]:
        return None
    low, high = (float(end) if bound is None else float(read(bound)) for bound, end in zip(bounds, _ENDS, strict=True))
    return low, high


def _to_numpy(mask: pa.BooleanArray) -> np.ndarray:
    return np.asarray(mask.to_numpy(zero_copy_only=False), np.bool_)

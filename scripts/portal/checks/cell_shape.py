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

from portal.data.csv_block import flags_of, lengths_of, mask_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# The properties of a column that change nothing in how its cells are read, or are looked at here.
_KNOWN = frozenset({
    "name", "type", "title", "title@en", "description", "description@en", "example", "rdfType", "portal",
    "format", "constraints", "missingValues",
})  # fmt: skip
# Of at most 15 digits, so that the nearest float has the same digits: nothing is lost in SQLite, JSON or a spreadsheet.
INTEGER = r"-?[0-9]{1,15}"
NUMBER = rf"-?[0-9]{{1,8}}\.[0-9]{{1,7}}|{INTEGER}"
# One spelling for each number, as two spellings of one number are the same key.
_KEY_INTEGER = r"0|-?[1-9][0-9]{0,14}"
_KEY_NUMBER = rf"{_KEY_INTEGER}|-?(?:0|[1-9][0-9]{{0,7}})\.[0-9]{{0,6}}[1-9]"
# From 1901, and without a time zone: Excel knows no earlier day and no zone.
_YEAR = r"(?:19(?:0[1-9]|[1-9][0-9])|[2-9][0-9]{3})"
_DAY = r"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
_DATETIME = rf"{_YEAR}-{_DAY}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_ENDS = (-np.inf, np.inf)
# Anything that a spreadsheet would not run; control characters and NFC are looked at in `csv_block`.
_BEGINS_FORMULA: np.ndarray = np.isin(np.arange(256), list(b"=+-@\t\r"))


@dataclass(frozen=True, slots=True)
class Shape:
    """A pattern of RE2, or none for any text; lengths in characters, both included; bounds of the number, left out."""

    pattern: str
    lengths: tuple[int, int] | None = None
    bounds: tuple[float, float] | None = None

    def match(self, cells: pa.StringArray) -> np.ndarray:
        """Return for every cell whether it has this shape."""
        fits = mask_of(pc.match_substring_regex(cells, self.pattern)) if self.pattern else _are_texts(cells)
        if self.lengths:
            lengths = np.from_dlpack(pc.utf8_length(cells))
            fits = fits & (lengths >= self.lengths[0]) & (lengths <= self.lengths[1])
        if self.bounds:
            fitting = cells if fits.all() else pc.if_else(flags_of(fits), cells, "0")
            numbers = np.from_dlpack(pc.cast(fitting, pa.float64()))
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
            return Shape(match_whole(pattern) if pattern else "", None if bare else (shortest, longest))
        case "integer" if constraints.keys() <= {"required", "unique", "minimum", "maximum"}:
            return Shape(match_whole(_KEY_INTEGER if key else INTEGER), bounds=_read_bounds(constraints, read))
        case "number" if constraints.keys() <= {"required", "unique", "minimum", "maximum"}:
            return Shape(match_whole(_KEY_NUMBER if key else NUMBER), bounds=_read_bounds(constraints, read))
        case "datetime" if constraints.keys() <= {"required", "unique"}:
            return Shape(match_whole(_DATETIME))
    return None


def match_whole(pattern: str) -> str:
    """Return the pattern of a whole cell."""
    return rf"\A(?:{pattern})\z"


def _read_bounds(constraints: Mapping[str, Any], read: Callable[[Any], Any]) -> tuple[float, float] | None:
    """Return the bounds as floats: a number of 15 digits whose float lies beyond that of a bound lies beyond it."""
    bounds = [constraints.get(name) for name in ("minimum", "maximum")]
    if bounds == [None, None]:
        return None
    low, high = (float(end) if bound is None else float(read(bound)) for bound, end in zip(bounds, _ENDS, strict=True))
    return low, high


def _are_texts(cells: pa.StringArray) -> np.ndarray:
    """Return which cells are not empty and begin no formula."""
    there = lengths_of(cells) > 0
    buffer = cells.buffers()[2]
    if buffer is None or not buffer.size:
        return there
    starts = np.frombuffer(cells.buffers()[1], np.int32)[cells.offset : cells.offset + len(cells)]
    first = np.frombuffer(buffer, np.uint8)[np.minimum(starts, buffer.size - 1)]
    return np.asarray(there & ~_BEGINS_FORMULA[first])

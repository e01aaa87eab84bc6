"""Shapes: how a cell may look so that it is certainly right for its column, whole columns at a time.

A shape is narrow on purpose. What fits it is read by frictionless without an error, is an exact number where it is a
number, and starts no formula. What does not fit it may still be right: that is for the readers of frictionless.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from portal.data.csv_block import bytes_of, flags_of, lengths_of, mask_of, offsets_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

# The properties of a column that change nothing in how its cells are read, or are looked at here.
_KNOWN = frozenset({
    "name", "type", "title", "title@en", "description", "description@en", "example", "rdfType", "portal",
    "format", "constraints", "missingValues",
})  # fmt: skip
# Of at most 15 digits, so that the nearest float has the same digits: nothing is lost in SQLite, JSON or a spreadsheet.
INTEGER = r"-?[0-9]{1,15}"
NUMBER = rf"-?[0-9]{{1,8}}\.[0-9]{{1,7}}|{INTEGER}"
_FEW_DIGITS = re.compile(NUMBER)
# One spelling for each number, as two spellings of one number are the same key.
_KEY_INTEGER = r"0|-?[1-9][0-9]{0,14}"
_KEY_NUMBER = rf"{_KEY_INTEGER}|-?(?:0|[1-9][0-9]{{0,7}})\.[0-9]{{0,6}}[1-9]"
# From 1901, and without a time zone: Excel knows no earlier day and no zone.
_YEAR = r"(?:19(?:0[1-9]|[1-9][0-9])|[2-9][0-9]{3})"
_DAY = r"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
_DATETIME = rf"{_YEAR}-{_DAY}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_ENDS = (-np.inf, np.inf)
# What plain numbers consist of, and how long they may be so that they have at most 15 digits.
_PLAIN_BYTES = {pa.int64(): b"-0123456789", pa.float64(): b"-.0123456789"}
_PLAIN_LENGTH = 15
# Anything that a spreadsheet would not run; control characters and NFC are looked at in `csv_block`.
_BEGINS_FORMULA: np.ndarray = np.isin(np.arange(256), list(b"=+-@\t\r"))


@dataclass(frozen=True, slots=True)
class Shape:
    """A pattern of RE2, or none for any text; lengths in characters, both included; bounds of the number, not.

    `number` is the type that Arrow reads numbers as; in the column of a `key` a number has one spelling.
    """

    pattern: str
    lengths: tuple[int, int] | None = None
    bounds: tuple[float, float] | None = None
    number: pa.DataType | None = None
    key: bool = False

    def match(self, cells: pa.StringArray) -> np.ndarray:
        """Return for every cell whether it has this shape."""
        if self.number:
            return self._match_numbers(cells, self.number)
        fits = mask_of(pc.match_substring_regex(cells, self.pattern)) if self.pattern else _are_texts(cells)
        if self.lengths:
            lengths = np.from_dlpack(pc.utf8_length(cells))
            fits = fits & (lengths >= self.lengths[0]) & (lengths <= self.lengths[1])
        return fits

    def _match_numbers(self, cells: pa.StringArray, kind: pa.DataType) -> np.ndarray:
        numbers, fits = parse_numbers(cells, kind), lengths_of(cells) > 0
        if numbers is None or (self.key and not _are_spelled_once(cells, kind)):
            fits = mask_of(pc.match_substring_regex(cells, self.pattern))
            fitting = cells if fits.all() else pc.if_else(flags_of(fits), cells, "0")
            numbers = np.from_dlpack(pc.cast(fitting, kind)) if self.bounds else None
        if self.bounds and numbers is not None:
            fits = fits & (numbers > self.bounds[0]) & (numbers < self.bounds[1])
        return fits


def parse_numbers(cells: pa.StringArray, kind: pa.DataType) -> np.ndarray | None:
    """Return all cells as numbers, 0 for an empty one, where all others are plain ones; else None.

    A plain number has at most 15 characters, digits with perhaps a sign before and a point among them; frictionless
    reads it without an error, and it is exact.
    """
    lengths = lengths_of(cells)
    if not len(lengths) or lengths.max() > _PLAIN_LENGTH:
        return None
    offsets = offsets_of(cells)
    if bytes_of(cells)[offsets[0] : offsets[-1]].tobytes().translate(None, _PLAIN_BYTES[kind]):
        return None
    try:
        filled = cells if lengths.all() else pc.if_else(flags_of(lengths > 0), cells, "0")
        return np.asarray(np.from_dlpack(pc.cast(filled, kind)))
    except pa.ArrowInvalid:  # `1-2`, `1.2.3`
        return None


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
            pattern = _KEY_INTEGER if key else INTEGER
            return Shape(match_whole(pattern), None, _read_bounds(constraints, read), pa.int64(), key)
        case "number" if constraints.keys() <= {"required", "unique", "minimum", "maximum"}:
            pattern = _KEY_NUMBER if key else NUMBER
            return Shape(match_whole(pattern), None, _read_bounds(constraints, read), pa.float64(), key)
        case "datetime" if constraints.keys() <= {"required", "unique"}:
            return Shape(match_whole(_DATETIME))
    return None


def match_whole(pattern: str) -> str:
    """Return the pattern of a whole cell."""
    return rf"\A(?:{pattern})\z"


def _read_bounds(constraints: Mapping[str, Any], read: Callable[[Any], Any]) -> tuple[float, float] | None:
    """Return floats beyond which no number of at most 15 digits breaks a bound."""
    bounds = [constraints.get(name) for name in ("minimum", "maximum")]
    if bounds == [None, None]:
        return None
    low, high = (
        end if bound is None else _step_over(read(bound), end) for bound, end in zip(bounds, _ENDS, strict=True)
    )
    return low, high


def _step_over(bound: Decimal | int, end: float) -> float:
    """Return the float of a bound; the next one towards the end where the bound itself is certainly allowed.

    Different numbers of at most 15 digits have different floats in the same order. Of other bounds it is only known
    that what lies beyond their floats lies beyond them.
    """
    return float(np.nextafter(float(bound), end) if _FEW_DIGITS.fullmatch(str(bound)) else bound)


def _are_texts(cells: pa.StringArray) -> np.ndarray:
    """Return which cells are not empty and begin no formula."""
    return np.asarray((lengths_of(cells) > 0) & ~_BEGINS_FORMULA[_list_first_bytes(cells)])


def _are_spelled_once(cells: pa.StringArray, kind: pa.DataType) -> bool:
    """Tell whether plain numbers are whole, not below zero and without zeros before them: no two spell the same."""
    return kind == pa.int64() and bool(np.all((_list_first_bytes(cells) > ord("0")) | (lengths_of(cells) <= 1)))


def _list_first_bytes(cells: pa.StringArray) -> np.ndarray:
    """Return the first byte of every cell; anything for an empty one."""
    codes = bytes_of(cells)
    starts = offsets_of(cells)[:-1]
    return codes[np.minimum(starts, codes.size - 1)] if codes.size else np.zeros(len(starts), np.uint8)

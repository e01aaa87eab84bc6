"""Shapes of cells against frictionless' own readers: what a shape lets pass, they read without an error."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import frictionless
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from portal.checks.cell_shape import find_shape, parse_numbers
from portal.checks.format_limits import fits_excel, is_exact

KINDS = {"integer": pa.int64(), "number": pa.float64()}
NEARLY_NUMBERS = st.text("0123456789-.", max_size=17) | st.text("05-.+eEx_ ,nNaAiIfF\u0660", max_size=6)


def match(type_: str, cells: list[str], *, key: bool = False, **constraints: Any) -> list[bool]:
    """Return which cells have the shape of a column."""
    descriptor = {"name": "a", "type": type_, "constraints": constraints}
    read = frictionless.Field.from_descriptor({"name": "a", "type": type_}).create_value_reader()
    shape = find_shape(descriptor, read, key=key)
    assert shape is not None
    return [bool(one) for one in shape.match(pa.array(cells, pa.string()))]


@settings(deadline=None, max_examples=150)
@given(text=NEARLY_NUMBERS, type_=st.sampled_from(["integer", "number"]))
@example("-", "integer").via("no digit")
@example(".", "number").via("no digit")
@example("-.", "number").via("no digit")
@example("0x10", "integer").via("Arrow reads it")
@example("1" * 16, "number").via("too many digits")
@example("-0.00000000000005", "number").via("too long")
def test_what_is_parsed_is_a_number_for_frictionless_and_exact(text: str, type_: str) -> None:
    read = frictionless.Field.from_descriptor({"name": "a", "type": type_}).create_cell_reader()
    # A slice, whose bytes stand in the midst of those of other cells.
    cells = pa.array(["x", text, "7", "", "y"], pa.string())[1:4]
    numbers = parse_numbers(cells, KINDS[type_])
    if numbers is None:
        assert not (text.isascii() and text.isdigit() and len(text) <= 15)
        return
    cell, notes = read(text)
    assert not notes
    if text:
        assert isinstance(cell, int | Decimal)
        assert is_exact(cell)
        assert fits_excel(cell)
    assert numbers.tolist() == [float(cell or 0), 7, 0]


@pytest.mark.parametrize(
    ("type_", "bounds", "cells", "fits"),
    [
        ("integer", {"minimum": 1}, ["1", "0", "2", "-1"], [True, False, True, False]),
        ("integer", {"maximum": "999999999999999"}, ["999999999999999", "5"], [True, True]),
        ("number", {"minimum": "0.1", "maximum": 0.3}, ["0.1", "0.3", "0.30000000000001", "0.09999999999999"],
         [True, True, False, False]),
        ("number", {"minimum": 0}, ["-0", "0", "-0.0000001"], [True, True, False]),
        # The float of these bounds is that of a number that they forbid: it is for frictionless to compare.
        ("number", {"minimum": "1e-400"}, ["0", "1"], [False, True]),
        ("number", {"minimum": "0.1000000000000000000001"}, ["0.1", "0.2"], [False, True]),
        ("number", {"maximum": "0.0999999999999999999999"}, ["0.1", "0.09"], [False, True]),
        ("number", {"maximum": "1e3"}, ["1000", "999"], [False, True]),
        ("number", {"maximum": "1e400"}, ["1000"], [True]),
        ("number", {"minimum": "NaN"}, ["1"], [False]),
    ],
)  # fmt: skip
def test_bounds_hold_to_the_last_digit(type_: str, bounds: dict[str, Any], cells: list[str], fits: list[bool]) -> None:
    assert match(type_, cells, **bounds) == fits
    # Beside a cell that is no plain number the pattern is asked; the answer is the same.
    assert match(type_, [*cells, "1" * 16], **bounds) == [*fits, False]


@pytest.mark.parametrize(
    ("type_", "cells", "fits"),
    [
        ("integer", ["10", "0", "9"], [True, True, True]),
        ("integer", ["10", "010", "-0", "-5", "00"], [True, False, False, True, False]),
        ("integer", ["10", ""], [True, False]),
        ("number", ["1", "1.0", "1.5", ".5", "0.5"], [True, False, True, False, True]),
    ],
)
def test_a_number_in_a_key_has_one_spelling(type_: str, cells: list[str], fits: list[bool]) -> None:
    assert match(type_, cells, key=True) == fits


def test_an_empty_column_has_no_cells_to_match() -> None:
    assert match("integer", []) == match("number", []) == match("string", []) == []

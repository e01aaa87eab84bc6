"""What the values in an address of the API may be: everything that Datasette or SQLite could choke on is said here.

Each function raises ApiError with one sentence where a value cannot be taken.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from datasette.utils import urlsafe_components

from portal.web.api_error import ApiError

if TYPE_CHECKING:
    from portal.api.api_schema import TableSchema

MAX_ROWS = 1_000
# A pattern is held against every text of a column sign by sign, and nothing can interrupt that.
MAX_PATTERN_BYTES = 200
MAX_TEXT_BYTES = 500
SHAPES = ("arrays", "objects", "array", "arrayfirst", "object")
_SWITCHES = ("on", "off", "true", "false", "1", "0")
_PATTERNS = {"contains", "notcontains", "startswith", "endswith", "like", "notlike", "glob"}
_COMPARISONS = {"gt", "gte", "lt", "lte"}
_LISTS = {"in", "notin"}
_SHOWN_CHARACTERS = 100
# Texts that SQLite reads as a number where a column has numbers; any other text is none of them.
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*", re.ASCII)
_LARGEST = 2**63 - 1  # SQLite's integers


def refuse_value(name: str, value: str, expected: str) -> ApiError:
    """Return the error of a value that cannot be; of a long one only the beginning is repeated."""
    shown = value if len(value) <= _SHOWN_CHARACTERS else value[:_SHOWN_CHARACTERS] + "…"
    return ApiError("bad-value", name=name, value=shown, expected=expected)


def check_switch(name: str, value: str) -> None:
    """Check an option that is on or off."""
    if value.lower() not in _SWITCHES:
        raise refuse_value(name, value, "on / off")


def check_size(name: str, value: str) -> None:
    """Check a number of rows."""
    if value == "max":
        return
    if not (value.isascii() and value.isdecimal()):
        raise refuse_value(name, value, f"0–{MAX_ROWS} / max")
    if read_number(value) > MAX_ROWS:
        raise ApiError("too-many-rows", limit=MAX_ROWS)


def read_number(digits: str) -> int:
    """Return the number that decimal digits write; everything too large for SQLite is the same number beyond it."""
    return int(digits) if len(digits) < len(str(_LARGEST)) + 1 else _LARGEST + 1


def check_text(name: str, value: str, limit: int = MAX_TEXT_BYTES) -> None:
    """Check the length of a text that is searched for, in bytes of UTF-8."""
    if len(value.encode()) > limit:
        raise ApiError("value-too-long", name=name, limit=limit)


def check_filter(name: str, lookup: str, value: str) -> None:
    """Check the value of a filter, as its comparison reads it."""
    if lookup in _PATTERNS:
        check_text(name, value, MAX_PATTERN_BYTES)
    elif lookup in _LISTS and value.startswith("["):
        _check_list(name, value)
    elif lookup in _COMPARISONS and value.isdigit() and not (value.isdecimal() and read_number(value) <= _LARGEST):
        raise refuse_value(name, value, f"≤ {_LARGEST}")


def check_numbers(name: str, lookup: str, value: str) -> None:
    """Check what a column of numbers is compared with: no row would be found by anything but a number."""
    if lookup in _LISTS:
        compared = json.loads(value) if value.startswith("[") else [one.strip() for one in value.split(",")]
    else:
        compared = [value] if lookup in {"exact", "not", *_COMPARISONS} else []
    if not all(isinstance(one, int | float) or _NUMBER.fullmatch(one) for one in compared):
        raise refuse_value(name, value, "1234.5")


def _check_list(name: str, value: str) -> None:
    try:
        values = json.loads(value)
    except (ValueError, RecursionError):  # no JSON, a number of thousands of digits; a list in lists in lists …
        values = None
    if not isinstance(values, list) or not all(_is_plain(one) for one in values):
        raise refuse_value(name, value, 'a,b,c / ["a", "b"]')


def _is_plain(value: object) -> bool:
    """Tell whether SQLite can take a value: a text that is one, a number that it can hold."""
    if isinstance(value, str):
        return not any("\ud800" <= sign <= "\udfff" or sign == "\0" for sign in value)
    return isinstance(value, float) or (isinstance(value, int) and -_LARGEST - 1 <= value <= _LARGEST)


def check_place(table: TableSchema, place: str, *, sorted_by: bool) -> None:
    """Check the place of a page: the key of the last row, after what it is sorted by; in a view a number of rows."""
    if table.view:
        good = place.isascii() and place.isdecimal() and read_number(place) <= _LARGEST
    else:
        good = len(urlsafe_components(place)) == max(len(table.key), 1) + sorted_by
    if not good:
        raise refuse_value("_next", place, "next")

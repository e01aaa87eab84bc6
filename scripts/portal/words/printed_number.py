"""Printed numbers: what a Vietnamese document means by the characters of a figure.

`.` groups thousands, `,` starts decimals: `1.738.517` is 1738517, `48,37%` is 48.37. `103/117` states two figures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

# A group never starts with nought: `0.579` is a misprint, of `0,579` or of something else.
_NUMBER = r"(?:[1-9][0-9]{0,2}(?:\.[0-9]{3})+|[0-9]+)(?:,[0-9]+)?"
_PRINTED = re.compile(rf"({_NUMBER})(?:/({_NUMBER}))?( ?%)?\Z")
_WORDS = {
    word: Decimal(value)
    for value, word in enumerate(("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín", "mười"))
}


class PrintedNumberError(ValueError):
    """Characters that are no number in the Vietnamese way, such as `1.33.520`."""


@dataclass(frozen=True, slots=True)
class PrintedNumber:
    """The figures of one print: one, or two for `a/b`; and whether a percent sign stands behind."""

    values: tuple[Decimal, ...]
    percent: bool = False


def parse_printed(text: str) -> PrintedNumber:
    """Parse a figure as printed; raise PrintedNumberError where it can be read in no or in several ways."""
    if (word := text.casefold()) in _WORDS:
        return PrintedNumber((_WORDS[word],))
    match = _PRINTED.match(text)
    if match is None:
        raise PrintedNumberError(text)
    values = tuple(_parse_one(part) for part in match.groups()[:2] if part is not None)
    return PrintedNumber(values, match[3] is not None)


def _parse_one(text: str) -> Decimal:
    return Decimal(text.replace(".", "").replace(",", "."))


def count_decimals(value: Decimal) -> int:
    """Return how many decimals a value was printed with."""
    return max(0, -int(value.as_tuple().exponent))

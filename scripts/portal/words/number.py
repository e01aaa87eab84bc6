"""Numbers as people write them: `1.234,5` in Vietnamese, `1,234.5` in English."""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import lru_cache
from typing import TYPE_CHECKING

from babel.numbers import format_decimal

if TYPE_CHECKING:
    from fractions import Fraction

    from portal.words.text import Language

MINUS = "\N{MINUS SIGN}"


def format_number(value: Decimal | int, language: Language) -> str:
    """Write `value` with every digit that it has: nothing rounded, no zero added or lost."""
    return _format(str(value), language)


@lru_cache(maxsize=10_000)
def _format(digits: str, language: Language) -> str:
    number = Decimal(digits)
    decimals = max(0, -int(number.as_tuple().exponent))
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    with localcontext(prec=max(28, number.adjusted() + decimals + 2)):  # as many digits as will be written
        return format_decimal(number, format=pattern, locale=language).replace("-", MINUS)


def format_size(size: int, language: Language) -> str:
    """Write a size in bytes with the decimal units that file managers and browsers show."""
    for unit, factor in (("MB", 1_000_000), ("KB", 1_000)):
        if size >= factor:
            return f"{format_number(Decimal(size * 10 // factor) / 10, language)} {unit}"
    return f"{format_number(size, language)} B"


def format_exact(value: Fraction, places: int = 4) -> str:
    """Write a computed number for a message: rounded half up to `places`, without needless zeros."""
    scaled = Decimal(value.numerator) / Decimal(value.denominator)
    text = f"{scaled.quantize(Decimal(1).scaleb(-places)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text

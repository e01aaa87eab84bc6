"""Numbers as people write them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.words.number import MINUS, format_number, format_size

if TYPE_CHECKING:
    from portal.words.text import Language

SEPARATORS: dict[Language, tuple[str, str]] = {"vi": (".", ","), "en": (",", ".")}
# As many digits as a number of a table can have, and more than decimal's default of 28.
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**40), max_value=10**40) | st.builds(
    Decimal.scaleb, st.integers(-(10**20), 10**20).map(Decimal), st.integers(-20, 20)
)


@pytest.mark.parametrize(
    ("value", "vi", "en"),
    [
        (Decimal(5206720), "5.206.720", "5,206,720"),
        (Decimal("48.37"), "48,37", "48.37"),
        (Decimal("1234.50"), "1.234,50", "1,234.50"),
        (Decimal("-40.7"), "−40,7", "−40.7"),
        (Decimal("0.5"), "0,5", "0.5"),
        (Decimal(999), "999", "999"),
        (Decimal(1000), "1.000", "1,000"),
        (Decimal("1E+3"), "1.000", "1,000"),
        (0, "0", "0"),
        (-1200, "−1.200", "−1,200"),
    ],
)
def test_known_numbers(value: Decimal | int, vi: str, en: str) -> None:
    assert (format_number(value, "vi"), format_number(value, "en")) == (vi, en)


@pytest.mark.parametrize("language", ["vi", "en"])
@given(DECIMALS)
@example(Decimal("1E+40"))
@example(Decimal("123456789012345678901234567890.123456789"))
@example(Decimal("0.00000000000000000000000000000000000001"))
def test_a_written_number_is_the_same_number(language: Language, value: Decimal) -> None:
    group, point = SEPARATORS[language]
    written = format_number(value, language)
    whole, _, decimals = written.removeprefix(MINUS).partition(point)
    assert Decimal(written.replace(group, "").replace(point, ".").replace(MINUS, "-")) == value
    assert [len(part) for part in whole.split(group)[1:]] == [3] * whole.count(group)
    assert len(decimals) == max(0, -int(value.as_tuple().exponent))


@pytest.mark.parametrize(
    ("size", "vi", "en"),
    [
        (0, "0 B", "0 B"),
        (999, "999 B", "999 B"),
        (1000, "1 KB", "1 KB"),
        (1590, "1,5 KB", "1.5 KB"),
        (999_999, "999,9 KB", "999.9 KB"),
        (1_000_000, "1 MB", "1 MB"),
        (1_234_567_890, "1.234,5 MB", "1,234.5 MB"),
    ],
)
def test_sizes(size: int, vi: str, en: str) -> None:
    assert (format_size(size, "vi"), format_size(size, "en")) == (vi, en)

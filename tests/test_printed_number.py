"""Printed numbers: what is written the Vietnamese way is read back as itself, and nothing else is read at all."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.words.printed_number import PrintedNumber, PrintedNumberError, count_decimals, parse_printed

PLACES = st.integers(0, 6)


def write_vietnamese(value: Decimal, *, grouped: bool) -> str:
    """Write a number the Vietnamese way, digit by digit and without the product's own formatting."""
    whole, _, decimals = f"{value:f}".partition(".")
    if grouped:
        start = len(whole) % 3
        groups = [whole[:start]] if start else []
        groups += [whole[place : place + 3] for place in range(start, len(whole), 3)]
        whole = ".".join(groups)
    return f"{whole},{decimals}" if decimals else whole


@st.composite
def printed(draw: st.DrawFn) -> tuple[Decimal, str]:
    """Return a number and one of its prints."""
    digits, places = draw(st.integers(0, 10**15)), draw(PLACES)
    value = Decimal(digits).scaleb(-places)
    return value, write_vietnamese(value, grouped=draw(st.booleans()))


@given(printed(), st.sampled_from(["", "%", " %"]))
def test_what_was_written_is_read_back(number: tuple[Decimal, str], percent: str) -> None:
    value, text = number

    result = parse_printed(text + percent)

    assert result == PrintedNumber((value,), bool(percent))
    assert count_decimals(result.values[0]) == count_decimals(value)


@given(printed(), printed(), st.sampled_from(["", "%", " %"]))
def test_a_pair_is_read_back_in_its_order(
    first: tuple[Decimal, str], second: tuple[Decimal, str], percent: str
) -> None:
    assert parse_printed(f"{first[1]}/{second[1]}{percent}") == PrintedNumber((first[0], second[0]), bool(percent))


@pytest.mark.parametrize(
    ("text", "values", "percent"),
    [
        ("0", ("0",), False),
        ("09", ("9",), False),
        ("224783", ("224783",), False),
        ("1.738.517", ("1738517",), False),
        ("127.980,9", ("127980.9",), False),
        ("0,5796", ("0.5796",), False),
        ("100,0", ("100.0",), False),
        ("1234,5", ("1234.5",), False),
        ("48,37%", ("48.37",), True),
        ("19,8 %", ("19.8",), True),
        ("103/117", ("103", "117"), False),
        ("1.200/1.300", ("1200", "1300"), False),
        ("0/0", ("0", "0"), False),
        ("một", ("1",), False),
        ("Một", ("1",), False),
        ("không", ("0",), False),
        ("năm", ("5",), False),
        ("mười", ("10",), False),
    ],
)
def test_good_prints(text: str, values: tuple[str, ...], percent: bool) -> None:
    result = parse_printed(text)

    assert result == PrintedNumber(tuple(map(Decimal, values)), percent)
    # As printed, also to the last decimal: `100,0` is not `100`.
    assert [str(value) for value in result.values] == list(values)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "..", ".", ",", "%", "/", "1.33.520", "1,2,3", "12.34", "1.2345", "1234.567", "1.234.56", "1,234.5",
        "0.579", "000.123", "1.", "1,", ".5", ",5", "1..000", "1.000,", "-5", "+5", "1e3", "1 000", " 5", "5 ", "5\n",
        "5  %", "5%%", "%5", "5 phần trăm", "1/2/3", "1/", "/2", "1 / 2", "một/hai", "một %", "mười một",
        "mo\u0302\u0323t", "٣", "²", "１２", "NaN", "Infinity", "0x10", "1_000", "12O", "l2",
    ],
)  # fmt: skip
def test_bad_prints_are_refused_by_name(text: str) -> None:
    with pytest.raises(PrintedNumberError) as caught:
        parse_printed(text)
    assert str(caught.value) == text


@given(st.one_of(st.text(), st.text("0123456789.,/% -+"), st.from_regex(r"[0-9.,]{1,12}[/ ]?[0-9.,]{0,12} ?%?\Z")))
def test_arbitrary_text_is_a_number_or_a_printed_number_error(text: str) -> None:
    try:
        result = parse_printed(text)
    except PrintedNumberError:
        return
    assert len(result.values) in {1, 2}
    assert all(value.is_finite() and value >= 0 for value in result.values)
    assert result.percent == text.endswith("%")


@given(st.text("0123456789.,/% ", max_size=14))
def test_every_figure_that_is_read_has_one_reading_only(text: str) -> None:
    try:
        result = parse_printed(text)
    except PrintedNumberError:
        return
    for part, value in zip(text.rstrip("% ").split("/"), result.values, strict=True):
        # `007` is read as 7; apart from such noughts in front the print can be told from the value.
        whole, comma, decimals = part.partition(",")
        spoken = (whole.lstrip("0") or "0") + comma + decimals
        assert spoken == write_vietnamese(value, grouped="." in part)


@pytest.mark.parametrize(
    ("value", "decimals"), [("30", 0), ("30.0", 1), ("0.5796", 4), ("-1.10", 2), ("1E+3", 0), ("0", 0), ("0.00", 2)]
)
def test_decimals_are_counted_as_printed(value: str, decimals: int) -> None:
    assert count_decimals(Decimal(value)) == decimals

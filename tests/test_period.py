"""Periods: what parses, into which days, and in which words."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.words.period import PeriodError, format_day, format_period, parse_period, say_period

DAYS = st.dates()
QUARTERS = st.builds(lambda day, quarter: f"{day.year:04}-Q{quarter}", DAYS, st.integers(1, 4))
SIMPLE = DAYS.map(date.isoformat) | DAYS.map(lambda day: f"{day:%Y}".zfill(4)) | QUARTERS | DAYS.map(
    lambda day: f"{day.year:04}-{day.month:02}"
)  # fmt: skip
ALMOST = st.text(st.sampled_from("0123456789-/.Q \n٢T"), max_size=24)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2020", date(2020, 1, 1), date(2020, 12, 31)),
        ("2020-12", date(2020, 12, 1), date(2020, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2023-07-31", date(2023, 7, 31), date(2023, 7, 31)),
        ("2025-Q1", date(2025, 1, 1), date(2025, 3, 31)),
        ("2025-Q4", date(2025, 10, 1), date(2025, 12, 31)),
        ("2025-03-01/2025-04-26", date(2025, 3, 1), date(2025, 4, 26)),
        ("2016/2020", date(2016, 1, 1), date(2020, 12, 31)),
        ("2020-11/2020", date(2020, 11, 1), date(2020, 12, 31)),
        ("2020-02-01/2020-02-01", date(2020, 2, 1), date(2020, 2, 1)),
        ("2021/..", date(2021, 1, 1), None),
        ("9999", date(9999, 1, 1), date(9999, 12, 31)),
    ],
)
def test_days_of_a_period(text: str, start: date, end: date | None) -> None:
    period = parse_period(text)
    assert (period.text, period.start, period.end) == (text, start, end)


@pytest.mark.parametrize(
    "text",
    [
        "", " 2020", "2020 ", "2020\n", "20", "02020", "0000", "2020-13", "2020-00", "2020-1", "2021-02-29",
        "2020-06-31", "2020-Q0", "2020-Q5", "2020-q1", "2020Q1", "2021/2020", "2020-06/2020-05",
        "2020-12-31/2020-12-30", "2020/",
        "/2020", "../2020", "..", "2020/..x", "2020/../2021", "2020//2021", "2020-W05", "2020-12-31T00:00", "٢٠٢٠",
        "năm 2020",
    ],
)  # fmt: skip
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(PeriodError):
        parse_period(text)


@given(SIMPLE)
def test_a_simple_form_contains_its_days(text: str) -> None:
    period = parse_period(text)
    assert period.text == text
    assert period.end is not None
    assert period.start <= period.end
    assert text.startswith(f"{period.start.year:04}")
    assert (period.end - period.start).days <= 365


@given(SIMPLE, SIMPLE)
def test_an_interval_runs_from_the_start_of_one_to_the_end_of_the_other(first: str, last: str) -> None:
    start, end = parse_period(first).start, parse_period(last).end
    assert end is not None
    if end < start:
        with pytest.raises(PeriodError):
            parse_period(f"{first}/{last}")
    else:
        interval = parse_period(f"{first}/{last}")
        assert (interval.start, interval.end) == (start, end)


@given(st.text() | ALMOST)
@example("2020-12-31\u0000")
@example("9" * 5000)
def test_any_text_parses_or_raises_period_error(text: str) -> None:
    try:
        period = parse_period(text)
    except PeriodError:
        return
    assert period.text == text
    assert period.end is None or period.start <= period.end
    assert all(format_period(text, language) for language in ("vi", "en"))


def test_the_newest_period_sorts_last() -> None:
    texts = ["2021/..", "2020", "2020-12-31", "2020-Q4", "2019/2021", "2021-01-01"]
    ordered = sorted(texts, key=lambda text: parse_period(text).sort_key)
    assert ordered == ["2020", "2020-Q4", "2020-12-31", "2021-01-01", "2019/2021", "2021/.."]


@pytest.mark.parametrize(
    ("text", "vi", "en"),
    [
        ("2020", "2020", "2020"),
        ("2020-02", "tháng 2/2020", "February 2020"),
        ("2025-Q1", "quý I/2025", "Q1 2025"),
        ("2025-Q4", "quý IV/2025", "Q4 2025"),
        ("2023-07-31", "31/7/2023", "31 July 2023"),
        ("2016/2020", "2016 – 2020", "2016 – 2020"),
        ("2025-03-01/2025-04-26", "1/3/2025 – 26/4/2025", "1 March 2025 – 26 April 2025"),
        ("2021/..", "từ 2021", "from 2021"),
        ("2021-06/..", "từ tháng 6/2021", "from June 2021"),
    ],
)
def test_words_of_a_period(text: str, vi: str, en: str) -> None:
    assert (format_period(text, "vi"), format_period(text, "en")) == (vi, en)


@given(DAYS)
def test_a_vietnamese_day_reads_back(day: date) -> None:
    number, month, year = map(int, format_day(day, "vi").split("/"))
    assert date(year, month, number) == day
    assert day - timedelta(days=day.day - 1) == date(day.year, day.month, 1)


@pytest.mark.parametrize(
    ("text", "vi", "en"),
    [
        ("2020", "Năm 2020", "In 2020"),
        ("2020-12", "Tháng 12/2020", "In December 2020"),
        ("2023-07-31", "Ngày 31/7/2023", "On 31 July 2023"),
        ("2025-Q1", "Quý I/2025", "In Q1 2025"),
        ("2016/2020", "Từ năm 2016 đến năm 2020", "From 2016 to 2020"),
        ("2025-03-01/2025-04-26", "Từ ngày 1/3/2025 đến ngày 26/4/2025", "From 1 March 2025 to 26 April 2025"),
        ("2021/..", "Từ năm 2021", "From 2021"),
    ],
)
def test_a_period_opens_a_sentence(text: str, vi: str, en: str) -> None:
    assert say_period(text, "vi") == vi
    assert say_period(text, "en") == en

"""Periods of observations: the ISO 8601 forms of the indicator profile, parsed and put into words."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from babel.dates import format_date

from portal.words.text import capitalise

if TYPE_CHECKING:
    from portal.words.text import Language

_YEAR = re.compile(r"(\d{4})\Z", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d{2})\Z", re.ASCII)
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})\Z", re.ASCII)
_QUARTER = re.compile(r"(\d{4})-Q([1-4])\Z", re.ASCII)
OPEN_END = ".."
_ROMAN = ("I", "II", "III", "IV")


class PeriodError(ValueError):
    """A period that is not one of the forms of the profile, or ends before it starts."""


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of days, both ends included; `end` is None where it is open (`2021/..`)."""

    text: str
    start: date
    end: date | None

    @property
    def sort_key(self) -> tuple[date, date, str]:
        """Order by end (open last), then start: the newest statement sorts last."""
        return (self.end or date.max, self.start, self.text)


def parse_period(text: str) -> Period:
    """Parse `2020`, `2020-12`, `2023-07-31`, `2025-Q1`, `A/B` and `A/..`; raise PeriodError otherwise."""
    first, slash, last = text.partition("/")
    start, end = _parse_simple(first)
    if not slash:
        return Period(text, start, end)
    if last == OPEN_END:
        return Period(text, start, None)
    finish = _parse_simple(last)[1]
    if finish < start:
        raise PeriodError(f"{last} < {first}")
    return Period(text, start, finish)


def _parse_simple(text: str) -> tuple[date, date]:
    try:
        if match := _YEAR.match(text):
            year = int(match[1])
            return date(year, 1, 1), date(year, 12, 31)
        if match := _QUARTER.match(text):
            year, quarter = int(match[1]), int(match[2])
            return date(year, 3 * quarter - 2, 1), _month_end(year, 3 * quarter)
        if match := _MONTH.match(text):
            year, month = int(match[1]), int(match[2])
            return date(year, month, 1), _month_end(year, month)
        if match := _DAY.match(text):
            day = date(int(match[1]), int(match[2]), int(match[3]))
            return day, day
    except ValueError as error:
        raise PeriodError(str(error)) from error
    raise PeriodError(text)


def _month_end(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


def format_period(text: str, language: Language) -> str:
    """Put a valid period into words: `2025-Q1` is "quý I/2025" and "Q1 2025"."""
    first, slash, last = text.partition("/")
    if not slash:
        return _format_simple(first, language)
    if last == OPEN_END:
        start = _format_simple(first, language)
        return f"từ {start}" if language == "vi" else f"from {start}"
    return f"{_format_simple(first, language)} – {_format_simple(last, language)}"


def say_period(text: str, language: Language) -> str:
    """Put a valid period into words that open a sentence: "Năm 2020", "On 28 April 2025", "From 2018 to 2020"."""
    first, slash, last = text.partition("/")
    start = _name_time(first, language)
    if not slash:
        if language == "vi":
            return capitalise(start)
        return f"{'On' if _DAY.match(first) else 'In'} {start}"
    if last == OPEN_END:
        return f"{'Từ' if language == 'vi' else 'From'} {start}"
    end = _name_time(last, language)
    return f"Từ {start} đến {end}" if language == "vi" else f"From {start} to {end}"


def _name_time(text: str, language: Language) -> str:
    """Return a year, quarter, month or day as it stands in a sentence: in Vietnamese with its noun."""
    words = _format_simple(text, language)
    noun = "năm " if _YEAR.match(text) else "ngày " if _DAY.match(text) else ""
    return f"{noun}{words}" if language == "vi" else words


def _format_simple(text: str, language: Language) -> str:
    start, _ = _parse_simple(text)
    if _YEAR.match(text):
        return text
    if match := _QUARTER.match(text):
        number = int(match[2])
        return f"quý {_ROMAN[number - 1]}/{match[1]}" if language == "vi" else f"Q{number} {match[1]}"
    if _MONTH.match(text):
        return f"tháng {start.month}/{start.year}" if language == "vi" else f"{start:%B %Y}"
    return format_day(start, language)


def format_day(day: date, language: Language) -> str:
    """Write a date as its readers do: 31/7/2023 and 31 July 2023."""
    return format_date(day, "d/M/y" if language == "vi" else "d MMMM y", locale=language)

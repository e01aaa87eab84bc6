"""Periods read back: the words of a page as the ISO 8601 period of the package, by a grammar of their own.

`từ tháng 3/2021` and `from March 2021` are `2021-03/..`; what is no period stays as it is, so that it differs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.words.text import Language

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_QUARTERS = ("I", "II", "III", "IV")
_BETWEEN = " \N{EN DASH} "
_FROM: Mapping[Language, str] = {"vi": "từ ", "en": "from "}
_Say = Callable[[re.Match[str]], str]
_YEAR: tuple[str, _Say] = (r"(\d{4})", lambda found: found[1])
_MONTH_NAMES = "|".join(MONTHS)
_FORMS: Mapping[Language, tuple[tuple[str, _Say], ...]] = {
    "vi": (
        _YEAR,
        (r"tháng (\d{1,2})/(\d{4})", lambda found: f"{found[2]}-{int(found[1]):02}"),
        (r"quý (IV|I{1,3})/(\d{4})", lambda found: f"{found[2]}-Q{_QUARTERS.index(found[1]) + 1}"),
        (r"(\d{1,2})/(\d{1,2})/(\d{4})", lambda found: f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}"),
    ),
    "en": (
        _YEAR,
        (rf"({_MONTH_NAMES}) (\d{{4}})", lambda found: f"{found[2]}-{MONTHS.index(found[1]) + 1:02}"),
        (r"Q([1-4]) (\d{4})", lambda found: f"{found[2]}-Q{found[1]}"),
        (
            rf"(\d{{1,2}}) ({_MONTH_NAMES}) (\d{{4}})",
            lambda found: f"{found[3]}-{MONTHS.index(found[2]) + 1:02}-{int(found[1]):02}",
        ),
    ),
}


def read_shown_period(text: str, language: Language) -> str:
    """Return the period that words of a page mean, as the package writes it; another text as it is."""
    begin, between, end = text.partition(_BETWEEN)
    if between:
        return f"{_read_simple(begin, language)}/{_read_simple(end, language)}"
    if text.startswith(_FROM[language]):
        return f"{_read_simple(text.removeprefix(_FROM[language]), language)}/.."
    return _read_simple(text, language)


def _read_simple(text: str, language: Language) -> str:
    for form, say in _FORMS[language]:
        if found := re.fullmatch(form, text, re.ASCII):
            return say(found)
    return text

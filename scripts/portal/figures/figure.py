"""Figures in words: an observation as a reader meets it, with qualifier, unit and direction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.data.observation import LEVEL, TOTAL
from portal.words.number import format_number
from portal.words.period import format_period
from portal.words.wording import say

if TYPE_CHECKING:
    from collections.abc import Collection
    from decimal import Decimal

    from portal.data.observation import Observation
    from portal.figures.catalog import Catalog
    from portal.words.text import Language

NO_BREAK = "\N{NO-BREAK SPACE}"
# Transforms whose words give the direction, so that the number needs no sign; and those with words of their own.
_DIRECTED = frozenset({"yoy_change_pct", "change_vs_plan_pct", "yoy_change_places"})
_WORDED = frozenset({"pct_of_plan", "yoy_index_pct"})


def format_figure(one: Observation, catalog: Catalog, language: Language) -> str:
    """Return `48,37%`, `trên 3.000 máy`, `hạng 32`, `giảm 1,1%`, `110,75% kế hoạch`; never a bare bound."""
    if one.value is None:
        return say("unreadable", language, as_stated=one.as_stated)
    amount = _qualify(one, _format_amount(one, one.value, catalog, language), catalog, language)
    if one.transform == LEVEL:
        return amount
    if one.transform in _DIRECTED:
        return say(f"transform_{one.transform}_{_name_direction(one, one.value)}", language, amount=amount)
    if one.transform in _WORDED:
        return say(f"transform_{one.transform}", language, amount=amount)
    # A code list may grow before the words do.
    return f"{amount} ({catalog.label('transforms', one.transform).get(language)})"


def _name_direction(one: Observation, value: Decimal) -> str:
    """Return which words tell of a change; a change of nought has no direction, and is none where it is exact."""
    if value:
        return "down" if value < 0 else "up"
    return "same" if one.qualifier == "exact" else "around"


def _format_amount(one: Observation, value: Decimal, catalog: Catalog, language: Language) -> str:
    number = format_number(abs(value) if one.transform in _DIRECTED else value, language)
    if one.unit == "rank":
        return say("rank_top" if one.qualifier == "at_most" else "rank", language, number=number)
    symbol = catalog.word("units", one.unit, "symbol").get(language)
    if symbol == "%":
        return f"{number}%"
    return f"{number}{NO_BREAK}{symbol}" if symbol else number


def _qualify(one: Observation, text: str, catalog: Catalog, language: Language) -> str:
    if one.qualifier == "exact" or (one.unit == "rank" and one.qualifier == "at_most"):
        return text
    return f"{catalog.label('qualifiers', one.qualifier).get(language)} {text}"


def describe_observation(one: Observation, catalog: Catalog, language: Language) -> str:
    """Return what is measured, split by its dimensions: `Số dịch vụ công – Mức độ 4`."""
    measure = catalog.label("measures", one.measure).get(language)
    parts = label_parts(one, catalog, language)
    return " – ".join(filter(None, [measure, *parts, name_area(one, catalog, language)]))


def label_parts(
    one: Observation, catalog: Catalog, language: Language, without: Collection[str] = frozenset()
) -> list[str]:
    """Return the names of the parts that an observation is of, but for some dimensions; a total is no part."""
    parts = [(name, code) for name, code in one.dimensions if code and code != TOTAL and name not in without]
    return [catalog.label_part(one.dataset, name, code).get(language) for name, code in parts]


def name_area(one: Observation, catalog: Catalog, language: Language) -> str:
    """Return the name of an area inside the province; empty for the province, which goes without saying."""
    inside = catalog.word("areas", one.area, "parent").vi
    return catalog.label("areas", one.area).get(language) if inside else ""


def say_when(one: Observation, language: Language) -> str:
    """Return the period in words; an open one of a target has no deadline."""
    if one.status == "target" and one.period.end is None:
        return say("no_deadline", language)
    return format_period(one.period_text, language)

"""Progress: how far a result lies on the way to its target, as places on a track that a page draws.

A track needs two natural ends: none and all of a share, last and first of a ranking. Where the figures give none,
there is no picture; a track without a result shows the target alone, never a bar of length zero.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from portal.charts.chart_choice import PLACES, POINT_QUALIFIERS, RANK
from portal.data.observation import LEVEL
from portal.figures.figure import format_figure

if TYPE_CHECKING:
    from portal.data.observation import Observation
    from portal.figures.catalog import Catalog
    from portal.words.text import Language

_ALL = Decimal(100)


@dataclass(frozen=True, slots=True)
class Progress:
    """Places of a target and of the result beside it, from 0 to 100, on a track whose ends are named.

    `bounded` says that the document gives a bound and no exact result.
    """

    start: str
    end: str
    target: float
    reached: float | None
    bounded: bool


def measure_progress(
    target: Observation,
    actual: Observation | None,
    rows: tuple[Observation, ...],
    catalog: Catalog,
    language: Language,
) -> Progress | None:
    """Return where a target and its result lie, or None where no track can be drawn."""
    ends = _find_ends(target, actual, rows)
    if ends is None or target.value is None:
        return None
    place = _place(target.value, ends)
    reached = _place(actual.value, ends) if actual and actual.value is not None else None
    if not 0 <= place <= 1 or not 0 <= (reached or 0) <= 1:
        return None
    start, end = (_name(value, target, catalog, language) for value in ends)
    return Progress(
        start,
        end,
        round(100 * place, 2),
        None if reached is None else round(100 * reached, 2),
        bool(actual and actual.qualifier not in POINT_QUALIFIERS),
    )


def _find_ends(
    target: Observation, actual: Observation | None, rows: tuple[Observation, ...]
) -> tuple[Decimal, Decimal] | None:
    """Return the values at which the track starts and ends."""
    if target.transform != LEVEL:
        return None
    if target.unit == "percent":
        return Decimal(0), _ALL
    if target.unit != RANK or actual is None:
        return None
    places = [
        one.value
        for one in rows
        if one.measure == PLACES and (one.period_text, one.area) == (actual.period_text, actual.area)
    ]
    return (places[0], Decimal(1)) if places and places[0] and places[0] > 1 else None


def _place(value: Decimal, ends: tuple[Decimal, Decimal]) -> float:
    start, end = ends
    return float((value - start) / (end - start))


def _name(value: Decimal, like: Observation, catalog: Catalog, language: Language) -> str:
    plain = replace(like, value=value, qualifier="exact", status="actual", flags=())
    return format_figure(plain, catalog, language)

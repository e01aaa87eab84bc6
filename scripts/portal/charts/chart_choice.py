"""Which figures of a dataset deserve a chart, and of which kind (data-model.md, rule 8).

A breakdown is one measure in one period, split into at least three parts; a series is one measure over time. Only
levels are drawn, growth and plan figures never beside them. Where neither is found a number says more.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from portal.data.observation import LEVEL, TOTAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from portal.data.observation import Observation
    from portal.data.package import Package
    from portal.figures.catalog import Catalog

    # By period, area and perhaps dimensions.
    Places = Mapping[tuple[object, ...], int]

MIN_PARTS = 3
MIN_POINTS = 3
MIN_RESULTS_BESIDE_TARGET = 2
RANK = "rank"
AREA = "area"
TARGET = "target"
# The measure that says how many places a ranking has.
PLACES = "provinces_ranked"
# The dimension whose two codes are the ends of one range.
BOUND, LOWER, UPPER = "bound", "lower", "upper"
POINT_QUALIFIERS = frozenset({"exact", "about"})
# Where one period is stated several times over, the surest statement is drawn.
_SURENESS = {"actual": 3, "derived": 2, "estimate": 1, TARGET: 0}
# Months, quarters and half-years differ that much in length; flows over other intervals do not compare.
_LENGTH_RATIO = 1.2
# Beyond these a place in pixels cannot be computed.
_LEAST, _LARGEST = 1e-300, 1e300


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a breakdown: a figure, or the lower end of a range with its upper end."""

    one: Observation
    upper: Observation | None = None

    @property
    def low(self) -> float:
        """Return the figure, or where its range begins."""
        return to_float(self.one)

    @property
    def high(self) -> float:
        """Return the figure, or where its range ends."""
        return to_float(self.upper or self.one)


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The parts of one measure in one period; `dimension` tells them apart, `places` is how long a ranking is."""

    dimension: str
    parts: tuple[Part, ...]
    missing: tuple[Observation, ...]
    places: int | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """One measure over time: results in order, and targets, which are never joined to them."""

    results: tuple[Observation, ...]
    targets: tuple[Observation, ...]
    missing: tuple[Observation, ...]
    places: int | None = None

    @property
    def joined(self) -> bool:
        """Tell whether enough periods are known for a line."""
        return sum(one.qualifier in POINT_QUALIFIERS for one in self.results) >= MIN_POINTS


def to_float(one: Observation) -> float:
    """Return the value as charts need it; not finite where there is none, or none that can be drawn."""
    return math.nan if one.value is None else float(one.value)


def choose_chart(package: Package, observations: Sequence[Observation], catalog: Catalog) -> Breakdown | Series | None:
    """Return what is worth drawing of the headline's measure: a series, else a breakdown, else targets."""
    if package.headline is None:
        return None
    levels = [one for one in observations if one.measure == package.headline.measure and one.transform == LEVEL]
    places = _index_places(observations)
    where = dict(package.headline.where)
    series = _choose_series(list(_find_series(levels, places)), where, catalog)
    if series and series.joined:
        return series
    breakdowns = _find_breakdowns(levels, places, catalog)
    return max(breakdowns, key=lambda one: _rank_breakdown(one, where), default=None) or series


def _index_places(observations: Iterable[Observation]) -> Places:
    """Return how many places rankings have, by period, area and dimensions, and by period and area alone."""
    places: dict[tuple[object, ...], int] = {}
    for one in observations:
        if one.measure == PLACES and one.transform == LEVEL and math.isfinite(to_float(one)):
            count = int(to_float(one))
            places.setdefault((one.period_text, one.area, one.dimensions), count)
            if all(code in {"", TOTAL} for _, code in one.dimensions):
                places.setdefault((one.period_text, one.area), count)
    return places


def _count_places(one: Observation, places: Places) -> int | None:
    alone = one.period_text, one.area
    return places.get((*alone, one.dimensions), places.get(alone)) if one.unit == RANK else None


# --- breakdowns -------------------------------------------------------------------------------------------------


def _find_breakdowns(levels: Iterable[Observation], places: Places, catalog: Catalog) -> Iterator[Breakdown]:
    groups: dict[tuple[object, ...], list[Observation]] = defaultdict(list)
    for one in levels:
        for dimension, key in _list_splits(one, catalog):
            groups[dimension, one.period_text, one.unit, one.status, key].append(one)
    for key, group in groups.items():
        if breakdown := _make_breakdown(str(key[0]), group, places):
            yield breakdown


def _list_splits(one: Observation, catalog: Catalog) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Yield each dimension that an observation is a part of, and what its other parts have in common with it."""
    dimensions = [(name, code) for name, code in one.dimensions if name != BOUND]
    for name, code in dimensions:
        if code and code != TOTAL:
            yield name, (one.area, *(pair for pair in dimensions if pair[0] != name))
    if parent := catalog.word("areas", one.area, "parent").vi:
        yield AREA, (parent, *dimensions)


def _make_breakdown(dimension: str, group: Sequence[Observation], places: Places) -> Breakdown | None:
    """Return the parts of a group, each once; None where two statements differ or nothing is told apart."""
    by_code: dict[str, dict[str, Observation]] = defaultdict(dict)
    if not all(_keep(by_code[one.cell(dimension)], one) for one in group):
        return None
    missing = tuple(one for ends in by_code.values() for one in ends.values() if one.value is None)
    known = [{end: one for end, one in ends.items() if one.value is not None} for ends in by_code.values()]
    parts = [_make_part(ends) for ends in known if ends]
    lengths = {_count_places(one, places) for one in group}
    if len(parts) < MIN_PARTS or len(lengths) > 1 or not all(part and _is_drawable(part) for part in parts):
        return None
    drawn = tuple(part for part in parts if part)
    return None if _are_equal(drawn) else Breakdown(dimension, drawn, missing, next(iter(lengths)))


def _keep(ends: dict[str, Observation], one: Observation) -> bool:
    """Keep one statement of a part, or of an end of its range; tell whether it agrees with those kept before."""
    end = _name_end(one)
    before = ends.get(end)
    if before is None or before.value is None:
        ends[end] = one
        return True
    return one.value is None or (before.value, before.qualifier) == (one.value, one.qualifier)


def _name_end(one: Observation) -> str:
    """Return which end of a range an observation is; empty where it is a figure of its own."""
    end = dict(one.dimensions).get(BOUND, "")
    return end if end in {LOWER, UPPER} else ""


def _make_part(ends: Mapping[str, Observation]) -> Part | None:
    """Return the figure or the range that the statements of one part amount to; None for both at once."""
    if len(ends) == 1:
        return Part(next(iter(ends.values())))
    return None if "" in ends else Part(ends[LOWER], ends[UPPER])


def _is_drawable(part: Part) -> bool:
    sizes = [abs(value) for value in (part.low, part.high)]
    possible = all(size == 0 or _LEAST <= size <= _LARGEST for size in sizes)
    return possible and part.low <= part.high and (part.one.unit != RANK or part.low >= 1)


def _are_equal(parts: Iterable[Part]) -> bool:
    return len({(part.low, part.high, part.one.qualifier in POINT_QUALIFIERS) for part in parts}) == 1


def _rank_breakdown(one: Breakdown, where: Mapping[str, str]) -> tuple[object, ...]:
    """Order: results before targets, the newest, the surest, what is closest to the headline, the most parts."""
    first = one.parts[0].one
    fixed = [(name, code) for name, code in first.dimensions if name not in {one.dimension, BOUND}]
    closeness = sum(where.get(name, TOTAL) == code for name, code in fixed)
    sureness = _SURENESS.get(first.status, 0)
    return sureness > 0, first.period.sort_key, sureness, closeness, len(one.parts)


# --- series -----------------------------------------------------------------------------------------------------


def _choose_series(found: Sequence[Series], where: Mapping[str, str], catalog: Catalog) -> Series | None:
    """Return the newest series of what the headline is about; one of many parts would stand for none of the others."""
    close = [one for one in found if _is_close(one.results[0], where, catalog)] or (found if len(found) == 1 else [])
    return max(close, key=lambda one: (one.joined, one.results[-1].period.sort_key, len(one.results)), default=None)


def _is_close(one: Observation, where: Mapping[str, str], catalog: Catalog) -> bool:
    inside = bool(catalog.word("areas", one.area, "parent").vi)
    here = where[AREA] == one.area if AREA in where else not inside
    return here and all(where.get(name, TOTAL) == (code or TOTAL) for name, code in one.dimensions)


def _find_series(levels: Iterable[Observation], places: Places) -> Iterator[Series]:
    groups: dict[tuple[object, ...], list[Observation]] = defaultdict(list)
    for one in levels:
        if not _name_end(one):
            groups[one.unit, one.area, one.dimensions].append(one)
    for group in groups.values():
        targets = _keep_distinct(one for one in group if one.status == TARGET and one.value is not None)
        # Years do not share a line with months: results are told apart by the shape of their period.
        by_shape: dict[str, list[Observation]] = defaultdict(list)
        for one in group:
            if one.status != TARGET and one.period.end is not None:
                by_shape[re.sub("[0-9]", "0", one.period_text)].append(one)
        for stated in by_shape.values():
            if series := _make_series(stated, targets, places):
                yield series


def _keep_distinct(targets: Iterable[Observation]) -> tuple[Observation, ...]:
    """Return each target once though several documents state it, in the order of their deadlines."""
    distinct = {(one.period_text, one.value, one.qualifier): one for one in targets}
    return tuple(sorted(distinct.values(), key=lambda one: one.period.sort_key))


def _make_series(stated: Iterable[Observation], targets: tuple[Observation, ...], places: Places) -> Series | None:
    """Return results and targets in order; None where they are too few, overlap, differ or are all the same."""
    chosen = _keep_surest(stated)
    if chosen is None:
        return None
    results = tuple(one for one in chosen if one.value is not None)
    lengths = [count for one in results if (count := _count_places(one, places))]
    missing = tuple(one for one in chosen if one.value is None)
    series = Series(results, targets, missing, max(lengths, default=None))
    enough = series.joined or (len(results) >= MIN_RESULTS_BESIDE_TARGET and targets)
    drawn = [Part(one) for one in (*results, *targets)]
    distinct = len({part.low for part in drawn}) > 1
    return series if enough and distinct and _do_compare(results) and all(map(_is_drawable, drawn)) else None


def _keep_surest(stated: Iterable[Observation]) -> list[Observation] | None:
    """Return one statement for each period, in order of time; None where two equally sure ones differ."""
    chosen: dict[str, Observation] = {}
    for one in sorted(stated, key=lambda one: (one.value is None, -_SURENESS.get(one.status, 0))):
        kept = chosen.setdefault(one.period_text, one)
        if one.value is not None and one.status == kept.status and one.value != kept.value:
            return None
    return sorted(chosen.values(), key=lambda one: one.period.start)


def _do_compare(results: Sequence[Observation]) -> bool:
    """Tell whether periods follow each other and are about equally long."""
    spans = [(one.period.start, one.period.end or one.period.start) for one in results]
    lengths = [(end - start).days + 1 for start, end in spans]
    apart = all(start > end for (_, end), (start, _) in pairwise(spans))
    return apart and max(lengths) <= _LENGTH_RATIO * min(lengths)

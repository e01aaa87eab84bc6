"""The text alternative of a chart: what it shows, in a sentence, for those who do not see it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from portal.charts.chart_choice import Part
from portal.charts.chart_text import isolate_text
from portal.charts.chart_words import RANK, find_bound
from portal.figures.explanation import Results, explain_target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.charts.chart_choice import Breakdown, Series
    from portal.charts.chart_words import Speaker
    from portal.data.observation import Observation

# Of more parts that share a place only so many are named.
_NAMED = 3


def describe_breakdown(breakdown: Breakdown, cut: Sequence[str], speaker: Speaker) -> str:
    """Return the largest and the smallest part, or the best and the worst rank, and the names that had to be `cut`."""
    parts = breakdown.parts
    ranked = parts[0].one.unit == RANK
    least, most = _find_ends(parts)
    kind = "ranks" if ranked else "bars"
    key = f"chart_{kind}" if _are_certain(parts, least, most) else f"chart_{kind}_bounded"
    among = speaker.say("chart_among", places=speaker.number(breakdown.places)) if breakdown.places else ""
    sentence = speaker.say(
        "chart_alternative" if key == "chart_bars" else key,
        title=speaker.breakdown_title(breakdown),
        count=speaker.number(len(parts)),
        among=among,
        least=_name(least, breakdown.dimension, speaker),
        least_value=speaker.figure(least[0]),
        most=_name(most, breakdown.dimension, speaker),
        most_value=speaker.figure(most[0]),
    )
    unsaid = [name for name in cut if name not in sentence]
    return f"{sentence} {speaker.say('chart_full_names', names=speaker.join(unsaid))}" if unsaid else sentence


def _find_ends(parts: Sequence[Part]) -> tuple[list[Part], list[Part]]:
    """Return the parts with the least and those with the largest figure; several where they share it."""
    least, most = min(parts, key=lambda part: part.low), max(parts, key=lambda part: part.high)
    return [part for part in parts if _is_same(part, least)], [part for part in parts if _is_same(part, most)]


def _is_same(one: Part, other: Part) -> bool:
    return (one.low, one.high, one.one.qualifier) == (other.low, other.high, other.one.qualifier)


def _are_certain(parts: Sequence[Part], least: Sequence[Part], most: Sequence[Part]) -> bool:
    """Tell whether no bound leaves open which parts are the ends."""
    lowest, highest = least[0], most[0]
    below = all(_find_limits(lowest)[1] <= _find_limits(part)[0] for part in parts if not _is_same(part, lowest))
    above = all(_find_limits(highest)[0] >= _find_limits(part)[1] for part in parts if not _is_same(part, highest))
    return below and above


def _find_limits(part: Part) -> tuple[float, float]:
    """Return what the true value lies between."""
    bound = "none" if part.upper else find_bound(part.one)
    return -math.inf if bound == "below" else part.low, math.inf if bound == "above" else part.high


def _name(parts: Sequence[Part], dimension: str, speaker: Speaker) -> str:
    names = [isolate_text(speaker.name(part.one, dimension)) for part in parts[:_NAMED]]
    if len(parts) > _NAMED:
        names.append(speaker.say("chart_others", count=speaker.number(len(parts) - _NAMED)))
    return ", ".join(names)


def describe_series(series: Series, rows: tuple[Observation, ...], speaker: Speaker) -> str:
    """Return where a series begins and ends, its extremes between, and what became of its targets."""
    first, last = series.results[0], series.results[-1]
    sentence = speaker.say(
        f"chart_{_name_change(first, last)}",
        title=speaker.series_title(series),
        first=speaker.figure(Part(first)),
        first_when=speaker.when(first),
        last=speaker.figure(Part(last)),
        last_when=speaker.when(last),
    )
    results = Results(rows)
    targets = (_say_target(one, results, speaker) for one in series.targets)
    clauses = [sentence, *_say_extremes(series, speaker), *targets]
    return "; ".join(clauses) + "."


def _name_change(first: Observation, last: Observation) -> str:
    """Return which words tell of a change: none of them claims a direction that bounds leave open."""
    if first.value is None or last.value is None or {first.qualifier, last.qualifier} != {"exact"}:
        return "from_to"
    if first.value == last.value:
        return "same"
    rising = last.value > first.value
    if first.unit == RANK:
        return "rank_worse" if rising else "rank_better"
    return "rise" if rising else "fall"


def _say_extremes(series: Series, speaker: Speaker) -> list[str]:
    """Return the highest and the lowest figure where they lie between the ends."""
    inner = [Part(one) for one in series.results if find_bound(one) == "none"]
    ends = {series.results[0].value, series.results[-1].value}
    clauses = []
    for key, part in (("most", max(inner, key=_low, default=None)), ("least", min(inner, key=_low, default=None))):
        if part and part.one.value not in ends:
            word = f"rank_{key}" if part.one.unit == RANK else key
            figure = speaker.figure(part)
            clauses.append(speaker.say(f"chart_{word}", value=figure, when=speaker.when(part.one)))
    return clauses


def _low(part: Part) -> float:
    return part.low


def _say_target(target: Observation, results: Results, speaker: Speaker) -> str:
    """Return a target and its verdict: the one that the page of targets gives."""
    verdict = explain_target(target, results, speaker.catalog, speaker.language).words
    return speaker.say("chart_target", when=speaker.period(target), value=speaker.figure(Part(target)), verdict=verdict)

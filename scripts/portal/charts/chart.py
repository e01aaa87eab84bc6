"""Charts: the picture of a dataset in one language, with its specification and what it says in words.

What is drawn is chosen by `chart_choice`, worded by `chart_words` and `chart_alternative`, laid out by `chart_spec`,
`chart_ranks` and `chart_timeline`; Vega-Lite turns the specification into an SVG at build, which `chart_svg` makes
fit for a page.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import vl_convert

from portal.charts.chart_alternative import describe_breakdown, describe_series
from portal.charts.chart_choice import RANK, TARGET, Breakdown, Part, choose_chart, to_float
from portal.charts.chart_ranks import specify_ranks
from portal.charts.chart_spec import (
    MAX_LABEL,
    Row,
    is_cut,
    measure_label,
    specify_bars,
    title_specification,
)
from portal.charts.chart_svg import make_file, make_inline
from portal.charts.chart_text import clean_text
from portal.charts.chart_timeline import MAX_LABELS, Axis, Point, choose_ticks, specify_timeline, thin_points
from portal.charts.chart_words import Speaker, find_bound

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from portal.charts.chart_choice import Series
    from portal.charts.chart_spec import Specification
    from portal.data.observation import Observation
    from portal.data.package import Package
    from portal.figures.catalog import Catalog
    from portal.words.text import Language

# A phone shows no more bars without losing the first from sight.
MAX_PARTS = 20
# The version of Vega-Lite that the specifications are written for.
VERSION = "5.21"
_YEAR = 365.2425
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart in one language: title, notes on how to read it, what it shows, the picture, its documents' titles."""

    title: str
    notes: tuple[str, ...]
    alternative: str
    specification: dict[str, Any]
    svg: str
    inline_svg: str
    # The id, in a page, of the element that holds the text alternative.
    alternative_id: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A chart that is worded and laid out but not yet rendered."""

    title: str
    notes: list[str]
    alternative: str
    specification: Specification
    sources: tuple[str, ...]


def draw_chart(package: Package, catalog: Catalog, language: Language) -> Chart | None:
    """Draw the chart of a dataset in one language; None where a number says more."""
    rows = catalog.observations.get(package.name, ())
    choice = choose_chart(package, rows, catalog)
    if choice is None:
        return None
    speaker = Speaker(catalog, language)
    draft = _draft_breakdown(choice, speaker) if isinstance(choice, Breakdown) else _draft_series(choice, rows, speaker)
    return _render(draft, package, speaker) if draft else None


def _render(draft: _Draft, package: Package, speaker: Speaker) -> Chart:
    """Render twice: bare for a page that has title and notes of its own, and complete for those who take the file."""
    sources = [clean_text(speaker.catalog.label("sources", one).get(speaker.language)) for one in draft.sources]
    portal = clean_text(speaker.catalog.settings.title.get(speaker.language))
    source = speaker.say("chart_source", sources=speaker.join(sources), portal=portal)
    title = clean_text(package.title.get(speaker.language))
    whole = title_specification(draft.specification, title, [draft.title, *draft.notes], source, draft.alternative)
    alternative_id = f"chart-{package.name}"
    said = [str(one["said"]) for one in draft.specification["data"]["values"]]
    return Chart(
        title=draft.title,
        notes=tuple(draft.notes),
        alternative=draft.alternative,
        specification=whole,
        svg=make_file(_convert(whole), draft.title, draft.alternative),
        inline_svg=make_inline(_convert(draft.specification), alternative_id, said),
        alternative_id=alternative_id,
        sources=tuple(sources),
    )


def _convert(specification: Specification) -> str:
    text = json.dumps(specification, ensure_ascii=False, allow_nan=False)
    svg: str = vl_convert.vegalite_to_svg(text, vl_version=VERSION, allowed_base_urls=[])
    return svg


def _list_sources(observations: Iterable[Observation]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.source for one in observations))


# --- breakdowns -------------------------------------------------------------------------------------------------


def _draft_breakdown(breakdown: Breakdown, speaker: Speaker) -> _Draft | None:
    """Lay out bars or ranks; None where what is written beside them leaves no room to draw."""
    first = breakdown.parts[0].one
    ranked = first.unit == RANK
    shown = _choose_shown(breakdown.parts, ranked=ranked)
    rows = [_make_row(part, breakdown.dimension, speaker) for part in shown]
    if max(measure_label(row.label) for row in rows) > MAX_LABEL:
        return None
    specification = _specify_ranks(rows, breakdown, speaker) if ranked else specify_bars(rows)
    if specification is None:
        return None
    notes = [speaker.note_ranks(breakdown.places, "right")] if ranked else []
    notes += speaker.note_bounds(shown)
    if len(shown) < len(breakdown.parts):
        numbers = {"shown": speaker.number(len(shown)), "count": speaker.number(len(breakdown.parts))}
        notes.append(speaker.say("chart_note_best" if ranked else "chart_note_largest", **numbers))
    notes += speaker.note_missing(breakdown.missing, breakdown.dimension)
    return _Draft(
        title=speaker.breakdown_title(breakdown) + speaker.unit(first),
        notes=notes,
        alternative=describe_breakdown(breakdown, [row.name for row in rows if is_cut(row.name)], speaker),
        specification=specification,
        sources=_list_sources(part.one for part in shown),
    )


def _choose_shown(parts: Sequence[Part], *, ranked: bool) -> list[Part]:
    """Return all parts in the order of the file; of too many the largest, or the best ranks, in theirs."""
    if len(parts) <= MAX_PARTS:
        return list(parts)
    return sorted(parts, key=lambda part: part.low if ranked else -part.high)[:MAX_PARTS]


def _make_row(part: Part, dimension: str, speaker: Speaker) -> Row:
    bound = "range" if part.upper else find_bound(part.one)
    name = speaker.name(part.one, dimension)
    said = f"{name}: {speaker.figure(part)}"
    return Row(name, speaker.label(part), part.low, part.high, bound, said)


def _specify_ranks(rows: Sequence[Row], breakdown: Breakdown, speaker: Speaker) -> Specification:
    places = max(breakdown.places or 0, *(math.ceil(part.high) for part in breakdown.parts), 2)
    one = breakdown.parts[0].one
    best = speaker.say("chart_first_place", rank=speaker.tick(1, one))
    return specify_ranks(rows, places, (speaker.tick(places, one), best))


# --- series -----------------------------------------------------------------------------------------------------


def _draft_series(series: Series, rows: tuple[Observation, ...], speaker: Speaker) -> _Draft | None:
    """Lay out results over time; None where a label would be as wide as the drawing."""
    first = series.results[0]
    results, targets = _make_points(series.results, series, speaker), _make_points(series.targets, series, speaker)
    points = [*thin_points(results), *thin_points(targets)]
    axis, from_zero = _make_axis(series, speaker, few=len(points) <= MAX_LABELS)
    if (
        max(measure_label(text) for text in [*(point.label for point in points), *(t for _, t in axis.ticks)])
        > MAX_LABEL
    ):
        return None
    notes = [speaker.note_ranks(series.places, "up")] if first.unit == RANK else []
    notes += speaker.note_marks(series)
    notes += [] if from_zero else [speaker.say("chart_note_not_zero")]
    return _Draft(
        title=speaker.series_title(series) + speaker.unit(first),
        notes=[*notes, *speaker.note_missing(series.missing, "")],
        alternative=describe_series(series, rows, speaker),
        specification=specify_timeline(points, axis, joined=series.joined),
        sources=_list_sources([*series.results, *series.targets]),
    )


def _make_points(observations: Iterable[Observation], series: Series, speaker: Speaker) -> list[Point]:
    """Return results or targets as points; a period that cannot be read parts the line."""
    gaps = [one.period.start for one in series.missing]
    return [
        Point(
            when=_find_middle(one),
            period=speaker.period(one),
            value=to_float(one),
            label=speaker.label(Part(one)),
            status=one.status,
            bound="none" if one.status == TARGET else find_bound(one),
            segment=bisect_left(gaps, one.period.start),
            said=f"{speaker.when(one)}: {speaker.figure(Part(one))}",
        )
        for one in observations
    ]


def _find_middle(one: Observation) -> float | None:
    """Return the middle of a period in years; None where it has no end."""
    start, end = one.period.start, one.period.end
    return (
        None if end is None else round(_EPOCH.year + ((start - _EPOCH).days + (end - _EPOCH).days + 1) / 2 / _YEAR, 5)
    )


def _make_axis(series: Series, speaker: Speaker, *, few: bool) -> tuple[Axis, bool]:
    """Return the vertical axis, 1 at its top for ranks, and whether it starts at zero; few points need no names."""
    one = series.results[0]
    values = [each.value for each in (*series.results, *series.targets) if each.value is not None]
    if one.unit == RANK:
        places = max(series.places or 0, math.ceil(max(values)))
        return Axis(places, 1, tuple((rank, speaker.tick(rank, one)) for rank in (1, places))), True
    ticks = choose_ticks(values)
    from_zero = 0 in ticks
    named = [0] if few and from_zero else ticks
    texts = tuple((float(tick), "" if few and from_zero else speaker.tick(tick, one)) for tick in named)
    return Axis(float(ticks[0]), float(ticks[-1]), texts), from_zero

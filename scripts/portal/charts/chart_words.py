"""The words of a chart: names and labels in the drawing, its title, and notes on how to read it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from portal.charts.chart_choice import AREA, BOUND, TARGET
from portal.charts.chart_text import clean_text, isolate_text
from portal.figures.figure import describe_observation, format_figure, say_when
from portal.words.number import format_number
from portal.words.wording import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.charts.chart_choice import Breakdown, Part, Series
    from portal.charts.chart_spec import Bound
    from portal.data.observation import Observation
    from portal.figures.catalog import Catalog
    from portal.words.text import Language

RANK = "rank"
_BOUNDS: dict[str, Bound] = {"over": "above", "at_least": "above", "under": "below", "at_most": "below"}


# Of more figures that cannot be read only so many are named.
_NAMED = 6


def find_bound(one: Observation) -> Bound:
    """Return on which side the true value of a figure lies, where the document leaves that open."""
    return _BOUNDS.get(one.qualifier, "none")


@dataclass(frozen=True, slots=True)
class Speaker:
    """Puts charts of a catalogue into words of one language."""

    catalog: Catalog
    language: Language

    def say(self, key: str, **details: object) -> str:
        """Return the portal's own words."""
        return say(key, self.language, **details)

    # --- what stands in the drawing -----------------------------------------------------------------------------

    def name(self, one: Observation, dimension: str) -> str:
        """Return the name of a part."""
        if dimension == AREA:
            return clean_text(self.catalog.label("areas", one.area).get(self.language))
        return clean_text(self.catalog.label_part(one.dataset, dimension, one.cell(dimension)).get(self.language))

    def label(self, part: Part) -> str:
        """Return a figure with its qualifier, but without the unit, which the title gives."""
        if part.upper:
            ends = [replace(one, qualifier="exact") for one in (part.one, part.upper)]
            return " – ".join(self._write_amount(one) for one in ends)
        return self._write_amount(part.one)

    def _write_amount(self, one: Observation) -> str:
        plain = one if one.unit == RANK or self._symbol(one) == "%" else replace(one, unit="")
        return clean_text(format_figure(plain, self.catalog, self.language))

    def _symbol(self, one: Observation) -> str:
        return self.catalog.word("units", one.unit, "symbol").get(self.language)

    def tick(self, value: Decimal | int, one: Observation) -> str:
        """Return a value of an axis on which `one` stands."""
        return self._write_amount(replace(one, value=Decimal(value), qualifier="exact"))

    def period(self, one: Observation) -> str:
        """Return when a figure holds."""
        return clean_text(say_when(one, self.language))

    def when(self, one: Observation) -> str:
        """Return when a figure holds, and what it is where it is not simply a result."""
        return self.period(one) if one.status == "actual" else f"{self.period(one)}, {self.status(one)}"

    # --- titles -------------------------------------------------------------------------------------------------

    def breakdown_title(self, breakdown: Breakdown) -> str:
        """Return what is split into parts, and when."""
        first = breakdown.parts[0].one
        apart = {breakdown.dimension, BOUND}
        area = self.catalog.word("areas", first.area, "parent").vi if breakdown.dimension == AREA else first.area
        whole = replace(first, area=area, dimensions=tuple(pair for pair in first.dimensions if pair[0] not in apart))
        status = "" if first.status == "actual" else f" ({self.status(first)})"
        what = describe_observation(whole, self.catalog, self.language)
        return clean_text(f"{what}{status}, {self.period(first)}")

    def series_title(self, series: Series) -> str:
        """Return what is followed over time, from when to when."""
        dated = [one for one in (*series.results, *series.targets) if one.period.end]
        dated.sort(key=lambda one: one.period.sort_key)
        what = describe_observation(series.results[-1], self.catalog, self.language)
        return clean_text(f"{what}, {self.period(dated[0])} – {self.period(dated[-1])}")

    def unit(self, one: Observation) -> str:
        """Return the unit as the end of a title; empty where labels carry it or there is none."""
        symbol = self._symbol(one)
        return f" ({clean_text(symbol)})" if symbol not in {"", "%"} else ""

    def status(self, one: Observation) -> str:
        """Return the status inside a sentence."""
        label = self.catalog.label("statuses", one.status).get(self.language)
        return label[:1].lower() + label[1:]

    # --- notes --------------------------------------------------------------------------------------------------

    def note_bounds(self, parts: Sequence[Part]) -> list[str]:
        """Return what open bars mean, for the kinds of them that occur."""
        if parts[0].one.unit == RANK:
            is_open = any(part.upper or find_bound(part.one) != "none" for part in parts)
            return [self.say("chart_note_rank_bound")] if is_open else []
        notes = []
        for bound in ("above", "below"):
            found = [part.one for part in parts if not part.upper and find_bound(part.one) == bound]
            if found:
                notes.append(self.say(f"chart_note_{bound}", words=self._list_qualifiers(found)))
        return notes + ([self.say("chart_note_range")] if any(part.upper for part in parts) else [])

    def _list_qualifiers(self, found: Sequence[Observation]) -> str:
        words = [self.catalog.label("qualifiers", one.qualifier).get(self.language) for one in found]
        return ", ".join(self.say("quoted", text=word) for word in dict.fromkeys(words))

    def note_missing(self, missing: Sequence[Observation], dimension: str) -> list[str]:
        """Return which figures are not drawn because nobody can read them."""
        names = [self.name(one, dimension) if dimension else self.period(one) for one in missing[:_NAMED]]
        if len(missing) > _NAMED:
            names.append(self.say("chart_more", count=self.number(len(missing) - _NAMED)))
        return [self.say("chart_note_missing", names=self.join(names))] if names else []

    def note_ranks(self, places: int | None, direction: str) -> str:
        """Return where the better ranks are (`right` or `up`), and among how many."""
        where = self.say(f"chart_note_ranks_{direction}")
        return f"{self.say('chart_note_places', places=self.number(places))} {where}" if places else where

    def note_marks(self, series: Series) -> list[str]:
        """Return what the marks of a series mean, where they are not plain points."""
        statuses = {one.status for one in (*series.results, *series.targets)}
        bounds = [one for one in series.results if find_bound(one) != "none"]
        notes = [self.say(f"chart_note_{status}") for status in ("derived", "estimate", TARGET) if status in statuses]
        return notes + ([self.say("chart_note_triangle", words=self._list_qualifiers(bounds))] if bounds else [])

    # --- pieces of sentences ------------------------------------------------------------------------------------

    def number(self, value: int) -> str:
        """Return a count as readers write it."""
        return format_number(value, self.language)

    def figure(self, part: Part) -> str:
        """Return a figure with qualifier and unit, or both ends of a range."""
        if part.upper:
            low, high = (replace(one, qualifier="exact") for one in (part.one, part.upper))
            return self.say("chart_range", low=self._write_whole(low), high=self._write_whole(high))
        return self._write_whole(part.one)

    def _write_whole(self, one: Observation) -> str:
        return clean_text(format_figure(one, self.catalog, self.language))

    def join(self, names: Sequence[str]) -> str:
        """Return names one after the other."""
        return "; ".join(isolate_text(name) for name in names)

"""Abstracts: what lists, feeds and graphs say of a dataset, so that its rows need not stay in memory for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from portal.data.observation import Observation, find_change, read_locator, select_headline
from portal.figures.extent import NOWHERE, Extent, join_extents, list_extent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portal.data.package import Package


@dataclass(frozen=True, slots=True)
class Abstract:
    """What is known of the figures of one dataset: how many, about what, from where, and the newest in its headline.

    `statuses`, `sources` and `flags` count figures, `flagged` those with any flag, `untranslated` notes without
    English. `extents` are those of each document, every area named, `places` line and column of the first figure from
    it; `variables` are the measures with their units, in the order of the rows.
    """

    rows: int = 0
    extent: Extent = NOWHERE
    years: tuple[str, ...] = ()
    statuses: Mapping[str, int] = field(default_factory=dict)
    sources: Mapping[str, int] = field(default_factory=dict)
    extents: Mapping[str, Extent] = field(default_factory=dict)
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    flags: Mapping[str, int] = field(default_factory=dict)
    flagged: int = 0
    untranslated: int = 0
    variables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headline: Observation | None = None
    change: Observation | None = None


# Of each document the figures that are taken from it: locator, print, and the name of the observation.
Prints = Mapping[str, Sequence[tuple[str, str, str]]]


def list_prints(rows: Iterable[Observation]) -> Prints:
    """Return what a dataset takes from each document, in the order of the rows."""
    prints: dict[str, list[tuple[str, str, str]]] = {}
    for one in rows:
        prints.setdefault(one.source, []).append((one.locator, one.as_stated, one.id))
    return prints


def make_abstract(package: Package, rows: Sequence[Observation], areas: Mapping[str, Mapping[str, str]]) -> Abstract:
    """Read all rows of a dataset once; `areas` is the code list of areas."""
    headline = select_headline(package, rows)
    units: dict[str, dict[str, None]] = {}
    members: dict[str, list[Observation]] = {}
    for one in rows:
        members.setdefault(one.source, []).append(one)
        units.setdefault(one.measure, {})[one.unit] = None
    extents = {source: list_extent(members[source]) for source in sorted(members)}
    return Abstract(
        rows=len(rows),
        extent=join_extents(extents.values(), areas),
        extents=extents,
        places={source: min(read_locator(one.locator) for one in members[source]) for source in extents},
        years=tuple(sorted({str(one.period.start.year) for one in rows})),
        statuses=dict(sorted(Counter(one.status for one in rows).items())),
        sources={source: len(members[source]) for source in extents},
        flags=dict(sorted(Counter(flag for one in rows for flag in one.flags).items())),
        flagged=sum(bool(one.flags) for one in rows),
        untranslated=sum(bool(one.note) and not one.note_en for one in rows),
        variables={measure: tuple(names) for measure, names in units.items()},
        headline=headline,
        change=find_change(headline, rows) if headline else None,
    )


def write_abstract(abstract: Abstract) -> dict[str, Any]:
    """Return an abstract as a value of JSON, from which `read_abstract` makes an equal one."""
    found = {one.name: getattr(abstract, one.name) for one in fields(abstract)}
    return found | {
        "extent": _write_extent(abstract.extent),
        "extents": {source: _write_extent(one) for source, one in abstract.extents.items()},
        "headline": _write_observation(abstract.headline),
        "change": _write_observation(abstract.change),
    }


def read_abstract(value: Mapping[str, Any]) -> Abstract:
    """Return the abstract that `write_abstract` wrote."""
    return Abstract(
        **{
            **value,
            "years": tuple(value["years"]),
            "variables": {measure: tuple(units) for measure, units in value["variables"].items()},
            "extent": _read_extent(value["extent"]),
            "extents": {source: _read_extent(one) for source, one in value["extents"].items()},
            "headline": _read_observation(value["headline"]),
            "change": _read_observation(value["change"]),
            "places": {source: (line, column) for source, (line, column) in value["places"].items()},
        }
    )


def _write_extent(extent: Extent) -> list[Any]:
    days = (day.isoformat() if day else None for day in (extent.start, extent.end))
    return [*days, extent.areas]


def _read_extent(value: Sequence[Any]) -> Extent:
    start, end = (date.fromisoformat(day) if day else None for day in value[:2])
    return Extent(start, end, tuple(value[2]))


def _write_observation(one: Observation | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {each.name: getattr(one, each.name) for each in fields(one)} | {
        "value": None if one.value is None else str(one.value)
    }


def _read_observation(value: Mapping[str, Any] | None) -> Observation | None:
    if value is None:
        return None
    return Observation(
        **{
            **value,
            "dimensions": tuple((name, code) for name, code in value["dimensions"]),
            "flags": tuple(value["flags"]),
            "value": None if value["value"] is None else Decimal(value["value"]),
        }
    )

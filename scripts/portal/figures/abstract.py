"""Abstracts: what lists, feeds and graphs say of a dataset, so that its rows need not stay in memory for them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from portal.data.observation import find_change, select_headline
from portal.figures.extent import NOWHERE, Extent, join_extents, list_extent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from portal.data.observation import Observation
    from portal.data.package import Package


@dataclass(frozen=True, slots=True)
class Abstract:
    """What is known of the figures of one dataset: how many, about what, from where, and the newest in its headline.

    `statuses`, `sources` and `flags` count figures, `flagged` those with any flag, `untranslated` notes without
    English. `extents` are those of each document, every area named; `variables` are the measures with their units, in
    the order of the rows.
    """

    rows: int = 0
    extent: Extent = NOWHERE
    years: tuple[str, ...] = ()
    statuses: Mapping[str, int] = field(default_factory=dict)
    sources: Mapping[str, int] = field(default_factory=dict)
    extents: Mapping[str, Extent] = field(default_factory=dict)
    flags: Mapping[str, int] = field(default_factory=dict)
    flagged: int = 0
    untranslated: int = 0
    variables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headline: Observation | None = None
    change: Observation | None = None


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

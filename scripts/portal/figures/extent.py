"""Extent: the days and the areas that a dataset is about, seen from its observations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from portal.data.observation import Observation


@dataclass(frozen=True, slots=True)
class Extent:
    """First and last day, both None without observations; codes of areas."""

    start: date | None
    end: date | None
    areas: tuple[str, ...]

    @property
    def interval(self) -> str:
        """Return the ISO 8601 interval; empty where there is none."""
        return f"{self.start}/{self.end}" if self.start else ""


NOWHERE = Extent(None, None, ())


def list_extent(rows: Iterable[Observation]) -> Extent:
    """Return what the observations cover, every area named.

    Of an open period only the first day is sure, as in `datasets.period_end` of the database.
    """
    periods, codes = set(), set()
    for one in rows:
        periods.add(one.period)
        codes.add(one.area)
    if not periods:
        return NOWHERE
    last = max(one.end or one.start for one in periods)
    return Extent(min(one.start for one in periods), last, tuple(sorted(codes)))


def join_extents(extents: Iterable[Extent], areas: Mapping[str, Mapping[str, str]]) -> Extent:
    """Return what several extents cover together; an area inside another one of them is not named again."""
    found = list(extents)
    codes = {code for one in found for code in one.areas}
    start = min((one.start for one in found if one.start), default=None)
    return Extent(start, max((one.end for one in found if one.end), default=None), _widen(codes, areas))


def _widen(codes: set[str], areas: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    """Return the codes of areas, sorted, without those inside another one of them."""
    return tuple(sorted(code for code in codes if areas.get(code, {}).get("parent") not in codes))

"""Observations: the rows of indicator packages as values that pages, charts and the long table share."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from portal.words.period import Period, parse_period

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from portal.data.package import Package
    from portal.data.table import Row

TOTAL = "_T"
LEVEL = "level"


@dataclass(frozen=True)
class Observation:
    """One statement: what was measured, when, where, how much, and the place in the document that says so."""

    dataset: str
    period_text: str
    area: str
    dimensions: tuple[tuple[str, str], ...]
    measure: str
    transform: str
    value: Decimal | None
    unit: str
    status: str
    qualifier: str
    flags: tuple[str, ...]
    source: str
    locator: str
    as_stated: str
    note: str
    note_en: str

    @cached_property
    def period(self) -> Period:
        """Return the parsed period."""
        return parse_period(self.period_text)

    @cached_property
    def id(self) -> str:
        """Return a name that stays the same while the key of the row does: dataset and a short digest."""
        return name_statement(
            self.dataset, self.period_text, self.area, *(code for _, code in self.dimensions),
            self.measure, self.transform, self.status, self.source, self.locator,
        )  # fmt: skip

    @cached_property
    def series(self) -> str:
        """Return the name of the series: all that is said, at any time, of one thing expressed in one way."""
        return name_statement(
            self.dataset, self.area, *(code for _, code in self.dimensions), self.measure, self.transform
        )

    @property
    def anchor(self) -> str:
        """Return the name of the row on the page of its dataset."""
        return f"o-{self.id.rpartition('-')[2]}"

    def cell(self, name: str) -> str:
        """Return what the row holds in a text column; empty where the column or its cell is."""
        if name == "period":
            return self.period_text
        return dict(self.dimensions).get(name) or str(getattr(self, name, ""))

    @property
    def position(self) -> tuple[int, int]:
        """Return line and column in the source."""
        return read_locator(self.locator)


def read_locator(locator: str) -> tuple[int, int]:
    """Return line and column of a place in a source, `12:5`."""
    line, column = locator.split(":")
    return int(line), int(column)


def name_statement(dataset: str, *key: str) -> str:
    """Return the name of all that is said of a key: the dataset and a short digest."""
    return f"{dataset}-{hashlib.sha256(chr(31).join(key).encode()).hexdigest()[:16]}"


def read_observations(package: Package, rows: Iterable[Row]) -> Iterator[Observation]:
    """Turn the typed rows of an indicator package into observations, in file order."""
    names = [column.name for column in package.main.fields]
    dimensions = [column.name for column in package.dimensions]
    for row in rows:
        cells = dict(zip(names, row.cells, strict=True))
        value = cells["value"]
        yield Observation(
            dataset=package.name,
            period_text=str(cells["period"]),
            area=str(cells["area"]),
            dimensions=tuple((name, str(cells[name] or "")) for name in dimensions),
            measure=str(cells["measure"]),
            transform=str(cells["transform"]),
            value=value if isinstance(value, Decimal) else None,
            unit=str(cells["unit"]),
            status=str(cells["status"]),
            qualifier=str(cells["qualifier"]),
            flags=tuple(str(cells["flags"] or "").split(";")) if cells["flags"] else (),
            source=str(cells["source"]),
            locator=str(cells["locator"]),
            as_stated=str(cells["as_stated"]),
            note=str(cells["note"] or ""),
            note_en=str(cells["note_en"] or ""),
        )


def is_headline(package: Package, one: Observation) -> bool:
    """Tell whether the package's headline selects an observation, of whatever period and status."""
    headline = package.headline
    return (
        headline is not None
        and one.measure == headline.measure
        and one.transform == headline.transform
        and all(one.cell(name) == code for name, code in headline.where)
    )


def select_headline(package: Package, observations: Iterable[Observation]) -> Observation | None:
    """Return the newest observation that the package's headline selects; actual figures before targets."""
    return max(
        (one for one in observations if is_headline(package, one)),
        key=lambda one: (one.status != "target", one.value is not None, one.period.sort_key),
        default=None,
    )


def find_change(one: Observation, rows: Iterable[Observation]) -> Observation | None:
    """Return the change on the year before that the same source states beside an observation."""
    beside = (
        other
        for other in rows
        if other.transform.startswith("yoy_")
        and (other.measure, other.period_text, other.area, other.dimensions, other.source)
        == (one.measure, one.period_text, one.area, one.dimensions, one.source)
    )
    return next(beside, None)

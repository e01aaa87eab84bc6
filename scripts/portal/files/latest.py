"""The newest value of every indicator series, as one file for those who want just that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.data.tree import read_lines
from portal.figures.figure import describe_observation
from portal.files.static_json import write_array, write_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from portal.data.observation import Observation
    from portal.data.register import Record
    from portal.figures.catalog import Catalog

LATEST = "latest.json"
# An estimate of the same day yields to the result, and what was computed to what was stated.
_STATUS_RANK = {"actual": 2, "estimate": 1}
_TARGET = "target"


def write_newest(dataset: str, catalog: Catalog, folder: Path) -> None:
    """Write into `folder` the newest value of every series of one dataset, each as a line of JSON."""
    with (folder / LATEST).open("w", encoding="utf-8") as file:
        for one in find_latest(catalog.observations.get(dataset, ()), catalog.records.get("sources", {})):
            entry = _describe(one, catalog)
            file.write("{" + ", ".join(f'"{name}": {write_cell(cell)}' for name, cell in entry.items()) + "}\n")


def write_latest(folders: Mapping[str, Path], folder: Path) -> None:
    """Write `latest.json`: an array of objects, one for each series.

    `folders` has what `write_newest` wrote of every dataset.
    """
    write_array(folder / LATEST, read_lines(folders[dataset] / LATEST for dataset in sorted(folders)))


def find_latest(rows: Iterable[Observation], sources: Mapping[str, Record]) -> Iterator[Observation]:
    """Yield the newest value of every series of a dataset: what was measured, of whom, and how it is expressed.

    A target is no value. Of one period the result goes before the estimate, then the newer document.
    """
    dates = {name: record.get("date", "") for name, record in sources.items()}
    newest: dict[tuple[object, ...], Observation] = {}
    for one in sorted(rows, key=lambda one: _rank(one, dates)):
        if one.status != _TARGET and one.value is not None:
            newest[one.measure, one.transform, one.area, one.dimensions] = one
    yield from (newest[series] for series in sorted(newest, key=str))


def _rank(one: Observation, dates: Mapping[str, str]) -> tuple[object, ...]:
    return one.period.sort_key, _STATUS_RANK.get(one.status, 0), dates.get(one.source, ""), one.source, one.position


def _describe(one: Observation, catalog: Catalog) -> dict[str, object]:
    package = catalog.packages[one.dataset]
    return {
        "id": one.id,
        "dataset": one.dataset,
        "title": package.title.vi,
        "title_en": package.title.en or None,
        "what": describe_observation(one, catalog, "vi"),
        "what_en": describe_observation(one, catalog, "en"),
        "period": one.period_text,
        "period_start": one.period.start.isoformat(),
        "period_end": one.period.end.isoformat() if one.period.end else None,
        "area": one.area,
        "dimensions": dict(one.dimensions),
        "measure": one.measure,
        "transform": one.transform,
        "value": one.value,
        "unit": one.unit,
        "status": one.status,
        "qualifier": one.qualifier,
        "flags": list(one.flags),
        "source": one.source,
        "locator": one.locator,
        "as_stated": one.as_stated,
        "page": f"{catalog.settings.site_url}catalog/{one.dataset}/#o-{one.id.rpartition('-')[2]}",
    }

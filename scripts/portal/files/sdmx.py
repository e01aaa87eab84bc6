"""SDMX-CSV 2.0: the observations of an indicator as statistical offices exchange them.

Every column of the package's key is a dimension, `source` and `locator` among them: two documents may state one thing
differently, and no observation may hide another. Nothing is lost where SDMX has no word for it: period and status
stand a second time as they are in the package, in PERIOD and STATUS.

https://github.com/sdmx-twg/sdmx-csv (format), SDMX 3.0 section 6 (time), CL_OBS_STATUS 2.2 (codes of statuses).
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from portal.data.package import INDICATOR_FIELDS
from portal.data.table import read_raw_rows
from portal.words.period import OPEN_END, parse_period

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from portal.checks.format_limits import Extent
    from portal.data.package import Package, Resource

# SDMX has a media type of its own, but servers know files by their suffix: what is declared is what is sent.
MEDIA_TYPE = "text/csv"
SUFFIX = ".sdmx.csv"
AGENCY = "KIEN_GIANG"
# The columns of an indicator under the names of SDMX's cross-domain concepts, where there is one.
_IDS: Mapping[str, str] = {
    "period": "TIME_PERIOD",
    "area": "REF_AREA",
    "transform": "TRANSFORMATION",
    "value": "OBS_VALUE",
    "unit": "UNIT_MEASURE",
}
_FIRST = ("STRUCTURE", "STRUCTURE_ID", "ACTION")
_ACTION = "I"  # information: nobody's database is told to change
_OBS_STATUS, _PERIOD = "OBS_STATUS", "PERIOD"
# A target is no forecast, but SDMX has no nearer code; a derived figure is a normal one. STATUS says what it is.
# Statuses that are added later get no code here rather than a wrong one.
OBS_STATUSES: Mapping[str, str] = {"actual": "A", "derived": "A", "estimate": "E", "target": "F"}
MISSING = "O"
_KEY = ("period", "area", "measure", "transform", "status", "source", "locator")


def has_observations(package: Package, resource: Resource, _extent: Extent) -> bool:
    """Tell whether a table is that of an indicator, the only kind that SDMX has a form for."""
    return package.kind == "indicator" and resource is package.main


def write_sdmx(package: Package, resource: Resource, path: Path) -> None:
    """Write one indicator; its values are digit for digit those of the package.

    Raises PeriodError for a period that the check would have refused.
    """
    rows = read_raw_rows(resource)
    names = next(rows).cells
    dimensions = tuple(name for name in names if name not in INDICATOR_FIELDS)
    measures = ("value", "unit")
    rest = tuple(name for name in names if name not in {*_KEY, *dimensions, *measures})
    first, last = (*_KEY[:2], *dimensions, *_KEY[2:]), (*measures, *rest)
    structure = ("dataflow", f"{AGENCY}:{package.name.upper()}({package.version})", _ACTION)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        ids = name_columns((*first, *last), dimensions)
        writer.writerow((*_FIRST, *ids, _OBS_STATUS, _PERIOD))
        pick = _pick(names, (*first, *last))
        for row in rows:
            cells = dict(zip(names, row.cells, strict=True))
            _, *others = pick(row.cells)
            status = OBS_STATUSES.get(cells["status"], "") if cells["value"] else MISSING
            writer.writerow((*structure, to_time_period(cells["period"]), *others, status, cells["period"]))


def name_columns(names: Sequence[str], dimensions: Sequence[str]) -> list[str]:
    """Return the SDMX ids of some columns; a dimension whose id is taken by SDMX gets `DIM_` before it."""
    taken = {*_FIRST, *_IDS.values(), _OBS_STATUS}
    ids = {name: _IDS.get(name, name.upper()) for name in names if name not in dimensions}
    return [ids.get(name) or (f"DIM_{name.upper()}" if name.upper() in taken else name.upper()) for name in names]


def to_time_period(text: str) -> str:
    """Return a period as SDMX writes it.

    Years, months, quarters and days are the same there. A stretch of days becomes a time range, its first day and its
    length (`2025-03-01/2025-04-26` is `2025-03-01/P57D`). An open end has no form in SDMX: `2021/..` becomes the day on
    which it begins, and PERIOD alone says that it is open. Raises PeriodError where `text` is no period.
    """
    period = parse_period(text)
    if "/" not in text:
        return text
    if period.end is None or text.endswith(OPEN_END):
        return period.start.isoformat()
    return f"{period.start.isoformat()}/P{(period.end - period.start).days + 1}D"


def _pick(names: Sequence[str], wanted: Sequence[str]) -> Callable[[Sequence[str]], list[str]]:
    places = [names.index(name) for name in wanted]
    return lambda cells: [cells[place] for place in places]

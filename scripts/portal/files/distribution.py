"""Distributions: every downloadable form of a dataset, written from the checked rows.

FORMATS is the one place to add a form. A writer gets the package, one of its resources and a path below
`/data/<dataset>/`, and writes one file there, streaming its rows. What is written is a function of the package, of the
registers whose words it carries, and of this code alone, so that it can be kept (`build_cache`).
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from portal.checks.format_limits import find_obstacles, measure_extent
from portal.data.descriptor import DESCRIPTOR
from portal.data.finding import Place
from portal.data.register import Registers
from portal.data.tree import digest_file
from portal.files import sdmx
from portal.files.archive import write_archive
from portal.files.by_hash import name_by_hash
from portal.files.csv_file import LINE_END, write_csv, write_excel_csv
from portal.files.excel_file import write_excel
from portal.files.excel_guess import Guess, find_guesses
from portal.files.parquet_file import write_parquet
from portal.files.static_json import write_json, write_json_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from portal.checks.format_limits import Extent
    from portal.data.finding import Finding
    from portal.data.package import Package, Resource

Writer = Callable[["Package", "Resource", "Path", Registers], None]
# From this many rows on a table is also offered column by column.
LONG_ROWS = 10_000
# The form that Excel opens by guessing what its cells are.
GUESSED = "Excel CSV"


@dataclass(frozen=True, slots=True)
class Distribution:
    """One file that visitors download, with what they need to check it.

    `name` is its path below `/data/<dataset>/`; `resource` and `rows` are those of the table that it holds, and
    empty and None where it holds anything else; `guesses` are the cells that Excel would change in a file for it.
    """

    name: str
    format: str
    media_type: str
    bytes: int
    sha256: str
    resource: str = ""
    rows: int | None = None
    guesses: tuple[Guess, ...] = ()


def recall_distribution(value: Mapping[str, Any]) -> Distribution:
    """Return the distribution that a value of JSON was made of, by `dataclasses.asdict`."""
    return Distribution(**{**value, "guesses": tuple(Guess(**one) for one in value["guesses"])})


def _always(_package: Package, _resource: Resource, _extent: Extent) -> bool:
    return True


def fits_spreadsheet(_package: Package, _resource: Resource, extent: Extent) -> bool:
    """Tell whether spreadsheets hold all of a table; where not, `find_obstacles` says why."""
    return extent.fits_excel


def is_long(_package: Package, _resource: Resource, extent: Extent) -> bool:
    """Tell whether a table is read faster column by column."""
    return extent.rows >= LONG_ROWS


@dataclass(frozen=True, slots=True)
class Format:
    """A form in which every resource is offered that it applies to; its words are `form_<key>` in `wording.toml`."""

    name: str
    suffix: str
    media_type: str
    write: Writer
    applies: Callable[[Package, Resource, Extent], bool] = _always


def _without_registers(write: Callable[[Package, Resource, Path], None]) -> Writer:
    return lambda package, resource, path, _registers: write(package, resource, path)


_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# In the order of a download bar: what most people want first.
FORMATS = (
    Format("XLSX", ".xlsx", _XLSX, write_excel, fits_spreadsheet),
    Format("CSV", ".csv", "text/csv", _without_registers(write_csv)),
    Format(GUESSED, ".excel.csv", "text/csv", _without_registers(write_excel_csv), fits_spreadsheet),
    Format("JSON", ".json", "application/json", _without_registers(write_json)),
    Format("JSON columns", ".columns.json", "application/json", _without_registers(write_json_columns), is_long),
    Format("Parquet", ".parquet", "application/vnd.apache.parquet", write_parquet),
    Format("SDMX-CSV", sdmx.SUFFIX, sdmx.MEDIA_TYPE, _without_registers(sdmx.write_sdmx), sdmx.has_observations),
)


def write_distributions(package: Package, folder: Path, registers: Registers | None = None) -> tuple[Distribution, ...]:
    """Write all forms of `package` into `folder` (made here); return them in the order of a download bar.

    Precondition: the package passed the check. Raises OSError where the disk fails.
    """
    folder.mkdir(parents=True)
    data: list[Distribution] = []
    omitted: list[Finding] = []
    for resource in package.resources:
        extent = measure_extent(resource)
        omitted += find_obstacles(resource, extent, Place(package.name, package.label_of(resource)))
        for form in FORMATS:
            if form.applies(package, resource, extent):
                path = folder / f"{resource.name}{form.suffix}"
                form.write(package, resource, path, registers or {})
                one = describe_file(path, form.name, form.media_type, resource.name, extent.rows)
                data.append(replace(one, guesses=find_guesses(resource)) if form.name == GUESSED else one)
    descriptor, archive = folder / DESCRIPTOR, folder / f"{package.name}.zip"
    # The descriptor in the archive names no distributions: the archive is one of them, and its hash depends on it.
    _write_descriptor(without_distributions(publish_descriptor(package, data, omitted)), descriptor)
    files = [descriptor, *(folder / f"{one.name}.csv" for one in package.resources)]
    write_archive(archive, [(file.name, file) for file in files])
    data.append(describe_file(archive, "ZIP", "application/zip"))
    _write_descriptor(publish_descriptor(package, data, omitted), descriptor)
    return (*data, describe_file(descriptor, "Data Package", "application/json"))


def _write_descriptor(descriptor: Mapping[str, Any], path: Path) -> None:
    path.write_text(json.dumps(descriptor, ensure_ascii=False, indent=2) + "\n", "utf-8")


def publish_descriptor(
    package: Package, files: Sequence[Distribution], omitted: Sequence[Finding] = ()
) -> dict[str, Any]:
    """Return the descriptor for `/data/<dataset>/`: its paths name the published CSV files, with size and hash.

    The other forms stand under `portal`, as the standard has no word for them: were they further resources, every
    reader of the package would take each form for another table. Their paths lead from the descriptor's own folder.
    """
    descriptor = copy.deepcopy(dict(package.descriptor))
    by_name = {one.name: one for one in files}
    for resource in descriptor["resources"]:
        published = by_name[f"{resource['name']}.csv"]
        resource["path"] = published.name
        resource["bytes"] = published.bytes
        resource["hash"] = f"sha256:{published.sha256}"
        if "lineTerminator" in resource["dialect"]:
            resource["dialect"]["lineTerminator"] = LINE_END
    descriptor["portal"]["distributions"] = [
        {"path": one.name, "permanent": f"../{name_by_hash(one.sha256, one.name)}", **describe_distribution(one)}
        for one in files
    ]
    if omitted:
        descriptor["portal"]["omitted"] = [describe_omission(one) for one in omitted]
    return descriptor


def without_distributions(descriptor: Mapping[str, Any]) -> dict[str, Any]:
    """Return a published descriptor as it stands in the archive of the package."""
    portal = {key: value for key, value in descriptor["portal"].items() if key != "distributions"}
    return {**descriptor, "portal": portal}


def describe_distribution(one: Distribution) -> dict[str, Any]:
    """Return what the descriptor and `/data/catalog.json` say of a file.

    `excelChanges` are the cells that Excel would change: by column the first with its row, and how many there are.
    """
    table: dict[str, Any] = {"resource": one.resource, "rows": one.rows} if one.resource else {}
    if one.guesses:
        table["excelChanges"] = [asdict(guess) for guess in one.guesses]
    return {
        "format": one.format,
        "mediatype": one.media_type,
        "bytes": one.bytes,
        "hash": f"sha256:{one.sha256}",
        **table,
    }


def describe_omission(one: Finding) -> dict[str, str]:
    """Return why a table has no forms for spreadsheets, and which forms are safe."""
    return {"reason": f"{one.message} {one.cure}", "reason@en": f"{one.message_en} {one.cure_en}"}


def describe_file(path: Path, name: str, media_type: str, resource: str = "", rows: int | None = None) -> Distribution:
    """Return a written file as a distribution."""
    return Distribution(path.name, name, media_type, path.stat().st_size, digest_file(path), resource, rows)

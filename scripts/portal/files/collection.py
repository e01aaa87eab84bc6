"""Collections: the whole catalogue as files, and `/data/catalog.json`, which lists every file of every dataset.

`/data/opendata.db` is the database that the API answers from; `/data/packages.zip` has a folder for each package;
`/data/parquet/<table>.parquet` are the Parquet files of all datasets side by side, and `/data/parquet.zip` is that
folder, for programs that read a folder (`read_parquet('parquet/*.parquet')`).
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from portal.checks.format_limits import OMISSIONS
from portal.data.descriptor import DESCRIPTOR
from portal.data.tree import join_files, link_file
from portal.files.archive import write_archive
from portal.files.by_hash import name_by_hash
from portal.files.distribution import describe_distribution, describe_file, describe_omission

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from portal.data.package import Package
    from portal.figures.catalog import Catalog
    from portal.files.distribution import Distribution

CATALOG = "catalog.json"
PARQUET_FOLDER = "parquet"
PACKAGES_ZIP, PARQUET_ZIP = ARCHIVES = ("packages.zip", "parquet.zip")
_SQLITE = "application/vnd.sqlite3"
_ZIP = "application/zip"


def write_collections(
    packages: Sequence[Package], written: Mapping[str, Sequence[Distribution]], database: Path, folder: Path
) -> tuple[Distribution, ...]:
    """Write the files of the whole catalogue into `folder`, that is `/data/`; return them, names relative to it.

    Precondition: the forms of every package stand in `folder`, and `database` will not change any more.
    """
    folder.mkdir(parents=True, exist_ok=True)  # of an empty catalogue nobody has made it
    link_file(database, folder / database.name)
    parquet = _gather_parquet(written, folder)
    files = [
        (f"{package.name}/{name}", folder / package.name / name)
        for package in packages
        for name in (DESCRIPTOR, *(f"{one.name}.csv" for one in package.resources))
    ]
    write_archive(folder / PACKAGES_ZIP, files, from_twins=True)
    # Parquet is compressed already.
    names = [(f"{PARQUET_FOLDER}/{one.name}", folder / PARQUET_FOLDER / one.name) for one in parquet]
    write_archive(folder / PARQUET_ZIP, names, compress=False)
    return (
        describe_file(folder / database.name, "SQLite", _SQLITE),
        describe_file(folder / PACKAGES_ZIP, "Packages ZIP", _ZIP),
        describe_file(folder / PARQUET_ZIP, "Parquet ZIP", _ZIP),
        *(replace(one, name=f"{PARQUET_FOLDER}/{one.name}") for one in parquet),
    )


def _gather_parquet(written: Mapping[str, Sequence[Distribution]], folder: Path) -> list[Distribution]:
    (folder / PARQUET_FOLDER).mkdir()
    gathered: list[Distribution] = []
    for dataset in sorted(written):
        for one in written[dataset]:
            if one.format == "Parquet":
                link_file(folder / dataset / one.name, folder / PARQUET_FOLDER / one.name)
                gathered.append(one)
    return gathered


def write_catalog_part(package: Package, catalog: Catalog, folder: Path) -> None:
    """Write into `folder` what `/data/catalog.json` says of one dataset, which has a summary: a line of JSON."""
    (folder / CATALOG).write_text(json.dumps(_describe_package(package, catalog), ensure_ascii=False), "utf-8")


def write_catalog(catalog: Catalog, folders: Mapping[str, Path], folder: Path) -> None:
    """Write `/data/catalog.json`: the portal, and every dataset with its words, its period and its files.

    `folders` has what `write_catalog_part` wrote of every package.
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings = catalog.settings
    packages = [*catalog.datasets, *catalog.references]
    address = f"{settings.site_url}data/"
    portal = {
        "title": settings.title.vi,
        "title@en": settings.title.en,
        "publisher": settings.publisher.vi,
        "publisher@en": settings.publisher.en,
        "license": {"title": settings.license, "path": settings.license_url},
        "home": settings.site_url,
        "latest": f"{settings.site_url}data/latest.json",
        "openapi": f"{settings.site_url}developers/openapi.json",
        "distributions": [describe_download(one, address, one.name) for one in catalog.collections],
    }
    # A line for each: where one changes, one line does.
    before = json.dumps(portal, ensure_ascii=False, indent=1).removesuffix("\n}")
    parts = (folders[package.name] / CATALOG for package in packages)
    join_files(folder / CATALOG, f'{before},\n "datasets": [\n  ', parts, ",\n  ", "\n ]\n}\n")


def describe_download(one: Distribution, address: str, name: str) -> dict[str, Any]:
    """Return a file with both of its addresses: `url` gives the newest one, `permanent` these bytes."""
    permanent = address + name_by_hash(one.sha256, one.name)
    return {"url": address + name, "permanent": permanent, **describe_distribution(one)}


def _describe_package(package: Package, catalog: Catalog) -> dict[str, Any]:
    home, summary = catalog.settings.site_url, catalog.summaries[package.name]
    omitted = [one for one in catalog.findings if one.package == package.name and one.code in OMISSIONS]
    address = f"{home}data/{package.name}/"
    license_ = package.licenses[0]
    return {
        "name": package.name,
        "title": package.title.vi,
        "title@en": package.title.en,
        "description": package.description.vi,
        "description@en": package.description.en,
        "kind": package.kind,
        "theme": package.theme,
        "keywords": list(package.keywords),
        "frequency": package.frequency,
        "version": package.version,
        "created": package.created,
        "license": {"name": license_.name, "path": license_.path},
        "rows": summary.rows,
        "period_start": summary.period_start or None,
        "period_end": summary.period_end or None,
        "page": f"{home}catalog/{package.name}/",
        "api": f"{home}datasette/opendata/{package.name}.json",
        "descriptor": f"{address}{DESCRIPTOR}",
        "distributions": [
            describe_download(one, f"{home}data/", f"{package.name}/{one.name}")
            for one in catalog.distributions[package.name]
        ],
        **({"omitted": [describe_omission(one) for one in omitted]} if omitted else {}),
    }

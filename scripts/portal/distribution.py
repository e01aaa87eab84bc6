"""Distributions: every downloadable form of a dataset, written from the checked rows.

FORMATS is the one place to add a form. A writer gets the package, one of its resources and the folder
`/data/<dataset>/`, and writes one file there, streaming its rows.
"""

from __future__ import annotations

import copy
import csv
import hashlib
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.descriptor import DESCRIPTOR
from portal.static_json import write_json
from portal.table import read_raw_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from portal.catalog import Catalog
    from portal.database import DatasetSummary
    from portal.package import Package, Resource

# Zip archives carry this instead of the clock: same input, same bytes.
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_LINE_END = "\r\n"


@dataclass(frozen=True, slots=True)
class Distribution:
    """One file that visitors download, with what they need to check it."""

    name: str
    format: str
    media_type: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Format:
    """A form in which every resource is offered."""

    name: str
    suffix: str
    media_type: str
    write: Callable[[Package, Resource, Path], None]


def write_csv(_package: Package, resource: Resource, path: Path) -> None:
    """Write RFC 4180 CSV: UTF-8 without byte order mark, CRLF, the cells exactly as in the package."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator=_LINE_END)
        for row in read_raw_rows(resource):
            writer.writerow(row.cells)


FORMATS = (
    Format("CSV", ".csv", "text/csv", write_csv),
    Format("JSON", ".json", "application/json", write_json),
)


def write_distributions(package: Package, folder: Path) -> tuple[Distribution, ...]:
    """Write all forms of `package` into `folder` (made here); return them in the order of a download bar."""
    folder.mkdir(parents=True)
    data: list[Distribution] = []
    for resource in package.resources:
        for form in FORMATS:
            path = folder / f"{resource.name}{form.suffix}"
            form.write(package, resource, path)
            data.append(_describe(path, form.name, form.media_type))
    descriptor = folder / DESCRIPTOR
    published = publish_descriptor(package, {one.name: one for one in data})
    descriptor.write_text(json.dumps(published, ensure_ascii=False, indent=2) + "\n", "utf-8")
    archive = folder / f"{package.name}.zip"
    _write_zip(archive, [descriptor, *(folder / f"{one.name}.csv" for one in package.resources)])
    return (
        *data,
        _describe(archive, "ZIP", "application/zip"),
        _describe(descriptor, "Data Package", "application/json"),
    )


def publish_descriptor(package: Package, files: dict[str, Distribution]) -> dict[str, Any]:
    """Return the descriptor for `/data/<dataset>/`: its paths name the published files, with size and hash."""
    descriptor = copy.deepcopy(dict(package.descriptor))
    for resource in descriptor["resources"]:
        published = files[f"{resource['name']}.csv"]
        resource["path"] = published.name
        resource["bytes"] = published.bytes
        resource["hash"] = f"sha256:{published.sha256}"
        if "lineTerminator" in resource["dialect"]:
            resource["dialect"]["lineTerminator"] = _LINE_END
    return descriptor


def write_catalog(catalog: Catalog, summaries: Mapping[str, DatasetSummary], folder: Path) -> None:
    """Write `/data/catalog.json`: the portal, and every dataset with its words, its period and its files."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = catalog.settings
    packages = [*catalog.datasets, *catalog.references]
    index = {
        "title": settings.title.vi,
        "title@en": settings.title.en,
        "publisher": settings.publisher.vi,
        "publisher@en": settings.publisher.en,
        "license": {"title": settings.license, "path": settings.license_url},
        "home": settings.site_url,
        "latest": f"{settings.site_url}data/latest.json",
        "openapi": f"{settings.site_url}developers/openapi.json",
        "datasets": [_describe_package(package, catalog, summaries[package.name]) for package in packages],
    }
    text = json.dumps(index, ensure_ascii=False, indent=1) + "\n"
    (folder / "catalog.json").write_text(text, "utf-8")


def _describe_package(package: Package, catalog: Catalog, summary: DatasetSummary) -> dict[str, Any]:
    home = catalog.settings.site_url
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
            {
                "url": address + one.name,
                "format": one.format,
                "mediatype": one.media_type,
                "bytes": one.bytes,
                "hash": f"sha256:{one.sha256}",
            }
            for one in catalog.distributions[package.name]
        ],
    }


def _write_zip(path: Path, files: list[Path]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in files:
            info = zipfile.ZipInfo(file.name, _ZIP_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            with file.open("rb") as source, archive.open(info, "w") as target:
                while chunk := source.read(1 << 20):
                    target.write(chunk)


def _describe(path: Path, name: str, media_type: str) -> Distribution:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Distribution(path.name, name, media_type, path.stat().st_size, digest)

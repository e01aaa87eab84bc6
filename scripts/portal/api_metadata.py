"""What Datasette shows: `datasette.json`, from the descriptors and `metadata.yml`.

Titles, descriptions, units, licences and sources are written once, in the descriptor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portal.catalog import web_address

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from portal.package import Field, Package, Resource
    from portal.settings import Settings
    from portal.text import Text

DATABASE = "opendata"
_FACETS = {"indicator": ("measure", "status"), "reference": (), "table": ()}


def make_metadata(packages: Sequence[Package], settings: Settings, unit_names: Mapping[str, str]) -> dict[str, Any]:
    """Return Datasette's metadata: the portal, its database, and every table with its columns."""
    shared = {
        "license": settings.license,
        "license_url": settings.license_url,
        "source": settings.title.vi,
        "source_url": "/",
    }
    own = settings.datasette.get("tables", {})
    tables = {name: {**shared, **words} for name, words in own.items()}
    for name in ("datasets", "observations"):
        tables.setdefault(name, dict(shared)).update(fts_table=f"{name}_fts", fts_pk="rowid")
    for package in packages:
        for resource in package.resources:
            origin = _describe_origin(package)
            tables[resource.name] = {**shared, **origin, **_describe_table(package, resource, unit_names)}
    return {
        "title": settings.title.vi,
        "description": f"{settings.description.vi} · {settings.description.en}",
        "license": settings.license,
        "license_url": settings.license_url,
        "about": settings.title.vi,
        "about_url": "/",
        "databases": {
            DATABASE: {
                "title": settings.title.vi,
                "description": settings.datasette.get("description", ""),
                **shared,
                "tables": dict(sorted(tables.items())),
                "queries": settings.datasette.get("queries", {}),
            }
        },
    }


def _describe_origin(package: Package) -> dict[str, str]:
    """Return the licence and the documents that the package itself names."""
    first = package.licenses[0]
    origin = {"license": first.title.vi or first.name, "license_url": web_address(first.path)}
    titles = [str(one["title"]) for one in package.descriptor.get("sources", ()) if one.get("title")]
    if titles:
        origin |= {"source": "; ".join(titles), "source_url": f"/catalog/{package.name}/#sources"}
    return origin


def _describe_table(package: Package, resource: Resource, unit_names: Mapping[str, str]) -> dict[str, Any]:
    names = [column.name for column in resource.fields]
    table: dict[str, Any] = {
        "title": _join(package.title),
        "description": package.description.vi,
        "about": f"/catalog/{package.name}/",
        "about_url": f"/catalog/{package.name}/",
        "columns": {column.name: describe_column(column, unit_names) for column in resource.fields},
    }
    label = next((name for name in ("name", "title") if name in names), None)
    if label:
        table["label_column"] = label
    if package.kind == "indicator":
        dimensions = [column.name for column in package.dimensions]
        table["facets"] = [*dimensions, *_FACETS["indicator"]]
        table["sort_desc"] = "period"
    return table


def describe_column(column: Field, unit_names: Mapping[str, str]) -> str:
    """Return one line on a column: title in both languages, unit, description."""
    unit = f" ({unit_names.get(column.unit, column.unit)})" if column.unit else ""
    described = f": {column.description.vi}" if column.description.vi else ""
    return f"{_join(column.title)}{unit}{described}"


def _join(text: Text) -> str:
    """Return a text in both languages, once where they say the same."""
    return text.vi if text.get("en") == text.vi else f"{text.vi} · {text.en}"

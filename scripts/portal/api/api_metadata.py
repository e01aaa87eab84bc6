"""What Datasette shows: `datasette.json`, from the descriptors and `metadata.yml`.

Titles, descriptions, units, licences and sources are written once, in the descriptor. Datasette knows one text
where the portal has two: both stand in it, the Vietnamese one first, joined by `JOINT`, at which the portal's
templates part them again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from portal.figures.catalog import web_address
from portal.sqlite.database import find_keys, list_indexed_columns
from portal.sqlite.own_tables import list_own_indexed_columns
from portal.sqlite.package_rows import leads_elsewhere
from portal.words.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from portal.data.package import Field, Package, Resource
    from portal.data.settings import Settings

DATABASE = "opendata"
# The folder of a release with what its API answers to what is asked often.
ANSWERS = "answers"
JOINT = " · "
_FACETS = ("measure", "status")
# A code list is read as a whole, in the order in which its file gives it.
_WHOLE_PAGE = 1000


def make_metadata(packages: Sequence[Package], settings: Settings, units: Mapping[str, Text]) -> dict[str, Any]:
    """Return Datasette's metadata: the portal, its database, every table with its columns, every query.

    `units` are the words of the codes of units.
    """
    shared = {
        "license": settings.license,
        "license_url": settings.license_url,
        "source": settings.title.vi,
        "source_url": "/",
    }
    own = settings.datasette
    tables = {name: {**shared, **_join_texts(words)} for name, words in own.get("tables", {}).items()}
    for name in ("datasets", "observations"):
        tables.setdefault(name, dict(shared)).update(fts_table=f"{name}_fts", fts_pk="rowid")
    for name, columns in list_own_indexed_columns().items():
        tables.setdefault(name, dict(shared)).update(indexed=columns)
    known = find_keys(packages)
    for package in packages:
        origin = _describe_origin(package)
        for resource in package.resources:
            tables[resource.name] = {**shared, **origin, **_describe_table(package, resource, units, known)}
    return {
        "title": join(settings.title),
        "description": join(settings.description),
        "license": settings.license,
        "license_url": settings.license_url,
        "about": settings.title.vi,
        "about_url": "/",
        "databases": {
            DATABASE: {
                "title": join(settings.title),
                "description": _join_texts(own).get("description", ""),
                **shared,
                "tables": dict(sorted(tables.items())),
                "queries": {name: _describe_query(query) for name, query in own.get("queries", {}).items()},
            }
        },
    }


def join(text: Text) -> str:
    """Return a text in both languages, once where they say the same."""
    return text.vi if text.get("en") == text.vi else f"{text.vi}{JOINT}{text.en}"


def _join_texts(words: Mapping[str, Any]) -> dict[str, Any]:
    """Return words of metadata.yml whose title and description hold both languages."""
    joined = {
        name: join(Text(words[name], words.get(f"{name}_en", ""))) for name in ("title", "description") if name in words
    }
    return {name: value for name, value in words.items() if not name.endswith("_en")} | joined


def _describe_query(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return a canned query; with its parameters named, Datasette need not ask SQLite for them each time."""
    parameters = {name: _join_texts(words) for name, words in query.get("parameters", {}).items()}
    example = urlencode({name: words["example"] for name, words in parameters.items() if words.get("example")})
    return {
        **_join_texts(query),
        "params": list(parameters),
        "parameters": parameters,
        "example": f"?{example}" if example else "",
    }


def _describe_origin(package: Package) -> dict[str, str]:
    """Return the licence and the documents that the package itself names."""
    first = package.licenses[0]
    origin = {"license": first.title.vi or first.name, "license_url": web_address(first.path)}
    titles = [str(one["title"]) for one in package.descriptor.get("sources", ()) if one.get("title")]
    if titles:
        origin |= {"source": "; ".join(titles), "source_url": f"/catalog/{package.name}/#sources"}
    return origin


def _describe_table(
    package: Package, resource: Resource, units: Mapping[str, Text], known: Mapping[str, str]
) -> dict[str, Any]:
    names = [column.name for column in resource.fields]
    label = next((name for name in ("name", "title") if name in names), None)
    return {
        "kind": package.kind,
        "title": join(package.title),
        "description": join(package.description),
        "about": f"/catalog/{package.name}/",
        "about_url": f"/catalog/{package.name}/",
        "columns": {column.name: describe_column(column, units) for column in resource.fields},
        # What the pages offer to filter and to sort by.
        "indexed": [*resource.primary_key[:1], *list_indexed_columns(package, resource)],
        **({"label_column": label} if label else {}),
        **_choose_order(package, resource, known),
    }


def _choose_order(package: Package, resource: Resource, known: Mapping[str, str]) -> dict[str, Any]:
    """Return how a table is sorted and divided at first: newest first, a code list in the order of its file.

    Any other table stays in the order of its key, divided by the codes in it.
    """
    if package.kind == "indicator":
        indexed = set(list_indexed_columns(package, resource))
        wanted = [*(column.name for column in package.dimensions), *_FACETS]
        return {"facets": [name for name in wanted if name in indexed], "sort_desc": "period"}
    # Beside names in place of codes Datasette cannot page by row number.
    if package.name in known and not any(leads_elsewhere(package, column, known) for column in resource.fields):
        names = [column.name for column in resource.fields]
        return {"sort": "rowid", "sortable_columns": [*names, "rowid"], "size": _WHOLE_PAGE}
    indexed = {*resource.primary_key[:1], *list_indexed_columns(package, resource)}
    codes = [one.name for one in resource.fields if leads_elsewhere(package, one, known) and one.name in indexed]
    return {"facets": codes} if codes else {}


def describe_column(column: Field, units: Mapping[str, Text]) -> str:
    """Return one line on a column: title, unit and description, in both languages."""
    unit = units.get(column.unit, Text(column.unit))
    title, description = column.title, column.description
    vietnamese = _say_column(title.vi, unit.vi, description.vi)
    english = _say_column(title.get("en"), unit.get("en"), description.en or ("" if title.en else description.vi))
    return join(Text(vietnamese, english))


def _say_column(title: str, unit: str, description: str) -> str:
    return title + (f" ({unit})" if unit else "") + (f": {description}" if description else "")

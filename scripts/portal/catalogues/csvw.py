"""CSV on the Web: metadata beside each CSV file, https://www.w3.org/TR/tabular-metadata/.

Each document is a group of tables: the file and the code lists that its columns follow, so that a reader can check
the codes. Addresses are relative to the document, in `/data/<dataset>/`.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from portal.catalogues.identifier import Identifier
from portal.catalogues.linked_data import prune, translate
from portal.data.table import read_raw_rows
from portal.figures.catalog import web_address
from portal.sqlite.database import find_keys
from portal.sqlite.package_rows import leads_elsewhere

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from portal.data.package import Field, Package, Resource
    from portal.figures.catalog import Catalog

SUFFIX = ".csv-metadata.json"
# Every finite number of the portal is exactly one double (`number-not-exact`), so that `number` changes none.
_DATATYPES = {
    "string": "string", "number": "number", "integer": "integer", "boolean": "boolean", "date": "date",
    "datetime": "datetime", "time": "time", "year": "gYear", "yearmonth": "gYearMonth",
}  # fmt: skip
# Dates as Python and the Data Package standard write their pattern, and as Unicode (UAX35) does.
_DATE_SIGNS = {"%Y": "yyyy", "%m": "MM", "%d": "dd", "%H": "HH", "%M": "mm", "%S": "ss"}
_DATE_FORMAT = re.compile(r"(?:%[YmdHMS]|[-/.: ])+|%Y-%m-%dT%H:%M:%S")
_DATES = {"date", "datetime", "time"}
_NOTATION = ("decimalChar", "groupChar")
# What CSVW reads as true and false unless told otherwise, and what frictionless does.
_PLAIN_BOOLEANS = {"true", "1", "false", "0"}
_TRUE, _FALSE = ["true", "True", "TRUE", "1"], ["false", "False", "FALSE", "0"]


def describe_csv(package: Package, resource: Resource, catalog: Catalog) -> dict[str, Any]:
    """Return the metadata of the published CSV file of a resource."""
    known = find_keys([*catalog.packages.values()])
    links = {one.name: one.code_list for one in resource.fields if _is_link(package, resource, one, known)}
    keys = [
        {
            "columnReference": [name],
            "reference": {"resource": _locate(code_list), "columnReference": [known[code_list]]},
        }
        for name, code_list in links.items()
    ]
    table = _describe_table(package, resource, f"{resource.name}.csv", catalog)
    table["tableSchema"] |= {"foreignKeys": keys} if keys else {}
    lists = [catalog.packages[name] for name in dict.fromkeys(links.values())]
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "vi"}],
        "tables": [table, *(_describe_table(one, one.main, _locate(one.name), catalog) for one in lists)],
    }


def _is_link(package: Package, resource: Resource, column: Field, known: Mapping[str, str]) -> bool:
    """Tell whether every cell of a column leads to a code list: a strict reader takes no empty ones."""
    return leads_elsewhere(package, column, known) and _is_filled(resource, column)


def _is_filled(resource: Resource, column: Field) -> bool:
    return column.required or column.name in resource.primary_key


def _locate(code_list: str) -> str:
    return f"../{code_list}/{code_list}.csv"


def _describe_table(package: Package, resource: Resource, address: str, catalog: Catalog) -> dict[str, Any]:
    names, path = Identifier(catalog.settings.site_url), web_address(package.licenses[0].path)
    return prune(
        {
            "url": address,
            "dc:title": translate(resource.title if resource.title.vi else package.title),
            "dc:description": translate(package.description),
            "dc:license": {"@id": path} if path else None,
            "dc:isPartOf": {"@id": names.dataset(package.name)},
            "tableSchema": prune(
                {
                    "columns": list(_describe_columns(resource)),
                    "primaryKey": list(resource.primary_key),
                }
            ),
        }
    )


def _describe_columns(resource: Resource) -> Iterator[dict[str, Any]]:
    schema: Mapping[str, Any] = resource.descriptor["schema"]
    for column, descriptor in zip(resource.fields, schema["fields"], strict=True):
        missing = descriptor.get("missingValues", schema.get("missingValues", [""]))
        null = [one if isinstance(one, str) else one["value"] for one in missing]
        choose = _choose_boolean if column.type == "boolean" else _choose_datatype
        yield prune(
            {
                "name": column.name,
                # The name in the header belongs to no language.
                "titles": {"und": column.name, **{one: column.title.get(one) for one in column.title.languages}},
                "dc:description": translate(column.description),
                "datatype": choose(resource, column, descriptor),
                "null": null,
                "separator": column.separator,
                "required": _is_filled(resource, column) or None,
                "propertyUrl": column.rdf_type,
            }
        )


def _choose_datatype(_: Resource, column: Field, descriptor: Mapping[str, Any]) -> str | dict[str, Any]:
    """Return the datatype of a column; text where CSVW has no word for the notation of its cells."""
    base = _DATATYPES[column.type]
    if column.type in {"number", "integer"}:
        notation = {name: descriptor[name] for name in _NOTATION if name in descriptor}
        if descriptor.get("bareNumber") is False:
            return "string"
        return {"base": "decimal", "format": notation} if notation else base
    pattern = descriptor.get("format", "default")
    if column.type not in _DATES or pattern == "default":
        return base
    if not _DATE_FORMAT.fullmatch(pattern):
        return "string"
    return {"base": base, "format": re.sub("%.", lambda sign: _DATE_SIGNS[sign[0]], pattern)}


def _choose_boolean(resource: Resource, column: Field, descriptor: Mapping[str, Any]) -> str | dict[str, Any]:
    """Return the datatype of the words that stand in the file: CSVW takes one for true and one for false."""
    at = resource.field_index(column.name)
    cells = {row.cells[at] for row in islice(read_raw_rows(resource), 1, None)}
    true, false = (
        [word for word in descriptor.get(name, default) if word in cells]
        for name, default in (("trueValues", _TRUE), ("falseValues", _FALSE))
    )
    if _PLAIN_BOOLEANS.issuperset([*true, *false]):
        return "boolean"
    if len(true) == len(false) == 1 and "|" not in true[0] + false[0]:
        return {"base": "boolean", "format": f"{true[0]}|{false[0]}"}
    return "string"

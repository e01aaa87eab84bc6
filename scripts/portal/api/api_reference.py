"""The readable page of the API: what the OpenAPI document says, as values that its template lays out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from portal.api.openapi import ROOT
from portal.api.openapi_parts import OPERATORS
from portal.web.api_error import list_error_kinds
from portal.words.text import sort_key
from portal.words.wording import say

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from portal.web.api_error import ErrorKind
    from portal.words.text import Language

_BLANK = re.compile(r"\{\w+\}")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter as a row of a list; `values` are the words that it takes, where there are few."""

    name: str
    words: str
    values: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One address; `link` is an example of it that answers, empty where there is none to give."""

    anchor: str
    path: str
    title: str
    description: str
    link: str
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One table: the file, the address of its rows, the address of one row."""

    name: str
    title: str
    page: str
    columns: tuple[str, ...]
    operations: tuple[Operation, ...]


class ApiPage:
    """Reads one OpenAPI document."""

    def __init__(self, document: Mapping[str, Any], language: Language) -> None:
        self._document = document
        self._language: Language = language

    def view(self, most: int) -> dict[str, Any]:
        """Return the values of the template, with `most` tables; all of them are in the document."""
        queries = self._tagged("queries")
        sections = ("files", "tables", "parameters", "operators", "queries", "sql", "server", "errors")
        return {
            "sections": [
                (one, say(f"openapi_{one}", self._language)) for one in sections if queries or one != "queries"
            ],
            "files": self._tagged("files", lambda name: not name.startswith("file_")),
            # The tables of all datasets first, then each in the order of a dictionary.
            "tables": list(map(self._read_table, self._choose_tables(most))),
            "csv": self._tagged("tables", lambda name: name == "csv"),
            "queries": queries,
            "sql": self._tagged("sql"),
            "server": self._tagged("server"),
            "shared": self._shared_parameters(),
            "operators": [(name, say(f"openapi_op_{name}", self._language)) for name in OPERATORS],
            "errors": self._errors(),
        }

    def list_shown(self, most: int) -> list[str]:
        """Return the paths of all that `view` reads."""
        tables = {f"{kind}_{name}" for name in self._choose_tables(most) for kind in ("file", "list", "get")}
        shown = [path for name, (path, one) in self._by_id.items() if name in tables or not _is_of_table(name, one)]
        return [*shown, *self._longest]

    def _errors(self) -> list[tuple[ErrorKind, str]]:
        """Return every error with its sentence, the details of a request left open."""
        return [(kind, _BLANK.sub("…", kind.detail.get(self._language))) for kind in list_error_kinds().values()]

    def _tagged(self, tag: str, is_wanted: Callable[[str], bool] = bool) -> list[Operation]:
        """Return the operations of a tag whose id is wanted; of a large catalogue most are not shown, so not read."""
        return [
            self._read_operation(path, one)
            for name, (path, one) in self._by_id.items()
            if tag in one["tags"] and is_wanted(name)
        ]

    @cached_property
    def _by_id(self) -> Mapping[str, tuple[str, Mapping[str, Any]]]:
        return {one["get"]["operationId"]: (path, one["get"]) for path, one in self._document["paths"].items()}

    def _choose_tables(self, most: int) -> list[str]:
        """Return names of tables: those of all datasets first, then each in the order of a dictionary."""
        listed = [
            (bool(one.get("externalDocs")), sort_key(one["summary"]), identifier.removeprefix("list_"))
            for identifier, (path, one) in self._by_id.items()
            if path == f"{ROOT}/{identifier.removeprefix('list_')}.json"
        ]
        return [name for _, _, name in sorted(listed)[:most]]

    def _read_table(self, name: str) -> Table:
        _, listing = self._by_id[f"list_{name}"]
        columns = [self._resolve(part)["name"] for part in listing["parameters"] if "/filter." in part.get("$ref", "")]
        own = (f"file_{name}", f"list_{name}", f"get_{name}")
        operations = (self._read_operation(*self._by_id[key]) for key in own if key in self._by_id)
        page = listing.get("externalDocs", {}).get("url", "")
        return Table(name, listing["summary"], page, tuple(columns), tuple(operations))

    def _shared_parameters(self) -> list[Parameter]:
        """Return the options that every table takes, told by the one with most of them."""
        options = (
            self._resolve(part) for path in self._longest for part in self._document["paths"][path]["get"]["parameters"]
        )
        return [self._read_parameter(one) for one in options if one["name"].startswith("_")]

    @cached_property
    def _longest(self) -> list[str]:
        """Return the path of the first table with most parameters, if there is a table."""
        of_tables = {
            path: one["get"] for path, one in self._document["paths"].items() if "tables" in one["get"]["tags"]
        }
        return [max(of_tables, key=lambda path: len(of_tables[path]["parameters"]))] if of_tables else []

    def _read_operation(self, path: str, operation: Mapping[str, Any]) -> Operation:
        parts = [self._resolve(part) for part in operation.get("parameters", ())]
        return Operation(
            operation["operationId"],
            path,
            operation["summary"],
            operation.get("description", ""),
            _link(path, parts),
            tuple(self._read_parameter(one) for one in parts if not one["name"].startswith("_")),
        )

    def _read_parameter(self, part: Mapping[str, Any]) -> Parameter:
        schema = self._resolve(part["schema"])
        values = schema.get("enum", ())
        return Parameter(part["name"], part["description"], " ".join(values) if 0 < len(values) < 9 else "")

    def _resolve(self, part: Mapping[str, Any]) -> Mapping[str, Any]:
        if "$ref" not in part:
            return part
        _, _, kind, name = part["$ref"].split("/")
        found: Mapping[str, Any] = self._document["components"][kind][name]
        return found


def _is_of_table(name: str, operation: Mapping[str, Any]) -> bool:
    """Tell whether an operation is about one table alone."""
    return name.startswith("file_") or "rows" in operation["tags"] or ("tables" in operation["tags"] and name != "csv")


def excerpt(document: Mapping[str, Any], language: Language, most: int) -> dict[str, Any]:
    """Return a document with no more paths than the page with `most` tables shows."""
    shown = set(ApiPage(document, language).list_shown(most))
    return {**document, "paths": {path: one for path, one in document["paths"].items() if path in shown}}


def _link(path: str, parameters: list[Mapping[str, Any]]) -> str:
    """Return an example of an address, made from the examples of its parameters."""
    examples = {one["name"]: str(one["example"]) for one in parameters if "example" in one}
    if "{" in path:
        needed = [one["name"] for one in parameters if one["in"] == "path"]
        return path.format(**examples) if set(needed) <= set(examples) else ""
    query = "&".join(f"{name}={quote(value)}" for name, value in examples.items())
    return f"{path}?{query}" if query else path

"""Parts that the operations of the OpenAPI document share: parameters, schemas, answers; each is written once."""

from __future__ import annotations

import json
import marshal
from typing import TYPE_CHECKING, Any

from portal.web.api_error import PROBLEM_TYPE, list_error_kinds
from portal.words.wording import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.sqlite.table_shape import ColumnShape
    from portal.words.text import Language

Part = dict[str, Any]
# JSON types of columns that hold numbers.
NUMERIC = ("integer", "number")
# Comparisons of Datasette that hold for any column.
OPERATORS = (
    "exact", "not", "contains", "notcontains", "startswith", "endswith", "gt", "gte", "lt", "lte", "like", "notlike",
    "glob", "in", "notin", "date", "isnull", "notnull", "isblank", "notblank",
)  # fmt: skip
MOST_ROWS = 1_000
# A part of a row's address: everything else is written as ~ and two digits, a space as +.
_KEY_PART = r"^(?:[A-Za-z0-9_+-]|~[0-9A-F]{2})+$"
# In a list in brackets Datasette would look for JSON.
_FILTER_VALUE = r"^[^\[\u0000]*$"
# What columns of numbers are compared with, a number or several.
_COMPARED_NUMBER = r"^-?[0-9]{1,15}(?:\.[0-9]{1,15})?$"
_COMPARED_NUMBERS = r"^-?[0-9]{1,15}(?:\.[0-9]{1,15})?(?:,-?[0-9]{1,15}(?:\.[0-9]{1,15})?)*$"
_OF_NUMBER, _OF_NUMBERS = ("exact", "not", "gt", "gte", "lt", "lte"), ("in", "notin")
_CELL: Part = {"type": ["string", "number", "null"]}
_ROW_FORMS = ["arrays", "objects", "array", "arrayfirst"]
SWITCH: Part = {"type": "string", "enum": ["on", "off", "true", "false", "1", "0"], "default": "off"}
_TEXT: Part = {"type": "string"}


class Components:
    """The shared parts of a document: the same part is written once, under the first name that is free."""

    def __init__(self) -> None:
        self.parts: dict[str, dict[str, Part]] = {"schemas": {}, "parameters": {}, "responses": {}}
        self._known: dict[tuple[str, str], Part] = {}
        self._seen: dict[tuple[str, bytes], Part] = {}

    def share(self, kind: str, name: str, part: Part, owner: str = "") -> Part:
        """Return a reference to `part`; where `name` means something else already, it is kept as `name.owner`.

        Raises ValueError where that means something else, too: a fault of ours.
        """
        # The same part is asked for by each of thousands of tables, and mostly made the same way.
        form = kind, marshal.dumps(part, 2)
        if form not in self._seen:
            self._seen[form] = self._share(kind, name, part, owner)
        return self._seen[form]

    def _share(self, kind: str, name: str, part: Part, owner: str) -> Part:
        identity = kind, json.dumps(part, sort_keys=True)
        if identity not in self._known:
            free = name if name not in self.parts[kind] else f"{name}.{owner}"
            if free in self.parts[kind]:
                raise ValueError(f"{kind}: {free}")
            self.parts[kind][free] = part
            self._known[identity] = {"$ref": f"#/components/{kind}/{free}"}
        return self._known[identity]


def name_shared(reference: Part) -> str:
    """Return the name under which a shared part is kept."""
    return str(reference["$ref"]).rpartition("/")[2]


def make_parameter(name: str, words: str, schema: Part, place: str = "query", **more: Any) -> Part:
    """Return a parameter; one in the path is required."""
    required = {"required": True} if place == "path" else {}
    return {"name": name, "in": place, **required, "description": words, "schema": schema, **more}


class Shared:
    """The parts of one document in one language, each shared when it is asked for."""

    def __init__(self, language: Language) -> None:
        self.components = Components()
        self._problems: dict[int, Part] = {}
        self._language: Language = language

    def say(self, key: str, **details: object) -> str:
        """Return the portal's own words in the language of the document."""
        return say(key, self._language, **details)

    def parameter(self, name: str, schema: Part, key: str = "", owner: str = "", **more: Any) -> Part:
        """Return a reference to a query parameter, worded under `openapi_param_<key>`."""
        words = self.say(f"openapi_param_{key or name.lstrip('_')}")
        return self.components.share("parameters", name, make_parameter(name, words, schema, **more), owner)

    def form(self) -> list[Part]:
        """Return how the rows of any answer can be asked for."""
        shape = self.parameter("_shape", {"type": "string", "enum": _ROW_FORMS})
        return [shape, self.parameter("_nl", SWITCH)]

    def table_options(self, columns: Part, others: Part, owner: str, *, searchable: bool) -> list[Part]:
        """Return the options of a table; `columns` is the schema of its column names, `others` without the key's."""
        several = {"type": "array", "items": columns}
        size = {"type": "integer", "minimum": 0, "maximum": MOST_ROWS, "default": 100}
        options = [
            self.parameter("_shape", {"type": "string", "enum": [*_ROW_FORMS, "object"]}, owner="table"),
            self.parameter("_nl", SWITCH),
            self.parameter("_size", size),
            self.parameter("_next", _TEXT),
            *(self.parameter(name, columns, owner=owner) for name in ("_sort", "_sort_desc")),
            *(self.parameter(name, several, owner=owner) for name in ("_col", "_facet")),
            self.parameter("_nocol", {"type": "array", "items": others}, owner=owner),
            self.parameter("_facet_size", {**size, "default": 30}),
            self.parameter("_labels", SWITCH),
            self.parameter("_nocount", SWITCH),
            self.parameter("_json", several, owner=owner),
            self.parameter("_where", _TEXT),
        ]
        return [*options, self.parameter("_search", _TEXT)] if searchable else options

    def key_part(self, name: str) -> Part:
        """Return a reference to a part of a row's address."""
        words = self.say("openapi_param_key")
        part = make_parameter(name, words, {"type": "string", "pattern": _KEY_PART}, "path")
        return self.components.share("parameters", f"key.{name}", part)

    def filters(self, columns: Sequence[ColumnShape], owner: str) -> Part:
        """Return a reference to the parameter that stands for all comparisons of some columns."""
        numbers = [one.name for one in columns if one.type in NUMERIC]
        texts = [one.name for one in columns if one.type not in NUMERIC]
        rest = [one for one in OPERATORS if one not in {*_OF_NUMBER, *_OF_NUMBERS}]
        compared = (
            (texts, OPERATORS, _FILTER_VALUE),
            (numbers, _OF_NUMBER, _COMPARED_NUMBER),
            (numbers, _OF_NUMBERS, _COMPARED_NUMBERS),
            (numbers, rest, _FILTER_VALUE),
        )
        values = {
            f"^(?:{'|'.join(names)})__(?:{'|'.join(operators)})$": {"type": "string", "pattern": pattern}
            for names, operators, pattern in compared
            if names
        }
        schema = {"type": "object", "patternProperties": values, "additionalProperties": False}
        return self.parameter("filters", schema, owner=owner, style="form", explode=True)

    def problems(self, *statuses: int) -> Part:
        """Return the answers of an operation that say what is wrong, by status."""
        return {str(status): self._problem(status) for status in statuses}

    def _problem(self, status: int) -> Part:
        if status not in self._problems:
            self._problems[status] = self._make_problem(status)
        return self._problems[status]

    def _make_problem(self, status: int) -> Part:
        codes = ", ".join(kind.code for kind in list_error_kinds().values() if kind.status == status)
        content = {PROBLEM_TYPE: {"schema": self.problem_schema()}}
        part: Part = {"description": codes, "content": content}
        if status in {429, 503}:
            part["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
        return self.components.share("responses", f"Problem{status}", part)

    def answer(self, name: str, words: str, *content: tuple[str, Part], headers: Sequence[str] = ()) -> Part:
        """Return a reference to a good answer, one schema for each media type; caches use headers of every answer."""
        part = {
            "description": words,
            "headers": {one: {"schema": _TEXT} for one in ("ETag", "Cache-Control", "X-Release", *headers)},
            "content": {media_type: {"schema": schema} for media_type, schema in content},
        }
        return self.components.share("responses", name, part)

    # --- schemas ----------------------------------------------------------------------------------------

    def schema(self, name: str, part: Part, key: str = "", owner: str = "") -> Part:
        """Return a reference to a schema."""
        described = {"description": self.say(f"openapi_schema_{key}"), **part} if key else part
        return self.components.share("schemas", name, described, owner)

    def problem_schema(self) -> Part:
        """Return RFC 9457 with Datasette's names beside it."""
        codes = list(list_error_kinds())
        members: Part = {
            "type": {"type": "string", "enum": [f"/developers/api/#{code}" for code in codes]},
            "title": {"type": "string", "enum": codes},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            **dict.fromkeys(("detail", "detail_vi", "error"), _TEXT),
            "ok": {"const": False},
        }
        return self.schema("Problem", {"type": "object", "properties": members, "required": list(members)}, "problem")

    def row_list(self, row: Part) -> Part:
        """Return the schema of rows as `_shape` array, arrayfirst or (for tables) object give them."""
        rows = {"type": "array", "items": {"anyOf": [row, self.other_row(), _CELL]}}
        return {"anyOf": [rows, {"type": "object", "additionalProperties": {"anyOf": [row, self.other_row()]}}]}

    @staticmethod
    def cell(words: str) -> Part:
        """Return the schema of a cell that may hold anything."""
        return {**_CELL, "description": words}

    def other_row(self) -> Part:
        """Return the schema of a row that was asked for in another form than its table has."""
        return self.schema("OtherRow", {"type": "object"}, "other_row")

    def page(self) -> Part:
        """Return the schema of a page of rows; `rows` holds arrays or objects, as `_shape` says."""
        rows = {"type": "array", "items": {"type": ["array", "object"]}}
        count = {"type": ["integer", "null"], "description": self.say("openapi_schema_count")}
        members: Part = {
            "rows": rows,
            "columns": {"type": "array", "items": _TEXT},
            "truncated": {"type": "boolean"},
            "filtered_table_rows_count": count,
            "next": {"type": ["string", "null"]},
            "next_url": {"type": ["string", "null"]},
            "facet_results": {"type": "object"},
        }
        return self.schema("Page", {"type": "object", "properties": members, "required": ["rows", "columns"]}, "page")

"""The OpenAPI 3.1 document: every address that the portal answers, made from what is published.

A pure function of the catalogue, the shape of the tables and the canned queries in `metadata.yml`. Texts are in one
language, as on the pages; everything else is the same in both documents.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from portal.api.api_metadata import DATABASE
from portal.api.openapi_parts import NUMERIC, SWITCH, Part, Shared, make_parameter, name_shared
from portal.api.openapi_words import TableWords, say_own

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from portal.figures.catalog import Catalog
    from portal.sqlite.table_shape import ColumnShape, TableShape
    from portal.words.text import Language

API_VERSION = "1.0.0"
ROOT = f"/datasette/{DATABASE}"
# `:name` outside of quotes, as SQLite reads parameters.
_PARAMETER = re.compile(r"'[^']*'|\"[^\"]*\"|(?<!:):([A-Za-z_]\w*)")
_FIGURES = "figures"  # the view from which canned queries take most of their columns
_JSON, _CSV, _LINES = "application/json", "text/csv", "text/plain"


def make_openapi(catalog: Catalog, language: Language) -> dict[str, Any]:
    """Return the document in one language."""
    writer = _DocumentWriter(catalog, language)
    settings = catalog.settings
    paths = dict(writer.paths())
    return {
        "openapi": "3.1.0",
        "info": {
            "title": writer.shared.say("openapi_title"),
            "description": writer.shared.say("openapi_description"),
            "version": API_VERSION,
            "license": {"name": settings.license, "url": settings.license_url},
            "contact": {"email": settings.contact},
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": name, "description": writer.shared.say(f"openapi_{name}_lead")}
            for name in ("files", "tables", "rows", "queries", "sql", "server")
        ],
        "paths": {path: {"get": operation} for path, operation in paths.items()},
        "components": {kind: dict(sorted(parts.items())) for kind, parts in writer.shared.components.parts.items()},
    }


def list_query_parameters(query: Mapping[str, Any]) -> list[str]:
    """Return the parameters of a canned query: those it names, or those of its SQL in their order."""
    if named := query.get("parameters") or query.get("params"):
        return [str(name) for name in named]
    return list(dict.fromkeys(match[1] for match in _PARAMETER.finditer(str(query.get("sql", ""))) if match[1]))


class _DocumentWriter:
    """Makes the operations of one document; whatever two of them share goes into `shared`."""

    def __init__(self, catalog: Catalog, language: Language) -> None:
        self.shared = Shared(language)
        self._catalog = catalog
        self._language: Language = language
        self._words = TableWords(catalog, language)
        self._rows: dict[str, Part] = {}

    def paths(self) -> Iterator[tuple[str, Part]]:
        """Yield every address with what GET does there, in the order of the page."""
        yield from self._file_paths()
        for shape in self._catalog.shapes:
            yield f"{ROOT}/{shape.name}.json", self._list_rows(shape)
        yield f"{ROOT}/{{table}}.csv", self._write_csv()
        for shape in self._catalog.shapes:
            if shape.key:
                key = ",".join(f"{{{name}}}" for name in shape.key)
                yield f"{ROOT}/{shape.name}/{key}.json", self._get_row(shape)
        for name, query in self._queries().items():
            yield f"{ROOT}/{name}.json", self._run_query(name, query if isinstance(query, dict) else {"sql": query})
        yield f"{ROOT}.json", self._run_sql()
        yield "/health", self._report_health()

    def _queries(self) -> Mapping[str, Any]:
        queries: Mapping[str, Any] = self._catalog.settings.datasette.get("queries", {})
        return queries

    # --- files ------------------------------------------------------------------------------------------

    def _file_paths(self) -> Iterator[tuple[str, Part]]:
        say = self.shared.say
        index = {"type": "object", "required": ["datasets"]}
        yield "/data/catalog.json", self._get_file("catalog", say("openapi_catalog_file"), index)
        values = {"type": "array", "items": {"type": "object", "required": ["dataset", "value", "unit", "period"]}}
        yield "/data/latest.json", self._get_file("latest", say("openapi_latest_file"), values)
        document = {"type": "object", "required": ["openapi", "paths"]}
        yield "/developers/openapi.json", self._get_file("openapi", say("openapi_openapi_file"), document)
        shapes = {shape.name: shape for shape in self._catalog.shapes}
        for package in self._catalog.packages.values():
            for one in package.resources:
                if one.name in shapes:
                    words = say("openapi_table_file", title=self._words.title(one.name))
                    row = self._row_schema(shapes[one.name])
                    rows = {"type": "array", "items": row}
                    file = self._get_file(f"file_{one.name}", words, rows, name_shared(row))
                    yield f"/data/{package.name}/{one.name}.json", file
        yield "/data/{dataset}/{file}", self._get_any_file()

    def _get_any_file(self) -> Part:
        datasets = sorted(self._catalog.packages)
        name = {"type": "string", "pattern": r"^[a-z0-9_]+\.[a-z.]+$"}
        forms: list[tuple[str, Part]] = [(_CSV, {"type": "string"}), ("application/zip", {}), (_JSON, {})]
        dataset = make_parameter("dataset", self.shared.say("openapi_param_dataset"), {"enum": datasets}, "path")
        file = make_parameter("file", self.shared.say("openapi_param_file"), name, "path", example="datapackage.json")
        answer = self.shared.answer("File", self.shared.say("openapi_answer_file"), *forms)
        return {
            "operationId": "file",
            "tags": ["files"],
            "summary": self.shared.say("openapi_any_file"),
            "parameters": [dataset, file],
            "responses": {"200": answer, **self.shared.problems(400), "404": self._missing_file()},
        }

    def _get_file(self, name: str, words: str, schema: Part, group: str = "") -> Part:
        answer = self.shared.answer(f"File.{group or name}", self.shared.say("openapi_answer_file"), (_JSON, schema))
        return {"operationId": name, "tags": ["files"], "summary": words, "responses": {"200": answer}}

    def _missing_file(self) -> Part:
        page = {"text/html": {"schema": {"type": "string"}}}
        return {"description": self.shared.say("openapi_answer_missing_file"), "content": page}

    # --- tables -----------------------------------------------------------------------------------------

    def _list_rows(self, shape: TableShape) -> Part:
        names = [column.name for column in shape.columns]
        group = self._group(shape)
        columns = self.shared.schema(f"columns.{group}", {"type": "string", "enum": names}, owner=shape.name)
        rest = [name for name in names if name not in shape.key]
        others = self.shared.schema(f"others.{group}", {"type": "string", "enum": rest}, owner=shape.name)
        filters = [self._filter(shape.name, column) for column in shape.columns]
        filters.append(self.shared.filters(shape.columns, shape.name))
        table = {
            "operationId": f"list_{shape.name}",
            "tags": ["tables"],
            "summary": self._words.title(shape.name),
            "description": self._words.describe(shape.name),
            "parameters": [
                *filters,
                *self.shared.table_options(columns, others, shape.name, searchable=shape.searchable),
            ],
            "responses": self._answer_rows(self._row_schema(shape), 400, 414, 429, 503),
        }
        if shape.name in self._catalog.packages:
            table["externalDocs"] = {
                "url": f"{'/en' if self._language == 'en' else ''}/catalog/{shape.name}/",
                "description": self.shared.say("openapi_see_dataset"),
            }
        return {key: value for key, value in table.items() if value}

    def _answer_rows(self, row: Part, *statuses: int) -> Part:
        anything = {"anyOf": [self.shared.page(), self.shared.row_list(row)]}
        content = (_JSON, anything), (_LINES, {"type": "string"})
        answer = self.shared.answer(f"Rows.{name_shared(row)}", self.shared.say("openapi_answer_rows"), *content)
        return {"200": answer, **self.shared.problems(*statuses)}

    def _filter(self, table: str, column: ColumnShape) -> Part:
        words = self.shared.say("openapi_param_filter", title=self._words.column_title(table, column.name))
        part = make_parameter(column.name, words, {"type": "number" if column.type in NUMERIC else "string"})
        return self.shared.components.share("parameters", f"filter.{column.name}", part, table)

    def _row_schema(self, shape: TableShape) -> Part:
        if shape.name not in self._rows:
            self._rows[shape.name] = self._make_row_schema(shape)
        return self._rows[shape.name]

    def _make_row_schema(self, shape: TableShape) -> Part:
        cells = {column.name: self._cell_schema(shape.name, column) for column in shape.columns}
        row = {"type": "object", "properties": cells, "required": list(cells), "additionalProperties": False}
        return self.shared.components.share("schemas", self._group(shape), row, shape.name)

    def _group(self, shape: TableShape) -> str:
        """Return the name of what tables with the same columns share: indicators differ by their dimensions."""
        package = self._catalog.packages.get(shape.name)
        if package is None or package.kind != "indicator":
            return shape.name
        return ".".join(["indicator", *(column.name for column in package.dimensions)])

    def _cell_schema(self, table: str, column: ColumnShape) -> Part:
        kinds = [column.type, *(["boolean"] if self._words.is_boolean(table, column.name) else [])]
        kinds += ["null"] if column.nullable else []
        words = self._words.describe_column(table, column.name)
        part = {"type": kinds if len(kinds) > 1 else kinds[0], "description": words}
        return self.shared.components.share("schemas", f"cell.{column.name}", part, table)

    def _write_csv(self) -> Part:
        names = {"type": "string", "enum": [shape.name for shape in self._catalog.shapes]}
        table = make_parameter("table", self.shared.say("openapi_param_table"), names, "path")
        size = {"type": "integer", "minimum": 0, "maximum": 1000}
        options = [self.shared.parameter(name, SWITCH) for name in ("_labels", "_stream")]
        text = {"type": "string"}  # as plain text, so that a browser shows it instead of saving it
        content, words = ((_LINES, text), (_CSV, text)), self.shared.say("openapi_answer_rows")
        answer = self.shared.answer("Csv", words, *content, headers=("Link", "X-Truncated"))
        return {
            "operationId": "csv",
            "tags": ["tables"],
            "summary": self.shared.say("openapi_table_csv"),
            "parameters": [table, self.shared.parameter("_size", size, owner="csv"), *options],
            "responses": {"200": answer, **self.shared.problems(400, 404, 414, 429, 503)},
        }

    def _get_row(self, shape: TableShape) -> Part:
        return {
            "operationId": f"get_{shape.name}",
            "tags": ["rows"],
            "summary": self.shared.say("openapi_one_row", title=self._words.title(shape.name)),
            "parameters": [*(self.shared.key_part(name) for name in shape.key), *self.shared.form()],
            "responses": self._answer_rows(self._row_schema(shape), 400, 404, 414, 429, 503),
        }

    # --- queries ----------------------------------------------------------------------------------------

    def _run_query(self, name: str, query: Mapping[str, Any]) -> Part:
        own = [self._describe_parameter(one, query) for one in list_query_parameters(query)]
        described = {
            "operationId": f"query_{name}",
            "tags": ["queries"],
            "summary": say_own(query, "title", self._language) or name,
            "description": say_own(query, "description", self._language),
            "parameters": [*own, *self.shared.form()],
            "responses": self._answer_rows(self._answer_schema(name), 400, 414, 429, 503),
        }
        return {key: value for key, value in described.items() if value}

    def _answer_schema(self, query: str) -> Part:
        """Return the schema of a row that a canned query answers: its columns, in the words of the same figures."""
        columns = self._catalog.answers.get(query)
        if not columns:
            return self.shared.other_row()
        cells = {column: self.shared.cell(self._words.column_title(_FIGURES, column)) for column in columns}
        row = {"type": "object", "properties": cells, "required": list(cells), "additionalProperties": False}
        return self.shared.components.share("schemas", f"query.{query}", row)

    def _describe_parameter(self, name: str, query: Mapping[str, Any]) -> Part:
        known = query.get("parameters")
        words = known[name] if isinstance(known, dict) else {}
        example = {"example": str(words["example"])} if words.get("example") else {}
        said = say_own(words, "description", self._language) or name
        return make_parameter(name, said, {"type": "string"}, **example)

    def _run_sql(self) -> Part:
        sql = make_parameter("sql", self.shared.say("openapi_param_sql"), {"type": "string"}, example="select 1 as one")
        listing = {"type": "object", "required": ["tables", "queries"]}
        anything = {"anyOf": [self.shared.page(), self.shared.row_list(self.shared.other_row()), listing]}
        content = (_JSON, anything), (_LINES, {"type": "string"})
        answer = self.shared.answer("Sql", self.shared.say("openapi_answer_rows"), *content)
        return {
            "operationId": "sql",
            "tags": ["sql"],
            "summary": self.shared.say("openapi_database"),
            "parameters": [sql, *self.shared.form()],
            "responses": {"200": answer, **self.shared.problems(400, 414, 429, 503)},
        }

    def _report_health(self) -> Part:
        members = {"status": {"const": "ok"}, "release": {"type": "string"}}
        body = {"type": "object", "properties": members, "required": list(members)}
        answer = self.shared.answer("Health", self.shared.say("openapi_answer_health"), (_JSON, body))
        return {
            "operationId": "health",
            "tags": ["server"],
            "summary": self.shared.say("openapi_health"),
            "responses": {"200": answer},
        }

"""The OpenAPI document: valid, whole, the same in both languages, and true of what is published."""

from __future__ import annotations

import copy
import json
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from factory import PATIENCE, make_tiny_catalog, write_indicator, write_references
from portal.api.api_reference import ApiPage
from portal.api.openapi import ROOT, list_query_parameters, make_openapi
from portal.api.openapi_parts import OPERATORS, Components, name_shared
from portal.api.openapi_words import say_own
from portal.api.sql_functions import register
from portal.proofs.reread_database import open_database
from portal.sqlite.table_shape import read_shapes
from portal.web.api_error import list_error_kinds
from portal.words.text import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from portal.sqlite.table_shape import TableShape
    from published import Published

pytest_plugins = ("published", "served")

Document = dict[str, Any]


@pytest.fixture(scope="module", params=LANGUAGES)
def document(request: pytest.FixtureRequest, served_build: Path) -> Document:
    return read_document(served_build, request.param)


def read_document(build: Path, language: str) -> Document:
    folder = build / "current" / "site" / ("en" if language == "en" else "")
    document: Document = json.loads((folder / "developers" / "openapi.json").read_text("utf-8"))
    return document


def find_faults(document: Document) -> list[str]:
    """Return what a validator of OpenAPI 3.1 says."""
    try:
        return [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()]
    except Unresolvable as error:
        return [error.ref]


def resolve(document: Document, part: Document) -> Document:
    while "$ref" in part:
        _, _, kind, name = part["$ref"].split("/")
        part = document["components"][kind][name]
    return part


# --- valid --------------------------------------------------------------------------------------------------------


def test_the_document_is_valid(document: Document) -> None:
    assert document["openapi"] == "3.1.0"
    assert find_faults(document) == []


def answer_without_words(document: Document) -> None:
    del document["components"]["responses"]["Health"]["description"]


def drop_version(document: Document) -> None:
    del document["info"]["version"]


def refer_to_nothing(document: Document) -> None:
    document["paths"][f"{ROOT}/observations.json"]["get"]["parameters"][0] = {"$ref": "#/components/parameters/nothing"}


def say_twice_what_identifies(document: Document) -> None:
    document["paths"]["/health"]["get"]["operationId"] = "sql"


def forget_a_part_of_the_path(document: Document) -> None:
    document["paths"][f"{ROOT}/observations/{{id}}.json"]["get"]["parameters"] = []


def misplace_a_parameter(document: Document) -> None:
    document["components"]["parameters"]["_size"]["in"] = "nowhere"


@pytest.mark.parametrize(
    "spoil",
    [answer_without_words, drop_version, refer_to_nothing, say_twice_what_identifies, forget_a_part_of_the_path,
     misplace_a_parameter],
)  # fmt: skip
def test_a_broken_document_is_refused(served_build: Path, spoil: Callable[[Document], None]) -> None:
    broken = copy.deepcopy(read_document(served_build, "vi"))
    spoil(broken)
    assert find_faults(broken) != []


def test_a_portal_without_data_has_a_valid_document(tmp_path: Path) -> None:
    write_references(tmp_path)
    write_indicator(tmp_path, "fish")
    assert find_faults(make_openapi(make_tiny_catalog(tmp_path), "en")) == []


def strip_words(part: Any) -> Any:
    """Return a document without what is said in a language."""
    if isinstance(part, dict):
        return {
            key: strip_words(one) for key, one in part.items() if key not in {"description", "title", "summary", "url"}
        }
    return [strip_words(one) for one in part] if isinstance(part, list) else part


def find_words(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for key, one in part.items():
            if key in {"description", "summary"} and isinstance(one, str):
                yield one
            yield from find_words(one)
    elif isinstance(part, list):
        for one in part:
            yield from find_words(one)


def test_both_languages_have_the_same_addresses(served_build: Path) -> None:
    vietnamese, english = (read_document(served_build, language) for language in LANGUAGES)
    assert list(vietnamese["paths"]) == list(english["paths"])
    for path, one in vietnamese["paths"].items():
        other = english["paths"][path]["get"]
        assert one["get"]["operationId"] == other["operationId"]
        names = [[resolve(doc, part)["name"] for part in op.get("parameters", ())] for doc, op in
                 ((vietnamese, one["get"]), (english, other))]  # fmt: skip
        assert names[0] == names[1]
    assert vietnamese["info"]["title"] == "API dữ liệu mở Kiên Giang"
    assert english["info"]["title"] == "Kiên Giang open-data API"


def test_every_word_is_said(document: Document) -> None:
    words = list(find_words(document))
    assert len(words) > 500
    assert [one for one in words if not one.strip() or re.search(r"\{[a-z]+\}| · ", one)] == []


def test_the_document_stays_small(served_build: Path) -> None:
    packed = served_build / "current/site/developers/openapi.json.gz"
    assert packed.stat().st_size < 600 * len(read_tables(served_build))


def read_tables(build: Path) -> Sequence[TableShape]:
    """Return the tables of the published database."""
    with closing(open_database(build / "current/opendata.db")) as database:
        return read_shapes(database)


def test_two_parts_of_one_name_are_both_kept_and_a_third_is_refused() -> None:
    components = Components()
    references = [components.share("schemas", "a", {"type": kind}, "b") for kind in ("string", "string", "number")]
    assert [name_shared(one) for one in references] == ["a", "a", "a.b"]
    with pytest.raises(ValueError, match=r"schemas: a\.b"):
        components.share("schemas", "a", {"type": "null"}, "b")


# --- whole --------------------------------------------------------------------------------------------------------


def read_columns(build: Path) -> dict[str, list[str]]:
    """Return the columns of every table that a visitor sees, as the database has them."""
    database = (build / "current" / "opendata.db").resolve()
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: [row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')]
            for name in names
            if "_fts" not in name and not name.startswith("sqlite_")
        }


def test_every_table_is_described_with_every_column(document: Document, served_build: Path) -> None:
    columns = read_columns(served_build)
    assert len(columns) > 70
    for name, names in columns.items():
        parameters = [resolve(document, part) for part in document["paths"][f"{ROOT}/{name}.json"]["get"]["parameters"]]
        filters = [one["name"] for one in parameters if not one["name"].startswith("_") and one["name"] != "filters"]
        assert filters == names
        patterns = next(one for one in parameters if one["name"] == "filters")["schema"]["patternProperties"]
        for column in names:
            for operator in OPERATORS:  # said once: a value has to hold for every pattern that its name matches
                assert sum(bool(re.fullmatch(one, f"{column}__{operator}")) for one in patterns) == 1
            assert not any(re.fullmatch(one, column) for one in patterns)
        for option in ("_sort", "_sort_desc"):
            schema = next(one for one in parameters if one["name"] == option)["schema"]
            assert resolve(document, schema)["enum"] == names


def test_only_tables_with_search_can_be_searched(document: Document, served_build: Path) -> None:
    searchable = {
        path.removeprefix(f"{ROOT}/").removesuffix(".json")
        for path, one in document["paths"].items()
        if any(resolve(document, part)["name"] == "_search" for part in one["get"].get("parameters", ()))
    }
    assert searchable == {one.name for one in read_tables(served_build) if one.searchable}
    assert searchable >= {"datasets", "observations"}


def answer_columns(build: Path, query: dict[str, Any]) -> list[str]:
    """Return the columns of what SQLite answers to a canned query with its examples."""
    blanks = {name: words.get("example", "") for name, words in query["parameters"].items()}
    with closing(sqlite3.connect(build / "current/opendata.db")) as connection:
        register(connection)
        return [name for name, *_ in connection.execute(query["sql"], blanks).description]


def test_every_canned_query_is_described(served_build: Path, document: Document) -> None:
    metadata = json.loads((served_build / "current" / "datasette.json").read_text("utf-8"))
    queries = metadata["databases"]["opendata"]["queries"]
    described = {one["get"]["operationId"]: one["get"] for one in document["paths"].values()}
    for name, query in queries.items():
        operation = described[f"query_{name}"]
        names = [resolve(document, part)["name"] for part in operation["parameters"]]
        assert names[: len(list_query_parameters(query))] == list_query_parameters(query)
        row = document["components"]["schemas"][f"query.{name}"]
        assert list(row["properties"]) == row["required"] == answer_columns(served_build, query)
        assert not row["additionalProperties"]
        assert all(cell["description"] for cell in row["properties"].values())


def test_the_parameters_of_a_query_are_those_of_its_sql() -> None:
    sql = "select 'a:b', \"c:d\" from t where x = :first and y > :second and z = :first and w = '12:30'"
    assert list_query_parameters({"sql": sql}) == ["first", "second"]
    assert list_query_parameters({"sql": sql, "params": ["second", "first"]}) == ["second", "first"]
    assert list_query_parameters({"sql": "select 1"}) == []


def test_a_text_of_metadata_is_said_in_one_language() -> None:
    words = {"title": "Tiêu đề · Title", "description": "Mô tả", "description_en": "Description", "kind": "indicator"}
    for name, said in (("title", ["Tiêu đề", "Title"]), ("description", ["Mô tả", "Description"]),
                       ("kind", ["indicator", "indicator"]), ("nothing", ["", ""])):  # fmt: skip
        assert [say_own(words, name, language) for language in LANGUAGES] == said


def test_a_canned_query_says_what_its_parameters_are(tmp_path: Path) -> None:
    write_references(tmp_path)
    write_indicator(tmp_path, "fish")
    words = {"description": "Mã tài liệu", "description_en": "Code of the document", "example": "bc 1"}
    query = {"title": "Tài liệu", "title_en": "One document", "sql": "select :source", "parameters": {"source": words}}
    catalog = make_tiny_catalog(tmp_path)
    settings = replace(catalog.settings, datasette={"queries": {"of_source": query, "bare": "select :first"}})
    document = make_openapi(replace(catalog, settings=settings), "en")
    assert find_faults(document) == []
    operation = document["paths"][f"{ROOT}/of_source.json"]["get"]
    assert (operation["operationId"], operation["summary"]) == ("query_of_source", "One document")
    assert operation["parameters"][0] == {
        "name": "source", "in": "query", "description": "Code of the document", "schema": {"type": "string"},
        "example": "bc 1",
    }  # fmt: skip
    assert document["paths"][f"{ROOT}/bare.json"]["get"]["parameters"][0]["name"] == "first"
    (shown, bare) = ApiPage(document, "en").view(10)["queries"]
    assert (shown.link, bare.link) == (f"{ROOT}/of_source.json?source=bc%201", f"{ROOT}/bare.json")


def test_the_page_shows_some_tables_of_many_and_the_portals_own_first(document: Document) -> None:
    every, some = (ApiPage(document, "en").view(most)["tables"] for most in (1_000, 5))
    assert len(every) > 5
    assert some == every[:5]
    assert not any(one.page for one in some[:4])


def test_every_error_is_a_problem_with_a_known_code(document: Document) -> None:
    problem = document["components"]["schemas"]["Problem"]
    assert problem["properties"]["title"]["enum"] == list(list_error_kinds())
    assert set(problem["required"]) >= {"type", "title", "status", "detail", "detail_vi", "ok", "error"}
    for path, one in document["paths"].items():
        for status, answer in one["get"]["responses"].items():
            if status != "200" and not path.startswith("/data/"):
                assert list(resolve(document, answer)["content"]) == ["application/problem+json"]


# --- true ---------------------------------------------------------------------------------------------------------


def make_validator(document: Document, schema: Document) -> jsonschema.Draft202012Validator:
    whole = Resource.from_contents(document, default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource("urn:openapi", whole)
    inside = json.loads(json.dumps(schema).replace('"#/', '"urn:openapi#/'))
    return jsonschema.Draft202012Validator(inside, registry=registry)


def read_schema(document: Document, path: str) -> Document:
    answer = resolve(document, document["paths"][path]["get"]["responses"]["200"])
    schema: Document = answer["content"]["application/json"]["schema"]
    return schema


def test_every_file_is_what_the_document_says(served_build: Path, document: Document) -> None:
    paths = [path for path in document["paths"] if not path.startswith("/datasette") and path.endswith(".json")]
    assert len(paths) > 70
    for path in paths:
        content = json.loads((served_build / "current" / "site" / path.lstrip("/")).read_text("utf-8"))
        assert list(make_validator(document, read_schema(document, path)).iter_errors(content)) == [], path


@pytest.mark.parametrize("wrong", [{"value": "48,37"}, {"period": None}, {"period": 2020}, {"more": 1}])
def test_a_row_of_another_kind_is_noticed(document: Document, served_build: Path, wrong: Document) -> None:
    path = "/data/dti_score_and_rank/dti_score_and_rank.json"
    rows = json.loads((served_build / "current" / "site" / path.lstrip("/")).read_text("utf-8"))
    validator = make_validator(document, read_schema(document, path))
    assert validator.is_valid(rows)
    assert not validator.is_valid([{**rows[0], **wrong}])
    assert not validator.is_valid([{key: one for key, one in rows[0].items() if key != "value"}])


def test_every_row_that_the_api_gives_is_what_the_document_says(served_address: str, document: Document) -> None:
    listed = [path for path in document["paths"] if path.startswith(f"{ROOT}/") and "{" not in path]
    with httpx.Client(base_url=served_address, timeout=PATIENCE) as client:
        for path in listed:
            if document["paths"][path]["get"]["operationId"].startswith("list_"):
                rows = client.get(path, params={"_shape": "array"}).json()
                name = path.removeprefix(f"{ROOT}/").removesuffix(".json")
                schema = {"type": "array", "items": find_row_schema(document, name)}
                assert list(make_validator(document, schema).iter_errors(rows)) == [], path


def find_row_schema(document: Document, table: str) -> Document:
    """Return what the document says of the rows of a table: the first form of its list of rows."""
    page, rows = read_schema(document, f"{ROOT}/{table}.json")["anyOf"]
    assert resolve(document, page)["required"] == ["rows", "columns"]
    row: Document = rows["anyOf"][0]["items"]["anyOf"][0]
    assert resolve(document, row)["additionalProperties"] is False
    return row


def test_a_row_is_found_at_its_own_address(served_address: str, document: Document) -> None:
    path = next(path for path in document["paths"] if path.startswith(f"{ROOT}/dti_score_and_rank/"))
    template = path.removeprefix(f"{ROOT}/dti_score_and_rank/").removesuffix(".json")
    rows = httpx.get(f"{served_address}{ROOT}/dti_score_and_rank.json?_shape=array").json()
    assert rows
    for row in rows:
        parts = {name: tilde(str(row[name])) for name in re.findall(r"\{(\w+)\}", template)}
        address = f"{served_address}{ROOT}/dti_score_and_rank/{template.format(**parts)}.json?_shape=objects"
        assert httpx.get(address).json()["rows"] == [row]


def tilde(value: str) -> str:
    """Write a value as a part of an address, as the page on the API says."""
    return re.sub(
        r"[^A-Za-z0-9_+-]", lambda match: "".join(f"~{byte:02X}" for byte in match[0].encode()), value.replace(" ", "+")
    )


def test_pages_follow_each_other_to_the_end(served_address: str) -> None:
    address = f"{served_address}{ROOT}/observations.json?_shape=objects&_size=100"
    seen: list[str] = []
    with httpx.Client(timeout=PATIENCE) as client:
        while address:
            page = client.get(address).json()
            seen += [row["id"] for row in page["rows"]]
            address = page["next_url"]
    assert len(seen) == len(set(seen)) == page["filtered_table_rows_count"] > 200


# --- the page -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_an_anchor_for_every_operation_and_every_error(language: str, served_build: Path) -> None:
    document = read_document(served_build, language)
    prefix = "en/" if language == "en" else ""
    html = (served_build / "current/site" / prefix / "developers/api/index.html").read_text("utf-8")
    anchors = re.findall(r' id="([^"]*)"', html)
    assert len(anchors) == len(set(anchors))
    assert {f"op-{one['get']['operationId']}" for one in document["paths"].values()} <= set(anchors)
    assert set(list_error_kinds()) <= set(anchors)
    assert f'href="/{prefix}developers/openapi.json"' in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_address_that_the_page_offers_answers(language: str, served_address: str) -> None:
    html = httpx.get(f"{served_address}{'/en' if language == 'en' else ''}/developers/api/").text
    links = set(re.findall(r'<p class="address"[^>]*><code>[^<]*</code> <a href="([^"]*)"', html))
    assert len(links) > 140
    with httpx.Client(base_url=served_address, timeout=PATIENCE) as client:  # the first statement starts processes
        for link in links:
            assert client.get(link.replace("&amp;", "&")).status_code == 200, link


def test_the_page_of_a_small_portal_names_what_there_is(published: Published) -> None:
    html = published.read("/developers/api/")
    assert f"GET {ROOT}/fish.json" in html
    assert "<script>alert" not in html

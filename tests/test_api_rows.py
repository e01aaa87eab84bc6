"""The rows of the API's pages: what Datasette says of every cell, written at once."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from datasette.utils.asgi import Request
from datasette.views.table import display_columns_and_rows
from markupsafe import Markup, escape

from portal.api.api import PortalDatasette, open_api
from portal.api.api_facets import ASKED_ALONE, KeptFacets, load_facets
from portal.api.api_pages import FOLDER
from portal.api.api_rows import TableRows, read_rows, write_query_rows

if TYPE_CHECKING:
    from pathlib import Path

    from published import Published

pytest_plugins = ("published",)

WORDS = "Mở"
HOSTILE = '<script>alert("1")</script>'
VALUES = [
    (1, 2.5, "plain", "a"),
    (2, 2.0, HOSTILE, "b&b"),
    (3, None, "", None),
    (4, 1.0, " https://example.org/a?b=1&c=2 ", "a"),
    (5, 1, "https://example.org/" + "x" * 3000, "a"),
    (6, 1e300, "dài " * 1000, "không có"),
]
INSERT, SELECT = "INSERT INTO {} VALUES (?, ?, ?, ?)", "SELECT {} FROM {}"
TABLES = {
    "numbered": "id INTEGER, value, note TEXT, code TEXT REFERENCES codes(code)",
    "single": "id INTEGER PRIMARY KEY, value, note TEXT, code TEXT REFERENCES codes(code)",
    "compound": "id INTEGER, value, note TEXT, code TEXT REFERENCES codes(code), PRIMARY KEY (id, note)",
}


@pytest.fixture
def api(tmp_path: Path) -> PortalDatasette:
    """Return an API with tables of each kind of key, and a folder of templates, which it needs for its own rows."""
    with closing(sqlite3.connect(tmp_path / "opendata.db")) as connection, connection:
        connection.execute("CREATE TABLE codes (code TEXT PRIMARY KEY, name TEXT)")
        connection.executemany("INSERT INTO codes VALUES (?, ?)", [("a", HOSTILE), ("b&b", "b&b")])
        for name, columns in TABLES.items():
            connection.execute(f"CREATE TABLE {name} ({columns})")
            connection.executemany(INSERT.format(name), VALUES)
        connection.execute("CREATE VIEW seen AS SELECT * FROM single")
    (tmp_path / FOLDER).mkdir()
    return open_api(tmp_path / "opendata.db", {})


def write_as_datasette(cells: Any) -> str:
    """Write the cells of a row as the template did that had them one by one."""
    lines = []
    for number, row in enumerate(cells, start=1):
        line = ""
        for cell in row:
            if cell.get("is_special_link_column"):
                address = cell["value"].split('"')[1]
                line += f'<td><a href="{address}">{WORDS}<span class="visually-hidden"> {number}</span></a></td>'
            else:
                line += f'<td class="api-{cell["value_type"]}">{escape(cell["value"])}</td>'
        lines.append(f"<tr>{line}</tr>\n")
    return "".join(lines)


async def write_both(api: PortalDatasette, table: str, linked: bool, labelled: bool) -> tuple[str, str]:
    database = api.databases["opendata"]
    columns = "rowid, *" if table == "numbered" else "*"
    results = await database.execute(SELECT.format(columns, table))
    rows = [dict(row) for row in results.rows]
    if labelled:
        words = await api.expand_foreign_keys("opendata", table, "code", [row["code"] for row in rows])
        for row in rows:
            if ("code", row["code"]) in words:
                row["code"] = {"value": row["code"], "label": words["code", row["code"]]}
    # What Datasette makes of labelled rows: values in order of the columns, and by name.
    rows = [_Row(row) for row in rows]
    options = {"link_column": linked, "truncate_cells": 2048, "sortable_columns": {"id"}}
    theirs, cells = await display_columns_and_rows(api, "opendata", table, results.description, rows, **options)
    ours, written = await read_rows(api, "opendata", table, results.description, rows, **options)
    assert isinstance(written, TableRows)
    assert ours == theirs
    assert len(written) == len(rows)
    return written.write(WORDS), write_as_datasette(cells)


class _Row(dict[str, Any]):
    def __iter__(self) -> Any:
        return iter(self.values())


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("table", [*TABLES, "seen"])
def test_rows_say_what_datasette_says_of_each_cell(api: PortalDatasette, table: str, labelled: bool) -> None:
    ours, theirs = asyncio.run(write_both(api, table, table != "seen", labelled and table != "seen"))
    assert ours == theirs
    assert "<script" not in ours


def test_a_release_without_templates_shows_datasettes_own_rows(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "opendata.db")) as connection, connection:
        connection.execute("CREATE TABLE t (a TEXT)")
        connection.execute("INSERT INTO t VALUES ('one')")
    answer = asyncio.run(open_api(tmp_path / "opendata.db", {}).client.get("/opendata/t"))
    assert answer.status_code == 200
    assert re.search(r'<td class="col-a type-str">\s*one</td>', answer.text)


def test_values_of_queries_lead_on_and_hide_no_markup() -> None:
    columns = ("dataset", "page", "source", "title")
    rows = [["fish", "/catalog/fish/", Markup("&nbsp;"), HOSTILE]]
    led = write_query_rows(columns, rows, led=True)
    plain = f"<td>{escape(HOSTILE)}</td></tr>\n"
    assert led == (
        '<tr><td><a href="/catalog/fish/">fish</a></td><td><a href="/catalog/fish/">/catalog/fish/</a></td>'
        f"<td>&nbsp;</td>{plain}"
    )
    assert write_query_rows(columns, rows, led=False) == (
        f"<tr><td>fish</td><td>/catalog/fish/</td><td>&nbsp;</td>{plain}"
    )


def test_facets_of_a_whole_table_are_counted_once(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    release = published.folder.current.resolve()
    api = open_api(release / "opendata.db", json.loads((release / "datasette.json").read_text("utf-8")))
    asked: list[str] = []
    database = api.databases["opendata"]
    ask = database.execute_as_written

    async def count(sql: str, params: Any = None, **options: Any) -> Any:
        asked.append(sql)
        return await ask(sql, params, **options)

    monkeypatch.setattr(database, "execute_as_written", count)

    async def fetch(query: str) -> tuple[Any, int]:
        asked.clear()
        answer = (await api.client.get(f"/opendata/observations.json?_facet=dataset&_facet_size={query}")).json()
        return answer["facet_results"]["dataset"]["results"], sum(
            "select dataset as value, count(*)" in sql for sql in asked
        )

    first, counted = asyncio.run(fetch("3"))
    again, counted_again = asyncio.run(fetch("3&_size=2"))
    assert ([(one["value"], one["count"]) for one in first], counted) == (
        [(one["value"], one["count"]) for one in again], 1,
    )  # fmt: skip
    assert counted_again == 0
    assert asyncio.run(fetch("2"))[1] == 1, "another number of values is another question"
    assert asyncio.run(fetch("3&measure=catch"))[1] > 0, "a filtered table is another one"


def test_what_a_visitor_writes_is_never_kept_as_a_facet() -> None:
    sql = "select dataset as value, count(*) as count from (\nselect * from observations) group by 1"
    assert KeptFacets.can_keep(sql, {}, {"truncate": False})
    assert not KeptFacets.can_keep(sql, {}, {"truncate": True}), "a statement of a visitor may be cut"
    assert not KeptFacets.can_keep(sql, {"p0": "fish"}, {})
    assert not KeptFacets.can_keep("select 1", {}, {})


def test_facets_of_metadata_are_left_out_without_a_word_in_the_address() -> None:
    scope = {"type": "http", "query_string": b"_facet=unit", "state": {ASKED_ALONE: True}}
    alone = load_facets(Request(scope, None), {"facets": ["dataset"]})
    both = load_facets(Request({**scope, "state": {}}, None), {"facets": ["dataset"]})
    assert [[one["config"]["simple"] for one in found["column"]] for found in (alone, both)] == [
        ["unit"], ["dataset", "unit"],
    ]  # fmt: skip

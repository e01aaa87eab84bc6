"""What the API learns from a database: tables, keys, indexes, counts and the parameters of canned queries."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from portal.api.api_schema import (
    INSPECTION,
    QuerySchema,
    TableSchema,
    inspect_database,
    read_answers,
    read_counts,
    read_schema,
)
from portal.data.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "opendata.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(
            """
            CREATE TABLE areas (code TEXT PRIMARY KEY, name TEXT);
            CREATE TABLE visitors (area TEXT REFERENCES areas(code), year TEXT, note TEXT, PRIMARY KEY (year, area));
            CREATE INDEX "visitors.area" ON visitors(area);
            CREATE VIEW named AS SELECT * FROM visitors JOIN areas ON code = area;
            CREATE VIRTUAL TABLE visitors_fts USING fts5(text, content="");
            INSERT INTO areas VALUES ('KG', 'Kiên Giang'), ('AG', 'An Giang');
            INSERT INTO visitors VALUES ('KG', '2024', NULL);
            """
        )
    return path


def test_reads_tables_with_keys_indexes_and_labels(database: Path) -> None:
    words = {
        "visitors": {"fts_table": "visitors_fts", "sort_desc": "year"},
        "areas": {"sortable_columns": ["code", "rowid"], "size": 500},
    }
    schema = read_schema(database, {"databases": {"opendata": {"tables": words}}})
    assert schema.tables == {
        "areas": TableSchema(
            "areas", ("code", "name"), ("code",), frozenset({"code"}), frozenset(), 2, page=500, numbered=True
        ),
        "visitors": TableSchema(
            "visitors", ("area", "year", "note"), ("year", "area"), frozenset({"year", "area"}), frozenset({"area"}), 1,
            searchable=True, sort="year",
        ),
        "named": TableSchema(
            "named", ("area", "year", "note", "code", "name"), (), frozenset(), frozenset(), 1, view=True
        ),
    }  # fmt: skip


def test_an_analysed_database_says_how_many_rows_an_index_leads_to(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        for year in range(100):
            connection.execute("INSERT INTO visitors VALUES ('AG', ?, NULL)", (f"y{year}",))
        connection.execute("ANALYZE")
    table = read_schema(database, {}).tables["visitors"]
    assert table.selectivity == ((("year", "area"), (1, 1)), (("area",), (51,)))


def test_the_list_of_tables_is_read_once_not_for_each_table(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    connect = sqlite3.connect

    def watch(address: str, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(address, **options)
        connection.set_trace_callback(read.append)
        return connection

    def count() -> int:
        read.clear()
        read_schema(database, {})
        return sum("sqlite_schema" in sql or "sqlite_stat1" in sql for sql in read)

    monkeypatch.setattr(sqlite3, "connect", watch)
    before = count()
    with closing(sqlite3.connect(database)) as connection, connection:
        for number in range(20):
            connection.execute(f"CREATE TABLE more_{number} (a)")
    assert count() == before


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("select * from areas where code = :code and name = :name or code = :code", ("code", "name")),
        ({"sql": "select ':no', \":no\", code from areas where name like :like"}, ("like",)),
        ({"sql": "select :b, :a", "params": ["a", "b"]}, ("a", "b")),
    ],
)
def test_reads_the_parameters_of_queries(database: Path, query: object, parameters: tuple[str, ...]) -> None:
    schema = read_schema(database, {"databases": {"opendata": {"queries": {"one": query}}}})
    assert schema.queries == {"one": QuerySchema("one", parameters)}


def test_says_what_a_query_answers_and_which_one_cannot_run(database: Path) -> None:
    queries = {
        "by_area": {"sql": "SELECT area AS place, count(*) AS years FROM visitors WHERE area = :area GROUP BY area;"},
        "searched": "SELECT rowid FROM visitors_fts WHERE visitors_fts MATCH match_query(:q) -- by words",
        "first": {"sql": "WITH one AS (SELECT 1 AS a) SELECT a, fold(:x) AS b FROM one", "params": ["x"]},
    }
    with closing(sqlite3.connect(database)) as connection:
        assert read_answers(connection, queries) == {}, "without figures nothing can be said"
        connection.execute("CREATE VIEW figures AS SELECT * FROM visitors")
        assert read_answers(connection, queries) == {
            "by_area": ("place", "years"), "searched": ("rowid",), "first": ("a", "b"),
        }  # fmt: skip
        for sql, reason in (
            ("SELECT weight FROM visitors", "no such column: weight"),
            ("SELECT * FROM fish", "no such table: fish"),
            ("SELECT , 1", 'near ",": syntax error'),
        ):
            said = f"metadata.yml: datasette.queries.bad: SQLite không chạy được / SQLite cannot run it: {reason}"
            with pytest.raises(SettingsError, match=f"^{re.escape(said)}$"):
                read_answers(connection, {"bad": {"sql": sql}})


def test_takes_the_counts_that_the_build_made(database: Path) -> None:
    assert read_counts(database) == {"areas": 2, "visitors": 1, "named": 1}
    inspection = inspect_database(database)
    inspection["opendata"]["tables"]["areas"]["count"] = 17
    database.with_name(INSPECTION).write_text(json.dumps(inspection))
    assert read_counts(database) == {"areas": 17, "visitors": 1, "named": 1}

"""What the portal's Datasette does otherwise than the original: the SQL that it makes of an address."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from datasette.app import Datasette
from datasette.database import Database
from datasette.utils import compound_keys_after_sql

from portal.api.api import API_SETTINGS, open_api, say_after_key
from portal.api.api_schema import read_schema
from portal.api.sql_budget import budget

if TYPE_CHECKING:
    from pathlib import Path

KEYS = ["year", "area", "group"]
VALUES = [("9", "A3", "x"), ("10", "A8", ""), ("5", "", "z"), ("99", "A1", "x")]


@pytest.fixture
def table() -> sqlite3.Connection:
    """Return a table whose key has a number, a word of SQL, and parts that are not there."""
    connection = sqlite3.connect(":memory:")
    connection.execute('CREATE TABLE t (year INTEGER, area TEXT, "group" TEXT, PRIMARY KEY (year, area, "group"))')
    keys = itertools.product([None, *range(5, 15)], [None, *(f"A{number}" for number in range(10))], ["", "x", "y"])
    connection.executemany("INSERT INTO t VALUES (?, ?, ?)", keys)
    return connection


def select(
    table: sqlite3.Connection, statement: str, condition: str, given: dict[str, str]
) -> list[tuple[object, ...]]:
    return table.execute(statement.format(condition), given).fetchall()


@pytest.mark.parametrize("values", VALUES)
def test_rows_after_a_key_are_those_of_datasette(table: sqlite3.Connection, values: tuple[str, ...]) -> None:
    given = {f"p{place}": value for place, value in enumerate(values, start=2)}
    with closing(table):
        ours, theirs = (
            select(table, "SELECT * FROM t WHERE {} ORDER BY 1, 2, 3", say(KEYS, 2), given)
            for say in (say_after_key, compound_keys_after_sql)
        )
    assert ours == theirs
    assert bool(ours) == (values[0] != "99")


def test_rows_after_a_key_are_found_by_its_index(table: sqlite3.Connection) -> None:
    given = {f"p{place}": value for place, value in enumerate(VALUES[0])}
    with closing(table):
        ((*_, plan),) = select(table, "EXPLAIN QUERY PLAN SELECT * FROM t WHERE {}", say_after_key(KEYS), given)
    assert str(plan).startswith("SEARCH t USING ")
    assert "(year,area,group)>(?,?,?)" in str(plan)


@pytest.mark.parametrize("default", [None, True, False])
@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("view-instance", None),
        ("view-database", "opendata"),
        ("view-database", "_internal"),
        ("view-database-download", "opendata"),
        ("view-table", ("opendata", "t")),
        ("view-query", ("opendata", "q")),
        ("execute-sql", "opendata"),
        ("permissions-debug", None),
        ("debug-menu", None),
    ],
)
def test_everyone_may_what_datasette_would_allow(
    tmp_path: Path, action: str, resource: object, default: bool | None
) -> None:
    path = tmp_path / "opendata.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE t (a)")
    api = open_api(path, {"databases": {"opendata": {"queries": {"q": {"sql": "select 1"}}}}})

    async def ask() -> tuple[bool | None, bool | None]:
        theirs = await Datasette.permission_allowed(api, None, action, resource, default)
        return await api.permission_allowed(None, action, resource, default), theirs

    ours, theirs = asyncio.run(ask())
    assert ours == theirs


@pytest.mark.parametrize("column", ["value", "perhaps"])
def test_pages_from_the_greatest_value_down_lose_no_row(tmp_path: Path, column: str) -> None:
    rows = [(number, number % 7, number % 5 or None) for number in range(60)]
    with closing(sqlite3.connect(tmp_path / "opendata.db")) as connection, connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, value INTEGER NOT NULL, perhaps INTEGER)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
        connection.execute("CREATE INDEX v ON t(value)")
    api, asked = open_api(tmp_path / "opendata.db", {}), list[str]()
    ask = api.databases["opendata"].execute_as_written

    async def note(sql: str, params: object = None, **options: object) -> object:
        asked.append(sql)
        return await ask(sql, params, **options)

    api.databases["opendata"].execute_as_written = note

    async def walk() -> list[tuple[int, ...]]:
        seen: list[tuple[int, ...]] = []
        path = f"/opendata/t.json?_sort_desc={column}&_size=9&id__lt=50"
        while path:
            answer = (await api.client.get(path)).json()
            seen += map(tuple, answer["rows"])
            path = (answer["next_url"] or "").partition("/datasette")[2]
        return seen

    place = ("id", "value", "perhaps").index(column)
    given = [row for row in rows if row[0] < 50]
    expected = sorted(given, key=lambda row: (row[place] is None, -(row[place] or 0), row[0]))
    assert asyncio.run(walk()) == expected
    further = [sql for sql in asked if "value <" in sql or "perhaps <" in sql]
    assert further
    assert all(("is null" in sql) == (column == "perhaps") for sql in further), "only where there may be none"


def test_what_was_read_of_the_schema_is_what_sqlite_says(tmp_path: Path) -> None:
    path = tmp_path / "opendata.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(
            "CREATE TABLE one (code TEXT PRIMARY KEY, name TEXT); CREATE TABLE loose (a, b);"
            "CREATE TABLE both (b TEXT, a INT, c REAL, PRIMARY KEY (a, b)); CREATE VIEW seen AS SELECT * FROM one;"
        )
    api = open_api(path, {})
    database = api.databases["opendata"]
    database.learn(schema := read_schema(path, {}))
    assert set(schema.tables) == {"one", "loose", "both", "seen"}
    learnt = dict(database.known)

    async def ask() -> dict[tuple[str, str], object]:
        return {(name, table): await getattr(Database, name)(database, table) for name, table in learnt}

    assert asyncio.run(ask()) == learnt


def test_to_read_the_schema_is_no_part_of_a_statement(tmp_path: Path) -> None:
    path = tmp_path / "opendata.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        columns = ", ".join(f"column_{number} TEXT NOT NULL" for number in range(20))
        for number in range(3_000):
            connection.execute(f"CREATE TABLE table_{number} ({columns})")
    milliseconds = 10  # to read the schema takes ten times as long
    api = open_api(path, {}, {**API_SETTINGS, "sql_time_limit_ms": milliseconds})
    answer = asyncio.run(api.execute("opendata", "SELECT count(*) FROM table_1"))
    assert [tuple(row) for row in answer.rows] == [(0,)]


def test_nobody_pays_for_what_is_asked_of_the_schema_once(tmp_path: Path) -> None:
    path = tmp_path / "opendata.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        for number in range(300):
            connection.execute(f"CREATE TABLE table_{number} (a TEXT REFERENCES table_0(a))")
    api = open_api(path, {})

    async def ask() -> tuple[float, bool, int]:
        with budget(1) as allowed:
            keys = await api.databases["opendata"].get_all_foreign_keys()
        return allowed.left, allowed.exceeded, len(keys)

    assert asyncio.run(ask()) == (1, False, 300)


@pytest.mark.parametrize("permissions", [None, ["view-instance", ("view-database", "opendata")]])
def test_everyone_sees_what_datasette_would_show(tmp_path: Path, permissions: list[object] | None) -> None:
    path = tmp_path / "opendata.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE t (a)")
    api = open_api(path, {})
    alone = [("view-table", ("opendata", "t")), ("view-database", "opendata"), ("view-database", "_internal")]
    asked = [(None, None, permissions)] if permissions else [(action, resource, None) for action, resource in alone]

    async def ask() -> list[tuple[object, object]]:
        return [
            (await api.check_visibility(None, *one), await Datasette.check_visibility(api, None, *one)) for one in asked
        ]

    assert [ours for ours, theirs in asyncio.run(ask()) if ours != theirs] == []

"""What a visitor's SQL can touch: the data, and nothing of the machine."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from portal.api.sql_limits import limit_visitors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "opendata.db")) as made, made:
        made.execute("CREATE TABLE t (a TEXT REFERENCES t(a), b)")
        made.execute("CREATE VIRTUAL TABLE f USING fts5(text)")
        made.execute("INSERT INTO f VALUES ('duong')")
        made.execute("INSERT INTO t VALUES ('x', '[1, 2]')")
    with closing(sqlite3.connect(f"file:{tmp_path / 'opendata.db'}?immutable=1", uri=True)) as opened:
        limit_visitors(opened)
        yield opened


@pytest.mark.parametrize(
    "sql",
    [
        "select a from t",
        "with recursive r(x) as (select 1 union all select x + 1 from r where x < 5) select x from r",
        "select value from t, json_each(t.b)", "select rowid, rank from f where f match 'duong' order by rank",
        "select row_number() over (order by a) from t", "select * from pragma_table_info('t')",
        "PRAGMA table_info(t)", "PRAGMA foreign_key_list(t)", "select sql from sqlite_schema", "explain select 1",
        "select group_concat(a), upper(a), printf('%05d', 3) from t",
    ],
)  # fmt: skip
def test_the_data_can_be_read(connection: sqlite3.Connection, sql: str) -> None:
    assert connection.execute(sql).fetchall()


@pytest.mark.parametrize(
    "sql",
    [
        "select * from pragma_database_list", "select * from main.pragma_database_list()", "PRAGMA database_list",
        "select * from pragma_function_list", "select * from pragma_module_list",
        "select * from pragma_compile_options",
        "select * from PRAGMA_DATABASE_LIST", "PRAGMA hard_heap_limit = 0", "PRAGMA query_only = OFF",
        "select load_extension('x')", "select LOAD_EXTENSION('x', 'y')", "select fts3_tokenizer('simple')",
        "select * from dbstat", "select * from sqlite_stmt", "attach ':memory:' as x", "detach main",
        "create temp table x (a)", "create table x (a)", "delete from t", "insert into t values (1, 2)",
        "update t set a = 1", "drop table t", "vacuum", "reindex", "analyze", "begin", "savepoint x",
        "insert into f(f) values ('optimize')",
    ],
)  # fmt: skip
def test_nothing_else_can_be_touched(connection: sqlite3.Connection, sql: str) -> None:
    with pytest.raises(sqlite3.DatabaseError, match=r"not authorized|prohibited|authorization denied"):
        connection.execute(sql).fetchall()


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("select hex(zeroblob(100000))", "string or blob too big"),
        ("select zeroblob(100000000)", "string or blob too big"),
        ("with recursive r(x) as (select 1 union all select 1 from r limit 60000) select group_concat(x) from r",
         "string or blob too big"),
        ("select 'a' like '" + "%a" * 400 + "'", "LIKE or GLOB pattern too complex"),
        ("select 'a' glob '" + "*a" * 400 + "'", "LIKE or GLOB pattern too complex"),
        (" union all ".join(["select 1"] * 60), "too many terms in compound SELECT"),
        ("select " + "(" * 300 + "1" + ")" * 300, "too|overflow|large|depth"),
        ("select " + ", ".join(["1"] * 300), "too many columns in result set"),
    ],
)  # fmt: skip
def test_sizes_are_bounded(connection: sqlite3.Connection, sql: str, reason: str) -> None:
    with pytest.raises(sqlite3.DatabaseError, match=reason):
        connection.execute(sql).fetchall()

"""SQL functions of the API: whatever people type is a query, and it is folded as the site's search folds it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.api.sql_functions import MAX_WORDS, match_any, match_query, register

if TYPE_CHECKING:
    from collections.abc import Iterator

TYPED = [
    "", " ", '"', '""', "'", "*", "-", "^", "(", ")", ":", "a:b", "AND", "OR NOT", "NEAR(a b)", 'dịch "vụ', "a*", "-a",
    "48,37%", "2.389", "1.738.517", "32/63", "text : x", "{a}", "\0", "a\0b", "công; DROP TABLE t", "😀", "+", "đ",
    "driver's license", "đường " * 200, "\u0300", "ﬁ",
]  # fmt: skip


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        register(connection)
        connection.execute("CREATE VIRTUAL TABLE t USING fts5(text, tokenize='unicode61 remove_diacritics 2')")
        connection.execute("INSERT INTO t VALUES ('duong 48.37 2389 dich vu cong'), ('dich 37 48 cong vu')")
        yield connection


def find(connection: sqlite3.Connection, function: str, text: object) -> list[int]:
    sql = f"SELECT rowid FROM t WHERE t MATCH {function}(?) ORDER BY rank"  # noqa: S608 - our own names
    return [rowid for (rowid,) in connection.execute(sql, (text,))]


@pytest.mark.parametrize("function", ["match_query", "match_any", "escape_fts"])
@pytest.mark.parametrize("text", [*TYPED, None, 5, 48.37, b"x"])
def test_what_is_typed_is_never_a_syntax_error(connection: sqlite3.Connection, function: str, text: object) -> None:
    find(connection, function, text)


def test_no_text_at_all_is_a_syntax_error() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        register(connection)
        connection.execute("CREATE VIRTUAL TABLE t USING fts5(text)")

        @given(st.text(), st.sampled_from(["match_query", "match_any"]))
        def ask(text: str, function: str) -> None:
            find(connection, function, text)

        ask()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Đường", [1]),
        ("ĐƯỜNG", [1]),
        ("du\u031bo\u031b\u0300ng", [1]),
        ("đươ\u0300ng", [1]),
        ("48,37%", [1]),
        ("48.37", [1]),
        ("2.389", [1]),
        ("2,389", [1]),
        ("dịch vụ công", [1, 2]),
        ("dịch vụ cô", [1, 2]),
        ("duong vu", [1]),
        ("duong khong", []),
        ("", []),
        ("!?", []),
    ],
)
def test_every_word_must_be_there_and_neighbours_come_first(
    connection: sqlite3.Connection, text: str, found: list[int]
) -> None:
    assert find(connection, "match_query", text) == found


def test_any_word_is_enough_for_the_other_question(connection: sqlite3.Connection) -> None:
    assert find(connection, "match_any", "duong khong") == [1]
    assert find(connection, "match_any", "") == []


def test_the_query_is_readable() -> None:
    assert match_query("Dịch vụ") == '"dich" AND ("vu" OR "vu"*) AND ("dich" OR "dich vu")'
    assert match_any("Dịch vụ") == '"dich" OR ("vu" OR "vu"*)'
    assert match_query("a " * 100).count('"a"') < 2 * MAX_WORDS + 2


@pytest.mark.parametrize(("text", "folded"), [("Phú Quốc", "phu quoc"), ("Đ", "d"), (5, "5"), (None, None)])
def test_fold_is_the_portals_own(connection: sqlite3.Connection, text: object, folded: str | None) -> None:
    assert connection.execute("SELECT fold(?)", (text,)).fetchone() == (folded,)


def test_a_search_of_a_table_means_the_same(connection: sqlite3.Connection) -> None:
    assert connection.execute("SELECT escape_fts('Đường 2.389')").fetchone() == (match_query("Đường 2.389"),)

"""Full-text search in the database: what people type without accents finds what is written with them.

FTS5's `unicode61 remove_diacritics 2` folds vowels and tones but not đ, so every text is indexed twice: as it
is, and folded. A query in any spelling, NFC or NFD, then meets one of the two.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from portal.text import fold

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

TOKENIZER = "unicode61 remove_diacritics 2"


def write_full_text(connection: sqlite3.Connection) -> None:
    """Add `datasets_fts` and `observations_fts`, contentless tables whose rowids are those of their tables."""
    connection.create_function("fold", 1, lambda text: fold(text or ""), deterministic=True)
    for name in ("datasets_fts", "observations_fts"):
        connection.execute(f'CREATE VIRTUAL TABLE {name} USING fts5(text, content="", tokenize="{TOKENIZER}")')
    _index_datasets(connection)
    _index_observations(connection)


def _index_datasets(connection: sqlite3.Connection) -> None:
    rows = connection.execute(
        "SELECT rowid, name, title, title_en, description, description_en, keywords FROM datasets"
    )
    _insert(connection, "datasets_fts", ((row[0], row[1:]) for row in rows.fetchall()))


def _index_observations(connection: sqlite3.Connection) -> None:
    labels = _read_labels(connection)
    rows = connection.execute(
        "SELECT o.rowid, d.title, d.title_en, d.keywords, o.as_stated, o.value, o.period, o.note, o.note_en,"
        " o.dimensions, o.area, o.measure, o.unit, o.status, o.source"
        " FROM observations o JOIN datasets d ON d.name = o.dataset"
    ).fetchall()
    _insert(
        connection,
        "observations_fts",
        (
            (
                row[0],
                [*row[1:9], *(labels.get(code, code) for code in (*json.loads(row[9]).values(), *row[10:]))],
            )
            for row in rows
        ),
    )


def _read_labels(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the Vietnamese and English words of every code that some code list holds."""
    labels: dict[str, str] = {}
    tables = connection.execute("SELECT name FROM datasets WHERE kind = 'reference'").fetchall()
    for (table,) in tables:
        columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
        words = [column for column in ("name", "name_en", "title", "title_en") if column in columns]
        if words:
            picked = ", ".join(f'"{word}"' for word in words)
            query = f'SELECT "{columns[0]}", {picked} FROM "{table}"'  # noqa: S608 - names from the schema
            for code, *texts in connection.execute(query):
                labels[code] = " ".join([labels.get(code, ""), *map(str, texts)])
    return labels


def _insert(connection: sqlite3.Connection, table: str, rows: Iterable[tuple[int, Iterable[object]]]) -> None:
    for rowid, values in rows:
        text = " ".join(str(value) for value in values if value is not None)
        connection.execute(
            f"INSERT INTO {table}(rowid, text) VALUES (?, ? || ' ' || fold(?))",  # noqa: S608 - our own names
            (rowid, text, text),
        )

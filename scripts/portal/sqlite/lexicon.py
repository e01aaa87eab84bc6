"""The lexicon: the words of all code lists, as the rows of every other package are told and searched with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.words.synonym import read_synonyms

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from portal.words.synonym import Synonyms

# Of every code of a list the Vietnamese and the English word.
Words = Mapping[str, tuple[str, str]]
# Columns of a list that say what its codes are.
_WORD_COLUMNS = ("name", "name_en", "title", "title_en")
# Columns of a register that say what its entries are.
_REGISTER_COLUMNS = ("term", "also", *_WORD_COLUMNS, "publisher", "publisher_en", "document_number")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """`words` of every code list, by its name; `labels` are all words of a code, whichever list it is of.

    `synonyms` are what the glossary names alike, `dates` those of the documents in the register that have one;
    `directions` say of measures whether more is better.
    """

    words: Mapping[str, Words]
    labels: Mapping[str, str]
    synonyms: Synonyms
    dates: Mapping[str, str]
    directions: Mapping[str, str]


def read_lexicon(connection: sqlite3.Connection, code_lists: Iterable[str]) -> Lexicon:
    """Return the words of the lists in the database; `code_lists` are those that dimensions can refer to."""
    return Lexicon(
        {name: _read_words(connection, name) for name in code_lists},
        _read_labels(connection),
        read_synonyms(read_records(connection, "glossary")),
        _read_column(connection, "sources", "date"),
        _read_column(connection, "measures", "direction"),
    )


def _read_column(connection: sqlite3.Connection, code_list: str, column: str) -> dict[str, str]:
    """Return of each code what a column says of it; nothing where the list, or it, has no such column."""
    columns = _list_columns(connection, code_list)
    return dict(_read_columns(connection, code_list, [columns[0], column])) if column in columns else {}


def _read_words(connection: sqlite3.Connection, code_list: str) -> Words:
    columns = _list_columns(connection, code_list)
    word = next((name for name in ("name", "title") if name in columns), columns[0])
    english = f"{word}_en" if f"{word}_en" in columns else word
    rows = _read_columns(connection, code_list, [columns[0], word, english])
    return {code: (vi or code, en or vi or code) for code, vi, en in rows}


def _read_labels(connection: sqlite3.Connection) -> dict[str, str]:
    labels: dict[str, str] = {}
    tables = connection.execute("SELECT name FROM datasets WHERE kind = 'reference'").fetchall()
    for (table,) in tables:
        columns = _list_columns(connection, table)
        words = [column for column in _WORD_COLUMNS if column in columns]
        if words:
            for code, *texts in _read_columns(connection, table, [columns[0], *words]):
                labels[code] = " ".join([labels.get(code, ""), *map(str, texts)])
    return labels


def _list_columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]


def read_records(connection: sqlite3.Connection, table: str) -> Iterator[dict[str, str]]:
    """Yield the words of every row of a register, if there is such a table."""
    columns = [column for column in _list_columns(connection, table) if column in _REGISTER_COLUMNS]
    for row in _read_columns(connection, table, columns) if columns else ():
        yield {column: str(text) for column, text in zip(columns, row, strict=True) if text}


def _read_columns(connection: sqlite3.Connection, table: str, columns: Sequence[str]) -> sqlite3.Cursor:
    picked = ", ".join(f'"{column}"' for column in columns)
    return connection.execute(f'SELECT {picked} FROM "{table}"')  # noqa: S608 - names from the schema

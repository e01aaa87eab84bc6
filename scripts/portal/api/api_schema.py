"""What the API can be asked: tables with columns, keys, indexes and row counts, and canned queries."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from portal.api.api_metadata import DATABASE
from portal.api.sql_functions import register
from portal.data.settings import SettingsError
from portal.data.tree import digest_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

INSPECTION = "inspect.json"
# `:name` outside of quotes, as SQLite reads parameters.
_PARAMETER = re.compile(r"'[^']*'|\"[^\"]*\"|(?<!:):([A-Za-z_]\w*)")
_INTERNAL = ("sqlite_",)
# The declared types that SQLite compares as numbers, and that the portal writes.
_NUMERIC = {"INT", "INTEGER", "NUMERIC", "REAL"}
# Up to here one reading of every row takes a few milliseconds.
SMALL_TABLE = 20_000
DEFAULT_PAGE = 100  # rows


@dataclass(frozen=True, slots=True)
class TableSchema:
    """One table; `indexed` are the columns that an index begins with, `expandable` those that lead to a label.

    `sort` is the column that the table is sorted by where nobody says otherwise, `page` the number of rows that an
    answer then has, `numbered` whether it can be sorted by the number of the row, `numeric` its columns of numbers.
    `selectivity` says of each index how many rows, on average, share its first column, its first two, and so on.
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    indexed: frozenset[str]
    expandable: frozenset[str]
    rows: int
    searchable: bool = False
    sort: str = ""
    view: bool = False
    page: int = DEFAULT_PAGE
    numbered: bool = False
    numeric: frozenset[str] = frozenset()
    selectivity: tuple[tuple[tuple[str, ...], tuple[int, ...]], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Return every column that a request can name; a table without a key has the number of the row."""
        return self.columns if self.key or self.view else (*self.columns, "rowid")

    @property
    def small(self) -> bool:
        """Tell whether a reading of every row is cheap."""
        return self.rows <= SMALL_TABLE


@dataclass(frozen=True, slots=True)
class QuerySchema:
    """One canned query and the names of its parameters."""

    name: str
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApiSchema:
    """Everything that has an address of its own below /datasette/opendata/."""

    tables: Mapping[str, TableSchema]
    queries: Mapping[str, QuerySchema]


def read_schema(database: Path, metadata: Mapping[str, Any]) -> ApiSchema:
    """Read the schema of a database and the canned queries of Datasette's metadata. Raises sqlite3.Error."""
    said = metadata.get("databases", {}).get(DATABASE, {})
    words = said.get("tables", {})
    with closing(_connect(database)) as connection:
        # Of all tables at once: SQLite looks through its whole list for each question.
        views = frozenset(_list_names(connection, "view"))
        statistics = _read_statistics(connection)
        tables = {
            name: replace(
                _read_table(connection, name, rows, words.get(name, {}), view=name in views),
                selectivity=tuple(_read_selectivity(connection, statistics.get(name, ()))),
            )
            for name, rows in read_counts(database).items()
        }
    queries = {name: QuerySchema(name, _list_parameters(query)) for name, query in said.get("queries", {}).items()}
    return ApiSchema(tables, queries)


def read_answers(database: sqlite3.Connection, queries: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the columns of what each canned query answers; nothing where the catalogue is too small for `figures`.

    Raises SettingsError where SQLite cannot run one.
    """
    if not database.execute("SELECT 1 FROM sqlite_schema WHERE name = 'figures'").fetchone():
        return {}
    register(database)
    return {name: _read_answer(database, name, query) for name, query in queries.items()}


def _read_answer(connection: sqlite3.Connection, name: str, query: Mapping[str, Any] | str) -> tuple[str, ...]:
    sql = (query if isinstance(query, str) else str(query["sql"])).rstrip().rstrip(";")
    blanks = {found: "" for found in _PARAMETER.findall(sql) if found}
    try:
        # The operator's own words.
        answer = connection.execute(f"SELECT * FROM (\n{sql}\n) LIMIT 0", blanks)  # noqa: S608
    except sqlite3.Error as error:
        raise SettingsError(
            f"metadata.yml: datasette.queries.{name}: SQLite không chạy được / SQLite cannot run it: {error}"
        ) from error
    return tuple(column for column, *_ in answer.description)


def read_counts(database: Path) -> dict[str, int]:
    """Return the number of rows of each table and view: from the inspection beside the database, else by counting."""
    inspection = database.with_name(INSPECTION)
    found = json.loads(inspection.read_bytes()) if inspection.is_file() else inspect_database(database)
    counted = {**found[DATABASE]["tables"], **found[DATABASE].get("views", {})}
    return {name: int(one["count"]) for name, one in counted.items()}


def inspect_database(database: Path, read: Callable[[Path], str] = digest_file) -> dict[str, Any]:
    """Count every table once, in the form that Datasette's own command `inspect` writes and the server reads.

    `read` gives the SHA-256 of the file.
    """
    with closing(_connect(database)) as connection:
        counted = {
            kind: {
                # A name of SQLite's own list.
                name: {"count": connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]}  # noqa: S608
                for name in _list_names(connection, kind)
            }
            for kind in ("table", "view")
        }
    return {
        DATABASE: {
            "file": database.name,
            "size": database.stat().st_size,
            "hash": read(database),
            **{f"{kind}s": names for kind, names in counted.items()},
        }
    }


def _connect(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{database.resolve().as_uri()}?immutable=1", uri=True)


def _list_names(connection: sqlite3.Connection, kind: str) -> Iterator[str]:
    """Yield the tables or views that visitors may read: not SQLite's own, not those of the full-text search."""
    rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = ? ORDER BY name", (kind,)).fetchall()
    virtual = tuple(name for name, sql in rows if (sql or "").upper().startswith("CREATE VIRTUAL"))
    for name, _ in rows:
        if not name.startswith((*_INTERNAL, *virtual)):
            yield name


def _read_table(
    connection: sqlite3.Connection, name: str, rows: int, words: Mapping[str, Any], *, view: bool
) -> TableSchema:
    columns = connection.execute("SELECT name, pk, type FROM pragma_table_info(?)", (name,)).fetchall()
    key = tuple(column for column, place, _ in sorted(columns, key=lambda one: one[1]) if place)
    indexes = connection.execute("SELECT name FROM pragma_index_list(?)", (name,)).fetchall()
    first = "SELECT name FROM pragma_index_info(?) WHERE seqno = 0"
    indexed = {connection.execute(first, index).fetchone()[0] for index in indexes}
    foreign = connection.execute('SELECT "from" FROM pragma_foreign_key_list(?)', (name,)).fetchall()
    return TableSchema(
        name=name,
        columns=tuple(column for column, _, _ in columns),
        key=key,
        indexed=frozenset(indexed),
        expandable=frozenset(column for (column,) in foreign),
        rows=rows,
        searchable=bool(words.get("fts_table")),
        sort=str(words.get("sort") or words.get("sort_desc") or ""),
        view=view,
        page=int(words.get("size") or DEFAULT_PAGE),
        # Datasette sorts by it where there is no key, and where metadata says so.
        numbered=not view and (not key or "rowid" in words.get("sortable_columns", ())),
        numeric=frozenset(column for column, _, kind in columns if kind in _NUMERIC),
    )


def _read_statistics(connection: sqlite3.Connection) -> dict[str, list[tuple[str, str]]]:
    """Return by table what ANALYZE found of its indexes: https://www.sqlite.org/fileformat2.html#stat1tab."""
    statistics: dict[str, list[tuple[str, str]]] = {}
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'").fetchone():
        rows = connection.execute("SELECT tbl, idx, stat FROM sqlite_stat1 WHERE idx IS NOT NULL ORDER BY tbl, idx")
        for table, index, stat in rows:
            statistics.setdefault(table, []).append((index, stat))
    return statistics


def _read_selectivity(
    connection: sqlite3.Connection, statistics: Iterable[tuple[str, str]]
) -> Iterator[tuple[tuple[str, ...], tuple[int, ...]]]:
    """Yield of each index of a table its columns and how many rows share their values, on average."""
    for index, stat in statistics:
        columns = connection.execute("SELECT name FROM pragma_index_info(?) ORDER BY seqno", (index,)).fetchall()
        averages = [int(word) for word in stat.split()[1:] if word.isdecimal()]
        yield tuple(column for (column,) in columns), tuple(averages[: len(columns)])


def _list_parameters(query: Mapping[str, Any] | str) -> tuple[str, ...]:
    """Return the parameters of a canned query, in the order in which they are named."""
    if not isinstance(query, str) and "params" in query:
        return tuple(query["params"])
    sql = query if isinstance(query, str) else str(query["sql"])
    return tuple(dict.fromkeys(found for found in _PARAMETER.findall(sql) if found))

"""The shape of the published tables, read from the database that the API serves: columns, types, keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

# What a cell of a column is in JSON, by the type that the database declares.
_JSON_TYPES = {"NUMERIC": "number", "INTEGER": "integer", "INT": "integer", "REAL": "number"}
_FULL_TEXT = "_fts"


@dataclass(frozen=True, slots=True)
class ColumnShape:
    """One column; `type` is a JSON type."""

    name: str
    type: str
    nullable: bool


@dataclass(frozen=True, slots=True)
class TableShape:
    """One table; `key` names the columns of its primary key, `searchable` tells whether texts can be searched."""

    name: str
    columns: tuple[ColumnShape, ...]
    key: tuple[str, ...]
    searchable: bool


def read_shapes(database: sqlite3.Connection) -> tuple[TableShape, ...]:
    """Return the tables and views of a database by name, but for those in which SQLite keeps its search.

    Raises sqlite3.Error.
    """
    query = "SELECT name, type FROM pragma_table_list WHERE schema = 'main' ORDER BY name"
    kinds = {name: kind for name, kind in database.execute(query) if not name.startswith("sqlite_")}
    shown = [name for name, kind in kinds.items() if kind in {"table", "view"}]
    return tuple(_read_shape(database, name, kinds.get(f"{name}{_FULL_TEXT}") == "virtual") for name in shown)


def _read_shape(database: sqlite3.Connection, name: str, searchable: bool) -> TableShape:
    rows = database.execute('SELECT name, type, "notnull", pk FROM pragma_table_info(?)', (name,)).fetchall()
    columns = tuple(
        ColumnShape(column, _JSON_TYPES.get(kind, "string"), nullable=not (required or place))
        for column, kind, required, place in rows
    )
    key = sorted((place, column) for column, _, _, place in rows if place)
    return TableShape(name, columns, tuple(column for _, column in key), searchable)

"""SQL that several writers of the database share: what a cell becomes; how rows, keys and indexes are written."""

from __future__ import annotations

import sqlite3
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from portal.data.table import Cell

SqlValue = str | int | float | None
_MAX_INTEGER = (1 << 63) - 1
# To begin and end a statement costs as much as half a row; more cells in one gain nothing, and SQLite ends at 32,766.
_CELLS_AT_ONCE = 900


def create_database(path: Path) -> sqlite3.Connection:
    """Open a database that is written once, by this process alone, and not used if that does not come to its end."""
    connection = sqlite3.connect(path.absolute().as_uri(), uri=True, isolation_level=None)
    connection.executescript(
        "PRAGMA page_size=4096; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF;"
    )
    return connection


def to_sql(cell: Cell | tuple[int, int]) -> SqlValue:
    """Return what SQLite stores for a typed cell: exact integers, floats that print the same digits, text."""
    if isinstance(cell, int | Decimal):
        # The check has seen to it that the float of a number is the number.
        whole = int(cell)
        return whole if whole == cell and abs(whole) <= _MAX_INTEGER else float(cell)
    if isinstance(cell, date | datetime | time):
        return cell.isoformat()
    if isinstance(cell, tuple):  # a month, as frictionless reads `2025-03`
        return f"{cell[0]:04}-{cell[1]:02}"
    return cell


def refer_to(code_list: str, known: Mapping[str, str]) -> str:
    """Return the REFERENCES of a column to a code list; nothing where the list has no key to follow."""
    return f'REFERENCES "{code_list}"("{known[code_list]}")' if code_list in known else ""


def create_index_sql(table: str, *columns: str) -> str:
    """Return CREATE INDEX over columns and expressions, named after the first column."""
    # The dot keeps the name of an index apart from every table's and every other index's.
    name = f"{table}.{columns[0].split()[0]}"
    listed = ", ".join(f'"{column}"' if column.isidentifier() else column for column in columns)
    return f'CREATE INDEX "{name}" ON "{table}"({listed})'


def find_last_row(connection: sqlite3.Connection, table: str) -> int:
    """Return the rowid of the row of a table that was written last; 0 where there is none."""
    ((last,),) = connection.execute(f'SELECT coalesce(max(rowid), 0) FROM main."{table}"')  # noqa: S608 - a checked name
    return int(last)


def insert_columns(connection: sqlite3.Connection, table: str, columns: Sequence[Sequence[SqlValue]]) -> int:
    """Insert rows into a table, given as columns of equal length; return how many there were."""
    width, count = len(columns), len(columns[0])
    cells: list[SqlValue] = [None] * (width * count)
    for position, column in enumerate(columns):
        cells[position::width] = column
    for start in range(0, len(cells), step := width * max(1, _CELLS_AT_ONCE // width)):
        some = cells[start : start + step]
        marks = ", ".join([f"({', '.join('?' * width)})"] * (len(some) // width))
        connection.execute(f'INSERT INTO "{table}" VALUES {marks}', some)  # noqa: S608 - a checked name
    return count

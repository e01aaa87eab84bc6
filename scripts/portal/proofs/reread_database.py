"""The database read back: the table of a resource, and the rows of an indicator in the long table, by SQLite."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

from portal.proofs.reread import OF_SQL, Cells, batch_rows, convert_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from portal.data.package import Field


def open_database(path: Path) -> sqlite3.Connection:
    """Open a finished database for reading."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


def check_keys(connection: sqlite3.Connection) -> None:
    """Raise sqlite3.IntegrityError where a code is in no list."""
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        raise sqlite3.IntegrityError(f"FOREIGN KEY constraint failed: {table}, row {row}: {parent}")


def read_table(connection: sqlite3.Connection, table: str, fields: Sequence[Field]) -> Iterator[Cells]:
    """Yield the names and the rows of a table of the database in the order in which they were put there."""
    cursor = connection.execute(f'SELECT * FROM "{table}" ORDER BY rowid')  # noqa: S608 - names are checked
    yield tuple(one[0] for one in cursor.description)
    yield from convert_columns(batch_rows(cursor), fields, OF_SQL)


def read_observations_table(connection: sqlite3.Connection, dataset: str, fields: Sequence[Field]) -> Iterator[Cells]:
    """Yield the rows of one indicator out of the long table of all, under the names of the package."""
    known = [row[1] for row in connection.execute("PRAGMA table_info(observations)")]
    columns = [f'"{one.name}"' if one.name in known else "dimensions" for one in fields]
    # Our own columns.
    query = f"SELECT {', '.join(columns)} FROM observations WHERE dataset = ? ORDER BY rowid"  # noqa: S608
    places = {place: one.name for place, one in enumerate(fields) if one.name not in known}
    rows = (_unfold(row, places) for row in connection.execute(query, (dataset,)))
    yield tuple(one.name for one in fields)
    yield from convert_columns(batch_rows(rows), fields, OF_SQL)


def _unfold(row: Cells, places: Mapping[int, str]) -> Cells:
    """Return a row whose dimensions stand in their own columns instead of in one of JSON."""
    if not places:
        return row
    cells = list(row)
    for place, name in places.items():
        cells[place] = json.loads(str(cells[place])).get(name) or None
    return tuple(cells)

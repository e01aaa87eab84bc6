"""A part: the rows of one package as a small database, which can be kept and is copied into the whole one.

It holds what the whole one will hold of the package, and the texts by which its figures are found. To copy the rows
takes a fraction of what it takes to read, type and word them.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.sqlite.full_text import (
    DATASET_COLUMNS,
    create_full_text,
    describe_datasets,
    describe_observations,
    insert_texts,
)
from portal.sqlite.own_tables import create_own_tables, judge_targets, mark_latest
from portal.sqlite.package_rows import create_table_sql, write_rows
from portal.sqlite.sql import create_database, find_last_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from portal.data.package import Package
    from portal.sqlite.lexicon import Lexicon
    from portal.sqlite.package_rows import DatasetSummary

# The texts by which a dataset and its figures are found, by search table.
_TEXTS = {"datasets_fts": tuple(DATASET_COLUMNS), "observations_fts": ("text",)}
_SEARCH = "_fts"
# The tables in which FTS5 keeps the index of a search table that has no content of its own.
_KEPT_BY_FTS5 = ("data", "idx", "docsize", "config")
# So many are gathered before they are indexed: fifty megabytes.
_TEXTS_AT_ONCE = 100_000
# A package with larger files is written into the whole database at once: twice would take longer.
MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Part:
    """A package whose rows lie in `file`, and their summary."""

    package: Package
    file: Path
    summary: DatasetSummary


def makes_a_part(package: Package) -> bool:
    """Tell whether a package is small enough for a part. Raises OSError where a file is missing."""
    return sum(one.file.stat().st_size for one in package.resources) <= MOST_BYTES


def write_part(file: Path, package: Package, lexicon: Lexicon) -> DatasetSummary:
    """Write the part of a package to `file`, which must not exist.

    Raises sqlite3.Error where a row breaks a key that the check should have caught.
    """
    # Nobody else knows of the file yet; on a disk that several machines share locks are slow at best.
    with closing(sqlite3.connect(_name(file, "nolock"), uri=True, isolation_level=None)) as connection:
        connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;")
        for resource in package.resources:
            connection.execute(create_table_sql(package, resource, {}))
        create_own_tables(connection, {})
        for table, columns in _TEXTS.items():
            connection.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, {', '.join(columns)})")
        connection.execute("BEGIN")
        summary = write_rows(connection, package, lexicon.words)
        mark_latest(connection, lexicon.dates)
        judge_targets(connection, lexicon.directions)
        for table, texts in (
            ("datasets_fts", describe_datasets(connection, lexicon)),
            ("observations_fts", describe_observations(connection, lexicon)),
        ):
            marks = ", ".join("?" * len(_TEXTS[table]))
            connection.executemany(f"INSERT INTO {table} VALUES (?, {marks})", texts)  # noqa: S608 - names from here
        connection.execute("COMMIT")
    return summary


def _name(file: Path, option: str) -> str:
    return f"{file.absolute().as_uri()}?{option}=1"


def write_parts(folder: Path, packages: Iterable[Package], lexicon: Lexicon) -> list[Part]:
    """Write the parts of packages into a folder, here and now."""
    files = [(package, folder / f"{package.name}.db") for package in packages]
    return [Part(package, file, write_part(file, package, lexicon)) for package, file in files]


def add_parts(connection: sqlite3.Connection, parts: Sequence[Part]) -> None:
    """Copy the rows of parts into the whole database, which has their tables; `index_parts` has their texts.

    Preconditions: no transaction is open, and `connection` was opened by a URI. Raises sqlite3.Error where a row breaks
    a key.
    """
    most = connection.getlimit(sqlite3.SQLITE_LIMIT_ATTACHED)
    for start in range(0, len(parts), most):
        some = parts[start : start + most]
        for number, part in enumerate(some):
            connection.execute(f"ATTACH ? AS part{number}", (_name(part.file, "immutable"),))
        connection.execute("BEGIN")
        for number, part in enumerate(some):
            _copy(connection, f"part{number}", part.package)
        connection.execute("COMMIT")
        for number, _ in enumerate(some):
            connection.execute(f"DETACH part{number}")


def _copy(connection: sqlite3.Connection, part: str, package: Package) -> None:
    """Copy the rows of one part."""
    tables = ["datasets", *(one.name for one in package.resources)]
    if package.kind == "indicator":
        tables.append("observations")
    # Checked names; the order is that of the files.
    for table in tables:
        connection.execute(f'INSERT INTO main."{table}" SELECT * FROM {part}."{table}" ORDER BY rowid')  # noqa: S608 - as said


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of parts, whose rows follow each other in the whole database behind the dataset of rowid `after`."""

    parts: Sequence[Path]
    after: int

    @property
    def name(self) -> str:
        """Return what the index of the texts is a part of."""
        return "opendata.db"


def index_parts(texts: Texts, file: Path) -> None:
    """Write the search tables of the texts of parts into a database of their own, `file`, which must not exist.

    To index takes as long as all the rest of the whole database; so it can be done beside it.
    """
    with closing(create_database(file)) as connection:
        create_full_text(connection)
        waiting: dict[str, list[Any]] = {table: [] for table in _TEXTS}
        after = {"datasets_fts": texts.after, "observations_fts": 0}
        for part in texts.parts:
            for table, found in _read_texts(part, after).items():
                waiting[table] += found
            if sum(map(len, waiting.values())) > _TEXTS_AT_ONCE:
                _index(connection, waiting)
        _index(connection, waiting)


def _read_texts(part: Path, after: dict[str, int]) -> dict[str, list[Any]]:
    """Return by search table the rowids and texts of one part, which stand `after` others; then others after them."""
    found = {}
    with closing(sqlite3.connect(_name(part, "immutable"), uri=True)) as connection:
        connection.text_factory = bytes  # they are only passed on
        for table, names in _TEXTS.items():
            found[table] = connection.execute(
                f"SELECT id + ?, {', '.join(names)} FROM {table} ORDER BY id",  # noqa: S608 - names from here
                (after[table],),
            ).fetchall()
            after[table] += find_last_row(connection, table.removesuffix(_SEARCH))
    return found


def _index(connection: sqlite3.Connection, texts: Mapping[str, list[Any]]) -> None:
    """Add texts to the search tables, and forget them: with each transaction FTS5 begins a new piece of its index."""
    connection.execute("BEGIN")
    for table, rows in texts.items():
        insert_texts(connection, table, _TEXTS[table], rows)
        rows.clear()
    connection.execute("COMMIT")


def add_index(connection: sqlite3.Connection, file: Path) -> None:
    """Copy the search tables that `index_parts` wrote into the whole database, where they are empty.

    Precondition: as of `add_parts`; and whoever uses the search tables afterwards opens the database anew, for FTS5
    keeps in mind what it read of its tables (https://www.sqlite.org/fts5.html#fts5_data_structures).
    """
    connection.execute("ATTACH ? AS texts", (_name(file, "immutable"),))
    connection.execute("BEGIN")
    for table in _TEXTS:
        for kept in _KEPT_BY_FTS5:
            connection.execute(f"DELETE FROM main.{table}_{kept}")  # noqa: S608 - names from here
            connection.execute(f"INSERT INTO main.{table}_{kept} SELECT * FROM texts.{table}_{kept}")  # noqa: S608 - as above
    connection.execute("COMMIT")
    connection.execute("DETACH texts")

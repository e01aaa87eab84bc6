"""The database: `opendata.db`, one typed table per resource and the portal's own tables beside them.

The file is written once and then only read: no journal, page order and statistics fixed at build.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.sqlite.full_text import write_full_text
from portal.sqlite.long_table import LongTable
from portal.sqlite.own_tables import (
    create_own_tables,
    finish_own_tables,
    write_dataset,
    write_findings,
)
from portal.sqlite.sql import create_index_sql, insert_columns, refer_to
from portal.sqlite.sql_column import read_sql_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from portal.data.finding import Finding
    from portal.data.package import Field, Package, Resource

# NUMERIC keeps 2389 an integer and 48.37 a float, so that the API shows the digits of the file.
_SQL_TYPES = {"number": "NUMERIC", "integer": "INTEGER", "boolean": "INTEGER", "year": "INTEGER"}
# Columns of indicator tables that visitors sort by, beside their dimensions and code columns.
_SORTED = ("value",)
# A table of so many rows is read from end to end in less than a millisecond and has no index but its key: whenever
# SQLite makes one it looks through all tables and indexes that there are, which grows with the square of the datasets.
UNINDEXED_ROWS = 500
# Newest first: with the key in this order a page, its next page and a whole table as CSV read the key alone.
_DESCENDING = ("period",)


@dataclass(frozen=True, slots=True)
class DatasetSummary:
    """What the build learns of a dataset while it reads the rows."""

    rows: int
    period_start: str = ""
    period_end: str = ""


def write_database(path: Path, packages: Sequence[Package], findings: Iterable[Finding]) -> dict[str, DatasetSummary]:
    """Write `opendata.db` to `path`, which must not exist; return a summary of every dataset.

    Each file is read once, in blocks: memory does not grow with the tables. Raises sqlite3.Error where a row breaks
    a key that the check should have caught.
    """
    known = find_keys(packages)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(
            "PRAGMA page_size=4096; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON;"
        )
        ordered = sorted(packages, key=lambda package: (package.kind != "reference", package.name))
        _create_tables(connection, ordered, known)
        # Code lists refer to each other: keys are checked when everything is in.
        connection.execute("BEGIN")
        connection.execute("PRAGMA defer_foreign_keys=ON")
        summaries = {package.name: _write_package(connection, package, known) for package in ordered}
        write_findings(connection, findings)
        finish_own_tables(connection)
        write_full_text(connection)
        connection.execute("COMMIT")
        connection.executescript("ANALYZE; VACUUM; PRAGMA optimize;")
    return summaries


def find_keys(packages: Iterable[Package]) -> dict[str, str]:
    """Return the code lists that a foreign key can follow, each with its key: one column, the first."""
    return {
        package.name: package.main.primary_key[0]
        for package in packages
        if package.kind == "reference" and package.main.primary_key == (package.main.fields[0].name,)
    }


def _find_code_lists(package: Package, known: Mapping[str, str]) -> dict[str, str]:
    """Return the code list of every dimension that has one."""
    return {column.name: column.code_list for column in package.dimensions if column.code_list in known}


def _create_tables(connection: sqlite3.Connection, packages: Sequence[Package], known: Mapping[str, str]) -> None:
    for package in packages:
        for resource in package.resources:
            connection.execute(create_table_sql(package, resource, known))
    create_own_tables(connection, known)


def _write_package(connection: sqlite3.Connection, package: Package, known: Mapping[str, str]) -> DatasetSummary:
    write_dataset(connection, package)
    long_table = None
    if package.kind == "indicator":
        long_table = LongTable(connection, package, _find_code_lists(package, known))
    rows = 0
    for resource in package.resources:
        before = rows
        names = [column.name for column in resource.fields]
        spoken = [names.index(column.name) for column in package.dimensions] if long_table else []
        for columns in read_sql_columns(resource, spoken):
            rows += insert_columns(connection, resource.name, columns[: len(names)])
            if long_table:
                long_table.add(columns)
        if rows - before > UNINDEXED_ROWS:
            for column in list_indexed_columns(package, resource):
                connection.execute(create_index_sql(resource.name, column))
    start, end = (long_table.start, long_table.end) if long_table else ("", "")
    connection.execute(
        "UPDATE datasets SET rows = ?, period_start = ?, period_end = ? WHERE name = ?",
        (rows, start or None, end or None, package.name),
    )
    return DatasetSummary(rows, start, end)


def create_table_sql(package: Package, resource: Resource, known: Mapping[str, str]) -> str:
    """Return CREATE TABLE for a resource: types, primary key, foreign keys to the keys of `known` code lists."""
    lines = []
    for column in resource.fields:
        kind = _SQL_TYPES.get(column.type, "TEXT")
        # An INTEGER PRIMARY KEY would be the row id and lose the order of the file; an INT one is a column.
        words = [f'"{column.name}"', "INT" if kind == "INTEGER" and resource.primary_key == (column.name,) else kind]
        if column.required or column.name in resource.primary_key:
            words.append("NOT NULL")
        if leads_elsewhere(package, column, known):
            words.append(refer_to(column.code_list, known))
        lines.append(" ".join(words))
    if resource.primary_key:
        order = {name: " DESC" for name in _DESCENDING if package.kind == "indicator"}
        key = ", ".join(f'"{name}"{order.get(name, "")}' for name in resource.primary_key)
        lines.append(f"PRIMARY KEY ({key})")
    return f'CREATE TABLE "{resource.name}" (\n    ' + ",\n    ".join(lines) + "\n)"


def leads_elsewhere(package: Package, column: Field, known: Mapping[str, str]) -> bool:
    """Tell whether a column is a foreign key to one of the `known` code lists."""
    # A list holds several codes in one cell, which no foreign key can follow.
    return column.code_list in known and not column.separator and column.code_list != package.name


def list_indexed_columns(package: Package, resource: Resource) -> Iterator[str]:
    """Yield the columns of a resource that have an index of their own: codes, dimensions and what people sort by."""
    dimensions = {column.name for column in package.dimensions}
    for column in resource.fields:
        if resource.primary_key[:1] == (column.name,):
            continue  # the key begins with it
        sorted_by = package.kind == "indicator" and column.name in _SORTED
        if (column.code_list and not column.separator) or column.name in dimensions or sorted_by:
            yield column.name

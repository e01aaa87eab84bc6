"""The rows of one package in a database: its own tables, its entry among the datasets, its figures among all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.sqlite.long_table import LongTable
from portal.sqlite.own_tables import write_dataset
from portal.sqlite.sql import insert_columns, refer_to
from portal.sqlite.sql_column import read_sql_columns

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from portal.data.package import Field, Package, Resource
    from portal.sqlite.lexicon import Words

# NUMERIC keeps 2389 an integer and 48.37 a float, so that the API shows the digits of the file.
_SQL_TYPES = {"number": "NUMERIC", "integer": "INTEGER", "boolean": "INTEGER", "year": "INTEGER"}
# Newest first: with the key in this order a page, its next page and a whole table as CSV read the key alone.
_DESCENDING = ("period",)


@dataclass(frozen=True, slots=True)
class DatasetSummary:
    """What the build learns of a dataset while it reads the rows."""

    rows: int
    period_start: str = ""
    period_end: str = ""


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


def write_rows(connection: sqlite3.Connection, package: Package, words: Mapping[str, Words]) -> DatasetSummary:
    """Write the rows of a package into the tables that are there; `words` are those of code lists, by name.

    Each file is read once, in blocks. Raises sqlite3.Error where a row breaks a key that the check should have caught.
    """
    write_dataset(connection, package)
    long_table = None
    if package.kind == "indicator":
        named = {column.name: words[column.code_list] for column in package.dimensions if column.code_list in words}
        long_table = LongTable(connection, package, named)
    rows = 0
    for resource in package.resources:
        names = [column.name for column in resource.fields]
        spoken = [names.index(column.name) for column in package.dimensions] if long_table else []
        for columns in read_sql_columns(resource, spoken):
            rows += insert_columns(connection, resource.name, columns[: len(names)])
            if long_table:
                long_table.add(columns)
    start, end = (long_table.start, long_table.end) if long_table else ("", "")
    finish_dataset(connection, package, summary := DatasetSummary(rows, start, end))
    return summary


def finish_dataset(connection: sqlite3.Connection, package: Package, summary: DatasetSummary) -> None:
    """Note what was learnt of a dataset that is among the datasets already."""
    connection.execute(
        "UPDATE datasets SET rows = ?, period_start = ?, period_end = ? WHERE name = ?",
        (summary.rows, summary.period_start or None, summary.period_end or None, package.name),
    )

"""The database: `opendata.db`, one typed table per resource and the portal's own tables beside them.

The file is written once and then only read: no journal, page order and statistics fixed at build.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

from portal.full_text import write_full_text
from portal.observation import read_observations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from portal.finding import Finding
    from portal.observation import Observation
    from portal.package import Package, Resource
    from portal.table import Cell, Table

SqlValue = str | int | float | None
# NUMERIC keeps 2389 an integer and 48.37 a float, so that the API shows the digits of the file.
_SQL_TYPES = {"number": "NUMERIC", "integer": "INTEGER", "boolean": "INTEGER", "year": "INTEGER"}
# Columns of indicator tables that visitors filter by, beside their dimensions and code columns.
_FILTERED = ("period",)

_OWN_TABLES = """
CREATE TABLE datasets (
    name TEXT PRIMARY KEY, title TEXT NOT NULL, title_en TEXT NOT NULL,
    description TEXT NOT NULL, description_en TEXT NOT NULL,
    kind TEXT NOT NULL, theme TEXT {themes}, frequency TEXT NOT NULL, keywords TEXT NOT NULL,
    version TEXT NOT NULL, created TEXT, license TEXT NOT NULL,
    rows INTEGER NOT NULL, period_start TEXT, period_end TEXT
);
CREATE TABLE observations (
    id TEXT PRIMARY KEY, dataset TEXT NOT NULL REFERENCES datasets(name), period TEXT NOT NULL,
    period_start TEXT NOT NULL, period_end TEXT, area TEXT NOT NULL {areas}, dimensions TEXT NOT NULL,
    measure TEXT NOT NULL {measures}, transform TEXT NOT NULL {transforms}, value NUMERIC, unit TEXT NOT NULL {units},
    status TEXT NOT NULL {statuses}, qualifier TEXT NOT NULL {qualifiers}, flags TEXT, source TEXT NOT NULL {sources},
    locator TEXT NOT NULL, as_stated TEXT NOT NULL, note TEXT, note_en TEXT
);
CREATE TABLE findings (
    id INTEGER PRIMARY KEY, package TEXT NOT NULL, file TEXT NOT NULL, line INTEGER, "column" INTEGER,
    code TEXT NOT NULL, severity TEXT NOT NULL, message TEXT NOT NULL, message_en TEXT NOT NULL,
    cure TEXT NOT NULL, cure_en TEXT NOT NULL
);
"""
_MAX_INTEGER = (1 << 63) - 1
_OWN_INDEXES = ("dataset", "area", "measure", "unit", "status", "source", "period_start")


@dataclass(frozen=True, slots=True)
class DatasetSummary:
    """What the build learns of a dataset while it reads the rows."""

    rows: int
    period_start: str = ""
    period_end: str = ""


def write_database(
    path: Path, packages: Sequence[Package], tables: Mapping[str, Table], findings: Iterable[Finding]
) -> dict[str, DatasetSummary]:
    """Write `opendata.db` to `path`, which must not exist; return a summary of every dataset.

    Rows are streamed: memory does not grow with the tables. Raises sqlite3.Error where a row breaks a key that
    the check should have caught.
    """
    known = _find_keys(packages)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(
            "PRAGMA page_size=4096; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON;"
        )
        ordered = sorted(packages, key=lambda package: (package.kind != "reference", package.name))
        _create_tables(connection, ordered, known)
        # Code lists refer to each other: keys are checked when everything is in.
        connection.execute("BEGIN")
        connection.execute("PRAGMA defer_foreign_keys=ON")
        summaries = {package.name: _write_package(connection, package, tables) for package in ordered}
        _write_findings(connection, findings)
        for column in _OWN_INDEXES:
            connection.execute(_create_index_sql("observations", column))
        connection.execute(_create_index_sql("datasets", "theme"))
        write_full_text(connection)
        connection.execute("COMMIT")
        connection.executescript("ANALYZE; VACUUM; PRAGMA optimize;")
    return summaries


def _find_keys(packages: Iterable[Package]) -> dict[str, str]:
    """Return the code lists that a foreign key can follow, each with its key: one column, the first."""
    return {
        package.name: package.main.primary_key[0]
        for package in packages
        if package.kind == "reference" and package.main.primary_key == (package.main.fields[0].name,)
    }


def _create_tables(connection: sqlite3.Connection, packages: Sequence[Package], known: Mapping[str, str]) -> None:
    for package in packages:
        for resource in package.resources:
            connection.execute(create_table_sql(package, resource, known))
    names = ("themes", "areas", "measures", "transforms", "units", "statuses", "qualifiers", "sources")
    connection.executescript(_OWN_TABLES.format(**{name: _reference(name, known) for name in names}))


def _reference(code_list: str, known: Mapping[str, str]) -> str:
    return f'REFERENCES "{code_list}"("{known[code_list]}")' if code_list in known else ""


def _create_index_sql(table: str, column: str) -> str:
    # The dot keeps the name of an index apart from every table's and every other index's.
    return f'CREATE INDEX "{table}.{column}" ON "{table}"("{column}")'


def _write_package(connection: sqlite3.Connection, package: Package, tables: Mapping[str, Table]) -> DatasetSummary:
    _write_dataset(connection, package)
    rows = 0
    for resource in package.resources:
        rows += _insert_rows(connection, resource, tables[resource.name])
        for column in _indexed_columns(package, resource):
            connection.execute(_create_index_sql(resource.name, column))
    start = end = ""
    if package.kind == "indicator":
        start, end = _insert_observations(connection, read_observations(package, tables[package.name]))
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
        # A list holds several codes in one cell, which no foreign key can follow.
        if column.code_list in known and not column.separator and column.code_list != package.name:
            words.append(_reference(column.code_list, known))
        lines.append(" ".join(words))
    if resource.primary_key:
        key = ", ".join(f'"{name}"' for name in resource.primary_key)
        lines.append(f"PRIMARY KEY ({key})")
    return f'CREATE TABLE "{resource.name}" (\n    ' + ",\n    ".join(lines) + "\n)"


def _indexed_columns(package: Package, resource: Resource) -> Iterator[str]:
    dimensions = {column.name for column in package.dimensions}
    for column in resource.fields:
        filtered = package.kind == "indicator" and column.name in _FILTERED
        if (column.code_list and not column.separator) or column.name in dimensions or filtered:
            yield column.name


def _insert_rows(connection: sqlite3.Connection, resource: Resource, table: Table) -> int:
    marks = ", ".join("?" * len(resource.fields))
    cursor = connection.executemany(
        f'INSERT INTO "{resource.name}" VALUES ({marks})',  # noqa: S608 - names are checked by the profile
        (tuple(map(to_sql, row.cells)) for row in table),
    )
    return max(0, cursor.rowcount)


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


def _write_dataset(connection: sqlite3.Connection, package: Package) -> None:
    connection.execute(
        "INSERT INTO datasets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, NULL, NULL)",
        (
            package.name, package.title.vi, package.title.get("en"), package.description.vi,
            package.description.get("en"), package.kind, package.theme or None, package.frequency,
            ", ".join(package.keywords), package.version, package.created or None,
            package.licenses[0].name,
        ),
    )  # fmt: skip


def _insert_observations(connection: sqlite3.Connection, observations: Iterable[Observation]) -> tuple[str, str]:
    start = end = ""
    for one in observations:
        first, last = one.period.start.isoformat(), one.period.end.isoformat() if one.period.end else None
        start = min(start or first, first)
        end = max(end, last or first)
        connection.execute(
            "INSERT INTO observations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                one.id, one.dataset, one.period_text, first, last, one.area,
                json.dumps(dict(one.dimensions), ensure_ascii=False), one.measure, one.transform,
                to_sql(one.value), one.unit, one.status, one.qualifier, ";".join(one.flags) or None,
                one.source, one.locator, one.as_stated, one.note or None, one.note_en or None,
            ),
        )  # fmt: skip
    return start, end


def _write_findings(connection: sqlite3.Connection, findings: Iterable[Finding]) -> None:
    connection.executemany(
        "INSERT INTO findings VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (one.package, one.file, one.line or None, one.column or None, one.code, str(one.severity),
             one.message, one.message_en, one.cure, one.cure_en)
            for one in findings
        ),
    )  # fmt: skip

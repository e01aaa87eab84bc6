"""The database: `opendata.db`, one typed table per resource and the portal's own tables beside them.

The file is written once, in the order in which it is read, and then only read: no journal, statistics made at build.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, closing, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from portal.sqlite.arrow_rows import load_table
from portal.sqlite.full_text import create_full_text, index_datasets, index_observations
from portal.sqlite.lexicon import read_lexicon
from portal.sqlite.own_tables import (
    create_own_tables,
    finish_own_tables,
    judge_targets,
    mark_latest,
    write_dataset,
    write_findings,
)
from portal.sqlite.package_rows import DatasetSummary, create_table_sql, finish_dataset, write_rows
from portal.sqlite.part import Texts, add_index, add_parts, index_parts, makes_a_part, write_parts
from portal.sqlite.sql import create_database, create_index_sql, find_last_row

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from portal.data.finding import Finding
    from portal.data.package import Package, Resource
    from portal.sqlite.lexicon import Lexicon
    from portal.sqlite.part import Part

# Columns of indicator tables that visitors sort by, beside their dimensions and code columns.
_SORTED = ("value",)
# A table of so many rows is read from end to end in less than a millisecond and has no index but its key: whenever
# SQLite makes one it looks through all tables and indexes that there are, which grows with the square of the datasets.
UNINDEXED_ROWS = 500
# Tables without figures, with larger files, are stored by Arrow: to begin costs a millisecond.
ARROW_BYTES = 4_000_000


class Supplier(Protocol):
    """Gives what the database is put together from."""

    def make_tables(self, path: Path, statements: Sequence[str]) -> None:
        """Make the database `path`, which does not exist, by the statements that create its tables."""

    def make_parts(self, packages: Sequence[Package], lexicon: Lexicon) -> Sequence[Part]:
        """Return the rows of small packages."""

    def begin_index(self, texts: Texts, file: Path) -> AbstractContextManager[Callable[[], object]]:
        """Begin to index the texts of parts into `file`, as `index_parts` does; give what waits for its end."""


class _Maker:
    """Makes all of it here and now; parts lie in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make_tables(self, path: Path, statements: Sequence[str]) -> None:
        create_tables(path, statements)

    def make_parts(self, packages: Sequence[Package], lexicon: Lexicon) -> Sequence[Part]:
        return write_parts(self._folder, packages, lexicon)

    def begin_index(self, texts: Texts, file: Path) -> AbstractContextManager[Callable[[], object]]:
        return nullcontext(partial(index_parts, texts, file))


def write_database(
    path: Path, packages: Sequence[Package], findings: Iterable[Finding], supplier: Supplier | None = None
) -> dict[str, DatasetSummary]:
    """Write `opendata.db` to `path`, which must not exist; return a summary of every dataset.

    The `supplier` may keep what it gives; if there is none, all is made here and now. Each file is read once, in
    blocks: memory does not grow with the tables. Raises sqlite3.Error where a row breaks a primary key that the check
    should have caught; foreign keys are for `check_keys` to judge, which reads the finished database.
    """
    if supplier is None:
        with tempfile.TemporaryDirectory() as folder:
            return write_database(path, packages, findings, _Maker(Path(folder)))
    known = find_keys(packages)
    by_name = sorted(packages, key=lambda one: (one.kind != "reference", one.name))
    supplier.make_tables(path, [create_table_sql(one, resource, {}) for one in by_name for resource in one.resources])
    summaries: dict[str, DatasetSummary] = {}
    with ExitStack() as held:
        with closing(create_database(path)) as connection:
            create_own_tables(connection, known)
            create_full_text(connection)
            with _transaction(connection):
                for package in by_name:
                    if package.kind == "reference":
                        summaries[package.name] = write_rows(connection, package, {})
            lexicon = read_lexicon(connection, known)
            small = [one for one in by_name if one.name not in summaries and makes_a_part(one)]
            parts = supplier.make_parts(small, lexicon)
            finish_index = held.enter_context(_begin_index(connection, path, parts, supplier))
            add_parts(connection, parts)
            summaries |= {part.package.name: part.summary for part in parts}
            last = find_last_row(connection, "observations")
            for package in by_name:
                if package.name not in summaries:
                    summaries[package.name] = _write_large(connection, path, package, lexicon)
            with _transaction(connection):
                _index_tables(connection, packages)
                write_findings(connection, findings)
                finish_own_tables(connection)
            finish_index()
        with closing(create_database(path)) as connection:
            with _transaction(connection):
                index_observations(connection, lexicon, last)
                index_datasets(connection, lexicon, {part.package.name for part in parts})
            connection.execute("ANALYZE")
            _add_foreign_keys(connection, packages, known)
    return summaries


@contextmanager
def _begin_index(
    connection: sqlite3.Connection, path: Path, parts: Sequence[Part], supplier: Supplier
) -> Iterator[Callable[[], None]]:
    """Begin to index the texts of parts, whose rows come next into the database `path`; give what adds the index."""
    texts = Texts([part.file for part in parts], find_last_row(connection, "datasets"))
    file = path.with_suffix(".texts.db")
    with supplier.begin_index(texts, file) as wait:

        def finish() -> None:
            wait()
            add_index(connection, file)
            file.unlink()

        yield finish


def create_tables(path: Path, statements: Iterable[str]) -> None:
    """Make the database `path`, which does not exist, by statements that create its tables."""
    with closing(create_database(path)) as connection:
        for one in statements:
            connection.execute(one)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN")
    yield
    connection.execute("COMMIT")


def _write_large(connection: sqlite3.Connection, path: Path, package: Package, lexicon: Lexicon) -> DatasetSummary:
    """Write the rows of a package at once."""
    if package.kind == "table" and sum(one.file.stat().st_size for one in package.resources) > ARROW_BYTES:
        write_dataset(connection, package)
        summary = DatasetSummary(sum(load_table(connection, path, one) for one in package.resources))
        finish_dataset(connection, package, summary)
        return summary
    before = find_last_row(connection, "observations")
    with _transaction(connection):
        summary = write_rows(connection, package, lexicon.words)
        mark_latest(connection, lexicon.dates, before)
        judge_targets(connection, lexicon.directions, before)
    return summary


def find_keys(packages: Iterable[Package]) -> dict[str, str]:
    """Return the code lists that a foreign key can follow, each with its key: one column, the first."""
    return {
        package.name: package.main.primary_key[0]
        for package in packages
        if package.kind == "reference" and package.main.primary_key == (package.main.fields[0].name,)
    }


def _add_foreign_keys(connection: sqlite3.Connection, packages: Iterable[Package], known: Mapping[str, str]) -> None:
    """Let the tables of packages refer to the `known` code lists, in the way that SQLite's manual has for it.

    https://www.sqlite.org/lang_altertable.html#otheralter: how rows are stored does not depend on such keys. To create
    a table it takes a look through the schema, and with the keys in it ten thousand tables take five times as long.
    """
    places = dict(connection.execute("SELECT name, rowid FROM sqlite_schema WHERE type = 'table'").fetchall())
    connection.execute("PRAGMA writable_schema=ON")
    with _transaction(connection):
        connection.executemany(
            "UPDATE sqlite_schema SET sql = ? WHERE rowid = ?",
            (
                (create_table_sql(package, resource, known), places[resource.name])
                for package in packages
                for resource in package.resources
            ),
        )
        ((version,),) = connection.execute("PRAGMA schema_version")
        connection.execute(f"PRAGMA schema_version={version + 1}")
    connection.execute("PRAGMA writable_schema=OFF")


def _index_tables(connection: sqlite3.Connection, packages: Iterable[Package]) -> None:
    """Write the indexes of long tables."""
    for package in packages:
        for resource in package.resources:
            ((long,),) = connection.execute(
                f'SELECT count(*) FROM (SELECT 1 FROM "{resource.name}" LIMIT {UNINDEXED_ROWS + 1})'  # noqa: S608 - a checked name
            )
            if long > UNINDEXED_ROWS:
                for column in list_indexed_columns(package, resource):
                    connection.execute(create_index_sql(resource.name, column))


def list_indexed_columns(package: Package, resource: Resource) -> Iterator[str]:
    """Yield the columns of a resource that have an index of their own: codes, dimensions and what people sort by."""
    dimensions = {column.name for column in package.dimensions}
    for column in resource.fields:
        if resource.primary_key[:1] == (column.name,):
            continue  # the key begins with it
        sorted_by = package.kind == "indicator" and column.name in _SORTED
        if (column.code_list and not column.separator) or column.name in dimensions or sorted_by:
            yield column.name

"""Tables: the cells of a resource, raw as they stand in the file and typed as frictionless reads them.

What is not checked yet is read by frictionless itself (`read_rows`). What is checked is read many times, by its
readers of single cells (`Table`, `type_rows`), which give the same at a multiple of the speed.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import frictionless
from frictionless.formats import CsvControl

from portal.data.column import make_columns

if TYPE_CHECKING:
    from portal.data.package import Package, Resource

Cell = str | int | bool | Decimal | date | datetime | time | None
ReadRows = Callable[["Package", "Resource"], Iterator["Row"]]
# Tables up to this size are kept in memory between the stages of a build, and of all together so many bytes; others are
# read again.
KEPT_BYTES = 4_000_000
KEPT_BYTES_OF_ALL = 16_000_000
MAX_CELL_CHARACTERS = 100_000
# Rows that are read at once where a table is only passed on: more is no faster.
BATCH_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Row:
    """One typed row; `number` is its position among the rows of the file, the header being 1."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as text; `line` is the line of the file on which it starts."""

    line: int
    cells: tuple[str, ...]


class Table:
    """The rows of one resource, in file order; iterate as often as needed.

    `read` reads them; what has not passed the check is for `read_rows`, not for the quick reader that is the default.
    """

    def __init__(
        self, package: Package, resource: Resource, read: ReadRows | None = None, most: int = KEPT_BYTES
    ) -> None:
        self.resource = resource
        self._most = most
        self._package = package
        self._read = read or read_checked_rows
        self._kept: tuple[Row, ...] | None = None

    def __iter__(self) -> Iterator[Row]:
        if self._kept is None and self.resource.file.stat().st_size <= self._most:
            self._kept = tuple(self._read(self._package, self.resource))
        return iter(self._kept) if self._kept is not None else self._read(self._package, self.resource)

    @cached_property
    def count(self) -> int:
        """Return how many rows there are; a large table is read once for it."""
        return sum(1 for _ in self)


def open_tables(packages: Iterable[Package]) -> dict[str, Table]:
    """Return the tables of packages that passed the check, by name; memory does not grow with their number."""
    tables: dict[str, Table] = {}
    left = KEPT_BYTES_OF_ALL
    for package in sorted(packages, key=lambda one: one.kind != "reference"):  # code lists are read most often
        for resource in package.resources:
            size = resource.file.stat().st_size
            fits = size <= min(left, KEPT_BYTES)
            left -= size if fits else 0
            tables[resource.name] = Table(package, resource, most=KEPT_BYTES if fits else 0)
    return tables


def open_with_frictionless(package: Package) -> frictionless.Package:
    """Return the package as frictionless sees it."""
    judged = frictionless.Package.from_descriptor(dict(package.descriptor), basepath=str(package.folder))
    for table in judged.resources:
        # Left to itself frictionless guesses: it passes over narrow lines before the header (a title, `sep=,`)
        # and over spaces behind commas, which every other reader of the published file keeps.
        table.dialect.header_rows = [1]
        CsvControl.from_dialect(table.dialect).skip_initial_space = False
    return judged


def read_rows(package: Package, resource: Resource) -> Iterator[Row]:
    """Yield typed rows: the same parser and the same types that conformance was judged with."""
    judged: Any = open_with_frictionless(package).get_resource(resource.name)
    # Keys are checked once, in conformance; here frictionless would remember all of them.
    judged.schema.foreign_keys, judged.schema.primary_key = [], []
    for field in judged.schema.fields:
        field.constraints.pop("unique", None)
    with judged:
        for row in judged.row_stream:
            yield Row(row.row_number, tuple(row.to_list()))


def read_checked_rows(_package: Package, resource: Resource) -> Iterator[Row]:
    """Yield the typed rows of a table that passed the check: what `read_rows` yields, at a multiple of its speed."""
    return type_rows(resource, chain.from_iterable(read_batches(resource)))


def type_rows(resource: Resource, rows: Iterable[Sequence[str]]) -> Iterator[Row]:
    """Yield the rows below the header with their cells typed; raise ValueError at a row that is too long or short."""
    readers = [column.read for column in make_columns(resource)]
    for number, row in enumerate(rows, start=2):
        yield Row(number, tuple([read(cell) for read, cell in zip(readers, row, strict=True)]))


def read_raw_rows(resource: Resource) -> Iterator[RawRow]:
    """Yield the header and all rows as text.

    Raises csv.Error where quotes do not close, UnicodeDecodeError where the file is not UTF-8.
    """
    csv.field_size_limit(1 << 30)
    with resource.file.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        line = 1
        for cells in reader:
            yield RawRow(line, tuple(cells))
            line = reader.line_num + 1


def read_batches(resource: Resource) -> Iterator[list[list[str]]]:
    """Yield the rows below the header as text, BATCH_ROWS at a time: three times as fast as `read_raw_rows`."""
    csv.field_size_limit(1 << 30)
    with resource.file.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        next(reader, None)
        while rows := list(islice(reader, BATCH_ROWS)):
            yield rows

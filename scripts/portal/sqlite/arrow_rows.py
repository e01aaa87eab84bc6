"""Arrow rows: long tables stored by Arrow's own driver for SQLite, which makes no Python object of any cell.

The driver (https://arrow.apache.org/adbc/) brings an SQLite of its own. It opens the file, writes and closes it while
the other connection of this process is idle: between its transactions that one holds no lock and keeps nothing in mind.
A block of which a column has values of several kinds, as a number beyond 2^53 among others, is stored by Python's own.
"""

from __future__ import annotations

import sqlite3
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from portal.checks.cell_shape import INTEGER, NUMBER, match_whole, parse_numbers
from portal.data.column import make_columns
from portal.data.csv_block import flags_of, lengths_of, mask_of
from portal.sqlite.sql import insert_columns
from portal.sqlite.sql_column import SqlColumn, read_ahead, read_text_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from portal.data.column import Column
    from portal.data.package import Resource
    from portal.sqlite.sql import SqlValue

_KINDS = {"integer": pa.int64(), "year": pa.int64(), "boolean": pa.int64(), "number": pa.float64()}
_PATTERNS = {"integer": INTEGER, "number": NUMBER}
# What the driver says before SQLite's own words.
_BEFORE_REASON = "failed to execute: "
# Beyond it a float is not every whole number.
_MOST_EXACT = 1 << 53


def load_table(connection: sqlite3.Connection, path: Path, resource: Resource) -> int:
    """Write all rows of a resource into its table in the database `path`; return how many there are.

    Preconditions: the table passed the check, and `connection`, which is one to `path`, has no open transaction. Raises
    sqlite3.Error where a row breaks a key or the disk is full.
    """
    columns = make_columns(resource)
    ways = [(SqlColumn(column), _ArrowColumn(column)) for column in columns]
    schema = pa.schema([(column.name, _KINDS.get(column.type, pa.string())) for column in columns])
    blocks = read_ahead(_convert(cells, ways, schema) for cells in read_text_columns(resource))
    return sum(
        _store(path, resource.name, schema, some) if uniform else _insert(connection, resource.name, some)
        for uniform, some in groupby(blocks, key=lambda block: isinstance(block, pa.RecordBatch))
    )


def _convert(cells: Sequence[pa.StringArray], ways: Sequence[tuple[SqlColumn, _ArrowColumn]], schema: pa.Schema) -> Any:
    """Return a block as a batch of Arrow, or as columns of what SQLite stores."""
    arrays = [arrow.convert(each) for each, (_, arrow) in zip(cells, ways, strict=True)]
    if all(one is not None for one in arrays):
        return pa.RecordBatch.from_arrays(arrays, schema=schema)
    return [plain.convert(each) for each, (plain, _) in zip(cells, ways, strict=True)]


def _store(path: Path, table: str, schema: pa.Schema, blocks: Iterable[pa.RecordBatch]) -> int:
    import adbc_driver_sqlite.dbapi as driver  # noqa: PLC0415 - a server's workers have little memory, and store nothing

    with driver.connect(str(path.absolute()), autocommit=True) as connection, connection.cursor() as cursor:
        for setting in ("journal_mode", "synchronous"):
            cursor.execute(f"PRAGMA {setting}=OFF")
            cursor.fetchall()
        try:
            return int(cursor.adbc_ingest(table, pa.RecordBatchReader.from_batches(schema, blocks), mode="append"))
        except driver.Error as error:
            reason = str(error).partition("\n")[0]
            raise sqlite3.DatabaseError(reason.rpartition(_BEFORE_REASON)[2]) from error


def _insert(connection: sqlite3.Connection, table: str, blocks: Iterable[Sequence[Sequence[SqlValue]]]) -> int:
    connection.execute("BEGIN")
    rows = sum(insert_columns(connection, table, block) for block in blocks)
    connection.execute("COMMIT")
    return rows


class _ArrowColumn:
    """What makes an array of one kind of the cells of one column."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self._read: Callable[[str], SqlValue] = SqlColumn(column).read
        self._kind = _KINDS.get(column.type, pa.string())
        plain = column.shared and not any(any(map(str.isdigit, text)) for text in column.missing)
        self._pattern = _PATTERNS.get(column.type, "") if plain else ""

    def convert(self, cells: pa.StringArray) -> pa.Array | None:
        """Return what SQLite stores for cells; None where it is of several kinds."""
        if self._pattern:
            return self._convert_numbers(cells)
        if self._column.type == "string":
            return _blank(cells, self._find_missing(cells))
        encoded = cells.dictionary_encode()
        values = [self._read(text) for text in encoded.dictionary.to_pylist()]
        return pa.array(values, self._kind).take(encoded.indices) if self._fit(values) else None

    def _convert_numbers(self, cells: pa.StringArray) -> pa.Array | None:
        missing, numbers = self._find_missing(cells), parse_numbers(cells, self._kind)
        if numbers is None:
            plain = mask_of(pc.match_substring_regex(cells, match_whole(self._pattern)))
            whole = cells if plain.all() else pc.if_else(flags_of(plain), cells, "0")
            numbers = np.array(np.from_dlpack(pc.cast(whole, self._kind)))
            others = ~plain & ~missing
            values = [self._read(text) for text in cells.filter(flags_of(others)).to_pylist()]
            if not self._fit(values):
                return None
            numbers[others] = values
        return _blank(pa.Array.from_buffers(self._kind, len(numbers), [None, pa.py_buffer(numbers)]), missing)

    def _find_missing(self, cells: pa.StringArray) -> np.ndarray:
        if self._column.missing == {""}:
            return np.asarray(lengths_of(cells) == 0)
        return mask_of(pc.is_in(cells, value_set=pa.array(sorted(self._column.missing), pa.string())))

    def _fit(self, values: Iterable[SqlValue]) -> bool:
        """Tell whether values are all of the kind of the column, or missing."""
        if self._kind == pa.float64():
            return all(
                one is None or isinstance(one, float) or (isinstance(one, int) and abs(one) <= _MOST_EXACT)
                for one in values
            )
        kind = int if self._kind == pa.int64() else str
        return all(one is None or isinstance(one, kind) for one in values)


def _blank(array: pa.Array, missing: np.ndarray) -> pa.Array:
    """Return an array without the values that are missing."""
    return pc.if_else(flags_of(~missing), array, pa.scalar(None, array.type)) if missing.any() else array

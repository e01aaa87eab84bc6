"""SQL columns: a file of a checked package as columns of what SQLite stores, a block of rows at a time.

Each cell becomes what `to_sql` makes of what frictionless reads in it. Plain numbers and texts, nearly all there is,
are converted a column at a time; any other cell is read by frictionless' reader, once for each text.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from portal.checks.cell_shape import INTEGER, NUMBER, match_whole, parse_numbers
from portal.data.column import make_columns, memoize
from portal.data.csv_block import DoubtError, flags_of, lengths_of, mask_of, parse_block, read_blocks
from portal.data.table import read_batches
from portal.sqlite.sql import to_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

    from portal.data.column import Column
    from portal.data.package import Resource
    from portal.data.table import Cell
    from portal.sqlite.sql import SqlValue

T = TypeVar("T")

# Files up to this size are read row by row: to convert a block costs a millisecond, however few rows it has.
ROWWISE_BYTES = 50_000
# A column is written as a list of its different texts where the first cells repeat themselves that often.
_SAMPLE, _MOST_DIFFERENT = 1_000, 500
_NUMBERS = {"integer": (INTEGER, pa.int64()), "number": (NUMBER, pa.float64())}


def read_sql_columns(resource: Resource, spoken: Sequence[int] = ()) -> Iterator[list[Sequence[SqlValue]]]:
    """Yield the columns of a table below its header, block by block; behind them those at `spoken`, as texts.

    Precondition: the table passed the check.
    """
    columns = make_columns(resource)
    writers = [*enumerate(SqlColumn(column) for column in columns)]
    writers += [(position, SqlColumn(columns[position], _say)) for position in spoken]
    if resource.file.stat().st_size <= ROWWISE_BYTES:
        if rows := list(chain.from_iterable(read_batches(resource))):
            texts = list(zip(*rows, strict=True))
            yield [[*map(writer.read, texts[position])] for position, writer in writers]
        return
    yield from read_ahead(_convert(block, writers) for block in read_text_columns(resource))


def _convert(block: Sequence[pa.StringArray], writers: Sequence[tuple[int, SqlColumn]]) -> list[Sequence[SqlValue]]:
    return [writer.convert(block[position]) for position, writer in writers]


def read_ahead(blocks: Iterator[T]) -> Iterator[T]:
    """Yield blocks while a thread makes the next one: SQLite stores without Python's lock, Arrow reads without it."""
    end = object()
    with ThreadPoolExecutor(1) as pool:
        coming: Future[T | object] = pool.submit(next, blocks, end)
        while (block := coming.result()) is not end:
            coming = pool.submit(next, blocks, end)
            yield cast("T", block)


def _say(cell: Cell) -> str:
    """Return a typed cell as an observation has the code of a dimension: empty where there is none."""
    return str(cell or "")


def read_text_columns(resource: Resource) -> Iterator[list[pa.StringArray]]:
    """Yield the columns as text, as Python's `csv` reads them: by Arrow until there is a doubt whether it does so."""
    names = [column.name for column in resource.fields]
    done = 0
    try:
        for block in read_blocks(resource.file, names):
            columns = parse_block(block, names)
            yield columns
            done += len(columns[0])
    except DoubtError:
        rows = islice(chain.from_iterable(read_batches(resource)), done, None)
        while batch := list(islice(rows, _SAMPLE)):
            yield [pa.array(cells, pa.string()) for cells in zip(*batch, strict=True)]


class SqlColumn:
    """What makes SQL values of the cells of one column; `say` makes one of a typed cell."""

    def __init__(self, column: Column, say: Callable[[Cell], SqlValue] = to_sql) -> None:
        self._column = column
        self.read = memoize(lambda cell: say(column.read(cell)))
        self._is_text = column.type == "string" and say is to_sql
        # A number that may stand for a missing cell is no plain number.
        plain = say is to_sql and column.shared and not any(any(map(str.isdigit, text)) for text in column.missing)
        self._number = _NUMBERS.get(column.type) if plain else None

    def convert(self, cells: pa.StringArray) -> list[SqlValue]:
        """Return what SQLite stores for cells."""
        if self._number:
            return self._convert_numbers(cells, *self._number)
        if not self._is_text or len(pc.unique(cells[:_SAMPLE])) < min(_MOST_DIFFERENT, len(cells)):
            return self._convert_repeated(cells)
        texts: list[str] = cells.to_pylist()
        if self._column.missing == {""} and lengths_of(cells).all():
            return [*texts]
        return [None if text in self._column.missing else text for text in texts]

    def _convert_numbers(self, cells: pa.StringArray, pattern: str, kind: pa.DataType) -> list[SqlValue]:
        numbers = parse_numbers(cells, kind)
        if numbers is not None and lengths_of(cells).all():
            found: list[SqlValue] = numbers.tolist()
            return found
        plain = mask_of(pc.match_substring_regex(cells, match_whole(pattern)))
        whole = cells if plain.all() else pc.if_else(flags_of(plain), cells, "0")
        # SQLite itself makes an integer of a whole float, as the columns of numbers are NUMERIC.
        values: list[SqlValue] = np.from_dlpack(pc.cast(whole, kind)).tolist()
        if whole is not cells:
            others = cells.filter(flags_of(~plain)).to_pylist()
            for place, text in zip(np.flatnonzero(~plain).tolist(), others, strict=True):
                values[place] = self.read(text)
        return values

    def _convert_repeated(self, cells: pa.StringArray) -> list[SqlValue]:
        """Convert each different text once, so that equal cells are one object, which is bound faster."""
        encoded = cells.dictionary_encode()
        values = np.empty(len(encoded.dictionary), object)
        values[:] = [self.read(text) for text in encoded.dictionary.to_pylist()]
        found: list[SqlValue] = values[np.from_dlpack(encoded.indices)].tolist()
        return found

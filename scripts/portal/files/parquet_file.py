"""Parquet files: columns with the types of the schema, and the words of every field in its metadata.

Numbers are doubles, not decimals. The check lets no number pass that a double does not give back digit for digit
(`number-not-exact`), every program computes with doubles at once while pandas turns decimals into slow objects, and a
decimal column would pad all cells to the scale of the longest. Compressed with Zstandard, which DuckDB, pandas, R and
Spark read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from portal.data.column import NUMBERS, make_columns
from portal.data.register import Registers, word_unit
from portal.data.table import BATCH_ROWS, read_batches

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from portal.data.column import Column
    from portal.data.package import Field, Package, Resource
    from portal.data.table import Cell

ArrayMaker = Callable[[Sequence[str]], Any]
_TYPES: dict[str, Any] = {
    "string": pa.string(), "yearmonth": pa.string(), "number": pa.float64(), "integer": pa.int64(),
    "year": pa.int32(), "boolean": pa.bool_(), "date": pa.date32(),
}  # fmt: skip
# Rows of one row group: as many as readers like, but no more cells than fit into some ten megabytes.
_GROUP_ROWS = 64 * BATCH_ROWS
_GROUP_CELLS = 1_000_000


def write_parquet(package: Package, resource: Resource, path: Path, registers: Registers) -> None:
    """Write a table of the same columns, rows and order as the package; an empty cell is null.

    Precondition: the resource passed the check, so that every number has an exact double.
    """
    columns = make_columns(resource)
    types = [_choose_type(column, resource, at) for at, column in enumerate(columns)]
    makers = [_make_maker(column, kind) for column, kind in zip(columns, types, strict=True)]
    fields = [
        pa.field(field.name, kind, metadata=_describe_field(field, registers))
        for field, kind in zip(resource.fields, types, strict=True)
    ]
    schema = pa.schema(fields, metadata=_describe_table(package, resource))
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batches in _group(_read_arrow(resource, makers, schema), len(columns)):
            writer.write_table(pa.Table.from_batches(batches, schema))


def _read_arrow(resource: Resource, makers: Sequence[ArrayMaker], schema: Any) -> Iterator[Any]:
    """Yield the rows as record batches: Arrow holds them in a fifth of the room that Python needs."""
    for rows in read_batches(resource):
        arrays = [make(cells) for make, cells in zip(makers, zip(*rows, strict=True), strict=True)]
        yield pa.record_batch(arrays, schema=schema)


def _group(batches: Iterator[Any], width: int) -> Iterator[list[Any]]:
    """Yield the record batches of one row group after the other."""
    size = max(1, min(_GROUP_ROWS, _GROUP_CELLS // width) // BATCH_ROWS)
    while group := list(islice(batches, size)):
        yield group


def _choose_type(column: Column, resource: Resource, at: int) -> Any:
    """Return the Arrow type of a column; times depend on what the file holds, as Arrow keeps one zone for a column."""
    if column.type not in {"datetime", "time"}:
        return _TYPES[column.type]
    cells = (column.read(row[at]) for row in chain.from_iterable(read_batches(resource)))
    offsets = {cell.utcoffset() for cell in cells if isinstance(cell, datetime | time)}
    if offsets <= {None}:
        return pa.timestamp("us") if column.type == "datetime" else pa.time64("us")
    if offsets == {timedelta(0)} and column.type == "datetime":
        return pa.timestamp("us", tz="UTC")
    return pa.string()  # ISO 8601 with the offset as stated


def _make_maker(column: Column, kind: Any) -> ArrayMaker:
    missing, read = column.missing, column.read
    if column.type == "string":
        return lambda cells: pa.array([None if cell in missing else cell for cell in cells], kind)

    def make_slowly(cells: Sequence[str]) -> Any:
        return pa.array([_fit(read(cell), kind) for cell in cells], kind)

    def make(cells: Sequence[str]) -> Any:
        # A cell that the check let pass and Arrow reads at all, both read alike.
        try:
            return pc.cast(pa.array([None if cell in missing else cell for cell in cells], pa.string()), kind)
        except pa.ArrowInvalid:
            return make_slowly(cells)

    return make if column.shared and column.type in {*NUMBERS, "date"} else make_slowly


def _fit(cell: Cell | tuple[int, int], kind: Any) -> object:
    """Return a typed cell as Arrow takes it."""
    if isinstance(cell, Decimal):
        return float(cell)
    if isinstance(cell, tuple):  # a month, as frictionless reads `2025-03`
        return f"{cell[0]:04}-{cell[1]:02}"
    if isinstance(cell, datetime | time) and kind == pa.string():
        return cell.isoformat()
    if isinstance(cell, datetime) and cell.tzinfo:
        return cell.astimezone(UTC)
    return cell


def _describe_field(field: Field, registers: Registers) -> dict[str, str]:
    unit = word_unit(field.unit, registers)
    words = {
        "title": field.title.vi, "title@en": field.title.en, "description": field.description.vi,
        "description@en": field.description.en, "unit": field.unit, "unitTitle": unit.vi, "unitTitle@en": unit.en,
        "codeList": field.code_list, "rdfType": field.rdf_type,
    }  # fmt: skip
    return {key: text for key, text in words.items() if text}


def _describe_table(package: Package, resource: Resource) -> dict[str, str]:
    title = resource.title if resource.title.vi else package.title
    license_ = package.licenses[0]
    words = {
        "name": resource.name, "title": title.vi, "title@en": title.en, "description": package.description.vi,
        "description@en": package.description.en, "version": package.version, "license": license_.name,
        "licensePath": license_.path,
    }  # fmt: skip
    return {key: text for key, text in words.items() if text}

"""Parquet and Excel read back: by DuckDB, which streams, and by calamine, which holds one sheet whole."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb
from python_calamine import CalamineWorkbook

from portal.proofs.reread import BATCH_ROWS, OF_EXCEL, OF_PARQUET, Cells, FormError, batch_rows, convert_columns
from portal.proofs.reread_sheet import read_sheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from portal.data.package import Field

DATA_SHEET = "Số liệu · Data"  # before it may stand one in words
_DUCKDB: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1, "memory_limit": "128MB", "autoinstall_known_extensions": False,
}  # fmt: skip


def read_parquet(path: Path, fields: Sequence[Field]) -> Iterator[Cells]:
    """Yield the names and the rows of a Parquet file, by DuckDB, which reads a group of rows at a time."""
    with _connect().cursor() as connection:
        found: Any = connection.read_parquet(str(path))
        yield tuple(found.columns)
        batches = (list(_list_rows(batch)) for batch in found.to_arrow_reader(BATCH_ROWS))
        yield from convert_columns(batches, fields, OF_PARQUET)


@cache
def _connect() -> duckdb.DuckDBPyConnection:
    """Return the one engine of this process; to start one takes longer than to read a small file."""
    return duckdb.connect(config=_DUCKDB)


def _list_rows(batch: Any) -> Iterator[Cells]:
    return zip(*(column.to_pylist() for column in batch.columns), strict=True)


def read_excel(path: Path, fields: Sequence[Field]) -> Iterator[Cells]:
    """Yield the names and the rows of a workbook's sheet of data, by calamine; its header is in both languages."""
    with CalamineWorkbook.from_path(path) as book:
        sheet = book.get_sheet_by_index(_find_data(book))
    yield from _name_rows(map(tuple, sheet.iter_rows()), fields)


def read_large_excel(path: Path, fields: Sequence[Field]) -> Iterator[Cells]:
    """Yield what `read_excel` does, row by row from the file, by Python's XML parser."""
    with CalamineWorkbook.from_path(path) as book:  # reads the names of its sheets only
        number = _find_data(book) + 1
    yield from _name_rows(read_sheet(path, fields, f"xl/worksheets/sheet{number}.xml"), fields)


def _find_data(book: CalamineWorkbook) -> int:
    """Return which sheet has the table, from 0. Raises FormError."""
    if DATA_SHEET not in book.sheet_names:
        raise FormError(f"there is no sheet “{DATA_SHEET}”")
    return book.sheet_names.index(DATA_SHEET)


def _name_rows(rows: Iterator[Cells], fields: Sequence[Field]) -> Iterator[Cells]:
    titles = ["\n".join(dict.fromkeys(filter(None, (one.title.vi, one.title.en)))) for one in fields]
    if (found := list(next(rows, ()))) != titles:
        raise FormError(f"the header reads {found}")
    yield tuple(one.name for one in fields)
    cells = (tuple(None if cell == "" else cell for cell in row) for row in rows)
    yield from convert_columns(batch_rows(cells), fields, OF_EXCEL)

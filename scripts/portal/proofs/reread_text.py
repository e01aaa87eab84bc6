"""CSV read back: plain, for Excel, SDMX-CSV and zipped, as exact text, by Apache Arrow and zipfile."""

from __future__ import annotations

import json
import zipfile
from itertools import islice
from typing import IO, TYPE_CHECKING

import pyarrow as pa
from pyarrow import csv as arrow_csv

from portal.data.descriptor import DESCRIPTOR
from portal.proofs.reread import BATCH_ROWS, NUMERIC, Cells, FormError, batch_rows, convert_columns, reread_comma

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from portal.data.package import Field

BOM = b"\xef\xbb\xbf"
# How much Arrow gets at a time. Its own way through a file reads 32 blocks ahead, for every form that is open.
_PIECE_BYTES = 1 << 19
_CHUNK_BYTES = 1 << 20
_QUOTE = b'"'


def read_csv(path: Path, width: int) -> Iterator[Cells]:
    """Yield the header and the rows of a CSV file of `width` columns as exact text, by Apache Arrow."""
    with path.open("rb") as file:
        if file.read(len(BOM)) == BOM:
            raise FormError("a byte order mark")
        file.seek(0)
        yield from _read_csv_stream(file, width)


def read_excel_csv(path: Path, fields: Sequence[Field]) -> Iterator[Cells]:
    """Yield names and rows of CSV for Excel in Vietnamese settings: a mark, semicolons, decimal commas.

    Cells of columns of numbers come as numbers where they are written so, all others as exact text.
    """
    with path.open("rb") as file:
        if file.read(len(BOM)) != BOM:
            raise FormError("no byte order mark")
        rows = _read_csv_stream(file, len(fields), ";")
        yield next(rows)
        yield from convert_columns(batch_rows(rows), fields, dict.fromkeys(NUMERIC, reread_comma))


def read_source(path: Path, width: int) -> Iterator[Cells]:
    """Yield the header and the rows of a package's own file as exact text, by Apache Arrow; a mark may lead it."""
    with path.open("rb") as file:
        if file.read(len(BOM)) != BOM:
            file.seek(0)
        yield from _read_csv_stream(file, width)


def _read_csv_stream(file: IO[bytes], width: int, separator: str = ",") -> Iterator[Cells]:
    parse = arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=True, ignore_empty_lines=False)
    convert = arrow_csv.ConvertOptions(column_types={f"f{place}": pa.string() for place in range(width)})
    for piece in _cut_rows(file):
        if piece.startswith(BOM):  # Arrow would pass over it
            raise FormError("a byte order mark")
        options = arrow_csv.ReadOptions(use_threads=False, block_size=len(piece) + 1, autogenerate_column_names=True)
        table = arrow_csv.read_csv(pa.BufferReader(piece), options, parse, convert)
        for start in range(0, table.num_rows, BATCH_ROWS):
            yield from zip(*(column.to_pylist() for column in table.slice(start, BATCH_ROWS).columns), strict=True)


def _cut_rows(file: IO[bytes]) -> Iterator[bytes]:
    """Yield a CSV file in pieces of whole rows, each with its line end."""
    begun: list[bytes] = []
    quotes = 0
    while more := file.read(_PIECE_BYTES):
        if end := _find_row_end(more, quotes):
            yield b"".join([*begun, more[:end]])
            begun, quotes = [more[end:]], more.count(_QUOTE, end)
        else:
            begun.append(more)
            quotes += more.count(_QUOTE)
    if any(begun):
        yield b"".join([*begun, b"\n"])  # Arrow reads no first row without a line end


def _find_row_end(piece: bytes, quotes: int) -> int:
    """Return where the last row that ends in a piece ends: behind a line end with an even number of quotes before it.

    `quotes` stand before the piece in the row that it goes on with; 0 is returned where no row ends.
    """
    quotes += piece.count(_QUOTE)
    end = len(piece)
    while (before := piece.rfind(b"\n", 0, end) + 1) and (quotes := quotes - piece.count(_QUOTE, before, end)) % 2:
        end = before - 1
    return before


# What SDMX calls columns of ours otherwise; a dimension whose name SDMX needs itself stands behind `DIM_`.
_SDMX = {
    "period": "PERIOD", "area": "REF_AREA", "transform": "TRANSFORMATION", "value": "OBS_VALUE", "unit": "UNIT_MEASURE",
}  # fmt: skip


def read_sdmx(path: Path, names: Sequence[str]) -> Iterator[Cells]:
    """Yield header and rows of an SDMX-CSV file under the names and in the order of the package, as exact text."""
    with path.open("rb") as file:
        header = file.readline().decode().rstrip("\r\n").split(",")
    places = [_find_sdmx_column(name, header) for name in names]
    yield tuple(names)
    yield from (tuple(row[place] for place in places) for row in islice(read_csv(path, len(header)), 1, None))


def _find_sdmx_column(name: str, header: Sequence[str]) -> int:
    for known in (_SDMX.get(name), f"DIM_{name.upper()}", name.upper()):
        if known in header:
            return header.index(known)
    raise FormError(f"no column for {name}")


def read_zipped_csv(path: Path, member: str, width: int) -> Iterator[Cells]:
    """Yield header and rows of a CSV file in a zip archive as exact text; its checksum is checked at its end."""
    with zipfile.ZipFile(path) as archive:
        if member not in archive.namelist():
            raise FormError(f"no member {member}")
        with archive.open(member) as file:
            yield from _read_csv_stream(file, width)


def find_strange_members(path: Path) -> list[str]:
    """Return the members of an archive that are not byte for byte the file to which their names lead from there.

    The descriptor in the archive of a package names no distributions, being a part of one; all else in it is the same.
    """
    with zipfile.ZipFile(path) as archive:
        return [name for name in archive.namelist() if not _is_beside(archive, name, path.parent / name)]


def _is_beside(archive: zipfile.ZipFile, name: str, file: Path) -> bool:
    if not file.is_file():
        return False
    if name == DESCRIPTOR:
        published = json.loads(file.read_bytes())
        del published["portal"]["distributions"]
        return bool(json.loads(archive.read(name)) == published)
    if archive.getinfo(name).file_size != file.stat().st_size:
        return False
    with archive.open(name) as packed, file.open("rb") as plain:
        return all(plain.read(len(chunk)) == chunk for chunk in iter(lambda: packed.read(_CHUNK_BYTES), b""))

"""Blocks: a CSV file as columns of text, some megabytes at a time, as long as there is one way to read it.

Readers of CSV agree on plain files and differ on doubtful ones. Here a doubt is an error: blank lines, a quote within
a cell, a lone carriage return, rows of unequal length, bytes that are not UTF-8, control characters, text that is not
NFC. What is left is read the same way by Arrow, by Python's `csv` and so by frictionless.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from portal.data.encoding import is_nfc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

BLOCK_BYTES = 4_000_000
# A row may be cut by the end of a block and goes into the next one; a longer row is a doubt.
_MAX_CARRIED = 16_000_000
_QUOTE, _COMMA, _LF, _CR = b'",\n\r'
# U+1E00 to U+1EFF as UTF-8: this byte, then one of the four that begin with these six bits, then any further byte.
_FIRST_OF_VIETNAMESE, _SECOND_OF_VIETNAMESE = 0xE1, 0xB8
# ASCII but for the control characters that `source_file` refuses.
_PLAIN_BYTES = bytes(byte for byte in range(0x7F) if byte >= 0x20 or byte in b"\t\n\r")
_FURTHER_BYTES = bytes(range(0x80, 0x100))
# What the rest of most blocks consists of: the bytes of U+0080 to U+02FF and of U+1000 to U+1FFF.
_USUAL_BYTES = bytes({*range(0x80, 0xC0), *range(0xC2, 0xCC), 0xE1})
# The other characters that it refuses, as UTF-8: U+0080 to U+009F, and U+FEFF, U+FFFE and U+FFFF.
_STRANGE_CONTROL = re.compile(rb"\xc2[\x80-\x9f]")
_STRANGE_MARK = re.compile(rb"\xef(?:\xbb\xbf|\xbf[\xbe\xbf])")


# Which bytes may stand before and behind a cell in quotes.
_BEFORE, _BEHIND = (np.isin(np.arange(256), kinds) for kinds in ((_COMMA, _LF), (_COMMA, _LF, _CR)))


class DoubtError(ValueError):
    """Something that is perhaps right, but not certainly."""


def read_blocks(file: Path, names: Sequence[str]) -> Iterator[bytes]:
    """Yield the rows behind the header as blocks of whole rows; raise DoubtError unless the header is `names`."""
    with file.open("rb") as stream:
        _check_header(stream.readline(_MAX_CARRIED).removeprefix(codecs.BOM_UTF8), names)
        carried = b""
        while data := stream.read(BLOCK_BYTES):
            carried += data
            if end := _find_last_row_end(carried):
                yield carried[:end]
                carried = carried[end:]
            elif len(carried) > _MAX_CARRIED:
                raise DoubtError("a row without end")
    if carried:
        yield carried


def _check_header(header: bytes, names: Sequence[str]) -> None:
    _check_structure(header)
    labels = next(csv.reader(io.StringIO(header.decode(), newline=""), strict=True), [])
    if labels != list(names):
        raise DoubtError("the header is not that of the schema")


def _find_last_row_end(data: bytes) -> int:
    """Return where the last whole row ends: behind the last line end that no quotes enclose; 0 where there is none."""
    end = data.rfind(b"\n")
    quotes = data.count(b'"', 0, max(end, 0))
    while quotes % 2:
        start = max(data.rfind(b"\n", 0, end), 0)
        quotes -= data.count(b'"', start, end)
        end = start
    return end + 1 if end > 0 else 0


def parse_block(block: bytes, names: Sequence[str]) -> list[pa.StringArray]:
    """Return the columns of a block of whole rows as text, empty cells as `""`; raise DoubtError at any doubt."""
    _check_characters(block)
    _check_structure(block)
    text = pa.string()
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(block),
            read_options=arrow_csv.ReadOptions(use_threads=False, column_names=list(names), block_size=len(block) + 1),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, text), strings_can_be_null=False, check_utf8=not block.isascii()
            ),
        )
    except pa.ArrowException as error:
        raise DoubtError(str(error)) from error
    columns = [pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], text) for column in table.columns]
    _check_rows(columns)
    return columns


def _check_rows(columns: Sequence[pa.StringArray]) -> None:
    """Raise DoubtError where all cells of a row are empty: to Arrow a blank line looks the same."""
    empty = np.flatnonzero(lengths_of(columns[0]) == 0)
    for column in columns[1:]:
        if not len(empty):
            return
        empty = empty[lengths_of(column)[empty] == 0]
    if len(empty):
        raise DoubtError("a row of empty cells, or a blank line")


def offsets_of(cells: pa.StringArray) -> np.ndarray:
    """Return where every cell starts among the bytes of all, and last where they end."""
    if not len(cells):
        return np.zeros(1, np.int32)
    return np.frombuffer(cells.buffers()[1], np.int32)[cells.offset : cells.offset + len(cells) + 1]


def lengths_of(cells: pa.StringArray) -> np.ndarray:
    """Return the length of every cell in bytes of UTF-8."""
    return np.diff(offsets_of(cells))


def bytes_of(cells: pa.StringArray) -> np.ndarray:
    """Return the bytes of all cells, one behind the other; `offsets_of` counts from the first of them."""
    buffer = cells.buffers()[2]
    return np.empty(0, np.uint8) if buffer is None else np.frombuffer(buffer, np.uint8)


# Arrow's own ways from its arrays to those of numpy and back import pandas, which takes a quarter of a second.


def mask_of(flags: pa.BooleanArray) -> np.ndarray:
    """Return flags without nulls as numpy has them."""
    bits = np.unpackbits(np.frombuffer(flags.buffers()[1], np.uint8), bitorder="little")
    return bits[flags.offset : flags.offset + len(flags)].view(np.bool_)


def flags_of(mask: np.ndarray) -> pa.BooleanArray:
    """Return a mask of numpy as flags of Arrow."""
    bits = pa.py_buffer(np.packbits(mask, bitorder="little").tobytes())
    return pa.BooleanArray.from_buffers(pa.bool_(), len(mask), [None, bits])


def _check_characters(block: bytes) -> None:
    """Raise DoubtError unless all characters are certainly plain text; that they are UTF-8 is for Arrow to say."""
    # Characters beyond ASCII keep their bytes side by side in what is left, which is a fraction of the block.
    rest = block.translate(None, _PLAIN_BYTES)
    if not rest:
        return
    if _STRANGE_CONTROL.search(rest):
        raise DoubtError("a strange character")
    if not rest.translate(None, _USUAL_BYTES) and _is_vietnamese(rest):
        return
    if rest.translate(None, _FURTHER_BYTES):
        raise DoubtError("a control character")
    if _STRANGE_MARK.search(rest):
        raise DoubtError("a strange character")
    # A part of a text that is NFC is NFC, so this holds for every cell.
    if not is_nfc(block.decode()):
        raise DoubtError("not NFC")


def _is_vietnamese(rest: bytes) -> bool:
    """Tell whether the characters from U+1000 are all of U+1E00 to U+1EFF, which like U+0080 to U+02FF are NFC."""
    codes = np.frombuffer(rest, np.uint8)
    first = np.flatnonzero(codes == _FIRST_OF_VIETNAMESE)
    # If the last byte of all is a first one, Arrow finds a character that is cut off.
    second = codes[np.minimum(first + 1, len(codes) - 1)]
    return bool(np.all((second & 0xFC) == _SECOND_OF_VIETNAMESE))


def _check_structure(block: bytes) -> None:
    """Raise DoubtError unless lines end in LF or CR LF, and quotes enclose whole cells and are doubled within."""
    if b"\r" in block and block.count(b"\r") != block.count(b"\r\n"):
        raise DoubtError("a carriage return alone")
    if b'"' not in block:
        return
    codes = np.frombuffer(block, np.uint8)
    quotes = np.flatnonzero(codes == _QUOTE)
    if len(quotes) % 2:
        raise DoubtError("quotes do not close")
    opening, closing = quotes[::2], quotes[1::2]
    before = np.where(opening > 0, codes[opening - 1], _LF)
    behind = np.where(closing + 1 < len(codes), codes[np.minimum(closing + 1, len(codes) - 1)], _LF)
    doubled = np.zeros(len(opening) + 1, np.bool_)  # whether the quote that opens part n doubles the one before it
    doubled[1:-1] = opening[1:] == closing[:-1] + 1
    starts = doubled[:-1] | _BEFORE[before]
    ends = doubled[1:] | _BEHIND[behind]
    if not (starts.all() and ends.all()):
        raise DoubtError("a quote within a cell")

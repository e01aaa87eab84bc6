"""Precompression: a `.gz` beside every file of the site that gains from it, made once instead of at every request."""

from __future__ import annotations

import gzip
import shutil
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Self

from portal.data.tree import list_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

GZIP_SUFFIX = ".gz"
# What is text. Archives, Parquet, fonts and photographs are compressed already.
COMPRESSIBLE = frozenset({
    ".css", ".csv", ".geojson", ".html", ".js", ".json", ".jsonld", ".map", ".md", ".mjs", ".svg", ".ttl", ".txt",
    ".webmanifest", ".xml",
})  # fmt: skip
# Smaller files fit into one packet as they are.
LEAST_BYTES = 1024
# Of a large table 7 takes the time of 6 and a quarter of that of 8, and is three per cent smaller than 6.
_LEVEL = 7
_CHUNK = 1 << 20
# Deflate without a header of its own; and what gzip writes before it: no name, no time, no system (RFC 1952).
_RAW, _HEADER = -15, b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
# And behind it: a checksum and a size.
_TRAILER = 8
_PART_SUFFIX = ".deflate"


def compress_files(folder: Path, names: Iterable[str] | None = None, threads: int | None = None) -> None:
    """Write `<file>.gz` beside every compressible file under `folder`, but where it is there and no older already.

    Of all files, or of those with the `names`. The same bytes give the same bytes.
    """
    names = list_tree(folder) if names is None else names
    files = [folder / name for name in names if PurePosixPath(name).suffix in COMPRESSIBLE]
    with ThreadPoolExecutor(threads) as pool:  # zlib leaves Python's lock alone
        list(pool.map(_compress, filter(_is_worth_it, files)))


def _is_worth_it(path: Path) -> bool:
    status = path.stat()
    if status.st_size < LEAST_BYTES:
        return False
    try:
        return path.with_name(path.name + GZIP_SUFFIX).stat().st_mtime_ns < status.st_mtime_ns
    except FileNotFoundError:
        return True


def _compress(path: Path) -> None:
    target = path.with_name(path.name + GZIP_SUFFIX)
    target.unlink(missing_ok=True)  # it may be kept under another name
    # Neither the clock nor the file's own name goes into the header.
    with path.open("rb") as source, target.open("wb") as raw, gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as packed:
        shutil.copyfileobj(source, packed, _CHUNK)


def read_deflated(twin: Path) -> tuple[bytes, int, int]:
    """Return what a compressed twin holds: the deflated bytes, and the CRC-32 and the size of the file.

    Raises ValueError where it is none that was written here.
    """
    content = twin.read_bytes()
    if content[:4] != _HEADER[:4]:  # with a name or a comment, more would stand before the data
        raise ValueError(twin)
    checksum, size = struct.unpack("<2L", content[-_TRAILER:])
    return content[len(_HEADER) : -_TRAILER], checksum, size


def compress_part(path: Path) -> None:
    """Write beside a file what a `TwinWriter` puts of it into a compressed twin."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW)
    with path.with_name(path.name + _PART_SUFFIX).open("wb") as packed:
        for chunk in _read_chunks(path):
            packed.write(packer.compress(chunk))
        packed.write(packer.flush(zlib.Z_FULL_FLUSH))


def _read_chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


class TwinWriter:
    """Writes a file and its compressed twin at once; parts that were compressed before are put in as they are.

    Compressed data that end in a full flush end with a byte and look back at nothing: such pieces may follow each
    other in one stream (RFC 1951, zlib's manual). The same pieces give the same bytes.
    """

    def __init__(self, path: Path) -> None:
        self._plain = path.open("wb")
        self._packed = path.with_name(path.name + GZIP_SUFFIX).open("wb")
        self._packed.write(_HEADER)
        self._packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW)
        self._checksum = self._size = 0

    def __enter__(self) -> Self:
        return self

    def write(self, text: str) -> None:
        """Write a text."""
        content = text.encode()
        self._put(content)
        self._packed.write(self._packer.compress(content))

    def add(self, part: Path) -> None:
        """Write what is in a file for which `compress_part` was called."""
        for chunk in _read_chunks(part):
            self._put(chunk)
        self._packed.write(self._packer.flush(zlib.Z_FULL_FLUSH))
        for chunk in _read_chunks(part.with_name(part.name + _PART_SUFFIX)):
            self._packed.write(chunk)

    def _put(self, content: bytes) -> None:
        self._plain.write(content)
        self._checksum = zlib.crc32(content, self._checksum)
        self._size += len(content)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._packed, self._plain:
            if error is None:
                self._packed.write(self._packer.flush(zlib.Z_FINISH))
                self._packed.write(struct.pack("<2L", self._checksum, self._size & 0xFFFFFFFF))

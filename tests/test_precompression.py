"""Compressed twins that are written from parts: any decompressor reads them, and they say what the file says."""

from __future__ import annotations

import gzip
import subprocess
import tempfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.files.precompression import TwinWriter, compress_files, compress_part

PIECES = st.lists(st.tuples(st.booleans(), st.text(max_size=300)), max_size=6)


def write(folder: Path, pieces: list[tuple[bool, str]]) -> Path:
    """Write texts one after the other, some of them as parts; return the file."""
    with TwinWriter(folder / "x.ttl") as file:
        for number, (is_part, text) in enumerate(pieces):
            if is_part:
                part = folder / f"{number}.part"
                part.write_bytes(text.encode())
                compress_part(part)
                file.add(part)
            else:
                file.write(text)
    return folder / "x.ttl"


@given(PIECES)
def test_both_say_the_same(pieces: list[tuple[bool, str]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = write(Path(name), pieces)
        content = "".join(text for _, text in pieces).encode()
        packed = path.with_name("x.ttl.gz").read_bytes()
        assert path.read_bytes() == content == gzip.decompress(packed)
        # Browsers read one member and no more.
        reader = zlib.decompressobj(31)
        assert reader.decompress(packed) == content
        assert reader.eof
        assert reader.unused_data == b""
        again = Path(name, "again")
        again.mkdir()
        assert write(again, pieces).with_name("x.ttl.gz").read_bytes() == packed


def test_gzip_finds_no_fault(tmp_path: Path) -> None:
    path = write(tmp_path, [(False, "đầu\n"), (True, "giữa\n" * 20_000), (True, "giữa\n" * 20_000), (False, "cuối\n")])
    packed = path.with_name("x.ttl.gz")
    subprocess.run(["gzip", "--test", packed], check=True)
    assert packed.stat().st_size < path.stat().st_size / 100
    before = packed.read_bytes()
    compress_files(tmp_path)  # it has its twin
    assert packed.read_bytes() == before


def test_what_is_left_in_the_middle_is_no_whole_twin(tmp_path: Path) -> None:
    file = TwinWriter(tmp_path / "x.ttl")
    file.write("a" * 5000)
    error = OSError("disk")
    file.__exit__(OSError, error, None)
    with pytest.raises(EOFError):
        gzip.decompress((tmp_path / "x.ttl.gz").read_bytes())

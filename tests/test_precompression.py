"""Compressed twins that are written from parts: any decompressor reads them, and they say what the file says."""

from __future__ import annotations

import gzip
import struct
import subprocess
import tempfile
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.files.archive import write_archive
from portal.files.precompression import TwinWriter, compress_files, compress_part, read_deflated

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


@given(st.lists(st.binary(max_size=3_000), max_size=5))
def test_an_archive_takes_what_is_compressed_as_it_is(contents: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = [(f"gói {number}/cá.csv", folder / f"{number}.csv") for number in range(len(contents))]
        for (_, file), content in zip(files, contents, strict=True):
            file.write_bytes(content)
        compress_files(folder)
        write_archive(folder / "all.zip", files, from_twins=True)
        with zipfile.ZipFile(folder / "all.zip") as archive:
            assert archive.testzip() is None
            assert [archive.read(one) for one in archive.infolist()] == contents
            for (_, file), one in zip(files, archive.infolist(), strict=True):
                assert (one.filename, one.file_size) == (f"gói {file.stem}/cá.csv", file.stat().st_size)
                if (twin := Path(f"{file}.gz")).exists():
                    assert one.compress_size == twin.stat().st_size - 18  # of gzip's own


def test_what_stands_before_a_member_says_the_same_as_the_list_of_all(tmp_path: Path) -> None:
    (tmp_path / "cá.csv").write_text("cá,tôm\n" * 10_000, "utf-8")
    compress_files(tmp_path)
    write_archive(tmp_path / "all.zip", [("gói/cá.csv", tmp_path / "cá.csv")], from_twins=True)
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        (member,) = archive.infolist()
    # Who reads a zip as it comes sees only this: https://pkware.cachefly.net/webdocs/APPNOTE/APPNOTE-6.3.10.TXT, 4.3.7.
    content = (tmp_path / "all.zip").read_bytes()[member.header_offset :]
    mark, _, _, method, _, _, checksum, packed, size, length, more = struct.unpack_from("<4s5H3L2H", content)
    assert (mark, method, checksum, packed, size) == (
        b"PK\x03\x04", zipfile.ZIP_DEFLATED, member.CRC, member.compress_size, member.file_size,
    )  # fmt: skip
    deflated = content[30 + length + more :][:packed]
    assert zlib.decompress(deflated, -15) == (tmp_path / "cá.csv").read_bytes()


def test_what_was_not_compressed_here_is_refused(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "named.csv.gz", "wb") as file:  # which notes the name of the file
        file.write(b"x")
    with pytest.raises(ValueError, match=r"named\.csv\.gz"):
        read_deflated(tmp_path / "named.csv.gz")

"""Encodings: UTF-8 is read, anything else is named."""

from __future__ import annotations

import codecs
import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from portal.data.encoding import decode_text, guess_encoding, is_nfc
from portal.data.finding import Finding, Place

PLACE = Place("offices", "offices/data.csv")
TONES = "\u0300\u0301\u0303\u0309\u0323"
LETTERS = st.sampled_from("aăâbcdđeêghiklmnoôơpqrstuưvxyĂÂĐÊÔƠƯ ,.0123456789\n")
SENTENCES = st.lists(st.builds(str.__add__, LETTERS, st.sampled_from(["", *TONES])), min_size=1, max_size=40).map(
    "".join
)


def encode_1258(text: str) -> bytes:
    """Return text in Windows-1258, which writes a tone as a character behind its letter."""
    pieces: list[str] = []
    for char in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", char)
        pieces += unicodedata.normalize("NFC", "".join(part for part in parts if part not in TONES))
        pieces += (part for part in parts if part in TONES)
    return "".join(pieces).encode("cp1258")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", ""),
        ("Phú Quốc".encode(), "Phú Quốc"),
        (codecs.BOM_UTF8 + "Phú Quốc\r\n".encode(), "Phú Quốc\r\n"),
        (unicodedata.normalize("NFD", "Phú Quốc").encode(), unicodedata.normalize("NFD", "Phú Quốc")),
        (b"a\0b and much more text", "a\0b and much more text"),
    ],
)
def test_utf8_is_read_as_it_is(raw: bytes, text: str) -> None:
    assert decode_text(raw, PLACE) == text


@pytest.mark.parametrize(
    ("raw", "line", "byte", "likely"),
    [
        (encode_1258("mã,tên\nPQ,Phú Quốc\n"), 1, 3, "Windows-1258"),
        (b"code,name\n" + encode_1258("KG,Kiên Giang\n"), 2, 16, "Windows-1258"),
        ("mã,tên\n".encode("utf-16"), 1, 1, "UTF-16"),
        ("mã,tên\n".encode("utf-16-be") + "Đ".encode("utf-16-be"), 1, 4, "UTF-16"),
        ("code,name\n".encode("utf-16-le"), 1, 2, "UTF-16"),
        ("mã,tên\n".encode("utf-32"), 1, 1, "UTF-32"),
        (b"abc\nd\n\xc3", 3, 7, None),
    ],
)
def test_another_encoding_is_a_finding(raw: bytes, line: int, byte: int, likely: str | None) -> None:
    finding = decode_text(raw, PLACE)
    assert isinstance(finding, Finding)
    named = likely or guess_encoding(raw)
    assert (finding.code, finding.place) == ("encoding", f"offices/data.csv:{line}")
    assert finding.message == f"Tệp không phải UTF-8 (byte thứ {byte}); có vẻ là {named}."
    assert finding.message_en == f"The file is not UTF-8 (byte {byte}); it looks like {named}."


def test_western_text_is_not_taken_for_vietnamese() -> None:
    assert guess_encoding("fenêtre « ouverte »".encode("cp1252")) != "Windows-1258"


@given(st.binary())
@example("Kiên Giang".encode("utf-16-le"))
@example(b"\xff")
def test_bytes_are_either_read_without_loss_or_named(raw: bytes) -> None:
    result = decode_text(raw, PLACE)
    if isinstance(result, str):
        assert result.encode() == raw.removeprefix(codecs.BOM_UTF8)
    else:
        assert result.code == "encoding"
    assert guess_encoding(raw)


@given(SENTENCES)
def test_vietnamese_in_windows_1258_is_recognised(text: str) -> None:
    raw = encode_1258(text)
    try:
        raw.decode()
    except UnicodeDecodeError:
        decoded = raw.decode("cp1258")
        # A tone that stands behind no vowel, or alone, is nothing that a Vietnamese text has.
        assume(any(char in "ăâđêôơưĂÂĐÊÔƠƯ" for char in decoded))
        assert guess_encoding(raw) == "Windows-1258"


@given(st.text(min_size=1), st.sampled_from(["utf-16", "utf-32"]))
def test_a_byte_order_mark_is_believed(text: str, encoding: str) -> None:
    assume(text[0] != "\0")  # the mark of UTF-16 before two null bytes is the mark of UTF-32
    assert guess_encoding(text.encode(encoding)) == encoding.upper()


@given(SENTENCES.filter(lambda text: sum(char in " ,.0123456789\n" or char.isascii() for char in text) * 2 > len(text)))
def test_utf16_without_a_mark_is_recognised(text: str) -> None:
    assert guess_encoding(text.encode("utf-16-le")) == "UTF-16"
    assert guess_encoding(text.encode("utf-16-be")) == "UTF-16"


def test_composed_and_decomposed_forms_are_told_apart() -> None:
    assert is_nfc("Phú Quốc 123")
    assert not is_nfc(unicodedata.normalize("NFD", "Phú Quốc"))

"""Bytes to text: UTF-8 only, and a finding that names the likely encoding of anything else."""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import TYPE_CHECKING

from charset_normalizer import from_bytes

from portal.data.finding import Finding, make_finding

if TYPE_CHECKING:
    from portal.data.finding import Place

_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_SAMPLE = 100_000
# Letters of Vietnamese, which in Windows-1258 stand as a base letter and a combining tone mark.
_VIETNAMESE = re.compile(r"[ăâđêôơư]|[aăâeêioôơuưy][\u0300\u0301\u0303\u0309\u0323]", re.IGNORECASE)
_WESTERN_JUNK = re.compile(r"[\u0080-\u009f¡-¿÷×þÞðÐ]")


def decode_text(raw: bytes, place: Place) -> str | Finding:
    """Return the text of UTF-8 `raw` without its byte order mark, or a finding where it is not UTF-8."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = place.at(raw.count(b"\n", 0, error.start) + 1)
        return make_finding("encoding", where, likely=guess_encoding(raw), byte=error.start + 1)
    if "\0" in text and guess_encoding(raw) == "UTF-16":  # plain letters in UTF-16 are valid UTF-8 between nulls
        return make_finding("encoding", place.at(1), likely="UTF-16", byte=raw.index(0) + 1)
    return text


def guess_encoding(raw: bytes) -> str:
    """Name the likely encoding of bytes that are not UTF-8; Vietnamese ones are tried first."""
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return name
    sample = raw[:_SAMPLE]
    if sample.count(0) > len(sample) // 4:
        return "UTF-16"
    try:
        text = sample.decode("cp1258")
    except UnicodeDecodeError:
        text = ""
    if _VIETNAMESE.search(text) and not _WESTERN_JUNK.search(text):
        return "Windows-1258"
    best = from_bytes(sample).best()
    return best.encoding if best else "?"


def is_nfc(text: str) -> bool:
    """Tell whether every accented letter is one code point, as keyboards and search boxes give it."""
    return unicodedata.is_normalized("NFC", text)

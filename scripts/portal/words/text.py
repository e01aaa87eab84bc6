"""Vietnamese text: folding for search, sort keys, bilingual strings."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")

_STROKE = str.maketrans({"đ": "d", "Đ": "D"})
# The Vietnamese alphabet, letters that English has not standing after their base letter (TCVN 5712 order).
_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_LETTER_RANK = {letter: rank for rank, letter in enumerate(_ALPHABET)}
# Tone marks in dictionary order: level, huyền, hỏi, ngã, sắc, nặng.
_TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}


@dataclass(frozen=True, slots=True)
class Text:
    """One text in Vietnamese and, where it was written, in English."""

    vi: str
    en: str = ""

    def get(self, language: Language) -> str:
        """Return the text in `language`, falling back to Vietnamese (Data Package language recipe)."""
        return self.en if language == "en" and self.en else self.vi

    @property
    def languages(self) -> tuple[Language, ...]:
        """Return the languages in which the text was written."""
        return tuple(one for one in LANGUAGES if (self.vi if one == "vi" else self.en))

    def language(self, language: Language) -> Language:
        """Return the language that `get` really answers in, for a `lang` attribute."""
        return "en" if language == "en" and self.en else "vi"


def fold(text: str) -> str:
    """Return `text` in lower case without any diacritic; the same for NFC and NFD input.

    ``fold("Đường Phú Quốc") == "duong phu quoc"``. The letter đ has no Unicode decomposition, so it is
    mapped by hand; SQLite's `unicode61 remove_diacritics 2` leaves it as it is.
    """
    if text.isascii():  # all figures, and much else
        return text.lower()
    decomposed = unicodedata.normalize("NFD", text).translate(_STROKE)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).lower()


def capitalise(text: str) -> str:
    """Return `text` with a capital at its beginning and everything else as it stands."""
    return text[:1].upper() + text[1:]


def lower_first(text: str) -> str:
    """Return `text` as it stands in the middle of a sentence; an abbreviation such as GRDP keeps its capitals."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def sort_key(text: str) -> tuple[tuple[int, ...], tuple[int, ...], str]:
    """Return a key that sorts Vietnamese words as a Vietnamese dictionary does.

    First by letters (a < ă < â < b …, đ after d), then by tones, then by code point so that order is total.
    Spaces and punctuation come before letters, digits between them.
    """
    letters: list[int] = []
    tones: list[int] = []
    for char in unicodedata.normalize("NFC", text).lower():
        letter, tone = _split_tone(char)
        letters.append(_letter_rank(letter))
        tones.append(tone)
    return tuple(letters), tuple(tones), text


def _split_tone(char: str) -> tuple[str, int]:
    parts = unicodedata.normalize("NFD", char)
    tone = next((_TONES[part] for part in parts if part in _TONES), 0)
    return unicodedata.normalize("NFC", "".join(part for part in parts if part not in _TONES)), tone


def _letter_rank(letter: str) -> int:
    if letter in _LETTER_RANK:
        return 1000 + _LETTER_RANK[letter]
    if letter.isdigit():
        return 500 + unicodedata.digit(letter, 0)
    return 2000 + ord(letter[0]) if letter and letter.isalpha() else (ord(letter[0]) % 500 if letter else 0)


def summarise(text: str, limit: int = 160) -> str:
    """Return the first paragraph, cut at a word where it is longer than `limit` characters."""
    first = text.split("\n\n", maxsplit=1)[0].strip()
    if len(first) <= limit:
        return first
    return first[: limit - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"

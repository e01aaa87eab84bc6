"""Wording: the words of pages and commands in both languages, kept in `wording.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portal.words.text import Language

_WORDS = Path(__file__).with_name("wording.toml")


@cache
def _read_words() -> dict[str, dict[str, str]]:
    with _WORDS.open("rb") as file:
        return tomllib.load(file)


def say(key: str, language: Language, **details: object) -> str:
    """Return the words for `key`, its blanks filled; raise KeyError for an unknown key, a fault of ours."""
    entry = _read_words()[key]
    single = language == "en" and str(details.get("count")) == "1"
    words = entry.get("en_one", entry["en"]) if single else entry[language]
    return words.format(**details) if details else words

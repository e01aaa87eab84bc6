"""Search terms: what of a text or a query is searched for. One folding for the site, the API and synonyms."""

from __future__ import annotations

import re
import unicodedata

from portal.words.text import fold

# What joins a word to its accents; it is in no term.
ACCENTS = "~"
_WORD = re.compile(r"[0-9]+[a-z]+|[0-9]+(?:[.,][0-9]+)*|[a-z]+[0-9]*")
_GROUPED = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{3})+\Z")
_POSSESSIVE = re.compile(r"['’]s(?![a-z0-9])")
# English plurals meet their singulars; no Vietnamese syllable ends in s, and y is i wherever it ends a long word.
_ENDINGS = (
    (re.compile(r"(?<=[a-z]{2})ies\Z"), "i"),
    (re.compile(r"(?<=[a-z]{4})y\Z"), "i"),
    (re.compile(r"(?<=[a-z]{2}[a-hj-rtv-z])s\Z"), ""),
)


def search_terms(text: str) -> list[str]:
    """Return the terms of a text or a query, in order.

    Words are folded and lose an English plural; numbers lose their grouping, and their decimal comma becomes a
    point: `2.389` is `2389`, `48,37%` is `48.37`. The same function, in `search.js`, folds what visitors type;
    both are tested together.
    """
    return [term for term, _ in _spell(text)]


def list_accented(text: str) -> list[str]:
    """Return the terms that stand with accents in a text, each with these: `lúa` is `lua~-00fa-`.

    Behind the mark is `-` for a letter without accent and the code point of one with it, as names of files are ASCII.
    """
    return [
        f"{term}{ACCENTS}{''.join('-' if char.isascii() else f'{ord(char):04x}' for char in written)}"
        for term, written in _spell(text)
        if not written.isascii()
    ]


def _spell(text: str) -> list[tuple[str, str]]:
    """Return every term with its word as it is written; where letters cannot be matched, as it is folded."""
    folded = fold(text)
    written = unicodedata.normalize("NFC", text).lower()
    if not folded.isascii():
        # Marks of other scripts join their letters without a class of their own, so `fold` leaves them.
        folded = "".join(char for char in folded if not unicodedata.category(char).startswith("M"))
    if len(written) != len(folded):
        written = folded
    plain = _POSSESSIVE.sub("  ", folded)
    return [(_term(word.group()), written[word.start() : word.end()]) for word in _WORD.finditer(plain)]


def _term(word: str) -> str:
    if word[-1].isdigit():  # a figure, or letters before a number: no plural
        return re.sub("[.,]", "", word) if _GROUPED.match(word) else word.replace(",", ".")
    for ending, singular in _ENDINGS:
        if ending.search(word):
            return ending.sub(singular, word)
    return word.replace(",", ".")

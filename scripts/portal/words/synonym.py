"""Synonyms: what else a text is called. One table, out of the glossary and of spellings, for every search.

They are applied to what is indexed, not to what is typed: a browser, or whoever else asks an index, needs none of
them, only the folding of `search_terms`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from portal.words.search_term import search_terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    # Phrases of folded words, each with all names of what it stands for.
    Synonyms = Sequence[tuple[str, str]]

# Words and endings that the portal writes in one way and others in another, American for the most part.
_SPELLINGS = {
    "licence": "license", "centre": "center", "programme": "program", "labour": "labor", "isation": "ization",
    "ised": "ized", "ising": "izing", "cyber-": "cyber", "wifi": "wi-fi", "wi-fi": "wifi",
}  # fmt: skip
_SPELLED = re.compile("|".join(map(re.escape, _SPELLINGS)))
# The columns of the glossary that name a term.
_NAMES = ("term", "name", "name_en", "also")


def read_synonyms(glossary: Iterable[Mapping[str, str]]) -> Synonyms:
    """Return what the rows of the glossary name alike: an abbreviation and what is written out, in both languages."""
    found: list[tuple[str, str]] = []
    for row in glossary:
        names = [row[key] for key in _NAMES if row.get(key)]
        found += [(" ".join(search_terms(name)), " ".join(names)) for name in names]
    return [(phrase, names) for phrase, names in found if len(phrase) > 1]


def find_synonyms(text: str, synonyms: Synonyms) -> Iterator[str]:
    """Yield all names of each term that `text` speaks of."""
    own = f" {' '.join(search_terms(text))} "
    return (names for phrase, names in synonyms if f" {phrase} " in own)


def respell(text: str) -> str:
    """Return `text` in lower case as others spell it; the same where nobody does."""
    return _SPELLED.sub(lambda match: _SPELLINGS[match[0]], text.lower())

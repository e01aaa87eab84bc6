"""SQL functions of the API: what people type is folded as the site's search folds it, whatever signs it holds."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from portal.words.search_term import search_terms
from portal.words.text import fold

if TYPE_CHECKING:
    import sqlite3

# A pasted paragraph is not a query; its first words are.
MAX_WORDS = 10
# Finds nothing, where an empty query would be an error.
_NOTHING = '""'


def register(connection: sqlite3.Connection) -> None:
    """Give a connection `fold`, `match_query`, `match_any`; `?_search=` of a table then means what they mean."""
    connection.create_function("fold", 1, _fold, deterministic=True)
    for name in ("match_query", "escape_fts"):
        connection.create_function(name, 1, match_query, deterministic=True)
    connection.create_function("match_any", 1, match_any, deterministic=True)


def _fold(text: object) -> str | None:
    return None if text is None else fold(str(text))


def match_query(text: object) -> str:
    """Return the FTS5 query for rows that have every word of a text, the last one perhaps still being typed.

    Neighbours that also stand side by side in a row bring it forward.
    """
    words = _quote(text)
    if not words:
        return _NOTHING
    terms = _terms(text)
    pairs = [f'"{one} {other}"' for one, other in itertools.pairwise(terms)]
    return " AND ".join([*words, f"({' OR '.join([words[0], *pairs])})"])


def match_any(text: object) -> str:
    """Return the FTS5 query for rows that have any word of a text."""
    return " OR ".join(_quote(text)) or _NOTHING


def _quote(text: object) -> list[str]:
    words = [f'"{term}"' for term in _terms(text)]
    # The last word may be a beginning; where it is a whole word, it counts twice.
    return [*words[:-1], *(f"({word} OR {word}*)" for word in words[-1:])]


def _terms(text: object) -> list[str]:
    return [] if text is None else search_terms(str(text))[:MAX_WORDS]

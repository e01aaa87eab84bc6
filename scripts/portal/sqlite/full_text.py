"""Full-text search in the database: what people type without accents finds what is written with them.

FTS5's `unicode61 remove_diacritics 2` folds vowels and tones but not đ, so a text is indexed as it is and as the terms
that the site's search makes of it; of figures, which are many, only where FTS5 itself would not read the same words in
it. A query in any spelling, NFC or NFD, then meets one of the two; `match_query` in `sql_functions` meets the terms.
"""

from __future__ import annotations

import json
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from portal.sqlite.lexicon import read_records
from portal.words.search_term import search_terms
from portal.words.synonym import find_synonyms, respell

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from portal.sqlite.lexicon import Lexicon

# A rowid, and the text of each column.
_Texts = tuple[int | str | bytes, ...]
TOKENIZER = "unicode61 remove_diacritics 2"
# The columns of `datasets_fts`, and how much a word counts by where it stands.
DATASET_COLUMNS = {"title": 8, "keywords": 6, "figures": 5, "labels": 3, "text": 1}
# Of a dataset's figures only the newest say what it is about; every figure is found in `observations_fts`.
_MAX_FIGURES = 40
_WORD = re.compile("[0-9a-z]+")
_PIECE_BYTES = 64 << 20
# Texts whose index is kept while it is written.
_KEPT = 10_000


def create_full_text(connection: sqlite3.Connection) -> None:
    """Add `datasets_fts` and `observations_fts`, contentless tables whose rowids are those of their tables."""
    options = f'content="", tokenize="{TOKENIZER}"'
    connection.execute(f"CREATE VIRTUAL TABLE datasets_fts USING fts5({', '.join(DATASET_COLUMNS)}, {options})")
    weights = ", ".join(f"{weight}.0" for weight in DATASET_COLUMNS.values())
    connection.execute("INSERT INTO datasets_fts(datasets_fts, rank) VALUES('rank', ?)", (f"bm25({weights})",))
    connection.execute(f"CREATE VIRTUAL TABLE observations_fts USING fts5(text, {options})")
    for table in ("datasets_fts", "observations_fts"):
        # Larger pieces of the index, merged only where there are too many of one size: half the work.
        for option, value in (("automerge", 0), ("hashsize", _PIECE_BYTES)):
            connection.execute(f"INSERT INTO {table}({table}, rank) VALUES(?, ?)", (option, value))


def index_datasets(connection: sqlite3.Connection, lexicon: Lexicon, but: Collection[str] = ()) -> None:
    """Add all datasets to `datasets_fts` `but` some, when every row of every table is in."""
    insert_texts(connection, "datasets_fts", DATASET_COLUMNS, describe_datasets(connection, lexicon, but))


def index_observations(connection: sqlite3.Connection, lexicon: Lexicon, after: int) -> None:
    """Add the observations behind a rowid to `observations_fts`."""
    insert_texts(connection, "observations_fts", ["text"], describe_observations(connection, lexicon, after))


def describe_datasets(connection: sqlite3.Connection, lexicon: Lexicon, but: Collection[str] = ()) -> Iterator[_Texts]:
    """Yield of every dataset, `but` some, its rowid and the text of each column of its index."""
    labels = lexicon.labels
    rows = connection.execute(
        "SELECT rowid, name, kind, title, title_en, keywords, theme, description, description_en FROM datasets"
    ).fetchall()
    for rowid, name, kind, title, title_en, keywords, theme, *descriptions in rows:
        if name in but:
            continue
        codes, figures = _read_figures(connection, name)
        words = [*(labels.get(code, code) for code in codes), labels.get(theme, "")]
        register = (
            [text for row in read_records(connection, name) for text in row.values()] if kind == "reference" else []
        )
        names = " ".join([title, title_en, keywords, *words, *figures])
        columns = (
            _spell([title, title_en]),
            _spell([name, keywords, *find_synonyms(names, lexicon.synonyms)]),
            figures,
            _spell([*words, *register]),
            _spell(descriptions),
        )
        # Twice, each of them, so that a word weighs the same whichever letters it has.
        yield rowid, *(" ".join(map(_index_twice, texts)) for texts in columns)


def _read_figures(connection: sqlite3.Connection, dataset: str) -> tuple[list[str], list[str]]:
    """Return the codes and the figures of the newest observations of a dataset."""
    rows = connection.execute(
        "SELECT measure, dimensions, as_stated, value FROM observations WHERE dataset = ?"
        " ORDER BY coalesce(period_end, '9999') DESC, rowid LIMIT ?",
        (dataset, _MAX_FIGURES),
    ).fetchall()
    codes = [code for measure, dimensions, *_ in rows for code in (measure, *json.loads(dimensions).values())]
    return list(dict.fromkeys(codes)), list(dict.fromkeys(str(cell) for row in rows for cell in row[2:] if cell))


def describe_observations(connection: sqlite3.Connection, lexicon: Lexicon, after: int = 0) -> Iterator[_Texts]:
    """Yield of every observation behind a rowid its own and the text of its index; what repeats itself is made once."""
    rows = connection.execute(
        "SELECT o.rowid, d.title, d.title_en, d.keywords, o.as_stated, o.value, o.period, o.note, o.note_en,"
        " o.dimensions, o.area, o.measure, o.unit, o.status, o.source"
        " FROM observations o CROSS JOIN datasets d ON d.name = o.dataset WHERE o.rowid > ? ORDER BY o.rowid",
        (after,),
    )

    @lru_cache(maxsize=_KEPT)
    def index_codes(dimensions: str, *codes: str) -> str:
        return index_texts(*(lexicon.labels.get(code, code) for code in (*json.loads(dimensions).values(), *codes)))

    index_words = lru_cache(maxsize=_KEPT)(index_texts)
    for row in rows:
        parts = (index_words(*row[1:4]), index_texts(*row[4:6]), index_words(*row[6:9]), index_codes(*row[9:]))
        yield row[0], " ".join(parts)


def _spell(texts: Sequence[str]) -> list[str]:
    """Return texts and, where others spell them otherwise, their spelling."""
    return [*texts, *(other for text in texts if (other := respell(text)) != text.lower())]


def insert_texts(connection: sqlite3.Connection, table: str, names: Iterable[str], rows: Iterable[_Texts]) -> None:
    """Add to a search table rowids, each with the text of every column, which may be in UTF-8."""
    listed = list(names)
    marks = ", CAST(? AS TEXT)" * len(listed)
    connection.executemany(
        f"INSERT INTO {table}(rowid, {', '.join(listed)}) VALUES (?{marks})",  # noqa: S608 - names from here
        rows,
    )


def index_texts(*texts: object) -> str:
    """Return texts, of which some may be missing, each as it is and as its terms."""
    return " ".join(_index(str(text)) for text in texts if text is not None)


@lru_cache(maxsize=_KEPT)
def _index(text: str) -> str:
    """Return a text as it is and, where they are others than its words, its terms; most texts stand in many rows."""
    return text if search_terms(text) == _list_words(text) else _index_twice(text)


@lru_cache(maxsize=_KEPT)
def _index_twice(text: str) -> str:
    return f"{text} {' '.join(search_terms(text))}"


def _list_words(text: str) -> list[str] | None:
    """Return the words that FTS5 reads in a text; None where there is more in it than letters with accents."""
    letters = unicodedata.normalize("NFD", text.lower())
    plain = "".join(char for char in letters if unicodedata.category(char) != "Mn")
    return _WORD.findall(plain) if plain.isascii() else None

"""Full-text search: what people type, with or without accents, NFC or NFD, finds what the documents print."""

from __future__ import annotations

import sqlite3
import unicodedata
from contextlib import closing
from typing import TYPE_CHECKING, Literal

import pytest

from portal.sqlite.full_text import create_full_text, index_datasets, index_observations, index_texts, insert_texts
from portal.sqlite.lexicon import read_lexicon
from portal.words.text import fold

if TYPE_CHECKING:
    from pathlib import Path

pytest_plugins = ("published",)


def quote(words: str) -> str:
    """Return a query in which every word is meant literally, as Datasette's search box makes it."""
    return " ".join(f'"{word}"' for word in words.split())


def find_datasets(path: Path, words: str) -> set[str]:
    """Return the names of the datasets that a search finds."""
    sql = "SELECT name FROM datasets WHERE rowid IN (SELECT rowid FROM datasets_fts WHERE datasets_fts MATCH ?)"
    with closing(sqlite3.connect(path)) as connection:
        return {row[0] for row in connection.execute(sql, (quote(words),))}


def find_observations(path: Path, words: str) -> set[tuple[str, str, str]]:
    """Return dataset, locator and printed figure of the observations that a search finds."""
    sql = (
        "SELECT dataset, locator, as_stated FROM observations"
        " WHERE rowid IN (SELECT rowid FROM observations_fts WHERE observations_fts MATCH ?)"
    )
    with closing(sqlite3.connect(path)) as connection:
        return set(connection.execute(sql, (quote(words),)))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("chuyen doi so", {"dti_score_and_rank", "dti_rank_by_pillar", "digital_transformation_priority_sectors"}),
        ("chuyển đổi số", {"dti_score_and_rank", "dti_rank_by_pillar", "digital_transformation_priority_sectors"}),
        ("CHUYEN DOI SO", {"dti_score_and_rank", "dti_rank_by_pillar", "digital_transformation_priority_sectors"}),
        ("duong", {"rural_roads_built"}),
        ("đường", {"rural_roads_built"}),
        ("ĐƯỜNG", {"rural_roads_built"}),
        ("thủy sản", {"fisheries_production"}),
        ("fisheries", {"fisheries_production"}),
        ("Digital Transformation Index", {"dti_score_and_rank"}),
        ("internet subscriptions", {"broadband_internet_subscriptions"}),
    ],
)
def test_a_search_finds_datasets(words: str, expected: set[str], real_database: Path) -> None:
    for form in ("NFC", "NFD"):
        assert find_datasets(real_database, unicodedata.normalize(form, words)) >= expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("chuyen doi so", ("dti_score_and_rank", "8:318", "32/63")),
        ("chuyển đổi số", ("dti_score_and_rank", "8:318", "32/63")),
        ("CHUYEN DOI SO", ("dti_score_and_rank", "8:318", "32/63")),
        ("duong", ("rural_roads_built", "81:230", "382")),
        ("đường", ("rural_roads_built", "81:230", "382")),
        ("Phú Quốc", ("satellite_tv_receivers_poor_households", "131:419", "413")),
        ("phu quoc", ("satellite_tv_receivers_poor_households", "131:419", "413")),
        ("kien hai", ("satellite_tv_receivers_poor_households", "131:435", "3")),
        ("32/63", ("dti_score_and_rank", "8:318", "32/63")),
        ("0,5796", ("dti_score_and_rank", "8:297", "0,5796")),
        ("fall implies rank", ("dti_score_and_rank", "8:346", "8")),
    ],
)
def test_a_search_finds_figures(words: str, expected: tuple[str, str, str], real_database: Path) -> None:
    for form in ("NFC", "NFD"):
        assert expected in find_observations(real_database, unicodedata.normalize(form, words))


@pytest.mark.parametrize("printed", ["2.389", "48,37%"])
def test_a_printed_figure_finds_every_row_that_prints_it(printed: str, real_database: Path) -> None:
    with closing(sqlite3.connect(real_database)) as connection:
        sql = "SELECT dataset, locator, as_stated FROM observations WHERE as_stated = ?"
        expected = set(connection.execute(sql, (printed,)))
    assert expected, "the catalogue no longer prints this figure"
    assert find_observations(real_database, printed) >= expected


def test_a_code_is_found_by_its_words_in_both_languages(real_database: Path) -> None:
    shrimp = find_observations(real_database, "tom")
    assert shrimp & find_observations(real_database, "shrimp")
    assert {dataset for dataset, _, _ in shrimp} >= {"fisheries_production"}


def test_what_nobody_wrote_is_not_found(real_database: Path) -> None:
    assert find_datasets(real_database, "đườngx") == set()
    assert find_observations(real_database, "fathoms") == set()


WORDS = ["đường", "Đường", "ĐƯỜNG", "duong", "DUONG", "du\u031bo\u031b\u0300ng", "đươ\u0300ng"]


@pytest.fixture
def tiny_index(tmp_path: Path) -> Path:
    """Return a database whose only dataset is described with the word «đường» in NFD."""
    path = tmp_path / "opendata.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE datasets (name, title, title_en, description, description_en, keywords, kind, theme);"
            "CREATE TABLE observations (dataset, as_stated, value, period, period_end, note, note_en, dimensions, area,"
            " measure, unit, status, source);"
        )
        title = unicodedata.normalize("NFD", "Số ki-lô-mét đường 48,37%")
        connection.execute("INSERT INTO datasets VALUES ('roads', ?, '', '', '', '', 'indicator', NULL)", (title,))
        create_full_text(connection)
        lexicon = read_lexicon(connection, ())
        index_datasets(connection, lexicon)
        index_observations(connection, lexicon, 0)
        connection.commit()
    return path


@pytest.mark.parametrize("word", WORDS)
def test_every_spelling_of_a_word_finds_a_text_in_nfd(word: str, tiny_index: Path) -> None:
    assert find_datasets(tiny_index, word) == {"roads"}
    assert find_datasets(tiny_index, fold(word)) == {"roads"}


def test_the_digits_of_a_figure_stand_together(tiny_index: Path) -> None:
    assert find_datasets(tiny_index, "48,37%") == {"roads"}
    assert find_datasets(tiny_index, "37,48%") == set()


# Every vowel of Vietnamese with every tone, and the letters that no tone stands on.
VOWELS = "aăâeêioôơuưy"
TONES = ["", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"]
SYLLABLES = [unicodedata.normalize("NFC", f"b{vowel}{tone}n") for vowel in VOWELS for tone in TONES] + ["đan", "Đan"]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_fts5_folds_every_letter_that_is_indexed_as_it_is(form: Literal["NFC", "NFD"]) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        create_full_text(connection)
        texts = [index_texts(unicodedata.normalize(form, word)) for word in SYLLABLES]
        insert_texts(connection, "observations_fts", ["text"], enumerate(texts))
        for number, word in enumerate(SYLLABLES):
            query = "SELECT rowid FROM observations_fts WHERE observations_fts MATCH ?"
            assert (number,) in connection.execute(query, (f'"{fold(word)}"',)).fetchall(), word
    assert sum(" " in text for text in texts) == 2  # đ alone


def test_a_text_stands_once_where_its_terms_are_its_words() -> None:
    assert index_texts("Dân số năm 2020") == "Dân số năm 2020"
    assert index_texts("Diện tích (km)") == "Diện tích (km)"
    assert index_texts("ports 2.389 đò") == "ports 2.389 đò port 2389 do"

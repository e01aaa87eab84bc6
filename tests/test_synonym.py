"""Synonyms: abbreviations and what they stand for, in both languages; spellings of others."""

from __future__ import annotations

import pytest

from portal.words.synonym import find_synonyms, read_synonyms, respell

ROWS = [
    {"code": "dvc", "term": "DVC", "name": "Dịch vụ công", "name_en": "Public service", "also": ""},
    {"code": "so", "term": "Ố", "name": "Số hóa", "name_en": "", "also": "số hóa hồ sơ"},
]
DVC = "DVC Dịch vụ công Public service"


@pytest.mark.parametrize("text", ["dvc", "Nộp DICH VU CONG ở đâu", "Public services, online"])
def test_each_name_of_a_term_leads_to_all_of_them(text: str) -> None:
    assert list(find_synonyms(text, read_synonyms(ROWS))) == [DVC]


@pytest.mark.parametrize("text", ["dvctt", "dịch vụ", "công vụ dịch", "", "ố"])
def test_a_part_of_a_name_or_one_letter_is_no_name(text: str) -> None:
    assert list(find_synonyms(text, read_synonyms(ROWS))) == []


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("Driving licences", "driving licenses"),
        ("Digitised by organisations", "digitized by organizations"),
        ("Wi-Fi", "wifi"),
        ("wifi, Wi-Fi", "wi-fi, wifi"),
        ("Thủy sản", "thủy sản"),
    ],
)
def test_texts_are_found_in_the_spelling_of_others(text: str, other: str) -> None:
    assert respell(text) == other

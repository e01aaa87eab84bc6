"""Search terms: what a text and a query are folded into, the same wherever one searches."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.words.search_term import list_accented, search_terms


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Dịch vụ công", ["dich", "vu", "cong"]),
        ("ĐƯỜNG giao thông", ["duong", "giao", "thong"]),
        ("2.389", ["2389"]),
        ("2,389", ["2389"]),
        ("1.738.517", ["1738517"]),
        ("48,37%", ["48.37"]),
        ("48.37 %", ["48.37"]),
        ("4G, 5G; Covid-19", ["4g", "5g", "covid", "19"]),
        ("32/63", ["32", "63"]),
        ("", []),
        ("<script>", ["script"]),
    ],
)
def test_a_text_becomes_the_terms_that_people_type(text: str, terms: list[str]) -> None:
    assert search_terms(text) == terms


@given(st.text())
def test_terms_are_plain_and_stay_what_they_are(text: str) -> None:
    for term in search_terms(text):
        assert search_terms(term) == [term]


def test_accents_are_kept_beside_the_term_that_they_stand_on() -> None:
    assert list_accented("Lúa, đất; lua") == ["lua~-00fa-", "dat~01111ea5-"]
    assert list_accented(unicodedata.normalize("NFD", "Lúa")) == ["lua~-00fa-"]

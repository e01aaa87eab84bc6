"""Folding, sort keys and bilingual texts."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.words.text import LANGUAGES, Text, fold, sort_key

# Letters and tones that Vietnamese has, whole and decomposed, among text of any kind.
VIETNAMESE = st.text(st.sampled_from("aăâdđeêioôơuưyAĂÂDĐEÊIOÔƠUƯY \u0300\u0301\u0303\u0306\u0309\u031b\u0323\u0302"))
ANY_TEXT = st.text() | VIETNAMESE
# As a dictionary has them: letters first, tones (level, huyền, hỏi, ngã, sắc, nặng) where the letters are equal.
DICTIONARY = [
    "", " ", "-", "0", "2", "9", "a", "à", "ả", "ã", "á", "ạ", "an", "án", "ă", "ằ", "ắn", "â", "ấm", "ầm ĩ", "ba",
    "bà", "bả", "bã", "bá", "bạ", "ban", "bản", "bạn", "băng", "bâng", "ca", "cá", "chi", "chí", "da", "dữ", "đa",
    "đá", "đặc khu", "đất", "đường", "e", "em", "ê", "ế", "gì", "giang", "hà", "hà tiên", "hồ", "i", "ích", "kiên",
    "kiến", "la", "ma", "na", "o", "ò", "ó", "ọ", "ong", "ô", "ố", "ông", "ơ", "ờ", "ớt", "phú", "phú quốc", "quê",
    "rạch giá", "sa", "số", "sở", "ta", "tự", "u", "ù", "út", "ư", "ứng", "va", "xa", "y", "ý",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Đường Phú Quốc", "duong phu quoc"),
        ("CHUYỂN ĐỔI SỐ", "chuyen doi so"),
        ("đặc khu Thổ Châu", "dac khu tho chau"),
        ("ưỡn ẹo", "uon eo"),
        ("48,37% (DTI)", "48,37% (dti)"),
        ("Île-de-France", "ile-de-france"),
        ("", ""),
    ],
)
def test_fold_of_known_words(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(ANY_TEXT)
@example("İstanbul")
@example("ΑΣ ὈΔΥΣΣΕΎΣ")
def test_fold_knows_no_forms_and_no_marks(text: str) -> None:
    folded = fold(text)
    assert fold(unicodedata.normalize("NFC", text)) == fold(unicodedata.normalize("NFD", text)) == folded
    assert fold(folded) == folded
    assert not any(unicodedata.combining(char) for char in folded)
    assert "đ" not in folded


def test_sort_key_is_the_order_of_a_dictionary() -> None:
    shuffled = sorted(DICTIONARY, key=lambda word: word[::-1])
    assert shuffled != DICTIONARY
    assert sorted(shuffled, key=sort_key) == DICTIONARY


def test_sort_key_of_capitals_is_that_of_small_letters_but_for_the_last_word() -> None:
    assert sort_key("Đường")[:2] == sort_key("đường")[:2]
    assert sort_key("Đường") != sort_key("đường")


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_sort_key_is_a_total_order(first: str, second: str, third: str) -> None:
    assert (sort_key(first) == sort_key(second)) == (first == second)
    low, middle, high = sorted([first, second, third], key=sort_key)
    assert sort_key(low) <= sort_key(middle) <= sort_key(high)


@given(ANY_TEXT)
def test_sort_key_orders_both_forms_of_a_text_side_by_side(text: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert sort_key(composed)[:2] == sort_key(decomposed)[:2]


@given(st.sampled_from(" -.,()«»/"), st.sampled_from("0123456789"), st.sampled_from("aăâđyzAĐ"))
def test_signs_stand_before_digits_before_letters(sign: str, digit: str, letter: str) -> None:
    assert sort_key(sign) < sort_key(digit) < sort_key(letter)


def test_text_falls_back_to_vietnamese_and_says_so() -> None:
    both, one = Text("Tỉnh", "Province"), Text("Tỉnh")
    assert [both.get(language) for language in LANGUAGES] == ["Tỉnh", "Province"]
    assert [both.language(language) for language in LANGUAGES] == ["vi", "en"]
    assert [one.get(language) for language in LANGUAGES] == ["Tỉnh", "Tỉnh"]
    assert [one.language(language) for language in LANGUAGES] == ["vi", "vi"]

"""Provenance: a figure that is not where its row says, or not what its row says, is named with both."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_factory import UNITS, Fault, as_faults, make_claim, make_text
from portal.checks.provenance import check_provenance

if TYPE_CHECKING:
    from portal.checks.provenance import Claim
    from portal.data.finding import Finding

PLACE = "fish/fish.csv:2"
CURE = {
    "locator-mismatch": (
        "Sửa «locator» hoặc «as_stated» theo đúng văn bản; dòng và cột đếm từ 1.",
        "Correct “locator” or “as_stated” after the text; lines and columns count from 1.",
    ),
    "figure-cut": (
        "Chép trọn con số vào «as_stated» và chỉ vào chữ số đầu tiên của nó.",
        "Put the whole figure into “as_stated” and point at its first digit.",
    ),
    "print-unreadable": (
        "Nếu tài liệu in sai như vậy, thêm cờ «misprint» và ghi chú; nếu không, sửa «as_stated».",
        "If the document prints it so, add the flag “misprint” and a note; if not, correct “as_stated”.",
    ),
    "value-mismatch": ("Sửa «value» cho đúng con số được in.", "Make “value” the printed figure."),
    "unit-mismatch": (
        "Sửa «unit», hoặc «scale_word» của đơn vị đó.",
        "Correct “unit”, or the “scale_word” of that unit.",
    ),
    "pair-incomplete": ("Mỗi con số của cặp cần đúng một dòng.", "Each figure of the pair needs exactly one row."),
    "flag-without-cause": (
        "Xóa cờ, hoặc khai báo trong «relations» quan hệ mà nó thừa nhận.",
        "Remove the flag, or declare in “relations” what it admits.",
    ),
}


def check(line: str, *claims: Claim) -> list[Finding]:
    """Hold claims against a document of one line."""
    findings = list(check_provenance(claims, {"report": make_text(line)}, UNITS))
    assert all((one.cure, one.cure_en) == CURE[one.code] for one in findings)
    return findings


def claim_in(line: str, as_stated: str, value: str | None, **changes: Any) -> Claim:
    """Return a claim whose locator is where `as_stated` stands first."""
    return make_claim(value, locator=f"1:{line.index(as_stated) + 1}", as_stated=as_stated, **changes)


def mismatch(locator: str, found: str, expected: str) -> Fault:
    return Fault(
        "locator-mismatch",
        PLACE,
        f"Tại report {locator} có «{found}», dòng này ghi «{expected}».",
        f"At report {locator} stands “{found}”, the row says “{expected}”.",
    )


def cut(locator: str, as_stated: str) -> Fault:
    return Fault(
        "figure-cut",
        PLACE,
        f"Tại report {locator}: «{as_stated}» chỉ là một phần của con số in ở đó.",
        f"At report {locator}: “{as_stated}” is only a part of the figure printed there.",
    )


def wrong_value(value: str, as_stated: str, expected: str) -> Fault:
    return Fault(
        "value-mismatch",
        PLACE,
        f"Giá trị {value} khác con số được in «{as_stated}» ({expected}).",
        f"The value {value} differs from the printed figure “{as_stated}” ({expected}).",
    )


def wrong_unit(unit: str, found: str) -> Fault:
    return Fault(
        "unit-mismatch",
        PLACE,
        f"Đơn vị «{unit}» không hợp với chữ đứng sau con số trong tài liệu: «{found}».",
        f"The unit “{unit}” does not fit what stands behind the figure in the document: “{found}”.",
    )


# --- what stands ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "as_stated", "value", "changes"),
    [
        ("1.200", "1.200", "1200", {}),
        ("đạt 1.200 tấn.", "1.200", "1200", {}),
        ("đạt 800,5 tấn, tăng", "800,5", "800.5", {}),
        ("tức 48,37%.", "48,37%", "48.37", {"unit": "percent"}),
        ("giảm 29 % so", "29 %", "-29", {"unit": "percent", "transform": "yoy_change_pct"}),
        ("đạt 110,75% kế hoạch", "110,75%", "110.75", {"unit": "percent", "transform": "pct_of_plan"}),
        ("bằng 98,6% năm kia", "98,6%", "98.6", {"unit": "percent", "transform": "yoy_index_pct"}),
        ("dân số 1,7 triệu người", "1,7", "1.7", {"unit": "million"}),
        ("thu 11.501 tỷ đồng", "11.501", "11501", {"unit": "VND_billion"}),
        ("thu 11.501 Tỷ đồng", "11.501", "11501", {"unit": "VND_billion"}),
        ("có một trạm", "một", "1", {"unit": "count"}),
        ("Một trạm", "Một", "1", {"unit": "count"}),
        ("tăng 0,0%", "0,0%", "0.0", {"unit": "percent", "transform": "yoy_change_pct"}),
        ("xếp thứ 32 của cả nước; 63 tỉnh", "32", "32", {"unit": "rank"}),
        ("mục 1, 2. Có 5, rồi 6", "5", "5", {"unit": "count"}),  # marks of a sentence are no part of a figure
        # a change without a word of direction right before it: the sign is the row's
        ("thay đổi 5 bậc", "5", "-5", {"unit": "places", "transform": "yoy_change_places"}),
        ("thay đổi 5 bậc", "5", "5", {"unit": "places", "transform": "yoy_change_places"}),
        ("vượt 5% kế hoạch", "5%", "5", {"unit": "percent", "transform": "change_vs_plan_pct"}),
        ("hụt 5% kế hoạch", "5%", "-5", {"unit": "percent", "transform": "change_vs_plan_pct"}),
        # "giảm" before a level tells of the past, not of a sign
        ("giảm 800 hộ nghèo", "800", "800", {"unit": "count"}),
        # a misprint: nothing can be read, or something that the publisher does not believe
        ("là 1.33.520 lượt", "1.33.520", None, {"unit": "count", "flags": ("misprint",)}),
        ("là 5796 điểm", "5796", "0.5796", {"flags": ("misprint",)}),
        # derived: worked out from what is printed there, so only the place is checked
        ("xếp thứ 32/63", "32/63", "24", {"unit": "rank", "status": "derived"}),
    ],
)
def test_what_the_document_bears_out_has_no_finding(
    line: str, as_stated: str, value: str | None, changes: dict[str, Any]
) -> None:
    assert check(line, claim_in(line, as_stated, value, **changes)) == []


def test_a_pair_needs_both_its_figures() -> None:
    line = "có 103/117 tàu"
    first, second = (claim_in(line, "103/117", value, unit="count", measure=value) for value in ("103", "117"))

    assert check(line, first, second) == []
    assert check(line, second, first) == []


def test_a_pair_of_equal_figures_needs_two_rows() -> None:
    line = "có 15/15 huyện"
    first, second = (claim_in(line, "15/15", "15", unit="count", measure=name) for name in ("done", "all"))

    assert check(line, first, second) == []
    assert [one.code for one in check(line, first)] == ["pair-incomplete"]


def test_documents_that_are_not_there_are_passed_over() -> None:
    claim = make_claim("9", source="elsewhere")

    assert list(check_provenance([claim], {"report": make_text("1.200 tấn")}, UNITS)) == []


# --- one fault each -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locator", "found"),
    [("1:5", " 1.20"), ("1:7", ".200 "), ("1:1", "đạt  "), ("1:60", ""), ("2:6", ""), ("x", ""), ("0:6", "")],
)
def test_a_locator_that_is_off(locator: str, found: str) -> None:
    line = "đạt  1.200 tấn"
    assert check(line, make_claim(locator="1:6", as_stated="1.200")) == []

    assert as_faults(check(line, make_claim(locator=locator, as_stated="1.200"))) == [mismatch(locator, found, "1.200")]


@pytest.mark.parametrize("as_stated", ["1.300", "1.201", "2.200", "1,200", "1200", "1.2000"])
def test_a_digit_changed_in_as_stated(as_stated: str) -> None:
    line = "đạt 1.200 tấn"
    found = line[4 : 4 + len(as_stated)]

    assert as_faults(check(line, make_claim(locator="1:5", as_stated=as_stated))) == [mismatch("1:5", found, as_stated)]


def test_letters_that_look_the_same_are_not_the_same() -> None:
    composed, decomposed = (unicodedata.normalize(form, "một") for form in ("NFC", "NFD"))

    assert [one.code for one in check(f"có {composed} trạm", make_claim("1", locator="1:4", as_stated=decomposed))] == [
        "locator-mismatch"
    ]


@pytest.mark.parametrize(
    ("value", "as_stated", "shown", "expected", "changes"),
    [
        ("1300", "1.200", "1300", "1200", {}),
        ("1.2", "1.200", "1.2", "1200", {}),
        ("-1200", "1.200", "-1200", "1200", {}),  # a level has no sign of its own
        (None, "1.200", "–", "1200", {}),
        ("48.73", "48,37%", "48.73", "48.37", {"unit": "percent"}),
        ("48.4", "48,37%", "48.4", "48.37", {"unit": "percent"}),
        ("48.370", "48,37%", "48.370", "48.37", {"unit": "percent"}),  # another precision than printed
        ("30.0", "30%", "30.0", "30", {"unit": "percent"}),
        ("104", "103/117", "104", "103 / 117", {"unit": "count"}),
        ("2", "một", "2", "1", {"unit": "count"}),
    ],
)
def test_a_digit_changed_in_value(
    value: str | None, as_stated: str, shown: str, expected: str, changes: dict[str, Any]
) -> None:
    line = f"đạt {as_stated} ."

    assert as_faults(check(line, claim_in(line, as_stated, value, **changes))) == [
        wrong_value(shown, as_stated, expected)
    ]


@pytest.mark.parametrize(
    ("words", "value", "expected"),
    [
        ("giảm 1,1%", "1.1", "-1.1"),
        ("Giảm 1,1%", "1.1", "-1.1"),
        ("hụt 1,1%", "1.1", "-1.1"),
        ("tăng 1,1%", "-1.1", "1.1"),
        ("vượt 1,1%", "-1.1", "1.1"),
        ("tăng, giảm  1,1%", "1.1", "-1.1"),
    ],
)
def test_a_change_against_the_word_before_it(words: str, value: str, expected: str) -> None:
    changes = {"unit": "percent", "transform": "yoy_change_pct"}

    assert as_faults(check(words, claim_in(words, "1,1%", value, **changes))) == [wrong_value(value, "1,1%", expected)]


@pytest.mark.parametrize(
    ("line", "as_stated", "value", "unit"),
    [
        ("đạt 2.389 hộ", "389", "389", "count"),
        ("đạt 2.389 hộ", "2", "2", "count"),
        ("đạt 12389 hộ", "389", "389", "count"),
        ("đạt 12389 hộ", "123", "123", "count"),
        ("đạt 48,37%", "37%", "37", "percent"),
        ("đạt 48,37%", "48", "48", "count"),
        ("đạt 48,37%", "48,37", "48.37", "percent"),  # the sign belongs to the figure
        ("đạt 29 % số", "29", "29", "percent"),
        ("có 103/117 tàu", "103", "103", "count"),
        ("có 103/117 tàu", "117", "117", "count"),
    ],
)
def test_a_figure_cut_out_of_a_longer_one(line: str, as_stated: str, value: str, unit: str) -> None:
    claim = claim_in(line, as_stated, value, unit=unit)

    assert as_faults(check(line, claim)) == [cut(claim.observation.locator, as_stated)]


@pytest.mark.parametrize(
    ("line", "as_stated", "value", "unit", "found"),
    [
        ("tức 48%.", "48%", "48", "count", "%"),
        ("tức 48 hộ", "48", "48", "percent", "–"),
        ("thu 1,7 triệu đồng", "1,7", "1.7", "VND_billion", "triệu"),
        ("thu 1,7 tỷ đồng", "1,7", "1.7", "million", "tỷ"),
        ("thu 1,7 tỷ đồng", "1,7", "1.7", "tonne", "tỷ"),
        ("thu 1,7 nghìn tấn", "1,7", "1.7", "tonne", "nghìn"),
        ("thu 1,7 ngàn tấn", "1,7", "1.7", "tonne", "ngàn"),
        ("thu 1,7 TRIỆU tấn", "1,7", "1.7", "tonne", "triệu"),
        ("có 1,7 người", "1,7", "1.7", "million", "–"),
        ("tăng 5% triệu", "5%", "5", "million", "%"),
    ],
)
def test_a_unit_that_does_not_fit_what_stands_behind(
    line: str, as_stated: str, value: str, unit: str, found: str
) -> None:
    assert as_faults(check(line, claim_in(line, as_stated, value, unit=unit))) == [wrong_unit(unit, found)]


def test_the_percent_sign_of_the_next_figure_is_not_this_ones() -> None:
    line = "có 12, 34% là mới"

    assert check(line, claim_in(line, "12", "12", unit="count")) == []
    assert as_faults(check(line, claim_in(line, "12", "12", unit="percent"))) == [wrong_unit("percent", "–")]


@pytest.mark.parametrize(("values", "published"), [(("103",), "103"), (("117", "117"), "117, 117")])
def test_a_pair_with_one_figure_left_out(values: tuple[str, ...], published: str) -> None:
    line = "có 103/117 tàu"
    claims = [claim_in(line, "103/117", value, unit="count", measure=f"m{n}") for n, value in enumerate(values)]

    assert as_faults(check(line, *claims)) == [
        Fault(
            "pair-incomplete",
            PLACE,
            f"«103/117» nêu hai con số, nhưng các dòng ở đó ghi: {published}.",
            f"“103/117” states two figures, but the rows at that place say: {published}.",
        )
    ]


def test_a_misprinted_pair_may_leave_a_figure_unread() -> None:
    line = "có 1.03/117 và 103/1177 tàu"
    unreadable = claim_in(line, "1.03/117", None, unit="count", flags=("misprint",))
    first = claim_in(line, "103/1177", "103", unit="count")
    second = claim_in(line, "103/1177", None, unit="count", flags=("misprint",))

    assert check(line, unreadable, first, second) == []


@pytest.mark.parametrize("value", ["1200", "-1200"])
def test_a_misprint_flag_without_cause(value: str) -> None:
    transform = "level" if value == "1200" else "yoy_change_places"
    line = "đạt 1.200 tấn"
    claim = claim_in(line, "1.200", value, flags=("rounded", "misprint"), transform=transform)

    assert as_faults(check(line, claim)) == [
        Fault(
            "flag-without-cause",
            PLACE,
            "Dòng mang cờ «misprint» nhưng không có gì để nêu.",
            "The row carries the flag “misprint”, but there is nothing to admit.",
        )
    ]


@pytest.mark.parametrize("as_stated", ["1.33.520", "0.579", "1 200", "tấn", "12.34"])
def test_a_print_that_cannot_be_read(as_stated: str) -> None:
    line = f"đạt {as_stated} ."

    assert as_faults(check(line, claim_in(line, as_stated, "1200"))) == [
        Fault(
            "print-unreadable",
            PLACE,
            f"«{as_stated}» không phải một con số viết theo cách Việt Nam.",
            f"“{as_stated}” is no number in the Vietnamese way.",
        )
    ]


def test_each_claim_has_at_most_one_finding_and_all_claims_are_checked() -> None:
    line = "có 103/117 tàu, 48% và 7"
    claims = [
        claim_in(line, "103/117", "9", unit="percent"),
        claim_in(line, "48%", "48", unit="count"),
        claim_in(line, "7", "7", unit="count"),
    ]
    claims[2] = replace(claims[2], observation=replace(claims[2].observation, locator="1:1"))

    assert [one.code for one in check(line, *claims)] == ["value-mismatch", "unit-mismatch", "locator-mismatch"]


@given(
    st.integers(0, 10**12), st.integers(0, 4), st.integers(0, 10**12), st.integers(0, 4), st.sampled_from(["", "giảm "])
)
def test_a_value_is_accepted_exactly_where_it_is_the_printed_one(
    digits: int, places: int, other_digits: int, other_places: int, word: str
) -> None:
    value, other = Decimal(digits).scaleb(-places), Decimal(other_digits).scaleb(-other_places)
    line = f"{word}{value:f} .".replace(".", ",", int(places > 0))
    as_stated = line.removeprefix(word).removesuffix(" .")
    sign = "-" if word else ""
    changes: dict[str, Any] = {"locator": f"1:{len(word) + 1}", "as_stated": as_stated}
    if word:
        changes["transform"] = "yoy_change_places"

    assert check(line, make_claim(f"{sign}{value:f}", **changes)) == []
    same = value == other and places == other_places
    assert (check(line, make_claim(f"{sign}{other:f}", **changes)) == []) == same

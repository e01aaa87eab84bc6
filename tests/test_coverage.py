"""Coverage: every run of digits of a document is published or excluded, once; what is neither, or both, is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_factory import Fault, as_faults, make_claim, make_exclusion, make_text
from portal.checks.coverage import Coverage, check_counts, check_coverage, count_coverage, count_runs, show_surroundings
from portal.checks.source_text import Span
from portal.data.finding import Place

if TYPE_CHECKING:
    from portal.checks.coverage import Exclusion
    from portal.checks.provenance import Claim
    from portal.data.finding import Finding

PLACE = Place("sources", "reference/sources/data.csv")
TEXT = make_text("Số 7: năm 2023 được 1.200 tấn,", "trong đó cá 800,5; một trạm.")
CLAIMS = (
    make_claim(locator="1:21", as_stated="1.200"),
    make_claim("800.5", 3, locator="2:13", as_stated="800,5", measure="fish"),
    make_claim("1", 4, locator="2:20", as_stated="một", measure="stations"),
)
EXCLUSIONS = (make_exclusion("1:4", "7"), make_exclusion("1:11", "2023", 3))
RUNS = 6


def check(
    claims: tuple[Claim, ...] = CLAIMS, exclusions: tuple[Exclusion, ...] = EXCLUSIONS, runs: str = str(RUNS)
) -> tuple[Coverage, list[Finding]]:
    """Account for the digits of TEXT."""
    return check_coverage(TEXT, claims, exclusions, {"digit_runs": runs}, PLACE)


# --- what is accounted for ------------------------------------------------------------------------------------


def test_every_digit_is_accounted_for() -> None:
    coverage, findings = check()

    assert findings == []
    assert coverage == Coverage("report", figures=RUNS, published=4, excluded=2, unaccounted=())


def test_two_rows_of_one_pair_account_for_it_once() -> None:
    text = make_text("có 103/117 tàu")
    pair = tuple(make_claim(value, locator="1:4", as_stated="103/117", measure=value) for value in ("103", "117"))

    coverage, findings = check_coverage(text, pair, (), {"digit_runs": "2"}, PLACE)

    assert findings == []
    assert coverage == Coverage("report", figures=2, published=2, excluded=0)
    assert count_coverage("report", pair, ()) == (2, 0)


def test_a_document_without_digits_needs_nothing() -> None:
    assert check_coverage(make_text("không có"), (), (), {"digit_runs": "0"}, PLACE) == (
        Coverage("report", 0, 0, 0),
        [],
    )


@pytest.mark.parametrize(("as_stated", "runs"), [("một", 0), ("7", 1), ("48,37%", 2), ("1.738.517", 3), ("103/117", 2)])
def test_runs_of_digits_are_counted(as_stated: str, runs: int) -> None:
    assert count_runs(as_stated) == runs


def test_one_figure_may_be_in_two_datasets_if_both_say_why() -> None:
    other = make_claim(locator="1:21", as_stated="1.200", dataset="market", note="Cũng là lượng bán ra.")
    noted = make_claim(locator="1:21", as_stated="1.200", note="Cũng là lượng bán ra.")

    assert check((noted, other, *CLAIMS[1:]))[1] == []


# --- one fault each -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "exclusions", "locators", "counts"),
    [
        (CLAIMS, EXCLUSIONS[1:], ("1:4",), (4, 1)),
        (CLAIMS, EXCLUSIONS[:1], ("1:11",), (4, 1)),
        (CLAIMS[1:], EXCLUSIONS, ("1:21", "1:23"), (2, 2)),
        (CLAIMS[::2], EXCLUSIONS, ("2:13", "2:17"), (2, 2)),
        ((), (), ("1:4", "1:11", "1:21", "1:23", "2:13", "2:17"), (0, 0)),
    ],
)
def test_digits_that_are_neither_published_nor_excluded(
    claims: tuple[Claim, ...], exclusions: tuple[Exclusion, ...], locators: tuple[str, ...], counts: tuple[int, int]
) -> None:
    coverage, findings = check(claims, exclusions)

    assert as_faults(findings) == [
        Fault(
            "digit-unaccounted",
            "reference/sources/data.csv",
            f"Chữ số tại report {locator} chưa được đăng, cũng chưa có lý do loại.",
            f"The digits at report {locator} are neither published nor excluded.",
        )
        for locator in locators
    ]
    assert (coverage.published, coverage.excluded) == counts
    assert tuple(f"{span.line}:{span.start}" for span in coverage.unaccounted) == locators
    assert findings[0].cure == "Thêm một số liệu, hoặc một dòng trong datapackages/reference/exclusions."
    assert findings[0].cure_en == "Add an observation, or a row of datapackages/reference/exclusions."


def test_a_word_leaves_no_digits_behind() -> None:
    assert check(CLAIMS[:2])[1] == []


@pytest.mark.parametrize(
    "extra",
    [
        make_exclusion("1:4", "7", 9),  # excluded twice
        make_exclusion("2:13", "800,5", 9),  # excluded and published
        make_exclusion("2:13", "800", 9),
    ],
)
def test_an_exclusion_of_what_is_published_or_excluded_already(extra: Exclusion) -> None:
    _, findings = check(exclusions=(*EXCLUSIONS, extra))

    assert as_faults(findings) == [
        Fault(
            "exclusion-overlaps",
            "exclusions/exclusions.csv:9",
            f"Chữ số tại report {extra.locator} vừa được đăng vừa bị loại, hoặc bị loại hai lần.",
            f"The digits at report {extra.locator} are both published and excluded, or excluded twice.",
        )
    ]
    assert findings[0].cure == "Xóa dòng thừa trong datapackages/reference/exclusions."
    assert findings[0].cure_en == "Remove the row from datapackages/reference/exclusions."


@pytest.mark.parametrize(
    ("locator", "as_stated", "found"),
    [("1:5", "7", ":"), ("1:3", "7", " "), ("1:4", "8", "7"), ("9:1", "7", ""), ("1", "7", ""), ("", "7", "")],
)
def test_an_exclusion_at_a_wrong_place(locator: str, as_stated: str, found: str) -> None:
    _, findings = check(exclusions=(make_exclusion(locator, as_stated, 2), EXCLUSIONS[1]))

    assert as_faults(findings)[0] == Fault(
        "locator-mismatch",
        "exclusions/exclusions.csv:2",
        f"Tại report {locator} có «{found}», dòng này ghi «{as_stated}».",
        f"At report {locator} stands “{found}”, the row says “{as_stated}”.",
    )
    # A wrong digit at the right place still accounts for the run that stands there.
    assert [one.code for one in findings[1:]] == ([] if locator == "1:4" else ["digit-unaccounted"])


@pytest.mark.parametrize(("locator", "as_stated"), [("1:11", "202"), ("1:12", "023"), ("1:13", "2"), ("2:14", "00,5")])
def test_an_exclusion_of_half_a_run(locator: str, as_stated: str) -> None:
    _, findings = check(exclusions=(*EXCLUSIONS, make_exclusion(locator, as_stated, 9)))

    assert as_faults(findings)[0] == Fault(
        "figure-cut",
        "exclusions/exclusions.csv:9",
        f"Tại report {locator}: «{as_stated}» chỉ là một phần của con số in ở đó.",
        f"At report {locator}: “{as_stated}” is only a part of the figure printed there.",
    )


@pytest.mark.parametrize("notes", [("", ""), ("Cũng là lượng bán ra.", ""), ("", "Cũng là lượng bán ra.")])
def test_one_figure_in_two_datasets_without_a_note(notes: tuple[str, str]) -> None:
    changes: dict[str, Any] = {"locator": "1:21", "as_stated": "1.200"}
    twice = (make_claim(note=notes[0], **changes), make_claim(dataset="market", note=notes[1], **changes))

    _, findings = check((*twice, *CLAIMS[1:]))

    # `1.200` has two runs of digits, but it is one figure and one fault.
    assert as_faults(findings) == [
        Fault(
            "figure-twice",
            "fish/fish.csv:2",
            "Con số tại report 1:21 nằm trong nhiều bộ dữ liệu (fish, market) mà không có ghi chú.",
            "The figure at report 1:21 is in several datasets (fish, market) without a note.",
        )
    ]
    assert findings[0].cure == "Giữ ở một bộ, hoặc nói lý do trong «note» của từng dòng."
    assert findings[0].cure_en == "Keep it in one, or give the reason in the “note” of each row."


@pytest.mark.parametrize("stated", ["5", "7", "", "sáu", "06"])
def test_the_register_counts_wrongly(stated: str) -> None:
    _, findings = check(runs=stated)

    assert as_faults(findings) == [
        Fault(
            "digit-runs",
            "reference/sources/data.csv",
            f"Sổ sources ghi «report» có {stated} cụm chữ số, văn bản có 6.",
            f"The register sources says that “report” has {stated} runs of digits, the text has 6.",
        )
    ]
    assert findings[0].cure == "Sửa «digit_runs» trong sổ sources."
    assert findings[0].cure_en == "Correct “digit_runs” in the register sources."


def test_a_register_without_the_count_is_told() -> None:
    _, findings = check_coverage(TEXT, CLAIMS, EXCLUSIONS, {}, PLACE)

    assert [one.message_en for one in findings] == [
        "The register sources says that “report” has – runs of digits, the text has 6."
    ]


@pytest.mark.parametrize(
    ("claims", "exclusions", "published", "excluded"),
    [(CLAIMS, EXCLUSIONS[1:], 4, 1), (CLAIMS[1:], EXCLUSIONS, 2, 2), (CLAIMS, (*EXCLUSIONS, *EXCLUSIONS[:1]), 4, 3)],
)
def test_counts_that_do_not_add_up_are_found_without_the_text(
    claims: tuple[Claim, ...], exclusions: tuple[Exclusion, ...], published: int, excluded: int
) -> None:
    register = {"report": {"digit_runs": str(RUNS)}, "unread": {"digit_runs": "0"}, "uncounted": {}}

    assert list(check_counts(register, CLAIMS, EXCLUSIONS, PLACE)) == []
    findings = list(check_counts(register, claims, exclusions, PLACE))

    assert as_faults(findings) == [
        Fault(
            "coverage-count",
            "reference/sources/data.csv",
            f"Văn bản «report» có 6 cụm chữ số; {published} được đăng và {excluded} bị loại không cộng đủ.",
            f"The text “report” has 6 runs of digits; {published} published and {excluded} excluded do not add up.",
        )
    ]
    assert findings[0].cure.startswith("Chạy make verify SOURCES=… để biết cụm nào thiếu")
    assert findings[0].cure_en.startswith("Run make verify SOURCES=… to see which is missing")


def test_rows_of_another_document_do_not_count() -> None:
    foreign = make_claim("9", source="other", locator="1:1", as_stated="9")

    assert count_coverage("report", (*CLAIMS, foreign), EXCLUSIONS) == (4, 2)
    assert count_coverage("other", (*CLAIMS, foreign), EXCLUSIONS) == (1, 0)


def test_surroundings_are_bounded_and_of_one_line() -> None:
    text = make_text("a" * 60 + "2023" + "b" * 60, "c")

    assert show_surroundings(text, Span(1, 61, 65)) == "a" * 40 + "2023" + "b" * 40
    assert show_surroundings(make_text("7"), Span(1, 1, 2)) == "7"


# --- any text, any split ---------------------------------------------------------------------------------------


@given(st.lists(st.text("019 ,.%a\u0663", max_size=12), min_size=1, max_size=5), st.data())
def test_whatever_is_left_out_is_what_is_unaccounted(lines: list[str], data: st.DataObject) -> None:
    text = make_text(*lines)
    runs = list(text.digit_runs())
    kinds = [data.draw(st.sampled_from(("published", "excluded", "left"))) for _ in runs]
    claims, exclusions = [], []
    for span, kind in zip(runs, kinds, strict=True):
        locator, printed = f"{span.line}:{span.start}", lines[span.line - 1][span.start - 1 : span.end - 1]
        if kind == "published":
            claims.append(make_claim(printed, locator=locator, as_stated=printed))
        elif kind == "excluded":
            exclusions.append(make_exclusion(locator, printed))

    coverage, findings = check_coverage(text, claims, exclusions, {"digit_runs": str(len(runs))}, PLACE)

    left = tuple(span for span, kind in zip(runs, kinds, strict=True) if kind == "left")
    assert coverage == Coverage("report", len(runs), kinds.count("published"), kinds.count("excluded"), left)
    assert [one.code for one in findings] == ["digit-unaccounted"] * len(left)

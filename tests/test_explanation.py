"""Explanations: the exact sentence for every kind of broken relation, and only verdicts that the figures allow."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_factory import read_catalog, write_world
from factory import REPOSITORY, observe
from portal.checks.consistency import Evidence, judge_relation
from portal.figures.explanation import Results, explain_verdict, judge_target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.checks.consistency import Verdict
    from portal.data.observation import Observation
    from portal.figures.catalog import Catalog

NB = "\N{NO-BREAK SPACE}"


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Return a catalogue in which every relation holds."""
    return read_catalog(write_world(tmp_path_factory.mktemp("explanation")).root)


def judge(
    catalog: Catalog, dataset: str, kind: str, edits: Mapping[int, str], total: Mapping[str, Any] | None = None
) -> Verdict:
    """Return the verdict on a dataset's relation after the values of some lines of its file were changed."""
    rows = list(catalog.observations[dataset])
    for line, value in edits.items():
        rows[line - 2] = replace(rows[line - 2], value=Decimal(value))
    relation = next(one for one in catalog.packages[dataset].relations if one["type"] == kind)
    evidence = Evidence({**catalog.observations, dataset: rows}, catalog.records["units"])
    return judge_relation({**relation, **({"total": total} if total else {})}, dataset, evidence)


# --- relations --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Explained:
    """A relation after some lines of a file were changed, and its sentences; `~` stands for a no-break space."""

    dataset: str
    kind: str
    edits: Mapping[int, str]
    vi: str
    en: str


EXPLAINED = [
    Explained(
        "fish",
        "sum",
        {4: "700.5"},
        "Sản lượng: tổng được in là 1.200~tấn, nhưng các phần (700,5~tấn và 399,5~tấn) cộng lại là 1.100,0; "
        "chênh 100,0.",
        "Catch: the printed total is 1,200~tonnes, but its parts (700.5~tonnes and 399.5~tonnes) add up to 1,100.0; "
        "a difference of 100.0.",
    ),
    Explained(
        "fish",
        "sum",
        {2: "1198", 4: "800.4", 5: "399.0"},
        "Sản lượng: tổng được in là 1.198~tấn, nhưng các phần (800,4~tấn và 399,0~tấn) cộng lại là 1.199,4; chênh 1,4.",
        "Catch: the printed total is 1,198~tonnes, but its parts (800.4~tonnes and 399.0~tonnes) add up to 1,199.4; "
        "a difference of 1.4.",
    ),
    Explained(
        "fish",
        "sum",
        {4: "800.4"},
        "Sản lượng: các phần (800,4~tấn và 399,5~tấn) cộng lại là 1.199,9, lệch chút ít vì đã làm tròn.",
        "Catch: the parts (800.4~tonnes and 399.5~tonnes) add up to 1,199.9, slightly off because they were rounded.",
    ),
    Explained(
        "fleet",
        "ratio",
        {2: "93"},
        "Tỷ lệ vào sổ: được in là 88,03%, nhưng lấy 93 và 117 chia cho nhau thì được 79,487%.",
        "Share listed: printed as 88.03%, but dividing 93 and 117 gives 79.487%.",
    ),
    Explained(
        "phones",
        "base",
        {7: "-15.0"},
        "Máy liên lạc: được in là không đổi (0,0%), nhưng tính từ các phần thì là −7,27%.",
        "Handsets: printed as unchanged (0.0%), but computed from its parts it is −7.27%.",
    ),
    Explained(
        "phones",
        "difference",
        {12: "-3"},
        "Thứ hạng: được in là giảm 3~bậc, nhưng hạng 27 và hạng 31 cho thấy giảm 4~bậc.",
        "Rank: printed as down 3~places, but rank 27 and rank 31 show down 4~places.",
    ),
    Explained(
        "phones",
        "difference",
        {12: "4"},
        "Thứ hạng: được in là tăng 4~bậc, nhưng hạng 27 và hạng 31 cho thấy giảm 4~bậc.",
        "Rank: printed as up 4~places, but rank 27 and rank 31 show down 4~places.",
    ),
    Explained(
        "phones",
        "equal",
        {13: "1301"},
        "Máy liên lạc: tài liệu nêu các con số khác nhau cho cùng một điều: 300 và 1.301 (dòng:cột 4:15, 6:23).",
        "Handsets: the document gives different figures for one thing: 300 and 1,301 (line:column 4:15, 6:23).",
    ),
    Explained(
        "phones",
        "shared_base",
        {9: "6.5"},
        "Mật độ máy: các mật độ 15,0~máy/100 dân và 6,5~máy/100 dân cùng số lượng 300 và 110 suy ra những số dân "
        "khác nhau: 2.000 và 1.692. Một tỉnh chỉ có một số dân.",
        "Density: the densities 15.0~per 100 and 6.5~per 100 with the counts 300 and 110 imply different populations: "
        "2,000 and 1,692. A province has only one.",
    ),
    Explained(
        "phones",
        "part_of",
        {14: "331"},
        "Máy đếm lại: toàn bộ được in là 300, nhỏ hơn một phần của nó là 331.",
        "Handsets recounted: the whole is printed as 300, less than a part of it, 331.",
    ),
]


@pytest.mark.parametrize("expected", EXPLAINED, ids=lambda one: one.kind)
def test_a_relation_in_plain_words(catalog: Catalog, expected: Explained) -> None:
    verdict = judge(catalog, expected.dataset, expected.kind, expected.edits)

    assert verdict.flag != ""
    assert explain_verdict(verdict, catalog, "vi") == expected.vi.replace("~", NB)
    assert explain_verdict(verdict, catalog, "en") == expected.en.replace("~", NB)


def test_every_kind_of_relation_has_its_sentence() -> None:
    words = tomllib.loads((REPOSITORY / "scripts" / "portal" / "words" / "wording.toml").read_text("utf-8"))
    sentences = {key.removeprefix("verdict_") for key in words if key.startswith("verdict_")}

    # The two others are those of a sum that misses a constant, and of one that only rounding explains.
    assert sentences == {one.kind for one in EXPLAINED} | {"constant", "rounded"}


def test_parts_that_miss_a_constant(catalog: Catalog) -> None:
    verdict = judge(catalog, "fish", "sum", {}, {"constant": "1300"})

    assert explain_verdict(verdict, catalog, "vi") == (
        f"Gói fish: các phần (800,5{NB}tấn và 399,5{NB}tấn) lẽ ra cộng thành 1.300{NB}tấn, nhưng cộng lại là 1.200,0; "
        "chênh 100,0."
    )
    assert explain_verdict(verdict, catalog, "en") == (
        f"Package fish: the parts (800.5{NB}tonnes and 399.5{NB}tonnes) should add up to 1,300{NB}tonnes, "
        "but they come to 1,200.0; a difference of 100.0."
    )


def test_parts_that_miss_a_constant_by_rounding(catalog: Catalog) -> None:
    verdict = judge(catalog, "fish", "sum", {}, {"constant": "1200.1"})

    assert explain_verdict(verdict, catalog, "vi") == (
        f"Gói fish: các phần (800,5{NB}tấn và 399,5{NB}tấn) cộng lại là 1.200,0, lệch chút ít vì đã làm tròn."
    )


def test_three_parts_are_listed_with_and_before_the_last(catalog: Catalog) -> None:
    verdict = judge(catalog, "fish", "sum", {4: "700.5"})
    longer = replace(verdict, parts=(*verdict.parts, verdict.parts[0]))

    assert f"(700,5{NB}tấn; 399,5{NB}tấn và 700,5{NB}tấn)" in explain_verdict(longer, catalog, "vi")
    assert f"(700.5{NB}tonnes; 399.5{NB}tonnes and 700.5{NB}tonnes)" in explain_verdict(longer, catalog, "en")


# --- targets ----------------------------------------------------------------------------------------------------

QUALIFIERS = ("exact", "about", "over", "at_least", "under", "at_most")
DIRECTIONS = ("up", "down", "neutral", "")


def possible_truths(actual: Observation) -> set[Decimal]:
    """Return true results that a printed one leaves open, on a grid of eighths."""
    value = actual.value or Decimal(0)
    grid = {Decimal(step) / 8 for step in range(800)}
    return {
        "exact": {value},
        "about": {value},
        "over": {one for one in grid if one > value},
        "at_least": {one for one in grid if one >= value},
        "under": {one for one in grid if one < value},
        "at_most": {one for one in grid if one <= value},
    }[actual.qualifier]


def fulfils(truth: Decimal, target: Observation, direction: str) -> bool:
    goal = target.value or Decimal(0)
    downward = direction == "down" or (direction != "up" and target.qualifier in {"at_most", "under"})
    if downward:
        return truth < goal if target.qualifier == "under" else truth <= goal
    return truth > goal if target.qualifier == "over" else truth >= goal


@pytest.mark.parametrize(("wanted", "direction"), product(QUALIFIERS, DIRECTIONS))
def test_a_verdict_says_only_what_every_possible_result_bears_out(wanted: str, direction: str) -> None:
    target = observe("30", status="target", qualifier=wanted)
    for value, known in product(("29", "29.5", "30", "30.5", "31"), QUALIFIERS):
        actual = observe(value, qualifier=known)
        outcomes = {fulfils(truth, target, direction) for truth in possible_truths(actual)}
        expected = "undecided" if len(outcomes) == 2 else "met" if outcomes == {True} else "not_met"

        assert judge_target(target, actual, direction) == expected, (value, known)


@pytest.mark.parametrize(
    ("target", "actual", "direction", "verdict"),
    [
        (("90", "at_least"), ("91", "over"), "up", "met"),
        (("90", "at_least"), ("90", "over"), "up", "met"),
        (("90", "at_least"), ("89", "over"), "up", "undecided"),
        (("90", "at_least"), ("90", "exact"), "up", "met"),
        (("70", "over"), ("70", "exact"), "up", "not_met"),
        (("70", "over"), ("70", "over"), "up", "met"),
        (("70", "over"), ("70", "at_least"), "up", "undecided"),
        (("70", "exact"), ("70", "under"), "up", "not_met"),
        (("70", "exact"), ("71", "at_most"), "up", "undecided"),
        (("10", "at_most"), ("32", "exact"), "down", "not_met"),
        (("20", "at_most"), ("20", "exact"), "down", "met"),
        (("20", "at_most"), ("25", "at_most"), "down", "undecided"),
        (("5", "under"), ("5", "exact"), "down", "not_met"),
        (("5", "under"), ("10", "exact"), "neutral", "not_met"),
        (("5", "under"), ("4", "exact"), "", "met"),
        (("30", "exact"), ("19.8", "exact"), "up", "not_met"),
        (("30", "exact"), ("30", "about"), "up", "met"),
    ],
)
def test_verdicts_by_hand(target: tuple[str, str], actual: tuple[str, str], direction: str, verdict: str) -> None:
    one = observe(target[0], status="target", qualifier=target[1])
    other = observe(actual[0], qualifier=actual[1])

    assert judge_target(one, other, direction) == verdict


@pytest.mark.parametrize(
    ("period", "deadline", "verdict"),
    [
        ("2022", "2023", "pending"),
        ("2025-Q1", "2025", "pending"),
        ("2023", "2023", "met"),
        ("2024", "2023", "met"),
        ("2022", "2021/..", "met"),
    ],
)
def test_a_result_from_before_the_deadline_decides_nothing(period: str, deadline: str, verdict: str) -> None:
    target = observe("30", status="target", period_text=deadline)
    judged = [judge_target(target, observe(value, period_text=period), "up") for value in ("31", "29")]

    assert judged == [verdict, "not_met" if verdict == "met" else verdict]


def test_without_a_figure_there_is_no_verdict() -> None:
    target = observe("30", status="target")

    assert judge_target(target, None, "up") == "no_data"
    assert judge_target(target, observe(None), "up") == "no_data"
    assert judge_target(observe(None, status="target"), observe("30"), "up") == "no_data"


def test_the_newest_result_is_found_whatever_the_order() -> None:
    target = observe("30", status="target", period_text="2030")
    old, new, open_end = (observe("1", period_text=period) for period in ("2021", "2023-06", "2022/.."))

    assert Results((old, new, target)).find(target) is new
    assert Results((new, old)).find(target) is new
    assert Results((old, open_end, new)).find(target) is open_end  # still true today
    assert Results((target,)).find(target) is None
    assert Results(()).find(target) is None


def test_an_estimate_is_a_result_and_a_derived_figure_is_none() -> None:
    target = observe("30", status="target")
    estimate, derived = observe("1", status="estimate"), observe("2", status="derived", period_text="2024")

    assert Results((estimate, derived)).find(target) is estimate
    assert Results((derived,)).find(target) is None


def test_an_unreadable_result_is_none_and_the_one_before_it_counts() -> None:
    target, unreadable, older = observe("30", status="target"), observe(None), observe("1", period_text="2020")

    assert Results((unreadable, older)).find(target) is older
    assert Results((unreadable,)).find(target) is None
    # Nor may the page say that there is a figure on another basis.
    assert not Results((unreadable,)).has_other_basis(target)


OTHER_BASES: list[dict[str, Any]] = [
    {"transform": "pct_of_plan"},
    {"unit": "percent"},
    {"area": "PQ"},
    {"dimensions": (("kind", "fish"),)},
]


@pytest.mark.parametrize("change", OTHER_BASES, ids=lambda change: next(iter(change)))
def test_a_target_is_never_joined_to_a_result_on_another_basis(change: dict[str, Any]) -> None:
    target = observe("30", status="target", dimensions=(("kind", "_T"),))
    same = observe("1", dimensions=(("kind", "_T"),), period_text="2020")
    other = replace(same, **change, period_text="2024")

    assert Results((other,)).find(target) is None
    assert Results((same, other)).find(target) is same
    assert Results((other,)).has_other_basis(target)


def test_another_measure_is_no_basis_at_all() -> None:
    target, other = observe("30", status="target"), observe("1", measure="share")

    assert Results((other,)).find(target) is None
    assert not Results((other, target)).has_other_basis(target)


BASIS = {
    "measure": st.sampled_from(["catch", "share"]),
    "transform": st.sampled_from(["level", "pct_of_plan"]),
    "unit": st.sampled_from(["tonne", "percent"]),
    "area": st.sampled_from(["KG", "PQ"]),
    "dimensions": st.sampled_from([(("kind", "_T"),), (("kind", "fish"),)]),
    "status": st.sampled_from(["actual", "estimate", "target", "derived"]),
    "period_text": st.sampled_from(["2020", "2021-05", "2023/..", "2024-Q1"]),
}
OBSERVATIONS = st.fixed_dictionaries(BASIS).map(lambda changes: observe("1", **changes))


@given(OBSERVATIONS, st.lists(OBSERVATIONS, max_size=8))
def test_whatever_is_found_shares_everything_with_its_target(target: Observation, rows: list[Observation]) -> None:
    def basis(one: Observation) -> tuple[object, ...]:
        return one.measure, one.transform, one.unit, one.area, one.dimensions

    results = [one for one in rows if one.status in {"actual", "estimate"} and basis(one) == basis(target)]

    found = Results(tuple(rows)).find(target)

    assert (found is None) == (not results)
    if found:
        assert found in results
        assert all(one.period.sort_key <= found.period.sort_key for one in results)

"""Consistency: relations are computed exactly, to the precision of what is printed; broken ones must be admitted."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evidence_factory import UNITS, Fault, World, as_faults, find, write_world
from factory import observe
from portal.checks.consistency import Evidence, Range, RelationError, Verdict, judge_relation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from portal.data.finding import Finding
    from portal.data.observation import Observation

Relation = dict[str, Any]
PERCENT = {"unit": "percent"}
RATE = {"transform": "yoy_change_pct"}


def row(
    value: str | None, measure: str = "catch", kind: str = "_T", unit: str = "tonne", **changes: Any
) -> Observation:
    """Return an observation of `fish`, which is split by `kind`."""
    return observe(value, measure=measure, unit=unit, dimensions=(("kind", kind),), **changes)


def judge(relation: Relation, *rows: Observation) -> Verdict:
    """Compute a relation over the dataset `fish`."""
    return judge_relation(relation, "fish", Evidence({"fish": rows}, UNITS))


def count(value: str, measure: str = "boats", kind: str = "_T", **changes: Any) -> Observation:
    return row(value, measure, kind, "count", **changes)


def rate(value: str, kind: str = "_T", transform: str = "yoy_change_pct", measure: str = "boats") -> Observation:
    return row(value, measure, kind, "percent", transform=transform)


# --- the relation types -------------------------------------------------------------------------------------------


def sum_of(measure: str, *kinds: str) -> Relation:
    return {
        "type": "sum",
        "total": {"measure": measure},
        "parts": [{"measure": measure, "kind": kind} for kind in kinds],
    }


def base_of(transform: str) -> Relation:
    rates = {"measure": "boats", "transform": transform}
    parts = [{"level": {"measure": "boats", "kind": kind}, "rate": {**rates, "kind": kind}} for kind in ("a", "b")]
    return {"type": "base", "total": {"level": {"measure": "boats"}, "rate": rates}, "parts": parts}


def pair_rows(
    unit: str, first: tuple[str, str], second: tuple[str, str]
) -> tuple[Observation, Observation, Observation, Observation]:
    (count_a, density_a), (count_b, density_b) = first, second
    return (
        count(count_a, kind="a"), row(density_a, "density", "a", unit),
        count(count_b, kind="b"), row(density_b, "density", "b", unit),
    )  # fmt: skip


def base_rows(levels: Sequence[str], rates: Sequence[str], transform: str = "yoy_change_pct") -> list[Observation]:
    """Return level and rate of the total, then of the parts a and b."""
    return [
        one
        for level, value, kind in zip(levels, rates, ("_T", "a", "b"), strict=True)
        for one in (count(level, kind=kind), rate(value, kind, transform))
    ]


SUM = sum_of("catch", "a", "b")
RATIO = {
    "type": "ratio",
    "value": {"measure": "share"},
    "numerator": {"measure": "boats", "kind": "a"},
    "denominator": {"measure": "boats"},
}
DIFFERENCE = {
    "type": "difference",
    "value": {"measure": "score", "transform": "yoy_change_places"},
    "from": {"measure": "score", "period": "2022"},
    "to": {"measure": "score", "period": "2023"},
}
EQUAL = {"type": "equal", "values": [{"measure": "boats", "kind": "a"}, {"measure": "boats", "kind": "b"}]}
SHARED_BASE = {
    "type": "shared_base",
    "pairs": [{"count": {"measure": "boats", "kind": k}, "density": {"measure": "density", "kind": k}} for k in "ab"],
}
PART_OF = {"type": "part_of", "part": {"measure": "catch", "kind": "a"}, "whole": {"measure": "catch"}}
HUNDRED = {**sum_of("share", "a", "b", "c"), "total": {"constant": "100"}}
HUNDRED_OF_TWO = {**sum_of("share", "a", "b"), "total": {"constant": "100"}}


def sums(*values: str) -> list[Observation]:
    return [row(value, kind=kind) for value, kind in zip(values, ("_T", "a", "b"), strict=True)]


def shares(*values: str) -> list[Observation]:
    return [row(value, "share", kind, "percent") for value, kind in zip(values, "abc", strict=False)]


def ratio(value: str, numerator: str, denominator: str) -> list[Observation]:
    return [row(value, "share", **PERCENT), count(numerator, kind="a"), count(denominator)]


def change(value: str, first: str, last: str, unit: str = "rank") -> list[Observation]:
    changed = row(value, "score", unit=unit, transform="yoy_change_places")
    return [changed, row(first, "score", unit=unit, period_text="2022"), row(last, "score", unit=unit)]


def parts(part: str, whole: str) -> list[Observation]:
    return [row(part, kind="a"), row(whole)]


def equals(*values: str) -> list[Observation]:
    return [count(value, kind=kind) for value, kind in zip(values, ("a", "b"), strict=True)]


HOLDS = [
    # each type exactly
    ("sum", SUM, sums("1200", "800", "400"), ""),
    ("sum", SUM, sums("1200.0", "800.5", "399.5"), ""),
    ("sum", HUNDRED, shares("33.5", "33.5", "33"), ""),
    ("ratio", RATIO, ratio("25", "1", "4"), ""),
    ("base", base_of("yoy_change_pct"), base_rows(("300", "110", "190"), ("0.0", "10.0", "-5.0")), ""),
    ("difference", DIFFERENCE, change("-4", "27", "31"), ""),
    ("difference", DIFFERENCE, change("4", "31", "27"), ""),
    ("equal", EQUAL, equals("300", "300"), ""),
    ("shared_base", SHARED_BASE, pair_rows("per_100", ("300", "15.0"), ("110", "5.5")), ""),
    ("part_of", PART_OF, parts("31", "300"), ""),
    ("part_of", PART_OF, parts("300", "300"), ""),
    # each type only because printed figures are rounded; a sum says so
    ("sum", SUM, sums("1.0", "0.5", "0.4"), "rounded"),
    ("sum", HUNDRED, shares("33.3", "33.3", "33.3"), "rounded"),
    ("ratio", RATIO, ratio("33.3", "1", "3"), ""),
    ("base", base_of("yoy_change_pct"), base_rows(("300", "110", "190"), ("-3.2", "2.8", "-6.4")), ""),
    ("difference", DIFFERENCE, change("0.5", "1.0", "0.4", "tonne"), ""),
    ("equal", EQUAL, equals("300", "300.0"), ""),
    ("shared_base", SHARED_BASE, pair_rows("per_100", ("1000", "33.3"), ("500", "16.7")), ""),
    ("part_of", PART_OF, parts("1.04", "1.0"), ""),
    # ranges that only touch
    ("sum", HUNDRED_OF_TWO, shares("49", "50"), "rounded"),
    ("part_of", PART_OF, parts("1.1", "1.0"), ""),
    ("ratio", RATIO, ratio("33.3", "667", "2000"), ""),
]  # fmt: skip
FAILS = [
    ("sum", SUM, sums("1200", "800", "300"), "parts_disagree"),
    ("sum", SUM, sums("1.0", "0.5", "0.3"), "parts_disagree"),
    ("sum", HUNDRED_OF_TWO, shares("49", "49.9"), "parts_disagree"),
    ("sum", HUNDRED, shares("33.3", "33.3", "33.1"), "parts_disagree"),
    ("ratio", RATIO, ratio("33.4", "1", "3"), "parts_disagree"),
    ("ratio", RATIO, ratio("19.8", "422", "2001"), "parts_disagree"),
    ("base", base_of("yoy_change_pct"), base_rows(("300", "110", "190"), ("-3.4", "2.8", "-6.4")), "parts_disagree"),
    ("difference", DIFFERENCE, change("4", "27", "31"), "parts_disagree"),
    ("difference", DIFFERENCE, change("0.4", "1.0", "0.4", "tonne"), "parts_disagree"),
    ("equal", EQUAL, equals("300", "301"), "conflicting_values"),
    ("equal", EQUAL, equals("110.9", "110"), "conflicting_values"),
    ("shared_base", SHARED_BASE, pair_rows("per_100", ("1000", "33.3"), ("500", "16.9")), "parts_disagree"),
    ("part_of", PART_OF, parts("301", "299"), "parts_disagree"),
    ("part_of", PART_OF, parts("1.2", "1.0"), "parts_disagree"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "relation", "rows", "flag"), HOLDS)
def test_relations_that_hold(kind: str, relation: Relation, rows: Sequence[Observation], flag: str) -> None:
    verdict = judge(relation, *rows)

    assert (verdict.kind, verdict.dataset, verdict.holds, verdict.flag) == (kind, "fish", True, flag)
    assert verdict.exact == (flag == "")
    assert verdict.admitted
    assert set(verdict.members) == set(rows)


@pytest.mark.parametrize(("kind", "relation", "rows", "flag"), FAILS)
def test_relations_that_do_not_hold(kind: str, relation: Relation, rows: Sequence[Observation], flag: str) -> None:
    verdict = judge(relation, *rows)

    assert (verdict.kind, verdict.holds, verdict.exact, verdict.flag) == (kind, False, False, flag)
    assert not verdict.admitted


@pytest.mark.parametrize(("kind", "relation", "rows", "flag"), FAILS)
def test_one_row_that_owns_up_admits_a_broken_relation(
    kind: str, relation: Relation, rows: Sequence[Observation], flag: str
) -> None:
    for number, one in enumerate(rows):
        others = [*rows[:number], *rows[number + 1 :]]

        assert judge(relation, *others, replace(one, flags=("period_inferred", flag))).admitted, kind
        wrong = {"parts_disagree": "conflicting_values", "conflicting_values": "parts_disagree"}[flag]
        assert not judge(relation, *others, replace(one, flags=(wrong, "rounded", "misprint"))).admitted, kind


@pytest.mark.parametrize(
    ("transform", "rates", "off"),
    [
        ("pct_of_plan", ("75.0", "55.0", "95.0"), "76.0"),
        ("yoy_index_pct", ("75.0", "55.0", "95.0"), "74.0"),
        ("change_vs_plan_pct", ("-25.0", "-45.0", "-5.0"), "25.0"),
        ("yoy_change_pct", ("-25.0", "-45.0", "-5.0"), "-26.0"),
    ],
)
def test_the_rate_of_a_total_follows_from_its_parts(transform: str, rates: tuple[str, str, str], off: str) -> None:
    # 110 of 200 and 190 of 200 are 300 of 400.
    rows = base_rows(("300", "110", "190"), rates, transform)

    assert judge(base_of(transform), *rows).holds
    assert not judge(base_of(transform), *base_rows(("300", "110", "190"), (off, *rates[1:]), transform)).holds


def test_a_rounded_total_is_no_wider_than_its_exact_parts() -> None:
    # Of a total of 300 ± 0.5 alone any rate within 0.17 could come; the counts of its parts leave no room for that.
    counts = base_rows(("300", "110", "190"), ("0.00", "10.0000", "-5.0000"))
    rows = [replace(counts[0], unit="tonne"), *counts[1:]]
    off = replace(counts[1], value=Decimal("0.15"))

    assert judge(base_of("yoy_change_pct"), *rows).holds
    assert not judge(base_of("yoy_change_pct"), rows[0], off, *rows[2:]).holds


def test_the_verdict_carries_what_is_stated_what_is_joined_and_what_it_comes_to() -> None:
    rows = ratio("19.8", "422", "2001")

    verdict = judge(RATIO, *rows)

    assert verdict.stated == (rows[0],)
    assert verdict.parts == (rows[1], rows[2])
    assert verdict.computed == (Range(Fraction(42200, 2001), Fraction(42200, 2001)),)
    assert verdict.constant is None


def test_a_constant_total_is_kept_beside_its_parts() -> None:
    rows = shares("33.3", "33.3", "33.1")

    verdict = judge(HUNDRED, *rows)

    assert verdict.stated == ()
    assert verdict.parts == tuple(rows)
    assert verdict.constant == Decimal(100)
    assert verdict.computed == (Range(Fraction("99.55"), Fraction("99.85")),)


# --- exactness ----------------------------------------------------------------------------------------------------


def test_binary_fractions_would_miss_an_exact_sum() -> None:
    assert 0.1 + 0.2 != 0.3  # what floats would say

    assert judge(SUM, *sums("0.3", "0.1", "0.2")).exact


def test_binary_fractions_would_miss_a_ratio_on_the_edge() -> None:
    assert 33.3 + 0.05 < 667 * 100 / 2000  # what floats would say

    assert judge(RATIO, *ratio("33.3", "667", "2000")).holds
    assert not judge(RATIO, *ratio("33.3", "667001", "2000000")).holds


def test_binary_numbers_would_take_two_large_counts_for_one() -> None:
    total = 2**53 + 1
    assert float(total) == float(total - 1)  # what floats would say
    counts = [count(str(total)), count(str(2**53), kind="a"), count("0", kind="b")]

    assert not judge(sum_of("boats", "a", "b"), *counts).holds


def test_a_printed_figure_stands_for_every_number_that_rounds_to_it_and_a_count_for_itself() -> None:
    evidence = Evidence({}, UNITS)

    assert evidence.read(row("48.37")) == Range(Fraction("48.365"), Fraction("48.375"))
    assert evidence.read(row("48.0")) == Range(Fraction("47.95"), Fraction("48.05"))
    assert evidence.read(row("48")) == Range(Fraction("47.5"), Fraction("48.5"))
    assert evidence.read(row("-1.1")) == Range(Fraction("-1.15"), Fraction("-1.05"))
    assert evidence.read(count("48")) == Range(Fraction(48), Fraction(48))
    # A unit that the register does not know is not counted.
    assert evidence.read(row("48", unit="fathom")) == Range(Fraction("47.5"), Fraction("48.5"))


def test_ranges_are_added_taken_away_divided_and_compared_with_both_ends() -> None:
    first, second = Range(Fraction(1), Fraction(2)), Range(Fraction(2), Fraction(4))

    assert first + second == Range(Fraction(3), Fraction(6))
    assert first - second == Range(Fraction(-3), Fraction(0))
    assert first.divided_by(second) == Range(Fraction(1, 4), Fraction(1))
    assert Range(Fraction(-2), Fraction(1)).divided_by(second) == Range(Fraction(-1), Fraction(1, 2))
    assert first.scaled(100) == Range(Fraction(100), Fraction(200))
    assert first.meets(second)
    assert second.meets(first)
    assert not first.meets(Range(Fraction(201, 100), Fraction(3)))
    for low in (Fraction(0), Fraction(-1)):
        with pytest.raises(ZeroDivisionError):
            first.divided_by(Range(low, Fraction(1)))


# --- selectors ----------------------------------------------------------------------------------------------------


def test_a_selector_leaves_out_the_ordinary_case() -> None:
    ordinary = row("1")
    others = [
        row("2", kind="a"),
        row("3", area="PQ"),
        row("4", transform="yoy_change_pct"),
        row("5", measure="boats"),
    ]
    evidence = Evidence({"fish": [*others, ordinary], "market": [row("6", dataset="market")]}, UNITS)

    assert evidence.pick({"measure": "catch"}, "fish") is ordinary
    assert evidence.pick({"measure": "catch", "kind": "a"}, "fish").value == 2
    assert evidence.pick({"measure": "catch", "area": "PQ"}, "fish").value == 3
    assert evidence.pick({"measure": "catch", "transform": "yoy_change_pct"}, "fish").value == 4
    assert evidence.pick({"dataset": "market", "measure": "catch"}, "fish").value == 6


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ({"measure": "nothing"}, "fish {'measure': 'nothing'}: 0"),
        ({"measure": "catch", "kind": "squid"}, "fish {'measure': 'catch', 'kind': 'squid'}: 0"),
        ({"measure": "catch", "gear": "net"}, "fish {'measure': 'catch', 'gear': 'net'}: 0"),
        ({"measure": "catch", "status": "target"}, "fish {'measure': 'catch', 'status': 'target'}: 0"),
        ({"measure": "catch"}, "fish {'measure': 'catch'}: 2"),
        ({}, "fish {}: 2"),
        ({"dataset": "market", "measure": "catch"}, "market {'dataset': 'market', 'measure': 'catch'}: 0"),
    ],
)
def test_a_selector_that_meets_no_row_or_several(selector: dict[str, str], message: str) -> None:
    twice = [row("1", locator="1:1"), row("1", locator="2:2")]

    with pytest.raises(RelationError) as caught:
        judge({**PART_OF, "part": selector, "whole": selector}, *twice)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("relation", "message"),
    [
        ({}, "type: –"),
        ({"type": "product"}, "type: product"),
        ({"type": ["sum"]}, "type: ['sum']"),
        ({"type": "sum"}, "sum: KeyError('parts')"),
        ({"type": "sum", "parts": []}, "sum: KeyError('total')"),
        ({"type": "sum", "parts": [], "total": {"constant": "100"}}, "sum: 0"),
        ({"type": "sum", "parts": "ab", "total": {}}, "sum: AttributeError(\"'str' object has no attribute 'get'\")"),
        ({"type": "equal", "values": []}, "equal: 0"),
        ({"type": "shared_base", "pairs": []}, "shared_base: ValueError("),
        ({**HUNDRED, "total": {"constant": "NaN"}}, "sum: ValueError("),
    ],
)
def test_a_relation_written_wrongly_is_a_relation_error_and_nothing_else(relation: Relation, message: str) -> None:
    with pytest.raises(RelationError) as caught:
        judge(relation, *shares("33.3", "33.3", "33.4"))
    # Behind an open bracket follow words of Python that differ between its versions.
    assert str(caught.value) == message or (message.endswith("(") and str(caught.value).startswith(message))


def test_a_constant_that_is_no_number_is_a_relation_error() -> None:
    with pytest.raises(RelationError, match=r"^sum: InvalidOperation"):
        judge({**HUNDRED, "total": {"constant": "all"}}, *shares("33.3", "33.3", "33.4"))


@pytest.mark.parametrize(
    "rows",
    [
        ratio("25", "1", "0"),
        base_rows(("300", "110", "190"), ("0.0", "-100.0", "-5.0")),
        base_rows(("300", "110", "190"), ("0.0", "-150.0", "-5.0")),
    ],
)
def test_a_divisor_that_may_be_nought_is_a_relation_error(rows: Sequence[Observation]) -> None:
    relation = RATIO if len(rows) == 3 else base_of("yoy_change_pct")

    with pytest.raises(RelationError, match=r"^(ratio|base): ZeroDivisionError"):
        judge(relation, *rows)


def test_a_figure_that_is_unreadable_cannot_be_computed_with() -> None:
    with pytest.raises(RelationError) as caught:
        judge(PART_OF, row(None, kind="a", locator="9:9"), row("1"))
    assert str(caught.value) == "fish 9:9: –"


# --- any numbers --------------------------------------------------------------------------------------------------

DIGITS = st.integers(0, 10**9)
PLACES = st.integers(0, 4)


def decimal_text(digits: int, places: int) -> str:
    return f"{Decimal(digits).scaleb(-places):f}"


def total_of(figures: Sequence[tuple[int, int]], off: int = 0) -> str:
    """Return the exact sum of (digits, places), `off` units of its last place off."""
    places = max(one for _, one in figures)
    return decimal_text(sum(digits * 10 ** (places - one) for digits, one in figures) + off, places)


@given(st.lists(st.tuples(DIGITS, PLACES), min_size=1, max_size=6), st.sampled_from(["count", "tonne"]))
def test_a_total_built_from_its_parts_always_holds(figures: list[tuple[int, int]], unit: str) -> None:
    kinds = [f"k{number}" for number in range(len(figures))]
    rows = [row(decimal_text(*one), kind=kind, unit=unit) for one, kind in zip(figures, kinds, strict=True)]

    verdict = judge(sum_of("catch", *kinds), row(total_of(figures), unit=unit), *rows)

    assert verdict.holds
    assert verdict.exact


@given(st.lists(DIGITS, min_size=1, max_size=6), st.sampled_from([-1, 1]))
def test_a_counted_total_that_is_one_off_never_holds(digits: list[int], off: int) -> None:
    assume(sum(digits) + off >= 0)
    figures = [(one, 0) for one in digits]
    kinds = [f"k{number}" for number in range(len(figures))]
    rows = [row(decimal_text(*one), kind=kind, unit="count") for one, kind in zip(figures, kinds, strict=True)]

    verdict = judge(sum_of("catch", *kinds), row(total_of(figures, off), unit="count"), *rows)

    assert not verdict.holds


@given(st.lists(DIGITS, min_size=1, max_size=6), PLACES, st.integers(0, 9))
def test_a_rounded_total_may_miss_by_half_a_unit_for_each_figure(digits: list[int], places: int, off: int) -> None:
    figures = [(one, places) for one in digits]
    kinds = [f"k{number}" for number in range(len(figures))]
    rows = [row(decimal_text(*one), kind=kind) for one, kind in zip(figures, kinds, strict=True)]

    verdict = judge(sum_of("catch", *kinds), row(total_of(figures, off)), *rows)

    # Every part and the total itself may be half a unit of the last place away from what is printed.
    assert verdict.holds == (2 * off <= len(figures) + 1)
    assert verdict.exact == (off == 0)


def round_half_up(value: Fraction, places: int) -> str:
    return decimal_text((2 * value * 10**places + 1).__floor__() // 2, places)


@dataclass(frozen=True)
class Growth:
    """A level, the level that it grew from, and the words for both."""

    level: int
    base: int

    def rate(self, places: int) -> str:
        return round_half_up(Fraction(100 * self.level, self.base) - 100, places)


GROWTHS = st.integers(1, 10**7).flatmap(
    lambda base: st.builds(Growth, st.integers(base // 2 + 1, 3 * base), st.just(base))
)


@given(GROWTHS, GROWTHS, st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))
def test_rates_that_were_rounded_from_levels_always_hold(
    first: Growth, second: Growth, places: int, places_a: int, places_b: int
) -> None:
    total = Growth(first.level + second.level, first.base + second.base)
    levels = (str(total.level), str(first.level), str(second.level))
    rates = (total.rate(places), first.rate(places_a), second.rate(places_b))

    assert judge(base_of("yoy_change_pct"), *base_rows(levels, rates)).holds


@given(GROWTHS, GROWTHS, st.integers(0, 3), st.sampled_from([-1, 1]))
def test_a_rate_that_is_far_off_never_holds(first: Growth, second: Growth, places: int, sign: int) -> None:
    total = Growth(first.level + second.level, first.base + second.base)
    levels = (str(total.level), str(first.level), str(second.level))
    # The parts' rates are given to 3 decimals: bases are known to a part in 50,000, the total's rate to 0.01.
    off = f"{Decimal(total.rate(places)) + sign * (Decimal('0.02') + Decimal(2).scaleb(-places)):f}"

    assert not judge(base_of("yoy_change_pct"), *base_rows(levels, (off, first.rate(3), second.rate(3)))).holds


@given(st.integers(0, 10**9), st.integers(1, 10**9), st.integers(0, 4), st.integers(-9, 9))
def test_a_ratio_holds_exactly_where_it_rounds_to_the_printed_share(
    numerator: int, denominator: int, places: int, off: int
) -> None:
    share = Fraction(100 * numerator, denominator)
    printed = Decimal(round_half_up(share, places)) + Decimal(off).scaleb(-places)
    half = Fraction(1, 2 * 10**places)

    verdict = judge(RATIO, *ratio(f"{printed:f}", str(numerator), str(denominator)))

    assert verdict.holds == (abs(Fraction(printed) - share) <= half)
    assert verdict.holds or off != 0


@given(st.integers(100, 10**7), st.lists(st.integers(1, 10**7), min_size=2, max_size=2), st.integers(1, 3))
def test_densities_of_one_population_always_hold(population: int, counts: list[int], places: int) -> None:
    densities = [round_half_up(Fraction(100 * one, population), places) for one in counts]
    assume(all(Decimal(one) > 0 for one in densities))

    rows = pair_rows("per_100", (str(counts[0]), densities[0]), (str(counts[1]), densities[1]))

    assert judge(SHARED_BASE, *rows).holds


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_change_of_rank_is_the_earlier_less_the_later(first: int, last: int) -> None:
    assert judge(DIFFERENCE, *change(str(first - last), str(first), str(last))).holds
    assert not judge(DIFFERENCE, *change(str(first - last + 1), str(first), str(last))).holds


# --- one cell edited, in a catalogue on disk ----------------------------------------------------------------------


@dataclass(frozen=True)
class Edit:
    """A value changed in a data file, and the finding that must come of it."""

    package: str
    line: int
    value: str
    stated_line: int
    kind: str
    stated: str
    computed: str
    flag: str = "parts_disagree"


def at(line: int, as_stated: str, part: str = "") -> str:
    return f"{as_stated} ({find(line, part or as_stated)})"


EDITS = [
    Edit("fish", 4, "700.5", 2, "sum", at(2, "1.200"), "1100"),
    Edit("fleet", 2, "93", 4, "ratio", at(3, "88,03%"), "79.4872"),
    Edit("phones", 7, "-15.0", 3, "base", at(4, "0,0%", "0,0%, gồm"), "-7.2727"),
    Edit("phones", 9, "6.5", 8, "shared_base", f"{at(5, '15,0')}, {at(5, '5,5')}", "2000.0222, 1692.4078"),
    Edit("phones", 12, "-3", 12, "difference", at(5, "4"), "-4"),
    Edit("phones", 13, "301", 2, "equal", f"{at(4, '300')}, {at(6, '300')}", "300, 301", "conflicting_values"),
    Edit("phones", 14, "331", 13, "part_of", at(6, "300"), "331"),
]


def find_relations(world: World) -> list[Finding]:
    """Return what the check finds, but for values that no longer are what is printed beside them."""
    return [one for one in world.check_evidence() if one.code != "value-mismatch"]


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.kind)
def test_editing_one_cell_breaks_a_relation_until_the_row_admits_it(tmp_path: Path, edit: Edit) -> None:
    world = write_world(tmp_path)
    assert world.check_evidence() == []
    world.set_cell(edit.package, edit.line, "value", edit.value)

    findings = find_relations(world)

    assert as_faults(findings) == [
        Fault(
            "relation-broken",
            f"{edit.package}/{edit.package}.csv:{edit.stated_line}",
            f"Các con số không khớp nhau ({edit.kind}): {edit.stated}; tính ra {edit.computed}.",
            f"The figures do not agree ({edit.kind}): {edit.stated}; computed {edit.computed}.",
        )
    ]
    cure = f"Nếu chép sai thì sửa; nếu tài liệu in như vậy thì thêm cờ «{edit.flag}» vào dòng đó."
    cure_en = f"Correct the transcription; if the document prints it so, add the flag “{edit.flag}” to the row."
    assert (findings[0].cure, findings[0].cure_en) == (cure, cure_en)

    world.set_cell(edit.package, edit.stated_line, "flags", edit.flag)
    assert find_relations(world) == []


def test_a_sum_that_misses_a_constant_says_which(tmp_path: Path) -> None:
    world = write_world(tmp_path)
    descriptor = world.root / "fish" / "datapackage.json"
    described = json.loads(descriptor.read_text("utf-8"))
    described["portal"]["relations"][0]["total"] = {"constant": "1300"}
    descriptor.write_text(json.dumps(described), "utf-8")

    assert [(one.place, one.message_en) for one in world.check_evidence()] == [
        ("fish/fish.csv:4", "The figures do not agree (sum): 1300; computed 1200.")
    ]


def test_the_wrong_flag_admits_nothing_and_is_a_fault_of_its_own(tmp_path: Path) -> None:
    world = write_world(tmp_path)
    world.set_cell("fish", 4, "value", "700.5")
    world.set_cell("fish", 2, "flags", "rounded")

    assert [(one.code, one.place) for one in find_relations(world)] == [
        ("flag-without-cause", "fish/fish.csv:2"),
        ("relation-broken", "fish/fish.csv:2"),
    ]


@pytest.mark.parametrize("flag", ["parts_disagree", "conflicting_values", "rounded"])
def test_a_flag_without_cause(tmp_path: Path, flag: str) -> None:
    world = write_world(tmp_path)
    world.set_cell("fish", 4, "flags", flag)

    findings = world.check_evidence()

    assert as_faults(findings) == [
        Fault(
            "flag-without-cause",
            "fish/fish.csv:4",
            f"Dòng mang cờ «{flag}» nhưng không có gì để nêu.",
            f"The row carries the flag “{flag}”, but there is nothing to admit.",
        )
    ]
    assert findings[0].cure == "Xóa cờ, hoặc khai báo trong «relations» quan hệ mà nó thừa nhận."


def test_a_relation_that_holds_by_rounding_may_carry_the_flag_and_need_not(tmp_path: Path) -> None:
    world = write_world(tmp_path)
    world.set_cell("fish", 4, "value", "800.4")
    assert find_relations(world) == []

    world.set_cell("fish", 2, "flags", "rounded")
    assert find_relations(world) == []


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"kind": "shrimp"', '"kind": "squid"', "fish {'measure': 'catch', 'kind': 'squid'}: 0"),
        ('"type": "sum"', '"type": "product"', "type: product"),
        ('"total"', '"totals"', "sum: KeyError('total')"),
    ],
)
def test_a_relation_that_cannot_be_computed(tmp_path: Path, old: str, new: str, reason: str) -> None:
    world = write_world(tmp_path)
    descriptor = world.root / "fish" / "datapackage.json"
    text = descriptor.read_text("utf-8")
    assert text.count(old) == 1
    descriptor.write_text(text.replace(old, new), "utf-8")

    findings = world.check_evidence()

    assert as_faults(findings) == [
        Fault(
            "relation-unresolved",
            "fish/datapackage.json",
            f"Quan hệ thứ 1 không tính được: {reason}.",
            f"Relation 1 cannot be computed: {reason}.",
        )
    ]
    assert findings[0].cure == "Mỗi điều kiện chọn trong «relations» phải chỉ đúng một dòng có giá trị."
    assert findings[0].cure_en == "Every selector in “relations” must name exactly one row that has a value."


def test_a_row_added_makes_a_selector_ambiguous(tmp_path: Path) -> None:
    world = write_world(tmp_path)
    world.add_row(
        "fish",
        "2023",
        "KG",
        "_T",
        "catch",
        "level",
        "1200",
        "tonne",
        "actual",
        "exact",
        "",
        "report",
        "9:9",
        "1.200",
        "",
        "",
    )

    assert ("relation-unresolved", "Relation 1 cannot be computed: fish {'measure': 'catch'}: 2.") in [
        (one.code, one.message_en) for one in world.check_evidence()
    ]

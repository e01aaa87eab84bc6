"""Charts: drawn only where figures deserve one, right for what they are, told in words too, and harmless as a file."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from factory import (
    ARABIC,
    REPOSITORY,
    make_tiny_catalog,
    observe,
    write_indicator,
    write_references,
)
from portal.charts.chart import MAX_PARTS, VERSION, draw_chart
from portal.charts.chart_choice import MIN_PARTS, Breakdown, Part, Series, choose_chart
from portal.charts.chart_ranks import specify_ranks
from portal.charts.chart_spec import GAP, MAX_LABEL, WIDTH, Row, measure_label, specify_bars
from portal.charts.chart_text import clean_text, isolate_text, measure_text, wrap_text
from portal.charts.chart_timeline import MAX_POINTS, Axis, Point, choose_ticks, specify_timeline, thin_points
from portal.data.package import Headline
from portal.words.text import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from jsonschema.protocols import Validator

    from portal.charts.chart import Chart
    from portal.data.observation import Observation
    from portal.figures.catalog import Catalog
    from portal.words.text import Language
    from published import Published

pytest_plugins = ("tests.published",)

NB = "\N{NO-BREAK SPACE}"
KINDS = ("fish", "shrimp", "squid", "crab")
VALUES = ("1500.5", "800", "90", "1000")
DIMENSIONS = ("kind", "place", "bound")
BREAKDOWN = [{"kind": kind, "value": value} for kind, value in zip(KINDS, VALUES, strict=True)]
RANKS: dict[str, Any] = {"measure": "position", "unit": "rank"}


def part(kind: str, value: str | None = "5", **changes: Any) -> Observation:
    """Return the catch of one kind."""
    return observe(value, **{"dimensions": (("kind", kind),), **changes})


def parts(**changes: Any) -> list[Observation]:
    """Return a breakdown of four parts."""
    return [part(kind, value, **changes) for kind, value in zip(KINDS, VALUES, strict=True)]


def years(*values: str | None, **changes: Any) -> list[Observation]:
    """Return the total catch of 2019, 2020 and so on."""
    return [part("_T", value, period_text=str(2019 + n), **changes) for n, value in enumerate(values)]


def bound(kind: str, end: str, value: str) -> Observation:
    """Return an end of the range of one kind."""
    return observe(value, dimensions=(("kind", kind), ("bound", end)))


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Return a catalogue with the breakdown of `parts` in `fish`, and datasets for other figures to be put into."""
    root = tmp_path_factory.mktemp("chart")
    write_references(root)
    write_indicator(root, "fish", [{"value": "3390.5"}, *BREAKDOWN], {"kind": "codes"})
    write_indicator(root, "flat", [{}, {"period": "2022"}, {"period": "2021"}])
    write_indicator(root, "ranks", [RANKS], {"kind": "codes"}, {"measure": "position"})
    write_indicator(
        root, "wide", [{}], {"kind": "codes", "place": "codes"}, {"measure": "catch", "where": {"place": "sea"}}
    )
    write_indicator(root, "drawn", [{}], dict.fromkeys(DIMENSIONS, "codes"))
    return make_tiny_catalog(root)


def choose(catalog: Catalog, observations: Sequence[Observation], dataset: str = "fish") -> Breakdown | Series | None:
    return choose_chart(catalog.packages[dataset], observations, catalog)


def choose_parts(catalog: Catalog, observations: Sequence[Observation], dataset: str = "fish") -> list[str]:
    """Return the kinds that would be drawn."""
    found = choose(catalog, observations, dataset)
    assert isinstance(found, Breakdown)
    return [one.one.cell(found.dimension) for one in found.parts]


def choose_results(catalog: Catalog, observations: Sequence[Observation], dataset: str = "fish") -> list[str]:
    """Return the periods that would be drawn, those of targets marked with a star."""
    found = choose(catalog, observations, dataset)
    assert isinstance(found, Series)
    return [*(one.period_text for one in found.results), *(f"{one.period_text}*" for one in found.targets)]


def observe_all(rows: Iterable[Mapping[str, str]]) -> tuple[Observation, ...]:
    """Return observations of `drawn`, each row saying how it differs from `1,200 tonnes in 2023`."""
    found = []
    for line, row in enumerate(rows, 1):
        cells: dict[str, Any] = {
            name: cell for name, cell in row.items() if name not in {*DIMENSIONS, "value", "period"}
        }
        dimensions = tuple((name, row.get(name, "_T")) for name in DIMENSIONS)
        value, period = row.get("value", "1200") or None, row.get("period", "2023")
        place = {"dataset": "drawn", "dimensions": dimensions, "locator": f"{line}:1", "period_text": period}
        found.append(observe(value, **place, **cells))
    return tuple(found)


def draw(
    catalog: Catalog,
    rows: Iterable[Mapping[str, str]],
    language: Language = "vi",
    *,
    measure: str = "catch",
    names: Sequence[str] = (),
) -> Chart | None:
    """Draw the dataset `drawn` as if it held these rows; `names` become the kinds `k0`, `k1` and so on."""
    package = replace(catalog.packages["drawn"], headline=Headline(measure, "level"))
    kinds = {f"k{n}": {"code": f"k{n}", "name": name} for n, name in enumerate(names)}
    records = {**catalog.records, "codes": {**catalog.records["codes"], **kinds}}
    changed = replace(catalog, observations={"drawn": observe_all(rows)}, records=records)
    return draw_chart(package, changed, language)


def must_draw(*arguments: Any, **options: Any) -> Chart:
    chart = draw(*arguments, **options)
    assert chart
    return chart


def name_kinds(*values: str, **more: str) -> list[dict[str, str]]:
    """Return a row for each value, of the kinds `k0`, `k1` and so on."""
    return [{"kind": f"k{n}", "value": value, **more} for n, value in enumerate(values)]


def read_texts(svg: str) -> list[str]:
    """Return every text of a picture, the lines of one text as one."""
    texts = ET.fromstring(svg).iter()  # noqa: S314 - drawn just here
    return [" ".join("".join(one.itertext()) for one in element) or (element.text or "") for element in texts
            if element.tag.rpartition("}")[2] == "text"]  # fmt: skip


# --- what is chosen ---------------------------------------------------------------------------------------------


def test_a_breakdown_is_drawn_without_its_total(catalog: Catalog) -> None:
    assert choose_parts(catalog, [part("_T", "3390.5"), *parts()]) == list(KINDS)


@pytest.mark.parametrize(
    ("case", "observations"),
    [
        ("two parts", parts()[: MIN_PARTS - 1]),
        ("the same part three times", [part("fish", locator=f"{line}:1") for line in (1, 2, 3)]),
        ("three periods", [part(kind, period_text=str(2020 + n)) for n, kind in enumerate(KINDS[:3])]),
        ("two units", [*parts()[:2], *parts(unit="percent")[2:]]),
        ("two statuses", [*parts()[:2], *parts(status="target")[2:]]),
        ("two areas", [*parts()[:2], *parts(area="PQ")[2:]]),
        ("another measure", parts(measure="share")),
        ("growth, not level", parts(transform="yoy_change_pct")),
        ("an index beside two levels", [*years("1", "2"), *years("1", "2", "3", transform="yoy_index_pct")[2:]]),
        ("a percentage of plan beside two parts", [*parts()[:2], *parts(transform="pct_of_plan")[2:]]),
        ("unreadable", [part(kind, None) for kind in KINDS]),
        ("two readable parts", [*parts()[:2], part("squid", None)]),
        ("all equal", [part(kind) for kind in KINDS]),
        ("two documents that disagree", [*parts(), part("fish", "1", source="other")]),
        ("a figure and a bound of one part", [*parts(), part("fish", VALUES[0], qualifier="over", source="other")]),
        ("a range the wrong way round", [*parts()[:2], bound("crab", "lower", "9"), bound("crab", "upper", "3")]),
        ("beyond all numbers", [*parts(), part("sea", "1e400")]),
        ("not a number", [*parts(), part("sea", "NaN")]),
        ("nothing", []),
        ("one figure", years("1")),
        ("two periods", years("1", "2")),
        ("a figure that never changes", years("5", "5", "5", "5")),
        ("a result and its target", [*years("1"), *years("2", status="target")]),
        ("targets alone", years("1", "2", "3", status="target")),
        ("two equal results and an equal target", [*years("1", "1"), *years("1", status="target")]),
        ("one period with two values", [*years("1", "2", "3"), part("_T", "9", period_text="2020", source="other")]),
        ("a year, a quarter, a month", [part("_T", str(n), period_text=text) for n, text in
                                        enumerate(("2020", "2021-Q1", "2021-07"))]),
        ("overlapping intervals", [part("_T", str(n), period_text=text) for n, text in
                                   enumerate(("2020-01/2020-06", "2020-04/2020-09", "2020-07/2020-12"))]),
        ("intervals of different length", [part("_T", str(n), period_text=text) for n, text in
                                           enumerate(("2020-01/2020-02", "2020-04/2020-09", "2020-10/2020-12"))]),
        ("periods without an end", [part("_T", str(year), period_text=f"{year}/..") for year in (2019, 2020, 2021)]),
    ],
)  # fmt: skip
def test_where_a_number_says_more_there_is_no_chart(
    case: str, observations: list[Observation], catalog: Catalog
) -> None:
    assert choose(catalog, observations) is None, case


def test_exactly_three_parts_are_enough(catalog: Catalog) -> None:
    assert choose_parts(catalog, parts()[:MIN_PARTS]) == list(KINDS[:MIN_PARTS])


def test_a_part_that_two_documents_state_is_one_bar(catalog: Catalog) -> None:
    assert choose_parts(catalog, [*parts(), *parts(source="other")]) == list(KINDS)


def test_a_part_that_one_of_two_documents_misprints_is_not_missing(catalog: Catalog) -> None:
    for order in (1, -1):
        found = choose(catalog, [*parts(), part("fish", None, source="other")][::order])
        assert isinstance(found, Breakdown)
        assert (len(found.parts), found.missing) == (4, ())


def test_the_newest_breakdown_is_drawn(catalog: Catalog) -> None:
    older, newer = parts(period_text="2021"), parts(period_text="2022")
    found = choose(catalog, [*newer, *older])
    assert isinstance(found, Breakdown)
    assert [one.one for one in found.parts] == newer


def test_results_come_before_targets_however_far_these_lie_ahead(catalog: Catalog) -> None:
    targets = parts(period_text="2021/..", status="target")
    found = choose(catalog, [*targets, *parts(status="estimate")])
    assert isinstance(found, Breakdown)
    assert {one.one.status for one in found.parts} == {"estimate"}
    assert choose_parts(catalog, targets) == list(KINDS)


def test_of_two_statuses_of_one_period_the_surer_is_drawn(catalog: Catalog) -> None:
    found = choose(catalog, [*parts(status="estimate"), *parts(status="actual")])
    assert isinstance(found, Breakdown)
    assert {one.one.status for one in found.parts} == {"actual"}


def crossed(place: str) -> list[Observation]:
    return [
        observe(value, dataset="wide", dimensions=(("kind", kind), ("place", place)))
        for kind, value in zip(KINDS, VALUES, strict=True)
    ]


def test_where_one_of_two_dimensions_varies_its_parts_are_drawn(catalog: Catalog) -> None:
    assert choose_parts(catalog, crossed("pond"), "wide") == list(KINDS)


def test_of_several_breakdowns_the_one_of_the_headline_is_drawn(catalog: Catalog) -> None:
    found = choose(catalog, [*crossed("_T"), *crossed("sea"), *crossed("pond")], "wide")
    assert isinstance(found, Breakdown)
    assert {one.one.cell("place") for one in found.parts} == {"sea"}


def test_where_every_dimension_varies_there_is_no_breakdown(catalog: Catalog) -> None:
    pairs = [("fish", "sea"), ("shrimp", "pond"), ("squid", "_T")]
    rows = [observe(str(n), dimensions=(("kind", kind), ("place", place))) for n, (kind, place) in enumerate(pairs)]
    assert choose(catalog, rows, "wide") is None


def test_a_pair_of_bounds_is_one_part(catalog: Catalog) -> None:
    plain = [observe(str(n), dimensions=(("kind", kind), ("bound", "_T"))) for n, kind in enumerate(KINDS[:2])]
    found = choose(catalog, [*plain, bound("crab", "lower", "60"), bound("crab", "upper", "80")])
    assert isinstance(found, Breakdown)
    assert [(one.low, one.high) for one in found.parts] == [(0, 0), (1, 1), (60, 80)]
    assert choose(catalog, [bound("crab", "lower", "60"), bound("crab", "upper", "80")]) is None


def test_areas_inside_the_province_are_parts(catalog: Catalog) -> None:
    areas = {code: {"code": code, "name": name, "parent": "KG"} for code, name in (("PQ", "Phú Quốc"), ("RG", "Rạch Giá"),
                                                                                    ("HT", "Hà Tiên"))}  # fmt: skip
    wider = replace(catalog, records={**catalog.records, "areas": {"KG": {"code": "KG", "parent": ""}, **areas}})
    rows = [{"area": area, "value": str(n + 1)} for n, area in enumerate(("KG", "PQ", "RG", "HT"))]
    chart = must_draw(wider, rows)
    assert chart.title == "Sản lượng, 2023 (tấn)"
    assert chart.alternative == (
        f"Sản lượng, 2023: 3 phần; lớn nhất là Hà Tiên (4{NB}tấn), nhỏ nhất là Phú Quốc (2{NB}tấn)."
    )


@pytest.mark.parametrize(
    ("case", "observations", "drawn"),
    [
        ("three years", years("1", "3", "2"), ["2019", "2020", "2021"]),
        ("any order", years("1", "3", "2")[::-1], ["2019", "2020", "2021"]),
        ("a series before a breakdown", [*years("1", "3", "2"), *parts()], ["2019", "2020", "2021"]),
        ("a misprint between", years("1", None, "2", "3"), ["2019", "2021", "2022"]),
        ("the surer of two statuses", [*years("1", "3", "2"), *years("8", "9", status="estimate")],
         ["2019", "2020", "2021"]),
        ("years, not the month beside them", [*years("1", "3", "2"), part("_T", "1", period_text="2022-01")],
         ["2019", "2020", "2021"]),
        ("half-years", [part("_T", str(n), period_text=text) for n, text in
                        enumerate(("2020-01/2020-06", "2020-07/2020-12", "2021-01/2021-06"))],
         ["2020-01/2020-06", "2020-07/2020-12", "2021-01/2021-06"]),
        ("targets beside a line", [*years("1", "3", "2"), part("_T", "9", period_text="2025", status="target")],
         ["2019", "2020", "2021", "2025*"]),
        ("two results and a target", [*years("1", "3"), part("_T", "9", period_text="2025", status="target")],
         ["2019", "2020", "2025*"]),
        ("a target that two documents state", [*years("1", "3"), *(part("_T", "9", period_text="2025", status="target",
                                               source=source) for source in ("a", "b"))], ["2019", "2020", "2025*"]),
    ],
)  # fmt: skip
def test_figures_of_several_periods_are_a_series(
    case: str, observations: list[Observation], drawn: list[str], catalog: Catalog
) -> None:
    assert choose_results(catalog, observations) == drawn, case


def test_a_breakdown_comes_before_two_results_and_a_target(catalog: Catalog) -> None:
    marks = [*years("1", "3"), part("_T", "9", period_text="2025", status="target")]
    assert choose_parts(catalog, [*marks, *parts()]) == list(KINDS)


def test_bounds_are_no_points_of_a_line(catalog: Catalog) -> None:
    assert choose(catalog, [*years("1", "2"), part("_T", "3", period_text="2021", qualifier="over")]) is None


def test_of_the_series_of_several_parts_none_stands_for_the_others(catalog: Catalog) -> None:
    rows = [
        part(kind, str(n + year), period_text=str(year))
        for n, kind in enumerate(KINDS[:2])
        for year in range(2019, 2023)
    ]
    assert choose(catalog, rows) is None
    assert choose_results(catalog, rows[:4]) == ["2019", "2020", "2021", "2022"]


def rank(kind: str, value: str, **changes: Any) -> Observation:
    return part(kind, value, measure="position", unit="rank", **changes)


def places(count: str, kind: str = "_T", **changes: Any) -> Observation:
    return part(kind, count, measure="provinces_ranked", unit="count", **changes)


@pytest.mark.parametrize(
    ("case", "beside", "expected"),
    [
        ("of the total", [places("63")], 63),
        ("of another year", [places("64", period_text="2022")], None),
        ("of the parts themselves", [places("64"), *(places("63", kind) for kind in KINDS)], 63),
        ("unreadable", [part("_T", None, measure="provinces_ranked", unit="count")], None),
        ("not stated", [], None),
    ],
)
def test_ranks_are_drawn_among_as_many_places_as_there_are(
    case: str, beside: list[Observation], expected: int | None, catalog: Catalog
) -> None:
    found = choose(catalog, [rank(kind, str(n + 1)) for n, kind in enumerate(KINDS)] + beside, "ranks")
    assert isinstance(found, Breakdown)
    assert found.places == expected, case


def test_ranks_in_rankings_of_different_length_do_not_share_an_axis(catalog: Catalog) -> None:
    ranks = [rank(kind, str(n + 1)) for n, kind in enumerate(KINDS)]
    assert choose(catalog, [*ranks, places("63"), places("13", "fish")], "ranks") is None


def test_there_is_no_rank_before_the_first(catalog: Catalog) -> None:
    assert choose(catalog, [rank(kind, str(n)) for n, kind in enumerate(KINDS)], "ranks") is None


def test_a_dataset_without_parts_has_no_chart(catalog: Catalog) -> None:
    assert draw_chart(catalog.packages["flat"], catalog, "vi") is None
    assert draw_chart(catalog.packages["units"], catalog, "vi") is None


# --- what is said -----------------------------------------------------------------------------------------------

SCORES = [{"kind": "fish", "value": "16"}, {"kind": "shrimp", "value": "16"}, {"kind": "squid", "value": "27"}]
DTI = [
    {"value": "24", "period": "2021", "status": "derived"}, {"value": "32", "period": "2022"},
    {"value": "20", "period": "2023", "status": "target", "qualifier": "at_most"},
    {"value": "10", "period": "2022/..", "status": "target", "qualifier": "at_most"},
]  # fmt: skip
SENTENCES: list[tuple[str, list[dict[str, str]], str, str, str]] = [
    (
        "bars", BREAKDOWN, "catch",
        f"Sản lượng, 2023: 4 phần; lớn nhất là Cá (1.500,5{NB}tấn), nhỏ nhất là Mực (90{NB}tấn).",
        f"Catch, 2023: 4 parts; the largest is Fish (1,500.5{NB}tonnes), the smallest Squid (90{NB}tonnes).",
    ),
    (
        "estimates", [row | {"status": "estimate"} for row in BREAKDOWN], "catch",
        f"Sản lượng (ước tính), 2023: 4 phần; lớn nhất là Cá (1.500,5{NB}tấn), nhỏ nhất là Mực (90{NB}tấn).",
        f"Catch (estimate), 2023: 4 parts; the largest is Fish (1,500.5{NB}tonnes), the smallest Squid (90{NB}tonnes).",
    ),
    (
        "ties", [{"kind": kind, "value": value} for kind, value in zip(KINDS, "9559", strict=True)], "catch",
        f"Sản lượng, 2023: 4 phần; lớn nhất là Cá, Cua (9{NB}tấn), nhỏ nhất là Tôm, Mực (5{NB}tấn).",
        f"Catch, 2023: 4 parts; the largest is Fish, Crab (9{NB}tonnes), the smallest Shrimp, Squid (5{NB}tonnes).",
    ),
    (
        "a bound that is the largest all the same",
        [{"kind": "fish", "value": "100", "qualifier": "over"}, *BREAKDOWN[2:3], {"kind": "crab", "value": "9"}], "catch",
        f"Sản lượng, 2023: 3 phần; lớn nhất là Cá (trên 100{NB}tấn), nhỏ nhất là Cua (9{NB}tấn).",
        f"Catch, 2023: 3 parts; the largest is Fish (over 100{NB}tonnes), the smallest Crab (9{NB}tonnes).",
    ),
    (
        "a bound that may be the largest",
        [{"kind": "fish", "value": "50", "qualifier": "over"}, *BREAKDOWN[2:3], {"kind": "crab", "value": "9"}], "catch",
        (f"Sản lượng, 2023: 3 phần; số lớn nhất được nêu là 90{NB}tấn (Mực), số nhỏ nhất là 9{NB}tấn (Cua), "
        "nhưng có số chỉ là giới hạn."),
        (f"Catch, 2023: 3 parts; the largest figure stated is 90{NB}tonnes (Squid), the smallest 9{NB}tonnes (Crab), "
        "but some are only bounds."),
    ),
    (
        "ranks", [*(row | RANKS for row in SCORES), {"measure": "provinces_ranked", "value": "63", "unit": "count"}],
        "position",
        "Thứ hạng, 2023: 3 thứ hạng trong 63 tỉnh, thành phố; tốt nhất là hạng 16 (Cá, Tôm), thấp nhất là hạng 27 (Mực).",
        "Rank, 2023: 3 ranks among 63 provinces and cities; the best is rank 16 (Fish, Shrimp), the worst rank 27 (Squid).",
    ),
    (
        "bounds of ranks", [*(row | RANKS for row in SCORES[1:]), {"kind": "fish", "value": "20", **RANKS, "qualifier": "at_most"}],
        "position",
        "Thứ hạng, 2023: 3 thứ hạng, từ hạng 16 (Tôm) đến hạng 27 (Mực); có thứ hạng chỉ là giới hạn.",
        "Rank, 2023: 3 ranks, from rank 16 (Shrimp) to rank 27 (Squid); some are only bounds.",
    ),
    (
        "a rise", [{"period": str(2019 + n), "value": value} for n, value in enumerate(("10", "12", "15"))], "catch",
        f"Sản lượng, 2019 – 2021: tăng từ 10{NB}tấn (2019) lên 15{NB}tấn (2021).",
        f"Catch, 2019 – 2021: up from 10{NB}tonnes (2019) to 15{NB}tonnes (2021).",
    ),
    (
        "a fall over a peak and a low, the last an estimate",
        [{"period": str(2019 + n), "value": value, "status": "estimate" if n == 3 else "actual"}
         for n, value in enumerate(("10", "12", "1", "5"))], "catch",
        (f"Sản lượng, 2019 – 2022: giảm từ 10{NB}tấn (2019) xuống 5{NB}tấn (2022, ước tính); "
        f"cao nhất là 12{NB}tấn (2020); thấp nhất là 1{NB}tấn (2021)."),
        (f"Catch, 2019 – 2022: down from 10{NB}tonnes (2019) to 5{NB}tonnes (2022, estimate); "
        f"highest 12{NB}tonnes (2020); lowest 1{NB}tonnes (2021)."),
    ),
    (
        "the same at both ends", [{"period": f"2023-0{n}", "value": value} for n, value in enumerate("575", 1)], "catch",
        (f"Sản lượng, tháng 1/2023 – tháng 3/2023: đầu và cuối đều là 5{NB}tấn (tháng 1/2023 và tháng 3/2023); "
        f"cao nhất là 7{NB}tấn (tháng 2/2023)."),
        (f"Catch, January 2023 – March 2023: 5{NB}tonnes at both ends (January 2023 and March 2023); "
        f"highest 7{NB}tonnes (February 2023)."),
    ),
    (
        "about", [{"period": str(2019 + n), "value": str(n + 1), "qualifier": "about"} for n in range(3)], "catch",
        f"Sản lượng, 2019 – 2021: từ khoảng 1{NB}tấn (2019) đến khoảng 3{NB}tấn (2021).",
        f"Catch, 2019 – 2021: from about 1{NB}tonnes (2019) to about 3{NB}tonnes (2021).",
    ),
    (
        "two ranks and targets", [row | RANKS for row in DTI], "position",
        ("Thứ hạng, 2021 – 2023: tụt hạng, từ hạng 24 (2021, tính ra) xuống hạng 32 (2022); "
        "mục tiêu (2023): trong 20 hạng đầu, chưa có kết quả cho thời hạn 2023; kết quả 2022 chưa ở mức mục tiêu; "
        "mục tiêu (không nêu thời hạn): trong 10 hạng đầu, chưa đạt, tính đến 2022."),
        ("Rank, 2021 – 2023: worse, from rank 24 (2021, derived) to rank 32 (2022); "
        "target (2023): among the top 20, no result yet for the deadline 2023; the result of 2022 is short of it; "
        "target (no deadline stated): among the top 10, not met, as of 2022."),
    ),
    (
        "a better rank", [{"period": str(2019 + n), "value": value, **RANKS} for n, value in enumerate(("9", "12", "4", "8"))],
        "position",
        ("Thứ hạng, 2019 – 2022: lên hạng, từ hạng 9 (2019) lên hạng 8 (2022); thấp nhất là hạng 12 (2020); "
        "tốt nhất là hạng 4 (2021)."),
        "Rank, 2019 – 2022: better, from rank 9 (2019) to rank 8 (2022); worst rank 12 (2020); best rank 4 (2021).",
    ),
    (
        "a target that is met",
        [{"period": str(2019 + n), "value": value} for n, value in enumerate(("10", "12", "15"))]
        + [{"period": "2025", "value": "14", "status": "target", "qualifier": "at_least"}], "catch",
        f"Sản lượng, 2019 – 2025: tăng từ 10{NB}tấn (2019) lên 15{NB}tấn (2021); mục tiêu (2025): ít nhất 14{NB}tấn, chưa có kết quả cho thời hạn 2025; kết quả 2021 đã ở mức mục tiêu.",
        f"Catch, 2019 – 2025: up from 10{NB}tonnes (2019) to 15{NB}tonnes (2021); target (2025): at least 14{NB}tonnes, no result yet for the deadline 2025; the result of 2021 is at the target.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "measure", "vi", "en"), [one[1:] for one in SENTENCES], ids=[one[0] for one in SENTENCES]
)
def test_the_alternative_text_says_what_the_picture_shows(
    rows: list[dict[str, str]], measure: str, vi: str, en: str, catalog: Catalog
) -> None:
    assert must_draw(catalog, rows, "vi", measure=measure).alternative == vi
    assert must_draw(catalog, rows, "en", measure=measure).alternative == en


def test_more_than_three_that_share_a_place_are_counted(catalog: Catalog) -> None:
    rows, names = name_kinds("1", "1", "1", "1", "1", "2"), [f"Loại {n}" for n in range(6)]
    assert must_draw(catalog, rows, names=names).alternative == (
        f"Sản lượng, 2023: 6 phần; lớn nhất là Loại 5 (2{NB}tấn), "
        f"nhỏ nhất là Loại 0, Loại 1, Loại 2, và 2 phần khác (1{NB}tấn)."
    )


def test_a_range_is_told_with_both_ends(catalog: Catalog) -> None:
    ends = [{"kind": "crab", "bound": end, "value": value, "qualifier": qualifier, "unit": "percent"}
            for end, value, qualifier in (("lower", "60", "at_least"), ("upper", "80", "at_most"))]  # fmt: skip
    plain = [{"kind": kind, "value": value, "unit": "percent"} for kind, value in (("fish", "5"), ("shrimp", "7"))]
    chart = must_draw(catalog, [*plain, *ends])
    assert chart.alternative == "Sản lượng, 2023: 3 phần; lớn nhất là Cua (từ 60% đến 80%), nhỏ nhất là Cá (5%)."
    assert chart.notes == ("Thanh nhạt giữa hai mức: tài liệu chỉ nêu một khoảng, số thật nằm trong đó.",)
    crab = next(one for one in chart.specification["data"]["values"] if one["name"] == "Cua")
    assert (crab["from"], crab["to"], crab["value"], crab["label"], crab["drawn"]) == (
        60,
        80,
        None,
        "60% – 80%",
        "light",
    )


def test_the_title_names_unit_and_area_and_what_the_parts_share(catalog: Catalog) -> None:
    assert must_draw(catalog, [row | {"area": "PQ"} for row in BREAKDOWN]).title == "Sản lượng – Phú Quốc, 2023 (tấn)"
    assert must_draw(catalog, [row | {"unit": "percent"} for row in BREAKDOWN]).title == "Sản lượng, 2023"
    rows = [row | {"place": "sea"} for row in BREAKDOWN]
    chart = must_draw(catalog, rows)
    assert chart.title == "Sản lượng – Biển, 2023 (tấn)"


@pytest.mark.parametrize(
    ("case", "rows", "measure", "notes"),
    [
        ("plain", BREAKDOWN, "catch", ()),
        (
            "bounds", [row | {"qualifier": one} for row, one in zip(BREAKDOWN, ("over", "at_least", "under", "about"), strict=True)],
            "catch",
            ("Thanh nhạt, viền đứt: tài liệu chỉ nêu mức dưới («trên», «ít nhất»), số thật có thể lớn hơn.",
             "Thanh nhạt, viền đứt: tài liệu chỉ nêu mức trên («gần»), số thật có thể nhỏ hơn."),
        ),
        (
            "a misprint", [*BREAKDOWN[:3], {"kind": "crab", "value": ""}, {"kind": "sea", "value": ""}], "catch",
            ("Không vẽ vì trong tài liệu không đọc được: Cua; Biển.",),
        ),
        (
            "many misprints", [{"period": str(2000 + n), "value": "" if n < 8 else str(n)} for n in range(11)], "catch",
            ("Trục đứng không bắt đầu từ số không.",
             "Không vẽ vì trong tài liệu không đọc được: 2000; 2001; 2002; 2003; 2004; 2005; và 2 mục khác.",),
        ),
        ("ranks", [row | RANKS for row in SCORES], "position", ("Càng sang phải càng tốt.",)),
        (
            "a bound of a rank", [*(row | RANKS for row in SCORES[1:]), SCORES[0] | RANKS | {"qualifier": "at_most"}], "position",
            ("Càng sang phải càng tốt.", "Thanh nhạt, viền đứt: tài liệu chỉ nêu giới hạn của thứ hạng."),
        ),
        (
            "statuses over time", [*(row | RANKS for row in DTI), {"period": "2022", "measure": "provinces_ranked", "value": "63"}],
            "position",
            ("Xếp hạng trong 63 tỉnh, thành phố. Càng lên cao càng tốt.", "Điểm rỗng: số do cổng tính ra.",
             "Vạch ngang: mục tiêu, không phải kết quả."),
        ),
        (
            "an estimate and a bound over time",
            [{"period": str(2019 + n), "value": str(n), "status": "estimate" if n == 3 else "actual",
              "qualifier": "over" if n == 1 else "exact"} for n in range(4)], "catch",
            ("Điểm nửa đặc: số ước tính.", "Tam giác: tài liệu chỉ nêu giới hạn («trên»)."),
        ),
    ],
)  # fmt: skip
def test_notes_explain_what_the_drawing_does_not_say_itself(
    case: str, rows: list[dict[str, str]], measure: str, notes: tuple[str, ...], catalog: Catalog
) -> None:
    assert must_draw(catalog, rows, measure=measure).notes == notes, case


# --- what is drawn ----------------------------------------------------------------------------------------------


def test_the_specification_is_json_with_every_value(catalog: Catalog) -> None:
    chart = draw_chart(catalog.packages["fish"], catalog, "vi")
    assert chart
    specification = json.loads(json.dumps(chart.specification, allow_nan=False))
    assert specification["$schema"] == "https://vega.github.io/schema/vega-lite/v5.json"
    assert specification["description"] == chart.alternative
    values = specification["data"]["values"]
    assert [(one["name"], one["value"], one["label"]) for one in values] == [
        ("Cá", 1500.5, "1.500,5"), ("Tôm", 800, "800"), ("Mực", 90, "90"), ("Cua", 1000, "1.000"),
    ]  # fmt: skip
    assert {one["from"] for one in values} == {0}, "bars start at zero"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_picture_writes_every_name_and_value(language: Language, catalog: Catalog) -> None:
    chart = draw_chart(catalog.packages["fish"], catalog, language)
    assert chart
    for svg in (chart.svg, chart.inline_svg):
        texts = read_texts(svg)
        for value in chart.specification["data"]["values"]:
            assert value["name"] in texts
            assert value["label"] in texts


def test_only_the_file_writes_title_unit_and_source(catalog: Catalog) -> None:
    chart = must_draw(catalog, BREAKDOWN)
    own = [text for text in read_texts(chart.svg) if text not in read_texts(chart.inline_svg)]
    assert own == ["Nguồn: Báo cáo nghề cá. Dữ liệu mở Kiên Giang.", "Gói drawn", "Sản lượng, 2023 (tấn)"]
    root = ET.fromstring(chart.svg)  # noqa: S314 - drawn just here
    assert [(one.tag.rpartition("}")[2], one.text) for one in root[:2]] == [
        ("title", "Sản lượng, 2023 (tấn)"), ("desc", chart.alternative),
    ]  # fmt: skip


def measure_bars(specification: Mapping[str, Any]) -> list[tuple[float, float]]:
    """Return where the bar or its arrow ends and where its label ends, in pixels, for each row."""
    low, high = specification["layer"][0]["encoding"]["x"]["scale"]["domain"]
    found = []
    for value in specification["data"]["values"]:
        tip = (value["tip"] - low) / (high - low) * WIDTH
        width = GAP + measure_label(value["label"])
        found.append((tip, tip - width if value["side"] == "left" else tip + width))
    return found


SIZES = st.floats(-1e9, 1e9).map(lambda value: round(value, 3))
ROWS = st.builds(
    Row,
    st.just("Tên"),
    st.integers(1, 15).map("8".__mul__),
    SIZES,
    st.just(0.0),
    st.sampled_from(("none", "above", "below")),
).map(lambda row: Row(row.name, row.label, row.low, row.low, row.bound))


@given(st.lists(ROWS, min_size=3, max_size=MAX_PARTS))
def test_no_label_is_cut_off_at_either_edge(rows: list[Row]) -> None:
    specification = specify_bars(rows)
    if specification is None:
        return
    for tip, end in measure_bars(specification):
        assert -0.01 <= tip <= WIDTH + 0.01
        assert -0.01 <= end <= WIDTH + 0.01


def test_bars_are_as_long_as_labels_allow() -> None:
    rows = [Row("a", "10", 10, 10), Row("b", "5", 5, 5), Row("c", "1.000.000", 1, 1)]
    specification = specify_bars(rows)
    assert specification
    (longest, end), (half, _), _ = measure_bars(specification)
    assert end == pytest.approx(WIDTH)
    assert half == pytest.approx(longest / 2)


def test_labels_without_room_for_bars_leave_the_numbers_to_the_table() -> None:
    wide = "8" * 30
    assert specify_bars([Row("a", wide, 3, 3), Row("b", "2", 2, 2), Row("c", "1", 1, 1)]) is None
    assert specify_bars([Row(name, "0", 0, 0) for name in "abc"]) is None


def test_bars_below_zero_go_the_other_way() -> None:
    specification = specify_bars([Row("a", "−10", -10, -10), Row("b", "5", 5, 5), Row("c", "0", 0, 0)])
    assert specification
    loss, gain, nothing = specification["data"]["values"]
    assert [(one["from"], one["to"], one["side"]) for one in (loss, gain, nothing)] == [
        (-10, 0, "left"), (0, 5, "right"), (0, 0, "right"),
    ]  # fmt: skip


def test_bounds_are_light_and_open_only_where_the_figure_may_go_on() -> None:
    rows = [
        Row("over", "trên 100", 100, 100, "above"), Row("under", "gần 80", 80, 80, "below"), Row("exact", "50", 50, 50),
        Row("loss", "dưới −9", -9, -9, "below"),
    ]  # fmt: skip
    specification = specify_bars(rows)
    assert specification
    over, under, exact, loss = specification["data"]["values"]
    assert [one["drawn"] for one in (over, under, exact, loss)] == ["light", "light", "solid", "light"]
    assert over["tip"] > 100
    assert (under["tip"], exact["tip"]) == (80, 50)
    assert loss["tip"] < -9
    marks = [(layer["mark"]["type"], layer["mark"].get("shape")) for layer in specification["layer"]]
    assert marks.count(("point", "triangle-right")) == marks.count(("point", "triangle-left")) == 1
    plain = specify_bars([rows[1], rows[2], Row("c", "1", 1, 1)])
    assert plain
    assert all(layer["mark"]["type"] != "point" for layer in plain["layer"])


def test_ranks_are_points_on_an_axis_whose_right_end_is_the_first_place() -> None:
    rows = [Row("a", "hạng 1", 1, 1), Row("b", "hạng 16", 16, 16), Row("c", "hạng 63", 63, 63),
            Row("d", "trong 10 hạng đầu", 10, 10, "below"), Row("e", "trên hạng 40", 40, 40, "above")]  # fmt: skip
    specification = specify_ranks(rows, 63, ("hạng 63", "hạng 1, tốt nhất"))
    values = specification["data"]["values"]
    assert [(one["worst"], one["best"]) for one in values] == [(1, 1), (16, 16), (63, 63), (10, 1), (63, 40)]
    assert [one["side"] for one in values] == ["left", "left", "right", "left", "right"]
    left, right = specification["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert left > 63
    assert right < 1
    types = [layer["mark"]["type"] for layer in specification["layer"]]
    assert "bar" not in types
    assert types.count("point") == 1


def test_a_drawn_rank_stands_where_it_should(catalog: Catalog) -> None:
    chart = must_draw(catalog, [row | RANKS for row in SCORES] + [
        {"measure": "provinces_ranked", "value": "63", "unit": "count"}], measure="position")  # fmt: skip
    assert [text for text in read_texts(chart.inline_svg) if text.startswith("hạng")] == [
        "hạng 27", "hạng 16", "hạng 16", "hạng 63", "hạng 1, tốt nhất",
    ]  # fmt: skip
    paths = re.findall(r'<path transform="translate\(([0-9.]+),[0-9.]+\)"', chart.inline_svg)
    first, second, third = sorted(map(float, paths))
    assert second == third == pytest.approx(8 + (63 - 16) * 284 / 62, abs=0.01), "the two ranks 16, further right"
    assert first == pytest.approx(8 + (63 - 27) * 284 / 62, abs=0.01)


def layers_of(chart: Chart, kind: str) -> list[dict[str, Any]]:
    return [layer for layer in chart.specification["layer"] if layer["mark"]["type"] == kind]


def test_three_periods_are_joined_and_a_misprint_parts_the_line(catalog: Catalog) -> None:
    rows = [{"period": str(2019 + n), "value": value} for n, value in enumerate(("10", "", "12", "15"))]
    chart = must_draw(catalog, rows)
    assert len(layers_of(chart, "line")) == 1
    assert [(one["period"], one["segment"]) for one in chart.specification["data"]["values"]] == [
        ("2019", 0), ("2021", 1), ("2022", 1),
    ]  # fmt: skip


def test_statuses_are_told_apart_and_targets_never_joined(catalog: Catalog) -> None:
    chart = must_draw(catalog, [row | RANKS for row in DTI], measure="position")
    assert layers_of(chart, "line") == []
    drawn = {one["period"]: one["drawn"] for one in chart.specification["data"]["values"]}
    assert drawn == {"2021": "derived", "2022": "actual", "2023": "target", "không nêu thời hạn": "target"}
    marks = {layer["transform"][0]["filter"]["equal"]: layer["mark"] for layer in layers_of(chart, "point")}
    assert marks["actual"]["color"] == marks["derived"]["stroke"] != marks["derived"]["color"], "a hollow point"
    assert marks["target"]["shape"] == "stroke"
    line = must_draw(catalog, [{"period": "2021", "value": "1"}, {"period": "2022", "value": "2"}, {"period": "2023", "value": "3"},
                                {"period": "2025", "value": "9", "status": "target"}])  # fmt: skip
    (joined,) = layers_of(line, "line")
    assert joined["transform"] == [{"filter": {"field": "drawn", "oneOf": ["actual", "estimate", "derived"]}}]


def test_the_first_rank_is_at_the_top_of_a_series(catalog: Catalog) -> None:
    chart = must_draw(catalog, [row | RANKS for row in DTI], measure="position")
    (low, high) = layers_of(chart, "point")[0]["encoding"]["y"]["scale"]["domain"]
    assert low > 32
    assert high < 10
    assert {"hạng 1", "hạng 32", "trong 10 hạng đầu", "trong 20 hạng đầu", "2023"} <= set(read_texts(chart.inline_svg))


def test_an_estimate_is_a_half_filled_point(catalog: Catalog) -> None:
    rows = [{"period": str(2019 + n), "value": str(n), "status": "estimate" if n == 2 else "actual"} for n in range(3)]
    layers = layers_of(must_draw(catalog, rows), "point")
    shapes = [layer["mark"].get("shape") for layer in layers if layer["transform"][0]["filter"]["equal"] == "estimate"]
    assert shapes == [None, "M0,-1A1,1,0,0,0,0,1Z"]


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        (("3", "10"), ["0", "5", "10"]),
        (("1000", "1050"), ["1000", "1020", "1040", "1060"]),
        (("-10", "14"), ["-10", "0", "10", "20"]),
        (("-10", "-1"), ["-10", "-5", "0"]),
        (("0.001", "0.0031"), ["0.000", "0.002", "0.004"]),
        (("1e20", "9e20"), ["0E+20", "5E+20", "1.0E+21"]),
    ],
)
def test_an_axis_has_round_values_and_starts_at_zero_where_that_hides_nothing(
    values: tuple[str, str], ticks: list[str]
) -> None:
    assert choose_ticks([Decimal(value) for value in values]) == [Decimal(tick) for tick in ticks]


def make_points(values: Sequence[float], label: str = "{:g}") -> list[Point]:
    return [Point(2000.5 + n, str(2000 + n), value, label.format(value)) for n, value in enumerate(values)]


def read_boxes(specification: Mapping[str, Any]) -> list[tuple[float, float, float, float]]:
    """Return the room that the labels of points take: left, top, right, bottom."""
    boxes = []
    for layer in specification["layer"]:
        if layer["mark"].get("fontWeight") == 600:
            for one in layer["data"]["values"]:
                half = measure_label(one["lines"][0]) / 2
                boxes.append((one["x"] - half, one["y"], one["x"] + half, one["y"] + 18))
    return boxes


@given(st.lists(st.floats(0, 100), min_size=3, max_size=40), st.sampled_from(("{:.0f}", "{:.6f}")))
def test_labels_over_time_stay_inside_and_apart(values: list[float], label: str) -> None:
    specification = specify_timeline(make_points(values, label), Axis(0, 100, ((0, ""),)), joined=True)
    boxes = read_boxes(specification)
    assert boxes or len(values) > 6
    for n, one in enumerate(boxes):
        assert one[0] >= -0.01
        assert one[1] >= 0
        assert one[2] <= WIDTH + 0.01
        assert one[3] <= specification["height"]
        assert not any(
            one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3] for two in boxes[n + 1 :]
        )


def test_a_long_line_keeps_its_ends_and_extremes() -> None:
    values = [float(n % 7) for n in range(10_000)]
    values[5_000], values[6_000] = 99, -99
    thinned = thin_points(make_points(values))
    assert len(thinned) <= MAX_POINTS + 2
    assert (thinned[0].when, thinned[-1].when) == (2000.5, 11999.5)
    assert {99, -99} <= {one.value for one in thinned}
    assert thin_points(make_points(values[:MAX_POINTS])) == make_points(values[:MAX_POINTS])


# --- what a page can bear ---------------------------------------------------------------------------------------


def find_dangers(svg: str) -> list[str]:
    """Return what in an SVG could run, be fetched from elsewhere, clash with its page, or be forbidden there."""
    found = []
    for element in ET.fromstring(svg).iter():  # noqa: S314 - drawn just here
        tag = element.tag.rpartition("}")[2]
        if tag in {"script", "foreignObject", "image", "use", "style", "a", "iframe"}:
            found.append(tag)
        found += [
            name
            for name, value in element.attrib.items()
            if name.rpartition("}")[2].startswith("on")
            or "href" in name
            or name in {"style", "id", "class"}
            or re.search(r"https?:|javascript:|url\(", value)
        ]
    return found


def test_dangers_are_recognised() -> None:
    svg = '<svg><script/><a href="x"/><rect onclick="x" style="x" id="x"/><rect fill="url(https://x.example/)"/></svg>'
    assert find_dangers(svg) == ["script", "a", "href", "onclick", "style", "id", "fill"]


@pytest.mark.parametrize(("case", "rows", "measure"), [one[:3] for one in SENTENCES], ids=[one[0] for one in SENTENCES])
def test_the_picture_holds_no_script_no_style_and_no_link(
    case: str, rows: list[dict[str, str]], measure: str, catalog: Catalog
) -> None:
    chart = must_draw(catalog, rows, measure=measure)
    assert find_dangers(chart.svg) == find_dangers(chart.inline_svg) == [], case
    sizes = [float(size) for size in re.findall(r'font-size="([0-9.]+)px"', chart.inline_svg)]
    assert min(sizes) >= 13


@pytest.fixture(scope="module")
def vega_lite() -> Validator:
    """Return the official schema of the version that charts are rendered with."""
    folder = REPOSITORY / "node_modules/vega-lite"
    assert json.loads((folder / "package.json").read_text("utf-8"))["version"].startswith(f"{VERSION}.")
    schema = json.loads((folder / "build/vega-lite-schema.json").read_text("utf-8"))
    return Draft7Validator(schema)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("rows", "measure"), [one[1:3] for one in SENTENCES], ids=[one[0] for one in SENTENCES])
def test_the_specification_is_valid_vega_lite(
    rows: list[dict[str, str]], measure: str, language: Language, catalog: Catalog, vega_lite: Validator
) -> None:
    specification = must_draw(catalog, rows, measure=measure, language=language).specification
    assert list(vega_lite.iter_errors(specification)) == []
    broken = {**specification, "layer": [{"mark": {"type": "pie chart"}}]}
    assert not vega_lite.is_valid(broken), "the schema accepts anything"


@pytest.mark.parametrize(("case", "rows", "measure"), [one[:3] for one in SENTENCES], ids=[one[0] for one in SENTENCES])
def test_every_mark_says_its_figure_once(case: str, rows: list[dict[str, str]], measure: str, catalog: Catalog) -> None:
    chart = must_draw(catalog, rows, measure=measure)
    root = ET.fromstring(chart.inline_svg)  # noqa: S314 - drawn just here
    said = [one.attrib["data-said"] for one in root.iter() if "data-said" in one.attrib]
    assert sorted(said) == sorted(one["said"] for one in chart.specification["data"]["values"]), case
    assert "data-said" not in chart.svg


def test_a_mark_says_name_or_period_figure_unit_and_status(catalog: Catalog) -> None:
    bars = must_draw(catalog, BREAKDOWN).specification["data"]["values"]
    assert bars[0]["said"] == f"Cá: 1.500,5{NB}tấn"
    points = must_draw(catalog, [row | RANKS for row in DTI], measure="position", language="en")
    assert [one["said"] for one in points.specification["data"]["values"]] == [
        "2021, derived: rank 24", "2022: rank 32", "2023, target: among the top 20",
        "no deadline stated, target: among the top 10",
    ]  # fmt: skip


def test_two_charts_on_one_page_share_no_id(catalog: Catalog) -> None:
    pictures = [draw_chart(catalog.packages["fish"], catalog, "vi"), must_draw(catalog, BREAKDOWN)]
    names = [one.alternative_id for one in pictures if one]
    assert names == ["chart-fish", "chart-drawn"]
    assert all(one and f'aria-labelledby="{one.alternative_id}"' in one.inline_svg for one in pictures)


def test_in_a_page_the_picture_scales_and_follows_colours_and_font(catalog: Catalog) -> None:
    chart = draw_chart(catalog.packages["fish"], catalog, "vi")
    assert chart
    head = ET.fromstring(chart.inline_svg).attrib  # noqa: S314 - drawn just here
    assert (head["role"], head["aria-labelledby"]) == ("img", "chart-fish")
    assert "viewBox" in head
    assert not {"width", "height"} & set(head)
    assert "var(--chart-bar)" in chart.inline_svg
    assert "font-family" not in chart.inline_svg
    assert re.findall("#[0-9a-f]{6}", chart.inline_svg) == []
    assert "var(--" not in chart.svg, "a downloaded file has no page to take colours from"


def test_the_same_numbers_give_the_same_bytes(catalog: Catalog) -> None:
    first = draw_chart(catalog.packages["fish"], catalog, "vi")
    must_draw(catalog, SENTENCES[-1][1])
    assert draw_chart(catalog.packages["fish"], catalog, "vi") == first


def test_another_process_gives_the_same_bytes(tmp_path: Path) -> None:
    write_references(tmp_path)
    write_indicator(tmp_path, "fish", [row | RANKS for row in DTI], headline={"measure": "position"})
    code = (
        "import sys; from pathlib import Path; from factory import make_tiny_catalog;"
        "from portal.charts.chart import draw_chart; catalog = make_tiny_catalog(Path(sys.argv[1]));"
        "sys.stdout.buffer.write(repr(draw_chart(catalog.packages['fish'], catalog, 'vi')).encode())"
    )
    paths = [str(REPOSITORY), str(REPOSITORY / "scripts"), str(REPOSITORY / "tests")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONHASHSEED": "1"}
    run = [sys.executable, "-c", code, str(tmp_path)]
    answer = subprocess.run(run, check=True, capture_output=True, env=environment).stdout
    catalog = make_tiny_catalog(tmp_path)
    assert answer == repr(draw_chart(catalog.packages["fish"], catalog, "vi")).encode()


# --- bad input --------------------------------------------------------------------------------------------------


def test_of_a_hundred_parts_the_largest_are_drawn(catalog: Catalog) -> None:
    names = [f"Loại {n}" for n in range(100)]
    chart = must_draw(catalog, name_kinds(*(str(n * 37 % 101) for n in range(100))), names=names)
    values = [one["value"] for one in chart.specification["data"]["values"]]
    assert values == [float(n) for n in range(100, 80, -1)]
    assert chart.notes == ("Hình vẽ 20 phần lớn nhất trong 100 phần; bảng có đủ.",)
    assert chart.alternative == (
        f"Sản lượng, 2023: 100 phần; lớn nhất là Loại 30 (100{NB}tấn), nhỏ nhất là Loại 0 (0{NB}tấn)."
    )


def test_of_a_hundred_ranks_the_best_are_drawn_among_all(catalog: Catalog) -> None:
    rows = name_kinds(*(str(n * 37 % 101) for n in range(1, 101)), **RANKS)
    chart = must_draw(catalog, rows, names=[f"Loại {n}" for n in range(100)], measure="position")
    assert [one["value"] for one in chart.specification["data"]["values"]] == [
        float(n) for n in range(1, MAX_PARTS + 1)
    ]
    assert chart.notes[1] == "Hình vẽ 20 thứ hạng tốt nhất trong 100 thứ hạng; bảng có đủ."
    assert "hạng 100" in read_texts(chart.inline_svg)


def test_a_long_name_takes_two_lines_and_stands_in_full_in_the_alternative(catalog: Catalog) -> None:
    two = "Trạm quan trắc nước nuôi trồng thủy sản và nước xả thải"
    cut = "Sản lượng khai thác và nuôi trồng thủy sản của toàn tỉnh tính theo từng vùng biển và từng loại phương tiện"
    chart = must_draw(catalog, name_kinds("1", "2", "3"), names=["Ngắn", cut, two])
    lines = {one["name"]: one["lines"] for one in chart.specification["data"]["values"]}
    assert lines == {
        "Ngắn": ["Ngắn"],
        two: ["Trạm quan trắc nước nuôi", "trồng thủy sản và nước xả thải"],
        cut: ["Sản lượng khai thác và nuôi trồng thủy", "sản của toàn tỉnh tính theo từng vùng…"],
    }
    assert all(measure_text(line) <= WIDTH for one in lines.values() for line in one)
    assert chart.alternative == (
        f"Sản lượng, 2023: 3 phần; lớn nhất là {two} (3{NB}tấn), nhỏ nhất là Ngắn (1{NB}tấn). Tên đầy đủ: {cut}."
    )


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "<b>&amp;</b> \"q\" 'a'", "]]><!--", 'fill="#0b6e78"', "{{ 7 * 7 }} {title}"]
)
def test_words_from_a_code_list_cannot_become_markup(name: str, catalog: Catalog) -> None:
    chart = must_draw(catalog, name_kinds("1", "2", "3"), names=["Một", name, "Ba"])
    for svg in (chart.svg, chart.inline_svg):
        assert find_dangers(svg) == []
        assert name in read_texts(svg)


def test_right_to_left_names_do_not_reorder_what_stands_around_them(catalog: Catalog) -> None:
    chart = must_draw(catalog, name_kinds("1", "2", "3"), names=["Một", "Hai", ARABIC])
    assert chart.alternative == (
        f"Sản lượng, 2023: 3 phần; lớn nhất là \u2068{ARABIC}\u2069 (3{NB}tấn), nhỏ nhất là Một (1{NB}tấn)."
    )
    assert f"\u2068{ARABIC}\u2069" in read_texts(chart.inline_svg)
    assert isolate_text("a\u202eb") == "\u2068a\u202eb\u2069"
    assert isolate_text("Cá") == "Cá"


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        (("123456789012345", "3", "0.000001"), True),
        (("0.0000001", "0.0000002", "0.0000003"), True),
        (("-12.5", "3", "0"), True),
        (("-1", "-2", "-3"), True),
        (("1" + "0" * 26, "3", "5"), False),
        (("0", "0", "0"), False),
    ],
)
def test_huge_and_tiny_and_negative_numbers(values: tuple[str, ...], drawn: bool, catalog: Catalog) -> None:
    chart = draw(catalog, name_kinds(*values), names=["Một", "Hai", "Ba"])
    assert bool(chart) == drawn
    if chart:
        assert [one["value"] for one in chart.specification["data"]["values"]] == [float(value) for value in values]
        assert max(measure_label(one["label"]) for one in chart.specification["data"]["values"]) <= MAX_LABEL


def test_a_thousand_months_are_a_line_without_dots(catalog: Catalog) -> None:
    rows = [{"period": f"{1900 + n // 12}-{n % 12 + 1:02}", "value": str(n % 100 + n)} for n in range(1000)]
    chart = must_draw(catalog, rows)
    assert len(layers_of(chart, "line")) == 1
    assert layers_of(chart, "point") == []
    assert len(chart.inline_svg) < 12_000
    assert {"tháng 1/1900", "tháng 4/1983"} <= set(read_texts(chart.inline_svg))


def test_a_target_for_every_year_leaves_only_the_ends_labelled(catalog: Catalog) -> None:
    targets = [{"period": str(2021 + n), "value": str(n + 5), "status": "target"} for n in range(20)]
    results = [{"period": "2019", "value": "1"}, {"period": "2020", "value": "2"}]
    chart = must_draw(catalog, [*results, *targets])
    (labels,) = [layer for layer in layers_of(chart, "text") if layer["mark"].get("fill") == "#b3541e"]
    assert [one["lines"] for one in labels["data"]["values"]] == [["24"], ["5"]]


def test_a_dataset_without_rows_has_no_chart(catalog: Catalog) -> None:
    assert draw(catalog, []) is None


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Ca\u0301", "Cá"), ("a\x00b\nc\td", "a b c d"), ("  hai   từ ", "hai từ"), (f"5{NB}tấn", f"5{NB}tấn"),
        ("\ud800x\uffff", "x"), ("", ""),
    ],
)  # fmt: skip
def test_texts_are_composed_and_free_of_what_a_picture_must_not_hold(text: str, cleaned: str) -> None:
    assert clean_text(text) == cleaned


@given(st.text(max_size=200), st.integers(40, 300), st.integers(1, 3))
def test_wrapped_text_fits_and_loses_nothing_unless_it_says_so(text: str, width: int, lines: int) -> None:
    text = clean_text(text)
    wrapped, cut = wrap_text(text, width, lines)
    assert 1 <= len(wrapped) <= lines
    assert all(measure_text(line) <= width or len(line) == 1 for line in wrapped)
    assert wrapped[-1].endswith("…") if cut else "".join("".join(wrapped).split()) == "".join(text.split())


def test_a_part_is_as_large_as_its_figure_or_its_range() -> None:
    assert (Part(observe("5")).low, Part(observe("5")).high) == (5, 5)
    assert (Part(observe("5"), observe("9")).low, Part(observe("5"), observe("9")).high) == (5, 9)


# --- in a release -----------------------------------------------------------------------------------------------


def test_the_release_offers_both_files_in_both_languages(published: Published) -> None:
    folder = published.site / "data" / "fish"
    for language in LANGUAGES:
        specification = json.loads((folder / f"fish.{language}.vl.json").read_text("utf-8"))
        assert [one["value"] for one in specification["data"]["values"]] == [1500.5, 800, 90]
        assert find_dangers((folder / f"fish.{language}.svg").read_text("utf-8")) == []
    assert not list((published.site / "data" / "market").glob("*.svg"))


@pytest.mark.parametrize(
    ("address", "title", "link"),
    [("/catalog/fish/", "Sản lượng, 2023 (tấn)", "#table"), ("/en/catalog/fish/", "Catch, 2023 (tonnes)", "#table")],
)
def test_the_page_shows_the_chart_with_its_words_and_a_way_to_the_table(
    address: str, title: str, link: str, published: Published
) -> None:
    content = published.parse(address)
    assert content.texts["figcaption"] == [title]
    language = "en" if address.startswith("/en/") else "vi"
    files = [f"/data/fish/fish.{language}.svg", f"/data/fish/fish.{language}.vl.json"]
    assert {link, *files} <= set(content.attributes("a", "href"))
    assert content.attributes("svg", "aria-labelledby") == ["chart-fish"]
    names = [one["id"] for _, one in content.elements if "id" in one]
    assert len(names) == len(set(names))


def test_the_embedded_chart_leads_to_the_table_and_the_specification_of_its_dataset(published: Published) -> None:
    content = published.parse("/embed/fish/")
    assert {"/data/fish/fish.vi.svg", "/data/fish/fish.vi.vl.json"} <= set(content.attributes("a", "href"))
    assert content.attributes("script", "src") == []
    assert content.texts["figcaption"] == ["Sản lượng, 2023 (tấn)"]
    assert [one for one in content.attributes("a", "href") if one.endswith("/catalog/fish/#table")]
    assert content.attributes("svg", "aria-labelledby") == ["chart-fish"]

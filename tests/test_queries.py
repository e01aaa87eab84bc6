"""Canned queries over the real catalogue: what they answer is what the packages' CSV files hold."""

from __future__ import annotations

import csv
import re
import sqlite3
import unicodedata
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from factory import REPOSITORY
from portal.api.api_metadata import JOINT, make_metadata
from portal.api.sql_functions import register
from portal.data.observation import read_observations
from portal.data.settings import read_settings
from portal.data.table import Table
from portal.figures.explanation import Results, judge_target
from portal.words.period import parse_period
from portal.words.wording import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from portal.data.observation import Observation
    from portal.data.package import Package

pytest_plugins = ("published",)

SETTINGS = read_settings(REPOSITORY / "metadata.yml")
QUERIES: dict[str, dict[str, Any]] = SETTINGS.datasette["queries"]
INDICATORS = REPOSITORY / "datapackages" / "indicators"
SEARCHES = Path(__file__).parent / "search_queries.csv"
FIRST = 3
# Nothing that grows with the figures may be read from end to end.
LARGE = re.compile(r"\bSCAN (?:o|observations|figures|t|f|b|r)\b")
Row = dict[str, Any]
Ask = Callable[..., list[Row]]


@pytest.fixture(scope="module")
def ask(real_database: Path) -> Iterator[Ask]:
    """Run a canned query; a parameter that is not given is empty, as Datasette has it."""
    with closing(sqlite3.connect(real_database)) as connection:
        register(connection)
        connection.row_factory = sqlite3.Row

        def run(name: str, **given: str) -> list[Row]:
            blank = dict.fromkeys(QUERIES[name]["parameters"], "")
            return [dict(row) for row in connection.execute(QUERIES[name]["sql"], {**blank, **given})]

        yield run


@pytest.fixture(scope="module")
def figures(real_packages: tuple[Package, ...]) -> list[Observation]:
    """Return every observation of the catalogue, read from the packages."""
    indicators = [package for package in real_packages if package.kind == "indicator"]
    return [one for package in indicators for one in read_observations(package, Table(package, package.main))]


def read_csv(dataset: str) -> list[dict[str, str]]:
    with (INDICATORS / dataset / "data.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def number(text: str) -> float | None:
    return float(text) if text else None


# --- every query --------------------------------------------------------------------------------------------------


def test_the_names_of_the_queries_are_stable() -> None:
    assert list(QUERIES) == [
        "latest_values", "targets_and_actuals", "figures_of_source", "search", "figures_of_theme", "compare_periods",
        "findings_of_dataset", "series",
    ]  # fmt: skip


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_says_in_both_languages_what_it_is(name: str, real_packages: tuple[Package, ...]) -> None:
    query = make_metadata(real_packages, SETTINGS, {})["databases"]["opendata"]["queries"][name]
    texts = [query["title"], query["description"], *(one["description"] for one in query["parameters"].values())]
    assert [text for text in texts if len(text.split(JOINT)) != 2] == []
    assert query["params"] == list(query["parameters"])
    assert set(re.findall(r":([a-z_]+)", query["sql"])) == set(query["params"])


@pytest.mark.parametrize("name", QUERIES)
def test_the_example_of_a_query_has_an_answer(name: str, ask: Ask) -> None:
    assert ask(name, **{key: words["example"] for key, words in QUERIES[name]["parameters"].items()})


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_without_parameters_is_no_error(name: str, ask: Ask) -> None:
    assert len(ask(name)) == len({tuple(row.values()) for row in ask(name)})


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_reads_indexes_only(name: str, real_database: Path) -> None:
    parameters = {key: words["example"] for key, words in QUERIES[name]["parameters"].items()}
    with closing(sqlite3.connect(real_database)) as connection:
        register(connection)
        plan = connection.execute(f"EXPLAIN QUERY PLAN {QUERIES[name]['sql']}", parameters).fetchall()
    assert [line for *_, line in plan if LARGE.search(line)] == []


@pytest.mark.parametrize("name", QUERIES)
def test_every_figure_leads_to_its_row_on_a_page(name: str, ask: Ask, figures: list[Observation]) -> None:
    anchors = {f"/catalog/{one.dataset}/#o-{one.id.rpartition('-')[2]}" for one in figures}
    rows = ask(name, **{key: words["example"] for key, words in QUERIES[name]["parameters"].items()})
    pages = {row["page"] for row in rows if row.get("kind") not in {"dataset", "finding"}}
    assert pages
    assert pages <= anchors


# --- what they answer ---------------------------------------------------------------------------------------------


def name_series(one: Observation) -> tuple[object, ...]:
    return one.dataset, one.area, one.dimensions, one.measure, one.transform


def test_the_latest_value_of_every_series_is_its_newest_figure(ask: Ask, figures: list[Observation]) -> None:
    newest: dict[tuple[object, ...], tuple[object, ...]] = {}
    for one in figures:
        if one.status != "target" and one.value is not None:
            end = one.period.end.isoformat() if one.period.end else "9999-12-31"
            newest[name_series(one)] = max(newest.get(name_series(one), ()), (end, one.period.start.isoformat()))
    answered = ask("latest_values")
    by_id = {one.id: one for one in figures}
    assert len(answered) == len({row["series"] for row in answered}) == len(newest) > 200
    for row in answered:
        one = by_id[row["id"]]
        end = one.period.end.isoformat() if one.period.end else "9999-12-31"
        assert (end, one.period.start.isoformat()) == newest[name_series(one)]
        assert row["value"] == float(one.value or 0)
        assert row["status"] != "target"


def test_the_latest_values_of_one_dataset_are_those_of_its_file(ask: Ask) -> None:
    rows = {row["as_stated"]: row["value"] for row in ask("latest_values", dataset="fisheries_production")}
    stated = {row["as_stated"]: number(row["value"]) for row in read_csv("fisheries_production")}
    assert rows
    assert rows.items() <= stated.items()


def test_a_target_stands_beside_what_the_site_holds_it_against(ask: Ask, figures: list[Observation]) -> None:
    rows = {row["target_id"]: row for row in ask("targets_and_actuals")}
    targets = [one for one in figures if one.status == "target"]
    assert set(rows) == {one.id for one in targets}
    directions = {row["code"]: row["direction"] for row in read_reference("measures")}
    for one in targets:
        actual = Results(other for other in figures if other.dataset == one.dataset).find(one)
        row = rows[one.id]
        assert row["result_id"] == (actual.id if actual else None)
        assert row["result_value"] == (float(actual.value) if actual and actual.value is not None else None)
        assert row["verdict"] == judge_target(one, actual, directions[one.measure])


def read_reference(name: str) -> list[dict[str, str]]:
    path = REPOSITORY / "datapackages" / "reference" / name / "data.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("verdict", ["met", "not_met", "pending", "undecided", "no_data"])
def test_targets_can_be_chosen_by_their_verdict(verdict: str, ask: Ask) -> None:
    wanted = [row for row in ask("targets_and_actuals") if row["verdict"] == verdict]
    assert ask("targets_and_actuals", verdict=verdict) == wanted
    assert say(f"target_{verdict}", "vi")


def test_a_document_is_answered_figure_by_figure_in_its_own_order(ask: Ask) -> None:
    for source in (row["id"] for row in read_reference("sources")):
        stated = [
            (tuple(map(int, row["locator"].split(":"))), row["as_stated"], number(row["value"]))
            for folder in INDICATORS.iterdir()
            for row in read_csv(folder.name)
            if row["source"] == source
        ]
        answered = [
            (tuple(map(int, row["locator"].split(":"))), row["as_stated"], row["value"])
            for row in ask("figures_of_source", source=source)
        ]
        assert [place for place, *_ in answered] == sorted(place for place, *_ in stated)
        assert sorted(answered, key=str) == sorted(stated, key=str)


def test_a_theme_is_answered_with_all_its_figures(ask: Ask, real_packages: tuple[Package, ...]) -> None:
    names = {package.name for package in real_packages if package.theme == "tourism" and package.kind == "indicator"}
    rows = ask("figures_of_theme", theme="tourism")
    assert {row["dataset"] for row in rows} == names
    assert len(rows) == sum(len(read_csv(name)) for name in names)
    assert [row["dataset"] for row in rows] == sorted(row["dataset"] for row in rows)


def test_two_periods_are_compared_series_by_series(ask: Ask, figures: list[Observation]) -> None:
    rows = ask("compare_periods", earlier="2018", later="2019")
    assert {row["dataset"] for row in rows} == {"pci_score_and_rank"}
    stated = {row["locator"]: float(row["value"]) for row in read_csv("pci_score_and_rank") if row["unit"] != "count"}
    by_id = {one.id: one for one in figures}
    for row in rows:
        earlier, later = (stated[by_id[row[key]].locator] for key in ("earlier_id", "later_id"))
        assert (row["earlier_value"], row["later_value"]) == (earlier, later)
        assert row["difference"] == round(later - earlier, 6)
        expected = None if row["measure_name"] == "Thứ hạng" else round(100 * (later - earlier) / earlier, 2)
        assert row["difference_pct"] == expected
    assert len(rows) == 2
    assert ask("compare_periods", earlier="2018", later="2019", dataset="tourist_arrivals") == []


def test_a_bound_has_no_difference(ask: Ask) -> None:
    rows = ask("compare_periods", earlier="2022", later="2023", dataset="dti_score_and_rank")
    assert [(row["later_qualifier"], row["difference"]) for row in rows] == [("at_most", None)]


def test_the_problems_of_a_dataset_are_those_of_its_flags(ask: Ask) -> None:
    stated = [
        (flag, row["locator"]) for row in read_csv("fisheries_production") for flag in row["flags"].split(";") if flag
    ]
    answered = ask("findings_of_dataset", dataset="fisheries_production")
    assert sorted((row["code"], row["locator"]) for row in answered) == sorted(stated)
    assert all(row["kind"] == "flag" and row["reason"] and row["reason_en"] for row in answered)


def test_a_series_goes_from_old_to_new(ask: Ask, figures: list[Observation]) -> None:
    series = QUERIES["series"]["parameters"]["series"]["example"]
    wanted = sorted((one for one in figures if one.series == series), key=lambda one: one.period.sort_key)
    rows = ask("series", series=series)
    assert [(row["id"], row["value"]) for row in rows] == [(one.id, float(one.value or 0)) for one in wanted]
    assert len(rows) == 2
    assert [row["change"] for row in rows] == [None, round(rows[1]["value"] - rows[0]["value"], 6)]


def test_a_series_keeps_targets_apart(ask: Ask, figures: list[Observation]) -> None:
    (target,) = [
        one for one in figures if one.status == "target" and one.period_text == "2023" and one.measure == "rank"
    ]
    rows = ask("series", series=target.series)
    assert [row["status"] == "target" for row in rows] == [False, False, True, True]
    assert [row["period"] for row in rows[:2]] == ["2021", "2022"]
    assert rows[1]["change"] == 8
    assert [row["change"] for row in rows[2:]] == [None, None]
    assert all(parse_period(row["period"]) for row in rows)


# --- search -------------------------------------------------------------------------------------------------------


def read_searches() -> list[Mapping[str, str]]:
    with SEARCHES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def name_dataset(address: str) -> str:
    """Return the dataset of an address; systems, sources and terms are rows of the dataset of that name."""
    page, _, rest = address.partition("#")[0].strip("/").removeprefix("en/").partition("/")
    return rest if page == "catalog" else page


# Pages that are not about rows of any table; only the site's own search knows them.
PAGES = {"about", "developers", "quality", "targets"}
# Words that only frame a question; the API promises every word, and the list of measures happens to have these.
QUESTIONS = {"bao nhieu dich vu cong muc 4"}


def test_what_people_type_finds_what_they_mean(ask: Ask) -> None:
    missed = []
    searches = [
        row for row in read_searches() if name_dataset(row["expected"]) not in PAGES and row["query"] not in QUESTIONS
    ]
    assert len(searches) >= 80
    for row in searches:
        query = unicodedata.normalize("NFD", row["query"]) if row["form"] == "NFD" else row["query"]
        found = [one["dataset"] for one in ask("search", q=query) if one["kind"] == "dataset"]
        if name_dataset(row["expected"]) not in found[:FIRST]:
            missed.append((row["query"], row["form"], row["expected"], found))
    assert missed == []


@pytest.mark.parametrize("printed", ["48,37%", "2.389", "1.738.517"])
def test_a_printed_figure_is_found_where_it_stands(printed: str, ask: Ask, figures: list[Observation]) -> None:
    wanted = {one.id for one in figures if one.as_stated == printed}
    assert wanted
    assert {row["id"] for row in ask("search", q=printed) if row["kind"] == "figure"} >= wanted


@pytest.mark.parametrize("text", ["", '"', "*", "-", "a AND", "NEAR(", "đường\0", "x" * 5000])
def test_no_search_is_an_error(text: str, ask: Ask) -> None:
    assert isinstance(ask("search", q=text), list)

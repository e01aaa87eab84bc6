"""A promise as a picture: where target and result lie on their track, and when there is nothing to draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from evidence_factory import read_catalog, write_world
from factory import observe
from portal.charts.chart_choice import PLACES
from portal.pages.progress import Progress, measure_progress

if TYPE_CHECKING:
    from portal.figures.catalog import Catalog

SHARE: dict[str, Any] = {"unit": "percent", "measure": "share"}
RANK: dict[str, Any] = {"unit": "rank", "measure": "rank"}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return read_catalog(write_world(tmp_path_factory.mktemp("progress")).root)


def test_a_share_lies_between_none_and_all(catalog: Catalog) -> None:
    target, actual = observe("30", status="target", **SHARE), observe("19.8", **SHARE)
    assert measure_progress(target, actual, (target, actual), catalog, "vi") == Progress("0%", "100%", 30, 19.8, False)


def test_a_bound_is_told_from_an_exact_result(catalog: Catalog) -> None:
    target, actual = observe("90", status="target", **SHARE), observe("91", qualifier="over", **SHARE)
    progress = measure_progress(target, actual, (), catalog, "en")
    assert progress is not None
    assert (progress.reached, progress.bounded) == (91, True)


def test_without_a_result_the_target_stands_alone(catalog: Catalog) -> None:
    progress = measure_progress(observe("80", status="target", **SHARE), None, (), catalog, "vi")
    assert progress is not None
    assert (progress.target, progress.reached) == (80, None)


def test_a_rank_runs_from_the_last_place_to_the_first(catalog: Catalog) -> None:
    target, actual = observe("10", status="target", **RANK), observe("32", **RANK)
    places = observe("63", measure=PLACES, unit="count")
    assert measure_progress(target, actual, (places,), catalog, "vi") == Progress(
        "hạng 63", "hạng 1", round(100 * 53 / 62, 2), 50, False
    )


@pytest.mark.parametrize("rows", [(), (observe("63", measure=PLACES, unit="count", period_text="1999"),)])
def test_a_rank_among_nobody_knows_how_many_is_not_drawn(rows: tuple[Any, ...], catalog: Catalog) -> None:
    assert measure_progress(observe("10", status="target", **RANK), observe("32", **RANK), rows, catalog, "vi") is None


@pytest.mark.parametrize(
    "change",
    [{"unit": "count"}, {"transform": "pct_of_plan"}, {"value": "130"}, {"value": None}],
    ids=["no natural end", "another basis", "beyond the end", "unreadable"],
)
def test_what_has_no_place_on_a_track_is_not_drawn(change: dict[str, Any], catalog: Catalog) -> None:
    target = observe(**{"value": "50", "status": "target", **SHARE, **change})
    assert measure_progress(target, None, (), catalog, "vi") is None

"""Observations: rows as statements, names that stay the same, and the headline that a dataset is known by."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from factory import check_folder, observe, write_indicator, write_references
from portal.data.observation import read_observations, select_headline
from portal.data.package import Headline
from portal.data.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from portal.data.observation import Observation
    from portal.data.package import Package


def read_fish(root: Path, *rows: Mapping[str, str], headline: Mapping[str, Any] | None = None) -> list[Observation]:
    """Write and read a dataset `fish` with a dimension `kind`."""
    write_references(root)
    write_indicator(root, "fish", rows, {"kind": "codes"}, headline)
    package = find_fish(root)
    return list(read_observations(package, Table(package, package.main)))


def find_fish(root: Path) -> Package:
    return next(package for package in check_folder(root).packages if package.name == "fish")


def test_a_row_becomes_a_statement(tmp_path: Path) -> None:
    (one,) = read_fish(tmp_path, {"kind": "shrimp", "value": "48.370", "flags": "misprint;unclear", "note_en": "Seen."})
    assert one == observe(
        "48.370",
        dimensions=(("kind", "shrimp"),),
        as_stated="48,370",
        flags=("misprint", "unclear"),
        note_en="Seen.",
    )
    assert str(one.value) == "48.370", "digits are kept as printed"
    assert (one.position, one.period.start.isoformat()) == ((1, 1), "2023-01-01")


def test_an_empty_value_is_none_and_empty_texts_are_empty(tmp_path: Path) -> None:
    (one,) = read_fish(tmp_path, {"value": "", "flags": "misprint"})
    assert (one.value, one.note, one.note_en) == (None, "", "")
    (two,) = read_fish(tmp_path / "two", {})
    assert two.flags == ()


def test_rows_keep_the_order_of_the_file(tmp_path: Path) -> None:
    rows = [{"value": str(number), "locator": f"{9 - number}:1"} for number in range(9)]
    assert [one.value for one in read_fish(tmp_path, *rows)] == [Decimal(number) for number in range(9)]


def test_an_id_is_known_for_good() -> None:
    assert observe(dimensions=(("kind", "shrimp"),)).id == "fish-c5fbd9304c377b45"


@pytest.mark.parametrize(
    "change",
    [
        {"dataset": "crab"}, {"period_text": "2022"}, {"area": "PQ"}, {"dimensions": (("kind", "fish"),)},
        {"measure": "share"}, {"transform": "pct_of_plan"}, {"status": "target"}, {"source": "other"},
        {"locator": "1:2"},
    ],
)  # fmt: skip
def test_an_id_changes_with_every_part_of_the_key(change: dict[str, Any]) -> None:
    base: dict[str, Any] = {"dimensions": (("kind", "shrimp"),)}
    assert observe(**{**base, **change}).id != observe(**base).id


def test_an_id_does_not_change_with_anything_else() -> None:
    changes = {
        "unit": "percent",
        "qualifier": "over",
        "flags": ("misprint",),
        "as_stated": "5",
        "note": "x",
        "note_en": "y",
    }
    assert observe("5", **changes).id == observe("6").id


def test_neighbouring_cells_do_not_run_together() -> None:
    assert observe(dimensions=(("a", "x"), ("b", "yz"))).id != observe(dimensions=(("a", "xy"), ("b", "z"))).id


def test_ids_are_long_enough_for_a_million_rows() -> None:
    # 64 bits: two of a million rows share one with a probability of 3 in 10^8; 40 bits would make it a coin toss.
    assert re.fullmatch(r"fish-[0-9a-f]{16}", observe().id)


def select(headline: Headline | None, *observations: Observation) -> Observation | None:
    return select_headline(FakePackage(headline), observations)  # type: ignore[arg-type]  # all that it reads


class FakePackage:
    """Only what the choice of a headline looks at."""

    def __init__(self, headline: Headline | None) -> None:
        self.headline = headline


CATCH = Headline("catch", "level")


def test_the_newest_figure_is_the_headline() -> None:
    newest = observe(period_text="2024")
    assert select(CATCH, observe(period_text="2022"), newest, observe(period_text="2023-12")) is newest


@pytest.mark.parametrize(
    "other",
    [
        {"period_text": "2030", "status": "target"},
        {"period_text": "2025", "measure": "share"},
        {"period_text": "2025", "transform": "pct_of_plan"},
    ],
)
def test_targets_and_other_measures_are_not_the_headline(other: dict[str, Any]) -> None:
    actual = observe(period_text="2020")
    assert select(CATCH, observe(**other), actual) is actual


def test_a_readable_figure_comes_before_a_newer_misprint() -> None:
    readable = observe(period_text="2020")
    assert select(CATCH, readable, observe(None, period_text="2024")) is readable


def test_a_target_is_the_headline_where_there_is_nothing_else() -> None:
    target = observe(status="target")
    assert select(CATCH, target) is target


@pytest.mark.parametrize(
    ("where", "chosen"),
    [
        ((("kind", "shrimp"),), 1),
        ((("kind", "_T"),), 0),
        ((("area", "PQ"),), 2),
        ((("period", "2020"),), 3),
        ((("unit", "percent"),), 4),
        ((("kind", "shrimp"), ("area", "PQ")), None),
    ],
)
def test_a_headline_may_fix_any_column(where: tuple[tuple[str, str], ...], chosen: int | None) -> None:
    total = (("kind", "_T"),)
    rows = [
        observe(dimensions=total),
        observe(dimensions=(("kind", "shrimp"),)),
        observe(dimensions=total, area="PQ", period_text="2021"),
        observe(dimensions=total, period_text="2020"),
        observe(dimensions=total, unit="percent", period_text="2021"),
    ]
    assert select(Headline("catch", "level", where), *rows) is (None if chosen is None else rows[chosen])


def test_without_a_headline_nothing_is_chosen() -> None:
    assert select(None, observe()) is None
    assert select(CATCH) is None


def test_the_headline_of_a_descriptor_is_found_among_its_rows(tmp_path: Path) -> None:
    rows = [{"value": "1"}, {"kind": "shrimp", "value": "2"}, {"kind": "shrimp", "value": "3", "period": "2024"}]
    found = read_fish(tmp_path, *rows, headline={"measure": "catch", "where": {"kind": "shrimp"}})
    chosen = select_headline(find_fish(tmp_path), found)
    assert chosen
    assert chosen.value == 3

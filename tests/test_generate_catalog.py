"""The generator of catalogues to measure with: the same bytes for the same seed, and faults that the check names."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from factory import TODAY
from generate_catalog import FAULTS, Plan, generate_catalog
from portal.checks.check import check_packages
from portal.data.descriptor import read_packages
from portal.data.finding import find_blockers

if TYPE_CHECKING:
    from pathlib import Path

    from portal.data.finding import Finding


def check(project: Path) -> list[Finding]:
    loaded = read_packages(project / "datapackages")
    assert loaded.findings == ()
    return find_blockers(check_packages(loaded.packages, loaded.packages, TODAY))


def test_holds_and_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    plans = {"first": Plan(4, 30), "second": Plan(4, 30), "other": Plan(4, 30, seed=8)}
    for name, plan in plans.items():
        generate_catalog(tmp_path / name, plan)
    first, second, other = (
        {
            file.relative_to(tmp_path / name).as_posix(): file.read_bytes()
            for file in sorted((tmp_path / name / "datapackages").rglob("*"))
            if file.is_file()
        }
        for name in plans
    )
    assert list(first.values()) == list(second.values())
    assert list(first.values()) != list(other.values())
    assert sum(name.endswith("/data.csv") and "indicators" in name for name in first) == 4
    assert check(tmp_path / "first") == []


def test_plants_faults_that_the_check_names(tmp_path: Path) -> None:
    names = tuple(FAULTS)
    generate_catalog(tmp_path / "spoiled", Plan(len(names) + 1, 12, faults=names))
    found = {one.package: one.code for one in check(tmp_path / "spoiled")}
    assert found == {f"invented_{number:05}": name for number, name in enumerate(names)}


def test_no_two_packages_state_the_same_figure_at_the_same_place(tmp_path: Path) -> None:
    generate_catalog(tmp_path / "many", Plan(5, 3))
    tables = sorted((tmp_path / "many" / "datapackages" / "indicators").rglob("data.csv"))
    places = [row["locator"] for table in tables for row in csv.DictReader(table.read_text("utf-8").splitlines())]
    assert len(places) == len(set(places)) == 15

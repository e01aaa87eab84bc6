"""The long table: its rows are the observations of every indicator, whatever the blocks they were read in."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING

import pytest

import factory
from portal.data import csv_block
from portal.data.descriptor import read_packages
from portal.data.observation import TOTAL, read_observations
from portal.data.table import read_rows
from portal.sqlite import sql_column
from portal.sqlite.database import write_database
from portal.sqlite.package_rows import DatasetSummary
from portal.sqlite.sql import to_sql

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from portal.data.observation import Observation
    from portal.data.package import Package

COLUMNS = (
    "id, dataset, period, period_start, period_end, area, dimensions, measure, transform, value, unit, status,"
    " qualifier, flags, source, locator, as_stated, note, note_en, series"
)


def expect_row(one: Observation) -> tuple[object, ...]:
    """Return what the long table must hold of an observation, but for what is looked up in other rows."""
    end = one.period.end
    return (
        one.id, one.dataset, one.period_text, one.period.start.isoformat(), end and end.isoformat(), one.area,
        json.dumps(dict(one.dimensions), ensure_ascii=False), one.measure, one.transform, to_sql(one.value), one.unit,
        one.status, one.qualifier, ";".join(one.flags) or None, one.source, one.locator, one.as_stated,
        one.note or None, one.note_en or None, one.series,
    )  # fmt: skip


def compare(packages: Sequence[Package], path: Path) -> dict[str, DatasetSummary]:
    """Write the database and hold its observations against frictionless' reading of the files."""
    summaries = write_database(path, packages, [])
    indicators = sorted((one for one in packages if one.kind == "indicator"), key=lambda one: one.name)
    expected = [list(read_observations(one, read_rows(one, one.main))) for one in indicators]
    with closing(sqlite3.connect(path)) as connection:
        # Our own columns.
        found = connection.execute(f"SELECT {COLUMNS} FROM observations ORDER BY rowid").fetchall()  # noqa: S608
        parts = connection.execute("SELECT breakdown IS NOT NULL FROM observations ORDER BY rowid").fetchall()
    assert found == [expect_row(one) for one in chain.from_iterable(expected)]
    assert parts == [(any(code not in {"", TOTAL} for _, code in one.dimensions),) for one in chain(*expected)]
    for package, observations in zip(indicators, expected, strict=True):
        days = [(one.period.start, one.period.end or one.period.start) for one in observations]
        start, end = (min(first for first, _ in days), max(last for _, last in days))
        assert summaries[package.name] == DatasetSummary(len(observations), start.isoformat(), end.isoformat())
    return summaries


def test_holds_every_observation_of_the_real_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Row by row the database has the same bytes: `test_sql_column` says so.
    monkeypatch.setattr(sql_column, "ROWWISE_BYTES", -1)
    compare(read_packages(factory.REPOSITORY / "datapackages").packages, tmp_path / "opendata.db")


@pytest.mark.parametrize("type_", ["string", "year", "number", "boolean", "datetime", "yearmonth"])
def test_a_dimension_of_any_type_is_said_as_an_observation_says_it(
    tmp_path: Path, type_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_block, "BLOCK_BYTES", 200)
    monkeypatch.setattr(sql_column, "ROWWISE_BYTES", -1)
    cells = {
        "string": ["_T", "a b", "=", "ế"], "year": ["2024", "0999"], "number": ["1.50", "0", "-0.0", "7"],
        "boolean": ["true", "false"], "datetime": ["2024-02-03T10:00:00"], "yearmonth": ["2024-03"],
    }[type_]  # fmt: skip
    changes = [{"kind": cell, "period": period} for cell in cells for period in ("2023", "2024/..", "2020/2024-Q1")]
    factory.write_references(tmp_path)
    folder = factory.write_indicator(tmp_path, "fish", changes, {"kind": ""})
    descriptor = json.loads((folder / "datapackage.json").read_text("utf-8"))
    fields = descriptor["resources"][0]["schema"]["fields"]
    next(one for one in fields if one["name"] == "kind")["type"] = type_
    (folder / "datapackage.json").write_text(json.dumps(descriptor), "utf-8")
    compare(read_packages(tmp_path).packages, tmp_path / "opendata.db")

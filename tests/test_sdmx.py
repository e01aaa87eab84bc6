"""SDMX-CSV: pysdmx reads every dataset, and every cell is the package's."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from pysdmx.errors import Invalid
from pysdmx.io import read_sdmx
from pysdmx.io.pd import PandasDataset

from factory import check_folder, write_indicator, write_references
from portal.data.table import read_raw_rows
from portal.files.sdmx import MISSING, OBS_STATUSES, to_time_period, write_sdmx
from portal.words.period import PeriodError, parse_period

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from portal.data.package import Package

pytest_plugins = ("published",)

# How the columns of a package are called in SDMX; every other one is its name in upper case.
NAMES = {
    "area": "REF_AREA", "transform": "TRANSFORMATION", "value": "OBS_VALUE", "unit": "UNIT_MEASURE",
    "period": "PERIOD",
}  # fmt: skip


def write_and_read(package: Package, folder: Path) -> tuple[str, pd.DataFrame]:
    """Return structure and cells as pysdmx reads the file that is written here."""
    path = folder / f"{package.name}.sdmx.csv"
    write_sdmx(package, package.main, path)
    dataset = (read_sdmx(path, validate=False).data or [])[0]
    assert isinstance(dataset, PandasDataset)
    return str(dataset.structure), dataset.data


def read_text(path: Path) -> list[dict[str, str]]:
    """Return the cells as they stand in the file: pysdmx lets pandas guess types."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def read_cells(package: Package) -> list[dict[str, str]]:
    header, *rows = read_raw_rows(package.main)
    return [dict(zip(header.cells, row.cells, strict=True)) for row in rows]


def test_pysdmx_reads_every_cell_of_every_indicator(real_packages: tuple[Package, ...], tmp_path: Path) -> None:
    compared = 0
    for package in real_packages:
        if package.kind != "indicator":
            continue
        structure, data = write_and_read(package, tmp_path)
        assert structure == f"Dataflow=KIEN_GIANG:{package.name.upper()}(1.0.0)"
        expected = read_cells(package)
        text = read_text(tmp_path / f"{package.name}.sdmx.csv")
        assert len(data) == len(text) == len(expected)
        assert not data.duplicated(_key(data)).any(), package.name
        for number, row in enumerate(expected):
            assert {name: text[number][NAMES.get(name, name.upper())] for name in row} == row
            for name, cell in row.items():
                read = data[NAMES.get(name, name.upper())].iloc[number]
                assert read == cell or Decimal(read) == Decimal(cell), (package.name, number, name)
                compared += 1
            start, end = measure(data["TIME_PERIOD"].iloc[number])
            period = parse_period(row["period"])
            assert (start, end) == (period.start, period.end or period.start)
    assert compared > 3_000


def _key(data: pd.DataFrame) -> list[str]:
    """Return the columns up to OBS_VALUE: the dimensions."""
    names = list(data.columns)
    return names[: names.index("OBS_VALUE")]


def measure(text: str) -> tuple[date, date]:
    """Return the first and the last day of an SDMX time period, read independently of the writer."""
    first, slash, duration = text.partition("/P")
    if slash:
        start = date.fromisoformat(first)
        return start, start + timedelta(int(duration.removesuffix("D")) - 1)
    period = parse_period(text)
    assert period.end
    return period.start, period.end


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2020", "2020"),
        ("2020-12", "2020-12"),
        ("2025-Q1", "2025-Q1"),
        ("2023-07-31", "2023-07-31"),
        ("2025-03-01/2025-04-26", "2025-03-01/P57D"),
        ("2024-02-28/2024-03-01", "2024-02-28/P3D"),
        ("2016/2020", "2016-01-01/P1827D"),
        ("2021/..", "2021-01-01"),
    ],
)
def test_periods_become_those_of_sdmx(text: str, expected: str) -> None:
    assert to_time_period(text) == expected


@pytest.mark.parametrize("text", ["", "2020-13", "2021/2020", "gần đây"])
def test_what_is_no_period_does_not_become_one(text: str) -> None:
    with pytest.raises(PeriodError):
        to_time_period(text)


def test_statuses_have_codes_and_keep_their_names(tmp_path: Path) -> None:
    write_references(tmp_path / "packages")
    rows = [{"status": status} for status in OBS_STATUSES]
    rows.append({"value": "", "as_stated": "1.2OO", "flags": "misprint"})
    write_indicator(tmp_path / "packages", "fish", rows)
    package = next(one for one in check_folder(tmp_path / "packages").packages if one.name == "fish")
    _, data = write_and_read(package, tmp_path)
    assert list(zip(data["STATUS"], data["OBS_STATUS"], strict=True)) == [*OBS_STATUSES.items(), ("actual", MISSING)]
    assert list(data["OBS_VALUE"])[-1] == ""


def test_text_and_long_numbers_survive(tmp_path: Path) -> None:
    write_references(tmp_path / "packages")
    note = 'Dòng một, "nguyên văn"; 1: 2'
    write_indicator(
        tmp_path / "packages",
        "fish",
        [{"value": "12345678901234567890.50", "as_stated": "12.345.678.901.234.567.890,50", "note": note}],
        {"ref_area": "codes"},
    )
    package = next(one for one in check_folder(tmp_path / "packages").packages if one.name == "fish")
    path = tmp_path / "fish.sdmx.csv"
    write_sdmx(package, package.main, path)
    (row,) = read_text(path)
    assert (row["OBS_VALUE"], row["NOTE"]) == ("12345678901234567890.50", note)
    assert (row["REF_AREA"], row["DIM_REF_AREA"]) == ("KG", "_T")


@pytest.mark.parametrize(("good", "bad"), [("STRUCTURE_ID", "DATAFLOW_ID"), (",I,", ",X,"), ("dataflow", "table")])
def test_pysdmx_refuses_a_broken_file(tmp_path: Path, good: str, bad: str) -> None:
    write_references(tmp_path / "packages")
    write_indicator(tmp_path / "packages", "fish")
    package = next(one for one in check_folder(tmp_path / "packages").packages if one.name == "fish")
    path = tmp_path / "fish.sdmx.csv"
    write_sdmx(package, package.main, path)
    text = path.read_text("utf-8")
    assert good in text
    path.write_text(text.replace(good, bad), "utf-8")
    with pytest.raises(Invalid):
        read_sdmx(path, validate=False)

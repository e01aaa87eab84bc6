"""Format limits: what Excel cannot hold is found, named with its safe form, and never cut or changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from python_calamine import CalamineWorkbook

from factory import column, write_table
from portal.checks.format_limits import EXCEL_ROWS, Extent, find_obstacles, fits_excel, is_exact, measure_extent
from portal.data.descriptor import read_packages
from portal.data.finding import Place
from portal.files.excel_file import write_excel

if TYPE_CHECKING:
    from pathlib import Path

    from portal.data.package import Package


def make_package(folder: Path, fields: list[dict[str, object]], rows: list[list[str]]) -> Package:
    write_table(folder / "packages", "things", fields, rows)
    return read_packages(folder / "packages").packages[0]


@pytest.mark.parametrize(
    ("cell", "fits"),
    [
        (Decimal(123456789012345), True), (Decimal(1234567890123456), False), (Decimal("1.50"), True),
        (Decimal(1200000000000000000), True), (Decimal("0.1234567890123456"), False), (Decimal("1E-20"), True),
        (Decimal("1E-21"), False), (10**15, True), (10**15 + 1, False), (True, True), (None, True),
        (date(1900, 3, 1), True), (date(1900, 2, 28), False), (date(9999, 12, 31), True),
        (datetime(2024, 1, 1, tzinfo=UTC), False), (time(12, 30), True), (time(12, 30, 0, 500_000), False), ("x", True),
    ],
)  # fmt: skip
def test_which_cells_excel_keeps(cell: object, fits: bool) -> None:
    assert fits_excel(cell) is fits


@pytest.mark.parametrize(("cell", "exact"), [(2**53, True), (2**53 + 1, False), (Decimal("NaN"), False)])
def test_which_numbers_json_keeps(cell: Decimal | int, exact: bool) -> None:
    assert is_exact(cell) is exact


def test_a_table_of_too_many_rows_is_named_with_the_safe_forms(tmp_path: Path) -> None:
    package = make_package(tmp_path, [column("name", required=True)], [["a"]])
    place = Place("things", "things/things.csv")
    assert list(find_obstacles(package.main, Extent(EXCEL_ROWS - 1), place)) == []
    assert Extent(EXCEL_ROWS - 1).fits_excel
    assert not Extent(EXCEL_ROWS).fits_excel
    (found,) = find_obstacles(package.main, Extent(EXCEL_ROWS), place)
    assert found.render("en") == (
        "things/things.csv: warning excel-rows\n"
        "  The table “things” has 1048576 rows, more than a sheet of Excel holds (1048576 with the header): there are "
        "no XLSX and Excel CSV files.\n"
        "  Cure: Use the CSV, JSON or Parquet file, or take a part of it from the API."
    )
    assert found.message == (
        "Bảng «things» có 1048576 dòng, nhiều hơn một trang tính Excel chứa được (1048576 dòng, kể cả dòng tiêu đề): "
        "không có tệp XLSX và CSV cho Excel."
    )


def test_the_longest_cell_is_found_with_its_line(tmp_path: Path) -> None:
    rows = [["a", "hai\ndòng"], ["b", "x" * 32_767], ["c", "y" * 32_768], ["d", ""]]
    package = make_package(tmp_path, [column("name", required=True), column("text")], rows)
    assert measure_extent(package.main) == Extent(4, 32_768, 5, 2)


def test_a_cell_that_excel_would_change_stands_there_as_text(tmp_path: Path) -> None:
    fields = [column("name", required=True), column("value", "number"), column("day", "date")]
    rows = [["a", "1234567890.1234567", "1899-12-31"], ["b", "0.30", "2024-02-29"]]
    package = make_package(tmp_path, fields, rows)
    write_excel(package, package.main, tmp_path / "x.xlsx", {})
    sheet = CalamineWorkbook.from_path(str(tmp_path / "x.xlsx")).get_sheet_by_index(0)
    assert sheet.to_python()[1:] == [["a", "1234567890.1234567", "1899-12-31"], ["b", 0.3, date(2024, 2, 29)]]

"""Excel's guesses: which cells of a CSV file Excel would change is said beside the file, and no cell too many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from factory import column, write_table
from portal.data.descriptor import read_packages
from portal.files.excel_guess import Guess, find_guesses, is_guessed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "text",
    [
        "0899", "06", "012345678901234567", "123456789012", "1.738.517", "16.312,37", "5796,50", "-0,0", "48,37%",
        "29 %", "1E5", "1e-3", "3/4", "1-2", "7/13", "2020-12", "2020-12-31", "31/12/2020", "2020-12-31 10:00", "3:27",
        "93:163", "10:00:00", "8 am", "TRUE", "false", "đúng", "Sai", "Jan-20", "1 May 2020", "1 1/2",
        "(5)", "5 ₫", " 5", "5 ", "1,",
    ],
)  # fmt: skip
def test_what_excel_would_change(text: str) -> None:
    assert is_guessed(text)


@pytest.mark.parametrize(
    "text",
    [
        "2020", "85", "0", "-12", "110,9", "0,5", "2021/..", "2025-Q1", "2025-03-01/2025-04-26", "103/117", "55/63",
        "Rạch Giá", "tháng 5", "may", "đúng hạn", "sai số",
        "Thông tư 12", "bc_40_2021", "KG899", "_T",
        "%", "1/2/3/4", "a1", "truest", "",
    ],
)  # fmt: skip
def test_what_excel_leaves(text: str) -> None:
    assert not is_guessed(text)


def test_cells_are_named_by_column_with_their_row(tmp_path: Path) -> None:
    fields = [
        column("name", required=True), column("code"), column("value", "number"), column("day", "date"),
        column("true", "boolean"), column("month", "yearmonth"),
    ]  # fmt: skip
    rows = [
        ["hai\ndòng", "10", "1.50", "2020-12-31", "true", "2020-12"],
        ["b", "010", "1234567890.1234567", "", "", ""],
        ["c", "011", "12345678901234.25", "", "", ""],
    ]
    write_table(tmp_path / "packages", "things", fields, rows)
    [package] = read_packages(tmp_path / "packages").packages
    assert find_guesses(package.main) == (
        Guess("code", 3, "010", 2),
        Guess("value", 3, "1234567890.1234567", 2),
        Guess("month", 2, "2020-12", 1),
    )


def test_a_table_that_excel_leaves_alone_has_no_warning(tmp_path: Path) -> None:
    write_table(tmp_path / "packages", "things", [column("name", required=True)], [["Rạch Giá"], ["2020"]])
    [package] = read_packages(tmp_path / "packages").packages
    assert find_guesses(package.main) == ()

"""Spreadsheets in real use: LibreOffice opens the Excel file and the CSV for Excel, and has the cells of the package.

LibreOffice is started without a window: once on all files, told that quoted cells are text, and once as it is, on the
CSV for Excel, where it may change what the portal names beside that file, and nothing else. Debian's
`libreoffice-calc-nogui` is enough.
"""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import unicodedata
from typing import TYPE_CHECKING

import pytest

from factory import check_folder, column, write_references, write_table
from portal.data.finding import find_blockers
from portal.files.distribution import write_distributions
from portal.files.excel_guess import is_guessed

if TYPE_CHECKING:
    from pathlib import Path

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
WAIT_SECONDS = 120
pytestmark = pytest.mark.skipif(
    SOFFICE is None,
    reason="LibreOffice is not installed: apt-get install --no-install-recommends libreoffice-calc-nogui",
)
NFD = unicodedata.normalize("NFD", "Rạch Giá")
FIELDS = [
    column("code", required=True), column("name"), column("share", "number"), column("count", "integer"),
    column("long"), column("day", "date"), column("remark"), column("period"), column("place"),
]  # fmt: skip
ROWS = [
    ["0899", "Thành phố Rạch Giá", "48.37", "1738517", "012345678901234567", "2023-07-31", "48,37%", "2020", "3:27"],
    ["0911", "Đảo Phú Quốc; Thổ Châu", "0.5", "0", "1E5", "2024-02-29", "", "2020-12", "93:163"],
    ["007", NFD, "", "-12", "3/4", "", 'nói "có"', "2020-12-31", ""],
    ["10", "Hà Tiên", "1234567.125", "999999999999999", "TRUE", "1900-03-01", "1-2", "2021/..", "1:2"],
    ["11", "Gò Quao", "1", "1", "110,9", "2024-01-01", "5796,50", "2025-03-01/2025-04-26", "đúng"],
    ["12", "An Minh", "1", "1", "16.312,37", "2024-01-01", "103/117", "2025-Q1", "15.5"],
]
# LibreOffice's filters. To read: separator, quote, UTF-8, first line, columns as they are, language (Vietnamese, which
# has the decimal comma), quoted cells as text, special numbers. To write: the same, cells as they are shown.
READ_CSV = "CSV:59,34,76,1,,1066,true,true"
# What its dialog proposes by itself: no column is text, quoted or not, and only plain numbers and days are looked for.
READ_AS_IT_IS = "CSV:59,34,76,1,,1066"
WRITE_CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,1033,false,false,false,false,false,1"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Open both files in one LibreOffice and save the cells that it has, unformatted, as CSV; return the folder."""
    root = tmp_path_factory.mktemp("spreadsheet")
    write_references(root / "packages")
    write_table(root / "packages", "places", FIELDS, ROWS, ["code"])
    checked = check_folder(root / "packages")
    assert not find_blockers(checked.findings), [finding.render("en") for finding in checked.findings]
    package = next(one for one in checked.packages if one.name == "places")
    write_distributions(package, root / "data")
    rows = [["code"], *([row[0]] for row in ROWS)]
    (root / "data" / "plain.csv").write_text("".join(f"{row[0]};\r\n" for row in rows), "utf-8")
    assert SOFFICE is not None
    command = [
        SOFFICE, f"-env:UserInstallation={(root / 'profile').as_uri()}", "--headless", f"--infilter={READ_CSV}",
        "--convert-to", WRITE_CSV, "--outdir", str(root / "opened"),
        str(root / "data/places.xlsx"), str(root / "data/places.excel.csv"),
        str(root / "data/plain.csv"),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return root / "opened"


@pytest.fixture(scope="module")
def opened_as_it_is(opened: Path) -> list[list[str]]:
    """Open the CSV for Excel in a LibreOffice that was told no more than Vietnamese settings; return its cells."""
    assert SOFFICE is not None
    root = opened.parent
    command = [
        SOFFICE, f"-env:UserInstallation={(root / 'profile').as_uri()}", "--headless", f"--infilter={READ_AS_IT_IS}",
        "--convert-to", WRITE_CSV, "--outdir", str(root / "as-it-is"), str(root / "data/places.excel.csv"),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (sheet,) = (root / "as-it-is").glob("*.csv")
    return read_cells(sheet)


def read_cells(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_the_excel_file_has_the_cells_of_the_package(opened: Path) -> None:
    (sheet,) = (path for path in opened.glob("places-*.csv") if "Data" in path.name)
    header, *rows = read_cells(sheet)
    assert header[0] == "Cột code\nColumn code"
    assert rows == ROWS


def test_the_csv_for_excel_has_the_cells_of_the_package(opened: Path) -> None:
    (sheet,) = opened.glob("places.excel-*.csv")
    header, *rows = read_cells(sheet)
    assert header == [one["name"] for one in FIELDS]
    assert rows == ROWS


def test_libreoffice_as_it_is_changes_only_cells_that_are_named(opened_as_it_is: list[list[str]]) -> None:
    """A number with a decimal comma is a number there, of the same digits, which this file has with a point."""
    header, *rows = opened_as_it_is
    assert header == [one["name"] for one in FIELDS]
    typed = [at for at, one in enumerate(FIELDS) if one["type"] != "string"]
    changed = set()
    for row, expected in zip(rows, ROWS, strict=True):
        for at, (found, cell) in enumerate(zip(row, expected, strict=True)):
            if at in typed:
                assert found == cell
            elif found not in {cell, cell.replace(",", ".")}:
                changed.add(cell)
    named = {cell for row in ROWS for at, cell in enumerate(row) if at not in typed and is_guessed(cell)}
    assert {"0899", "007", "012345678901234567", "1E5", "3/4", "3:27", "5796,50", "đúng"} <= changed <= named
    assert named.isdisjoint({"Thành phố Rạch Giá", NFD, "2020", "2021/..", "2025-Q1", "103/117", "110,9", "10", ""})


def test_the_named_cells_stand_in_the_descriptor(opened: Path) -> None:
    descriptor = json.loads((opened.parent / "data" / "datapackage.json").read_text("utf-8"))
    changes = {one["path"]: one.get("excelChanges") for one in descriptor["portal"]["distributions"]}
    assert changes.pop("places.excel.csv") == [
        {"field": "code", "row": 2, "cell": "0899", "cells": 3},
        {"field": "long", "row": 2, "cell": "012345678901234567", "cells": 5},
        {"field": "remark", "row": 2, "cell": "48,37%", "cells": 3},
        {"field": "period", "row": 3, "cell": "2020-12", "cells": 2},
        {"field": "place", "row": 2, "cell": "3:27", "cells": 5},
    ]
    assert set(changes.values()) == {None}


def test_a_csv_without_quotes_would_lose_leading_zeros(opened: Path) -> None:
    (sheet,) = opened.glob("plain*.csv")
    assert [row[0] for row in read_cells(sheet)[1:]] == ["899", "911", "7", "10", "11", "12"]

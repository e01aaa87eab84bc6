"""Spreadsheets in real use: LibreOffice opens the Excel file and the CSV for Excel, and has the cells of the package.

LibreOffice is started once, without a window, on all files. Debian's `libreoffice-calc-nogui` is enough.
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import unicodedata
from typing import TYPE_CHECKING

import pytest

from factory import check_folder, column, write_references, write_table
from portal.data.finding import find_blockers
from portal.files.distribution import write_distributions

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
    column("long"), column("day", "date"), column("remark"),
]  # fmt: skip
ROWS = [
    ["0899", "Thành phố Rạch Giá", "48.37", "1738517", "012345678901234567", "2023-07-31", "48,37%"],
    ["0911", "Đảo Phú Quốc; Thổ Châu", "0.5", "0", "1E5", "2024-02-29", ""],
    ["007", NFD, "", "-12", "3/4", "", 'nói "có"'],
    ["10", "Hà Tiên", "1234567.125", "999999999999999", "TRUE", "1900-03-01", "1-2"],
]
# LibreOffice's filters. To read: separator, quote, UTF-8, first line, columns as they are, language (Vietnamese, which
# has the decimal comma), quoted cells as text, special numbers. To write: the same, cells as they are shown.
READ_CSV = "CSV:59,34,76,1,,1066,true,true"
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


def test_a_csv_without_quotes_would_lose_leading_zeros(opened: Path) -> None:
    (sheet,) = opened.glob("plain*.csv")
    assert [row[0] for row in read_cells(sheet)[1:]] == ["899", "911", "7", "10"]

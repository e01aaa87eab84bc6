"""Columns: every cell that the check lets pass is read exactly as frictionless reads it, and every form agrees."""

from __future__ import annotations

import csv
import json
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from factory import column, write_table
from portal.checks.format_limits import fits_excel
from portal.data.column import make_columns
from portal.data.descriptor import read_packages
from portal.data.table import Table, read_batches, read_rows
from portal.files.distribution import FORMATS
from portal.files.sdmx import SUFFIX
from portal.files.static_json import write_cell, write_json_columns
from portal.proofs.reread_source import read_plainly

if TYPE_CHECKING:
    from pathlib import Path

FIELDS = [
    column("name", required=True), column("text"), column("number", "number"), column("count", "integer"),
    column("covered", "boolean"), column("day", "date"), column("moment", "datetime"), column("hour", "time"),
    column("month", "yearmonth"), column("since", "year"),
    column("local", "number", decimalChar=",", groupChar=".", missingValues=["", "-"]),
    column("share", "number", bareNumber=False), column("flag", "boolean", trueValues=["có"], falseValues=["không"]),
    column("birthday", "date", format="%d/%m/%Y"), column("mark", missingValues=["k.c"]),
]  # fmt: skip
# Cells as a checked file may have them, with everything that readers take differently.
CELLS = [
    [
        "", "0012", "2020-12", "1/2", "<r>đậm</r>", "<b>&amp;</b>", "_x000D_", " lề ", "hai\ndòng",
        "a\r\nb",
        'nói "có";', "Phu\u0301", "\U0001f41f cá", "TRUE", "1e5", "\u2028", "%s", "http://x.example/",
        "12345678901234567890", "NaN", "null", "#N/A",
    ],
    [
        "0", "-0", "+5", "007", "1e3", "1E-5", ".5", "5.", " 7 ", "0.1", "-0.10", "123456789012345",
        "1234567890.1234567", "", "0.30000000000000004", "2390.50", "9.00000000000001", "1E20",
    ],
    ["007", "+3", " 4", "-0", "9007199254740992", "1000000000000001", "999999999999999", "", "-12", "1200000000000000"],
    ["true", "FALSE", "1", "0", ""],
    ["2024-02-29", "1900-03-01", "1900-02-28", "1899-12-31", "0999-01-01", "9999-12-31", "2024-2-3", ""],
    ["2024-02-03T04:05:06", "2024-02-03T04:05:06.789", "1850-01-01T00:00:00", "2024-12-31T23:59:59", ""],
    ["04:05:06", "00:00:00", "23:59:59", "12:30:00.5", ""],
    ["2024-02", "0999-12", ""],
    ["2010", "0001", ""],
    ["1.234,5", "1.234", "12,50", "-", "7", "-1.234.567,25"],
    ["12%", "EUR 3", "-4 kg", ""],
    ["có", "không", ""],
    ["03/02/2024", "31/12/1850", ""],
    ["k.c", "", "x"],
]  # fmt: skip
ROWS = [[kinds[at % len(kinds)] for kinds in CELLS] for at in range(2_500)]


def read_typed(folder: Path, rows: list[Any]) -> tuple[Any, list[tuple[Any, ...]]]:
    write_table(folder / "packages", "things", FIELDS, [[f"r{number}", *row] for number, row in enumerate(rows)])
    (package,) = read_packages(folder / "packages").packages
    return package, [row.cells for row in read_rows(package, package.main)]


def test_every_form_holds_what_frictionless_reads(tmp_path: Path) -> None:
    folder, rows = tmp_path, ROWS
    package, expected = read_typed(folder, rows)
    columns = make_columns(package.main)
    ours = [
        tuple(one.read(cell) for one, cell in zip(columns, row, strict=True))
        for batch in read_batches(package.main)
        for row in batch
    ]
    assert ours == expected
    assert [row.cells for row in read_plainly(package, package.main)] == expected
    for form in FORMATS:
        if form.suffix == SUFFIX:
            continue  # of indicators only; tests/test_sdmx.py holds it
        form.write(package, package.main, folder / f"things{form.suffix}", {})
    write_json_columns(package, package.main, folder / "columns.json")
    assert read_json(folder / "things.json") == [tuple(map(as_json, row)) for row in expected]
    assert read_json_columns(folder / "columns.json") == read_json(folder / "things.json")
    assert read_parquet(folder / "things.parquet") == [tuple(map(as_parquet, row)) for row in expected]
    assert read_excel(folder / "things.xlsx") == [tuple(map(as_excel, row)) for row in expected]
    assert read_csv(folder / "things.csv", ",") == [[f"r{at}", *row] for at, row in enumerate(rows)]
    assert read_numbers(folder / "things.excel.csv") == [(row[2], row[3]) for row in expected]


def as_json(cell: Any) -> Any:
    return json.loads(write_cell(cell), parse_float=Decimal)


def read_json(path: Path) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in json.loads(path.read_text("utf-8"), parse_float=Decimal)]


def read_json_columns(path: Path) -> list[tuple[Any, ...]]:
    table = json.loads(path.read_text("utf-8"), parse_float=Decimal)
    rows = list(zip(*table["columns"].values(), strict=True))
    assert len(rows) == table["rows"]
    return rows


def as_parquet(cell: Any) -> Any:
    if isinstance(cell, tuple):
        return f"{cell[0]:04}-{cell[1]:02}"
    return float(cell) if isinstance(cell, Decimal) else cell


def read_parquet(path: Path) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in pq.read_table(path).to_pylist()]


def as_excel(cell: Any) -> Any:
    """Return what an independent reader of Excel files must find."""
    if cell is None:
        return ""
    if isinstance(cell, tuple) or not fits_excel(cell):
        return write_cell(cell).strip('"')
    if isinstance(cell, bool | str | date | datetime):
        return cell
    if isinstance(cell, time):
        return cell
    return float(cell)


def read_excel(path: Path) -> list[tuple[Any, ...]]:
    sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
    _header, *rows = sheet.to_python(skip_empty_area=False)
    return [tuple(row) for row in rows]


def read_csv(path: Path, delimiter: str) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        _header, *rows = csv.reader(file, delimiter=delimiter, strict=True)
    return rows


def read_numbers(path: Path) -> list[tuple[Decimal | None, ...]]:
    rows = read_csv(path, ";")
    return [tuple(Decimal(cell.replace(",", ".")) if cell else None for cell in row[2:4]) for row in rows]


@pytest.mark.parametrize("missing", [["-"], [{"value": "-", "label": "không có"}]])
def test_what_a_schema_calls_missing_holds_for_fields_that_say_nothing(tmp_path: Path, missing: list[Any]) -> None:
    folder = write_table(tmp_path, "things", [column("name"), column("count", "integer")], [["-", "-"], ["x", "2"]])
    path = folder / "datapackage.json"
    descriptor = json.loads(path.read_text("utf-8"))
    descriptor["resources"][0]["schema"]["missingValues"] = missing
    path.write_text(json.dumps(descriptor), "utf-8")
    (package,) = read_packages(tmp_path).packages
    columns = make_columns(package.main)
    assert [[one.read(cell) for cell in ("-", "2", "")] for one in columns] == [[None, "2", ""], [None, 2, None]]
    assert [row.cells for row in read_rows(package, package.main)] == [(None, None), ("x", 2)]


def test_a_checked_table_is_read_as_frictionless_reads_it(tmp_path: Path) -> None:
    package, expected = read_typed(tmp_path, ROWS)
    rows = list(Table(package, package.main))
    assert rows == list(read_rows(package, package.main))
    assert [row.cells for row in rows] == expected


def test_a_row_of_another_length_is_never_read_as_if_it_were_whole(tmp_path: Path) -> None:
    write_table(tmp_path, "things", [column("a"), column("b")], [["x"]])
    (package,) = read_packages(tmp_path).packages
    with pytest.raises(ValueError, match="zip"):
        list(Table(package, package.main))

"""Static JSON: every cell of the package in the type that it has, its digits kept, however large the table."""

from __future__ import annotations

import csv
import json
import tracemalloc
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from factory import column, make_tiny_catalog, write_indicator, write_references, write_table
from portal.data.descriptor import read_packages
from portal.files.latest import find_latest, write_latest, write_newest
from portal.files.static_json import write_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from portal.data.package import Package
    from published import Published

pytest_plugins = ("published",)

# Columns of every type, cells as they stand in a file, and the JSON that each becomes.
COLUMNS = [
    column("name"), column("amount", "number"), column("count", "integer"), column("covered", "boolean"),
    column("day", "date"), column("moment", "datetime"), column("hour", "time"), column("month", "yearmonth"),
    column("since", "year"),
]  # fmt: skip
CELLS = {
    "a": ["1.50", "7", "true", "2024-02-03", "2024-02-03T04:05:06Z", "04:05:06", "2024-02", "2010"],
    'nói "có"\nhai': ["-0.10", "-3", "false", "", "", "", "", ""],
    "\u2028\\": ["12345678901234567890.123456789", "90071992547409931", "", "", "", "", "", ""],
    "0012": ["1e3", "0", "", "", "", "", "", ""],
    "": ["+5.0", "007", "", "", "", "", "", ""],
}
EXPECTED = [
    '"count":7,"covered":true,"day":"2024-02-03","moment":"2024-02-03T04:05:06+00:00","hour":"04:05:06","month":"2024-02"',
    '"amount":-0.10,"count":-3,"covered":false,"day":null,',
    '"amount":12345678901234567890.123456789,"count":90071992547409931,',
    '"amount":1e3,"count":0,"covered":null,',
    '"amount":5.0,"count":7,"covered":null,',
]


def write_and_read(package: Package, folder: Path) -> str:
    write_json(package, package.main, folder / "table.json")
    return (folder / "table.json").read_bytes().decode("utf-8")


def make_package(folder: Path, fields: Sequence[dict[str, Any]], rows: Sequence[Sequence[str]]) -> Package:
    write_table(folder / "packages", "things", fields, rows)
    (package,) = read_packages(folder / "packages").packages
    return package


def test_every_type_is_written_as_json_with_the_digits_of_the_file(tmp_path: Path) -> None:
    text = write_and_read(make_package(tmp_path, COLUMNS, [[name, *cells] for name, cells in CELLS.items()]), tmp_path)
    first, *lines, last, end = text.split("\n")
    assert (first, last, end, len(lines)) == ("[", "]", "", len(CELLS))
    for line, expected in zip(lines, EXPECTED, strict=True):
        assert expected in line
    assert [row["name"] for row in json.loads(text)] == [name or None for name in CELLS]


def test_what_a_package_calls_missing_is_null(tmp_path: Path) -> None:
    fields = [
        column("name"),
        column("amount", "number", missingValues=["", "-"]),
        column("note", missingValues=["k.c"]),
    ]
    rows = json.loads(write_and_read(make_package(tmp_path, fields, [["-", "-", "k.c"], ["x", "2", ""]]), tmp_path))
    assert rows == [{"name": "-", "amount": None, "note": None}, {"name": "x", "amount": 2, "note": ""}]


def test_numbers_of_another_way_of_writing_become_json_numbers(tmp_path: Path) -> None:
    fields = [column("name"), column("amount", "number", groupChar=".", decimalChar=",")]
    rows = write_and_read(make_package(tmp_path, fields, [["a", "1.234,50"]]), tmp_path)
    assert '"amount":1234.50}' in rows


def test_a_table_without_rows_is_an_empty_array(tmp_path: Path) -> None:
    assert write_and_read(make_package(tmp_path, [column("name")], []), tmp_path) == "[]\n"


def test_the_memory_does_not_grow_with_the_table(tmp_path: Path) -> None:
    peaks = []
    for count in (20_000, 60_000):  # both more than the cells that a column remembers
        folder = tmp_path / str(count)
        rows = [[f"tên {number}", str(number)] for number in range(count)]
        package = make_package(folder, [column("name"), column("amount", "number")], rows)
        tracemalloc.start()
        write_json(package, package.main, folder / "table.json")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 200_000  # bytes; the file of the second is 1.6 MB larger


@pytest.mark.parametrize("name", ["fish", "market", "hostile", "misprinted", "sources", "thousand"])
def test_the_json_says_what_the_csv_says(name: str, published: Published) -> None:
    folder = published.site / "data" / name
    rows = json.loads((folder / f"{name}.json").read_text("utf-8"), parse_float=Decimal)
    (package,) = read_packages(published.project / "datapackages" / name).packages
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        cells = list(csv.DictReader(file))
    kinds = {one.name: one.type for one in package.main.fields}
    assert len(rows) == len(cells)
    for row, raw in zip(rows, cells, strict=True):
        assert list(row) == list(raw)
        for key, cell in raw.items():
            expected: object = cell or None
            if cell and kinds[key] in {"number", "integer", "year"}:
                expected = Decimal(cell)
            elif cell and kinds[key] == "boolean":
                expected = cell == "true"
            assert row[key] == expected, (name, key)


# --- newest values ------------------------------------------------------------------------------------------------


def write_series(root: Path) -> None:
    write_references(root)
    rows = [
        {"period": "2022", "value": "10"},
        {"period": "2023", "value": "12.50", "locator": "5:1"},
        {"period": "2023", "value": "11", "status": "estimate", "locator": "6:1"},
        {"period": "2025", "value": "99", "status": "target", "locator": "7:1"},
        {"period": "2024", "value": "", "as_stated": "1O", "flags": "misprint", "locator": "8:1"},
        {"period": "2020", "value": "3", "kind": "shrimp", "locator": "9:1"},
        {"period": "2021", "value": "-4", "transform": "yoy_change_pct", "unit": "percent", "locator": "9:9"},
    ]
    write_indicator(root, "fish", rows, {"kind": "codes"})


def test_the_newest_value_of_every_series_is_found(tmp_path: Path) -> None:
    write_series(tmp_path / "packages")
    catalog = make_tiny_catalog(tmp_path / "packages")
    found = list(find_latest(catalog.observations["fish"], catalog.records["sources"]))
    assert [(one.period_text, str(one.value), one.transform, dict(one.dimensions)["kind"]) for one in found] == [
        ("2023", "12.50", "level", "_T"),
        ("2020", "3", "level", "shrimp"),
        ("2021", "-4", "yoy_change_pct", "_T"),
    ]


def test_latest_says_what_where_when_and_from_which_document(tmp_path: Path) -> None:
    write_series(tmp_path / "packages")
    (tmp_path / "part").mkdir()
    write_newest("fish", make_tiny_catalog(tmp_path / "packages"), tmp_path / "part")
    write_latest({"fish": tmp_path / "part"}, tmp_path)
    text = (tmp_path / "latest.json").read_text("utf-8")
    assert '"value": 12.50,' in text
    first = json.loads(text)[0]
    digest = first.pop("id").removeprefix("fish-")
    assert len(digest) == 16
    assert first == {
        "dataset": "fish", "title": "Gói fish", "title_en": "Package fish", "what": "Sản lượng", "what_en": "Catch",
        "period": "2023", "period_start": "2023-01-01", "period_end": "2023-12-31", "area": "KG",
        "dimensions": {"kind": "_T"}, "measure": "catch", "transform": "level", "value": 12.5, "unit": "tonne",
        "status": "actual", "qualifier": "exact", "flags": [], "source": "report", "locator": "5:1",
        "as_stated": "12,50", "page": f"http://127.0.0.1:8000/catalog/fish/#o-{digest}",
    }  # fmt: skip


def test_the_published_latest_leads_to_rows_of_pages(published: Published) -> None:
    entries = json.loads((published.site / "data" / "latest.json").read_text("utf-8"))
    assert {one["dataset"] for one in entries} >= {"fish", "hostile", "thousand"}
    for one in entries:
        assert one["status"] != "target"
        assert one["value"] is not None
        anchor = one["page"].partition("#")[2]
        if one["dataset"] != "thousand":  # its page is cut
            assert f'id="{anchor}"' in published.read(f"/catalog/{one['dataset']}/")

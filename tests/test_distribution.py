"""Distributions: what visitors download says the same as the package, validates, and has the same bytes every time."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import json
import os
import re
import zipfile
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import frictionless
import pandas as pd
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from factory import check_folder, column, make_tiny_catalog, write_indicator, write_references, write_table
from portal.data.descriptor import read_packages
from portal.data.table import Table
from portal.files.collection import write_catalog, write_catalog_part
from portal.files.distribution import LONG_ROWS, publish_descriptor, write_distributions
from portal.files.excel_file import write_excel
from portal.pages.download_bar import note_limits
from portal.sqlite.package_rows import DatasetSummary

if TYPE_CHECKING:
    from pathlib import Path

    from portal.data.package import Package
    from portal.figures.catalog import Catalog
    from published import Published

pytest_plugins = ("published",)

# Everything that CSV readers stumble over.
CELLS = [
    "a,b",
    'nói "có"',
    "hai\ndòng",
    "hai\r\ndòng",
    " lề ",
    "Phu\u0301 Quo\u0302\u0301c",
    "",
    ";",
    "'",
    "\ufeffx",
    "0012",
]


@pytest.fixture
def awkward(tmp_path: Path) -> Package:
    """Return a package whose cells need quoting, its file with a byte order mark and bare line feeds."""
    rows = [[f"r{number}", cell, "1.50"] for number, cell in enumerate(CELLS)]
    fields = [column("name", required=True), column("text"), column("value", "number")]
    folder = write_table(tmp_path / "packages", "awkward", fields, rows, ["name"])
    path = folder / "awkward.csv"
    lines = io.StringIO(newline="")
    csv.writer(lines, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([["name", "text", "value"], *rows])
    path.write_bytes(b"\xef\xbb\xbf" + lines.getvalue().encode())
    return read_packages(tmp_path / "packages").packages[0]


def read_published(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


def test_the_csv_is_rfc_4180_and_holds_the_same_cells(awkward: Package, tmp_path: Path) -> None:
    write_distributions(awkward, tmp_path / "data")
    raw = (tmp_path / "data" / "awkward.csv").read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    # Outside quotes every line ends with CRLF, and quotes stand around a cell or twice inside one.
    record = rb'(?:"(?:[^"]|"")*"|[^",\r\n]*)(?:,(?:"(?:[^"]|"")*"|[^",\r\n]*)){2}\r\n'
    assert re.fullmatch(rb"(?:%b)+" % record, raw)
    expected = [["name", "text", "value"], *([f"r{number}", cell, "1.50"] for number, cell in enumerate(CELLS))]
    assert read_published(tmp_path / "data" / "awkward.csv") == expected


def test_pandas_reads_the_csv_without_options(awkward: Package, tmp_path: Path) -> None:
    write_distributions(awkward, tmp_path / "data")
    frame = pd.read_csv(tmp_path / "data" / "awkward.csv", keep_default_na=False)
    assert frame["text"].tolist() == CELLS
    assert frame["value"].tolist() == [1.5] * len(CELLS)


@pytest.mark.parametrize("name", ["fish", "thousand", "misprinted"])
def test_pandas_reads_an_indicator_as_frictionless_does(name: str, published: Published) -> None:
    frame = pd.read_csv(published.site / "data" / name / f"{name}.csv", dtype={"period": str})
    (package,) = read_packages(published.project / "datapackages" / name).packages
    rows = [dict(zip(frame.columns, row.cells, strict=True)) for row in Table(package, package.main)]
    assert frame["period"].tolist() == [row["period"] for row in rows]
    values = [None if pd.isna(value) else value for value in frame["value"]]
    assert values == [row["value"] for row in rows]


def validate(descriptor: Path) -> list[str]:
    """Return what frictionless says of a package on disk."""
    report = frictionless.Package(str(descriptor)).validate()
    return [error.message for task in report.tasks for error in task.errors] + [one.message for one in report.errors]


@pytest.fixture(params=["fish", "market", "hostile", "misprinted", "sources", "thousand"])
def unzipped(request: pytest.FixtureRequest, published: Published, tmp_path: Path) -> Path:
    """Return a fresh folder into which the zip of a dataset was unpacked."""
    with zipfile.ZipFile(published.site / "data" / request.param / f"{request.param}.zip") as archive:
        assert sorted(archive.namelist()) == sorted(["datapackage.json", f"{request.param}.csv"])
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    return tmp_path


def test_an_unzipped_package_validates(unzipped: Path) -> None:
    assert validate(unzipped / "datapackage.json") == []


def test_an_unzipped_package_tells_its_size_and_hash(unzipped: Path) -> None:
    (resource,) = json.loads((unzipped / "datapackage.json").read_text("utf-8"))["resources"]
    raw = (unzipped / resource["path"]).read_bytes()
    assert resource["bytes"] == len(raw)
    assert resource["hash"] == f"sha256:{hashlib.sha256(raw).hexdigest()}"


def test_a_damaged_download_is_noticed(unzipped: Path) -> None:
    (path,) = unzipped.glob("*.csv")
    path.write_bytes(path.read_bytes() + b"x")
    assert any("hash" in message or "bytes" in message for message in validate(unzipped / "datapackage.json"))


def test_every_package_of_the_catalogue_unzips_and_validates(
    real_packages: tuple[Package, ...], tmp_path: Path
) -> None:
    for package in real_packages:
        folder = tmp_path / package.name
        write_distributions(package, folder / "data")
        with zipfile.ZipFile(folder / "data" / f"{package.name}.zip") as archive:
            archive.extractall(folder / "unzipped")
        assert validate(folder / "unzipped" / "datapackage.json") == [], package.name


def test_distributions_are_listed_as_they_lie_on_disk(awkward: Package, tmp_path: Path) -> None:
    written = write_distributions(awkward, tmp_path / "data")
    assert [(one.name, one.format, one.media_type) for one in written] == [
        ("awkward.xlsx", "XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("awkward.csv", "CSV", "text/csv"),
        ("awkward.excel.csv", "Excel CSV", "text/csv"),
        ("awkward.json", "JSON", "application/json"),
        ("awkward.parquet", "Parquet", "application/vnd.apache.parquet"),
        ("awkward.zip", "ZIP", "application/zip"),
        ("datapackage.json", "Data Package", "application/json"),
    ]
    assert {path.name for path in (tmp_path / "data").iterdir()} == {one.name for one in written}
    tables = [(one.resource, one.rows) for one in written]
    assert tables == [("awkward", len(CELLS))] * 5 + [("", None)] * 2
    for one in written:
        raw = (tmp_path / "data" / one.name).read_bytes()
        assert (one.bytes, one.sha256) == (len(raw), hashlib.sha256(raw).hexdigest())


def test_the_same_package_gives_the_same_bytes(awkward: Package, tmp_path: Path) -> None:
    first = write_distributions(awkward, tmp_path / "first")
    # A file's own times must not reach the archive.
    awkward.main.file.touch()
    assert write_distributions(awkward, tmp_path / "second") == first


def test_a_published_descriptor_differs_only_in_its_files(awkward: Package, tmp_path: Path) -> None:
    written = {one.name: one for one in write_distributions(awkward, tmp_path / "data")}
    descriptor = json.loads((tmp_path / "data" / "datapackage.json").read_text("utf-8"))
    assert descriptor == publish_descriptor(awkward, list(written.values())[:-1])
    listed = descriptor["portal"].pop("distributions")
    assert [one["path"] for one in listed] == [
        "awkward.xlsx", "awkward.csv", "awkward.excel.csv", "awkward.json", "awkward.parquet", "awkward.zip",
    ]  # fmt: skip
    with zipfile.ZipFile(tmp_path / "data" / "awkward.zip") as archive:
        assert json.loads(archive.read("datapackage.json")) == descriptor
    assert listed[0] == {
        "path": "awkward.xlsx",
        "permanent": f"../by-hash/{written['awkward.xlsx'].sha256}/awkward.xlsx",
        "format": "XLSX",
        "mediatype": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "bytes": written["awkward.xlsx"].bytes,
        "hash": f"sha256:{written['awkward.xlsx'].sha256}",
        "resource": "awkward",
        "rows": len(CELLS),
    }
    (resource,) = descriptor["resources"]
    assert {key: resource.pop(key) for key in ("bytes", "hash")} == {
        "bytes": written["awkward.csv"].bytes,
        "hash": f"sha256:{written['awkward.csv'].sha256}",
    }
    assert descriptor == awkward.descriptor


def test_a_published_descriptor_names_the_line_ends_of_the_published_file(tmp_path: Path) -> None:
    folder = write_table(tmp_path / "packages", "lines", [column("one", required=True)], [["1"]])
    path = folder / "datapackage.json"
    descriptor = json.loads(path.read_text("utf-8"))
    descriptor["resources"][0]["dialect"]["lineTerminator"] = "\n"
    path.write_text(json.dumps(descriptor), "utf-8")
    (package,) = read_packages(tmp_path / "packages").packages
    write_distributions(package, tmp_path / "data")
    written = json.loads((tmp_path / "data" / "datapackage.json").read_text("utf-8"))
    assert written["resources"][0]["dialect"]["lineTerminator"] == "\r\n"
    assert package.descriptor["resources"][0]["dialect"]["lineTerminator"] == "\n"


def test_the_published_numbers_are_those_of_the_package(published: Published) -> None:
    header, *rows = read_published(published.site / "data" / "fish" / "fish.csv")
    at = header.index("value")
    assert [Decimal(row[at]) for row in rows] == [Decimal(text) for text in ("2390.5", "1500.5", "800", "90")]


def write_whole(catalog: Catalog, folder: Path) -> dict[str, Any]:
    """Write `catalog.json` and its parts below a folder; return what it says."""
    parts = {name: folder / "parts" / name for name in catalog.packages}
    for name, part in parts.items():
        part.mkdir(parents=True)
        write_catalog_part(catalog.packages[name], catalog, part)
    write_catalog(catalog, parts, folder / "data")
    said: dict[str, Any] = json.loads((folder / "data" / "catalog.json").read_text("utf-8"))
    return said


def test_the_catalogue_lists_every_dataset_and_every_file(tmp_path: Path) -> None:
    write_references(tmp_path / "packages")
    write_indicator(tmp_path / "packages", "fish", changes={"version": "2.3.4"})
    catalog = make_tiny_catalog(tmp_path / "packages", tmp_path / "data")
    summaries = {name: DatasetSummary(7, "2023-01-01", "2023-12-31") for name in catalog.packages}
    index = write_whole(replace(catalog, summaries=summaries), tmp_path)
    entries = index.pop("datasets")
    assert index == {
        "title": "Dữ liệu mở Kiên Giang",
        "title@en": "Kiên Giang Open Data",
        "publisher": "Cổng dữ liệu mở Kiên Giang",
        "publisher@en": "Kiên Giang Open Data Portal",
        "license": {"title": "CC BY 4.0", "path": "https://creativecommons.org/licenses/by/4.0/"},
        "home": "http://127.0.0.1:8000/",
        "latest": "http://127.0.0.1:8000/data/latest.json",
        "openapi": "http://127.0.0.1:8000/developers/openapi.json",
        "distributions": [],
    }
    fish = entries[0]
    files = fish.pop("distributions")
    assert fish == {
        "name": "fish",
        "title": "Gói fish",
        "title@en": "Package fish",
        "description": "Mô tả của fish.",
        "description@en": "Description of fish.",
        "kind": "indicator",
        "theme": "fishing",
        "keywords": [],
        "frequency": "ANNUAL",
        "version": "2.3.4",
        "created": "2024-02-01T00:00:00Z",
        "license": {"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"},
        "rows": 7,
        "period_start": "2023-01-01",
        "period_end": "2023-12-31",
        "page": "http://127.0.0.1:8000/catalog/fish/",
        "api": "http://127.0.0.1:8000/datasette/opendata/fish.json",
        "descriptor": "http://127.0.0.1:8000/data/fish/datapackage.json",
    }
    assert [one["url"] for one in files] == [
        f"http://127.0.0.1:8000/data/fish/{name}"
        for name in (
            "fish.xlsx",
            "fish.csv",
            "fish.excel.csv",
            "fish.json",
            "fish.parquet",
            "fish.sdmx.csv",
            "fish.zip",
            "datapackage.json",
        )
    ]
    for one in files:
        raw = (tmp_path / "data" / "fish" / one["url"].rpartition("/")[2]).read_bytes()
        assert (one["bytes"], one["hash"]) == (len(raw), f"sha256:{hashlib.sha256(raw).hexdigest()}")
    assert {one["name"] for one in entries[1:]} == set(catalog.packages) - {"fish"}


def test_the_published_catalogue_points_at_files_that_exist(published: Published) -> None:
    index = json.loads((published.site / "data" / "catalog.json").read_text("utf-8"))
    entries = index["datasets"]
    whole = {one["url"].rpartition("/data/")[2]: one for one in index["distributions"]}
    assert {"opendata.db", "packages.zip", "parquet.zip", "parquet/fish.parquet"} <= whole.keys()
    addresses = [one["url"] for one in index["distributions"]]
    assert len(addresses) == 3 + len(entries)
    for name, one in whole.items():
        raw = (published.site / "data" / name).read_bytes()
        assert (one["bytes"], one["hash"]) == (len(raw), f"sha256:{hashlib.sha256(raw).hexdigest()}")
    addresses += [entry[key] for entry in entries for key in ("page", "descriptor")]
    addresses += [one["url"] for entry in entries for one in entry["distributions"]]
    indicators = sum(entry["kind"] == "indicator" for entry in entries)
    assert len(addresses) == 3 + 10 * len(entries) + indicators
    for address in addresses:
        assert (published.site / address.removeprefix("http://127.0.0.1:8000/")).exists(), address


def test_a_table_beyond_excel_has_no_forms_for_it_and_says_so(tmp_path: Path) -> None:
    cell = "\U0001f41f" * 16_384  # 32,768 characters of UTF-16
    write_table(
        tmp_path / "packages", "long", [column("name", required=True), column("text")], [["a", ""], ["b", cell]]
    )
    catalog = make_tiny_catalog(tmp_path / "packages", tmp_path / "data")
    assert [one.format for one in catalog.distributions["long"]] == ["CSV", "JSON", "Parquet", "ZIP", "Data Package"]
    (found,) = catalog.findings
    assert (found.place, found.code, found.severity) == ("long/long.csv:3:2", "excel-cell-length", "warning")
    reason = (
        "The column “text” has a cell of 32768 characters, a cell of Excel holds 32767: there are no XLSX and Excel CSV"
        " files. Use the CSV, JSON or Parquet file."
    )
    listed = write_whole(replace(catalog, summaries={"long": DatasetSummary(2)}), tmp_path)["datasets"][0]["omitted"]
    published = json.loads((tmp_path / "data" / "long" / "datapackage.json").read_text("utf-8"))["portal"]["omitted"]
    assert [one["reason@en"] for one in listed] == [one["reason@en"] for one in published] == [reason]
    assert note_limits(catalog.packages["long"], catalog, "en") == [reason]


def test_a_long_table_is_also_offered_by_column(tmp_path: Path) -> None:
    rows = [[str(number), f"{number}.50"] for number in range(LONG_ROWS)]
    write_table(tmp_path / "packages", "long", [column("name", required=True), column("value", "number")], rows)
    (package,) = read_packages(tmp_path / "packages").packages
    written = {one.format: one for one in write_distributions(package, tmp_path / "data")}
    assert written["JSON columns"].rows == LONG_ROWS
    table = json.loads((tmp_path / "data" / "long.columns.json").read_text("utf-8"))
    assert (table["name"], table["rows"], table["columns"]["value"][:2]) == ("long", LONG_ROWS, [0.5, 1.5])


def test_duckdb_and_pandas_read_the_parquet_files_and_their_words(published: Published) -> None:
    path = published.site / "data" / "parquet" / "fish.parquet"
    every = [str(path.parent / "fish*.parquet")]
    found = duckdb.execute("select sum(value), count(*) from read_parquet(?)", every).fetchall()
    assert found == [(4781.0, 4)]
    assert pd.read_parquet(path)["value"].tolist() == [2390.5, 1500.5, 800.0, 90.0]
    words = pq.read_schema(path).field("value").metadata
    assert (words[b"title"].decode(), words[b"title@en"].decode()) == ("Cột value", "Column value")


def test_the_excel_file_tells_of_the_table_in_both_languages(published: Published) -> None:
    book = CalamineWorkbook.from_path(str(published.site / "data" / "fish" / "fish.xlsx"))
    assert book.sheet_names == ["Để đọc · To read", "Số liệu · Data", "Mô tả · About", "Mã · Codes"]
    header = book.get_sheet_by_index(1).to_python()[0]
    assert header[:2] == ["Cột period\nColumn period", "Cột area\nColumn area"]
    about = {row[0]: row[1:3] for row in book.get_sheet_by_index(2).to_python()}
    assert about["Tên · Title"] == ["Gói fish", "Package fish"]
    assert about["Mã và địa chỉ giấy phép · Licence code and address"] == [
        "CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/",
    ]  # fmt: skip
    assert ["unit", "tonne", "tấn", "tonnes"] in book.get_sheet_by_index(3).to_python()
    with zipfile.ZipFile(published.site / "data" / "fish" / "fish.xlsx") as archive:
        sheets = [archive.read(f"xl/worksheets/sheet{number}.xml").decode() for number in (1, 2)]
    for sheet in sheets:
        assert 'state="frozen"' in sheet
        assert "<autoFilter " in sheet
        assert "<f>" not in sheet


def test_the_first_sheet_of_an_indicator_is_in_words(published: Published) -> None:
    book = CalamineWorkbook.from_path(str(published.site / "data" / "fish" / "fish.xlsx"))
    words, data = (book.get_sheet_by_index(at).to_python() for at in (0, 1))
    shown = [dict(zip(words[0], row, strict=True)) for row in words[1:]]
    kept = [dict(zip(data[0], row, strict=True)) for row in data[1:]]
    assert len(shown) == len(kept) == 4
    total, fish = shown[:2]
    assert (total["Cột period"], total["Cột unit"], total["Column unit"]) == ("2023", "tấn", "tonnes")
    assert (fish["Cột kind"], fish["Column kind"], fish["Cột value"]) == ("Cá", "Fish", 1500.5)
    for name in ("value", "locator", "as_stated", "note"):
        key = f"Cột {name}\nColumn {name}"
        assert [row[f"Cột {name}"] for row in shown] == [row[key] for row in kept], name
    with zipfile.ZipFile(published.site / "data" / "fish" / "fish.xlsx") as archive:
        assert 'formatCode="#,##0.0"' in archive.read("xl/styles.xml").decode()
    market = CalamineWorkbook.from_path(str(published.site / "data" / "market" / "market.xlsx"))
    assert market.sheet_names[0] == "Số liệu · Data"


def test_a_disk_that_is_full_when_a_workbook_is_put_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_references(tmp_path / "packages")
    write_indicator(tmp_path / "packages", "fish")
    package = next(one for one in check_folder(tmp_path / "packages").packages if one.name == "fish")

    def fail(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("xlsxwriter.workbook.ZipFile", fail)
    with pytest.raises(OSError, match="No space left on device") as raised:
        write_excel(package, package.main, tmp_path / "fish.xlsx", {})
    assert raised.value.errno == errno.ENOSPC


def test_a_long_indicator_has_its_data_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_references(tmp_path / "packages")
    write_indicator(tmp_path / "packages", "fish")
    package = next(one for one in check_folder(tmp_path / "packages").packages if one.name == "fish")
    for most, first in ((1, "Để đọc · To read"), (0, "Số liệu · Data")):
        monkeypatch.setattr("portal.files.excel_file.WORDED_ROWS", most)
        write_excel(package, package.main, tmp_path / "fish.xlsx", {})
        assert CalamineWorkbook.from_path(str(tmp_path / "fish.xlsx")).sheet_names[0] == first

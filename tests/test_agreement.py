"""Agreement: a cell that any form has otherwise is found, and said exactly; forms that agree are counted."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
import tempfile
import unicodedata
import zipfile
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import build_database, column, write_indicator, write_references, write_table
from portal.data.package import Field
from portal.data.table import Row, Table
from portal.files.distribution import FORMATS, write_distributions
from portal.files.static_json import write_json_columns
from portal.proofs.agreement import Proof, Reading, compare_package, compare_table
from portal.proofs.form import FORMS, NO_TABLES, Form, find_form
from portal.proofs.proof import Ground, Prover
from portal.proofs.reread_database import open_database
from portal.proofs.reread_json import read_json_columns
from portal.proofs.reread_text import find_strange_members, read_csv
from portal.words.text import Text
from portal.work.build_cache import BuildCache
from portal.work.package_work import Workshop
from portal.work.scheduler import Here, Processes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from portal.data.package import Package
    from portal.work.scheduler import Scheduler

NFD = unicodedata.normalize("NFD", "Phú Quốc")
MARKET = [
    ["001", "12345.50", "9007199254740991", "2024-02-03", "2024-02", "2010", "true", 'nói "có", rồi\nxuống dòng'],
    ["002", "", "-5", "1890-05-06", "", "", "false", NFD],
    ["003", "0.000002", "0", "", "2024-03", "1999", "", " x "],
]
FIELDS = [
    column("stall", required=True), column("price", "number"), column("kilos", "integer"), column("day", "date"),
    column("month", "yearmonth"), column("since", "year"), column("covered", "boolean"), column("remark"),
]  # fmt: skip


@dataclass(frozen=True)
class Forms:
    """All forms of two datasets in a folder of a test, to be spoilt."""

    root: Path
    packages: Mapping[str, Package]
    tables: Mapping[str, Table]

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def database(self) -> Path:
        return self.root / "opendata.db"

    def file(self, dataset: str, suffix: str) -> Path:
        return self.data / dataset / f"{dataset}{suffix}"

    def compare(self, dataset: str) -> Proof:
        files = sorted(path.name for path in (self.data / dataset).iterdir())
        with closing(open_database(self.database)) as database:
            return compare_package(self.packages[dataset], self.tables, self.data / dataset, files, database)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Forms:
    root = tmp_path_factory.mktemp("forms")
    source = root / "packages"
    write_references(source)
    rows: list[dict[str, str]] = [
        {"value": "2390.5", "note": NFD},
        {"kind": "fish", "value": "-5", "transform": "yoy_change_pct", "unit": "percent", "as_stated": "5"},
        {"kind": "shrimp", "value": "", "as_stated": "1.2OO", "flags": "misprint"},
    ]
    write_indicator(source, "fish", rows, {"kind": "codes"}, {"measure": "catch"})
    write_table(source, "market", FIELDS, MARKET, ["stall"])
    checked = build_database(source, root / "opendata.db")
    packages = {one.name: one for one in checked.packages}
    for name in ("fish", "market"):
        write_distributions(packages[name], root / "data" / name)
    market = packages["market"]
    write_json_columns(market, market.main, root / "data" / "market" / "market.columns.json")
    write_sdmx_by_hand(packages["fish"], root / "data" / "fish" / "fish.sdmx.csv")
    return Forms(root, packages, checked.tables)


def write_sdmx_by_hand(package: Package, path: Path) -> None:
    """Write SDMX-CSV as its specification has it, columns in another order than the package's."""
    names = {"area": "REF_AREA", "transform": "TRANSFORMATION", "value": "OBS_VALUE", "unit": "UNIT_MEASURE",
             "period": "PERIOD"}  # fmt: skip
    with (
        package.main.file.open(encoding="utf-8", newline="") as source,
        path.open("w", encoding="utf-8", newline="") as file,
    ):
        rows = list(csv.DictReader(source))
        columns = sorted(rows[0])
        writer = csv.writer(file)
        writer.writerow(
            ["STRUCTURE", "STRUCTURE_ID", "ACTION", "TIME_PERIOD", *(names.get(one, one.upper()) for one in columns)]
        )
        writer.writerows(
            ["dataflow", "KG:FISH(1.0.0)", "I", one["period"], *(one[name] for name in columns)] for one in rows
        )


@pytest.fixture
def forms(written: Forms, tmp_path: Path) -> Forms:
    shutil.copytree(written.data, tmp_path / "data")
    shutil.copy(written.database, tmp_path / "opendata.db")
    return Forms(tmp_path, written.packages, written.tables)


# --- forms that agree ---------------------------------------------------------------------------------------------


def test_all_forms_agree_and_every_cell_is_counted(written: Forms) -> None:
    proof = written.compare("market") + written.compare("fish")
    assert [finding.render("en") for finding in proof.findings] == []
    counted = {(one.dataset, one.form): (one.rows, one.cells) for one in proof.comparisons}
    shared = {"XLSX", "CSV", "Excel CSV", "JSON", "Parquet", "ZIP", "SQLite"}
    assert counted == {
        **{("market", form): (3, 24) for form in {*shared, "JSON columns"}},
        **{("fish", form): (3, 45) for form in {*shared, "SDMX-CSV", "SQLite (observations)"}},
    }


def test_no_reader_is_the_library_that_wrote_the_form(written: Forms) -> None:
    readers = {one.form: one.reader for one in written.compare("market").count_forms()}
    writers = {"XLSX": "xlsxwriter", "CSV": "csv", "Parquet": "pyarrow"}
    assert all(readers[form] != writer for form, writer in writers.items())


def test_every_form_that_is_written_is_read_back() -> None:
    assert {one.suffix for one in FORMATS} <= FORMS.keys()
    assert not FORMS.keys() & NO_TABLES


def test_a_form_without_a_reader_is_a_fault_of_ours(written: Forms) -> None:
    resource = written.packages["market"].main
    assert find_form(written.file("market", ".json").with_name("datapackage.json"), resource) is None
    assert find_form(written.file("market", ".zip"), resource) is None
    with pytest.raises(LookupError, match=r"market\.ods: no reader in portal\.form\.FORMS"):
        find_form(written.file("market", ".ods"), resource)


# --- planted differences ------------------------------------------------------------------------------------------


def replace_bytes(old: bytes, new: bytes) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        whole = path.read_bytes()
        assert whole.count(old) == 1
        path.write_bytes(whole.replace(old, new))

    return spoil


def replace_member(name: str, old: bytes, new: bytes) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            members = {one: archive.read(one) for one in archive.namelist()}
        assert members[name].count(old) == 1
        members[name] = members[name].replace(old, new)
        with zipfile.ZipFile(path, "w") as archive:
            for one, body in members.items():
                archive.writestr(one, body)

    return spoil


def replace_in_parquet(path: Path) -> None:
    table = pq.read_table(path)
    prices = [12345.5, None, 0.00001]
    pq.write_table(table.set_column(1, "price", pa.array(prices, pa.float64())), path)


def execute(sql: str) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        with closing(sqlite3.connect(path.parents[2] / "opendata.db")) as connection:
            connection.execute(sql)
            connection.commit()

    return spoil


SPOILT: dict[str, tuple[str, str, Callable[[Path], None], str, str]] = {
    # form: dataset, suffix, what spoils it, where and what the finding says
    "CSV": ("market", ".csv", replace_bytes(b"001,", b"1,"), "data/market/market.csv:2:1",
            'Form CSV, row 2, column “stall”: the package has "001", but pyarrow reads "1".'),
    "Excel CSV": ("market", ".excel.csv", replace_bytes(b"12345,50", b"12345,05"), "data/market/market.excel.csv:2:2",
                  "Form Excel CSV, row 2, column “price”: the package has 12345.50, but pyarrow reads 12345.05."),
    "JSON": ("market", ".json", replace_bytes(b"9007199254740991", b"9007199254740990"), "data/market/market.json:2:3",
             "Form JSON, row 2, column “kilos”: the package has 9007199254740991, but json reads 9007199254740990."),
    "JSON type": ("market", ".json", replace_bytes(b"12345.50", b'"12345.50"'), "data/market/market.json:2:2",
                  'Form JSON, row 2, column “price”: the package has 12345.50, but json reads "12345.50".'),
    "JSON empty": ("fish", ".json", replace_bytes(b'"note":null,"note_en":null},\n{"period":"2023","area":"KG",',
                                                  b'"note":"","note_en":null},\n{"period":"2023","area":"KG",'),
                   "data/fish/fish.json:3:14",
                   'Form JSON, row 3, column “note”: the package has null, but json reads "".'),
    "JSON columns": ("market", ".columns.json", replace_bytes(b"[true,false,null]", b"[true,null,null]"),
                     "data/market/market.columns.json:3:7",
                     "Form JSON columns, row 3, column “covered”: the package has false, but json reads null."),
    "Unicode": ("market", ".json", replace_bytes(NFD.encode(), unicodedata.normalize("NFC", NFD).encode()),
                "data/market/market.json:3:8",
                ('Form JSON, row 3, column “remark”: the package has "Phu\\u0301 Quo\\u0302\\u0301c", '
                'but json reads "Ph\\u00fa Qu\\u1ed1c".')),
    "Parquet": ("market", ".parquet", replace_in_parquet, "data/market/market.parquet:4:2",
                "Form Parquet, row 4, column “price”: the package has 0.000002, but DuckDB reads 0.00001."),
    "XLSX": ("market", ".xlsx", replace_member("xl/worksheets/sheet1.xml", b"<v>-5</v>", b"<v>-6</v>"),
             "data/market/market.xlsx:3:3",
             "Form XLSX, row 3, column “kilos”: the package has -5, but calamine reads -6.0."),
    "XLSX of an indicator": ("fish", ".xlsx", replace_member("xl/worksheets/sheet2.xml", b"<v>-5</v>", b"<v>-6</v>"),
                             "data/fish/fish.xlsx:3:6",
                             "Form XLSX, row 3, column “value”: the package has -5, but calamine reads -6.0."),
    "no data": ("fish", ".xlsx", replace_member("xl/workbook.xml", b'" sheetId="2"', b'!" sheetId="2"'),
                "data/fish/fish.xlsx",
                "Form XLSX: calamine cannot read it back: there is no sheet “Số liệu · Data”."),
    "SDMX-CSV": ("fish", ".sdmx.csv", replace_bytes(b"1.2OO", b"1.200"), "data/fish/fish.sdmx.csv:4:13",
                 'Form SDMX-CSV, row 4, column “as_stated”: the package has "1.2OO", but pyarrow reads "1.200".'),
    "SQLite": ("market", ".csv", execute("UPDATE market SET since = 2011 WHERE since = 2010"), "opendata.db:2:6",
               "Form SQLite, row 2, column “since”: the package has 2010, but SQLite reads 2011."),
    "SQLite (observations)": ("fish", ".csv", execute("UPDATE observations SET dimensions = '{}' WHERE value = -5"),
                              "opendata.db:3:3",
                              ('Form SQLite (observations), row 3, column “kind”: the package has "fish", '
                              "but SQLite reads null.")),
    "order": ("market", ".csv", execute("UPDATE market SET rowid = 9 WHERE stall = '001'"), "opendata.db:2:1",
              'Form SQLite, row 2, column “stall”: the package has "001", but SQLite reads "002".'),
    "missing row": ("market", ".csv", execute("DELETE FROM market WHERE stall = '003'"), "opendata.db:4",
                    "Form SQLite: row 4 of the package is missing."),
    "extra row": ("market", ".csv", execute("INSERT INTO market SELECT '004', price, kilos, day, month, since, covered,"
                                            " remark FROM market WHERE stall = '003'"), "opendata.db:5",
                  "Form SQLite: row 5 is not in the package."),
    "mark": ("market", ".csv", replace_bytes(b"stall,", b"\xef\xbb\xbfstall,"), "data/market/market.csv",
             "Form CSV: pyarrow cannot read it back: a byte order mark."),
    "broken": ("market", ".json", replace_bytes(b"\n]\n", b"\n"), "data/market/market.json",
               "Form JSON: json cannot read it back: not an array of JSON."),
    "names": ("market", ".json", replace_bytes(b'{"stall":"002"', b'{"Stall":"002"'), "data/market/market.json",
              "Form JSON: json cannot read it back: object 2 has not exactly the names of the columns in their order."),
}  # fmt: skip


@pytest.mark.parametrize("case", SPOILT)
def test_a_planted_difference_is_said_exactly(forms: Forms, case: str) -> None:
    dataset, suffix, spoil, place, message = SPOILT[case]
    spoil(forms.file(dataset, suffix))
    proof = forms.compare(dataset)
    found = [one for one in proof.findings if one.code != "form-member"]
    assert [(one.place, one.message_en) for one in found] == [(place, message)]
    assert found[0].severity == "blocker"
    assert found[0].message != found[0].message_en


def test_an_archive_must_hold_what_stands_beside_it(forms: Forms) -> None:
    replace_member("market.csv", b"001,", b"1,")(forms.file("market", ".zip"))
    assert [(one.place, one.message_en) for one in forms.compare("market").findings] == [
        ("data/market/market.zip",
         "The file “market.csv” in the ZIP archive is not the file that is published beside it."),
        ("data/market/market.zip:2:1",
         'Form ZIP, row 2, column “stall”: the package has "001", but zipfile, pyarrow reads "1".'),
    ]  # fmt: skip


def test_a_damaged_archive_is_said(forms: Forms) -> None:
    path = forms.file("market", ".zip")
    path.write_bytes(path.read_bytes()[:200])
    messages = {one.message for one in forms.compare("market").findings}
    assert messages == {"Dạng ZIP: zipfile, pyarrow không đọc lại được: BadZipFile: File is not a zip file."}


# --- the comparison itself ----------------------------------------------------------------------------------------

CELLS = st.one_of(st.none(), st.text(max_size=3), st.integers(-3, 3), st.decimals(-1, 1, places=1), st.booleans())


@given(st.data())
def test_any_one_changed_cell_is_found_where_it_is(written: Forms, data: st.DataObject) -> None:
    package = written.packages["market"]
    width = len(package.main.fields)
    names = tuple(one.name for one in package.main.fields)
    months = [place for place, one in enumerate(package.main.fields) if one.type == "yearmonth"]
    rows = data.draw(
        st.lists(st.tuples(*[st.none() if at in months else CELLS for at in range(width)]), min_size=3, max_size=3)
    )
    at, column_at = data.draw(st.integers(0, len(rows) - 1)), data.draw(st.integers(0, width - 1))
    other = data.draw(CELLS.filter(lambda cell: cell != rows[at][column_at]))
    spoilt = [list(row) for row in rows]
    spoilt[at][column_at] = other
    form = Form("a form", "a reader", "typed")
    typed = [Row(number, row) for number, row in enumerate(rows, start=2)]

    def compare(found: list[Any]) -> Proof:
        return compare_table(package, package.main, typed, [Reading(form, "x", iter([names, *map(tuple, found)]))])

    assert not compare(rows).findings
    assert [(one.line, one.column) for one in compare(spoilt).findings] == [(at + 2, column_at + 1)]


# --- what is kept between builds ----------------------------------------------------------------------------------


def test_unchanged_files_are_not_compared_again_and_changed_ones_are(
    forms: Forms, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[list[str]] = []

    def watch(*arguments: Any) -> Proof:
        compared.append(arguments[3])
        return compare_package(*arguments)

    monkeypatch.setattr("portal.proofs.proof.compare_package", watch)
    package = forms.packages["market"]
    files = tuple(path.name for path in (forms.data / "market").iterdir())
    written = {"market": [type("File", (), {"name": name})() for name in files]}

    def prove() -> Proof:
        return prove_data(written, [package], forms)

    first = prove()
    assert prove() == first
    assert compared == [list(files)]
    replace_bytes(b"001,", b"1,")(forms.file("market", ".csv"))
    for _ in range(2):  # a difference is never kept
        assert {one.code for one in prove().findings} == {"form-differs", "form-member"}
    assert compared == [list(files)] * 3


@pytest.mark.parametrize("fault", ["SQLite", "SQLite (observations)", "order", "missing row", "extra row"])
def test_what_changed_in_the_database_alone_is_found(fault: str, forms: Forms) -> None:
    name, suffix, spoil, *_ = SPOILT[fault]
    package = forms.packages[name]
    assert prove_data({name: []}, [package], forms).findings == ()
    spoil(forms.file(name, suffix))
    for _ in range(2):
        assert len(prove_data({name: []}, [package], forms).findings) == 1


@pytest.mark.parametrize("spoilt", ["nothing", "SQLite", "CSV"])
def test_it_does_not_show_where_forms_were_compared(spoilt: str, forms: Forms) -> None:
    if spoilt != "nothing":
        name, suffix, spoil, *_ = SPOILT[spoilt]
        spoil(forms.file(name, suffix))
    packages = [forms.packages[name] for name in ("fish", "market")]
    written = {
        one.name: [type("File", (), {"name": path.name})() for path in sorted((forms.data / one.name).iterdir())]
        for one in packages
    }
    here = prove_data(written, packages, forms)
    shutil.rmtree(forms.root / "cache", ignore_errors=True)
    assert prove_data(written, packages, forms, Processes(2, start_seconds=0)) == here
    assert bool(here.findings) == (spoilt != "nothing")


def prove_data(
    written: Mapping[str, Any], packages: Sequence[Package], forms: Forms, scheduler: Scheduler | None = None
) -> Proof:
    """Compare the forms of packages, as a build does."""
    shop = Workshop(scheduler or Here(), BuildCache(forms.root / "cache"), "code", lambda _event: None, forms.root)
    with closing(Ground(forms.data, forms.root, forms.database)) as ground:
        return Prover(written, shop, ground).prove_data(packages)


def test_counts_add_up(written: Forms) -> None:
    proof = written.compare("market")
    assert sum(one.cells for one in proof.count_forms()) == sum(one.cells for one in proof.comparisons)
    assert Decimal(sum(one.cells for one in proof.comparisons)) == 24 * len(proof.comparisons)
    assert json.dumps([one.form for one in proof.count_forms()])


def test_a_package_that_two_programs_read_differently_agrees_with_no_form(written: Forms) -> None:
    package = written.packages["market"]
    rows = list(written.tables["market"])
    for fewer_or_more, row in ((rows[:2], 4), ([*rows, rows[0]], 5)):
        (finding,) = compare_table(package, package.main, fewer_or_more, []).findings
        assert finding.place == f"market/market.csv:{row}"
        assert finding.message_en == (
            f"Two programs read the package's file differently from row {row} on: "
            "Apache Arrow and Python's csv module see other numbers of rows."
        )


def test_an_archive_whose_descriptor_says_something_else_is_found(tmp_path: Path) -> None:
    published = {"name": "x", "portal": {"kind": "table", "distributions": [{"path": "x.csv"}]}}
    (tmp_path / "datapackage.json").write_text(json.dumps(published), "utf-8")
    for descriptor, strange in (
        ({"name": "x", "portal": {"kind": "table"}}, []),
        ({"name": "y", "portal": {"kind": "table"}}, ["datapackage.json"]),
        (published, ["datapackage.json"]),
    ):
        with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
            archive.writestr("datapackage.json", json.dumps(descriptor))
        assert find_strange_members(tmp_path / "x.zip") == strange


def test_a_large_workbook_is_read_as_a_small_one(written: Forms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.proofs.form.LARGE_EXCEL_BYTES", 0)
    proof = written.compare("market") + written.compare("fish")
    assert proof.findings == ()
    assert {one.reader for one in proof.comparisons if one.form == "XLSX"} == {"expat"}


@given(
    rows=st.lists(st.lists(st.text('ab,"\n é', max_size=9), min_size=3, max_size=3), min_size=1, max_size=12),
    size=st.integers(1, 60),
    whole=st.booleans(),
)
def test_a_csv_file_is_cut_between_rows_only(rows: list[list[str]], size: int, whole: bool) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    raw = text.getvalue().encode() if whole else text.getvalue().removesuffix("\r\n").encode()
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr("portal.proofs.reread_text._PIECE_BYTES", size)
        path = Path(folder, "x.csv")
        path.write_bytes(raw)
        assert list(map(list, read_csv(path, 3))) == rows


@pytest.mark.parametrize("number", ["12.25", "-0.001", "1e5", "123456"])
def test_a_number_may_lie_across_two_pieces(number: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.proofs.reread_json._CHUNK_CHARACTERS", 1)
    path = tmp_path / "x.json"
    path.write_text(f'{{"name":"x","rows":2,"columns":{{\n"n":[{number},{number}]\n}}}}\n', "utf-8")
    value = Decimal(number)
    assert list(read_json_columns(path, [Field("n", "number", Text("n"), Text(""))])) == [("n",), (value,), (value,)]

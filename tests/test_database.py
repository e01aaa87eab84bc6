"""The database: what the check accepts comes back cell by cell; keys, types, indexes and bytes are right."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import frictionless
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factory import (
    build_database,
    check_folder,
    column,
    write_indicator,
    write_reference,
    write_references,
    write_table,
)
from portal.data.finding import find_blockers
from portal.proofs.reread_database import check_keys, open_database
from portal.sqlite import database as database_module
from portal.sqlite.database import write_database
from portal.sqlite.sql import to_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from published import Published

pytest_plugins = ("published",)

# The same examples for everybody; each writes a package and a database.
quick = settings(
    max_examples=120, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def query(path: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute(sql, values).fetchall()


# --- CSV -> SQLite -> CSV -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kind:
    """A type of column: its Table Schema properties, and the texts that its cells may hold."""

    type: str
    cells: st.SearchStrategy[str]
    properties: dict[str, Any] = field(default_factory=dict)


def _is_harmless(text: str) -> bool:
    return not text.startswith(("=", "+", "-", "@"))


def _group(number: Decimal) -> str:
    return f"{number:,f}".translate(str.maketrans(",.", ".,"))


VIETNAMESE = "aăâđêôơưÁẾỬữĐ\u0300\u0301\u0323 ,;\"'\n\t|%.0=-"
TEXTS = st.one_of(
    st.text(VIETNAMESE, max_size=12),
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn")), max_size=12),
    st.sampled_from(
        ["Phú Quốc", "Phu\u0301 Quo\u0302\u0301c", '"', "a\r\nb", " lề ", "NULL", "0012", "1e5", "\u202eabc"]
    ),
).filter(lambda text: _is_harmless(text) and "\t" not in text[:1])
DECIMALS = st.decimals(-(10**9), 10**9, places=4, allow_nan=False)
OFFSETS = st.sampled_from(["", "Z", "+07:00"])
KINDS = (
    Kind("string", TEXTS),
    Kind("number", st.one_of(DECIMALS.map("{:f}".format), st.sampled_from(["1e3", "-0", "0.10", "1E+20", "5e-7"]))),
    Kind("number", DECIMALS.map(_group), {"decimalChar": ",", "groupChar": "."}),
    Kind("number", DECIMALS.map("{:f}%".format), {"bareNumber": False}),
    Kind("integer", st.one_of(st.integers(-(2**53), 2**53).map(str), st.sampled_from(["007", "-0"]))),
    Kind("boolean", st.sampled_from(["true", "false", "True", "FALSE", "1", "0"])),
    Kind("boolean", st.sampled_from(["có", "không"]), {"trueValues": ["có"], "falseValues": ["không"]}),
    Kind("date", st.dates().map(date.isoformat)),
    Kind("date", st.dates().map(lambda day: f"{day:%d/%m}/{day.year:04}"), {"format": "%d/%m/%Y"}),
    Kind(
        "datetime", st.tuples(st.datetimes().map(lambda one: one.isoformat(timespec="seconds")), OFFSETS).map("".join)
    ),
    Kind("time", st.times().map(lambda one: one.isoformat(timespec="seconds"))),
    Kind("year", st.integers(1, 9999).map("{:04}".format)),
    Kind("yearmonth", st.dates().map(lambda day: f"{day.year:04}-{day.month:02}")),
)


@dataclass(frozen=True)
class Sheet:
    """A table as somebody might publish it."""

    fields: list[dict[str, Any]]
    rows: list[list[str]]
    key: tuple[str, ...]


@st.composite
def sheets(draw: st.DrawFn) -> Sheet:
    """Draw a table that the check must accept: a first column that is never empty, then columns of every type."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=6))
    numbers = draw(st.lists(st.integers(1, 10**6), unique=True, min_size=1, max_size=6))
    first = draw(st.sampled_from(["integer", "string"]))
    fields = [column("first", first), *(column(f"c{n}", kind.type, **kind.properties) for n, kind in enumerate(kinds))]
    rows = [
        [str(number) if first == "integer" else f"k{number}", *(draw(st.just("") | kind.cells) for kind in kinds)]
        for number in numbers
    ]
    return Sheet(fields, rows, draw(st.sampled_from([(), ("first",)])))


WILD = st.one_of(
    st.text(VIETNAMESE + "0123456789", max_size=6),
    st.sampled_from(
        ["", "1", "0.1", "NaN", "-inf", "1e400", "9007199254740993", "2024-02-30", "2024-02-03", "true", "x"]
    ),
    st.sampled_from(
        ["0.1234567890123456789", "12:30", "12:30:00", "2024-13", "=1+1", "\x00", "\x85", "2024-02-03T10:00:00Z"]
    ),
)


@st.composite
def wild_sheets(draw: st.DrawFn) -> Sheet:
    """Draw a table of whatever people type, with any key."""
    kinds = draw(st.lists(st.sampled_from([kind for kind in KINDS if not kind.properties]), min_size=1, max_size=3))
    fields = [column(f"c{n}", kind.type) for n, kind in enumerate(kinds)]
    rows = draw(st.lists(st.tuples(*(kind.cells | kind.cells | WILD for kind in kinds)).map(list), max_size=3))
    names = [one["name"] for one in fields]
    return Sheet(fields, rows, draw(st.sampled_from([(), tuple(names[:1]), tuple(names)])))


def load_sheet(sheet: Sheet, root: Path) -> bool:
    """Write, check and load a table; tell whether the check accepted it. What it accepts must come back equal."""
    folder = write_table(root / "packages", "sheet", sheet.fields, sheet.rows, sheet.key)
    checked = check_folder(root / "packages")
    if find_blockers(checked.findings):
        return False
    path = root / "opendata.db"
    write_database(path, checked.packages, checked.findings)
    types = [one["type"] for one in sheet.fields]
    stored = [
        [from_sql(cell, type_) for cell, type_ in zip(row, types, strict=True)]
        for row in query(path, "SELECT * FROM sheet ORDER BY rowid")
    ]
    judged: Any = frictionless.Package(str(folder / "datapackage.json")).get_resource("sheet")
    assert stored == [list(row.to_dict().values()) for row in judged.read_rows()]
    return True


def from_sql(cell: Any, type_: str) -> object:
    """Return the value that a cell of the database stands for, as its column's type has it."""
    if cell is None:
        return None
    readers: dict[str, Any] = {
        "string": str,
        "number": lambda one: Decimal(repr(one)),
        "integer": lambda one: int(Decimal(repr(one))),
        "boolean": {0: False, 1: True}.__getitem__,
        "date": date.fromisoformat,
        "datetime": datetime.fromisoformat,
        "time": time.fromisoformat,
        "year": int,
        "yearmonth": lambda one: tuple(map(int, one.split("-"))),
    }
    return readers[type_](cell)


@quick
@given(sheet=sheets())
def test_a_table_of_every_type_comes_back_cell_by_cell(sheet: Sheet) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert load_sheet(sheet, Path(folder))


def test_whatever_the_check_accepts_comes_back_and_nothing_else_is_loaded() -> None:
    outcomes: Counter[bool] = Counter()

    @quick
    @given(sheet=wild_sheets())
    def try_sheet(sheet: Sheet) -> None:
        with tempfile.TemporaryDirectory() as folder:
            outcomes[load_sheet(sheet, Path(folder))] += 1

    try_sheet()
    assert min(outcomes[True], outcomes[False]) >= 10, "the examples must hold good and bad tables"


@pytest.mark.parametrize(
    ("cell", "stored"),
    [
        (Decimal(2389), 2389),
        (Decimal("48.37"), 48.37),
        (Decimal("1.50"), 1.5),
        (Decimal("-0"), 0),
        (2**63 - 1, 2**63 - 1),
        (10**20, 1e20),
        (Decimal("1E+20"), 1e20),
        (True, 1),
        (date(2024, 2, 3), "2024-02-03"),
        (datetime(2024, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=7))), "2024-02-03T04:05:06+07:00"),
        (time(4, 5, 6), "04:05:06"),
        ((987, 3), "0987-03"),
        ("007", "007"),
        (None, None),
    ],
)
def test_a_cell_is_stored_exactly(cell: Any, stored: object) -> None:
    assert (to_sql(cell), type(to_sql(cell))) == (stored, type(stored))


# --- keys, types, indexes -----------------------------------------------------------------------------------------


def foreign_keys(path: Path, table: str) -> set[tuple[str, str, str]]:
    return {(row[3], row[2], row[4]) for row in query(path, f'PRAGMA foreign_key_list("{table}")')}


def columns(path: Path, table: str) -> dict[str, tuple[str, int, int]]:
    """Return the type, NOT NULL and place in the primary key of every column."""
    return {row[1]: (row[2], row[3], row[5]) for row in query(path, f'PRAGMA table_info("{table}")')}


def indexed(path: Path, table: str) -> set[str]:
    """Return the columns that lead an index of a table."""
    names = [row[1] for row in query(path, f'PRAGMA index_list("{table}")')]
    return {query(path, f'PRAGMA index_info("{name}")')[0][2] for name in names}


CODES = {
    ("area", "areas", "code"), ("measure", "measures", "code"), ("transform", "transforms", "code"),
    ("unit", "units", "code"), ("status", "statuses", "code"), ("qualifier", "qualifiers", "code"),
    ("source", "sources", "id"),
}  # fmt: skip


def test_an_indicator_has_its_keys(published: Published) -> None:
    path = published.folder.current / "opendata.db"
    assert foreign_keys(path, "fish") == {*CODES, ("kind", "codes", "code")}
    key = sorted((place, name) for name, (_, _, place) in columns(path, "fish").items() if place)
    assert [name for _, name in key] == [
        "period", "area", "kind", "measure", "transform", "status", "source", "locator",
    ]  # fmt: skip
    assert all(columns(path, "fish")[name][1] for _, name in key), "a key column may be empty"


def test_the_long_table_and_the_datasets_have_their_keys(published: Published) -> None:
    path = published.folder.current / "opendata.db"
    assert foreign_keys(path, "observations") == {
        *CODES, ("dataset", "datasets", "name"), ("result", "observations", "id"),
    }  # fmt: skip
    assert foreign_keys(path, "datasets") == {("theme", "themes", "code")}
    assert columns(path, "observations")["id"] == ("TEXT", 0, 1)


def test_columns_are_typed(published: Published) -> None:
    found = columns(published.folder.current / "opendata.db", "market")
    assert {name: kind for name, (kind, _, _) in found.items()} == {
        "stall": "TEXT", "price": "NUMERIC", "kilos": "INTEGER", "day": "TEXT", "month": "TEXT", "since": "INTEGER",
        "covered": "INTEGER", "remark": "TEXT",
    }  # fmt: skip
    assert [name for name, (_, required, _) in found.items() if required] == ["stall"]


def test_codes_dimensions_and_periods_are_indexed(published: Published) -> None:
    path = published.folder.current / "opendata.db"
    codes = {name for name, _, _ in CODES}
    assert indexed(path, "thousand") >= {*codes, "period", "value"}
    assert indexed(path, "observations") >= {
        "id", "dataset", "area", "measure", "unit", "status", "source", "period", "period_start", "value", "series",
        "latest", "verdict", "result",
    }  # fmt: skip
    assert indexed(path, "datasets") >= {"name", "theme", "kind"}
    assert indexed(path, "findings") >= {"package", "code", "severity"}


@pytest.mark.parametrize(("rows", "has_indexes"), [(2, False), (3, True)])
def test_a_table_has_indexes_for_codes_and_dimensions_once_it_is_worth_it(
    rows: int, has_indexes: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "UNINDEXED_ROWS", 2)
    write_references(tmp_path / "packages")
    years = [{"period": str(2000 + number), "kind": "shrimp"} for number in range(rows)]
    write_indicator(tmp_path / "packages", "fish", years, {"kind": "codes"})
    build_database(tmp_path / "packages", tmp_path / "opendata.db")
    codes = {name for name, _, _ in CODES}
    found = indexed(tmp_path / "opendata.db", "fish")
    assert found >= {*codes, "kind", "period", "value"} if has_indexes else found == {"period"}


def test_a_query_by_a_code_uses_its_index(published: Published) -> None:
    path = published.folder.current / "opendata.db"
    plan = query(path, "EXPLAIN QUERY PLAN SELECT * FROM observations WHERE dataset = 'fish'")
    assert plan[0][3] == "SEARCH observations USING INDEX observations.dataset (dataset=?)"


@pytest.mark.parametrize(
    ("table", "order", "beyond"),
    [
        ("thousand", "period DESC", "period DESC, period, area, measure, transform, status, source, locator"),
        ("observations", "period_start DESC", "period_start DESC, id"),
    ],
)
def test_the_newest_rows_come_first_from_an_index_and_so_does_every_page(
    published: Published, table: str, order: str, beyond: str
) -> None:
    """Datasette breaks ties by the key, but on the first page only the order of the index does."""
    path = published.folder.current / "opendata.db"
    first, all_rows = (f'SELECT * FROM "{table}" ORDER BY {by}' for by in (order, beyond))  # noqa: S608 - our own
    assert "TEMP B-TREE" not in query(path, f"EXPLAIN QUERY PLAN {first}")[-1][3]
    assert query(path, f"{first} LIMIT 100") == query(path, f"{all_rows} LIMIT 100")


@pytest.mark.parametrize("which", ["published", "real_database"])
def test_sqlite_finds_no_fault(which: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    found = request.getfixturevalue(which)
    path = found if isinstance(found, Path) else found.folder.current / "opendata.db"
    assert query(path, "PRAGMA integrity_check") == [("ok",)]
    assert query(path, "PRAGMA foreign_key_check") == []
    shutil.copyfile(path, copy := tmp_path / "copy.db")
    with closing(sqlite3.connect(copy)) as database:  # FTS5 looks at its index where it might write
        for check in (
            "INSERT INTO datasets_fts(datasets_fts, rank) VALUES('integrity-check', 0)",
            "INSERT INTO observations_fts(observations_fts, rank) VALUES('integrity-check', 0)",
        ):
            database.execute(check)
    for listed in (
        "SELECT rowid FROM datasets EXCEPT SELECT id FROM datasets_fts_docsize",
        "SELECT rowid FROM observations EXCEPT SELECT id FROM observations_fts_docsize",
    ):
        assert query(path, listed) == []


def test_a_broken_key_is_refused_by_the_database_too(tmp_path: Path) -> None:
    write_references(tmp_path / "packages")
    write_indicator(tmp_path / "packages", "fish", [{"unit": "fathom"}])
    checked = check_folder(tmp_path / "packages")
    write_database(path := tmp_path / "opendata.db", checked.packages, [])
    with (
        closing(open_database(path)) as database,
        pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY constraint failed"),
    ):
        check_keys(database)


def test_a_code_list_may_name_its_key_as_it_likes(tmp_path: Path) -> None:
    write_reference(tmp_path / "packages", "ports", ["id,name,name_en", "rg,Rạch Giá,Rạch Giá"])
    fields = [column("ship", required=True), column("port", portal={"codelist": "ports"})]
    write_table(tmp_path / "packages", "ships", fields, [["KG-1", "rg"], ["KG-2", ""]])
    build_database(tmp_path / "packages", tmp_path / "opendata.db")
    assert foreign_keys(tmp_path / "opendata.db", "ships") == {("port", "ports", "id")}


@pytest.mark.parametrize("key", [[], ["code", "name"]])
def test_a_code_list_without_a_simple_key_is_still_loaded(key: list[str], tmp_path: Path) -> None:
    lines = ["code,name,name_en", "rg,Rạch Giá,Rạch Giá"]
    write_reference(tmp_path / "packages", "ports", lines, key)
    fields = [column("ship", required=True), column("port", portal={"codelist": "ports"})]
    write_table(tmp_path / "packages", "ships", fields, [["KG-1", "rg"]])
    build_database(tmp_path / "packages", tmp_path / "opendata.db")
    assert foreign_keys(tmp_path / "opendata.db", "ships") == set()
    assert query(tmp_path / "opendata.db", "SELECT * FROM ships") == [("KG-1", "rg")]


def test_names_of_tables_and_indexes_never_clash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "UNINDEXED_ROWS", 0)
    root = tmp_path / "packages"
    write_references(root)
    write_indicator(root, "ports", [{}], {"b_c": "codes"})
    write_indicator(root, "ports_b", [{}], {"c": "codes"})
    for name in ("ports_area", "ports_b_unit", "observations_dataset", "datasets_theme"):
        write_table(root, name, [column("one", required=True)], [["1"]])
    build_database(root, tmp_path / "opendata.db")
    assert query(tmp_path / "opendata.db", "SELECT one FROM ports_area") == [("1",)]


def empty_part_of_a_key(root: Path) -> None:
    write_table(root, "sheet", [column("one"), column("two")], [["1", ""], ["", "2"]], ["one", "two"])


def empty_dimension(root: Path) -> None:
    write_references(root)
    write_indicator(root, "fish", [{"kind": ""}], {"kind": "codes"})


def key_of_its_own(root: Path) -> None:
    write_references(root)
    rows = [{"locator": "1:1"}, {"locator": "1:1", "unit": "count"}]
    path = write_indicator(root, "fish", rows) / "datapackage.json"
    path.write_text(
        path.read_text("utf-8").replace('"locator"\n        ]', '"locator",\n          "unit"\n        ]'), "utf-8"
    )


def name_of_a_search_table(root: Path) -> None:
    write_table(root, "datasets_fts_data", [column("one", required=True)], [["1"]])


def name_of_our_own(root: Path) -> None:
    write_table(root, "observations", [column("one", required=True)], [["1"]])


def name_of_our_view(root: Path) -> None:
    write_table(root, "figures", [column("one", required=True)], [["1"]])


def code_twice(root: Path) -> None:
    write_reference(root, "ports", ["code,name", "rg,Rạch Giá", "rg,Rạch Giá"])


@pytest.mark.parametrize(
    "spoil",
    [
        name_of_our_own,
        name_of_our_view,
        code_twice,
        empty_part_of_a_key,
        empty_dimension,
        key_of_its_own,
        name_of_a_search_table,
    ],
)
def test_what_the_database_cannot_hold_is_found_by_the_check(spoil: Callable[[Path], None], tmp_path: Path) -> None:
    spoil(tmp_path / "packages")
    assert find_blockers(check_folder(tmp_path / "packages").findings)


# --- our own tables -----------------------------------------------------------------------------------------------


def test_every_package_is_a_dataset(published: Published) -> None:
    path = published.folder.current / "opendata.db"
    rows = query(
        path, "SELECT name, kind, theme, rows, period_start, period_end FROM datasets WHERE kind <> 'reference'"
    )
    assert {row[0]: row[1:] for row in rows} == {
        "arabic": ("indicator", "fishing", 1, "2023-01-01", "2023-12-31"),
        "fish": ("indicator", "fishing", 4, "2023-01-01", "2023-12-31"),
        "hostile": ("indicator", "fishing", 1, "2023-01-01", "2023-12-31"),
        "long_title": ("indicator", "fishing", 1, "2023-01-01", "2023-12-31"),
        "market": ("table", None, 1000, None, None),
        "misprinted": ("indicator", "fishing", 1, "2023-07-31", "2023-07-31"),
        "thousand": ("indicator", "fishing", 1000, "1900-01-01", "1983-04-30"),
        "vietnamese_only": ("indicator", "fishing", 1, "2023-01-01", "2023-12-31"),
    }


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("2020", "2020-01-01", "2020-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2023-07-31", "2023-07-31", "2023-07-31"),
        ("2025-Q1", "2025-01-01", "2025-03-31"),
        ("2025-03-01/2025-04-26", "2025-03-01", "2025-04-26"),
        ("2021/..", "2021-01-01", None),
    ],
)
def test_an_observation_is_a_row_of_the_long_table(period: str, start: str, end: str | None, tmp_path: Path) -> None:
    write_references(tmp_path / "packages")
    row = {"period": period, "kind": "shrimp", "value": "48.37", "flags": "misprint;unclear", "note": "Ước."}
    write_indicator(tmp_path / "packages", "fish", [row], {"kind": "codes"})
    path = tmp_path / "opendata.db"
    build_database(tmp_path / "packages", path)
    (found,) = query(path, "SELECT * FROM observations")
    assert found[1:21] + found[22:] == (
        "fish", period, start, end, "KG", '{"kind": "shrimp"}', "Tôm", "Shrimp", "catch", "level", 48.37, "tonne",
        "actual", "exact", "misprint;unclear", "report", "1:1", "48,37", "Ước.", None, 1, None, None,
    )  # fmt: skip
    assert re.fullmatch("fish-[0-9a-f]{16}", found[21])


def test_the_newest_value_of_a_series_is_marked(tmp_path: Path) -> None:
    write_references(tmp_path / "packages")
    rows = [
        {"period": "2023", "value": "5"},
        {"period": "2022", "value": "4"},
        {"period": "2023", "value": "6", "status": "estimate"},
        {"period": "2030", "value": "9", "status": "target"},
        {"period": "2024", "value": "", "flags": "misprint"},
        {"period": "2022", "value": "7", "kind": "shrimp"},
        {"period": "2023", "value": "8", "transform": "yoy_change_pct"},
    ]
    write_indicator(tmp_path / "packages", "fish", rows, {"kind": "codes"})
    path = tmp_path / "opendata.db"
    build_database(tmp_path / "packages", path)
    assert query(path, "SELECT value FROM observations WHERE latest ORDER BY value") == [(5,), (7,), (8,)]
    sizes = query(path, "SELECT count(*) FROM observations GROUP BY series ORDER BY 1")
    assert sizes == [(1,), (1,), (5,)]


def test_a_target_is_judged_by_the_newest_result_of_its_series(tmp_path: Path) -> None:
    write_references(tmp_path / "packages")
    rows = [
        {"period": "2022", "value": "40"},
        {"period": "2023", "value": "60"},
        {"period": "2025", "value": "50", "status": "target"},
        {"period": "2023", "value": "90", "status": "target", "qualifier": "at_least"},
        {"period": "2020/..", "value": "55", "status": "target"},
        {"period": "2030", "value": "90", "status": "target", "kind": "crab"},
    ]
    write_indicator(tmp_path / "packages", "fish", rows, {"kind": "codes"})
    path = tmp_path / "opendata.db"
    build_database(tmp_path / "packages", path)
    sql = (
        "SELECT t.value, t.verdict, r.value FROM observations t LEFT JOIN observations r ON r.id = t.result"
        " WHERE t.verdict IS NOT NULL ORDER BY t.rowid"
    )
    assert query(path, sql) == [
        (50, "pending", 60), (90, "not_met", 60), (55, "met", 60), (90, "no_data", None),
    ]  # fmt: skip


def test_figures_have_the_words_of_their_codes(published: Published) -> None:
    path = published.folder.current / "opendata.db"
    sql = "SELECT title, area_name_en, measure_name, unit_name_en, breakdown, page FROM figures"
    ((*words, page),) = query(path, f"{sql} WHERE dataset = 'fish' AND value = 800")
    assert words == ["Gói fish", "Kiên Giang province", "Sản lượng", "tonnes", "Tôm"]
    address, _, anchor = page.partition("#")
    assert f'id="{anchor}"' in published.read(address)


def test_an_unreadable_figure_is_empty_and_not_zero(published: Published) -> None:
    path = published.folder.current / "opendata.db"
    sql = "SELECT value, as_stated, flags FROM observations WHERE dataset = 'misprinted'"
    assert query(path, sql) == [(None, "1.2OO", "misprint")]


def test_warnings_are_published_with_their_cure(published: Published) -> None:
    path = published.folder.current / "opendata.db"
    sql = "SELECT code, severity, file, message_en, cure_en FROM findings WHERE package = 'vietnamese_only'"
    assert query(path, sql) == [
        (
            "english-missing",
            "warning",
            "vietnamese_only/datapackage.json",
            "There is no English title (title@en); the English page shows the Vietnamese one.",
            "Add “title@en” and “description@en”.",
        )
    ]


def test_every_figure_of_the_catalogue_stands_in_the_long_table(real_database: Path) -> None:
    tables = [row[0] for row in query(real_database, "SELECT name FROM datasets WHERE kind = 'indicator'")]
    assert tables
    for table in tables:
        shared = (
            "period, area, measure, transform, value, unit, status, qualifier, flags, source, locator, as_stated, note"
        )
        rows = query(real_database, f'SELECT {shared} FROM "{table}" ORDER BY rowid')  # noqa: S608 - our own names
        sql = f"SELECT {shared} FROM observations WHERE dataset = ? ORDER BY rowid"  # noqa: S608 - our own names
        assert rows == query(real_database, sql, table)


def test_ids_are_unique_and_name_their_dataset(real_database: Path) -> None:
    rows = query(real_database, "SELECT id, dataset, dimensions FROM observations")
    assert len({row[0] for row in rows}) == len(rows) > 200
    assert all(row[0].startswith(f"{row[1]}-") for row in rows)
    assert all(isinstance(json.loads(row[2]), dict) for row in rows)


# --- bytes --------------------------------------------------------------------------------------------------------


def test_the_same_packages_give_the_same_bytes(tmp_path: Path, published: Published) -> None:
    build_database(published.project / "datapackages", tmp_path / "opendata.db")
    assert (tmp_path / "opendata.db").read_bytes() == (published.folder.current / "opendata.db").read_bytes()


def test_the_order_of_the_folders_does_not_matter(tmp_path: Path) -> None:
    paths = []
    for name, order in (("one", 1), ("two", -1)):
        root = tmp_path / name / "packages"
        writers: Sequence[tuple[str, str]] = [("fish", "1"), ("crab", "2")]
        for package, value in writers[::order]:
            write_indicator(root, package, [{"value": value}])
        write_references(root)
        build_database(root, tmp_path / name / "opendata.db")
        paths.append(tmp_path / name / "opendata.db")
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_database_is_never_written_over(tmp_path: Path) -> None:
    write_table(tmp_path / "packages", "sheet", [column("one", required=True)], [["1"]])
    build_database(tmp_path / "packages", tmp_path / "opendata.db")
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        build_database(tmp_path / "packages", tmp_path / "opendata.db")

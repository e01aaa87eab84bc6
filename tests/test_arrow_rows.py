"""Arrow rows: what the driver stores is what Python stores, value by value and kind by kind, however odd the tables."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

import factory
from portal.data import csv_block
from portal.data.descriptor import read_packages
from portal.sqlite import arrow_rows, database, part, sql_column
from test_column import FIELDS, ROWS
from test_database import Sheet, quick, sheets
from test_sql_column import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.data.package import Package

Found = dict[str, list[tuple[Any, ...]]]


def write_both_ways(packages: Sequence[Package], root: Path, patch: pytest.MonkeyPatch) -> tuple[Found, Found]:
    """Return the rows of all tables, each with its number, as Arrow and as Python stored them."""
    found: list[Found] = []
    for way, least in (("arrow", -1), ("python", 1 << 40)):
        path = root / f"{way}.db"
        with patch.context() as patched:
            patched.setattr(part, "MOST_BYTES", -1)
            patched.setattr(sql_column, "ROWWISE_BYTES", -1)
            patched.setattr(database, "ARROW_BYTES", least)
            database.write_database(path, packages, [])
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            tables = ["datasets", *(one.name for package in packages for one in package.resources)]
            query = 'SELECT rowid, * FROM "{}" ORDER BY rowid'
            found.append({name: connection.execute(query.format(name)).fetchall() for name in tables})
    return found[0], found[1]


def test_the_real_tables_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = read_packages(factory.REPOSITORY / "datapackages").packages
    arrow, python = write_both_ways(packages, tmp_path, monkeypatch)
    assert repr(arrow) == repr(python)  # 1 is not 1.0 there


@pytest.mark.parametrize("block_bytes", [500, 4_000_000])
def test_odd_cells_of_every_type_are_the_same(
    tmp_path: Path, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_block, "BLOCK_BYTES", block_bytes)
    numbers = [[number, number.split(".")[0].split("e")[0].split("E")[0]] for number in NUMBERS]
    fields = [*FIELDS, factory.column("n", "number"), factory.column("i", "integer"),
              factory.column("gone", "integer", missingValues=["", "7"]),
              factory.column("blank", "number", missingValues=["", "n/a"])]  # fmt: skip
    cells = [
        [f"r{n}", *row, *numbers[n % len(numbers)], str(n % 9), "n/a" if n % 3 else str(n / 4)]
        for n, row in enumerate(ROWS)
    ]
    factory.write_table(tmp_path / "packages", "things", fields, cells, ("name",))
    arrow, python = write_both_ways(read_packages(tmp_path / "packages").packages, tmp_path, monkeypatch)
    assert repr(arrow) == repr(python)
    assert len(arrow["things"]) == len(cells)


@quick
@given(sheet=sheets())
def test_any_table_is_the_same(sheet: Sheet) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        factory.write_table(Path(name, "packages"), "sheet", sheet.fields, sheet.rows, sheet.key)
        arrow, python = write_both_ways(read_packages(Path(name, "packages")).packages, Path(name), patch)
        assert repr(arrow) == repr(python)


def test_a_block_of_several_kinds_goes_the_other_way_and_its_neighbours_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_block, "BLOCK_BYTES", 400)
    ways: list[str] = []

    def watch(name: str) -> None:
        old = getattr(arrow_rows, name)

        def note(*of: Any) -> int:
            ways.append(name)
            return int(old(*of))

        monkeypatch.setattr(arrow_rows, name, note)

    watch("_store")
    watch("_insert")
    large = 1 << 53
    rows = [[str(n), str(large + n if n == 500 else n / 8)] for n in range(1_000)]
    factory.write_table(tmp_path / "packages", "things", [factory.column("id", "integer"),
                        factory.column("size", "number")], rows)  # fmt: skip
    packages = read_packages(tmp_path / "packages").packages
    arrow, python = write_both_ways(packages, tmp_path, monkeypatch)
    assert ways == ["_store", "_insert", "_store"]
    assert repr(arrow) == repr(python)
    assert (501, 500, large + 500) in arrow["things"]


def test_a_key_that_is_there_twice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [["1", "a"], ["2", "b"], ["1", "c"]]
    fields = [factory.column("id", "integer", required=True), factory.column("text")]
    factory.write_table(tmp_path / "packages", "things", fields, rows, ("id",))
    packages = read_packages(tmp_path / "packages").packages
    with pytest.raises(sqlite3.DatabaseError, match=r"\AUNIQUE constraint failed: things\.id\Z"):
        write_both_ways(packages, tmp_path, monkeypatch)

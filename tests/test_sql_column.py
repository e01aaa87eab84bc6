"""SQL columns: the database is byte for byte what rows typed by frictionless give, however odd the tables."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

import factory
from portal.data import csv_block
from portal.data.descriptor import read_packages
from portal.data.table import read_batches, read_rows
from portal.sqlite import database, package_rows, sql_column
from portal.sqlite.sql import to_sql
from portal.sqlite.sql_column import read_ahead, read_sql_columns, read_text_columns
from test_column import FIELDS, ROWS
from test_database import Sheet, quick, sheets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from portal.data.package import Package, Resource

NUMBERS = [
    "0", "-0", "00", "007", "1.0", "-1.50", "0.1", "-0.0", "99999999.9999999", "999999999999999", "1e3", "5E-7",
    "12345678.1234567", "0.3", "4.35", "2.675", "",
]  # fmt: skip


def write_each_way(packages: Sequence[Package], root: Path, patch: pytest.MonkeyPatch) -> list[bytes]:
    """Write the database column by column, row by row, and with every row and cell typed by frictionless."""
    by_resource = {id(resource): package for package in packages for resource in package.resources}

    def read_slowly(resource: Resource, spoken: Sequence[int] = ()) -> Iterator[list[list[Any]]]:
        rows = list(read_rows(by_resource[id(resource)], resource))
        columns = [[to_sql(row.cells[at]) for row in rows] for at in range(len(resource.fields))]
        yield [*columns, *([str(row.cells[at] or "") for row in rows] for at in spoken)] if rows else []

    written = []
    for way in ("columns", "rows", "slow"):
        with patch.context() as patched:
            patched.setattr(sql_column, "ROWWISE_BYTES", -1 if way == "columns" else 1 << 40)
            if way == "slow":
                patched.setattr(package_rows, "read_sql_columns", lambda *of: filter(None, read_slowly(*of)))
            database.write_database(root / f"{way}.db", packages, [])
        written.append((root / f"{way}.db").read_bytes())
    return written


def test_the_real_catalogue_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = read_packages(factory.REPOSITORY / "datapackages").packages
    columns, rows, slow = write_each_way(packages, tmp_path, monkeypatch)
    assert columns == rows == slow


@pytest.mark.parametrize("block_bytes", [500, 4_000_000])
def test_odd_cells_of_every_type_give_the_same_bytes(
    tmp_path: Path, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_block, "BLOCK_BYTES", block_bytes)
    numbers = [[number, number.split(".")[0].split("e")[0].split("E")[0]] for number in NUMBERS]
    fields = [*FIELDS, factory.column("n", "number"), factory.column("i", "integer"),
              factory.column("gone", "integer", missingValues=["", "7"])]  # fmt: skip
    cells = [[f"r{n}", *row, *numbers[n % len(numbers)], str(n % 9)] for n, row in enumerate(ROWS)]
    factory.write_table(tmp_path / "packages", "things", fields, cells, ("name",))
    packages = read_packages(tmp_path / "packages").packages
    columns, rows, slow = write_each_way(packages, tmp_path, monkeypatch)
    assert columns == rows == slow


@quick
@given(sheet=sheets())
def test_any_table_gives_the_same_bytes(sheet: Sheet) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        factory.write_table(Path(name, "packages"), "sheet", sheet.fields, sheet.rows, sheet.key)
        columns, rows, slow = write_each_way(read_packages(Path(name, "packages")).packages, Path(name), patch)
        assert columns == rows == slow


def test_a_doubt_in_the_middle_of_a_file_loses_and_repeats_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_block, "BLOCK_BYTES", 300)
    monkeypatch.setattr(sql_column, "ROWWISE_BYTES", -1)
    # Text that is not NFC is a warning, and a doubt.
    rows = [[str(n), "e\u0301" if n == 700 else f"chữ {n % 7}"] for n in range(2_500)]
    fields = [factory.column("id", "integer"), factory.column("text")]
    factory.write_table(tmp_path, "things", fields, rows)
    (package,) = read_packages(tmp_path).packages
    blocks = list(read_text_columns(package.main))
    found = [list(row) for block in blocks for row in zip(*(column.to_pylist() for column in block), strict=True)]
    assert found == [row for batch in read_batches(package.main) for row in batch] == rows
    typed = [row for block in read_sql_columns(package.main) for row in zip(*block, strict=True)]
    assert typed == [(int(one), text) for one, text in rows]


def test_what_is_read_ahead_comes_in_order_and_so_does_a_fault() -> None:
    def read() -> Iterator[int]:
        yield from range(3)
        raise csv.Error("line 4")

    blocks = read_ahead(read())
    assert [next(blocks) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(csv.Error, match="line 4"):
        next(blocks)
    assert list(read_ahead(iter(()))) == []

"""SQL columns: the database is byte for byte what rows typed by frictionless give, however odd the tables."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

import factory
from portal.data import csv_block
from portal.data.descriptor import read_packages
from portal.data.table import Table, read_batches, read_rows
from portal.sqlite import database
from portal.sqlite.sql import to_sql
from portal.sqlite.sql_column import read_sql_columns, read_text_columns
from test_column import FIELDS, ROWS
from test_database import Sheet, quick, sheets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from portal.data.package import Package, Resource

NUMBERS = [
    "0", "-0", "00", "007", "1.0", "-1.50", "0.1", "-0.0", "99999999.9999999", "999999999999999", "1e3", "5E-7",
    "12345678.1234567", "0.3", "4.35", "2.675", "",
]  # fmt: skip


def write_both(packages: Sequence[Package], root: Path, patch: pytest.MonkeyPatch) -> tuple[bytes, bytes]:
    """Write the database as it is written, and with every row and cell typed by frictionless; return both."""
    by_resource = {id(resource): package for package in packages for resource in package.resources}

    def read_slowly(resource: Resource) -> Iterator[list[list[Any]]]:
        rows = list(read_rows(by_resource[id(resource)], resource))
        yield [[to_sql(row.cells[at]) for row in rows] for at in range(len(resource.fields))]

    written = []
    for name, reader in (("quick", read_rows), ("slow", read_rows)):
        tables = {
            one.name: Table(package, one, None if name == "quick" else reader)
            for package in packages
            for one in package.resources
        }
        with patch.context() as patched:
            if name == "slow":
                patched.setattr(database, "read_sql_columns", read_slowly)
            database.write_database(root / f"{name}.db", packages, tables, [])
        written.append((root / f"{name}.db").read_bytes())
    return written[0], written[1]


def test_the_real_catalogue_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = read_packages(factory.REPOSITORY / "datapackages").packages
    quick_bytes, slow_bytes = write_both(packages, tmp_path, monkeypatch)
    assert quick_bytes == slow_bytes


@pytest.mark.parametrize("block_bytes", [500, 4_000_000])
def test_odd_cells_of_every_type_give_the_same_bytes(
    tmp_path: Path, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_block, "BLOCK_BYTES", block_bytes)
    numbers = [[number, number.split(".")[0].split("e")[0].split("E")[0]] for number in NUMBERS]
    fields = [*FIELDS, factory.column("n", "number"), factory.column("i", "integer"),
              factory.column("gone", "integer", missingValues=["", "7"])]  # fmt: skip
    rows = [[f"r{n}", *row, *numbers[n % len(numbers)], str(n % 9)] for n, row in enumerate(ROWS)]
    factory.write_table(tmp_path / "packages", "things", fields, rows, ("name",))
    packages = read_packages(tmp_path / "packages").packages
    quick_bytes, slow_bytes = write_both(packages, tmp_path, monkeypatch)
    assert quick_bytes == slow_bytes


@quick
@given(sheet=sheets())
def test_any_table_gives_the_same_bytes(sheet: Sheet) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        factory.write_table(Path(name, "packages"), "sheet", sheet.fields, sheet.rows, sheet.key)
        quick_bytes, slow_bytes = write_both(read_packages(Path(name, "packages")).packages, Path(name), patch)
        assert quick_bytes == slow_bytes


def test_a_doubt_in_the_middle_of_a_file_loses_and_repeats_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_block, "BLOCK_BYTES", 300)
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

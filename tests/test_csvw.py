"""CSV on the Web: csvwvalidate takes what is published, refuses what is broken, and reads the same cells."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import warnings
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from csvw import CSVW, TableGroup

from harvest import MARKET, harvest, write_tiny
from portal.catalogues.csvw import SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable

    from harvest import Harvest

pytest_plugins = ("harvested",)

VALIDATOR = Path(sys.executable).with_name("csvwvalidate")


def describe(folder: Path, name: str) -> Path:
    return folder / name / f"{name}{SUFFIX}"


def validate(path: Path) -> tuple[int, str]:
    """Return the exit status and what csvwvalidate prints."""
    done = subprocess.run([VALIDATOR, "--verbose", path], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def read_columns(path: Path) -> dict[str, dict[str, Any]]:
    document = json.loads(path.read_text("utf-8"))
    return {one["name"]: one for one in document["tables"][0]["tableSchema"]["columns"]}


@pytest.fixture
def copied(tiny_harvest: Harvest, tmp_path: Path) -> Path:
    """Return a copy of the downloads of a tiny catalogue."""
    return Path(shutil.copytree(tiny_harvest.data, tmp_path / "data"))


def test_the_command_takes_a_published_file(tiny_harvest: Harvest) -> None:
    status, output = validate(describe(tiny_harvest.data, "fish"))
    assert (status, "OK" in output) == (0, True)


def test_every_real_file_is_valid(real_harvest: Harvest) -> None:
    names = [resource.name for package in real_harvest.catalog.packages.values() for resource in package.resources]
    assert len(names) >= 70
    for name in names:
        path = next(real_harvest.data.glob(f"*/{name}{SUFFIX}"))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert CSVW(str(path), validate=True, strict=True).is_valid, name


def replace(old: str, new: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = folder / "fish" / "fish.csv"
        text = path.read_bytes().decode()
        assert old in text
        path.write_bytes(text.replace(old, new, 1).encode())

    return spoil


def repeat_row(folder: Path) -> None:
    path = folder / "fish" / "fish.csv"
    path.write_bytes(path.read_bytes() + path.read_bytes().splitlines(keepends=True)[-1])


def invent_datatype(folder: Path) -> None:
    path = describe(folder, "fish")
    path.write_text(path.read_text("utf-8").replace('"number"', '"figure"'), "utf-8")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (replace(",actual,", ",guessed,"), "guessed"),
        (replace(",tonne,", ",,"), "unit: required column value is missing"),
        (replace("2390.5", "many"), "invalid lexical value for float: many"),
        (repeat_row, "duplicate primary key"),
        (invent_datatype, "figure"),
    ],
)
def test_the_command_refuses_what_is_broken(spoil: Callable[[Path], None], words: str, copied: Path) -> None:
    spoil(copied)
    status, output = validate(describe(copied, "fish"))
    assert status > 0
    assert words in output


def test_every_type_is_read_as_it_is_meant(tiny_harvest: Harvest) -> None:
    path = describe(tiny_harvest.data, "market")
    assert CSVW(str(path), validate=True, strict=True).is_valid
    kinds = {name: one["datatype"] for name, one in read_columns(path).items()}
    assert kinds == {
        "stall": "string",
        "price": "number",
        "grouped": {"base": "decimal", "format": {"decimalChar": ",", "groupChar": "."}},
        "share": "string",
        "kilos": "integer",
        "day": "date",
        "own_day": {"base": "date", "format": "dd/MM/yyyy"},
        "odd_day": "string",
        "moment": "datetime",
        "hour": "time",
        "month": "gYearMonth",
        "since": "gYear",
        "covered": "boolean",
        "paid": {"base": "boolean", "format": "có|không"},
        "mixed": "string",
        "gap": "string",
    }


def say(value: Any) -> Any:
    """Return a value of csvw as the portal has it: numbers exact, days without an hour."""
    if isinstance(value, float):
        return Decimal(repr(value))
    return value.date() if isinstance(value, datetime) else value


def test_cells_come_back_as_the_portal_reads_them(tiny_harvest: Harvest) -> None:
    group = TableGroup.from_file(describe(tiny_harvest.data, "market"))
    table = tiny_harvest.catalog.tables["market"]
    names = [one[0]["name"] for one in MARKET]
    texts = {"share", "odd_day", "month", "since", "moment", "hour", "mixed"}
    for ours, theirs in zip(table, group.tables[0], strict=True):
        cells = dict(zip(names, ours.cells, strict=True))
        for name in names:
            if name not in texts:
                assert say(theirs[name]) == cells[name]


def test_columns_have_titles_in_both_languages_and_concepts(real_harvest: Harvest) -> None:
    columns = read_columns(describe(real_harvest.data, "dti_score_and_rank"))
    assert columns["period"]["titles"] == {"und": "period", "vi": "Kỳ", "en": "Period"}
    assert columns["value"]["propertyUrl"] == "http://purl.org/linked-data/sdmx/2009/measure#obsValue"
    assert columns["period"]["required"] is True
    assert columns["flags"]["separator"] == ";"
    assert columns["note"]["null"] == [""]


def test_keys_lead_to_the_published_code_lists(real_harvest: Harvest) -> None:
    path = describe(real_harvest.data, "dti_score_and_rank")
    main, *lists = json.loads(path.read_text("utf-8"))["tables"]
    keys = {one["columnReference"][0]: one["reference"]["resource"] for one in main["tableSchema"]["foreignKeys"]}
    assert keys["unit"] == "../units/units.csv"
    assert set(keys.values()) == {one["url"] for one in lists}
    assert all((path.parent / one["url"]).is_file() for one in [main, *lists])
    # Several codes in one cell, or none, lead nowhere.
    assert "flags" not in keys


def test_mixed_words_for_true_are_text(tmp_path: Path) -> None:
    write_tiny(tmp_path / "packages")
    path = tmp_path / "packages" / "market" / "market.csv"
    path.write_bytes(path.read_bytes().replace(b"TRUE", b"FALSE").replace(b",1,x", b",True,x"))
    made = harvest(tmp_path / "packages", tmp_path / "site")
    described = describe(made.data, "market")
    assert read_columns(described)["mixed"]["datatype"] == {"base": "boolean", "format": "True|FALSE"}
    assert CSVW(str(described), validate=True, strict=True).is_valid

"""Croissant: mlcroissant takes every document and loads the records that were published; broken ones it refuses."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import mlcroissant
import pandas as pd
import pytest

from harvest import MARKET
from portal.catalogues.croissant import CROISSANT, describe_croissant
from portal.files.distribution import Distribution

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harvest import Harvest

pytest_plugins = ("harvested",)

LARGEST = {"exclusions", "systems", "measures"}


def load(document: dict[str, Any], folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the records of every set, read from the files in `folder`; names without the set's own."""
    mapping = {one["@id"]: folder / one["@id"] for one in document["distribution"]}
    dataset = mlcroissant.Dataset(jsonld=document, mapping=mapping)
    issues = dataset.metadata.ctx.issues
    assert (set(issues.errors), set(issues.warnings)) == (set(), set())
    return {
        one["@id"]: [
            {key.partition("/")[2]: read_cell(value) for key, value in record.items()}
            for record in dataset.records(one["@id"])
        ]
        for one in document["recordSet"]
    }


def read_cell(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode()
    return None if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)) else value


def read_document(harvest: Harvest, name: str) -> dict[str, Any]:
    return dict(json.loads((harvest.data / name / CROISSANT).read_text("utf-8")))


def say(cell: Any) -> Any:
    """Return a cell of the portal as mlcroissant says it."""
    if isinstance(cell, Decimal):
        return float(cell)
    return pd.Timestamp(cell) if hasattr(cell, "isoformat") else cell


def test_real_datasets_load_cell_by_cell(real_harvest: Harvest) -> None:
    """Every third one, which takes seconds, and the largest."""
    packages = sorted(real_harvest.catalog.packages.values(), key=lambda one: one.name)
    chosen = [one for at, one in enumerate(packages) if at % 3 == 0 or one.name in LARGEST]
    cells = 0
    for package in chosen:
        records = load(read_document(real_harvest, package.name), real_harvest.data / package.name)
        names = [column.name for column in package.main.fields]
        expected = [
            dict(zip(names, map(say, row.cells), strict=True)) for row in real_harvest.catalog.tables[package.name]
        ]
        assert records[package.name] == expected, package.name
        cells += len(names) * len(expected)
    assert cells > 3_000


def test_records_come_from_parquet_where_it_is_published(tiny_harvest: Harvest, tmp_path: Path) -> None:
    """It is the form of the most tools, and quick where JSON is long."""
    names = ["stall", "price", "kilos", "since", "covered"]
    at = [[one[0]["name"] for one in MARKET].index(name) for name in names]
    rows = [[row.cells[one] for one in at] for row in tiny_harvest.catalog.tables["market"]]
    frame = pd.DataFrame(rows, columns=names).astype({"price": float})
    frame.to_parquet(tmp_path / "market.parquet")
    catalog, package = tiny_harvest.catalog, tiny_harvest.catalog.packages["market"]
    digest = hashlib.sha256((tmp_path / "market.parquet").read_bytes()).hexdigest()
    file = Distribution("market.parquet", "Parquet", "application/vnd.apache.parquet", 1, digest)
    main = replace(package.main, fields=tuple(package.main.fields[one] for one in at))
    document = describe_croissant(
        replace(package, resources=(main,)), replace(catalog, distributions={"market": (file,)})
    )
    assert load(document, tmp_path)["market"] == [
        {"stall": "007", "price": 12345.5, "kilos": 1000000, "since": 2010, "covered": True},
        {"stall": "A<b>&", "price": -0.1, "kilos": 0, "since": 1999, "covered": False},
    ]


def test_words_are_english_where_there_are_any(tiny_harvest: Harvest) -> None:
    document = read_document(tiny_harvest, "fish")
    assert (document["@context"]["@language"], document["name"]) == ("en", "Package fish")
    assert document["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    assert document["license"] == "https://creativecommons.org/licenses/by/4.0/"
    assert document["recordSet"][0]["key"][0] == {"@id": "fish/period"}


def forget_type(document: dict[str, Any]) -> None:
    del document["recordSet"][0]["field"][0]["dataType"]


def lose_file(document: dict[str, Any]) -> None:
    document["recordSet"][0]["field"][0]["source"]["fileObject"]["@id"] = "gone.csv"


def forget_file(document: dict[str, Any]) -> None:
    document["distribution"] = []


def misname_column(document: dict[str, Any]) -> None:
    extract = document["recordSet"][0]["field"][0]["source"]["extract"]
    extract.update({key: value.replace("period", "perriod") for key, value in extract.items()})


def misstate_hash(document: dict[str, Any]) -> None:
    for one in document["distribution"]:
        one["sha256"] = "0" * 64


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (forget_file, "It does not refer to any existing node"),
        (forget_type, "dataType"),
        (lose_file, "gone.csv"),
        # The document alone looks right: only loading tells.
        (misname_column, "during the operation Read"),
        (misstate_hash, "during the operation Download"),
    ],
)
def test_a_broken_document_is_refused(
    spoil: Callable[[dict[str, Any]], None], words: str, tiny_harvest: Harvest
) -> None:
    document = read_document(tiny_harvest, "fish")
    spoil(document)
    with pytest.raises(Exception, match=words):
        load(document, tiny_harvest.data / "fish")

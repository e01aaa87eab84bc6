"""A release of one table of 1,000,000 rows x 9 columns with three dimensions, and addresses that ask for it."""

from __future__ import annotations

import csv
import json
import random
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from measure import PROJECT
from portal.api.api_pages import FOLDER, write_api_pages
from portal.api.api_schema import inspect_database
from portal.data.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TABLE = "opendata/large"
CSV_FILE = "data/large/large.csv"
_YEARS, _AREAS, _SECTORS, _PRODUCTS = 100, 25, 20, 20  # one million rows
_KEY = ("period", "area", "sector", "product")
_COLUMNS = (*_KEY, "measure", "value", "unit", "status", "note")
_QUERY = "SELECT sector, sum(value) AS output FROM large WHERE period = :period AND area = :area GROUP BY sector"

Key = tuple[str, str, str, str]


def write_large_release(build: Path) -> None:
    """Publish the release in `build`, with the indexes, counts, pages and CSV file of a real one."""
    release = build / "releases" / "large"
    (release / "site").mkdir(parents=True)
    (release / "site" / "index.html").write_text("<h1>Large</h1>", "utf-8")
    file = release / "site" / CSV_FILE
    file.parent.mkdir(parents=True)
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([_COLUMNS, *_make_rows()])
    write_plain_database(release / "opendata.db")
    with closing(sqlite3.connect(release / "opendata.db")) as connection, connection:
        for column in _KEY:
            connection.execute(f'CREATE INDEX "large.{column}" ON large("{column}")')
        connection.execute("ANALYZE")
    words = {"databases": {"opendata": {"queries": {"output": {"sql": _QUERY}}}}}
    (release / "datasette.json").write_text(json.dumps(words), "utf-8")
    (release / "release.json").write_text(json.dumps({"id": "large"}), "utf-8")
    (release / "inspect.json").write_text(json.dumps(inspect_database(release / "opendata.db")), "utf-8")
    write_api_pages(PROJECT / "site/theme/datasette", read_settings(PROJECT / "metadata.yml"), release / FOLDER)
    (build / "current").symlink_to("releases/large")


def write_plain_database(file: Path) -> None:
    """Write the rows with their key alone: no other index, no counts, as anyone would make the file."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "CREATE TABLE large (period TEXT, area TEXT, sector TEXT, product TEXT, measure TEXT, value REAL,"
            " unit TEXT, status TEXT, note TEXT, PRIMARY KEY (period, area, sector, product))"
        )
        connection.executemany("INSERT INTO large VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", _make_rows())


def _make_rows() -> Iterator[tuple[object, ...]]:
    chance = random.Random(7)  # noqa: S311  # the same figures in every run
    for year in range(_YEARS):
        for area in range(_AREAS):
            for sector in range(_SECTORS):
                for product in range(_PRODUCTS):
                    value = round(chance.random() * 100_000, 2)
                    yield (str(1925 + year), f"A{area:02}", f"s{sector:02}", f"p{product:02}", "output", value,
                           "tonne", "actual", None)  # fmt: skip


def make_keys(count: int) -> list[Key]:
    """Return keys of rows from all over the table, the same in every run."""
    pick = random.Random(11).randrange  # noqa: S311 - the same keys in every run
    return [
        (str(1925 + pick(_YEARS)), f"A{pick(_AREAS):02}", f"s{pick(_SECTORS):02}", f"p{pick(_PRODUCTS):02}")
        for _ in range(count)
    ]


def list_requests(key: Key) -> dict[str, str]:
    """Return what a developer asks of the table, one address below the API's root for each kind of request."""
    period, area, sector, product = key
    row = ",".join(key)
    return {
        "far page JSON": f"{TABLE}.json?_next={row}",
        "filtered JSON": f"{TABLE}.json?sector={sector}&area={area}&period={period}",
        "row": f"{TABLE}/{row}.json",
        "facet": f"{TABLE}.json?_facet=sector&period={period}&area={area}&product={product}",
        "canned query": f"opendata/output.json?period={period}&area={area}",
    }


def list_first_pages(ending: str) -> list[str]:
    """Return addresses of the first page, of different sizes and shapes; `ending` is the format, as in `.json`."""
    shapes = ("arrays", "objects", "array", "arrayfirst")
    return [f"{TABLE}{ending}"] + [
        f"{TABLE}{ending}?_size={size}&_shape={one}" for size in range(50, 250) for one in shapes
    ]

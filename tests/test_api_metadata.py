"""What Datasette shows: words, units, licence and source of every table, as its descriptor has them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from factory import (
    REPOSITORY,
    check_folder,
    column,
    describe_package,
    describe_resource,
    write_indicator,
    write_package,
    write_reference,
    write_references,
    write_table,
)
from portal.api.api_metadata import describe_column, make_metadata
from portal.data.package import Field
from portal.data.settings import read_settings
from portal.sqlite.database import UNINDEXED_ROWS
from portal.sqlite.own_tables import list_own_indexed_columns
from portal.words.text import Text

if TYPE_CHECKING:
    from pathlib import Path

    from published import Published

pytest_plugins = ("published",)

UNITS = {"tonne": Text("tấn", "tonnes")}


def describe(root: Path) -> dict[str, Any]:
    """Return the metadata of the tables under `root`."""
    settings = read_settings(REPOSITORY / "metadata.yml")
    metadata = make_metadata(check_folder(root).packages, settings, UNITS)
    tables: dict[str, Any] = metadata["databases"]["opendata"]["tables"]
    return tables


def test_an_indicator_is_described_from_its_descriptor(tmp_path: Path) -> None:
    write_references(tmp_path)
    sources = [{"id": "report", "title": "Báo cáo nghề cá"}, {"id": "other", "title": "Niên giám"}]
    licenses = [{"name": "ODbL-1.0", "title": "Giấy phép ODbL", "path": "https://opendatacommons.org/licenses/odbl/"}]
    changes = {"sources": sources, "licenses": licenses, "title": "Cá", "title@en": "Fish"}
    write_indicator(tmp_path, "fish", [{}], {"kind": "codes"}, changes=changes)
    table = describe(tmp_path)["fish"]
    columns = table.pop("columns")
    assert table == {
        "kind": "indicator",
        "title": "Cá · Fish",
        "description": "Mô tả của fish. · Description of fish.",
        "about": "/catalog/fish/",
        "about_url": "/catalog/fish/",
        "license": "Giấy phép ODbL",
        "license_url": "https://opendatacommons.org/licenses/odbl/",
        "source": "Báo cáo nghề cá; Niên giám",
        "source_url": "/catalog/fish/#sources",
        "facets": ["kind", "measure", "status"],
        "sort_desc": "period",
        "indexed": [
            "period", "area", "kind", "measure", "transform", "value", "unit", "status", "qualifier", "source",
        ],
    }  # fmt: skip
    assert columns["kind"] == "Cột kind · Column kind"
    assert len(columns) == 15


def test_what_is_offered_has_an_index(published: Published) -> None:
    """Every column that a page offers to filter, sort or count by, of every table of a release with many rows."""
    release = published.folder.current
    tables = json.loads((release / "datasette.json").read_text("utf-8"))["databases"]["opendata"]["tables"]
    own, indexed = list_own_indexed_columns(), []
    with closing(sqlite3.connect(release / "opendata.db")) as connection:
        for name, table in tables.items():
            (rows,) = connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()  # noqa: S608 - names of the release
            if name not in own and rows <= UNINDEXED_ROWS:
                continue
            indexed.append(name)
            behind = {"figures": "observations"}.get(name, name)  # a view has the indexes of its table
            indexes = [row[1] for row in connection.execute(f'PRAGMA index_list("{behind}")')]
            led = {connection.execute(f'PRAGMA index_info("{index}")').fetchone()[2] for index in indexes}
            led |= {
                row[1] for row in connection.execute(f'PRAGMA table_info("{behind}")') if row[5] and row[2] == "INTEGER"
            }
            order = {table[key] for key in ("sort", "sort_desc") if key in table} - {"rowid"}
            assert {*table["indexed"], *table.get("facets", ()), *order} <= led, name
    assert {"thousand", *own} <= set(indexed)


def test_the_columns_of_every_table_are_described(published: Published) -> None:
    release = published.folder.current
    tables = json.loads((release / "datasette.json").read_text("utf-8"))["databases"]["opendata"]["tables"]
    with closing(sqlite3.connect(release / "opendata.db")) as connection:
        for name, table in tables.items():
            columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')]
            assert list(table["columns"]) == columns, name


def test_a_code_list_is_read_as_a_whole_in_the_order_of_its_file(tmp_path: Path) -> None:
    write_reference(tmp_path, "ports", ["code,name", "rg,Rạch Giá", "ac,An Thới"])
    tables = describe(tmp_path)
    assert (tables["ports"]["sort"], tables["ports"]["size"]) == ("rowid", 1000)
    assert tables["ports"]["sortable_columns"] == ["code", "name", "rowid"]


def test_a_register_that_names_other_codes_is_paged_by_its_key_and_divided_by_them(tmp_path: Path) -> None:
    """With names in place of codes Datasette finds no row number to go on from."""
    write_reference(tmp_path, "ports", ["code,name", "rg,Rạch Giá"])
    fields = [column("code", required=True), column("port", portal={"codelist": "ports"})]
    ships = describe_package("ships", "reference", describe_resource("ships", fields, ["code"]))
    write_package(tmp_path, ships, [["a", "rg"]])
    tables = describe(tmp_path)
    assert "sort" not in tables["ships"]
    assert (tables["ships"]["facets"], tables["ports"].get("facets")) == (["port"], None)


def test_a_query_of_the_settings_is_told_to_datasette(tmp_path: Path) -> None:
    (tmp_path / "metadata.yml").write_text(
        (REPOSITORY / "metadata.yml").read_text("utf-8").partition("datasette:")[0]
        + "datasette: {queries: {one: {title: Một, title_en: One, sql: 'SELECT :a, :b', parameters:"
        " {a: {description: Số, description_en: Number, example: '1 2'}, b: {description: B, example: ''}}}}}",
        "utf-8",
    )
    metadata = make_metadata([], read_settings(tmp_path / "metadata.yml"), {})
    assert metadata["databases"]["opendata"]["queries"]["one"] == {
        "title": "Một · One",
        "sql": "SELECT :a, :b",
        "params": ["a", "b"],
        "parameters": {
            "a": {"description": "Số · Number", "example": "1 2"}, "b": {"description": "B", "example": ""},
        },
        "example": "?a=1+2",
    }  # fmt: skip


def test_a_package_without_sources_leads_to_the_portal(tmp_path: Path) -> None:
    write_table(tmp_path, "ships", [column("name", required=True)], [["KG-1"]])
    table = describe(tmp_path)["ships"]
    assert (table["source"], table["source_url"]) == ("Dữ liệu mở Kiên Giang", "/")
    assert (table["license"], table["license_url"]) == ("CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/")


def test_a_licence_that_is_no_web_address_is_not_linked(tmp_path: Path) -> None:
    licenses = [{"name": "X", "path": "javascript:alert(1)"}]
    write_table(tmp_path, "ships", [column("name", required=True)], [["KG-1"]], changes={"licenses": licenses})
    assert describe(tmp_path)["ships"]["license_url"] == ""


def test_a_title_in_one_language_stands_once(tmp_path: Path) -> None:
    changes = {"title": "Tàu cá", "title@en": None}
    write_table(tmp_path, "ships", [column("name", required=True)], [["KG-1"]], changes=changes)
    assert describe(tmp_path)["ships"]["title"] == "Tàu cá"


def test_the_rows_of_a_code_list_are_known_by_their_names(tmp_path: Path) -> None:
    write_reference(tmp_path, "ports", ["code,name,name_en", "rg,Rạch Giá,Rạch Giá"])
    write_reference(tmp_path, "papers", ["id,title,title_en", "p,Báo,Paper"])
    tables = describe(tmp_path)
    assert [tables[name]["label_column"] for name in ("ports", "papers")] == ["name", "title"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "Sản lượng · Catch"),
        ({"unit": "tonne"}, "Sản lượng (tấn) · Catch (tonnes)"),
        ({"unit": "fathom"}, "Sản lượng (fathom) · Catch (fathom)"),
        ({"description": Text("Cá tươi.", "Fresh fish.")}, "Sản lượng: Cá tươi. · Catch: Fresh fish."),
        ({"unit": "tonne", "description": Text("Cá tươi.")}, "Sản lượng (tấn): Cá tươi. · Catch (tonnes)"),
        ({"title": Text("DTI", "DTI")}, "DTI"),
        ({"title": Text("Sản lượng")}, "Sản lượng"),
    ],
)
def test_a_column_is_one_line(changes: dict[str, Any], expected: str) -> None:
    words: dict[str, Any] = {"title": Text("Sản lượng", "Catch"), "description": Text(""), **changes}
    assert describe_column(Field("catch", "number", **words), UNITS) == expected


def test_the_portals_own_tables_keep_their_words_and_can_be_searched(tmp_path: Path) -> None:
    tables = describe(tmp_path)
    assert set(tables) == {"datasets", "observations", "figures", "findings"}
    assert {
        name for name, one in tables.items() if not (one["title"] and one["description"] and one["columns"])
    } == set()
    for name in ("datasets", "observations"):
        assert (tables[name]["fts_table"], tables[name]["fts_pk"]) == (f"{name}_fts", "rowid")
    assert tables["datasets"]["label_column"] == "title"
    assert tables["findings"]["license"] == "CC BY 4.0"


def test_search_does_not_depend_on_the_settings(tmp_path: Path) -> None:
    text = (REPOSITORY / "metadata.yml").read_text("utf-8")
    (tmp_path / "metadata.yml").write_text(text[: text.index("datasette:")], "utf-8")
    metadata = make_metadata([], read_settings(tmp_path / "metadata.yml"), {})
    tables = metadata["databases"]["opendata"]["tables"]
    assert tables["observations"]["fts_table"] == "observations_fts"


def test_the_release_carries_the_metadata_of_every_table(published: Published) -> None:
    metadata = json.loads((published.folder.current / "datasette.json").read_text("utf-8"))
    assert metadata["title"] == "Dữ liệu mở Kiên Giang · Kiên Giang Open Data"
    tables = metadata["databases"]["opendata"]["tables"]
    assert list(tables) == sorted(tables)
    assert {"fish", "market", "areas", "sources", "datasets", "observations", "findings"} <= set(tables)
    assert all(words["title"] and words["license"] and words["source"] for words in tables.values())

"""What Datasette shows: words, units, licence and source of every table, as its descriptor has them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from factory import (
    REPOSITORY,
    check_folder,
    column,
    write_indicator,
    write_reference,
    write_references,
    write_table,
)
from portal.api_metadata import describe_column, make_metadata
from portal.package import Field
from portal.settings import read_settings
from portal.text import Text

if TYPE_CHECKING:
    from pathlib import Path

    from published import Published

pytest_plugins = ("published",)

UNITS = {"tonne": "tấn"}


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
        "title": "Cá · Fish",
        "description": "Mô tả của fish.",
        "about": "/catalog/fish/",
        "about_url": "/catalog/fish/",
        "license": "Giấy phép ODbL",
        "license_url": "https://opendatacommons.org/licenses/odbl/",
        "source": "Báo cáo nghề cá; Niên giám",
        "source_url": "/catalog/fish/#sources",
        "facets": ["kind", "measure", "status"],
        "sort_desc": "period",
    }
    assert columns["kind"] == "Cột kind · Column kind"
    assert len(columns) == 15


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
        ({"unit": "tonne"}, "Sản lượng · Catch (tấn)"),
        ({"unit": "fathom"}, "Sản lượng · Catch (fathom)"),
        ({"description": Text("Cá tươi.", "Fresh fish.")}, "Sản lượng · Catch: Cá tươi."),
        ({"unit": "tonne", "description": Text("Cá tươi.")}, "Sản lượng · Catch (tấn): Cá tươi."),
        ({"title": Text("DTI", "DTI")}, "DTI"),
        ({"title": Text("Sản lượng")}, "Sản lượng"),
    ],
)
def test_a_column_is_one_line(changes: dict[str, Any], expected: str) -> None:
    words: dict[str, Any] = {"title": Text("Sản lượng", "Catch"), "description": Text(""), **changes}
    assert describe_column(Field("catch", "number", **words), UNITS) == expected


def test_the_portals_own_tables_keep_their_words_and_can_be_searched(tmp_path: Path) -> None:
    tables = describe(tmp_path)
    assert set(tables) == {"datasets", "observations", "findings"}
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
    assert metadata["title"] == "Dữ liệu mở Kiên Giang"
    tables = metadata["databases"]["opendata"]["tables"]
    assert list(tables) == sorted(tables)
    assert {"fish", "market", "areas", "sources", "datasets", "observations", "findings"} <= set(tables)
    assert all(words["title"] and words["license"] and words["source"] for words in tables.values())

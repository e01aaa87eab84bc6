"""The pages of the API: whole, bilingual, without anything inline, and leading back to the catalogue."""

from __future__ import annotations

import asyncio
import json
import re
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import httpx
import jinja2
import pytest

from factory import HOSTILE_TITLE, PATIENCE, REPOSITORY
from portal.api.api import PortalDatasette, open_api
from portal.api.api_pages import FOLDER, write_api_pages
from portal.data.settings import read_settings

if TYPE_CHECKING:
    from pathlib import Path

    from published import Published

pytest_plugins = ("published", "served")

DATABASE = "/datasette/opendata"
PAGES = {
    "index": "/datasette/",
    "database": DATABASE,
    "indicator": f"{DATABASE}/fish",
    "filtered": f"{DATABASE}/fish?kind=shrimp&_sort=value",
    "hostile": f"{DATABASE}/hostile",
    "pages": f"{DATABASE}/thousand?_size=5",
    "code-list": f"{DATABASE}/areas",
    "observations": f"{DATABASE}/observations?_search=tom",
    "row": f"{DATABASE}/areas/KG",
    "query": f"{DATABASE}/search?q=tom",
    "query-form": f"{DATABASE}/series",
    "sql": f"{DATABASE}?sql=select+*+from+datasets+where+name+%3D+%3Aname&name=fish",
}
ERRORS = {
    f"{DATABASE}/nothing": 404,
    f"{DATABASE}/areas/nothing": 404,
    f"{DATABASE}?sql=delete+from+areas": 400,
    f"{DATABASE}?sql=select+nothing": 400,
    f"{DATABASE}?sql=select+1+where+%3Csvg": 400,
}


@pytest.fixture(scope="module")
def pages(published: Published) -> dict[str, tuple[int, str]]:
    """Return status and HTML of every page, asked for once."""

    async def fetch() -> dict[str, tuple[int, str]]:
        datasette = open_site(published.folder.current.resolve())
        answers = {}
        for path in (*PAGES.values(), *ERRORS):
            response = await datasette.client.get(path.removeprefix("/datasette"))
            answers[path] = response.status_code, response.text
        return answers

    return asyncio.run(fetch())


def open_site(release: Path) -> PortalDatasette:
    return open_api(release / "opendata.db", json.loads((release / "datasette.json").read_text("utf-8")))


class Inline(HTMLParser):
    """Collects what a strict policy forbids: scripts and styles that stand in the page itself."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.found += [f"{tag} {name}" for name in names if name == "style" or name.startswith("on")]
        self.found += [f"{tag} {value}" for value in names.values() if (value or "").startswith("javascript:")]
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(tag)


def find_links(html: str, page: str) -> set[str]:
    return {urljoin(page, unescape(link)) for link in re.findall(r'(?:href|action|src)="([^"]*)"', html)}


@pytest.mark.parametrize("path", [*PAGES.values(), *ERRORS])
def test_a_page_needs_no_exception_from_a_strict_policy(path: str, pages: dict[str, tuple[int, str]]) -> None:
    status, html = pages[path]
    assert status == ERRORS.get(path, 200)
    assert Inline(html).found == []
    assert [link for link in find_links(html, path) if urlsplit(link).path.startswith("/datasette/-/")] == []


@pytest.mark.parametrize("path", [*PAGES.values(), *ERRORS])
def test_a_page_is_vietnamese_with_english_beside_it(path: str, pages: dict[str, tuple[int, str]]) -> None:
    _, html = pages[path]
    assert '<html lang="vi">' in html
    assert html.count("<h1") == 1
    assert '<span class="en" lang="en">' in html
    assert not re.search(r"\[\[|\]\]|\{%", html)
    assert {"/", "/catalog/", "/developers/", "/en/"} <= find_links(html, path)


@pytest.mark.parametrize("path", PAGES.values())
def test_links_stay_on_the_portal_with_the_prefix_once(path: str, pages: dict[str, tuple[int, str]]) -> None:
    links = find_links(pages[path][1], path)
    outside = {link for link in links if urlsplit(link).netloc}
    assert outside <= {"https://creativecommons.org/licenses/by/4.0/", "https://datasette.io/"}
    assert [link for link in links if "/datasette/datasette" in link] == []


def test_a_table_leads_to_its_page_its_documents_and_its_files(pages: dict[str, tuple[int, str]]) -> None:
    links = find_links(pages[PAGES["indicator"]][1], PAGES["indicator"])
    assert "/catalog/fish/" in links
    assert f"{DATABASE}/fish.json?_labels=on" in links
    assert f"{DATABASE}/fish.csv?_labels=on&_size=max" in links


def test_codes_are_shown_with_their_names(pages: dict[str, tuple[int, str]]) -> None:
    _, html = pages[PAGES["indicator"]]
    assert f'<a href="{DATABASE}/codes/shrimp">Tôm</a>&nbsp;<em>shrimp</em>' in html


def ask_json(published: Published, *paths: str) -> list[Any]:
    async def fetch() -> list[Any]:
        datasette = open_site(published.folder.current.resolve())
        return [(await datasette.client.get(path)).json() for path in paths]

    return asyncio.run(fetch())


def test_codes_carry_their_names_where_they_are_asked_for(published: Published) -> None:
    (rows,) = ask_json(published, "/opendata/observations.json?dataset=fish&_labels=on&_shape=array&_size=1")
    assert rows[0]["unit"] == {"value": "tonne", "label": "tấn"}
    assert rows[0]["dataset"] == {"value": "fish", "label": "Gói fish"}
    assert rows[0]["source"] == {"value": "report", "label": "Báo cáo nghề cá"}


def test_a_code_list_comes_in_the_order_of_its_file(published: Published) -> None:
    whole, part = ask_json(published, "/opendata/statuses.json?_shape=array", "/opendata/statuses.json?_size=2")
    assert [row["code"] for row in whole] == ["actual", "estimate", "target", "derived"]
    (rest,) = ask_json(published, "/opendata/statuses.json?" + urlsplit(part["next_url"]).query)
    assert [row[0] for row in part["rows"] + rest["rows"]] == [row["code"] for row in whole]


@pytest.mark.parametrize(("table", "size"), [("fish", 1), ("observations", 300)])
def test_no_row_is_lost_between_pages(table: str, size: int, published: Published) -> None:
    """Rows of one period lie on several pages; Datasette orders them by the key from the second page on."""

    async def follow() -> list[tuple[object, ...]]:
        datasette = open_site(published.folder.current.resolve())
        path, rows = f"/opendata/{table}.json?_size={size}", []
        while path:
            page = (await datasette.client.get(path)).json()
            rows += [tuple(row) for row in page["rows"]]
            path = urlsplit(page["next_url"])._replace(scheme="", netloc="").geturl() if page["next_url"] else ""
            path = path.removeprefix("/datasette")
        return rows

    rows = asyncio.run(follow())
    (count,) = ask_json(published, f"/opendata/{table}.json?_size=0")
    assert len(set(rows)) == len(rows) == count["filtered_table_rows_count"]


def test_only_what_an_index_answers_is_offered(pages: dict[str, tuple[int, str]]) -> None:
    _, html = pages[PAGES["indicator"]]
    (chooser,) = re.findall(r'<select name="_sort">(.*?)</select>', html, re.DOTALL)
    assert re.findall(r'<option value="(\w+)"', chooser) == [
        "period", "area", "kind", "measure", "transform", "value", "unit", "status", "qualifier", "source",
    ]  # fmt: skip


def test_the_tables_of_the_search_are_not_listed(pages: dict[str, tuple[int, str]]) -> None:
    _, html = pages[DATABASE]
    assert "_fts" not in html
    listed = {f"{DATABASE}/{name}" for name in ("fish", "observations", "figures", "areas")}
    assert listed <= find_links(html, DATABASE)
    assert "Mọi số liệu, có tên của mã" in html
    assert f"{DATABASE}/search?q=dich+vu+cong" in find_links(html, DATABASE)


def test_a_hostile_title_is_text(pages: dict[str, tuple[int, str]]) -> None:
    _, html = pages[PAGES["hostile"]]
    assert "<script>alert" not in html
    assert HOSTILE_TITLE in unescape(html)


def test_what_was_typed_comes_back_as_text(pages: dict[str, tuple[int, str]]) -> None:
    assert "<svg" not in pages[f"{DATABASE}?sql=select+1+where+%3Csvg"][1].split("<main")[1]


@pytest.mark.parametrize(
    ("template", "error"), [("[[ nothing ]]", jinja2.UndefinedError), ("[[ say('x') ]]", KeyError)]
)
def test_a_faulty_template_stops_the_build(template: str, error: type[Exception], tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "base.html").write_text(template, "utf-8")
    settings = read_settings(REPOSITORY / "metadata.yml")
    with pytest.raises(error):
        write_api_pages(tmp_path / "templates", settings, tmp_path / "out")


def test_a_release_carries_its_templates(published: Published) -> None:
    names = {path.name for path in (published.folder.current / FOLDER).iterdir()}
    assert names >= {"base.html", "index.html", "database.html", "table.html", "row.html", "query.html", "error.html"}


@pytest.mark.parametrize(
    ("asked", "status", "vietnamese"),
    [
        ("/areas/NIX", 404, "Bảng areas không có dòng NIX."),
        ("/areas?name__arraycontains=x", 400, "Hãy dùng __contains hoặc _facet."),
        ("/areas?_where=nix=1", 400, "SQLite không chạy được truy vấn: no such column: nix."),
        ("/areas?_where=%3Cb%3E", 400, "SQLite không chạy được truy vấn: near &#34;&lt;&#34;: syntax error."),
        ("?sql=delete+from+areas", 400, "Chỉ nhận một câu SELECT hay WITH, không PRAGMA hay ghi: Statement must be"),
    ],
)
def test_a_page_says_in_both_languages_what_datasette_says_in_english(
    served_address: str, asked: str, status: int, vietnamese: str
) -> None:
    address = f"{served_address}/datasette/opendata{asked}"
    page = httpx.get(address, headers={"Accept": "text/html"}, timeout=PATIENCE)
    assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert vietnamese in page.text
    said = httpx.get(address, timeout=PATIENCE)
    assert (said.status_code, said.headers["content-type"]) == (status, "application/problem+json")

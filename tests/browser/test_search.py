"""Search as people type it, in the real search box; and what it costs for a catalogue of 10,000 datasets."""

from __future__ import annotations

import csv
import functools
import http.server
import shutil
import threading
import unicodedata
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from browser.keyboard import ANSWERED
from browser.visitor import wait_until
from invented_catalogue import invent_documents, invent_queries
from portal.pages.search_index import weigh, write_search_index
from portal.words.search_term import list_accented, search_terms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Response, Route

    from browser.visitor import Visitor

QUERIES = Path(__file__).resolve().parents[1] / "search_queries.csv"
FIRST = 3
FULL_PAGE = 10
PAGES = {"vi": "/search/", "en": "/en/search/"}


def read_queries() -> list[dict[str, str]]:
    with QUERIES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def ask(page: Page, query: str) -> list[str]:
    """Type a query into the search box; return the addresses of the results once they are those of the query."""
    page.locator("#q").fill(query)
    wait_until(page, ANSWERED, query.strip()[:80])
    found: list[str] = page.locator("#results a").evaluate_all("links => links.map((one) => one.getAttribute('href'))")
    return found


def is_expected(address: str, expected: str) -> bool:
    """Tell whether a result is the expected page; at which figure it opens matters where the table says one."""
    return (address if "#" in expected else address.partition("#")[0]) == expected


@pytest.mark.parametrize("language", ["vi", "en"])
def test_what_people_type_leads_to_what_they_mean(visitor: Visitor, language: str) -> None:
    page = visitor.open(PAGES[language])
    missed = []
    for row in read_queries():
        if row["language"] != language:
            continue
        query = row["query"]
        found = ask(page, unicodedata.normalize("NFD", query) if row["form"] == "NFD" else query)
        if not any(is_expected(address, row["expected"]) for address in found[:FIRST]):
            missed.append((row["query"], row["form"], row["expected"], found))
    assert missed == []


def test_a_result_shows_the_figure_that_the_query_speaks_of(visitor: Visitor) -> None:
    page = visitor.open(PAGES["vi"])

    def read(query: str) -> str:
        ask(page, query)
        result = page.locator("#results li", has=page.locator("a[href^='/catalog/tourist_arrivals/']"))
        return result.inner_text().replace("\N{NO-BREAK SPACE}", " ")

    assert "184.953 lượt khách Lượt khách – Khách quốc tế" in read("khách quốc tế")
    # Scattered words of a query are not what it speaks of: the headline stands there.
    assert "5.206.720 lượt khách Lượt khách du lịch" in read("phú quốc")


@pytest.mark.parametrize(
    ("language", "query"),
    [("vi", "mức độ 4"), ("vi", "muc do 4"), ("vi", "dich vu muc 4"), ("en", "level 4")],
)
def test_a_level_is_answered_with_what_the_headline_counts(language: str, query: str, visitor: Visitor) -> None:
    page = visitor.open(PAGES[language])
    ask(page, query)
    assert page.locator("#results li strong").first.inner_text() == "422"


def test_accents_that_were_typed_are_meant(visitor: Visitor) -> None:
    page = visitor.open(PAGES["vi"])
    assert len(ask(page, "dat")) == FULL_PAGE
    titles = page.locator("#results li").all_inner_texts() if ask(page, "đất") else []
    assert titles
    assert [title for title in titles if "đạt" in title.lower()] == []
    # No document speaks of rice: what shares its letters alone is no answer.
    assert ask(page, "lúa") == []
    begun, whole = ([one.partition("#")[0] for one in ask(page, query)] for query in ("đườ", "đường"))
    assert begun == whole


def test_the_table_of_queries_is_large_and_whole() -> None:
    rows = read_queries()
    assert len(rows) >= 60
    assert {row["language"] for row in rows} == {"vi", "en"}
    assert {row["form"] for row in rows} == {"", "NFD"}
    assert all(row["query"] and row["expected"] and row["why"] for row in rows)


# Every character that Python knows; a browser that knows more agrees on these.
_CHARACTERS = st.characters(exclude_categories=["Cs", "Cn", "Co"])
_TYPED = st.text(
    st.sampled_from("aăâbcdđeêghiklmnoôơpqrstuưvxyAĐƯÝ sSyYizes's’%/0123456789.,-–\u0300\u0301\u0303\u0309\u0323\u093e")
)


def test_the_browser_and_the_index_cut_texts_into_the_same_terms(visitor: Visitor) -> None:
    page = visitor.open(PAGES["vi"])
    script = "texts => import('/assets/portal/search.js').then((search) => texts.map(search.terms))"
    accents = (
        "texts => import('/assets/portal/search.js').then((search) =>"
        " texts.map((text) => search.spell(text).map((one) => one.accented).filter(Boolean)))"
    )

    @settings(max_examples=60, database=None)
    @given(st.lists(st.one_of(_TYPED, st.text(_CHARACTERS)), max_size=60))
    def agree(texts: list[str]) -> None:
        assert page.evaluate(script, texts) == [search_terms(text) for text in texts]
        assert page.evaluate(accents, texts) == [list_accented(text) for text in texts]

    agree()
    words = [
        "Fisheries, fishery",
        "services service",
        "driver’s driver's",
        "class bus this gas",
        "48,37% 2.389",
        "4G 3g4",
    ]
    expected = [
        ["fisheri", "fisheri"], ["service", "service"], ["driver", "driver"], ["class", "bus", "this", "gas"],
        ["48.37", "2389"], ["4g", "3g", "4"],
    ]  # fmt: skip
    assert [search_terms(text) for text in words] == expected
    assert page.evaluate(script, words) == expected


# --- a catalogue of 10,000 datasets ---------------------------------------------------------------------------------

BUDGET = 300_000  # bytes, page and all, before any compression


@contextmanager
def serve_files(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback without compression; give its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_search_stays_small_for_ten_thousand_datasets(browser: Browser, release: Path, tmp_path: Path) -> None:
    documents = invent_documents()
    for name in ("search", "assets"):
        shutil.copytree(release / "current/site" / name, tmp_path / name)
    write_search_index(map(weigh, documents), tmp_path / "search-index")
    with serve_files(tmp_path) as address:
        for query in invent_queries(documents):
            page = browser.new_page()
            answers: list[Response] = []

            def keep(answer: Response, kept: list[Response] = answers) -> None:
                kept.append(answer)

            page.on("response", keep)
            page.goto(f"{address}/search/", wait_until="networkidle")
            found = ask(page, query.text)
            loaded = sum(len(one.body()) for one in answers)
            page.close()
            assert len(answers) > 5, "the visitor's requests were not counted"
            assert loaded < BUDGET, query
            assert found, query
            assert not query.expected or query.expected in {one.partition("#")[0] for one in found}, query


# --- what people type by mistake, and lines that fail -----------------------------------------------------------------


@pytest.mark.parametrize("query", ["🎉", "<b>đường</b><script>alert(1)</script>", "%&#?/\\$&", "d", "dữ liệu " * 5_000])
def test_whatever_is_typed_gets_an_answer(query: str, visitor: Visitor) -> None:
    page = visitor.open(PAGES["vi"])
    ask(page, query)
    status = page.locator("#search-status").inner_text()
    assert query.strip()[:20] in status
    assert len(status) < 200
    assert page.locator("#search-status *, #results script, #results b").count() == 0


def test_a_query_in_the_address_is_answered_and_kept(visitor: Visitor) -> None:
    page = visitor.open("/search/?q=th%E1%BB%A7y+s%E1%BA%A3n")
    assert page.locator("#q").input_value() == "thủy sản"
    ask(page, "a & b? <c>")
    page.wait_for_url("**/search/?q=a%20%26%20b%3F%20%3Cc%3E")


def test_a_slow_line_is_told_and_the_count_is_read_out(visitor: Visitor) -> None:
    page = visitor.open(PAGES["vi"])
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/search-index/vi/*", hold)
    page.locator("#q").fill("tôm")
    wait_until(page, "() => document.getElementById('search-status').textContent === 'Đang tìm «tôm»…'")
    assert page.locator("#results").get_attribute("aria-busy") == "true"
    for route in held:
        route.continue_()
    wait_until(page, "() => document.getElementById('results').ariaBusy === 'false'")
    status = page.locator("#search-status")
    assert status.get_attribute("role") == "status"
    assert status.inner_text().endswith("kết quả cho «tôm»")


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_file_that_does_not_load_is_told_and_asked_for_again(browser: Browser, portal: str, language: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(portal + PAGES[language], wait_until="networkidle")
    page.route("**/search-index/shards/*", break_off)
    page.locator("#q").fill("tôm")
    words = {"vi": "Chưa tìm được «tôm»", "en": "Could not search for “tôm”"}[language]
    wait_until(page, "words => document.getElementById('search-status').textContent.startsWith(words)", words)
    assert page.locator("#results").get_attribute("aria-busy") == "false"
    page.unroute("**/search-index/shards/*", break_off)
    page.locator("form[data-search] button").click()
    page.locator("#results a").first.wait_for()
    context.close()


def break_off(route: Route) -> None:
    route.abort()


def test_the_keyboard_reaches_box_and_results(visitor: Visitor) -> None:
    page = visitor.open(PAGES["vi"])
    page.keyboard.press("/")
    assert focused(page) == "q"
    page.keyboard.type("thủy sản")
    page.locator("#results a").nth(1).wait_for()
    hrefs = page.locator("#results a").evaluate_all("links => links.map((one) => one.getAttribute('href'))")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert focused(page) == hrefs[1]
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert focused(page) == "q"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    assert focused(page) == "q"
    page.keyboard.press("End")
    page.keyboard.type("/")
    assert page.locator("#q").input_value() == "thủy sản/"
    page.keyboard.press("Backspace")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{hrefs[0]}")


def test_the_shortcut_can_be_turned_off_and_stays_off(visitor: Visitor) -> None:
    page = visitor.open(PAGES["en"])
    page.get_by_role("button", name="Turn this shortcut off").click()
    page.goto(f"{visitor.portal}/en/")
    page.keyboard.press("/")
    assert focused(page) != "q"
    page.goto(visitor.portal + PAGES["en"])
    page.get_by_role("button", name="Turn this shortcut on").click()
    page.keyboard.press("/")
    assert focused(page) == "q"


def focused(page: Page) -> str:
    """Return the id or the address of what has the focus."""
    name: str = page.evaluate("document.activeElement.id || document.activeElement.getAttribute('href') || ''")
    return name

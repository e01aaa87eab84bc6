"""Search as people type it, in the real search box; and what it costs for a catalogue of 10,000 datasets."""

from __future__ import annotations

import csv
import functools
import http.server
import shutil
import threading
import time
import unicodedata
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.search_index import Document, search_terms, write_search_index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Response

    from browser.visitor import Visitor

QUERIES = Path(__file__).resolve().parents[1] / "search_queries.csv"
FIRST = 3
PAGES = {"vi": "/search/", "en": "/en/search/"}


def read_queries() -> list[dict[str, str]]:
    with QUERIES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def ask(page: Page, query: str) -> list[str]:
    """Type a query into the search box; return the addresses of the results once they are those of the query."""
    page.locator("#q").fill(query)
    page.wait_for_function("query => document.getElementById('search-status').textContent.includes(query)", arg=query)
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


def test_the_table_of_queries_is_large_and_whole() -> None:
    rows = read_queries()
    assert len(rows) >= 40
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

    @settings(max_examples=60, database=None)
    @given(st.lists(st.one_of(_TYPED, st.text(_CHARACTERS)), max_size=60))
    def agree(texts: list[str]) -> None:
        assert page.evaluate(script, texts) == [search_terms(text) for text in texts]

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

DATASETS = 10_000
_ONSETS = "b c ch d đ g gh gi h k kh l m n ng ngh nh ph qu r s t th tr v x"
_RIMES = "a ác âm án anh ạo ấp ăng âu ay ê ích iên iết ình ổ oan ô ôi ống ơ ới ua uân úc ui ư ương ưu y"
BUDGET = 300_000  # bytes, page and all, before any compression


def invent_words(random: Random, count: int) -> list[str]:
    """Return syllables in the manner of Vietnamese, the frequent ones first."""
    onsets = f" {_ONSETS}".split(" ")
    rimes = _RIMES.split()
    words = [onset + rime for onset in onsets for rime in rimes]
    random.shuffle(words)
    return words[:count]


def invent_documents(random: Random) -> list[Document]:
    """Return datasets whose words are as unevenly frequent as those of a language are (Zipf)."""
    words = invent_words(random, 800)
    shares = [1 / (rank + 3) for rank in range(len(words))]

    def phrase(length: int) -> str:
        return " ".join(random.choices(words, shares, k=length))

    documents = []
    for number in range(DATASETS):
        title, english, labels = phrase(8), phrase(7), [phrase(5) for _ in range(4)]
        values = [f"{random.randrange(1, 2_000)}.{random.randrange(1_000):03}" for _ in range(12)]
        figures = [
            [labels[i % 4], value, f"năm {2010 + i}", f"o-{number:08x}{i:08x}"] for i, value in enumerate(values)
        ]
        texts = [(8, title), (8, english), (6, phrase(6)), *((3, one) for one in labels), *((5, one) for one in values)]
        shown = {
            "vi": [f"/catalog/d{number}/", title, figures, "vi"],
            "en": [f"/en/catalog/d{number}/", english, figures, "en"],
        }
        documents.append(Document(tuple(texts), shown))
    return documents


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
    documents = invent_documents(Random(4))  # noqa: S311 - the same catalogue in every run
    for name in ("search", "assets"):
        shutil.copytree(release / "current/site" / name, tmp_path / name)
    write_search_index(documents, tmp_path / "search-index")
    with serve_files(tmp_path) as address:
        for query, expected in invent_queries(documents):
            page = browser.new_page()
            answers: list[Response] = []

            def keep(answer: Response, kept: list[Response] = answers) -> None:
                kept.append(answer)

            page.on("response", keep)
            page.goto(f"{address}/search/", wait_until="networkidle")
            start = time.perf_counter()
            found = ask(page, query)
            seconds = time.perf_counter() - start
            loaded = sum(len(one.body()) for one in answers)
            page.close()
            print(f"{query!r}: {len(answers)} files, {loaded / 1000:.0f} KB, {seconds * 1000:.0f} ms")  # noqa: T201
            assert len(answers) > 5, "the visitor's requests were not counted"
            assert loaded < BUDGET, query
            assert found, query
            assert not expected or expected in {one.partition("#")[0] for one in found}, query


def invent_queries(documents: list[Document]) -> list[tuple[str, str]]:
    """Return ten queries, with the dataset that each must find where it can mean only one."""
    titles = [str(one.shown["vi"][1]) for one in documents]
    english = str(documents[777].shown["en"][1])
    number = documents[4_321].texts[-1][1]
    said = Counter(word for title in titles for word in set(title.split()))
    first, second, third = (word for word, _ in said.most_common(3))
    return [
        (titles[17], "/catalog/d17/"),
        (titles[9_998][:-1], "/catalog/d9998/"),
        (english, "/catalog/d777/"),
        (" ".join(titles[4_321].split()[:4]), ""),
        (number, "/catalog/d4321/"),
        (number.replace(".", ","), "/catalog/d4321/"),
        (first, ""),
        (f"{first} {second}", ""),
        (f"{third} {second} {first}", ""),
        ("t", ""),
    ]

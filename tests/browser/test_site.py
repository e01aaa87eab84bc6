"""The served site as people meet it: in Chromium, in both languages, on a phone and on a desktop."""

from __future__ import annotations

import html
import json
import re
import urllib.error
import urllib.request
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest

from browser.visitor import BILINGUAL, DESKTOP, PHONE

if TYPE_CHECKING:
    from browser.visitor import Scheme, Visitor

# Pictures of every page type for people to look at; they stay beside what was built.
SCREENSHOTS = Path(__file__).resolve().parents[2] / "build/screenshots"
TALLEST = 4_000  # px; of a longer page its beginning says enough


@pytest.mark.parametrize("path", BILINGUAL.values(), ids=BILINGUAL.keys())
def test_a_page_is_quiet_and_fits_a_phone(visitor: Visitor, path: str) -> None:
    page = visitor.open(path, PHONE)
    assert page.locator("h1").count() == 1
    assert page.locator("html").get_attribute("lang") == ("en" if path.startswith("/en/") else "vi")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


@pytest.mark.parametrize("path", BILINGUAL.values(), ids=BILINGUAL.keys())
def test_a_page_can_be_read_without_javascript(visitor: Visitor, path: str) -> None:
    plain = visitor.open(path.partition("?")[0], PHONE, java_script_enabled=False)
    assert plain.locator("h1").is_visible()
    if "/search/" in path:
        assert plain.locator("noscript .notice, .notice").first.is_visible()
    for region in plain.locator("main section, main figure, main table, main dl").all():
        # A closed list waits for a click, with and without script.
        assert region.is_visible() or region.locator("xpath=ancestor::details").count()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", BILINGUAL)
def test_pictures_of_every_page_type(visitor: Visitor, name: str, scheme: Scheme) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page = visitor.open(BILINGUAL[name], PHONE, scheme)
    for size, (width, height) in (("phone", PHONE), ("desktop", DESKTOP)):
        page.set_viewport_size({"width": width, "height": height})
        tall = min(page.evaluate("document.documentElement.scrollHeight"), TALLEST)
        file = SCREENSHOTS / f"{name}-{scheme}-{size}.png"
        picture = page.screenshot(path=file, full_page=True, clip={"x": 0, "y": 0, "width": width, "height": tall})
        assert picture.startswith(b"\x89PNG")


@pytest.mark.parametrize("path", ["/", "/en/catalog/dti_score_and_rank/", "/embed/online_public_services_by_level/"])
def test_a_strict_policy_stands_on_every_page_and_holds(visitor: Visitor, path: str) -> None:
    page = visitor.open(path)
    policy = page.locator("meta[http-equiv='Content-Security-Policy']").get_attribute("content")
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    ran = page.evaluate(
        "() => { const one = document.createElement('script'); one.textContent = 'window.broken = true';"
        " document.body.append(one); return Boolean(window.broken); }"
    )
    assert not ran
    assert len(visitor.complaints) == 1
    assert "violates the following Content Security Policy directive" in visitor.complaints.pop()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_home_page_leads_to_figures(visitor: Visitor, scheme: Scheme) -> None:
    page = visitor.open("/", DESKTOP, scheme)
    card = page.locator(".card", has_text="Chỉ số chuyển đổi số")
    assert card.locator("strong").inner_text() == "hạng 32"
    card.locator("a").first.click()
    page.wait_for_url("**/catalog/dti_score_and_rank/")
    assert page.locator(".headline__value").inner_text() == "hạng 32"
    assert "32/63" in page.locator(".headline__source").inner_text()


def test_numbers_and_dates_speak_the_language_of_the_page(visitor: Visitor) -> None:
    page = visitor.open("/catalog/civil_status_records_digitised/", PHONE)
    assert page.locator(".headline__value").inner_text() == "1.738.517"
    assert "15/3/2025" in page.locator(".headline__what").inner_text()
    page.locator("a.language").click()
    page.wait_for_url("**/en/catalog/civil_status_records_digitised/")
    assert page.locator(".headline__value").inner_text() == "1,738,517"
    assert "15 March 2025" in page.locator(".headline__what").inner_text()


def test_a_figure_has_a_permanent_link_that_highlights_it(visitor: Visitor) -> None:
    page = visitor.open("/sources/bc_40_2021/")
    page.locator("tr", has_text="43:137").locator("a").last.click()
    page.wait_for_url("**/catalog/online_public_services_by_level/#o-*")
    row = page.locator("tr:target")
    assert "422" in row.inner_text()
    ground = "one => getComputedStyle(one).backgroundColor"
    assert row.evaluate(ground) != page.locator("table.figures tbody tr:not(:target)").first.evaluate(ground)


def test_the_table_without_javascript_holds_every_figure(visitor: Visitor) -> None:
    page = visitor.open("/catalog/fisheries_production/", PHONE, java_script_enabled=False)
    assert page.locator("table.figures tbody tr").count() == 14
    assert page.locator(".download-bar a").first.get_attribute("href") == (
        "/data/fisheries_production/fisheries_production.csv"
    )


def test_another_site_may_show_an_embed_but_no_page(visitor: Visitor) -> None:
    page = visitor.open("/embed/online_public_services_by_level/")
    frames = {
        path: page.request.get(visitor.portal + path).headers.get("x-frame-options")
        for path in ("/", "/embed/pci_score_and_rank/")
    }
    assert frames == {"/": "SAMEORIGIN", "/embed/pci_score_and_rank/": None}


class LinkFinder(HTMLParser):
    """Collects addresses and anchors of one page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"href", "src"} and value and tag != "base":
                self.links.add(html.unescape(value))
            if name == "id" and value:
                self.anchors.add(value)


def fetch(address: str) -> tuple[int, str, str]:
    """Return status, media type and text; loopback only."""
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:  # noqa: S310 - our own server
            kind = answer.headers.get_content_type()
            return answer.status, kind, answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return error.code, "", ""


def test_every_internal_link_of_the_site_resolves(portal: str) -> None:
    """Follow every link of the static site; of the API's pages only those that the site itself names."""
    waiting, anchors, wanted, broken = [portal + "/", portal + "/en/"], {}, set(), []
    seen = set(waiting)
    while waiting:
        address = waiting.pop()
        status, kind, text = fetch(address)
        if status != 200:
            broken.append((status, address))
        if kind != "text/html" or "/datasette/" in address:
            continue
        finder = LinkFinder()
        finder.feed(text)
        anchors[address] = finder.anchors
        for link in finder.links:
            if link.startswith(("mailto:", "data:", "https://", "http://")) and not link.startswith(portal):
                continue
            target, fragment = urldefrag(urljoin(address, link))
            if fragment:
                wanted.add((target, fragment, address))
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    assert broken == []
    lost = [one for one in wanted if one[0] in anchors and one[1] not in anchors[one[0]]]
    assert lost == []
    assert len(anchors) > 180, "the walk did not reach the whole site"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/en/",
        "/catalog/dti_score_and_rank/",
        "/data/dti_score_and_rank/dti_score_and_rank.csv",
        "/datasette/opendata/dti_score_and_rank.json?_shape=objects",
        "/datasette/opendata/observations.json?dataset=dti_score_and_rank",
    ],
)
def test_the_promised_addresses_answer(portal: str, path: str) -> None:
    status, _, text = fetch(portal + path)
    assert status == 200
    assert text


@pytest.mark.parametrize("query", ["chuyen+doi+so", "chuy%E1%BB%83n+%C4%91%E1%BB%95i+s%E1%BB%91"])
def test_the_api_searches_with_and_without_accents(portal: str, query: str) -> None:
    _, _, text = fetch(f"{portal}/datasette/opendata/datasets.json?_shape=array&_search={query}")
    assert "dti_score_and_rank" in {row["name"] for row in json.loads(text)}


def test_the_api_shows_the_words_of_the_descriptor(portal: str) -> None:
    _, _, text = fetch(f"{portal}/datasette/opendata/dti_score_and_rank")
    assert "Chỉ số chuyển đổi số (DTI) của tỉnh" in text
    assert re.search(r"Con số đúng từng ký tự như trong tài liệu", text)
    assert urlsplit(portal).netloc not in text.replace("127.0.0.1", "")

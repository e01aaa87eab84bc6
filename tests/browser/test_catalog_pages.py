"""A long catalogue: its list has pages, which need no script; filters find what stands on any of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from browser.conftest import serve
from browser.visitor import DESKTOP, PHONE, Visitor
from factory import TODAY, make_tiny_project, write_indicator
from portal import build
from portal.pages import paging
from portal.releases.release import BuildFolder
from portal.work.scheduler import Here

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

COUNT, PAGE = 31, 4


@pytest.fixture(scope="module")
def long_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a catalogue of 31 datasets as if that were many; every fifth one is of 2020."""
    root = tmp_path_factory.mktemp("long")
    project = make_tiny_project(root / "project")
    for number in range(1, COUNT):
        row = {"period": "2020"} if number % 5 == 0 else {}
        title = {"title": f"Sản lượng {number:02}", "title@en": f"Catch {number:02}"}
        write_indicator(project / "datapackages", f"catch_{number:02}", [row], changes=title)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paging, "MOST_TOGETHER", 10)
        patch.setattr(paging, "PAGE_CARDS", PAGE)
        result = build.build_portal(project, BuildFolder(root / "build"), TODAY, lambda _event: None, Here())
    assert result.release, result.findings
    yield from serve(root / "build")


@pytest.fixture
def visitor(long_portal: str, browser: Browser) -> Iterator[Visitor]:
    """Give a visitor of the long catalogue, which is built before Playwright starts its event loop."""
    guest = Visitor(browser, long_portal)
    yield guest
    guest.leave()
    assert guest.complaints == []


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_without_script_pages_lead_through_all_datasets(visitor: Visitor, prefix: str) -> None:
    page = visitor.open(f"{prefix}/catalog/", PHONE, java_script_enabled=False)
    seen: list[str] = []
    while True:
        assert page.locator(".filters").is_hidden()
        links = page.locator("[data-whole] [data-card] a")
        seen += links.evaluate_all("all => all.map((one) => one.pathname)")
        following = page.locator("a[rel=next]")
        if not following.count():
            break
        following.click()
    assert len(seen) == len(set(seen)) == COUNT
    assert page.url.endswith(f"{prefix}/catalog/page-8/")
    page.locator(".pager li").nth(1).locator("a").click()
    assert page.url.endswith(f"{prefix}/catalog/")
    page.locator("ul.themes a").first.click()
    assert page.locator("[data-card]").count() == PAGE


def test_a_filter_finds_what_stands_on_any_page(visitor: Visitor) -> None:
    page = visitor.open("/catalog/page-3/")
    page.locator(".filters select[name=year]").select_option("2020")
    cards = page.locator("[data-found] [data-card]")
    cards.first.wait_for()
    assert cards.count() == 6
    assert {one.get_attribute("data-year") for one in cards.all()} == {"2020"}
    assert all(one.is_visible() for one in cards.all())
    assert page.locator("[data-whole]").is_hidden()
    assert page.locator("[data-more]").is_hidden()
    assert page.locator("#filter-status").inner_text() == "6 mục"
    assert page.url.endswith("/catalog/page-3/?year=2020")
    page.locator(".filters [data-reset]").click()
    page.locator("[data-whole]").wait_for()
    assert page.locator("[data-found]").is_hidden()
    assert page.locator(".pager [aria-current]").inner_text() == "3"


def test_the_address_brings_the_filters_back_and_more_is_a_click_away(visitor: Visitor) -> None:
    page = visitor.open("/en/catalog/?year=2023", PHONE)
    cards = page.locator("[data-found] [data-card]")
    cards.nth(23).wait_for()
    assert (cards.count(), page.locator("#filter-status").inner_text()) == (24, "25 entries")
    page.locator("[data-more]").click()
    cards.nth(24).wait_for()
    assert cards.count() == 25
    assert page.locator("[data-more]").is_hidden()
    assert cards.nth(5).locator("a").evaluate("one => one.pathname").startswith("/en/catalog/")


def test_the_first_page_loads_no_index_and_where_it_is_missing_the_page_says_so(visitor: Visitor) -> None:
    page = visitor.take_window()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/catalog/facets.json", lambda route: route.fulfill(status=200, body="{"))
    page.goto(f"{visitor.portal}/catalog/")
    assert [url for url in asked if "facets" in url or "page-" in url] == []
    page.locator(".filters select[name=year]").select_option("2020")
    page.get_by_text("Chưa lọc được vì không tải được dữ liệu").wait_for()
    assert page.locator("[data-whole]").is_visible()
    page.unroute("**/catalog/facets.json")
    page.locator(".filters select[name=year]").select_option("2023")
    page.locator("[data-found] [data-card]").first.wait_for()


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_nothing_is_wider_than_the_window(visitor: Visitor, size: tuple[int, int]) -> None:
    page = visitor.open("/catalog/page-4/", size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_facets_say_of_every_dataset_what_its_card_says(visitor: Visitor) -> None:
    page = visitor.open("/catalog/")
    facets = json.loads(page.request.get(f"{visitor.portal}/catalog/facets.json").text())
    assert (facets["size"], len(facets["datasets"])) == (PAGE, COUNT)
    first = facets["sets"][facets["datasets"][0]]
    card = page.locator("[data-whole] [data-card]").first
    assert {name: " ".join(values) for name, values in first.items()} == {
        name: card.get_attribute(f"data-{name}") for name in first
    }

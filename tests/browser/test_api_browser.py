"""The pages of the API in Chromium, under a strict policy: readable, valid, and usable on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from browser.test_accessibility import ALL_RULES, COLOURS, find_violations, read_axe
from browser.test_html import find_faults
from browser.visitor import DESKTOP, PHONE, Visitor, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from browser.visitor import Scheme

DATABASE = "/datasette/opendata"
PAGES = {
    "index": "/datasette/",
    "database": DATABASE,
    "indicator": f"{DATABASE}/fisheries_production",
    "filtered": f"{DATABASE}/observations?dataset=tourist_arrivals&_search=khach&_facet=measure",
    "code-list": f"{DATABASE}/statuses",
    "row": f"{DATABASE}/areas/KG",
    "query": f"{DATABASE}/search?q=dich+vu+cong",
    "targets": f"{DATABASE}/targets_and_actuals",
    "sql": f"{DATABASE}?sql=select+value+from+observations+limit+%3An&n=3",
    "error": "/datasette/no-such-page/rows",
}


@pytest.fixture
def reader(browser: Browser, portal: str) -> Iterator[Visitor]:
    """Give a visitor of the API, who fails the test when a page complains, breaks the policy or asks another host."""
    guest = Visitor(browser, portal)
    yield guest
    guest.leave()
    assert guest.complaints == []


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_axe_finds_nothing(reader: Visitor, path: str) -> None:
    page = reader.take_window(DESKTOP, "light")
    page.goto(reader.portal + path)
    page.evaluate(read_axe())
    rounds: tuple[tuple[tuple[int, int], Scheme, dict[str, Any]], ...] = (
        (DESKTOP, "light", ALL_RULES),
        (DESKTOP, "dark", COLOURS),
        (PHONE, "dark", ALL_RULES),
    )
    for size, scheme, rules in rounds:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.emulate_media(color_scheme=scheme)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert find_violations(page, rules) == [], (scheme, size)


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
@pytest.mark.parametrize("width", [320, 360])
def test_a_phone_scrolls_the_table_and_not_the_page(reader: Visitor, path: str, width: int) -> None:
    page = reader.take_window((width, 740))
    page.goto(reader.portal + path)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_wide_table_is_scrolled_by_keyboard(reader: Visitor) -> None:
    page = reader.take_window(PHONE)
    page.goto(reader.portal + PAGES["indicator"])
    rows = page.locator(".api-rows")
    rows.focus()
    page.keyboard.press("ArrowRight")
    wait_until(page, "() => document.querySelector('.api-rows').scrollLeft > 0")


def test_the_form_of_filters_leads_to_the_rows(reader: Visitor) -> None:
    page = reader.take_window()
    page.goto(f"{reader.portal}{DATABASE}/fisheries_production")
    page.locator(".api-filters > summary").click()
    page.locator("select[name=_filter_column]").select_option("species")
    page.locator("input[name=_filter_value]").fill("brackish_water_shrimp")
    page.locator("select[name=_sort]").select_option("value")
    page.locator(".api-filters .button").click()
    page.wait_for_url("**_sort_desc=value**")
    assert page.locator(".api-rows tbody tr").count() == 3
    values = page.locator(".api-rows tbody tr td:nth-child(8)").all_inner_texts()
    assert [float(one) for one in values] == sorted((float(one) for one in values), reverse=True)


def test_the_search_of_the_api_leads_to_the_catalogue(reader: Visitor) -> None:
    page = reader.take_window()
    page.goto(f"{reader.portal}{DATABASE}")
    page.locator("#q").fill('khách du lịch "')
    page.locator(".search .button").click()
    page.locator(".api-rows tbody tr:first-child a").first.click()
    page.wait_for_url("**/catalog/tourist_arrivals/")


def test_every_page_is_valid(portal: str, tmp_path: Path) -> None:
    for name, path in PAGES.items():
        (tmp_path / f"{name}.html").write_text(httpx.get(portal + path, headers={"Accept": "text/html"}).text, "utf-8")
    read, faults = find_faults([str(path) for path in tmp_path.glob("*.html")])
    assert faults == []
    assert read == 0

"""What people come for, done on a phone of 360 px and with the keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from browser.keyboard import is_focused, open_result, search_for, tab_to
from browser.visitor import PHONE, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from browser.visitor import Visitor

# The table of a page; that of the checksums stands behind a click.
TABLE = ".table-scroll:has(.plain-table)"


@pytest.mark.parametrize(
    ("home", "query"),
    [("/", "dịch vụ công mức độ 4"), ("/", "dich vu cong muc do 4"), ("/en/", "online services level 4")],
)
def test_how_many_online_services_are_at_level_4(visitor: Visitor, home: str, query: str) -> None:
    page = visitor.open(home, PHONE)
    search_for(page, query)
    assert "422" in page.locator("#results li").first.inner_text()
    open_result(page, f"{home}catalog/online_public_services_by_level/")
    assert "422" in page.locator("tr:target").inner_text()
    assert page.locator("tr:target").is_visible()


@pytest.mark.parametrize(
    ("home", "words", "verdict"),
    [
        (
            "/",
            "(DTI)",
            ["chưa có kết quả cho thời hạn 2023; kết quả 2022 chưa ở mức mục tiêu", "chưa đạt, tính đến 2022"],
        ),
        (
            "/en/",
            "(DTI)",
            ["no result yet for the deadline 2023; the result of 2022 is short of it", "not met, as of 2022"],
        ),
    ],
)
def test_whether_the_dti_target_is_met(visitor: Visitor, home: str, words: str, verdict: list[str]) -> None:
    page = visitor.open(home, PHONE)
    tab_to(page, f".site-nav a[href='{home}targets/']")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{home}targets/")
    promises = page.locator(".promise", has_text=words)
    assert sorted(promises.locator(".verdict").all_inner_texts()) == verdict


def test_fisheries_as_a_file(visitor: Visitor, release: Path) -> None:
    page = visitor.open("/", PHONE, accept_downloads=True)
    search_for(page, "thủy sản")
    open_result(page, "/catalog/fisheries_production/")
    tab_to(
        page, ".download-bar a[href$='fisheries_production.csv']", key="Shift+Tab"
    )  # the result led to a row of the table below
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    published = release / "current/site/data/fisheries_production/fisheries_production.csv"
    assert download.value.suggested_filename == published.name
    assert download.value.path().read_bytes() == published.read_bytes()
    assert published.stat().st_size > 1_000


def test_where_a_figure_comes_from(visitor: Visitor) -> None:
    page = visitor.open("/", PHONE)
    search_for(page, "48,37%")
    open_result(page, "/catalog/records_digitisation_rate/")
    assert "in là «48,37%» tại dòng:cột 1:1825" in page.locator("tr:target").inner_text()
    tab_to(page, "tr:target a[href='/sources/ngay_cds_2023/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sources/ngay_cds_2023/")
    row = page.locator("table.figures tr", has_text="1:1825")
    assert row.locator("code").inner_text() == "48,37%"


# --- the keyboard itself ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/en/catalog/", "/catalog/fisheries_production/", "/search/"])
def test_the_first_stop_skips_to_the_content(visitor: Visitor, path: str) -> None:
    page = visitor.open(path, PHONE)
    tab_to(page, ".skip")
    page.keyboard.press("Enter")
    assert is_focused(page, "main#content")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_arrows_walk_the_results_and_escape_returns(visitor: Visitor) -> None:
    page = visitor.open("/search/", PHONE)
    search_for(page, "du lịch")
    results = page.locator("#results a").count()
    assert results > 2
    for expected in (1, 2, 3):
        page.keyboard.press("ArrowDown")
        assert is_focused(page, f"#results li:nth-child({expected}) a")
    page.keyboard.press("ArrowUp")
    assert is_focused(page, "#results li:nth-child(2) a")
    page.keyboard.press("Escape")
    assert is_focused(page, "#q")
    assert page.locator("#q").input_value() == "du lịch"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert is_focused(page, "#q")


def test_the_address_keeps_the_query(visitor: Visitor) -> None:
    page = visitor.open("/search/", PHONE)
    search_for(page, "50% & đường")
    assert page.url.endswith("/search/?q=50%25%20%26%20%C4%91%C6%B0%E1%BB%9Dng")
    before = page.locator("#results a").all_inner_texts()
    page.reload(wait_until="networkidle")
    assert page.locator("#q").input_value() == "50% & đường"
    assert page.locator("#results a").all_inner_texts() == before


def test_a_query_from_the_home_page_is_answered_on_the_search_page(visitor: Visitor) -> None:
    page = visitor.open("/", PHONE)
    search_for(page, "wifi")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=wifi")
    assert page.locator("#results a").first.get_attribute("href") == "/catalog/broadband_internet_subscriptions/"


@pytest.mark.parametrize("home", ["/", "/en/search/"])
def test_without_scripts_the_api_answers_a_search(visitor: Visitor, home: str) -> None:
    page = visitor.open(home, PHONE, java_script_enabled=False)
    page.locator("#q-plain").fill("dich vu cong")
    page.keyboard.press("Enter")
    page.wait_for_url("**/datasette/opendata/search?q=dich+vu+cong")
    assert "online_public_services_by_level" in page.locator("table").inner_text()


def test_what_was_typed_is_only_text(visitor: Visitor) -> None:
    page = visitor.open("/search/")
    search_for(page, "<xqz onclick=zzq> $& {zqz}")
    assert page.locator("#search-status").inner_text() == (
        "Không tìm thấy gì cho «<xqz onclick=zzq> $& {zqz}». Thử từ ngắn hơn, hoặc xem danh mục."
    )
    assert page.locator("main xqz").count() == 0


def test_a_table_on_a_phone_scrolls_by_itself_and_takes_the_focus(visitor: Visitor) -> None:
    page = visitor.open("/catalog/sources/", PHONE)
    tab_to(page, TABLE)
    region = page.locator(TABLE)
    assert region.evaluate("one => one.scrollWidth > one.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    page.keyboard.press("ArrowRight")
    wait_until(page, "selector => document.querySelector(selector).scrollLeft > 0", TABLE)
    assert page.get_by_role("region", name="Bảng số liệu").count() == 1

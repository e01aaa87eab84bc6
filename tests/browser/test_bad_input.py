"""Bad input on a phone: nothing runs, nothing sticks out, and a link to any figure leads to it, cut or not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bad_catalogue import build_bad_catalogue
from browser.conftest import serve
from browser.test_html import find_faults
from browser.visitor import PHONE, Visitor
from shared import share

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Dialog, Page

ROWS = 3_000  # beyond every cut; `tests/test_bad_pages.py` builds a hundred thousand
PAGES = [
    f"/{prefix}{path}"
    for prefix in ("", "en/")
    for path in (
        "", "catalog/", "themes/fishing/", "sources/", "sources/report/", "targets/", "quality/",
        *(f"catalog/{name}/" for name in (
            "endless", "hostile", "tricks", "arabic", "vietnamese_only", "no_value", "huge", "huge_table")),
        *(f"embed/{name}/" for name in ("endless", "hostile", "arabic", "huge")),
    )
]  # fmt: skip


@pytest.fixture(scope="module")
def bad_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the catalogue of bad input; return its folder `build/`."""
    return share(tmp_path_factory, "bad-input", _build) / "build"


def _build(folder: Path) -> None:
    done = build_bad_catalogue(folder, ROWS)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def bad_portal(bad_build: Path) -> Iterator[str]:
    """Serve the catalogue of bad input; give its address."""
    yield from serve(bad_build)


@pytest.fixture
def guest(browser: Browser, bad_portal: str) -> Iterator[Visitor]:
    """Give a visitor of that catalogue, who fails the test when a page complains, speaks up or asks another host."""
    one = Visitor(browser, bad_portal)
    yield one
    one.leave()
    assert one.complaints == []


@pytest.fixture(scope="module")
def later(bad_build: Path) -> list[str]:
    """Return the anchors of the figures that the page of `huge` leaves out."""
    files = sorted((bad_build / "current/site/rows/huge").glob("*.vi.json"))
    return [anchor for file in files for anchor in json.loads(file.read_text("utf-8"))]


@pytest.mark.parametrize("path", PAGES)
def test_nothing_runs_and_nothing_sticks_out(path: str, guest: Visitor) -> None:
    page = guest.take_window(PHONE)

    def refuse(dialog: Dialog) -> None:
        guest.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("dialog", refuse)
    page.goto(guest.portal + path)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    assert page.locator("h1").count() == 1
    # Not even what would wait for a pointer.
    assert page.locator("main *").evaluate_all("all => all.filter(one => one.onclick || one.onmouseover).length") == 0


def test_every_page_is_valid(bad_build: Path) -> None:
    pages = [str(page) for page in (bad_build / "current/site").resolve().rglob("*.html")]
    assert find_faults(pages) == (0, [])


@pytest.mark.parametrize(("path", "text"), [("/catalog/arabic/", "h1"), ("/en/catalog/arabic/", "h1")])
def test_right_to_left_text_runs_from_the_right(path: str, text: str, guest: Visitor) -> None:
    page = guest.open(path, PHONE)
    assert page.locator(text).evaluate("one => getComputedStyle(one).direction") == "rtl"
    assert page.locator("html").evaluate("one => getComputedStyle(one).direction") == "ltr"
    assert page.locator("table.figures td.value").first.evaluate("one => getComputedStyle(one).direction") == "ltr"


# --- links to figures ---------------------------------------------------------------------------------------------


def assert_led_to(page: Page, anchor: str) -> None:
    """Fail unless the row is there, marked as the target of the address, and in view."""
    row = page.locator(f"tr[id={anchor}]:target")
    row.wait_for()
    box = row.bounding_box()
    assert box is not None
    assert 0 <= box["y"] < PHONE[1], "scrolled to"
    plain = page.locator("table.figures tbody tr").first.evaluate("one => getComputedStyle(one).backgroundColor")
    assert row.evaluate("one => getComputedStyle(one).backgroundColor") != plain, "highlighted"


@pytest.mark.parametrize(("prefix", "noun", "note"), [("/", "tấn", "Ghi chú."), ("/en/", "tonnes", "A note.")])
def test_a_link_to_a_later_figure_leads_to_it(
    prefix: str, noun: str, note: str, guest: Visitor, later: list[str]
) -> None:
    assert len(later) == ROWS - 200
    page = guest.open(f"{prefix}catalog/huge/#{later[0]}", PHONE)
    assert_led_to(page, later[0])
    row = page.locator(f"tr[id={later[0]}]")
    assert noun in row.locator("td.value").inner_text()
    assert note in row.inner_text()
    assert row.locator("td a").first.get_attribute("href") == f"{prefix}sources/report/"
    assert row.locator(".permalink").get_attribute("href") == f"#{later[0]}"


def test_links_to_figures_work_one_after_the_other(guest: Visitor, later: list[str]) -> None:
    page = guest.open(f"/catalog/huge/#{later[1]}", PHONE)
    assert_led_to(page, later[1])
    page.evaluate("anchor => { location.hash = anchor; }", later[-1])
    assert_led_to(page, later[-1])
    shown = page.locator("table.figures tbody tr").nth(150).get_attribute("id")
    assert shown is not None
    page.evaluate("anchor => { location.hash = anchor; }", shown)
    assert_led_to(page, shown)
    page.go_back()
    assert_led_to(page, later[-1])


def test_a_list_of_another_page_leads_to_a_later_figure(guest: Visitor, later: list[str]) -> None:
    page = guest.open("/sources/report/", PHONE)
    links = page.locator("td a[href*='/catalog/huge/#']").evaluate_all(
        "all => all.map(one => one.getAttribute('href'))"
    )
    link = next(one for one in links if one.partition("#")[2] in later)
    page.locator(f"a[href='{link}']").click()
    assert_led_to(page, link.partition("#")[2])


@pytest.mark.parametrize("anchor", ["o-0123456789abcdef", "o-ffffffffffffffff"])
def test_a_link_to_no_figure_says_so(anchor: str, guest: Visitor) -> None:
    page = guest.open(f"/catalog/huge/#{anchor}", PHONE)
    notice = page.locator("#later-status")
    notice.wait_for()
    assert notice.inner_text().startswith("Không tìm thấy số liệu mà địa chỉ này nhắc đến")


def test_without_javascript_the_page_says_where_later_figures_are(guest: Visitor, later: list[str]) -> None:
    page = guest.open(f"/catalog/huge/#{later[0]}", PHONE, java_script_enabled=False)
    assert page.locator("noscript p", has_text="cần JavaScript; không có thì tìm trong API").is_visible()
    assert page.locator("template").is_hidden()

"""The filters of the catalogue: in the browser, in the address, and not needed at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from browser.visitor import PHONE

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from browser.visitor import Visitor

_SHOWN = "document.querySelectorAll('[data-card]:not([hidden])').length"
FILTERS = ["theme", "year", "status", "source", "kind"]


def count_shown(page: Page) -> int:
    shown: int = page.evaluate(_SHOWN)
    return shown


def choose(page: Page, name: str, value: str) -> None:
    page.locator(f".filters select[name={name}]").select_option(value)


@pytest.mark.parametrize("name", FILTERS)
def test_every_choice_shows_exactly_the_entries_that_have_it(visitor: Visitor, name: str) -> None:
    page = visitor.open("/catalog/")
    every = count_shown(page)
    values = page.locator(f".filters select[name={name}] option").evaluate_all("all => all.map((one) => one.value)")
    assert len(values) > (2 if name == "kind" else 3)
    for value in values[1:]:
        choose(page, name, value)
        having = page.locator(f"[data-card][data-{name}~='{value}']")
        assert 0 < having.count() < every
        assert having.evaluate_all("all => all.every((one) => !one.hidden)")
        assert count_shown(page) == having.count()
        assert page.locator("#filter-status").inner_text() == f"{having.count()} mục"
        assert page.url.endswith(f"/catalog/?{name}={value}")
    choose(page, name, "")
    assert count_shown(page) == every
    assert page.url.endswith("/catalog/")


def test_filters_join_and_empty_groups_disappear(visitor: Visitor) -> None:
    page = visitor.open("/en/catalog/", PHONE)
    choose(page, "year", "2023")
    several = count_shown(page)
    choose(page, "status", "target")
    assert 0 < count_shown(page) < several
    assert page.url.endswith("/en/catalog/?year=2023&status=target")
    for group in page.locator("[data-group]").all():
        assert group.is_visible() == (group.locator("[data-card]:not([hidden])").count() > 0)


def test_the_address_brings_the_filters_back(visitor: Visitor) -> None:
    page = visitor.open("/catalog/?theme=economy&status=actual")
    assert page.locator(".filters select[name=theme]").input_value() == "economy"
    shown = count_shown(page)
    assert page.locator("#filter-status").inner_text() == f"{shown} mục"
    page.locator("[data-card]:visible a").first.click()
    page.wait_for_url("**/catalog/*/")
    page.go_back(wait_until="networkidle")
    assert page.url.endswith("/catalog/?theme=economy&status=actual")
    assert count_shown(page) == shown
    assert page.locator(".filters select[name=status]").input_value() == "actual"


def test_reset_shows_everything(visitor: Visitor) -> None:
    page = visitor.open("/catalog/?theme=economy")
    page.locator(".filters [data-reset]").focus()
    page.keyboard.press("Enter")
    assert count_shown(page) == page.locator("[data-card]").count()
    assert page.url.endswith("/catalog/")
    assert page.locator(".filters select[name=theme]").input_value() == ""


def test_an_unknown_choice_in_the_address_is_left_out(visitor: Visitor) -> None:
    page = visitor.open('/catalog/?theme="><script>&year=1066&source=bc_40_2021')
    assert page.locator(".filters select[name=theme]").input_value() == ""
    assert page.url.endswith("/catalog/?source=bc_40_2021")
    assert 0 < count_shown(page) < page.locator("[data-card]").count()


def test_without_script_the_lists_are_plain_and_whole(visitor: Visitor) -> None:
    page = visitor.open("/catalog/", PHONE, java_script_enabled=False)
    assert page.locator(".filters").is_hidden()
    links = page.locator("[data-card] a")
    assert links.count() == 70
    assert all(link.is_visible() for link in links.all())


def test_the_other_language_keeps_the_filters(visitor: Visitor) -> None:
    page = visitor.open("/catalog/?theme=economy&status=actual")
    shown = count_shown(page)
    page.locator("a.language").click()
    page.wait_for_url("**/en/catalog/?theme=economy&status=actual")
    assert count_shown(page) == shown


def test_where_nothing_fits_the_page_says_what_to_do(visitor: Visitor) -> None:
    page = visitor.open("/en/catalog/")
    status = page.locator("#filter-status")
    assert status.inner_text().endswith(f"(datasets: {page.locator('.card').count()}, code lists: 16)")
    choose(page, "theme", "tourism")
    choose(page, "kind", "reference")
    assert status.inner_text() == "Nothing fits all that was chosen. Leave one filter out, or press “Reset”."

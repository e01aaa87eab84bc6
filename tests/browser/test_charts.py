"""Charts in the browser: readable on a phone, visible in both schemes, and read out by pointer, touch and keyboard."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from browser.visitor import PHONE, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page, Request

    from browser.visitor import Scheme, Visitor

BARS = "/catalog/online_public_services_by_level/"
POINTS = "/catalog/dti_score_and_rank/"
MIN_TEXT, MIN_CONTRAST = 14, 3

MEASURE = """() => [...document.querySelectorAll("figure.chart svg")].map((svg) => {
  const edge = svg.closest("figure").getBoundingClientRect();
  const texts = [...svg.querySelectorAll("text")].map((text) => ({
    text: text.textContent, size: parseFloat(text.getAttribute("font-size")) * text.getScreenCTM().a,
    box: text.getBoundingClientRect().toJSON(), inside: text.getBoundingClientRect().right <= edge.right,
  }));
  return texts;
})[0]"""
# A canvas gives the red, green and blue of any colour that a style sheet can name.
COLOURS = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const read = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  };
  const figure = document.querySelector("figure.chart");
  const marks = [...figure.querySelectorAll("[data-said]")].map((mark) => getComputedStyle(mark));
  const inks = marks.map((style) => (style.stroke === "none" ? style.fill : style.stroke));
  const texts = [...figure.querySelectorAll("text")].map((text) => getComputedStyle(text).fill);
  return { paper: read(getComputedStyle(figure).backgroundColor), inks: inks.map(read), texts: texts.map(read) };
}"""


def find_charts(release: Path) -> list[str]:
    """Return the address of every page with a chart, in both languages."""
    site = release / "current/site"
    pages = [*site.glob("catalog/*/index.html"), *site.glob("en/catalog/*/index.html")]
    return sorted(f"/{one.parent.relative_to(site)}/" for one in pages if '<figure class="chart"' in one.read_text())


def overlap(one: dict[str, float], other: dict[str, float]) -> bool:
    # Lines of one text stand close; a pixel of common edge hides nothing.
    return (
        one["left"] + 1 < other["right"]
        and other["left"] + 1 < one["right"]
        and one["top"] + 2 < other["bottom"]
        and other["top"] + 2 < one["bottom"]
    )


def test_on_a_phone_every_chart_can_be_read(visitor: Visitor, release: Path) -> None:
    addresses = find_charts(release)
    assert len(addresses) >= 18
    page = visitor.take_window(PHONE)
    for address in addresses:
        page.goto(visitor.portal + address)
        texts = page.evaluate(MEASURE)
        assert min(one["size"] for one in texts) >= MIN_TEXT - 0.01, address
        assert [one["text"] for one in texts if not one["inside"]] == [], address
        clashes = [
            (one["text"], other["text"])
            for place, one in enumerate(texts)
            for other in texts[:place]
            if overlap(one["box"], other["box"])
        ]
        assert clashes == [], address


def measure_contrast(one: list[int], other: list[int]) -> float:
    """Return the contrast of two colours, as WCAG 2.2 defines it."""
    light, dark = sorted((find_luminance(one), find_luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def find_luminance(colour: list[int]) -> float:
    parts = [value / 255 for value in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", [BARS, POINTS, "/catalog/digital_education_facilities_planned/"])
def test_marks_stand_out_from_the_paper(address: str, scheme: Scheme, visitor: Visitor) -> None:
    found = visitor.open(address, scheme=scheme).evaluate(COLOURS)
    assert found["inks"]
    assert min(measure_contrast(ink, found["paper"]) for ink in found["inks"]) >= MIN_CONTRAST
    assert min(measure_contrast(ink, found["paper"]) for ink in found["texts"]) >= 4.5


def read_tip(page: Page) -> str:
    tip = page.locator(".chart__tip")
    tip.wait_for(state="attached")
    return tip.inner_text().replace("\N{NO-BREAK SPACE}", " ")


def test_the_module_is_loaded_only_when_somebody_comes_to_the_chart(visitor: Visitor) -> None:
    page = visitor.take_window()
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.goto(visitor.portal + BARS, wait_until="networkidle")
    assert not [one for one in asked if one.endswith("/chart.js")]
    page.locator("figure.chart [data-said]").nth(2).hover()
    wait_until(page, "() => document.querySelector('.chart__tip')?.textContent")
    assert [one for one in asked if one.endswith("/chart.js")] == [f"{visitor.portal}/assets/portal/chart.js"]
    assert read_tip(page) == "Mức độ 4: 422"
    page.locator("h1").hover()
    assert read_tip(page) == ""


def test_bars_are_read_out_in_their_order_however_they_are_drawn(visitor: Visitor) -> None:
    page = visitor.open("/en/catalog/digital_education_facilities_planned/")
    page.locator("figure.chart svg").focus()
    page.locator(".chart__tip").wait_for(state="attached")
    said = []
    for _ in range(3):
        page.keyboard.press("ArrowDown")
        said.append(read_tip(page))
    assert said == ["Connected classroom: over 100", "Online meeting and training system: 9", "Electronic library: 9"]


def test_arrow_keys_read_out_one_figure_after_the_other(visitor: Visitor) -> None:
    page = visitor.open(f"/en{POINTS}")
    page.locator("figure.chart svg").focus()
    page.locator(".chart__tip").wait_for(state="attached")
    said = []
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "End", "ArrowRight", "Home", "ArrowLeft"):
        page.keyboard.press(key)
        said.append(read_tip(page))
    first, last = "2021, derived: rank 24", "no deadline stated, target: among the top 10"
    assert said == [first, "2022: rank 32", "2023, target: among the top 20", last, last, first, first]
    page.keyboard.press("Escape")
    assert read_tip(page) == ""


def test_the_first_touch_reads_out_a_figure_inside_the_screen(visitor: Visitor) -> None:
    page = visitor.open(BARS, PHONE, has_touch=True)
    bar = page.locator("figure.chart [data-said]").first
    bar.scroll_into_view_if_needed()
    bar.tap()
    wait_until(page, "() => document.querySelector('.chart__tip')?.textContent")
    assert re.fullmatch(r"Mức độ 2: 1\.257", read_tip(page))
    box = page.locator(".chart__tip").bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE[0]

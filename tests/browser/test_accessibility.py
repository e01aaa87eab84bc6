"""What WCAG 2.2 AA asks of every page type, in both languages and both colour schemes, by axe-core and by hand."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from browser.visitor import BILINGUAL, DESKTOP, PHONE

if TYPE_CHECKING:
    from playwright.sync_api import FloatRect, Page

    from browser.visitor import Scheme, Visitor

PROJECT = Path(__file__).resolve().parents[2]
AXE = PROJECT / "node_modules/axe-core/axe.min.js"
# Every page type as people see it, to be looked at; the pictures stay beside what was built.
SCREENSHOTS = PROJECT / "build/screenshots"
TALLEST = 4_000  # px; of a longer page its beginning says enough
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Of all rules only these depend on the colour scheme.
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
ALL_RULES = {"type": "tag", "values": TAGS}


@cache
def read_axe() -> str:
    assert AXE.is_file(), "axe-core is not installed: make setup-dev"
    return AXE.read_text("utf-8")


def find_violations(page: Page, rules: dict[str, Any]) -> list[str]:
    """Return what axe finds as lines `rule: selector – reason`."""
    answer: dict[str, Any] = page.evaluate(
        "only => axe.run(document, {runOnly: only, resultTypes: ['violations']})", rules
    )
    return [
        f"{rule['id']}: {node['target']} – {' '.join(node['failureSummary'].split())}"
        for rule in answer["violations"]
        for node in rule["nodes"]
    ]


def take_picture(page: Page, name: str) -> None:
    """Keep the beginning of a page as a picture."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    width: int = page.evaluate("innerWidth")
    height = min(page.evaluate("document.documentElement.scrollHeight"), TALLEST)
    clip: FloatRect = {"x": 0, "y": 0, "width": width, "height": height}
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True, clip=clip)


@pytest.mark.parametrize("name", BILINGUAL)
def test_axe_finds_nothing(visitor: Visitor, name: str) -> None:
    page = visitor.open(BILINGUAL[name])
    page.evaluate(read_axe())
    rounds: tuple[tuple[str, tuple[int, int], Scheme, dict[str, Any]], ...] = (
        ("desktop", DESKTOP, "light", ALL_RULES),
        ("desktop", DESKTOP, "dark", COLOURS),
        ("phone", PHONE, "dark", ALL_RULES),
        ("phone", PHONE, "light", COLOURS),
    )
    for device, size, scheme, rules in rounds:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.emulate_media(color_scheme=scheme)
        assert find_violations(page, rules) == [], (scheme, size)
        take_picture(page, f"{name}-{scheme}-{device}")


@pytest.mark.parametrize(
    ("damage", "rule"),
    [
        ("'<img src=\"/assets/portal/icon.svg\">'", "image-alt"),
        ("'<p class=poor>Chữ mờ</p>'", "color-contrast"),
        ("'<input type=text>'", "label"),
    ],
)
def test_axe_finds_what_is_wrong(visitor: Visitor, damage: str, rule: str) -> None:
    page = visitor.open("/about/")
    page.evaluate(read_axe())
    page.evaluate(f"document.querySelector('main').insertAdjacentHTML('beforeend', {damage})")
    page.evaluate("document.querySelectorAll('.poor').forEach((one) => { one.style.color = '#cccccc'; })")
    assert [line.split(":")[0] for line in find_violations(page, ALL_RULES)] == [rule]


def test_the_scheme_button_turns_the_colours_and_is_remembered(visitor: Visitor) -> None:
    page = visitor.open("/", scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.locator("button.scheme").click()
    light = page.evaluate(ground)
    assert light != dark
    page.goto(visitor.portal + "/en/catalog/")
    assert page.evaluate(ground) == light


def test_words_of_another_language_say_which(visitor: Visitor) -> None:
    page = visitor.open("/en/glossary/")
    assert page.locator(".glossary dt [lang=vi]").count() == page.locator(".glossary dt").count() > 50
    assert page.locator(".site-header a[lang=vi]").inner_text() == "Tiếng Việt"
    assert visitor.open("/").locator(".site-header a[lang=en]").inner_text() == "English"


@pytest.mark.parametrize("path", ["/", "/catalog/dti_score_and_rank/", "/systems/"])
def test_pages_have_one_outline(visitor: Visitor, path: str) -> None:
    page = visitor.open(path)
    levels = page.locator("h1, h2, h3, h4").evaluate_all("all => all.map((one) => Number(one.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(deeper <= level + 1 for level, deeper in itertools.pairwise(levels))


# Links within text may be as small as it is, and the link of a card covers the card.
_SMALL = """() => [...document.querySelectorAll("a[href], button, select, input, summary")]
  .filter((one) => one.checkVisibility() && !one.matches("p a, li a, td a, dd a, h3 a, figcaption a, .card a, .skip"))
  .filter((one) => { const box = one.getBoundingClientRect(); return Math.min(box.width, box.height) < 24; })
  .map((one) => one.outerHTML)"""


@pytest.mark.parametrize(
    "path", ["/", "/en/catalog/", "/catalog/dti_score_and_rank/", "/search/?q=dti", "/no-such-page/"]
)
def test_what_is_pressed_is_large_enough(visitor: Visitor, path: str) -> None:
    """WCAG 2.5.8: 24 px."""
    page = visitor.open(path, PHONE)
    assert page.evaluate(_SMALL) == []
    page.locator(".brand").evaluate("one => one.replaceWith(document.createElement('button'))")
    assert page.evaluate(_SMALL) == ["<button></button>"]


_SPACED = {"letterSpacing": "0.12em", "wordSpacing": "0.16em", "lineHeight": "1.5"}


@pytest.mark.parametrize(
    ("width", "changes"), [(320, _SPACED), (360, {"fontSize": "150%"}), (640, {"fontSize": "200%"})]
)
@pytest.mark.parametrize("path", ["/", "/en/catalog/", "/catalog/fisheries_production/", "/targets/", "/search/?q=dti"])
def test_text_reflows_as_readers_set_it(visitor: Visitor, path: str, width: int, changes: dict[str, str]) -> None:
    """WCAG 1.4.4, 1.4.10 and 1.4.12: larger and wider text, and a window of 320 px, without scrolling sideways."""
    page = visitor.open(path, (width, 740))
    page.evaluate("changes => Object.assign(document.documentElement.style, changes)", changes)
    assert page.evaluate("document.documentElement.scrollWidth") <= width

"""Reading with the keyboard alone: no test that uses this touches a mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser.visitor import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE = 120  # stops that a reader may have to pass

# A slow answer is announced with the query too: the results are there when their list is no longer busy.
ANSWERED = """query => document.getElementById("search-status").textContent.includes(query)
  && document.getElementById("results").ariaBusy === "false" """

_IS_FOCUSED = "selector => document.activeElement.matches(selector)"
# Seen: not transparent, in the window, and with a ring around it.
_IS_SEEN = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect(), style = getComputedStyle(one);
  const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return inside && style.opacity !== "0" && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
}"""


def tab_to(page: Page, selector: str, *, key: str = "Tab") -> None:
    """Press Tab (or Shift+Tab) until the focus is on what `selector` names; every stop on the way must be seen."""
    for _ in range(PATIENCE):
        page.keyboard.press(key)
        assert page.evaluate(_IS_SEEN), page.evaluate("document.activeElement.outerHTML")
        if page.evaluate(_IS_FOCUSED, selector):
            return
    raise AssertionError(f"{PATIENCE} times Tab did not lead to {selector}")


def is_focused(page: Page, selector: str) -> bool:
    """Tell whether the focus is on what `selector` names."""
    focused: bool = page.evaluate(_IS_FOCUSED, selector)
    return focused


def search_for(page: Page, query: str) -> None:
    """Type a query on the home page and wait for its results; the focus stays in the box."""
    tab_to(page, "#q")
    page.keyboard.type(query)
    wait_until(page, ANSWERED, query)


def open_result(page: Page, address: str) -> None:
    """Go down the results to the one that leads to `address`, and open it."""
    for _ in range(10):
        page.keyboard.press("ArrowDown")
        if is_focused(page, f"#results a[href*='{address}']"):
            page.keyboard.press("Enter")
            page.wait_for_url(f"**{address}**")
            return
    raise AssertionError(f"no result leads to {address}")

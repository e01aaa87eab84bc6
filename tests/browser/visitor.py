"""A visitor: opens pages of the portal in a browser and notes what a page must never do."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

Scheme = Literal["light", "dark"]
PHONE, DESKTOP = (360, 740), (1280, 800)
_PATIENCE = 30.0  # seconds
_PAUSE = 25  # milliseconds between two looks

# One page of every type, below the prefix of the language; `/no-such-page/` is the answer to a wrong address.
PAGE_TYPES = {
    "home": "/",
    "catalogue": "/catalog/",
    "dataset-chart": "/catalog/online_public_services_by_level/",
    "dataset-figures": "/catalog/dti_score_and_rank/",
    "code-list": "/catalog/areas/",
    "themes": "/themes/",
    "theme": "/themes/economy/",
    "sources": "/sources/",
    "source": "/sources/plvn_2022/",
    "systems": "/systems/",
    "targets": "/targets/",
    "quality": "/quality/",
    "agreement": "/agreement/",
    "glossary": "/glossary/",
    "search": "/search/?q=dich+vu+cong",
    "developers": "/developers/",
    "api": "/developers/api/",
    "about": "/about/",
    "not-found": "/no-such-page/",
    "embed": "/embed/online_public_services_by_level/",
}
BILINGUAL = {
    f"{name}-{language}": prefix + path
    for language, prefix in (("vi", ""), ("en", "/en"))
    for name, path in PAGE_TYPES.items()
}


@dataclass
class Visitor:
    """Opens pages, each in a context of its own, and keeps what they complained of."""

    browser: Browser
    portal: str
    complaints: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)

    def open(self, path: str, size: tuple[int, int] = DESKTOP, scheme: Scheme = "light", **options: Any) -> Page:
        """Open a page in a window of its own, its scripts run and the results of its search shown."""
        page = self.take_window(size, scheme, **options)
        page.goto(self.portal + path)
        if "?q=" in path:
            page.locator("#results a").first.wait_for()
        return page

    def take_window(self, size: tuple[int, int] = DESKTOP, scheme: Scheme = "light", **options: Any) -> Page:
        """Return an empty window that is watched."""
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, reduced_motion="reduce", **options
        )
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("request", self._watch)
        return page

    def leave(self) -> None:
        """Close every window."""
        for context in self._contexts:
            context.close()

    def _hear(self, message: ConsoleMessage) -> None:
        asked_for = message.location.get("url", "")
        if message.type in {"error", "warning"} and "/no-such-page/" not in asked_for:
            self.complaints.append(f"{asked_for}: {message.text}")

    def _watch(self, request: Request) -> None:
        if not request.url.startswith((self.portal + "/", "data:", "blob:")):
            self.complaints.append(f"asked another host: {request.url}")


def wait_until(page: Page, predicate: str, arg: Any = None) -> None:
    """Wait until a JavaScript predicate gives something true; AssertionError after 30 seconds.

    Playwright's own `wait_for_function` evaluates a string inside the page from the second look on, which the portal's
    policy forbids: it passes only when the first look is true already. Here each look is a command from outside.
    """
    end = time.monotonic() + _PATIENCE
    while not page.evaluate(predicate, arg):
        assert time.monotonic() < end, f"not so after {_PATIENCE:.0f} s on {page.url}: {predicate}"
        page.wait_for_timeout(_PAUSE)

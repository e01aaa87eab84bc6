"""Files for programs: the OpenAPI document in both languages, and `llms.txt` for assistants."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from portal.api.openapi import ROOT
from portal.words.text import LANGUAGES
from portal.words.wording import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from portal.data.package import Package
    from portal.figures.catalog import Catalog
    from portal.words.text import Language


# Where OpenAPI documents lie, below the pages of their language.
FOLDER = "developers"


def write_openapi(document: Mapping[str, Any], folder: Path) -> None:
    """Write `openapi.json` into `folder`, which may have to be made."""
    folder.mkdir(parents=True, exist_ok=True)
    # Without indentation it is half as long; whoever reads it has tools, or the page.
    (folder / "openapi.json").write_text(json.dumps(document, ensure_ascii=False) + "\n", "utf-8")


def write_assistants_guide(catalog: Catalog, site: Path) -> None:
    """Write `llms.txt` below the finished `site`."""
    (site / "llms.txt").write_text("\n".join(write_guide(catalog)) + "\n", "utf-8")


def write_guide(catalog: Catalog) -> Iterator[str]:
    """Yield the lines of `llms.txt` (Markdown, https://llmstxt.org): how to ask, and what there is to ask for."""
    title = catalog.settings.title
    yield f"# {title.vi} · {title.en}"
    for language in LANGUAGES:
        yield ""
        yield f"> {say('llms_lead', language)}"
    for language in LANGUAGES:
        yield from _explain_use(catalog, language)
    yield from _list_packages("llms_datasets", catalog.datasets, catalog)
    yield from _list_packages("llms_lists", catalog.references, catalog)


def _explain_use(catalog: Catalog, language: Language) -> Iterator[str]:
    home = catalog.settings.site_url
    names = [*catalog.settings.featured, *(one.name for one in catalog.datasets)]
    name = next((one for one in names if one in catalog.packages), "")
    api = f"{home.rstrip('/')}{ROOT}"
    addresses = {
        "latest": f"{home}data/latest.json",
        "catalog": f"{home}data/catalog.json",
        "files": f"{home}data/{name}/{name}.json",
        "filter": f"{api}/observations.json?_shape=objects&dataset={name}&status=actual",
        "search": f"{api}/observations.json?_shape=objects&_search=du+lich",
        "sql": f"{api}.json?_shape=objects&sql=select+*+from+observations+limit+5",
        "openapi": f"{home}{'en/' if language == 'en' else ''}developers/openapi.json",
    }
    yield from ("", f"## {say('llms_use', language)}", "")
    yield from (f"- {say(f'llms_{key}', language, address=address)}" for key, address in addresses.items())
    yield from ("", say("llms_caution", language))


def _list_packages(key: str, packages: Iterable[Package], catalog: Catalog) -> Iterator[str]:
    heading = " · ".join(say(key, language) for language in LANGUAGES)
    yield from ("", f"## {heading}", "")
    for package in packages:
        title = " · ".join(dict.fromkeys(package.title.get(language) for language in LANGUAGES))
        # A line break in a title would begin another entry.
        yield f"- [{package.name}]({catalog.settings.site_url}catalog/{package.name}/): {' '.join(title.split())}"

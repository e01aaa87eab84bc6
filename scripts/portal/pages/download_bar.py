"""Download bars: the files of a dataset and of the whole catalogue, in words, what most people want first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.checks.format_limits import EXCEL_FINDINGS
from portal.files.by_hash import name_by_hash
from portal.pages.view import Download
from portal.words.number import format_number, format_size
from portal.words.wording import say

if TYPE_CHECKING:
    from portal.data.package import Package
    from portal.figures.catalog import Catalog
    from portal.files.distribution import Distribution
    from portal.words.text import Language


def list_downloads(package: Package, catalog: Catalog, language: Language) -> list[Download]:
    """Return the files of a dataset; where it has several tables, each file names its own."""
    titles = {one.name: one.title.get(language) or one.name for one in package.resources}
    return [
        _describe(one, f"/data/{package.name}/", language, titles.get(one.resource, "") if len(titles) > 1 else "")
        for one in catalog.distributions.get(package.name, ())
    ]


def list_collections(catalog: Catalog, language: Language) -> list[Download]:
    """Return the files of the whole catalogue, but for the single files of the Parquet folder."""
    return [_describe(one, "/data/", language) for one in catalog.collections if not one.resource]


def note_limits(package: Package, catalog: Catalog, language: Language) -> list[str]:
    """Return what the Excel files of a dataset cannot hold, and the safe form, in sentences."""
    found = [one for one in catalog.findings if one.package == package.name and one.code in EXCEL_FINDINGS]
    if language == "en":
        return [f"{one.message_en} {one.cure_en}" for one in found]
    return [f"{one.message} {one.cure}" for one in found]


def _describe(one: Distribution, folder: str, language: Language, about: str = "") -> Download:
    key = f"form_{one.format.lower().replace(' ', '_').replace('-', '_')}"
    return Download(
        url=folder + one.name,
        name=one.name,
        format=say(key, language),
        use=say(f"{key}_use", language),
        size=format_size(one.bytes, language),
        rows="" if one.rows is None else say("downloads_rows", language, count=format_number(one.rows, language)),
        media_type=one.media_type,
        sha256=one.sha256,
        permanent=f"/data/{name_by_hash(one.sha256, one.name)}",
        about=about,
        warning=_warn(one, language),
    )


def _warn(one: Distribution, language: Language) -> str:
    """Return which cells of a file Excel would change, and which file is safe; empty where there are none."""
    cells = [
        say(
            "excel_guess", language,
            column=guess.field, cell=guess.cell, row=format_number(guess.row, language),
            count=format_number(guess.cells, language),
        )
        for guess in one.guesses
    ]  # fmt: skip
    return (
        say("excel_guesses", language, file=one.name, cells="; ".join(cells), safe=f"{one.resource}.xlsx")
        if cells
        else ""
    )

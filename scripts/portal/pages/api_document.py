"""The OpenAPI documents: made anew where a table, a word or the code changed, and what the page of the API shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portal.api.api_reference import excerpt
from portal.api.developer_files import FOLDER, write_openapi
from portal.api.openapi import make_openapi
from portal.files.precompression import compress_files
from portal.pages.framed_page import PREFIXES
from portal.pages.page import SHOWN_TABLES
from portal.work.build_cache import Destination, digest_parts, digest_value

if TYPE_CHECKING:
    from pathlib import Path

    from portal.figures.catalog import Catalog
    from portal.words.text import Language
    from portal.work.package_work import Workshop


def keep_openapi(catalog: Catalog, language: Language, site: Path, shop: Workshop) -> dict[str, Any]:
    """Put the document of one language into `site`; return as much of it as its page shows.

    Raises OSError where the disk fails.
    """
    shown = (catalog.settings, catalog.shapes, dict(catalog.answers))
    descriptors = [shop.descriptors.get(one.name) or digest_value(one) for one in catalog.packages.values()]
    key = digest_parts(["openapi", shop.code, language, digest_value(shown), *descriptors])
    name = f"{PREFIXES[language]}{FOLDER}"
    places = [Destination("", site / name, shop.published / "site" / name)]

    def make(folder: Path) -> dict[str, Any]:
        document = make_openapi(catalog, language)
        write_openapi(document, folder)
        compress_files(folder, threads=1)
        return excerpt(document, language, SHOWN_TABLES)

    kept = shop.cache.take(key, places)
    if kept is None:
        shop.cache.keep(key, make)
        kept = shop.cache.take_made(key, places)
    found: dict[str, Any] = kept.value
    return found

"""Package figures: what the whole catalogue says of the rows of each dataset, kept so that nobody reads them again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from portal.figures.abstract import list_prints, make_abstract, read_abstract, write_abstract
from portal.work.build_cache import digest_parts

if TYPE_CHECKING:
    from portal.figures.abstract import Prints
    from portal.figures.catalog import Catalog
    from portal.work.package_work import Workshop

AREAS = "areas"
# What is taken from documents is not kept of longer tables: they would fill the memory, and are few.
MOST_ROWS = 5_000


def summarise(catalog: Catalog, shop: Workshop) -> Catalog:
    """Return the catalogue with the abstract of every dataset, and with what it takes from each document.

    The rows of a dataset are read where it, the code list of areas or the portal's code changed. Raises OSError where
    the disk fails.
    """
    areas = shop.state_of(catalog.packages[AREAS]) if AREAS in catalog.packages else ""
    keys = {
        name: digest_parts(["figures", shop.code, shop.state_of(catalog.packages[name]), areas])
        for name in catalog.observations
    }
    abstracts = {name: read_abstract(_summarise_rows(name, key, catalog, shop)) for name, key in keys.items()}

    def read_prints(dataset: str) -> Prints | None:
        prints: Prints | None = (shop.cache.recall(keys[dataset]) or {}).get("prints")
        return prints

    return replace(catalog, abstracts=abstracts, prints=read_prints)


def _summarise_rows(name: str, key: str, catalog: Catalog, shop: Workshop) -> dict[str, Any]:
    """Return the abstract of one dataset as a value of JSON; read its rows if that is not kept."""
    kept = shop.cache.recall(key)
    if kept is None:
        rows = catalog.observations[name]
        abstract = make_abstract(catalog.packages[name], rows, catalog.records.get(AREAS, {}))
        prints = list_prints(rows) if len(rows) <= MOST_ROWS else None
        kept = {"abstract": write_abstract(abstract), "prints": prints}
        shop.cache.remember(key, kept)
    found: dict[str, Any] = kept["abstract"]
    return found

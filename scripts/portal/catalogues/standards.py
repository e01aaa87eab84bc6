"""Standards: what other people's catalogues and programs read of the release, written from the one model.

DCAT-AP with PROV-O and DQV for the whole, CSVW and Croissant for every dataset. A new standard is a function here.
"""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any

from portal.catalogues.croissant import CROISSANT, describe_croissant
from portal.catalogues.csvw import SUFFIX, describe_csv
from portal.catalogues.dcat import CatalogGraph
from portal.catalogues.linked_data import write_json_ld, write_turtle
from portal.catalogues.provenance_graph import describe_provenance
from portal.catalogues.quality_graph import describe_quality
from portal.data.descriptor import DESCRIPTOR

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from portal.catalogues.linked_data import Node
    from portal.data.package import Package
    from portal.figures.catalog import Catalog

GRAPH = "catalog.jsonld"
TURTLE = "catalog.ttl"


def write_metadata(package: Package, catalog: Catalog, folder: Path) -> None:
    """Write the metadata of one dataset into `folder`, beside its files."""
    folder.mkdir(parents=True, exist_ok=True)
    for resource in package.resources:
        _write(describe_csv(package, resource, catalog), folder / f"{resource.name}{SUFFIX}")
    _write(describe_croissant(package, catalog), folder / CROISSANT)


def write_graph(catalog: Catalog, site: Path) -> None:
    """Write `catalog.jsonld` and `catalog.ttl` into `site`."""
    write_json_ld(describe_graph(catalog), site / GRAPH)
    write_turtle(describe_graph(catalog), site / TURTLE)


def describe_graph(catalog: Catalog) -> Iterator[Node]:
    """Yield every node of the catalogue: what there is, where each figure comes from, what is wrong with it."""
    return chain(CatalogGraph(catalog).nodes(), describe_provenance(catalog), describe_quality(catalog))


def list_forms(package: Package) -> list[tuple[str, str]]:
    """Return the metadata forms of a dataset: a key of `wording.toml`, and the address; empty for this very page."""
    folder = f"/data/{package.name}"
    return [
        ("form_descriptor", f"{folder}/{DESCRIPTOR}"),
        *(("form_csvw", f"{folder}/{one.name}{SUFFIX}") for one in package.resources),
        ("form_croissant", f"{folder}/{CROISSANT}"),
        ("form_dcat_json", f"/{GRAPH}"),
        ("form_dcat_turtle", f"/{TURTLE}"),
        ("form_schema_org", ""),
    ]


def _write(document: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", "utf-8")

"""Standards: what other people's catalogues and programs read of the release, written from the one model.

DCAT-AP with PROV-O and DQV for the whole, CSVW and Croissant for every dataset. A new standard is a function here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from portal.catalogues.croissant import CROISSANT, describe_croissant
from portal.catalogues.csvw import SUFFIX, describe_csv
from portal.catalogues.dcat import CatalogGraph
from portal.catalogues.linked_data import (
    say_json_ld,
    say_turtle,
    write_json_ld,
    write_json_ld_part,
    write_turtle,
    write_turtle_part,
)
from portal.catalogues.provenance_graph import describe_documents, describe_figures
from portal.catalogues.quality_graph import describe_measures, describe_quality
from portal.data.descriptor import DESCRIPTOR
from portal.data.tree import digest_files
from portal.files.precompression import GZIP_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from portal.catalogues.linked_data import Node
    from portal.data.package import Package
    from portal.figures.catalog import Catalog

GRAPH = "catalog.jsonld"
TURTLE = "catalog.ttl"
# The files of the whole graph.
GRAPHS = tuple(f"{name}{suffix}" for name in (GRAPH, TURTLE) for suffix in ("", GZIP_SUFFIX))


def write_metadata(package: Package, catalog: Catalog, folder: Path) -> None:
    """Write the metadata of one dataset into `folder`, beside its files."""
    folder.mkdir(parents=True, exist_ok=True)
    for resource in package.resources:
        _write(describe_csv(package, resource, catalog), folder / f"{resource.name}{SUFFIX}")
    _write(describe_croissant(package, catalog), folder / CROISSANT)


def write_graph_part(package: Package, catalog: Catalog, folder: Path) -> None:
    """Write into `folder` what the graph says of one dataset, its files, its figures and its faults, in both forms.

    These are nearly all of the graph, and the same until the dataset changes.
    """
    write_json_ld_part(_describe_dataset(package, catalog), folder / GRAPH)
    write_turtle_part(_describe_dataset(package, catalog), folder / TURTLE)


@dataclass(frozen=True, slots=True)
class Graph:
    """The graph as it is to be written: what is of no single dataset, in both forms, and the folders with the rest."""

    json_ld: Sequence[str]
    turtle: Sequence[str]
    parts: Sequence[Path]

    @property
    def name(self) -> str:
        """Return the name of its file."""
        return GRAPH


def say_graph(catalog: Catalog, folders: Mapping[str, Path]) -> Graph:
    """Return the graph of a catalogue: what there is, its sources, what is wrong.

    `folders` has what `write_graph_part` wrote of every package.
    """
    shared = [*CatalogGraph(catalog).nodes(), *describe_documents(catalog), *describe_measures(catalog)]
    parts = [folders[one.name] for one in [*catalog.datasets, *catalog.references]]
    return Graph([say_json_ld(node) for node in shared], [say_turtle(node) for node in shared], parts)


def write_graph(graph: Graph, site: Path) -> dict[int, bytes]:
    """Write `catalog.jsonld`, `catalog.ttl` and their twins into `site`; return their SHA-256 by inode."""
    write_json_ld(chain(graph.json_ld, (folder / GRAPH for folder in graph.parts)), site / GRAPH)
    write_turtle(chain(graph.turtle, (folder / TURTLE for folder in graph.parts)), site / TURTLE)
    return digest_files(f"{site}/{name}" for name in GRAPHS)


def _describe_dataset(package: Package, catalog: Catalog) -> Iterator[Node]:
    rows = catalog.observations.get(package.name, ())
    return chain(
        CatalogGraph(catalog).describe_package(package),
        describe_figures(rows, catalog.settings),
        describe_quality(package.name, catalog),
    )


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

"""What harvesters get, and the checkers that others wrote: a real and a tiny catalogue with all metadata, shapes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pyshacl
import pytest
from rdflib import RDF, Graph, Namespace, URIRef

from factory import (
    HOSTILE_TEXT,
    HOSTILE_TITLE,
    REPOSITORY,
    column,
    make_tiny_catalog,
    write_indicator,
    write_references,
    write_table,
)
from portal.catalogues.standards import GRAPH, TURTLE, say_graph, write_graph, write_graph_part, write_metadata

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.figures.catalog import Catalog

CONFORMANCE = REPOSITORY.parent / "shared" / "conformance"
needs_shapes = pytest.mark.skipif(
    not CONFORMANCE.is_dir(),
    reason="the shapes are other people's and no part of the repository; without ../shared/conformance nothing was"
    " held against them",
)
SH = Namespace("http://www.w3.org/ns/shacl#")
SCHEMA = Namespace("http://schema.org/")

# Every type and notation of a column, with two rows.
MARKET: Sequence[tuple[dict[str, Any], str, str]] = [
    (column("stall", required=True), "007", "A<b>&"),
    (column("price", "number"), "12345.50", "-0.1"),
    (column("grouped", "number", decimalChar=",", groupChar="."), "1.234,5", "12,25"),
    (column("share", "number", bareNumber=False), "12%", "7.5%"),
    (column("kilos", "integer"), "1000000", "0"),
    (column("day", "date"), "2024-02-03", "2024-12-31"),
    (column("own_day", "date", format="%d/%m/%Y"), "03/02/2024", "31/12/2024"),
    (column("odd_day", "date", format="%d %B %Y"), "3 February 2024", "31 December 2024"),
    (column("moment", "datetime"), "2024-02-03T10:20:30Z", "2024-12-31T00:00:00Z"),
    (column("hour", "time"), "10:20:30", "00:00:00"),
    (column("month", "yearmonth"), "2024-02", "2024-12"),
    (column("since", "year"), "2010", "1999"),
    (column("covered", "boolean"), "true", "0"),
    (column("paid", "boolean", trueValues=["có"], falseValues=["không"]), "có", "không"),
    (column("mixed", "boolean"), "TRUE", "1"),
    (column("gap", missingValues=["", "-"]), "-", "x"),
]


@dataclass(frozen=True)
class Harvest:
    """A catalogue and the folder in which its files and metadata lie as on the site."""

    catalog: Catalog
    site: Path
    _graphs: dict[str, Graph] = field(default_factory=dict, repr=False)

    @property
    def data(self) -> Path:
        """Return the folder of the downloads."""
        return self.site / "data"

    @property
    def graph(self) -> Graph:
        """Return the graph of `catalog.ttl`; nobody may change it."""
        return self._read(TURTLE, "turtle")

    @property
    def json_graph(self) -> Graph:
        """Return the graph of `catalog.jsonld`; nobody may change it."""
        return self._read(GRAPH, "json-ld")

    def _read(self, name: str, form: str) -> Graph:
        if name not in self._graphs:
            self._graphs[name] = Graph().parse(self.site / name, format=form)
        return self._graphs[name]


def harvest(packages: Path, site: Path) -> Harvest:
    """Write the downloads and the metadata of all packages."""
    catalog = make_tiny_catalog(packages, site / "data")
    for package in catalog.packages.values():
        write_metadata(package, catalog, site / "data" / package.name)
    write_whole_graph(catalog, site)
    return Harvest(catalog, site)


def write_whole_graph(catalog: Catalog, site: Path) -> None:
    """Write what the graph says of each dataset, and then all of it."""
    with TemporaryDirectory() as parts:
        folders = {name: Path(parts, name) for name in catalog.packages}
        for name, folder in folders.items():
            folder.mkdir()
            write_graph_part(catalog.packages[name], catalog, folder)
        write_graph(say_graph(catalog, folders), site)


def write_tiny(root: Path) -> None:
    """Write an indicator with flags, targets and a dimension, one with hostile words, a table of all types."""
    write_references(root)
    rows = [
        {"value": "2390.5", "flags": "misprint"},
        {"value": "800", "kind": "shrimp", "area": "PQ"},
        {"value": "900", "status": "derived", "period": "2024-01"},
        {"value": "3000", "status": "target", "period": "2025/.."},
    ]
    write_indicator(root, "fish", rows, {"kind": "codes"})
    hostile = {
        "title": HOSTILE_TITLE,
        "description": HOSTILE_TEXT,
        "keywords": [HOSTILE_TITLE],
        "licenses": [{"name": "X", "path": 'https://example.org/<"{}|\\^`> \u2028'}],
    }
    write_indicator(root, "hostile", changes=hostile)
    fields = [one[0] for one in MARKET]
    cells: list[list[str]] = [[first for _, first, _ in MARKET], [second for _, _, second in MARKET]]
    write_table(root, "market", fields, cells, ["stall"])


def find_violations(graph: Graph, *shapes: str) -> list[tuple[str, str, str]]:
    """Return what pyshacl finds: the node, its property, and what is wrong with it, sorted."""
    found: list[tuple[str, str, str]] = []
    for name in shapes:
        rules = Graph().parse(CONFORMANCE / name)
        _, report, _ = pyshacl.validate(graph, shacl_graph=rules, inference="none")
        assert isinstance(report, Graph)
        for one in report.subjects(RDF.type, SH.ValidationResult):
            values: Sequence[Any] = [report.value(one, SH[key]) for key in _PARTS]
            found.append((str(values[0]), str(values[1]), str(values[2])))
    return sorted(found)


_PARTS = ("focusNode", "resultPath", "resultMessage")


def count(graph: Graph, kind: URIRef) -> int:
    """Return how many nodes of a class there are: shapes without a target find nothing wrong."""
    return len(set(graph.subjects(RDF.type, kind)))

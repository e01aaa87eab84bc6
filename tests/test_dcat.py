"""The catalogue as a graph: DCAT-AP by SEMIC's shapes, the source of every figure, the quality of every dataset."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from rdflib import RDF, BNode, Graph, Literal, Namespace, URIRef
from rdflib.compare import isomorphic
from rdflib.namespace import DCTERMS, PROV, SKOS

from harvest import count, find_violations, needs_shapes
from portal.catalogues.authority import EU_THEMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from harvest import Harvest
    from published import Published

pytest_plugins = ("published", "harvested")

SHAPES = ("dcat-ap-3.0.1-shapes.ttl", "dcat-ap-3.0.1-range.ttl")
HOME = "http://127.0.0.1:8000/"
DCAT = Namespace("http://www.w3.org/ns/dcat#")
XSD = Namespace("http://www.w3.org/2001/XMLSchema#")
OA = Namespace("http://www.w3.org/ns/oa#")
DQV = Namespace("http://www.w3.org/ns/dqv#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
FISH = URIRef(f"{HOME}catalog/fish/#dataset")


def copy(graph: Graph) -> Graph:
    """Return a graph that a test may spoil."""
    return Graph() + graph


# --- DCAT-AP ------------------------------------------------------------------------------------------------------


@needs_shapes
def test_the_real_catalogue_conforms(real_harvest: Harvest) -> None:
    graph, catalog = real_harvest.graph, real_harvest.catalog
    files = sum(len(one) for one in catalog.distributions.values())
    assert count(graph, DCAT.Catalog) == count(graph, DCAT.DataService) == 1
    assert count(graph, DCAT.Dataset) == len(catalog.packages) >= 70
    assert count(graph, DCAT.Distribution) == files + len(catalog.packages)
    assert find_violations(graph, *SHAPES) == []


@needs_shapes
def test_a_catalogue_of_oddities_conforms(tiny_harvest: Harvest) -> None:
    assert count(tiny_harvest.graph, DCAT.Dataset) == len(tiny_harvest.catalog.packages)
    assert find_violations(tiny_harvest.graph, *SHAPES) == []


def remove_title(graph: Graph) -> None:
    graph.remove((FISH, DCTERMS.title, None))


def misspell_checksum(graph: Graph) -> None:
    checksum = next(graph.subjects(RDF.type, SPDX.Checksum))
    graph.set((checksum, SPDX.checksumValue, Literal("no hash")))


def publish_by_nobody(graph: Graph) -> None:
    graph.set((FISH, DCTERMS.publisher, URIRef("http://example.org/nobody")))


def say_size_in_words(graph: Graph) -> None:
    graph.set((URIRef(f"{HOME}data/fish/fish.csv#file"), DCAT.byteSize, Literal("lớn")))


@needs_shapes
@pytest.mark.parametrize(
    ("spoil", "path"),
    [
        (remove_title, DCTERMS.title),
        (misspell_checksum, SPDX.checksumValue),
        (publish_by_nobody, DCTERMS.publisher),
        (say_size_in_words, DCAT.byteSize),
    ],
)
def test_a_broken_catalogue_does_not_conform(
    spoil: Callable[[Graph], None], path: URIRef, tiny_harvest: Harvest
) -> None:
    graph = copy(tiny_harvest.graph)
    spoil(graph)
    assert {one[1] for one in find_violations(graph, *SHAPES)} == {str(path)}


def test_turtle_and_json_ld_are_the_same_graph(tiny_harvest: Harvest, real_harvest: Harvest) -> None:
    assert isomorphic(tiny_harvest.graph, tiny_harvest.json_graph)
    # Nameless nodes make that slow: of the real catalogue everything but their names is compared.
    turtle, json_ld = (
        sorted(tuple("_" if isinstance(term, BNode) else term.n3() for term in triple) for triple in graph)
        for graph in (real_harvest.graph, real_harvest.json_graph)
    )
    assert len(turtle) > 10_000
    assert turtle == json_ld


def test_every_file_has_its_hash_size_and_address(real_harvest: Harvest) -> None:
    graph = real_harvest.graph
    for package, files in real_harvest.catalog.distributions.items():
        for one in files:
            address = URIRef(f"{HOME}data/{package}/{one.name}")
            name = graph.value(predicate=DCAT.downloadURL, object=address)
            content = (real_harvest.data / package / one.name).read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            assert graph.value(name, DCTERMS.hasVersion) == URIRef(f"{HOME}data/by-hash/{digest}/{one.name}")
            checksum = graph.value(name, SPDX.checksum)
            assert graph.value(checksum, SPDX.algorithm) == SPDX.checksumAlgorithm_sha256
            assert graph.value(checksum, SPDX.checksumValue) == Literal(digest, datatype=XSD.hexBinary)
            assert graph.value(name, DCAT.byteSize) == Literal(str(len(content)), datatype=XSD.nonNegativeInteger)


def test_a_dataset_says_when_where_what_and_how_often(tiny_harvest: Harvest) -> None:
    graph = tiny_harvest.graph
    period = graph.value(FISH, DCTERMS.temporal)
    assert graph.value(period, DCAT.startDate) == Literal("2023-01-01", datatype=XSD.date)
    # The target has no deadline: of it the first day is sure.
    assert graph.value(period, DCAT.endDate) == Literal("2025-01-01", datatype=XSD.date)
    assert list(graph.objects(FISH, DCTERMS.spatial)) == [URIRef(f"{HOME}catalog/areas/#KG")]
    annual = "http://publications.europa.eu/resource/authority/frequency/ANNUAL"
    assert graph.value(FISH, DCTERMS.accrualPeriodicity) == URIRef(annual)
    assert graph.value(FISH, DCAT.theme) == URIRef(f"{HOME}themes/fishing/#theme")
    assert graph.value(URIRef(f"{HOME}data/fish/fish.csv#file"), DCTERMS.license) == URIRef(
        "https://creativecommons.org/licenses/by/4.0/"
    )


def test_the_api_serves_every_dataset(tiny_harvest: Harvest) -> None:
    graph, service = tiny_harvest.graph, URIRef(f"{HOME}datasette/#service")
    assert graph.value(service, DCAT.endpointURL) == URIRef(f"{HOME}datasette/opendata")
    assert URIRef(f"{HOME}developers/openapi.json") in set(graph.objects(service, DCAT.endpointDescription))
    assert set(graph.objects(service, DCAT.servesDataset)) == set(graph.subjects(RDF.type, DCAT.Dataset))


def test_themes_name_their_place_in_the_european_list(real_harvest: Harvest) -> None:
    graph = real_harvest.graph
    for code, record in real_harvest.catalog.records["themes"].items():
        match = graph.value(URIRef(f"{HOME}themes/{code}/#theme"), SKOS.broadMatch)
        assert bool(match) == bool(record["eu_theme"])
        if match:
            assert str(match).rpartition("/")[2] in EU_THEMES


# --- PROV-O -------------------------------------------------------------------------------------------------------


def test_every_real_figure_leads_to_its_place_in_the_document(real_harvest: Harvest) -> None:
    graph = real_harvest.graph
    rows = [one for rows in real_harvest.catalog.observations.values() for one in rows]
    assert len(rows) > 200
    for one in rows:
        address = URIRef(f"{HOME}catalog/{one.dataset}/#{one.anchor}")
        document, place = URIRef(f"{HOME}sources/{one.source}/#document"), URIRef(f"{address}-place")
        relation = PROV.wasDerivedFrom if one.status == "derived" else PROV.wasQuotedFrom
        assert set(graph.objects(address, relation)) == {document, place}
        assert graph.value(address, DCTERMS.isPartOf) == URIRef(f"{HOME}catalog/{one.dataset}/#dataset")
        assert graph.value(place, OA.hasSource) == document
        assert graph.value(place, DCTERMS.identifier) == Literal(one.locator)
        selector = graph.value(place, OA.hasSelector)
        line = one.position[0]
        assert graph.value(selector, RDF.value) == Literal(f"line={line - 1},{line}")
        assert graph.value(graph.value(selector, OA.refinedBy), OA.exact) == Literal(one.as_stated)
    assert count(graph, OA.SpecificResource) == len(rows)


def test_a_figure_that_the_portal_worked_out_is_not_quoted(tiny_harvest: Harvest) -> None:
    one = next(one for one in tiny_harvest.catalog.observations["fish"] if one.status == "derived")
    address = URIRef(f"{HOME}catalog/fish/#{one.anchor}")
    assert list(tiny_harvest.graph.objects(address, PROV.wasQuotedFrom)) == []
    assert len(list(tiny_harvest.graph.objects(address, PROV.wasDerivedFrom))) == 2


def test_addresses_of_figures_are_rows_of_pages(published: Published) -> None:
    graph = Graph().parse(published.site / "catalog.ttl")
    prefix = f"{HOME}catalog/fish/#"
    named = {str(one).removeprefix(prefix) for one in graph.subjects(PROV.wasQuotedFrom) if str(one).startswith(prefix)}
    rows = {one for one in published.parse("/catalog/fish/").attributes("tr", "id") if one.startswith("o-")}
    assert named == rows
    assert len(rows) == 4


# --- DQV ----------------------------------------------------------------------------------------------------------


def measure(graph: Graph, dataset: str, metric: str) -> int:
    name = URIRef(f"{HOME}catalog/{dataset}/#{metric}")
    assert graph.value(name, DQV.isMeasurementOf) == URIRef(f"{HOME}quality/#{metric}")
    assert graph.value(name, DQV.computedOn) == URIRef(f"{HOME}catalog/{dataset}/#dataset")
    value = graph.value(name, DQV.value)
    assert isinstance(value, Literal)
    return int(value)


def test_quality_is_measured_for_every_indicator(real_harvest: Harvest) -> None:
    graph, catalog = real_harvest.graph, real_harvest.catalog
    for name, rows in catalog.observations.items():
        verdicts = [one for one in catalog.verdicts if one.dataset == name]
        assert measure(graph, name, "observations") == len(rows)
        assert measure(graph, name, "flagged") == sum(bool(one.flags) for one in rows)
        assert measure(graph, name, "relations") == len(verdicts)
        assert measure(graph, name, "relations_holding") == sum(one.holds for one in verdicts)
    assert count(graph, DQV.QualityMeasurement) == 4 * len(catalog.observations)


def test_what_a_page_admits_is_annotated_in_both_languages(real_harvest: Harvest) -> None:
    graph, catalog = real_harvest.graph, real_harvest.catalog
    admitted = [one for one in catalog.verdicts if one.flag]
    bodies = [
        body for note in graph.subjects(RDF.type, DQV.QualityAnnotation) for body in graph.objects(note, OA.hasBody)
    ]
    texts = [list(graph.objects(body, RDF.value)) for body in bodies if isinstance(body, BNode)]
    said = [{one.language for one in body if isinstance(one, Literal)} for body in texts]
    assert len(said) == len(admitted) + len(catalog.findings) > 0
    assert all(languages == {"vi", "en"} for languages in said)


def test_a_flag_stands_on_its_figure(tiny_harvest: Harvest) -> None:
    graph = tiny_harvest.graph
    one = next(one for one in tiny_harvest.catalog.observations["fish"] if one.flags)
    note = graph.value(predicate=OA.hasTarget, object=URIRef(f"{HOME}catalog/fish/#{one.anchor}"))
    flag = graph.value(note, OA.hasBody)
    assert set(graph.objects(flag, SKOS.prefLabel)) == {Literal("In sai", lang="vi"), Literal("Misprint", lang="en")}

"""Structured data of pages: ESIP's and Google's shapes, safe in HTML, the same that the page says."""

from __future__ import annotations

import json
from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import html5rdf
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rdflib import Graph, URIRef

from factory import HOSTILE_TITLE, HOSTILE_TITLE_EN
from harvest import SCHEMA, count, find_violations, needs_shapes
from portal.catalogues.structured_data import Describer, render_script
from portal.figures.extent import join_extents, list_extent
from portal.figures.scope import Scope, Scopes
from portal.words.text import LANGUAGES

if TYPE_CHECKING:
    from harvest import Harvest
    from portal.figures.catalog import Catalog
    from portal.words.text import Language
    from published import Published

pytest_plugins = ("published", "harvested")

HOME = "http://127.0.0.1:8000/"
PREFIX: dict[Language, str] = {"vi": "", "en": "en/"}
ESIP, REQUIRED, RECOMMENDED = "soso_common_v1.2.3.ttl", "googleRequired.ttl", "googleRecommended.ttl"
MOST_BYTES = 12_000
# https://developers.google.com/search/docs/appearance/structured-data/dataset: what is required, then recommended.
# Nobody funds these datasets by name and none is a part of another: there is no `funder`, `hasPart` and `isPartOf`.
GOOGLE = frozenset({
    "name", "description",
    "alternateName", "citation", "creator", "distribution", "identifier", "includedInDataCatalog",
    "isAccessibleForFree", "keywords", "license", "measurementTechnique", "sameAs", "spatialCoverage",
    "temporalCoverage", "url", "variableMeasured", "version",
})  # fmt: skip
# The datasets that lack any of it, and why: a glossary explains words, wherever and whenever they are used.
LACKING = {"glossary": ("citation", "spatialCoverage", "temporalCoverage")}


class Blocks(HTMLParser):
    """The data blocks of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script" and dict(attrs).get("type") == "application/ld+json"
        if self._inside:
            self.found.append("")

    def handle_endtag(self, _: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[-1] += data


def read_blocks(html: str) -> list[dict[str, Any]]:
    parser = Blocks()
    parser.feed(html)
    return [json.loads(block) for block in parser.found]


def describe_datasets(catalog: Catalog, language: Language) -> Graph:
    describer, graph = Describer(catalog, language), Graph()
    for package in catalog.packages.values():
        page = describer.describe(f"catalog/{package.name}/", package.title.get(language), "")
        graph.parse(data=str(render_script(page)), format="json-ld")
    return graph


@cache
def read_dataset(published: Published, name: str, language: Language) -> dict[str, Any]:
    [block] = read_blocks(published.read(f"/{PREFIX[language]}catalog/{name}/"))
    [dataset] = [one for one in block["@graph"] if one["@type"] == "Dataset"]
    return dict(dataset)


# --- other people's shapes ----------------------------------------------------------------------------------------


@needs_shapes
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_real_dataset_fulfils_esip_and_google(language: Language, real_harvest: Harvest) -> None:
    graph = describe_datasets(real_harvest.catalog, language)
    assert count(graph, SCHEMA.Dataset) == len(real_harvest.catalog.packages) >= 70
    assert find_violations(graph, ESIP, REQUIRED) == []


@needs_shapes
@pytest.mark.parametrize("language", LANGUAGES)
def test_only_the_named_datasets_lack_what_the_shapes_recommend(language: Language, real_harvest: Harvest) -> None:
    graph = describe_datasets(real_harvest.catalog, language)
    expected = [(f"{HOME}catalog/{name}/#dataset", str(SCHEMA[one])) for name in LACKING for one in LACKING[name]]
    assert [one[:2] for one in find_violations(graph, RECOMMENDED)] == sorted(expected)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_has_what_google_requires_and_recommends(language: Language, real_harvest: Harvest) -> None:
    catalog = real_harvest.catalog
    describer = Describer(catalog, language)
    lacking = {
        name: sorted(one for one in GOOGLE if not dataset.get(one))
        for name, package in catalog.packages.items()
        if GOOGLE - (dataset := describer.describe_dataset(package)).keys()
    }
    assert lacking == {name: sorted(every) for name, every in LACKING.items()}
    files = [
        one for package in catalog.packages.values() for one in describer.describe_dataset(package)["distribution"]
    ]
    assert len(files) > 500
    assert all(one["contentUrl"].startswith(HOME) and one["encodingFormat"] for one in files)


def test_a_code_list_is_about_the_figures_that_it_describes(real_harvest: Harvest) -> None:
    catalog = real_harvest.catalog
    scopes = Scopes(catalog)
    rows = [one for every in catalog.observations.values() for one in every]
    everything = Scope(
        join_extents([list_extent(rows)], catalog.records["areas"]), tuple(sorted(catalog.records["sources"]))
    )
    for name in ("areas", "units", "measures", "statuses", "flags", "sources", "themes"):
        assert scopes.find(catalog.packages[name]) == everything
    named = {one["source"] for one in catalog.records["systems"].values()}
    for name in ("systems", "system_groups", "system_statuses"):
        assert set(scopes.find(catalog.packages[name]).sources) == named
    split = [one for one in rows if one.dimensions]
    assert scopes.find(catalog.packages["codes"]).sources == tuple(sorted({one.source for one in split}))


@needs_shapes
def test_oddities_fulfil_what_google_requires(tiny_harvest: Harvest) -> None:
    graph = describe_datasets(tiny_harvest.catalog, "en")
    assert count(graph, SCHEMA.Dataset) == len(tiny_harvest.catalog.packages)
    assert find_violations(graph, ESIP, REQUIRED) == []


@needs_shapes
@pytest.mark.parametrize(
    ("name", "value", "shapes"),
    [
        ("name", None, REQUIRED),
        ("description", "Ngắn.", REQUIRED),
        ("identifier", None, ESIP),
        ("version", None, ESIP),
        ("temporalCoverage", None, RECOMMENDED),
    ],
)
def test_a_broken_dataset_does_not(name: str, value: str | None, shapes: str, tiny_harvest: Harvest) -> None:
    package = tiny_harvest.catalog.packages["fish"]
    page = Describer(tiny_harvest.catalog, "vi").describe("catalog/fish/", package.title.vi, "")
    page["@graph"][0][name] = value
    graph = Graph().parse(data=json.dumps(page), format="json-ld")
    assert {one[1] for one in find_violations(graph, shapes)} == {str(SCHEMA[name])}


@needs_shapes
def test_the_address_of_the_vocabulary_instead_of_its_name_is_noticed(tiny_harvest: Harvest) -> None:
    """Google's shapes have no target then and find nothing wrong; the count of targets says so."""
    page = Describer(tiny_harvest.catalog, "vi").describe("catalog/fish/", "", "")
    page["@context"] = {"@vocab": "https://schema.org/"}
    del page["@graph"][0]["name"]
    graph = Graph().parse(data=json.dumps(page), format="json-ld")
    assert find_violations(graph, REQUIRED) == []
    assert count(graph, SCHEMA.Dataset) == 0
    assert count(graph, URIRef("https://schema.org/Dataset")) == 1
    assert find_violations(graph, ESIP) != []


# --- in pages -----------------------------------------------------------------------------------------------------


def test_every_page_has_one_block_of_few_bytes(published: Published) -> None:
    pages = [one for one in published.site.rglob("index.html") if "embed" not in one.parts]
    assert len(pages) > 60
    for path in pages:
        html = path.read_text("utf-8")
        [block] = read_blocks(html)
        assert block["@context"] == {"@vocab": "http://schema.org/"}
        assert len(json.dumps(block)) < MOST_BYTES, path
        kinds = [one["@type"] for one in block["@graph"]]
        assert kinds in (
            ["Dataset", "BreadcrumbList"],
            ["WebSite", "DataCatalog"],
            ["DataCatalog", "BreadcrumbList"],
            ["WebPage", "BreadcrumbList"],
        )


def test_the_block_names_the_page_that_it_stands_in(published: Published) -> None:
    for language in LANGUAGES:
        for path in ("catalog/fish/", "catalog/", "sources/report/", "about/", ""):
            [block] = read_blocks(published.read(f"/{PREFIX[language]}{path}"))
            assert block["@graph"][0]["url"] == f"{HOME}{PREFIX[language]}{path}"


def test_a_dataset_has_one_name_and_two_pages(published: Published) -> None:
    vi, en = (read_dataset(published, "fish", language) for language in LANGUAGES)
    assert vi["@id"] == en["@id"] == f"{HOME}catalog/fish/#dataset"
    assert (vi["url"], vi["sameAs"]) == (en["sameAs"], en["url"])
    assert (vi["name"], vi["alternateName"]) == ("Gói fish", ["Package fish", "fish"])
    assert (en["name"], en["alternateName"]) == ("Package fish", ["Gói fish", "fish"])


def test_a_dataset_says_what_its_page_says(published: Published) -> None:
    fish = read_dataset(published, "fish", "en")
    assert fish["temporalCoverage"] == "2023-01-01/2023-12-31"
    assert fish["spatialCoverage"] == {"@type": "Place", "name": "Kiên Giang province"}
    assert fish["variableMeasured"] == [
        {"@type": "PropertyValue", "name": "Catch", "propertyID": "catch", "unitText": "tonnes"}
    ]
    assert fish["license"] == "https://creativecommons.org/licenses/by/4.0/"
    assert fish["citation"] == "Fisheries report (Department of Fisheries)"
    [source] = fish["isBasedOn"]
    assert source["url"] == f"{HOME}en/sources/report/"
    assert fish["keywords"] == ["Fisheries"]


def test_files_are_the_downloads_with_their_hashes(published: Published) -> None:
    files = read_dataset(published, "fish", "vi")["distribution"]
    entries = json.loads((published.site / "data" / "catalog.json").read_text("utf-8"))["datasets"]
    [entry] = [one for one in entries if one["name"] == "fish"]
    keys = ("contentUrl", "sameAs", "sha256", "encodingFormat")
    assert [tuple(one[key] for key in keys) for one in files] == [
        (one["url"], one["permanent"], one["hash"].removeprefix("sha256:"), one["mediatype"])
        for one in entry["distributions"]
    ]


def test_crumbs_lead_over_pages_that_are_there(published: Published) -> None:
    [block] = read_blocks(published.read("/en/catalog/fish/"))
    crumbs = [(one["position"], one["name"], one["item"]) for one in block["@graph"][1]["itemListElement"]]
    assert crumbs == [
        (1, "Kiên Giang Open Data", f"{HOME}en/"),
        (2, "Catalogue", f"{HOME}en/catalog/"),
        (3, "Package fish", f"{HOME}en/catalog/fish/"),
    ]


def test_the_catalogue_names_every_dataset(published: Published) -> None:
    [block] = read_blocks(published.read("/catalog/"))
    named = {one["@id"] for one in block["@graph"][0]["dataset"]}
    folders = {one.parent.name for one in (published.site / "data").glob("*/datapackage.json")}
    assert named == {f"{HOME}catalog/{name}/#dataset" for name in folders}


def test_metadata_forms_are_linked_in_both_languages(published: Published) -> None:
    for language, words in (("vi", "Mô tả cho máy đọc"), ("en", "Metadata for programs")):
        # PREFIX is keyed by Language.
        page = published.parse(f"/{PREFIX[language]}catalog/fish/")  # type: ignore[index]
        assert words in page.texts["h2"]
        links = page.attributes("a", "href")
        for address in (
            "/data/fish/fish.csv-metadata.json", "/data/fish/croissant.json", "/data/fish/datapackage.json",
            "/catalog.jsonld", "/catalog.ttl",
        ):  # fmt: skip
            assert address in links
            assert (published.site / address[1:]).is_file()


# --- escaping -----------------------------------------------------------------------------------------------------


def test_a_title_that_would_end_the_block_stays_a_title(published: Published) -> None:
    assert read_dataset(published, "hostile", "vi")["name"] == HOSTILE_TITLE
    assert read_dataset(published, "hostile", "en")["name"] == HOSTILE_TITLE_EN
    # `javascript:` leads nowhere.
    assert read_dataset(published, "hostile", "vi")["license"] == "X"


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("</script><script>alert(1)</script>")
@example("<!--<script>")
@example("]]> &lt;/script&gt; \u2028\u2029 \x00 \x7f")
def test_any_text_comes_back_from_html(text: str) -> None:
    block = str(render_script({"name": text}))
    assert not set("<>&\u2028\u2029") & set(block)
    assert json.loads(block) == {"name": text}
    # As a browser's parser reads it, which knows the script states of HTML.
    html = f'<!DOCTYPE html><title>x</title><script type="application/ld+json">{block}</script><p>after'
    tree = html5rdf.parse(html, namespaceHTMLElements=False)
    [script] = tree.iter("script")
    assert json.loads(script.text) == {"name": text}
    assert [one.text for one in tree.iter("p")] == ["after"]

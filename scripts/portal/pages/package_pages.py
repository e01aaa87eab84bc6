"""Package pages: all that the site shows of one package but the frame of its pages, made as a step of a scheduler.

A step sees a `Slice` of the catalogue, in which everything else is missing, and what all packages share, the `Studio`.
The digest of both is the key under which the result is kept: whatever is not in them cannot have been shown.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import jinja2

from portal.catalogues.citation import write_citations
from portal.catalogues.ckan import write_ckan_part
from portal.catalogues.feed import write_dataset_feeds
from portal.catalogues.standards import write_graph_part, write_metadata
from portal.data.observation import read_observations
from portal.data.table import Table
from portal.figures.catalog import Catalog
from portal.files.collection import write_catalog_part
from portal.files.latest import write_newest
from portal.files.precompression import compress_files
from portal.pages.framed_page import Head, write_body
from portal.pages.later_rows import write_later_rows
from portal.pages.page import Writer
from portal.pages.renderer import Renderer, explain_site, make_renderer
from portal.pages.search_document import describe_package
from portal.pages.search_index import save_document, weigh
from portal.pages.view import Page
from portal.releases.release import digest_inputs
from portal.words.text import LANGUAGES, Language
from portal.work.build_cache import BuildCache, Destination, digest_parts, digest_value
from portal.work.package_work import Order, digest_package, expect_unchanged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from portal.checks.consistency import Verdict
    from portal.data.finding import Finding
    from portal.data.observation import Observation
    from portal.data.package import Package
    from portal.data.register import Record
    from portal.data.settings import Settings
    from portal.files.distribution import Distribution
    from portal.pages.view import Card
    from portal.sqlite.package_rows import DatasetSummary
    from portal.work.package_work import Workshop

# Of a result, beside the bodies: files beside the downloads, files of the site, and how it is found.
DOWNLOADS, SITE, SEARCHED = "downloads", "site", "searched.txt"


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of the catalogue that the pages of one package show; `state` is the digest of its files.

    `neighbours` are the packages that they name, its own among them, in the order of the catalogue; `cards` those of
    related datasets; `summary` is there where a database was written.
    """

    package: Package
    state: str
    neighbours: tuple[Package, ...]
    cards: Mapping[Language, Mapping[str, Card]]
    distributions: tuple[Distribution, ...]
    findings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]
    summary: DatasetSummary | None

    @property
    def name(self) -> str:
        """Return the name of the package."""
        return self.package.name


@dataclass(frozen=True)
class Studio:
    """What the pages of all packages share: words, registers, templates; where results are kept, and go.

    `read` are the figures that this process has read already; another one reads its own.
    """

    code: str
    settings: Settings
    references: tuple[Package, ...]
    records: Mapping[str, Mapping[str, Record]]
    templates: Path
    cache: Path
    read: Mapping[str, tuple[Observation, ...]] = field(default_factory=dict)

    @cached_property
    def renderers(self) -> Mapping[Language, Renderer]:
        """Return a renderer for each language, whose templates are read once."""
        catalog = Catalog(self.settings, {}, {}, {}, self.records, {}, (), ())
        return {language: make_renderer(self.templates, Writer(catalog, language)) for language in LANGUAGES}

    @cached_property
    def digest(self) -> str:
        """Return the digest of everything here that pages may show."""
        shown = (self.settings, self.references, self.records)
        return digest_parts(["pages", self.code, digest_inputs([self.templates], self.templates), digest_value(shown)])

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields alone, and no figures: renderers cannot be sent to another process, figures are many."""
        return {**{one.name: getattr(self, one.name) for one in fields(self)}, "read": {}}


@dataclass(frozen=True, slots=True)
class Made:
    """The pages of all packages: their heads by package, and by name of package the folder with the other files.

    `words` is the digest of the words, registers and templates that all pages share.
    """

    heads: Sequence[Head]
    folders: Mapping[str, Path]
    words: str


@contextmanager
def begin_package_pages(
    catalog: Catalog, project: Path, site: Path, data: Path, shop: Workshop
) -> Iterator[Callable[[], Made]]:
    """Begin to take the pages of every package out of the cache; give what makes the others, and returns all.

    Bodies wait for their frames. What stands beside the pages goes into `site`, what stands beside the downloads into
    `data`. Raises SiteError on a broken template, OSError where the disk fails, WorkError where a package changes.
    """
    references = tuple(one for one in catalog.packages.values() if one.kind == "reference")
    templates = project / "site" / "theme" / "portal"
    studio = Studio(
        shop.code, catalog.settings, references, catalog.records, templates, shop.cache.root, catalog.observations
    )
    known = dict(shop.descriptors)
    orders = [
        Commission(
            one.package,
            one.state,
            _digest_slice(one, studio, known),
            [
                Destination(f"{DOWNLOADS}/", data / one.name, shop.published / "site" / "data" / one.name),
                Destination(f"{SITE}/", site, shop.published / "site"),
            ],
            one,
        )
        for one in _cut(catalog, shop)
    ]
    with shop.begin_to_take(orders) as finish:

        def make() -> Made:
            kept = [*zip(orders, shop.obtain("site", write_pages, orders, studio, finish()), strict=True)]
            heads = [_read_head(head, one) for one, each in kept for head in each.value]
            orders.clear()  # slices are many, and nobody needs them any more
            return Made(heads, {one.name: each.files for one, each in kept}, studio.digest)

        yield make


def _read_head(head: Mapping[str, Any], order: Order) -> Head:
    # What search engines read of a code list or a register speaks of all datasets that use it.
    source = order.key if order.package.kind == "indicator" else ""
    page = Page(**{**head["page"], "scripts": tuple(head["page"]["scripts"])})
    return Head(head["owner"], head["language"], page, head["body"], source)


@dataclass(frozen=True, slots=True)
class Commission(Order):
    """The pages that are wanted of one package, and all that they show."""

    slice: Slice


def _digest_slice(one: Slice, studio: Studio, known: dict[str, str]) -> str:
    """Return the digest of a slice; `known` are those of packages, for each is the neighbour of many."""
    for package in (one.package, *one.neighbours):
        if package.name not in known:
            known[package.name] = digest_value(package)
    packages = [known[package.name] for package in (one.package, *one.neighbours)]
    rest = (one.state, one.cards, one.distributions, one.findings, one.verdicts, one.summary)
    return digest_parts([studio.digest, *packages, digest_value(rest)])


def _cut(catalog: Catalog, shop: Workshop) -> Sequence[Slice]:
    """Cut the catalogue into slices, in the order of its pages."""
    writers = {language: Writer(catalog, language) for language in LANGUAGES}
    findings = _group(catalog.findings, "package")
    verdicts = _group(catalog.verdicts, "dataset")
    places = {name: place for place, name in enumerate(catalog.packages)}
    slices = []
    for package in [*catalog.datasets, *catalog.references]:
        cards = {language: {card.name: card for card in writers[language].related(package)} for language in LANGUAGES}
        own = tuple(verdicts.get(package.name, ()))
        named = {package.name, *cards["vi"]}
        named |= {one.dataset for verdict in own for one in verdict.members}
        named |= {column.code_list for column in package.main.fields}
        slices.append(
            Slice(
                package=package,
                state=shop.state_of(package),
                neighbours=tuple(
                    catalog.packages[name] for name in sorted(named & places.keys(), key=places.__getitem__)
                ),
                cards=cards,
                distributions=tuple(catalog.distributions.get(package.name, ())),
                findings=tuple(findings.get(package.name, ())),
                verdicts=own,
                summary=catalog.summaries.get(package.name),
            )
        )
    return slices


def _group(values: Sequence[Any], name: str) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for one in values:
        groups.setdefault(getattr(one, name), []).append(one)
    return groups


def _restore(one: Slice, studio: Studio) -> Catalog:
    """Return the catalogue as far as a slice shows it; the rows are read again."""
    package = one.package
    tables = {resource.name: Table(package, resource) for resource in package.resources}
    observations: dict[str, tuple[Observation, ...]] = {}
    if package.kind == "indicator":
        read = studio.read.get(package.name)
        observations[package.name] = tuple(read_observations(package, tables[package.name])) if read is None else read
    return Catalog(
        settings=studio.settings,
        packages={each.name: each for each in [*studio.references, *one.neighbours]},
        tables=tables,
        observations=observations,
        records=studio.records,
        distributions={package.name: one.distributions},
        findings=one.findings,
        verdicts=one.verdicts,
        summaries={package.name: one.summary} if one.summary else {},
    )


def write_pages(commission: Commission, studio: Studio) -> None:
    """Keep bodies, charts and later rows of one package, and with them its pages as values of JSON."""
    one = commission.slice

    def make(folder: Path) -> list[dict[str, Any]]:
        catalog = _restore(one, studio)
        heads = [head for language in LANGUAGES for head in _write_language(one, catalog, language, studio, folder)]
        _write_companions(one.package, catalog, folder)
        for part in (DOWNLOADS, SITE):
            compress_files(folder / part, threads=1)
        save_document(weigh(describe_package(one.package, catalog)), folder / SEARCHED)
        expect_unchanged(one.package, one.state, digest_package(one.package))
        return [asdict(head) for head in heads]

    BuildCache(studio.cache).keep(commission.key, make)


def _write_language(one: Slice, catalog: Catalog, language: Language, studio: Studio, folder: Path) -> list[Head]:
    writer = Writer(catalog, language, _cards=dict(one.cards[language]))
    heads = []
    for page in writer.package_pages(one.package):
        try:
            body = studio.renderers[language].render(page, "")
        except jinja2.TemplateError as error:
            raise explain_site(error) from error
        heads.append(write_body(folder, one.name, language, page, body))
    _write_chart(writer, one.package, folder / DOWNLOADS)
    write_later_rows(writer, folder / SITE)
    return heads


def _write_companions(package: Package, catalog: Catalog, folder: Path) -> None:
    """Write what programs read of a dataset: beside its downloads, beside its pages, and as parts of whole files."""
    write_metadata(package, catalog, folder / DOWNLOADS)
    write_citations(catalog.settings, package, folder / DOWNLOADS)
    write_dataset_feeds(package, catalog, folder / SITE)
    write_graph_part(package, catalog, folder)
    write_ckan_part(package, catalog, folder)
    if package.name in catalog.summaries:
        write_catalog_part(package, catalog, folder)
    if package.kind == "indicator":
        write_newest(package.name, catalog, folder)


def _write_chart(writer: Writer, package: Package, folder: Path) -> None:
    """Write the Vega-Lite specification and the SVG of a chart beside the dataset's downloads."""
    if package.kind != "reference" and (chart := writer.chart(package)):
        folder.mkdir(parents=True, exist_ok=True)
        stem = f"{package.name}.{writer.language}"
        text = json.dumps(chart.specification, ensure_ascii=False, indent=2) + "\n"
        (folder / f"{stem}.vl.json").write_text(text, "utf-8")
        (folder / f"{stem}.svg").write_text(chart.svg, "utf-8")

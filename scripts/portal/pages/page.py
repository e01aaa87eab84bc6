"""Pages: what each generated page says, as values that templates only lay out.

Every page exists in Vietnamese and in English under the same path; English stands below `/en/`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from portal.api.api_reference import ApiPage
from portal.api.openapi import make_openapi
from portal.catalogues.standards import list_forms
from portal.checks.format_limits import EXCEL_FINDINGS
from portal.figures.catalog import web_address
from portal.pages.catalog_page import CatalogWriter
from portal.pages.download_bar import list_downloads, note_limits
from portal.pages.later_rows import name_later_rows
from portal.pages.presenter import SHOWN_FIGURES, SHOWN_FINDINGS, SHOWN_ROWS
from portal.pages.view import Page
from portal.words.text import sort_key, summarise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from portal.data.package import Package

SHOWN_TABLES = 200


@dataclass(frozen=True)
class Writer(CatalogWriter):
    """Makes the pages of one language: knows which pages there are.

    `openapi` is as much of the OpenAPI document as its page shows, if that was made before.
    """

    openapi: Mapping[str, Any] | None = None

    def pages(self) -> Iterator[Page]:
        """Yield every generated page."""
        yield from self.shared_pages()
        for package in [*self.catalog.datasets, *self.catalog.references]:
            yield from self.package_pages(package)

    def shared_pages(self) -> Iterator[Page]:
        """Yield the pages that are not those of one package."""
        yield self.home()
        yield from self.catalog_pages()
        yield self.themes_page()
        yield from (page for theme in self.themes() for page in self.theme_pages(theme))
        yield self.sources_page()
        yield from (self.source_page(source) for source in self.catalog.records.get("sources", {}))
        yield self.systems_page()
        yield self.targets_page()
        yield self.quality_page()
        yield self.agreement_page()
        yield self.glossary_page()
        yield self.search_page()
        yield self.api_page()

    def package_pages(self, package: Package) -> Iterator[Page]:
        """Yield the pages of one dataset or code list."""
        yield self.dataset_page(package)
        if package.kind == "indicator":
            yield self.embed_page(package)

    # --- pages ------------------------------------------------------------------------------------------

    def home(self) -> Page:
        """Return the home page: search, key figures, themes."""
        settings = self.catalog.settings
        cards = [self.card(package) for package in self.catalog.datasets]
        view = {
            "cards": self.featured(cards),
            "themes": self.theme_counts(),
            "promises": self.promise_counts(),
            "changes": self.latest_changes(),
            "newest": self.newest_sources(),
            "datasets": self.count("dataset_count", len(cards)),
            "statements": self.count("source_figure_count", self.catalog.count_by("sources").total()),
            "sources": self.count("home_sources", len(self.catalog.records.get("sources", {}))),
        }
        return Page(
            "",
            settings.title.get(self.language),
            settings.description.get(self.language),
            "home.html",
            view,
            ("search_box",),
        )

    def sources_page(self) -> Page:
        """Return the list of documents that figures come from."""
        counts = self.catalog.count_by("sources")
        rows = [
            (
                name,
                self.label("sources", name),
                self.source_facts(name),
                self.number(counts[name]),
            )
            for name in self.catalog.records.get("sources", {})
        ]
        return self._page("sources/", "sources_title", "sources_description", "sources.html", {"sources": rows})

    def source_page(self, source: str) -> Page:
        """Return one document: its facts, and its figures in the document's order."""
        title = self.label("sources", source)
        count = self.catalog.count_figures_of(source)
        description = self.say("source_description", title=title, count=self.number(count))
        view = {
            "facts": self.source_facts(source, checksum=True),
            "figures": [self.figure(one) for one in self.catalog.first_of(source)],
            "cut": self.say_cut("figures_cut", SHOWN_FIGURES, count),
            "source": source,
            "coverage": self.cover(source) if "exclusions" in self.catalog.packages else "",
            "note": self.catalog.word("sources", source, "note").get(self.language),
        }
        return Page(f"sources/{source}/", title, description, "source.html", view)

    def systems_page(self) -> Page:
        """Return every system that the documents name, by group and status."""
        groups = [
            (group, self.label("system_groups", group), [self.system(row) for row in rows])
            for group, rows in self.systems_by_group().items()
        ]
        return self._page("systems/", "systems_title", "systems_description", "systems.html", {"groups": groups})

    def targets_page(self) -> Page:
        """Return every target with its deadline and the newest result that may be held against it."""
        targets = self.targets()
        return self._page(
            "targets/",
            "targets_title",
            "targets_description",
            "targets.html",
            {
                "targets": targets,
                "counts": self.promise_counts(),
                "cut": self.say_cut("figures_cut", SHOWN_FIGURES, len(self.judged)),
            },
        )

    def quality_page(self) -> Page:
        """Return every admitted problem in plain words."""
        verdicts = self.catalog.verdicts
        broken = [one for one in verdicts if not one.holds]
        rounded = [one for one in verdicts if one.holds and one.flag]
        flagged = sum(self.catalog.abstract(name).flagged for name in self.catalog.observations)
        view = {
            "summary": self.say(
                "quality_summary",
                relations=self.number(len(verdicts)),
                holding=self.number(len(verdicts) - len(broken) - len(rounded)),
                rounded=self.number(len(rounded)),
                broken=self.number(len(broken)),
                flagged=self.number(flagged),
                all=self.number(self.catalog.count_by("sources").total()),
            ),
            "relations": [
                (name, self.say(f"quality_{name}"), self.number(len(members)), self.explain_all(members))
                for name, members in (("broken", broken), ("rounded", rounded))
                if members
            ],
            "flags": self.flag_groups(self.catalog.list_flagged()),
        }
        return self._page("quality/", "quality_title", "quality_description", "quality.html", view)

    def agreement_page(self) -> Page:
        """Return the page about the comparison of all forms; its figures are put in when everything was compared."""
        return self._page("agreement/", "agreement_title", "agreement_description", "agreement.html", {})

    def glossary_page(self) -> Page:
        """Return the terms that readers meet, explained."""
        rows = sorted(self.catalog.records.get("glossary", {}).values(), key=lambda row: sort_key(row["term"]))
        terms = [(row["code"], row["term"], self.either(row, "name"), self.either(row, "definition")) for row in rows]
        return self._page("glossary/", "glossary_title", "glossary_description", "glossary.html", {"terms": terms})

    def search_page(self) -> Page:
        """Return the page on which searches are answered."""
        page = self._page("search/", "search_title", "search_description", "search.html", {})
        return replace(page, scripts=("search_box",))

    def api_page(self) -> Page:
        """Return every address, parameter and error code of the API."""
        document = self.openapi or make_openapi(self.catalog, self.language)
        view = ApiPage(document, self.language).view(SHOWN_TABLES)
        view["cut"] = self.say_cut("tables_cut", SHOWN_TABLES, len(self.catalog.shapes))
        return self._page("developers/api/", "openapi_page_title", "openapi_page_description", "api.html", view)

    def embed_page(self, package: Package) -> Page:
        """Return the chart or headline of a dataset, with its source, for other people's pages."""
        title = package.title.get(self.language)
        address = self.url(f"catalog/{package.name}/")
        abstract = self.catalog.abstract(package.name)
        headline = abstract.headline
        view = {
            "package": package,
            "address": address,
            "sentence": self.say_headline(abstract),
            "flags": self.headline_flags(abstract),
            "chart": (chart := self.chart(package)),
            "chart_sources": "; ".join(chart.sources) if chart else "",
            "headline": self.figure(headline) if headline else None,
        }
        canonical = f"{self.catalog.settings.site_url}{address.lstrip('/')}"
        meta = {"template": "embed.html", "dataset_page": canonical}
        return Page(f"embed/{package.name}/", title, title, "embed.html", view, (), meta)

    def dataset_page(self, package: Package) -> Page:
        """Return the page of one dataset or code list."""
        rows = self.catalog.observations.get(package.name, ())
        abstract = self.catalog.abstract(package.name)
        headline = abstract.headline
        ordered = sorted(rows, key=self.newest_first)
        own = [one for one in self.catalog.findings if one.package == package.name]
        findings = [one for one in own if one.code not in EXCEL_FINDINGS]
        description = package.description.get(self.language)
        sentence, caution = self.say_headline(abstract), self.say_caution(abstract)
        view = {
            "package": package,
            "text_language": package.title.language(self.language),
            "meaning": self.link_terms(description),
            "caveat": self.link_terms(package.caveat.get(self.language)),
            "sentence": sentence,
            "caution": caution,
            "headline_flags": self.headline_flags(abstract),
            "related": self.related(package),
            "systems": self.systems_of(package),
            "bibtex": self.bibtex(package),
            "headline": self.figure(headline) if headline else None,
            "theme": (package.theme, self.label("themes", package.theme)) if self.known_theme(package) else None,
            "chart": self.chart(package),
            "figures": [self.figure(one) for one in ordered[:SHOWN_ROWS]],
            "figure_count": self.number(len(rows)),
            "later": name_later_rows(package.name, len(rows)),
            "flags": self.flag_groups(ordered),
            "broken": [self.explain(one) for one in self.catalog.verdicts if one.dataset == package.name and one.flag],
            "sources": self.sources_of(abstract.sources),
            "plain": None if package.kind == "indicator" else self.plain_table(package),
            "downloads": list_downloads(package, self.catalog, self.language),
            "excel_notes": note_limits(package, self.catalog, self.language),
            "columns": [self.column(column) for column in package.main.fields],
            "forms": list_forms(package),
            "findings": findings[:SHOWN_FINDINGS],
            "findings_cut": self.say_cut("problems_cut", SHOWN_FINDINGS, len(findings)),
            "version": self.version(package),
            "frequency": self.say(f"frequency_{package.frequency}"),
            "license": [(one.title.get(self.language) or one.name, web_address(one.path)) for one in package.licenses],
            "citation": self.cite(package),
            "api": f"/datasette/opendata/{package.name}",
        }
        title = package.title.get(self.language)
        scripts = ("rows",) if view["later"] else ()
        summary = summarise(" ".join(filter(None, (sentence, caution, description))))
        meta = {"feed": self.url(f"catalog/{package.name}/feed.xml")}
        return Page(f"catalog/{package.name}/", title, summary, "dataset.html", view, scripts, meta)

"""Structured data: what search engines read in a page, as schema.org (https://schema.org/) in JSON-LD.

Datasets follow the guidelines of Science-on-Schema.org and of Google's dataset search. The vocabulary is named in
place, so that no reader has to fetch a context from another host.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from jinja2.utils import htmlsafe_json_dumps

from portal.catalogues.identifier import Identifier
from portal.catalogues.linked_data import prune
from portal.figures.catalog import web_address
from portal.figures.scope import Scopes
from portal.files.by_hash import name_by_hash
from portal.words.text import LANGUAGES
from portal.words.wording import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from markupsafe import Markup

    from portal.data.package import Package
    from portal.figures.catalog import Catalog
    from portal.files.distribution import Distribution
    from portal.words.text import Language, Text

Node = dict[str, Any]

# The name of the vocabulary itself has http, whatever the address of its pages.
CONTEXT = {"@vocab": "http://schema.org/"}
# What Google reads of a description; below the lower bound it refuses the dataset.
_LEAST_DESCRIPTION, _MOST_DESCRIPTION = 50, 5000
# Line ends of JavaScript that JSON lets stand in a text.
_LINE_ENDS = {"\u2028": "\\u2028", "\u2029": "\\u2029"}
_DATASET = "catalog/"
# Datasets that the page of the whole catalogue names; the graph and the sitemap have all.
_MOST_DATASETS = 250


def render_script(document: Node) -> Markup:
    """Return JSON for a `<script>` block: no sign in it can end the block or begin a tag or an entity."""
    text = htmlsafe_json_dumps(document, ensure_ascii=False, separators=(",", ":"))
    for sign, escape in _LINE_ENDS.items():
        text = text.replace(sign, escape)
    return text


@dataclass(frozen=True)
class Describer:
    """Describes the pages of one language; `titles` are those of the generated pages by path."""

    catalog: Catalog
    language: Language
    titles: Mapping[str, str] = field(default_factory=dict)

    def describe(self, path: str, title: str, description: str) -> Node:
        """Return what a page at `path` (without language, ending with a slash) is about."""
        section, _, rest = path.partition("/")
        package = self.catalog.packages.get(rest.strip("/")) if f"{section}/" == _DATASET else None
        if package:
            graph = [self.describe_dataset(package), self._list_crumbs(path, title)]
        elif not path:
            graph = [self._describe_site(), self._describe_catalog([])]
        elif path == _DATASET:
            everything = [*self.catalog.datasets, *self.catalog.references][:_MOST_DATASETS]
            graph = [self._describe_catalog(everything), self._list_crumbs(path, title)]
        else:
            graph = [self._describe_page(path, title, description), self._list_crumbs(path, title)]
        return {"@context": CONTEXT, "@graph": graph}

    def describe_dataset(self, package: Package) -> Node:
        """Return the dataset of a page, under the same name in both languages."""
        abstract = self.catalog.abstract(package.name)
        scope, license_ = self._scopes.find(package), package.licenses[0]
        other = next(one for one in LANGUAGES if one != self.language)
        places = "; ".join(self._label("areas", code) for code in scope.extent.areas)
        sources = [self._describe_source(one) for one in scope.sources]
        return prune(
            {
                "@type": "Dataset",
                "@id": self._names.dataset(package.name),
                "name": self._get(package.title),
                "alternateName": list(dict.fromkeys([package.title.get(other), package.name])),
                "description": self._describe(package),
                "url": self._address(f"{_DATASET}{package.name}/"),
                "sameAs": self._address(f"{_DATASET}{package.name}/", other),
                "identifier": package.name,
                "version": package.version,
                "datePublished": package.created[:10],  # of this version
                "dateModified": package.created[:10],
                "keywords": self._list_keywords(package),
                "inLanguage": list(package.title.languages),
                "license": web_address(license_.path) or license_.name,
                "isAccessibleForFree": True,
                "creator": self._publisher,
                "publisher": self._publisher,
                "includedInDataCatalog": {"@id": self._names.catalog},
                "temporalCoverage": scope.extent.interval,
                "spatialCoverage": {"@type": "Place", "name": places} if places else None,
                "variableMeasured": self._list_variables(package, abstract.variables),
                "measurementTechnique": self._say_technique(package),
                "isBasedOn": sources if abstract.rows else [],
                "citation": "; ".join(_cite(one) for one in sources),
                "distribution": [
                    self._describe_file(package, one) for one in self.catalog.distributions.get(package.name, ())
                ],
            }
        )

    # --- pages --------------------------------------------------------------------------------------------

    def _describe_page(self, path: str, title: str, description: str) -> Node:
        address = self._address(path)
        return prune(
            {
                "@type": "WebPage",
                "@id": address,
                "url": address,
                "name": title,
                "description": description,
                "inLanguage": self.language,
                "isPartOf": {"@id": f"{self._names.home}#site"},
            }
        )

    def _describe_site(self) -> Node:
        settings = self.catalog.settings
        search = f"{self._address('search/')}?q={{search_term_string}}"
        return {
            "@type": "WebSite",
            "@id": f"{self._names.home}#site",
            "url": self._address(""),
            "name": self._get(settings.title),
            "description": self._get(settings.description),
            "inLanguage": self.language,
            "publisher": self._publisher,
            "potentialAction": {
                "@type": "SearchAction",
                "target": {"@type": "EntryPoint", "urlTemplate": search},
                "query-input": "required name=search_term_string",
            },
        }

    def _describe_catalog(self, packages: Iterable[Package]) -> Node:
        settings = self.catalog.settings
        return prune(
            {
                "@type": "DataCatalog",
                "@id": self._names.catalog,
                "url": self._address(_DATASET),
                "name": self._get(settings.title),
                "description": self._get(settings.description),
                "inLanguage": list(LANGUAGES),
                "license": settings.license_url,
                "publisher": self._publisher,
                "dataset": [{"@id": self._names.dataset(one.name)} for one in packages],
            }
        )

    def _list_crumbs(self, path: str, title: str) -> Node:
        """Return the way from the home page to this one, over the pages that are there."""
        parts = path.strip("/").split("/")
        ways = ["/".join(parts[:depth]) + "/" for depth in range(1, len(parts))]
        steps = [("", self._get(self.catalog.settings.title))]
        steps += [(way, self.titles[way]) for way in ways if way in self.titles]
        return {
            "@type": "BreadcrumbList",
            "itemListElement": [
                {"@type": "ListItem", "position": number, "name": name, "item": self._address(way)}
                for number, (way, name) in enumerate([*steps, (path, title)], start=1)
            ],
        }

    # --- parts of a dataset -------------------------------------------------------------------------------

    def _describe(self, package: Package) -> str:
        text = self._get(package.description)
        if len(text) < _LEAST_DESCRIPTION:
            text = f"{text} {self._get(self.catalog.settings.description)}"
        return text[:_MOST_DESCRIPTION]

    def _list_keywords(self, package: Package) -> list[str]:
        theme = [self._label("themes", package.theme)] if package.theme else []
        return [*package.keywords, *theme] or [package.name]

    def _describe_file(self, package: Package, one: Distribution) -> Node:
        return {
            "@type": "DataDownload",
            "name": one.name,
            "contentUrl": self._names.file(package.name, one.name),
            "sameAs": f"{self._names.home}data/{name_by_hash(one.sha256, one.name)}",
            "encodingFormat": one.media_type,
            "contentSize": f"{one.bytes} B",
            "sha256": one.sha256,
        }

    def _describe_source(self, source: str) -> Node:
        record = self.catalog.records.get("sources", {}).get(source, {})
        publisher = self._get(self.catalog.word("sources", source, "publisher"))
        return prune(
            {
                "@type": "CreativeWork",
                "@id": self._names.source(source),
                "url": self._address(f"sources/{source}/"),
                "name": self._label("sources", source),
                "identifier": record.get("document_number", ""),
                "datePublished": record.get("date", ""),
                "inLanguage": record.get("language", ""),
                "publisher": {"@type": "Organization", "name": publisher} if publisher else None,
            }
        )

    def _list_variables(self, package: Package, variables: Mapping[str, Sequence[str]]) -> list[Node]:
        """Return the measures of an indicator with their units; of other tables the columns."""
        if not variables:
            return [
                {"@type": "PropertyValue", "name": self._get(one.title), "propertyID": one.name}
                for one in package.main.fields
            ]
        return [
            {
                "@type": "PropertyValue",
                "name": self._label("measures", code),
                "propertyID": code,
                "unitText": "; ".join(dict.fromkeys(self._label("units", unit) for unit in units)),
            }
            for code, units in variables.items()
        ]

    def _say_technique(self, package: Package) -> str:
        """Return how a dataset came about; of a plain table nothing is known."""
        return "" if package.kind == "table" else say(f"technique_{package.kind}", self.language)

    # --- words and addresses ------------------------------------------------------------------------------

    @cached_property
    def _scopes(self) -> Scopes:
        return Scopes(self.catalog)

    @property
    def _names(self) -> Identifier:
        return Identifier(self.catalog.settings.site_url)

    @property
    def _publisher(self) -> Node:
        settings = self.catalog.settings
        name, home = self._get(settings.publisher), self._names.home
        return {"@type": "Organization", "@id": self._names.publisher, "name": name, "url": home}

    def _address(self, path: str, language: Language | None = None) -> str:
        return f"{self._names.home}{'en/' if (language or self.language) == 'en' else ''}{path}"

    def _get(self, text: Text) -> str:
        return text.get(self.language)

    def _label(self, code_list: str, code: str) -> str:
        return self._get(self.catalog.label(code_list, code))


def _cite(source: Node) -> str:
    return f"{source['name']} ({source['publisher']['name']})" if "publisher" in source else str(source["name"])

"""DCAT-AP: the catalogue, its datasets, their files and the API as nodes of linked data.

After DCAT-AP 3.0.1 (https://semiceu.github.io/DCAT-AP/releases/3.0.1/), whose SHACL shapes the tests hold it
against. What lies in an authority list of the European Union is named by its address there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from portal.catalogues.authority import EU_THEMES, FILE_TYPES, name_authority, name_file_type, name_media_type
from portal.catalogues.identifier import Identifier
from portal.catalogues.linked_data import Node, prune, refer, translate, type_value
from portal.figures.catalog import web_address
from portal.files.by_hash import name_by_hash
from portal.words.text import Text
from portal.words.wording import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from portal.data.package import License, Package
    from portal.figures.catalog import Catalog
    from portal.files.distribution import Distribution
    from portal.words.text import Language

_LANGUAGES: Mapping[Language, str] = {"vi": "VIE", "en": "ENG"}
_SHA256 = "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"


def _words(key: str) -> Text:
    return Text(say(key, "vi"), say(key, "en"))


@dataclass(frozen=True)
class CatalogGraph:
    """Says what there is; `nodes` and `describe_package` of every package yield each node once."""

    catalog: Catalog

    @cached_property
    def names(self) -> Identifier:
        """Return what makes identifiers."""
        return Identifier(self.catalog.settings.site_url)

    @property
    def packages(self) -> list[Package]:
        """Return every dataset, code lists last."""
        return [*self.catalog.datasets, *self.catalog.references]

    def nodes(self) -> Iterator[Node]:
        """Yield the catalogue, the API, and what all datasets refer to."""
        yield self._describe_catalog()
        yield self._describe_service()
        yield from self._describe_people()
        yield from self._describe_themes()
        yield from self._describe_areas()
        yield from self._describe_authorities()

    # --- the catalogue and the API ------------------------------------------------------------------------

    def _describe_catalog(self) -> Node:
        settings, home = self.catalog.settings, self.names.home
        newest = max((one.created for one in self.packages), default="")
        return prune(
            {
                "@id": self.names.catalog,
                "@type": "dcat:Catalog",
                "dct:title": translate(settings.title),
                "dct:description": translate(settings.description),
                "dct:publisher": refer(self.names.publisher),
                "dct:license": refer(settings.license_url),
                "dct:language": [refer(name_authority("language", code)) for code in _LANGUAGES.values()],
                "dct:modified": type_value(newest, "xsd:dateTime") if newest else None,
                "foaf:homepage": refer(home),
                "dcat:themeTaxonomy": refer(f"{home}themes/#scheme"),
                "dcat:service": refer(self.names.service),
                "dcat:dataset": [refer(self.names.dataset(one.name)) for one in self.packages],
            }
        )

    def _describe_service(self) -> Node:
        settings, home = self.catalog.settings, self.names.home
        return {
            "@id": self.names.service,
            "@type": "dcat:DataService",
            "dct:title": translate(_words("dcat_service")),
            "dct:description": translate(_words("dcat_service_description")),
            "dcat:endpointURL": refer(f"{home}datasette/opendata"),
            "dcat:endpointDescription": [refer(f"{home}{one}developers/openapi.json") for one in ("", "en/")],
            "dcat:landingPage": refer(f"{home}developers/"),
            "dct:publisher": refer(self.names.publisher),
            "dcat:contactPoint": refer(f"{home}#contact"),
            "dct:license": refer(settings.license_url),
            "dct:accessRights": refer(name_authority("access-right", "PUBLIC")),
            "dcat:servesDataset": [refer(self.names.dataset(one.name)) for one in self.packages],
        }

    def _describe_people(self) -> Iterator[Node]:
        settings, home = self.catalog.settings, self.names.home
        names = translate(settings.publisher)
        yield {"@id": self.names.publisher, "@type": "foaf:Agent", "foaf:name": names, "foaf:homepage": refer(home)}
        # The shapes ask for the class Kind by name, of which Organization is a part.
        kinds = ["vcard:Kind", "vcard:Organization"]
        mailbox = refer(f"mailto:{settings.contact}")
        yield {"@id": f"{home}#contact", "@type": kinds, "vcard:fn": names, "vcard:hasEmail": mailbox}
        for page in (home, f"{home}developers/"):
            yield {"@id": page, "@type": "foaf:Document"}

    # --- datasets -----------------------------------------------------------------------------------------

    def describe_package(self, package: Package) -> Iterator[Node]:
        """Yield a dataset with its files."""
        files = self.catalog.distributions.get(package.name, ())
        abstract = self.catalog.abstract(package.name)
        extent = abstract.extent
        name, page = self.names.dataset(package.name), self.names.page(package.name)
        dated = bool(extent.start)
        yield prune(
            {
                "@id": name,
                "@type": "dcat:Dataset",
                "dct:identifier": package.name,
                "dct:title": translate(package.title),
                "dct:description": [*translate(package.description), *translate(package.caveat)],
                "dcat:version": package.version,
                # Officers date each version anew; when the first one was issued, a descriptor does not say.
                "dct:modified": type_value(package.created, "xsd:dateTime") if package.created else None,
                "dcat:keyword": list(package.keywords),
                "dcat:theme": [refer(one) for one in self._list_themes(package)],
                "dct:accrualPeriodicity": refer(name_authority("frequency", package.frequency)),
                "dct:language": [refer(name_authority("language", _LANGUAGES[one])) for one in package.title.languages],
                "dct:temporal": refer(f"{page}#period") if dated else None,
                "dct:spatial": [refer(self.names.code("areas", one)) for one in extent.areas],
                "dct:publisher": refer(self.names.publisher),
                "dct:creator": refer(self.names.publisher),
                "dcat:contactPoint": refer(f"{self.names.home}#contact"),
                "dct:accessRights": refer(name_authority("access-right", "PUBLIC")),
                "dcat:landingPage": refer(page),
                "prov:wasDerivedFrom": [refer(self.names.source(one)) for one in abstract.sources],
                "dcat:distribution": [
                    *(refer(f"{self.names.file(package.name, one.name)}#file") for one in files),
                    refer(f"{page}#api"),
                ],
            }
        )
        yield {"@id": page, "@type": "foaf:Document", "dct:title": translate(package.title)}
        if dated:
            yield {
                "@id": f"{page}#period",
                "@type": "dct:PeriodOfTime",
                "dcat:startDate": type_value(str(extent.start), "xsd:date"),
                "dcat:endDate": type_value(str(extent.end), "xsd:date"),
            }
        for one in files:
            yield from self._describe_file(package, one)
        yield self._describe_api(package)

    def _describe_file(self, package: Package, one: Distribution) -> Iterator[Node]:
        address = self.names.file(package.name, one.name)
        media_type = one.media_type.partition(";")[0]
        yield prune(
            {
                "@id": f"{address}#file",
                "@type": "dcat:Distribution",
                "dct:title": one.name,
                "dcat:accessURL": refer(self.names.page(package.name)),
                # Harvesters take one address to download from: it must be the one that stays.
                "dcat:downloadURL": refer(address),
                "dct:hasVersion": refer(f"{self.names.home}data/{name_by_hash(one.sha256, one.name)}"),
                "dcat:mediaType": refer(name_media_type(media_type)),
                "dct:format": refer(name_file_type(media_type)) if media_type in FILE_TYPES else None,
                "dcat:byteSize": type_value(str(one.bytes), "xsd:nonNegativeInteger"),
                "dct:license": self._refer_license(package),
                "spdx:checksum": refer(f"{address}#sha256"),
            }
        )
        yield {
            "@id": f"{address}#sha256",
            "@type": "spdx:Checksum",
            "spdx:algorithm": refer(_SHA256),
            "spdx:checksumValue": type_value(one.sha256, "xsd:hexBinary"),
        }

    def _describe_api(self, package: Package) -> Node:
        return prune(
            {
                "@id": f"{self.names.page(package.name)}#api",
                "@type": "dcat:Distribution",
                "dct:title": translate(_words("dcat_service")),
                "dcat:accessURL": refer(f"{self.names.home}datasette/opendata/{package.name}.json"),
                "dcat:accessService": refer(self.names.service),
                "dcat:mediaType": refer(name_media_type("application/json")),
                "dct:format": refer(name_file_type("application/json")),
                "dct:license": self._refer_license(package),
            }
        )

    def _refer_license(self, package: Package) -> Node | None:
        address = web_address(package.licenses[0].path)
        return refer(address) if address else None

    def _list_themes(self, package: Package) -> Iterator[str]:
        record = self.catalog.records.get("themes", {}).get(package.theme)
        if record:
            yield self.names.theme(package.theme)
            if record.get("eu_theme"):
                yield name_authority("data-theme", record["eu_theme"])

    # --- what they refer to -------------------------------------------------------------------------------

    def _describe_themes(self) -> Iterator[Node]:
        scheme, themes = f"{self.names.home}themes/#scheme", self.catalog.records.get("themes", {})
        yield {"@id": scheme, "@type": "skos:ConceptScheme", "dct:title": translate(_words("themes_title"))}
        for code, record in themes.items():
            yield prune(
                {
                    "@id": self.names.theme(code),
                    "@type": "skos:Concept",
                    "skos:notation": code,
                    "skos:prefLabel": translate(self.catalog.label("themes", code)),
                    "skos:definition": translate(self.catalog.word("themes", code, "description")),
                    "skos:broadMatch": refer(name_authority("data-theme", eu))
                    if (eu := record.get("eu_theme"))
                    else None,
                    "skos:inScheme": refer(scheme),
                }
            )
        for code in sorted({record.get("eu_theme", "") for record in themes.values()} - {""}):
            label = {"@value": EU_THEMES.get(code, code), "@language": "en"}
            yield {"@id": name_authority("data-theme", code), "@type": "skos:Concept", "skos:prefLabel": label}

    def _describe_areas(self) -> Iterator[Node]:
        for code, record in self.catalog.records.get("areas", {}).items():
            yield prune(
                {
                    "@id": self.names.code("areas", code),
                    "@type": "dct:Location",
                    "dct:identifier": code,
                    "skos:prefLabel": translate(self.catalog.label("areas", code)),
                    "dct:isPartOf": refer(self.names.code("areas", parent))
                    if (parent := record.get("parent"))
                    else None,
                }
            )

    def _describe_authorities(self) -> Iterator[Node]:
        """Yield the class of every code of a foreign list: the shapes take nothing for granted."""
        used = {name_authority("frequency", one.frequency): "dct:Frequency" for one in self.packages}
        used |= {name_authority("language", code): "dct:LinguisticSystem" for code in _LANGUAGES.values()}
        used[name_authority("access-right", "PUBLIC")] = "dct:RightsStatement"
        files = (file for one in self.packages for file in self.catalog.distributions.get(one.name, ()))
        for media_type in {"application/json", *(one.media_type.partition(";")[0] for one in files)}:
            used[name_media_type(media_type)] = "dct:MediaType"
            if media_type in FILE_TYPES:
                used[name_file_type(media_type)] = "dct:MediaTypeOrExtent"
        for address, kind in sorted(used.items()):
            yield {"@id": address, "@type": kind}
        yield from self._describe_licenses()

    def _describe_licenses(self) -> Iterator[Node]:
        settings = self.catalog.settings
        known = {settings.license_url: Text(settings.license)}
        known |= {one.path: _name_license(one) for package in self.packages for one in package.licenses[:1]}
        for address in sorted(filter(web_address, known)):
            yield {**refer(address), "@type": "dct:LicenseDocument", "dct:title": translate(known[address])}


def _name_license(one: License) -> Text:
    return one.title if one.title.vi else Text(one.name)

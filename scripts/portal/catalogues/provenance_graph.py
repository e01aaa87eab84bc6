"""Where every figure comes from, as linked data: PROV-O, the place in the document by Web Annotation selectors.

An observation is named by its permanent address. Where the document prints its figure it was quoted from there,
where the portal worked it out it was derived. https://www.w3.org/TR/prov-o/, https://www.w3.org/TR/annotation-model/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.catalogues.identifier import Identifier
from portal.catalogues.linked_data import Node, prune, refer, translate, type_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from portal.data.observation import Observation
    from portal.data.settings import Settings
    from portal.figures.catalog import Catalog

# Lines and characters of a text: https://www.rfc-editor.org/rfc/rfc5147
_TEXT_FRAGMENTS = "http://tools.ietf.org/rfc/rfc5147"
_DERIVED = "derived"


def describe_documents(catalog: Catalog) -> Iterator[Node]:
    """Yield a node for every document, and for what is said of it."""
    names = Identifier(catalog.settings.site_url)
    for source in catalog.records.get("sources", {}):
        yield from _describe_source(source, catalog, names)


def describe_figures(rows: Iterable[Observation], settings: Settings) -> Iterator[Node]:
    """Yield two nodes for every observation: itself, and its place in the document."""
    names = Identifier(settings.site_url)
    for one in rows:
        yield from _describe_observation(one, names)


def _describe_source(source: str, catalog: Catalog, names: Identifier) -> Iterator[Node]:
    record, address = catalog.records["sources"][source], names.source(source)
    publisher, checksum = translate(catalog.word("sources", source, "publisher")), record.get("sha256", "")
    yield prune(
        {
            "@id": address,
            "@type": ["prov:Entity", "foaf:Document"],
            "dct:identifier": [text for text in (source, record.get("document_number", "")) if text],
            "dct:title": translate(catalog.label("sources", source)),
            "dct:issued": type_value(date, "xsd:date") if (date := record.get("date")) else None,
            "dct:language": record.get("language", ""),
            "dct:publisher": refer(f"{address}-publisher") if publisher else None,
            "foaf:page": refer(address.partition("#")[0]),
            "spdx:checksum": refer(f"{address}-sha256") if checksum else None,
        }
    )
    if publisher:
        yield {"@id": f"{address}-publisher", "@type": "foaf:Agent", "foaf:name": publisher}
    if checksum:
        yield {
            "@id": f"{address}-sha256",
            "@type": "spdx:Checksum",
            "spdx:algorithm": refer("http://spdx.org/rdf/terms#checksumAlgorithm_sha256"),
            "spdx:checksumValue": type_value(checksum, "xsd:hexBinary"),
        }


def _describe_observation(one: Observation, names: Identifier) -> Iterator[Node]:
    address, source = names.observation(one), names.source(one.source)
    line, _ = one.position
    relation = "prov:wasDerivedFrom" if one.status == _DERIVED else "prov:wasQuotedFrom"
    yield {
        "@id": address,
        "@type": "prov:Entity",
        "dct:isPartOf": refer(names.dataset(one.dataset)),
        relation: [refer(source), refer(f"{address}-place")],
    }
    yield {
        "@id": f"{address}-place",
        "@type": ["prov:Entity", "oa:SpecificResource"],
        "dct:identifier": one.locator,
        "oa:hasSource": refer(source),
        "oa:hasSelector": {
            "@type": "oa:FragmentSelector",
            "dct:conformsTo": refer(_TEXT_FRAGMENTS),
            # Lines count from 1 in a locator, from 0 and between lines in a fragment.
            "rdf:value": f"line={line - 1},{line}",
            "oa:refinedBy": {"@type": "oa:TextQuoteSelector", "oa:exact": one.as_stated},
        },
    }

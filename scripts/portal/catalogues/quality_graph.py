"""What is known of the quality of the data, as linked data: DQV (https://www.w3.org/TR/vocab-dqv/).

Counts of figures and of relations are measurements; a finding, a relation that does not hold and a flag on a
figure are annotations, in both languages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.catalogues.identifier import Identifier
from portal.catalogues.linked_data import Node, prune, refer, translate, type_value
from portal.figures.explanation import explain_verdict
from portal.words.text import Text
from portal.words.wording import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from portal.checks.consistency import Verdict
    from portal.figures.abstract import Abstract
    from portal.figures.catalog import Catalog

METRICS = ("observations", "flagged", "relations", "relations_holding")


def describe_measures(catalog: Catalog) -> Iterator[Node]:
    """Yield the metrics, and what flags mean."""
    yield from _describe_metrics(names := Identifier(catalog.settings.site_url))
    for code in catalog.records.get("flags", {}):
        yield prune(
            {
                "@id": names.code("flags", code),
                "@type": "skos:Concept",
                "skos:prefLabel": translate(catalog.label("flags", code)),
                "skos:definition": translate(catalog.word("flags", code, "description")),
            }
        )


def describe_quality(dataset: str, catalog: Catalog) -> Iterator[Node]:
    """Yield the measurements of a dataset, if it is an indicator, and every problem that its page admits."""
    names = Identifier(catalog.settings.site_url)
    rows = catalog.observations.get(dataset)
    if rows is not None:
        verdicts = [one for one in catalog.verdicts if one.dataset == dataset]
        yield from _measure(dataset, catalog.abstract(dataset), verdicts, names)
    for number, text in enumerate(_explain_problems(dataset, catalog), start=1):
        yield _annotate(f"{names.page(dataset)}#problem-{number}", names.dataset(dataset), [_say_body(text)])
    for one in rows or ():
        if one.flags:
            address = names.observation(one)
            yield _annotate(f"{address}-flags", address, [refer(names.code("flags", flag)) for flag in one.flags])


def _describe_metrics(names: Identifier) -> Iterator[Node]:
    dimension = f"{names.home}quality/#consistency"
    label = Text(say("quality_title", "vi"), say("quality_title", "en"))
    yield {"@id": dimension, "@type": ["dqv:Dimension", "skos:Concept"], "skos:prefLabel": translate(label)}
    for metric in METRICS:
        yield {
            "@id": f"{names.home}quality/#{metric}",
            "@type": "dqv:Metric",
            "skos:definition": translate(Text(say(f"metric_{metric}", "vi"), say(f"metric_{metric}", "en"))),
            "dqv:expectedDataType": refer("http://www.w3.org/2001/XMLSchema#integer"),
            "dqv:inDimension": refer(dimension),
        }


def _measure(dataset: str, abstract: Abstract, verdicts: Sequence[Verdict], names: Identifier) -> Iterator[Node]:
    values = (abstract.rows, abstract.flagged, len(verdicts), sum(one.holds for one in verdicts))
    for metric, value in zip(METRICS, values, strict=True):
        yield {
            "@id": f"{names.page(dataset)}#{metric}",
            "@type": "dqv:QualityMeasurement",
            "dqv:computedOn": refer(names.dataset(dataset)),
            "dqv:isMeasurementOf": refer(f"{names.home}quality/#{metric}"),
            "dqv:value": type_value(str(value), "xsd:integer"),
        }


def _explain_problems(dataset: str, catalog: Catalog) -> Iterator[Text]:
    """Yield what the page of a dataset admits: relations that do not hold, and findings."""
    for verdict in catalog.verdicts:
        if verdict.dataset == dataset and verdict.flag:
            yield Text(explain_verdict(verdict, catalog, "vi"), explain_verdict(verdict, catalog, "en"))
    for finding in catalog.findings:
        if finding.package == dataset:
            yield Text(finding.message, finding.message_en)


def _annotate(address: str, target: str, bodies: list[Node]) -> Node:
    return {
        "@id": address,
        "@type": "dqv:QualityAnnotation",
        "oa:motivatedBy": refer("http://www.w3.org/ns/dqv#qualityAssessment"),
        "oa:hasTarget": refer(target),
        "oa:hasBody": bodies,
    }


def _say_body(text: Text) -> Node:
    return {"@type": "oa:TextualBody", "rdf:value": translate(text)}

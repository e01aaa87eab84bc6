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


def describe_quality(catalog: Catalog) -> Iterator[Node]:
    """Yield the metrics, their measurements of every indicator, and every admitted problem."""
    names = Identifier(catalog.settings.site_url)
    yield from _describe_metrics(names)
    verdicts: dict[str, list[Verdict]] = {}
    for verdict in catalog.verdicts:
        verdicts.setdefault(verdict.dataset, []).append(verdict)
    for dataset in catalog.observations:
        yield from _measure(dataset, catalog.abstract(dataset), verdicts.get(dataset, []), names)
    for dataset, texts in _explain_problems(catalog).items():
        for number, text in enumerate(texts, start=1):
            name = names.dataset(dataset)
            yield _annotate(f"{names.page(dataset)}#problem-{number}", name, [_say_body(text)])
    for code in catalog.records.get("flags", {}):
        yield prune(
            {
                "@id": names.code("flags", code),
                "@type": "skos:Concept",
                "skos:prefLabel": translate(catalog.label("flags", code)),
                "skos:definition": translate(catalog.word("flags", code, "description")),
            }
        )
    for one in catalog.list_flagged():
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


def _explain_problems(catalog: Catalog) -> dict[str, list[Text]]:
    """Return, for each dataset, what its page admits: relations that do not hold, and findings."""
    problems: dict[str, list[Text]] = {}
    for verdict in catalog.verdicts:
        if verdict.flag:
            text = Text(explain_verdict(verdict, catalog, "vi"), explain_verdict(verdict, catalog, "en"))
            problems.setdefault(verdict.dataset, []).append(text)
    for finding in catalog.findings:
        if finding.package in catalog.packages:
            problems.setdefault(finding.package, []).append(Text(finding.message, finding.message_en))
    return problems


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

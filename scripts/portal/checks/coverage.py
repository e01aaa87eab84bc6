"""Coverage (rule 4): every run of digits of every document is published or excluded with a reason, and only once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.checks.source_text import DIGITS, Span, parse_locator
from portal.data.finding import Finding, Place, make_finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from portal.checks.provenance import Claim
    from portal.checks.source_text import SourceText
    from portal.data.register import Record

_SURROUNDINGS = 40


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A figure of a document that is not published, and the line of the register that says why."""

    source: str
    locator: str
    as_stated: str
    reason: str
    place: Place


@dataclass(frozen=True, slots=True)
class Coverage:
    """The account of one document: its runs of digits, and where each of them went."""

    source: str
    figures: int
    published: int
    excluded: int
    unaccounted: tuple[Span, ...] = ()


def count_runs(as_stated: str) -> int:
    """Return how many runs of digits a figure has: `1.738.517` has three."""
    return len(DIGITS.findall(as_stated))


def count_coverage(source: str, claims: Iterable[Claim], exclusions: Iterable[Exclusion]) -> tuple[int, int]:
    """Return how many runs of digits of a document are published and excluded, without looking at its text."""
    return _count(source, _list_printed(claims).get(source, set()), exclusions)


def _count(source: str, printed: Iterable[tuple[str, str]], exclusions: Iterable[Exclusion]) -> tuple[int, int]:
    published = sum(count_runs(as_stated) for _, as_stated in printed)
    return published, sum(count_runs(one.as_stated) for one in exclusions if one.source == source)


def _list_printed(claims: Iterable[Claim]) -> dict[str, set[tuple[str, str]]]:
    """Return locator and print of every figure by document; what two rows state at one place is printed once."""
    printed: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for claim in claims:
        printed[claim.observation.source].add((claim.observation.locator, claim.observation.as_stated))
    return printed


def check_counts(
    sources: Mapping[str, Record], claims: Sequence[Claim], exclusions: Sequence[Exclusion], place: Place
) -> Iterator[Finding]:
    """Check that published and excluded runs add up to what the register counts; needs no text."""
    return check_printed(sources, _list_printed(claims), exclusions, place)


def check_printed(
    sources: Mapping[str, Record],
    printed: Mapping[str, Iterable[tuple[str, str]]],
    exclusions: Sequence[Exclusion],
    place: Place,
) -> Iterator[Finding]:
    """Check the same of what is known to be printed: locator and print of every figure by document, each once."""
    for source, record in sources.items():
        published, excluded = _count(source, printed.get(source, ()), exclusions)
        if record.get("digit_runs", "").isdecimal() and published + excluded != int(record["digit_runs"]):
            yield make_finding(
                "coverage-count",
                place,
                source=source,
                published=published,
                excluded=excluded,
                figures=record["digit_runs"],
            )


def check_coverage(
    text: SourceText, claims: Iterable[Claim], exclusions: Iterable[Exclusion], register: Record, place: Place
) -> tuple[Coverage, list[Finding]]:
    """Account for every run of digits of one document."""
    findings: list[Finding] = []
    published: dict[Span, list[Claim]] = defaultdict(list)
    for claim in claims:
        for span in _spans(claim.observation.locator, claim.observation.as_stated):
            published[span].append(claim)
    runs = set(text.digit_runs())
    excluded: set[Span] = set()
    for one in exclusions:
        spans = set(_spans(one.locator, one.as_stated))
        findings += _check_exclusion(one, text, whole=spans <= runs)
        if spans & (published.keys() | excluded):
            findings.append(make_finding("exclusion-overlaps", one.place, source=one.source, locator=one.locator))
        excluded |= spans
    findings += _check_twice(published)
    unaccounted = tuple(sorted(runs - set(published) - excluded, key=lambda span: (span.line, span.start)))
    for span in unaccounted:
        where = f"{span.line}:{span.start}"
        findings.append(make_finding("digit-unaccounted", place, source=text.id, locator=where))
    if register.get("digit_runs") != str(len(runs)):
        findings.append(
            make_finding("digit-runs", place, source=text.id, found=len(runs), stated=register.get("digit_runs", "–"))
        )
    return Coverage(text.id, len(runs), len(runs & set(published)), len(runs & excluded), unaccounted), findings


def show_surroundings(text: SourceText, span: Span) -> str:
    """Return a digit run with what stands around it; for the terminal only, never for the project."""
    line = text.lines[span.line - 1]
    return line[max(0, span.start - 1 - _SURROUNDINGS) : span.end - 1 + _SURROUNDINGS]


def _spans(locator: str, as_stated: str) -> Iterator[Span]:
    line, column = parse_locator(locator)
    for match in DIGITS.finditer(as_stated):
        yield Span(line, column + match.start(), column + match.end())


def _check_exclusion(one: Exclusion, text: SourceText, *, whole: bool) -> Iterator[Finding]:
    found = text.read(one.locator, len(one.as_stated))
    if found != one.as_stated:
        yield make_finding(
            "locator-mismatch", one.place, source=one.source, locator=one.locator, found=found, expected=one.as_stated
        )
    elif not whole:
        yield make_finding("figure-cut", one.place, source=one.source, locator=one.locator, as_stated=one.as_stated)


def _check_twice(published: Mapping[Span, Sequence[Claim]]) -> Iterator[Finding]:
    """One figure in two datasets needs a note that says so."""
    seen: set[Place] = set()  # a figure of several runs of digits is one figure
    for group in published.values():
        datasets = sorted({claim.observation.dataset for claim in group})
        one = group[0]
        if len(datasets) > 1 and not all(claim.observation.note for claim in group) and one.place not in seen:
            seen.add(one.place)
            yield make_finding(
                "figure-twice",
                one.place,
                source=one.observation.source,
                locator=one.observation.locator,
                datasets=", ".join(datasets),
            )

"""Evidence: the checks that look across packages: relations between figures, and the account of every digit.

Without the source texts the relations and the counts of coverage are checked; with them also every place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice, tee
from typing import TYPE_CHECKING

from portal.checks.consistency import (
    CONFLICTING,
    PARTS_DISAGREE,
    ROUNDED,
    Evidence,
    Range,
    RelationError,
    Verdict,
    judge_relation,
)
from portal.checks.coverage import Coverage, Exclusion, check_counts, check_coverage
from portal.checks.provenance import Claim, check_own_print, check_provenance
from portal.checks.source_text import SourceText, read_source_texts
from portal.data.finding import Finding, Place, make_finding
from portal.data.observation import read_observations
from portal.data.table import read_raw_rows, type_rows
from portal.words.number import format_exact

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from portal.data.observation import Observation
    from portal.data.package import Package
    from portal.figures.catalog import Record

_CAUSED_FLAGS = (PARTS_DISAGREE, CONFLICTING, ROUNDED)
# The registers and the columns that are looked at; a register without one of them is as good as empty there.
_REGISTERS = {
    "sources": ("id",),
    "units": ("code",),
    "systems": ("name", "source", "locator", "as_named", "also_at"),
    "exclusions": ("source", "locator", "as_stated", "reason"),
}


@dataclass(frozen=True, slots=True)
class Register:
    """The rows of the packages that evidence is judged with."""

    claims: tuple[Claim, ...]
    exclusions: tuple[Exclusion, ...]
    sources: Mapping[str, Record]
    units: Mapping[str, Record]
    systems: tuple[tuple[Record, Place], ...]
    sources_place: Place


@dataclass(frozen=True, slots=True)
class Verification:
    """What the documents themselves say of the figures: the account of each, and the findings."""

    coverage: tuple[Coverage, ...]
    findings: tuple[Finding, ...]
    texts: Mapping[str, SourceText]


def read_register(packages: Sequence[Package]) -> Register:
    """Read claims, exclusions and registers from packages that passed the check."""
    by_name = {package.name: package for package in packages}
    records = {name: _read_records(by_name[name]) for name in _REGISTERS if name in by_name}
    sources = by_name.get("sources")
    return Register(
        claims=tuple(claim for package in packages if package.kind == "indicator" for claim in read_claims(package)),
        exclusions=tuple(
            Exclusion(row["source"], row["locator"], row["as_stated"], row["reason"], place)
            for row, place in records.get("exclusions", ())
        ),
        sources={row["id"]: row for row, _ in records.get("sources", ())},
        units={row["code"]: row for row, _ in records.get("units", ())},
        systems=tuple(records.get("systems", ())),
        sources_place=Place("sources", sources.label_of(sources.main) if sources else ""),
    )


def read_claims(package: Package) -> Iterator[Claim]:
    """Yield the observations of an indicator package, each with the line that states it."""
    place = Place(package.name, package.label_of(package.main))
    rows, again = tee(islice(read_raw_rows(package.main), 1, None))
    typed = type_rows(package.main, (row.cells for row in rows))
    for one, row in zip(read_observations(package, typed), again, strict=True):
        yield Claim(one, place.at(row.line))


def _read_records(package: Package) -> list[tuple[Record, Place]]:
    place = Place(package.name, package.label_of(package.main))
    names = [column.name for column in package.main.fields]
    empty = dict.fromkeys((*_REGISTERS[package.name], *names), "")
    rows = list(read_raw_rows(package.main))[1:]
    return [({**empty, **dict(zip(names, row.cells, strict=False))}, place.at(row.line)) for row in rows]


def check_evidence(packages: Sequence[Package], broken: Collection[str] = ()) -> list[Finding]:
    """Check what needs no text: printed figures, relations, flags without cause, counts of coverage and of systems.

    `broken` names the packages that are left out because they do not hold: what needs them is not judged.
    """
    return check_register(packages, read_register(packages), broken)


def check_register(packages: Collection[Package], register: Register, broken: Collection[str] = ()) -> list[Finding]:
    """Check what needs no text, of packages whose rows were read before."""
    verdicts, findings = judge_packages(packages, register, broken)
    findings += _check_prints(packages, register)
    findings += _check_verdicts(verdicts, register)
    counts = [
        *check_counts(register.sources, register.claims, register.exclusions, register.sources_place),
        *_check_system_counts(register),
    ]
    return findings + counts if not broken else [*_excuse_flags(findings, broken), *_excuse_counts(counts, broken)]


def _check_prints(packages: Iterable[Package], register: Register) -> Iterator[Finding]:
    """Yield what is wrong with values by their own print, at the cell that is to be mended."""
    tables = {package.name: package.main for package in packages}
    for claim in register.claims:
        if fault := check_own_print(claim):
            name = "value" if fault.code == "value-mismatch" else "as_stated"
            yield replace(fault, column=tables[fault.package].field_index(name) + 1)


def _excuse_flags(findings: Iterable[Finding], broken: Collection[str]) -> Iterator[Finding]:
    """Yield the findings, but no flag without cause: a relation of a broken package may be its cause."""
    for one in findings:
        if one.code == "flag-without-cause":
            yield make_finding("flag-unchecked", Place(one.package, one.file, one.line), broken=_list(broken))
        else:
            yield one


def _excuse_counts(counts: Sequence[Finding], broken: Collection[str]) -> Iterator[Finding]:
    """Yield, for counts that do not add up without the broken packages, that they could not be checked."""
    for place in dict.fromkeys(Place(one.package, one.file) for one in counts):
        yield make_finding("counts-unchecked", place, broken=_list(broken))


def _list(names: Collection[str]) -> str:
    return ", ".join(sorted(names))


def judge_packages(
    packages: Iterable[Package], register: Register, broken: Collection[str] = ()
) -> tuple[list[Verdict], list[Finding]]:
    """Compute every declared relation; findings for those that cannot be computed."""
    observations: dict[str, list[Observation]] = {}
    for claim in register.claims:
        observations.setdefault(claim.observation.dataset, []).append(claim.observation)
    evidence = Evidence(observations, register.units)
    verdicts: list[Verdict] = []
    findings: list[Finding] = []
    for package in packages:
        for number, relation in enumerate(package.relations, start=1):
            try:
                verdicts.append(judge_relation(relation, package.name, evidence))
            except RelationError as error:
                place = Place(package.name, package.label)
                missing = _name_datasets(relation) & set(broken)
                code = "relation-unchecked" if missing else "relation-unresolved"
                findings.append(make_finding(code, place, number=number, reason=error, broken=_list(missing)))
    return verdicts, findings


def _name_datasets(node: object) -> set[str]:
    """Return the other datasets that a relation takes figures from, wherever in it they are named."""
    if isinstance(node, dict):
        own = {node["dataset"]} if isinstance(node.get("dataset"), str) else set()
        return own.union(*map(_name_datasets, node.values()))
    return set().union(*map(_name_datasets, node)) if isinstance(node, list) else set()


def _check_verdicts(verdicts: Sequence[Verdict], register: Register) -> Iterator[Finding]:
    places = {claim.observation.id: claim.place for claim in register.claims}
    caused: set[tuple[str, str]] = set()
    for verdict in verdicts:
        caused |= {(one.id, verdict.flag) for one in verdict.members if verdict.flag}
        if not verdict.admitted:
            yield make_finding(
                "relation-broken",
                places[verdict.members[0].id],
                kind=verdict.kind,
                stated=", ".join(f"{one.as_stated} ({one.locator})" for one in verdict.stated) or verdict.constant,
                computed=", ".join(map(_show, verdict.computed)),
                flag=verdict.flag,
            )
    for claim in register.claims:
        for flag in claim.observation.flags:
            if flag in _CAUSED_FLAGS and (claim.observation.id, flag) not in caused:
                yield make_finding("flag-without-cause", claim.place, flag=flag)


def _show(numbers: Range) -> str:
    return format_exact((numbers.low + numbers.high) / 2)


def verify_sources(packages: Sequence[Package], folder: Path) -> Verification:
    """Hold every figure, exclusion and system name against the documents in `folder`."""
    return verify_register(read_register(packages), folder)


def verify_register(register: Register, folder: Path) -> Verification:
    """Hold rows that were read before against the documents in `folder`."""
    texts, findings = read_source_texts(folder, register.sources, register.sources_place)
    findings += _check_sources(register)
    findings += check_provenance(register.claims, texts, register.units)
    accounts: list[Coverage] = []
    for identifier, text in texts.items():
        claims = [one for one in register.claims if one.observation.source == identifier]
        exclusions = [one for one in register.exclusions if one.source == identifier]
        account, found = check_coverage(text, claims, exclusions, register.sources[identifier], register.sources_place)
        accounts.append(account)
        findings += found
    findings += (one for row, place in register.systems for one in _check_system(row, place, texts))
    return Verification(tuple(accounts), tuple(sorted(findings)), texts)


def _check_sources(register: Register) -> Iterator[Finding]:
    """What names a document that the register does not know would be held against nothing, and seem to stand."""
    named = [(claim.observation.source, claim.place) for claim in register.claims]
    named += [(one.source, one.place) for one in register.exclusions]
    named += [(source, place) for row, place in register.systems for source, _ in _list_places(row)]
    for source, place in named:
        if source not in register.sources:
            yield make_finding("unknown-code", place, field="source", code=source, code_list="sources", hint="–")


def _check_system_counts(register: Register) -> Iterator[Finding]:
    """As many systems are registered as the register of sources says that each document names first."""
    for source, record in register.sources.items():
        found = sum(row["source"] == source for row, _ in register.systems)
        if record.get("systems", "").isdecimal() and found != int(record["systems"]):
            yield make_finding(
                "system-count", register.sources_place, source=source, found=found, stated=record["systems"]
            )


def _list_places(row: Record) -> list[tuple[str, str]]:
    """Return source and locator of every place where a system is named, the first one first."""
    others = (other.partition("@") for other in filter(None, row["also_at"].split(";")))
    return [(row["source"], row["locator"]), *((source, locator) for source, _, locator in others)]


def _check_system(row: Record, place: Place, texts: Mapping[str, SourceText]) -> Iterator[Finding]:
    """A system's name stands where the register says, and its other places exist."""
    (source, locator), *others = _list_places(row)
    if source in texts:
        found = texts[source].read(locator, len(row["as_named"]))
        if found != row["as_named"]:
            yield _find_mismatch(place, source, locator, found, row["as_named"])
    for source, locator in others:
        if source in texts and not texts[source].read(locator, 1):
            yield _find_mismatch(place, source, locator, "", row["name"])


def _find_mismatch(place: Place, source: str, locator: str, found: str, expected: str) -> Finding:
    return make_finding("locator-mismatch", place, source=source, locator=locator, found=found, expected=expected)

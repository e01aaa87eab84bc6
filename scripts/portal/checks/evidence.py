"""Evidence: the checks that look across packages: relations between figures, and the account of every digit.

Without the source texts the relations and the counts of coverage are checked; with them also every place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from portal.checks.consistency import (
    Evidence,
    Range,
    RelationError,
    Verdict,
    judge_relation,
)
from portal.checks.coverage import Coverage, Exclusion, check_coverage, check_printed
from portal.checks.provenance import Claim, check_provenance
from portal.checks.source_text import SourceText, read_source_texts
from portal.checks.testimony import Testimony, read_claims, take_testimony, testify
from portal.data.finding import Finding, Place, make_finding
from portal.data.shelf import Shelf
from portal.data.table import read_raw_rows
from portal.words.number import format_exact

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from portal.data.package import Package
    from portal.data.register import Record

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
    claims = (claim for package in packages if package.kind == "indicator" for claim in read_claims(package))
    return replace(_read_registers(packages), claims=tuple(claims))


def _read_registers(packages: Sequence[Package]) -> Register:
    """Read all but the claims."""
    by_name = {package.name: package for package in packages}
    records = {name: _read_records(by_name[name]) for name in _REGISTERS if name in by_name}
    sources = by_name.get("sources")
    return Register(
        claims=(),
        exclusions=tuple(
            Exclusion(row["source"], row["locator"], row["as_stated"], row["reason"], place)
            for row, place in records.get("exclusions", ())
        ),
        sources={row["id"]: row for row, _ in records.get("sources", ())},
        units={row["code"]: row for row, _ in records.get("units", ())},
        systems=tuple(records.get("systems", ())),
        sources_place=Place("sources", sources.label_of(sources.main) if sources else ""),
    )


def _read_records(package: Package) -> list[tuple[Record, Place]]:
    place = Place(package.name, package.label_of(package.main))
    names = [column.name for column in package.main.fields]
    empty = dict.fromkeys((*_REGISTERS[package.name], *names), "")
    rows = list(read_raw_rows(package.main))[1:]
    return [({**empty, **dict(zip(names, row.cells, strict=False))}, place.at(row.line)) for row in rows]


def check_evidence(
    packages: Sequence[Package],
    broken: Collection[str] = (),
    testimonies: Iterable[Testimony] | None = None,
) -> list[Finding]:
    """Check what needs no text: printed figures, relations, flags without cause, counts of coverage and of systems.

    `broken` names the packages that are left out because they do not hold: what needs them is not judged.
    `testimonies` are those of the packages, where they were taken before; rows are then read for relations alone, and
    only so many are in memory at once.
    """
    by_name = {package.name: package for package in packages}
    indicators = [package.name for package in packages if package.kind == "indicator"]
    claims = Shelf(indicators, lambda name: tuple(read_claims(by_name[name])))
    heard = testimonies if testimonies is not None else map(testify, packages)
    return _check_all(packages, _read_registers(packages), claims, heard, broken)


def check_register(packages: Collection[Package], register: Register, broken: Collection[str] = ()) -> list[Finding]:
    """Check what needs no text, of packages whose rows were read before."""
    claims = _group_claims(register)
    heard = (take_testimony(package, claims.get(package.name, ())) for package in packages)
    return _check_all(packages, register, claims, heard, broken)


def _group_claims(register: Register) -> dict[str, list[Claim]]:
    groups: dict[str, list[Claim]] = {}
    for claim in register.claims:
        groups.setdefault(claim.observation.dataset, []).append(claim)
    return groups


def _check_all(
    packages: Iterable[Package],
    register: Register,
    claims: Mapping[str, Sequence[Claim]],
    testimonies: Iterable[Testimony],
    broken: Collection[str],
) -> list[Finding]:
    verdicts, findings = _judge(packages, register.units, claims, broken)
    findings += _check_verdicts(verdicts, claims)
    causes = {(one.id, verdict.flag) for verdict in verdicts for one in verdict.members if verdict.flag}
    printed: dict[str, set[tuple[str, str]]] = {}
    for one in testimonies:
        findings += one.findings
        findings += (
            make_finding("flag-without-cause", place, flag=flag)
            for identifier, flag, place in one.flagged
            if (identifier, flag) not in causes
        )
        for source, pairs in one.printed.items():
            printed.setdefault(source, set()).update(pairs)
    counts = [
        *check_printed(register.sources, printed, register.exclusions, register.sources_place),
        *_check_system_counts(register),
    ]
    return findings + counts if not broken else [*_excuse_flags(findings, broken), *_excuse_counts(counts, broken)]


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
    return _judge(packages, register.units, _group_claims(register), broken)


def _judge(
    packages: Iterable[Package],
    units: Mapping[str, Record],
    claims: Mapping[str, Sequence[Claim]],
    broken: Collection[str],
) -> tuple[list[Verdict], list[Finding]]:
    observations = Shelf([*claims], lambda name: tuple(claim.observation for claim in claims[name]))
    evidence = Evidence(observations, units)
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


def _check_verdicts(verdicts: Sequence[Verdict], claims: Mapping[str, Sequence[Claim]]) -> Iterator[Finding]:
    for verdict in verdicts:
        if not verdict.admitted:
            first = verdict.members[0]
            yield make_finding(
                "relation-broken",
                next(claim.place for claim in claims[first.dataset] if claim.observation.id == first.id),
                kind=verdict.kind,
                stated=", ".join(f"{one.as_stated} ({one.locator})" for one in verdict.stated) or verdict.constant,
                computed=", ".join(map(_show, verdict.computed)),
                flag=verdict.flag,
            )


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

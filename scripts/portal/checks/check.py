"""The check: every package against frictionless and our rules; findings sorted, nothing raised for bad data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.checks.conformance import check_conformance
from portal.checks.evidence import check_evidence
from portal.checks.fast_check import measure_clean
from portal.checks.format_limits import ExcelCells, find_obstacles, measure_extent
from portal.checks.rules import CODE_COLUMNS, Context, check_descriptor, check_row
from portal.checks.source_file import check_files
from portal.checks.testimony import Testimony, testify
from portal.data.finding import Finding, Place, find_blockers, make_finding
from portal.data.table import read_raw_rows, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from portal.data.package import Package, Resource


@dataclass(frozen=True, slots=True)
class Examined:
    """What checking one package came to: its findings, and what it testifies unless one of them is a blocker."""

    findings: list[Finding]
    testimony: Testimony


CheckEach = Callable[[Sequence["Package"], Context], Iterable[Examined]]

# Faults of single rows or of the descriptor's words: the rules may still look at the other rows. Rows of unequal
# length are not among them: where there are many, frictionless may take another line than the first for the header.
_ROW_FAULTS = frozenset({
    "type-error", "constraint-error", "unique-error", "primary-key", "foreign-key", "formula-text",
    "control-character", "cell-too-long", "unknown-theme", "code-list-missing",
})  # fmt: skip


def check_packages(
    packages: Sequence[Package],
    references: Iterable[Package],
    today: date,
    unread: Iterable[str] = (),
    check_each: CheckEach | None = None,
) -> list[Finding]:
    """Check `packages`, whose codes come from `references`; return the findings, sorted.

    `unread` names the packages whose descriptors did not hold: what joins packages cannot be judged without them.
    `check_each` checks every package alone, here and now if none is given.
    """
    known = list(references)
    # A register may also name datasets.
    codes = {"datasets": frozenset(package.name for package in known), **read_codes(known)}
    context = Context(codes, today)
    found = check_each(packages, context) if check_each else (examine_package(one, context) for one in packages)
    examined = {package.name: one for package, one in zip(packages, found, strict=True)}
    findings = [finding for one in examined.values() for finding in one.findings]
    broken = {finding.package for finding in find_blockers(findings)}
    whole = [package for package in known if package.name not in broken]
    heard = (examined[one.name].testimony if one.name in examined else testify(one) for one in whole)
    evidence = check_evidence(whole, broken.union(unread), heard)
    findings += (one for one in evidence if one.package in examined)
    return sorted(findings)


def examine_package(package: Package, context: Context) -> Examined:
    """Check one package, and take its testimony where nothing stops a build."""
    findings = check_package(package, context)
    return Examined(findings, Testimony() if find_blockers(findings) else testify(package))


def read_codes(packages: Iterable[Package]) -> dict[str, frozenset[str]]:
    """Return the codes of every readable reference package: its first column, named `code` or `id`."""
    return {
        package.name: frozenset(row.cells[0] for row in list(read_raw_rows(package.main))[1:] if row.cells)
        for package in packages
        if package.kind == "reference"
        and package.main.fields[0].name in CODE_COLUMNS
        and not find_blockers(check_files(package))
    }


def check_package(package: Package, context: Context) -> list[Finding]:
    """Check one package: its files, then conformance, then our rules; each needs what the one before found.

    What is certainly clean is not read again for findings that it has not.
    """
    findings = [*check_descriptor(package, context, Place(package.name, package.label))]
    quick = check_quickly(package, context)
    return findings + (check_closely(package, context) if quick is None else quick)


def check_quickly(package: Package, context: Context) -> list[Finding] | None:
    """Return what the close check finds in a package without faults: tables too long for Excel; None at any doubt."""
    extents = measure_clean(package, context)
    if extents is None:
        return None
    return [
        finding
        for resource, extent in zip(package.resources, extents, strict=True)
        for finding in find_obstacles(resource, extent, Place(package.name, package.label_of(resource)))
    ]


def check_closely(package: Package, context: Context) -> list[Finding]:
    """Check the files and rows of a package, row by row, and word every finding."""
    findings = [*check_files(package)]
    if _can_read_rows(findings):
        findings += check_conformance(package)
    if _can_read_rows(findings):
        for resource in package.resources:
            findings += _check_rows(package, resource, context)
    return findings


def _can_read_rows(findings: list[Finding]) -> bool:
    return all(finding.code in _ROW_FAULTS for finding in find_blockers(findings))


def _check_rows(package: Package, resource: Resource, context: Context) -> Iterator[Finding]:
    place = Place(package.name, package.label_of(resource))
    lines = (row.line for row in read_raw_rows(resource))
    next(lines, None)  # the header
    headline_seen = package.headline is None or resource is not package.main
    cells = ExcelCells(resource)
    line = 0
    for row, line in zip(read_rows(package, resource), lines, strict=False):
        yield from check_row(package, resource, row, context, place.at(line))
        cells.note(row, line)
        headline_seen = headline_seen or matches_headline(package, resource, row.cells)
    yield from cells.list_findings(place)
    yield from find_obstacles(resource, measure_extent(resource), place)
    # A code list may be empty: nothing is left out of a document, say.
    if not line and package.kind != "reference":
        yield make_finding("no-rows", place)
    elif not headline_seen and package.headline:
        shown = f"{package.headline.measure}, {package.headline.transform}"
        yield make_finding("headline-no-row", Place(package.name, package.label), headline=shown)


def matches_headline(package: Package, resource: Resource, cells: Sequence[object]) -> bool:
    """Tell whether a row is one of those that the headline of its package selects."""
    headline = package.headline
    if headline is None:
        return False
    wanted = {"measure": headline.measure, "transform": headline.transform, **dict(headline.where)}
    found = {column.name: cell for column, cell in zip(resource.fields, cells, strict=True) if column.name in wanted}
    return found.keys() == wanted.keys() and all(str(found[name]) == value for name, value in wanted.items())

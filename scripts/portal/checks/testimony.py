"""Testimony: what the checks across packages need to know of the rows of one package, so that nobody reads them again.

It depends on the package alone, is small beside its rows, and is kept with the findings of the package.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from itertools import islice, tee
from typing import TYPE_CHECKING

from portal.checks.consistency import CONFLICTING, PARTS_DISAGREE, ROUNDED
from portal.checks.provenance import Claim, check_own_print
from portal.data.finding import Finding, Place
from portal.data.observation import read_observations
from portal.data.table import read_raw_rows, type_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from portal.data.package import Package

# Flags that only a relation can be the cause of.
CAUSED_FLAGS = (PARTS_DISAGREE, CONFLICTING, ROUNDED)


@dataclass(frozen=True, slots=True)
class Testimony:
    """What is wrong with values by their own print; what is printed where; which rows carry a flag that needs a cause.

    `printed` has locator and print of each figure by document, `flagged` id, flag and line of each such row.
    """

    findings: tuple[Finding, ...] = ()
    printed: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    flagged: tuple[tuple[str, str, Place], ...] = ()


def read_claims(package: Package) -> Iterator[Claim]:
    """Yield the observations of an indicator package, each with the line that states it."""
    place = Place(package.name, package.label_of(package.main))
    rows, again = tee(islice(read_raw_rows(package.main), 1, None))
    typed = type_rows(package.main, (row.cells for row in rows))
    for one, row in zip(read_observations(package, typed), again, strict=True):
        yield Claim(one, place.at(row.line))


def testify(package: Package) -> Testimony:
    """Return the testimony of a package that passed the check of its own."""
    return take_testimony(package, read_claims(package)) if package.kind == "indicator" else Testimony()


def take_testimony(package: Package, claims: Iterable[Claim]) -> Testimony:
    """Return the testimony of claims that a package makes."""
    findings: list[Finding] = []
    flagged: list[tuple[str, str, Place]] = []
    printed: dict[str, dict[tuple[str, str], None]] = defaultdict(dict)
    for claim in claims:
        one = claim.observation
        printed[one.source][one.locator, one.as_stated] = None
        flagged += ((one.id, flag, claim.place) for flag in one.flags if flag in CAUSED_FLAGS)
        if fault := check_own_print(claim):
            # At the cell that is to be mended.
            name = "value" if fault.code == "value-mismatch" else "as_stated"
            findings.append(replace(fault, column=package.main.field_index(name) + 1))
    return Testimony(tuple(findings), {source: tuple(pairs) for source, pairs in printed.items()}, tuple(flagged))

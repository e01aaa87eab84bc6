"""Consistency (rule 5): the relations that a document implies, declared in descriptors, computed exactly.

A printed figure of d decimals stands for every number that rounds to it; a count stands for itself. A relation
holds when some choice of such numbers fulfils it. Everything is Decimal or Fraction; nothing is rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from portal.data.observation import LEVEL, TOTAL
from portal.words.printed_number import count_decimals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from portal.data.observation import Observation
    from portal.data.register import Record

HOME_AREA = "KG"
PARTS_DISAGREE, CONFLICTING, ROUNDED = "parts_disagree", "conflicting_values", "rounded"
# How a rate gives the base of its level: level = base × factor.
_FACTORS: Mapping[str, Callable[[Fraction], Fraction]] = {
    "yoy_change_pct": lambda rate: 1 + rate / 100,
    "change_vs_plan_pct": lambda rate: 1 + rate / 100,
    "yoy_index_pct": lambda rate: rate / 100,
    "pct_of_plan": lambda rate: rate / 100,
}


class RelationError(ValueError):
    """A relation that cannot be computed: a selector that meets no observation, or several."""


@dataclass(frozen=True, slots=True)
class Range:
    """All numbers from `low` to `high`, both included."""

    low: Fraction
    high: Fraction

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Range) -> Range:
        return Range(self.low - other.high, self.high - other.low)

    def divided_by(self, other: Range) -> Range:
        """Divide by a range that lies above zero; raise ZeroDivisionError where it does not."""
        if other.low <= 0:
            raise ZeroDivisionError(other.low)
        corners = [a / b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Range(min(corners), max(corners))

    def scaled(self, factor: int) -> Range:
        """Multiply by a positive whole number."""
        return Range(self.low * factor, self.high * factor)

    def meets(self, other: Range) -> bool:
        """Tell whether the two ranges have a number in common."""
        return self.low <= other.high and other.low <= self.high


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one relation: the figures it joins, what is printed, and what they come to.

    A sum of parts that are nowhere added up in print is held against `constant` instead, such as 100 percent.
    """

    dataset: str
    kind: str
    holds: bool
    exact: bool
    stated: tuple[Observation, ...]
    parts: tuple[Observation, ...]
    computed: tuple[Range, ...]
    constant: Decimal | None = None

    @property
    def flag(self) -> str:
        """Return the flag that admits this relation; empty where it holds exactly."""
        if self.holds:
            return "" if self.exact else ROUNDED
        return CONFLICTING if self.kind == "equal" else PARTS_DISAGREE

    @property
    def members(self) -> tuple[Observation, ...]:
        """Return every observation of the relation."""
        return self.stated + self.parts

    @property
    def admitted(self) -> bool:
        """Tell whether a broken relation is owned up to by a flag on one of its rows."""
        return self.holds or any(self.flag in one.flags for one in self.members)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where relations find their figures: all observations, and which units are counted whole."""

    observations: Mapping[str, Sequence[Observation]]
    units: Mapping[str, Record]

    def pick(self, selector: Mapping[str, str], dataset: str) -> Observation:
        """Return the one observation that a selector names.

        What it leaves out is the ordinary case: the whole province, the level, the total of every dimension.
        Raises RelationError where none or several are left.
        """
        name = selector.get("dataset", dataset)
        wanted = {"area": HOME_AREA, "transform": LEVEL, **{k: v for k, v in selector.items() if k != "dataset"}}
        found = [one for one in self.observations.get(name, ()) if _is_selected(one, wanted)]
        if len(found) != 1:
            raise RelationError(f"{name} {dict(selector)}: {len(found)}")
        return found[0]

    def read(self, one: Observation) -> Range:
        """Return the numbers that a printed figure stands for."""
        if one.value is None:
            raise RelationError(f"{one.dataset} {one.locator}: –")
        value = Fraction(one.value)
        if self.units.get(one.unit, {}).get("counted") == "true":
            return Range(value, value)
        half = Fraction(Decimal(1).scaleb(-count_decimals(one.value))) / 2
        return Range(value - half, value + half)


def _is_selected(one: Observation, wanted: Mapping[str, str]) -> bool:
    dimensions = dict(one.dimensions)
    named = {"period": one.period_text} | {
        name: getattr(one, name) for name in ("area", "measure", "transform", "unit", "status", "source", "locator")
    }
    if any(code != TOTAL and name not in wanted for name, code in dimensions.items()):
        return False
    return all((named | dimensions).get(name) == code for name, code in wanted.items())


def judge_relation(relation: Mapping[str, Any], dataset: str, evidence: Evidence) -> Verdict:
    """Compute one relation; raise RelationError where it cannot be computed."""
    kind = str(relation.get("type", ""))
    if kind not in _JUDGES:
        raise RelationError(f"type: {kind or '–'}")
    try:
        verdict = _JUDGES[kind](relation, dataset, evidence)
    except RelationError:
        raise
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        # Descriptors are written by hand: a key may be missing, a list may be empty, a divisor may be nought.
        raise RelationError(f"{kind}: {error!r}") from error
    if not verdict.members:
        raise RelationError(f"{kind}: 0")
    return verdict


def _judge_sum(relation: Mapping[str, Any], dataset: str, evidence: Evidence) -> Verdict:
    """Total = sum of parts; the total may be a constant, such as 100 percent."""
    parts = tuple(evidence.pick(one, dataset) for one in relation["parts"])
    stated: tuple[Observation, ...] = ()
    constant = None
    if "constant" in relation["total"]:
        constant = Decimal(relation["total"]["constant"])
        total = Range(Fraction(constant), Fraction(constant))
    else:
        stated = (evidence.pick(relation["total"], dataset),)
        total = evidence.read(stated[0])
    computed = _add(evidence.read(one) for one in parts)
    exact = (computed.low + computed.high) == (total.low + total.high)
    return Verdict(dataset, "sum", total.meets(computed), exact, stated, parts, (computed,), constant)


def _judge_ratio(relation: Mapping[str, Any], dataset: str, evidence: Evidence) -> Verdict:
    """Share in percent = numerator / denominator × 100."""
    value, numerator, denominator = (
        evidence.pick(relation[key], dataset) for key in ("value", "numerator", "denominator")
    )
    computed = evidence.read(numerator).scaled(100).divided_by(evidence.read(denominator))
    holds = evidence.read(value).meets(computed)
    return Verdict(dataset, "ratio", holds, holds, (value,), (numerator, denominator), (computed,))


def _judge_base(relation: Mapping[str, Any], dataset: str, evidence: Evidence) -> Verdict:
    """The rate of a total follows from the levels and rates of its parts: their bases add up to its base."""
    level, rate = (evidence.pick(relation["total"][key], dataset) for key in ("level", "rate"))
    pairs = [tuple(evidence.pick(one[key], dataset) for key in ("level", "rate")) for one in relation["parts"]]
    levels = [evidence.read(one) for one, _ in pairs]
    bases = [evidence.read(one).divided_by(_factor(other, evidence)) for one, other in pairs]
    computed = _rate_of(rate.transform, _ratio_of_sums(levels, bases, evidence.read(level)))
    holds = evidence.read(rate).meets(computed)
    parts = (level, *(one for pair in pairs for one in pair))
    return Verdict(dataset, "base", holds, holds, (rate,), parts, (computed,))


def _factor(rate: Observation, evidence: Evidence) -> Range:
    numbers = evidence.read(rate)
    factor = _FACTORS[rate.transform]
    return Range(factor(numbers.low), factor(numbers.high))


def _ratio_of_sums(levels: Sequence[Range], bases: Sequence[Range], total: Range) -> Range:
    """Return total / sum of bases; the parts' levels give the total where they are exact."""
    known = _add(levels)
    level = Range(max(total.low, known.low), min(total.high, known.high)) if total.meets(known) else total
    return level.divided_by(_add(bases))


def _rate_of(transform: str, factor: Range) -> Range:
    numbers = factor.scaled(100)
    shift = Fraction(100) if transform.endswith("change_pct") or transform == "change_vs_plan_pct" else Fraction(0)
    return Range(numbers.low - shift, numbers.high - shift)


def _judge_difference(relation: Mapping[str, Any], dataset: str, evidence: Evidence) -> Verdict:
    """Change in places = earlier rank - later rank: falling from 31 to 35 is -4."""
    value, first, last = (evidence.pick(relation[key], dataset) for key in ("value", "from", "to"))
    computed = evidence.read(first) - evidence.read(last)
    holds = evidence.read(value).meets(computed)
    return Verdict(dataset, "difference", holds, holds, (value,), (first, last), (computed,))


def _judge_equal(relation: Mapping[str, Any], dataset: str, evidence: Evidence) -> Verdict:
    """Two or more statements of one figure are the same number, unit by unit."""
    stated = tuple(evidence.pick(one, dataset) for one in relation["values"])
    holds = len({one.value for one in stated}) == 1
    return Verdict(dataset, "equal", holds, holds, stated, (), tuple(evidence.read(one) for one in stated))


def _judge_shared_base(relation: Mapping[str, Any], dataset: str, evidence: Evidence) -> Verdict:
    """Counts and densities per 100 imply one population."""
    counts = [evidence.pick(one["count"], dataset) for one in relation["pairs"]]
    densities = [evidence.pick(one["density"], dataset) for one in relation["pairs"]]
    bases = tuple(
        evidence.read(count).scaled(100).divided_by(evidence.read(density))
        for count, density in zip(counts, densities, strict=True)
    )
    holds = max(one.low for one in bases) <= min(one.high for one in bases)
    return Verdict(dataset, "shared_base", holds, holds, tuple(densities), tuple(counts), bases)


def _judge_part_of(relation: Mapping[str, Any], dataset: str, evidence: Evidence) -> Verdict:
    """A part is not larger than its whole."""
    part, whole = (evidence.pick(relation[key], dataset) for key in ("part", "whole"))
    holds = evidence.read(part).low <= evidence.read(whole).high
    return Verdict(dataset, "part_of", holds, holds, (whole,), (part,), (evidence.read(part),))


def _add(ranges: Iterable[Range]) -> Range:
    total = Range(Fraction(0), Fraction(0))
    for one in ranges:
        total = total + one
    return total


_JUDGES: Mapping[str, Callable[[Mapping[str, Any], str, Evidence], Verdict]] = {
    "sum": _judge_sum,
    "ratio": _judge_ratio,
    "base": _judge_base,
    "difference": _judge_difference,
    "equal": _judge_equal,
    "shared_base": _judge_shared_base,
    "part_of": _judge_part_of,
}

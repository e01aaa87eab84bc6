"""Explanations: relations that do not hold, and promises, in words that a citizen understands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from portal.figures.figure import describe_observation, format_figure, say_when
from portal.words.number import format_number
from portal.words.printed_number import count_decimals
from portal.words.wording import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portal.checks.consistency import Range, Verdict
    from portal.data.observation import Observation
    from portal.figures.catalog import Catalog
    from portal.words.text import Language

# What a target may be held against.
_RESULTS = frozenset({"actual", "estimate"})
# The verdict where the newest result is older than the deadline.
PENDING = "pending"
# Words of a bound as seen from the other end: where less is better, "under" is what "over" is elsewhere.
_MIRRORED = {"over": "under", "at_least": "at_most", "under": "over", "at_most": "at_least"}


def explain_verdict(verdict: Verdict, catalog: Catalog, language: Language) -> str:
    """Return one sentence that puts what is printed beside what it comes to."""
    stated = [format_figure(one, catalog, language) for one in _list_stated(verdict)]
    values = [_middle(one, _count_shown_decimals(verdict)) for one in verdict.computed]
    computed = [format_number(one, language) for one in values]
    if verdict.kind == "difference":
        computed = [format_figure(replace(verdict.stated[0], value=values[0]), catalog, language)]
    return say(
        _choose_words(verdict),
        language,
        what=_name(verdict, catalog, language),
        stated=_join(stated, language),
        parts=_join([format_figure(one, catalog, language) for one in verdict.parts], language),
        computed=_join(computed, language),
        difference=format_number(abs((_list_stated(verdict)[0].value or Decimal(0)) - values[0]), language),
        places=", ".join(one.locator for one in verdict.stated),
    )


def _choose_words(verdict: Verdict) -> str:
    if verdict.holds:
        return "verdict_rounded"
    return "verdict_constant" if verdict.constant is not None else f"verdict_{verdict.kind}"


def _list_stated(verdict: Verdict) -> tuple[Observation, ...]:
    """Return what the parts are held against: printed figures, or the constant in the parts' own unit."""
    if verdict.constant is None:
        return verdict.stated
    return (replace(verdict.parts[0], value=verdict.constant, qualifier="exact"),)


def _count_shown_decimals(verdict: Verdict) -> int:
    """Sums and differences have the decimals of their figures, populations none, quotients one more."""
    decimals = max((count_decimals(one.value) for one in verdict.members if one.value is not None), default=0)
    if verdict.kind == "shared_base":
        return 0
    return decimals if verdict.kind in {"sum", "difference"} else decimals + 1


def _name(verdict: Verdict, catalog: Catalog, language: Language) -> str:
    first = verdict.members[0]
    if verdict.stated:
        return describe_observation(first, catalog, language)
    return catalog.packages[verdict.dataset].title.get(language)


def _middle(numbers: Range, decimals: int) -> Decimal:
    middle = (numbers.low + numbers.high) / 2
    exact = Decimal(middle.numerator) / Decimal(middle.denominator)
    return exact.quantize(Decimal(1).scaleb(-decimals))


def _join(items: list[str], language: Language) -> str:
    if len(items) < 2:
        return "".join(items)
    return f"{'; '.join(items[:-1])} {say('and', language)} {items[-1]}"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What may be said of a target: a code, the result that it was held against, and the words."""

    code: str
    actual: Observation | None
    words: str


class Results:
    """The results of a dataset, found by the target that may be held against them."""

    def __init__(self, rows: Iterable[Observation]) -> None:
        self._newest: dict[tuple[object, ...], Observation] = {}
        self._measures: set[str] = set()
        for one in rows:
            if one.status in _RESULTS and one.value is not None:
                self._measures.add(one.measure)
                known = self._newest.setdefault(_basis(one), one)
                if one.period.sort_key > known.period.sort_key:
                    self._newest[_basis(one)] = one

    def find(self, target: Observation) -> Observation | None:
        """Return the newest result of the same measure, basis, unit, area and dimensions."""
        return self._newest.get(_basis(target))

    def has_other_basis(self, target: Observation) -> bool:
        """Tell whether there is a result for the measure that stands on another basis and must not be joined to it."""
        return target.measure in self._measures


def _basis(one: Observation) -> tuple[object, ...]:
    return one.measure, one.transform, one.unit, one.area, one.dimensions


def explain_target(target: Observation, results: Results, catalog: Catalog, language: Language) -> Judgement:
    """Return the verdict on a target, the same wherever it is given."""
    actual = results.find(target)
    direction = catalog.records.get("measures", {}).get(target.measure, {}).get("direction", "")
    code = judge_target(target, actual, direction)
    other = code == "no_data" and results.has_other_basis(target)
    words = say("target_other_basis" if other else f"target_{code}", language)
    if actual and code in {"met", "not_met"}:
        words = f"{words}, {say('target_as_of', language, when=say_when(actual, language))}"
    if actual and code == PENDING:
        earlier = say(
            f"target_earlier_{_compare(target, actual, direction)}", language, when=say_when(actual, language)
        )
        words = f"{words} {say_when(target, language)}; {earlier}"
    return Judgement(code, actual, words)


def _comes_before(actual: Observation, target: Observation) -> bool:
    """Tell whether a result is older than the deadline of a target, which may still be met or missed by then."""
    ends = actual.period.end, target.period.end
    return ends[0] is not None and ends[1] is not None and ends[0] < ends[1]


def judge_target(target: Observation, actual: Observation | None, direction: str) -> str:
    """Return `met`, `not_met`, `pending`, `undecided` or `no_data`: only what figures and deadlines allow to say.

    A result that is older than the deadline decides nothing, whichever side of the target it is on: `pending`.
    """
    code = _compare(target, actual, direction)
    return PENDING if actual and code != "no_data" and _comes_before(actual, target) else code


def _compare(target: Observation, actual: Observation | None, direction: str) -> str:
    """Return `met`, `not_met`, `undecided` or `no_data`, whatever the deadline: what the bounds allow to say."""
    if actual is None or actual.value is None or target.value is None:
        return "no_data"
    upward = direction == "up" if direction in {"up", "down"} else target.qualifier not in {"at_most", "under"}
    strict = target.qualifier == ("over" if upward else "under")
    ahead = actual.value - target.value if upward else target.value - actual.value
    bound = actual.qualifier if upward else _MIRRORED.get(actual.qualifier, actual.qualifier)
    reached = ahead > 0 or (ahead == 0 and not strict)
    if bound in {"over", "at_least"}:  # the true result lies further ahead
        return "met" if reached or (ahead == 0 and bound == "over") else "undecided"
    if bound in {"under", "at_most"}:  # the true result lies further behind
        return "not_met" if not reached or (ahead == 0 and bound == "under") else "undecided"
    return "met" if reached else "not_met"

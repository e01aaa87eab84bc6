"""Provenance (rule 3): every figure stands in its document exactly where its row says, with the row's value."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from portal.data.finding import Finding, Place, make_finding
from portal.words.printed_number import PrintedNumberError, count_decimals, parse_printed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from portal.checks.source_text import SourceText
    from portal.data.observation import Observation
    from portal.data.register import Record
    from portal.words.printed_number import PrintedNumber

MISPRINT = "misprint"
DERIVED = "derived"
# Changes are printed without a sign ("giảm 1,1%"): the word before them gives it, or else the row.
_SIGNED = frozenset({"yoy_change_pct", "change_vs_plan_pct", "yoy_change_places"})
_DIRECTION = re.compile(r"\b(?:(tăng|vượt)|giảm|hụt)\s*\Z", re.IGNORECASE)
_PERCENT = re.compile(r" ?%")
_SCALE_WORD = re.compile(r"\s*(triệu|tỷ|nghìn|ngàn)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Claim:
    """An observation and the line of the data file that makes it."""

    observation: Observation
    place: Place


def check_provenance(
    claims: Iterable[Claim], texts: Mapping[str, SourceText], units: Mapping[str, Record]
) -> Iterator[Finding]:
    """Yield a finding for every claim that its document does not bear out; documents not given are passed over."""
    pairs: dict[tuple[str, str], list[Claim]] = defaultdict(list)
    for claim in claims:
        one = claim.observation
        text = texts.get(one.source)
        if text is None:
            continue
        fault = _check_place(claim, text) or _check_value(claim, text) or _check_unit(claim, text, units)
        if fault:
            yield fault
        elif "/" in one.as_stated and one.status != DERIVED:
            pairs[one.source, one.locator].append(claim)
    for group in pairs.values():
        yield from _check_pair(group)


def _check_place(claim: Claim, text: SourceText) -> Finding | None:
    one = claim.observation
    found = text.read(one.locator, len(one.as_stated))
    if found != one.as_stated:
        return make_finding(
            "locator-mismatch", claim.place, source=one.source, locator=one.locator, found=found, expected=one.as_stated
        )
    before, behind = text.read_around(one.locator, len(one.as_stated))
    if one.as_stated[:1].isdigit() and (_goes_on(before[::-1]) or _goes_on(behind) or _lacks_percent(one, behind)):
        return make_finding("figure-cut", claim.place, source=one.source, locator=one.locator, as_stated=one.as_stated)
    return None


def _goes_on(text: str) -> bool:
    """Tell whether the characters next to a figure, nearest first, belong to it."""
    return text[:1].isdigit() or (text[:1] in {".", ",", "/"} and text[1:2].isdigit())


def _lacks_percent(one: Observation, behind: str) -> bool:
    return not one.as_stated.endswith("%") and _PERCENT.match(behind) is not None


def _check_value(claim: Claim, text: SourceText) -> Finding | None:
    one = claim.observation
    before, _ = text.read_around(one.locator, len(one.as_stated))
    if fault := check_print(one, claim.place, before):
        return fault
    # With the document at hand a misprint must be one.
    if MISPRINT in one.flags and one.status != DERIVED and _agrees(one, before):
        return make_finding("flag-without-cause", claim.place, flag=MISPRINT)
    return None


def check_print(one: Observation, place: Place, before: str = "") -> Finding | None:
    """Return what is wrong with a value by its own print; `before` is what the document says right before it."""
    if one.status == DERIVED or MISPRINT in one.flags or _agrees(one, before):
        return None
    try:
        expected = _expect(one, parse_printed(one.as_stated), before)
    except PrintedNumberError:
        return make_finding("print-unreadable", place, as_stated=one.as_stated)
    shown = "–" if one.value is None else one.value
    wanted = " / ".join(map(str, expected))
    return make_finding("value-mismatch", place, value=shown, as_stated=one.as_stated, expected=wanted)


def check_own_print(claim: Claim) -> Finding | None:
    """Return what is wrong with a value by its own print alone, without the document.

    A row without a value may own a print that is no number: only the document tells whether it stands there so.
    """
    fault = check_print(claim.observation, claim.place)
    missing = claim.observation.value is None and fault is not None and fault.code == "print-unreadable"
    return None if missing else fault


def _agrees(one: Observation, before: str) -> bool:
    try:
        expected = _expect(one, parse_printed(one.as_stated), before)
    except PrintedNumberError:
        return False
    # A value with more or fewer decimals than its print would claim another precision.
    return any(one.value == value and count_decimals(one.value) == count_decimals(value) for value in expected)


def _expect(one: Observation, printed: PrintedNumber, before: str) -> tuple[Decimal, ...]:
    """Return the values that a print allows; a change falls or grows as the word right before it says."""
    if one.transform not in _SIGNED:
        return printed.values
    word = _DIRECTION.search(before)
    falls = word[1] is None if word else one.value is not None and one.value < 0
    return tuple(value.copy_negate() if falls else value for value in printed.values)


def _check_unit(claim: Claim, text: SourceText, units: Mapping[str, Record]) -> Finding | None:
    """A percent sign and a scale word behind the figure must be the unit's, and the unit's must be there."""
    one = claim.observation
    if one.status == DERIVED:
        return None
    _, behind = text.read_around(one.locator, len(one.as_stated))
    percent = one.as_stated.endswith("%")
    match = _SCALE_WORD.match(behind)
    word = match[1].casefold() if match else ""
    expected = units.get(one.unit, {}).get("scale_word", "")
    wants_percent = units.get(one.unit, {}).get("symbol", "") == "%"
    if percent != wants_percent or word != expected:
        return make_finding("unit-mismatch", claim.place, unit=one.unit, found="%" if percent else word or "–")
    return None


def _check_pair(group: list[Claim]) -> Iterator[Finding]:
    """`103/117` states two figures: both must be published, each once; a misprint may leave one unread."""
    if any(MISPRINT in claim.observation.flags for claim in group):
        return
    one = group[0].observation
    printed = sorted(parse_printed(one.as_stated).values)
    published = sorted(claim.observation.value or Decimal(0) for claim in group)
    if published != printed:
        shown = ", ".join(map(str, published))
        yield make_finding("pair-incomplete", group[0].place, as_stated=one.as_stated, published=shown)

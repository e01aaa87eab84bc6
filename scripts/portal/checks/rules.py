"""Our rules beside frictionless (data-model.md §4), each a pure function from rows to findings.

Rules 6 and 7 stand in `source_file`, before any row is typed; rules 3 to 5 look across packages and stand in
`provenance`, `coverage` and `consistency`; rule 8 is kept by `chart`. RULES_NEEDING_TEXTS did not run where the source
texts are not at hand, and a report says so.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from portal.checks.format_limits import is_exact
from portal.data.finding import Finding, make_finding
from portal.data.package import NO_DESCRIPTION
from portal.words.period import PeriodError, parse_period

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from portal.data.finding import Place
    from portal.data.package import Field, Package, Resource
    from portal.data.table import Cell, Row
    from portal.words.text import Text

RULES_NEEDING_TEXTS = (3, 4)
_MOST_SUGGESTED = 12
_SHOWN_CHARACTERS = 80
# Columns that name the rows of a code list.
CODE_COLUMNS = ("code", "id")
# Codes become folders, addresses and names within pages: nothing that another folder or a query could be read from.
CODE_PATTERN = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}"
_SAFE_CODE = re.compile(rf"{CODE_PATTERN}\Z")
LOCATOR_PATTERN = r"[1-9][0-9]*:[1-9][0-9]*"
_LOCATOR = re.compile(rf"{LOCATOR_PATTERN}\Z")


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule needs beside its row: the codes of every reference package, and the day of the check."""

    codes: Mapping[str, frozenset[str]]
    today: date


def check_descriptor(package: Package, context: Context, place: Place) -> Iterator[Finding]:
    """Yield what the descriptor alone shows: unknown theme or code list, no English, nothing described."""
    themes = context.codes.get("themes", frozenset())
    if package.theme and package.theme not in themes:
        yield make_finding("unknown-theme", place, code=package.theme, hint=suggest_codes(package.theme, themes))
    if not package.title.en:
        yield make_finding("english-missing", place)
    if _is_placeholder(package.description):
        yield make_finding("placeholder-text", place, where="description")
    for resource in package.resources:
        for column in resource.fields:
            if _is_placeholder(column.description):
                yield make_finding("placeholder-text", place, where=f"{column.name}: description")
            if column.code_list and column.code_list not in context.codes:
                yield make_finding("code-list-missing", place, field=column.name, code_list=column.code_list)


def _is_placeholder(text: Text) -> bool:
    return text.vi == NO_DESCRIPTION.vi or text.en == NO_DESCRIPTION.en


def check_row(package: Package, resource: Resource, row: Row, context: Context, place: Place) -> Iterator[Finding]:
    """Yield findings about one typed row: rules 1 and 2, numbers that cannot be kept, locators."""
    for position, cell in enumerate(row.cells, start=1):
        yield from check_cell(package, resource, cell, context, place.at(place.line, position))
    if package.kind == "indicator":
        names = ("period", "status", "locator")
        period, status, locator = (row.cells[resource.field_index(name)] for name in names)
        period_place, _, locator_place = (place.at(place.line, resource.field_index(name) + 1) for name in names)
        yield from check_period(period, status, context, period_place)
        yield from check_locator(locator, locator_place)


def check_cell(package: Package, resource: Resource, cell: Cell, context: Context, place: Place) -> Iterator[Finding]:
    """Yield findings about one typed cell, that of the column of its place."""
    column = resource.fields[place.column - 1]
    if cell is None and column.name in resource.primary_key and not column.required:
        note = f"{column.name}: trống / empty"
        yield make_finding("primary-key", place, key=", ".join(resource.primary_key), note=note)
    if place.column == 1 and names_rows(package, resource) and isinstance(cell, str) and not _SAFE_CODE.match(cell):
        yield make_finding("code-unsafe", place, code=cell[:_SHOWN_CHARACTERS])
    if column.code_list and cell is not None:
        yield from _check_codes(column, cell, context, place)
    if isinstance(cell, Decimal | int):
        yield from _check_number(column, cell, place)


def names_rows(package: Package, resource: Resource) -> bool:
    """Tell whether the first column of a resource holds the codes of a list, which become addresses."""
    return package.kind == "reference" and resource is package.main and resource.fields[0].name in CODE_COLUMNS


def _check_codes(column: Field, cell: Cell, context: Context, place: Place) -> Iterator[Finding]:
    """Rule 1: every code exists in its reference package."""
    known = context.codes.get(column.code_list)
    if known is None:
        return
    for code in str(cell).split(column.separator) if column.separator else [str(cell)]:
        if code not in known:
            hint = suggest_codes(code, known)
            yield make_finding(
                "unknown-code", place, field=column.name, code=code, code_list=column.code_list, hint=hint
            )


def _check_number(column: Field, cell: Decimal | int, place: Place) -> Iterator[Finding]:
    """Yield a finding where SQLite, JSON or a spreadsheet would show another number than the file."""
    if isinstance(cell, Decimal) and not cell.is_finite():
        yield make_finding("number-not-finite", place, field=column.name, cell=cell)
    elif not is_exact(cell):
        yield make_finding("number-not-exact", place, field=column.name, cell=str(cell)[:_SHOWN_CHARACTERS])


def check_period(period: Cell, status: Cell, context: Context, place: Place) -> Iterator[Finding]:
    """Rule 2: a period parses, does not end before it starts, and is not in the future unless a target's."""
    if not isinstance(period, str):
        return
    try:
        start = parse_period(period).start
    except PeriodError:
        yield make_finding("period-invalid", place, period=period)
    else:
        if start > context.today and status != "target":
            yield make_finding("period-future", place, period=period, status=status)


def check_locator(locator: Cell, place: Place) -> Iterator[Finding]:
    """Yield a finding unless a locator is `line:column`."""
    if isinstance(locator, str) and not _LOCATOR.match(locator):
        yield make_finding("locator-invalid", place, locator=locator)


def suggest_codes(code: str, known: frozenset[str]) -> str:
    """Return the codes that look like one that is unknown, or else the first of all that are known."""
    codes = sorted(known)
    near = difflib.get_close_matches(code, codes, n=3)
    return ", ".join(near or [*codes[:_MOST_SUGGESTED], *(["…"] if codes[_MOST_SUGGESTED:] else [])]) or "–"

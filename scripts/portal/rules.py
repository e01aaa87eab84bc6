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

from portal.finding import Finding, make_finding
from portal.format_limits import is_exact
from portal.period import PeriodError, parse_period

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from portal.finding import Place
    from portal.package import Field, Package, Resource
    from portal.table import Cell, Row

RULES_NEEDING_TEXTS = (3, 4)
_SHOWN_CHARACTERS = 80
# Columns that name the rows of a code list.
CODE_COLUMNS = ("code", "id")
# Codes become folders, addresses and names within pages: nothing that another folder or a query could be read from.
_SAFE_CODE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\Z")
_LOCATOR = re.compile(r"[1-9][0-9]*:[1-9][0-9]*\Z")


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule needs beside its row: the codes of every reference package, and the day of the check."""

    codes: Mapping[str, frozenset[str]]
    today: date


def check_descriptor(package: Package, context: Context, place: Place) -> Iterator[Finding]:
    """Yield what the descriptor alone shows: unknown theme or code list, no English."""
    themes = context.codes.get("themes", frozenset())
    if package.theme and package.theme not in themes:
        yield make_finding("unknown-theme", place, code=package.theme, hint=_similar(package.theme, themes))
    if not package.title.en:
        yield make_finding("english-missing", place)
    for resource in package.resources:
        for column in resource.fields:
            if column.code_list and column.code_list not in context.codes:
                yield make_finding("code-list-missing", place, field=column.name, code_list=column.code_list)


def check_row(package: Package, resource: Resource, row: Row, context: Context, place: Place) -> Iterator[Finding]:
    """Yield findings about one typed row: rules 1 and 2, numbers that cannot be kept, locators."""
    for position, (column, cell) in enumerate(zip(resource.fields, row.cells, strict=True), start=1):
        where = place.at(place.line, position)
        if cell is None and column.name in resource.primary_key and not column.required:
            note = f"{column.name}: trống / empty"
            yield make_finding("primary-key", where, key=", ".join(resource.primary_key), note=note)
        if position == 1 and _names_rows(package, resource) and isinstance(cell, str) and not _SAFE_CODE.match(cell):
            yield make_finding("code-unsafe", where, code=cell[:_SHOWN_CHARACTERS])
        if column.code_list and cell is not None:
            yield from _check_codes(column, cell, context, where)
        if isinstance(cell, Decimal | int):
            yield from _check_number(column, cell, where)
    if package.kind == "indicator":
        yield from _check_observation(resource, row, context, place)


def _names_rows(package: Package, resource: Resource) -> bool:
    return package.kind == "reference" and resource is package.main and resource.fields[0].name in CODE_COLUMNS


def _check_codes(column: Field, cell: Cell, context: Context, place: Place) -> Iterator[Finding]:
    """Rule 1: every code exists in its reference package."""
    known = context.codes.get(column.code_list)
    if known is None:
        return
    for code in str(cell).split(column.separator) if column.separator else [str(cell)]:
        if code not in known:
            hint = _similar(code, known)
            yield make_finding(
                "unknown-code", place, field=column.name, code=code, code_list=column.code_list, hint=hint
            )


def _check_number(column: Field, cell: Decimal | int, place: Place) -> Iterator[Finding]:
    """Yield a finding where SQLite, JSON or a spreadsheet would show another number than the file."""
    if isinstance(cell, Decimal) and not cell.is_finite():
        yield make_finding("number-not-finite", place, field=column.name, cell=cell)
    elif not is_exact(cell):
        yield make_finding("number-not-exact", place, field=column.name, cell=str(cell)[:_SHOWN_CHARACTERS])


def _check_observation(resource: Resource, row: Row, context: Context, place: Place) -> Iterator[Finding]:
    """Rule 2: periods parse, do not end before they start, and are not in the future unless a target."""
    names = ("period", "status", "locator")
    period, status, locator = (row.cells[resource.field_index(name)] for name in names)
    period_place, _, locator_place = (place.at(place.line, resource.field_index(name) + 1) for name in names)
    if isinstance(period, str):
        try:
            start = parse_period(period).start
        except PeriodError:
            yield make_finding("period-invalid", period_place, period=period)
        else:
            if start > context.today and status != "target":
                yield make_finding("period-future", period_place, period=period, status=status)
    if isinstance(locator, str) and not _LOCATOR.match(locator):
        yield make_finding("locator-invalid", locator_place, locator=locator)


def _similar(code: str, known: frozenset[str]) -> str:
    return ", ".join(difflib.get_close_matches(code, sorted(known), n=3)) or "–"

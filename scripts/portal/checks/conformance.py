"""Conformance: what frictionless says of a package, worded as findings with line, cure and both languages."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from frictionless import FrictionlessException

from portal.data.finding import Finding, Place, make_finding, read_catalog
from portal.data.table import open_with_frictionless, read_raw_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portal.data.package import Package, Resource

MAX_ERRORS = 1000


def check_conformance(package: Package) -> Iterator[Finding]:
    """Yield a finding for every error that frictionless reports; none means that the package conforms.

    Precondition: paths, encoding and quoting of all its files were checked (`source_file`).
    """
    place = Place(package.name, package.label)
    try:
        report = open_with_frictionless(package).validate(limit_errors=MAX_ERRORS)
    except FrictionlessException as error:
        for item in error.reasons or [error.error]:
            yield make_finding("frictionless", place, type=item.type, note=item.note)
        return
    except (ArithmeticError, TypeError, ValueError, re.error) as error:
        # frictionless takes the descriptor's word that a pattern is one and that a bound can be compared.
        yield make_finding("frictionless", place, type="schema-error", note=error)
        return
    for item in report.errors:
        yield make_finding("frictionless", place, type=item.type, note=item.note)
    for task in report.tasks:
        resource = next(one for one in package.resources if one.name == task.name)
        yield from _word_task(task.errors, package, resource)


def _word_task(errors: list[Any], package: Package, resource: Resource) -> Iterator[Finding]:
    place = Place(package.name, package.label_of(resource))
    wording = _Wording(resource, place)
    blank = {error.row_number for error in errors if error.type == "blank-row"}
    for error in errors:
        if error.type == "primary-key" and error.row_number in blank:
            continue  # the blank row itself is the fault
        yield wording.word(error)
    if len(errors) >= MAX_ERRORS:
        yield make_finding("too-many-errors", place, limit=MAX_ERRORS)


class _Wording:
    """Words the errors of one file; knows on which line each row starts."""

    def __init__(self, resource: Resource, place: Place) -> None:
        self.resource = resource
        self.place = place
        self.fields = ",".join(column.name for column in resource.fields)

    @cached_property
    def lines(self) -> list[int]:
        return [row.line for row in read_raw_rows(self.resource)]

    def word(self, error: Any) -> Finding:
        row: int = getattr(error, "row_number", 0) or 0
        position: int = getattr(error, "field_number", 0) or 0
        line = self.lines[row - 1] if 0 < row <= len(self.lines) else 1
        where = self.place.at(line, position)
        details = {
            "field": getattr(error, "field_name", "") or "",
            "label": getattr(error, "label", "") or "",
            "cell": str(getattr(error, "cell", "") or "")[:80],
            "position": position,
            "fields": self.fields,
            "type": self._type_of(getattr(error, "field_name", "")),
            "key": ", ".join(self.resource.primary_key),
            "note": error.note,
        }
        if error.type in read_catalog():
            return make_finding(error.type, where, **details)
        return make_finding("frictionless", where, type=error.type, note=error.note or error.message)

    def _type_of(self, name: str) -> str:
        return next((column.type for column in self.resource.fields if column.name == name), "")

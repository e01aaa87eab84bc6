"""Agreement: whether all published forms of a table say what the package says, cell by cell.

Every form is read back by a program that did not write it (`reread`), all of them in step with the package, so that the
package is read once and memory does not grow with the table. Texts are held against the file of the package as Apache
Arrow reads it, typed cells against a reading of it that no writer shares (`reread_source`). The first difference of
each form is a finding, and any finding stops the release.
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING

from portal.data.finding import Place, make_finding
from portal.proofs.form import DATABASE, OBSERVATIONS, READER_FAULTS, TABLE, ZIP, Form, find_form
from portal.proofs.reread import NUMERIC, Cells, FormError, batch_rows, read_typed
from portal.proofs.reread_database import read_observations_table, read_table
from portal.proofs.reread_text import (
    find_strange_members,
    read_source,
    read_zipped_csv,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from portal.data.finding import Finding
    from portal.data.package import Package, Resource
    from portal.data.table import Row, Table

_SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Comparison:
    """One form of one table, read back whole and found to agree: rows below the header, and their cells."""

    dataset: str
    form: str
    file: str
    reader: str
    rows: int
    cells: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A form of a table that was not compared, and how many rows the table has."""

    dataset: str
    table: str
    form: str
    rows: int


@dataclass(frozen=True, slots=True)
class FormCount:
    """What was compared of one form: how many tables, rows and cells, and by which reader."""

    form: str
    reader: str
    tables: int
    rows: int
    cells: int


@dataclass(frozen=True, slots=True)
class Proof:
    """What comparing came to: the forms that agree, a finding for each that does not, and what was not compared."""

    comparisons: tuple[Comparison, ...] = ()
    findings: tuple[Finding, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def __add__(self, other: Proof) -> Proof:
        return join_proofs([self, other])

    def count_forms(self) -> list[FormCount]:
        """Return what was compared of each form, in the order in which the forms were first met."""
        members: dict[tuple[str, str], list[Comparison]] = {}
        for one in self.comparisons:
            members.setdefault((one.form, one.reader), []).append(one)
        return [
            FormCount(form, reader, len(every), sum(one.rows for one in every), sum(one.cells for one in every))
            for (form, reader), every in members.items()
        ]


def join_proofs(proofs: Iterable[Proof]) -> Proof:
    """Return one proof of all that some proofs say, in their order."""
    every = list(proofs)
    return Proof(
        tuple(one for proof in every for one in proof.comparisons),
        tuple(one for proof in every for one in proof.findings),
        tuple(one for proof in every for one in proof.left_out),
    )


@dataclass(slots=True)
class Reading:
    """One form being read back, in step with the package; `file` is how messages name it."""

    form: Form
    file: str
    rows: Iterator[Cells]
    count: int = 0
    fault: Finding | None = field(default=None)


def compare_package(
    package: Package, tables: Mapping[str, Table], folder: Path, files: Sequence[str], database: sqlite3.Connection
) -> Proof:
    """Compare the forms of a package: those of its `files`, which lie in `folder`, and its tables in the database."""
    proof = _compare_archive(package, folder, files)
    for resource in package.resources:
        readings = [*_open_files(package, resource, folder, files), *_open_tables(package, resource, database)]
        proof += compare_table(package, resource, tables[resource.name], readings)
    return proof


def _open_files(package: Package, resource: Resource, folder: Path, names: Sequence[str]) -> Iterator[Reading]:
    for name in names:
        if found := find_form(folder / name, resource):
            form, read = found
            yield Reading(form, f"data/{package.name}/{name}", read(folder / name, resource))
    if (archive := f"{package.name}.zip") in names:
        rows = read_zipped_csv(folder / archive, f"{resource.name}.csv", len(resource.fields))
        yield Reading(ZIP, f"data/{package.name}/{archive}", rows)


def _open_tables(package: Package, resource: Resource, database: sqlite3.Connection) -> Iterator[Reading]:
    yield Reading(TABLE, DATABASE, read_table(database, resource.name, resource.fields))
    if package.kind == "indicator" and resource is package.main:
        yield Reading(OBSERVATIONS, DATABASE, read_observations_table(database, package.name, resource.fields))


def _compare_archive(package: Package, folder: Path, files: Sequence[str]) -> Proof:
    name = f"{package.name}.zip"
    return compare_archive(package.name, folder / name, f"data/{package.name}/{name}") if name in files else Proof()


def compare_archive(dataset: str, path: Path, file: str) -> Proof:
    """Hold every member of an archive against the published file of its name; `file` is how messages name it."""
    place = Place(dataset, file)
    try:
        strange = find_strange_members(path)
    except READER_FAULTS as error:
        return Proof(findings=(word_fault(place, ZIP, error),))
    return Proof(findings=tuple(make_finding("form-member", place, member=one) for one in strange))


# --- comparing --------------------------------------------------------------------------------------------------------


def compare_table(
    package: Package,
    resource: Resource,
    rows: Iterable[Row],
    readings: Sequence[Reading],
    first: int | None = None,
) -> Proof:
    """Read all forms of one table in step with its typed `rows`; a form is left at its first difference.

    `first` is how many rows the forms have where they do not have all.
    """
    texts = read_source(resource.file, len(resource.fields))
    numeric = [place for place, one in enumerate(resource.fields) if one.type in NUMERIC]
    count = 0
    for typed in batch_rows(read_typed((row.cells for row in islice(rows, first)), resource.fields)):
        text = list(islice(texts, len(typed)))
        if len(text) < len(typed):
            return _word_source(package, resource, count + len(text) + 1)
        expected = {"typed": typed, "text": text, "numbers": _mix(text, typed, numeric)}
        for one in readings:
            if not one.fault:
                _compare_batch(package, resource, one, expected[one.form.basis])
        count += len(typed)
    if first is None and next(texts, None) is not None:
        return _word_source(package, resource, count + 1)
    for one in readings:
        if not one.fault:
            _compare_end(package, one)
    agreed = (one for one in readings if not one.fault)
    return Proof(
        tuple(
            Comparison(
                package.name, one.form.name, one.file, one.form.reader, count - 1, (count - 1) * len(resource.fields)
            )
            for one in agreed
        ),
        tuple(one.fault for one in readings if one.fault),
    )


def _word_source(package: Package, resource: Resource, row: int) -> Proof:
    """Return the finding of a package that Arrow and frictionless read differently: no form could agree with both."""
    place = Place(package.name, package.label_of(resource), row)
    return Proof(findings=(make_finding("form-source", place, row=row),))


def _mix(texts: Sequence[Cells], typed: Sequence[Cells], numeric: Sequence[int]) -> list[Cells]:
    """Return the rows as text, but for numbers that are there."""
    if not numeric:
        return list(texts)
    mixed = []
    for text, row in zip(texts, typed, strict=True):
        cells = list(text)
        for place in numeric:
            if isinstance(row[place], int | Decimal):
                cells[place] = row[place]
        mixed.append(tuple(cells))
    return mixed


def _compare_batch(package: Package, resource: Resource, reading: Reading, expected: Sequence[Cells]) -> None:
    """Read as many rows as are expected; note the first difference, or why they cannot be read."""
    place = Place(package.name, reading.file)
    try:
        found = list(islice(reading.rows, len(expected)))
    except READER_FAULTS as error:
        reading.fault = word_fault(place, reading.form, error)
        return
    if found != expected:
        at = next(
            (at for at, (one, other) in enumerate(zip(expected, found, strict=False)) if one != other), len(found)
        )
        where = place.at(reading.count + at + 1)
        if at < len(found):
            reading.fault = _word_difference(where, resource, reading.form, expected[at], found[at])
        else:
            reading.fault = make_finding("form-row-missing", where, form=reading.form.name, row=where.line)
    reading.count += len(expected)


def _compare_end(package: Package, reading: Reading) -> None:
    place = Place(package.name, reading.file)
    try:
        extra = next(reading.rows, None)
    except READER_FAULTS as error:
        reading.fault = word_fault(place, reading.form, error)
        return
    if extra is not None:
        where = place.at(reading.count + 1)
        reading.fault = make_finding("form-row-extra", where, form=reading.form.name, row=where.line)


def _word_difference(place: Place, resource: Resource, form: Form, expected: Cells, found: Cells) -> Finding:
    """Return the finding of the first cell that differs; a row too short or too long differs where it ends."""
    names = [one.name for one in resource.fields]
    at = next((at for at, pair in enumerate(zip(expected, found, strict=False)) if pair[0] != pair[1]), None)
    if at is None:
        at = min(len(expected), len(found))
    cells = (row[at] if at < len(row) else None for row in (expected, found))
    column = names[at] if at < len(names) else str(at + 1)
    return word_cells(place.at(place.line, at + 1), form, column, *cells)


def word_cells(place: Place, form: Form, column: str, expected: object, found: object) -> Finding:
    """Return the finding of two cells that should be one; texts that look alike are shown in ASCII."""
    ascii_only = unicodedata.normalize("NFC", str(expected)) == unicodedata.normalize("NFC", str(found))
    return make_finding(
        "form-differs",
        place,
        form=form.name,
        reader=form.reader,
        row=place.line,
        column=column,
        expected=_show(expected, ascii_only=ascii_only),
        found=_show(found, ascii_only=ascii_only),
    )


def _show(cell: object, *, ascii_only: bool) -> str:
    """Return a cell for a message: text in quotes, an empty one as `null`."""
    shown = json.dumps(cell, ensure_ascii=ascii_only) if isinstance(cell, str | bool | None) else str(cell)
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}…"


def word_fault(place: Place, form: Form, error: Exception) -> Finding:
    """Return the finding of a form that cannot be read back."""
    reason = str(error) if isinstance(error, FormError) else f"{type(error).__name__}: {error}"
    return make_finding(
        "form-unreadable", place, form=form.name, reader=form.reader, reason=" ".join(reason.split())[:300]
    )

"""Files of a package before anything reads them as tables: links, size, encoding, quoting, dangerous text.

Rules 6 (text that a spreadsheet would run) and 7 (paths stay inside) of data-model.md §4; what a path's words alone
show of rule 7 is found in `profile`, which knows line and column.
"""

from __future__ import annotations

import csv
import os
import re
import stat
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from portal.data.encoding import decode_text, is_nfc
from portal.data.finding import Finding, Place, make_finding
from portal.data.table import MAX_CELL_CHARACTERS, read_raw_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from portal.data.package import Field, Package, Resource
    from portal.data.table import RawRow

MAX_FILE_BYTES = 2_000_000_000
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# Python reads `1_000`, `sNaN` and digits of other scripts as numbers; spreadsheets, databases and JSON do not.
_NUMBER_READERS: Mapping[str, Callable[[str], object]] = {"number": Decimal, "integer": int, "year": int}
_STRANGE_DIGITS = re.compile(r"_|(?![0-9])\d|snan", re.IGNORECASE)
_LINE_END = re.compile(r"\r\n|\r|\n")
# Also the byte order mark, which inside a file is an invisible part of a name or a code.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")


def check_files(package: Package) -> Iterator[Finding]:
    """Yield findings about the files of a package, so that later checks can read them safely."""
    for resource in package.resources:
        place = Place(package.name, package.label_of(resource))
        faults = list(check_path(package, resource))
        yield from faults or _check_content(resource, place)


def check_path(package: Package, resource: Resource) -> Iterator[Finding]:
    """Rule 7: yield a finding unless the path names a bounded, existing file inside the package's folder."""
    place = Place(package.name, package.label)
    try:
        if not _is_inside(resource.file, package.folder):
            yield make_finding("path-link-out", place, path=resource.path)
        elif not resource.file.is_file():
            yield make_finding("file-missing", place, path=resource.path)
        elif (size := resource.file.stat().st_size) > MAX_FILE_BYTES:
            yield make_finding("file-too-large", place, size=size, limit=MAX_FILE_BYTES)
    except (OSError, ValueError) as error:  # a name that no file system takes
        yield make_finding("file-unreadable", place, reason=getattr(error, "strerror", None) or error)


def _is_inside(file: Path, folder: Path) -> bool:
    """Tell whether a file lies in a folder, wherever links lead; one that stands there and is no link does.

    Raises OSError or ValueError for a name that no file system takes.
    """
    if file.parent == folder and not _is_link(file):
        return True
    # os.path.realpath follows even links that form a circle without raising, unlike Path.resolve before 3.13.
    return Path(os.path.realpath(file)).is_relative_to(os.path.realpath(folder))


def _is_link(file: Path) -> bool:
    try:
        return stat.S_ISLNK(file.lstat().st_mode)
    except FileNotFoundError:
        return False


def _check_content(resource: Resource, place: Place) -> Iterator[Finding]:
    line = 1
    try:
        for row in read_raw_rows(resource):
            if row.line == 1 and (faults := _check_header(row, resource, place.at(1))):
                yield from faults
                return
            yield from _check_cells(row, resource, place.at(row.line))
            line = row.line + 1 + sum(len(_LINE_END.findall(cell)) for cell in row.cells)
    except UnicodeDecodeError:
        # The whole file is decoded again to name the exact byte and the likely encoding.
        decoded = decode_text(resource.file.read_bytes(), place)
        if isinstance(decoded, Finding):
            yield decoded
    except csv.Error as error:
        yield make_finding("csv-quotes", place.at(line), reason=error)
    except OSError as error:
        yield make_finding("file-unreadable", place, reason=error.strerror)


def _check_header(header: RawRow, resource: Resource, place: Place) -> list[Finding]:
    """Return the faults of the header that make any further reading pointless."""
    if not header.cells:
        return [make_finding("blank-header", place, fields=_list_fields(resource))]
    if any("\0" in cell for cell in header.cells):
        decoded = decode_text(resource.file.read_bytes(), place)
        return [decoded] if isinstance(decoded, Finding) else []
    return [*_check_delimiter(header, resource, place), *_check_spaces(header, resource, place)]


def _check_delimiter(header: RawRow, resource: Resource, place: Place) -> Iterator[Finding]:
    if len(header.cells) == 1 < len(resource.fields):
        for found, name in ((";", ";"), ("\t", "tab"), ("|", "|")):
            if header.cells[0].count(found) >= len(resource.fields) // 2:
                yield make_finding("csv-delimiter", place, found=name)


def _check_spaces(header: RawRow, resource: Resource, place: Place) -> Iterator[Finding]:
    """Yield names with spaces around them: frictionless takes no offence, other readers of the file do."""
    for position, (column, label) in enumerate(zip(resource.fields, header.cells, strict=False), start=1):
        if label != column.name == label.strip():
            details = {"position": position, "label": label, "field": column.name, "fields": _list_fields(resource)}
            yield make_finding("incorrect-label", place.at(1, position), **details)


def _list_fields(resource: Resource) -> str:
    return ",".join(column.name for column in resource.fields)


def _check_cells(row: RawRow, resource: Resource, place: Place) -> Iterator[Finding]:
    for position, (column, cell) in enumerate(zip(resource.fields, row.cells, strict=False), start=1):
        yield from check_text(column, cell, place.at(place.line, position))


def check_text(column: Field, cell: str, place: Place) -> Iterator[Finding]:
    """Yield findings about one cell as it stands in the file; line 1 is the header."""
    if len(cell) > MAX_CELL_CHARACTERS:
        limit = MAX_CELL_CHARACTERS
        yield make_finding("cell-too-long", place, field=column.name, length=len(cell), limit=limit)
    if match := _CONTROL.search(cell):
        yield make_finding("control-character", place, field=column.name, code=f"{ord(match[0]):04X}")
    if column.type == "string" and cell.startswith(FORMULA_STARTS):
        start, shown = (part.replace("\t", "\\t").replace("\r", "\\r") for part in (cell[0], cell[:60]))
        yield make_finding("formula-text", place, field=column.name, start=start, cell=shown)
    if place.line > 1 and _STRANGE_DIGITS.search(cell) and _reads_as_number(cell, column.type):
        yield make_finding("type-error", place, field=column.name, cell=cell[:80], type=column.type)
    if not is_nfc(cell):
        yield make_finding("not-nfc", place, field=column.name)


def _reads_as_number(cell: str, kind: str) -> bool:
    """Tell whether Python, and so frictionless, would take the cell for a number; what it refuses it reports."""
    if kind not in _NUMBER_READERS:
        return False
    try:
        _NUMBER_READERS[kind](cell.strip())
    except (ArithmeticError, ValueError):
        return False
    return True

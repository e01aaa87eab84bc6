"""Registers: the words that files carry beside the figures: units, codes, sources, from the reference packages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from portal.data.table import read_raw_rows
from portal.words.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portal.data.package import Package

# One row of a reference package: its cells by column, as texts.
Record = dict[str, str]
# By reference package, then by code: the cells of its row by column, as texts.
Registers = Mapping[str, Mapping[str, Mapping[str, str]]]


def read_registers(packages: Iterable[Package]) -> Registers:
    """Return the rows of every reference package by their first column, the code."""
    return {package.name: _read_register(package) for package in packages if package.kind == "reference"}


def _read_register(package: Package) -> dict[str, dict[str, str]]:
    names = [field.name for field in package.main.fields]
    rows = read_raw_rows(package.main)
    next(rows)  # the header
    return {row.cells[0]: dict(zip(names, row.cells, strict=True)) for row in rows}


def word_code(code_list: str, code: str, registers: Registers) -> Text:
    """Return the name of a code in both languages; nothing where its list does not know it."""
    record = registers.get(code_list, {}).get(code, {})
    return Text(
        record.get("name", "") or record.get("title", ""), record.get("name_en", "") or record.get("title_en", "")
    )


def word_unit(code: str, registers: Registers) -> Text:
    """Return the name of a unit, a code of the package `units`."""
    return word_code("units", code, registers)


def list_registers(package: Package) -> list[str]:
    """Return the names of the reference packages whose words the files of `package` carry, sorted."""
    coded = {field.code_list for resource in package.resources for field in resource.fields if field.code_list}
    return sorted({"sources", "units"} | coded)

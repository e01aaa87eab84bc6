"""Forms: in which ways a table is published, and which program reads each of them back.

No form is read by the library that wrote it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from zipfile import BadZipFile

import duckdb
from python_calamine import CalamineError

from portal.proofs.reread import Cells
from portal.proofs.reread_columns import read_excel, read_large_excel, read_parquet
from portal.proofs.reread_json import read_json, read_json_columns
from portal.proofs.reread_text import read_csv, read_excel_csv, read_sdmx

if TYPE_CHECKING:
    from pathlib import Path

    from portal.data.package import Resource

# What a form is held against: the exact text, the typed cells, or the text with typed numbers.
Basis = Literal["text", "typed", "numbers"]
# What readers say of a file that is not what it should be.
READER_FAULTS = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    sqlite3.Error,
    BadZipFile,
    EOFError,
    duckdb.Error,
    CalamineError,
)


@dataclass(frozen=True, slots=True)
class Form:
    """A form of tables: its name, the program that reads it back, and what it is held against."""

    name: str
    reader: str
    basis: Basis


FileReader = Callable[["Path", "Resource"], Iterator[Cells]]
# By what stands behind the name of the table in the name of a file.
FORMS: dict[str, tuple[Form, FileReader]] = {
    ".csv": (Form("CSV", "pyarrow", "text"), lambda path, one: read_csv(path, len(one.fields))),
    ".excel.csv": (Form("Excel CSV", "pyarrow", "numbers"), lambda path, one: read_excel_csv(path, one.fields)),
    ".sdmx.csv": (
        Form("SDMX-CSV", "pyarrow", "text"),
        lambda path, one: read_sdmx(path, [column.name for column in one.fields]),
    ),
    ".json": (Form("JSON", "json", "typed"), lambda path, one: read_json(path, one.fields)),
    ".columns.json": (Form("JSON columns", "json", "typed"), lambda path, one: read_json_columns(path, one.fields)),
    ".parquet": (Form("Parquet", "DuckDB", "typed"), lambda path, one: read_parquet(path, one.fields)),
    ".xlsx": (Form("XLSX", "calamine", "typed"), lambda path, one: read_excel(path, one.fields)),
}
# Of a larger workbook calamine takes more memory than a build may.
LARGE_EXCEL_BYTES = 2_000_000
LARGE_EXCEL: tuple[Form, FileReader] = (
    Form("XLSX", "expat", "typed"), lambda path, one: read_large_excel(path, one.fields),
)  # fmt: skip
ZIP = Form("ZIP", "zipfile, pyarrow", "text")
TABLE = Form("SQLite", "SQLite", "typed")
OBSERVATIONS = Form("SQLite (observations)", "SQLite", "typed")
DATABASE = "opendata.db"


def find_form(file: Path, resource: Resource) -> tuple[Form, FileReader] | None:
    """Return the form of a resource that a published file is, and its reader; nothing where it is none.

    Raises LookupError for a form of a table that nobody reads back.
    """
    stem, dot, suffix = file.name.partition(".")
    if stem != resource.name or f".{suffix}" in NO_TABLES:
        return None
    if suffix == "xlsx" and file.stat().st_size > LARGE_EXCEL_BYTES:
        return LARGE_EXCEL
    try:
        return FORMS[dot + suffix]
    except KeyError:
        raise LookupError(f"{file.name}: no reader in portal.form.FORMS") from None


# Files that say something of a table; they hold no cells of it.
NO_TABLES = frozenset({".zip", ".csv-metadata.json", ".bib", ".ris", ".xml"})

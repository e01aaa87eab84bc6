"""Data packages as frozen models: what the rest of the portal knows of a descriptor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from portal.words.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

# What a new package says until somebody describes it.
NO_DESCRIPTION = Text("Chưa có mô tả.", "No description yet.")
Kind = Literal["indicator", "reference", "table"]

# The columns that every indicator package has (data-model.md §1); any other column is a dimension.
INDICATOR_FIELDS = (
    "period", "area", "measure", "transform", "value", "unit", "status", "qualifier", "flags",
    "source", "locator", "as_stated", "note", "note_en",
)  # fmt: skip
# Tables that the portal adds to the database, the file that stands beside the tables of every package, and the folder
# that stands beside the packages' own; no package may take these names.
RESERVED_NAMES = frozenset({"datasets", "observations", "findings", "figures", "datapackage", "parquet"})
# SQLite keeps tables of its own beside a search table.
RESERVED_PREFIXES = ("sqlite_", "datasets_fts", "observations_fts")


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its Table Schema type, its words, and the code list that its values come from."""

    name: str
    type: str
    title: Text
    description: Text
    unit: str = ""
    code_list: str = ""
    rdf_type: str = ""
    separator: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    """One table: a CSV file inside its package's folder."""

    name: str
    path: str
    file: Path
    title: Text
    fields: tuple[Field, ...]
    primary_key: tuple[str, ...]
    descriptor: Mapping[str, Any] = field(repr=False, compare=False)

    def field_index(self, name: str) -> int:
        """Return the position of a column; raise KeyError where there is none."""
        for index, column in enumerate(self.fields):
            if column.name == name:
                return index
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class License:
    """A licence by its Open Definition identifier, with title and address."""

    name: str
    title: Text
    path: str = ""


@dataclass(frozen=True, slots=True)
class Headline:
    """Which rows of an indicator are its answer (a measure, a transform, fixed columns), and what they count.

    `subject` is worded for the middle of a sentence, without the help of the title: "doanh thu bưu chính".
    """

    measure: str
    transform: str
    where: tuple[tuple[str, str], ...] = ()
    subject: Text | None = None


@dataclass(frozen=True, slots=True)
class Package:
    """One data package: a dataset of the catalogue, or a code list behind it."""

    name: str
    kind: Kind
    title: Text
    description: Text
    caveat: Text
    version: str
    created: str
    theme: str
    frequency: str
    keywords: tuple[str, ...]
    licenses: tuple[License, ...]
    sources: tuple[str, ...]
    headline: Headline | None
    relations: tuple[Mapping[str, Any], ...]
    resources: tuple[Resource, ...]
    folder: Path
    label: str
    descriptor: Mapping[str, Any] = field(repr=False, compare=False)

    @property
    def main(self) -> Resource:
        """Return the first resource, whose name is the package's own."""
        return self.resources[0]

    @property
    def dimensions(self) -> tuple[Field, ...]:
        """Return the columns that split an indicator's observations; empty for other kinds."""
        if self.kind != "indicator":
            return ()
        return tuple(column for column in self.main.fields if column.name not in INDICATOR_FIELDS)

    def label_of(self, resource: Resource) -> str:
        """Return the path of a resource's file relative to the folder that was read."""
        return f"{self.label.rpartition('/')[0]}/{resource.path}".lstrip("/")

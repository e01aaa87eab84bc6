"""What the OpenAPI document says of tables and columns: descriptors' words, and those of `metadata.yml`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portal.words.text import summarise

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.data.package import Field
    from portal.figures.catalog import Catalog
    from portal.words.text import Language

_JOINT = " · "
_SUMMARY_CHARACTERS = 300


def say_own(words: Mapping[str, Any], name: str, language: Language) -> str:
    """Return a text of `metadata.yml`: its English twin, or one part of a text that holds both languages."""
    twin = words.get(f"{name}_en") if language == "en" else None
    return str(twin or part_text(str(words.get(name) or ""), language))


def part_text(text: str, language: Language) -> str:
    """Return one language of `Vi · En`."""
    parts = text.split(_JOINT)
    return parts[-1] if language == "en" else parts[0]


class TableWords:
    """Speaks one language about the tables of a catalogue."""

    def __init__(self, catalog: Catalog, language: Language) -> None:
        self._catalog = catalog
        self._language: Language = language
        self._fields: dict[str, dict[str, Field]] = {
            one.name: {field.name: field for field in one.fields}
            for package in catalog.packages.values()
            for one in package.resources
        }

    def title(self, table: str) -> str:
        """Return the title of a table."""
        if package := self._catalog.packages.get(table):
            return package.title.get(self._language)
        return say_own(self._own(table), "title", self._language) or table

    def describe(self, table: str) -> str:
        """Return what a table holds, in a few sentences; empty where nobody says."""
        if package := self._catalog.packages.get(table):
            return summarise(package.description.get(self._language), _SUMMARY_CHARACTERS)
        return say_own(self._own(table), "description", self._language)

    def column_title(self, table: str, column: str) -> str:
        """Return the title of a column; its name where nobody says."""
        if field := self._field(table, column):
            return field.title.get(self._language)
        return part_text(str(self._own(table).get("columns", {}).get(column) or column), self._language)

    def describe_column(self, table: str, column: str) -> str:
        """Return title and description of a column."""
        field = self._field(table, column)
        more = field.description.get(self._language) if field else ""
        title = self.column_title(table, column)
        return f"{title}. {more}" if more else title

    def is_boolean(self, table: str, column: str) -> bool:
        """Tell whether a file says true and false where the database has 1 and 0."""
        field = self._field(table, column)
        return field is not None and field.type == "boolean"

    def _field(self, table: str, column: str) -> Field | None:
        return self._fields.get(table, {}).get(column)

    def _own(self, table: str) -> Mapping[str, Any]:
        words: Mapping[str, Any] = self._catalog.settings.datasette.get("tables", {}).get(table, {})
        return words

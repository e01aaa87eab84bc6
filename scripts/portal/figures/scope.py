"""Scopes: which days, areas and documents a package is about; a code list is about the figures that it describes.

A dataset's scope are its own observations. That of a code list are the scopes of the packages whose columns name it,
that of the themes all datasets that have one, and a register with a column of documents is about those documents. What
has none of these, as a glossary, has no scope.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from portal.figures.extent import Extent, join_extents

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from portal.data.package import Package
    from portal.figures.catalog import Catalog

# The register of documents, and the code list that themes are, which descriptors name instead of columns.
_DOCUMENTS, _THEMES = "sources", "themes"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a package is about: days and areas, and the documents that say so, sorted."""

    extent: Extent
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Scopes:
    """The scopes of all packages of a catalogue; made from their abstracts, however many ask."""

    catalog: Catalog

    def find(self, package: Package) -> Scope:
        """Return the scope of a package; one without days, areas and documents where it has none."""
        return self._find(package.name, frozenset())

    def _find(self, name: str, seen: frozenset[str]) -> Scope:
        if name in self._of_datasets:
            return self._of_datasets[name]
        documents = [self._of_documents[one] for one in self._list_documents(name) if one in self._of_documents]
        users = (
            self._find(one, seen | {name}) for one in sorted(self._users.get(name, ())) if one not in seen | {name}
        )
        return self._join([*documents, *users])

    def _join(self, scopes: Iterable[Scope]) -> Scope:
        found = list(scopes)
        areas = self.catalog.records.get("areas", {})
        sources = {source for one in found for source in one.sources}
        return Scope(join_extents((one.extent for one in found), areas), tuple(sorted(sources)))

    def _list_documents(self, name: str) -> Iterator[str]:
        """Yield the documents that a register names in a column."""
        package = self.catalog.packages[name]
        columns = [one.name for one in package.main.fields if one.code_list == _DOCUMENTS]
        if package.kind == "reference" and columns:
            yield from {record[columns[0]] for record in self.catalog.records[name].values()}

    @cached_property
    def _users(self) -> Mapping[str, set[str]]:
        """Return the packages whose columns name a code list, by its name."""
        users: dict[str, set[str]] = {}
        for package in self.catalog.packages.values():
            for column in (column for resource in package.resources for column in resource.fields):
                users.setdefault(column.code_list, set()).add(package.name)
            if package.theme:
                users.setdefault(_THEMES, set()).add(package.name)
        return users

    @cached_property
    def _of_datasets(self) -> Mapping[str, Scope]:
        abstracts = {name: self.catalog.abstract(name) for name in self.catalog.observations}
        return {name: Scope(one.extent, tuple(one.sources)) for name, one in abstracts.items()}

    @cached_property
    def _of_documents(self) -> Mapping[str, Scope]:
        areas = self.catalog.records.get("areas", {})
        extents: dict[str, list[Extent]] = {}
        for dataset in self.catalog.observations:
            for source, extent in self.catalog.abstract(dataset).extents.items():
                extents.setdefault(source, []).append(extent)
        return {name: Scope(join_extents(extents[name], areas), (name,)) for name in sorted(extents)}

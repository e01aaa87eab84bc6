"""The catalogue: all packages with their observations and the words of their codes, ready to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from portal.checks.consistency import Evidence, judge_relation
from portal.data.observation import read_observations
from portal.words.text import Text, sort_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from portal.checks.consistency import Verdict
    from portal.data.finding import Finding
    from portal.data.observation import Observation
    from portal.data.package import Package
    from portal.data.settings import Settings
    from portal.data.table import Table
    from portal.files.distribution import Distribution
    from portal.sqlite.table_shape import TableShape

Record = dict[str, str]


@dataclass(frozen=True)
class Catalog:
    """Everything that pages are made from.

    `shapes` are the tables of the database, where one was written; `collections` the files of the whole catalogue,
    their names relative to `/data/`.
    """

    settings: Settings
    packages: Mapping[str, Package]
    tables: Mapping[str, Table]
    observations: Mapping[str, tuple[Observation, ...]]
    records: Mapping[str, Mapping[str, Record]]
    distributions: Mapping[str, Sequence[Distribution]]
    findings: Sequence[Finding]
    verdicts: Sequence[Verdict]
    shapes: Sequence[TableShape] = ()
    collections: Sequence[Distribution] = ()

    @cached_property
    def datasets(self) -> tuple[Package, ...]:
        """Return what visitors browse: every package but the code lists, sorted as a Vietnamese reader expects."""
        shown = [package for package in self.packages.values() if package.kind != "reference"]
        return tuple(sorted(shown, key=lambda package: sort_key(package.title.vi)))

    @cached_property
    def references(self) -> tuple[Package, ...]:
        """Return the code lists and registers, sorted by title."""
        shown = [package for package in self.packages.values() if package.kind == "reference"]
        return tuple(sorted(shown, key=lambda package: sort_key(package.title.vi)))

    @cached_property
    def themes(self) -> Mapping[str, tuple[Package, ...]]:
        """Return the datasets of each theme, sorted as all datasets are."""
        members: dict[str, list[Package]] = {}
        for package in self.datasets:
            members.setdefault(package.theme, []).append(package)
        return {theme: tuple(packages) for theme, packages in members.items()}

    def label(self, code_list: str, code: str) -> Text:
        """Return the name of a code in both languages; the code itself where its list does not know it."""
        record = self.records.get(code_list, {}).get(code)
        if not record:
            return Text(code)
        name = record.get("name") or record.get("title") or code
        return Text(name, record.get("name_en") or record.get("title_en") or "")

    def label_part(self, dataset: str, dimension: str, code: str) -> Text:
        """Return the name of a dimension's code, from the code list that the dimension's column names."""
        resource = self.packages[dataset].main
        return self.label(resource.fields[resource.field_index(dimension)].code_list, code)

    def word(self, code_list: str, code: str, column: str) -> Text:
        """Return another text of a code, such as a unit's symbol or a flag's description; empty where unknown."""
        record = self.records.get(code_list, {}).get(code, {})
        return Text(record.get(column, ""), record.get(f"{column}_en", ""))

    def row_count(self, package: Package) -> int:
        """Return how many rows the main table of a package has."""
        if package.name in self.observations:
            return len(self.observations[package.name])
        return self.tables[package.name].count

    def by_source(self, source: str) -> list[Observation]:
        """Return the observations of one document in the document's order."""
        return self._sources.get(source, [])

    @cached_property
    def _sources(self) -> Mapping[str, list[Observation]]:
        members: dict[str, list[Observation]] = {}
        for one in (one for rows in self.observations.values() for one in rows):
            members.setdefault(one.source, []).append(one)
        return {
            source: sorted(rows, key=lambda one: (one.position, one.dataset, one.id))
            for source, rows in members.items()
        }


def web_address(text: str) -> str:
    """Return `text` where it leads to the web; a descriptor may carry `javascript:` as the path of its licence."""
    return text if text.startswith(("https://", "http://")) else ""


def make_catalog(
    settings: Settings,
    packages: Sequence[Package],
    tables: Mapping[str, Table],
    distributions: Mapping[str, Sequence[Distribution]],
    findings: Sequence[Finding],
) -> Catalog:
    """Gather a Catalog from checked packages."""
    observations = {
        package.name: tuple(read_observations(package, tables[package.name]))
        for package in packages
        if package.kind == "indicator"
    }
    records = {
        package.name: _read_records(package, tables[package.name])
        for package in packages
        if package.kind == "reference"
    }
    evidence = Evidence(observations, records.get("units", {}))
    return Catalog(
        settings=settings,
        packages={package.name: package for package in packages},
        tables=tables,
        observations=observations,
        records=records,
        distributions=distributions,
        findings=findings,
        verdicts=[
            judge_relation(relation, package.name, evidence) for package in packages for relation in package.relations
        ],
    )


def read_rows_as_records(package: Package, table: Table) -> list[Record]:
    """Return every row of a table as texts by column name; for registers, which are small."""
    names = [column.name for column in package.main.fields]
    return [
        {name: "" if cell is None else str(cell) for name, cell in zip(names, row.cells, strict=True)} for row in table
    ]


def _read_records(package: Package, table: Table) -> dict[str, Record]:
    """Return the rows by their first column, the code."""
    first = package.main.fields[0].name
    return {record[first]: record for record in read_rows_as_records(package, table)}

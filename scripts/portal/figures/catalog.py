"""The catalogue: all packages with their observations and the words of their codes, ready to be shown."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from portal.checks.consistency import Evidence, judge_relation
from portal.checks.coverage import count_runs
from portal.data.observation import read_locator, read_observations
from portal.data.shelf import Shelf
from portal.figures.abstract import make_abstract
from portal.words.text import Text, sort_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from portal.checks.consistency import Verdict
    from portal.data.finding import Finding
    from portal.data.observation import Observation
    from portal.data.package import Package
    from portal.data.register import Record
    from portal.data.settings import Settings
    from portal.data.table import Table
    from portal.figures.abstract import Abstract, Prints
    from portal.files.distribution import Distribution
    from portal.sqlite.package_rows import DatasetSummary
    from portal.sqlite.table_shape import TableShape

# Figures of a document that are shown on its page.
MOST_OF_SOURCE = 500


@dataclass(frozen=True)
class Catalog:
    """Everything that pages are made from.

    Where a database was written, `shapes` are its tables, `answers` the columns of its canned queries and `summaries`
    what was learnt of each dataset; `collections` are the files of the whole catalogue, their names relative to
    `/data/`. `abstracts` are those that are known, by dataset; `prints` returns those of a dataset, None where they
    have to be read from its rows.
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
    answers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    summaries: Mapping[str, DatasetSummary] = field(default_factory=dict, repr=False)
    collections: Sequence[Distribution] = ()
    abstracts: dict[str, Abstract] = field(default_factory=dict, repr=False)
    prints: Callable[[str], Prints | None] | None = field(default=None, repr=False)
    _first: dict[str, tuple[Observation, ...]] = field(default_factory=dict, init=False, repr=False)

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
            return self.abstract(package.name).rows
        return self.tables[package.name].count

    def abstract(self, dataset: str) -> Abstract:
        """Return what lists say of the figures of a dataset; of a table that has none, that there are none."""
        if dataset not in self.abstracts:
            rows = self.observations.get(dataset, ())
            self.abstracts[dataset] = make_abstract(self.packages[dataset], rows, self.records.get("areas", {}))
        return self.abstracts[dataset]

    def count_by(self, name: Literal["statuses", "sources", "flags"]) -> Counter[str]:
        """Return how many figures there are of each status, document or flag."""
        counts: Counter[str] = Counter()
        for dataset in self.observations:
            counts.update(getattr(self.abstract(dataset), name))
        return counts

    def list_flagged(self) -> Iterator[Observation]:
        """Yield the figures with flags; tables without any are not read for it."""
        for dataset in self.observations:
            if self.abstract(dataset).flags:
                yield from (one for one in self.observations[dataset] if one.flags)

    @cached_property
    def by_source(self) -> Mapping[str, list[str]]:
        """Return the datasets that take figures from a document, by its name."""
        datasets: dict[str, list[str]] = {}
        for dataset in self.observations:
            for source in self.abstract(dataset).sources:
                datasets.setdefault(source, []).append(dataset)
        return datasets

    def count_figures_of(self, source: str) -> int:
        """Return how many figures there are from a document."""
        return sum(self.abstract(dataset).sources[source] for dataset in self.by_source.get(source, ()))

    def first_of(self, source: str) -> tuple[Observation, ...]:
        """Return the first figures that are taken from a document, in its order."""
        if source not in self._first:
            self._first[source] = _choose_first(self, source)
        return self._first[source]

    def count_runs_of(self, source: str) -> int:
        """Return how many runs of digits of a document are figures here."""
        printed = {
            (locator, as_stated)
            for dataset in self.by_source.get(source, ())
            for locator, as_stated, _ in _list_prints(self, dataset, source)
        }
        return sum(count_runs(as_stated) for _, as_stated in printed)


def _choose_first(catalog: Catalog, source: str) -> tuple[Observation, ...]:
    # Of a long document most datasets have no figure among the first, and need not be read.
    places = {dataset: catalog.abstract(dataset).places[source] for dataset in catalog.by_source.get(source, ())}
    first: list[tuple[tuple[int, int], str, str]] = []
    for dataset in sorted(places, key=lambda one: places[one]):
        if len(first) == MOST_OF_SOURCE and first[-1][0] < places[dataset]:
            break
        prints = _list_prints(catalog, dataset, source)
        found = ((read_locator(locator), dataset, name) for locator, _, name in prints)
        first = heapq.nsmallest(MOST_OF_SOURCE, [*first, *found])
    wanted = {name for _, _, name in first}
    named = {
        one.id: one
        for dataset in {each for _, each, _ in first}
        for one in catalog.observations[dataset]
        if one.id in wanted
    }
    return tuple(named[name] for _, _, name in first)


def _list_prints(catalog: Catalog, dataset: str, source: str) -> Iterable[tuple[str, str, str]]:
    prints = catalog.prints(dataset) if catalog.prints else None
    if prints is not None:
        return prints[source]
    return ((one.locator, one.as_stated, one.id) for one in catalog.observations[dataset] if one.source == source)


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
    by_name = {package.name: package for package in packages}
    observations = Shelf(
        [package.name for package in packages if package.kind == "indicator"],
        lambda name: tuple(read_observations(by_name[name], tables[name])),
    )
    records = {
        package.name: _read_records(package, tables[package.name])
        for package in packages
        if package.kind == "reference"
    }
    evidence = Evidence(observations, records.get("units", {}))
    return Catalog(
        settings=settings,
        packages=by_name,
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

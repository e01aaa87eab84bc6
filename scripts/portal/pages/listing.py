"""Listing: what several pages choose from the catalogue: themes, systems, promises, filters, neighbours."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from portal.catalogues.citation import make_bibtex
from portal.checks.coverage import count_runs
from portal.figures.catalog import read_rows_as_records
from portal.figures.explanation import Results, explain_target
from portal.pages.presenter import SHOWN_FIGURES, SHOWN_ROWS, Presenter
from portal.pages.view import Change
from portal.words.period import format_period
from portal.words.text import sort_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from portal.checks.consistency import Verdict
    from portal.data.observation import Observation
    from portal.data.package import Package
    from portal.data.register import Record
    from portal.figures.explanation import Judgement
    from portal.pages.view import Card, Target
    from portal.proofs.agreement import Proof

SHOWN_CARDS = 6
SHOWN_CHANGES = 5
FIRST_VERSION = "1.0.0"


@dataclass(frozen=True)
class Lister(Presenter):
    """A presenter that also chooses what belongs together."""

    def targets(self) -> list[Target]:
        """Return the targets that a page shows, those that can be judged first."""
        targets = [self.target(one, judgement) for one, judgement in self.judged[:SHOWN_FIGURES]]
        return sorted(targets, key=lambda one: (one.verdict_code == "no_data", sort_key(one.figure.what)))

    @cached_property
    def judged(self) -> list[tuple[Observation, Judgement]]:
        """Return every target with its verdict, those without a result last."""
        judged = [
            (one, explain_target(one, results, self.catalog, self.language))
            for dataset in self.catalog.observations
            if "target" in self.catalog.abstract(dataset).statuses
            and (results := Results(rows := self.catalog.observations[dataset]))
            for one in rows
            if one.status == "target"
        ]
        return sorted(judged, key=lambda pair: pair[1].code == "no_data")

    def themes(self) -> list[str]:
        """Return the themes that have a dataset, in the order of the register."""
        return [theme for theme in self.catalog.records.get("themes", {}) if self.in_theme(theme)]

    def in_theme(self, theme: str) -> Sequence[Package]:
        """Return the datasets of a theme."""
        return self.catalog.themes.get(theme, ())

    def known_theme(self, package: Package) -> bool:
        """Tell whether the theme of a package is in the register."""
        return package.theme in self.catalog.records.get("themes", {})

    def systems_by_group(self) -> dict[str, list[Record]]:
        """Return the rows of the register of systems, by group, the running ones first."""
        order = {status: rank for rank, status in enumerate(self.catalog.records.get("system_statuses", {}))}
        rows = sorted(
            self.catalog.records.get("systems", {}).values(),
            key=lambda row: (order.get(row["status"], len(order)), sort_key(row["name"])),
        )
        groups = self.catalog.records.get("system_groups", {})
        found = {group: [row for row in rows if row["group"] == group] for group in groups}
        return {group: members for group, members in found.items() if members}

    def dataset_link(self, dataset: str) -> tuple[str, str]:
        """Return address and title of a dataset."""
        return self.url(f"catalog/{dataset}/"), self.catalog.packages[dataset].title.get(self.language)

    def explain_all(self, verdicts: Sequence[Verdict]) -> list[tuple[tuple[str, str], str]]:
        """Return the dataset of each relation, as address and title, and what became of the relation."""
        return [(self.dataset_link(one.dataset), self.explain(one)) for one in verdicts]

    def theme_counts(self) -> list[tuple[str, str, str, str]]:
        """Return address, title, number of datasets and description of every theme."""
        return [
            (
                self.url(f"themes/{theme}/"),
                self.label("themes", theme),
                self.count("dataset_count", len(self.in_theme(theme))),
                self.catalog.word("themes", theme, "description").get(self.language),
            )
            for theme in self.themes()
        ]

    def either(self, row: Record, column: str) -> str:
        """Return a text of a register in this language."""
        return (self.language == "en" and row.get(f"{column}_en")) or row[column]

    def promise_counts(self) -> list[tuple[str, str, int]]:
        """Return verdict, words and number of targets, in the order of a reader's interest."""
        codes = Counter(judgement.code for _, judgement in self.judged)
        order = ("met", "not_met", "pending", "undecided", "no_data")
        return [(code, self.say(f"target_{code}"), codes[code]) for code in order if code in codes]

    def latest_changes(self) -> list[Change]:
        """Return the newest days on which datasets came or were revised; of each day the revised ones first."""
        groups: dict[tuple[str, bool], list[Package]] = {}
        for package in self.catalog.datasets:
            if package.created:
                groups.setdefault((package.created[:10], package.version != FIRST_VERSION), []).append(package)
        return [
            Change(
                when=format_period(day, self.language),
                words=self.count("change_revised" if revised else "change_first", len(members)),
                datasets=tuple((*self.dataset_link(one.name), one.version) for one in members)
                if len(members) <= SHOWN_CHANGES
                else (),
            )
            for (day, revised), members in sorted(groups.items(), reverse=True)[:SHOWN_CHANGES]
        ]

    def newest_sources(self) -> list[tuple[str, str, str]]:
        """Return address, title and date of the newest documents, the undated ones last."""
        rows = list(self.catalog.records.get("sources", {}).values())
        rows.sort(key=lambda row: row.get("date", ""), reverse=True)
        return [
            (
                self.url(f"sources/{row['id']}/"),
                self.label("sources", row["id"]),
                format_period(row["date"], self.language) if row.get("date") else self.say("undated"),
            )
            for row in rows[:SHOWN_CHANGES]
        ]

    def filters(self, cards: Sequence[Card]) -> list[tuple[str, str, list[tuple[str, str]]]]:
        """Return the filters of the catalogue: name, words, and the values that occur with theirs."""
        values = {
            "theme": [(theme, self.label("themes", theme)) for theme in self.themes()],
            "year": [(year, year) for year in sorted({year for card in cards for year in card.years}, reverse=True)],
            "status": [(code, self.label("statuses", code)) for code in self.used(cards, "statuses")],
            "source": [(code, self.label("sources", code)) for code in self.used(cards, "sources")],
            "kind": [(code, self.say(f"kind_{code}")) for code in sorted({card.kind for card in cards})],
        }
        return [(name, self.say(f"filter_{name}"), options) for name, options in values.items() if len(options) > 1]

    def used(self, cards: Sequence[Card], code_list: str) -> list[str]:
        """Return the codes of a list that some card has, in the order of the list."""
        used = {code for card in cards for code in getattr(card, code_list)}
        return [code for code in self.catalog.records.get(code_list, {}) if code in used]

    def related(self, package: Package) -> list[Card]:
        """Return other datasets of the same theme."""
        others = (one for one in self.in_theme(package.theme) if one.name != package.name)
        return [self.card(one) for one in islice(others, SHOWN_CARDS)]

    def systems_of(self, package: Package) -> list[tuple[str, str]]:
        """Return address and name of the systems that carry the figures of a dataset."""
        rows = self.catalog.records.get("systems", {}).values()
        return [
            (self.url("systems/") + f"#{row['id']}", self.either(row, "name"))
            for row in rows
            if package.name in row["datasets"].split(";")
        ]

    def cite(self, package: Package) -> str:
        """Return the citation of a dataset as one line."""
        settings = self.catalog.settings
        address = f"{settings.site_url}{self.url(f'catalog/{package.name}/').lstrip('/')}"
        return self.say(
            "citation",
            publisher=settings.publisher.get(self.language),
            title=package.title.get(self.language),
            version=self.version(package),
            address=address,
        )

    def version(self, package: Package) -> str:
        """Return the version of a dataset, with the day that it is of where the package says one."""
        day = format_period(package.created[:10], self.language) if package.created else ""
        return f"{package.version} ({day})" if day else package.version

    def bibtex(self, package: Package) -> str:
        """Return a BibTeX entry for a dataset."""
        return make_bibtex(self.catalog.settings, package, self.language)

    def cover(self, source: str) -> str:
        """Return the account of a document's digits, in a sentence."""
        published = self.catalog.count_runs_of(source)
        register = self.catalog.packages.get("exclusions")
        rows = read_rows_as_records(register, self.catalog.tables["exclusions"]) if register else []
        excluded = sum(count_runs(row["as_stated"]) for row in rows if row["source"] == source)
        figures = int(self.catalog.records["sources"][source].get("digit_runs") or published + excluded)
        return self.say(
            "coverage_sentence",
            figures=self.number(figures),
            published=self.number(published),
            excluded=self.number(excluded),
            left=self.number(figures - published - excluded),
        )

    def featured(self, cards: Sequence[Card]) -> list[Card]:
        """Return the cards of `metadata.yml`'s featured datasets; the first ones with a figure where it names none."""
        by_name = {card.name: card for card in cards if card.figure}
        chosen = [by_name[name] for name in self.catalog.settings.featured if name in by_name]
        return chosen or list(by_name.values())[:SHOWN_CARDS]

    @staticmethod
    def newest_first(one: Observation) -> tuple[int, str, str, tuple[tuple[str, str], ...]]:
        """Return the key that sorts observations with the newest first."""
        newest = (one.period.end or one.period.start).toordinal()
        return -newest, one.measure, (one.transform != "level" and one.transform) or "", one.dimensions

    def agreement_view(self, proof: Proof) -> dict[str, object]:
        """Return what was compared, form by form, and all of it in a sentence."""
        forms = proof.count_forms()
        rows = [
            {
                "form": one.form,
                "counts": list(map(self.number, (one.cells, one.rows, one.tables))),
                "reader": one.reader,
            }
            for one in forms
        ]
        total = self.say(
            "agreement_total",
            cells=self.number(sum(one.cells for one in forms)),
            forms=self.number(len(forms)),
            datasets=self.number(len({one.dataset for one in proof.comparisons})),
        )
        return {"rows": rows, "total": total, "shown": self.number(SHOWN_ROWS)}

    def sources_of(self, sources: Iterable[str]) -> list[tuple[str, str, list[tuple[str, str]]]]:
        """Return identifier, title and facts of some documents, by their titles."""
        names = sorted(sources, key=lambda name: sort_key(self.label("sources", name)))
        return [(name, self.label("sources", name), self.source_facts(name)) for name in names]

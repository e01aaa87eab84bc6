"""Presenting: observations, datasets and documents as the values that templates lay out, in one language."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from portal.charts.chart import draw_chart
from portal.data.observation import is_headline
from portal.figures.catalog import MOST_OF_SOURCE
from portal.figures.explanation import explain_verdict
from portal.figures.figure import describe_observation, format_figure, say_when
from portal.figures.headline import explain_headline, name_subject
from portal.pages.progress import measure_progress
from portal.pages.view import Card, Figure, FlagGroup, System, Target
from portal.sqlite.sql import to_sql
from portal.words.number import format_number
from portal.words.period import format_day, format_period
from portal.words.text import Text, capitalise, lower_first, summarise
from portal.words.wording import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portal.charts.chart import Chart
    from portal.checks.consistency import Verdict
    from portal.data.observation import Observation
    from portal.data.package import Field, Package
    from portal.data.register import Record
    from portal.data.table import Cell
    from portal.figures.abstract import Abstract
    from portal.figures.catalog import Catalog
    from portal.figures.explanation import Judgement
    from portal.words.text import Language

# A page shows at most this many rows of a table, figures in a list, warnings; the rest is one link away.
SHOWN_ROWS = 200
SHOWN_FIGURES = MOST_OF_SOURCE
SHOWN_FINDINGS = 20
# An index of 100 is the level of the year before.
YEAR_BEFORE = 100


@dataclass(frozen=True)
class Presenter:
    """Speaks one language about the catalogue."""

    catalog: Catalog
    language: Language
    _charts: dict[str, Chart | None] = field(default_factory=dict, repr=False)
    _cards: dict[str, Card] = field(default_factory=dict, repr=False)

    def chart(self, package: Package) -> Chart | None:
        """Return the chart of a dataset in this language, drawn once."""
        if package.name not in self._charts:
            self._charts[package.name] = draw_chart(package, self.catalog, self.language)
        return self._charts[package.name]

    def card(self, package: Package) -> Card:
        """Return a dataset as an entry of a list, made once: it counts all rows."""
        if package.name not in self._cards:
            self._cards[package.name] = self._make_card(package)
        return self._cards[package.name]

    def _make_card(self, package: Package) -> Card:
        abstract = self.catalog.abstract(package.name)
        shown = self.headline(abstract.headline) if abstract.headline else None
        direction, change = self.say_change(abstract.change)
        return Card(
            name=package.name,
            url=self.url(f"catalog/{package.name}/"),
            title=package.title.get(self.language),
            language=package.title.language(self.language),
            summary=summarise(package.description.get(self.language)),
            theme=package.theme,
            theme_title=self.label("themes", package.theme) if package.theme else "",
            figure=shown.value if shown else "",
            figure_what=shown.what if shown else "",
            figure_when=shown.when if shown else "",
            figure_status=shown.status if shown and shown.status_code != "actual" else "",
            figure_status_code=shown.status_code if shown else "",
            count=self.count("row_count", self.catalog.row_count(package)),
            kind=package.kind,
            years=abstract.years,
            statuses=tuple(abstract.statuses),
            sources=tuple(abstract.sources),
            direction=direction,
            change=change,
            flags=self.headline_flags(abstract),
        )

    def say_change(self, change: Observation | None) -> tuple[str, str]:
        """Return direction (`up`, `down`, empty) and words of the change that the source states beside a headline."""
        if change is None or change.value is None:
            return "", ""
        words = self.figure(change).value
        if change.transform == "yoy_index_pct":  # its words name the year before already
            ahead = change.value - YEAR_BEFORE
        else:
            ahead, words = change.value, self.say("than_before", change=words)
        return "up" if ahead > 0 else "down" if ahead < 0 else "", words

    def headline(self, one: Observation) -> Figure:
        """Return the headline of a dataset as a figure, in the words of its package where it has some."""
        shown, subject = self.figure(one), name_subject(one, self.catalog, self.language)
        return replace(shown, what=capitalise(subject)) if subject else shown

    def say_headline(self, abstract: Abstract) -> str:
        """Return the newest figure of a dataset and its change as one sentence; nothing where it has no headline."""
        if abstract.headline is None:
            return ""
        return explain_headline(abstract.headline, self.say_change(abstract.change)[1], self.catalog, self.language)

    def headline_flags(self, abstract: Abstract) -> tuple[tuple[str, str], ...]:
        """Return the flags, each with its description, of all that the sentence of a headline quotes."""
        if abstract.headline is None:
            return ()
        own = self.figure(abstract.headline).flags
        beside = self.figure(abstract.change).flags if abstract.change and self.say_change(abstract.change)[1] else ()
        return (
            *own,
            *(
                (self.say("flag_of_change", flag=lower_first(name)), words)
                for name, words in beside
                if (name, words) not in own
            ),
        )

    def say_caution(self, abstract: Abstract) -> str:
        """Return the names of a headline's flags in a sentence that goes with it wherever it is quoted; or nothing."""
        names = "; ".join(lower_first(name) for name, _ in self.headline_flags(abstract))
        return self.say("caution", flags=names) if names else ""

    def link_terms(self, text: str) -> str:
        """Return Markdown whose first mention of each glossary abbreviation leads to its explanation."""
        for code, row in self.catalog.records.get("glossary", {}).items():
            term = row["term"]
            if term.isalnum() and sum(char.isupper() for char in term) > 1:
                address = f"{self.url('glossary/')}#{code}"
                text = re.sub(rf"(?<![\w\[#/])({re.escape(term)})(?![\w\]])", rf"[\1]({address})", text, count=1)
        return text

    def figure(self, one: Observation) -> Figure:
        """Return an observation as a row."""
        package = self.catalog.packages[one.dataset]
        note = Text(one.note, one.note_en)
        return Figure(
            anchor=one.anchor,
            what=describe_observation(one, self.catalog, self.language),
            when=say_when(one, self.language),
            value=format_figure(one, self.catalog, self.language),
            status=self.label("statuses", one.status),
            status_code=one.status,
            area=self.label("areas", one.area),
            dataset=one.dataset,
            dataset_title=package.title.get(self.language),
            dataset_language=package.title.language(self.language),
            source=one.source,
            locator=one.locator,
            as_stated=one.as_stated,
            note=note.get(self.language),
            note_language=note.language(self.language),
            flags=tuple(
                (
                    self.label("flags", flag),
                    self.catalog.word("flags", flag, "description").get(self.language),
                )
                for flag in one.flags
            ),
        )

    def system(self, row: Record) -> System:
        """Return a row of the register of systems, with the newest figure of each dataset it names."""
        also = len([place for place in row["also_at"].split(";") if place])
        names = [name for name in row["datasets"].split(";") if name in self.catalog.packages]
        return System(
            id=row["id"],
            name=row["name_en"] if self.language == "en" and row["name_en"] else row["name"],
            purpose=row["purpose_en"] if self.language == "en" and row["purpose_en"] else row["purpose"],
            status=self.label("system_statuses", row["status"]),
            status_code=row["status"],
            when=format_period(row["status_date"], self.language) if row["status_date"] else "",
            source=row["source"],
            place=self.say("systems_source", title=self.label("sources", row["source"]), locator=row["locator"]),
            also=self.count("also_named", also) if also else "",
            datasets=tuple(self.card(self.catalog.packages[name]) for name in names),
        )

    def target(self, one: Observation, judgement: Judgement) -> Target:
        """Return a target beside the result that it was held against."""
        actual = self.figure(judgement.actual) if judgement.actual else None
        rows = self.catalog.observations[one.dataset]
        progress = measure_progress(one, judgement.actual, rows, self.catalog, self.language)
        package = self.catalog.packages[one.dataset]
        figure = self.headline(one) if is_headline(package, one) else self.figure(one)
        problems = tuple(
            self.explain(each)
            for each in self.catalog.verdicts
            if each.dataset == one.dataset and not each.holds and judgement.actual in each.members
        )
        return Target(figure, actual, judgement.words, judgement.code, problems, progress)

    def explain(self, verdict: Verdict) -> str:
        """Return what became of a relation, in a sentence."""
        return explain_verdict(verdict, self.catalog, self.language)

    def flag_groups(self, rows: Iterable[Observation]) -> list[FlagGroup]:
        """Return the admitted problems of some figures, each kind once with the first figures that carry it."""
        members: dict[str, list[Observation]] = {}
        counts: Counter[str] = Counter()
        for one in rows:
            for flag in one.flags:
                counts[flag] += 1
                if counts[flag] <= SHOWN_FIGURES:
                    members.setdefault(flag, []).append(one)
        return [
            FlagGroup(
                flag,
                self.label("flags", flag),
                self.catalog.word("flags", flag, "description").get(self.language),
                tuple(self.figure(one) for one in members[flag]),
                self.count("source_figure_count", counts[flag]),
                self.say_cut("figures_cut", SHOWN_FIGURES, counts[flag]),
            )
            for flag in self.catalog.records.get("flags", {})
            if flag in members
        ]

    def say(self, key: str, **details: object) -> str:
        """Return the portal's own words in this language."""
        return say(key, self.language, **details)

    def label(self, code_list: str, code: str) -> str:
        """Return the name of a code in this language."""
        return self.catalog.label(code_list, code).get(self.language)

    def number(self, value: int) -> str:
        """Return a count as readers write it."""
        return format_number(value, self.language)

    def count(self, key: str, value: int) -> str:
        """Return a count with the noun that it counts."""
        return self.say(key, count=self.number(value))

    def say_cut(self, key: str, shown: int, count: int) -> str:
        """Return the words for a list that a page shows in part; empty where it shows all."""
        return self.say(key, shown=self.number(shown), count=self.number(count)) if count > shown else ""

    def url(self, path: str) -> str:
        """Return the address of a page of this language on this host."""
        return f"/en/{path}" if self.language == "en" else f"/{path}"

    def source_facts(self, source: str, *, checksum: bool = False) -> list[tuple[str, str]]:
        """Return what is known of a document, as pairs of words; empty facts are left out."""
        record = self.catalog.records["sources"][source]
        facts = [
            ("source_publisher", self.catalog.word("sources", source, "publisher").get(self.language)),
            ("source_number", record.get("document_number", "")),
            ("source_date", format_period(record["date"], self.language) if record.get("date") else ""),
            ("source_sha256", record.get("sha256", "") if checksum else ""),
        ]
        return [(self.say(key), value) for key, value in facts if value]

    def plain_table(self, package: Package) -> dict[str, Any]:
        """Return the first rows of a table that is not an indicator, cells as text."""
        fields = package.main.fields
        rows = [
            [show_cell(cell, column, self.language) for cell, column in zip(row.cells, fields, strict=True)]
            for row in islice(self.catalog.tables[package.name], SHOWN_ROWS)
        ]
        header = [column.title.get(self.language) for column in fields]
        count = self.catalog.row_count(package)
        return {"header": header, "rows": rows, "count": self.number(count), "cut": count > SHOWN_ROWS}

    def column(self, column: Field) -> tuple[str, str, str, str]:
        """Return a column as name, type, words and code list (empty where it has none)."""
        code_list = column.code_list if column.code_list in self.catalog.packages else ""
        words = [column.title.get(self.language), column.description.get(self.language)]
        return column.name, column.type, ". ".join(word.rstrip(".") for word in words if word), code_list


def show_cell(cell: Cell, column: Field, language: Language) -> str:
    """Return a cell of a plain table as people of the language write it; codes and texts as they stand."""
    if cell is None:
        return ""
    if column.type in {"number", "integer"} and isinstance(cell, int | Decimal):
        return format_number(cell, language)
    if column.type == "date" and isinstance(cell, date):
        return format_day(cell, language)
    if column.type == "boolean":
        return str(cell).lower()
    return str(to_sql(cell))

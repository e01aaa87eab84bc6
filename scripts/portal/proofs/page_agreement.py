"""Agreement of pages: whether the figures that people see, in either language, are those of the package.

What a page shows of an indicator is held against the long table of the database, which `agreement` held against the
package; the later rows file by file, so that memory does not grow with the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from portal.data.finding import Place, make_finding
from portal.pages.later_rows import FOLDER
from portal.pages.presenter import SHOWN_ROWS
from portal.proofs.agreement import Comparison, Proof, Reading, compare_table, word_cells, word_fault
from portal.proofs.figure_words import DIRECTED, NUMBER, FigureWords
from portal.proofs.form import READER_FAULTS, Form
from portal.proofs.reread import FormError
from portal.proofs.reread_pages import (
    ShownFigure,
    read_figures,
    read_later_figures,
    read_plain_page,
    split_shown_number,
)
from portal.proofs.reread_period import read_shown_period
from portal.words.text import LANGUAGES
from portal.words.wording import say

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from portal.data.finding import Finding
    from portal.data.package import Package
    from portal.data.table import Table
    from portal.words.text import Language

PAGES: Mapping[Language, Form] = {one: Form(f"HTML ({one})", "html.parser", "typed") for one in LANGUAGES}
# Of every figure: what it is, its value, its period, its place in the source, its flags and note.
CELLS_OF_A_FIGURE = 5
# What stands in them, and in which: the number and the phrase around it are two parts of one cell.
_COLUMNS = {"what": 1, "value": 2, "phrase": 2, "status": 2, "period": 3, "source": 4, "flags": 5, "note": 5}
_SELECT = (
    "SELECT 'o-' || substr(id, -16) AS anchor, measure, dimensions, area, value, transform, unit, qualifier, status, "
    "period, source, as_stated, locator, flags, note, note_en FROM observations WHERE "
)
Row = tuple[Any, ...]


class Observed(NamedTuple):
    """A row of the long table, as `_SELECT` asks for it."""

    anchor: str
    measure: str
    dimensions: str
    area: str
    value: float | None
    transform: str
    unit: str
    qualifier: str
    status: str
    period: str
    source: str
    as_stated: str
    locator: str
    flags: str | None
    note: str | None
    note_en: str | None

    @property
    def has_no_deadline(self) -> bool:
        """Tell whether this is a target whose period is open: a page says so instead of the day it begins."""
        return self.status == "target" and self.period.endswith("/..")


_DAY = "SELECT coalesce(period_end, period_start) FROM observations WHERE "


class _DifferenceError(Exception):
    """A figure that a page shows otherwise."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message_en)
        self.finding = finding


def list_pages(package: Package, site: Path) -> list[str]:
    """Return the files that can be compared for a dataset, below `site`: its page in both languages, and later rows."""
    pages = (_name_page(package.name, language) for language in LANGUAGES)
    later = (path.relative_to(site).as_posix() for path in (site / FOLDER / package.name).glob("*.json"))
    return [*(page for page in pages if (site / page).is_file()), *sorted(later)]


def _name_page(dataset: str, language: Language) -> str:
    return f"{'' if language == 'vi' else 'en/'}catalog/{dataset}/index.html"


def compare_pages(package: Package, table: Table, site: Path, database: sqlite3.Connection) -> Proof:
    """Compare the Vietnamese and the English page of a dataset."""
    proof = Proof()
    for language in LANGUAGES:
        page = _name_page(package.name, language)
        if package.kind == "indicator":
            lists = {one.name: one.code_list for one in package.main.fields}
            words = FigureWords(database, language, lists)
            proof += _Figures(package.name, language, site, database, words).compare(page)
        else:
            rows = read_plain_page(site / page, package.main.fields, language)
            readings = [Reading(PAGES[language], page, rows)]
            proof += compare_table(package, package.main, table, readings, SHOWN_ROWS)
    return proof


@dataclass(frozen=True, slots=True)
class _Figures:
    """The figures of one indicator in one language."""

    dataset: str
    language: Language
    site: Path
    database: sqlite3.Connection
    words: FigureWords

    def compare(self, page: str) -> Proof:
        """Compare what the page shows, then the later rows."""
        form, file = PAGES[self.language], page
        try:
            shown = read_figures(self.site / page)
            self._compare_order(shown, page)
            count = self._compare_file(page, shown, self._select_shown(shown))
            for path in self._list_later():
                file = path.relative_to(self.site).as_posix()
                later = read_later_figures(path)
                expected = self._select_prefix(path.name.partition(".")[0], shown)
                count += self._compare_file(file, later, expected)
            self._compare_count(count)
        except _DifferenceError as error:
            return Proof(findings=(error.finding,))
        except READER_FAULTS as error:
            return Proof(findings=(word_fault(Place(self.dataset, file), form, error),))
        return Proof((Comparison(self.dataset, form.name, page, form.reader, count, count * CELLS_OF_A_FIGURE),))

    def _list_later(self) -> list[Path]:
        return sorted((self.site / FOLDER / self.dataset).glob(f"*.{self.language}.json"))

    def _select_shown(self, shown: Mapping[str, ShownFigure]) -> Iterator[Row]:
        for anchor in shown:
            yield from self._query(f"{_SELECT} id = ?", self._name_id(anchor))

    def _name_id(self, anchor: str) -> str:
        """Return the id in the long table of the figure with an anchor."""
        return f"{self.dataset}-{anchor.removeprefix('o-')}"

    def _select_prefix(self, prefix: str, shown: Mapping[str, ShownFigure]) -> Iterator[Row]:
        """Yield the figures whose anchors begin with `prefix`, but for those that the page shows; along the key."""
        begin = f"{self.dataset}-{prefix}"
        rows = self._query(f"{_SELECT} id >= ? AND id < ? ORDER BY id", begin, f"{begin}g")
        return (row for row in rows if row[0] not in shown)

    def _query(self, sql: str, *values: str) -> sqlite3.Cursor:
        return self.database.execute(sql, values)

    def _compare_order(self, shown: Mapping[str, ShownFigure], page: str) -> None:
        """Hold the order of a page against the newest days of the dataset; equal days may stand in any order."""
        newest = f"{_DAY} dataset = ? ORDER BY 1 DESC LIMIT ?"
        days = self.database.execute(newest, (self.dataset, len(shown)))
        for number, (anchor, (day,)) in enumerate(zip(shown, days, strict=False), start=2):
            (own,) = self._query(f"{_DAY} id = ?", self._name_id(anchor)).fetchone() or (None,)
            if own != day:
                self._differ(Place(self.dataset, page, number), "period", day, own)

    def _compare_file(self, file: str, found: Mapping[str, ShownFigure], expected: Iterator[Row]) -> int:
        """Compare the figures of one file, whatever their order in it; return how many there are."""
        numbers = {anchor: number for number, anchor in enumerate(found, start=2)}
        missing = set(found)
        for row in expected:
            if row[0] not in found:
                place = Place(self.dataset, file)
                self._fail("form-row-missing", place, row[0])
            missing.discard(row[0])
            self._compare_figure(Place(self.dataset, file, numbers[row[0]]), found[row[0]], row)
        for anchor in missing:
            self._fail("form-row-extra", Place(self.dataset, file, numbers[anchor]), anchor)
        return len(found)

    def _compare_count(self, count: int) -> None:
        (expected,) = self._query("SELECT count(*) FROM observations WHERE dataset = ?", self.dataset).fetchone()
        if count != expected:
            raise FormError(f"it says {expected} rows and has {count}")

    def _compare_figure(self, place: Place, found: ShownFigure, row: Row) -> None:
        expected, read = self._expect(Observed(*row)), self._read(found, Observed(*row))
        for column, cell in expected.items():
            if cell != read[column]:
                self._differ(place.at(place.line, _COLUMNS[column]), column, cell, read[column])

    def _expect(self, one: Observed) -> dict[str, object]:
        """Return what the page must say of a row of the long table."""
        words, value = self.words, None if one.value is None else Decimal(str(one.value))
        stated = say("stated_at", self.language, as_stated=one.as_stated, locator=one.locator)
        unreadable = say("unreadable", self.language, as_stated=one.as_stated)
        shown = value if value is None or one.transform not in DIRECTED else abs(value)
        return {
            "what": words.word_what(one.measure, one.dimensions, one.area),
            "value": unreadable if shown is None else shown,
            "phrase": "" if value is None else words.word_value(value, one.transform, one.unit, one.qualifier),
            "status": words.word_status(one.status),
            "period": say("no_deadline", self.language) if one.has_no_deadline else one.period,
            "source": f"{words.word_source(one.source)}, {stated}",
            "flags": words.word_flags(one.flags),
            "note": (one.note_en if self.language == "en" else None) or one.note or "",
        }

    def _read(self, found: ShownFigure, one: Observed) -> dict[str, object]:
        """Return what the page says."""
        number, phrase = split_shown_number(found.value, self.language, NUMBER)
        whole = one.value is None or number is None
        return {
            "what": found.what,
            "value": found.value if whole else number,
            "phrase": "" if whole else phrase,
            "status": found.status,
            "period": found.when if one.has_no_deadline else read_shown_period(found.when, self.language),
            "source": found.stated,
            "flags": found.flags,
            "note": found.note,
        }

    def _differ(self, place: Place, column: str, expected: object, found: object) -> None:
        raise _DifferenceError(word_cells(place, PAGES[self.language], column, expected, found))

    def _fail(self, code: str, place: Place, anchor: str) -> None:
        raise _DifferenceError(make_finding(code, place, form=PAGES[self.language].name, row=anchor))

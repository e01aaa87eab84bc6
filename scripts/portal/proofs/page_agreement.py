"""Agreement of pages: whether the figures that people see, in either language, are those of the package.

What a page shows of an indicator is held against the long table of the database, which `agreement` held against the
package; the later rows file by file, so that memory does not grow with the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from portal.data.finding import Place, make_finding
from portal.pages.later_rows import FOLDER
from portal.pages.presenter import SHOWN_ROWS
from portal.proofs.agreement import Comparison, Proof, Reading, compare_table, word_cells, word_fault
from portal.proofs.form import READER_FAULTS, Form
from portal.proofs.reread import FormError
from portal.proofs.reread_pages import ShownFigure, read_figures, read_later_figures, read_plain_page, read_shown_number
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
# Of every figure: its value, its status, its place in the source, its note.
CELLS_OF_A_FIGURE = 4
# And the column of the page in which each stands.
_COLUMNS = {"value": 2, "status": 2, "source": 4, "note": 5}
# Transforms whose words tell the direction, so that the number is shown without a sign.
_DIRECTED = frozenset({"yoy_change_pct", "change_vs_plan_pct", "yoy_change_places"})
_SELECT = (
    "SELECT 'o-' || substr(id, -16), value, transform, status, source, as_stated, locator, note, note_en "
    "FROM observations WHERE "
)
Row = tuple[Any, ...]
_NEWEST = "SELECT coalesce(period_end, period_start), 'o-' || substr(id, -16) FROM observations WHERE dataset = ?"


class _DifferenceError(Exception):
    """A figure that a page shows otherwise."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message_en)
        self.finding = finding


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of codes in one language, as the database has them."""

    statuses: Mapping[str, str]
    sources: Mapping[str, str]


def compare_pages(package: Package, table: Table, site: Path, database: sqlite3.Connection) -> Proof:
    """Compare the Vietnamese and the English page of a dataset."""
    proof = Proof()
    for language in LANGUAGES:
        page = f"{'' if language == 'vi' else 'en/'}catalog/{package.name}/index.html"
        if package.kind == "indicator":
            proof += _Figures(package.name, language, site, database).compare(page)
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

    def compare(self, page: str) -> Proof:
        """Compare what the page shows, then the later rows."""
        form, file = PAGES[self.language], page
        try:
            shown = read_figures(self.site / page)
            words = _Words(self._read_words("statuses"), self._read_words("sources"))
            self._compare_order(shown, page)
            count = self._compare_file(page, shown, self._select_shown(shown), words)
            for path in self._list_later():
                file = path.relative_to(self.site).as_posix()
                later = read_later_figures(path)
                expected = self._select_prefix(path.name.partition(".")[0], shown)
                count += self._compare_file(file, later, expected, words)
            self._compare_count(count)
        except _DifferenceError as error:
            return Proof(findings=(error.finding,))
        except READER_FAULTS as error:
            return Proof(findings=(word_fault(Place(self.dataset, file), form, error),))
        return Proof((Comparison(self.dataset, form.name, page, form.reader, count, count * CELLS_OF_A_FIGURE),))

    def _list_later(self) -> list[Path]:
        return sorted((self.site / FOLDER / self.dataset).glob(f"*.{self.language}.json"))

    def _read_words(self, code_list: str) -> dict[str, str]:
        cursor = self.database.execute(f'SELECT * FROM "{code_list}"')  # noqa: S608 - a name of ours
        names = [one[0] for one in cursor.description]
        word = next((name for name in ("name", "title") if name in names), names[0])
        at, english = names.index(word), names.index(f"{word}_en") if f"{word}_en" in names else names.index(word)
        return {row[0]: (row[english] if self.language == "en" else "") or row[at] or row[0] for row in cursor}

    def _select_shown(self, shown: Mapping[str, ShownFigure]) -> Iterator[Row]:
        for anchor in shown:
            yield from self._query(f"{_SELECT} id = ?", f"{self.dataset}-{anchor[2:]}")

    def _select_prefix(self, prefix: str, shown: Mapping[str, ShownFigure]) -> Iterator[Row]:
        """Yield the figures whose anchors begin with `prefix`, but for those that the page shows; along the key."""
        begin = f"{self.dataset}-{prefix}"
        rows = self._query(f"{_SELECT} id >= ? AND id < ? ORDER BY id", begin, f"{begin}g")
        return (row for row in rows if row[0] not in shown)

    def _query(self, sql: str, *values: str) -> sqlite3.Cursor:
        return self.database.execute(sql, values)

    def _compare_order(self, shown: Mapping[str, ShownFigure], page: str) -> None:
        """Hold the order of a page against the newest days of the dataset; equal days may stand in any order."""
        days = {anchor: day for day, anchor in self._query(_NEWEST, self.dataset)} if shown else {}
        newest = sorted(days.values(), reverse=True)[: len(shown)]
        for number, (anchor, day) in enumerate(zip(shown, newest, strict=True), start=2):
            if days.get(anchor) != day:
                place = Place(self.dataset, page, number)
                self._differ(place, "period", day, days.get(anchor))

    def _compare_file(self, file: str, found: Mapping[str, ShownFigure], expected: Iterator[Row], words: _Words) -> int:
        """Compare the figures of one file, whatever their order in it; return how many there are."""
        numbers = {anchor: number for number, anchor in enumerate(found, start=2)}
        missing = set(found)
        for row in expected:
            if row[0] not in found:
                place = Place(self.dataset, file)
                self._fail("form-row-missing", place, row[0])
            missing.discard(row[0])
            self._compare_figure(Place(self.dataset, file, numbers[row[0]]), found[row[0]], row, words)
        for anchor in missing:
            self._fail("form-row-extra", Place(self.dataset, file, numbers[anchor]), anchor)
        return len(found)

    def _compare_count(self, count: int) -> None:
        (expected,) = self._query("SELECT count(*) FROM observations WHERE dataset = ?", self.dataset).fetchone()
        if count != expected:
            raise FormError(f"it says {expected} rows and has {count}")

    def _compare_figure(self, place: Place, found: ShownFigure, row: Row, words: _Words) -> None:
        _, value, transform, status, source, as_stated, locator, note, note_en = row
        stated = say("stated_at", self.language, as_stated=as_stated, locator=locator)
        expected: dict[str, object] = {
            "value": say("unreadable", self.language, as_stated=as_stated) if value is None else Decimal(str(value)),
            "status": "" if status == "actual" else words.statuses.get(status, status),
            "source": f"{words.sources.get(source, source)}, {stated}",
            "note": (note_en if self.language == "en" else None) or note or "",
        }
        read = {
            "value": found.value if value is None else self._read_value(found.value, transform),
            "status": found.status,
            "source": found.stated,
            "note": found.note,
        }
        for column, cell in expected.items():
            if cell != read[column]:
                self._differ(place.at(place.line, _COLUMNS[column]), column, cell, read[column])

    def _read_value(self, text: str, transform: str) -> Decimal | str:
        """Return the number that a text shows; words such as `giảm` are its sign."""
        number = read_shown_number(text, self.language)
        if number is None:
            return text
        if transform in _DIRECTED:
            before, _, behind = say(f"transform_{transform}_down", self.language, amount="\0").partition("\0")
            return -number if text.startswith(before) and text.endswith(behind) else number
        return number

    def _differ(self, place: Place, column: str, expected: object, found: object) -> None:
        raise _DifferenceError(word_cells(place, PAGES[self.language], column, expected, found))

    def _fail(self, code: str, place: Place, anchor: str) -> None:
        raise _DifferenceError(make_finding(code, place, form=PAGES[self.language].name, row=anchor))

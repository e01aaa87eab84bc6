"""Excel files: a sheet in words, typed cells under a bilingual header, a sheet about the table, one of its codes.

Numbers are numbers, dates are dates, codes are text, and nothing is a formula or a link. What Excel would change
(`format_limits.fits_excel`) stands as text. Rows go straight to disk, so that the memory does not grow with the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.worksheet import Worksheet

from portal.checks.format_limits import EXCEL_CHARACTERS, count_characters, count_decimals, fits_excel
from portal.data.column import make_columns
from portal.data.table import KEPT_BYTES, read_batches
from portal.files.excel_about import About, describe_codes, describe_table
from portal.files.excel_words import WordColumn, word_columns
from portal.files.static_json import write_cell

if TYPE_CHECKING:
    from pathlib import Path

    from portal.data.column import Column
    from portal.data.package import Package, Resource
    from portal.data.register import Registers

CellWriter = Callable[[int, int, str], None]
WORDS_SHEET, DATA_SHEET = "Để đọc · To read", "Số liệu · Data"
ABOUT_SHEET, CODES_SHEET = "Mô tả · About", "Mã · Codes"
# A longer table nobody reads row by row; its words would double a file that is large already.
WORDED_ROWS = 10_000
# A file carries the time of its making; ours carries this one where the package names none.
_MADE = datetime(2000, 1, 1, tzinfo=UTC)
_SAMPLE_ROWS = 200
_LEAST_WIDTH, _MOST_WIDTH = 10, 60
_DATE_FORMATS = {"date": "yyyy-mm-dd", "datetime": "yyyy-mm-dd hh:mm:ss", "time": "hh:mm:ss"}
# Text that would be longer than a cell: of the sheets about the table only, as such a table has no Excel file.
_TOO_LONG = "(dài hơn một ô của Excel; xem datapackage.json / longer than a cell of Excel; see datapackage.json)"


class _PlainSheet(Worksheet):  # type: ignore[misc] # xlsxwriter has no types
    """A sheet that takes `<r>…</r>` for the text that it is: xlsxwriter would put it into the file as markup."""

    def _xml_rich_inline_string(self, string: str, attributes: Any) -> None:
        self._xml_inline_string(string, True, attributes)


def write_excel(package: Package, resource: Resource, path: Path, registers: Registers) -> None:
    """Write a workbook: an indicator's rows in words, the table as it is, what it means, and the words of its codes.

    Precondition: the table fits (`Extent.fits_excel`).
    """
    options = {
        "constant_memory": True,
        "tmpdir": str(path.parent),
        "strings_to_formulas": False,
        "strings_to_urls": False,
    }
    try:
        with xlsxwriter.Workbook(path, options) as workbook:
            # Rows of a small table wait on disk as well, or xlsxwriter would write them in another way; its many parts
            # need not, and deleting them costs more than all the rest.
            workbook.in_memory = resource.file.stat().st_size <= KEPT_BYTES
            workbook.set_properties({
                "title": package.title.vi, "subject": package.title.en, "created": _read_time(package.created),
            })  # fmt: skip
            sheets = _Sheets(workbook)
            if (words := word_columns(package, resource, registers)) and _is_read_by_people(resource):
                sheets.write_words(resource, words)
            used = sheets.write_data(resource)
            sheets.write_about(ABOUT_SHEET, describe_table(package, resource, registers))
            if codes := describe_codes(resource, used, registers):
                sheets.write_about(CODES_SHEET, codes)
    except FileCreateError as error:  # the disk failed when the parts were put together
        raise error.args[0] from error


def _read_time(text: str) -> datetime:
    return datetime.fromisoformat(text) if text else _MADE


class _Sheets:
    """Writes the sheets of one workbook."""

    def __init__(self, workbook: Any) -> None:
        self._workbook = workbook
        self._header = workbook.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        self._wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
        self._numbers: dict[str, Any] = {}

    def write_words(self, resource: Resource, words: list[WordColumn]) -> None:
        """Write the rows in words; numbers stay numbers, shown with their decimals and grouped."""
        sample = list(_sample(resource, len(resource.fields)))
        texts = [[one.title, *(one.say(cell) for cell in sample[one.at] if cell)] for one in words]
        sheet = self._add_table(WORDS_SHEET, [one.title for one in words], texts)
        columns = make_columns(resource)
        writers = [self._make_writer(sheet, columns[one.at], one.say, "#,##0") for one in words]
        number = 0
        for number, row in enumerate(_read_rows(resource), start=1):
            for at, (one, write) in enumerate(zip(words, writers, strict=True)):
                write(number, at, row[one.at])
        self._end_table(sheet, number, len(words))

    def write_data(self, resource: Resource) -> list[set[str]]:
        """Write the table; return the distinct codes of each coded column."""
        columns = make_columns(resource)
        titles = ["\n".join(dict.fromkeys(filter(None, (one.title.vi, one.title.en)))) for one in resource.fields]
        texts = [[title, *cells] for title, cells in zip(titles, _sample(resource, len(columns)), strict=True)]
        sheet = self._add_table(DATA_SHEET, titles, texts)
        writers = [self._make_writer(sheet, column) for column in columns]
        used: list[set[str]] = [set() for _ in columns]
        coded = [at for at, column in enumerate(resource.fields) if column.code_list]
        number = 0
        for number, row in enumerate(_read_rows(resource), start=1):
            for at, (write, cell) in enumerate(zip(writers, row, strict=True)):
                write(number, at, cell)
            for at in coded:
                used[at].add(row[at])
        self._end_table(sheet, number, len(columns))
        return used

    def _add_table(self, name: str, titles: list[str], texts: list[list[str]]) -> Any:
        """Begin a sheet with a header that stays in sight, its columns as wide as `texts`, a list for each."""
        sheet = self._workbook.add_worksheet(name, worksheet_class=_PlainSheet)
        for at, text in enumerate(texts):
            sheet.set_column(at, at, _choose_width(text))
        sheet.freeze_panes(1, 0)
        sheet.set_row(0, 32)
        for at, title in enumerate(titles):
            sheet.write_string(0, at, title, self._header)
        return sheet

    def _end_table(self, sheet: Any, rows: int, width: int) -> None:
        sheet.autofilter(0, 0, rows, width - 1)
        sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{rows + 1}"})

    def write_about(self, name: str, rows: list[About]) -> None:
        """Write rows of texts, those with `heading` in bold."""
        sheet = self._workbook.add_worksheet(name, worksheet_class=_PlainSheet)
        sheet.set_column(0, 0, 28)
        sheet.set_column(1, 8, 44)
        for number, row in enumerate(rows):
            form = self._header if row.heading else self._wrapped
            for at, text in enumerate(row.texts):
                if text:
                    fits = count_characters(text) <= EXCEL_CHARACTERS
                    sheet.write_string(number, at, text if fits else _TOO_LONG, form)
        sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{len(rows) + 1}"})

    def _make_writer(self, sheet: Any, column: Column, say: Callable[[str], str] = str, whole: str = "0") -> CellWriter:
        """Return what writes a cell of a column: a text as `say` says it, a number by the pattern `whole`."""
        missing, read, kind = column.missing, column.read, column.type
        if kind == "string":

            def write_text(row: int, at: int, cell: str) -> None:
                if cell not in missing:
                    sheet.write_string(row, at, say(cell))

            return write_text
        form = self._workbook.add_format({"num_format": _DATE_FORMATS[kind]}) if kind in _DATE_FORMATS else None

        def write_typed(row: int, at: int, cell: str) -> None:
            value = read(cell)
            if value is None:
                return
            if isinstance(value, bool):
                sheet.write_boolean(row, at, value)
            elif not fits_excel(value):
                sheet.write_string(row, at, _write_text(value))
            elif isinstance(value, int | Decimal):
                sheet.write_number(row, at, float(value), self._format_number(value, whole))
            elif isinstance(value, date | datetime | time):
                sheet.write_datetime(row, at, value, form)

        return write_typed

    def _format_number(self, value: int | Decimal, whole: str) -> Any:
        """Return the format with as many decimals as the cell has in the package; without one Excel rounds."""
        decimals = count_decimals(Decimal(value))
        pattern = f"{whole}.{'0' * decimals}" if decimals else whole
        if pattern not in self._numbers:
            self._numbers[pattern] = self._workbook.add_format({"num_format": pattern})
        return self._numbers[pattern]


def _write_text(value: object) -> str:
    """Return a cell that Excel cannot hold as the text that JSON has for it."""
    return write_cell(value).strip('"')


def _is_read_by_people(resource: Resource) -> bool:
    return sum(1 for _ in islice(_read_rows(resource), WORDED_ROWS + 1)) <= WORDED_ROWS


def _read_rows(resource: Resource) -> Iterator[list[str]]:
    return (row for batch in read_batches(resource) for row in batch)


def _sample(resource: Resource, width: int) -> Iterator[tuple[str, ...]]:
    """Return the first cells of every column."""
    rows = list(islice(_read_rows(resource), _SAMPLE_ROWS))
    return zip(*rows, strict=True) if rows else iter([()] * width)


def _choose_width(texts: list[str]) -> int:
    longest = max(len(line) for text in texts for line in (text.splitlines() or [""]))
    return min(max(longest + 2, _LEAST_WIDTH), _MOST_WIDTH)

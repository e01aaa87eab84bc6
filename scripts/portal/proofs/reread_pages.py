"""Pages read back: the figures that people see, with the grouping and the words of their language, by an HTML parser.

The page of an indicator shows its newest figures, small files the later ones. Both are held against the long table of
the database, which was itself held against the package; that table is read file by file, along its key. The page of
any other table shows its first rows, which are held against the package's.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from portal.proofs.reread import NUMERIC, OF_JSON, Cells, FormError
from portal.proofs.reread_period import MONTHS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from portal.data.package import Field
    from portal.words.text import Language

_GROUP: Mapping[Language, str] = {"vi": ".", "en": ","}
_DECIMAL: Mapping[Language, str] = {"vi": ",", "en": "."}
_MINUS = "\N{MINUS SIGN}"


@dataclass(slots=True)
class _Cell:
    """One cell: its text, its marks (a status, flags), and its parts that are texts of the data."""

    text: str = ""
    marks: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)


class _TableParser(HTMLParser):
    """Reads the rows of a table: the anchor and the cells of each."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[tuple[str, list[_Cell]]] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a row, a cell, or what stands in one."""
        if tag == "tr":
            self.rows.append((dict(attrs).get("id") or "", []))
        elif tag in {"td", "th"}:
            self.rows[-1][1].append(_Cell())
        elif tag == "bdi":
            self.rows[-1][1][-1].parts.append("")
        elif tag == "span":
            self.rows[-1][1][-1].marks.append("")
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close what is open."""
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Add a text to the cell that it stands in."""
        if not {"td", "th"} & set(self._open):
            return
        cell = self.rows[-1][1][-1]
        if "span" in self._open:
            cell.marks[-1] += data
        elif "bdi" in self._open:
            cell.parts[-1] += data
        else:
            cell.text += data


def _parse_table(path: Path, name: str) -> list[tuple[str, list[_Cell]]]:
    """Return the rows of the table of a class, the header first; only the table itself is parsed."""
    html = path.read_text("utf-8")
    start = html.find(f'<table class="{name}"')
    if start < 0:
        raise FormError("no table of figures")
    parser = _TableParser()
    parser.feed(html[start : html.index("</table>", start)])
    parser.close()
    return parser.rows


def read_shown_number(text: str, language: Language) -> Decimal | None:
    """Return the first number of a text as a reader of `language` understands it; None where there is none."""
    return split_shown_number(text, language, "")[0]


def split_shown_number(text: str, language: Language, sign: str) -> tuple[Decimal | None, str]:
    """Return what `read_shown_number` does, and the text with `sign` in the place of the number."""
    group, point = re.escape(_GROUP[language]), re.escape(_DECIMAL[language])
    found = re.search(rf"[-{_MINUS}]?(?:[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|[0-9]+)(?:{point}[0-9]+)?", text)
    if not found:
        return None, text
    plain = found[0].replace(_GROUP[language], "").replace(_DECIMAL[language], ".").replace(_MINUS, "-")
    return Decimal(plain), text[: found.start()] + sign + text[found.end() :]


def read_shown_day(text: str, language: Language) -> date | str:
    """Return a day that is written as `31/7/2023` or `31 July 2023`; another text as it is."""
    try:
        if language == "vi":
            day, month, year = map(int, text.split("/"))
        else:
            words = text.split(" ")
            day, month, year = int(words[0]), MONTHS.index(words[1]) + 1, int(words[2])
        return date(year, month, day)
    except (ValueError, IndexError):
        return text


def read_plain_page(path: Path, fields: Sequence[Field], language: Language) -> Iterator[Cells]:
    """Yield the names and the rows that the page of a table shows, as typed cells."""
    (_, header), *rows = _parse_table(path, "plain-table")
    if (found := [cell.text for cell in header]) != [one.title.get(language) for one in fields]:
        raise FormError(f"the header reads {found}")
    yield tuple(one.name for one in fields)
    for _, cells in rows:
        yield tuple(_type_shown(cell.text, one, language) for cell, one in zip(cells, fields, strict=True))


def _type_shown(text: str, column: Field, language: Language) -> object:
    if text == "":
        return None
    if column.type in NUMERIC:
        return read_shown_number(text, language)
    if column.type == "date":
        return read_shown_day(text, language)
    if column.type == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if column.type == "year":
        return int(text) if text.lstrip("-").isdigit() else text
    convert = OF_JSON.get(column.type)
    return convert(text) if convert else text


@dataclass(frozen=True, slots=True)
class ShownFigure:
    """A figure as a page shows it; the status only where it is no plain result, the flags joined by commas."""

    what: str
    value: str
    status: str
    when: str
    stated: str
    flags: str
    note: str


def read_figures(path: Path) -> dict[str, ShownFigure]:
    """Return the figures that the page of an indicator shows, by anchor, in the order of the page."""
    shown = {}
    for anchor, cells in _parse_table(path, "figures")[1:]:
        what, value, when, source, note = cells
        shown[anchor] = ShownFigure(
            what=what.parts[0],
            value=value.text.strip(" "),
            status=", ".join(value.marks),
            when=when.text,
            stated=", ".join(source.parts),
            flags=", ".join(note.marks),
            note="".join(note.parts),
        )
    return shown


def read_later_figures(path: Path) -> dict[str, ShownFigure]:
    """Return the figures of a file of later rows, by anchor."""
    return {
        anchor: ShownFigure(
            what=one["what"],
            value=one["value"],
            status=one.get("status", ""),
            when=one["when"],
            stated=f"{one['source']}, {one['stated']}",
            flags=one.get("flags", ""),
            note=one.get("note", ""),
        )
        for anchor, one in json.loads(path.read_text("utf-8")).items()
    }

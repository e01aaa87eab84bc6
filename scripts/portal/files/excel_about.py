"""About a table, for the further sheets of its Excel file: what it is, whence, and what columns and codes mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.data.register import word_code, word_unit
from portal.words.wording import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from portal.data.package import Field, Package, Resource
    from portal.data.register import Registers
    from portal.words.text import Text


@dataclass(frozen=True, slots=True)
class About:
    """One row of a sheet: its texts from the left, and whether they are headings."""

    texts: tuple[str, ...]
    heading: bool = False


def describe_table(package: Package, resource: Resource, registers: Registers) -> list[About]:
    """Return the sheet about a table: the dataset, its licence, its sources, its columns; nothing of a release."""
    return [
        *_describe_dataset(package, resource),
        About(()),
        *_describe_sources(package, registers),
        About(()),
        *_describe_columns(resource, registers),
    ]


def describe_codes(resource: Resource, used: Sequence[set[str]], registers: Registers) -> list[About]:
    """Return the sheet of the codes that a table uses, column by column; empty where no list knows any of them."""
    rows = [
        About((column.name, code, words.vi, words.en))
        for column, cells in zip(resource.fields, used, strict=True)
        for code in sorted(_split_codes(column, cells))
        if (words := word_code(column.code_list, code, registers)).vi
    ]
    heading = About(tuple(_both(key) for key in ("about_column", "about_code", "about_word", "about_word_en")), True)
    return [heading, *rows] if rows else []


def _split_codes(column: Field, cells: set[str]) -> set[str]:
    if not column.separator:
        return cells
    return {code for cell in cells for code in cell.split(column.separator)}


def _both(key: str) -> str:
    return f"{say(key, 'vi')} · {say(key, 'en')}"


def _describe_dataset(package: Package, resource: Resource) -> Iterator[About]:
    yield About((_both("about_item"), "Tiếng Việt", "English"), heading=True)
    texts: list[tuple[str, Text]] = [("about_title", package.title)]
    if len(package.resources) > 1:
        texts.append(("about_table", resource.title))
    texts += [("about_description", package.description), ("about_caveat", package.caveat)]
    texts += [("about_license", one.title) for one in package.licenses]
    yield from (About((_both(key), text.vi, text.en)) for key, text in texts if text.vi)
    for one in package.licenses:
        yield About((_both("about_license_code"), one.name, one.path))
    yield About((_both("about_name"), package.name))
    yield About((_both("about_version"), package.version))
    if package.created:
        yield About((_both("about_created"), package.created))


def _describe_sources(package: Package, registers: Registers) -> Iterator[About]:
    keys = ("about_source", "about_title", "about_publisher", "about_number", "about_date", "about_note")
    yield About(tuple(_both(key) for key in keys), heading=True)
    for source in package.sources:
        record = registers.get("sources", {}).get(source, {})
        texts = (_pair(record, "title"), _pair(record, "publisher"), record.get("document_number", ""))
        yield About((source, *texts, record.get("date", ""), _pair(record, "note")))


def _pair(record: Mapping[str, str], name: str) -> str:
    return "\n".join(filter(None, (record.get(name, ""), record.get(f"{name}_en", ""))))


def _describe_columns(resource: Resource, registers: Registers) -> Iterator[About]:
    keys = ("about_column", "about_title", "about_meaning", "about_type", "about_unit", "about_code_list")
    yield About(tuple(_both(key) for key in keys), heading=True)
    for one in resource.fields:
        unit = word_unit(one.unit, registers)
        titles, meaning = (_lines(text) for text in (one.title, one.description))
        yield About((one.name, titles, meaning, one.type, _lines(unit) or one.unit, one.code_list))


def _lines(text: Text) -> str:
    return "\n".join(filter(None, (text.vi, text.en)))

"""The rows of an indicator in words, for the first sheet of its Excel file: what people read instead of codes.

The left columns are Vietnamese and hold everything; those on the right say in English what is words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.data.column import memoize
from portal.data.register import word_code
from portal.words.period import format_period

if TYPE_CHECKING:
    from portal.data.package import Field, Package, Resource
    from portal.data.register import Registers
    from portal.words.text import Language

Say = Callable[[str], str]
# Whose texts are written in one language.
_NOTES: dict[str, Language] = {"note": "vi", "note_en": "en"}


@dataclass(frozen=True, slots=True)
class WordColumn:
    """A column of the sheet: its title, the place of its field in the table, and what puts a cell into words."""

    title: str
    at: int
    say: Say


def word_columns(package: Package, resource: Resource, registers: Registers) -> list[WordColumn]:
    """Return the columns of a table in words, Vietnamese ones first; nothing of a table that is no indicator's."""
    if package.kind != "indicator":
        return []
    fields = list(enumerate(resource.fields))
    vietnamese = [_word_column(one, at, "vi", registers) for at, one in fields if _NOTES.get(one.name) != "en"]
    worded = [(at, one) for at, one in fields if one.code_list or one.name in {"period", "note_en"}]
    return vietnamese + [_word_column(one, at, "en", registers) for at, one in worded]


def _word_column(field: Field, at: int, language: Language, registers: Registers) -> WordColumn:
    return WordColumn(field.title.get(language), at, memoize(_choose_words(field, language, registers)))


def _choose_words(field: Field, language: Language, registers: Registers) -> Say:
    def say_code(code: str) -> str:
        return word_code(field.code_list, code, registers).get(language) or code

    if field.name == "period":
        return lambda cell: format_period(cell, language)
    if field.separator:
        return lambda cell: "; ".join(map(say_code, cell.split(field.separator)))
    return say_code if field.code_list else str

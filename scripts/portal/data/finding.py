"""Findings: what a check reports, as frozen, sortable values.

The wording of every code stands in `findings.toml`, Vietnamese first, each with its cure.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from portal.words.reason import word_reason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portal.words.text import Language

# Blanks that hold what another program says, in English.
_REASONS = frozenset({"reason", "note", "type"})
_CATALOG = Path(__file__).with_name("findings.toml")


class Severity(StrEnum):
    """A blocker stops the build; a warning is shown and published."""

    BLOCKER = "blocker"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One fault with its place and its cure, in both languages.

    `file` is relative to the folder that was checked; `line` and `column` count from 1 and are 0 where the
    fault has no such place.
    """

    package: str
    file: str
    line: int
    column: int
    code: str
    severity: Severity = field(compare=False)
    message: str = field(compare=False)
    message_en: str = field(compare=False)
    cure: str = field(compare=False)
    cure_en: str = field(compare=False)

    @property
    def place(self) -> str:
        """Return `file:line:column`, as editors understand it."""
        numbers = [str(number) for number in (self.line, self.column) if number]
        return ":".join([self.file, *numbers])

    def render(self, language: Language) -> str:
        """Return the finding as three lines: place and code, message, cure."""
        vietnamese = language == "vi"
        message = self.message if vietnamese else self.message_en
        cure = self.cure if vietnamese else self.cure_en
        label = "Cách sửa" if vietnamese else "Cure"
        return f"{self.place}: {self.severity} {self.code}\n  {message}\n  {label}: {cure}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding is: the package, its file, and line and column where there are any."""

    package: str
    file: str
    line: int = 0
    column: int = 0

    def at(self, line: int, column: int = 0) -> Place:
        """Return the same file at another line and column."""
        return Place(self.package, self.file, line, column)


@cache
def read_catalog() -> dict[str, dict[str, str]]:
    """Read the wording of every code: severity, vi, en, cure, cure_en."""
    with _CATALOG.open("rb") as file:
        return tomllib.load(file)


def make_finding(code: str, place: Place, /, **details: object) -> Finding:
    """Word the finding `code` at `place`; `details` fill the blanks of its wording.

    Raises KeyError where the code or one of its blanks is unknown: a fault of ours, never of the data.
    """
    words = read_catalog()[code]
    known = {name: word_reason(str(details[name])) for name in _REASONS & details.keys()}
    vietnamese = {**details, **known}
    return Finding(
        package=place.package,
        file=place.file,
        line=place.line,
        column=place.column,
        code=code,
        severity=Severity(words["severity"]),
        message=words["vi"].format(**vietnamese),
        message_en=words["en"].format(**details),
        cure=words["cure"].format(**vietnamese),
        cure_en=words["cure_en"].format(**details),
    )


def find_blockers(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that stop a build."""
    return [finding for finding in findings if finding.severity is Severity.BLOCKER]

"""Source texts: the documents themselves, read for checking only; nothing of them is ever written."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.data.finding import Finding, Place, make_finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from portal.data.register import Record

DIGITS = re.compile(r"[0-9]+")
_LOCATOR = re.compile(r"([1-9][0-9]{0,8}):([1-9][0-9]{0,8})\Z")
# How far from a figure its scale word, percent sign or direction word may stand.
_REACH = 24


@dataclass(frozen=True, slots=True)
class Span:
    """Characters of one line: line and first column from 1, end column exclusive."""

    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SourceText:
    """One document as lines of characters."""

    id: str
    lines: tuple[str, ...]

    def read(self, locator: str, length: int) -> str:
        """Return `length` characters at `line:column`; fewer where the line ends, none where it is not there."""
        line, column = parse_locator(locator)
        return self._line(line)[column - 1 : column - 1 + length] if column else ""

    def read_around(self, locator: str, length: int) -> tuple[str, str]:
        """Return the characters before and behind a figure, of its own line."""
        line, column = parse_locator(locator)
        text = self._line(line)
        end = column - 1 + length
        return text[max(0, column - 1 - _REACH) : column - 1], text[end : end + _REACH]

    def _line(self, number: int) -> str:
        return self.lines[number - 1] if 1 <= number <= len(self.lines) else ""

    def digit_runs(self) -> Iterator[Span]:
        """Yield every run of digits in document order."""
        for number, text in enumerate(self.lines, start=1):
            for match in DIGITS.finditer(text):
                yield Span(number, match.start() + 1, match.end() + 1)


def parse_locator(locator: str) -> tuple[int, int]:
    """Return line and column, both from 1; (0, 0), a place that no text has, where `locator` is not line:column."""
    match = _LOCATOR.match(locator)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def read_source_texts(
    folder: Path, register: Mapping[str, Record], place: Place
) -> tuple[dict[str, SourceText], list[Finding]]:
    """Read the text of every registered document; findings for those that are missing or were changed."""
    texts: dict[str, SourceText] = {}
    findings: list[Finding] = []
    for identifier, record in register.items():
        path = folder / record.get("file", "")
        try:
            raw = path.read_bytes()
        except OSError:
            findings.append(make_finding("source-missing", place, source=identifier, file=record.get("file", "–")))
            continue
        found = hashlib.sha256(raw).hexdigest()
        expected = record.get("sha256", "–")
        if found != expected:
            findings.append(make_finding("source-changed", place, source=identifier, found=found, expected=expected))
        texts[identifier] = SourceText(identifier, tuple(raw.decode("utf-8", "replace").split("\n")))
    return texts, findings

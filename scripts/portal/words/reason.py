"""Reasons: what other programs say of a fault, in Vietnamese, with their own words behind.

The wording stands in `reasons.toml`. What is not known there stays as it was said.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

_CATALOG = Path(__file__).with_name("reasons.toml")


@cache
def _read_patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    with _CATALOG.open("rb") as file:
        reasons = tomllib.load(file)["reason"]
    return tuple((re.compile(one["pattern"], re.DOTALL), one["vi"]) for one in reasons)


def word_reason(text: str) -> str:
    """Return a reason in Vietnamese, such as `thiếu dấu phẩy (Expecting ',' delimiter)`; `text` itself if unknown."""
    for pattern, words in _read_patterns():
        if match := pattern.fullmatch(text):
            return f"{words.format(text, *match.groups())} ({text})"
    return text

"""Text in a drawing: how wide it is at most, where it breaks, and what may not enter an SVG.

The reader's font is unknown when a chart is drawn, so widths are those of a wide one (DejaVu Sans): text that
fits by this measure fits on every phone.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

FONT_SIZE = 14
# Heavier strokes are wider.
_BOLD = 1.1
ELLIPSIS = "…"
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
_RIGHT_TO_LEFT = frozenset({"R", "AL", "RLE", "RLO", "RLI", "LRO"})
# What neither XML nor HTML allows in a text.
_FORBIDDEN = re.compile("[^\\x20-\\x7e\\xa0-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
# Widths in parts of the font size; whatever is not named is as wide as a digit.
_WIDTHS = {
    **dict.fromkeys(" .,:;'’|!ijl\N{NO-BREAK SPACE}", 0.32),
    **dict.fromkeys("ftrI()[]/-«»“”", 0.44),
    **dict.fromkeys("mwMW%@&–—…", 1.0),
}
_DIGIT, _CAPITAL, _WIDE = 0.64, 0.76, 1.1


@cache
def _measure_character(character: str) -> float:
    base = unicodedata.normalize("NFD", character)[0]
    if unicodedata.category(base) in {"Mn", "Me", "Cf"}:
        return 0
    if base in _WIDTHS:
        return _WIDTHS[base]
    if unicodedata.east_asian_width(base) in {"W", "F"}:
        return _WIDE
    return _CAPITAL if base.isupper() else _DIGIT


def measure_text(text: str, size: float = FONT_SIZE, *, bold: bool = False) -> float:
    """Return the width in pixels that `text` takes at most."""
    return sum(map(_measure_character, text)) * size * (_BOLD if bold else 1)


def clean_text(text: str) -> str:
    """Return `text` composed and on one line, without the characters that a picture must not hold."""
    spaced = _FORBIDDEN.sub(" ", unicodedata.normalize("NFC", text))
    # Not `split()`: numbers and units are held together by a blank that does not break.
    return " ".join(word for word in spaced.split(" ") if word)


def isolate_text(text: str) -> str:
    """Return right-to-left text fenced off, so that it does not reorder what stands around it."""
    if any(unicodedata.bidirectional(one) in _RIGHT_TO_LEFT for one in text):
        return f"{_FIRST_STRONG_ISOLATE}{text}{_POP_ISOLATE}"
    return text


def wrap_text(
    text: str, width: float, lines: int = 2, size: float = FONT_SIZE, *, bold: bool = False
) -> tuple[list[str], bool]:
    """Break `text` into at most `lines` lines of `width` pixels; return them, and whether the end had to be cut off."""
    wrapped, cut = _wrap(text, width, lines, size, bold=bold)
    # No line of a single short word: as narrow as the same number of lines allows.
    for narrower in range(int(width), 0, -4) if len(wrapped) > 1 and not cut else ():
        balanced, cut_now = _wrap(text, narrower, len(wrapped), size, bold=bold)
        if cut_now or any(measure_text(line, size, bold=bold) > narrower for line in balanced):
            break
        wrapped = balanced
    return wrapped, cut


def _wrap(text: str, width: float, lines: int, size: float, *, bold: bool) -> tuple[list[str], bool]:
    wrapped: list[str] = []
    rest = text
    while len(wrapped) < lines - 1 and rest:
        head, rest = _break_line(rest, width, size, bold=bold)
        wrapped.append(head)
    if not rest:
        return wrapped or [""], False
    last, left = _break_line(rest, width, size, bold=bold)
    if left:
        last = _break_line(rest, width - measure_text(ELLIPSIS, size, bold=bold), size, bold=bold)[0] + ELLIPSIS
    return [*wrapped, last], bool(left)


def _break_line(text: str, width: float, size: float, *, bold: bool) -> tuple[str, str]:
    """Return what of `text` fits on a line, and the rest: after a blank where there is one, else inside a word."""
    used, end = 0.0, 0
    for end, character in enumerate(text):  # noqa: B007 - `end` is needed after the loop
        used += measure_text(character, size, bold=bold)
        if used > width:
            break
    else:
        return text, ""
    blank = text.rfind(" ", 0, end + 1)
    end = blank if blank > 0 else max(end, 1)
    return text[:end].rstrip(), text[end:].lstrip()

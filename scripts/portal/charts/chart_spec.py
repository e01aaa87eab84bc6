"""Vega-Lite specifications of breakdowns, bars from zero and bounds as open bars, and what all charts share.

Everything is laid out here in pixels of a narrow phone: what must not be cut off has to be measured before it is
drawn. Nothing knows of catalogues or languages; rows come with their words.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

from portal.charts.chart_text import FONT_SIZE, isolate_text, measure_text, wrap_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Bound = Literal["none", "above", "below", "range"]
Specification = dict[str, Any]

VEGA_LITE = "https://vega.github.io/schema/vega-lite/v5.json"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif"
# What a phone of 340 pixels leaves between the margins of a page; wider screens scale the drawing up.
WIDTH = 300
# A label wider than this leaves no room for a drawing: then the numbers are left to the table.
MAX_LABEL = 0.7 * WIDTH
LINE_HEIGHT = 18
GAP = 6
# Colours of the file; in a page each becomes a variable, so that the chart follows the colour scheme.
INK, SOFT, BAR, LIGHT, LINE, MARK, PAPER = (
    "#1a2b33", "#4d5f68", "#0b6e78", "#cfe5e7", "#c9c4b7", "#b3541e", "#ffffff",
)  # fmt: skip
DASH = [4, 3]
RADIUS = 7
# A point, and a bar of which only a bound is known.
DOT: dict[str, Any] = {"filled": True, "opacity": 1, "size": 4 * RADIUS**2}
OPEN_BAR: dict[str, Any] = {"color": LIGHT, "stroke": BAR, "strokeDash": DASH, "strokeWidth": 1.5}
_TITLE_SIZE, _TITLE_LINES = 16, 12
_BAR_HEIGHT = 16
_NAME_GAP, _ROW_GAP = 2, 16
_ZERO_LINE = 3
_ARROW, _HEAD = 26, 7
_MIN_BAR = 60


@dataclass(frozen=True, slots=True)
class Row:
    """One part of a breakdown: its name, what is written beside it, and where it begins and ends."""

    name: str
    label: str
    low: float
    high: float
    bound: Bound = "none"
    # The figure in full, for who points at it.
    said: str = ""


def is_cut(name: str) -> bool:
    """Tell whether a name is too long for the two lines that it may take."""
    return wrap_text(name, WIDTH)[1]


def measure_label(text: str) -> float:
    """Return the width of a value's label, which is written in bold."""
    return measure_text(text, bold=True)


def start_specification(height: float, values: Sequence[Mapping[str, Any]]) -> Specification:
    """Return what all charts share: a size, a font, no frame, and the data."""
    return {
        "$schema": VEGA_LITE,
        "background": "transparent",
        "width": WIDTH,
        "height": height,
        "padding": 2,
        "config": {"view": {"stroke": None}, "font": FONT},
        "data": {"values": list(values)},
    }


def title_specification(
    bare: Specification, title: str, notes: Sequence[str], source: str, description: str
) -> Specification:
    """Return the specification with what a file needs that stands alone: words above and below, white behind."""
    head = {
        "text": _wrap_all([title], _TITLE_SIZE, bold=True),
        "subtitle": _wrap_all(notes, FONT_SIZE),
        "anchor": "start",
        "frame": "bounds",
        "fontSize": _TITLE_SIZE,
        "lineHeight": _TITLE_SIZE + 5,
        "subtitleFontSize": FONT_SIZE,
        "subtitleLineHeight": LINE_HEIGHT,
        "subtitlePadding": GAP,
        "color": INK,
        "subtitleColor": SOFT,
        "offset": 2 * GAP,
    }
    below = {"x": 0, "y": bare["height"] + 3 * GAP, "align": "left", "baseline": "top", "fill": SOFT}
    foot = {"data": {"values": [{"lines": _wrap_all([source], FONT_SIZE)}]}, **write("lines", {}, **below)}
    frame = {"description": description, "background": PAPER, "padding": 2 * GAP, "title": head}
    return {**bare, **frame, "layer": [*bare["layer"], foot]}


def _wrap_all(texts: Sequence[str], size: float, *, bold: bool = False) -> list[str]:
    return [isolate_text(line) for text in texts for line in wrap_text(text, WIDTH, _TITLE_LINES, size, bold=bold)[0]]


def draw(
    kind: str, encoding: Mapping[str, Any], *, only: tuple[str, str | bool] | None = None, **mark: Any
) -> Specification:
    """Return a layer of marks, of those values alone whose field `only[0]` is `only[1]`."""
    # Vega would describe every other mark too, in English.
    layer = {"mark": {"type": kind, "aria": "description" in encoding, **mark}, "encoding": dict(encoding)}
    return {"transform": [{"filter": {"field": only[0], "equal": only[1]}}], **layer} if only else layer


def write(
    field: str, encoding: Mapping[str, Any], *, only: tuple[str, str | bool] | None = None, **mark: Any
) -> Specification:
    """Return a layer of text."""
    style = {"fontSize": FONT_SIZE, "lineHeight": LINE_HEIGHT, "fill": INK, **mark}
    return draw("text", {**encoding, "text": {"field": field}}, only=only, **style)


def at(field: str) -> dict[str, Any]:
    """Return a position that a field states in pixels."""
    return {"field": field, "type": "quantitative", "scale": None}


def along(field: str, domain: tuple[float, float]) -> dict[str, Any]:
    """Return the position of a value where the whole drawing reaches from one end of `domain` to the other."""
    scale = {"domain": list(domain), "nice": False, "zero": False}
    return {"field": field, "type": "quantitative", "axis": None, "scale": scale}


def read_out() -> dict[str, Any]:
    """Return the channels by which a mark says its figure in full: to assistive technology, and when pointed at."""
    said = {"field": "said", "type": "nominal"}
    return {"description": said, "tooltip": said}


def lay_rows(names: Sequence[str], height: float) -> tuple[list[dict[str, Any]], float]:
    """Return the lines of each name and where they and the drawing below them stand, and where the last row ends."""
    rows: list[dict[str, Any]] = []
    top = 0.0
    for name in names:
        lines = [isolate_text(line) for line in wrap_text(name, WIDTH)[0]]
        start = top + len(lines) * LINE_HEIGHT + _NAME_GAP
        rows.append({"lines": lines, "top": top, "start": start, "middle": start + height / 2, "end": start + height})
        top = start + height + _ROW_GAP
    return rows, top - _ROW_GAP


def write_names() -> Specification:
    """Return the layer of names above the rows of `lay_rows`."""
    return write("lines", {"y": at("top")}, align="left", baseline="top", x=0)


def write_labels(domain: tuple[float, float]) -> list[Specification]:
    """Return the layers of values beside the tips of marks, at the side that each row states."""
    place = {"x": along("tip", domain), "y": at("middle")}
    bold = {"fontWeight": 600, "baseline": "middle"}
    return [
        write("label", place, only=("side", "right"), align="left", dx=GAP, **bold),
        write("label", place, only=("side", "left"), align="right", dx=-GAP, **bold),
    ]


# --- bars -------------------------------------------------------------------------------------------------------


def specify_bars(rows: Sequence[Row]) -> Specification | None:
    """Return bars from zero, names above and labels beside them; None where labels leave no room for bars."""
    factor, zero = _fit_bars(rows)
    if factor * max(max(abs(row.low), abs(row.high)) for row in rows) < _MIN_BAR:
        return None
    places, height = lay_rows([row.name for row in rows], _BAR_HEIGHT)
    values = [_describe_bar(row, factor) | place for row, place in zip(rows, places, strict=True)]
    domain = -zero / factor, (WIDTH - zero) / factor
    box = {"x": along("from", domain), "x2": {"field": "to"}, "y": at("start"), "y2": {"field": "end"}} | read_out()
    origin = {"x": along("zero", domain), "y": at("start"), "y2": {"field": "end"}}
    layers = [
        draw("rect", box, only=("drawn", "solid"), color=BAR),
        draw("rect", box, only=("drawn", "light"), **OPEN_BAR),
        *_draw_arrows(rows, domain),
        draw("rule", origin, color=SOFT, strokeWidth=1, yOffset=-_ZERO_LINE, y2Offset=_ZERO_LINE),
        write_names(),
        *write_labels(domain),
    ]
    return {**start_specification(height, values), "layer": layers}


def _opens(row: Row) -> float:
    """Return the length of the arrow at a bar's end: only a bound away from zero leaves the bar open there."""
    outward = "below" if row.low < 0 else "above"
    return _ARROW if row.bound == outward else 0


def _fit_bars(rows: Sequence[Row]) -> tuple[float, float]:
    """Return pixels per unit and the place of zero: the longest bars that leave room for arrows and labels."""
    needs = [(row, GAP + measure_label(row.label) + _opens(row)) for row in rows]
    left = [(-row.low, need if _is_left(row) else 0.0) for row, need in needs if row.low < 0]
    right = [(row.high, need) for row, need in needs if not _is_left(row)]
    sides = product([*left, (0.0, 0.0)], [*right, (0.0, 0.0)])
    factors = [(WIDTH - one_need - two_need) / (one + two) for (one, one_need), (two, two_need) in sides if one + two]
    factor = min(factors, default=0.0)
    return factor, max((reach * factor + need for reach, need in left), default=0.0)


def _is_left(row: Row) -> bool:
    return row.low < 0 and row.high <= 0


def _describe_bar(row: Row, factor: float) -> dict[str, Any]:
    left = _is_left(row)
    spans = row.bound == "range"
    start, end = (row.low, row.high) if spans else (min(row.low, 0.0), max(row.high, 0.0))
    arrow = _opens(row) / factor
    return {
        "name": row.name,
        "said": row.said,
        "value": None if spans else row.high,
        "label": row.label,
        "bound": row.bound,
        "drawn": "solid" if row.bound == "none" else "light",
        "zero": 0,
        "from": start,
        "to": end,
        "tip": start - arrow if left else end + arrow,
        "side": "left" if left else "right",
        "open": bool(arrow),
    }


def _draw_arrows(rows: Sequence[Row], domain: tuple[float, float]) -> Iterator[Specification]:
    """Yield a dashed shaft and a head for the open ends at either side."""
    for left, end in ((True, "from"), (False, "to")):
        if not any(_opens(row) and _is_left(row) == left for row in rows):
            continue
        side = "left" if left else "right"
        chosen = [{"filter": {"and": [{"field": "open", "equal": True}, {"field": "side", "equal": side}]}}]
        shaft = {"x": along(end, domain), "x2": {"field": "tip"}, "y": at("middle")}
        head = {"x": along("tip", domain), "y": at("middle")}
        style: dict[str, Any] = {"shape": f"triangle-{side}", "filled": True, "opacity": 1, "size": _HEAD**2}
        yield {"transform": chosen, **draw("rule", shaft, color=BAR, strokeWidth=1.5, strokeDash=DASH)}
        yield {"transform": chosen, **draw("point", head, color=BAR, xOffset=_HEAD / (2 if left else -2), **style)}

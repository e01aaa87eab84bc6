"""The Vega-Lite specification of ranks: points on an axis whose right end is the first place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portal.charts.chart_spec import (
    BAR,
    DOT,
    GAP,
    LINE,
    LINE_HEIGHT,
    OPEN_BAR,
    RADIUS,
    SOFT,
    WIDTH,
    along,
    at,
    draw,
    lay_rows,
    measure_label,
    read_out,
    start_specification,
    write,
    write_labels,
    write_names,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.charts.chart_spec import Row, Specification


def specify_ranks(rows: Sequence[Row], places: int, ends: tuple[str, str]) -> Specification:
    """Return points on an axis from the last of `places` at the left to 1 at the right; `ends` name the two."""
    inset = RADIUS + 1
    unit = (places - 1) / (WIDTH - 2 * inset)
    domain = places + inset * unit, 1 - inset * unit
    lines, height = lay_rows([row.name for row in rows], 2 * RADIUS)
    values = [_describe_rank(row, places, unit) | line for row, line in zip(rows, lines, strict=True)]
    middle = {"y": at("middle")}
    box = {"x": along("worst", domain), "x2": {"field": "best"}, "y": at("start"), "y2": {"field": "end"}} | read_out()
    point = {"x": along("value", domain), **middle} | read_out()
    layers = [
        *(
            draw("rule", {"x": along(start, domain), "x2": {"field": end}, **middle}, color=LINE, strokeWidth=2)
            for start, end in (("last", "before"), ("after", "first"))
        ),
        draw("rect", box, only=("drawn", "light"), **OPEN_BAR),
        draw("point", point, only=("drawn", "solid"), color=BAR, **DOT),
        write_names(),
        *write_labels(domain),
    ]
    words = [
        {
            "data": {"values": [{"end": words}]},
            **write("end", {}, align=side, baseline="top", fill=SOFT, x=x, y=height + GAP),
        }
        for words, side, x in zip(ends, ("left", "right"), (0, WIDTH), strict=True)
    ]
    return {**start_specification(height + GAP + LINE_HEIGHT, values), "layer": [*layers, *words]}


def _describe_rank(row: Row, places: int, unit: float) -> dict[str, Any]:
    best = 1.0 if row.bound == "below" else row.low
    worst = float(places) if row.bound == "above" else row.high
    solid = row.bound == "none"
    edge = RADIUS if solid else 0
    room = measure_label(row.label) + 2 * GAP
    fits_right, fits_left = (best - 1) / unit >= room + edge - GAP, (places - worst) / unit >= room + edge - GAP
    right = fits_right and (solid or not fits_left)
    tip = best - edge * unit if right else worst + edge * unit
    # The axis stops before the words and goes on behind them.
    before, after = (worst, tip - room * unit) if right else (tip + room * unit, best)
    return {
        "name": row.name,
        "said": row.said,
        "value": None if row.bound == "range" else row.low,
        "label": row.label,
        "bound": row.bound,
        "drawn": "solid" if solid else "light",
        "best": best,
        "worst": worst,
        "tip": tip,
        "side": "right" if right else "left",
        "last": places,
        "before": min(before, places),
        "after": max(after, 1),
        "first": 1,
    }

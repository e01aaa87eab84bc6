"""The Vega-Lite specification of a series: results over time, joined where they make a line, and targets as marks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from portal.charts.chart_labels import Box, Label, place_labels, place_periods
from portal.charts.chart_spec import (
    BAR,
    DOT,
    GAP,
    LIGHT,
    LINE,
    LINE_HEIGHT,
    MARK,
    PAPER,
    RADIUS,
    SOFT,
    WIDTH,
    along,
    at,
    draw,
    read_out,
    start_specification,
    write,
)
from portal.charts.chart_text import measure_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from portal.charts.chart_spec import Bound, Specification

# With more points than these each is a dot too many, or a label too many.
MAX_DOTS, MAX_LABELS = 24, 6
# A line of more points than pixels looks the same without most of them.
MAX_POINTS = 240
_PLOT_HEIGHT = 190
_TOP = LINE_HEIGHT + RADIUS + GAP
_TARGET_WIDTH, _TARGET_HEIGHT = 30, 6
_OPEN_SLOT = 96
_MAX_GUTTER = WIDTH / 3
_STEPS = (1, 2, 5, 10)
_INTERVALS = 3
# The left half of a circle, in the units of Vega's symbols.
_HALF = "M0,-1A1,1,0,0,0,0,1Z"


@dataclass(frozen=True, slots=True)
class Point:
    """One figure of a series; `when` is its place in years, None for a target without a deadline."""

    when: float | None
    period: str
    value: float
    label: str
    status: str = "actual"
    bound: Bound = "none"
    # Points are joined inside a segment: a period that cannot be read parts the line.
    segment: int = 0
    # The figure in full, for who points at it.
    said: str = ""

    @property
    def is_target(self) -> bool:
        """Tell whether the point is something aimed for."""
        return self.status == "target"


@dataclass(frozen=True, slots=True)
class Axis:
    """The vertical axis: the values at its bottom and top, and those that it names."""

    bottom: float
    top: float
    ticks: tuple[tuple[float, str], ...]


def choose_ticks(values: Sequence[Decimal]) -> list[Decimal]:
    """Return round values from below the least to above the most; from zero unless that would hide every difference."""
    low, high = min(values), max(values)
    if 0 <= low <= high / 2:
        low = Decimal(0)
    elif low / 2 <= high <= 0:
        high = Decimal(0)
    rough = (high - low) / _INTERVALS
    unit = Decimal(1).scaleb(rough.adjusted())
    step = next(unit * factor for factor in _STEPS if unit * factor >= rough)
    first = (low / step).to_integral_value(ROUND_FLOOR)
    last = (high / step).to_integral_value(ROUND_CEILING)
    return [(first + number) * step for number in range(int(last - first) + 1)]


def thin_points(points: Sequence[Point]) -> list[Point]:
    """Return as many points as a drawing can show: first and last, and the least and the most of each stretch."""
    if len(points) <= MAX_POINTS:
        return list(points)
    size = 2 * len(points) // MAX_POINTS + 1
    stretches = [range(start, min(start + size, len(points))) for start in range(0, len(points), size)]
    kept = {0, len(points) - 1}
    for stretch in stretches:
        kept |= {min(stretch, key=lambda n: points[n].value), max(stretch, key=lambda n: points[n].value)}
    return [points[number] for number in sorted(kept)]


@dataclass(frozen=True, slots=True)
class _Plane:
    """Where years and values stand in pixels: both ways linear."""

    left: float
    right: float
    first: float
    last: float
    axis: Axis

    @property
    def years_per_pixel(self) -> float:
        return (self.last - self.first) / (self.right - self.left)

    @property
    def value_per_pixel(self) -> float:
        return (self.axis.top - self.axis.bottom) / _PLOT_HEIGHT

    def find_x(self, point: Point) -> float:
        if point.when is None:
            return WIDTH - _OPEN_SLOT / 2 + GAP
        return self.left + (point.when - self.first) / self.years_per_pixel

    def find_y(self, value: float) -> float:
        return _TOP + (self.axis.top - value) / self.value_per_pixel

    def horizontal(self) -> tuple[float, float]:
        """Return the years at the edges of the drawing."""
        start = self.first - self.left * self.years_per_pixel
        return start, start + WIDTH * self.years_per_pixel

    def vertical(self, height: float) -> tuple[float, float]:
        """Return the values at the lower and the upper edge of a drawing of `height`."""
        start = self.axis.top + _TOP * self.value_per_pixel
        return start - height * self.value_per_pixel, start


def specify_timeline(points: Sequence[Point], axis: Axis, *, joined: bool) -> Specification:
    """Return a chart over time whose points are labelled directly, all of them where they are few."""
    gutter = max((measure_text(label) + GAP for _, label in axis.ticks if label), default=0.0)
    if gutter > _MAX_GUTTER:
        gutter, axis = 0.0, replace(axis, ticks=tuple((value, "") for value, _ in axis.ticks))
    plane = _lay_plane(points, axis, gutter)
    periods, depth = place_periods([(point.period, plane.find_x(point), point.is_target) for point in points])
    floor = _TOP + _PLOT_HEIGHT + RADIUS + GAP
    grid = [(plane.find_y(value), label) for value, label in axis.ticks]
    labels = _place_labels(points, plane, [Box.around(gutter / 2, y, gutter, LINE_HEIGHT) for y, _ in grid], floor)
    years, values = plane.horizontal(), plane.vertical(floor + depth)
    places = {"x": along("place", years), "y": along("value", values)}
    rows = [_describe_point(point, years[0] + plane.find_x(point) * plane.years_per_pixel) for point in points]
    layers = [
        *_draw_grid(grid, gutter),
        *([_draw_line(places)] if joined else []),
        *_draw_points(points, places),
        _write_all([one for one in labels if not one["needed"]], fontWeight=600),
        _write_all([one for one in labels if one["needed"]], fontWeight=600, fill=MARK),
        _write_all([one | {"y": floor} for one in periods], fill=SOFT),
    ]
    return {**start_specification(floor + depth, rows), "layer": layers}


def _place_labels(points: Sequence[Point], plane: _Plane, names: Sequence[Box], floor: float) -> list[dict[str, Any]]:
    """Place what is written at points, clear of marks and of the `names` of the axis, off the lines if possible."""
    boxes = [_find_box(point, plane) for point in points]
    marks = [box for box, point in zip(boxes, points, strict=True) if point.is_target or len(points) <= MAX_DOTS]
    line = [box.center for box, point in zip(boxes, points, strict=True) if not point.is_target]
    grid = [((name.right, name.center[1]), (WIDTH, name.center[1])) for name in names]
    return place_labels(_list_labels(points, boxes), [*marks, *names], [*pairwise(line), *grid], floor)


def _lay_plane(points: Sequence[Point], axis: Axis, gutter: float) -> _Plane:
    dated = [point.when for point in points if point.when is not None]
    side = _TARGET_WIDTH / 2 + 1
    slot = _OPEN_SLOT if len(dated) < len(points) else 0
    return _Plane(gutter + side, WIDTH - side - slot, min(dated), max(dated), axis)


def _find_box(point: Point, plane: _Plane) -> Box:
    size = (_TARGET_WIDTH, _TARGET_HEIGHT) if point.is_target else (2 * RADIUS, 2 * RADIUS)
    return Box.around(plane.find_x(point), plane.find_y(point.value), *size)


def _list_labels(points: Sequence[Point], boxes: Sequence[Box]) -> list[Label]:
    """Return what is worth a label, the most important first: targets, the ends, the extremes, the rest if few."""
    results = [number for number, point in enumerate(points) if not point.is_target]
    by_value = sorted(results, key=lambda number: points[number].value)
    targets = [number for number, point in enumerate(points) if point.is_target]
    wanted = targets if len(targets) <= MAX_LABELS else [targets[-1], targets[0]]
    wanted = [*wanted, results[-1], results[0], by_value[-1], by_value[0]]
    if len(points) <= MAX_LABELS:
        wanted += results
    return [Label(points[number].label, boxes[number], points[number].is_target) for number in dict.fromkeys(wanted)]


def _describe_point(point: Point, place: float) -> dict[str, Any]:
    return {
        "period": point.period,
        "said": point.said,
        "value": point.value,
        "label": point.label,
        "status": point.status,
        "bound": point.bound,
        "segment": point.segment,
        "place": place,
        "drawn": _name_mark(point),
    }


def _name_mark(point: Point) -> str:
    if point.is_target:
        return "target"
    return point.bound if point.bound in {"above", "below"} else point.status


# --- layers -----------------------------------------------------------------------------------------------------


def _draw_grid(grid: Sequence[tuple[float, str]], gutter: float) -> Iterator[Specification]:
    data = {"data": {"values": [{"y": y, "label": label} for y, label in grid]}}
    yield {**data, **draw("rule", {"y": at("y")}, x=gutter, x2=WIDTH, color=LINE, strokeWidth=1)}
    if gutter:
        yield {**data, **write("label", {"y": at("y")}, x=0, align="left", baseline="middle", fill=SOFT)}


def _draw_line(places: dict[str, Any]) -> Specification:
    joined = {"filter": {"field": "drawn", "oneOf": ["actual", "estimate", "derived"]}}
    encoding = {**places, "detail": {"field": "segment", "type": "nominal"}}
    return {"transform": [joined], **draw("line", encoding, color=BAR, strokeWidth=2.5, strokeJoin="round")}


def _draw_points(points: Sequence[Point], places: dict[str, Any]) -> Iterator[Specification]:
    """Yield a layer for each kind of mark that occurs: full, half and hollow points, open bounds, ticks of targets."""
    hollow = {**DOT, "color": PAPER, "stroke": BAR, "strokeWidth": 2}
    tick = {**DOT, "filled": False, "shape": "stroke", "size": _TARGET_WIDTH**2, "color": MARK, "strokeWidth": 4}
    half = {**DOT, "color": BAR, "shape": _HALF}
    open_bound = {**hollow, "color": LIGHT, "size": 2 * DOT["size"]}
    styles: dict[str, list[dict[str, Any]]] = {
        "actual": [{**DOT, "color": BAR}],
        "derived": [hollow],
        "estimate": [hollow, half],
        "above": [{**open_bound, "shape": "triangle-up"}],
        "below": [{**open_bound, "shape": "triangle-down"}],
        "target": [tick],
    }
    occurring = {_name_mark(point) for point in points}
    plain = {"actual", "derived", "estimate"} if len(points) > MAX_DOTS else set()
    for name, layers in styles.items():
        if name in occurring - plain:
            # The upper layer of a mark speaks for all of it.
            below, above = layers[:-1], layers[-1]
            yield from (draw("point", places, only=("drawn", name), **style) for style in below)
            yield draw("point", places | read_out(), only=("drawn", name), **above)


def _write_all(labels: Sequence[dict[str, Any]], **style: Any) -> Specification:
    layer = write("lines", {"x": at("x"), "y": at("y")}, align="center", baseline="top", **style)
    return {"data": {"values": list(labels)}, **layer}

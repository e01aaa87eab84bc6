"""Labels inside a drawing: each beside what it names, covering neither a mark nor another label.

The important labels are placed first; one that finds no room is left out, for the table beside the chart has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from portal.charts.chart_spec import GAP, LINE_HEIGHT, WIDTH, measure_label
from portal.charts.chart_text import isolate_text, measure_text, wrap_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Place = tuple[float, float]
Segment = tuple[Place, Place]

_DISTANCE = 3
_PERIOD_WIDTH, _PERIOD_LINES = 84, 3
_LEAST_PERIOD = 30
# Lines are looked at in so many places: a label that covers one is still better than one that covers a mark.
_SAMPLES = 16


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels, y downwards."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def around(cls, x: float, y: float, width: float, height: float) -> Box:
        """Return the rectangle of that size around a place."""
        return cls(x - width / 2, y - height / 2, x + width / 2, y + height / 2)

    @property
    def center(self) -> Place:
        """Return the place in the middle."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def overlaps(self, other: Box) -> bool:
        """Tell whether the two share any room."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def covers(self, place: Place) -> bool:
        """Tell whether a place lies inside."""
        return self.left <= place[0] <= self.right and self.top <= place[1] <= self.bottom


@dataclass(frozen=True, slots=True)
class Label:
    """What is to be written beside a mark; `needed` where the mark cannot be understood without."""

    text: str
    mark: Box
    needed: bool = False


def place_labels(
    labels: Iterable[Label], taken: Sequence[Box], lines: Sequence[Segment], depth: float
) -> list[dict[str, Any]]:
    """Return lines of text with the middle of their upper edge, in pixels; none reaches below `depth`."""
    occupied = list(taken)
    placed = []
    for label in labels:
        candidates = [box for box in _list_candidates(label) if box.top >= 0 and box.bottom <= depth]
        costs = [
            (sum(box.overlaps(one) for one in occupied), _cross(box, lines), n) for n, box in enumerate(candidates)
        ]
        if not costs or (not label.needed and (min(costs)[0] or min(costs)[1] > _SAMPLES)):
            continue
        box = candidates[min(costs)[2]]
        occupied.append(box)
        placed.append({"lines": [isolate_text(label.text)], "x": box.center[0], "y": box.top, "needed": label.needed})
    return placed


def _list_candidates(label: Label) -> Iterator[Box]:
    """Yield the places around a mark, the best first: above, below, beside."""
    width = measure_label(label.text) + GAP
    x, y = label.mark.center
    half = (label.mark.right - label.mark.left) / 2
    above, below = label.mark.top - _DISTANCE - LINE_HEIGHT, label.mark.bottom + _DISTANCE
    for top in (above, below):
        yield _fit(x, top, width)
    for top in (above, below):
        yield _fit(x - width / 2 + half, top, width)
        yield _fit(x + width / 2 - half, top, width)
    for side in (1, -1):
        yield _fit(x + side * (half + _DISTANCE + width / 2), y - LINE_HEIGHT / 2, width)


def _fit(x: float, top: float, width: float) -> Box:
    """Return the box of a line of text as close to `x` as the edges of the drawing allow."""
    middle = min(max(x, width / 2), WIDTH - width / 2)
    return Box.around(middle, top + LINE_HEIGHT / 2, width, LINE_HEIGHT)


def _cross(box: Box, lines: Sequence[Segment]) -> int:
    """Count how much of the lines a box covers."""
    return sum(
        box.covers((start[0] + (end[0] - start[0]) * part / _SAMPLES, start[1] + (end[1] - start[1]) * part / _SAMPLES))
        for start, end in lines
        for part in range(_SAMPLES + 1)
    )


def place_periods(periods: Sequence[tuple[str, float, bool]]) -> tuple[list[dict[str, Any]], float]:
    """Return names of periods that stand side by side, and how high they are.

    A period is its name, where it stands, and whether it is needed. The needed ones come first, then the last and the
    first, then as many of the others as leave even gaps.
    """
    names = {x: text for text, x, _ in periods}
    places = sorted(names)
    wrapped = [_wrap_period(names[x]) for x in places]
    boxes = [_fit(x, 0, width) for x, (_, width) in zip(places, wrapped, strict=True)]
    needed = sorted({places.index(x) for _, x, need in periods if need})
    fixed = _add_apart([], [*needed, len(places) - 1, 0], boxes)
    for step in range(max(1, len(places) * _LEAST_PERIOD // WIDTH), len(places) + 1):
        others = [number for number in range(0, len(places), step) if _is_apart(boxes[number], fixed, boxes)]
        if all(boxes[one].right + GAP <= boxes[two].left for one, two in pairwise(others)):
            break
    chosen = sorted({*fixed, *others})
    height = max(len(wrapped[number][0]) for number in chosen) * LINE_HEIGHT
    return [{"lines": wrapped[number][0], "x": boxes[number].center[0]} for number in chosen], height


def _add_apart(chosen: list[int], more: Iterable[int], boxes: Sequence[Box]) -> list[int]:
    for number in more:
        if _is_apart(boxes[number], chosen, boxes):
            chosen.append(number)
    return chosen


def _is_apart(box: Box, chosen: Iterable[int], boxes: Sequence[Box]) -> bool:
    return all(box.right + GAP <= boxes[n].left or boxes[n].right + GAP <= box.left for n in chosen)


def _wrap_period(text: str) -> tuple[list[str], float]:
    lines = wrap_text(text, _PERIOD_WIDTH, _PERIOD_LINES)[0]
    return [isolate_text(line) for line in lines], max(map(measure_text, lines))

"""SVG: what Vega renders, made fit for a page and for a file of its own.

A page forbids inline styles and has colours and ids of its own; a file needs a title, for nothing stands beside it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from portal.charts.chart_spec import BAR, INK, LIGHT, LINE, MARK, PAPER, SOFT

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMESPACE = "http://www.w3.org/2000/svg"
_VARIABLES = {
    INK: "var(--chart-ink)", SOFT: "var(--chart-soft)", BAR: "var(--chart-bar)", LIGHT: "var(--chart-light)",
    LINE: "var(--chart-line)", MARK: "var(--chart-mark)", PAPER: "var(--chart-paper)",
}  # fmt: skip
# Vega describes its own scenegraph in English; the text alternative says it better.
_UNWANTED = re.compile(r"class|role|aria-.*|style|version")
# Frames that are never painted.
_FRAMES = frozenset({"background", "foreground"})
_LONG_NUMBER = re.compile(r"-?[0-9]+\.[0-9]{3,}(?:e-?[0-9]+)?")
_COLOURED = ("fill", "stroke")
# What a mark says when it is pointed at: Vega's word for it, and the one that `chart.js` looks for.
_LABEL, SAID = "aria-label", "data-said"
# Where a mark stands among the figures: a drawing has its marks by kind.
_PLACE = "data-place"


def make_inline(svg: str, alternative: str, said: Sequence[str]) -> str:
    """Return a picture that scales, takes colours and font from its page, and is named by the element `alternative`.

    Its marks know what of `said` is theirs.
    """
    root = _clean(svg, SAID)
    for size in ("width", "height"):
        del root.attrib[size]
    for element in root.iter():
        element.attrib.pop("font-family", None)
        if element.get(SAID) in said:
            element.set(_PLACE, str(said.index(element.attrib[SAID])))
        for name in _COLOURED:
            if element.get(name) in _VARIABLES:
                element.set(name, _VARIABLES[element.attrib[name]])
    root.attrib |= {"role": "img", "aria-labelledby": alternative}
    return ET.tostring(root, encoding="unicode")


def make_file(svg: str, title: str, description: str) -> str:
    """Return a picture that says by itself what it is."""
    root = _clean(svg)
    root.set("role", "img")
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = ET.Element(tag)
        element.text = text
        root.insert(place, element)
    return ET.tostring(root, encoding="unicode") + "\n"


def _clean(svg: str, said: str = "") -> ET.Element:
    """Return the picture without what only Vega needs, its numbers no finer than a hundredth of a pixel.

    What marks say goes into the attribute `said`, if one is named.
    """
    root = ET.fromstring(svg)  # noqa: S314 - Vega wrote it just now, out of escaped texts
    for parent in list(root.iter()):
        for child in [one for one in parent if one.get("class") in _FRAMES and one.get("fill") is None]:
            parent.remove(child)
        parent.tag = parent.tag.removeprefix(f"{{{_NAMESPACE}}}")
        if said and parent.tag == "path" and _LABEL in parent.attrib:
            parent.set(said, parent.attrib[_LABEL])
        for name in list(parent.attrib):
            if _UNWANTED.fullmatch(name):
                del parent.attrib[name]
            elif name != said:
                parent.attrib[name] = _LONG_NUMBER.sub(_shorten, parent.attrib[name])
    root.set("xmlns", _NAMESPACE)
    return root


def _shorten(match: re.Match[str]) -> str:
    return f"{float(match[0]):.2f}".rstrip("0").rstrip(".")

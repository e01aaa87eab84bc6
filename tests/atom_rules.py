"""The rules of RFC 4287 for a feed document, read from the RFC; feedparser forgives whoever breaks them."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

_ATOM = "{http://www.w3.org/2005/Atom}"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_ONE, _MAYBE, _ANY = (1, 1), (0, 1), (0, 10**9)
# Sections 4.1.1 and 4.1.2: how often each element may stand there.
_FEED = {
    "id": _ONE, "title": _ONE, "updated": _ONE, "generator": _MAYBE, "icon": _MAYBE, "logo": _MAYBE, "rights": _MAYBE,
    "subtitle": _MAYBE, "author": _ANY, "category": _ANY, "contributor": _ANY, "link": _ANY, "entry": _ANY,
}  # fmt: skip
_ENTRY = {
    "id": _ONE, "title": _ONE, "updated": _ONE, "content": _MAYBE, "published": _MAYBE, "rights": _MAYBE,
    "source": _MAYBE, "summary": _MAYBE, "author": _ANY, "category": _ANY, "contributor": _ANY, "link": _ANY,
}  # fmt: skip
_PERSON = {"name": _ONE, "uri": _MAYBE, "email": _MAYBE}
_DATE = re.compile(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\d(?:\.\d+)?(?:Z|[+-][0-2]\d:[0-5]\d)")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(?:;.*)?")
_TAG = re.compile(r"tag:[\w.-]+,\d{4}(?:-\d\d){0,2}:[^\s#]+")


def find_faults(text: str) -> list[str]:
    """Return every rule that a document breaks; nothing where it is an Atom feed."""
    try:
        feed = ET.fromstring(text)  # noqa: S314 - our own files
    except ET.ParseError as error:
        return [f"not XML: {error}"]
    if feed.tag != f"{_ATOM}feed":
        return [f"the root is {feed.tag}"]
    return [*_check(feed, _FEED, "feed"), *_check_entries(feed)]


def _check_entries(feed: ET.Element) -> Iterator[str]:
    seen: set[tuple[str, str]] = set()
    signed = feed.find(f"{_ATOM}author") is not None
    for number, entry in enumerate(feed.iter(f"{_ATOM}entry"), start=1):
        place = f"entry {number}"
        yield from _check(entry, _ENTRY, place)
        links = {one.get("rel", "alternate") for one in entry.iter(f"{_ATOM}link")}
        if "alternate" not in links and entry.find(f"{_ATOM}content") is None:
            yield f"{place}: neither content nor an alternate link"
        if not signed and entry.find(f"{_ATOM}author") is None:
            yield f"{place}: no author"
        name = (entry.findtext(f"{_ATOM}id") or "", entry.findtext(f"{_ATOM}updated") or "")
        if name in seen:
            yield f"{place}: the id and date of another entry"
        seen.add(name)


def _check(element: ET.Element, known: dict[str, tuple[int, int]], place: str) -> Iterator[str]:
    names = [child.tag.removeprefix(_ATOM) for child in element]
    yield from (f"{place}: unknown {name}" for name in names if name not in known)
    for name, (least, most) in known.items():
        if not least <= names.count(name) <= most:
            yield f"{place}: {names.count(name)} times {name}"
    alternates = [
        (one.get("type"), one.get("hreflang"))
        for one in element.findall(f"{_ATOM}link")
        if one.get("rel", "alternate") == "alternate"
    ]
    if len(alternates) != len(set(alternates)):
        yield f"{place}: two alternate links of one type and language"
    for child in element:
        yield from (f"{place}: {child.tag.removeprefix(_ATOM)}: {fault}" for fault in _check_value(child))


def _check_value(one: ET.Element) -> Iterator[str]:
    name, text = one.tag.removeprefix(_ATOM), one.text or ""
    if one.get(_LANG) is not None and not _LANGUAGE.fullmatch(one.get(_LANG, "")):
        yield "no language"
    if name in {"updated", "published"} and not _DATE.fullmatch(text):
        yield f"no date: {text}"
    if name == "id" and (not urlsplit(text).scheme or (text.startswith("tag:") and not _TAG.fullmatch(text))):
        yield f"no identifier: {text}"
    if name in {"title", "subtitle", "summary", "rights"}:
        if one.get("type", "text") not in {"text", "html", "xhtml"}:
            yield "unknown type"
        if one.get("type", "text") == "text" and len(one):
            yield "elements in plain text"
    if name in {"author", "contributor"}:
        yield from _check(one, _PERSON, name)
    if name == "category" and not one.get("term"):
        yield "no term"
    if name == "link":
        yield from _check_link(one)


def _check_link(one: ET.Element) -> Iterator[str]:
    if not urlsplit(one.get("href", "")).netloc:
        yield "no address"
    if one.get("type") is not None and not _MEDIA_TYPE.fullmatch(one.get("type", "")):
        yield "no media type"
    if one.get("hreflang") is not None and not _LANGUAGE.fullmatch(one.get("hreflang", "")):
        yield "no language"
    if not one.get("length", "0").isdecimal():
        yield "no length"

"""Atom feeds (RFC 4287): all datasets, the datasets of a theme, and one dataset with its documents; in both languages.

No clock takes part. `updated` is when the package was made, its `created`, which officers date with each version; of a
feed it is the newest of its entries. When a document was issued stands in the words of its entry: it is not when the
portal had it. Identifiers are tag URIs (RFC 4151) of the portal's host, and stay while that does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from xml.sax.saxutils import escape, quoteattr

from portal.words.text import LANGUAGES
from portal.words.wording import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from portal.data.package import Package
    from portal.figures.catalog import Catalog
    from portal.words.text import Language

NAME = "feed.xml"
MEDIA_TYPE = "application/atom+xml"
# The newest ones; everything is in `/data/catalog.json` and the sitemap.
MOST_ENTRIES = 500
_UNDATED = "2000-01-01T00:00:00Z"
# The year since which the portal names things under its host.
_TAG_YEAR = "2026"
# XML 1.0 has no form for these, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: a path below the language's root, and words."""

    path: str
    title: str
    summary: str
    updated: str
    category: tuple[str, str] | None = None
    file: tuple[str, str, int] | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed, for the page at `path`."""

    path: str
    title: str
    subtitle: str
    entries: Sequence[Entry]


def write_feeds(catalog: Catalog, site: Path) -> None:
    """Write the feeds of all datasets and of the themes beside their pages below `site`."""
    for language in LANGUAGES:
        for feed in make_feeds(catalog, language):
            _write(feed, catalog, language, site)


def write_dataset_feeds(package: Package, catalog: Catalog, site: Path) -> None:
    """Write the feeds of one dataset beside its pages below `site`."""
    for language in LANGUAGES:
        _write(make_dataset_feed(package, catalog, language), catalog, language, site)


def _write(feed: Feed, catalog: Catalog, language: Language, site: Path) -> None:
    path = (site / "en" if language == "en" else site) / feed.path / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in render_feed(feed, catalog, language))


def make_feeds(catalog: Catalog, language: Language) -> Iterator[Feed]:
    """Yield the feeds of one language, but for those of single datasets."""
    title = catalog.settings.title.get(language)
    packages = [*catalog.datasets, *catalog.references]
    everything = [_make_entry(package, catalog, language) for package in packages]
    yield Feed("", title, catalog.settings.description.get(language), _newest(everything))
    for theme in catalog.records.get("themes", {}):
        entries = [_make_entry(one, catalog, language) for one in catalog.datasets if one.theme == theme]
        if entries:
            name = catalog.label("themes", theme).get(language)
            words = catalog.word("themes", theme, "description").get(language)
            yield Feed(f"themes/{theme}/", f"{name} – {title}", words, _newest(entries))


def make_dataset_feed(package: Package, catalog: Catalog, language: Language) -> Feed:
    """Return the feed of one dataset: itself, and the documents that its figures come from."""
    entries = [_make_entry(package, catalog, language), *_list_documents(package, catalog, language)]
    title = f"{package.title.get(language)} – {catalog.settings.title.get(language)}"
    return Feed(f"catalog/{package.name}/", title, package.description.get(language), _newest(entries))


def to_moment(created: str) -> str:
    """Return a date as RFC 3339 wants it, in UTC; a day is its beginning."""
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return _UNDATED
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def name_tag(site_url: str, path: str) -> str:
    """Return the tag URI of what stands at a path."""
    return f"tag:{urlsplit(site_url).hostname},{_TAG_YEAR}:/{path}"


def _newest(entries: Iterable[Entry]) -> list[Entry]:
    ordered = sorted(entries, key=lambda one: one.path)
    ordered.sort(key=lambda one: one.updated, reverse=True)
    return ordered[:MOST_ENTRIES]


def _make_entry(package: Package, catalog: Catalog, language: Language) -> Entry:
    theme = package.theme if package.theme in catalog.records.get("themes", {}) else ""
    csv = next((one for one in catalog.distributions.get(package.name, ()) if one.name == f"{package.name}.csv"), None)
    return Entry(
        path=f"catalog/{package.name}/",
        title=package.title.get(language),
        summary=f"{package.description.get(language)}\n\n{say('feed_version', language, version=package.version)}",
        updated=to_moment(package.created),
        category=(theme, catalog.label("themes", theme).get(language)) if theme else None,
        file=(f"data/{package.name}/{csv.name}", csv.media_type, csv.bytes) if csv else None,
    )


def _list_documents(package: Package, catalog: Catalog, language: Language) -> Iterator[Entry]:
    """Yield the documents that the figures of a dataset come from."""
    for source in catalog.abstract(package.name).sources:
        title = catalog.label("sources", source).get(language)
        issued = catalog.records["sources"].get(source, {}).get("date", "")
        yield Entry(
            path=f"sources/{source}/",
            title=title,
            summary=say("feed_document" if issued else "feed_document_undated", language, title=title, date=issued),
            updated=to_moment(package.created),
        )


# --- XML ------------------------------------------------------------------------------------------------------


def render_feed(feed: Feed, catalog: Catalog, language: Language) -> Iterator[str]:
    """Yield the lines of a feed."""
    settings = catalog.settings
    root = f"{settings.site_url}{'en/' if language == 'en' else ''}"
    prefix = "en/" if language == "en" else ""
    page = root + feed.path
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{language}">'
    yield _element("id", name_tag(settings.site_url, f"{prefix}{feed.path}{NAME}"))
    yield _element("title", feed.title)
    if feed.subtitle:
        yield _element("subtitle", feed.subtitle)
    yield _element("updated", max((one.updated for one in feed.entries), default=_UNDATED))
    yield f"<author>{_element('name', settings.publisher.get(language))}{_element('uri', root)}</author>"
    yield _link("self", page + NAME, type=MEDIA_TYPE)
    yield _link("alternate", page, type="text/html", hreflang=language)
    yield _element("rights", f"{settings.license} {settings.license_url}")
    for entry in feed.entries:
        # An entry of a dataset's feed about a document is another one in each dataset that uses the document.
        name = entry.path if entry.path.startswith("catalog/") else feed.path + entry.path
        yield "<entry>"
        yield _element("id", name_tag(settings.site_url, prefix + name))
        yield _element("title", entry.title)
        yield _element("updated", entry.updated)
        yield _link("alternate", root + entry.path, type="text/html", hreflang=language)
        if entry.file:
            path, media_type, size = entry.file
            yield _link("enclosure", settings.site_url + path, type=media_type, length=str(size))
        if entry.category:
            yield f"<category term={_quote(entry.category[0])} label={_quote(entry.category[1])}/>"
        yield _element("summary", entry.summary)
        yield "</entry>"
    yield "</feed>"


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(_NOT_XML.sub(chr(0xFFFD), text))}</{name}>"


def _quote(text: str) -> str:
    return quoteattr(_NOT_XML.sub("\ufffd", text))


def _link(rel: str, href: str, **attributes: str) -> str:
    more = "".join(f" {name}={_quote(value)}" for name, value in attributes.items())
    return f'<link rel="{rel}" href={_quote(href)}{more}/>'

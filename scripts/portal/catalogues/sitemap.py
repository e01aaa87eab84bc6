"""For search engines: `sitemap.xml` with both languages of every page, and `robots.txt`.

The pages are those that were really written. `lastmod` stands only where a date is known: at a dataset's page, whose
package says when it was made. https://www.sitemaps.org/protocol.html, RFC 9309.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.sax.saxutils import escape

from portal.data.tree import list_tree
from portal.files.precompression import GZIP_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from portal.figures.catalog import Catalog

NAME = "sitemap.xml"
# The limits of the protocol; the last bytes are left for the end of the file.
MOST_ADDRESSES = 50_000
MOST_BYTES = 52_428_800 - 64
_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
_SET = (
    f'{_HEAD}<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml">\n'
)
_INDEX = f'{_HEAD}<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
# Made to stand in pages of others: their own address leads to the page of the dataset.
_UNLISTED = ("embed",)
# Whatever makes SQLite read much, or has no end: facets, sorts and pages of tables. Rows and files stay open.
_COSTLY = ("sql=", "_where=", "_search=", "_facet", "_sort", "_next=", "_stream=", "_size=max")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one sitemap may hold."""

    addresses: int = MOST_ADDRESSES
    bytes: int = MOST_BYTES


def write_sitemap(catalog: Catalog, site: Path, limits: Limits | None = None) -> None:
    """Write `sitemap.xml` (an index where one file does not hold all) and `robots.txt`, in place of MkDocs' own."""
    for old in (site / NAME, site / "en" / NAME):
        old.unlink(missing_ok=True)
        old.with_name(old.name + GZIP_SUFFIX).unlink(missing_ok=True)
    home = catalog.settings.site_url
    dates = {f"catalog/{one.name}/": one.created[:10] for one in catalog.packages.values() if one.created}
    count = _write_parts(site, render_addresses(list_pages(site), home, dates), limits or Limits())
    if count == 1:
        (site / "sitemap-1.xml").rename(site / NAME)
    else:
        with (site / NAME).open("w", encoding="utf-8") as file:
            file.write(_INDEX)
            file.writelines(f"<sitemap><loc>{home}sitemap-{part}.xml</loc></sitemap>\n" for part in range(1, count + 1))
            file.write("</sitemapindex>\n")
    (site / "robots.txt").write_text("".join(f"{line}\n" for line in write_robots(home)), "utf-8")


def list_pages(site: Path) -> Iterator[str]:
    """Yield the path of every page, sorted: folders with an `index.html`, without the embedded ones."""
    unlisted = [[name] for name in _UNLISTED]
    for name in list_tree(site):
        *parts, last = name.split("/")
        own = parts[1:] if parts[:1] == ["en"] else parts
        if last == "index.html" and own[:1] not in unlisted:
            yield "".join(f"{part}/" for part in parts)


def render_addresses(paths: Iterable[str], home: str, dates: Mapping[str, str]) -> Iterator[str]:
    """Yield one `<url>` for each page, with its twin in the other language where there is one."""
    known = list(paths)
    every = set(known)
    for path in known:
        own = path.removeprefix("en/") if path.startswith("en/") else path
        twins = {"vi": own, "en": f"en/{own}", "x-default": own}
        links = "".join(
            f'<xhtml:link rel="alternate" hreflang="{language}" href="{_address(home, twin)}"/>'
            for language, twin in twins.items()
            if twin in every
        )
        date = f"<lastmod>{dates[own]}</lastmod>" if own in dates else ""
        yield f"<url><loc>{_address(home, path)}</loc>{date}{links}</url>\n"


def write_robots(home: str) -> Iterator[str]:
    """Yield the lines of `robots.txt`."""
    yield "# Mọi trang và tệp đều mở; chỉ xin đừng dò các truy vấn nặng. / All pages and files are open; please leave"
    yield "# costly queries alone. /developers/, /llms.txt"
    yield "User-agent: *"
    yield from (f"Disallow: /datasette/*{sign}" for sign in _COSTLY)
    yield "Allow: /"
    yield ""
    yield f"Sitemap: {home}{NAME}"


def _address(home: str, path: str) -> str:
    return escape(home + quote(path), {'"': "&quot;"})


def _write_parts(site: Path, addresses: Iterator[str], limits: Limits) -> int:
    """Write `sitemap-1.xml`, `sitemap-2.xml` …; return how many."""
    part, waiting = 0, next(addresses, None)
    while waiting is not None or part == 0:
        part += 1
        count, size = 0, len(_SET)
        with (site / f"sitemap-{part}.xml").open("w", encoding="utf-8") as file:
            file.write(_SET)
            while waiting is not None and count < limits.addresses:
                length = len(waiting.encode())
                if count and size + length > limits.bytes:
                    break
                file.write(waiting)
                count, size = count + 1, size + length
                waiting = next(addresses, None)
            file.write("</urlset>\n")
    return part

"""Sitemap and robots.txt, read as crawlers read them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from protego import Protego

from factory import make_tiny_catalog, write_references
from portal.catalogues.sitemap import Limits, list_pages, render_addresses, write_robots, write_sitemap

if TYPE_CHECKING:
    from pathlib import Path

    from published import Published

pytest_plugins = ("published",)
_MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
_LINK = "{http://www.w3.org/1999/xhtml}link"
HOME = "http://127.0.0.1:8000/"


def read_urls(path: Path) -> list[ET.Element]:
    root = ET.parse(path).getroot()  # noqa: S314 - our own files
    assert root.tag == f"{_MAP}urlset"
    return list(root)


def name_file(site: Path, address: str) -> Path:
    assert address.startswith(HOME)
    return site / unquote(address.removeprefix(HOME)) / "index.html"


def test_the_sitemap_names_every_page_once_with_its_twin(published: Published) -> None:
    urls = read_urls(published.site / "sitemap.xml")
    addresses = [one.findtext(f"{_MAP}loc") or "" for one in urls]
    assert len(addresses) == len(set(addresses))
    written = {file for file in published.site.rglob("index.html") if "embed" not in file.parts}
    assert {name_file(published.site, one) for one in addresses} == written
    for one in urls:
        links = {link.get("hreflang"): link.get("href", "") for link in one.iter(_LINK)}
        assert set(links) == {"vi", "en", "x-default"}
        assert links["vi"] == links["x-default"]
        assert links["en"] == HOME + "en/" + links["vi"].removeprefix(HOME)
        assert one.findtext(f"{_MAP}loc") in links.values()
        assert all(name_file(published.site, address).is_file() for address in links.values())


def test_only_dates_that_are_known_are_said(published: Published) -> None:
    dates = {
        one.findtext(f"{_MAP}loc"): one.findtext(f"{_MAP}lastmod") for one in read_urls(published.site / "sitemap.xml")
    }
    assert dates[f"{HOME}catalog/fish/"] == dates[f"{HOME}en/catalog/fish/"] == "2024-02-01"
    assert dates[HOME] is None
    assert dates[f"{HOME}about/"] is None


def test_there_is_one_sitemap_and_nothing_stale_beside_it(published: Published) -> None:
    assert sorted(one.name for one in published.site.rglob("sitemap*")) in (
        ["sitemap.xml", "sitemap.xml.gz"], ["sitemap.xml"],
    )  # fmt: skip


def make_pages(site: Path, count: int) -> None:
    for number in range(count):
        for root in ("", "en/"):
            folder = site / root / f"trang-{number:03}"
            folder.mkdir(parents=True)
            (folder / "index.html").touch()


@pytest.mark.parametrize("limits", [Limits(addresses=10), Limits(bytes=5_000)])
def test_a_large_site_has_an_index_and_no_file_over_the_limits(tmp_path: Path, limits: Limits) -> None:
    write_references(tmp_path / "packages")
    make_pages(tmp_path, 20)
    write_sitemap(make_tiny_catalog(tmp_path / "packages"), tmp_path, limits)
    index = ET.parse(tmp_path / "sitemap.xml").getroot()  # noqa: S314 - our own file
    assert index.tag == f"{_MAP}sitemapindex"
    names = [(one.findtext(f"{_MAP}loc") or "").removeprefix(HOME) for one in index]
    assert len(names) > 1
    assert sorted(names) == sorted(one.name for one in tmp_path.glob("sitemap-*.xml"))
    urls = [read_urls(tmp_path / name) for name in names]
    assert sum(map(len, urls)) == 40
    assert all(0 < len(one) <= limits.addresses for one in urls)
    assert all((tmp_path / name).stat().st_size <= limits.bytes + 64 for name in names)


def test_addresses_are_escaped_and_pages_without_a_twin_have_none() -> None:
    (line,) = render_addresses(["catalog/a&b đ/"], HOME, {})
    assert f"<loc>{HOME}catalog/a%26b%20%C4%91/</loc>" in line
    assert 'hreflang="en"' not in line


def test_embedded_pages_are_left_out(tmp_path: Path) -> None:
    for name in ("embed/fish", "en/embed/fish", "catalog/embed", ""):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / name / "index.html").touch()
    assert sorted(list_pages(tmp_path)) == ["", "catalog/embed/"]


def test_a_broken_sitemap_is_found(published: Published, tmp_path: Path) -> None:
    broken = tmp_path / "sitemap.xml"
    text = (published.site / "sitemap.xml").read_text("utf-8")
    broken.write_text(text.replace("</url>", "", 1), "utf-8")
    with pytest.raises(ET.ParseError):
        read_urls(broken)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("", True),
        ("en/catalog/fish/", True),
        ("data/fish/fish.csv", True),
        ("api/3/action/package_search?q=fish", True),
        ("datasette/opendata/fish.json?_shape=objects", True),
        ("datasette/opendata/observations.json?dataset=fish", True),
        ("datasette/opendata.json?sql=select+1", False),
        ("datasette/opendata/fish?_facet=area", False),
        ("datasette/opendata/fish?_sort=value&_next=100", False),
        ("datasette/opendata/observations.json?_search=du+lich", False),
    ],
)
def test_crawlers_read_pages_and_leave_costly_queries(published: Published, path: str, allowed: bool) -> None:
    robots = Protego.parse((published.site / "robots.txt").read_text("utf-8"))
    assert robots.can_fetch(HOME + path, "anybot") is allowed
    assert list(robots.sitemaps) == [f"{HOME}sitemap.xml"]


def test_a_broken_robots_file_would_close_the_site() -> None:
    broken = "\n".join(write_robots(HOME)).replace("Disallow: /datasette/*sql=", "Disallow: /")
    assert not Protego.parse(broken.replace("Allow: /\n", "")).can_fetch(HOME, "anybot")

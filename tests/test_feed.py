"""Atom feeds: feedparser reads them, the rules of RFC 4287 hold, and nothing in them comes from a clock."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import feedparser
import pytest

from atom_rules import find_faults
from factory import ARABIC, make_tiny_catalog, write_indicator, write_references
from portal.catalogues.feed import (
    MOST_ENTRIES,
    make_dataset_feed,
    make_feeds,
    name_tag,
    render_feed,
    to_moment,
    write_dataset_feeds,
)

if TYPE_CHECKING:
    from pathlib import Path

    from published import Published

pytest_plugins = ("published",)


@pytest.mark.parametrize("root", ["", "en/"])
def test_every_feed_of_the_site_is_one(published: Published, root: str) -> None:
    folder = published.site / root
    files = sorted(file for part in ("", "themes/*/", "catalog/*/") for file in folder.glob(f"{part}feed.xml"))
    pages = [*folder.glob("catalog/*/index.html"), *folder.glob("themes/*/index.html"), folder / "index.html"]
    assert sorted(file.parent for file in files) == sorted(page.parent for page in pages)
    for file in files:
        text = file.read_text("utf-8")
        assert find_faults(text) == [], file
        read = feedparser.parse(text)
        assert not read.bozo
        assert read.entries
        assert read.feed.language == ("en" if root else "vi")


def test_the_feed_of_all_names_every_dataset(published: Published) -> None:
    read = feedparser.parse((published.site / "en/feed.xml").read_text("utf-8"))
    entry = next(one for one in read.entries if one.link.endswith("/catalog/fish/"))
    assert (entry.title, entry.updated) == ("Package fish", "2024-02-01T00:00:00Z")
    assert entry.id == "tag:127.0.0.1,2026:/en/catalog/fish/"
    assert entry.link == "http://127.0.0.1:8000/en/catalog/fish/"
    (file,) = entry.enclosures
    csv = published.site / "data/fish/fish.csv"
    assert (file.href, file.type, int(file.length)) == (
        "http://127.0.0.1:8000/data/fish/fish.csv", "text/csv", csv.stat().st_size,
    )  # fmt: skip
    assert entry.tags[0].label == "Fisheries"
    assert ARABIC in [one.title for one in read.entries]
    folders = {one.parent.name for one in (published.site / "catalog").glob("*/index.html")}
    assert {one.link.split("/")[-2] for one in read.entries} == folders


def test_a_dataset_names_its_documents(published: Published) -> None:
    read = feedparser.parse((published.site / "catalog/fish/feed.xml").read_text("utf-8"))
    assert [one.id for one in read.entries] == [
        "tag:127.0.0.1,2026:/catalog/fish/",
        "tag:127.0.0.1,2026:/catalog/fish/sources/report/",
    ]
    document = read.entries[1]
    assert document.link == "http://127.0.0.1:8000/sources/report/"
    assert document.summary.endswith("Báo cáo nghề cá, ngày ghi trên tài liệu 2024-01-31.")
    assert document.updated == "2024-02-01T00:00:00Z"  # when the portal had it, not when it was issued


def test_pages_lead_to_their_feeds(published: Published) -> None:
    def feeds(path: str) -> list[str]:
        every = [one for tag, one in published.parse(path).elements if tag == "link"]
        return [one["href"] for one in every if one.get("type") == "application/atom+xml"]

    assert feeds("/catalog/fish/") == ["/catalog/fish/feed.xml", "/feed.xml"]
    assert feeds("/en/themes/fishing/") == ["/en/themes/fishing/feed.xml", "/en/feed.xml"]
    assert feeds("/about/") == ["/feed.xml"]


def test_what_xml_cannot_hold_is_seen_to_be_missing(tmp_path: Path) -> None:
    write_references(tmp_path / "packages")
    changes = {"title": 'A <b> & "c" \x0b\ufffe ]]>', "description": "Một\n\nhai"}
    write_indicator(tmp_path / "packages", "fish", changes=changes)
    catalog = make_tiny_catalog(tmp_path / "packages")
    for feed in (*make_feeds(catalog, "vi"), make_dataset_feed(catalog.packages["fish"], catalog, "vi")):
        text = "\n".join(render_feed(feed, catalog, "vi"))
        assert find_faults(text) == []
    write_dataset_feeds(catalog.packages["fish"], catalog, tmp_path)
    read = feedparser.parse((tmp_path / "catalog/fish/feed.xml").read_text("utf-8"))
    assert "\ufffd\ufffd ]]" in read.feed.title


def test_a_long_feed_has_the_newest(tmp_path: Path) -> None:
    write_references(tmp_path / "packages")
    write_indicator(tmp_path / "packages", "fish")
    write_indicator(tmp_path / "packages", "squid", changes={"created": "2024-06-01T00:00:00Z"})
    catalog = make_tiny_catalog(tmp_path / "packages")
    packages = dict(catalog.packages)
    packages |= {f"fish_{number}": packages["fish"] for number in range(MOST_ENTRIES)}
    many = replace(catalog, packages=packages)
    feed = next(make_feeds(many, "vi"))
    assert len(feed.entries) == MOST_ENTRIES
    assert feed.entries[0].path == "catalog/squid/"


@pytest.mark.parametrize(
    ("created", "expected"),
    [
        ("2024-02-01T00:00:00Z", "2024-02-01T00:00:00Z"),
        ("2024-02-01", "2024-02-01T00:00:00Z"),
        ("2024-02-01T07:30:00.5+07:00", "2024-02-01T00:30:00Z"),
        ("", "2000-01-01T00:00:00Z"),
    ],
)
def test_dates_are_those_of_the_package(created: str, expected: str) -> None:
    assert to_moment(created) == expected


def test_identifiers_do_not_change_with_the_port() -> None:
    assert name_tag("https://data.example.vn/", "feed.xml") == "tag:data.example.vn,2026:/feed.xml"
    assert name_tag("https://data.example.vn:8443/", "feed.xml") == "tag:data.example.vn,2026:/feed.xml"


@pytest.mark.parametrize(
    ("good", "bad", "fault"),
    [
        ("<entry>\n<id>", "<entry>\n<id></id><id>", "2 times id"),
        ("<id>tag:127.0.0.1,2026:/catalog/fish/</id>", "", "entry 1: 0 times id"),
        ("2026:/catalog/fish/<", "x:/catalog/fish/<", "no identifier"),
        ("<updated>2024-02-01T00:00:00Z", "<updated>2024-02-01", "no date"),
        ("<author>", "<contributor>", "not XML"),
        ("<name>", "<email>a@b</email><email/><name>", "2 times email"),
        ('rel="alternate"', 'rel="related"', "neither content nor an alternate link"),
        ("</summary>", "</summary><summary/>", "2 times summary"),
        ('href="http://127.0.0.1:8000/catalog/fish/"', 'href="/catalog/fish/"', "no address"),
        ("<title>", '<title type="markdown">', "unknown type"),
        ("</feed>", "<item/></feed>", "unknown item"),
        ("2005/Atom", "2005/Atoms", "the root is"),
        ("/catalog/fish/sources/report/", "/catalog/fish/", "the id and date of another entry"),
    ],
)
def test_a_broken_feed_is_found(published: Published, good: str, bad: str, fault: str) -> None:
    text = (published.site / "catalog/fish/feed.xml").read_text("utf-8")
    assert good in text
    assert any(fault in one for one in find_faults(text.replace(good, bad)))

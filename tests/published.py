"""What many tests look at and none changes: a small release and the real database, each built once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from factory import (
    ARABIC,
    HOSTILE_TEXT,
    HOSTILE_TITLE,
    HOSTILE_TITLE_EN,
    LONG_TITLE,
    REPOSITORY,
    SCRIPT,
    TODAY,
    column,
    make_project,
    write_indicator,
    write_references,
    write_table,
)
from portal.build import build_portal
from portal.data.descriptor import read_packages
from portal.releases.release import BuildFolder
from portal.sqlite.database import write_database
from shared import share

if TYPE_CHECKING:
    from pathlib import Path

    from portal.data.package import Package

ROWS = 1_000


@dataclass(frozen=True)
class Published:
    """A small release: its project, where it was built, and its files."""

    project: Path
    folder: BuildFolder

    @property
    def site(self) -> Path:
        """Return the folder of the site."""
        return self.folder.current / "site"

    def read(self, path: str) -> str:
        """Return the HTML of the page at an address such as `/en/catalog/fish/`."""
        return (self.site / path.strip("/") / "index.html").read_text("utf-8")

    def parse(self, path: str) -> PageContent:
        """Return the parsed page at an address."""
        return _parse(self.site.resolve() / path.strip("/") / "index.html")


class PageContent(HTMLParser):
    """A page as a browser understands it: elements with their attributes, and the text of each kind of element."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._open.append(tag)
        self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        for tag in set(self._open):
            self.texts[tag][-1] += data

    def attributes(self, tag: str, name: str) -> list[str]:
        """Return the values of an attribute of all elements of one kind."""
        return [attributes[name] for one, attributes in self.elements if one == tag and name in attributes]

    def meta(self, name: str) -> str:
        """Return what a `<meta>` element says."""
        return next(one["content"] for tag, one in self.elements if tag == "meta" and one.get("name") == name)


@cache
def _parse(path: Path) -> PageContent:
    content = PageContent()
    content.feed(path.read_text("utf-8"))
    return content


def _write_datasets(root: Path) -> None:
    write_references(root)
    parts = [{"kind": kind, "value": value} for kind, value in (("fish", "1500.5"), ("shrimp", "800"), ("squid", "90"))]
    write_indicator(root, "fish", [{"value": "2390.5"}, *parts], {"kind": "codes"}, {"measure": "catch"})
    words = {
        "title": HOSTILE_TITLE,
        "title@en": HOSTILE_TITLE_EN,
        "description": HOSTILE_TEXT,
        "description@en": HOSTILE_TEXT,
        "keywords": [SCRIPT.format("keyword")],
        "licenses": [{"name": "X", "title": SCRIPT.format("licence"), "path": "javascript:alert('licence')"}],
    }
    note = {"note": SCRIPT.format("note"), "note_en": SCRIPT.format("note-en"), "flags": "misprint"}
    write_indicator(root, "hostile", [note], changes=words)
    write_indicator(root, "arabic", [{"note": ARABIC}], changes={"title": ARABIC, "title@en": ARABIC})
    write_indicator(root, "long_title", changes={"title": LONG_TITLE, "title@en": LONG_TITLE})
    only = {"languages": ["vi"], "title": "Nuôi cá lồng bè", "title@en": None, "description@en": None}
    write_indicator(root, "vietnamese_only", changes=only)
    write_indicator(
        root, "misprinted", [{"value": "", "as_stated": "1.2OO", "flags": "misprint", "period": "2023-07-31"}]
    )
    days = [{"period": f"{1900 + number // 12}-{number % 12 + 1:02}", "value": str(number)} for number in range(ROWS)]
    write_indicator(root, "thousand", days)
    _write_market(root)


def _write_market(root: Path) -> None:
    fields = [
        column("stall", required=True), column("price", "number"), column("kilos", "integer"), column("day", "date"),
        column("month", "yearmonth"), column("since", "year"), column("covered", "boolean"), column("remark"),
    ]  # fmt: skip
    first = ["<b>A1</b>", "12345.50", "1000000", "2024-02-03", "2024-02", "2010", "true", ""]
    others = [[f"S{number}", *first[1:]] for number in range(1, ROWS)]
    write_table(root, "market", fields, [first, *others], ["stall"])


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Return a release of one dataset for every oddity that a page must bear."""
    folder = share(tmp_path_factory, "published", _publish)
    return Published(folder / "project", BuildFolder(folder / "build"))


def _publish(folder: Path) -> None:
    project = make_project(folder / "project")
    _write_datasets(project / "datapackages")
    result = build_portal(project, BuildFolder(folder / "build"), TODAY, lambda _stage: None)
    assert result.release, [finding.render("en") for finding in result.findings]


@pytest.fixture(scope="session")
def real_packages() -> tuple[Package, ...]:
    """Return the packages of the repository's own catalogue."""
    return read_packages(REPOSITORY / "datapackages").packages


@pytest.fixture(scope="session")
def real_database(tmp_path_factory: pytest.TempPathFactory, real_packages: tuple[Package, ...]) -> Path:
    """Return the database of the repository's own catalogue, whose check has tests of its own."""
    path = tmp_path_factory.mktemp("real") / "opendata.db"
    write_database(path, real_packages, [])
    return path

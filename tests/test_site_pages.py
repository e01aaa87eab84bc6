"""The site as files: both languages whole, every oddity readable, nothing from a descriptor ever runs.

(`tests/browser/` opens the same pages in a browser.)
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import replace
from functools import cache
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from markupsafe import escape

from factory import (
    ARABIC,
    HOSTILE_TITLE,
    HOSTILE_TITLE_EN,
    LONG_TITLE,
    SCRIPT,
    make_project,
    make_tiny_catalog,
    write_indicator,
    write_references,
)
from portal.pages.package_pages import begin_package_pages
from portal.pages.renderer import SiteError
from portal.pages.site import CONFIGURATIONS, write_site
from portal.words.text import LANGUAGES
from portal.work.build_cache import BuildCache, digest_code
from portal.work.package_work import Workshop
from portal.work.scheduler import Here
from published import PageContent

if TYPE_CHECKING:
    from pathlib import Path

    from portal.figures.catalog import Catalog
    from portal.words.text import Language
    from published import Published

pytest_plugins = ("published",)

NB = "\N{NO-BREAK SPACE}"
SITE = "http://127.0.0.1:8000/"
PREFIX: dict[Language, str] = {"vi": "", "en": "en/"}
HOSTILE = {"vi": HOSTILE_TITLE, "en": HOSTILE_TITLE_EN}


def pages(published: Published, language: Language) -> set[str]:
    """Return the addresses of all pages of a language, below its prefix."""
    root = published.site / PREFIX[language]
    found = {path.parent.relative_to(root).as_posix() for path in root.rglob("index.html")}
    return {page for page in found if language == "en" or page.split("/")[0] != "en"}


# --- two languages ------------------------------------------------------------------------------------------------


def test_both_languages_have_the_same_pages(published: Published) -> None:
    assert pages(published, "vi") == pages(published, "en")
    assert pages(published, "vi") >= {
        ".", "catalog", "catalog/fish", "catalog/market", "catalog/units", "themes", "themes/fishing", "sources",
        "sources/report", "about", "developers",
    }  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_says_its_language_and_leads_to_its_twin(language: Language, published: Published) -> None:
    other: Language = "en" if language == "vi" else "vi"
    for page in sorted(pages(published, language)):
        content = published.parse(f"/{PREFIX[language]}{page}/")
        assert content.attributes("html", "lang") == [language], page
        if page.startswith("embed/"):
            continue  # a frame in somebody else's page: it has no navigation
        (twin,) = [one["href"] for tag, one in content.elements if tag == "a" and one.get("hreflang") == other]
        assert twin == f"/{PREFIX[other]}{page}/".replace("/./", "/"), page


@pytest.mark.parametrize("language", LANGUAGES)
def test_search_engines_find_the_twin_of_every_page(language: Language, published: Published) -> None:
    for page in sorted(pages(published, language)):
        if page.startswith("embed/"):
            continue
        content = published.parse(f"/{PREFIX[language]}{page}/")
        twins = {one["hreflang"]: one["href"] for tag, one in content.elements if tag == "link" and "hreflang" in one}
        path = "" if page == "." else f"{page}/"
        assert twins == {"vi": SITE + path, "en": f"{SITE}en/{path}", "x-default": SITE + path}, page


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_error_can_be_reported_from_every_page(language: Language, published: Published) -> None:
    for page in sorted(pages(published, language)):
        if page.startswith("embed/"):
            continue
        links = published.parse(f"/{PREFIX[language]}{page}/").attributes("a", "href")
        letter = [unquote(link) for link in links if link.startswith("mailto:")][-1]
        address = f"{SITE}{PREFIX[language]}{page}/".replace("/./", "/")
        assert letter.endswith(f"&body={address}"), page


def test_the_code_of_an_embed_keeps_a_hostile_title_in_its_quotes(published: Published) -> None:
    (code,) = [text for text in published.parse("/catalog/hostile/").texts["code"] if text.startswith("<iframe")]
    attributes = {name: unescape(value) for name, value in re.findall(r'([a-z]+)="([^"]*)"', code)}
    assert attributes["title"] == HOSTILE_TITLE
    assert attributes["src"] == f"{SITE}embed/hostile/"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_has_a_title_a_description_and_one_heading(language: Language, published: Published) -> None:
    for page in sorted(pages(published, language)):
        content = published.parse(f"/{PREFIX[language]}{page}/")
        (title,) = content.texts["title"]
        assert title.strip(), page
        assert content.meta("description").strip(), page
        assert len(content.texts["h1"]) == 1, page


def test_numbers_and_dates_are_written_as_their_readers_write_them(published: Published) -> None:
    vietnamese, english = published.parse("/catalog/fish/"), published.parse("/en/catalog/fish/")
    assert f"2.390,5{NB}tấn" in vietnamese.texts["td"]
    assert f"2,390.5{NB}tonnes" in english.texts["td"]
    assert "31/7/2023" in published.parse("/catalog/misprinted/").texts["td"]
    assert "31 July 2023" in published.parse("/en/catalog/misprinted/").texts["td"]


def parse_figures(published: Published, path: str) -> PageContent:
    """Return a parsed page without the table of its files."""
    content = PageContent()
    content.feed(re.sub(r'<table class="checksums">.*?</table>', "", published.read(path), flags=re.DOTALL))
    return content


def test_a_plain_table_is_written_for_its_readers(published: Published) -> None:
    rows = [parse_figures(published, path).texts["td"][:7] for path in ("/catalog/market/", "/en/catalog/market/")]
    assert rows == [
        ["12.345,50", "1.000.000", "3/2/2024", "2024-02", "2010", "true", ""],
        ["12,345.50", "1,000,000", "3 February 2024", "2024-02", "2010", "true", ""],
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_holds_an_unfilled_blank(language: Language, published: Published) -> None:
    for page in sorted(pages(published, language)):
        content = published.parse(f"/{PREFIX[language]}{page}/")
        for tag in ("main", "title", "footer"):
            for text in content.texts.get(tag, []):
                # The code that others copy into their pages carries the title escaped.
                shown = text.replace(HOSTILE_TITLE, "").replace(str(escape(HOSTILE_TITLE)), "")
                # Braces of BibTeX, of frames and of addresses with parameters, and the name of a header.
                left = re.sub(r"@misc\{.*?\n\}|<iframe .*?>|GET /\S+|If-None-Match", "", shown, flags=re.DOTALL)
                assert not re.search(r"\{[a-z_]+\}|\bNone\b|\{\{|Undefined", left), (page, tag)


# --- what must not run --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_from_a_descriptor_runs_on_any_page(language: Language, published: Published) -> None:
    for page in sorted(pages(published, language)):
        content = published.parse(f"/{PREFIX[language]}{page}/")
        # A data block is no script: tests/test_structured_data.py looks at what it holds.
        kinds = [one.get("type") for tag, one in content.elements if tag == "script"]
        scripts = zip(kinds, content.texts.get("script", []), strict=True)
        assert not [text for kind, text in scripts if kind != "application/ld+json" and "alert(" in text], page
        for tag, attributes in content.elements:
            assert not [name for name in attributes if name.startswith("on")], (page, tag)
            for name in ("href", "src", "action"):
                assert not attributes.get(name, "").strip().startswith(("javascript:", "data:")), (page, tag)
            assert "other.example" not in attributes.get("src", ""), (page, tag)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hostile_title_is_shown_letter_by_letter(language: Language, published: Published) -> None:
    content = published.parse(f"/{PREFIX[language]}catalog/hostile/")
    title = HOSTILE[language]
    assert content.texts["title"][0].startswith(title)
    assert content.texts["h1"] == [title]
    assert f"({title})" in content.meta("description")
    note = SCRIPT.format("note" if language == "vi" else "note-en")
    assert any(note in text for text in content.texts["td"])
    assert any(SCRIPT.format("licence") in text for text in content.texts["dd"])


# --- odd datasets -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_right_to_left_text_stays_whole(language: Language, published: Published) -> None:
    content = published.parse(f"/{PREFIX[language]}catalog/arabic/")
    assert content.texts["h1"] == [ARABIC]
    assert content.texts["title"][0].startswith(ARABIC)
    assert ARABIC in [text.strip() for text in content.texts["td"]]
    assert ARABIC in published.parse(f"/{PREFIX[language]}catalog/").texts["a"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_very_long_title_is_shown_whole(language: Language, published: Published) -> None:
    assert len(LONG_TITLE) > 250
    content = published.parse(f"/{PREFIX[language]}catalog/long_title/")
    assert content.texts["h1"] == [LONG_TITLE]
    assert LONG_TITLE in published.parse(f"/{PREFIX[language]}catalog/").texts["a"]


def test_a_dataset_without_english_is_marked_as_vietnamese(published: Published) -> None:
    content = published.parse("/en/catalog/vietnamese_only/")
    assert "This dataset is described in Vietnamese only." in content.texts["p"]
    marked = [one for tag, one in content.elements if tag in {"div", "section"} and one.get("lang") == "vi"]
    assert len(marked) == 2, "heading and description"


def test_one_row_is_a_number_and_not_a_chart(published: Published) -> None:
    for prefix in PREFIX.values():
        content = parse_figures(published, f"/{prefix}catalog/arabic/")
        assert "figure" not in content.texts
        assert len(content.texts["tbody"]) == 1
        assert content.attributes("tr", "id") != []


def test_a_missing_value_says_what_is_printed(published: Published) -> None:
    cells = published.parse("/catalog/misprinted/").texts["td"]
    assert "không đọc được (in là 1.2OO)" in cells
    assert "0" not in [cell.strip() for cell in cells]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/catalog/thousand/", "Trang chỉ hiện 200 dòng đầu trong 1.000 dòng; tải tệp hoặc dùng API để lấy đủ."),
        (
            "/en/catalog/thousand/",
            "The page shows the first 200 of 1,000 rows; download the file or use the API for all",
        ),
        ("/catalog/market/", "Trang chỉ hiện 200 dòng đầu trong 1.000 dòng; tải tệp hoặc dùng API để lấy đủ."),
    ],
)
def test_a_thousand_rows_are_cut_with_a_link(path: str, words: str, published: Published) -> None:
    content = parse_figures(published, path)
    # Of an indicator also the empty row that a script fills for a link to a later one.
    assert len(content.texts["tr"]) == 1 + 200 + len(content.texts.get("template", []))
    assert [text for text in content.texts["p"] if text.startswith(words)]
    html = published.read(path)
    after = html[html.index(words[:40]) :]
    assert re.match(r'[^<]*<a href="#downloads">', after)
    assert {"downloads", "api"} <= set(content.attributes("h2", "id"))


def test_a_breakdown_is_drawn_on_its_page(published: Published) -> None:
    content = published.parse("/catalog/fish/")
    (figure,) = [one for tag, one in content.elements if tag == "svg" and one.get("role") == "img"]
    assert figure["aria-labelledby"] in content.attributes("p", "id")
    assert "figure" not in published.parse("/catalog/market/").texts


# --- links --------------------------------------------------------------------------------------------------------


@cache
def anchors(file: Path) -> set[str]:
    """Return the places that a link into a page may name."""
    return set(re.findall(r' id="([^"]*)"', file.read_text("utf-8")))


def read_later_row(published: Published, language: Language, anchor: str) -> dict[str, str]:
    """Return the texts of a figure that the page of `thousand` leaves out."""
    found: dict[str, dict[str, str]] = json.loads(
        (published.site / f"rows/thousand/{anchor[2]}.{language}.json").read_text("utf-8")
    )
    return found[anchor]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_internal_link_of_a_generated_page_leads_somewhere(language: Language, published: Published) -> None:
    root = PREFIX[language]
    # What people wrote by hand may speak of the repository's own datasets.
    for page in sorted(pages(published, language) - {"about", "developers"}):
        here = (published.site / root / page).resolve()
        for link in published.parse(f"/{root}{page}/").attributes("a", "href"):
            address, _, anchor = link.partition("#")
            address = address.partition("?")[0]
            if re.match(r"[a-z]+:", link) or address.startswith(("/datasette/", "/health")):
                continue
            target = published.site / address.lstrip("/") if address.startswith("/") else here / address
            file = target / "index.html" if target.is_dir() else target
            assert file.is_file(), (page, link)
            if anchor and "/thousand/" in link and anchor not in anchors(file):
                assert read_later_row(published, language, anchor)["value"], (page, link)
            elif anchor:
                assert anchor in anchors(file), (page, link)


@pytest.mark.parametrize("language", LANGUAGES)
def test_scripts_and_styles_are_asked_for_by_their_version(language: Language, published: Published) -> None:
    for page in sorted(pages(published, language)):
        content = published.parse(f"/{PREFIX[language]}{page}/")
        styles = [one["href"] for tag, one in content.elements if tag == "link" and one.get("rel") == "stylesheet"]
        for address in [*styles, *content.attributes("script", "src")]:
            name, _, version = address.partition("?v=")
            digest = hashlib.sha256((published.site / name.lstrip("/")).read_bytes()).hexdigest()
            assert version == digest[:16], (page, address)


def test_nothing_is_fetched_from_another_host(published: Published) -> None:
    for language in LANGUAGES:
        for page in sorted(pages(published, language)):
            for tag, one in published.parse(f"/{PREFIX[language]}{page}/").elements:
                fetched = [one.get("src", ""), one.get("srcset", ""), one.get("href", "") if tag == "link" else ""]
                if one.get("rel") in {"canonical", "alternate"}:
                    continue  # named, not fetched
                assert not [address for address in fetched if re.match(r"(https?:)?//", address)], (page, tag)


# --- faults of a site ---------------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with one indicator."""
    made = make_project(tmp_path / "project")
    write_references(made / "datapackages")
    write_indicator(made / "datapackages", "fish")
    return made


def build_site(project: Path) -> None:
    write_all(make_tiny_catalog(project / "datapackages", project / "out-data"), project)


def write_all(catalog: Catalog, project: Path) -> None:
    """Write the site of a catalogue, as a build does."""
    out, root = project / "out", project / "out-build"
    shop = Workshop(Here(), BuildCache(root / "cache"), digest_code(project), lambda _event: None, root / "none")
    out.mkdir()
    with begin_package_pages(catalog, project, out, project / "out-data", shop) as make_pages:
        write_site(catalog, project, out, make_pages(), shop)


def test_a_link_to_nowhere_in_a_written_page_is_refused(project: Path) -> None:
    (project / "site" / "about.md").write_text("# Giới thiệu\n\n[đâu](nowhere.md)\n", "utf-8")
    with pytest.raises(SiteError) as error:
        build_site(project)
    assert str(error.value) == (
        "trang web không dựng được / the site cannot be built: Doc file 'about.md' contains a link 'nowhere.md', but"
        " the target is not found among documentation files."
    )


@pytest.mark.parametrize("name", CONFIGURATIONS.values())
def test_a_missing_configuration_is_named(name: str, project: Path) -> None:
    (project / name).unlink()
    with pytest.raises(SiteError, match=rf"the site cannot be built: .*{re.escape(name)}' does not exist"):
        build_site(project)


def test_a_broken_template_is_named(project: Path) -> None:
    (project / "site" / "theme" / "portal" / "home.html").write_text("{% if %}", "utf-8")
    with pytest.raises(SiteError, match=r"the site cannot be built: .*Expected an expression"):
        build_site(project)


def test_an_unknown_value_in_a_template_is_an_error(project: Path) -> None:
    (project / "site" / "theme" / "portal" / "home.html").write_text("{{ cardz }}", "utf-8")
    with pytest.raises(SiteError, match="'cardz' is undefined"):
        build_site(project)


def test_a_written_page_stands_above_the_generated_one(project: Path) -> None:
    folder = project / "site" / "catalog"
    folder.mkdir()
    (folder / "fish.md").write_text("Lời của người viết.\n", "utf-8")
    build_site(project)
    html = (project / "out" / "catalog" / "fish" / "index.html").read_text("utf-8")
    assert "<p>Lời của người viết.</p>" in html
    assert '<h1 dir="auto">Gói fish</h1>' in html
    shutil.rmtree(project / "out")


def test_examples_of_a_written_page_name_this_portal(project: Path) -> None:
    (project / "site" / "about.md").write_text("# Ví dụ\n\n`curl http://127.0.0.1:8000/data/latest.json`\n", "utf-8")
    catalog = make_tiny_catalog(project / "datapackages", project / "out-data")
    settings = replace(catalog.settings, site_url="https://data.example/")
    write_all(replace(catalog, settings=settings), project)
    html = (project / "out" / "about" / "index.html").read_text("utf-8")
    assert "<code>curl https://data.example/data/latest.json</code>" in html

"""Bad input: pages stay right, safe and small, and the build says what it left out.

(`tests/browser/test_bad_input.py` opens the same pages on a phone.)
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from bad_catalogue import OVERRIDE, ROWS, WORD, build_bad_catalogue
from factory import ARABIC, HOSTILE_TITLE, HOSTILE_TITLE_EN, SCRIPT
from portal.pages.presenter import SHOWN_FIGURES, SHOWN_ROWS
from portal.words.text import LANGUAGES
from published import PageContent
from shared import share

if TYPE_CHECKING:
    from pathlib import Path

    from portal.words.text import Language

PREFIX: dict[Language, str] = {"vi": "", "en": "en/"}
# Far more than any page needs, far less than one of all rows.
MAX_PAGE_BYTES = 400_000
MAX_MEMORY_MB = 600


@dataclass(frozen=True)
class Built:
    """The site of the bad catalogue, and what the command said."""

    site: Path
    said: str

    def read(self, path: str, language: Language = "vi") -> str:
        """Return the HTML of a page."""
        return (self.site / PREFIX[language] / path / "index.html").read_text("utf-8")

    def parse(self, path: str, language: Language = "vi") -> PageContent:
        """Return a parsed page."""
        content = PageContent()
        content.feed(self.read(path, language))
        return content


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = share(tmp_path_factory, "bad-pages", _build)
    return Built(folder / "build/current/site", (folder / "said.txt").read_text("utf-8"))


def _build(folder: Path) -> None:
    done = build_bad_catalogue(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "said.txt").write_text(done.stdout, "utf-8")


# --- what the build says ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "huge: trang hiện 200 trong 100.000 dòng / huge: the page shows 200 of 100,000 rows",
        "huge_table: trang hiện 200 trong 100.000 dòng / huge_table: the page shows 200 of 100,000 rows",
        (
            "report: trang của tài liệu hiện 500 trong 100.007 số liệu"
            " / report: the document's page shows 500 of 100,007 figures"
        ),
        (
            "unclear: trang chất lượng hiện 500 trong 50.000 số liệu mang cờ này"
            " / unclear: the quality page shows 500 of 50,000 figures with this flag"
        ),
        "trang mục tiêu hiện 500 trong 50.000 mục tiêu / the page of targets shows 500 of 50,000 targets",
        (
            "vietnamese_only: trang tiếng Anh hiện tiếng Việt ở tiêu đề, mô tả, 1 ghi chú"
            " / vietnamese_only: the English page shows Vietnamese for: title, description, 1 note"
        ),
    ],
)
def test_the_build_says_what_it_left_out(line: str, built: Built) -> None:
    assert f"  {line}\n" in built.said


def test_the_build_says_nothing_of_what_is_whole(built: Built) -> None:
    named = re.findall(r"^  (\w+): trang", built.said, re.MULTILINE)
    assert named == ["huge", "huge_table", "report", "unclear", "vietnamese_only"]


def test_the_build_does_not_hold_the_pages_of_all_rows_in_memory(built: Built) -> None:
    peaks = [int(peak) for peak in re.findall(r" s +(\d+) MB$", built.said, re.MULTILINE)]
    assert len(peaks) == 13
    assert max(peaks) < MAX_MEMORY_MB


# --- a hundred thousand rows --------------------------------------------------------------------------------------


def test_no_page_grows_with_its_rows(built: Built) -> None:
    sizes = {path: path.stat().st_size for path in built.site.rglob("index.html")}
    assert len(sizes) > 30
    assert {path: size for path, size in sizes.items() if size > MAX_PAGE_BYTES} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_cut_lists_lead_to_all_of_it(language: Language, built: Built) -> None:
    links = {
        "sources/report": "/datasette/opendata/observations?source=report",
        "targets": "/datasette/opendata/observations?status=target",
        "quality": "/datasette/opendata/observations?flags__contains=unclear",
        "catalog/huge": "/datasette/opendata/observations?flags__contains=unclear&dataset=huge",
    }
    for path, link in links.items():
        content = built.parse(path, language)
        assert link in content.attributes("a", "href"), path
        counts = ("500", "50.000" if language == "vi" else "50,000")
        assert any(all(count in text for count in counts) for text in content.texts["p"]) or path.startswith("sources")
    assert {"downloads", "api"} <= set(built.parse("catalog/huge_table", language).attributes("h2", "id"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_has_its_link(language: Language, built: Built) -> None:
    content = built.parse("catalog/huge", language)
    shown = [one for one in content.attributes("tr", "id") if one.startswith("o-")]
    (digits,) = content.attributes("table", "data-digits")
    (address,) = content.attributes("table", "data-later")
    later: list[str] = []
    for file in (built.site / address.strip("/")).glob(f"*.{language}.json"):
        rows = json.loads(file.read_text("utf-8"))
        assert all(anchor[2 : 2 + int(digits)] == file.name.split(".")[0] for anchor in rows)
        later += rows
    assert len(shown) == SHOWN_ROWS
    assert len({*shown, *later}) == len(shown) + len(later) == ROWS


def test_a_later_row_says_what_a_shown_one_says(built: Built) -> None:
    # The oldest month with the largest number stands at the very end of the table.
    rows = {
        language: [
            row
            for file in (built.site / "rows/huge").glob(f"*.{language}.json")
            for row in json.loads(file.read_text("utf-8")).values()
            if row["stated"].endswith(" 98401:1")
        ]
        for language in LANGUAGES
    }
    assert rows == {
        "vi": [{
            "what": "Sản lượng", "value": "98.400\N{NO-BREAK SPACE}tấn", "when": "tháng 1/1900",
            "href": "/sources/report/", "source": "Báo cáo nghề cá",
            "stated": "in là «98.400» tại dòng:cột 98401:1", "note": "Ghi chú.",
        }],
        "en": [{
            "what": "Catch", "value": "98,400\N{NO-BREAK SPACE}tonnes", "when": "January 1900",
            "href": "/en/sources/report/", "source": "Fisheries report",
            "stated": "printed as “98.400” at line:column 98401:1", "note": "A note.",
        }],
    }  # fmt: skip


# --- what must not run, and must not leak into its surroundings ---------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_from_a_package_becomes_a_part_of_the_page(language: Language, built: Built) -> None:
    for path in (built.site / PREFIX[language]).rglob("index.html"):
        content = PageContent()
        content.feed(path.read_text("utf-8"))
        tags = {tag for tag, _ in content.elements}
        assert not tags & {"iframe", "img", "base", "object", "embed", "style"}, path
        assert [tag for tag, _ in content.elements].count("main") == 1, path
        assert len(content.texts["h1"]) == 1, path
        # The search of the site, and the API's for who has no script.
        assert set(content.attributes("form", "action")) <= {"/search/", "/en/search/", "/datasette/opendata/search"}
        for tag, attributes in content.elements:
            assert not [name for name in attributes if name.startswith("on") or name == "srcdoc"], (path, tag)
            for name in ("href", "src", "action"):
                address = attributes.get(name, "").strip().lower()
                assert not re.match(r"(javascript|data|vbscript):", address), (path, address)


@pytest.mark.parametrize("language", LANGUAGES)
def test_markdown_keeps_its_words_and_loses_its_tricks(language: Language, built: Built) -> None:
    html = built.read("catalog/tricks", language)
    assert "<h3>Một tựa đề</h3>" in html
    assert "<a>bấm</a>" in html
    assert '<a href="https://example.org/">https://example.org/</a>' in html
    assert "<code>&lt;b&gt;mã&lt;/b&gt;</code>" in html
    assert "{{ 7 * 7 }}" in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_code_to_copy_is_safe_where_it_is_pasted(language: Language, built: Built) -> None:
    title = {"vi": HOSTILE_TITLE, "en": HOSTILE_TITLE_EN}[language]
    content = built.parse("catalog/hostile", language)
    bibtex, frame = content.texts["pre"]
    pasted = PageContent()
    pasted.feed(frame)
    assert [tag for tag, _ in pasted.elements] == ["iframe"]
    assert pasted.attributes("iframe", "title") == [title]
    assert bibtex.count("{") == bibtex.count("}")
    assert (r"\& (( 7 * 7 ))" in bibtex) is (language == "vi")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_note_is_shown_letter_by_letter(language: Language, built: Built) -> None:
    notes = built.parse("catalog/hostile", language).texts["bdi"]
    assert any(SCRIPT.format("note" if language == "vi" else "text") in note for note in notes)


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_of_another_direction_is_kept_apart(language: Language, built: Built) -> None:
    """Every element that holds such a text says that its direction is its own, and closes it in."""
    foreign = (ARABIC, OVERRIDE)
    for path in ("catalog/arabic", "catalog", "embed/arabic", "themes/fishing", "sources/report"):
        html = re.sub(r"<(head|footer|pre)\b.*?</\1>", "", built.read(path, language), flags=re.DOTALL)
        held = re.findall(r"<(\w+)([^<>]*)>([^<>]*)(?=<)", html)
        holders = [(tag, attributes) for tag, attributes, text in held if any(one in text for one in foreign)]
        assert [one for one in holders if one[0] != "bdi" and 'dir="auto"' not in one[1] and one[0] != "p"] == [], path


# --- odd but honest -----------------------------------------------------------------------------------------------


def test_one_row_and_no_value_are_said_in_words(built: Built) -> None:
    assert "1 row" in built.parse("catalog", "en").texts["p"]
    assert "1 figure" in built.parse("catalog/no_value", "en").texts["caption"]
    assert "không đọc được (in là 1.2OO)" in built.parse("catalog/no_value").texts["td"]
    assert "svg" not in built.parse("embed/no_value").texts


def test_a_text_without_english_says_that_it_is_vietnamese(built: Built) -> None:
    content = built.parse("catalog/vietnamese_only", "en")
    assert content.attributes("bdi", "lang") == ["vi"]
    assert content.texts["h1"] == ["Nuôi cá lồng bè"]
    for path in ("catalog", "sources/report"):
        links = [one for tag, one in built.parse(path, "en").elements if tag == "a" and one.get("lang") == "vi"]
        addresses = {one["href"].split("#")[0] for one in links if "hreflang" not in one}
        assert addresses == {"/en/catalog/vietnamese_only/"}, path


def test_an_endless_word_is_shown_whole(built: Built) -> None:
    assert len(WORD) == 300
    content = built.parse("catalog/endless")
    assert content.texts["h1"] == [WORD]
    assert WORD * 20 in content.texts["bdi"]
    assert len(built.parse("sources/report").attributes("code", "dir")) == SHOWN_FIGURES

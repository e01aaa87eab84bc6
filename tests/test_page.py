"""Pages as values and as HTML: a golden page in both languages, lists, cards, plain tables, and nothing unescaped.

The golden pages are renewed by `RENEW_GOLDEN=1 make test`; read the difference before you commit it.
"""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from factory import (
    REPOSITORY,
    column,
    make_tiny_catalog,
    write_indicator,
    write_reference,
    write_references,
    write_table,
)
from portal.data.package import Field
from portal.pages import page as page_module
from portal.pages import paging
from portal.pages.page import Writer
from portal.pages.presenter import SHOWN_ROWS, show_cell
from portal.pages.renderer import make_renderer, render_markdown
from portal.sqlite.table_shape import ColumnShape, TableShape
from portal.words.text import LANGUAGES, Text, summarise

if TYPE_CHECKING:
    from pathlib import Path

    from portal.figures.catalog import Catalog
    from portal.words.text import Language

GOLDEN = REPOSITORY / "tests" / "golden"
TEMPLATES = REPOSITORY / "site" / "theme" / "portal"
NB = "\N{NO-BREAK SPACE}"
RENEW = "RENEW_GOLDEN"


def render(catalog: Catalog, language: Language, name: str) -> str:
    """Return the body of the page of a dataset."""
    writer = Writer(catalog, language)
    page = writer.dataset_page(catalog.packages[name])
    return make_renderer(TEMPLATES, writer).render(page, "")


@pytest.mark.parametrize(("most", "is_cut"), [(4, False), (3, True)])
def test_the_page_of_the_api_says_when_it_leaves_tables_out(
    golden_catalog: Catalog, most: int, is_cut: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "SHOWN_TABLES", most)
    column = ColumnShape("code", "string", nullable=False)
    shapes = [TableShape(name, (column,), ("code",), searchable=False) for name in ("a", "b", "c", "d")]
    writer = Writer(replace(golden_catalog, shapes=shapes), "en")
    html = make_renderer(TEMPLATES, writer).render(writer.api_page(), "")
    assert html.count("<details") == most
    assert ("The page shows 3 of 4 tables; all tables have such addresses" in html) is is_cut


# --- the golden page ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def golden_catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Return a catalogue whose dataset `fish` shows every part of a page once."""
    root = tmp_path_factory.mktemp("golden")
    write_references(root / "packages")
    kinds = [{"kind": kind, "value": value} for kind, value in (("fish", "1500.5"), ("shrimp", "800"), ("squid", "90"))]
    rows = [
        {"value": "2390.5", "note": "Cũng nêu tại 9:1.", "note_en": "Also stated at 9:1."},
        *kinds,
        {"period": "2021/..", "status": "target", "qualifier": "at_least", "value": "3000"},
        {"period": "2023-07-31", "value": "", "as_stated": "1.2OO", "flags": "misprint"},
        {"transform": "yoy_change_pct", "unit": "percent", "value": "-1.1", "area": "PQ", "flags": "unclear"},
    ]
    words = {
        "title": "Sản lượng thủy sản",
        "title@en": "Fisheries production",
        "description": "Cá, tôm và *mực*.\n\nChỉ gồm tàu đã đăng ký.",
        "description@en": "Fish, shrimp and *squid*.\n\nRegistered boats only.",
    }
    subject = {"subject": "sản lượng thủy sản", "subject@en": "fish catch"}
    headline = {"measure": "catch", "where": {"kind": "_T", "area": "KG"}, **subject}
    write_indicator(root / "packages", "fish", rows, {"kind": "codes"}, headline, changes=words)
    return make_tiny_catalog(root / "packages", root / "data")


def _leave_out_the_machine(html: str) -> str:
    """Leave out what fonts and libraries decide: the picture, and the bytes of packed files and of what lists them."""
    html = re.sub(r"<svg.*</svg>", "<svg></svg>", html, flags=re.DOTALL)
    packed = r"(?:fish\.(?:zip|xlsx|parquet)|datapackage\.json)"
    html = re.sub(rf"({packed}</th><td>[^<]*</td><td><code>)[0-9a-f]{{64}}", r"\1…", html)
    html = re.sub(rf"by-hash/[0-9a-f]{{64}}/({packed})", r"by-hash/…/\1", html)
    return re.sub(rf'({packed}" download>[^<]*<span>)[^<]*', r"\1…", html)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_a_dataset_is_the_golden_one(language: Language, golden_catalog: Catalog) -> None:
    html = _leave_out_the_machine(render(golden_catalog, language, "fish"))
    path = GOLDEN / f"dataset_{language}.html"
    if os.environ.get(RENEW):
        path.write_text(html, "utf-8")
        pytest.fail(f"{path.name} was written again: read the difference, then run the tests without {RENEW}")
    expected = path.read_text("utf-8")
    difference = difflib.unified_diff(expected.splitlines(), html.splitlines(), path.name, "rendered", n=1, lineterm="")
    assert html == expected, "\n".join([f"if the change is meant: {RENEW}=1 make test", *difference])


# --- what pages say -----------------------------------------------------------------------------------------------


def test_every_page_exists_in_both_languages(golden_catalog: Catalog) -> None:
    paths = {language: [page.path for page in Writer(golden_catalog, language).pages()] for language in LANGUAGES}
    assert paths["vi"] == paths["en"]
    assert len(set(paths["vi"])) == len(paths["vi"])
    assert {"", "catalog/", "themes/", "themes/fishing/", "sources/", "sources/report/", "catalog/fish/"} <= set(
        paths["vi"]
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_has_a_title_and_a_description(language: Language, golden_catalog: Catalog) -> None:
    for page in Writer(golden_catalog, language).pages():
        assert page.title.strip(), page.path
        assert page.description.strip(), page.path
        assert not re.search(r"[{}]|None", page.title + page.description), page.path


def test_the_name_of_a_page_is_its_address(golden_catalog: Catalog) -> None:
    uris = {page.path: page.source_uri for page in Writer(golden_catalog, "vi").pages()}
    assert (uris[""], uris["catalog/fish/"]) == ("index.md", "catalog/fish.md")


def test_a_card_shows_the_newest_figure(golden_catalog: Catalog) -> None:
    fish = golden_catalog.packages["fish"]
    cards = [Writer(golden_catalog, language).card(fish) for language in LANGUAGES]
    assert [(one.title, one.figure, one.figure_what, one.figure_when, one.count, one.url) for one in cards] == [
        ("Sản lượng thủy sản", f"2.390,5{NB}tấn", "Sản lượng thủy sản", "2023", "7 dòng", "/catalog/fish/"),
        ("Fisheries production", f"2,390.5{NB}tonnes", "Fish catch", "2023", "7 rows", "/en/catalog/fish/"),
    ]


def test_a_card_without_a_figure_shows_what_the_data_are(golden_catalog: Catalog) -> None:
    card = Writer(golden_catalog, "en").card(golden_catalog.packages["units"])
    assert (card.figure, card.summary, card.count) == ("", "Description of units.", "5 rows")


def test_the_citation_leads_to_the_page(golden_catalog: Catalog) -> None:
    fish = golden_catalog.packages["fish"]
    assert [Writer(golden_catalog, language).cite(fish) for language in LANGUAGES] == [
        "Cổng dữ liệu mở Kiên Giang. «Sản lượng thủy sản», phiên bản 1.0.0 (1/2/2024). http://127.0.0.1:8000/catalog/fish/",
        "Kiên Giang Open Data Portal. “Fisheries production”, version 1.0.0 (1 February 2024). http://127.0.0.1:8000/en/catalog/fish/",
    ]


@pytest.mark.parametrize(
    ("change", "direction", "words"),
    [
        ("5", "up", "tăng 5% so với năm trước"),
        ("-5", "down", "giảm 5% so với năm trước"),
        ("0", "", "không đổi (0%) so với năm trước"),
    ],
)
def test_a_change_of_nothing_is_no_rise(change: str, direction: str, words: str, tmp_path: Path) -> None:
    write_references(tmp_path)
    write_indicator(tmp_path, "fish", [{}, {"transform": "yoy_change_pct", "unit": "percent", "value": change}])
    catalog = make_tiny_catalog(tmp_path)
    card = Writer(catalog, "vi").card(catalog.packages["fish"])
    assert (card.direction, card.change) == (direction, words)


@pytest.mark.parametrize(("rows", "words"), [(1, "1 row"), (2, "2 rows")])
def test_one_is_not_many(rows: int, words: str, tmp_path: Path) -> None:
    write_references(tmp_path)
    write_indicator(tmp_path, "fish", [{"period": str(2020 + number)} for number in range(rows)])
    catalog = make_tiny_catalog(tmp_path)
    writer = Writer(catalog, "en")
    assert writer.card(catalog.packages["fish"]).count == words
    assert [count for _, _, count, _ in writer.theme_counts()] == ["1 dataset"]
    assert writer.home().view["datasets"] == "1 dataset"


def test_an_embedded_chart_cites_the_documents_of_what_it_draws(tmp_path: Path) -> None:
    """The headline may come from another document, or from another place, than the figures of the picture."""
    write_references(tmp_path)
    kinds = [{"kind": kind, "value": value} for kind, value in (("fish", "1500"), ("shrimp", "800"), ("squid", "90"))]
    write_indicator(tmp_path, "fish", [{"value": "2390", "locator": "77:7"}, *kinds], {"kind": "codes"})
    write_indicator(tmp_path, "one", [{"locator": "88:8"}])
    catalog = make_tiny_catalog(tmp_path)
    writer = Writer(catalog, "en")
    drawn, stated = (
        make_renderer(TEMPLATES, writer).render(writer.embed_page(catalog.packages[name]), "")
        for name in ("fish", "one")
    )
    assert "Source: Fisheries report. The table gives line and column of every figure." in drawn
    assert "77:7" not in drawn
    assert "Source: Fisheries report, printed as “1.200” at line:column 88:8." in stated


def test_the_home_page_shows_the_featured_datasets(tmp_path: Path) -> None:
    write_references(tmp_path)
    for name in ("fish", "fisheries_production", "tourist_arrivals"):
        write_indicator(tmp_path, name)
    view = Writer(make_tiny_catalog(tmp_path), "en").home().view
    assert [card.name for card in view["cards"]] == ["tourist_arrivals", "fisheries_production"]
    assert (view["datasets"], view["statements"], view["sources"]) == (
        "3 datasets", "3 figures", "1 source document",
    )  # fmt: skip


def test_the_home_page_shows_some_figures_where_none_is_featured(golden_catalog: Catalog) -> None:
    assert [card.name for card in Writer(golden_catalog, "en").home().view["cards"]] == ["fish"]


def test_a_dataset_without_a_theme_is_still_in_the_catalogue(tmp_path: Path) -> None:
    write_references(tmp_path)
    write_table(tmp_path, "ships", [column("name", required=True)], [["KG-1"]])
    (page,) = Writer(make_tiny_catalog(tmp_path), "vi").catalog_pages()
    assert [(title, [card.name for card in cards]) for _, title, cards in page.view["groups"]] == [
        ("Chưa xếp chủ đề", ["ships"])
    ]


def test_a_long_list_is_cut_into_pages_that_lead_to_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MOST_TOGETHER", 3)
    monkeypatch.setattr(paging, "PAGE_CARDS", 2)
    write_references(tmp_path)
    for name in ("a", "b", "c", "d", "e"):
        write_indicator(tmp_path, name, changes={"title": name})
    writer = Writer(make_tiny_catalog(tmp_path), "en")
    for address, pages in (("catalog/", writer.catalog_pages()), ("themes/fishing/", writer.theme_pages("fishing"))):
        every = list(pages)
        assert [page.path for page in every] == [address, f"{address}page-2/", f"{address}page-3/"]
        assert [[card.name for card in page.view["cards"]] for page in every] == [["a", "b"], ["c", "d"], ["e"]]
        assert every[1].title == f"{every[0].title}, page 2"
        html = make_renderer(TEMPLATES, writer).render(every[1], "")
        assert f'<a rel="prev" href="/en/{address}">' in html
        assert f'<a rel="next" href="/en/{address}page-3/">' in html
        assert f'href="/en/{address}page-2/" aria-label="Page 2" aria-current="page"' in html


def test_of_many_pages_the_first_the_last_and_the_nearest_are_named() -> None:
    assert [number for number, _ in paging.Part("x/", 80, 167).links] == [1, 78, 79, 80, 81, 82, 167]
    assert (paging.Part("x/", 2, 2).before, paging.Part("x/", 2, 2).behind) == ("x/", "")
    assert list(paging.cut_list([], "x/")) == [(paging.Part("x/", 1, 1), [])]


def test_the_figures_of_a_source_stand_in_its_order(tmp_path: Path) -> None:
    write_references(tmp_path)
    write_indicator(tmp_path, "fish", [{"locator": place} for place in ("10:2", "2:30", "2:4")])
    view = Writer(make_tiny_catalog(tmp_path), "vi").source_page("report").view
    assert [one.locator for one in view["figures"]] == ["2:4", "2:30", "10:2"]


def test_what_is_known_of_a_source_is_said_and_what_is_not_is_left_out(tmp_path: Path) -> None:
    write_reference(tmp_path, "sources", ["id,title,publisher,document_number,date", "a,A,Sở,,2024-01-31", "b,B,,,"])
    writer = Writer(make_tiny_catalog(tmp_path), "vi")
    assert writer.source_facts("a", checksum=True) == [("Nơi phát hành", "Sở"), ("Ngày", "31/1/2024")]
    assert writer.source_facts("b") == []
    assert "31/1/2024" in make_renderer(TEMPLATES, writer).render(writer.sources_page(), "")


def test_figures_stand_newest_first(tmp_path: Path) -> None:
    write_references(tmp_path)
    write_indicator(tmp_path, "fish", [{"period": period} for period in ("2020", "2024-12-31", "2022", "2021/..")])
    catalog = make_tiny_catalog(tmp_path)
    figures = Writer(catalog, "vi").dataset_page(catalog.packages["fish"]).view["figures"]
    assert [one.when for one in figures] == ["31/12/2024", "2022", "từ 2021", "2020"]


# --- plain tables -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_", "cell", "vi", "en"),
    [
        ("string", "0012", "0012", "0012"),
        ("string", None, "", ""),
        ("number", Decimal("12345.50"), "12.345,50", "12,345.50"),
        ("number", Decimal(-3), "\N{MINUS SIGN}3", "\N{MINUS SIGN}3"),
        ("integer", 1000000, "1.000.000", "1,000,000"),
        ("year", 2010, "2010", "2010"),
        ("boolean", True, "true", "true"),
        ("date", date(2024, 2, 3), "3/2/2024", "3 February 2024"),
        ("datetime", datetime(2024, 2, 3, 4, 5, tzinfo=UTC), "2024-02-03T04:05:00+00:00", "2024-02-03T04:05:00+00:00"),
        ("time", time(4, 5), "04:05:00", "04:05:00"),
        ("yearmonth", (2024, 2), "2024-02", "2024-02"),
    ],
)
def test_a_cell_of_a_plain_table(type_: str, cell: Any, vi: str, en: str) -> None:
    field = Field("one", type_, Text("Một"), Text(""))
    assert (show_cell(cell, field, "vi"), show_cell(cell, field, "en")) == (vi, en)


@pytest.mark.parametrize(("rows", "shown", "cut"), [(1, 1, False), (SHOWN_ROWS, SHOWN_ROWS, False), (201, 200, True)])
def test_a_long_table_is_cut(rows: int, shown: int, cut: bool, tmp_path: Path) -> None:
    write_table(tmp_path, "ships", [column("name", required=True)], [[f"KG-{number}"] for number in range(rows)])
    catalog = make_tiny_catalog(tmp_path)
    plain = Writer(catalog, "vi").plain_table(catalog.packages["ships"])
    assert (len(plain["rows"]), plain["cut"], plain["count"]) == (shown, cut, str(rows))
    html = render(catalog, "vi", "ships")
    link = f"Trang chỉ hiện {shown} dòng đầu trong {rows} dòng; tải tệp hoặc dùng API để lấy đủ."
    assert (f'{link} <a href="#downloads">Tải về</a>, <a href="#api">API</a>' in html) is cut


# --- texts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ngắn.", "Ngắn."),
        ("Đoạn một.\n\nĐoạn hai.", "Đoạn một."),
        ("  lề  ", "lề"),
        ("", ""),
        ("x" * 160, "x" * 160),
        ("một hai, " * 30, "một hai, " * 17 + "một…"),
    ],
)
def test_a_summary_is_cut_at_a_word(text: str, expected: str) -> None:
    assert summarise(text) == expected
    assert len(summarise(text)) <= 160


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**đậm** và *nghiêng*", "<p><strong>đậm</strong> và <em>nghiêng</em></p>"),
        ("[x](https://example.org/)", '<p><a href="https://example.org/">x</a></p>'),
        ("<script>alert(1)</script>x", "<p>x</p>"),
        ("<i onclick=\"alert(1)\">x</i>", "<p><i>x</i></p>"),
        ("[x](javascript:alert(1))", '<p><a>x</a></p>'),
        ("![x](https://other.example/pixel.png)", "<p></p>"),
        ("<style>p { color: red }</style>x", "<p>x</p>"),
        ("<iframe src='https://other.example/'></iframe>x", "<p>x</p>"),
        ("<p style='position: fixed'>x</p>", "<p>x</p>"),
        ("a < b & c", "<p>a &lt; b &amp; c</p>"),
    ],
)  # fmt: skip
def test_markdown_of_a_descriptor_is_cleaned(text: str, expected: str) -> None:
    assert str(render_markdown(text)).strip() == expected


def test_every_text_of_a_descriptor_is_escaped(tmp_path: Path) -> None:
    script = '<script>alert("x")</script>'
    write_references(tmp_path)
    note = {"note": script, "note_en": script, "as_stated": script, "kind": "trap", "flags": "misprint"}
    write_reference(tmp_path, "kinds", ["code,name", f'trap,"{script.replace(chr(34), chr(34) * 2)}"'])
    words = {"title": script, "title@en": script, "licenses": [{"name": "X", "title": script, "path": script}]}
    folder = write_indicator(tmp_path, "fish", [note], {"kind": "kinds"}, changes=words)
    path = folder / "datapackage.json"
    path.write_text(path.read_text("utf-8").replace("Cột kind", script.replace('"', '\\"')), "utf-8")
    for language in LANGUAGES:
        html = render(make_tiny_catalog(tmp_path), language, "fish")
        assert "<script" not in html
        assert html.count("&lt;script&gt;") >= 6
        assert 'href="&lt;' not in html, "a licence leads to the web or nowhere"


def test_a_dataset_without_english_says_so(tmp_path: Path) -> None:
    only = {"languages": ["vi"], "title": "Nuôi cá lồng bè", "title@en": None, "description@en": None}
    write_table(tmp_path, "cages", [column("name", required=True)], [["1"]], changes=only)
    catalog = make_tiny_catalog(tmp_path)
    html = {language: render(catalog, language, "cages") for language in LANGUAGES}
    notice = '<p class="notice">This dataset is described in Vietnamese only.</p>'
    assert notice in html["en"]
    assert '<div lang="vi">' in html["en"]
    assert "Nuôi cá lồng bè" in html["en"]
    assert 'class="notice"' not in html["vi"]
    assert "lang=" not in html["vi"]


# --- what came when, and what does not hold ---------------------------------------------------------------------------


def test_the_home_page_tells_what_came_and_what_was_revised(tmp_path: Path) -> None:
    write_references(tmp_path)
    for number in range(7):
        write_indicator(tmp_path, f"first_{number}", changes={"created": "2024-02-01T00:00:00Z"})
    write_indicator(tmp_path, "revised", changes={"created": "2024-03-05T00:00:00Z", "version": "1.1.0"})
    write_indicator(tmp_path, "late", changes={"created": "2024-03-05T00:00:00Z"})
    changes = Writer(make_tiny_catalog(tmp_path), "en").home().view["changes"]
    assert [(one.when, one.words, [(url, version) for url, _, version in one.datasets]) for one in changes] == [
        ("5 March 2024", "1 dataset in a new version", [("/en/catalog/revised/", "1.1.0")]),
        ("5 March 2024", "1 dataset published for the first time", [("/en/catalog/late/", "1.0.0")]),
        ("1 February 2024", "7 datasets published for the first time", []),
    ]


def test_a_package_without_a_date_is_no_change(tmp_path: Path) -> None:
    write_references(tmp_path)
    write_indicator(tmp_path, "undated", changes={"created": None})
    writer = Writer(make_tiny_catalog(tmp_path), "vi")
    assert writer.home().view["changes"] == []
    assert writer.version(writer.catalog.packages["undated"]) == "1.0.0"


def test_the_quality_page_counts_what_it_lists(tmp_path: Path) -> None:
    write_references(tmp_path)
    relation = {"type": "sum", "total": {"measure": "catch", "kind": "_T"}}
    parts = [{"measure": "catch", "kind": "fish"}, {"measure": "catch", "kind": "shrimp"}]
    for name, total in (("holds", "100.0"), ("rounded", "100.1"), ("broken", "105.0")):
        rows = [{"value": total}, {"kind": "fish", "value": "60.0"}, {"kind": "shrimp", "value": "40.0"}]
        portal = {"portal": {"kind": "indicator", "relations": [{**relation, "parts": parts}]}}
        write_indicator(tmp_path, name, rows, {"kind": "codes"}, changes=portal)
    view = Writer(make_tiny_catalog(tmp_path), "en").quality_page().view
    assert view["summary"].startswith(
        "The portal checked 3 relations between figures: 1 without a difference, 1 off by rounding only, 1 in conflict."
    )
    assert [(name, count, [link for link, _ in sentences]) for name, _, count, sentences in view["relations"]] == [
        ("broken", "1", [("/en/catalog/broken/", "Package broken")]),
        ("rounded", "1", [("/en/catalog/rounded/", "Package rounded")]),
    ]


def test_a_system_shows_no_target_as_a_result(tmp_path: Path) -> None:
    write_references(tmp_path)
    write_reference(tmp_path, "system_groups", ["code,name,name_en", "database,Cơ sở dữ liệu,Databases"])
    write_reference(tmp_path, "system_statuses", ["code,name,name_en", "running,Đang chạy,Running"])
    columns = "id,name,name_en,group,purpose,purpose_en,status,status_date,source,locator,as_named,also_at,datasets"
    book = "vessel_book,Sổ tàu,Vessel book,database,,,running,,report,3:1,Sổ tàu,,fish;boats"
    write_reference(tmp_path, "systems", [columns, book])
    goal = {"period": "2021/..", "status": "target", "value": "100", "unit": "percent"}
    write_indicator(tmp_path, "fish", [goal], headline={"measure": "catch"})
    write_indicator(tmp_path, "boats", headline={"measure": "catch"})
    catalog = make_tiny_catalog(tmp_path)
    writer = Writer(catalog, "en")
    html = make_renderer(TEMPLATES, writer).render(writer.systems_page(), "")
    shown = re.findall(r"<li><a [^>]*>.*?</li>", html)
    fish = '<a href="/en/catalog/fish/" dir="auto">Package fish</a>: <strong>100%</strong>'
    boats = '<a href="/en/catalog/boats/" dir="auto">Package boats</a>: <strong>1,200 tonnes</strong>'
    target = ' <span class="status status--target">Target</span>'
    assert shown == [
        f"<li>{fish} <span><bdi>Catch</bdi> · no deadline stated</span>{target}</li>",
        f"<li>{boats} <span><bdi>Catch</bdi> · 2023</span></li>",
    ]


@pytest.fixture(scope="module")
def doubtful_catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Return a catalogue whose headline is unclear, and whose change is flagged for another reason."""
    root = tmp_path_factory.mktemp("doubtful")
    write_references(root)
    rows = [
        {"flags": "unclear"},
        {"transform": "yoy_change_pct", "unit": "percent", "value": "5", "flags": "misprint;unclear"},
        {"kind": "fish", "value": "3"},
        {"period": "2024", "status": "target"},
    ]
    write_indicator(root, "fish", rows, {"kind": "codes"}, {"measure": "catch", "where": {"kind": "_T"}})
    return make_tiny_catalog(root)


def test_the_doubts_of_a_headline_go_where_it_goes(doubtful_catalog: Catalog) -> None:
    writer = Writer(doubtful_catalog, "en")
    page = writer.dataset_page(doubtful_catalog.packages["fish"])
    names = [name for name, _ in page.view["headline_flags"]]
    assert names == ["Unclear", "Change: misprint"]
    chips = ">Unclear</span>", ">Change: misprint</span>"
    pages = (page, writer.home(), *writer.catalog_pages(), writer.embed_page(doubtful_catalog.packages["fish"]))
    for html in (make_renderer(TEMPLATES, writer).render(one, "") for one in pages):
        assert [chip for chip in chips if chip not in html] == []
    assert page.view["caution"] == "(Note: unclear; change: misprint.)"
    shared = re.search(r'id="share-figure"[^>]*>([^<]*)<', make_renderer(TEMPLATES, writer).render(page, ""))
    assert shared
    assert " (Note: unclear; change: misprint.) http://" in shared[1]


def test_a_target_shows_the_doubts_of_the_result_beside_it(doubtful_catalog: Catalog) -> None:
    writer = Writer(doubtful_catalog, "en")
    html = make_renderer(TEMPLATES, writer).render(writer.targets_page(), "")
    assert re.findall(r'class="flag"[^>]*>([^<]*)<', html) == ["Unclear"]

"""Figures in words: the exact text of every transform, qualifier, unit and direction, in both languages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from factory import REPOSITORY, make_tiny_catalog, observe, write_indicator, write_reference, write_references
from portal.figures.figure import describe_observation, format_figure, say_when

if TYPE_CHECKING:
    from portal.figures.catalog import Catalog
    from portal.words.text import Language

NB = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Return a catalogue whose dataset `fish` has a dimension from `codes` and one from a list of its own."""
    root = tmp_path_factory.mktemp("figure")
    write_references(root)
    write_reference(root, "gears", ["code,name,name_en", "_T,Tổng số,Total", "net,Lưới,Net"])
    write_indicator(root, "fish", [{}], {"kind": "codes", "gear": "gears"})
    return make_tiny_catalog(root)


PERCENT = {"unit": "percent"}
PLACES = {"unit": "places", "measure": "position"}


@pytest.mark.parametrize(
    ("value", "changes", "vi", "en"),
    [
        # units: with a symbol, percent, none at all
        ("1200", {}, f"1.200{NB}tấn", f"1,200{NB}tonnes"),
        ("48.37", PERCENT, "48,37%", "48.37%"),
        ("2389", {"unit": "count"}, "2.389", "2,389"),
        ("0", {}, f"0{NB}tấn", f"0{NB}tonnes"),
        ("-3.5", {}, f"{MINUS}3,5{NB}tấn", f"{MINUS}3.5{NB}tonnes"),
        ("1234567.890", {}, f"1.234.567,890{NB}tấn", f"1,234,567.890{NB}tonnes"),
        ("5", {"unit": "fathom"}, "5", "5"),
        # transforms
        ("110.75", {**PERCENT, "transform": "pct_of_plan"}, "110,75% kế hoạch", "110.75% of plan"),
        ("-5", {**PERCENT, "transform": "pct_of_plan"}, f"{MINUS}5% kế hoạch", f"{MINUS}5% of plan"),
        ("2.5", {**PERCENT, "transform": "change_vs_plan_pct"}, "vượt kế hoạch 2,5%", "2.5% above plan"),
        ("-2.5", {**PERCENT, "transform": "change_vs_plan_pct"}, "hụt kế hoạch 2,5%", "2.5% below plan"),
        ("30", {**PERCENT, "transform": "yoy_change_pct"}, "tăng 30%", "up 30%"),
        ("-1.1", {**PERCENT, "transform": "yoy_change_pct"}, "giảm 1,1%", "down 1.1%"),
        ("98.6", {**PERCENT, "transform": "yoy_index_pct"}, "bằng 98,6% năm trước", "98.6% of the year before"),
        ("3", {**PLACES, "transform": "yoy_change_places"}, f"tăng 3{NB}bậc", f"up 3{NB}places"),
        ("-8", {**PLACES, "transform": "yoy_change_places"}, f"giảm 8{NB}bậc", f"down 8{NB}places"),
        ("7", {"transform": "per_head"}, f"7{NB}tấn (Bình quân đầu người)", f"7{NB}tonnes (Per head)"),
        # qualifiers: a bound is never shown bare
        ("3000", {"qualifier": "about"}, f"khoảng 3.000{NB}tấn", f"about 3,000{NB}tonnes"),
        ("3000", {"qualifier": "over"}, f"trên 3.000{NB}tấn", f"over 3,000{NB}tonnes"),
        ("3000", {"qualifier": "at_least"}, f"ít nhất 3.000{NB}tấn", f"at least 3,000{NB}tonnes"),
        ("3000", {"qualifier": "under"}, f"gần 3.000{NB}tấn", f"nearly 3,000{NB}tonnes"),
        ("3000", {"qualifier": "at_most"}, f"không quá 3.000{NB}tấn", f"at most 3,000{NB}tonnes"),
        ("0", {**PERCENT, "transform": "yoy_change_pct"}, "không đổi (0%)", "unchanged (0%)"),
        (
            "0.0",
            {**PERCENT, "transform": "yoy_change_pct", "qualifier": "about"},
            "thay đổi khoảng 0,0%",
            "a change of about 0.0%",
        ),
        ("0", {**PERCENT, "transform": "change_vs_plan_pct"}, "không chênh so với kế hoạch (0%)", "on plan (0% off)"),
        ("30", {**PERCENT, "transform": "yoy_change_pct", "qualifier": "over"}, "tăng trên 30%", "up over 30%"),
        ("-30", {**PERCENT, "transform": "yoy_change_pct", "qualifier": "about"}, "giảm khoảng 30%", "down about 30%"),
        ("95", {**PERCENT, "transform": "pct_of_plan", "qualifier": "under"}, "gần 95% kế hoạch", "nearly 95% of plan"),
        # ranks and targets for ranks
        ("32", {"unit": "rank"}, "hạng 32", "rank 32"),
        ("20", {"unit": "rank", "status": "target", "qualifier": "at_most"}, "trong 20 hạng đầu", "among the top 20"),
        ("20", {"unit": "rank", "qualifier": "about"}, "khoảng hạng 20", "about rank 20"),
        # misprints
        (None, {"as_stated": "1.2OO"}, "không đọc được (in là 1.2OO)", "unreadable (printed as 1.2OO)"),
        (None, {"as_stated": "?", "qualifier": "over"}, "không đọc được (in là ?)", "unreadable (printed as ?)"),
    ],
)
def test_a_figure_in_words(value: str | None, changes: dict[str, Any], vi: str, en: str, catalog: Catalog) -> None:
    one = observe(value, **changes)
    assert (format_figure(one, catalog, "vi"), format_figure(one, catalog, "en")) == (vi, en)


@pytest.mark.parametrize(
    ("changes", "vi", "en"),
    [
        ({}, "Sản lượng", "Catch"),
        ({"dimensions": (("kind", "_T"), ("gear", "_T"))}, "Sản lượng", "Catch"),
        ({"dimensions": (("kind", "shrimp"), ("gear", "_T"))}, "Sản lượng – Tôm", "Catch – Shrimp"),
        ({"dimensions": (("kind", "shrimp"), ("gear", "net"))}, "Sản lượng – Tôm – Lưới", "Catch – Shrimp – Net"),
        ({"dimensions": (("kind", ""), ("gear", "net"))}, "Sản lượng – Lưới", "Catch – Net"),
        ({"area": "PQ"}, "Sản lượng – Phú Quốc", "Catch – Phú Quốc"),
        (
            {"area": "PQ", "dimensions": (("kind", "squid"), ("gear", "_T"))},
            "Sản lượng – Mực – Phú Quốc",
            "Catch – Squid – Phú Quốc",
        ),
        ({"measure": "unlisted"}, "unlisted", "unlisted"),
    ],
)
def test_what_was_measured_in_words(changes: dict[str, Any], vi: str, en: str, catalog: Catalog) -> None:
    one = observe(**changes)
    assert (describe_observation(one, catalog, "vi"), describe_observation(one, catalog, "en")) == (vi, en)


@pytest.mark.parametrize(
    ("period", "status", "vi", "en"),
    [
        ("2023", "actual", "2023", "2023"),
        ("2020-12", "actual", "tháng 12/2020", "December 2020"),
        ("2023-07-31", "actual", "31/7/2023", "31 July 2023"),
        ("2025-Q1", "actual", "quý I/2025", "Q1 2025"),
        ("2025-03-01/2025-04-26", "actual", "1/3/2025 – 26/4/2025", "1 March 2025 – 26 April 2025"),
        ("2021/..", "actual", "từ 2021", "from 2021"),
        ("2021/..", "target", "không nêu thời hạn", "no deadline stated"),
        ("2025", "target", "2025", "2025"),
    ],
)
def test_when_in_words(period: str, status: str, vi: str, en: str) -> None:
    one = observe(period_text=period, status=status)
    assert (say_when(one, "vi"), say_when(one, "en")) == (vi, en)


@pytest.fixture(scope="module")
def real_codes() -> Catalog:
    """Return the repository's own code lists."""
    return make_tiny_catalog(REPOSITORY / "datapackages" / "reference")


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_code_of_the_catalogue_has_words(language: Language, real_codes: Catalog) -> None:
    records = real_codes.records
    changes = [
        {"transform": transform, "unit": unit, "qualifier": qualifier}
        for transform in records["transforms"]
        for unit in records["units"]
        for qualifier in records["qualifiers"]
    ]
    assert len(changes) > 500
    for change in changes:
        said = format_figure(observe("-12.5", **change), real_codes, language)
        assert not re.search(r"[{}_]|None", said), change
        assert "12,5" in said if language == "vi" else "12.5" in said, change
        if change["qualifier"] != "exact" and change["unit"] != "rank":
            assert real_codes.label("qualifiers", change["qualifier"]).get(language) in said, change

"""Agreement of pages: a figure that either page shows otherwise is found, and said exactly."""

from __future__ import annotations

import json
import re
import shutil
from contextlib import closing
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.data.descriptor import read_packages
from portal.data.table import Table
from portal.proofs import proof
from portal.proofs.page_agreement import compare_pages
from portal.proofs.proof import Ground, Prover
from portal.proofs.reread_database import open_database
from portal.proofs.reread_pages import read_shown_day, read_shown_number
from portal.proofs.reread_period import read_shown_period
from portal.words.number import format_number
from portal.words.period import format_period
from portal.words.text import LANGUAGES
from portal.work.build_cache import BuildCache
from portal.work.package_work import Workshop
from portal.work.scheduler import Here

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from portal.data.package import Package
    from portal.proofs.agreement import Proof
    from portal.words.text import Language
    from published import Published

pytest_plugins = ("published",)
DATASETS = ("fish", "hostile", "arabic", "misprinted", "vietnamese_only", "market", "thousand", "units")


def compare(published: Published, dataset: str, site: Path | None = None) -> Proof:
    packages = {one.name: one for one in read_packages(published.project / "datapackages").packages}
    package = packages[dataset]
    with closing(open_database(published.folder.current / "opendata.db")) as database:
        return compare_pages(package, Table(package, package.main), site or published.site, database)


@pytest.fixture
def site(published: Published, tmp_path: Path) -> Path:
    """Return a copy of the pages of some datasets, to be spoilt."""
    for dataset in ("fish", "market", "thousand"):
        for prefix in ("", "en/"):
            shutil.copytree(published.site / f"{prefix}catalog/{dataset}", tmp_path / f"{prefix}catalog/{dataset}")
    shutil.copytree(published.site / "rows", tmp_path / "rows")
    return tmp_path


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_pages_of_a_dataset_agree_with_it(published: Published, dataset: str) -> None:
    proof = compare(published, dataset)
    assert [finding.render("en") for finding in proof.findings] == []
    assert [one.form for one in proof.comparisons] == ["HTML (vi)", "HTML (en)"]


def test_every_figure_is_counted_the_later_ones_too(published: Published) -> None:
    assert {(one.rows, one.cells) for one in compare(published, "thousand").comparisons} == {(1000, 5000)}
    assert {(one.rows, one.cells) for one in compare(published, "market").comparisons} == {(200, 1600)}


SPOILT = {
    "value": ("fish", "catalog/fish/index.html", "2.390,5", "2.309,5", "catalog/fish/index.html:2:2",
              "row 2, column “value”: the package has 2390.5, but html.parser reads 2309.5."),
    "grouping": ("fish", "en/catalog/fish/index.html", "1,500.5", "1.500,5", "en/catalog/fish/index.html:3:2",
                 "row 3, column “value”: the package has 1500.5, but html.parser reads 1.500."),
    "place": ("fish", "catalog/fish/index.html", "«1.500,5» tại dòng:cột 2:1", "«1.500,5» tại dòng:cột 2:2",
              "catalog/fish/index.html:3:4",
              ("row 3, column “source”: the package has \"Báo cáo nghề cá, in là «1.500,5» tại dòng:cột 2:1\", "
              "but html.parser reads \"Báo cáo nghề cá, in là «1.500,5» tại dòng:cột 2:2\".")),
    "what": ("fish", "en/catalog/fish/index.html", "<bdi>Catch</bdi>", "<bdi>Boats</bdi>",
             "en/catalog/fish/index.html:2:1",
             "row 2, column “what”: the package has \"Catch\", but html.parser reads \"Boats\"."),
    "unit": ("fish", "en/catalog/fish/index.html", "\N{NO-BREAK SPACE}tonnes", "\N{NO-BREAK SPACE}tons",
             "en/catalog/fish/index.html:2:2",
             ("row 2, column “phrase”: the package has \"#\N{NO-BREAK SPACE}tonnes\", "
              "but html.parser reads \"#\N{NO-BREAK SPACE}tons\".")),
    "period": ("fish", "catalog/fish/index.html", ">2023</td>", ">2022</td>", "catalog/fish/index.html:2:3",
               "row 2, column “period”: the package has \"2023\", but html.parser reads \"2022\"."),
    "plain": ("market", "catalog/market/index.html", ">12.345,50<", ">12.345,05<", "catalog/market/index.html:2:2",
              "row 2, column “price”: the package has 12345.50, but html.parser reads 12345.05."),
    "day": ("market", "en/catalog/market/index.html", ">3 February 2024<", ">4 February 2024<",
            "en/catalog/market/index.html:2:4",
            "row 2, column “day”: the package has 2024-02-03, but html.parser reads 2024-02-04."),
}  # fmt: skip


@pytest.mark.parametrize("case", SPOILT)
def test_a_planted_difference_is_said_exactly(published: Published, site: Path, case: str) -> None:
    dataset, file, old, new, place, message = SPOILT[case]
    path = site / file
    html = path.read_text("utf-8")
    start = html.index('<table class="')
    assert old in html[start:]
    path.write_text(html[:start] + html[start:].replace(old, new, 1), "utf-8")
    language = "en" if file.startswith("en/") else "vi"
    (finding,) = compare(published, dataset, site).findings
    assert finding.message_en == f"Form HTML ({language}), {message}"
    assert finding.place == place
    assert finding.severity == "blocker"


def test_a_later_row_that_differs_is_missing_or_is_another_one_is_found(published: Published, site: Path) -> None:
    path = min((site / "rows" / "thousand").glob("*.en.json"))
    rows = json.loads(path.read_text("utf-8"))
    anchor, first = next(iter(rows.items()))
    expected = int(first["value"].split("\N{NO-BREAK SPACE}")[0].replace(",", ""))
    file = path.relative_to(site).as_posix()
    for spoilt, message in (
        ({**rows, anchor: {**first, "value": "7"}}, f"the package has {expected}, but html.parser reads 7."),
        ({name: row for name, row in rows.items() if name != anchor}, f"row {anchor} of the package is missing."),
        ({**rows, "o-0000000000000000": first}, "row o-0000000000000000 is not in the package."),
    ):
        path.write_text(json.dumps(spoilt), "utf-8")
        (finding,) = compare(published, "thousand", site).findings
        assert finding.message_en.endswith(message)
        assert finding.file == file
    path.unlink()
    (finding,) = compare(published, "thousand", site).findings
    assert re.fullmatch(
        r"Form HTML \(en\): html\.parser cannot read it back: it says 1000 rows and has \d+\.", finding.message_en
    )
    assert "tệp ghi 1000 dòng nhưng có" in finding.message


def test_figures_out_of_order_are_found(published: Published, site: Path) -> None:
    path = site / "catalog/thousand/index.html"
    html = path.read_text("utf-8")
    rows = re.findall(r'<tr id="o-.*?</tr>', html, re.DOTALL)
    path.write_text(html.replace(rows[0], "@").replace(rows[1], rows[0]).replace("@", rows[1]), "utf-8")
    (finding,) = compare(published, "thousand", site).findings
    assert "column “period”" in finding.message_en


def test_a_page_without_its_table_is_said(published: Published, site: Path) -> None:
    (site / "catalog/fish/index.html").write_text("<p>nothing</p>", "utf-8")
    (finding,) = compare(published, "fish", site).findings
    assert finding.message_en == "Form HTML (vi): html.parser cannot read it back: no table of figures."
    assert finding.message == (
        "Dạng HTML (vi): html.parser không đọc lại được: trang không có bảng số liệu (no table of figures)."
    )


PERIODS = [
    ("2020", "2020", "2020"), ("2020-12", "tháng 12/2020", "December 2020"), ("2025-Q1", "quý I/2025", "Q1 2025"),
    ("2025-Q4", "quý IV/2025", "Q4 2025"), ("2023-07-31", "31/7/2023", "31 July 2023"),
    ("2021-03/..", "từ tháng 3/2021", "from March 2021"),
    ("2025-03-01/2025-04-26", "1/3/2025 – 26/4/2025", "1 March 2025 – 26 April 2025"),
]  # fmt: skip


@pytest.mark.parametrize(("period", "vi", "en"), PERIODS)
def test_a_period_is_read_back_from_its_words(period: str, vi: str, en: str) -> None:
    assert (read_shown_period(vi, "vi"), read_shown_period(en, "en")) == (period, period)


@given(
    st.dates(date(1900, 1, 1), date(2100, 12, 31)),
    st.sampled_from(["{0:%Y}", "{0:%Y-%m}", "{0}", "{0:%Y}-Q3", "{0}/..", "{0:%Y}/2150", "{0:%Y-%m}/2150-02-03"]),
)
def test_every_period_that_pages_show_is_read_back(day: date, form: str) -> None:
    period = form.format(day)
    for language in LANGUAGES:
        assert read_shown_period(format_period(period, language), language) == period


@pytest.mark.parametrize("text", ["tháng 13", "", "năm 2020", "31 Juli 2023", "Q5 2020", "từ"])
def test_what_is_no_period_stays_as_it_is(text: str) -> None:
    assert read_shown_period(text, "vi") == text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=3))
def test_a_number_is_read_as_it_was_shown(value: Decimal) -> None:
    for language in LANGUAGES:
        assert read_shown_number(f"khoảng {format_number(value, language)} tấn", language) == value


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("trên 3.000 máy", "vi", "3000"), ("over 3,000 devices", "en", "3000"), ("48,37%", "vi", "48.37"),
        ("hạng 32", "vi", "32"), ("1.500", "en", "1.500"), ("52,3 thuê bao/100 dân", "vi", "52.3"),
    ],
)  # fmt: skip
def test_only_the_first_number_counts(text: str, language: Language, expected: str) -> None:
    assert read_shown_number(text, language) == Decimal(expected)


def test_days_are_read_in_both_languages() -> None:
    assert read_shown_day("31/7/2023", "vi") == read_shown_day("31 July 2023", "en") == date(2023, 7, 31)
    assert read_shown_day("31 Juli 2023", "en") == "31 Juli 2023"


def test_pages_are_compared_again_where_they_changed(
    published: Published, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = [one for one in read_packages(published.project / "datapackages").packages if one.name == "fish"]
    shop = Workshop(Here(), BuildCache(tmp_path / "cache"), "code", lambda _event: None, tmp_path)
    compared: list[str] = []

    def note(package: Package, table: Table, folder: Path, database: sqlite3.Connection) -> Proof:
        compared.append(package.name)
        return compare_pages(package, table, folder, database)

    monkeypatch.setattr(proof, "compare_pages", note)
    with closing(Ground(site / "data", site, published.folder.current / "opendata.db")) as ground:
        prover = Prover({}, shop, ground)
        first = prover.prove_pages(packages)
        assert (first.findings, len(first.comparisons)) == ((), 2)
        assert prover.prove_pages(packages) == first
        assert compared == ["fish"]
        page = site / "catalog/fish/index.html"
        page.write_text("<p>nothing</p>", "utf-8")
        for _ in range(2):  # what does not agree is never kept
            assert [one.code for one in prover.prove_pages(packages).findings] == ["form-unreadable"]
        page.unlink()
        assert prover.prove_pages(packages).findings
    assert compared == ["fish"] * 4

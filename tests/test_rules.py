"""Our own rules, on rows that were typed already."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.checks.rules import Context, check_descriptor, check_row, suggest_codes
from portal.data.descriptor import read_packages
from portal.data.finding import Place
from portal.data.table import Row

if TYPE_CHECKING:
    from conftest import TinyPackage
    from portal.data.package import Package
    from portal.data.table import Cell

VALID = Path(__file__).parent / "packages" / "valid"
(VISITORS,) = read_packages(VALID / "indicators").packages
(OFFICES,) = read_packages(VALID / "tables").packages
CODES = {
    "areas": frozenset({"KG", "KG899", "KG900"}),
    "flags": frozenset({"misprint", "rounded"}),
    "measures": frozenset({"arrivals"}),
    "themes": frozenset({"tourism", "transport"}),
}
CONTEXT = Context(CODES, date(2026, 11, 22))
PLACE = Place("visitors", "visitors/data.csv", 7)
CELLS: dict[str, Cell] = {
    "period": "2020", "area": "KG", "market": "_T", "measure": "arrivals", "transform": "level", "value": Decimal(5),
    "unit": "count", "status": "actual", "qualifier": "exact", "flags": None, "source": "report", "locator": "3:10",
    "as_stated": "5", "note": None, "note_en": None,
}  # fmt: skip


def check(**cells: Cell) -> list[tuple[int, int, str, str]]:
    """Return line, column, code and English message for an observation that differs from a right one by `cells`."""
    row = Row(3, tuple({**CELLS, **cells}.values()))
    findings = check_row(VISITORS, VISITORS.main, row, CONTEXT, PLACE)
    return [(one.line, one.column, one.code, one.message_en) for one in findings]


def check_number(number: Cell) -> list[str]:
    """Return the codes that are found for a number in a table."""
    row = Row(2, ("RG", "Rạch Giá", number))
    return [one.code for one in check_row(OFFICES, OFFICES.main, row, CONTEXT, Place("offices", "offices/data.csv", 2))]


def test_a_right_observation_passes() -> None:
    assert check() == []


# --- rule 1: codes -----------------------------------------------------------------------------------------


def test_an_unknown_code_gets_its_neighbours() -> None:
    row = Row(3, tuple({**CELLS, "area": "KG89"}.values()))
    (finding,) = check_row(VISITORS, VISITORS.main, row, CONTEXT, PLACE)
    assert (finding.line, finding.column, finding.code) == (7, 2, "unknown-code")
    assert finding.message == "Cột «area»: mã «KG89» không có trong gói tham chiếu «areas»."
    assert finding.cure == "Sửa mã (đã có: KG899, KG900, KG) hoặc thêm dòng vào datapackages/reference/areas."
    assert finding.cure_en == "Correct the code (known: KG899, KG900, KG) or add a row to datapackages/reference/areas."


def test_an_unknown_code_without_neighbours_brings_the_known_ones() -> None:
    row = Row(3, tuple({**CELLS, "measure": "xyz"}.values()))
    (finding,) = check_row(VISITORS, VISITORS.main, row, CONTEXT, PLACE)
    assert finding.cure_en == "Correct the code (known: arrivals) or add a row to datapackages/reference/measures."


def test_of_a_long_list_only_the_first_codes_are_brought() -> None:
    assert suggest_codes("?", frozenset(f"code_{number:02}" for number in range(99))) == (
        ", ".join(f"code_{number:02}" for number in range(12)) + ", …"
    )
    assert suggest_codes("?", frozenset()) == "–"


@pytest.mark.parametrize("area", ["kg", "KG ", "", "KG;KG899"])
def test_a_code_is_the_whole_cell_and_exact(area: str) -> None:
    message = f"Column “area”: the code “{area}” is not in the reference package “areas”."
    assert check(area=area) == [(7, 2, "unknown-code", message)]


@pytest.mark.parametrize(
    ("flags", "wrong"),
    [
        (None, []),
        ("misprint", []),
        ("misprint;rounded", []),
        ("misprint;wrong;rounded;Misprint", ["wrong", "Misprint"]),
        ("misprint;", [""]),
        ("misprint; rounded", [" rounded"]),
    ],
)
def test_a_list_of_codes_is_checked_code_by_code(flags: str | None, wrong: list[str]) -> None:
    assert check(flags=flags) == [
        (7, 10, "unknown-code", f"Column “flags”: the code “{code}” is not in the reference package “flags”.")
        for code in wrong
    ]


def test_a_list_that_is_not_there_is_told_for_the_descriptor_and_not_for_every_row() -> None:
    assert check(unit="no-such-unit") == []
    codes = [(one.code, one.message_en) for one in check_descriptor(VISITORS, CONTEXT, Place("visitors", "x"))]
    missing = ("transforms", "units", "statuses", "qualifiers", "sources")
    columns = ("transform", "unit", "status", "qualifier", "source")
    assert codes == [
        (
            "code-list-missing",
            f"The column “{column}” takes its codes from the reference package “{name}”, which is not there.",
        )
        for column, name in zip(columns, missing, strict=True)
    ]


# --- rule 2: periods ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("period", ["2020-13", "20", "2021/2020", "Q1 2020", ""])
def test_a_period_that_is_none_is_told(period: str) -> None:
    message = f"The period “{period}” has none of the known forms, or ends before it starts."
    assert check(period=period) == [(7, 1, "period-invalid", message)]


@pytest.mark.parametrize(
    ("period", "status", "future"),
    [
        ("2026-11-22", "actual", False),  # the day of the check
        ("2026-11-23", "actual", True),
        ("2026-11-23", "estimate", True),
        ("2026-11-23", "target", False),
        ("2026", "actual", False),  # has begun
        ("2027", "actual", True),
        ("2026-Q4", "actual", False),
        ("2026-12", "derived", True),
        ("2021/2030", "actual", False),
        ("2027/..", "actual", True),
        ("2021/..", "actual", False),
    ],
)
def test_only_targets_lie_in_the_future(period: str, status: str, *, future: bool) -> None:
    message = f"The period “{period}” lies in the future, but the status is “{status}”."
    assert check(period=period, status=status) == ([(7, 1, "period-future", message)] if future else [])


@given(st.dates())
def test_the_day_of_the_check_is_the_border(day: date) -> None:
    assert bool(check(period=day.isoformat())) == (day > CONTEXT.today)


def test_an_empty_period_is_left_to_frictionless() -> None:
    assert check(period=None, status=None, locator=None) == []


# --- locators ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("locator", ["1:1", "31:262", "100000:99999"])
def test_a_locator_is_line_and_column(locator: str) -> None:
    assert check(locator=locator) == []


@pytest.mark.parametrize(
    "locator", ["", "3", "0:1", "1:0", "01:1", "3:", ":3", "3:10:2", "3;10", " 3:10", "3:10\n", "٣:١"]
)
def test_anything_else_is_no_locator(locator: str) -> None:
    assert check(locator=locator) == [(7, 12, "locator-invalid", f"The locator “{locator}” is not line:column.")]


# --- numbers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["NaN", "-NaN", "sNaN", "Infinity", "-Infinity"])
def test_a_number_is_finite(number: str) -> None:
    assert check_number(Decimal(number)) == ["number-not-finite"]


@pytest.mark.parametrize(
    ("number", "exact"),
    [
        (2**53, True),
        (-(2**53), True),
        (2**53 + 1, False),
        (2**53 + 2, False),  # a float has it, but JavaScript no longer tells it from its neighbours
        (10**400, False),
        (Decimal("0.1"), True),
        (Decimal("48.370"), True),
        (Decimal("123456789012345.6"), True),
        (Decimal("0.12345678901234567"), False),
        (Decimal(9007199254740993), False),
        (Decimal("1E+400"), False),
        (Decimal("1E-400"), False),
        (Decimal("1E+22"), True),
        (Decimal("-0"), True),
        (True, True),
        (None, True),
    ],
)
def test_a_number_is_what_computers_keep(number: Cell, *, exact: bool) -> None:
    assert check_number(number) == ([] if exact else ["number-not-exact"])


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_that_a_spreadsheet_wrote_passes(number: float) -> None:
    assert check_number(Decimal(repr(number))) == []


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12))
def test_money_passes(number: Decimal) -> None:
    assert check_number(number) == []


@given(st.integers())
def test_an_integer_passes_where_a_float_and_javascript_keep_it(number: int) -> None:
    assert bool(check_number(number)) == (abs(number) > 2**53)


# --- descriptors -------------------------------------------------------------------------------------------


def find_words(package: Package) -> list[tuple[str, str]]:
    found = check_descriptor(package, CONTEXT, Place(package.name, package.label))
    return [(one.message, one.cure) for one in found if one.code != "code-list-missing"]


def test_the_theme_is_one_of_the_themes(visitors: TinyPackage) -> None:
    assert find_words(VISITORS) == []
    visitors.describe(lambda descriptor: descriptor["portal"].update(theme="trans"))
    assert find_words(visitors.read()) == [
        (
            "Chủ đề «trans» không có trong gói tham chiếu «themes».",
            "Sửa «theme» (đã có: transport) hoặc thêm chủ đề.",
        )
    ]


def test_a_missing_english_title_is_warned_of(offices: TinyPackage) -> None:
    assert find_words(OFFICES) == []
    offices.describe(lambda descriptor: descriptor.pop("title@en"))
    assert find_words(offices.read()) == [
        (
            "Chưa có tiêu đề tiếng Anh (title@en); trang tiếng Anh sẽ hiện tiếng Việt.",
            "Thêm «title@en» và «description@en».",
        )
    ]

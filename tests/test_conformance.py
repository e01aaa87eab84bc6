"""Conformance: frictionless judges, we word it, and it is never left to guess."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from portal.checks.conformance import MAX_ERRORS, check_conformance

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import TinyPackage

HEADER = "code,name,staff\n"


def judge(package: TinyPackage) -> list[tuple[str, str, str]]:
    """Return place, code and English message of what frictionless finds."""
    return [(one.place, one.code, one.message_en) for one in check_conformance(package.read())]


def test_a_valid_package_conforms(offices: TinyPackage, visitors: TinyPackage) -> None:
    assert judge(offices) == judge(visitors) == []


def test_lines_are_those_of_the_file_whatever_the_cells_hold(offices: TinyPackage) -> None:
    offices.write('code,name,staff\r\nRG,"Rạch\r\nGiá",12\r\nPQ,"a\nb\n\nc",x\r\nHT,Hà Tiên,y\r\n')
    assert judge(offices) == [
        ("offices/data.csv:4:3", "type-error", "Column “staff”: “x” is not of type integer."),
        ("offices/data.csv:8:3", "type-error", "Column “staff”: “y” is not of type integer."),
    ]


def test_a_blank_row_is_told_once_and_not_also_as_an_empty_key(offices: TinyPackage) -> None:
    offices.write(HEADER + "RG,Rạch Giá,12\n\n,,\n")
    assert judge(offices) == [
        ("offices/data.csv:3", "blank-row", "The row is blank."),
        ("offices/data.csv:4", "blank-row", "The row is blank."),
    ]


def test_an_empty_key_is_a_fault(offices: TinyPackage) -> None:
    offices.write(HEADER + ",Rạch Giá,12\n")
    assert sorted(judge(offices)) == [
        (
            "offices/data.csv:2",
            "primary-key",
            "The row's primary key (code) is the same as another row's, or is empty.",
        ),
        (
            "offices/data.csv:2:1",
            "constraint-error",
            'Column “code”: “” breaks a constraint (constraint "required" is "True").',
        ),
    ]


@pytest.mark.parametrize("count", [MAX_ERRORS - 1, MAX_ERRORS, MAX_ERRORS + 500])
def test_errors_are_counted_to_a_limit_and_the_limit_is_told(offices: TinyPackage, count: int) -> None:
    offices.write(HEADER + "".join(f"{number},Rạch Giá,x\n" for number in range(count)))
    findings = list(check_conformance(offices.read()))
    errors = [one for one in findings if one.code == "type-error"]
    assert len(errors) == min(count, MAX_ERRORS)
    told = [(one.place, one.message, one.message_en) for one in findings if one.code == "too-many-errors"]
    limit = (
        "offices/data.csv",
        "Bảng có từ 1000 lỗi trở lên; chỉ hiện 1000 lỗi đầu.",
        "The table has 1000 errors or more; only the first 1000 are shown.",
    )
    assert told == ([limit] if count >= MAX_ERRORS else [])


def test_long_cells_are_cut_in_messages(offices: TinyPackage) -> None:
    offices.write(f"{HEADER}RG,Rạch Giá,{'9x' * 100}\n")
    assert judge(offices) == [
        ("offices/data.csv:2:3", "type-error", f"Column “staff”: “{'9x' * 40}” is not of type integer.")
    ]


@pytest.mark.parametrize("before", ["Danh sách\n", "Danh sách,\n", "\n", "# a\n# b\n", "sep=,\n"])
@pytest.mark.parametrize("rows", [1, 30])
def test_the_header_is_the_first_line_however_wide_the_others_are(offices: TinyPackage, before: str, rows: int) -> None:
    offices.write(before + HEADER + "".join(f"{number},Rạch Giá,12\n" for number in range(rows)))
    codes = {finding[1] for finding in judge(offices) if finding[0].startswith("offices/data.csv:1")}
    # A blank first line is no header to frictionless, which then takes the real one for a row.
    assert codes >= {"missing-label"} if before.strip() else "type-error" in {finding[1] for finding in judge(offices)}


def test_the_first_of_rows_that_are_all_too_wide_is_not_taken_for_the_header(offices: TinyPackage) -> None:
    offices.write(HEADER + "".join(f"{number},Rạch Giá,12,,,\n" for number in range(3)))
    findings = judge(offices)
    assert {finding[1] for finding in findings} == {"extra-cell"}
    assert sorted({finding[0].split(":")[1] for finding in findings}) == ["2", "3", "4"]


def test_spaces_behind_commas_are_kept(offices: TinyPackage) -> None:
    offices.write('code, name, staff\nRG, "Rạch Giá, trung tâm", 12\n')
    assert ("offices/data.csv:2:4", "extra-cell") in [finding[:2] for finding in judge(offices)]


def constrain(**constraints: Any) -> Callable[[dict[str, Any]], object]:
    """Return a change that gives the column of names these constraints."""
    return lambda descriptor: descriptor["resources"][0]["schema"]["fields"][1].update(constraints=constraints)


def test_a_pattern_that_is_none_is_a_finding(offices: TinyPackage) -> None:
    offices.describe(constrain(pattern="(["))
    ((place, code, message),) = judge(offices)
    assert (place, code) == ("offices/datapackage.json", "frictionless")
    assert message.startswith("frictionless reports schema-error: unterminated character set")


def test_a_value_that_does_not_match_its_pattern_is_a_finding(offices: TinyPackage) -> None:
    offices.describe(constrain(pattern="[A-Z].*"))
    offices.write(HEADER + "RG,rạch giá,12\n")
    assert judge(offices) == [
        (
            "offices/data.csv:2:2",
            "constraint-error",
            'Column “name”: “rạch giá” breaks a constraint (constraint "pattern" is "[A-Z].*").',
        )
    ]


def test_a_number_that_cannot_be_compared_with_a_bound_is_a_finding(offices: TinyPackage) -> None:
    offices.describe(
        lambda descriptor: descriptor["resources"][0]["schema"]["fields"][2].update(
            type="number", constraints={"minimum": 0}
        )
    )
    offices.write(HEADER + "RG,Rạch Giá,sNaN\n")
    assert [finding[:2] for finding in judge(offices)] == [("offices/datapackage.json", "frictionless")]


@pytest.mark.parametrize(
    ("foreign_key", "reason"),
    [
        (
            {"fields": ["code"], "reference": {"resource": "nowhere", "fields": ["code"]}},
            'failed to handle a foreign key for resource "offices" as resource "nowhere" does not exist',
        ),
        (
            {"fields": ["parent"], "reference": {"resource": "", "fields": ["code"]}},
            "does not match the fields \"['code', 'name', 'staff']\"",
        ),
    ],
    ids=["resource", "field"],
)
def test_a_foreign_key_to_nothing_is_a_finding(offices: TinyPackage, foreign_key: object, reason: str) -> None:
    offices.describe(lambda descriptor: descriptor["resources"][0]["schema"].update(foreignKeys=[foreign_key]))
    ((_, code, message),) = judge(offices)
    assert code == "frictionless"
    assert message.endswith(reason)


def test_every_table_of_a_package_is_judged(offices: TinyPackage) -> None:
    def add_table(descriptor: dict[str, Any]) -> None:
        descriptor["resources"].append({**descriptor["resources"][0], "name": "phones", "path": "phones.csv"})

    offices.describe(add_table)
    (offices.folder / "phones.csv").write_text(HEADER + "RG,Rạch Giá,x\n")
    assert judge(offices) == [("offices/phones.csv:2:3", "type-error", "Column “staff”: “x” is not of type integer.")]

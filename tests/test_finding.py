"""Findings: their order, their place, their words, and a fault package behind every code."""

from __future__ import annotations

import tomllib
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING

import pytest

from portal.data.finding import Finding, Place, Severity, find_blockers, make_finding, read_catalog

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGES = Path(__file__).parent / "packages"
# Codes that no folder of `packages/` has, and why.
NEEDS_TEXTS = "is found only where the texts of the sources are at hand, by scripts/verify_sources.py"
ELSEWHERE = {
    "excel-rows": "test_format_limits: a file of more than a million rows",
    "cell-too-long": "a cell of 100,001 characters is written by tests/test_source_file.py",
    "file-too-large": "the files are written by tests/test_descriptor.py and tests/test_source_file.py",
    "path-link-out": "links are made by tests/test_descriptor.py and tests/test_source_file.py",
    "too-many-errors": "a table of 1,000 faults is written by tests/test_conformance.py",
    **dict.fromkeys(
        ("counts-unchecked", "flag-unchecked", "relation-unchecked"),
        "needs a whole package beside a broken one; tests/test_check.py puts them together",
    ),
    **dict.fromkeys(
        (
            "download-digest",
            "form-differs",
            "form-member",
            "form-row-extra",
            "form-row-missing",
            "form-source",
            "form-unreadable",
        ),
        "is no fault of a package; tests/test_agreement.py and tests/test_check_agreement.py spoil what was published",
    ),
    **dict.fromkeys(
        (
            "digit-runs",
            "digit-unaccounted",
            "exclusion-overlaps",
            "figure-cut",
            "figure-twice",
            "locator-mismatch",
            "pair-incomplete",
            "source-changed",
            "source-missing",
            "unit-mismatch",
        ),
        NEEDS_TEXTS,
    ),
}
FINDING = make_finding("blank-row", Place("offices", "offices/data.csv", 3))


def read_expected_codes() -> Iterator[str]:
    for path in PACKAGES.glob("*/expected.toml"):
        yield from (one["code"] for one in tomllib.loads(path.read_text("utf-8"))["finding"])


def test_every_code_has_a_fault_package_or_a_reason() -> None:
    covered = set(read_expected_codes())
    assert covered.isdisjoint(ELSEWHERE)
    assert sorted(covered | set(ELSEWHERE)) == sorted(read_catalog())


@pytest.mark.parametrize("code", read_catalog())
def test_every_code_is_worded_in_both_languages_with_the_same_blanks(code: str) -> None:
    words = read_catalog()[code]
    assert sorted(words) == ["cure", "cure_en", "en", "severity", "vi"]
    assert all(words.values())
    assert words["severity"] in {"blocker", "warning"}
    blanks = {name: {part[1] for part in Formatter().parse(words[name]) if part[1]} for name in words}
    assert blanks["vi"] == blanks["en"]
    assert blanks["cure"] == blanks["cure_en"]
    assert words["vi"] != words["en"]
    assert words["cure"] != words["cure_en"]


def test_a_finding_carries_its_place_and_both_wordings() -> None:
    place = Place("offices", "offices/data.csv").at(4, 2)
    finding = make_finding("extra-label", place, label="phone", position=4)
    assert finding == Finding(
        package="offices",
        file="offices/data.csv",
        line=4,
        column=2,
        code="extra-label",
        severity=Severity.BLOCKER,
        message="Cột «phone» (vị trí 4) không có trong khai báo.",
        message_en="The column “phone” (position 4) is not declared.",
        cure="Khai báo cột trong datapackage.json hoặc xóa khỏi tệp CSV.",
        cure_en="Declare it in datapackage.json or remove it from the CSV file.",
    )
    assert finding.message == "Cột «phone» (vị trí 4) không có trong khai báo."
    assert finding.cure_en == "Declare it in datapackage.json or remove it from the CSV file."


@pytest.mark.parametrize(
    ("line", "column", "place"),
    [(0, 0, "offices/data.csv"), (7, 0, "offices/data.csv:7"), (7, 3, "offices/data.csv:7:3")],
)
def test_a_place_is_written_as_editors_understand_it(line: int, column: int, place: str) -> None:
    assert replace(FINDING, line=line, column=column).place == place


def test_a_finding_is_shown_with_place_message_and_cure() -> None:
    assert FINDING.render("vi") == (
        "offices/data.csv:3: blocker blank-row\n  Dòng trống.\n  Cách sửa: Xóa dòng này (kể cả ở cuối tệp)."
    )
    assert FINDING.render("en") == (
        "offices/data.csv:3: blocker blank-row\n  The row is blank.\n"
        "  Cure: Remove the row (also at the end of the file)."
    )


def test_findings_sort_by_package_file_line_column_and_code() -> None:
    ordered = [
        replace(FINDING, package="a", file="z", line=9),
        replace(FINDING, package="b", file="a", line=2, column=10),
        replace(FINDING, package="b", file="a", line=10, column=1),
        replace(FINDING, package="b", file="a", line=10, column=2, code="a"),
        replace(FINDING, package="b", file="a", line=10, column=2, code="b"),
        replace(FINDING, package="b", file="b"),
    ]
    assert sorted(ordered[3:] + ordered[:3]) == ordered


def test_findings_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        FINDING.line = 4  # type: ignore[misc]  # what must fail


def test_an_unknown_code_or_a_missing_blank_is_our_own_fault() -> None:
    with pytest.raises(KeyError, match="no-such-code"):
        make_finding("no-such-code", Place("", ""))
    with pytest.raises(KeyError, match="label"):
        make_finding("extra-label", Place("", ""), position=4)


def test_only_blockers_stop_a_build() -> None:
    warning = make_finding("english-missing", Place("offices", "offices/datapackage.json"))
    assert warning.severity is Severity.WARNING
    assert find_blockers([warning, FINDING, warning]) == [FINDING]
    assert find_blockers([warning]) == []

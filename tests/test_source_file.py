"""Files before they are tables: links, sizes, quotes, dangerous and unreadable characters."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from portal.checks.source_file import MAX_FILE_BYTES, check_files
from portal.data.table import MAX_CELL_CHARACTERS

if TYPE_CHECKING:
    from conftest import TinyPackage

HEADER = "code,name,staff\n"


def find(package: TinyPackage) -> list[tuple[str, str, str]]:
    """Return place, code and English message of what is found in the package's files."""
    return [(one.place, one.code, one.message_en) for one in check_files(package.read())]


def test_a_valid_file_has_no_fault(offices: TinyPackage, visitors: TinyPackage) -> None:
    assert find(offices) == find(visitors) == []


# --- paths (rule 7) ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside.csv", "/dev/zero", "/dev/null"])
def test_a_link_out_of_the_package_is_refused(offices: TinyPackage, target: str) -> None:
    (offices.folder.parent / "outside.csv").write_text(HEADER)
    (offices.folder / "data.csv").unlink()
    (offices.folder / "data.csv").symlink_to(target)
    (finding,) = check_files(offices.read())
    assert (finding.place, finding.code) == ("offices/datapackage.json", "path-link-out")
    assert finding.message == "«data.csv» là liên kết trỏ ra ngoài thư mục của gói."
    assert finding.message_en == "“data.csv” is a link that leads out of the package's folder."
    assert finding.cure == "Thay liên kết bằng chính tệp đó."


def test_a_folder_that_is_a_link_out_is_refused(offices: TinyPackage, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "data.csv").write_text(HEADER)
    (offices.folder / "tables").symlink_to(tmp_path / "elsewhere")
    offices.describe(lambda descriptor: descriptor["resources"][0].update(path="tables/data.csv"))
    assert find(offices) == [
        (
            "offices/datapackage.json",
            "path-link-out",
            "“tables/data.csv” is a link that leads out of the package's folder.",
        )
    ]


def test_a_link_within_the_package_is_followed(offices: TinyPackage) -> None:
    (offices.folder / "data.csv").rename(offices.folder / "2020.csv")
    (offices.folder / "data.csv").symlink_to("2020.csv")
    assert find(offices) == []


def test_a_package_that_is_reached_through_a_link_is_read(offices: TinyPackage, tmp_path: Path) -> None:
    (tmp_path / "way").symlink_to(tmp_path)
    linked = type(offices)(tmp_path / "way" / "offices", offices.checker)
    assert find(linked) == []


def test_links_in_a_circle_lead_to_no_file(offices: TinyPackage) -> None:
    (offices.folder / "data.csv").unlink()
    (offices.folder / "data.csv").symlink_to("other.csv")
    (offices.folder / "other.csv").symlink_to("data.csv")
    assert find(offices) == [("offices/datapackage.json", "file-missing", "There is no file “data.csv”.")]


def test_a_name_with_a_null_character_is_refused(offices: TinyPackage) -> None:
    offices.describe(lambda descriptor: descriptor["resources"][0].update(path="data\0.csv"))
    assert [finding[:2] for finding in find(offices)] == [("offices/datapackage.json", "file-unreadable")]


def test_a_file_over_the_limit_is_refused_unread(offices: TinyPackage) -> None:
    with (offices.folder / "data.csv").open("r+b") as file:
        file.truncate(MAX_FILE_BYTES + 1)  # without taking room on the disk
    assert find(offices) == [
        (
            "offices/datapackage.json",
            "file-too-large",
            "The file has 2000000001 bytes, more than the limit of 2000000000.",
        )
    ]


def test_a_file_that_may_not_be_read_is_named(offices: TinyPackage, monkeypatch: pytest.MonkeyPatch) -> None:
    package = offices.read()

    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    assert [(one.place, one.message_en) for one in check_files(package)] == [
        ("offices/data.csv", "The file cannot be read: Permission denied.")
    ]


# --- rows --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ('RG,"Rạch Giá,12\n', 2),
        ('RG,Rạch Giá,12\nPQ,"Phú Quốc,9\n', 3),
        ('RG,"Rạch\nGiá",12\nPQ,"Phú Quốc,9\nHT,Hà Tiên,7\n', 4),
        ('RG,"Rạch\r\nGiá\r\n",12\r\nPQ,"Phú" Quốc,9\r\n', 5),
        ('RG,"Rạch ""Giá""",12\n\n\nPQ,"Phú" Quốc,9\n', 5),
    ],
)
def test_a_bad_quote_is_placed_on_the_line_where_its_row_starts(offices: TinyPackage, rows: str, line: int) -> None:
    offices.write(HEADER + rows)
    assert [finding[:2] for finding in find(offices)] == [(f"offices/data.csv:{line}", "csv-quotes")]


def test_faults_before_a_bad_quote_are_told_as_well(offices: TinyPackage) -> None:
    offices.write(HEADER + 'RG,=1,12\nPQ,"Phú Quốc,9\n')
    assert [finding[:2] for finding in find(offices)] == [
        ("offices/data.csv:2:2", "formula-text"),
        ("offices/data.csv:3", "csv-quotes"),
    ]


def test_a_cell_may_be_long_but_not_endless(offices: TinyPackage) -> None:
    offices.write(f"{HEADER}RG,{'a' * MAX_CELL_CHARACTERS},12\n")
    assert find(offices) == []
    offices.write(f"{HEADER}RG,{'a' * (MAX_CELL_CHARACTERS + 1)},12\n")
    (finding,) = check_files(offices.read())
    assert (finding.place, finding.code) == ("offices/data.csv:2:2", "cell-too-long")
    assert finding.message == "Ô ở cột «name» dài 100001 ký tự, vượt giới hạn 100000."
    assert finding.message_en == "The cell in column “name” has 100001 characters, more than 100000."


@pytest.mark.parametrize(
    ("header", "code", "message"),
    [
        ("code;name;staff", "csv-delimiter", "The columns are separated by “;”, not by a comma."),
        ("code\tname\tstaff", "csv-delimiter", "The columns are separated by “tab”, not by a comma."),
        ("code|name|staff", "csv-delimiter", "The columns are separated by “|”, not by a comma."),
        ("", "blank-header", "The first line is blank; it must be the header."),
    ],
)
def test_a_header_that_is_none_ends_the_reading(offices: TinyPackage, header: str, code: str, message: str) -> None:
    offices.write(f"{header}\n=1,=2,=3\n")
    assert find(offices) == [("offices/data.csv:1", code, message)]


def test_semicolons_in_a_name_are_not_taken_for_separators(offices: TinyPackage) -> None:
    offices.write("code,name;x,staff\nRG,Rạch Giá,12\n")
    assert find(offices) == []


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
@pytest.mark.parametrize("rest", ["", "1", "SUM(A1)", " x"])
def test_text_that_a_spreadsheet_would_run_is_refused(offices: TinyPackage, start: str, rest: str) -> None:
    offices.write(f'{HEADER}RG,"{start}{rest}",12\n')
    shown = {"\t": "\\t", "\r": "\\r"}.get(start, start)
    assert find(offices) == [
        (
            "offices/data.csv:2:2",
            "formula-text",
            f"The cell in column “name” starts with “{shown}”; a spreadsheet would run it as a formula: {shown}{rest}",
        )
    ]


@pytest.mark.parametrize("cell", ["-12", "+12", " =1", "a=1", "1-2", "(+1)", "’=1"])
def test_numbers_and_text_that_no_spreadsheet_runs_are_accepted(offices: TinyPackage, cell: str) -> None:
    offices.write(f"{HEADER}RG,Rạch Giá,{cell}\n" if cell[1:].isdigit() else f"{HEADER}RG,{cell},12\n")
    assert find(offices) == []


def is_control(char: str) -> bool:
    """Tell what Unicode calls a control, but for tab and the ends of lines, and what is no character at all."""
    return (unicodedata.category(char) == "Cc" and char not in "\t\n\r") or char in "\ufeff\ufffe\uffff"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(char=st.characters(exclude_categories=["Cs"]) | st.characters(max_codepoint=0xFF, exclude_categories=["Cs"]))
@example(char="\0")
@example(char="\x7f")
@example(char="\x85")
@example(char="\ufeff")
@example(char="\u2028")
def test_control_characters_are_refused_and_nothing_else(offices: TinyPackage, char: str) -> None:
    cell = f"x{char}y".replace('"', '""')
    offices.write(f'{HEADER}RG,"{cell}",12\n')
    controls = [finding for finding in find(offices) if finding[1] == "control-character"]
    expected = (
        f"The column “name” has a control character U+{ord(char):04X}; Excel (XLSX), XML (Atom feeds) and HTML pages "
        "refuse it, lose it or do not show it."
    )
    assert controls == ([("offices/data.csv:2:2", "control-character", expected)] if is_control(char) else [])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.sampled_from("aăâeêioơuưyđ bcKh\u0300\u0301\u0303\u0309\u0323\u0302"), min_size=1, max_size=12))
def test_decomposed_letters_are_warned_of_and_composed_ones_are_not(offices: TinyPackage, text: str) -> None:
    offices.write(f"{HEADER}RG,{text},12\n")
    found = [finding[:2] for finding in find(offices)]
    composed = text == unicodedata.normalize("NFC", text)
    assert found == ([] if composed else [("offices/data.csv:2:2", "not-nfc")])


@pytest.mark.parametrize(
    ("kind", "cell", "strange"),
    [
        ("integer", "1000", False),
        ("integer", "-7", False),
        ("integer", "1_000", True),
        ("integer", "٣", True),
        ("number", "1234.5", False),
        ("number", "1_234.5", True),
        ("number", "１２", True),
        ("number", "sNaN", True),
        ("number", "-snan1", True),
        ("number", "NaN", False),  # the rules say so
        ("year", "2_20", True),
        ("integer", "a_b", False),  # frictionless says so
        ("string", "1_000", False),
    ],
)
def test_numbers_to_python_alone_are_refused(offices: TinyPackage, kind: str, cell: str, *, strange: bool) -> None:
    offices.describe(lambda descriptor: descriptor["resources"][0]["schema"]["fields"][2].update(type=kind))
    offices.write(f"{HEADER}RG,Rạch Giá,{cell}\n")
    expected = ("offices/data.csv:2:3", "type-error", f"Column “staff”: “{cell}” is not of type {kind}.")
    assert find(offices) == ([expected] if strange else [])


def test_a_column_name_with_an_underscore_is_no_number(offices: TinyPackage) -> None:
    offices.describe(lambda descriptor: descriptor["resources"][0]["schema"]["fields"][2].update(name="staff_1"))
    offices.write("code,name,staff_1\nRG,Rạch Giá,12\n")
    assert find(offices) == []


def test_the_first_null_of_utf16_is_named(offices: TinyPackage) -> None:
    offices.write((HEADER + "RG,Rach Gia,12\n").encode("utf-16-be"))
    ((place, code, message),) = find(offices)
    assert (place, code) == ("offices/data.csv:1", "encoding")
    assert re.fullmatch(r"The file is not UTF-8 \(byte 1\); it looks like UTF-16\.", message)

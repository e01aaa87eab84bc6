"""The command that checks packages, run as a data officer and a machine run it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from validate_packages import main

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conftest import TinyPackage

REPOSITORY = Path(__file__).parent.parent
COMMAND = REPOSITORY / "scripts" / "validate_packages.py"
PACKAGES = Path(__file__).parent / "packages"
VALID = PACKAGES / "valid"
ENGLISH_END = (
    "Rules 3, 4 (does each figure stand at its place; is any digit of a document left over) were not checked: "
    "they need the source texts, run make verify SOURCES=…\n"
)
VIETNAMESE_END = (
    "Chưa kiểm tra quy tắc 3, 4 (số liệu có đúng chỗ trong tài liệu không; chữ số nào của tài liệu còn bỏ sót): "
    "cần văn bản nguồn, hãy chạy make verify SOURCES=…\n"
)


def run(
    *arguments: str | Path, cwd: Path = REPOSITORY, environment: Mapping[str, str] = MappingProxyType({})
) -> subprocess.CompletedProcess[str]:
    """Run the command as a process and return what it said."""
    return subprocess.run(
        [sys.executable, COMMAND, *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        errors="backslashreplace",
        timeout=120,
        check=False,
    )


def call(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, list[str]]:
    """Run the command within this process, in English; return its exit status and the lines that it printed."""
    status = main([*map(str, arguments), "--lang", "en"])
    return status, capsys.readouterr().out.splitlines()


# --- as a process ------------------------------------------------------------------------------------------


def test_the_catalogue_has_no_blocker_and_no_warning() -> None:
    result = run("--format", "json")
    found = json.loads(result.stdout)
    assert found["findings"] == []
    assert found["packages"] >= 64
    assert (result.returncode, result.stderr) == (0, "")


def test_no_blocker_is_exit_status_0() -> None:
    result = run("--root", VALID)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "11 gói đọc được: 0 lỗi chặn, 0 cảnh báo.\n" + VIETNAMESE_END


def test_blockers_are_exit_status_1_in_vietnamese() -> None:
    result = run("--root", PACKAGES / "csv-windows-1258")
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout == (
        "offices/data.csv:2: blocker encoding\n"
        "  Tệp không phải UTF-8 (byte thứ 23); có vẻ là Windows-1258.\n"
        "  Cách sửa: Lưu lại ở dạng UTF-8 (trong Excel: «CSV UTF-8»).\n"
        "1 gói đọc được: 1 lỗi chặn, 0 cảnh báo.\n" + VIETNAMESE_END
    )


def test_json_has_all_fields_in_both_languages_whatever_the_language(capsys: pytest.CaptureFixture[str]) -> None:
    result = run("--root", PACKAGES / "csv-formula", "--format", "json", "--lang", "vi")
    assert call(capsys, "--root", PACKAGES / "csv-formula", "--format", "json") == (1, result.stdout.splitlines())
    assert (result.returncode, result.stderr) == (1, "")
    found = json.loads(result.stdout)
    assert sorted(found) == ["findings", "packages", "rules_not_checked"]
    assert (found["packages"], found["rules_not_checked"], len(found["findings"])) == (1, [3, 4], 6)
    assert found["findings"][0] == {
        "package": "offices",
        "file": "offices/data.csv",
        "line": 2,
        "column": 2,
        "code": "formula-text",
        "severity": "blocker",
        "message": "Ô ở cột «name» bắt đầu bằng «=»; phần mềm bảng tính sẽ chạy nó như công thức: =1+1",
        "message_en": "The cell in column “name” starts with “=”; a spreadsheet would run it as a formula: =1+1",
        "cure": "Viết lại để ô không bắt đầu bằng = + - @ hay dấu tab.",
        "cure_en": "Reword it so that the cell does not start with = + - @ or a tab.",
    }


def test_a_missing_path_is_exit_status_2() -> None:
    result = run("--root", VALID, VALID / "tables", "nowhere")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "Không có «nowhere» / there is no “nowhere”.\n"


def test_a_wrong_option_is_exit_status_2() -> None:
    result = run("--lang", "fr")
    assert (result.returncode, result.stdout) == (2, "")
    assert "argument --lang: invalid choice: 'fr'" in result.stderr


def test_a_path_may_be_the_folder_that_one_stands_in() -> None:
    result = run("--root", "../..", ".", "--lang", "en", cwd=VALID / "tables" / "offices")
    assert (result.returncode, result.stdout.splitlines()[0]) == (0, "1 package read: 0 blockers, 0 warnings.")


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "cp1258"}])
def test_a_terminal_without_vietnamese_gets_the_same_findings(locale: dict[str, str]) -> None:
    result = run("--root", PACKAGES / "csv-windows-1258", environment=locale)
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout.startswith("offices/data.csv:2: blocker encoding\n")


def test_a_folder_whose_name_is_no_text_is_reported(offices: TinyPackage) -> None:
    os.rename(os.fsencode(offices.folder), os.fsencode(offices.folder.parent) + b"/offices\xff")  # noqa: PTH104 - bytes
    result = run("--root", offices.folder.parent, "--lang", "en")
    assert (result.returncode, result.stderr) == (1, "")
    words = "blocker name-not-folder\n  The package name “offices” differs from its folder “offices\\udcff”.\n"
    assert words in result.stdout


# --- within this process -----------------------------------------------------------------------------------


def test_help_names_options_and_exit_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    shown = capsys.readouterr().out
    assert end.value.code == 0
    for words in ("PATH", "--lang {vi,en}", "--format {text,json}", "--root", "0: không có lỗi chặn / no blocker"):
        assert words in shown


@pytest.mark.parametrize("arguments", [["nowhere"], ["--root", "nowhere"]])
def test_any_missing_path_is_told(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr() == ("", "Không có «nowhere» / there is no “nowhere”.\n")


def test_blockers_are_exit_status_1_in_english(capsys: pytest.CaptureFixture[str]) -> None:
    status, lines = call(capsys, "--root", PACKAGES / "descriptor-trailing-comma")
    assert status == 1
    assert lines == [
        "offices/datapackage.json:8:22: blocker json-syntax",
        "  datapackage.json is not valid JSON: Expecting property name enclosed in double quotes.",
        "  Cure: Mend the comma, bracket or quote at that place.",
        "0 packages read: 1 blocker, 0 warnings.",
        ENGLISH_END.strip(),
    ]


def test_an_empty_folder_is_no_fault(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, lines = call(capsys, "--root", tmp_path)
    assert (status, lines) == (0, ["0 packages read: 0 blockers, 0 warnings.", ENGLISH_END.strip()])


def test_a_warning_alone_is_exit_status_0(capsys: pytest.CaptureFixture[str]) -> None:
    status, lines = call(capsys, "--root", PACKAGES / "csv-nfd")
    assert status == 0
    assert lines == [
        "offices/data.csv:2:2: warning not-nfc",
        "  The column “name” holds accented letters in decomposed form (NFD); codes would not match.",
        "  Cure: Type it again or convert the file to composed Unicode (NFC).",
        "1 package read: 0 blockers, 1 warning.",
        ENGLISH_END.strip(),
    ]


def test_a_path_chooses_packages_whose_codes_come_from_the_root(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, offices: TinyPackage
) -> None:
    monkeypatch.chdir(offices.folder.parent)
    offices.write("code,name,staff\nRG,Rạch Giá,x\n")
    status, lines = call(capsys, "--root", VALID, VALID / "indicators" / "visitors")
    assert (status, lines[0]) == (0, "1 package read: 0 blockers, 0 warnings.")
    status, lines = call(capsys, "--root", VALID, VALID / "indicators", "offices")
    assert (status, lines[0]) == (1, "offices/data.csv:2:3: blocker type-error")
    assert lines[3] == "2 packages read: 1 blocker, 0 warnings."


def test_a_path_may_be_a_descriptor(capsys: pytest.CaptureFixture[str]) -> None:
    status, lines = call(capsys, "--root", VALID, VALID / "tables" / "offices" / "datapackage.json")
    assert (status, lines[0]) == (0, "1 package read: 0 blockers, 0 warnings.")


def test_other_packages_are_not_reported_beside_a_chosen_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    root = Path(shutil.copytree(VALID, tmp_path / "valid"))
    (root / "tables" / "offices" / "datapackage.json").write_text("{")
    status, lines = call(capsys, "--root", root, root / "indicators")
    assert (status, lines[0]) == (0, "1 package read: 0 blockers, 0 warnings.")
    status, lines = call(capsys, "--root", root)
    assert (status, lines[0]) == (1, "tables/offices/datapackage.json:1:2: blocker json-syntax")


def test_a_path_that_may_not_be_looked_at_is_exit_status_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", refuse)
    assert main(["--root", "closed/packages"]) == 2
    assert capsys.readouterr().err == "Không có «closed/packages» / there is no “closed/packages”.\n"

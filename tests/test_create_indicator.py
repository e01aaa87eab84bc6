"""A new indicator is complete from the start, and nothing that exists is ever overwritten."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from portal.data.package import INDICATOR_FIELDS
from portal.data.scaffold import Draft, make_descriptor
from portal.words.text import Text

PROJECT = Path(__file__).resolve().parents[1]
INDICATORS = sorted((PROJECT / "datapackages/indicators").glob("*/datapackage.json"))
THEMES = PROJECT / "datapackages/reference/themes/data.csv"
HEADER = "period,area,measure,transform,value,unit,status,qualifier,flags,source,locator,as_stated,note,note_en\n"
ROW = "2020-12,KG,branches,level,16,count,actual,exact,,bc_40_2021,93:163,16,,\n"
NAME_RULE = (
    "Tên «{name}» không dùng được: chỉ viết chữ thường không dấu, chữ số và gạch dưới, bắt đầu bằng chữ cái, "
    "ví dụ so_thu_vien.\n"
    "The name “{name}” cannot be used: write lower-case letters without accents, digits and underscores, "
    "a letter first, for example so_thu_vien.\n"
)
TAKEN = (
    "Tên «{name}» đã được dùng trong {owner}; không ghi đè gì.\n"
    "The name “{name}” is already used in {owner}; nothing was overwritten.\n"
)
REPEATED = (
    "Cột «{name}» đã có sẵn; đặt tên khác cho chiều này.\n"
    "There is a column “{name}” already; give the dimension another name.\n"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a folder of packages with all code lists and no indicator."""
    shutil.copytree(PROJECT / "datapackages/reference", tmp_path / "datapackages/reference")
    return tmp_path / "datapackages"


def create(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command where `root` is the folder `datapackages`."""
    return run(root, "create_indicator.py", *arguments)


def run(root: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROJECT / "scripts" / script), *arguments]
    return subprocess.run(command, cwd=root.parent, capture_output=True, text=True, check=False)


def check(root: Path, name: str) -> tuple[int, list[str]]:
    """Check one package; return the exit status and the codes of its findings."""
    done = run(root, "validate_packages.py", f"datapackages/indicators/{name}", "--format", "json")
    findings = json.loads(done.stdout)["findings"]
    return done.returncode, [finding["code"] for finding in findings if finding["package"] == name]


def list_files(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def read_fields(descriptor: dict[str, Any]) -> list[dict[str, Any]]:
    fields: list[dict[str, Any]] = descriptor["resources"][0]["schema"]["fields"]
    return fields


@pytest.mark.parametrize("path", INDICATORS, ids=lambda path: path.parent.name)
def test_every_package_has_the_columns_of_the_scaffold(path: Path) -> None:
    descriptor = json.loads(path.read_text("utf-8"))
    fields = read_fields(descriptor)
    dimensions = tuple(field["name"] for field in fields if field["name"] not in INDICATOR_FIELDS)
    fresh = make_descriptor(Draft(descriptor["name"], Text("x"), "other", "x", dimensions), "x", date(2026, 1, 1))
    expected = read_fields(fresh)
    assert [field["name"] for field in fields] == [field["name"] for field in expected]
    for field, standard in zip(fields, expected, strict=True):
        if field["name"] in dimensions:
            assert [field[key] for key in ("type", "constraints", "portal")] == [
                standard[key] for key in ("type", "constraints", "portal")
            ]
        else:
            assert json.dumps(field) == json.dumps(standard), "words and order"
    assert descriptor["resources"][0]["schema"]["primaryKey"] == fresh["resources"][0]["schema"]["primaryKey"]
    assert descriptor["licenses"] == fresh["licenses"]


def test_the_catalogue_has_indicators_to_compare_with() -> None:
    assert len(INDICATORS) >= 12


def test_a_new_package_says_what_comes_next(root: Path) -> None:
    done = create(root, "so_thu_vien")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "Đã tạo datapackages/indicators/so_thu_vien/. Tiếp theo: ghi mô tả trong datapackage.json, "
        "chép mỗi con số thành một dòng của data.csv, rồi chạy: make validate\n"
        "Created datapackages/indicators/so_thu_vien/. Next: describe it in datapackage.json, "
        "write every figure as a row of data.csv, then run: make validate\n"
        "Nội dung đo «so_thu_vien» chưa có: thêm một dòng vào datapackages/reference/measures/data.csv.\n"
        "The measure “so_thu_vien” is new: add a row to datapackages/reference/measures/data.csv.\n"
    )
    folder = root / "indicators/so_thu_vien"
    assert sorted(path.name for path in folder.iterdir()) == ["data.csv", "datapackage.json"]
    assert (folder / "data.csv").read_text("utf-8") == HEADER
    text = (folder / "datapackage.json").read_text("utf-8")
    assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=2) + "\n"


def test_without_rows_a_new_package_is_not_published(root: Path) -> None:
    create(root, "so_thu_vien")
    assert check(root, "so_thu_vien") == (1, ["no-rows", "english-missing", "placeholder-text"])


def test_with_words_and_one_row_there_is_no_finding(root: Path) -> None:
    words = ["--title", "Chi nhánh bưu chính", "--title-en", "Postal branches"]
    create(root, "postal_branches", *words, "--theme", "post_telecom", "--measure", "branches")
    folder = root / "indicators/postal_branches"
    with (folder / "data.csv").open("a", encoding="utf-8") as file:
        file.write(ROW)
    assert check(root, "postal_branches") == (0, ["placeholder-text"])
    path = folder / "datapackage.json"
    described = path.read_text("utf-8").replace("Chưa có mô tả.", "Điểm bưu chính.")
    path.write_text(described.replace("No description yet.", "Post offices."), "utf-8")
    assert check(root, "postal_branches") == (0, [])
    descriptor = json.loads((folder / "datapackage.json").read_text("utf-8"))
    assert [descriptor[key] for key in ("title", "title@en", "keywords")] == [
        "Chi nhánh bưu chính",
        "Postal branches",
        ["Chi nhánh bưu chính", "Postal branches"],
    ]
    assert descriptor["portal"] == {
        "kind": "indicator",
        "theme": "post_telecom",
        "frequency": "UNKNOWN",
        "headline": {"measure": "branches", "subject": "chi nhánh bưu chính", "subject@en": "postal branches"},
    }


def test_dimensions_stand_behind_the_area_and_the_headline_is_their_total(root: Path) -> None:
    create(
        root, "so_thu_vien", "--measure", "branches", "--title-en", "x", "--dimension", "tier", "--dimension", "kind"
    )
    folder = root / "indicators/so_thu_vien"
    assert (folder / "data.csv").read_text("utf-8") == HEADER.replace("area,", "area,tier,kind,")
    descriptor = json.loads((folder / "datapackage.json").read_text("utf-8"))
    assert descriptor["portal"]["headline"] == {
        "measure": "branches",
        "where": {"tier": "_T", "kind": "_T"},
        "subject": "so thu vien",
        "subject@en": "x",
    }
    assert descriptor["resources"][0]["schema"]["primaryKey"] == [
        "period", "area", "tier", "kind", "measure", "transform", "status", "source", "locator",
    ]  # fmt: skip
    with (folder / "data.csv").open("a", encoding="utf-8") as file:
        file.write(ROW.replace("KG,", "KG,_T,_T,"))
    assert check(root, "so_thu_vien") == (0, ["placeholder-text"] * 3)


def test_what_exists_is_never_overwritten(root: Path) -> None:
    create(root, "so_thu_vien")
    (root / "indicators/so_thu_vien/data.csv").write_text("x\n", "utf-8")
    (root / "indicators/empty").mkdir()
    before = list_files(root)
    for name, owner in (
        ("so_thu_vien", "datapackages/indicators/so_thu_vien"),
        ("empty", "datapackages/indicators/empty"),
        ("areas", "datapackages/reference/areas"),
        ("observations", "opendata.db"),
    ):
        done = create(root, name)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == TAKEN.format(name=name, owner=owner)
    assert list_files(root) == before


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        *(
            ([name], name)
            for name in ("Số thư viện", "SoThuVien", "so-thu-vien", "1_so", "_x", "", "../x", "x\n", "thư")
        ),
        (["fine", "--dimension", "Cấp"], "Cấp"),
        (["fine", "--theme", "Du lịch"], "Du lịch"),
    ],
)
def test_a_name_that_is_not_snake_case_is_refused(root: Path, arguments: list[str], name: str) -> None:
    before = list_files(root.parent)
    done = create(root, *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", NAME_RULE.format(name=name))
    assert list_files(root.parent) == before


def test_a_theme_that_does_not_exist_is_refused(root: Path) -> None:
    done = create(root, "so_thu_vien", "--theme", "culture_x")
    assert (done.returncode, done.stdout) == (1, "")
    themes = ", ".join(sorted(line.partition(",")[0] for line in THEMES.read_text("utf-8").splitlines()[1:]))
    assert done.stderr == (
        f"Không có chủ đề «culture_x». Các chủ đề: {themes}. "
        "Thêm chủ đề: một dòng trong datapackages/reference/themes/data.csv.\n"
        f"There is no theme “culture_x”. The themes: {themes}. "
        "To add one, write a row in datapackages/reference/themes/data.csv.\n"
    )
    assert not (root / "indicators").exists()


@pytest.mark.parametrize(("dimensions", "name"), [(["measure"], "measure"), (["tier", "tier"], "tier")])
def test_a_dimension_needs_a_name_of_its_own(root: Path, dimensions: list[str], name: str) -> None:
    done = create(root, "so_thu_vien", *(word for one in dimensions for word in ("--dimension", one)))
    assert (done.returncode, done.stderr) == (1, REPEATED.format(name=name))
    assert not (root / "indicators").exists()


def test_what_the_profile_refuses_is_not_written(root: Path) -> None:
    title = "a" * 301
    done = create(root, "so_thu_vien", "--title", title)
    assert done.returncode == 1
    reason = f"'{title}' is too long"[:300]
    assert f"  Tại /title: không đúng quy cách của cổng: {reason}" in done.stderr.splitlines()
    assert f"  At /title: not as the portal's profile wants it: {reason}" in done.stderr.splitlines()
    assert not (root / "indicators").exists()


def test_a_missing_folder_of_packages_is_said(tmp_path: Path) -> None:
    done = create(tmp_path / "nowhere", "so_thu_vien")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "Không tạo được / could not make it: datapackages: không có thư mục này / there is no such folder\n"
    )


def test_a_folder_that_cannot_be_made_is_said(root: Path) -> None:
    (root / "indicators").write_text("a file, not a folder", "utf-8")
    done = create(root, "so_thu_vien")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Không tạo được / could not make it: ")
    assert done.stderr.count("\n") == 1


def test_make_new_calls_the_command() -> None:
    done = subprocess.run(
        ["make", "--no-print-directory", "-n", "new", "NAME=so_thu_vien"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == ".venv/bin/python scripts/create_indicator.py 'so_thu_vien'"

"""Descriptors: which are found, what they become, and what is said of those that cannot be read."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from portal.data.descriptor import (
    DESCRIPTOR,
    MAX_DEPTH,
    MAX_DESCRIPTOR_BYTES,
    DescriptorError,
    find_descriptors,
    read_package,
    read_packages,
)
from portal.data.package import Field, Headline, License
from portal.words.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import TinyPackage

VALID = Path(__file__).parent / "packages" / "valid"
OFFICES = VALID / "tables" / "offices"


def read_faults(root: Path) -> list[tuple[str, str, str, str]]:
    """Return place, code and both messages of all faults, of a folder in which no package holds."""
    loaded = read_packages(root)
    assert loaded.packages == ()
    return [(one.place, one.code, one.message, one.message_en) for one in loaded.findings]


# --- what is found -----------------------------------------------------------------------------------------


def test_descriptors_are_found_sorted_and_only_where_packages_are(tmp_path: Path) -> None:
    for name in ("b/z", "b/a", "a", ".hidden/x", "a/inside"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / name / DESCRIPTOR).write_text("{}")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "DataPackage.txt").write_text("{}")
    found = [path.relative_to(tmp_path).as_posix() for path in find_descriptors(tmp_path)]
    assert found == ["a/datapackage.json", "b/a/datapackage.json", "b/z/datapackage.json"]


def test_a_link_to_a_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "offices").symlink_to(OFFICES)
    (tmp_path / "root" / "circle").symlink_to(tmp_path / "root")
    assert find_descriptors(tmp_path / "root") == []


def test_a_descriptor_may_be_named_itself() -> None:
    assert find_descriptors(OFFICES / DESCRIPTOR) == [OFFICES / DESCRIPTOR]


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_a_folder_without_packages_is_empty(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    loaded = read_packages(tmp_path / name)
    assert (loaded.packages, loaded.findings) == ((), ())


# --- what it becomes ---------------------------------------------------------------------------------------


def test_the_model_of_an_indicator() -> None:
    (package,) = read_packages(VALID / "indicators" / "visitors").packages
    assert (package.name, package.kind, package.theme, package.frequency) == (
        "visitors",
        "indicator",
        "tourism",
        "ANNUAL",
    )
    assert package.title == Text("Khách du lịch", "Visitors")
    assert package.description == Text("Lượt khách du lịch, dùng để thử.", "")
    assert package.licenses == (License("CC-BY-4.0", Text("")),)
    assert package.headline == Headline("arrivals", "level", (("market", "_T"),))
    assert (package.version, package.created, package.keywords, package.sources) == ("1.0.0", "", (), ())
    assert [column.name for column in package.dimensions] == ["market"]
    assert package.folder == VALID / "indicators" / "visitors"
    assert package.main.file == package.folder / "data.csv"
    assert package.main.primary_key[:3] == ("period", "area", "market")
    assert package.main.fields[1] == Field(
        name="area", type="string", title=Text("Nơi"), description=Text(""), code_list="areas", required=True
    )
    assert package.main.fields[9].separator == ";"


def test_the_model_of_a_table() -> None:
    package = read_package(OFFICES / DESCRIPTOR, "tables/offices/datapackage.json")
    assert (package.kind, package.headline, package.dimensions, package.relations) == ("table", None, (), ())
    assert package.label_of(package.main) == "tables/offices/data.csv"
    assert package.main.primary_key == ("code",)


def test_a_primary_key_may_be_one_name(offices: TinyPackage) -> None:
    offices.describe(lambda descriptor: descriptor["resources"][0]["schema"].update(primaryKey="code"))
    assert offices.read().main.primary_key == ("code",)


def test_a_descriptor_with_a_byte_order_mark_is_read(offices: TinyPackage) -> None:
    path = offices.folder / DESCRIPTOR
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert offices.read().title == Text("Bộ phận một cửa", "One-stop shops")


@pytest.mark.parametrize("start", ["absolute", "relative", "dot", "descriptor"])
def test_labels_are_relative_to_the_folder_that_is_read(monkeypatch: pytest.MonkeyPatch, start: str) -> None:
    monkeypatch.chdir(OFFICES.parent)
    root, label = {
        "absolute": (OFFICES.parent, "offices/datapackage.json"),
        "relative": (Path("../tables"), "offices/datapackage.json"),
        "dot": (Path(), "offices/datapackage.json"),
        "descriptor": (Path("offices/datapackage.json"), "datapackage.json"),
    }[start]
    assert [package.label for package in read_packages(root).packages] == [label]


@pytest.mark.parametrize("start", [OFFICES, Path(), Path(DESCRIPTOR), Path("../offices")], ids=str)
def test_a_package_is_named_by_its_folder_however_it_is_pointed_at(
    monkeypatch: pytest.MonkeyPatch, start: Path
) -> None:
    monkeypatch.chdir(OFFICES)
    loaded = read_packages(start)
    assert [package.name for package in loaded.packages] == ["offices"]
    assert loaded.findings == ()


def test_a_chosen_package_keeps_its_label_within_the_root_and_is_found_from_here_outside(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, offices: TinyPackage
) -> None:
    monkeypatch.chdir(VALID)
    (inside,) = read_packages(Path(), (VALID / "tables",)).packages
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (outside,) = read_packages(VALID, (offices.folder,)).packages
    assert inside.label == "tables/offices/datapackage.json"
    assert outside.label == "../offices/datapackage.json"
    assert outside.label_of(outside.main) == "../offices/data.csv"


def test_a_package_that_is_chosen_twice_is_read_once() -> None:
    loaded = read_packages(VALID, (OFFICES, VALID / "tables", OFFICES))
    assert [package.name for package in loaded.packages] == ["offices"]
    assert loaded.findings == ()


# --- names -------------------------------------------------------------------------------------------------


def test_only_the_later_of_two_packages_of_one_name_is_left_out(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        shutil.copytree(OFFICES, tmp_path / name / "offices")
    loaded = read_packages(tmp_path)
    assert [package.label for package in loaded.packages] == ["a/offices/datapackage.json"]
    assert [(one.place, one.message_en) for one in loaded.findings] == [
        (f"{name}/offices/datapackage.json", "The name “offices” is already used in a/offices/datapackage.json.")
        for name in ("b", "c")
    ]


def test_a_second_table_may_not_take_the_name_of_another_package(tmp_path: Path, offices: TinyPackage) -> None:
    shutil.copytree(VALID / "indicators" / "visitors", tmp_path / "visitors")

    def add_table(descriptor: dict[str, Any]) -> None:
        descriptor["resources"].append({**descriptor["resources"][0], "name": "visitors"})

    offices.describe(add_table)
    loaded = read_packages(tmp_path)
    assert [package.name for package in loaded.packages] == ["offices"]
    assert [(one.place, one.message) for one in loaded.findings] == [
        ("visitors/datapackage.json", "Tên «visitors» đã được dùng trong offices/datapackage.json.")
    ]


# --- what cannot be read -----------------------------------------------------------------------------------


def test_a_descriptor_over_the_limit_is_not_read(offices: TinyPackage) -> None:
    path = offices.folder / DESCRIPTOR
    text = path.read_text("utf-8")
    path.write_text(text.ljust(MAX_DESCRIPTOR_BYTES - len(text.encode()) + len(text)), "utf-8")
    assert path.stat().st_size == MAX_DESCRIPTOR_BYTES
    assert offices.read().name == "offices"
    path.write_text(path.read_text("utf-8") + " ", "utf-8")
    assert read_faults(offices.folder.parent) == [
        (
            "offices/datapackage.json",
            "file-too-large",
            "Tệp lớn 1000001 byte, vượt giới hạn 1000000 byte.",
            "The file has 1000001 bytes, more than the limit of 1000000.",
        )
    ]


def nest(depth: int) -> str:
    """Return the descriptor of `offices` with one value that makes it `depth` levels deep."""
    text = (OFFICES / DESCRIPTOR).read_text("utf-8")
    levels = depth - 6  # above the value stand descriptor, resources, resource, schema, fields and field
    value = "[" * levels + "]" * levels
    return text.replace('"title": "Tên"', f'"title": "Tên", "missingValues": {value}')


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 500, 990, 100_000])
def test_a_descriptor_that_is_too_deep_is_refused_whatever_the_depth(offices: TinyPackage, depth: int) -> None:
    (offices.folder / DESCRIPTOR).write_text(nest(depth), "utf-8")
    assert read_faults(offices.folder.parent) == [
        (
            "offices/datapackage.json",
            "json-syntax",
            "datapackage.json không phải JSON hợp lệ: lồng nhau quá 100 tầng (nested deeper than 100 levels).",
            "datapackage.json is not valid JSON: nested deeper than 100 levels.",
        )
    ]


def test_a_descriptor_that_is_just_not_too_deep_is_judged_by_the_profiles(offices: TinyPackage) -> None:
    (offices.folder / DESCRIPTOR).write_text(nest(MAX_DEPTH), "utf-8")
    assert {fault[1] for fault in read_faults(offices.folder.parent)} == {"profile-official"}


def test_every_property_that_stands_twice_is_shown(offices: TinyPackage) -> None:
    path = offices.folder / DESCRIPTOR
    text = path.read_text("utf-8")
    text = text.replace('"version": "1.0.0",', '"version": "1.0.0", "version": "2.0.0", "version": "3.0.0",')
    path.write_text(text.replace('{"kind": "table"}', '{"kind": "table", "kind": "table"}'), "utf-8")
    assert [(fault[0], fault[2]) for fault in read_faults(offices.folder.parent)] == [
        ("offices/datapackage.json:10:31", "Thuộc tính «kind» xuất hiện hai lần trong một đối tượng."),
        ("offices/datapackage.json:8:23", "Thuộc tính «version» xuất hiện hai lần trong một đối tượng."),
    ]


@pytest.mark.parametrize("number", ["Infinity", "-Infinity", "1" * 5000], ids=["infinity", "minus infinity", "long"])
def test_numbers_that_are_no_json_are_refused(offices: TinyPackage, number: str) -> None:
    path = offices.folder / DESCRIPTOR
    path.write_text(path.read_text("utf-8").replace('"1.0.0"', number), "utf-8")
    ((place, code, _, message),) = read_faults(offices.folder.parent)
    assert (place, code) == ("offices/datapackage.json", "json-syntax")
    assert message.startswith("datapackage.json is not valid JSON: ")


@pytest.mark.parametrize("value", ["null", "5", '"text"', "true", "[{}]"])
def test_json_that_is_no_object_is_refused(offices: TinyPackage, value: str) -> None:
    (offices.folder / DESCRIPTOR).write_text(value)
    assert [fault[:2] for fault in read_faults(offices.folder.parent)] == [
        ("offices/datapackage.json", "json-not-object")
    ]


def test_a_dangling_link_is_a_file_that_cannot_be_read(offices: TinyPackage) -> None:
    (offices.folder / DESCRIPTOR).unlink()
    (offices.folder / DESCRIPTOR).symlink_to("nothing.json")
    assert read_faults(offices.folder.parent) == [
        (
            "offices/datapackage.json",
            "file-unreadable",
            "Không đọc được tệp: không có tệp (No such file or directory).",
            "The file cannot be read: No such file or directory.",
        )
    ]


def test_a_link_within_the_package_is_followed(offices: TinyPackage) -> None:
    (offices.folder / DESCRIPTOR).rename(offices.folder / "real.json")
    (offices.folder / DESCRIPTOR).symlink_to("real.json")
    assert offices.read().name == "offices"


@pytest.mark.parametrize("target", [OFFICES / DESCRIPTOR, Path("/dev/zero"), Path("../other.json")], ids=str)
def test_a_descriptor_that_is_a_link_out_is_refused(offices: TinyPackage, target: Path) -> None:
    (offices.folder / DESCRIPTOR).unlink()
    (offices.folder / DESCRIPTOR).symlink_to(target)
    assert read_faults(offices.folder.parent) == [
        (
            "offices/datapackage.json",
            "path-link-out",
            "«datapackage.json» là liên kết trỏ ra ngoài thư mục của gói.",
            "“datapackage.json” is a link that leads out of the package's folder.",
        )
    ]


def test_a_link_to_itself_is_a_file_that_cannot_be_read(offices: TinyPackage) -> None:
    (offices.folder / DESCRIPTOR).unlink()
    (offices.folder / DESCRIPTOR).symlink_to(DESCRIPTOR)
    assert [fault[:2] for fault in read_faults(offices.folder.parent)] == [
        ("offices/datapackage.json", "file-unreadable")
    ]


def test_a_folder_that_may_not_be_read_is_not_passed_over(
    offices: TinyPackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan, stat = os.scandir, Path.stat

    def refuse(path: str) -> Iterator[os.DirEntry[str]]:
        if Path(path) == offices.folder:
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    def refuse_to_stat(path: Path, **options: bool) -> os.stat_result:
        if path.parent == offices.folder:
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **options)

    monkeypatch.setattr(os, "scandir", refuse)
    monkeypatch.setattr(Path, "stat", refuse_to_stat)
    loaded = read_packages(offices.folder.parent)
    monkeypatch.undo()
    assert [(one.place, one.message_en) for one in loaded.findings] == [
        ("offices/datapackage.json", "The file cannot be read: Permission denied.")
    ]


def test_read_package_raises_with_all_findings(offices: TinyPackage) -> None:
    offices.describe(lambda descriptor: descriptor.update(version="1", titel="x"))
    with pytest.raises(DescriptorError) as refusal:
        read_package(offices.folder / DESCRIPTOR, "offices/datapackage.json")
    assert [one.code for one in refusal.value.findings] == ["unknown-property", "profile-portal"]


def test_reading_changes_nothing(offices: TinyPackage) -> None:
    before = (offices.folder / DESCRIPTOR).read_bytes()
    package = offices.read()
    assert json.loads(before) == package.descriptor
    assert (offices.folder / DESCRIPTOR).read_bytes() == before

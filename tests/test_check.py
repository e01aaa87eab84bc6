"""The whole check on the fault packages of `packages/`: exactly these findings, and never an exception.

Each folder of `packages/` but `valid` holds one fault and `expected.toml`: what a check says of it, word for word.
"""

from __future__ import annotations

import copy
import json
import shutil
import socket
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from factory import TODAY
from portal.checks.check import check_packages, read_codes
from portal.data.descriptor import DESCRIPTOR, read_packages
from portal.data.finding import find_blockers
from portal.data.table import read_rows

if TYPE_CHECKING:
    from conftest import Checker, TinyPackage
    from portal.data.finding import Finding

PACKAGES = Path(__file__).parent / "packages"
VALID = PACKAGES / "valid"
FAULTS = sorted(path.name for path in PACKAGES.iterdir() if path.is_dir() and path != VALID)
# Nothing is published of any of these, and another package beside them is checked all the same.
BROKEN = (
    "descriptor-trailing-comma", "descriptor-utf16", "unknown-property-near", "path-absolute", "path-url",
    "file-missing", "file-is-folder", "csv-empty", "csv-utf16", "csv-open-quote", "csv-column-missing",
    "csv-wrong-type", "duplicate-key", "frictionless-pattern",
)  # fmt: skip


def describe(findings: list[Finding]) -> list[dict[str, str]]:
    """Return findings as `expected.toml` writes them."""
    return [
        {
            "place": one.place,
            "code": one.code,
            "severity": str(one.severity),
            "vi": one.message,
            "en": one.message_en,
            "cure": one.cure,
            "cure_en": one.cure_en,
        }
        for one in findings
    ]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_package_gets_exactly_its_findings(fault: str, check_folder: Checker) -> None:
    expected = tomllib.loads((PACKAGES / fault / "expected.toml").read_text("utf-8"))["finding"]
    assert describe(check_folder(PACKAGES / fault)) == expected


def test_the_valid_packages_have_no_finding() -> None:
    loaded = read_packages(VALID)
    assert sorted(package.kind for package in loaded.packages) == ["indicator", *["reference"] * 9, "table"]
    assert loaded.findings == ()
    assert check_packages(loaded.packages, loaded.packages, TODAY) == []


@pytest.mark.parametrize("name", [name for name in FAULTS if name.startswith("accepted-")])
def test_what_is_accepted_has_the_same_cells(name: str) -> None:
    (expected,) = read_packages(VALID / "tables").packages
    (package,) = read_packages(PACKAGES / name).packages
    assert (package.main.file.read_bytes()) != expected.main.file.read_bytes()
    rows = list(read_rows(package, package.main))
    assert rows == list(read_rows(expected, expected.main))
    assert rows[0].cells == ("RG", "Rạch Giá, trung tâm", 12)


# --- one broken package among others -----------------------------------------------------------------------


@pytest.mark.parametrize("fault", BROKEN)
def test_the_other_packages_are_checked_when_one_is_broken(
    fault: str, visitors: TinyPackage, check_folder: Checker
) -> None:
    shutil.copytree(PACKAGES / fault / "offices", visitors.folder.parent / "offices")
    shutil.copy(PACKAGES / "period-reversed" / "visitors" / "data.csv", visitors.folder / "data.csv")
    findings = visitors.check()
    alone = check_folder(PACKAGES / fault) + check_folder(PACKAGES / "period-reversed")
    assert describe(findings) == describe(sorted(alone))
    assert {one.package for one in find_blockers(findings)} == {"offices", "visitors"}


def test_a_broken_code_list_is_missed_by_those_that_use_it_and_nobody_else(tmp_path: Path) -> None:
    root = Path(shutil.copytree(VALID, tmp_path / "valid"))
    (root / "reference" / "units" / "data.csv").write_bytes("mã,tên\n".encode("utf-16"))
    loaded = read_packages(root)
    findings = check_packages(loaded.packages, loaded.packages, TODAY)
    assert [(one.place, one.code) for one in findings] == [
        ("reference/units/data.csv:1", "encoding"),
        ("indicators/visitors/datapackage.json", "code-list-missing"),
    ]


def test_what_needs_a_broken_package_is_not_judged(tmp_path: Path, check_folder: Checker) -> None:
    """Of figures that are not there because their package is broken, nothing false is said."""
    for fault, folder in (("coverage-count", "sources"), ("relation-unresolved", "visitors")):
        shutil.copytree(PACKAGES / fault / folder, tmp_path / folder)
    path = tmp_path / "visitors" / DESCRIPTOR
    descriptor = json.loads(path.read_text("utf-8"))
    for part in descriptor["portal"]["relations"][0]["parts"]:
        part["dataset"] = "arrivals"
    path.write_text(json.dumps(descriptor), "utf-8")
    data = tmp_path / "visitors" / "data.csv"
    data.write_text(
        data.read_text("utf-8").replace("exact,,report_2021,3:10", "exact,rounded,report_2021,3:10"), "utf-8"
    )
    flags = Path(shutil.copytree(VALID / "reference" / "flags", tmp_path / "flags")) / "data.csv"
    flags.write_text(f"{flags.read_text('utf-8')}rounded,Làm tròn,Rounded\n", "utf-8")
    (tmp_path / "arrivals").mkdir()
    (tmp_path / "arrivals" / DESCRIPTOR).write_text("{", "utf-8")

    found = [(one.place, one.code, str(one.severity), one.message) for one in check_folder(tmp_path)]

    assert [one for one in found if one[1] != "json-syntax"] == [
        (
            "sources/data.csv",
            "counts-unchecked",
            "warning",
            "Chưa kiểm tra được số cụm chữ số và số hệ thống của các văn bản, vì gói có lỗi: arrivals.",
        ),
        (
            "visitors/data.csv:2",
            "flag-unchecked",
            "warning",
            "Chưa kiểm tra được cờ của dòng này có lý do hay không, vì gói có lỗi: arrivals.",
        ),
        (
            "visitors/datapackage.json",
            "relation-unchecked",
            "warning",
            "Chưa kiểm tra được quan hệ thứ 1, vì gói có lỗi: arrivals.",
        ),
    ]


def test_only_the_chosen_packages_are_reported(tmp_path: Path) -> None:
    root = Path(shutil.copytree(VALID, tmp_path / "valid"))
    for name in ("visitors", "offices"):
        (next(root.glob(f"*/{name}")) / "data.csv").write_text("")
    everything = read_packages(root).packages
    chosen = [package for package in everything if package.name == "offices"]
    findings = check_packages(chosen, everything, TODAY)
    assert [(one.place, one.code) for one in findings] == [("tables/offices/data.csv:1", "source-error")]


def test_findings_are_sorted(tmp_path: Path, check_folder: Checker) -> None:
    for name in FAULTS:
        shutil.copytree(PACKAGES / name, tmp_path / name)
    findings = check_folder(tmp_path)
    assert len({one.code for one in findings}) >= 15
    assert findings == sorted(findings)
    keys = [(one.package, one.file, one.line, one.column, one.code) for one in findings]
    assert keys == sorted(keys)


# --- what the rules are given ------------------------------------------------------------------------------


def test_codes_are_read_from_the_first_column_of_readable_reference_packages(tmp_path: Path) -> None:
    root = Path(shutil.copytree(VALID, tmp_path / "valid"))
    (root / "reference" / "flags" / "data.csv").unlink()
    codes = read_codes(read_packages(root).packages)
    assert codes["transforms"] == {"level", "yoy_change_pct"}
    assert codes["sources"] == {"report_2021"}
    assert "flags" not in codes
    assert "offices" not in codes


def test_a_codelist_with_a_byte_order_mark_and_crlf_has_the_same_codes(tmp_path: Path) -> None:
    root = Path(shutil.copytree(VALID, tmp_path / "valid"))
    path = root / "reference" / "units" / "data.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    loaded = read_packages(root)
    assert read_codes(loaded.packages)["units"] == {"count", "percent"}
    assert check_packages(loaded.packages, loaded.packages, TODAY) == []


def test_the_rules_name_the_line_of_the_file(visitors: TinyPackage) -> None:
    data = (visitors.folder / "data.csv").read_text("utf-8")
    data = data.replace("Một phần của tổng.", '"Một phần\n\ncủa tổng."').replace("4:1", "4")
    visitors.write(data)
    assert [(one.place, one.code) for one in visitors.check()] == [("visitors/data.csv:6:12", "locator-invalid")]


def test_the_headline_is_looked_for_in_the_first_table_only(offices: TinyPackage) -> None:
    def add_table(descriptor: dict[str, Any]) -> None:
        descriptor["resources"].append({**descriptor["resources"][0], "name": "phones"})
        descriptor["portal"]["headline"] = {"measure": "staff"}

    offices.describe(add_table)
    assert [one.code for one in offices.check()] == ["headline-no-row"]


def test_a_headline_may_name_a_code_of_a_column_of_numbers(visitors: TinyPackage) -> None:
    def number_markets(descriptor: dict[str, Any]) -> None:
        descriptor["resources"][0]["schema"]["fields"][2]["type"] = "integer"
        descriptor["portal"]["headline"]["where"] = {"market": "1"}

    visitors.describe(number_markets)
    visitors.write((visitors.folder / "data.csv").read_text("utf-8").replace("_T", "1").replace("foreign", "2"))
    assert visitors.check() == []
    visitors.describe(lambda descriptor: descriptor["portal"]["headline"]["where"].update(market="3"))
    assert [one.code for one in visitors.check()] == ["headline-no-row"]


# --- nothing is raised, nothing is fetched -----------------------------------------------------------------


@pytest.fixture
def refused_connections(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Refuse every connection and every look-up of a name, and list them."""
    refused: list[object] = []

    def refuse(*arguments: object, **_: object) -> None:
        refused.append(arguments)
        raise OSError("no network")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return refused


@pytest.mark.parametrize("path", ["https://example.org/data.csv", "http://127.0.0.1:9/data.csv", "ftp://example.org/x"])
def test_no_network_is_touched(offices: TinyPackage, refused_connections: list[object], path: str) -> None:
    def point_outside(descriptor: dict[str, Any]) -> None:
        descriptor["resources"][0]["path"] = path
        descriptor["homepage"] = descriptor["licenses"][0]["path"] = "https://example.org/"

    offices.describe(point_outside)
    assert [one.code for one in offices.check()] == ["path-url"]
    assert refused_connections == []


def test_a_reference_to_a_schema_elsewhere_is_not_followed(
    offices: TinyPackage, refused_connections: list[object]
) -> None:
    address = "https://example.org/x"
    offices.describe(lambda descriptor: descriptor["resources"][0].update(dialect=address, schema=address))
    assert {one.code for one in offices.check()} == {"profile-portal"}
    assert refused_connections == []


PIECES = [
    b",", b"\n", b"\r\n", b"\r", b'"', b'""', b"\0", b"\xff", b"\xef\xbb\xbf", b";", b"\t", b" ", b"RG", b"1", b"-1",
    b"1_0", b"NaN", b"sNaN", b"=1", b"2020", b"2020-13", b"KG", b"_T", b"/..", b"3:10", b"9" * 30, b"9" * 5000,
    b"1e999999999",
    "Phú".encode(), "\u0301".encode(), "\u2028".encode(), "٣".encode(), b"x" * 200,
]  # fmt: skip


def splice(data: bytes, cuts: list[tuple[int, int, bytes]]) -> bytes:
    """Replace some bytes of `data` at each place of `cuts`."""
    for start, length, piece in cuts:
        at = start % (len(data) + 1)
        data = data[:at] + piece + data[at + length :]
    return data


CUTS = st.lists(
    st.tuples(st.integers(0, 2000), st.sampled_from([0, 0, 1, 5, 30]), st.sampled_from(PIECES)), min_size=1, max_size=6
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=CUTS)
@example(cuts=[(0, 2000, b"")])
@example(cuts=[(len("code,name,staff\n"), 0, b"1,2,3,4,5,6,7,8\n" * 5)])
def test_no_bytes_of_a_table_make_the_check_fall_over(
    offices: TinyPackage, visitors: TinyPackage, cuts: list[tuple[int, int, bytes]]
) -> None:
    for package, kind in ((offices, "tables"), (visitors, "indicators")):
        package.write(splice((VALID / kind / package.folder.name / "data.csv").read_bytes(), cuts))
    for one in offices.check():
        assert one.package in {"offices", "visitors"}
        assert one.render("vi") != one.render("en")


VALUES: list[Any] = [
    None, True, 0, -1, 1.5, 10**30, "", "code", "value", "x\n", "Đ", "(", "../x", "=1", [], {}, [1], [None], {"a": 1},
    [[]], [{}], "integer", "date", "boolean", "%Y", {"required": True}, {"pattern": "("}, {"enum": [1]},
    {"minimum": "x"}, {"measure": "staff"}, [{"type": "sum"}],
    [{"fields": "code", "reference": {"resource": "", "fields": "name"}}], {"resource": "", "fields": []},
    ["", "RG"], ["vi", "en", "vi"],
]  # fmt: skip
NAMES = [
    "format", "constraints", "missingValues", "trueValues", "bareNumber", "groupChar", "example", "portal",
    "foreignKeys", "primaryKey", "relations", "headline", "theme", "keywords", "sources", "contributors",
    "created", "type", "minimum",
    "pattern", "enum", "unique", "title", "where", "codelist", "separator", "name", "path",
]  # fmt: skip


def list_nodes(node: Any) -> list[Any]:
    """Return a JSON value and every object and array within it."""
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [node, *(inner for child in children for inner in list_nodes(child) if isinstance(inner, dict | list))]


def change_node(descriptor: dict[str, Any], number: int, name: str, value: Any) -> None:
    """Set a member of one object, or an item of one array, to a value."""
    nodes = list_nodes(descriptor)
    node = nodes[number % len(nodes)]
    if isinstance(node, dict):
        node[name] = copy.deepcopy(value)
    elif node:
        node[number % len(node)] = copy.deepcopy(value)


CHANGES = st.lists(
    st.tuples(st.integers(0, 10_000), st.sampled_from(NAMES), st.sampled_from(VALUES)), min_size=1, max_size=3
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES)
def test_no_descriptor_makes_the_check_fall_over(
    offices: TinyPackage, visitors: TinyPackage, changes: list[tuple[int, str, Any]]
) -> None:
    for package, kind in ((offices, "tables"), (visitors, "indicators")):
        descriptor = json.loads((VALID / kind / package.folder.name / DESCRIPTOR).read_text("utf-8"))
        for change in changes:
            change_node(descriptor, *change)
        (package.folder / DESCRIPTOR).write_text(json.dumps(descriptor), "utf-8")
    for one in offices.check():
        assert one.place.startswith(("offices/", "visitors/"))


@pytest.mark.parametrize(
    "relation",
    [
        {},
        {"type": ["sum"]},
        {"type": "sum", "total": "x", "parts": []},
        {"type": "sum", "total": {"constant": "abc"}, "parts": []},
        {"type": "sum", "total": {"constant": None}, "parts": []},
        {"type": "equal", "values": []},
        {"type": "equal", "values": [5]},
        {"type": "shared_base", "pairs": []},
        {"type": "ratio", "value": {"measure": "arrivals"}},
        {"type": "no-such-type"},
    ],
    ids=json.dumps,
)
def test_a_relation_that_says_nothing_is_a_finding(visitors: TinyPackage, relation: object) -> None:
    visitors.describe(lambda descriptor: descriptor["portal"].update(relations=[relation]))
    assert [(one.place, one.code) for one in visitors.check()] == [("visitors/datapackage.json", "relation-unresolved")]


@pytest.mark.parametrize("name", ["areas", "units", "sources", "systems", "exclusions", "measures"])
def test_a_register_without_its_columns_raises_nothing(tmp_path: Path, name: str, check_folder: Checker) -> None:
    folder = Path(shutil.copytree(VALID / "tables" / "offices", tmp_path / name))
    package = json.loads((folder / DESCRIPTOR).read_text("utf-8"))
    package["name"] = package["resources"][0]["name"] = name
    package["portal"]["kind"] = "reference"
    (folder / DESCRIPTOR).write_text(json.dumps(package), "utf-8")
    assert check_folder(tmp_path) == []

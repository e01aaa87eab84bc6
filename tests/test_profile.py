"""Profiles: both schemas, the place of a fault in the file, and the words of a path."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.data.finding import Place
from portal.data.package import INDICATOR_FIELDS
from portal.data.profile import OFFICIAL_PROFILE, PORTAL_PROFILE, find_faults, find_second, name_path_fault

if TYPE_CHECKING:
    from collections.abc import Callable

VALID = Path(__file__).parent / "packages" / "valid"
OFFICES = (VALID / "tables" / "offices" / "datapackage.json").read_text("utf-8")
VISITORS = (VALID / "indicators" / "visitors" / "datapackage.json").read_text("utf-8")


def find(text: str, package: str = "offices") -> list[tuple[str, str, str]]:
    """Return place, code and message of every fault of a descriptor."""
    place = Place(package, "datapackage.json")
    return [(one.place, one.code, one.message_en) for one in find_faults(json.loads(text), text, place)]


@pytest.mark.parametrize("path", sorted(VALID.glob("*/*/datapackage.json")), ids=lambda path: path.parent.name)
def test_a_valid_descriptor_has_no_fault(path: Path) -> None:
    assert find(path.read_text("utf-8"), path.parent.name) == []


def test_the_official_profile_is_the_one_of_data_package_2() -> None:
    profile = json.loads(OFFICIAL_PROFILE.read_text("utf-8"))
    assert profile["title"] == "Data Package"
    assert set(profile["properties"]) >= {"resources", "$schema", "version", "contributors"}


def test_our_profile_asks_an_indicator_for_exactly_its_fields() -> None:
    profile = json.loads(PORTAL_PROFILE.read_text("utf-8"))
    items = profile["then"]["properties"]["resources"]["items"]["properties"]["schema"]["properties"]
    names = [one["contains"]["properties"]["name"]["const"] for one in items["fields"]["allOf"]]
    assert tuple(names) == INDICATOR_FIELDS


@pytest.mark.parametrize("name", INDICATOR_FIELDS)
def test_a_missing_field_of_an_indicator_is_shown_as_it_must_be(name: str) -> None:
    descriptor = json.loads(VISITORS)
    schema = descriptor["resources"][0]["schema"]
    field = next(one for one in schema["fields"] if one["name"] == name)
    schema["fields"].remove(field)
    place = Place("visitors", "datapackage.json")
    faults = list(find_faults(descriptor, json.dumps(descriptor), place))
    assert [one.code for one in faults if one.code != "key-unknown-field"] == ["missing-indicator-field"]
    shown = json.loads(faults[0].cure_en.removeprefix("Declare the column like this: "))
    assert shown == {key: value for key, value in field.items() if key != "title"}


@pytest.mark.parametrize(
    "name", ["name", "title", "description", "languages", "version", "licenses", "resources", "$schema"]
)
def test_a_missing_property_is_named_once(name: str) -> None:
    descriptor = json.loads(OFFICES)
    del descriptor[name]
    assert find(json.dumps(descriptor)) == [
        ("datapackage.json:1:1", "missing-property", f"At /: the property “{name}” is missing.")
    ]


@pytest.mark.parametrize("name", ["theme", "frequency", "headline"])
def test_an_indicator_needs_what_a_table_does_not(name: str) -> None:
    descriptor = json.loads(VISITORS)
    del descriptor["portal"][name]
    assert [fault[1:] for fault in find(json.dumps(descriptor), "visitors")] == [
        ("missing-property", f"At /portal: the property “{name}” is missing.")
    ]


@pytest.mark.parametrize(
    ("slip", "hint"),
    [
        ("titel", "title"),
        ("descripton", "description"),
        ("licences", "licenses"),
        ("Keywords", "keywords"),
        ("title_en", "title@en"),
    ],
)
def test_a_slip_of_the_pen_gets_the_right_name(slip: str, hint: str) -> None:
    descriptor = {**json.loads(OFFICES), slip: "x"}
    place = Place("offices", "datapackage.json")
    (fault,) = find_faults(descriptor, json.dumps(descriptor), place)
    assert fault.message_en == f"At /: unknown property “{slip}”."
    assert fault.cure_en == f"Remove it, or correct its name to: {hint}."
    assert fault.cure == f"Xóa đi, hoặc sửa tên thành: {hint}."


def test_faults_of_both_profiles_are_told_once_and_together() -> None:
    descriptor = {**json.loads(OFFICES), "version": 1, "keywords": [], "zzz": 1}
    codes = [fault[1] for fault in find(json.dumps(descriptor))]
    assert sorted(codes) == ["profile-official", "profile-portal", "unknown-property"]


@pytest.mark.parametrize(
    ("change", "line", "column"),
    [
        (lambda text: text, 8, 3),
        (lambda text: text.replace("\n", "\r\n"), 8, 3),
        (lambda text: text.replace("  ", "\t"), 8, 2),
        (lambda text: text.replace("One-stop shops", "\\u0041\\/\\\\ \\ud83d\\ude00 “…”"), 8, 3),
        (lambda text: text.replace("One-stop shops", "😀😀"), 8, 3),
        (lambda text: text.replace("\n", ""), 1, 234),
        (lambda text: text.replace("\n", "").replace("One-stop shops", "😀"), 1, 221),
    ],
    ids=["as it is", "CRLF", "tabs", "escapes", "emoji", "one line", "one line with emoji"],
)
def test_a_fault_has_its_line_and_column(change: Callable[[str], str], line: int, column: int) -> None:
    text = change(OFFICES.replace('"version": "1.0.0"', '"version": "1.0"'))
    (fault,) = find(text)
    assert fault[:2] == (f"datapackage.json:{line}:{column}", "profile-portal")
    assert text.split("\n")[line - 1][column - 1 :].startswith('"version"')


def test_a_fault_in_a_text_that_yaml_cannot_read_has_no_line() -> None:
    text = OFFICES.replace('"version": "1.0.0"', '"version": "1.0"').replace("One-stop", "One\x7fstop")
    assert [fault[:2] for fault in find(text)] == [("datapackage.json", "profile-portal")]


def test_the_second_of_two_equal_names_is_found_in_any_depth() -> None:
    text = '{"a": 1, "b": [{"a": 2},\n {"c": {"d": 0, "e": 1, "d": 2}}]}'
    assert find_second(text, "d") == (2, 25)
    assert find_second(text, "a") == (0, 0)


@pytest.mark.parametrize("path", ["data.csv", "tables/data.csv", "a..b.csv", "./data.csv", "Phú Quốc.csv", "a=b&c.csv"])
def test_a_path_inside_the_package_is_no_fault(path: str) -> None:
    assert name_path_fault(path) is None


@pytest.mark.parametrize(
    "path",
    [
        "..",
        "../data.csv",
        "a/../../data.csv",
        "a/..",
        "..\\data.csv",
        "/etc/passwd",
        "\\\\host\\x",
        "\\x",
        "~/x",
        "C:\\x",
        "c:x",
    ],
)
def test_a_path_that_leaves_the_package_is_named(path: str) -> None:
    assert name_path_fault(path) == "path-outside"


@pytest.mark.parametrize(
    "path",
    [
        "http://example.org/x.csv",
        "HTTPS://example.org/../x.csv",
        "ftp://x",
        "file:///etc/passwd",
        "s3://b/k",
        "data:,a",
        "git+ssh:x",
    ],
)
def test_a_path_to_the_network_is_named(path: str) -> None:
    assert name_path_fault(path) == "path-url"


@given(st.lists(st.sampled_from(["..", ".", "a", "b c", "đ"]), min_size=1, max_size=5), st.sampled_from("/\\"))
def test_no_step_up_is_ever_accepted(steps: list[str], separator: str) -> None:
    assert (name_path_fault(separator.join(steps)) == "path-outside") == (".." in steps)


@pytest.mark.parametrize("path", ["./data.csv", "a\\b.csv", "file:x"])
def test_a_path_that_only_the_standard_forbids_is_refused_too(path: str) -> None:
    descriptor = json.loads(OFFICES)
    descriptor["resources"][0]["path"] = path
    assert [fault[1] for fault in find(json.dumps(descriptor))] == [
        "path-url" if path.startswith("file:") else "profile-official"
    ]


def edit_resource(change: Callable[[dict[str, Any]], object]) -> str:
    descriptor = json.loads(OFFICES)
    change(descriptor["resources"][0])
    return json.dumps(descriptor)


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        (lambda one: one.update(encoding="cp1258"), "encoding", "'utf-8' was expected"),
        (lambda one: one.update(format="xlsx"), "format", "'csv' was expected"),
        (lambda one: one["dialect"].update(delimiter=";"), "dialect/delimiter", "',' was expected"),
        (lambda one: one["dialect"].update(header=False), "dialect/header", "True was expected"),
        (lambda one: one.update(path=["data.csv"]), "path", "['data.csv'] is not of type 'string'"),
        (lambda one: one["schema"].update(fields=[]), "schema/fields", "[] should be non-empty"),
        (
            lambda one: one["schema"]["fields"][0].update(name="Mã"),
            "schema/fields/0/name",
            "'Mã' does not match '^[a-z_][a-z0-9_]*$'",
        ),
    ],
    ids=["encoding", "format", "delimiter", "header", "paths", "fields", "name"],
)
def test_what_the_portal_cannot_publish_is_refused(
    change: Callable[[dict[str, Any]], object], path: str, reason: str
) -> None:
    assert [fault[1:] for fault in find(edit_resource(change))] == [
        ("profile-portal", f"At /resources/0/{path}: not as the portal's profile wants it: {reason}")
    ]

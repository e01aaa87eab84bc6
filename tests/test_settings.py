"""Settings: what `metadata.yml` must say, and what is said where it does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from factory import make_tiny_catalog
from portal.data.settings import SettingsError, read_settings
from portal.pages.account import account_for
from portal.words.text import Text

METADATA = Path(__file__).parent.parent / "metadata.yml"
REQUIRED = (
    "title", "title_en", "description", "description_en", "publisher", "publisher_en", "license", "license_url",
    "contact", "site_url",
)  # fmt: skip


def write_settings(folder: Path, **changes: object) -> Path:
    """Write the portal's own settings with some of them changed, or removed where the change is None."""
    settings = {**yaml.safe_load(METADATA.read_text("utf-8")), **changes}
    path = folder / "metadata.yml"
    kept = {name: value for name, value in settings.items() if value is not None}
    path.write_text(yaml.safe_dump(kept, allow_unicode=True), "utf-8")
    return path


def test_the_portals_own_settings() -> None:
    settings = read_settings(METADATA)
    assert settings.title == Text("Dữ liệu mở Kiên Giang", "Kiên Giang Open Data")
    assert settings.license == "CC BY 4.0"
    assert settings.license_url == "https://creativecommons.org/licenses/by/4.0/"
    assert settings.site_url.endswith("/")
    assert "dti_score_and_rank" in settings.featured
    assert set(settings.datasette["tables"]) >= {"datasets", "observations", "findings"}


@pytest.mark.parametrize(
    "address", ["https://data.example.org", "https://data.example.org/", "https://data.example.org//"]
)
def test_the_address_ends_with_one_slash(tmp_path: Path, address: str) -> None:
    assert read_settings(write_settings(tmp_path, site_url=address)).site_url == "https://data.example.org/"


def test_featured_datasets_and_datasette_may_be_left_out(tmp_path: Path) -> None:
    settings = read_settings(write_settings(tmp_path, featured=None, datasette=None))
    assert settings.featured == ()
    assert settings.datasette == {}


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_text_is_named(tmp_path: Path, name: str) -> None:
    path = write_settings(tmp_path, **{name: None})
    with pytest.raises(SettingsError) as refusal:
        read_settings(path)
    assert str(refusal.value) == f"{path}: thiếu / lacks '{name}'"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refusal:
        read_settings(tmp_path / "metadata.yml")
    assert str(refusal.value) == f"{tmp_path / 'metadata.yml'}: No such file or directory"


@pytest.mark.parametrize("content", [b"title: [", b"\xff\xfet\x00", b"a: b: c", b"\tx: 1"])
def test_what_is_not_yaml_is_said_to_be_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "metadata.yml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"metadata\.yml: không phải YAML / not YAML: "):
        read_settings(path)


@pytest.mark.parametrize("content", ["", "- a\n", "text\n", "5\n"])
def test_what_is_no_mapping_is_said_to_be_so(tmp_path: Path, content: str) -> None:
    path = tmp_path / "metadata.yml"
    path.write_text(content)
    with pytest.raises(SettingsError) as refusal:
        read_settings(path)
    assert str(refusal.value) == f"{path}: cần là một bảng khóa–giá trị / must be a mapping"


@pytest.mark.parametrize(("name", "value"), [("site_url", 5), ("featured", 7), ("title", ["Dữ liệu"])])
def test_a_value_of_another_kind_is_refused_by_name(tmp_path: Path, name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=name):
        read_settings(write_settings(tmp_path, **{name: value}))


@pytest.mark.parametrize(
    ("contact", "reachable"),
    [
        ("du-lieu-mo@example.org", False), ("a@EXAMPLE.com", False), ("a@tinh.example", False), ("a@x.invalid", False),
        ("a@kiengiang.gov.vn", True), ("a@myexample.org", True),
    ],
)  # fmt: skip
def test_reports_reach_nobody_at_an_example(contact: str, reachable: bool, tmp_path: Path) -> None:
    assert read_settings(write_settings(tmp_path, contact=contact)).is_reachable == reachable


def test_the_account_of_a_build_names_a_contact_that_is_an_example(tmp_path: Path) -> None:
    catalog = make_tiny_catalog(tmp_path)
    for contact, said in (("a@example.org", ["a@example.org"]), ("a@kiengiang.gov.vn", [])):
        lines = account_for(replace(catalog, settings=replace(catalog.settings, contact=contact)))
        assert [line.en for line in lines] == [
            f"visitors' reports go to {one}, an example that reaches nobody: set contact in metadata.yml"
            for one in said
        ]

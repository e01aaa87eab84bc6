"""Addresses by content: one store beside the releases, bounded, that holds whole files and the right ones only."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from portal.files.by_hash import find_stored, lead_to_store, store_files, trim_store

if TYPE_CHECKING:
    from pathlib import Path

NAME = "fish/fish.csv"


def make_release(root: Path, digit: str, size: int = 10) -> Path:
    """Write a release with one file that has an address by content, and its compressed twin; return its folder."""
    release = root / "releases" / digit
    data = release / "site/data"
    (data / "fish").mkdir(parents=True)
    (data / NAME).write_bytes(digit.encode() * size)
    (data / f"{NAME}.gz").write_bytes(b"z")
    store_files({NAME: digit * 64}, data, root)
    lead_to_store(release)
    return release


def remove_release(release: Path) -> None:
    """Remove the files of a release; the clock of the file system ticks on."""
    for name in (NAME, f"{NAME}.gz"):
        (release / "site/data" / name).unlink()
    time.sleep(0.02)


def list_stored(root: Path) -> list[str]:
    return sorted(path.relative_to(root / "by-hash").as_posix() for path in (root / "by-hash").rglob("*.*"))


def test_a_file_and_its_twin_have_two_names(tmp_path: Path) -> None:
    release = make_release(tmp_path, "a")
    assert list_stored(tmp_path) == [f"{'a' * 64}/fish.csv", f"{'a' * 64}/fish.csv.gz"]
    path = f"data/by-hash/{'a' * 64}/fish.csv"
    assert find_stored(tmp_path, path).samefile(release / "site/data" / NAME)
    assert (release / "site" / path).samefile(release / "site/data" / NAME)
    assert str((release / "site/data/by-hash").readlink()) == "../../../../by-hash"


@pytest.mark.parametrize("rest", ["fish.csv", "fish.csv.new"])
def test_what_another_build_left_there_is_replaced(tmp_path: Path, rest: str) -> None:
    left = tmp_path / "by-hash" / ("a" * 64) / rest
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    make_release(tmp_path, "a")
    assert left.with_name("fish.csv").read_bytes() == b"a" * 10
    assert list_stored(tmp_path) == [f"{'a' * 64}/fish.csv", f"{'a' * 64}/fish.csv.gz"]


def test_a_release_may_be_given_its_link_twice(tmp_path: Path) -> None:
    release = make_release(tmp_path, "a")
    lead_to_store(release)
    assert (release / "site/data/by-hash").is_symlink()


def test_a_release_without_downloads_has_no_link(tmp_path: Path) -> None:
    data = tmp_path / "releases/1/site/data"
    data.mkdir(parents=True)
    lead_to_store(tmp_path / "releases/1")
    trim_store(tmp_path)
    assert list(data.iterdir()) == []


def test_beyond_the_bound_what_went_first_is_removed(tmp_path: Path) -> None:
    releases = {digit: make_release(tmp_path, digit) for digit in "abcd"}
    for digit in "bca":
        remove_release(releases[digit])
    trim_store(tmp_path, most_bytes=33)
    assert {name[0] for name in list_stored(tmp_path)} == {"a", "b", "c", "d"}
    trim_store(tmp_path, most_bytes=22)
    assert {name[0] for name in list_stored(tmp_path)} == {"a", "c", "d"}


def test_what_a_release_has_is_never_removed(tmp_path: Path) -> None:
    make_release(tmp_path, "a")
    trim_store(tmp_path, most_bytes=0)
    assert {name[0] for name in list_stored(tmp_path)} == {"a"}

"""Bygone files: addresses by content outlive their releases, within bounds, and hold whole files only."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from portal.files.by_hash import find_bygone
from portal.releases.bygone import keep_files

if TYPE_CHECKING:
    from pathlib import Path


def make_release(folder: Path, digit: str, size: int = 10) -> Path:
    """Write a release with one file by content and its compressed twin; return it."""
    files = folder / "site/data/by-hash" / (digit * 64)
    files.mkdir(parents=True)
    (files / "fish.csv").write_bytes(digit.encode() * size)
    (files / "fish.csv.gz").write_bytes(b"z")
    return folder


def list_kept(root: Path) -> list[str]:
    return sorted(path.relative_to(root / "by-hash").as_posix() for path in (root / "by-hash").rglob("*.*"))


def test_the_files_of_a_release_get_a_second_name(tmp_path: Path) -> None:
    release = make_release(tmp_path / "releases/1", "a")
    keep_files(tmp_path, [release])
    assert list_kept(tmp_path) == [f"{'a' * 64}/fish.csv", f"{'a' * 64}/fish.csv.gz"]
    path = f"data/by-hash/{'a' * 64}/fish.csv"
    assert find_bygone(tmp_path, path).samefile(release / "site" / path)


def test_a_file_that_a_killed_build_left_half_is_made_whole(tmp_path: Path) -> None:
    release = make_release(tmp_path / "releases/1", "a")
    half = tmp_path / "by-hash" / ("a" * 64) / ".fish.csv.new"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"a")
    keep_files(tmp_path, [release])
    assert not half.exists()
    assert half.with_name("fish.csv").read_bytes() == b"a" * 10


def test_beyond_the_bound_what_went_first_is_removed(tmp_path: Path) -> None:
    for second, digit in enumerate("abc", start=1):
        keep_files(tmp_path, [make_release(tmp_path / "releases" / digit, digit)])
        os.utime(tmp_path / "by-hash" / (digit * 64), (second, second))
    keep_files(tmp_path, [make_release(tmp_path / "releases/d", "d")], most_bytes=33)
    assert {name[0] for name in list_kept(tmp_path)} == {"b", "c", "d"}


def test_a_release_without_downloads_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "releases/1").mkdir(parents=True)
    keep_files(tmp_path, [tmp_path / "releases/1"])
    assert not (tmp_path / "by-hash").exists()

"""Known files: what certainly did not change since it was read is not read again; whatever might have is."""

from __future__ import annotations

import hashlib
import os
import time
from typing import TYPE_CHECKING

import pytest

from portal.data.tree import digest_file
from portal.work import known_files
from portal.work.build_cache import BuildCache
from portal.work.known_files import KnownFiles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOUR_NS = 3_600_000_000_000


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the files that are read from now on."""
    names: list[str] = []

    def note(path: str) -> str:
        names.append(path.rpartition("/")[2])
        return digest_file(path)

    monkeypatch.setattr(known_files, "digest_file", note)
    return names


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every file be an hour old."""
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + HOUR_NS)


def digest_all(root: Path, code: str = "code") -> dict[str, str]:
    """Return the digests of all files of a project, as one build after the other asks for them."""
    cache = BuildCache(root / "cache")
    known = KnownFiles(cache, code)
    digests = {path.name: known.digest(str(path)) for path in sorted((root / "project").iterdir())}
    known.keep()
    cache.prune()
    return digests


def make_project(root: Path) -> Path:
    (root / "project").mkdir()
    for name in ("a.csv", "b.csv"):
        (root / "project" / name).write_text(f"cá {name}", "utf-8")
    return root / "project"


@pytest.mark.usefixtures("later")
def test_a_file_is_read_once(tmp_path: Path, read: list[str]) -> None:
    make_project(tmp_path)
    first = digest_all(tmp_path)
    assert first == {name: hashlib.sha256(f"cá {name}".encode()).hexdigest() for name in ("a.csv", "b.csv")}
    assert digest_all(tmp_path) == first
    assert read == ["a.csv", "b.csv"]
    digest_all(tmp_path, "other code")
    assert read == ["a.csv", "b.csv"] * 2


def rewrite(path: Path) -> None:
    path.write_text("cà a.csv", "utf-8")


def rewrite_and_set_the_time_back(path: Path) -> None:
    before = path.stat()
    rewrite(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace(path: Path) -> None:
    before, fresh = path.stat(), path.parent.parent / "fresh"
    rewrite(fresh)
    os.utime(fresh, ns=(before.st_atime_ns, before.st_mtime_ns))
    fresh.replace(path)


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("change", [rewrite, rewrite_and_set_the_time_back, replace])
def test_a_file_of_the_same_size_that_changed_is_read(
    tmp_path: Path, read: list[str], change: Callable[[Path], None]
) -> None:
    project = make_project(tmp_path)
    digest_all(tmp_path)
    time.sleep(0.05)  # clocks of file systems are coarse
    change(project / "a.csv")
    assert digest_all(tmp_path)["a.csv"] == hashlib.sha256("cà a.csv".encode()).hexdigest()
    assert read == ["a.csv", "b.csv", "a.csv"]


def test_a_file_that_is_new_is_read_whenever_it_is_asked_for(tmp_path: Path, read: list[str]) -> None:
    make_project(tmp_path)
    digest_all(tmp_path)
    digest_all(tmp_path)
    assert read == ["a.csv", "b.csv"] * 2


@pytest.mark.usefixtures("later")
def test_a_note_whose_bytes_changed_is_worth_nothing(tmp_path: Path, read: list[str]) -> None:
    make_project(tmp_path)
    first = digest_all(tmp_path)
    for note in (tmp_path / "cache").iterdir():
        note.write_bytes(note.read_bytes().replace(first["a.csv"].encode(), b"0" * 64))
    assert digest_all(tmp_path) == first
    assert read == ["a.csv", "b.csv"] * 2


def test_a_file_that_is_not_there_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        KnownFiles(BuildCache(tmp_path / "cache"), "code").digest(str(tmp_path / "nothing.csv"))

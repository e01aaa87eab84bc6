"""Cache notes: read from one file, right without it, and never the worse for what is damaged in it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from portal.work.build_cache import BuildCache
from portal.work.cache_notes import NOTES, PLACES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VALUES = {"a" * 64: ["cá", 1], "b" * 64: {"tôm": 2.5}}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a cache whose first build is over: two values, and an entry with a file."""
    cache = BuildCache(tmp_path / "cache")
    for key, value in VALUES.items():
        cache.remember(key, value)
    cache.keep("c" * 64, write_file)
    cache.prune()
    return cache.root


def write_file(folder: Path) -> str:
    folder.mkdir()
    (folder / "file").write_text("cua", "utf-8")
    return "said"


def read_all(root: Path) -> dict[str, object]:
    cache = BuildCache(root)
    return {key: cache.recall(key) for key in VALUES}


def test_what_an_entry_says_is_read_beside_it(root: Path) -> None:
    for key in VALUES:
        (root / key).unlink()
    (root / ("c" * 64) / "entry.json").unlink()
    assert read_all(root) == VALUES
    kept = BuildCache(root).take("c" * 64)
    assert kept is not None
    assert (kept.value, (kept.files / "file").read_text("utf-8")) == ("said", "cua")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:40])


def swap(path: Path) -> None:
    path.write_bytes(path.read_bytes().swapcase())


@pytest.mark.parametrize("name", [NOTES, PLACES])
@pytest.mark.parametrize("damage", [cut, swap, os.unlink])
def test_what_is_damaged_is_read_from_the_entries(root: Path, name: str, damage: Callable[[Path], None]) -> None:
    damage(root / name)
    assert read_all(root) == VALUES
    for path in (NOTES, *VALUES):
        (root / path).write_bytes(b"")
    assert read_all(root) == dict.fromkeys(VALUES)


def test_a_new_value_is_not_taken_for_the_old_one(root: Path) -> None:
    key = next(iter(VALUES))
    cache = BuildCache(root)
    cache.remember(key, "new")
    assert cache.recall(key) == "new"
    cache.prune()
    (root / key).unlink()
    assert BuildCache(root).recall(key) == "new"


def test_an_entry_that_fell_out_of_use_was_used_last_when_it_did(root: Path) -> None:
    first, second = VALUES
    for key in VALUES:
        os.utime(root / key, (0, 0))
    cache = BuildCache(root)
    cache.recall(first)
    cache.prune()
    assert (root / first).stat().st_mtime == 0
    assert (root / second).stat().st_mtime > 0
    assert read_all(root) == VALUES


def test_old_notes_do_not_pile_up(root: Path) -> None:
    text = "x" * 100_000
    for number in range(60):
        cache = BuildCache(root)
        for key in VALUES:
            cache.recall(key)
        cache.remember("d" * 64, [number, text])
        cache.prune()
    assert (root / NOTES).stat().st_size < 2_000_000
    assert read_all(root) == VALUES
    assert BuildCache(root).recall("d" * 64) == [59, text]


def test_a_build_is_done_although_notes_cannot_be_written(root: Path) -> None:
    (root / NOTES).unlink()
    (root / NOTES).mkdir()
    cache = BuildCache(root)
    cache.remember("d" * 64, 1)
    cache.prune()
    assert BuildCache(root).recall("d" * 64) == 1
    assert read_all(root) == VALUES

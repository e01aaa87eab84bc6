"""The build cache: what is taken out is byte for byte what a full build writes, and what was spoiled is made anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from factory import TODAY, find_damage, make_tiny_project
from portal import build
from portal.files.distribution import write_distributions
from portal.releases.release import BuildFolder
from portal.work import build_cache, package_forms
from portal.work.build_cache import BuildCache, Destination, digest_parts
from portal.work.cache_notes import NOTES, PLACES, SpoiltError
from portal.work.scheduler import Here

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from portal.data.package import Package
    from portal.data.register import Registers
    from portal.files.distribution import Distribution


@pytest.fixture
def cache(tmp_path: Path) -> BuildCache:
    return BuildCache(tmp_path / "cache")


def make_writer(text: str, calls: list[str]) -> Callable[[Path], dict[str, str]]:
    def make(folder: Path) -> dict[str, str]:
        calls.append(text)
        (folder / "deep").mkdir(parents=True)
        (folder / "deep" / "a.txt").write_text(text, "utf-8")
        return {"said": text}

    return make


def put(folder: Path, published: Path | None = None) -> list[Destination]:
    """Return where everything goes into one folder; nothing is published unless it is said where."""
    return [Destination("", folder, published or folder / "nothing")]


def fill(cache: BuildCache, folder: Path, key: str, make: Callable[[Path], dict[str, str]]) -> Any:
    """Take what is kept for a key, or make it; return the value."""
    kept = cache.take(key, put(folder))
    if kept is None:
        cache.keep(key, make)
        kept = cache.take_made(key, put(folder))
    return kept.value


def test_the_same_key_is_made_once(cache: BuildCache, tmp_path: Path) -> None:
    calls: list[str] = []
    for name in ("one", "two"):
        assert fill(cache, tmp_path / name, "key", make_writer("cá", calls)) == {"said": "cá"}
        assert (tmp_path / name / "deep" / "a.txt").read_text("utf-8") == "cá"
    assert calls == ["cá"]
    assert fill(cache, tmp_path / "three", "other", make_writer("tôm", calls)) == {"said": "tôm"}
    assert calls == ["cá", "tôm"]


SPOILT = {
    "a file": lambda entry: (entry / "files" / "deep" / "a.txt").write_text("cà", "utf-8"),
    "a file gone": lambda entry: (entry / "files" / "deep" / "a.txt").unlink(),
    "the value": lambda entry: (entry / "entry.json").write_text(
        (entry / "entry.json").read_text("utf-8").replace('"said": "cá"', '"said": "cà"'), "utf-8"
    ),
    "the note": lambda entry: (entry / "entry.json").write_text("{", "utf-8"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_a_spoilt_entry_is_made_anew(cache: BuildCache, tmp_path: Path, what: str) -> None:
    calls: list[str] = []
    fill(cache, tmp_path / "one", "key", make_writer("cá", calls))
    SPOILT[what](tmp_path / "cache" / "key")
    for name in ("two", "three"):
        assert fill(cache, tmp_path / name, "key", make_writer("cá", calls)) == {"said": "cá"}
        assert (tmp_path / name / "deep" / "a.txt").read_text("utf-8") == "cá"
    assert calls == ["cá", "cá"]


def test_damage_to_what_was_taken_out_stays_there(cache: BuildCache, tmp_path: Path) -> None:
    calls: list[str] = []
    fill(cache, tmp_path / "one", "key", make_writer("cá", calls))
    (tmp_path / "one" / "deep" / "a.txt").write_text("hỏng", "utf-8")
    fill(cache, tmp_path / "two", "key", make_writer("cá", calls))
    assert ((tmp_path / "two" / "deep" / "a.txt").read_text("utf-8"), calls) == ("cá", ["cá"])


def test_what_is_published_already_gets_a_second_name(cache: BuildCache, tmp_path: Path) -> None:
    one, two, three = (tmp_path / name for name in ("one", "two", "three"))
    cache.keep("key", make_writer("cá", []))
    assert cache.take("key", put(one))
    assert cache.take("key", put(two, published=one))
    assert (two / "deep" / "a.txt").samefile(one / "deep" / "a.txt")
    assert cache.take("key", [Destination("deep/", three, one / "deep")])
    assert (three / "a.txt").samefile(one / "deep" / "a.txt")
    assert not (one / "deep" / "a.txt").samefile(tmp_path / "cache" / "key" / "files" / "deep" / "a.txt")


def test_what_has_no_place_is_only_held_against_its_digest(cache: BuildCache, tmp_path: Path) -> None:
    cache.keep("key", make_writer("cá", []))
    kept = cache.take("key", [Destination("high/", tmp_path / "one", tmp_path / "two")])
    assert kept
    assert (kept.files / "deep" / "a.txt").read_text("utf-8") == "cá"
    assert not (tmp_path / "one").exists()
    SPOILT["a file"](tmp_path / "cache" / "key")
    assert cache.take("key") is None


def test_what_is_published_and_damaged_is_not_taken(cache: BuildCache, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    cache.keep("key", make_writer("cá", []))
    assert cache.take("key", put(one))
    (one / "deep" / "a.txt").write_text("hỏng", "utf-8")
    assert cache.take("key", put(two, published=one))
    assert (two / "deep" / "a.txt").read_text("utf-8") == "cá"
    assert (one / "deep" / "a.txt").read_text("utf-8") == "hỏng", "a release is never written into"


def test_damage_to_what_is_kept_does_not_reach_what_was_taken(cache: BuildCache, tmp_path: Path) -> None:
    cache.keep("key", make_writer("cá", []))
    assert cache.take("key", put(tmp_path / "one"))
    SPOILT["a file"](tmp_path / "cache" / "key")
    assert (tmp_path / "one" / "deep" / "a.txt").read_text("utf-8") == "cá"


def test_nothing_is_put_anywhere_unless_all_is_as_it_was_kept(cache: BuildCache, tmp_path: Path) -> None:
    def make(folder: Path) -> None:
        folder.mkdir()
        for name in "abc":
            (folder / name).write_text(name, "utf-8")

    cache.keep("key", make)
    (tmp_path / "cache" / "key" / "files" / "c").write_text("x", "utf-8")
    assert cache.take("key", put(tmp_path / "one")) is None
    assert not list((tmp_path / "one").iterdir())


def test_what_is_spoilt_before_it_is_taken_is_named(cache: BuildCache, tmp_path: Path) -> None:
    cache.keep("key", make_writer("cá", []))
    SPOILT["a file"](tmp_path / "cache" / "key")
    with pytest.raises(SpoiltError, match=r"key/files/deep/a\.txt"):
        cache.take_made("key", put(tmp_path / "one"))


def test_what_no_build_asks_for_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_cache, "KEPT_UNUSED", 1)
    before = BuildCache(tmp_path / "cache")
    for key in ("first", "second", "third"):
        fill(before, tmp_path / key, key, make_writer(key, []))
    (tmp_path / "cache" / ".new-killed").mkdir()
    after = BuildCache(tmp_path / "cache")
    fill(after, tmp_path / "again", "first", make_writer("first", []))
    after.prune()
    left = {path.name for path in (tmp_path / "cache").iterdir()} - {NOTES, PLACES}
    assert "first" in left
    assert len(left) == 2
    assert ".new-killed" not in left


def test_parts_are_kept_apart() -> None:
    assert digest_parts(["a", "bc"]) != digest_parts(["ab", "c"])


def test_a_release_from_the_cache_is_that_of_a_full_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make_tiny_project(tmp_path / "project")
    warm, cold = BuildFolder(tmp_path / "warm"), BuildFolder(tmp_path / "cold")
    made: list[str] = []

    def write(package: Package, folder: Path, registers: Registers) -> tuple[Distribution, ...]:
        made.append(package.name)
        return write_distributions(package, folder, registers)

    monkeypatch.setattr(package_forms, "write_distributions", write)
    first = build.build_portal(project, warm, TODAY, lambda _stage: None, Here()).release
    assert len(made) == len(list((project / "datapackages").iterdir()))
    made.clear()
    path = project / "datapackages" / "fish" / "fish.csv"
    path.write_text(path.read_text("utf-8").replace("1200,tonne", "1201,tonne").replace("1.200", "1.201"), "utf-8")
    second = build.build_portal(project, warm, TODAY, lambda _stage: None, Here()).release
    assert made == ["fish"]
    assert first != second
    assert build.build_portal(project, cold, TODAY, lambda _stage: None, Here()).release == second
    assert find_damage(warm.current) == find_damage(cold.current) == []
    assert (warm.current / "manifest.json").read_bytes() == (cold.current / "manifest.json").read_bytes()
    made.clear()
    units = project / "datapackages" / "units" / "units.csv"
    units.write_text(units.read_text("utf-8").replace("tấn", "tấn tươi"), "utf-8")
    build.build_portal(project, warm, TODAY, lambda _stage: None, Here())
    assert {"fish", "units"} <= set(made), "words of a unit stand in the files of the datasets that use it"

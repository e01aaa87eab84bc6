"""What is known of the published release: what nobody touched is not read, what anybody touched is."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import pytest

from portal.releases.published import NOTE, Published, Twins, note_published, recall_published
from portal.releases.release import BuildFolder, publish, stage
from portal.work.build_cache import BuildCache, Destination

if TYPE_CHECKING:
    from pathlib import Path

PAGE, TWIN = "site/index.html", "site/index.html.gz"


@pytest.fixture
def folder(tmp_path: Path) -> BuildFolder:
    """Return a build folder with a release whose build is done, and nothing in it touched since."""
    folder = BuildFolder(tmp_path / "build")
    with stage(folder) as staging:
        (staging / "site").mkdir()
        (staging / PAGE).write_text("cá", "utf-8")
        (staging / TWIN).write_text("the twin of cá", "utf-8")
        publish(folder, staging, "")
    time.sleep(0.05)  # clocks of file systems are coarse
    note_published(folder, "code", ["key"])
    return folder


def touch_nothing(_folder: BuildFolder) -> None:
    pass


def write(folder: BuildFolder) -> None:
    (folder.current / PAGE).write_text("cà", "utf-8")


def write_and_set_the_time_back(folder: BuildFolder) -> None:
    page = folder.current / PAGE
    before = page.stat()
    page.write_text("cà", "utf-8")
    os.utime(page, ns=(before.st_atime_ns, before.st_mtime_ns))


def put_another_in_its_place(folder: BuildFolder) -> None:
    page = folder.current / PAGE
    before, fresh = page.stat(), page.with_name("fresh")
    fresh.write_text("cà", "utf-8")
    os.utime(fresh, ns=(before.st_atime_ns, before.st_mtime_ns))
    fresh.replace(page)


@pytest.mark.parametrize(
    ("touch", "untouched"),
    [(touch_nothing, True), (write, False), (write_and_set_the_time_back, False), (put_another_in_its_place, False)],
)
def test_a_touch_shows(touch: object, untouched: bool, folder: BuildFolder) -> None:
    assert callable(touch)
    touch(folder)
    assert recall_published(folder).is_untouched((folder.current / PAGE).stat()) == untouched


def test_nothing_is_known_of_another_release(folder: BuildFolder) -> None:
    before = folder.current.resolve()
    other = before.with_name("other")
    other.mkdir()
    folder.current.unlink()
    folder.current.symlink_to(f"releases/{other.name}")
    assert recall_published(folder) == Published(other)
    assert recall_published(BuildFolder(folder.root / "none")) == Published((folder.root / "none/current").resolve())


@pytest.mark.parametrize("note", ["", "{}", "[]", '{"release": 1}', "null"])
def test_a_note_that_cannot_be_read_says_nothing(note: str, folder: BuildFolder) -> None:
    (folder.root / NOTE).write_text(note, "utf-8")
    assert recall_published(folder) == Published(folder.current.resolve())


def test_the_note_names_what_was_put_there(folder: BuildFolder) -> None:
    known = recall_published(folder)
    assert (known.code, known.taken) == ("code", frozenset({"key"}))
    assert sorted(json.loads((folder.root / NOTE).read_text("utf-8"))) == ["code", "left", "release", "taken"]


def test_a_note_that_cannot_be_written_stops_nothing(folder: BuildFolder) -> None:
    (folder.root / NOTE).unlink()
    (folder.root / NOTE).mkdir()
    note_published(folder, "code", ["key"])
    assert recall_published(folder) == Published(folder.current.resolve())
    assert [path.name for path in folder.root.glob(".*.new")] == []


@pytest.mark.parametrize(
    ("touch", "key", "linked"),
    [(touch_nothing, "key", True), (write_and_set_the_time_back, "key", False), (touch_nothing, "other", False)],
)
def test_the_cache_links_what_is_known_and_reads_the_rest(
    touch: object, key: str, linked: bool, folder: BuildFolder, tmp_path: Path
) -> None:
    """The cache has other bytes than the release: only whoever reads them can tell."""

    def make(entry: Path) -> None:
        entry.mkdir()
        (entry / "index.html").write_text("tôm", "utf-8")

    assert callable(touch)
    touch(folder)
    cache = BuildCache(tmp_path / "cache", recall_published(folder))
    cache.keep(key, make)
    assert cache.take(key, [Destination("", tmp_path / "site", folder.current.resolve() / "site")])
    assert (tmp_path / "site/index.html").samefile(folder.current / PAGE) == linked
    assert len(cache.digests) == linked
    assert cache.taken == {key}


@pytest.mark.parametrize(
    ("words", "touch", "shared"),
    [("cá", touch_nothing, True), ("cà", touch_nothing, False), ("cua", touch_nothing, False), ("cá", write, False)],
)
def test_a_file_with_the_same_bytes_is_the_published_one_and_so_is_its_twin(
    words: str, touch: object, shared: bool, folder: BuildFolder, tmp_path: Path
) -> None:
    assert callable(touch)
    touch(folder)
    file = tmp_path / "index.html"
    file.write_text(words, "utf-8")
    assert recall_published(folder).share(str(file), PAGE, ".gz") == shared
    assert file.read_text("utf-8") == words
    assert file.samefile(folder.current / PAGE) == shared
    assert (tmp_path / "index.html.gz").exists() == shared
    if shared:
        assert (tmp_path / "index.html.gz").samefile(folder.current / TWIN)


def touch_the_twin(folder: BuildFolder) -> None:
    (folder.current / TWIN).write_text("no twin", "utf-8")


@pytest.mark.parametrize(
    ("words", "touch", "given"),
    [
        ("cá", touch_nothing, [PAGE, TWIN]),
        ("cà", touch_nothing, []),
        ("cua", touch_nothing, []),
        ("cá", touch_the_twin, [PAGE]),
        ("cà", write, []),
        ("cá", lambda folder: (folder.current / PAGE).unlink(), []),
    ],
)
def test_what_is_written_as_it_is_published_is_the_published_file(
    words: str, touch: object, given: list[str], folder: BuildFolder, tmp_path: Path
) -> None:
    assert callable(touch)
    touch(folder)
    site = tmp_path / "new" / "site"
    site.mkdir(parents=True)
    Twins(site, recall_published(folder)).write(f"{site}/index.html", words)
    assert (site / "index.html").read_text("utf-8") == words
    assert (site / "index.html.gz").exists() == (TWIN in given)
    published = {path.stat().st_ino for path in folder.current.glob("site/*")}
    assert [one for one in (PAGE, TWIN) if inode_of(site.parent / one) in published] == given


def inode_of(path: Path) -> int:
    return path.stat().st_ino if path.exists() else 0


def test_who_has_no_release_writes_all_anew(folder: BuildFolder, tmp_path: Path) -> None:
    Twins(tmp_path, None).write(str(tmp_path / "index.html"), "cá")
    assert (tmp_path / "index.html").read_text("utf-8") == "cá"
    assert not (tmp_path / "index.html").samefile(folder.current / PAGE)


def test_a_file_that_is_new_is_not_shared(folder: BuildFolder, tmp_path: Path) -> None:
    (tmp_path / "new.html").write_text("cá", "utf-8")
    assert not recall_published(folder).share(str(tmp_path / "new.html"), "site/new.html", ".gz")


@pytest.mark.parametrize("spoil", [False, True])
def test_what_stays_in_the_cache_is_trusted_like_the_release(spoil: bool, folder: BuildFolder, tmp_path: Path) -> None:
    def make(entry: Path) -> None:
        entry.mkdir()
        (entry / "part").write_text("tôm", "utf-8")

    cache = BuildCache(tmp_path / "cache")
    cache.keep("key", make)
    part = tmp_path / "cache/key/files/part"
    os.utime(part, (1, 1))
    time.sleep(0.05)
    note_published(folder, "code", ["key"])
    if spoil:
        part.write_text("tom", "utf-8")
        os.utime(part, (1, 1))
    kept = BuildCache(tmp_path / "cache", recall_published(folder)).take("key")
    assert (kept is None) == spoil

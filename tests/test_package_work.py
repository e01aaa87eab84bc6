"""Incremental builds: byte for byte what a full build gives, whatever changed; and whatever goes wrong in between."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import zipfile
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from factory import REPOSITORY, TODAY, find_damage, find_staging, make_tiny_project, write_indicator
from front import wait_until
from portal import build
from portal.checks.check import check_packages
from portal.data.descriptor import read_packages
from portal.data.finding import find_blockers
from portal.releases.release import BuildFolder
from portal.work import build_cache, package_work
from portal.work.build_cache import BuildCache, digest_value
from portal.work.build_event import Advanced, Begun
from portal.work.cache_notes import NOTES, PLACES
from portal.work.scheduler import Here, Processes, WorkError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from portal.work.build_event import Event, Report
    from portal.work.scheduler import Done


def ignore(_event: Event) -> None:
    """Take no notice of a build's events."""


def publish(project: Path, folder: BuildFolder, report: Callable[[Event], None] = ignore) -> tuple[str, set[str]]:
    """Build in this process; return the release, and the packages on which work was done but not taken from before."""
    worked: set[str] = set()

    def note(event: Event) -> None:
        if isinstance(event, Advanced) and event.stage == "check":
            worked.add(event.package)
        report(event)

    result = build.build_portal(project, folder, TODAY, note, Here())
    assert result.release, [one.render("en") for one in result.findings]
    return result.release, worked


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


FISH = "1200,tonne,actual,exact,,report,1:1,1.200"
MORE_FISH = "1201,tonne,actual,exact,,report,1:1,1.201"


def catch_more(project: Path) -> None:
    rewrite(project / "datapackages" / "fish" / "fish.csv", FISH, MORE_FISH)


def add_squid(project: Path) -> None:
    write_indicator(project / "datapackages", "squid", changes={"title": "Mực"})


def rename_squid(project: Path) -> None:
    shutil.rmtree(project / "datapackages" / "squid")
    write_indicator(project / "datapackages", "cuttlefish", changes={"title": "Mực"})


def rename_unit(project: Path) -> None:
    rewrite(project / "datapackages" / "units" / "units.csv", "tấn", "tấn tươi")


def add_theme(project: Path) -> None:
    with (project / "datapackages" / "themes" / "themes.csv").open("a", encoding="utf-8") as file:
        file.write("ports,Cảng,Ports,,\n")


def introduce_fish(project: Path) -> None:
    (project / "site" / "catalog").mkdir()
    (project / "site" / "catalog" / "fish.md").write_text("Lời dẫn về cá.", "utf-8")


# What changes, and the packages that have to be checked again.
CHANGES: dict[str, tuple[Callable[[Path], object], set[str]]] = {
    "a row": (catch_more, {"fish"}),
    "a package added": (add_squid, {"squid"}),
    "a package renamed": (rename_squid, {"cuttlefish"}),
    "a package removed": (lambda project: shutil.rmtree(project / "datapackages" / "cuttlefish"), set()),
    "a label": (rename_unit, {"units"}),
    "a code": (add_theme, {"themes", "fish"}),
    "a template": (
        lambda project: rewrite(project / "site" / "theme" / "portal" / "dataset.html", "</h1>", " </h1>"),
        set(),
    ),
    "the frame": (lambda project: rewrite(project / "site" / "theme" / "main.html", "</main>", " </main>"), set()),
    "a page written by hand": (introduce_fish, set()),
    "the settings": (lambda project: rewrite(project / "metadata.yml", "title: ", "title: Cổng "), set()),
}


def test_an_incremental_build_is_a_full_build(tmp_path: Path) -> None:
    project, warm = make_tiny_project(tmp_path / "project"), BuildFolder(tmp_path / "warm")
    releases = [publish(project, warm)[0]]
    for number, (what, (change, checked)) in enumerate(CHANGES.items()):
        change(project)
        release, worked = publish(project, warm)
        assert worked == checked, what
        cold = BuildFolder(tmp_path / f"cold-{number}")
        assert publish(project, cold)[0] == release, what
        assert (warm.current / "manifest.json").read_bytes() == (cold.current / "manifest.json").read_bytes()
        assert [damage for kept in warm.releases.iterdir() for damage in find_damage(kept)] == [], what
        releases.append(release)
        shutil.rmtree(cold.root)
    assert releases[4] == releases[1], "without the new package everything is as it was before"
    assert len(set(releases)) == len(releases) - 1, "every other change shows"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_tiny_project(tmp_path / "project")


@pytest.fixture
def folder(tmp_path: Path) -> BuildFolder:
    return BuildFolder(tmp_path / "build")


def spoil_entries(cache: Path) -> int:
    """Change a byte in the middle of everything that is kept, and all that stands side by side."""
    files = [path for path in cache.rglob("*") if path.is_file()]
    for path in files:
        raw = bytearray(path.read_bytes())
        for place in range(len(raw)) if path.name in {NOTES, PLACES} else [len(raw) // 2]:
            raw[place] ^= 1
        path.write_bytes(raw)
    return len(files)


def test_poisoned_entries_are_made_anew(project: Path, folder: BuildFolder) -> None:
    first, _ = publish(project, folder)
    assert spoil_entries(folder.root / "cache") > 50
    assert find_damage(folder.current) == [], "what is kept and what is published are two files"
    again, worked = publish(project, folder)
    assert again == first
    assert worked == {path.name for path in (project / "datapackages").iterdir()}
    assert find_damage(folder.current) == []


def test_what_did_not_change_is_one_file_in_both_releases(project: Path, folder: BuildFolder) -> None:
    publish(project, folder)
    before = folder.current.resolve()
    catch_more(project)
    publish(project, folder)
    after = folder.current.resolve()
    same = [path.relative_to(after) for path in after.rglob("*") if path.is_file() and is_same(path, before, after)]
    names = {str(one) for one in same}
    assert {
        "site/data/units/units.xlsx",
        "site/catalog/units/index.html.gz",
        "site/en/catalog/units/index.html",
    } <= names
    assert not {"site/data/fish/fish.csv", "site/catalog/fish/index.html", "site/data/checksums.txt"} & names
    assert find_damage(before) == find_damage(after) == []


def is_same(path: Path, before: Path, after: Path) -> bool:
    there = before / path.relative_to(after)
    return there.is_file() and there.samefile(path)


def test_damage_to_a_release_stays_out_of_the_next_one(project: Path, folder: BuildFolder) -> None:
    publish(project, folder)
    before = folder.current.resolve()
    (before / "site" / "data" / "units" / "units.csv").write_text("x", "utf-8")
    catch_more(project)
    publish(project, folder)
    assert find_damage(folder.current) == []
    assert find_damage(before)


def test_what_is_altered_right_after_it_was_kept_publishes_nothing(project: Path, folder: BuildFolder) -> None:
    class Spoiler(Here):
        def run(self, step: Any, jobs: Sequence[Any], shared: Any) -> Iterator[Done[Any]]:
            for done in super().run(step, jobs, shared):
                if step.__name__ == "write_forms":
                    spoil_entries(folder.root / "cache")
                yield done

    with pytest.raises(WorkError, match=r"^gói .*: .* bị sửa ngay khi vừa lưu, không công bố gì; chạy lại / "):
        build.build_portal(project, folder, TODAY, ignore, Spoiler())
    assert not folder.current.exists()
    assert publish(project, folder)[0] == publish(project, BuildFolder(folder.root.with_name("cold")))[0]


def test_entries_of_other_code_are_not_asked_for(
    project: Path, folder: BuildFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = publish(project, folder)
    monkeypatch.setattr(build, "digest_code", lambda _project: "other")
    again, worked = publish(project, folder)
    assert (again, len(worked)) == (first, len(list((project / "datapackages").iterdir())))


def test_a_file_that_changes_during_the_build_publishes_nothing(project: Path, folder: BuildFolder) -> None:
    first, _ = publish(project, folder)
    catch_more(project)

    def change(event: Event) -> None:
        if isinstance(event, Begun) and event.stage == "site":
            rewrite(project / "site" / "about.md", "\n", "\n\n")

    with pytest.raises(WorkError) as raised:
        publish(project, folder, change)
    assert str(raised.value) == (
        "dữ liệu hoặc trang thay đổi trong khi dựng, không công bố gì; đợi sửa xong rồi chạy lại / the data or the "
        "site changed during the build, nothing was published; wait until the changes are complete, then run it again"
    )
    assert folder.current.resolve().name == first
    assert find_staging(folder.root) == []


class Meddler(Here):
    """A scheduler under which a file changes while it is read."""

    def __init__(self, step: str, path: Path) -> None:
        self.step, self.path = step, path

    def run(self, step: Any, jobs: Sequence[Any], shared: Any) -> Iterator[Done[Any]]:
        for done in super().run(step, jobs, shared):
            if step.__name__ == self.step and done.name == "fish":
                rewrite(
                    self.path, "1200,tonne,actual,exact,,report,1:1,1.200", "1201,tonne,actual,exact,,report,1:1,1.201"
                )
            yield done


def test_what_is_kept_is_what_was_read(project: Path, folder: BuildFolder) -> None:
    path = project / "datapackages" / "fish" / "fish.csv"
    with pytest.raises(WorkError, match="tệp của gói fish thay đổi trong khi đang đọc"):
        build.build_portal(project, folder, TODAY, ignore, Meddler("examine_package", path))
    assert not folder.current.exists()
    release, _ = publish(project, folder)
    assert release == publish(project, BuildFolder(folder.root.with_name("cold")))[0]


AT_ONCE = Processes(2, start_seconds=0)


def kill_workers() -> int:
    """Kill the processes that work for this one; return how many."""
    killed = 0
    for one in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it may have ended meanwhile
            if "forkserver" in " ".join(one.cmdline()) and one.ppid() != os.getpid():
                one.kill()
                killed += 1
    return killed


def test_a_worker_that_dies_publishes_nothing_and_the_next_run_is_right(project: Path, folder: BuildFolder) -> None:
    def kill(event: Event) -> None:
        if isinstance(event, Advanced):  # at every one: the last job of a stage may be done already
            kill_workers()

    with pytest.raises(WorkError, match="một tiến trình phụ đã chết khi xử lý gói"):
        build.build_portal(project, folder, TODAY, kill, AT_ONCE)
    assert not folder.current.exists()
    assert find_staging(folder.root) == []
    there = build.build_portal(project, folder, TODAY, ignore, AT_ONCE).release
    assert there == publish(project, BuildFolder(folder.root.with_name("cold")))[0]
    assert find_damage(folder.current) == []


def test_what_goes_on_beside_the_stages_changes_no_byte(
    project: Path, folder: BuildFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_cache, "KEPT_UNUSED", 0)
    answer = "answers/datasette/opendata/units.json"
    build.build_portal(project, folder, TODAY, ignore, AT_ONCE)
    before = folder.current.resolve()
    catch_more(project)
    release = build.build_portal(project, folder, TODAY, ignore, AT_ONCE).release
    after = folder.current.resolve()
    assert is_same(after / answer, before, after), "what another process took is known"
    assert find_damage(before) == find_damage(after) == []
    assert release == publish(project, BuildFolder(folder.root.with_name("cold")))[0]


def test_a_worker_that_dies_beside_the_stages_publishes_nothing(project: Path, folder: BuildFolder) -> None:
    def kill(event: Event) -> None:
        if isinstance(event, Begun) and event.stage == "site":
            wait_until(lambda: kill_workers() > 0)

    with pytest.raises(WorkError) as raised:
        build.build_portal(project, folder, TODAY, kill, AT_ONCE)
    assert str(raised.value) in {  # pages may still be taken out of the cache then, or have been taken already
        f"một tiến trình phụ đã chết khi viết {name} (bị dừng, hoặc hết bộ nhớ); chạy lại, hoặc dùng --jobs 1 / "
        f"a worker died while it wrote {name} (stopped, or out of memory); run it again, or with --jobs 1"
        for name in ("answers", "cache")
    }
    assert not folder.current.exists()
    assert find_staging(folder.root) == []
    there = build.build_portal(project, folder, TODAY, ignore, AT_ONCE).release
    assert there == publish(project, BuildFolder(folder.root.with_name("cold")))[0]


def at(stage: str, change: Callable[[Path], object], folder: BuildFolder) -> Report:
    """Return what changes the staged release when a stage begins."""

    def report(event: Event) -> None:
        if isinstance(event, Begun) and event.stage == stage:
            (staging,) = find_staging(folder.root)
            change(folder.root / staging)

    return report


def replace_member(archive: Path) -> None:
    """Add an empty line to one member of an archive."""
    with zipfile.ZipFile(archive) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    name = next(name for name in members if name.endswith("fish.csv"))
    members[name] += b"\n"
    with zipfile.ZipFile(archive, "w") as packed:
        for each, content in members.items():
            packed.writestr(each, content)


def test_an_archive_of_all_packages_that_differs_stops_the_build(project: Path, folder: BuildFolder) -> None:
    spoil = at("pages", lambda staging: replace_member(staging / "site" / "data" / "packages.zip"), folder)
    result = build.build_portal(project, folder, TODAY, spoil, Here())
    assert not result.release
    assert [(one.code, one.file) for one in find_blockers(result.findings)] == [("form-member", "data/packages.zip")]
    assert not folder.current.exists()


def test_a_code_in_no_list_of_the_database_stops_the_build(project: Path, folder: BuildFolder) -> None:
    def lose_unit(staging: Path) -> None:
        with closing(sqlite3.connect(staging / "opendata.db")) as database, database:
            database.execute("UPDATE observations SET unit = 'fathom'")

    with pytest.raises(sqlite3.IntegrityError, match=r"^FOREIGN KEY constraint failed: observations, row 1: units$"):
        build.build_portal(project, folder, TODAY, at("distributions", lose_unit, folder), Here())
    assert not folder.current.exists()


def test_findings_are_kept_for_the_day_that_they_are_of(project: Path, tmp_path: Path) -> None:
    data = project / "datapackages"
    write_indicator(data, "squid", [{"period": "2027"}])
    shop = package_work.Workshop(Here(), BuildCache(tmp_path / "cache"), "code", ignore, tmp_path)
    packages = read_packages(data).packages

    def find(days: int) -> list[str]:
        findings = check_packages(
            packages,
            packages,
            TODAY + timedelta(days),
            (),
            lambda some, context: package_work.check_each(some, context, shop),
        )
        return [one.code for one in findings if one.package == "squid"]

    assert find(0) == find(1) == ["period-future"]
    assert find(60) == []
    assert find(61) == []
    assert find(0) == ["period-future"], "a clock that is set back takes nothing that was kept later"


def test_values_have_the_same_digest_only_if_they_are_the_same() -> None:
    package = read_packages(REPOSITORY / "datapackages" / "reference" / "units").packages[0]
    same = read_packages(REPOSITORY / "datapackages" / "reference" / "units").packages[0]
    assert digest_value((package, package)) == digest_value((package, same))
    assert digest_value(package) != digest_value(replace(package, version="9"))
    changed = json.loads(json.dumps(dict(package.descriptor))) | {"x": 1}
    assert digest_value(package) != digest_value(replace(package, descriptor=changed))
    assert digest_value({"a": 1}) != digest_value({"a": "1"})
    with pytest.raises((TypeError, AttributeError)):
        digest_value(lambda: None)

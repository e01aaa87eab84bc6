"""Releases: the same bytes have the same name, a kill at any point leaves a whole state, old ones go."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from factory import REPOSITORY, find_damage, find_staging
from portal.files.by_hash import store_files
from portal.releases.release import (
    KEPT_RELEASES,
    MANIFEST,
    BuildFolder,
    BuildLockedError,
    digest_inputs,
    list_inputs,
    publish,
    read_record,
    stage,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def fill(folder: Path, words: str) -> None:
    """Write what could be a release."""
    (folder / "site" / "data").mkdir(parents=True)
    (folder / "opendata.db").write_text(words * 100, "utf-8")
    (folder / "site" / "index.html").write_text(words, "utf-8")
    (folder / "site" / "data" / "phú quốc.csv").write_text("a\r\n1\r\n", "utf-8")


def build(folder: BuildFolder, words: str, inputs: str = "") -> str:
    """Publish a small release; return its id."""
    with stage(folder) as staging:
        fill(staging, words)
        return publish(folder, staging, inputs)


@pytest.fixture
def folder(tmp_path: Path) -> BuildFolder:
    return BuildFolder(tmp_path / "build")


# --- names and manifests ------------------------------------------------------------------------------------------


def test_the_same_bytes_have_the_same_id(folder: BuildFolder, tmp_path: Path) -> None:
    assert build(folder, "one") == build(folder, "one") == build(BuildFolder(tmp_path / "other"), "one")
    assert len(list(folder.releases.iterdir())) == 1


def test_other_bytes_have_another_id(folder: BuildFolder) -> None:
    assert build(folder, "one") != build(folder, "two")


def test_the_manifest_lists_every_file(folder: BuildFolder) -> None:
    build(folder, "one")
    files = json.loads((folder.current / "manifest.json").read_text("utf-8"))["files"]
    assert [one["path"] for one in files] == ["opendata.db", "site/data/phú quốc.csv", "site/index.html"]
    assert files[2] == {"path": "site/index.html", "bytes": 3, "sha256": hashlib.sha256(b"one").hexdigest()}
    assert find_damage(folder.current) == []


@pytest.mark.parametrize("damage", ["change", "remove", "add"])
def test_a_damaged_release_does_not_match_its_manifest(damage: str, folder: BuildFolder) -> None:
    build(folder, "one")
    page = folder.current / "site" / "index.html"
    if damage == "change":
        page.write_text("two", "utf-8")
    elif damage == "remove":
        page.unlink()
    else:
        page = page.with_name("added.html")
        page.touch()
    assert find_damage(folder.current) == [f"site/{page.name}"]


def test_the_record_tells_what_the_release_was_made_from(folder: BuildFolder) -> None:
    identifier = build(folder, "one", "digest-of-inputs")
    record = read_record(folder)
    assert (record["id"], record["inputs"]) == (identifier, "digest-of-inputs")
    assert build(folder, "one", "other-inputs") == identifier
    assert read_record(folder)["inputs"] == "other-inputs", "the same bytes may come from other inputs"


def test_a_file_has_the_same_time_as_long_as_it_has_the_same_bytes(folder: BuildFolder) -> None:
    build(folder, "one")
    old = 1_600_000_000
    for path in folder.current.rglob("*"):
        os.utime(path, (old, old))
    build(folder, "two")
    times = {path.name: path.stat().st_mtime for path in (folder.current / "site").rglob("*") if path.is_file()}
    assert times["phú quốc.csv"] == old
    assert times["index.html"] > old
    assert times["index.html"] == int(times["index.html"]), "HTTP knows whole seconds only"


def test_a_file_of_two_names_is_listed_under_both(folder: BuildFolder) -> None:
    with stage(folder) as staging:
        fill(staging, "one")
        os.link(staging / "site" / "index.html", staging / "site" / "second.html")
        publish(folder, staging, "")
    files = json.loads((folder.current / "manifest.json").read_text("utf-8"))["files"]
    digests = {one["path"]: one["sha256"] for one in files}
    assert digests["site/second.html"] == digests["site/index.html"] == hashlib.sha256(b"one").hexdigest()


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_an_unreadable_record_is_no_record(text: str, folder: BuildFolder) -> None:
    assert read_record(folder) == {}
    build(folder, "one")
    (folder.current / "release.json").write_text(text, "utf-8")
    assert read_record(folder) == {}


def test_the_link_stays_right_when_the_folder_is_moved(folder: BuildFolder, tmp_path: Path) -> None:
    build(folder, "one")
    folder.root.rename(tmp_path / "moved")
    assert (tmp_path / "moved" / "current" / "site" / "index.html").read_text("utf-8") == "one"


# --- staging, lock, pruning ---------------------------------------------------------------------------------------


def break_off(folder: BuildFolder) -> None:
    with stage(folder) as staging:
        fill(staging, "two")
        (staging / "missing").read_bytes()


def test_a_failed_build_leaves_no_trace(folder: BuildFolder) -> None:
    before = build(folder, "one")
    with pytest.raises(FileNotFoundError):
        break_off(folder)
    assert (read_record(folder)["id"], find_staging(folder.root)) == (before, [])
    assert find_damage(folder.current) == []


def test_a_second_build_is_told_to_wait(folder: BuildFolder) -> None:
    with stage(folder) as staging:
        with pytest.raises(BuildLockedError), stage(folder):
            pass
        assert staging.is_dir(), "the second build must not sweep away the first one's folder"
    with stage(folder):
        pass


def test_what_a_killed_build_left_is_swept_away(folder: BuildFolder) -> None:
    leftover = folder.root / "staging-left"
    leftover.mkdir(parents=True)
    fill(leftover, "half")
    (folder.root / ".current.new").symlink_to("nowhere")
    build(folder, "one")
    assert find_staging(folder.root) == []
    assert sorted(path.name for path in folder.root.iterdir()) == [".lock", "current", "last.json", "releases"]


def test_old_releases_go_and_the_newest_stay(folder: BuildFolder) -> None:
    identifiers = []
    for number in range(KEPT_RELEASES + 2):
        identifiers.append(build(folder, str(number)))
        for age, identifier in enumerate(reversed(identifiers)):
            with suppress(FileNotFoundError):
                os.utime(folder.releases / identifier, (1000 - age, 1000 - age))
    assert {path.name for path in folder.releases.iterdir()} == set(identifiers[-KEPT_RELEASES:])
    assert folder.current.resolve().name == identifiers[-1]


def test_downloads_outlive_their_release(folder: BuildFolder) -> None:
    names = []
    for number in range(KEPT_RELEASES + 2):
        with stage(folder) as staging:
            fill(staging, str(number))
            data = staging / "site/data"
            (data / "fish").mkdir(parents=True)
            (data / "fish/fish.csv").write_text(str(number))
            store_files({"fish/fish.csv": f"{number:064x}"}, data, folder.root)
            names.append(f"by-hash/{number:064x}/fish.csv")
            identifier = publish(folder, staging, "")
        os.utime(folder.releases / identifier, (number, number))
    assert len(list(folder.releases.iterdir())) == KEPT_RELEASES
    assert [(folder.root / name).read_text() for name in names] == ["0", "1", "2", "3", "4"]
    assert [(folder.current / "site/data" / name).read_text() for name in names] == ["0", "1", "2", "3", "4"]


def test_a_published_file_under_a_second_name_is_not_read_again(folder: BuildFolder) -> None:
    build(folder, "one")
    name = "site/data/phú quốc.csv"
    published = folder.current.resolve() / name
    known = hashlib.sha256(b"as if").digest()
    with stage(folder) as staging:
        fill(staging, "two")
        (staging / name).unlink()
        os.link(published, staging / name)
        publish(folder, staging, "", {published.stat().st_ino: known})
    listed = {one["path"]: one["sha256"] for one in json.loads((folder.current / MANIFEST).read_text())["files"]}
    assert listed.pop(name) == known.hex()
    assert listed == {path: hashlib.sha256((folder.current / path).read_bytes()).hexdigest() for path in listed}


def test_a_release_that_is_published_again_counts_as_new(folder: BuildFolder) -> None:
    identifiers = [build(folder, str(number)) for number in range(KEPT_RELEASES)]
    for age, identifier in enumerate(reversed(identifiers)):
        os.utime(folder.releases / identifier, (1000 - age, 1000 - age))
    assert build(folder, "0") == identifiers[0]
    assert folder.current.resolve().name == identifiers[0]
    build(folder, "new")
    assert identifiers[0] in {path.name for path in folder.releases.iterdir()}


# --- inputs -------------------------------------------------------------------------------------------------------


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    root = tmp_path / "inputs"
    (root / "data" / "one").mkdir(parents=True)
    (root / "data" / "one" / "data.csv").write_text("a\n1\n", "utf-8")
    (root / "metadata.yml").write_text("title: x\n", "utf-8")
    return root


def digest(root: Path) -> str:
    return digest_inputs([root / "metadata.yml", root / "data"], root)


def test_the_digest_does_not_depend_on_place_or_time(inputs: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(inputs, tmp_path / "copy")
    os.utime(copy / "metadata.yml", (0, 0))
    assert digest(copy) == digest(inputs)


def change_byte(root: Path) -> None:
    (root / "data" / "one" / "data.csv").write_text("a\n2\n", "utf-8")


def rename_file(root: Path) -> None:
    (root / "data" / "one" / "data.csv").rename(root / "data" / "one" / "dat.csv")


def rename_folder(root: Path) -> None:
    (root / "data" / "one").rename(root / "data" / "two")


def add_empty_file(root: Path) -> None:
    (root / "data" / "empty").touch()


def move_a_byte(root: Path) -> None:
    (root / "data" / "one" / "data.csv").write_text("a\n1", "utf-8")
    (root / "metadata.yml").write_text("\ntitle: x\n", "utf-8")


@pytest.mark.parametrize("change", [change_byte, rename_file, rename_folder, add_empty_file, move_a_byte])
def test_every_change_of_an_input_is_noticed(change: object, inputs: Path) -> None:
    before = digest(inputs)
    assert callable(change)
    change(inputs)
    assert digest(inputs) != before


@pytest.mark.parametrize("name", [".data.csv.swp", "__pycache__/one.pyc", ".git/index"])
def test_what_editors_and_python_leave_is_no_input(name: str, inputs: Path) -> None:
    before = digest(inputs)
    (inputs / "data" / name).parent.mkdir(exist_ok=True)
    (inputs / "data" / name).touch()
    assert digest(inputs) == before


def test_what_is_an_input(inputs: Path) -> None:
    # A link to a file is one. A link to a folder, which may have no end, a broken one and what is not there are not.
    (inputs / "data" / "two.csv").symlink_to(inputs / "data" / "one" / "data.csv")
    (inputs / "data" / "above").symlink_to(inputs)
    (inputs / "data" / "broken").symlink_to("nowhere")
    (inputs / ".hidden").mkdir()
    (inputs / ".hidden" / "x").touch()
    roots = [inputs / name for name in ("metadata.yml", "nothing", "data", ".hidden", ".hidden/x")]
    names = ["data/one/data.csv", "data/two.csv", "metadata.yml"]
    assert list(list_inputs(roots, inputs)) == [(name, str(inputs / name)) for name in names]
    assert [name for name, _ in list_inputs([inputs], inputs)] == names


# --- killed at every step -----------------------------------------------------------------------------------------

# Publishes a release, but kills itself at the n-th operation on files after the folder was staged.
KILLED_PUBLISH = """
import os, signal, sys
from pathlib import Path
from portal.releases.release import BuildFolder, publish, stage

folder, fatal = BuildFolder(Path(sys.argv[1])), int(sys.argv[2])
seen, armed = 0, False

WATCHED = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.utime", "os.listdir"}

def strike(event, arguments):
    global seen
    if armed and event in WATCHED:
        seen += 1
        if seen == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(strike)
armed = sys.argv[3] == "stage"
with stage(folder) as staging:
    (staging / "opendata.db").write_text(sys.argv[4])
    (staging / "site").mkdir()
    (staging / "site" / "index.html").write_text(sys.argv[4])
    armed = True
    publish(folder, staging, "inputs")
"""


def publish_and_die(build: Path, fatal: int, words: str, since: str = "publish") -> int:
    """Run a process that dies at its n-th step; return its status."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "scripts"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-S", "-c", KILLED_PUBLISH, str(build), str(fatal), since, words]
    return subprocess.run(command, env=environment, check=False).returncode


def name_of(folder: BuildFolder) -> str:
    return folder.current.resolve().name if folder.current.is_symlink() else ""


def steps(start: Path, words: str, workspace: Path, since: str = "publish") -> Iterator[BuildFolder]:
    """Yield a copy of the folder `start` for every step at which a build of `words` was killed."""
    for fatal in range(1, 200):
        copy = workspace / str(fatal)
        shutil.copytree(start, copy, symlinks=True)
        status = publish_and_die(copy, fatal, words, since)
        assert status in {0, -signal.SIGKILL}
        if status == 0:
            assert fatal > 8, "too few steps were seen"
            return
        yield BuildFolder(copy)
        shutil.rmtree(copy)
    pytest.fail("the build never came to its end")


def test_a_first_build_killed_at_any_step_publishes_nothing_or_all(tmp_path: Path) -> None:
    (tmp_path / "start").mkdir()
    outcomes = set()
    for folder in steps(tmp_path / "start", "first", tmp_path / "kills", "stage"):
        outcomes.add(bool(name_of(folder)))
        assert not name_of(folder) or find_damage(folder.current) == []
        assert publish_and_die(folder.root, 0, "first") == 0
        assert (find_damage(folder.current), find_staging(folder.root)) == ([], [])
    assert outcomes == {False, True}, "kills must strike before and after the switch"


def test_a_build_killed_at_any_step_leaves_the_old_state_or_the_new(tmp_path: Path) -> None:
    start = BuildFolder(tmp_path / "start")
    published = [build(start, str(number)) for number in range(KEPT_RELEASES)]
    for age, identifier in enumerate(reversed(published)):
        os.utime(start.releases / identifier, (1000 - age, 1000 - age))
    outcomes = set()
    for folder in steps(start.root, "next", tmp_path / "kills"):
        outcomes.add(name_of(folder) == published[-1])
        for release in folder.releases.iterdir():
            assert find_damage(release) == [], "half a release stands where a later build would take it for a whole one"
        assert publish_and_die(folder.root, 0, "next") == 0
        assert (find_damage(folder.current), find_staging(folder.root)) == ([], [])
        assert len(list(folder.releases.iterdir())) == KEPT_RELEASES
    assert outcomes == {False, True}, "kills must strike before and after the switch"


def test_publishing_the_same_bytes_again_survives_a_kill_at_any_step(tmp_path: Path) -> None:
    start = BuildFolder(tmp_path / "start")
    assert publish_and_die(start.root, 0, "same") == 0
    for folder in steps(start.root, "same", tmp_path / "kills"):
        assert name_of(folder) == name_of(start)
        assert find_damage(folder.current) == []
        assert read_record(folder)["id"] == name_of(start)


def test_the_lock_of_a_killed_build_is_free(folder: BuildFolder) -> None:
    folder.root.mkdir()
    assert publish_and_die(folder.root, 3, "one") == -signal.SIGKILL
    with (folder.root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

"""The build as the operator runs it: the real command, killed, without room, locked out, given nothing or nonsense."""

from __future__ import annotations

import fcntl
import json
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from factory import REPOSITORY, find_damage, find_staging, make_project, make_tiny_project
from portal.releases.inputs import INPUTS, is_current
from portal.releases.release import KEPT_RELEASES, BuildFolder, read_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

COMMAND = REPOSITORY / "scripts" / "build_portal.py"
STAGES = (
    "load", "check", "database", "distributions", "metadata", "compare files", "site", "standards", "compare pages",
    "compress", "search and graph", "answers", "publish",
)  # fmt: skip
NOTHING_CHANGED = "Không có gì thay đổi; bản công bố hiện tại vẫn đúng. / Nothing changed; the release is current.\n"
# root may write anywhere; without these capabilities it is bound by permissions as everybody is.
AS_ANYBODY = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()


@dataclass(frozen=True)
class Site:
    """A project and where it is built."""

    project: Path
    folder: BuildFolder

    def command(self, *arguments: str) -> list[str]:
        return [
            sys.executable,
            str(COMMAND),
            "--project",
            str(self.project),
            "--build",
            str(self.folder.root),
            *arguments,
        ]

    def run(
        self, *arguments: str, before: Callable[[], None] | None = None, through: Sequence[str] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run the command to its end."""
        return subprocess.run(
            [*through, *self.command(*arguments)],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            preexec_fn=before,
        )

    def change(self, words: str) -> None:
        """Change an input, so that the next build makes another release."""
        path = self.project / "datapackages" / "fish" / "datapackage.json"
        descriptor = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps({**descriptor, "title": words}, ensure_ascii=False), "utf-8")

    def state(self) -> tuple[str, list[str]]:
        """Return the published release's id, and what is wrong with it."""
        identifier = read_record(self.folder).get("id", "")
        return identifier, find_damage(self.folder.current) if identifier else []

    def copy(self, to: Path) -> Site:
        """Return the same project and release at another place."""
        shutil.copytree(self.project, to / "project")
        shutil.copytree(self.folder.root, to / "build", symlinks=True)
        return Site(to / "project", BuildFolder(to / "build"))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return a small project, built once; tests work on copies."""
    root = tmp_path_factory.mktemp("build")
    site = Site(make_tiny_project(root / "project"), BuildFolder(root / "build"))
    done = site.run()
    assert (done.returncode, done.stderr) == (0, "")
    return site


@pytest.fixture
def site(first: Site, tmp_path: Path) -> Site:
    return first.copy(tmp_path)


def could_not_build(reason: str) -> str:
    return f"Không dựng được / could not build: {reason}\n"


def refuse(site: Site, done: subprocess.CompletedProcess[str], before: tuple[str, list[str]]) -> str:
    """Assert that a build could not run, said why in one line, and touched nothing; return the line."""
    assert done.returncode == 2
    assert done.stderr.startswith("Không dựng được / could not build: ")
    assert done.stderr.count("\n") == 1
    assert site.state() == before
    assert find_staging(site.folder.root) == []
    return done.stderr


# --- a build that succeeds ----------------------------------------------------------------------------------------


def test_the_command_publishes_a_whole_release(first: Site) -> None:
    identifier, damage = first.state()
    assert damage == []
    assert first.folder.current.resolve() == first.folder.releases / identifier
    assert sorted(path.name for path in first.folder.current.iterdir()) == [
        "answers", "ckan.json", "datasette-templates", "datasette.json", "inspect.json", "manifest.json", "opendata.db",
        "release.json", "site",
    ]  # fmt: skip


def test_the_same_inputs_give_the_same_bytes(first: Site, tmp_path: Path) -> None:
    other = Site(shutil.copytree(first.project, tmp_path / "elsewhere"), BuildFolder(tmp_path / "build"))
    environment = {**os.environ, "PYTHONHASHSEED": "1", "TZ": "America/New_York", "LC_ALL": "C"}
    subprocess.run(other.command(), env=environment, capture_output=True, check=True, timeout=120)
    assert other.state() == first.state()


def test_nothing_changed_is_noticed_at_once(site: Site) -> None:
    before = (site.folder.current / "release.json").read_bytes()
    done = site.run()
    assert (done.returncode, done.stdout, done.stderr) == (0, NOTHING_CHANGED, "")
    assert (site.folder.current / "release.json").read_bytes() == before


def test_a_forced_build_of_the_same_inputs_is_the_same_release(site: Site) -> None:
    before = site.state()
    done = site.run("--force")
    assert (done.returncode, done.stderr) == (0, "")
    *lines, last = done.stdout.splitlines()
    assert re.findall(r"^  .+ / (.+?) +[\d.]+ s +\d+ MB$", "\n".join(lines), re.MULTILINE) == list(STAGES)
    assert last.startswith(f"Đã công bố / published: {before[0]} (11 gói / packages, ")
    assert site.state() == before
    assert len(list(site.folder.releases.iterdir())) == 1


@pytest.mark.parametrize(
    "path",
    [
        "datapackages/fish/fish.csv", "datapackages/fish/datapackage.json", "datapackages/units/units.csv",
        "site/about.md", "site/en/about.md", "site/theme/main.html", "site/theme/portal/dataset.html",
        "site/theme/assets/portal/portal.css", "metadata.yml", "mkdocs.yml", "mkdocs.en.yml", "requirements.lock",
        "scripts/portal/build.py",
    ],
)  # fmt: skip
def test_one_byte_of_any_input_is_noticed(path: str, first: Site, tmp_path: Path) -> None:
    project = shutil.copytree(first.project, tmp_path / "project")
    assert is_current(project, first.folder)
    file = project / path
    file.parent.mkdir(parents=True, exist_ok=True)
    raw = bytearray(file.read_bytes() if file.exists() else b"")
    if raw:
        raw[len(raw) // 2] ^= 1
    file.write_bytes(raw)
    assert not is_current(project, first.folder)


def test_every_input_exists_in_the_repository() -> None:
    assert [name for name in INPUTS if not (REPOSITORY / name).exists()] == []


@pytest.mark.parametrize("damage", ["cut", "missing", "added", "manifest"])
def test_a_forced_build_mends_a_damaged_release(damage: str, site: Site) -> None:
    before = site.state()
    page = site.folder.current.resolve() / "site" / "catalog" / "fish" / "index.html"
    if damage == "cut":
        page.write_text("<h1>", "utf-8")
    elif damage == "missing":
        page.unlink()
    elif damage == "added":
        page.with_name("stray.html").write_text("x", "utf-8")
    else:
        (site.folder.current / "manifest.json").write_text("{", "utf-8")
    assert site.state() != before

    done = site.run("--force")

    assert (done.returncode, done.stderr) == (0, "")
    assert site.state() == before


def test_damage_to_a_release_does_not_live_on_in_the_next(site: Site) -> None:
    site.change("Một")
    assert site.run().returncode == 0  # which now knows what it put there
    file = site.folder.current.resolve() / "site/data/units/units.csv"
    content, status = file.read_bytes(), file.stat()
    file.write_bytes(content.replace(b"tonne", b"tenno", 1))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    site.change("Hai")
    assert site.run().returncode == 0
    assert (site.folder.current / "site/data/units/units.csv").read_bytes() == content
    assert find_damage(site.folder.current) == []
    assert file.read_bytes() != content


def go_back(site: Site, release: str) -> None:
    """Point `current` at an older release, as the guide for operators says."""
    link = site.folder.root / "rollback"
    link.symlink_to(f"releases/{release}")
    link.replace(site.folder.current)


def test_a_withdrawn_release_is_not_published_again_until_something_changes(site: Site) -> None:
    old, _ = site.state()
    site.change("Sai")
    assert site.run().returncode == 0
    wrong, _ = site.state()
    go_back(site, old)

    done = site.run()

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Đã quay về bản {old}, và dữ liệu chưa đổi từ bản bị rút: không dựng lại.")
    assert site.state() == (old, [])

    site.change("Đúng")
    assert site.run().returncode == 0
    assert site.state()[0] not in {old, wrong}


def test_a_withdrawn_release_can_be_forced_and_the_old_data_be_put_back(site: Site) -> None:
    old, _ = site.state()
    path = site.project / "datapackages" / "fish" / "datapackage.json"
    good = path.read_bytes()
    site.change("Mới")
    assert site.run().returncode == 0
    new, _ = site.state()
    go_back(site, old)

    assert site.run("--force").returncode == 0
    assert site.state() == (new, [])

    path.write_bytes(good)
    assert site.run().returncode == 0
    assert site.state() == (old, [])
    assert site.run().stdout == NOTHING_CHANGED


def test_a_changed_input_is_published_and_the_old_release_kept(site: Site) -> None:
    before, _ = site.state()
    site.change("Tên mới")
    assert site.run().returncode == 0
    after, damage = site.state()
    assert (after != before, damage) == (True, [])
    assert {path.name for path in site.folder.releases.iterdir()} == {before, after}
    assert KEPT_RELEASES >= 2


# --- killed -------------------------------------------------------------------------------------------------------

# The stage after whose end the build is killed, and how much later; "" is the start of the process.
MOMENTS = (
    ("", 0.05), ("check", 0), ("distributions", 0), ("metadata", 0.05), ("metadata", 0.2), ("metadata", 0.4),
    ("site", 0), ("standards", 0), ("publish", 0),
)  # fmt: skip


def kill_after(site: Site, stage: str, seconds: float) -> int:
    """Start a build and kill it; return its status."""
    with subprocess.Popen(site.command(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        while stage and f"/ {stage} " not in process.stdout.readline():
            pass
        time.sleep(seconds)
        process.kill()
        return process.wait()


def test_a_build_killed_at_any_moment_leaves_a_whole_release(site: Site) -> None:
    published = site.state()
    leftovers = 0
    for number, (stage, seconds) in enumerate(MOMENTS):
        site.change(f"Lần {number}")
        status = kill_after(site, stage, seconds)
        assert status in {0, -signal.SIGKILL}
        now = site.state()
        assert now[0], (stage, seconds)
        assert now[1] == [], (stage, seconds)
        if stage in STAGES[: STAGES.index("metadata")] or not stage:
            assert now == published, (stage, seconds)
        published = now
        leftovers += len(find_staging(site.folder.root))
        assert len(find_staging(site.folder.root)) <= 1, "each build sweeps away what the one before left"
    assert leftovers, "no kill struck while a release was staged"
    site.change("Sau cùng")
    assert site.run().returncode == 0
    assert site.state()[0] != published[0]
    assert (site.state()[1], find_staging(site.folder.root)) == ([], [])


def test_a_first_build_killed_publishes_nothing(first: Site, tmp_path: Path) -> None:
    site = Site(first.project, BuildFolder(tmp_path / "build"))
    assert kill_after(site, "metadata", 0.1) == -signal.SIGKILL
    assert not site.folder.current.is_symlink()
    assert find_staging(site.folder.root) != []
    assert site.run().returncode == 0
    assert (site.state(), find_staging(site.folder.root)) == (first.state(), [])


# --- two at once --------------------------------------------------------------------------------------------------


def test_a_build_beside_another_says_so(site: Site) -> None:
    site.change("Tên mới")
    before = site.state()
    with (site.folder.root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = site.run()
    assert refuse(site, done, before) == could_not_build(
        "một lần dựng khác đang chạy; đợi rồi thử lại / another build is running; try again later"
    )


def test_two_builds_at_once_publish_one_whole_release(site: Site) -> None:
    site.change("Tên mới")
    before = site.state()
    pair = [
        subprocess.Popen(site.command("--force"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    ends = [(process.communicate(timeout=120)[1], process.returncode) for process in pair]
    assert sorted(status for _, status in ends) in ([0, 0], [0, 2])
    assert all("another build is running" in said for said, status in ends if status)
    identifier, damage = site.state()
    assert (identifier != before[0], damage, find_staging(site.folder.root)) == (True, [], [])


# --- no room, no permission ---------------------------------------------------------------------------------------


def limit_files(size: int) -> Callable[[], None]:
    """Return what makes every file of a process at most `size` bytes long."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_no_room_for_the_database(site: Site) -> None:
    site.change("Tên mới")
    before = site.state()
    line = refuse(site, site.run(before=limit_files(8192)), before)
    assert line.startswith(could_not_build(f"không ghi được vào {site.folder.root} / cannot write there: ")[:-1])


def test_no_room_for_the_site(site: Site) -> None:
    database = (site.folder.current / "opendata.db").stat().st_size
    (site.project / "site" / "large.bin").write_bytes(bytes(2 * database))
    before = site.state()
    line = refuse(site, site.run(before=limit_files(int(1.5 * database))), before)
    reason = f"không ghi được vào {site.folder.root} / cannot write there: [Errno 27] File too large"
    assert line.startswith(could_not_build(reason)[:-1])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a disk of 24 MB of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(disk)], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk; the limits above are tested for all")
def test_a_full_disk_leaves_the_release_as_it_was(small_disk: Path, first: Site) -> None:
    site = first.copy(small_disk)
    before = site.state()
    site.change("Tên mới")
    for room in (0, 300_000):
        filler = small_disk / "filler"
        usage = shutil.disk_usage(small_disk)
        filler.write_bytes(bytes(max(0, usage.free - room)))
        line = refuse(site, site.run(), before)
        assert "cannot write there" in line, room
        filler.unlink()
    done = site.run()
    assert (done.returncode, done.stderr) == (0, "")
    assert site.state()[0] != before[0]


def test_a_file_where_the_folder_should_be(first: Site, tmp_path: Path) -> None:
    (tmp_path / "build").write_text("mine", "utf-8")
    for root, reason in (
        (tmp_path / "build", "[Errno 17] File exists"),
        (tmp_path / "build" / "x", "[Errno 20] Not a"),
    ):
        site = Site(first.project, BuildFolder(root))
        done = site.run()
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert done.stderr.startswith(could_not_build(f"không ghi được vào {root} / cannot write there: {reason}")[:-1])
    assert (tmp_path / "build").read_text("utf-8") == "mine"


@pytest.mark.parametrize("closed", ["", "releases"])
def test_no_permission_to_write(closed: str, site: Site) -> None:
    site.change("Tên mới")
    before = site.state()
    folder = site.folder.root / closed
    (site.folder.root / ".lock").unlink()
    folder.chmod(0o555)
    try:
        done = site.run(through=AS_ANYBODY)
    finally:
        folder.chmod(0o755)
    assert "cannot write there: [Errno 13] Permission denied: " in refuse(site, done, before)


# --- nothing to build, nonsense to build --------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["datapackages", None])
def test_an_empty_catalogue_is_a_site_that_says_so(folder: str | None, tmp_path: Path) -> None:
    site = Site(make_project(tmp_path / "project"), BuildFolder(tmp_path / "build"))
    if folder is None:
        (site.project / "datapackages").rmdir()
    done = site.run()
    assert (done.returncode, done.stderr) == (0, "")
    pages = site.folder.current / "site"
    for path in ("index.html", "catalog/index.html"):
        assert "Chưa có bộ dữ liệu nào." in (pages / path).read_text("utf-8")
        assert "There is no dataset yet." in (pages / "en" / path).read_text("utf-8")
    with closing(sqlite3.connect(site.folder.current / "opendata.db")) as connection:
        counted = connection.execute("SELECT (SELECT count(*) FROM datasets), (SELECT count(*) FROM observations)")
        assert counted.fetchone() == (0, 0)
    assert json.loads((pages / "data" / "catalog.json").read_text("utf-8"))["datasets"] == []
    assert json.loads((pages / "data" / "latest.json").read_text("utf-8")) == []
    assert site.state()[1] == []


def test_a_blocker_in_one_package_publishes_nothing(site: Site) -> None:
    before = site.state()
    path = site.project / "datapackages" / "fish" / "fish.csv"
    path.write_text(path.read_text("utf-8").replace("tonne", "fathom"), "utf-8")
    done = site.run()
    assert done.returncode == 1
    assert done.stderr.startswith("fish/fish.csv:2:6: blocker unknown-code\n  ")
    assert done.stderr.endswith("\nCó lỗi chặn: không công bố gì. / Blockers found: nothing was published.\n")
    assert site.state() == before
    assert find_staging(site.folder.root) == []


def test_a_first_build_with_a_blocker_makes_no_release(first: Site, tmp_path: Path) -> None:
    project = shutil.copytree(first.project, tmp_path / "project")
    (project / "datapackages" / "fish" / "datapackage.json").write_text("{", "utf-8")
    site = Site(project, BuildFolder(tmp_path / "build"))
    done = site.run()
    assert done.returncode == 1
    assert "fish/datapackage.json:1:2: blocker json-syntax" in done.stderr
    assert not site.folder.current.exists()


def test_a_published_state_survives_nonsense_around_the_data(site: Site) -> None:
    before = site.state()
    about = site.project / "site" / "about.md"
    about.write_text("# Giới thiệu\n\n[đâu](nowhere.md)\n", "utf-8")
    assert "contains a link 'nowhere.md'" in refuse(site, site.run(), before)
    about.write_text("# Giới thiệu\n", "utf-8")
    settings = site.project / "metadata.yml"
    text = settings.read_text("utf-8")
    settings.write_text("a: [\nb: }\n", "utf-8")
    assert "không phải YAML / not YAML: while parsing a flow node" in refuse(site, site.run(), before)
    settings.write_text(text.replace("\ntitle:", "\nname:"), "utf-8")
    assert refuse(site, site.run(), before) == could_not_build(f"{settings}: thiếu / lacks 'title'")
    settings.unlink()
    assert refuse(site, site.run(), before) == could_not_build(f"{settings}: No such file or directory")

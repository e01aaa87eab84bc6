"""Replicas behind nginx while something happens to them: a crash, a restart, a new release. No request is lost."""

from __future__ import annotations

import itertools
import shutil
import signal
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import TYPE_CHECKING

import pytest

from front import Answer, Front, Replica, ask, copy_build, copy_release, publish, run_front, run_replicas, wait_until
from portal.api.answer_files import write_answers
from portal.api.api_metadata import ANSWERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest_plugins = ("deployed",)

TABLE = "/datasette/opendata/fish.json"
READY, LEFT_OUT = "/datasette/opendata/units.json", "/datasette/opendata/search.json"
NEXT = "feedfacecafebeef"
WORKERS = 4
LOOK_SECONDS = 1.1  # nginx looks once a second for another release
MOMENT_SECONDS = 2.0  # and keeps an answer for a second that has begun and another
MOST_REQUESTS = 20_000  # of one test, whatever happens
ENOUGH = 100  # answers before and after what happens


@dataclass
class Load:
    """Visitors who ask for pages and for answers that no cache has; everything that they got."""

    front: Front
    answers: Counter[tuple[int, str]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(MOST_REQUESTS)))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _end: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Ask until told to stop, each time from another address, so that no limit is met."""
        for number in self._numbers:
            if self._end.is_set():
                return
            # Few rows: an answer that the kernel of a killed replica has whole arrives; a part of one cannot be mended.
            path = f"{TABLE}?_size={number % 20 + 1}&value__lt={1000 + number}" if number % 4 else "/catalog/fish/"
            client = f"127.0.{100 + number // 250 % 20}.{number % 250 + 1}"
            try:
                self._note(path, self.front.ask(path, client=client))
            except (OSError, HTTPException) as error:
                self.failures.append(f"{path}: {error!r}")

    def _note(self, path: str, answer: Answer) -> None:
        if answer.status != 200:
            self.failures.append(f"{path}: {answer.status} {answer.body[:200]!r}")
        elif path.startswith(TABLE) and "rows" not in answer.json():
            self.failures.append(f"{path}: {answer.body[:200]!r}")
        with self._lock:
            self.answers[answer.status, answer.get("X-Release")] += 1

    def wait_for_more(self) -> None:
        """Wait until visitors got a good number of further answers."""
        goal = self.answers.total() + ENOUGH
        wait_until(lambda: self.answers.total() >= goal or bool(self.failures))

    def stop(self) -> None:
        self._end.set()


@contextmanager
def load(front: Front) -> Iterator[Load]:
    """Keep visitors asking."""
    visitors = Load(front)
    threads = [threading.Thread(target=visitors.run) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    try:
        visitors.wait_for_more()
        yield visitors
        visitors.wait_for_more()
    finally:
        visitors.stop()
        for thread in threads:
            thread.join()


@dataclass
class Stage:
    """A build folder with two releases, the first published, two replicas and nginx."""

    build: Path
    first: str
    replicas: list[Replica]
    front: Front
    switched: float = 0.0  # when it last switched to another release

    def publish(self, release_id: str) -> None:
        """Switch to a release, as the build does."""
        if (self.build / "current").resolve().name != release_id:
            publish(self.build, release_id)
            self.switched = time.monotonic()

    def wait_for_nginx(self) -> None:
        """Wait until every worker of nginx has looked which release is published."""
        self._wait_since_switch(LOOK_SECONDS)

    def wait_for_moments(self) -> None:
        """Wait until no answer is used any more that was kept for a moment before."""
        self._wait_since_switch(LOOK_SECONDS + MOMENT_SECONDS)

    def _wait_since_switch(self, seconds: float) -> None:
        time.sleep(max(0.0, self.switched + seconds - time.monotonic()))


@pytest.fixture(scope="module")
def running(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    build = copy_build(release, folder / "build")
    copy_release(build, release, NEXT, change_release)
    with (
        run_replicas(build, 2) as replicas,
        run_front(folder / "nginx", build / "current/site", [one.port for one in replicas]) as front,
    ):
        yield Stage(build, release.name, replicas, front)


@pytest.fixture
def stage(running: Stage) -> Stage:
    """Return the stage as every test wants to find it: the first release, both replicas alive."""
    running.publish(running.first)
    for replica in running.replicas:
        if replica.process.poll() is not None:
            replica.restart()
    wait_until(lambda: all_follow(running, running.first))
    running.wait_for_nginx()
    return running


def change_release(folder: Path) -> None:
    """Make the next release: another figure, another page."""
    with closing(sqlite3.connect(folder / "opendata.db")) as database, database:
        database.execute("UPDATE fish SET value = 4711")
        database.execute("UPDATE units SET name_en = ?", (NEXT,))
    shutil.rmtree(folder / ANSWERS)
    write_answers(folder)
    (folder / ANSWERS / LEFT_OUT.removeprefix("/")).unlink()
    page = folder / "site/catalog/fish/index.html"
    page.write_text(page.read_text("utf-8").replace("<main", f"<!-- {NEXT} --><main", 1), "utf-8")


def find_values(answer: Answer) -> set[float]:
    return {row["value"] for row in answer.json()}


def test_an_answer_is_made_once_for_each_release(stage: Stage) -> None:
    address = f"{TABLE}?_shape=array&_size=3"
    rarely = [stage.front.ask(f"{address}&_sort=value") for _ in range(4)]
    assert [one.get("X-Cache") for one in rarely] == ["MISS", "HIT", "HIT", "HIT"]
    first, again = stage.front.ask(address), stage.front.ask(address)
    assert (first.get("X-Cache"), again.get("X-Cache")) == ("MISS", "HIT")
    assert first.body == again.body
    assert stage.front.ask(address, "HEAD").get("X-Cache") == "HIT"
    assert stage.front.ask(f"{address}&value__gt=1").get("X-Cache") == "MISS"
    for header in ("ETag", "Content-Type", "Cache-Control"):
        assert first.get(header) == again.get(header)
    known = stage.front.ask(address, If_None_Match=again.get("ETag"))
    assert (known.status, known.body) == (304, b"")

    stage.publish(NEXT)
    seen: list[Answer] = []

    def follows() -> bool:
        seen.append(stage.front.ask(address, client=f"127.0.80.{len(seen) % 250 + 1}"))
        return (seen[-1].get("X-Cache"), seen[-1].get("X-Release")) == ("HIT", NEXT)

    wait_until(follows)
    stage.wait_for_moments()
    assert stage.front.ask(f"{address}&_sort=value").get("X-Release") == NEXT, "kept beyond its moment"
    late = [stage.front.ask(address) for _ in range(10)]
    assert {(answer.get("X-Cache"), answer.get("X-Release")) for answer in late} == {("HIT", NEXT)}
    for answer in [*seen, *late]:  # whatever was said of the old release, it said of itself
        assert (answer.get("X-Release") == NEXT) == (find_values(answer) == {4711})
        assert answer.get("X-Release-Stamp") == ""  # between replicas and nginx

    stage.publish(stage.first)
    wait_until(lambda: stage.front.ask(address).body == first.body)


def test_pages_follow_the_release(stage: Stage) -> None:
    path = "/catalog/fish/"
    for _ in range(3):  # nginx keeps the file open
        assert NEXT.encode() not in stage.front.ask(path).body
    stage.publish(NEXT)
    wait_until(lambda: NEXT.encode() in stage.front.ask(path).body)
    stage.publish(stage.first)
    wait_until(lambda: NEXT.encode() not in stage.front.ask(path).body)


def test_an_address_by_content_outlives_its_release(stage: Stage) -> None:
    stored = stage.build / "by-hash" / ("0a" * 32) / "fish.csv"  # as a file of a release that is gone
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"fish\n1\n")
    try:
        address = f"/data/by-hash/{stored.parent.name}/fish.csv"
        for answer in (stage.front.ask(address), ask(stage.replicas[0].port, address)):
            assert (answer.status, answer.body) == (200, stored.read_bytes())
            assert "immutable" in answer.get("Cache-Control")
            assert answer.get("Content-Disposition") == 'attachment; filename="fish.csv"'
    finally:
        shutil.rmtree(stored.parent)


def test_what_lies_ready_follows_the_release(stage: Stage) -> None:
    def asks(known: Answer) -> Answer:
        return stage.front.ask(READY, If_None_Match=known.get("ETag"))

    first = stage.front.ask(READY)
    assert NEXT.encode() not in first.body
    assert asks(first).status == 304
    assert stage.front.ask(LEFT_OUT).get("X-Cache") == ""
    stage.publish(NEXT)
    stage.wait_for_nginx()
    later = asks(first)
    assert (later.status, later.get("X-Cache")) == (200, "")
    assert NEXT.encode() in later.body
    assert stage.front.ask(LEFT_OUT).get("X-Cache"), "what a release has no file of, a replica answers"
    stage.publish(stage.first)
    stage.wait_for_nginx()
    back = asks(later)
    assert (back.status, back.body) == (200, first.body)


def test_many_who_ask_at_once_cost_one_answer(stage: Stage) -> None:
    address = f"{TABLE}?_size=400"
    statuses: list[str] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(stage.front.ask(address).get("X-Cache"))) for _ in "x" * 20
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(statuses) == {"MISS": 1, "HIT": 19}


def test_a_replica_that_is_killed_takes_no_request_with_it(stage: Stage) -> None:
    with load(stage.front) as visitors:
        stage.replicas[0].kill()
        visitors.wait_for_more()
        stage.replicas[0].restart()
        visitors.wait_for_more()
        stage.replicas[1].kill()
    assert visitors.failures == []


def test_replicas_can_be_restarted_one_after_the_other(stage: Stage) -> None:
    with load(stage.front) as visitors:
        for replica in stage.replicas:
            replica.process.send_signal(signal.SIGTERM)
            assert replica.process.wait(10) == 0
            replica.restart()
            visitors.wait_for_more()
    assert visitors.failures == []


def test_a_new_release_under_load_costs_no_request(stage: Stage) -> None:
    with load(stage.front) as visitors:
        for release_id in itertools.islice(itertools.cycle((NEXT, stage.first)), 3):
            stage.publish(release_id)
            wait_until(lambda: all_follow(stage, release_id))  # noqa: B023 - waited for here
            stage.wait_for_nginx()
            visitors.wait_for_more()
    assert visitors.failures == []
    assert {release for _, release in visitors.answers if release} == {stage.first, NEXT}


def all_follow(stage: Stage, release_id: str) -> bool:
    """Tell whether every replica serves a release."""
    return {ask(one.port, "/health").json()["release"] for one in stage.replicas} == {release_id}


def test_a_reload_of_nginx_costs_no_request(stage: Stage) -> None:
    with load(stage.front) as visitors:
        stage.front.reload()
    assert visitors.failures == []

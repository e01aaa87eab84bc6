"""Schedulers: the same results in the same order wherever work runs, and words for whatever goes wrong there."""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from factory import PATIENCE, REPOSITORY
from portal.work.scheduler import Done, Here, Processes, Scheduler, WorkError, choose_scheduler, count_cores

if TYPE_CHECKING:
    from portal.work.scheduler import Step


@dataclass(frozen=True)
class Sum:
    """A job that adds its number to what all jobs share."""

    name: str
    number: int


JOBS = [Sum(f"package_{number}", number) for number in range(12)]


def add(job: Sum, shared: int) -> tuple[int, int]:
    return job.number + shared, os.getpid()


def add_slowly(job: Sum, shared: float) -> int:
    time.sleep(shared)
    return job.number


def add_after_a_while(job: Sum, shared: float) -> tuple[int, int]:
    time.sleep(shared)
    return add(job, 0)


def fail(job: Sum, _shared: object) -> int:
    if job.number == 3:
        raise LookupError("no such row")
    return job.number


def fill_the_disk(job: Sum, _shared: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), f"/data/{job.name}")


def fill_the_disk_of_sqlite(_job: Sum, _shared: object) -> int:
    raise sqlite3.OperationalError("database or disk is full")


def die(job: Sum, _shared: object) -> int:
    if job.number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return job.number


def list_values(done: list[Done[tuple[int, int]]]) -> list[tuple[str, int]]:
    return [(one.name, one.result[0]) for one in done]


AT_ONCE = Processes(2, start_seconds=0)


def test_work_is_the_same_wherever_it_runs_and_comes_in_order() -> None:
    here, there = list(Here().run(add, JOBS, 100)), list(AT_ONCE.run(add, JOBS, 100))
    assert list_values(here) == list_values(there) == [(f"package_{number}", 100 + number) for number in range(12)]
    assert {one.result[1] for one in here} == {os.getpid()}
    assert os.getpid() not in {one.result[1] for one in there}
    assert all(one.seconds >= 0 for one in there)


def test_little_work_starts_no_process() -> None:
    assert {one.result[1] for one in Processes(2).run(add, JOBS, 0)} == {os.getpid()}
    assert {one.result[1] for one in Processes(1, start_seconds=0).run(add, JOBS, 0)} == {os.getpid()}
    assert list(Processes(2).run(add, [], 0)) == []


def test_much_work_starts_them() -> None:
    done = list(Processes(2, start_seconds=0.1).run(add_after_a_while, JOBS, 0.2))
    assert [one.result[0] for one in done] == list(range(12))
    assert done[0].result[1] == os.getpid(), "work begins here"
    assert os.getpid() not in {one.result[1] for one in done[1:]}, "and goes on there"


def begin(scheduler: Scheduler, step: Step[Any], job: Sum, shared: Any, seconds: float = 9) -> Done[Any]:
    """Begin a job, and wait for its end."""
    with scheduler.begin(step, job, shared, seconds) as wait:
        return wait()


def test_a_job_beside_others_is_done_elsewhere_if_it_is_long() -> None:
    for scheduler, seconds, here in (
        (Here(), 9, True),
        (Processes(2, start_seconds=1), 0.5, True),
        (Processes(1, start_seconds=1), 9, True),
        (Processes(2, start_seconds=1), 9, False),
    ):
        done = begin(scheduler, add, JOBS[4], 100, seconds)
        assert (done.name, done.result[0]) == ("package_4", 104)
        assert (done.result[1] == os.getpid()) is here


def test_a_job_that_nobody_waits_for_is_stopped() -> None:
    before, start = {*psutil.Process().children(recursive=True)}, time.monotonic()
    with AT_ONCE.begin(add_slowly, JOBS[0], PATIENCE, seconds=9):
        pass
    assert time.monotonic() - start < PATIENCE
    left = {*psutil.Process().children(recursive=True)} - before
    assert not [one for one in left if one.ppid() != os.getpid() and "forkserver" in " ".join(one.cmdline())]


@pytest.mark.parametrize("scheduler", [Here(), AT_ONCE])
def test_what_goes_wrong_beside_other_work_is_said_as_well(scheduler: Scheduler) -> None:
    with pytest.raises(WorkError, match=r"^package_3: LookupError: no such row; đây là lỗi của chương trình"):
        begin(scheduler, fail, JOBS[3], None)
    with pytest.raises(OSError, match="/data/package_3") as raised:
        begin(scheduler, fill_the_disk, JOBS[3], None)
    assert raised.value.errno == errno.ENOSPC
    with pytest.raises(sqlite3.OperationalError, match="database or disk is full"):
        begin(scheduler, fill_the_disk_of_sqlite, JOBS[3], None)


def test_a_process_beside_others_that_dies_is_named_by_its_work() -> None:
    with pytest.raises(WorkError) as raised:
        begin(AT_ONCE, die, JOBS[3], None)
    assert str(raised.value) == (
        "một tiến trình phụ đã chết khi viết package_3 (bị dừng, hoặc hết bộ nhớ); chạy lại, hoặc dùng --jobs 1 / "
        "a worker died while it wrote package_3 (stopped, or out of memory); run it again, or with --jobs 1"
    )
    assert begin(AT_ONCE, add_slowly, JOBS[3], 0).result == 3, "the next one is right"


def test_every_core_works_unless_told_otherwise() -> None:
    assert Processes().workers == count_cores()
    with choose_scheduler(3, None) as chosen:
        assert isinstance(chosen, Processes)
        assert chosen.workers == 3


@pytest.mark.parametrize("scheduler", [Here(), AT_ONCE])
def test_a_fault_of_the_program_names_the_package(scheduler: Scheduler) -> None:
    with pytest.raises(WorkError) as raised:
        list(scheduler.run(fail, JOBS, None))
    assert str(raised.value) == (
        "package_3: LookupError: no such row; đây là lỗi của chương trình, hãy báo lại / "
        "a fault of the program, please report it"
    )


@pytest.mark.parametrize("scheduler", [Here(), AT_ONCE])
def test_a_full_disk_is_what_it_is(scheduler: Scheduler) -> None:
    with pytest.raises(OSError, match="/data/package_") as raised:
        list(scheduler.run(fill_the_disk, JOBS, None))
    assert raised.value.errno == errno.ENOSPC


@pytest.mark.parametrize("scheduler", [Here(), AT_ONCE])
def test_so_is_one_that_sqlite_finds(scheduler: Scheduler) -> None:
    with pytest.raises(sqlite3.OperationalError, match="database or disk is full"):
        list(scheduler.run(fill_the_disk_of_sqlite, JOBS, None))


def test_a_worker_that_dies_is_named_by_its_work() -> None:
    with pytest.raises(WorkError) as raised:
        list(AT_ONCE.run(die, JOBS, None))
    message = str(raised.value)
    assert "package_3" in message
    assert message.startswith("một tiến trình phụ đã chết khi xử lý gói package_")
    assert message.endswith(
        "(stopped, or out of memory); run it again, or with --jobs 1",
    )
    assert [one.result for one in AT_ONCE.run(add_slowly, JOBS, 0)] == list(range(12)), "the next run is right"


def test_workers_leave_with_a_build_that_is_killed() -> None:
    program = (
        "from test_scheduler import AT_ONCE, JOBS, add_slowly\n"
        "with AT_ONCE.begin(add_slowly, JOBS[0], 600, seconds=9):\n"
        "    for done in AT_ONCE.run(add_slowly, JOBS, 1): print(done.name, flush=True)"
    )
    paths = os.pathsep.join(str(REPOSITORY / name) for name in ("scripts", "tests"))
    with subprocess.Popen(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.PIPE, text=True
    ) as build:
        assert build.stdout is not None
        assert [build.stdout.readline().strip() for _ in range(2)] == ["package_0", "package_1"]
        family = psutil.Process(build.pid).children(recursive=True)
        assert len(family) >= 4, "workers, one beside them, and the process that they were forked from"
        build.kill()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []

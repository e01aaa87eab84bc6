"""A Dask cluster: real scheduler, real workers, one of them killed, and the same bytes in the end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from factory import PATIENCE, REPOSITORY, TODAY, find_damage, make_tiny_project
from portal import build
from portal.releases.release import BuildFolder
from portal.work import cluster
from portal.work.build_event import Advanced
from portal.work.cluster import Cluster, connect
from portal.work.scheduler import Here, WorkError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from portal.work.build_event import Event


@dataclass
class Machines:
    """A running scheduler and its workers."""

    address: str
    workers: list[subprocess.Popen[str]]


def start(stack: ExitStack, *arguments: str) -> subprocess.Popen[str]:
    """Start one of Dask's programs, which ends with the test."""
    paths = os.pathsep.join(str(REPOSITORY / name) for name in ("scripts", "tests"))
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        env={**os.environ, "PYTHONPATH": paths, "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "10s"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    stack.enter_context(process)
    stack.callback(process.kill)
    return process


def read_address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if "Scheduler at:" in line:
            return line.split("Scheduler at:")[1].strip()
    raise AssertionError("the scheduler ended")


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    with ExitStack() as stack:
        scheduler = start(
            stack, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"
        )
        address = read_address(scheduler)
        yield Machines(address, [start_worker(stack, address) for _ in range(2)])


def start_worker(stack: ExitStack, address: str) -> subprocess.Popen[str]:
    return start(
        stack, "distributed.cli.dask_worker", address, "--no-nanny", "--nthreads", "1", "--no-dashboard",
        "--host", "127.0.0.1",
    )  # fmt: skip


def wait_for_workers(one: Cluster, count: int) -> None:
    end = time.monotonic() + PATIENCE
    while len(one.list_workers()) != count:
        assert time.monotonic() < end, f"{one.list_workers()} are not {count}"
        time.sleep(0.1)


def test_a_worker_killed_in_the_middle_changes_no_byte(machines: Machines, tmp_path: Path) -> None:
    project = make_tiny_project(tmp_path / "project")
    there, here = BuildFolder(tmp_path / "there"), BuildFolder(tmp_path / "here")

    def kill(event: Event) -> None:
        if isinstance(event, Advanced) and event.stage == "check":
            machines.workers[0].kill()

    with connect(machines.address) as many:
        wait_for_workers(many, 2)
        release = build.build_portal(project, there, TODAY, kill, many).release
        assert machines.workers[0].wait(PATIENCE) < 0
        wait_for_workers(many, 1)
    assert release == build.build_portal(project, here, TODAY, lambda _event: None, Here()).release
    assert find_damage(there.current) == []
    assert (there.current / "manifest.json").read_bytes() == (here.current / "manifest.json").read_bytes()


def test_a_worker_with_other_code_is_refused(
    machines: Machines, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project = make_tiny_project(tmp_path / "project")
    monkeypatch.setattr(cluster, "digest_program", lambda: "newer")
    with (
        connect(machines.address) as many,
        pytest.raises(WorkError, match=r"restart `dask worker` at tcp://127\.0\.0\.1"),
    ):
        build.build_portal(project, BuildFolder(tmp_path / "build"), TODAY, lambda _event: None, many)
    assert not (tmp_path / "build" / "current").exists()


def test_a_cluster_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PATIENCE_SECONDS", 1)
    with pytest.raises(WorkError) as raised, connect("tcp://127.0.0.1:9"):
        pass
    assert str(raised.value).startswith("không nối được với bộ điều phối Dask tại tcp://127.0.0.1:9 (")
    assert str(raised.value).endswith("check `dask scheduler` and the address")


def test_a_cluster_without_workers_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cluster, "PATIENCE_SECONDS", 2)
    with ExitStack() as stack:
        scheduler = start(
            stack, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"
        )
        address = read_address(scheduler)
        project = make_tiny_project(tmp_path / "project")
        with connect(address) as many, pytest.raises(WorkError) as raised:
            build.build_portal(project, BuildFolder(tmp_path / "build"), TODAY, lambda _event: None, many)
    assert str(raised.value).endswith(f"the cluster {address} has no worker; run `dask worker {address}`")


def test_the_optional_library_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(WorkError) as raised, connect("tcp://127.0.0.1:8786"):
        pass
    assert str(raised.value) == (
        "--scheduler cần thư viện `distributed`, hãy cài: python -m pip install distributed / "
        "--scheduler needs the library `distributed`, install it: python -m pip install distributed"
    )

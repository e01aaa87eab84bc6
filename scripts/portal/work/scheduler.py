"""Schedulers: where the work on single packages runs: here, on all cores of this machine, or on a cluster (`cluster`).

A step is a function at the top of a module, `step(job, shared)`, whose result depends on its arguments and on the
files that they name alone. So it does not matter where it runs, how often, or in which order. Results come in the order
of the jobs.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext

Result_co = TypeVar("Result_co", covariant=True)
Result = TypeVar("Result")
Step = Callable[[Any, Any], Result]

# A process costs about this many seconds before it is of any use: it loads the libraries.
START_SECONDS = 1.5
# Loaded once, in the process from which the others are forked.
_LIBRARIES = ["frictionless.formats", "jsonschema", "pyarrow.parquet", "xlsxwriter"]
_DIED = (
    "một tiến trình phụ đã chết khi xử lý gói {packages} (bị dừng, hoặc hết bộ nhớ); chạy lại, hoặc dùng --jobs 1 / "
    "a worker died while it worked on package {packages} (stopped, or out of memory); run it again, or with --jobs 1"
)
_DIED_BESIDE = (
    "một tiến trình phụ đã chết khi viết {name} (bị dừng, hoặc hết bộ nhớ); chạy lại, hoặc dùng --jobs 1 / "
    "a worker died while it wrote {name} (stopped, or out of memory); run it again, or with --jobs 1"
)
_FAILED = "{name}: {error}; đây là lỗi của chương trình, hãy báo lại / a fault of the program, please report it"


class Job(Protocol):
    """What a step works on; messages call it by its name, that of a package."""

    @property
    def name(self) -> str:
        """Return the name."""


class WorkError(Exception):
    """Work that could not be done; the message says on what, why, and what helps, in both languages."""


@dataclass(frozen=True, slots=True)
class Done(Generic[Result_co]):
    """What became of one job: its result, and the seconds that it took where it ran."""

    name: str
    result: Result_co
    seconds: float


class Scheduler(Protocol):
    """Runs a step for every job."""

    def run(self, step: Step[Result], jobs: Sequence[Job], shared: Any) -> Iterator[Done[Result]]:
        """Yield what became of each job, in order.

        Raises OSError or sqlite3.Error where a disk fails, and WorkError where anything else does.
        """

    def begin(
        self, step: Step[Result], job: Job, shared: Any, seconds: float
    ) -> AbstractContextManager[Callable[[], Done[Result]]]:
        """Begin a job that takes about so many seconds; give what waits for its end, and raises what `run` does.

        It goes on beside other work where that is worth the start of a process. Who leaves before its end stops it.
        """


class Here:
    """Runs every job in this process."""

    def run(self, step: Step[Result], jobs: Sequence[Job], shared: Any) -> Iterator[Done[Result]]:
        """Yield what became of each job, in order."""
        return (work(step, job, shared) for job in jobs)

    @contextmanager
    def begin(
        self, step: Step[Result], job: Job, shared: Any, seconds: float = 0
    ) -> Iterator[Callable[[], Done[Result]]]:
        """Give what does a job."""
        del seconds
        yield lambda: work(step, job, shared)


class Processes:
    """Runs jobs in processes on this machine, as soon as the work has taken as long as it takes to start them."""

    def __init__(self, workers: int | None = None, start_seconds: float = START_SECONDS) -> None:
        self.workers = workers or count_cores()
        self._start_seconds = start_seconds

    def run(self, step: Step[Result], jobs: Sequence[Job], shared: Any) -> Iterator[Done[Result]]:
        """Yield what became of each job, in order."""
        start = time.perf_counter()
        for position, job in enumerate(jobs):
            # Whoever waits as long as the start would have cost never waits much longer than the best guess could do.
            is_long = time.perf_counter() - start >= self._start_seconds
            if is_long and min(self.workers, len(jobs) - position) > 1:
                yield from self._share_out(step, jobs[position:], shared)
                return
            yield work(step, job, shared)

    @contextmanager
    def begin(self, step: Step[Result], job: Job, shared: Any, seconds: float) -> Iterator[Callable[[], Done[Result]]]:
        """Begin a job that takes about so many seconds; give what waits for its end."""
        beside = self.workers > 1 and seconds >= self._start_seconds
        with _work_beside(step, job, shared) if beside else Here().begin(step, job, shared) as wait:
            yield wait

    def _share_out(self, step: Step[Result], jobs: Sequence[Job], shared: Any) -> Iterator[Done[Result]]:
        workers = min(self.workers, len(jobs))
        pool = ProcessPoolExecutor(workers, _find_context(), _start_worker, (step, shared))
        futures: list[Future[Done[Result]]] = []
        try:
            futures += (pool.submit(_work_on, job) for job in jobs)
            for future in futures:
                yield future.result()
        except BrokenProcessPool as error:
            raise WorkError(_DIED.format(packages=_name_unfinished(jobs, futures, workers))) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _find_context() -> ForkServerContext:
    """Return what starts processes: forked from one that has loaded the libraries and nothing else."""
    context = get_context("forkserver")
    context.set_forkserver_preload(_LIBRARIES)
    return context


@contextmanager
def _work_beside(step: Step[Result], job: Job, shared: Any) -> Iterator[Callable[[], Done[Result]]]:
    """Begin a job in a process of its own; give what waits for its end. Who leaves before that kills the process."""
    context = _find_context()
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work_alone, args=(sender, step, job, shared))

    def listen() -> Done[Result] | Exception:
        sender.close()
        outcome: Done[Result] | Exception = receiver.recv()
        return outcome

    # In a thread: a first process takes seconds to start, and one that is done is let go with its memory.
    with receiver, ThreadPoolExecutor(1) as listener:
        started, told = listener.submit(process.start), listener.submit(listen)

        def wait() -> Done[Result]:
            try:
                started.result()
                outcome = told.result()
            except EOFError as error:
                raise WorkError(_DIED_BESIDE.format(name=job.name)) from error
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        try:
            yield wait
        finally:
            if not started.exception():
                process.kill()
                process.join()


@contextmanager
def choose_scheduler(jobs: int | None, address: str | None) -> Iterator[Scheduler]:
    """Give the Dask cluster at `address`; where there is none, `jobs` processes, one for each core if that is None.

    Raises WorkError where there is no such cluster.
    """
    if address is None:
        yield Processes(jobs)
        return
    from portal.work.cluster import connect  # noqa: PLC0415 - an optional library

    with connect(address) as cluster:
        yield cluster


def count_cores() -> int:
    """Return how many processes can run at once: the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def work(step: Step[Result], job: Job, shared: Any) -> Done[Result]:
    """Do one job; raise OSError or sqlite3.Error where a disk fails, WorkError for any other fault."""
    start = time.perf_counter()
    try:
        result = step(job, shared)
    except (OSError, sqlite3.Error, WorkError):
        raise
    except Exception as error:
        raise WorkError(_FAILED.format(name=job.name, error=f"{type(error).__name__}: {error}")) from error
    return Done(job.name, result, time.perf_counter() - start)


def _name_unfinished(jobs: Sequence[Job], futures: Sequence[Future[Any]], workers: int) -> str:
    """Return the packages that were being worked on when the processes died: the first that have no result."""
    lost = [job.name for job, future in zip(jobs, futures, strict=False) if future.exception()]
    return ", ".join(lost[:workers])


# --- inside a worker ----------------------------------------------------------------------------------------------

_duty: list[tuple[Step[Any], Any]] = []


def _start_worker(step: Step[Any], shared: Any) -> None:
    """Take the step and what all jobs share, once; leave when the build is killed, and Ctrl-C to the build."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _duty.append((step, shared))
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _work_alone(sender: connection.Connection, step: Step[Any], job: Job, shared: Any) -> None:
    """Do one job, and send what became of it, or what went wrong."""
    _start_worker(step, shared)
    try:
        outcome: Done[Any] | Exception = _work_on(job)
    except (OSError, sqlite3.Error, WorkError) as error:
        outcome = error
    sender.send(outcome)


def _work_on(job: Job) -> Done[Any]:
    step, shared = _duty[-1]
    return work(step, job, shared)

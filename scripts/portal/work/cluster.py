"""A cluster: the work on single packages on many machines, by Dask.

Scheduler and workers are Dask's own programs, `dask scheduler` and `dask worker`. Every worker sees the project and the
build folder under the same paths (shared storage), and runs the same code with the same libraries; one that does not is
refused, so that a release never mixes what two versions wrote. What a lost worker had is done again by another.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portal.work.build_cache import digest_code
from portal.work.scheduler import Done, Job, Processes, Result, Step, WorkError, work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_MISSING = (
    "--scheduler cần thư viện `distributed`, hãy cài: python -m pip install distributed / "
    "--scheduler needs the library `distributed`, install it: python -m pip install distributed"
)
_UNREACHABLE = (
    "không nối được với bộ điều phối Dask tại {address} ({error}); kiểm tra `dask scheduler` và địa chỉ / "
    "the Dask scheduler at {address} does not answer ({error}); check `dask scheduler` and the address"
)
_DESERTED = (
    "cụm {address} không có tiến trình nào làm việc; chạy `dask worker {address}` / "
    "the cluster {address} has no worker; run `dask worker {address}`"
)
_OTHER_CODE = (
    "một máy của cụm chạy phiên bản mã hoặc thư viện khác; khởi động lại `dask worker` ở {worker} / a worker of the "
    "cluster runs other code or libraries; restart `dask worker` at {worker}"
)
_LOST = (
    "gói {package}: nhiều máy của cụm lần lượt chết khi xử lý ({error}); xem nhật ký của `dask worker`, thử lại với "
    "--jobs 1 / package {package}: several workers died on it ({error}); see the log of `dask worker`, try --jobs 1"
)
# How long a build waits for an answer of the scheduler, or for some worker to come.
PATIENCE_SECONDS = 30


@contextmanager
def connect(address: str) -> Iterator[Cluster]:
    """Give the cluster whose scheduler answers at `address` (`tcp://host:port`).

    Raises WorkError where the library is missing, nobody answers or nobody works.
    """
    try:
        from distributed import Client  # noqa: PLC0415 - an optional library
    except ImportError as error:
        raise WorkError(_MISSING) from error
    try:
        client = Client(address, timeout=PATIENCE_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise WorkError(_UNREACHABLE.format(address=address, error=error or type(error).__name__)) from error
    with client:
        yield Cluster(client, address)


class Cluster:
    """Runs every job on some worker of a cluster."""

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self._address = address
        self._code = digest_program()

    def run(self, step: Step[Result], jobs: Sequence[Job], shared: Any) -> Iterator[Done[Result]]:
        """Yield what became of each job, in order."""
        if not jobs:
            return
        # A task of its own, so that it can be done again where the workers that hold its result are lost.
        common = self._client.submit(_hold, shared, pure=False)
        futures = [self._client.submit(_work_on, step, job, common, self._code, pure=False) for job in jobs]
        try:
            for job, future in zip(jobs, futures, strict=True):
                yield self._wait_for(job, future)
        finally:
            self._client.cancel(futures)

    @contextmanager
    def begin(self, step: Step[Result], job: Job, shared: Any, seconds: float) -> Iterator[Callable[[], Done[Result]]]:
        """Begin a job on this machine, which has what all packages came to."""
        with Processes().begin(step, job, shared, seconds) as wait:
            yield wait

    def list_workers(self) -> list[str]:
        """Return the addresses of the workers that are there now."""
        return list(self._client.scheduler_info(n_workers=-1)["workers"])

    def _wait_for(self, job: Job, future: Any) -> Any:
        from distributed import KilledWorker  # noqa: PLC0415 - an optional library

        while True:
            try:
                return future.result(timeout=PATIENCE_SECONDS)
            except KilledWorker as error:
                raise WorkError(_LOST.format(package=job.name, error=error.last_worker.address)) from error
            except TimeoutError as error:
                if not self.list_workers():
                    raise WorkError(_DESERTED.format(address=self._address)) from error


def _hold(shared: Any) -> Any:
    return shared


def _work_on(step: Step[Result], job: Job, shared: Any, code: str) -> Done[Result]:
    """Do one job on a worker, if it runs the same code as the build."""
    if digest_program() != code:
        from distributed import get_worker  # noqa: PLC0415 - an optional library

        raise WorkError(_OTHER_CODE.format(worker=get_worker().address))
    return work(step, job, shared)


@cache
def digest_program() -> str:
    """Return the digest of the code that this process runs, read when it was first asked for."""
    return digest_code(Path(__file__).parents[3])

"""The lane for costly queries: a few seats, fair turns, and workers that are replaced when they hang."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tempfile
from collections import Counter
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from portal.api.api import API_PREFIX
from portal.api.api_metadata import DATABASE
from portal.web.answer import forward, read_response
from portal.web.api_error import ApiError
from portal.web.fair_turns import FairTurns
from portal.web.metrics import QUEUE, RESTARTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Scope

    from portal.web.answer import Answer

SEATS = 16  # running and waiting, of one server process
SEATS_OF_CLIENT = 4
WORKERS = 2  # one client has one of them at a time, so that the next client finds the other free
WAIT_SECONDS = 3.0  # for a turn
ANSWER_SECONDS = 8.0  # by the clock: on a busy machine a second of work takes longer
START_SECONDS = 30.0  # before the first query, the processes have to start
STOP_SECONDS = 2.0
IDLE_SECONDS = 60.0  # after the last query new workers stand in for the old: these keep what a query took of memory
COOLING_SECONDS = 10  # in which a client is refused whose query was the end of a worker
MAX_ANSWER_MB = 8
RETRY_SECONDS = 2
_MOST_COOLING = 10_000
_FIRST = f"http://query{API_PREFIX}{DATABASE}.json?sql=select+1"
_SCRIPTS = Path(__file__).resolve().parents[2]


class QueryLane:
    """Runs costly requests of one release in processes of its own, started by the first."""

    def __init__(self, release: Path) -> None:
        self._release = release
        self._turns = FairTurns(WORKERS, 1)
        self._seats: Counter[str] = Counter()
        self._cooling: dict[str, float] = {}
        self._workers: _Workers | None = None
        self._idle: list[int] = []
        self._starting = asyncio.Lock()
        self._idle_timer: asyncio.TimerHandle | None = None
        self._resting: asyncio.Task[None] | None = None

    @property
    def taken(self) -> int:
        """Return how many seats are taken."""
        return self._seats.total()

    @contextmanager
    def seat(self, client: str) -> Iterator[None]:
        """Take a seat for a request; raise ApiError where there is none."""
        self._check_cooled(client)
        if self._seats[client] >= SEATS_OF_CLIENT:
            raise ApiError("too-many-requests", retry_after=RETRY_SECONDS, limit=SEATS_OF_CLIENT)
        if self.taken >= SEATS:
            raise ApiError("busy", retry_after=RETRY_SECONDS)
        self._seats[client] += 1
        self._forget_idle_timer()
        QUEUE.inc()
        try:
            yield
        finally:
            self._seats[client] -= 1
            self._seats += Counter()  # forget clients without a seat
            QUEUE.dec()
            if not self.taken:
                self._idle_timer = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._begin_rest)

    def _forget_idle_timer(self) -> None:
        if self._idle_timer:
            self._idle_timer.cancel()
            self._idle_timer = None

    def _begin_rest(self) -> None:
        self._resting = asyncio.create_task(self._rest())

    async def _rest(self) -> None:
        """Fork the workers anew, unless somebody has taken a seat meanwhile; what they took of memory goes back."""
        async with self._starting:
            if not self.taken and self._workers:
                for place in range(WORKERS):
                    await self._workers.replace(place)

    def _check_cooled(self, client: str) -> None:
        now = asyncio.get_running_loop().time()
        if self._cooling.get(client, now) > now:
            left = round(self._cooling[client] - now) + 1
            raise ApiError("cooling-down", retry_after=left, seconds=left)
        self._cooling.pop(client, None)

    async def ask(self, client: str, scope: Scope) -> Answer:
        """Return the answer to a request of a client that has a seat. Raises ApiError."""
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(WAIT_SECONDS):
                    await stack.enter_async_context(self._turns.turn(client))
            except TimeoutError:
                raise ApiError("busy", retry_after=RETRY_SECONDS) from None
            self._check_cooled(client)  # the query before may have been the one
            return await self._ask_worker(client, scope)

    async def _ask_worker(self, client: str, scope: Scope) -> Answer:
        workers = await self._find_workers()
        place = self._idle.pop()
        try:
            async with (
                asyncio.timeout(ANSWER_SECONDS),
                workers.clients[place].stream("GET", **forward(scope)) as response,
            ):
                return await read_response(response, MAX_ANSWER_MB)
        except (TimeoutError, httpx.TimeoutException):
            RESTARTS.inc()
            await workers.replace(place)
            self._cool(client)
            raise ApiError("timeout", seconds=round(ANSWER_SECONDS)) from None
        except (httpx.ReadError, httpx.RemoteProtocolError):  # the worker is gone, and the query was too much for it
            RESTARTS.inc()
            self._cool(client)
            raise ApiError("too-costly") from None
        except httpx.TransportError:  # there is none, for a moment
            raise ApiError("busy", retry_after=RETRY_SECONDS) from None
        finally:
            if workers is self._workers:
                self._idle.append(place)

    def _cool(self, client: str) -> None:
        while len(self._cooling) >= _MOST_COOLING:
            del self._cooling[next(iter(self._cooling))]
        self._cooling[client] = asyncio.get_running_loop().time() + COOLING_SECONDS

    async def _find_workers(self) -> _Workers:
        """Return the processes; start them for the first query, and where they are gone."""
        async with self._starting:
            if not self._workers or not self._workers.alive:
                await self.stop()
                self._workers = await _Workers.start(self._release)
                self._idle = list(range(WORKERS))
            return self._workers

    async def stop(self) -> None:
        """End the processes, whatever they are doing."""
        self._forget_idle_timer()
        if self._workers:
            workers, self._workers = self._workers, None
            await workers.stop()


class _Workers:
    """The processes: one that keeps the others, and a connection to each of these."""

    def __init__(self, folder: tempfile.TemporaryDirectory[str], process: asyncio.subprocess.Process) -> None:
        self._folder, self._process = folder, process
        self.clients = [self._connect(place) for place in range(WORKERS)]

    @classmethod
    async def start(cls, release: Path) -> _Workers:
        """Start the processes; come back when all of them answer. Raises ApiError where they do not."""
        folder = tempfile.TemporaryDirectory(prefix="portal-")
        listeners = [socket.socket(socket.AF_UNIX) for _ in range(WORKERS)]
        for place, listener in enumerate(listeners):
            listener.bind(f"{folder.name}/{place}")
            listener.listen(SEATS)
        descriptors = [listener.fileno() for listener in listeners]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "portal.api.query_process", str(release), *map(str, descriptors),
            stdin=asyncio.subprocess.PIPE, pass_fds=descriptors, env={**os.environ, "PYTHONPATH": str(_SCRIPTS)},
        )  # fmt: skip
        for listener in listeners:
            listener.close()
        workers = cls(folder, process)
        try:
            await asyncio.gather(*(client.get(_FIRST) for client in workers.clients))
        except httpx.HTTPError:
            await workers.stop()
            raise ApiError("busy", retry_after=RETRY_SECONDS) from None
        return workers

    @property
    def alive(self) -> bool:
        """Tell whether the process that keeps the others is there."""
        return self._process.returncode is None

    def _connect(self, place: int) -> httpx.AsyncClient:
        limits = httpx.Limits(keepalive_expiry=None)
        transport = httpx.AsyncHTTPTransport(uds=f"{self._folder.name}/{place}", limits=limits)
        return httpx.AsyncClient(transport=transport, timeout=START_SECONDS)

    async def replace(self, place: int) -> None:
        """End a worker, whatever it is doing; another takes its place."""
        if self.alive and self._process.stdin:
            self._process.stdin.write(b"%d\n" % place)
        await self.clients[place].aclose()
        self.clients[place] = self._connect(place)

    async def stop(self) -> None:
        """End all of them."""
        for client in self.clients:
            await client.aclose()
        if self._process.stdin:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        self._folder.cleanup()

"""The lane for costly queries: a few seats, one query at a time, and a process that is replaced when it hangs."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from portal.answer import forward, read_response
from portal.api_error import ApiError
from portal.metrics import QUEUE, RESTARTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Scope

    from portal.answer import Answer

SEATS = 16  # running, waiting and being sent, of one server process
SEATS_PER_ADDRESS = 4
WAIT_SECONDS = 3.0  # for the query before
ANSWER_SECONDS = 8.0  # a table asks several statements of a second each; beyond that the process hangs
START_SECONDS = 30.0  # with the first query, the process itself has to start
MAX_ANSWER_MB = 8
RETRY_SECONDS = 2
_SCRIPTS = Path(__file__).resolve().parents[1]


class QueryLane:
    """Runs costly requests of one release in a process of its own, started by the first, in the order of arrival."""

    def __init__(self, release: Path) -> None:
        self._release = release
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._turn = asyncio.Lock()
        self._seats: Counter[str] = Counter()
        self._process: asyncio.subprocess.Process | None = None
        self._client: httpx.AsyncClient | None = None

    @property
    def taken(self) -> int:
        """Return how many seats are taken."""
        return self._seats.total()

    @contextmanager
    def seat(self, address: str) -> Iterator[None]:
        """Take a seat for a request until its answer is sent; raise ApiError where there is none."""
        if self._seats[address] >= SEATS_PER_ADDRESS:
            raise ApiError("too-many-requests", retry_after=RETRY_SECONDS, limit=SEATS_PER_ADDRESS)
        if self.taken >= SEATS:
            raise ApiError("busy", retry_after=RETRY_SECONDS)
        self._seats[address] += 1
        QUEUE.inc()
        try:
            yield
        finally:
            self._seats[address] -= 1
            self._seats += Counter()  # forget addresses without a seat
            QUEUE.dec()

    async def ask(self, scope: Scope) -> Answer:
        """Return the answer to a request that has a seat. Raises ApiError."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._turn.acquire()
        except TimeoutError:
            raise ApiError("busy", retry_after=RETRY_SECONDS) from None
        try:
            return await self._ask_process(scope)
        finally:
            self._turn.release()

    async def _ask_process(self, scope: Scope) -> Answer:
        patience = ANSWER_SECONDS if self._client else START_SECONDS
        client = self._client or await self._start()
        try:
            async with asyncio.timeout(patience), client.stream("GET", **forward(scope)) as response:
                return await read_response(response, MAX_ANSWER_MB)
        except (TimeoutError, httpx.TimeoutException):
            await self._replace()
            raise ApiError("timeout", seconds=round(ANSWER_SECONDS)) from None
        except httpx.TransportError:  # the query took more memory than there is, and its process with it
            await self._replace()
            raise ApiError("busy", retry_after=RETRY_SECONDS) from None

    async def _start(self) -> httpx.AsyncClient:
        """Start the process; its socket takes requests at once and answers when it is ready."""
        self._folder = tempfile.TemporaryDirectory(prefix="portal-")
        path = f"{self._folder.name}/query"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen(SEATS)
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "portal.query_process", str(self._release), str(listener.fileno()),
                stdin=asyncio.subprocess.PIPE, pass_fds=[listener.fileno()],
                env={**os.environ, "PYTHONPATH": str(_SCRIPTS)},
            )  # fmt: skip
        transport = httpx.AsyncHTTPTransport(uds=path, limits=httpx.Limits(keepalive_expiry=None))
        self._client = httpx.AsyncClient(transport=transport, timeout=START_SECONDS)
        return self._client

    async def stop(self) -> None:
        """End the process, whatever it is doing."""
        if self._client:
            await self._client.aclose()
            self._client = None
        if self._process:
            if self._process.returncode is None:
                self._process.kill()
            await self._process.wait()
            self._process = None
        if self._folder:
            self._folder.cleanup()
            self._folder = None

    async def _replace(self) -> None:
        RESTARTS.inc()
        await self.stop()  # the next query starts another

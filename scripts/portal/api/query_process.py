"""Processes of their own for costly queries: low priority, little memory, one Datasette over the same file each.

Run as `python -m portal.api.query_process FOLDER DESCRIPTOR…`, where each DESCRIPTOR is an open listening socket. The
process loads everything once and forks a worker for each socket; a worker that dies is forked again within
milliseconds. A line on standard input with the place of a worker ends that one, whatever it is doing. All of them end
when standard input does, so that none outlives the server that started them.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import select
import signal
import socket
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import datasette.database
import uvicorn

from portal.api.api import API_SETTINGS, open_api
from portal.api.sql_budget import INTERRUPTED, REQUEST_SECONDS, SQL_SECONDS, budget, limit_work
from portal.api.sql_limits import limit_visitors

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from portal.api.api import PortalDatasette

NICENESS = 10  # the scheduler then gives ordinary requests nine tenths of a busy core
ADDRESS_SPACE = 1536 << 20  # bytes; a query that needs more fails, and with it nothing else
# A statement ends itself after its second. One that does not hangs in a function, which nothing can interrupt.
HANGING_SECONDS = 2.0
_PAUSE_SECONDS = 0.5  # before a worker that died at once is forked again
_NO_ANSWER = json.dumps({"title": INTERRUPTED}).encode()


class DeafServer(uvicorn.Server):
    """Leaves signals as they are."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing."""
        yield


class Worker:
    """One forked process and the end of a pipe that says when it is gone."""

    def __init__(self, api: PortalDatasette, listener: socket.socket, others: list[int]) -> None:
        gone, living = os.pipe()
        self.started = time.monotonic()
        self.process = os.fork()
        if not self.process:
            try:
                for descriptor in (gone, *others):
                    os.close(descriptor)
                _serve(api, listener)
            finally:
                os._exit(1)
        os.close(living)
        self.gone = gone

    def end(self) -> None:
        """Kill the process and wait for its end."""
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.gone)


def main(argv: list[str]) -> None:
    """Keep a worker for each socket until standard input ends."""
    folder, listeners = Path(argv[0]), [socket.socket(fileno=int(one)) for one in argv[1:]]
    # Ctrl-C goes to every process of a terminal; these are ended by the server that started them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    api = _open(folder)
    # The collector of garbage would write on every page of memory that the workers share with this process.
    gc.collect()
    gc.freeze()
    workers: list[Worker] = []
    for listener in listeners:
        workers.append(Worker(api, listener, [one.gone for one in workers]))
    while places := _await_places(workers):
        for place in places:
            workers[place].end()
            time.sleep(max(0.0, workers[place].started + _PAUSE_SECONDS - time.monotonic()))
            others = [one.gone for one in workers if one is not workers[place]]
            workers[place] = Worker(api, listeners[place], others)
    for one in workers:
        one.end()


def _await_places(workers: list[Worker]) -> set[int]:
    """Return the places of workers that are gone or are to go; none at the end of standard input."""
    gone = {one.gone: place for place, one in enumerate(workers)}
    ready, _, _ = select.select([0, *gone], [], [])
    places = {gone[descriptor] for descriptor in ready if descriptor}
    if 0 in ready:
        said = os.read(0, 1024)
        return places | {int(place) for place in said.split()} if said else set()
    return places


def _open(folder: Path) -> PortalDatasette:
    metadata = json.loads((folder / "datasette.json").read_bytes())
    settings = {**API_SETTINGS, "num_sql_threads": 1, "sql_time_limit_ms": SQL_SECONDS * 1000,
                "facet_time_limit_ms": SQL_SECONDS * 1000}  # fmt: skip
    return open_api(folder / "opendata.db", metadata, settings, limit_visitors)


def _serve(api: PortalDatasette, listener: socket.socket) -> None:
    """Be a worker, to the end of the process."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    threading.Thread(target=_end_with_server, args=(os.getppid(),), daemon=True).start()
    datasette.database.sqlite_timelimit = end_if_hanging
    sys.unraisablehook = lambda _: None  # a text of a visitor's that is no UTF-8 never reaches a function of Python's
    config = uvicorn.Config(
        limit_requests(api.app()), log_level="error", access_log=False, lifespan="off", ws="none",
        forwarded_allow_ips="*", timeout_keep_alive=600,
    )  # fmt: skip
    DeafServer(config).run(sockets=[listener])


def _end_with_server(server: int) -> None:
    while os.getppid() == server:
        time.sleep(1)
    os._exit(0)


@contextmanager
def end_if_hanging(connection: sqlite3.Connection, milliseconds: float) -> Iterator[None]:
    """Limit a statement; where it does not end, the system ends this process, by processor time as well."""
    signal.setitimer(signal.ITIMER_PROF, HANGING_SECONDS)
    try:
        with limit_work(connection, milliseconds):
            yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def limit_requests(app: ASGIApp) -> ASGIApp:
    """Give every request one budget of work; one that was too short for the whole answer gives none."""

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        with budget(REQUEST_SECONDS * 1000) as allowed:
            refused = False

            async def send_whole(message: Message) -> None:
                nonlocal refused
                if message["type"] == "http.response.start" and allowed.exceeded:
                    refused = True
                    await send({"type": "http.response.start", "status": 400,
                                "headers": [(b"content-type", b"application/json")]})  # fmt: skip
                    await send({"type": "http.response.body", "body": _NO_ANSWER})
                elif not refused:
                    await send(message)

            await app(scope, receive, send_whole)

    return limited


if __name__ == "__main__":
    main(sys.argv[1:])

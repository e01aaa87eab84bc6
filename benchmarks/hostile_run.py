"""Ordinary visitors of a table of a million rows, alone and among hostile ones, each of whom has an own address.

The ordinary ones are a wrk that waits a little between two requests; the hostile ones are connections of this process.
"""

from __future__ import annotations

import asyncio
import random
import time
import urllib.request
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

import psutil

from bench_serve import serving
from large_release import CSV_FILE, TABLE, list_first_pages, list_requests, make_keys
from load import load
from measure import PYTHON

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

CALM_SECONDS = 5
HOSTILE_SECONDS = 60
REST_SECONDS = (10, 75)  # after the last hostile request; the lane rests after IDLE_SECONDS
BOUND_MB = 700  # of a server process and its workers, as docs/operators.md and tests/test_api_server.py say
_PROCESSES = 2
ASKERS, READERS, DRIPPERS = 24, 4, 4
_ORDINARY = 8  # connections
_PAUSE = 20  # milliseconds between two requests of one connection
_PATIENCE = 30.0
_CHANCE = random.Random(7)  # noqa: S311  # the same requests in every run
_STATEMENTS = (
    "with recursive r(x) as (select 1 union all select x + 1 from r) select count(*) from r where x > {}",
    "select a.value, b.value from large a, large b where a.value * b.value = {} order by 1",
    "select group_concat(value || {}) from large group by product, sector",
    "select * from large order by value + {} limit 5 offset 900000",
)


def withstand(build: Path, port: int) -> None:
    """Print what ordinary visitors saw, and the memory of the server."""
    portal = [PYTHON, "scripts/serve_portal.py", "--build", str(build), "--port", str(port),
              "--processes", str(_PROCESSES)]  # fmt: skip
    with serving(portal, f"http://127.0.0.1:{port}"):
        start_workers(port)
        visit_as_ordinary("alone", port, CALM_SECONDS)
        before = sum_memory(port)
        statuses, peak = asyncio.run(_attack_meanwhile(port))
        end, rests = time.monotonic(), []
        for seconds in REST_SECONDS:
            time.sleep(max(0.0, end + seconds - time.monotonic()))
            rests.append(f"{sum_memory(port)} MB {seconds} s afterwards")
        bound = BOUND_MB * _PROCESSES
        print(f"  memory of all processes: {before} MB before, at most {peak} MB of {bound} MB, {', '.join(rests)}")
        print(f"  answers to hostile requests by status: {dict(sorted(statuses.items()))}")


def start_workers(port: int) -> None:
    """Ask each server process for something costly: it starts its workers with the first such question."""
    for number in range(_PROCESSES * 4):  # whichever process takes the connection
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/datasette/opendata.json?sql=select+{number}"):
            pass


def visit_as_ordinary(name: str, port: int, seconds: int) -> None:
    """Ask for all kinds of things for some time; print how that went."""
    keys = make_keys(2000)
    again = [*list_requests(keys[0]).values(), *list_first_pages(".json")[:1]] * 300
    asked = [address for key in keys for name, address in list_requests(key).items() if name != "facet"]
    paths = ["/", *(f"/datasette/{address}" for address in [*asked, *again] if "_facet" not in address)]
    seen = load(f"http://127.0.0.1:{port}", paths, _ORDINARY, seconds, _PAUSE)
    print(f"  ordinary requests {name}: {seen.rate:.0f}/s, p99 {seen.p99:.0f} ms, {seen.failed} failed", flush=True)


async def _attack_meanwhile(port: int) -> tuple[Counter[int], int]:
    """Let hostile clients loose while ordinary ones visit; return the answers to the former, and the peak of memory."""
    end, statuses, memory = time.monotonic() + HOSTILE_SECONDS, Counter[int](), [0]

    async def watch() -> None:
        while time.monotonic() < end:
            memory.append(await asyncio.to_thread(sum_memory, port))
            await asyncio.sleep(0.5)

    async def repeat(act: Callable[[str], Awaitable[int]], client: str) -> None:
        while time.monotonic() < end:
            try:
                statuses[await act(client)] += 1
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                statuses[0] += 1
                await asyncio.sleep(0.05)

    async def ask(client: str) -> int:
        return await _send(
            port, client, f"GET /datasette/{make_hostile()} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )

    async def read_slowly(client: str) -> int:
        return await _send(port, client, f"GET /{CSV_FILE} HTTP/1.1\r\nHost: x\r\n\r\n", pause=0.5)

    async def drip(client: str) -> int:
        _, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(client, 0))
        writer.write(f"GET /datasette/{TABLE}.json HTTP/1.1\r\nHost: x\r\n".encode())
        while time.monotonic() < end:
            writer.write(b"X-Slow: 1\r\n")
            await writer.drain()
            await asyncio.sleep(0.5)
        writer.close()
        return 0

    acts = [ask] * ASKERS + [read_slowly] * READERS + [drip] * DRIPPERS
    visitors = asyncio.to_thread(visit_as_ordinary, "among hostile ones", port, HOSTILE_SECONDS - 1)
    hostile = (repeat(act, f"127.0.1.{number}") for number, act in enumerate(acts, start=1))
    await asyncio.gather(visitors, watch(), *hostile)
    return statuses, max(memory)


async def _send(port: int, client: str, request: str, pause: float = 0) -> int:
    """Send a request from an address and read all that comes, slowly where `pause` says so; return the status."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(client, 0), limit=2048)
    try:
        async with asyncio.timeout(_PATIENCE):
            writer.write(request.encode())
            status = int((await reader.readline()).split()[1])
            while await reader.read(1024 if pause else 1 << 20):
                await asyncio.sleep(pause)
            return status
    except (IndexError, ValueError):  # closed without an answer
        return 0
    finally:
        writer.transport.abort()


def make_hostile() -> str:
    """Return an address that costs as much as strangers can think of, and that nobody has asked for."""
    number = _CHANCE.random()
    statements = [statement.format(number) for statement in _STATEMENTS]
    others = (
        f"{TABLE}.json?_facet=value&_facet=note&value__gt={number}",
        f"{TABLE}.json?_where=value+like+'%25{number}%25'",
        f"{TABLE}.json?note__contains={number}&_sort=value",
        f"{TABLE}.csv?_stream=on&value__gt={number}",
        f"{TABLE}.json?" + "&".join(f"a{place}={number}" for place in range(10_000)),
    )
    return _CHANCE.choice((*(f"opendata.json?sql={quote_plus(one)}" for one in statements), *others))


def sum_memory(port: int) -> int:
    """Return the memory of the server and all its processes in MB; what several share counts once."""
    servers = [one for one in psutil.Process().children() if str(port) in one.cmdline()]
    family = {child for one in servers for child in (one, *one.children(recursive=True))}
    total = 0
    for one in family:
        try:
            total += one.memory_full_info().pss
        except psutil.NoSuchProcess:  # a process for costly queries that was replaced
            continue
    return total >> 20

"""The lane for costly queries: its processes end when nobody asks, and come back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import psutil

from portal.api import query_lane as module
from portal.api.query_lane import WORKERS, QueryLane

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from published import Published

pytest_plugins = ("published",)

PATIENCE = 60.0


def make_scope(number: int) -> dict[str, Any]:
    return {"type": "http", "method": "GET", "path": "/datasette/opendata.json", "scheme": "http",
            "query_string": b"sql=select+%d" % number, "headers": [(b"host", b"x")]}  # fmt: skip


def count_processes() -> int:
    """Return how many processes for queries this one has: the workers, and the one that keeps them."""
    count = 0
    for one in psutil.Process().children(recursive=True):
        try:
            count += one.status() != psutil.STATUS_ZOMBIE and "portal.api.query_process" in one.cmdline()
        except psutil.NoSuchProcess:
            continue
    return count


async def ask(lane: QueryLane, number: int) -> tuple[int, int]:
    """Ask for a number; return the status and how many processes there are then."""
    with lane.seat("client"):
        answer = await lane.ask("client", make_scope(number))
        return answer.status, count_processes()


async def wait_until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not happened():
            await asyncio.sleep(0.05)


def test_the_processes_end_when_nobody_asks_and_come_back(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.3)

    async def use() -> list[tuple[int, int]]:
        lane = QueryLane(published.folder.current.resolve())
        try:
            first = await ask(lane, 1)
            await wait_until(lambda: count_processes() == 0)
            return [first, await ask(lane, 2)]
        finally:
            await lane.stop()

    before = count_processes()
    assert before == 0
    assert asyncio.run(use()) == [(200, WORKERS + 1)] * 2
    assert count_processes() == 0


def test_the_processes_stay_while_somebody_has_a_seat(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.1)

    async def use() -> int:
        lane = QueryLane(published.folder.current.resolve())
        try:
            await ask(lane, 1)
            with lane.seat("other"):
                await lane.ask("other", make_scope(2))
                await asyncio.sleep(0.5)
                return count_processes()
        finally:
            await lane.stop()

    assert asyncio.run(use()) == WORKERS + 1

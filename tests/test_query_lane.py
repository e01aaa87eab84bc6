"""The lane for costly queries: its workers are forked anew when nobody asks, and all end with the lane."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psutil

from factory import PATIENCE
from portal.api import query_lane as module
from portal.api.query_lane import WORKERS, QueryLane

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from published import Published

pytest_plugins = ("published",)


def make_scope(number: int) -> dict[str, Any]:
    return {"type": "http", "method": "GET", "path": "/datasette/opendata.json", "scheme": "http",
            "query_string": b"sql=select+%d" % number, "headers": [(b"host", b"x")]}  # fmt: skip


def list_keepers() -> set[psutil.Process]:
    """Return the processes of lanes of this very process: each keeps workers."""
    return {one for one in psutil.Process().children() if is_for_queries(one.pid)}


def is_for_queries(process: int) -> bool:
    try:
        one = psutil.Process(process)
        return one.status() != psutil.STATUS_ZOMBIE and "portal.api.query_process" in one.cmdline()
    except psutil.NoSuchProcess:
        return False


class Watched:
    """A lane and its own processes; servers of other tests have theirs, and fork them anew when nobody asks these."""

    def __init__(self, release: Path) -> None:
        self._others = list_keepers()
        self.lane = QueryLane(release)

    def list_processes(self) -> set[int]:
        """Return the processes that came with the lane: the workers, and the one that keeps them."""
        found = set()
        for keeper in list_keepers() - self._others:
            with suppress(psutil.NoSuchProcess):
                found |= {one.pid for one in (keeper, *keeper.children()) if is_for_queries(one.pid)}
        return found

    async def ask(self, number: int) -> set[int]:
        """Ask for a number; return the processes that there are then."""
        with self.lane.seat("client"):
            answer = await self.lane.ask("client", make_scope(number))
            assert answer.status == 200
            return self.list_processes()


async def wait_until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not happened():
            await asyncio.sleep(0.05)


def test_the_workers_are_forked_anew_when_nobody_asks(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.3)

    async def use() -> tuple[set[int], set[int]]:
        watched = Watched(published.folder.current.resolve())
        try:
            first = await watched.ask(1)
            await wait_until(lambda: len(watched.list_processes() - first) == WORKERS)
            return first, await watched.ask(2)
        finally:
            await watched.lane.stop()

    first, second = asyncio.run(use())
    assert len(first) == len(second) == WORKERS + 1
    assert len(first & second) == 1, "the one that keeps the workers has loaded everything and stays"
    asyncio.run(wait_until(lambda: not any(map(is_for_queries, first | second))))


def test_the_workers_stay_while_somebody_has_a_seat(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.1)

    async def use() -> tuple[set[int], set[int]]:
        watched = Watched(published.folder.current.resolve())
        try:
            first = await watched.ask(1)
            with watched.lane.seat("other"):
                await watched.lane.ask("other", make_scope(2))
                await asyncio.sleep(0.5)
                return first, watched.list_processes()
        finally:
            await watched.lane.stop()

    first, later = asyncio.run(use())
    assert len(first) == WORKERS + 1
    assert first == later

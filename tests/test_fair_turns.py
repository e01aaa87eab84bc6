"""Turns: whoever has used less time goes first, nobody has more than his share, and a place is never lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from portal.web import fair_turns as module
from portal.web.fair_turns import FairTurns

if TYPE_CHECKING:
    from collections.abc import Iterable


class Clock:
    """Time that passes only when somebody works."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def serve(turns: FairTurns, clock: Clock, asked: Iterable[tuple[str, float]]) -> list[str]:
    """Let everyone ask at once, in this order; return who was served when."""
    served: list[str] = []

    async def work(client: str, seconds: float) -> None:
        async with turns.turn(client):
            served.append(client)
            await asyncio.sleep(0)
            clock.now += seconds

    async def run() -> None:
        await asyncio.gather(*(work(client, seconds) for client, seconds in asked))

    asyncio.run(run())
    return served


def test_a_long_queue_of_one_makes_nobody_else_wait(clock: Clock) -> None:
    served = serve(FairTurns(1, 1), clock, [*[("greedy", 1.0)] * 5, ("other", 1.0), ("third", 1.0)])
    assert served == ["greedy", "other", "third", "greedy", "greedy", "greedy", "greedy"]


def test_who_used_more_waits_longer(clock: Clock) -> None:
    served = serve(FairTurns(1, 1), clock, [("costly", 4.0), ("cheap", 1.0)] * 4)
    assert served == ["costly", "cheap", "cheap", "cheap", "cheap", "costly", "costly", "costly"]


def test_one_client_has_its_share_of_the_places() -> None:
    async def run() -> int:
        turns, running, most = FairTurns(3, 2), Counter[str](), 0

        async def work(client: str) -> None:
            nonlocal most
            async with turns.turn(client):
                running[client] += 1
                assert running.total() <= 3
                most = max(most, running["a"])
                await asyncio.sleep(0)
                running[client] -= 1

        await asyncio.gather(*(work(client) for client in "aaaabbc"))
        return most

    assert asyncio.run(run()) == 2


def test_who_gives_up_leaves_no_gap() -> None:
    async def run() -> list[str]:
        turns, served = FairTurns(1, 1), list[str]()
        hold = asyncio.Event()

        async def work(client: str) -> None:
            async with turns.turn(client):
                served.append(client)
                await hold.wait()

        tasks = [asyncio.create_task(work(client)) for client in ("first", "tired", "last")]
        await asyncio.sleep(0)
        tasks[1].cancel()
        hold.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(5), turns.turn("tired"):
            return served

    assert asyncio.run(run()) == ["first", "last"]


def test_a_place_given_to_one_who_just_gave_up_goes_on() -> None:
    async def run() -> None:
        turns = FairTurns(1, 1)
        async with turns.turn("first"):
            tired = asyncio.create_task(turns.turn("tired").__aenter__())
            await asyncio.sleep(0)
        tired.cancel()
        await asyncio.gather(tired, return_exceptions=True)
        async with asyncio.timeout(5), turns.turn("next"):
            pass

    asyncio.run(run())


def test_clients_are_forgotten() -> None:
    async def run() -> FairTurns:
        turns = FairTurns(1, 1)
        for number in range(3_000):
            async with turns.turn(str(number)):
                pass
        return turns

    assert vars(asyncio.run(run()))["_starts"] == {}

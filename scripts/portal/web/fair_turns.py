"""Turns by client: whoever has used less time goes first, so that nobody waits for a stranger's whole queue.

Start-time fair queueing (Goyal, Vin and Cheng, 1996): a client's next request starts, in virtual time, where the one
before ended, or now; the earliest start goes next.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


_MOST_STARTS = 1_000


class FairTurns:
    """Gives out `places` at a time, `most` of them to one client. All methods run in the thread of the event loop."""

    def __init__(self, places: int, most: int) -> None:
        self._free, self._most = places, most
        self._running: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._starts: dict[str, float] = {}
        self._now = 0.0

    @asynccontextmanager
    async def turn(self, client: str) -> AsyncIterator[None]:
        """Wait for a place, and use it."""
        await self._take(client)
        begun = time.monotonic()
        try:
            yield
        finally:
            self._starts[client] = max(self._starts.get(client, 0.0), self._now) + time.monotonic() - begun
            self._give_back(client)

    async def _take(self, client: str) -> None:
        place = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, deque()).append(place)
        self._hand_out()
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():  # handed out while the wait was being given up
                self._give_back(client)
            raise

    def _give_back(self, client: str) -> None:
        self._free += 1
        self._running[client] -= 1
        self._running += Counter()  # forget clients without a place
        self._hand_out()
        if len(self._starts) > _MOST_STARTS or not (self._waiting or self._running):
            self._starts = {one: start for one, start in self._starts.items() if self._is_ahead(one, start)}

    def _is_ahead(self, client: str, start: float) -> bool:
        """Tell whether what a client has used still matters: who does not ask is soon forgotten."""
        return start > self._now and (client in self._waiting or client in self._running)

    def _hand_out(self) -> None:
        while self._free and (client := self._choose()):
            queue = self._waiting[client]
            place = queue.popleft()
            if not queue:
                del self._waiting[client]
            if place.cancelled():
                continue
            self._now = max(self._now, self._starts.get(client, 0.0))
            self._free -= 1
            self._running[client] += 1
            place.set_result(None)

    def _choose(self) -> str | None:
        """Return the client who has used least of those that wait and may have another place."""
        ready = (one for one in self._waiting if self._running[one] < self._most)
        return min(ready, key=lambda one: self._starts.get(one, 0.0), default=None)

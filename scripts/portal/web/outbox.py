"""Large answers on their way: in pieces, as fast as visitors read, and not more of them than there is room for."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from starlette.responses import Response

from portal.web.api_error import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Receive, Scope, Send

PIECE_BYTES = 64 << 10  # what a connection holds at most of an answer that is not read
MOST_BYTES = 64 << 20  # of all large answers of a server process
MOST_BYTES_OF_CLIENT = 24 << 20
RETRY_SECONDS = 5
_GRACE_SECONDS = 30.0
_SLOWEST_BYTES = 50_000  # a second


class PiecewiseResponse(Response):
    """A response whose body goes out piece by piece; a visitor who takes it too slowly is cut off."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Send it."""
        try:
            async with asyncio.timeout(_GRACE_SECONDS + len(self.body) / _SLOWEST_BYTES):
                await self._send(send)
        except TimeoutError:
            if abort := scope.get("state", {}).get("abort"):
                abort()
                await asyncio.sleep(0)  # the server learns that the connection is lost

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        body, size = memoryview(self.body), len(self.body)
        for start in range(0, size or 1, PIECE_BYTES):
            piece = bytes(body[start : start + PIECE_BYTES])
            await send({"type": "http.response.body", "body": piece, "more_body": start + PIECE_BYTES < size})


class Outbox:
    """Counts the bytes of large answers that are still being taken."""

    def __init__(self) -> None:
        self._held: Counter[str] = Counter()

    @property
    def held(self) -> int:
        """Return the bytes of all answers."""
        return self._held.total()

    @contextmanager
    def hold(self, client: str, size: int) -> Iterator[None]:
        """Make room for an answer while it is sent; raise ApiError where there is none."""
        if size > PIECE_BYTES:
            if self._held[client] + size > MOST_BYTES_OF_CLIENT:
                raise ApiError("unread-answers", retry_after=RETRY_SECONDS)
            if self.held + size > MOST_BYTES:
                raise ApiError("busy", retry_after=RETRY_SECONDS)
        self._held[client] += size
        try:
            yield
        finally:
            self._held[client] -= size
            self._held += Counter()  # forget clients without an answer

"""Header and body of an answer in one write: a client gets all that a server had decided when it was killed.

uvicorn writes the header of an answer, then its body. A proxy that has the header alone cannot ask another replica.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio


_MOST_GATHERED = 64 << 10


class _GatheringTransport:
    """A transport that writes once for each turn of the event loop."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._parts: list[bytes] = []
        self._gathered = 0

    def write(self, data: bytes) -> None:
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)
        self._gathered += len(data)
        if self._gathered >= _MOST_GATHERED:  # the transport says when it has enough, the parts here do not
            self._flush()

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._parts:
            parts, self._parts, self._gathered = self._parts, [], 0
            self._transport.write(b"".join(parts))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class WholeAnswersProtocol(HttpToolsProtocol):
    """uvicorn's protocol over a transport that gathers."""

    def connection_made(self, transport: Any) -> None:
        """Begin a connection."""
        # Stands in for a transport.
        super().connection_made(_GatheringTransport(transport, self.loop))  # type: ignore[arg-type]

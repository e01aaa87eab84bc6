"""What one connection may take: time to ask, room for the head of a request, time to read, a share of all connections.

A proxy in front of the portal keeps such limits for its own clients; this server has them without one, too.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from portal.web.whole_answers import WholeAnswersProtocol

if TYPE_CHECKING:
    import asyncio

REQUEST_SECONDS = 10.0  # from the first byte of a request, or from the connection, to its last byte
READ_SECONDS = 20.0  # in which a visitor must take what waits for it, some 50 KB
MOST_HEAD_BYTES = 128 << 10
MOST_CONNECTIONS = 100  # of one client and server process
_TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_NETWORK_BITS = 64  # who has one address of IPv6 has all of its network


@lru_cache(maxsize=10_000)
def name_client(host: str) -> str:
    """Return who stands behind an address, for limits: an address of IPv4, or a network of 64 bits of IPv6."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:  # a socket of this machine
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return host
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address.packed[: _NETWORK_BITS // 8].ljust(16, b"\0"), _NETWORK_BITS)))


def is_of_this_machine(host: str) -> bool:
    """Tell whether all clients of a proxy may stand behind an address: that of this machine, or a socket's none."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True


class PatientProtocol(WholeAnswersProtocol):
    """uvicorn's protocol with an end to its patience."""

    _open: ClassVar[Counter[str]] = Counter()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._name = ""
        self._asking: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None
        self._head_bytes = 0

    def connection_made(self, transport: Any) -> None:
        """Begin a connection, unless its client has many."""
        super().connection_made(transport)
        host = self.client[0] if self.client else ""
        self._name = name_client(host)
        self._open[self._name] += 1
        if self._open[self._name] > MOST_CONNECTIONS and not is_of_this_machine(host):
            self.transport.abort()
        else:
            self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """End a connection."""
        self._stop_waiting()
        self.resume_writing()
        self._open[self._name] -= 1
        if not self._open[self._name]:
            del self._open[self._name]
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take a part of a request, up to the longest head."""
        if self._asking:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self.transport.write(_TOO_LONG)
                self.transport.close()
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope["state"]["abort"] = self.transport.abort
        self._expect_request()

    def on_message_complete(self) -> None:
        """Have the whole request."""
        self._stop_waiting()
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Wait for a visitor that reads slowly."""
        super().pause_writing()
        self._reading = self.loop.call_later(READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the visitor has read."""
        if self._reading:
            self._reading.cancel()
            self._reading = None
        super().resume_writing()

    def _expect_request(self) -> None:
        self._stop_waiting()
        self._head_bytes = 0
        self._asking = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._asking:
            self._asking.cancel()
            self._asking = None

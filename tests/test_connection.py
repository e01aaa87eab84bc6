"""Connections: one that asks or reads too slowly is cut, one client does not have them all, heads have an end."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from http.client import HTTPResponse
from typing import TYPE_CHECKING

import pytest
import uvicorn

from portal.web import connection as module
from portal.web.api_error import ApiError
from portal.web.connection import PatientProtocol, is_of_this_machine, name_client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Receive, Scope, Send

PATIENCE = 20.0
LARGE = 32 << 20  # more than the kernel takes for a client that does not read


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == "/echo":
        body = b""
        while len(body) < int(dict(scope["headers"])[b"content-length"]):
            body += (await receive())["body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["query_string"] + b" " + body})
        return
    size = LARGE if scope["path"] == "/large" else 2
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % size)]})
    for left in range(size, 0, -65536):
        await send({"type": "http.response.body", "body": b"x" * min(left, 65536), "more_body": left > 65536})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Serve with little patience."""
    monkeypatch.setattr(module, "REQUEST_SECONDS", 0.5)
    monkeypatch.setattr(module, "READ_SECONDS", 0.5)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http=PatientProtocol, log_level="critical", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=asyncio.run, args=(server.serve([listener]),))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listener.getsockname()[1]
    server.should_exit = server.force_exit = True
    thread.join()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def send_on(connection: socket.socket, part: bytes, pause: float) -> None:
    for _ in range(2_000):
        connection.sendall(part)
        time.sleep(pause)


def read_all(connection: socket.socket) -> bytes:
    said = bytearray()
    try:
        while part := connection.recv(1 << 16):
            said += part
    except ConnectionResetError:
        pass
    return bytes(said)


@pytest.mark.parametrize(
    "begun",
    [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab"],
)
def test_who_does_not_finish_asking_is_cut_off(port: int, begun: bytes) -> None:
    with connect(port) as connection:
        connection.sendall(begun)
        assert b"HTTP/1.1 200" in read_all(connection) or not begun.startswith(b"POST")


def test_dribbling_is_no_finishing(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        with pytest.raises(OSError, match=r"reset|pipe"):
            send_on(connection, b"X-Slow: 1\r\n", 0.05)


def test_who_does_not_read_is_cut_off(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(2.0)
        assert len(read_all(connection)) < LARGE


def test_a_reader_and_a_second_request_are_served(port: int) -> None:
    with connect(port) as connection:
        for path in (b"/", b"/large", b"/"):
            connection.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path)
            wanted = LARGE if path == b"/large" else 2
            head, _, said = connection.recv(1 << 16).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            size = len(said)
            while size < wanted:
                size += len(connection.recv(1 << 20))
            time.sleep(0.7)  # longer than a request may take


def test_a_head_has_an_end(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        with pytest.raises(OSError, match=r"reset|pipe"):
            send_on(connection, b"x" * 65536, 0)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 2_000, "head-too-long"),
        (b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", "no-request"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "no-request"),
        (b"\x16\x03\x01\x02\x00\r\n\r\n", "no-request"),
    ],
)
def test_what_is_no_request_is_told_so_in_both_languages(
    port: int, request_: bytes, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_HEAD_BYTES", 1_000)
    with connect(port) as connection:
        connection.sendall(request_)
        answer = HTTPResponse(connection)
        answer.begin()
        assert answer.getheader("content-type") == "application/problem+json"
        assert json.loads(answer.read()) == {**ApiError(code).write_body(), "status": answer.status}


def test_letters_are_taken_as_they_were_typed_in_an_address_and_nowhere_else(port: int) -> None:
    typed = "POST /echo?q=lúa HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nlúa".encode()
    with connect(port) as connection:
        for parts in ([typed], [typed[:60], typed[60:]], [typed]):
            for part in parts:
                connection.sendall(part)
                time.sleep(0.05)
            answer = HTTPResponse(connection)
            answer.begin()
            assert answer.read().decode() == "q=l%C3%BAa lúa"


def test_one_client_does_not_have_all_connections(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CONNECTIONS", 3)
    monkeypatch.setattr(module, "is_of_this_machine", lambda _host: False)
    connections = [connect(port) for _ in range(3)]
    with connect(port) as one_more:
        assert read_all(one_more) == b""
    connections.pop().close()
    for _ in range(100):  # until the server knows
        with connect(port) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            if read_all(connection).endswith(b"xx"):
                break
        time.sleep(0.01)
    else:
        pytest.fail("a place was not given back")
    for connection in connections:
        connection.close()


def test_beyond_the_crowd_a_request_is_told_to_come_again(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CROWD", 3)
    with connect(port) as one, connect(port) as other, connect(port) as last:
        for connection in (last, one):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = HTTPResponse(connection)
            answer.begin()
            assert answer.status == 503
            assert json.loads(answer.read()) == ApiError("crowded").write_body()
            assert (answer.getheader("retry-after"), answer.getheader("cache-control")) == ("2", "no-store")
        other.close()
        for _ in range(100):  # until the server knows
            one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = HTTPResponse(one)
            answer.begin()
            answer.read()
            if answer.status == 200:
                break
            time.sleep(0.01)
        else:
            pytest.fail("a place was not given back")


@pytest.mark.parametrize(
    ("host", "own"), [("127.0.0.1", True), ("::1", True), ("", True), ("203.0.113.7", False), ("2001:db8::1", False)]
)
def test_a_proxy_on_this_machine_speaks_for_many(host: str, own: bool) -> None:
    assert is_of_this_machine(host) is own


@pytest.mark.parametrize(
    ("host", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_a_network_of_ipv6_is_one_client(host: str, client: str) -> None:
    assert name_client(host) == client

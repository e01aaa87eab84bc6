"""Large answers: whole, piece by piece, within bounds."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from portal.web import outbox as module
from portal.web.api_error import ApiError
from portal.web.outbox import MOST_BYTES, MOST_BYTES_OF_CLIENT, PIECE_BYTES, Outbox, PiecewiseResponse

if TYPE_CHECKING:
    from starlette.types import Message

MB = 1 << 20


async def receive() -> Message:
    return {"type": "http.disconnect"}


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
def test_a_body_goes_out_whole_in_pieces(size: int) -> None:
    body = bytes(range(256)) * (size // 256 + 1)
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    response = PiecewiseResponse(body[:size], 200)
    asyncio.run(response({"type": "http"}, receive, send))
    pieces = sent[1:]
    assert b"".join(one["body"] for one in pieces) == body[:size]
    assert all(len(one["body"]) <= PIECE_BYTES for one in pieces)
    assert [one["more_body"] for one in pieces] == [True] * (len(pieces) - 1) + [False]


def test_who_takes_too_long_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_GRACE_SECONDS", 0.01)
    cut: list[bool] = []

    async def send(_message: Message) -> None:
        await asyncio.Event().wait()

    scope = {"type": "http", "state": {"abort": lambda: cut.append(True)}}
    asyncio.run(PiecewiseResponse(b"x")(scope, receive, send))
    assert cut == [True]


def test_unread_answers_of_one_client_and_of_all_are_bounded() -> None:
    outbox = Outbox()
    with ExitStack() as held:
        held.enter_context(outbox.hold("a", MOST_BYTES_OF_CLIENT))
        with pytest.raises(ApiError) as own:
            held.enter_context(outbox.hold("a", MB))
        assert (own.value.code, own.value.status) == ("unread-answers", 429)
        with outbox.hold("a", PIECE_BYTES):  # a small one always goes
            pass
        held.enter_context(outbox.hold("b", MOST_BYTES_OF_CLIENT))
        held.enter_context(outbox.hold("c", MOST_BYTES - 2 * MOST_BYTES_OF_CLIENT))
        with pytest.raises(ApiError) as others:
            held.enter_context(outbox.hold("d", MB))
        assert (others.value.code, others.value.status) == ("busy", 503)
    assert outbox.held == 0

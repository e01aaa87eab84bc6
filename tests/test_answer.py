"""Answers of the API: kept, compressed, not sent again to whoever has them."""

from __future__ import annotations

import asyncio
import gzip
from typing import TYPE_CHECKING

import pytest
from starlette.datastructures import Headers

from portal.web import answer as module
from portal.web.answer import CACHE_CONTROL, Answer, AnswerCache, call

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

BODY = b'{"rows": []}' * 200


def respond(answer: Answer, **headers: str) -> Response:
    return asyncio.run(answer.respond(Headers({name.replace("_", "-"): value for name, value in headers.items()})))


def make(body: bytes = BODY) -> Answer:
    return Answer(200, {"content-type": "application/json"}, body)


def test_plain_and_compressed_answers_have_tags_of_their_own() -> None:
    answer = make()
    plain, packed = respond(answer), respond(answer, accept_encoding="gzip, br")
    assert (plain.body, gzip.decompress(bytes(packed.body))) == (BODY, BODY)
    assert packed.headers["content-encoding"] == "gzip"
    assert plain.headers["etag"] != packed.headers["etag"]
    for response in (plain, packed):
        assert (response.headers["vary"], response.headers["cache-control"]) == ("Accept-Encoding", CACHE_CONTROL)


def test_who_has_the_answer_gets_none() -> None:
    answer = make()
    for tag in (respond(answer).headers["etag"], "W/" + respond(answer).headers["etag"], "*", f'"x", "{answer.etag}"'):
        again = respond(answer, if_none_match=tag)
        assert (again.status_code, again.body, again.headers["etag"]) == (304, b"", f'"{answer.etag}"')
    assert respond(answer, if_none_match='"other"').status_code == 200


def test_an_error_is_not_kept_by_anyone() -> None:
    refused = Answer(404, {"content-type": "text/html"}, BODY)
    assert respond(refused).headers["cache-control"] == "no-store"
    cache = AnswerCache()
    cache.put(("key",), refused)
    assert cache.get(("key",)) is None


def test_the_cache_forgets_what_was_not_asked_for_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_BYTES", 3 * (make().size + 1))
    cache = AnswerCache()
    for key in "abc":
        cache.put((key,), make())
    assert cache.get(("a",))
    cache.put(("d",), make())
    assert [key for key in "abcd" if cache.get((key,))] == ["a", "c", "d"]


def test_too_large_an_answer_is_not_kept() -> None:
    cache = AnswerCache()
    cache.put(("key",), make(b"x" * (2 << 20)))
    assert cache.get(("key",)) is None


def test_a_long_address_takes_room_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_BYTES", 3 * make().size)
    cache = AnswerCache()
    for sign in "ab":
        cache.put((sign * 8000,), make())
    assert [sign for sign in "ab" if cache.get((sign * 8000,))] == ["b"]


def test_what_an_application_says_is_kept() -> None:
    async def datasette(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"Content-Type", b"a/b"), (b"X", b"y")]})
        await send({"type": "http.response.body", "body": b'{"rows": ', "more_body": True})
        await send({"type": "http.response.body", "body": b"[]}"})

    answer = asyncio.run(call(datasette, {"type": "http"}))
    assert (answer.body, answer.headers) == (b'{"rows": []}', {"content-type": "a/b"})


@pytest.mark.parametrize("accepted", ["gzip;q=0", "gzip; q=0.000, identity", "identity", "*;q=0", ""])
def test_who_refuses_gzip_gets_none(accepted: str) -> None:
    assert "content-encoding" not in respond(make(), accept_encoding=accepted).headers

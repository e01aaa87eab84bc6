"""CKAN's action API over HTTP: `/api/3/action/<action>` and `/api/action/<action>`, by GET and by POST.

Errors have CKAN's own bodies and statuses (400, 404, 409), so that its clients raise what they always raise. Answers
are made beside the event loop, few at a time and one for each client, and sent as those of the API are: nobody who asks
much, or does not read what was asked, keeps others waiting or fills the memory.
"""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from portal.api.ckan_api import ACTIONS, CkanCatalog, CkanError
from portal.releases.release_check import read_object
from portal.web.answer import Answer, AnswerCache
from portal.web.api_error import ApiError
from portal.web.connection import name_client
from portal.web.fair_turns import FairTurns
from portal.web.outbox import Outbox, PiecewiseResponse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

METHODS = ("GET", "HEAD", "POST", "OPTIONS")
_ALLOW = ", ".join(METHODS)
_PREFLIGHT = {
    "Allow": _ALLOW,
    "Access-Control-Allow-Methods": _ALLOW,
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "86400",
}
MOST_BYTES = 16 << 10  # of a body, and of what stands behind the question mark
MOST_PARAMETERS = 50
_ADDRESS = re.compile(r"/api(?:/[123])?/action/(?P<action>[^/]+)/?")
_VERSION = re.compile(r"/api(?:/(?P<version>[123]))?/?")
_JSON = {"content-type": "application/json;charset=utf-8"}
_FORM = "application/x-www-form-urlencoded"
# Answers that are made at a time, and for one client; and how deep they are written piece by piece.
_PLACES, _PLACES_OF_CLIENT, _DEPTH = 2, 1, 3


class BadRequestError(Exception):
    """A request that is none; CKAN answers it with a sentence instead of an object."""

    def __init__(self, status: int, en: str, vi: str) -> None:
        super().__init__(f"Bad request - {en} / {vi}")
        self.status = status


class CkanGate:
    """The action API of one release as an ASGI application."""

    def __init__(self, document: dict[str, Any] | None) -> None:
        self._catalog = CkanCatalog(document) if document else None
        self._help = f"{document['status']['site_url']}/api/3/action/help_show?name=" if document else ""
        self._answers = AnswerCache()
        self._turns, self._outbox = FairTurns(_PLACES, _PLACES_OF_CLIENT), Outbox()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        client = name_client((scope.get("client") or ("", 0))[0])
        with ExitStack() as held:
            response = await self._respond(Request(scope, receive), client)
            try:
                held.enter_context(self._outbox.hold(client, len(response.body)))
            except ApiError as error:
                words = f"Bad request - {error.detail.en} / {error.detail.vi}"
                response = _write(error.status, words, {"retry-after": str(error.retry_after)})
            await response(scope, receive, send)

    async def _respond(self, request: Request, client: str) -> Response:
        if request.method not in METHODS:
            return _write(405, f"Bad request - only {_ALLOW} / Chỉ nhận {_ALLOW}", {"Allow": _ALLOW})
        if request.method == "OPTIONS":
            return Response(None, 204, _PREFLIGHT)
        try:
            if match := _VERSION.fullmatch(request.scope["path"]):
                body: Any = {"version": int(match["version"] or 3)}
                return await _answer(body).respond(request.headers)
            return await self._act(request, client)
        except BadRequestError as error:
            return _write(error.status, str(error))
        except ClientDisconnect:
            return Response(None, 400)

    async def _act(self, request: Request, client: str) -> Response:
        match = _ADDRESS.fullmatch(request.scope["path"])
        if match is None or self._catalog is None:
            raise BadRequestError(404, "Not found: /api/3/action/package_list", "Không có địa chỉ này")
        action = match["action"]
        if action not in ACTIONS:
            names = ", ".join(ACTIONS)
            raise BadRequestError(
                400, f"Action name not known: {action[:100]}; known: {names}", "Không có lệnh này; đọc /developers/"
            )
        key = (action, request.scope["query_string"]) if request.method != "POST" else None
        answer = self._answers.get(key) if key else None
        if answer is None:
            given = await read_parameters(request)
            help_ = self._help + action
            try:
                async with self._turns.turn(client):
                    answer = await asyncio.to_thread(make_answer, self._catalog, action, given, help_)
            except CkanError as error:
                return _write(error.status, {"help": help_, "success": False, "error": error.error})
            if key:
                self._answers.put(key, answer)
        if request.method == "POST":  # neither kept nor asked again only if changed (RFC 9110, section 9.3.3)
            return PiecewiseResponse(answer.body, 200, {**_JSON, "cache-control": "no-store"})
        return await answer.respond(request.headers)


def open_ckan(path: Path) -> CkanGate:
    """Return the gate to a release's `ckan.json`; a release that is older than this API has none and answers 404.

    Raises BrokenReleaseError.
    """
    return CkanGate(read_object(path) if path.exists() else None)


async def read_parameters(request: Request) -> dict[str, Any]:
    """Return what a request asks: from the address (GET), from JSON or from a form (POST). Raises BadRequestError."""
    query = request.scope["query_string"]
    if request.method != "POST":
        return _read_pairs(query)
    body = await _read_body(request)
    kind = Headers(scope=request.scope).get("content-type", "").partition(";")[0].strip().lower()
    if kind.startswith("multipart/"):
        raise BadRequestError(400, "JSON Error: send JSON, no files", "Gửi JSON, không gửi tệp")
    if kind == _FORM and not body.lstrip().startswith(b"{"):
        return _read_pairs(body)
    # Old clients send the JSON as the name of a field of a form, its value being 1.
    text = body.rpartition(b"=")[0] if kind == _FORM and body.endswith((b"}=1", b"}=")) else body
    if not text.strip():
        return _read_pairs(query)
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "too deep" if isinstance(error, RecursionError) else str(error)[:200]
        raise BadRequestError(400, f"JSON Error: Error decoding JSON data. {reason}", "Không phải JSON") from error
    if not isinstance(given, dict):
        raise BadRequestError(400, "JSON Error: the data must be a dictionary", "Dữ liệu phải là một đối tượng JSON")
    if len(given) > MOST_PARAMETERS:
        raise _refuse_many()
    return given


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise BadRequestError(413, f"at most {MOST_BYTES} bytes", f"Nhiều nhất {MOST_BYTES} byte")
    return bytes(body)


def _read_pairs(encoded: bytes) -> dict[str, Any]:
    """Return the fields of a form; one that comes twice is a list, as in CKAN."""
    if len(encoded) > MOST_BYTES:
        raise BadRequestError(414, f"at most {MOST_BYTES} bytes", f"Nhiều nhất {MOST_BYTES} byte")
    try:
        pairs = parse_qsl(encoded.decode(), keep_blank_values=True, max_num_fields=MOST_PARAMETERS, errors="strict")
    except UnicodeDecodeError as error:
        raise BadRequestError(400, "the parameters are not UTF-8", "Tham số không phải UTF-8") from error
    except ValueError as error:
        raise _refuse_many() from error
    given: dict[str, Any] = {}
    for name, value in pairs:
        held = given.setdefault(name, [])
        held.append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in given.items()}


def _refuse_many() -> BadRequestError:
    return BadRequestError(400, f"at most {MOST_PARAMETERS} parameters", f"Nhiều nhất {MOST_PARAMETERS} tham số")


def make_answer(catalog: CkanCatalog, action: str, given: dict[str, Any], help_: str) -> Answer:
    """Return the answer of an action. Raises CkanError."""
    return _answer({"help": help_, "success": True, "result": catalog.answer(action, given)})


def _answer(body: Any) -> Answer:
    return Answer(200, dict(_JSON), "".join(encode_pieces(body)).encode())


def encode_pieces(value: Any, depth: int = _DEPTH) -> Iterator[str]:
    """Yield JSON in pieces: Python's encoder lets nobody else run until it is done, so it gets a dataset at a time."""
    if depth and isinstance(value, dict):
        before = "{"
        for key, member in value.items():
            yield f"{before}{json.dumps(key, ensure_ascii=False)}: "
            yield from encode_pieces(member, depth - 1)
            before = ", "
        yield "}" if value else "{}"
    elif depth and isinstance(value, list):
        before = "["
        for member in value:
            yield before
            yield from encode_pieces(member, depth - 1)
            before = ", "
        yield "]" if value else "[]"
    else:
        yield json.dumps(value, ensure_ascii=False)


def _write(status: int, body: Any, headers: dict[str, str] | None = None) -> Response:
    text = json.dumps(body, ensure_ascii=False).encode()
    return Response(text, status, {**_JSON, "cache-control": "no-store", **(headers or {})})

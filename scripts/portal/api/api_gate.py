"""The way into the API: refuse, remember, ask Datasette here, or ask it in the lane for costly queries."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, Response

from portal.api.api import API_PREFIX, ORDINARY_MS
from portal.api.api_facets import ASKED_ALONE
from portal.api.api_metadata import DATABASE
from portal.api.api_request import ApiRequest, Kind, read_request
from portal.api.sql_budget import INTERRUPTED, SQL_SECONDS, budget
from portal.web.answer import Answer, AnswerCache, call
from portal.web.api_error import PROBLEM_TYPE, ApiError
from portal.web.connection import name_client
from portal.web.fair_turns import FairTurns
from portal.web.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.types import Receive, Scope, Send

    from portal.api.api import PortalDatasette
    from portal.api.api_schema import ApiSchema
    from portal.api.query_lane import QueryLane

METHODS = ("GET", "HEAD")
ALLOWED = ("GET", "HEAD", "OPTIONS")  # OPTIONS: a browser asks before a request from another site
# Answers that are made here at a time: Datasette reads in three threads, and lays out pages where everybody waits.
_PLACES, _PLACES_OF_CLIENT, _PAGES = 5, 2, 1
_PREFIX = API_PREFIX.rstrip("/")
# A form sends its field for words also when nobody has typed any.
_EMPTY_SEARCH = re.compile(rb"(?:^|&)_search=(?=&|$)")
# A page that has it says in both languages that a statement failed, beside the statement.
_EDITOR = b'id="sql-editor"'

_Key = tuple[str | bytes, ...]


class ApiGate:
    """The API of one release as an ASGI application; what needs more than `ordinary_ms` of work goes to the lane."""

    def __init__(
        self, api: PortalDatasette, schema: ApiSchema, lane: QueryLane, ordinary_ms: float = ORDINARY_MS
    ) -> None:
        self._api, self._schema, self._lane, self._ordinary_ms = api, schema, lane, ordinary_ms
        self._datasette = api.client.app
        api.databases[DATABASE].learn(schema)
        self._answers = AnswerCache()
        self._turns, self._page_turns = FairTurns(_PLACES, _PLACES_OF_CLIENT), FairTurns(_PAGES, _PAGES)
        self._outbox = Outbox()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = Headers(scope=scope)
        client = name_client((scope.get("client") or ("", 0))[0])
        with ExitStack() as held:
            try:
                response = await self._respond(scope, headers, client)
                held.enter_context(self._outbox.hold(client, len(response.body)))
            except ApiError as error:
                response = await self._refuse(error, scope["path"], headers)
            await response(scope, receive, send)

    async def _respond(self, scope: Scope, headers: Headers, client: str) -> Response:
        if scope["method"] not in METHODS:
            raise ApiError("method-not-allowed", method=scope["method"])
        scope = _straighten(scope)
        request = read_request(self._schema, scope["path"].removeprefix(_PREFIX), scope["query_string"])
        scope.setdefault("state", {})["kind"] = request.kind.value
        # Links to the next page carry scheme and host.
        key = (scope["scheme"], headers.get("host", ""), scope["path"], scope["query_string"])
        answer = self._answers.get(key)
        if not answer and not request.costly:
            answer = await self._ask_here(request, scope, client, key)
        if not answer:
            answer = await self._ask_lane(request, scope, client)
        self._answers.put(key, answer)
        return await answer.respond(headers)

    async def _ask_here(self, request: ApiRequest, scope: Scope, client: str, key: _Key) -> Answer | None:
        """Ask Datasette in this process; return nothing where that turns out to be costly."""
        scope["state"][ASKED_ALONE] = request.nofacet

        async def ask(scope: Scope) -> Answer:
            return await call(self._datasette, scope)

        # A client's rows and first pages do not stand behind its own longer work.
        queue = f"{client} {request.kind.value if request.kind is Kind.QUERY else request.laborious}"
        async with (self._page_turns if request.format == "html" else self._turns).turn(queue):
            if answer := self._answers.get(key):  # somebody asked the same meanwhile
                return answer
            with budget(self._ordinary_ms) as allowed:
                answer = await _ask_whole(request, scope, ask)
        return None if allowed.exceeded else _check(request, answer)

    async def _ask_lane(self, request: ApiRequest, scope: Scope, client: str) -> Answer:
        async def ask(scope: Scope) -> Answer:
            return await self._lane.ask(client, scope)

        with self._lane.seat(client):
            return _check(request, await _ask_whole(request, scope, ask))

    async def _refuse(self, error: ApiError, path: str, headers: Headers) -> Response:
        """Answer with the error: as JSON, or as a page to a browser that asked for one."""
        own = {"Cache-Control": "no-store", "Vary": "Accept"}
        if error.retry_after:
            own["Retry-After"] = str(error.retry_after)
        if error.code == "method-not-allowed":
            own["Allow"] = ", ".join(ALLOWED)
        if path.endswith((".json", ".csv")) or "text/html" not in headers.get("accept", ""):
            return JSONResponse(error.write_body(), error.status, own, PROBLEM_TYPE)
        page = await self._api.render_template("error.html", {**error.write_body(), "detail_vi": error.detail.vi})
        return HTMLResponse(page, error.status, own)


def _straighten(scope: Scope) -> Scope:
    """Return a request whose raw path is its path, so that everyone behind the gate reads the same one."""
    path = scope["path"]
    if not path.isascii() or b"%2f" in scope.get("raw_path", b"").lower():
        raise ApiError("bad-address")
    query = _EMPTY_SEARCH.sub(b"", scope["query_string"]).removeprefix(b"&")
    return {**scope, "raw_path": quote(path, safe="/~,:@-._+").encode(), "query_string": query}


async def _ask_whole(request: ApiRequest, scope: Scope, ask: Callable[[Scope], Awaitable[Answer]]) -> Answer:
    """Ask for an answer; of a file or a page that is none return what JSON says of the fault.

    Datasette writes a fault into the middle of a CSV file, or a page in its place, or nothing; its pages say it in
    English alone.
    """
    answer = await ask(scope)
    if not _is_broken(request, answer):
        return answer
    path, raw = scope["path"].removesuffix(".csv") + ".json", scope["raw_path"].removesuffix(b".csv") + b".json"
    said = await ask({**scope, "path": path, "raw_path": raw})
    if request.format == "csv" and said.status == 200 and (answer.body or answer.status != 200):
        raise ApiError("timeout", seconds=SQL_SECONDS)
    return answer if said.status == 200 else said


def _is_broken(request: ApiRequest, answer: Answer) -> bool:
    """Tell whether an answer in another form than JSON has to be asked for in JSON to know what is wrong."""
    if request.format == "csv":
        return _is_broken_csv(answer)
    spoken = _EDITOR in answer.body or INTERRUPTED.encode() in answer.body
    return request.format == "html" and answer.status >= 400 and not spoken


def _is_broken_csv(answer: Answer) -> bool:
    """Tell whether a CSV answer lacks its header, or ends in the middle of a line: Datasette met a fault."""
    return answer.status != 200 or answer.body.startswith(b"\r\n") or not answer.body.endswith(b"\r\n")


def _check(request: ApiRequest, answer: Answer) -> Answer:
    """Return a good answer, or a page that says itself what is wrong; raise ApiError with Datasette's reason."""
    page = request.format == "html" and answer.headers.get("content-type", "").startswith("text/html")
    if answer.status < 400 or (page and answer.status < 500):
        return answer
    said = _read_reason(answer)
    reason = str(said.get("error") or "").rstrip(".")
    if said.get("title") == INTERRUPTED:
        raise ApiError("timeout", seconds=SQL_SECONDS)
    if reason == "malformed JSON" and request.kind is Kind.TABLE:
        raise ApiError("no-json")
    if request.kind is Kind.ASSET:
        raise ApiError("unknown-page", path=request.name)
    if answer.status == 404 and request.kind is Kind.ROW:
        raise ApiError("unknown-row", table=request.name, key=request.key)
    if reason.startswith(("Statement", "not authorized", "access to ")):
        raise ApiError("sql-not-allowed", reason=reason)
    if request.costly:
        raise ApiError("sql-error", reason=reason or "out of memory")
    if answer.status >= 500:
        raise ApiError("fault")
    raise ApiError("bad-request", reason=reason)


def _read_reason(answer: Answer) -> Mapping[str, Any]:
    try:
        said = json.loads(answer.body)
    except ValueError:  # a page: Datasette writes no JSON for an address that ends in .csv
        return {}
    return said if isinstance(said, dict) else {}

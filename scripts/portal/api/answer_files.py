"""Answers of the API as files: what most people ask for, as nginx then sends it.

The application itself is asked, so the bytes are those of every replica. An answer that says on which host it was
asked for (the address of a next page) stays out, and so does one whose request is costly by its kind.
"""

from __future__ import annotations

import asyncio
import json
from itertools import groupby
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Protocol

import httpx

from portal.api.api import API_PREFIX, API_SETTINGS, close_api, open_api
from portal.api.api_gate import ApiGate
from portal.api.api_metadata import ANSWERS, DATABASE
from portal.api.api_request import read_request
from portal.api.api_schema import ApiSchema, read_schema
from portal.api.query_lane import QueryLane
from portal.files.precompression import GZIP_SUFFIX
from portal.web.api_error import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

# No portal is there: an answer that is the same for both is the same for all.
_HOSTS = ("http://one.invalid", "https://another.invalid:8443")
# What pages, guides and examples of the portal ask for; nginx looks for a file where it is asked so (decisions.conf).
QUERIES = ("", "?_shape=objects")
# Nobody is waiting: no answer goes to the lane, whose processes would take memory beside the build.
_WORK_MS = 60_000
_SETTINGS = {
    **API_SETTINGS,
    "num_sql_threads": 0,  # to hand each statement to a thread would cost more than most of them do
    "sql_time_limit_ms": _WORK_MS,
    "facet_time_limit_ms": _WORK_MS,
}


class Keeper(Protocol):
    """Keeps the answers to a table from one build to the next."""

    def take(self, table: str) -> int | None:
        """Put the answers to a table where they belong, if they are kept; return how many they are."""

    def keep(self, table: str, make: Callable[[Path], int]) -> None:
        """Keep the answers that `make` writes into a folder; it returns how many they are."""


def write_answers(release: Path, keeper: Keeper | None = None) -> int:
    """Write below the folder `answers` of a release what its API answers, each with a `.gz` where it sends one.

    The file lies at the path of its address, and the query belongs to its name. What the keeper has is taken from
    there. Returns how many answers there are; raises OSError where the disk fails.
    """
    return asyncio.run(_write_all(release, keeper))


async def _write_all(release: Path, keeper: Keeper | None) -> int:
    metadata = json.loads((release / "datasette.json").read_bytes())
    schema = read_schema(release / "opendata.db", metadata)
    api = open_api(release / "opendata.db", metadata, _SETTINGS)
    lane = QueryLane(release)
    gate = ApiGate(api, schema, lane, _WORK_MS)
    try:
        count = 0
        for path, addresses in groupby(list_addresses(schema), lambda address: address.partition("?")[0]):
            table = PurePosixPath(path).stem
            kept = keeper.take(table) if keeper else None
            if kept is None:
                kept = await _write_table(gate, list(addresses), release / ANSWERS, keeper, table)
            count += kept
        return count
    finally:
        await lane.stop()
        await close_api(api)


def list_addresses(schema: ApiSchema) -> Iterator[str]:
    """Yield the addresses of what is asked often and is not costly: all tables, one table, a canned query."""
    rows = (f"/{DATABASE}/{name}.json{query}" for name in (*schema.tables, *schema.queries) for query in QUERIES)
    for address in ("/.json", f"/{DATABASE}.json", *rows):
        path, _, query = address.partition("?")
        try:
            request = read_request(schema, path, query.encode())
        except ApiError:  # a name that no address can have
            continue
        if not request.costly:
            yield API_PREFIX.rstrip("/") + address


async def _write_table(gate: ApiGate, addresses: Sequence[str], out: Path, keeper: Keeper | None, table: str) -> int:
    """Write the answers of one table, and keep them; return how many."""
    found = [await answer_address(gate, address) for address in addresses]
    files = {name: content for one in found for name, content in one.items()}

    def make(folder: Path) -> int:
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        return sum(map(bool, found))

    if keeper:
        keeper.keep(table, make)
    return make(out)


async def answer_address(gate: ApiGate, address: str) -> dict[str, bytes]:
    """Return the files of the answer to one address, by name; none where it does not hold on every host."""
    answers = [await _ask(gate, host, address, "identity") for host in _HOSTS]
    if answers[0].status_code != 200 or len({(one.content, *one.headers.items()) for one in answers}) > 1:
        return {}
    name = address.removeprefix("/")
    files = {name: answers[0].content}
    packed = await _ask(gate, _HOSTS[0], address, "gzip")
    if packed.headers.get("content-encoding") == "gzip":
        files[name + GZIP_SUFFIX] = b"".join([part async for part in packed.aiter_raw()])
    return files


async def _ask(gate: ApiGate, host: str, address: str, coding: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(gate)) as client:
        request = client.build_request("GET", host + address, headers={"Accept-Encoding": coding})
        return await client.send(request, stream=coding == "gzip")

"""Answers of the API as files: what most people ask for, as nginx then sends it.

The application itself is asked, so the bytes are those of every replica. An answer that says on which host it was
asked for (the address of a next page) stays out, and so does one that a lane for costly queries would give.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import httpx

from portal.api.api import API_PREFIX, close_api, open_api
from portal.api.api_gate import ApiGate
from portal.api.api_metadata import DATABASE
from portal.api.api_request import read_request
from portal.api.api_schema import ApiSchema, read_schema
from portal.api.query_lane import QueryLane
from portal.files.precompression import GZIP_SUFFIX
from portal.web.api_error import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = "answers"
# No portal is there: an answer that is the same for both is the same for all.
_HOSTS = ("http://one.invalid", "https://another.invalid:8443")
# What pages, guides and examples of the portal ask for; nginx looks for a file where it is asked so (decisions.conf).
QUERIES = ("", "?_shape=objects")


def write_answers(release: Path) -> int:
    """Write below the folder `answers` of a release what its API answers, each with a `.gz` where it sends one.

    The file lies at the path of its address, and the query belongs to its name. Returns how many there are; raises
    OSError where the disk fails.
    """
    return asyncio.run(_write_all(release))


async def _write_all(release: Path) -> int:
    metadata = json.loads((release / "datasette.json").read_bytes())
    schema = read_schema(release / "opendata.db", metadata)
    api, lane = open_api(release / "opendata.db", metadata), QueryLane(release)
    gate = ApiGate(api, schema, lane)
    try:
        return sum([await _write_one(gate, path, release / FOLDER) for path in list_addresses(schema)])
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


async def _write_one(gate: ApiGate, address: str, folder: Path) -> bool:
    """Write the answer to one address; tell whether there is one that holds on every host."""
    answers = [await _ask(gate, host, address, "identity") for host in _HOSTS]
    if answers[0].status_code != 200 or len({(one.content, *one.headers.items()) for one in answers}) > 1:
        return False
    file = folder / address.removeprefix("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(answers[0].content)
    packed = await _ask(gate, _HOSTS[0], address, "gzip")
    if packed.headers.get("content-encoding") == "gzip":
        file.with_name(file.name + GZIP_SUFFIX).write_bytes(b"".join([part async for part in packed.aiter_raw()]))
    return True


async def _ask(gate: ApiGate, host: str, address: str, coding: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(gate)) as client:
        request = client.build_request("GET", host + address, headers={"Accept-Encoding": coding})
        return await client.send(request, stream=coding == "gzip")

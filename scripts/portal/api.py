"""The API: one Datasette for each release, under /datasette/.

Datasette 0.65 is used as it is, but for two faults that show only in a portal like this one; each cure stands
beside its reason below.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NoReturn

from datasette.app import Datasette
from datasette.plugins import pm
from datasette.url_builder import Urls
from datasette.utils import PrefixedUrlString

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from pathlib import Path

API_PREFIX = "/datasette/"
API_SETTINGS: Mapping[str, bool | int | str] = {
    "base_url": API_PREFIX,
    "allow_download": False,  # the site offers the file itself
    "suggest_facets": False,  # the costliest part of a table page: one query for each column
    "default_page_size": 100,
    "max_returned_rows": 1000,
    "num_sql_threads": 3,
    "sql_time_limit_ms": 1000,
    "default_facet_size": 30,
    "facet_time_limit_ms": 200,
    "allow_csv_stream": True,
    "max_csv_mb": 100,
    "default_cache_ttl": 60,  # seconds; as long as a page of the site
}


class _PrefixOnceUrls(Urls):  # type: ignore[misc]  # Datasette carries no types
    """Put the prefix before a path that does not have it yet.

    Datasette makes most links of a page (JSON, CSV, sorting, facets, the next page) from the path that was
    asked for, which has the prefix already, and prefixes it again.
    """

    def path(self, path: str, format: str | None = None) -> str:  # noqa: A002  # Datasette's own name
        """Return the address of `path` on this portal, with the prefix exactly once."""
        if path.startswith(API_PREFIX):
            path = PrefixedUrlString(path)
        address: str = super().path(path, format)
        return address


class PortalDatasette(Datasette):  # type: ignore[misc]  # Datasette carries no types
    """Datasette whose links carry the prefix exactly once."""

    @property
    def urls(self) -> _PrefixOnceUrls:
        """What every link is made with."""
        return _PrefixOnceUrls(self)


def open_api(database: Path, metadata: dict[str, Any]) -> PortalDatasette:
    """Return a Datasette over the immutable file `database`; nothing is read before the first request."""
    # With the optional library rich present, Datasette prints a traceback of every error with all local
    # variables, and answers an unknown address with 500, since there is no traceback to print.
    pm.get_plugin("datasette.handle_exception").rich = None
    return PortalDatasette(immutables=[str(database)], metadata=metadata, settings=dict(API_SETTINGS), cors=True)


async def warm_up_api(datasette: PortalDatasette) -> None:
    """Do what the first request would wait for: checksum, row counts, schema. Raises OSError if it fails."""
    await asyncio.to_thread(getattr, datasette.get_database(), "hash")  # cached; a large file takes its time
    response = await datasette.client.get("/.json")
    if response.status_code != 200:
        raise OSError(f"Datasette: {response.status_code}")


async def close_api(datasette: PortalDatasette) -> None:
    """End the threads of a Datasette that no request uses any more, and close its files."""
    await datasette.get_database("_internal").execute_write_fn(_end_thread, block=False)
    await asyncio.to_thread(datasette.executor.shutdown)
    for database in datasette.databases.values():
        database.close()


def _end_thread(_connection: sqlite3.Connection) -> NoReturn:
    """End Datasette's writing thread, which has no other end: it outlives every exception but this one."""
    raise SystemExit

"""The API: one Datasette for each release, under /datasette/.

Datasette 0.65 is used as it is, but for what an immutable file makes needless (asking it for its schema again and
again) and for four faults that show only in a portal like this one; each cure stands beside its reason below.
"""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import datasette.database
import datasette.facets
from datasette.app import Datasette
from datasette.plugins import pm
from datasette.url_builder import Urls
from datasette.utils import PrefixedUrlString, escape_sqlite
from datasette.views import table as table_views

from portal.api.api_csv import say_more
from portal.api.api_database import PortalDatabase
from portal.api.api_facets import FACET_SIZE, load_facets
from portal.api.api_metadata import DATABASE
from portal.api.api_pages import FOLDER as TEMPLATES_FOLDER
from portal.api.api_rows import read_rows, write_query_rows
from portal.api.api_schema import DEFAULT_PAGE, INSPECTION, SMALL_TABLE
from portal.api.api_value import MAX_ROWS
from portal.api.sql_budget import limit_work
from portal.api.sql_functions import register
from portal.api.sql_limits import limit_ordinary

if TYPE_CHECKING:
    import re
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from datasette.database import Results

API_PREFIX = "/datasette/"
ORDINARY_MS = 200  # of work for all SQL of an ordinary request; what needs more runs in a process of its own
API_SETTINGS: Mapping[str, bool | int | str] = {
    "base_url": API_PREFIX,
    "allow_download": False,  # the site offers the file itself
    "suggest_facets": False,  # the costliest part of a table page: one query for each column
    "default_page_size": DEFAULT_PAGE,
    "max_returned_rows": MAX_ROWS,
    "num_sql_threads": 3,
    "sql_time_limit_ms": ORDINARY_MS,
    "default_facet_size": FACET_SIZE,
    "facet_time_limit_ms": ORDINARY_MS,
    "allow_csv_stream": True,
    "max_csv_mb": 100,
    "default_cache_ttl": 60,  # seconds; as long as a page of the site
}
_SHORT_LIST = 1_000  # codes


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
    """Datasette whose links carry the prefix exactly once and whose connections know the portal's functions."""

    guard: Callable[[sqlite3.Connection], object] = staticmethod(limit_ordinary)

    @property
    def urls(self) -> _PrefixOnceUrls:
        """What every link is made with."""
        return _PrefixOnceUrls(self)

    async def execute(self, db_name: str, sql: str, params: Any = None, **options: Any) -> Results:
        """Run a statement that a visitor or metadata.yml wrote; tables ask their database themselves."""
        database = self.databases[db_name]
        ask = partial(database.execute_as_written, sql, params, **options)
        kept = database.facets.can_keep(sql, params, options)
        return await (database.facets.count(sql, ask) if kept else ask())

    async def expand_foreign_keys(
        self, database: str, table: str, column: str, values: Sequence[object]
    ) -> dict[tuple[str, object], object]:
        """Return the words of codes; a short list of codes is read once, whole, and not for each page and column."""
        file = self.databases[database]
        lists = [one for one in await file.foreign_keys_for_table(table) if one["column"] == column]
        counts = ((self.inspect_data or {}).get(database) or {}).get("tables") or {}
        if not lists or counts.get(lists[0]["other_table"], {}).get("count", SMALL_TABLE) > _SHORT_LIST:
            words: dict[tuple[str, object], object] = await super().expand_foreign_keys(database, table, column, values)
            return words
        key = ("words", table, column)
        if key not in file.known:
            codes = await file.list_codes(lists[0]["other_table"], lists[0]["other_column"])
            file.known[key] = await super().expand_foreign_keys(database, table, column, codes)
        kept: dict[tuple[str, object], object] = file.known[key]
        return kept

    async def permission_allowed(
        self,
        actor: Mapping[str, Any] | None,  # noqa: ARG002  # nobody logs in
        action: str,
        resource: object = None,
        default: bool | None = False,
    ) -> bool | None:
        """Let everyone read everything: there is neither login nor denial, and the API's gate refuses the rest.

        Datasette copies all metadata before it says so, twice for each page: most of the time of an answer.
        """
        return False if (action, resource) == ("view-database", "_internal") else default

    async def check_visibility(
        self,
        actor: Mapping[str, Any] | None,  # noqa: ARG002  # nobody logs in
        action: str | None = None,
        resource: object = None,
        permissions: Sequence[object] | None = None,
    ) -> tuple[bool, bool]:
        """Tell whether something can be seen, and whether not by everyone; pages of all tables ask it of each."""
        return ("view-database", "_internal") not in (permissions or [(action, resource)]), False

    def _routes(self) -> list[tuple[re.Pattern[str], Any]]:
        return [(pattern, say_more(view, self)) for pattern, view in super()._routes()]

    async def refresh_schemas(self) -> None:
        """Do nothing: Datasette would look, on every request, whether the file has changed."""

    def _prepare_connection(self, connection: sqlite3.Connection, database: str) -> None:
        super()._prepare_connection(connection, database)
        register(connection)
        # To read what ten thousand tables are takes longer than a statement may: each would begin anew and be stopped.
        connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()
        self.guard(connection)


def say_after_key(keys: Sequence[str], first: int = 0) -> str:
    """Return the condition for the rows after one key, whose values are the parameters `:p<first>` and following.

    Datasette spells it out with `or`, for which SQLite reads the table from its first row on: pages far behind in a
    table of a million rows took 150 ms. As one comparison of rows it leads through the index of the key.
    """
    values = ", ".join(f":p{first + place}" for place in range(len(keys)))
    return f"(({', '.join(map(escape_sqlite, keys))}) > ({values}))"


def open_api(
    database: Path,
    metadata: dict[str, Any],
    settings: Mapping[str, bool | int | str] = API_SETTINGS,
    guard: Callable[[sqlite3.Connection], object] = limit_ordinary,
) -> PortalDatasette:
    """Return a Datasette over the immutable file `database`; nothing is read before the first request.

    `guard` is called with every connection that is opened, to limit what strangers can do with it.
    """
    # With the optional library rich present, Datasette prints a traceback of every error with all local
    # variables, and answers an unknown address with 500, since there is no traceback to print.
    pm.get_plugin("datasette.handle_exception").rich = None
    table_views.compound_keys_after_sql = say_after_key
    table_views.display_columns_and_rows = read_rows
    datasette.facets.load_facet_configs = load_facets
    # Datasette limits a statement by the clock: on a busy machine cheap ones would be refused.
    datasette.database.sqlite_timelimit = limit_work
    inspection, templates = database.with_name(INSPECTION), database.with_name(TEMPLATES_FOLDER)
    api = PortalDatasette(
        immutables=[str(database)],
        inspect_data=json.loads(inspection.read_bytes()) if inspection.is_file() else None,
        metadata=metadata,
        settings=dict(settings),
        template_dir=str(templates) if templates.is_dir() else None,
        cors=True,
    )
    api.jinja_env.globals["write_query_rows"] = write_query_rows
    api.remove_database(DATABASE)
    api.add_database(PortalDatabase(api, database), name=DATABASE)
    api.guard = guard
    _leave_out_duration(api)
    return api


def _leave_out_duration(api: PortalDatasette) -> None:
    """Leave out how long a query took: the same question then has the same bytes, from every process."""
    render, can_render = api.renderers["json"]

    def render_json(args: Any, data: dict[str, Any], view_name: str) -> Any:
        return render(args, {name: value for name, value in data.items() if name != "query_ms"}, view_name)

    api.renderers["json"] = (render_json, can_render)


async def warm_up_api(datasette: PortalDatasette) -> None:
    """Do what the first request would wait for: row counts, schema, templates. Raises OSError if it fails."""
    response = await datasette.client.get("/.json")
    if response.status_code != 200:
        raise OSError(f"Datasette: {response.status_code}")


async def close_api(datasette: PortalDatasette) -> None:
    """End the threads of a Datasette that no request uses any more, if it has any, and close its files."""
    if datasette.executor:
        await asyncio.to_thread(datasette.executor.shutdown)
    for database in datasette.databases.values():
        database.close()

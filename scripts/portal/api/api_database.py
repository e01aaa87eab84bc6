"""The database of the API: a file that never changes, asked as little as possible, and in an order that holds."""

from __future__ import annotations

import copy
import json
import re
import sqlite3
from typing import TYPE_CHECKING, Any

from datasette.database import Database, QueryInterrupted, Results
from datasette.utils import escape_sqlite

from portal.api.api_facets import KeptFacets
from portal.api.api_schema import SMALL_TABLE
from portal.api.sql_budget import at_own_expense, find_budget

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from datasette.app import Datasette

    from portal.api.api_schema import ApiSchema

_COUNT = "select count(*) from "
_VIRTUAL_TABLES = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND rootpage = 0"
_KEPT_COUNTS = 1_000  # some kilobytes each, at worst
# The first page of a table sorted by one column, as Datasette writes it.
_SORTED_PAGE = re.compile(
    r"(?P<head>select .+? from (?P<table>\S+) (?:where .+ )?order by (?P<column>\S+?)(?: desc)?)(?P<limit> limit \d+)",
    re.DOTALL,
)

# A further page of a table sorted by a column from its greatest value down, as Datasette writes it.
_DESCENDING = re.compile(
    r"select .+? from (?P<table>\S+) where (?:.+ and )?"
    r"(?P<after>\((?P<column>\S+) < (?P<value>:p\d+) or (?P=column) is null or \((?P=column) = (?P=value) and ).+"
    r" order by (?P=column) desc, .+",
    re.DOTALL,
)


def _ask_once(name: str) -> Callable[..., Awaitable[Any]]:
    """Return Datasette's method `name` for a file that never changes: it runs once for each set of arguments.

    Whoever happens to be the first to need it does not pay for it: of ten thousand tables it may be more than a request
    may cost, and the lane for costly ones does not read the schema.
    """
    ask = getattr(Database, name)

    async def answer(self: PortalDatabase, *arguments: Any) -> Any:
        key = (name, *arguments)
        if key not in self.known:
            with at_own_expense():
                self.known[key] = await ask(self, *arguments)
        return copy.copy(self.known[key])

    return answer


class PortalDatabase(Database):  # type: ignore[misc]  # Datasette carries no types
    """An immutable database: its schema is asked for once, and a count of its rows is made once and ends early."""

    foreign_keys_for_table = _ask_once("foreign_keys_for_table")
    get_all_foreign_keys = _ask_once("get_all_foreign_keys")
    get_table_definition = _ask_once("get_table_definition")
    get_view_definition = _ask_once("get_view_definition")
    hidden_table_names = _ask_once("hidden_table_names")
    label_column_for_table = _ask_once("label_column_for_table")
    primary_keys = _ask_once("primary_keys")
    table_column_details = _ask_once("table_column_details")
    table_columns = _ask_once("table_columns")
    table_exists = _ask_once("table_exists")
    table_names = _ask_once("table_names")
    view_names = _ask_once("view_names")

    def learn(self, schema: ApiSchema) -> None:
        """Take over what was read of the schema: SQLite looks for one of ten thousand tables among all of them."""
        for name, table in schema.tables.items():
            self.known["table_columns", name] = list(table.columns)
            self.known["primary_keys", name] = list(table.key)
            self.known["table_exists", name] = not table.view
            if not table.view:
                self.known["get_view_definition", name] = None

    async def fts_table(self, table: str) -> str | None:
        """Return the virtual table that searches a table, if there is one; SQLite is asked where there may be one."""
        virtual = await self._list_virtual_tables()
        return await self._find_fts_table(table) if any(table in sql for sql in virtual) else None

    async def _list_virtual_tables(self) -> list[str]:
        if (key := ("virtual",)) not in self.known:
            self.known[key] = await self.execute_fn(lambda connection: connection.execute(_VIRTUAL_TABLES).fetchall())
        return [sql for (sql,) in self.known[key]]

    _find_fts_table = _ask_once("fts_table")

    def __init__(self, datasette: Datasette, path: Path) -> None:
        super().__init__(datasette, str(path), is_mutable=False)
        self.known: dict[tuple[object, ...], Any] = {}
        self._counts: dict[tuple[str, str], Results] = {}
        self.facets = KeptFacets()

    async def execute(self, sql: str, params: Any = None, **options: Any) -> Results:
        """Run a statement that Datasette made, with rows in one order on every page and counts that end early."""
        if sql.startswith(_COUNT) and params:
            return await self._count(sql, params)
        if sorted_page := _SORTED_PAGE.fullmatch(sql):
            sql = await self._break_ties(sorted_page)
        if further_page := _DESCENDING.fullmatch(sql):
            sql = await self._lead_through_index(further_page)
        return await self.execute_as_written(sql, params, **options)

    async def execute_as_written(self, sql: str, params: Any = None, **options: Any) -> Results:
        """Run a statement as it is, whoever wrote it, within what is left of the budget of its request."""
        allowed = find_budget()
        if allowed:
            if allowed.left <= 0:
                allowed.exceeded = True
                raise QueryInterrupted(None, sql, params)
            options["custom_time_limit"] = min(allowed.left, options.get("custom_time_limit") or allowed.left)
        try:
            return await super().execute(sql, params, **{**options, "log_sql_errors": False})
        except QueryInterrupted:
            if allowed:
                allowed.exceeded = True
            raise
        except (sqlite3.Error, OverflowError, UnicodeError) as error:
            # Datasette knows this class alone for a fault of the visitor's; any other is 500 and a traceback.
            raise sqlite3.OperationalError(str(error)) from error

    async def execute_fn(self, fn: Callable[[sqlite3.Connection], Any]) -> Any:
        """Run what asks a connection in a thread, at the expense of the request."""
        allowed = find_budget()
        if not allowed:
            return await super().execute_fn(fn)

        def measured(connection: sqlite3.Connection) -> Any:
            with allowed.measure():
                return fn(connection)

        return await super().execute_fn(measured)

    async def _break_ties(self, page: re.Match[str]) -> str:
        """Sort by the key where the sort leaves rows equal.

        Datasette does so from the second page on only: rows would be lost, or come twice, between the first two.
        """
        keys = [name for name in await self.primary_keys(page["table"].strip('[]"')) if name != page["column"]]
        return ", ".join([page["head"], *(escape_sqlite(name) for name in keys)]) + page["limit"]

    async def _lead_through_index(self, page: re.Match[str]) -> str:
        """Leave out rows without a value where the column has none, and say where the others begin.

        For `or … is null` SQLite reads and sorts all rows that are left: 110 ms in a table of a million rows, now 10.
        """
        column, name = page["column"], page["column"].strip('[]"')
        details = await self.table_column_details(page["table"].strip('[]"'))
        if not any(one.name == name and one.notnull for one in details):
            return page.string
        after = f"{column} <= {page['value']} and ({column} < {page['value']} or ({column} = {page['value']} and "
        return page.string[: page.start("after")] + after + page.string[page.end("after") :]

    async def _count(self, sql: str, params: Any) -> Results:
        """Count the rows that match a filter up to SMALL_TABLE; beyond that their number stays unknown."""
        key = (sql, json.dumps(params, sort_keys=True))
        if key not in self._counts:
            rest = sql.removeprefix(_COUNT)
            bounded = f"{_COUNT}(select 1 from {rest} limit {SMALL_TABLE + 1})"  # noqa: S608  # as Datasette made it
            if len(self._counts) >= _KEPT_COUNTS:
                self._counts.pop(next(iter(self._counts)))
            self._counts[key] = await self.execute_as_written(bounded, params)
        counted = self._counts[key]
        if counted.rows[0][0] > SMALL_TABLE:
            raise QueryInterrupted(None, sql, params)  # Datasette's way to leave the number open
        return counted

    async def list_codes(self, table: str, column: str) -> list[object]:
        """Return the values of a column of a short table."""
        sql = f"select {escape_sqlite(column)} from {escape_sqlite(table)}"  # noqa: S608  # names of the file itself
        return [row[0] for row in await self.execute_as_written(sql)]

"""Facets of the API: which of them are counted, and the counts of whole tables, which every page of a table shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from datasette import facets

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from datasette.database import Results
    from datasette.utils.asgi import Request

FACET_SIZE = 30
ASKED_ALONE = "asked_facets_alone"  # in the state of a request: what metadata offers is not counted
_KEPT = 200  # counts of at most FACET_SIZE + 1 values
# How Datasette counts the values of a column.
_STATEMENT = re.compile(r"\s*select \S+ as value, count\(\*\) as count from \(\s")
_load_all = facets.load_facet_configs


def load_facets(request: Request, table_metadata: Mapping[str, Any] | None) -> Any:
    """Return the facets of a page as Datasette does; without those of metadata.yml where the gate says so.

    Datasette's own way to say it, `_nofacet=1`, would stand in every link of the answer.
    """
    alone = request.scope.get("state", {}).get(ASKED_ALONE)
    return _load_all(request, None if alone else table_metadata)


class KeptFacets:
    """The values of columns of whole tables, counted once."""

    def __init__(self) -> None:
        self._counts: dict[str, Results] = {}

    @staticmethod
    def can_keep(sql: str, params: object, options: Mapping[str, object]) -> bool:
        """Tell whether a statement counts a facet of a whole table; what a visitor wrote may be cut (`truncate`)."""
        return not params and not options.get("truncate") and bool(_STATEMENT.match(sql))

    async def count(self, sql: str, ask: Callable[[], Awaitable[Results]]) -> Results:
        """Return what is kept, or else what `ask` gives."""
        if sql not in self._counts:
            counted = await ask()
            if len(counted.rows) > FACET_SIZE + 1:
                return counted
            if len(self._counts) >= _KEPT:
                self._counts.pop(next(iter(self._counts)))
            self._counts[sql] = counted
        return self._counts[sql]

"""CSV files that say in their headers that there are more rows than they have; Datasette cuts them in silence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from datasette.views.base import DataView
from datasette.views.database import DatabaseView
from datasette.views.table import TableView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datasette.app import Datasette
    from datasette.utils.asgi import Request

# What Datasette adds to the address of a CSV file for itself.
_NEEDLESS = re.compile(r"(?<=[?&])_no(?:facet|count)=1&")


class _SayingMore(DataView):  # type: ignore[misc]  # Datasette carries no types
    """A view whose CSV file says in its headers that there are more rows than it has; Datasette cuts it in silence."""

    _first: Mapping[str, Any] | None = None

    async def data(self, request: Request, *arguments: Any, **options: Any) -> Any:
        """Return what Datasette makes of a request, and keep it in mind."""
        answer = await super().data(request, *arguments, **options)
        if isinstance(answer, tuple) and self._first is None:
            self._first = answer[0]
        return answer

    async def as_csv(self, request: Request, database: str) -> Any:
        """Return the CSV file."""
        response = await super().as_csv(request, database)
        first = self._first or {}
        if first.get("truncated"):
            response.headers["X-Truncated"] = str(len(first["rows"]))
        if first.get("next_url") and not request.args.get("_stream"):
            response.headers["Link"] = f'<{_NEEDLESS.sub("", first["next_url"])}>; rel="next"'
        return response


class _Table(_SayingMore, TableView):  # type: ignore[misc]  # as above
    name = "table"


class _Database(_SayingMore, DatabaseView):  # type: ignore[misc]  # as above
    name = "database"


def say_more(view: Any, application: Datasette) -> Any:
    """Return our own view in the place of Datasette's for tables and statements; any other as it is."""
    ours = {TableView: _Table, DatabaseView: _Database}.get(getattr(view, "view_class", None))
    return ours.as_view(application) if ours else view

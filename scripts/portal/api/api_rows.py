"""The rows of an API page as HTML, each page in one go.

Datasette asks its plugins about each cell and has a template, within four others, write it: thirty microseconds a
cell, most of the time of a page. What a cell says and where it leads is the same here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from datasette.utils import is_url, tilde_encode, truncate_url
from datasette.views.table import display_columns_and_rows
from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datasette.app import Datasette

_EMPTY = "&nbsp;"
_encode = lru_cache(maxsize=1000)(tilde_encode)
# Where the values of a canned query's columns lead to.
_PLACES: Mapping[str, str] = {
    "page": "{}",
    "dataset": "/catalog/{}/",
    "series": "/datasette/opendata/series?series={}",
    "source": "/sources/{}/",
    "target_source": "/sources/{}/",
    "result_source": "/sources/{}/",
}


@dataclass(frozen=True, slots=True)
class TableRows:
    """The rows of a page of a table as they were read; those of a view have no address of their own."""

    rows: Sequence[Any]
    columns: Sequence[str]
    key: Sequence[str]
    address: str
    linked: bool
    most: int
    others: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.rows)

    def write(self, words: str) -> Markup:
        """Return the rows as `<tr>`; `words` are what stands on the link to a row whose key has no column alone."""
        # Most values of a page stand on it often; 1 and 1.0 are different ones.
        write = lru_cache(maxsize=None, typed=True)(self._write_cell)
        shown = [name for name in self.columns if not (self.linked and [name] == list(self.key))]
        lines = []
        for number, row in enumerate(self.rows, start=1):
            opener = self._write_opener(row, f'{words}<span class="visually-hidden"> {number}</span>')
            values = [(name, row[name]) for name in shown]
            cells = [
                write(name, value["value"], value["label"]) if isinstance(value, dict) else write(name, value)
                for name, value in values
            ]
            lines.append(f"<tr>{opener}{''.join(cells)}</tr>\n")
        return Markup("".join(lines))  # noqa: S704  # every value went through escape

    def _write_opener(self, row: Any, words: str) -> str:
        """Return the cell that leads to the row itself."""
        if not self.linked:
            return ""
        values = [str(_read_raw(row[name])) for name in self.key or ("rowid",)]
        address = f"{self.address}/{','.join(map(_encode, values))}"
        if len(self.key) == 1:
            return f'<td class="api-pk"><a href="{address}">{escape(values[0])}</a></td>'
        return f'<td><a href="{address}">{words}</a></td>'

    def _write_cell(self, column: str, value: Any, label: Any = None) -> str:
        """Return one cell; a code with a label leads to what it stands for."""
        if label is None:
            text = _write_value(value, self.most)
        else:
            text = f'<a href="{self.others[column]}/{_encode(str(value))}">{escape(label) or "-"}</a>'
            text += f"&nbsp;<em>{escape(value)}</em>" if label != value else ""
        return f'<td class="api-{"none" if value is None else type(value).__name__}">{text}</td>'


def _read_raw(value: Any) -> Any:
    return value["value"] if isinstance(value, dict) else value


def _write_value(value: Any, most: int) -> str:
    """Return a value as HTML, cut after `most` characters; a web address leads where it says."""
    if value is None or value == "":
        return _EMPTY
    if not isinstance(value, str):
        return str(escape(str(value)))
    address = value.strip()
    if is_url(address):
        return f'<a href="{escape(address)}">{escape(truncate_url(address, most))}</a>'
    return escape(value if not most or len(value) <= most else f"{value[:most]}…")


async def read_rows(
    datasette: Datasette,
    database_name: str,
    table_name: str,
    description: Sequence[Any],
    rows: Sequence[Any],
    **options: Any,
) -> tuple[list[dict[str, Any]], Any]:
    """Return the columns of a table's page as Datasette finds them, and its rows as TableRows.

    Datasette's own templates, where a release has none, get what they expect.
    """
    ours = datasette.template_dir is not None
    columns, cells = await display_columns_and_rows(
        datasette, database_name, table_name, description, [] if ours else rows, **options
    )
    if not ours:
        return columns, cells
    database, urls = datasette.databases[database_name], datasette.urls
    others = {
        one["column"]: f"{urls.database(database_name)}/{tilde_encode(one['other_table'])}"
        for one in await database.foreign_keys_for_table(table_name)
    }
    key, address = await database.primary_keys(table_name), str(urls.table(database_name, table_name))
    names = [one[0] for one in description]
    return columns, TableRows(rows, names, key, address, options["link_column"], options["truncate_cells"], others)


def write_query_rows(columns: Sequence[str], rows: Sequence[Sequence[str]], *, led: bool) -> Markup:
    """Return the rows of a query's page as `<tr>`, with the links of the portal where `led` says so.

    Values come as Datasette shows them: text, or markup where it is no text.
    """
    places = [_PLACES.get(name) if led else None for name in columns]
    lines = []
    for row in rows:
        cells = [
            f"<td>{value}</td>" if place is None or isinstance(cell, Markup)
            else f'<td><a href="{place.format(value)}">{value}</a></td>'
            for place, cell, value in zip(places, row, map(escape, row), strict=True)
        ]  # fmt: skip
        lines.append(f"<tr>{''.join(cells)}</tr>\n")
    return Markup("".join(lines))  # noqa: S704  # every value went through escape

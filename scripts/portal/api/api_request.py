"""Reading an address of the API: what is asked, whether it is costly, or what is wrong with it.

Everything is decided from the address and the schema, before any SQL runs. Table, row and canned-query requests
that an index or a small table answers are ordinary; arbitrary SQL and whatever may read a large table from end
to end are costly, and run elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from datasette.filters import Filters
from datasette.utils import tilde_decode, urlsafe_components

from portal.api.api_cost import FACETS, Filter, is_costly, is_laborious
from portal.api.api_metadata import DATABASE
from portal.api.api_value import (
    SHAPES,
    check_filter,
    check_numbers,
    check_place,
    check_size,
    check_switch,
    check_text,
    refuse_value,
)
from portal.web.api_error import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from portal.api.api_schema import ApiSchema, QuerySchema, TableSchema

MAX_QUERY_BYTES = 8_000
MAX_PARAMETERS = 100
MAXFACETS = 10
_LONGEST_FILE = 255  # no file system has longer names, and Datasette would let the fault through to the log
_FORMATS = ("json", "csv")
_LOOKUPS = {key for key, _, _ in Filters([]).lookups()}
# What any answer with rows can be asked for, and how its form is chosen.
_FORM = ("_size", "_shape", "_nl", "_json", "_json_infinity", "_header", "_dl", "_hide_sql", "_show_sql")
_TABLE = (
    "_sort", "_sort_desc", "_next", "_labels", "_label", "_col", "_nocol", "_facet", "_facet_array",
    "_facet_date", "_facet_size", "_nofacet", "_nocount", "_stream", "_where",
)  # fmt: skip
_SORTS = {"_sort", "_sort_desc"}
_COLUMN_OPTIONS = {*_SORTS, "_col", "_nocol", "_label", "_json", *FACETS}
# What Datasette's own form of filters sends; it leads on to the address that it means.
_FILTER_FORM = ("_filter_column", "_filter_op", "_filter_value", "_sort_by_desc")


class Kind(Enum):
    """What an address leads to; the value is the label of the metrics."""

    INDEX = "index"
    DATABASE = "database"
    TABLE = "table"
    ROW = "row"
    QUERY = "query"
    SQL = "sql"
    ASSET = "asset"


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request that can be answered; `format` is `html`, `json` or `csv`.

    What is `costly` runs elsewhere; what is `laborious` is ordinary, but lets easier requests go first.
    """

    kind: Kind
    format: str
    name: str = ""
    key: str = ""
    costly: bool = False
    laborious: bool = False
    nofacet: bool = False


def read_request(schema: ApiSchema, path: str, query: bytes) -> ApiRequest:
    """Read the part of an address after `/datasette`; raise ApiError where it asks for what does not exist."""
    pairs = _read_pairs(query)
    stem, form = _split_format(path)
    parts = stem.strip("/").split("/")
    if stem.endswith("/") and form != "html" and path != "/.json":  # for Datasette it would be a row without a key
        raise ApiError("unknown-page", path=path)
    if stem.startswith("/-/"):
        if not stem.startswith("/-/static/") or stem.endswith("/") or len(stem) > _LONGEST_FILE:
            raise ApiError("unknown-page", path=path)
        return ApiRequest(Kind.ASSET, "file", path)
    if stem in {"", "/"} or path == "/.json":
        _check_names(pairs, ())
        return ApiRequest(Kind.INDEX, form)
    if parts[0] != DATABASE or len(parts) > 3:
        raise ApiError("unknown-page", path=path)
    if len(parts) == 1:
        return _read_database_request(pairs, form)
    name = tilde_decode(parts[1])
    if name in schema.queries and len(parts) == 2:
        return _read_query_request(schema.queries[name], pairs, form)
    if name not in schema.tables:
        raise ApiError("unknown-table", name=name)
    if len(parts) == 3:
        return _read_row_request(schema.tables[name], parts[2], pairs, form)
    return _read_table_request(schema.tables[name], pairs, form)


def _read_pairs(query: bytes) -> list[tuple[str, str]]:
    if len(query) > MAX_QUERY_BYTES or query.count(b"&") >= MAX_PARAMETERS:
        raise ApiError("address-too-long", bytes=MAX_QUERY_BYTES, parameters=MAX_PARAMETERS)
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict")
    except UnicodeError as error:
        raise ApiError("bad-address") from error
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise ApiError("bad-address")
    return pairs


def _split_format(path: str) -> tuple[str, str]:
    """Return the path without its ending, and the format that the ending names."""
    stem, dot, ending = path.rpartition(".")
    if path.startswith("/-/") or not dot or "/" in ending:
        return path, "html"
    if ending not in _FORMATS:
        raise ApiError("unknown-page", path=path)
    return stem, ending


def _read_database_request(pairs: Sequence[tuple[str, str]], form: str) -> ApiRequest:
    statements = [value for name, value in pairs if name == "sql"]
    if not any(statements):
        _check_names(pairs, ("sql",))
        if form == "csv":
            raise refuse_value("sql", "", "SELECT …")
        return ApiRequest(Kind.DATABASE, form)
    if len(statements) > 1:
        raise refuse_value("sql", statements[1], "1 × sql")
    # Beside the statement stand the values of its own parameters, whose names are the visitor's to choose.
    _check_names([pair for pair in pairs if pair[0].startswith("_")], _FORM)
    _check_form(pairs)
    return ApiRequest(Kind.SQL, form, costly=True)


def _read_query_request(query: QuerySchema, pairs: Sequence[tuple[str, str]], form: str) -> ApiRequest:
    _check_names(pairs, (*query.parameters, *_FORM))
    _check_form(pairs)
    for name, value in pairs:
        check_text(name, value)
    return ApiRequest(Kind.QUERY, form, query.name)


def _read_row_request(table: TableSchema, key: str, pairs: Sequence[tuple[str, str]], form: str) -> ApiRequest:
    columns = table.key or ("rowid",)
    given = len(urlsafe_components(key))
    if given != len(columns):
        raise ApiError("incomplete-key", table=table.name, count=len(columns), columns=", ".join(columns), given=given)
    _check_names(pairs, ("_labels", *_FORM))
    _check_form(pairs)
    return ApiRequest(Kind.ROW, form, table.name, key)


def _read_table_request(table: TableSchema, pairs: Sequence[tuple[str, str]], form: str) -> ApiRequest:
    filters = []
    for name, value in pairs:
        if name.startswith(_FILTER_FORM):
            continue
        if name.startswith("_"):
            _check_names([(name, value)], (*_list_options(table), *_FORM))
            _check_option(table, name, value)
        else:
            filters.append(_read_filter(table, name, value))
    _check_form(pairs)
    options = dict(reversed(pairs))  # the first counts, as for Datasette
    _check_page(table, options)
    if sum(name in FACETS for name, _ in pairs) > MAXFACETS:
        raise ApiError("too-many-facets", limit=MAXFACETS)
    # Counting the values of every column costs more than the rows: programs ask for it, large tables wait for it.
    nofacet = not FACETS & options.keys() and not (form == "html" and table.small)
    return ApiRequest(
        Kind.TABLE,
        form,
        table.name,
        costly=is_costly(table, form, pairs, filters),
        laborious=is_laborious(table, pairs, filters),
        nofacet=nofacet,
    )


def _read_filter(table: TableSchema, name: str, value: str) -> Filter:
    """Read `column__comparison=value`."""
    column, _, lookup = name.rpartition("__") if "__" in name else (name, "", "exact")
    if name in table.names:
        column, lookup = name, "exact"
    if column not in table.names:
        raise ApiError("unknown-column", table=table.name, name=column, columns=", ".join(table.names))
    if lookup not in _LOOKUPS:
        raise ApiError("unknown-parameter", name=name, known=", ".join(f"{column}__{one}" for one in sorted(_LOOKUPS)))
    check_filter(name, lookup, value)
    if column in table.numeric:
        check_numbers(name, lookup, value)
    return column, lookup


def _list_options(table: TableSchema) -> tuple[str, ...]:
    return (*_TABLE, "_search") if table.searchable else _TABLE


def _check_option(table: TableSchema, name: str, value: str) -> None:
    """Raise ApiError where an option of a table names what is not there."""
    if name in _COLUMN_OPTIONS:
        # Code lists are sorted by the number of the row, which is their order in the file.
        if value not in table.names and not (value == "rowid" and name in _SORTS and table.numbered):
            raise ApiError("unknown-column", table=table.name, name=value, columns=", ".join(table.names))
        if name == "_nocol" and value in table.key:
            raise refuse_value(name, value, " / ".join(one for one in table.columns if one not in table.key) or "–")
    elif name == "_facet_size":
        check_size(name, value)
    elif name == "_search":
        check_text(name, value)
    elif name in {"_labels", "_nofacet", "_nocount", "_stream"}:
        check_switch(name, value)


def _check_form(pairs: Iterable[tuple[str, str]]) -> None:
    for name, value in pairs:
        if name == "_shape" and value not in SHAPES:
            raise refuse_value(name, value, " / ".join(SHAPES))
        if name == "_size":
            check_size(name, value)
        if name in {"_nl", "_json_infinity", "_dl"}:
            check_switch(name, value)


def _check_page(table: TableSchema, options: Mapping[str, str]) -> None:
    """Check what depends on more than one option: a page needs the place of the last row, a sort one direction."""
    if "_sort" in options and "_sort_desc" in options:
        raise refuse_value("_sort_desc", options["_sort_desc"], "_sort / _sort_desc")
    if place := options.get("_next"):
        if "_stream" in options:
            raise refuse_value("_next", place, "next")
        check_place(table, place, sorted_by=bool(_SORTS & options.keys() or table.sort))
    if options.get("_shape") == "object" and not table.key:
        raise refuse_value("_shape", "object", "arrays / objects / array / arrayfirst")


def _check_names(pairs: Iterable[tuple[str, str]], known: Sequence[str]) -> None:
    for name, _ in pairs:
        if name not in known:
            raise ApiError("unknown-parameter", name=name, known=", ".join(known) or "–")

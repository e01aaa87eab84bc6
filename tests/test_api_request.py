"""What an address of the API asks for: ordinary, costly, or wrong with one exact sentence."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.api.api_request import ApiRequest, Kind, read_request
from portal.api.api_schema import ApiSchema, QuerySchema, TableSchema
from portal.web.api_error import ApiError

COLUMNS = ("period", "area", "value")
SMALL = TableSchema(
    "small", COLUMNS, ("period", "area"), frozenset({"period", "area"}), frozenset({"area"}), 10,
    numeric=frozenset({"value"}),
)  # fmt: skip
BIG = TableSchema(
    "big", COLUMNS, ("period", "area"), frozenset({"period", "area"}), frozenset(), 1_000_000,
    selectivity=((("area",), (50_000,)), (("period", "area"), (10_000, 400))),
)  # fmt: skip
LOOSE = TableSchema("loose", ("name",), (), frozenset(), frozenset(), 3, searchable=True, numbered=True)
CODES = TableSchema("codes", ("code",), ("code",), frozenset({"code"}), frozenset(), 3, sort="rowid", numbered=True)
SEEN = TableSchema("seen", COLUMNS, (), frozenset(), frozenset(), 10, view=True)
MIDDLE = TableSchema("middle", (*COLUMNS, "note"), ("period", "area"), frozenset({"period"}), frozenset(), 20_000)
TABLES = (SMALL, BIG, LOOSE, CODES, SEEN, MIDDLE)
SCHEMA = ApiSchema({one.name: one for one in TABLES}, {"latest": QuerySchema("latest", ("theme",))})


def read(address: str) -> ApiRequest:
    path, _, query = address.partition("?")
    return read_request(SCHEMA, path, query.encode())


@pytest.mark.parametrize(
    ("address", "kind", "form"),
    [
        ("/", Kind.INDEX, "html"),
        ("/.json", Kind.INDEX, "json"),
        ("/opendata", Kind.DATABASE, "html"),
        ("/opendata.json", Kind.DATABASE, "json"),
        ("/opendata/small", Kind.TABLE, "html"),
        ("/opendata/small.json", Kind.TABLE, "json"),
        ("/opendata/small.csv?_size=max", Kind.TABLE, "csv"),
        ("/opendata/small/2020,KG.json", Kind.ROW, "json"),
        ("/opendata/loose/1", Kind.ROW, "html"),
        ("/opendata/latest.json?theme=digital&_shape=array", Kind.QUERY, "json"),
        ("/-/static/app.css", Kind.ASSET, "file"),
    ],
)
def test_ordinary_requests(address: str, kind: Kind, form: str) -> None:
    request = read(address)
    assert (request.kind, request.format, request.costly) == (kind, form, False)


@pytest.mark.parametrize(
    "address",
    [
        "/opendata/big.json",
        "/opendata/big.json?area=KG",
        "/opendata/big.json?area__in=KG,AG&period=2020",
        "/opendata/big.json?_sort=period",
        "/opendata/big.json?_size=1000&_next=2020,KG",
        "/opendata/big.json?area=KG&period=2020&_facet=value&_sort=value",
        "/opendata/big.json?area=KG&period=2020&value__gt=5",
        "/opendata/small.json?value__contains=1&_sort=value&_facet=value",
        "/opendata/small.json?value__gte=-1.5e3&value__lt=.5&value=%202.&value__in=1,2.5&value__notin=[3,%20%224%22]",
        "/opendata/small.json?value__contains=x&value__isnull=1&area__gt=x",
        "/opendata/loose.json?_search=duong",
        "/opendata/codes.json?_sort=rowid",
        "/opendata/codes.json?_next=2,KG",
        "/opendata/loose.json?_next=2",
        "/opendata/small.json?_next=2020,KG",
        "/opendata/small.json?_sort=value&_next=5,2020,KG",
        "/opendata/seen.json?_next=100",
        "/opendata/middle.json?value__gt=5&_sort=value",
        "/opendata/middle?_size=500",
        "/opendata/small.json?value__gt=" + "9" * 18,
        f"/opendata/small.json?value__in=[1,2.5,true,{2**63 - 1}]",
    ],
)
def test_what_an_index_or_a_small_table_answers_is_ordinary(address: str) -> None:
    assert not read(address).costly


@pytest.mark.parametrize(
    "address",
    [
        "/opendata.json?sql=select+1",
        "/opendata?sql=select+:a&a=1",
        "/opendata/small.json?_where=1=1",
        "/opendata/small.csv?_stream=on",
        "/opendata/big.json?value=1",
        "/opendata/big.json?area__contains=K",
        "/opendata/big.json?_sort=value",
        "/opendata/big.json?_sort=period&area=KG",
        "/opendata/big.json?_facet=area",
        "/opendata/big.json?_facet=area&period=2020",
        "/opendata/big.json?area=KG&period__gt=2020&_facet=value",
        "/opendata/big.json?area=KG&period=2020&_facet=value&_where=1=1",
        "/opendata/big.json?area=KG&period=2020" + "&value__gt=5" * 12,
        "/opendata/middle.json?" + "&".join(["value__gt=5"] * 3),
        "/opendata/middle.json?value__gt=5&_facet=area",
        "/opendata/middle.json?" + "&".join(["_facet=area"] * 5),
        "/opendata/middle?_size=max&_size=1",
    ],
)
def test_what_may_read_a_large_table_through_is_costly(address: str) -> None:
    assert read(address).costly


@pytest.mark.parametrize(
    ("address", "laborious"),
    [
        ("/opendata/small.json", False),
        ("/opendata/small.json?value__gt=5&area__contains=K", False),
        ("/opendata/middle.json?_next=2020,KG", False),
        ("/opendata/small/2020,KG.json", False),
        ("/opendata/small.json?_facet=area", True),
        ("/opendata/loose.json?_search=duong", True),
        ("/opendata/middle.json?_size=max", True),
        ("/opendata/middle.json?value__gt=5", True),
    ],
)
def test_easy_requests_are_told_from_those_that_take_longer(address: str, laborious: bool) -> None:
    assert (read(address).laborious, read(address).costly) == (laborious, False)


@pytest.mark.parametrize(
    ("address", "nofacet"),
    [
        ("/opendata/small", False),
        ("/opendata/small.json", True),
        ("/opendata/small.json?_facet=area", False),
        ("/opendata/big", True),
        ("/opendata/big?_facet=area", False),
    ],
)
def test_facets_are_counted_for_readers_of_small_tables_and_whoever_asks(address: str, nofacet: bool) -> None:
    assert read(address).nofacet is nofacet


@pytest.mark.parametrize(
    ("address", "code", "status", "detail"),
    [
        ("/nowhere", "unknown-page", 404, "The API has no address /nowhere."),
        ("/opendata.db", "unknown-page", 404, "The API has no address /opendata.db."),
        ("/-/databases.json", "unknown-page", 404, "The API has no address /-/databases.json."),
        ("/-/static/", "unknown-page", 404, "The API has no address /-/static/."),
        ("/-/static/" + "x" * 250, "unknown-page", 404, "The API has no address /-/static/xxx"),
        ("/-/threads", "unknown-page", 404, "The API has no address /-/threads."),
        ("/opendata/a/b/c", "unknown-page", 404, "The API has no address /opendata/a/b/c."),
        ("/opendata/small.xml", "unknown-page", 404, "The API has no address /opendata/small.xml."),
        ("/opendata/small/.json", "unknown-page", 404, "The API has no address /opendata/small/.json."),
        ("/opendata/.csv", "unknown-page", 404, "The API has no address /opendata/.csv."),
        ("/opendata/nix", "unknown-table", 404, "There is no table or query nix."),
        ("/opendata/nix/1.json", "unknown-table", 404, "There is no table or query nix."),
        (
            "/opendata/small/2020.json", "incomplete-key", 400,
            "The key of table small has 2 parts, separated by commas: period, area. This address has 1.",
        ),
        (
            "/opendata/small.json?nix=1", "unknown-column", 400,
            "Table small has no column nix. Its columns: period, area, value.",
        ),
        ("/opendata/small.json?_sort=nix", "unknown-column", 400, "Table small has no column nix."),
        ("/opendata/small.json?_nocol=area", "bad-value", 400, "_nocol cannot be area; it must be value."),
        ("/opendata/small.json?_facet=nix", "unknown-column", 400, "Table small has no column nix."),
        ("/opendata/loose.json?nix__gt=1", "unknown-column", 400, "Its columns: name, rowid."),
        ("/opendata/small.json?value__near=1", "unknown-parameter", 400, "There is no parameter value__near here."),
        ("/opendata/small.json?_search=x", "unknown-parameter", 400, "There is no parameter _search here."),
        ("/opendata/small.json?_trace=1", "unknown-parameter", 400, "There is no parameter _trace here."),
        ("/opendata/latest.json?year=1", "unknown-parameter", 400, "The parameters: theme, _size,"),
        ("/opendata.json?nix=1", "unknown-parameter", 400, "There is no parameter nix here."),
        ("/opendata.json?_shape=array", "unknown-parameter", 400, "There is no parameter _shape here."),
        ("/opendata/small.json?_json=nix", "unknown-column", 400, "Table small has no column nix."),
        ("/opendata/small.json?_nocount=", "bad-value", 400, "_nocount cannot be ; it must be on / off."),
        ("/?a=1", "unknown-parameter", 400, "There is no parameter a here. The parameters: –."),
        ("/opendata/small.json?_size=-1", "bad-value", 400, "_size cannot be -1; it must be 0–1000 / max."),
        ("/opendata/small.json?_size=abc", "bad-value", 400, "_size cannot be abc; it must be 0–1000 / max."),
        ("/opendata/small.json?_size=1001", "too-many-rows", 400, "One answer has at most 1000 rows;"),
        ("/opendata/small.json?_shape=nix", "bad-value", 400, "_shape cannot be nix;"),
        ("/opendata/loose.json?_shape=object", "bad-value", 400, "_shape cannot be object;"),
        ("/opendata/small.json?_next=1", "bad-value", 400, "_next cannot be 1; it must be next."),
        ("/opendata/small.json?_labels=maybe", "bad-value", 400, "_labels cannot be maybe; it must be on / off."),
        ("/opendata/small.json?_sort=value&_sort_desc=value", "bad-value", 400, "_sort_desc cannot be value;"),
        ("/opendata/small.json?area__in=[1", "bad-value", 400, "area__in cannot be [1;"),
        ("/opendata/small.json?area__in=" + "[" * 7000, "bad-value", 400, "area__in cannot be [[["),
        (f"/opendata/small.json?area__in=[{2**63}]", "bad-value", 400, "area__in cannot be [9223372036854775808];"),
        ("/opendata/small.json?area__in=[" + "9" * 5000 + "]", "bad-value", 400, "area__in cannot be [999"),
        (r'/opendata/small.json?area__in=["\ud800"]', "bad-value", 400, "area__in cannot be"),
        (r'/opendata/small.json?area__in=["\u0000"]', "bad-value", 400, "area__in cannot be"),
        ("/opendata/small.json?area__in=[null]", "bad-value", 400, "area__in cannot be [null];"),
        ("/opendata/small.json?area__in=[{}]", "bad-value", 400, "area__in cannot be [{}];"),
        (f"/opendata/small.json?value__gt={2**63}", "bad-value", 400, "it must be ≤ 9223372036854775807."),
        ("/opendata/small.json?value__lte=" + "9" * 5000, "bad-value", 400, "value__lte cannot be 999"),
        ("/opendata/small.json?value__gt=%C2%B2", "bad-value", 400, "value__gt cannot be ²;"),
        ("/opendata/small.json?value__gt=abc", "bad-value", 400, "value__gt cannot be abc; it must be 1234.5."),
        ("/opendata/small.json?value=1.234,5", "bad-value", 400, "value cannot be 1.234,5; it must be 1234.5."),
        ("/opendata/small.json?value__not=", "bad-value", 400, "value__not cannot be ; it must be 1234.5."),
        ("/opendata/small.json?value__in=1,x", "bad-value", 400, "value__in cannot be 1,x; it must be 1234.5."),
        ('/opendata/small.json?value__in=["x"]', "bad-value", 400, 'value__in cannot be ["x"]; it must be 1234.5.'),
        ("/opendata/small.json?_size=" + "9" * 5000, "too-many-rows", 400, "One answer has at most 1000 rows;"),
        ("/opendata/small.json?_facet_size=" + "9" * 5000, "too-many-rows", 400, "One answer has at most 1000 rows;"),
        ("/opendata/small.json?area__glob=" + "*" * 201, "value-too-long", 400, "area__glob is too long: at most 200"),
        ("/opendata/loose.json?_search=" + "a" * 501, "value-too-long", 400, "_search is too long: at most 500 bytes."),
        ("/opendata/latest.json?theme=" + "a" * 501, "value-too-long", 400, "theme is too long: at most 500 bytes."),
        ("/opendata/small.json?" + "&".join(["_facet=area"] * 11), "too-many-facets", 400, "at most 10 facets"),
        ("/opendata/small.json?_sort=rowid", "unknown-column", 400, "Table small has no column rowid."),
        ("/opendata/small.json?_next=5,2020,KG", "bad-value", 400, "_next cannot be 5,2020,KG; it must be next."),
        ("/opendata/small.json?_sort=value&_next=2020,KG", "bad-value", 400, "_next cannot be 2020,KG;"),
        ("/opendata/loose.json?_sort=name&_next=1", "bad-value", 400, "_next cannot be 1;"),
        ("/opendata/codes.json?_next=KG", "bad-value", 400, "_next cannot be KG;"),
        ("/opendata/seen.json?_next=-1", "bad-value", 400, "_next cannot be -1;"),
        ("/opendata/seen.json?_next=x", "bad-value", 400, "_next cannot be x;"),
        (f"/opendata/seen.json?_next={2**63}", "bad-value", 400, "_next cannot be 9223372036854775808;"),
        ("/opendata.csv", "bad-value", 400, "sql cannot be ; it must be SELECT …."),
        ("/opendata.csv?sql=", "bad-value", 400, "sql cannot be ; it must be SELECT …."),
        ("/opendata.json?sql=select+1&sql=select+2", "bad-value", 400, "sql cannot be select 2; it must be 1 × sql."),
        ("/opendata/small.json?area=%FF", "bad-address", 400, "The address is not valid."),
        ("/opendata/small.json?area=%00", "bad-address", 400, "The address is not valid."),
        ("/opendata/small.json?" + "a=1&" * 100, "address-too-long", 414, "at most 8000 bytes and 100 parameters"),
        ("/opendata/small.json?area=" + "x" * 8000, "address-too-long", 414, "at most 8000 bytes"),
    ],
)  # fmt: skip
def test_says_what_is_wrong(address: str, code: str, status: int, detail: str) -> None:
    with pytest.raises(ApiError) as caught:
        read(address)
    error = caught.value
    assert (error.code, error.status) == (code, status)
    assert detail in error.detail.en
    assert error.detail.vi != error.detail.en


@given(st.text(max_size=40), st.text(max_size=60))
def test_every_address_is_read_or_refused(path: str, query: str) -> None:
    assert find_status(path, query) in {200, 400, 404, 414}


def find_status(path: str, query: str) -> int:
    try:
        read_request(SCHEMA, "/" + path, query.encode("utf-8", "surrogatepass"))
    except ApiError as error:
        return error.status
    return 200


@given(st.text("0123456789+-.eE \tx", min_size=1, max_size=6))
def test_a_number_is_what_sqlite_compares_as_one(text: str) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE one (value NUMERIC)")
        connection.execute("INSERT INTO one VALUES (?)", (text,))
        (kind,) = connection.execute("SELECT typeof(value) FROM one").fetchone()
    address = f"/opendata/small.json?value={quote(text)}"
    if kind == "text":
        with pytest.raises(ApiError):
            read(address)
    else:
        assert read(address).kind is Kind.TABLE

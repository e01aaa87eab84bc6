"""Healthy cases: packages without any fault, made so that they have none, in every way that a right one may look.

Whether the fast check knows enough is measured by them: the slow check must find all of them clean.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

import factory
from judged_case import Case, template
from table_cases import NUMBERS, WORDS, join_cells, rarely, some_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Draw = Any
Rows = list[list[str]]


@dataclass(frozen=True)
class Healthy:
    """A kind of column: its type, right cells, what else its descriptor may say, constraints that all cells keep.

    `value` tells which cells are the same value, in a column that may be a key.
    """

    type: str
    cells: st.SearchStrategy[str]
    more: Mapping[str, st.SearchStrategy[Any]] = field(default_factory=dict)
    constraints: Mapping[str, st.SearchStrategy[Any]] = field(default_factory=dict)
    value: Callable[[str], object] | None = None


# Excel knows no day before March 1900.
_DAYS = st.dates(min_value=date(1901, 1, 1))
_TIMES = st.times().map(lambda one: f"{one:%H:%M:%S}")
_DATETIMES = st.datetimes(min_value=datetime(1901, 1, 1)).map(lambda one: one.replace(microsecond=0).isoformat())  # noqa: DTZ001 - without a zone, as the cells are
_WHOLE = {"minimum": some_of(-1000, "-1000", -1000.0), "maximum": some_of(1000, "1000", 1e15)}
_WIDE = {"minimum": some_of(-1000, "-1000", -1000.5), "maximum": some_of(1000, "1e3", "1000.0")}
_KINDS = [
    Healthy("string", WORDS, {}, {"minLength": some_of(0, 1), "maxLength": some_of(20, 100), "pattern": some_of("[^;]+")}, str),
    Healthy("string", some_of("a", "b", "c", "Phú Quốc"), {}, {"enum": some_of(["a", "b", "c", "Phú Quốc"])}, str),
    Healthy("string", some_of("a", "b", "KG", "1"), {"portal": some_of({"codelist": "codes"})}, {}, str),
    Healthy("string", some_of("a", "b;KG", "KG;1;a"), {"portal": some_of({"codelist": "codes", "separator": ";"})}, {}, str),
    Healthy("string", some_of("x@example.org", "y.z@example.com"), {"format": some_of("email")}),
    Healthy("string", some_of("http://example.org/a", "urn:a:b", "https://example.org/?q=1"), {"format": some_of("uri")}),
    Healthy("string", st.uuids().map(str), {"format": some_of("uuid", "default")}, {"maxLength": some_of(36)}),
    Healthy("string", some_of("aGVsbG8=", "YWJj"), {"format": some_of("binary")}),
    Healthy("integer", st.integers(-1000, 1000).map(str), {}, _WHOLE, int),
    Healthy("integer", some_of("1", "2", "3"), {}, {"enum": some_of([1, 2, "3"])}, int),
    Healthy("integer", st.integers(0, 1000).map(lambda one: f"{one}%"), {"bareNumber": some_of(False)}),
    Healthy("number", NUMBERS, {}, _WIDE, Decimal),
    Healthy("number", some_of("1.234,5", "2,5", "7", "1.000.000"), {"groupChar": some_of("."), "decimalChar": some_of(",")}),
    Healthy("number", some_of("$5", "7%", "12.5 kg", "3"), {"bareNumber": some_of(False), "groupChar": some_of(",", " ")}),
    Healthy("boolean", some_of("true", "false", "1", "0")),
    Healthy("boolean", some_of("có", "không"), {"trueValues": some_of(["có", "x"]), "falseValues": some_of(["không"])}),
    Healthy("date", _DAYS.map(str), {}, {"minimum": some_of("1900-01-01"), "maximum": some_of("9999-12-31")}, str),
    Healthy("date", _DAYS.map(lambda one: one.strftime("%d/%m/%Y")), {"format": some_of("%d/%m/%Y")}),
    Healthy("datetime", _DATETIMES, {}, {"minimum": some_of("1900-01-01T00:00:00")}, str),
    Healthy("time", _TIMES, {"format": some_of("default", "%H:%M:%S")}, {"minimum": some_of("00:00:00")}),
    Healthy("year", st.integers(1900, 2100).map(str), {}, {"minimum": some_of(1900), "maximum": some_of("2100")}, int),
    Healthy("yearmonth", _DAYS.map(lambda one: f"{one:%Y-%m}"), {}, {"minimum": some_of("1900-01")}, str),
    Healthy("list", some_of("a,b", "a", "c,d,e"), {"itemType": some_of("string")}, {"minLength": some_of(1)}),
    Healthy("any", WORDS | NUMBERS),
    Healthy("geopoint", some_of("1,2", "104.9, 10.5")),
    Healthy("array", some_of("[1]", "[]")),
    Healthy("object", some_of("{}", '{"a": 1}')),
    Healthy("duration", some_of("P1Y", "PT5M")),
]  # fmt: skip
# What may stand for a missing cell, none of which is a right cell; the first is written.
_MISSING = some_of(["", "n/a"], ["n/a"], ["", "9999"], ["9999", ""], [{"value": "n/a", "label": "không có"}])
_CODES = "abcdefghij"


@dataclass
class _Column:
    """A column that is being made: what its descriptor says, and what writes a missing cell, if one may be written."""

    kind: Healthy
    descriptor: dict[str, Any]
    blank: str


@st.composite
def healthy_cases(draw: Draw) -> Case:
    """Return a package of one or two tables, a code list among them, or an indicator."""
    block_bytes = draw(some_of(4_000_000, 64, 16))
    if rarely(draw, 8):
        return _draw_indicator(draw, block_bytes)
    kind = draw(some_of("table", "table", "reference"))
    missing = draw(_MISSING) if rarely(draw, 6) else None
    columns, rows = _draw_table(draw, missing, codes=kind == "reference")
    tables = [("one", columns, rows)]
    if rarely(draw, 4):
        tables.append(("two", *_draw_table(draw, missing)))
    references = _draw_reference(draw, tables) if rarely(draw, 3) else []
    resources, files = [], {}
    for number, (name, made, cells) in enumerate(tables, start=1):
        descriptor = factory.describe_resource(name, [one.descriptor for one in made], _draw_key(draw, made, cells))
        if missing:
            descriptor["schema"]["missingValues"] = missing
        if references and number == len(tables):
            descriptor["schema"]["foreignKeys"] = references
        resources.append(descriptor)
        files[f"{name}.csv"] = _draw_file(draw, [one.descriptor["name"] for one in made], cells)
    package = factory.describe_package("one", kind, resources[0])
    package["resources"] = resources
    return Case(package, files, block_bytes, healthy=True)


def _draw_table(draw: Draw, missing: Sequence[Any] | None, *, codes: bool = False) -> tuple[list[_Column], Rows]:
    """Return the columns and the rows of a table; no cell of its first column is missing."""
    columns = [_draw_column(draw, name, missing) for name in "abcd"[: draw(st.integers(1, 4))]]
    if codes or draw(st.booleans()):  # a column of codes, as most tables have
        text = codes or draw(st.booleans())
        first = Healthy("string", some_of(*_CODES), value=str) if text else Healthy("integer", st.nothing(), value=int)
        columns[0] = _Column(first, factory.column("code", first.type), _blank(missing))
    rows = [
        [_draw_first(draw, columns[0], number), *(_draw_cell(draw, one) for one in columns[1:])]
        for number in range(draw(st.integers(1, 8)))
    ]
    for position, column in enumerate(columns):
        _constrain(draw, column, [row[position] for row in rows])
    return columns, rows


def _draw_first(draw: Draw, column: _Column, number: int) -> str:
    if column.descriptor["name"] != "code":
        return str(draw(column.kind.cells))
    return _CODES[number] if column.kind.type == "string" else str(number)


def _draw_cell(draw: Draw, column: _Column) -> str:
    return column.blank if rarely(draw, 12) else str(draw(column.kind.cells))


def _draw_column(draw: Draw, name: str, missing: Sequence[Any] | None) -> _Column:
    kind = draw(st.sampled_from(_KINDS))
    descriptor = factory.column(name, kind.type, **{key: draw(more) for key, more in kind.more.items()})
    if rarely(draw, 6):
        descriptor["missingValues"] = missing = draw(_MISSING)
    return _Column(kind, descriptor, _blank(missing))


def _blank(missing: Sequence[Any] | None) -> str:
    """Return what is written for a missing cell."""
    first = (missing or [""])[0]
    return str(first if isinstance(first, str) else first["value"])


def _constrain(draw: Draw, column: _Column, cells: Sequence[str]) -> None:
    """Give a column constraints that its cells keep."""
    constraints = {key: draw(value) for key, value in column.kind.constraints.items() if rarely(draw, 4)}
    if column.blank not in cells and draw(st.booleans()):
        constraints["required"] = True
    if _are_distinct([column], [[cell] for cell in cells]) and draw(st.booleans()):
        constraints["unique"] = True
    if constraints:
        column.descriptor["constraints"] = constraints


def _are_distinct(columns: Sequence[_Column], rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether columns are a key: no cell is missing, no two rows have the same values."""
    if any(one.kind.value is None for one in columns):
        return False
    if any(cell == one.blank for row in rows for one, cell in zip(columns, row, strict=True)):
        return False
    keys = {
        tuple(one.kind.value(cell) for one, cell in zip(columns, row, strict=True) if one.kind.value) for row in rows
    }
    return len(keys) == len(rows)


def _draw_key(draw: Draw, columns: Sequence[_Column], rows: Rows) -> list[str]:
    """Return the names of the columns of a key; none where there is none, or now and then."""
    keys = list(_list_keys(columns, rows))
    return draw(st.sampled_from([[], *keys])) if keys else []


def _list_keys(columns: Sequence[_Column], rows: Rows) -> Iterator[list[str]]:
    for count in (1, 2, 3):
        for places in combinations(range(len(columns)), count):
            if _are_distinct([columns[place] for place in places], [[row[place] for place in places] for row in rows]):
                yield [columns[place].descriptor["name"] for place in places]


def _draw_reference(draw: Draw, tables: Sequence[tuple[str, list[_Column], Rows]]) -> list[dict[str, Any]]:
    """Add columns to the last table that refer to some of a table; return the foreign key."""
    target, columns, there = draw(st.sampled_from(tables))
    places = [
        place for place, one in enumerate(columns) if one.kind.value and all(row[place] != one.blank for row in there)
    ]
    if not places:
        return []
    picked = draw(st.permutations(places))[: draw(st.integers(1, 2))]
    name, made, rows = tables[-1]
    found = [[row[place] for place in picked] for row in there]
    added = []
    for number, place in enumerate(picked):
        kept = {key: value for key, value in columns[place].descriptor.items() if key != "constraints"}
        added.append(_Column(columns[place].kind, {**kept, "name": f"ref{number}"}, columns[place].blank))
    cells = [draw(st.sampled_from(found)) for _ in rows]
    made += added
    for row, more in zip(rows, cells, strict=True):
        row.extend([added[0].blank] if len(picked) == 1 and rarely(draw, 6) else more)
    reference = {
        "resource": "" if target == name else target,
        "fields": [columns[place].descriptor["name"] for place in picked],
    }
    return [{"fields": [one.descriptor["name"] for one in added], "reference": reference}]


def _draw_file(draw: Draw, names: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """Write a table with some way of quoting and of ending lines."""
    end = draw(some_of("\n", "\r\n"))
    quoting = draw(some_of("needed", "needed", "all", "some"))
    text: str = end.join([join_cells(draw, names, "needed"), *(join_cells(draw, row, quoting) for row in rows)])
    whole = text + str(draw(some_of(end, end, "")))
    return whole.encode("utf-8-sig" if rarely(draw, 6) else "utf-8")


_INDICATOR_CELLS = {
    "period": some_of("2023", "2024-02", "2020/2024", "2024-Q1"),
    "status": some_of("actual", "target", "estimate"),
    "value": some_of("1200", "0.5", "", "1e3", "1.50", "-3"),
    "as_stated": some_of("1.200", "hơn 1.200"),
    "note": some_of("", "ghi chú", 'gọi là "nhà", số 5', "hai\ndòng"),
}  # fmt: skip


def _draw_indicator(draw: Draw, block_bytes: int) -> Case:
    descriptor = template("indicator").descriptor
    names = [one["name"] for one in descriptor["resources"][0]["schema"]["fields"]]
    rows = []
    for number in range(1, draw(st.integers(2, 6))):
        changes = {name: draw(cells) for name, cells in _INDICATOR_CELLS.items() if rarely(draw, 4)}
        row = {**factory.default_row(number), "kind": "_T", **changes}
        rows.append([row[name] for name in names])
    return Case(descriptor, {"one.csv": _draw_file(draw, names, rows)}, block_bytes, healthy=True)

"""Cases for the two checks: schemas and files of every kind, right ones and such as are wrong in all known ways.

Most cells are right, so that many tables are; every wrong thing is rare, so that it often comes alone. Cases without
any fault stand in `healthy_cases`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

import factory
from judged_case import Case, template

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Draw = Any

# Cells that some reader somewhere takes for something else.
_ODD = [
    "", " ", "\t", "\u00a0", "NaN", "nan", "INF", "-inf", "Infinity", "sNaN", "1e5", "1E-3", "1e400", "1_000", "+5", "-0", "0",
    "00", "007", "1", "1.0", "1.00", "1.", ".5", "-", "--1", "1-2", "1.2.3", "0x10", "１２", "٣", "²", " 5", "5 ", "\u00a05", "1,5",
    "1.000,5", "1 000", "12%", "€5", "5 đồng", "=1+1", "@x", "+a", "-a", "-5", "n/a", "NA", "-999", "null", "None", "9" * 15,
    "9" * 16, "9" * 20, "-9007199254740993", "9007199254740993", "0.1234567", "0.12345678901234567890", "123456789.1234567",
    "é", "e\u0301", "\u0301", "ệ", "ê\u0323", "\u212b", "\ufeff", "\ufffe", "\x00", "\x1c", "\x1f", "\x7f", "\x85", "\u2028", "\u200b", "\U0001f41f",
    "a\nb", "a\n\nb", "a\r\n\r\nb", "\n\n", "a\r\nb", "a\rb", "\n", "\r", '"', 'a"b', '""', ",", "a,b", ";", "a;b", "a;z", "'", "\\", "true", "True", "TRUE", "false", "yes",
    "có", "2024-02-29", "2023-02-29", "2024-2-3", "2024-02-03 ", "03/02/2024", "2024-02-03T10:00:00", "2024-02-03T10:00:00Z",
    "2024-02-03T10:00:00+07:00", "2024-02-03T24:00:00", "2024-02-03T10:00:00.5", "2024-02-03 10:00:00", "2023-02-29T10:00:00",
    "0000-01-01T00:00:00", "0001-01-01T00:00:00", "2024-04-31T00:00:00", "2024-12-31T23:59:59Z", "2024-12-31T23:59:60", "20240203T100000",
    "10:00:00", "10:00", "24:00:00", "10:00:00Z", "10:00:00+07:00", "2024", "0000", "0001", "9999", "10000", "-001", "+024", "２０２４", " 202", "2_24",
    "2024-01", "2024-13", "2024-1", "24-1", "2024-Q1", "2024/..", "2030", "2031-01/2030", "1:1", "0:1", "1:1\n", "x@example.org", "x@", "http://example.org/ế",
    "example.org", "urn:x", "6f1d2a8e-3f0b-4f4b-9d6a-2f5b9c9b7a10", "6F1D2A8E3F0B4F4B9D6A2F5B9C9B7A10", "aGVsbG8=", "aGVsbG8", "POINT (1 2)", "1,2",
    "1, 2", "[1, 2]", '{"lon": 1, "lat": 2}', "{}", "[]", "P1Y", "a", "b", "KG", "..", "a b", "x" * 65, "ă" * 50,
]  # fmt: skip
_LONG = "x" * 100_001
NUMBERS = st.integers(-1_000, 1_000).map(str) | st.decimals(-999, 999, places=2).map(str)
WORDS = st.sampled_from(
    ["Phú Quốc", "Rạch Giá", "Hà Tiên", "xã A, huyện B", 'gọi là "nhà"', "hai\ndòng", "a", "b", "c", "số 5", "(x)"]
)
_DATES = st.dates()
_TIMES = st.times().map(lambda one: one.replace(microsecond=0))
_DATETIMES = st.datetimes().map(lambda one: one.replace(microsecond=0).isoformat())


@dataclass(frozen=True)
class Kind:
    """A kind of column: its type, what else its descriptor may say, and cells that are mostly right."""

    type: str
    cells: st.SearchStrategy[str]
    more: Mapping[str, st.SearchStrategy[Any]]
    constraints: Mapping[str, st.SearchStrategy[Any]]


def some_of(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


_BOUNDS = {"minimum": some_of(-1000, "-500", 0, "0", 2.5, "x"), "maximum": some_of(1000, "500", 999, 2.5, "1e3", True)}
_KINDS = [
    Kind("string", WORDS, {}, {"minLength": some_of(0, 1, 2), "maxLength": some_of(3, 20, 100), "pattern": some_of(".*", "[^0-9]+", "a|b", "(", "\\w+"), "enum": some_of(["a", "b", "c", "Phú Quốc"])}),
    Kind("string", some_of("x@example.org", "y.z@example.com"), {"format": some_of("email")}, {}),
    Kind("string", some_of("http://example.org/a", "urn:a:b", "https://example.org/?q=1"), {"format": some_of("uri")}, {}),
    Kind("string", st.uuids().map(str), {"format": some_of("uuid", "binary", "default", "wkt")}, {"maxLength": some_of(36)}),
    Kind("string", some_of("aGVsbG8=", "YWJj"), {"format": some_of("binary")}, {}),
    Kind("integer", st.integers(-1000, 1000).map(str), {}, {**_BOUNDS, "enum": some_of([1, 2, "3"])}),
    Kind("integer", st.integers(0, 1000).map(lambda one: f"{one}%"), {"bareNumber": some_of(False, True)}, _BOUNDS),
    Kind("number", NUMBERS, {}, {**_BOUNDS, "enum": some_of(["1", "2.50", 3])}),
    Kind("number", some_of("1.234,5", "2,5", "7", "1.000.000"), {"groupChar": some_of("."), "decimalChar": some_of(",")}, _BOUNDS),
    Kind("number", some_of("$5", "7%", "12.5 kg", "3"), {"bareNumber": some_of(False), "groupChar": some_of(",", " ")}, {}),
    Kind("boolean", some_of("true", "false", "1", "0"), {}, {}),
    Kind("boolean", some_of("có", "không"), {"trueValues": some_of(["có", "x"]), "falseValues": some_of(["không"])}, {}),
    Kind("date", _DATES.map(str), {}, {"minimum": some_of("2000-01-01"), "maximum": some_of("2100-01-01")}),
    Kind("date", _DATES.map(lambda one: one.strftime("%d/%m/%Y")), {"format": some_of("%d/%m/%Y", "any")}, {}),
    Kind("datetime", _DATETIMES, {}, {"minimum": some_of("2000-01-01T00:00:00")}),
    Kind("datetime", _DATETIMES.map(lambda one: f"{one}Z"), {"format": some_of("default", "any", "%Y-%m-%dT%H:%M:%S%z")}, {}),
    Kind("time", _TIMES.map(str), {"format": some_of("default", "any", "%H:%M:%S")}, {"minimum": some_of("06:00:00")}),
    Kind("year", st.integers(1900, 2100).map(str), {}, {"minimum": some_of(1950), "maximum": some_of("2050")}),
    Kind("yearmonth", st.dates().map(lambda one: f"{one:%Y-%m}"), {}, {"minimum": some_of("2000-01")}),
    Kind("list", some_of("a,b", "a", "1,2", "a;b"), {"delimiter": some_of(",", ";"), "itemType": some_of("string", "integer")}, {"minLength": some_of(1), "maxLength": some_of(2)}),
    Kind("any", WORDS | NUMBERS, {}, {"enum": some_of(["a", "b"])}),
    Kind("geopoint", some_of("1,2", "10.5, 104.9"), {}, {}),
    Kind("array", some_of("[1]", "[]"), {}, {"minLength": some_of(1)}),
    Kind("object", some_of("{}", '{"a": 1}'), {}, {}),
    Kind("duration", some_of("P1Y", "PT5M"), {}, {}),
]  # fmt: skip
_MISSING = some_of(
    [""], ["", "n/a"], ["-999"], ["", "0", "a"], [], [{"value": "n/a", "label": "không có"}], ["", "1", "KG"]
)


def rarely(draw: Draw, one_in: int) -> bool:
    return bool(draw(st.integers(1, one_in)) == one_in)


@st.composite
def _columns(draw: Draw, name: str) -> tuple[dict[str, Any], st.SearchStrategy[str]]:
    kind = draw(st.sampled_from(_KINDS))
    descriptor = factory.column(name, kind.type, **{key: draw(more) for key, more in kind.more.items()})
    constraints = {key: draw(value) for key, value in kind.constraints.items() if rarely(draw, 6)}
    constraints |= {key: True for key in ("required", "unique") if rarely(draw, 5)}
    if constraints:
        descriptor["constraints"] = constraints
    if rarely(draw, 6):
        descriptor["missingValues"] = draw(_MISSING)
    cells = kind.cells
    if kind.type == "string" and rarely(draw, 6):
        descriptor["portal"] = {"codelist": "codes", **({"separator": ";"} if draw(st.booleans()) else {})}
        cells = some_of("a", "b", "KG", "1")
    return descriptor, cells


@st.composite
def tables(draw: Draw, name: str, others: Sequence[Mapping[str, Any]] = ()) -> tuple[dict[str, Any], bytes]:
    """Return the descriptor of a resource and the bytes of its file."""
    names = ["code", *"bcd"][: draw(st.integers(1, 4))]
    columns = [draw(_columns(one)) for one in names]
    if draw(st.booleans()):  # a column of codes, as most tables have
        columns[0] = (factory.column("code", draw(some_of("string", "integer"))), columns[0][1])
    odd = 0 if draw(st.booleans()) else draw(some_of(4, 12))
    rows = [
        [_draw_cell(draw, row, column, cells, odd) for column, cells in columns]
        for row in range(draw(st.integers(0, 8)))
    ]
    if rows and rarely(draw, 8):
        rows.append(list(draw(st.sampled_from(rows))))
    resource = factory.describe_resource(name, [column for column, _ in columns])
    schema = resource["schema"]
    if not rarely(draw, 3):
        schema["primaryKey"] = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    if rarely(draw, 8):
        schema["missingValues"] = draw(_MISSING)
    if rarely(draw, 4):
        schema["foreignKeys"] = [_draw_reference(draw, names, [resource, *others])]
    return resource, _draw_file(draw, names, rows)


def _draw_cell(draw: Draw, row: int, column: Mapping[str, Any], cells: st.SearchStrategy[str], odd: int) -> str:
    if odd and rarely(draw, odd):
        return _LONG if rarely(draw, 200) else str(draw(st.sampled_from(_ODD)))
    if column["name"] == "code" and column["type"] == "integer":
        return str(row)
    if column["name"] == "code" and column.keys() <= {"name", "type", "title", "title@en"}:
        return "abcdefghij"[row]
    return str(draw(cells)) if not rarely(draw, 12) else ""


def _draw_reference(draw: Draw, names: Sequence[str], tables_: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    target = draw(st.sampled_from(tables_))
    known = [one["name"] for one in target["schema"]["fields"]]
    count = draw(st.integers(1, min(2, len(names), len(known))))
    return {
        "fields": draw(st.permutations(names))[:count],
        "reference": {
            "resource": draw(some_of(target["name"], target["name"], "")),
            "fields": draw(st.permutations(known))[:count] if rarely(draw, 3) else known[:count],
        },
    }


def _draw_file(draw: Draw, names: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """Write a table with some way of quoting and of ending lines, now and then with a fault."""
    end = draw(some_of("\n", "\n", "\r\n", "\r\n", "\r", "mixed"))
    quoting = draw(some_of("needed", "needed", "all", "some"))
    lines = [join_cells(draw, names, "needed"), *(join_cells(draw, row, quoting) for row in rows)]
    if rarely(draw, 4):
        _spoil(draw, lines)
    ends = [draw(some_of("\n", "\r\n", "\r")) if end == "mixed" else end for _ in lines]
    if ends and rarely(draw, 4):
        ends[-1] = ""
    data = "".join(line + one for line, one in zip(lines, ends, strict=True)).encode("utf-8", "surrogatepass")
    if rarely(draw, 6):
        data = b"\xef\xbb\xbf" + data
    return _damage(draw, data) if rarely(draw, 10) else data


def join_cells(draw: Draw, cells: Sequence[str], quoting: str) -> str:
    return ",".join(
        f'"{cell.replace(chr(34), chr(34) * 2)}"'
        if any(char in cell for char in ',"\r\n') or quoting == "all" or (quoting == "some" and draw(st.booleans()))
        else cell
        for cell in cells
    )


def _spoil(draw: Draw, lines: list[str]) -> None:
    """Put one fault into the lines of a file."""
    place = draw(st.integers(0, len(lines) - 1))
    line = lines[place]
    at = draw(st.integers(0, len(line)))
    lines[place : place + 1] = draw(
        some_of(
            [line, ""], [line, "  "], [line, ","], ["", line], [f"{line},"], [f"{line},x"], [line.rpartition(",")[0]], [f"{line} "],
            [f" {line}"], [line[:at] + '"' + line[at:]], [f'{line}"x"'], [f'"{line}'], [line.upper()], [line[:at] + "\0" + line[at:]], [],
            [line[:at] + "\ud83d" + line[at:]], [line, ",".join('""' for _ in line.split(","))], [f'{line[:at]}""{line[at:]}'], [line, '""'],
            [line[:at] + "\r" + line[at:]], [line[:at] + "\n" + line[at:]], [line.replace(",", ", ")], [line.replace(",", ";")],
        )
    )  # fmt: skip


def _damage(draw: Draw, data: bytes) -> bytes:
    at = draw(st.integers(0, len(data)))
    return bytes(
        draw(
            some_of(
                b"", b"\n", b"\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf" + data, data[:at], data + b"\n", data + b"\r", data + b"\r\n\r\n", b"\n" + data,
                data[:at] + b"\xff" + data[at:], data[:at] + b"\xc2" + data[at:], data[:at] + b"\xed\xa0\x80" + data[at:], data + b"\x1a",
                data[:at] + b'"' + data[at:], data.decode("utf-8", "replace").encode("utf-16"), data.replace(b"\n", b"\n\n"),
            )
        )
    )  # fmt: skip


@st.composite
def cases(draw: Draw) -> Case:
    """Return a package of one or two tables, a code list among them, or an indicator."""
    block_bytes = draw(some_of(4_000_000, 64, 16))
    if rarely(draw, 8):
        return _draw_indicator(draw, block_bytes)
    first = draw(tables("one"))
    drawn = [first, draw(tables("two", [first[0]]))] if rarely(draw, 4) else [first]
    descriptor = factory.describe_package("one", draw(some_of("table", "table", "reference")), first[0])
    descriptor["resources"] = [resource for resource, _ in drawn]
    return Case(descriptor, {resource["path"]: data for resource, data in drawn}, block_bytes)


_INDICATOR_CELLS = {
    "period": some_of("2023", "2024-02", "2024-02-30", "2031", "2020/2024", "2024/..", "2031-Q1", "2024-Q5", "0000", "２０２４"),
    "status": some_of("actual", "target", "estimate", "goal", ""),
    "locator": some_of("1:1", "12:7", "0:1", "1:0", "a", "1:1 ", "１:1"),
    "area": some_of("KG", "PQ", "XX", ""),
    "value": some_of("1200", "0.5", "", "1e3", "NaN", "9007199254740993", "1.50"),
    "flags": some_of("", "misprint", "misprint;unclear", "none"),
    "measure": some_of("catch", "share", "none"),
    "note": some_of("", "ghi chú", "=1", "e\u0301"),
}  # fmt: skip


def _draw_indicator(draw: Draw, block_bytes: int) -> Case:
    rows = [
        {name: draw(cells) for name, cells in _INDICATOR_CELLS.items() if rarely(draw, 6)}
        for _ in range(draw(st.integers(1, 5)))
    ]
    descriptor = template("indicator").descriptor
    names = [one["name"] for one in descriptor["resources"][0]["schema"]["fields"]]
    lines = [
        names,
        *([{**factory.default_row(n), "kind": "_T", **row}[one] for one in names] for n, row in enumerate(rows)),
    ]
    data = "".join(f"{join_cells(draw, line, 'needed')}\r\n" for line in lines).encode()
    return Case(descriptor, {"one.csv": data}, block_bytes)

"""Cases for the two checks: schemas and files of every kind, right ones and such as are wrong in all known ways.

Most cells are right, so that many tables are; every wrong thing is rare, so that it often comes alone.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

import factory
from portal.checks.check import check_closely, check_quickly
from portal.checks.rules import Context
from portal.data.descriptor import read_package
from portal.data.package import Field, Resource
from portal.words.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from portal.data.package import Package

CODES = frozenset({"a", "b", "ă", "1", "KG"})
CONTEXT = Context(
    {"codes": CODES} | {name: frozenset(line.split(",")[0] for line in lines[1:]) for name, lines in factory.REFERENCES.items()},
    factory.TODAY,
)  # fmt: skip
Draw = Any

# Cells that some reader somewhere takes for something else.
_ODD = [
    "", " ", "\t", "\u00a0", "NaN", "nan", "INF", "-inf", "Infinity", "sNaN", "1e5", "1E-3", "1e400", "1_000", "+5", "-0", "0",
    "00", "007", "1", "1.0", "1.00", "1.", ".5", "-", "--1", "1-2", "1.2.3", "0x10", "１２", "٣", "²", " 5", "5 ", "\u00a05", "1,5",
    "1.000,5", "1 000", "12%", "€5", "5 đồng", "=1+1", "@x", "+a", "-a", "-5", "n/a", "NA", "-999", "null", "None", "9" * 15,
    "9" * 16, "9" * 20, "-9007199254740993", "9007199254740993", "0.1234567", "0.12345678901234567890", "123456789.1234567",
    "é", "e\u0301", "\u0301", "ệ", "ê\u0323", "\u212b", "\ufeff", "\ufffe", "\x00", "\x1c", "\x1f", "\x7f", "\x85", "\u2028", "\u200b", "\U0001f41f",
    "a\nb", "a\r\nb", "a\rb", "\n", "\r", '"', 'a"b', '""', ",", "a,b", ";", "a;b", "a;z", "'", "\\", "true", "True", "TRUE", "false", "yes",
    "có", "2024-02-29", "2023-02-29", "2024-2-3", "2024-02-03 ", "03/02/2024", "2024-02-03T10:00:00", "2024-02-03T10:00:00Z",
    "2024-02-03T10:00:00+07:00", "2024-02-03T24:00:00", "2024-02-03T10:00:00.5", "2024-02-03 10:00:00", "2023-02-29T10:00:00",
    "0000-01-01T00:00:00", "0001-01-01T00:00:00", "2024-04-31T00:00:00", "2024-12-31T23:59:59Z", "2024-12-31T23:59:60", "20240203T100000",
    "10:00:00", "10:00", "24:00:00", "10:00:00Z", "10:00:00+07:00", "2024", "0000", "0001", "9999", "10000", "-001", "+024", "２０２４", " 202", "2_24",
    "2024-01", "2024-13", "2024-1", "24-1", "2024-Q1", "2024/..", "2030", "2031-01/2030", "1:1", "0:1", "1:1\n", "x@example.org", "x@", "http://example.org/ế",
    "example.org", "urn:x", "6f1d2a8e-3f0b-4f4b-9d6a-2f5b9c9b7a10", "6F1D2A8E3F0B4F4B9D6A2F5B9C9B7A10", "aGVsbG8=", "aGVsbG8", "POINT (1 2)", "1,2",
    "1, 2", "[1, 2]", '{"lon": 1, "lat": 2}', "{}", "[]", "P1Y", "a", "b", "KG", "..", "a b", "x" * 65, "ă" * 50,
]  # fmt: skip
_LONG = "x" * 100_001
_NUMBERS = st.integers(-1_000, 1_000).map(str) | st.decimals(-999, 999, places=2).map(str)
_WORDS = st.sampled_from(
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


def _some(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


_BOUNDS = {"minimum": _some(-1000, "-500", 0, "0", 2.5, "x"), "maximum": _some(1000, "500", 999, 2.5, "1e3", True)}
_KINDS = [
    Kind("string", _WORDS, {}, {"minLength": _some(0, 1, 2), "maxLength": _some(3, 20, 100), "pattern": _some(".*", "[^0-9]+", "a|b", "(", "\\w+"), "enum": _some(["a", "b", "c", "Phú Quốc"])}),
    Kind("string", _some("x@example.org", "y.z@example.com"), {"format": _some("email")}, {}),
    Kind("string", _some("http://example.org/a", "urn:a:b", "https://example.org/?q=1"), {"format": _some("uri")}, {}),
    Kind("string", st.uuids().map(str), {"format": _some("uuid", "binary", "default", "wkt")}, {"maxLength": _some(36)}),
    Kind("string", _some("aGVsbG8=", "YWJj"), {"format": _some("binary")}, {}),
    Kind("integer", st.integers(-1000, 1000).map(str), {}, {**_BOUNDS, "enum": _some([1, 2, "3"])}),
    Kind("integer", st.integers(0, 1000).map(lambda one: f"{one}%"), {"bareNumber": _some(False, True)}, _BOUNDS),
    Kind("number", _NUMBERS, {}, {**_BOUNDS, "enum": _some(["1", "2.50", 3])}),
    Kind("number", _some("1.234,5", "2,5", "7", "1.000.000"), {"groupChar": _some("."), "decimalChar": _some(",")}, _BOUNDS),
    Kind("number", _some("$5", "7%", "12.5 kg", "3"), {"bareNumber": _some(False), "groupChar": _some(",", " ")}, {}),
    Kind("boolean", _some("true", "false", "1", "0"), {}, {}),
    Kind("boolean", _some("có", "không"), {"trueValues": _some(["có", "x"]), "falseValues": _some(["không"])}, {}),
    Kind("date", _DATES.map(str), {}, {"minimum": _some("2000-01-01"), "maximum": _some("2100-01-01")}),
    Kind("date", _DATES.map(lambda one: one.strftime("%d/%m/%Y")), {"format": _some("%d/%m/%Y", "any")}, {}),
    Kind("datetime", _DATETIMES, {}, {"minimum": _some("2000-01-01T00:00:00")}),
    Kind("datetime", _DATETIMES.map(lambda one: f"{one}Z"), {"format": _some("default", "any", "%Y-%m-%dT%H:%M:%S%z")}, {}),
    Kind("time", _TIMES.map(str), {"format": _some("default", "any", "%H:%M:%S")}, {"minimum": _some("06:00:00")}),
    Kind("year", st.integers(1900, 2100).map(str), {}, {"minimum": _some(1950), "maximum": _some("2050")}),
    Kind("yearmonth", st.dates().map(lambda one: f"{one:%Y-%m}"), {}, {"minimum": _some("2000-01")}),
    Kind("list", _some("a,b", "a", "1,2", "a;b"), {"delimiter": _some(",", ";"), "itemType": _some("string", "integer")}, {"minLength": _some(1), "maxLength": _some(2)}),
    Kind("any", _WORDS | _NUMBERS, {}, {"enum": _some(["a", "b"])}),
    Kind("geopoint", _some("1,2", "10.5, 104.9"), {}, {}),
    Kind("array", _some("[1]", "[]"), {}, {"minLength": _some(1)}),
    Kind("object", _some("{}", '{"a": 1}'), {}, {}),
    Kind("duration", _some("P1Y", "PT5M"), {}, {}),
]  # fmt: skip
_MISSING = _some(
    [""], ["", "n/a"], ["-999"], ["", "0", "a"], [], [{"value": "n/a", "label": "không có"}], ["", "1", "KG"]
)


def _rarely(draw: Draw, one_in: int) -> bool:
    return bool(draw(st.integers(1, one_in)) == one_in)


@st.composite
def _columns(draw: Draw, name: str) -> tuple[dict[str, Any], st.SearchStrategy[str]]:
    kind = draw(st.sampled_from(_KINDS))
    descriptor = factory.column(name, kind.type, **{key: draw(more) for key, more in kind.more.items()})
    constraints = {key: draw(value) for key, value in kind.constraints.items() if _rarely(draw, 6)}
    constraints |= {key: True for key in ("required", "unique") if _rarely(draw, 5)}
    if constraints:
        descriptor["constraints"] = constraints
    if _rarely(draw, 6):
        descriptor["missingValues"] = draw(_MISSING)
    cells = kind.cells
    if kind.type == "string" and _rarely(draw, 6):
        descriptor["portal"] = {"codelist": "codes", **({"separator": ";"} if draw(st.booleans()) else {})}
        cells = _some("a", "b", "KG", "1")
    return descriptor, cells


@st.composite
def tables(draw: Draw, name: str, others: Sequence[Mapping[str, Any]] = ()) -> tuple[dict[str, Any], bytes]:
    """Return the descriptor of a resource and the bytes of its file."""
    names = ["code", *"bcd"][: draw(st.integers(1, 4))]
    columns = [draw(_columns(one)) for one in names]
    if draw(st.booleans()):  # a column of codes, as most tables have
        columns[0] = (factory.column("code", draw(_some("string", "integer"))), columns[0][1])
    odd = 0 if draw(st.booleans()) else draw(_some(4, 12))
    rows = [
        [_draw_cell(draw, row, column, cells, odd) for column, cells in columns]
        for row in range(draw(st.integers(0, 8)))
    ]
    if rows and _rarely(draw, 8):
        rows.append(list(draw(st.sampled_from(rows))))
    resource = factory.describe_resource(name, [column for column, _ in columns])
    schema = resource["schema"]
    if not _rarely(draw, 3):
        schema["primaryKey"] = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    if _rarely(draw, 8):
        schema["missingValues"] = draw(_MISSING)
    if _rarely(draw, 4):
        schema["foreignKeys"] = [_draw_reference(draw, names, [resource, *others])]
    return resource, _draw_file(draw, names, rows)


def _draw_cell(draw: Draw, row: int, column: Mapping[str, Any], cells: st.SearchStrategy[str], odd: int) -> str:
    if odd and _rarely(draw, odd):
        return _LONG if _rarely(draw, 200) else str(draw(st.sampled_from(_ODD)))
    if column["name"] == "code" and column["type"] == "integer":
        return str(row)
    if column["name"] == "code" and column.keys() <= {"name", "type", "title", "title@en"}:
        return "abcdefghij"[row]
    return str(draw(cells)) if not _rarely(draw, 12) else ""


def _draw_reference(draw: Draw, names: Sequence[str], tables_: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    target = draw(st.sampled_from(tables_))
    known = [one["name"] for one in target["schema"]["fields"]]
    count = draw(st.integers(1, min(2, len(names), len(known))))
    return {
        "fields": draw(st.permutations(names))[:count],
        "reference": {
            "resource": draw(_some(target["name"], target["name"], "")),
            "fields": draw(st.permutations(known))[:count] if _rarely(draw, 3) else known[:count],
        },
    }


def _draw_file(draw: Draw, names: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """Write a table with some way of quoting and of ending lines, now and then with a fault."""
    end = draw(_some("\n", "\n", "\r\n", "\r\n", "\r", "mixed"))
    quoting = draw(_some("needed", "needed", "all", "some"))
    lines = [_join(draw, names, "needed"), *(_join(draw, row, quoting) for row in rows)]
    if _rarely(draw, 4):
        _spoil(draw, lines)
    ends = [draw(_some("\n", "\r\n", "\r")) if end == "mixed" else end for _ in lines]
    if ends and _rarely(draw, 4):
        ends[-1] = ""
    data = "".join(line + one for line, one in zip(lines, ends, strict=True)).encode("utf-8", "surrogatepass")
    if _rarely(draw, 6):
        data = b"\xef\xbb\xbf" + data
    return _damage(draw, data) if _rarely(draw, 10) else data


def _join(draw: Draw, cells: Sequence[str], quoting: str) -> str:
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
        _some(
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
            _some(
                b"", b"\n", b"\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf" + data, data[:at], data + b"\n", data + b"\r", data + b"\r\n\r\n", b"\n" + data,
                data[:at] + b"\xff" + data[at:], data[:at] + b"\xc2" + data[at:], data[:at] + b"\xed\xa0\x80" + data[at:], data + b"\x1a",
                data[:at] + b'"' + data[at:], data.decode("utf-8", "replace").encode("utf-16"), data.replace(b"\n", b"\n\n"),
            )
        )
    )  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A package as it would be written to a folder."""

    descriptor: Mapping[str, Any]
    files: Mapping[str, bytes]
    block_bytes: int

    def __repr__(self) -> str:
        return json.dumps(dict(self.descriptor), ensure_ascii=False) + "".join(
            f"\n{k}: {v!r}" for k, v in self.files.items()
        )


@st.composite
def cases(draw: Draw) -> Case:
    """Return a package of one or two tables, a code list among them, or an indicator."""
    block_bytes = draw(_some(4_000_000, 64, 16))
    if _rarely(draw, 8):
        return _draw_indicator(draw, block_bytes)
    first = draw(tables("one"))
    drawn = [first, draw(tables("two", [first[0]]))] if _rarely(draw, 4) else [first]
    descriptor = factory.describe_package("one", draw(_some("table", "table", "reference")), first[0])
    descriptor["resources"] = [resource for resource, _ in drawn]
    return Case(descriptor, {resource["path"]: data for resource, data in drawn}, block_bytes)


_INDICATOR_CELLS = {
    "period": _some("2023", "2024-02", "2024-02-30", "2031", "2020/2024", "2024/..", "2031-Q1", "2024-Q5", "0000", "２０２４"),
    "status": _some("actual", "target", "estimate", "goal", ""),
    "locator": _some("1:1", "12:7", "0:1", "1:0", "a", "1:1 ", "１:1"),
    "area": _some("KG", "PQ", "XX", ""),
    "value": _some("1200", "0.5", "", "1e3", "NaN", "9007199254740993", "1.50"),
    "flags": _some("", "misprint", "misprint;unclear", "none"),
    "measure": _some("catch", "share", "none"),
    "note": _some("", "ghi chú", "=1", "e\u0301"),
}  # fmt: skip


def _draw_indicator(draw: Draw, block_bytes: int) -> Case:
    rows = [
        {name: draw(cells) for name, cells in _INDICATOR_CELLS.items() if _rarely(draw, 6)}
        for _ in range(draw(st.integers(1, 5)))
    ]
    descriptor = _template("indicator").descriptor
    names = [one["name"] for one in descriptor["resources"][0]["schema"]["fields"]]
    lines = [
        names,
        *([{**factory.default_row(n), "kind": "_T", **row}[one] for one in names] for n, row in enumerate(rows)),
    ]
    data = "".join(f"{_join(draw, line, 'needed')}\r\n" for line in lines).encode()
    return Case(descriptor, {"one.csv": data}, block_bytes)


@cache
def _template(kind: str) -> Package:
    """Return a package of a kind; cases have other tables in it."""
    with tempfile.TemporaryDirectory() as root:
        if kind == "indicator":
            folder = factory.write_indicator(Path(root), "one", [], {"kind": "codes"})
        else:
            resource = factory.describe_resource("one", [factory.column("code")])
            folder = factory.write_package(Path(root), factory.describe_package("one", kind, resource), [])
        return read_package(folder / "datapackage.json", "one/datapackage.json")


@dataclass(frozen=True)
class Verdicts:
    """What the two checks say of a case: whether it is clean."""

    fast: bool
    slow: bool


def judge_case(case: Case, set_block_bytes: Callable[[int], None]) -> Verdicts:
    """Write a case to disk and let both checks look at it."""
    root = Path(tempfile.mkdtemp())
    try:
        package = _write(root, case)
        set_block_bytes(case.block_bytes)
        fast = check_quickly(package, CONTEXT) == []
        return Verdicts(fast, not check_closely(package, CONTEXT))
    finally:
        shutil.rmtree(root)


def _write(folder: Path, case: Case) -> Package:
    """Write the files of a package, and read it as if the profile knew every type of column that frictionless knows."""
    for path, data in case.files.items():
        (folder / path).write_bytes(data)
    resources = tuple(_build_resource(one, folder) for one in case.descriptor["resources"])
    template = _template(case.descriptor["portal"]["kind"])
    return replace(template, resources=resources, folder=folder, descriptor=case.descriptor)


def _build_resource(descriptor: Mapping[str, Any], folder: Path) -> Resource:
    schema = descriptor["schema"]
    return Resource(
        name=descriptor["name"],
        path=descriptor["path"],
        file=folder / descriptor["path"],
        title=Text(""),
        fields=tuple(
            Field(
                name=one["name"],
                type=one["type"],
                title=Text(one["title"]),
                description=Text(""),
                code_list=one.get("portal", {}).get("codelist", ""),
                separator=one.get("portal", {}).get("separator", ""),
                required=bool(one.get("constraints", {}).get("required")),
            )
            for one in schema["fields"]
        ),
        primary_key=tuple(schema.get("primaryKey", ())),
        descriptor=descriptor,
    )

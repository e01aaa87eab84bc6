"""The fast check against the slow one, on made-up packages and on the doubtful things by name."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import factory
from fuzz_checks import HEALTHY_SHARE, run
from judged_case import CONTEXT, Verdicts
from portal.checks.check import check_closely, check_package, check_quickly, read_codes
from portal.checks.rules import Context
from portal.data import csv_block
from portal.data.csv_block import DoubtError, parse_block, read_blocks
from portal.data.descriptor import read_packages

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence
    from pathlib import Path

    from portal.data.package import Package

NAMES = ["a", "b"]
FIELDS = [
    factory.column("id", "integer", required=True),
    factory.column("place"),
    factory.column("value", "number", constraints={"minimum": 0, "maximum": 100}),
]


def write(
    root: Path, data: bytes, fields: Sequence[Any] = FIELDS, key: Sequence[str] = ("id",), **schema: Any
) -> Package:
    """Write a table whose file is `data`; return its package."""
    folder = factory.write_table(root, "one", fields, [], key)
    descriptor = folder / "datapackage.json"
    if schema:
        described = factory.describe_resource("one", fields, key)
        described["schema"] |= schema
        package = factory.describe_package("one", "table", described)
        descriptor.write_text(json.dumps(package), "utf-8")
    (folder / "one.csv").write_bytes(data)
    return read_packages(root).packages[0]


@pytest.fixture(autouse=True)
def _whole_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the size of blocks back that a case may have changed."""
    monkeypatch.setattr(csv_block, "BLOCK_BYTES", csv_block.BLOCK_BYTES)


def test_accepts_nothing_that_the_slow_check_refuses() -> None:
    verdicts: Counter[Verdicts] = run(120, first_seed=7)
    assert verdicts[Verdicts(fast=True, slow=False)] == 0
    accepted = verdicts[Verdicts(fast=True, slow=True)]
    assert accepted >= HEALTHY_SHARE * (accepted + verdicts[Verdicts(fast=False, slow=True)])
    assert verdicts[Verdicts(fast=False, slow=False)] > 10, "a fuzz without faults proves nothing"


def test_knows_the_packages_of_the_portal_and_says_of_them_what_the_close_check_says() -> None:
    packages = read_packages(factory.REPOSITORY / "datapackages").packages
    context = Context({"datasets": frozenset(one.name for one in packages), **read_codes(packages)}, factory.TODAY)
    quick = [(package, check_quickly(package, context)) for package in packages]
    known = [(package, findings) for package, findings in quick if findings is not None]
    assert len(known) >= 0.9 * len(packages)
    assert all(findings == check_closely(package, context) for package, findings in known)


def test_the_characters_that_are_taken_for_nfc_are_nfc_wherever_they_stand() -> None:
    usual = [chr(code) for code in (*range(0xA0, 0x300), *range(0x1E00, 0x1F00))]
    assert all(unicodedata.is_normalized("NFC", one) and not unicodedata.combining(one) for one in usual)
    assert unicodedata.is_normalized("NFC", "".join(usual))
    for one in usual:
        assert parse_block(f"a,{one}\n".encode(), NAMES)[1].to_pylist() == [one]


@pytest.mark.parametrize("text", ["e\u0301", "\u1f71", "\u1100\u1161", "\u212b", "ế\u0323", "\u0344", "\ufeff", "\x80"])
def test_other_characters_are_looked_at_one_by_one(text: str) -> None:
    with pytest.raises(DoubtError):
        parse_block(f"Phú Quốc,{text}\n".encode(), NAMES)


@pytest.mark.parametrize(
    "data", [b"\xe1", b"\xe1\xbb", b"\xe1\xbb\n", b"\xc3\n", b"\xbb\n", b"\xe1\x1e\n", b"\xc2\x85\n", b"\x00\n"]
)
def test_bytes_that_are_no_text_are_a_doubt(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_block("Phú Quốc,".encode() + data, NAMES)


def test_a_block_ends_behind_a_line_end_that_no_quotes_enclose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_block, "BLOCK_BYTES", 12)
    rows = [b'1,"a\n\nb""\n"\n', b'2,"\n"\n', b"3,x\n", b'4,"y\n\n\n\n\n\n\n\n\n\n"\n', b"5,z"]
    (tmp_path / "one.csv").write_bytes(b"a,b\n" + b"".join(rows))
    blocks = list(read_blocks(tmp_path / "one.csv", NAMES))
    assert b"".join(blocks) == b"".join(rows)
    assert len(blocks) > 2
    assert all(block.count(b'"') % 2 == 0 for block in blocks)


@pytest.mark.parametrize("block_bytes", [7, 64, 4_000_000])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_accepts_what_is_plainly_right(
    tmp_path: Path, end: str, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_block, "BLOCK_BYTES", block_bytes)
    rows = [
        "id,place,value",
        '1,"Phú Quốc, đảo",0.5',
        '2,"gọi là ""nhà""\r\nhai dòng",100',
        "3,,",
        '4,"",7e1',
        "5,x,099.50",
    ]
    package = write(tmp_path, (end.join(rows) + end).encode())
    assert check_quickly(package, CONTEXT) == []
    assert check_closely(package, CONTEXT) == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"id,place,value\n1,a,5\n1,b,6\n", "primary-key"),
        (b"id,place,value\n1,a,5\n01,b,6\n", "primary-key"),
        (b"id,place,value\n1,a,101\n", "constraint-error"),
        (b"id,place,value\n1,a,100.00000000000001\n", "constraint-error"),
        (b"id,place,value\n1,a,NaN\n", "constraint-error"),
        (b"id,place,value\n1,a,1_0\n", "type-error"),
        (b"id,place,value\n1,a\n", "missing-cell"),
        (b"id,place,value\n1,a,5,\n", "extra-cell"),
        (b"id,place,value\n1,a,5\n\n", "blank-row"),
        (b"id,place\n1,a\n", "missing-label"),
        (b"id,Place,value\n1,a,5\n", "incorrect-label"),
        (b"", "source-error"),
        (b'id,place,value\n1,"a"b,5\n', "csv-quotes"),
        (b'id,place,value\n1,"a,5\n', "csv-quotes"),
        (b"id,place,value\n1,a\xff,5\n", "encoding"),
        (b"id,place,value\n1,a\0,5\n", "control-character"),
        (b"id,place,value\n1,=a,5\n", "formula-text"),
        ("id,place,value\n1,e\u0301,5\n".encode(), "not-nfc"),
        (b"id,place,value\n1," + b"x" * 100_001 + b",5\n", "cell-too-long"),
    ],
)  # fmt: skip
def test_leaves_faults_to_the_check_that_words_them(tmp_path: Path, data: bytes, code: str) -> None:
    package = write(tmp_path, data)
    assert check_quickly(package, CONTEXT) is None
    assert code in {finding.code for finding in check_package(package, CONTEXT)}


def test_a_table_is_read_in_threads_to_the_same_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_block, "BLOCK_BYTES", 1_000)
    monkeypatch.setattr("portal.checks.fast_check.BLOCK_BYTES", 1_000)
    lines = [f'{number},"xã {number}\nthôn",{number % 100}' for number in range(3_000)]
    head = "id,place,value\n"
    assert check_quickly(write(tmp_path / "right", (head + "\n".join(lines)).encode()), CONTEXT) == []
    lines.append("17,xã,1")
    assert check_quickly(write(tmp_path / "twice", (head + "\n".join(lines)).encode()), CONTEXT) is None


@pytest.mark.parametrize(("parent", "accepted"), [("1", True), ("", True), ("9", False)])
def test_follows_references_within_a_table(tmp_path: Path, parent: str, *, accepted: bool) -> None:
    fields = [factory.column("id"), factory.column("parent"), factory.column("name")]
    reference = {"fields": ["parent"], "reference": {"resource": "", "fields": ["id"]}}
    data = f"id,parent,name\n1,,a\n2,{parent},b\n".encode()
    package = write(tmp_path, data, fields, ["id"], foreignKeys=[reference])
    assert (check_quickly(package, CONTEXT) == []) is accepted
    assert (check_closely(package, CONTEXT) == []) is accepted


def test_two_spellings_of_one_number_are_one_key(tmp_path: Path) -> None:
    fields = [factory.column("id", "number"), factory.column("name")]
    package = write(tmp_path, b"id,name\n1.0,a\n1,b\n", fields)
    assert check_quickly(package, CONTEXT) is None
    assert [finding.code for finding in check_closely(package, CONTEXT)] == ["primary-key"]


@pytest.mark.parametrize(
    "block",
    [
        b"1,2\r", b"1,2\r3,4\n", b"1,2\n\n", b"\n", b"1\n", b"1,2,3\n", b'1,"2\n', b'1,2"\n',
        b'1,"2"3\n', b'1, "2"\n', b'"1""2",3"\n', b"1,2\n\r\n3,4\n",
        b"1,\xc2\x85\n", b"1,\xef\xbb\xbf\n", b"1,\xed\xa0\x80\n", b"1,\x1c\n", b"1,\x7f\n",
    ],
)  # fmt: skip
def test_doubtful_bytes_are_not_read(block: bytes) -> None:
    with pytest.raises((DoubtError, UnicodeDecodeError)):
        parse_block(block, NAMES)


@pytest.mark.parametrize(
    ("block", "cells"),
    [
        (b"1,2\n3,4", [["1", "3"], ["2", "4"]]),
        (b'"1","2"\r\n', [["1"], ["2"]]),
        (b'"",""""\n', [[""], ['"']]),
        (b'"a""b","c,\r\nd"\n', [['a"b'], ["c,\r\nd"]]),
        (b'"""a""",b\n', [['"a"'], ["b"]]),
        (b" 1 ,NA\n", [[" 1 "], ["NA"]]),
    ],
)
def test_plain_bytes_are_read_as_python_reads_them(block: bytes, cells: list[list[str]]) -> None:
    assert [column.to_pylist() for column in parse_block(block, NAMES)] == cells


_PIECES = st.sampled_from([",", ",", '"', '"', '""', '","', "\n", "\n", "\r\n", "\r", "\n\n", '"\n\n"', "a", " ", "ế"])
_CELLS = st.lists(st.sampled_from(["a", ",", "\n", "\n\n", "\r\n\r\n", '""', "ế"]), max_size=3).map(
    lambda one: f'"{"".join(one)}"'
)


@settings(deadline=None, max_examples=400)
@given(
    st.lists(_PIECES, max_size=12).map("".join)
    | st.lists(st.lists(_CELLS, min_size=2, max_size=2).map(",".join), max_size=4).map("\n".join)
)
def test_whatever_is_read_is_what_python_reads(text: str) -> None:
    try:
        columns = parse_block(text.encode(), NAMES)
    except ValueError:
        return
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert [list(row) for row in zip(*(column.to_pylist() for column in columns), strict=True)] == rows


@pytest.mark.parametrize(
    "header", [b"", b"a\n", b"a,b,c\n", b"b,a\n", b"a, b\n", b"a,b\r\r", b'a,"b\n', b"\xef\xbb\xbf\xef\xbb\xbfa,b\n"]
)
def test_another_header_is_a_doubt(tmp_path: Path, header: bytes) -> None:
    (tmp_path / "t.csv").write_bytes(header + b"1,2\n")
    with pytest.raises(DoubtError):
        list(read_blocks(tmp_path / "t.csv", NAMES))


def test_a_row_without_end_is_a_doubt_and_not_a_whole_file_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_block, "BLOCK_BYTES", 1_000)
    monkeypatch.setattr(csv_block, "_MAX_CARRIED", 4_000)
    (tmp_path / "t.csv").write_bytes(b'a,b\n1,"' + b"x\n" * 10_000 + b'"\n')
    with pytest.raises(DoubtError, match="a row without end"):
        list(read_blocks(tmp_path / "t.csv", NAMES))


def test_a_table_too_long_for_excel_has_the_warning_of_the_close_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.checks.format_limits.EXCEL_ROWS", 3)
    package = write(tmp_path, b"id,place,value\n1,a,5\n2,a,5\n3,b,6\n")
    quick = check_quickly(package, CONTEXT)
    assert quick is not None
    assert [(finding.code, finding.message) for finding in quick] == [
        (finding.code, finding.message) for finding in check_closely(package, CONTEXT)
    ]
    assert [finding.code for finding in quick] == ["excel-rows"]


@pytest.mark.parametrize(
    ("type_", "cell"),
    [("number", "0.1234567890123456"), ("date", "1900-02-28"), ("datetime", "2024-01-01T10:00:00Z"),
     ("datetime", "1900-02-28T10:00:00"), ("string", "x" * 32_768)],
)  # fmt: skip
def test_what_excel_would_change_is_left_to_the_close_check(tmp_path: Path, type_: str, cell: str) -> None:
    fields = [factory.column("id"), factory.column("value", type_)]
    package = write(tmp_path, f"id,value\na,{cell}\n".encode(), fields)
    assert check_quickly(package, CONTEXT) is None
    assert check_closely(package, CONTEXT)[0].code.startswith("excel-")

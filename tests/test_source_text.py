"""Source texts: places are lines and columns from 1 in characters, and a changed or missing document has a name."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from evidence_factory import Fault, as_faults, make_text
from portal.checks.source_text import Span, parse_locator, read_source_texts
from portal.data.finding import Place

if TYPE_CHECKING:
    from pathlib import Path

PLACE = Place("sources", "reference/sources/data.csv")
TEXT = "Đủ 12 xã,\nở 3.000 hộ.\n"
DIGEST = hashlib.sha256(TEXT.encode()).hexdigest()


@pytest.mark.parametrize(
    ("locator", "length", "found"),
    [
        ("1:4", 2, "12"),
        ("1:1", 3, "Đủ "),  # characters, not bytes
        ("2:3", 5, "3.000"),
        ("2:3", 99, "3.000 hộ."),  # fewer where the line ends
        ("3:1", 5, ""),
        ("4:1", 5, ""),
        ("1:99", 5, ""),
        ("0:1", 5, ""),
        ("1:0", 5, ""),
        ("-1:1", 5, ""),
        ("1:-1", 5, ""),
        ("1", 5, ""),
        ("", 5, ""),
        ("1:4:2", 5, ""),
        (" 1:4", 5, ""),
        ("1:4 ", 5, ""),
        ("1:04", 5, ""),
        ("None", 5, ""),
        ("a:b", 5, ""),
        ("1:" + "9" * 5000, 5, ""),
    ],
)
def test_characters_are_read_where_the_locator_points_or_not_at_all(locator: str, length: int, found: str) -> None:
    assert make_text(*TEXT.split("\n")).read(locator, length) == found


@pytest.mark.parametrize(("locator", "place"), [("31:262", (31, 262)), ("1:1", (1, 1)), ("x", (0, 0)), ("0:1", (0, 0))])
def test_a_locator_is_line_and_column(locator: str, place: tuple[int, int]) -> None:
    assert parse_locator(locator) == place


def test_what_stands_around_a_figure_is_of_its_own_line_and_bounded() -> None:
    text = make_text("trước", "a" * 50 + "12" + "b" * 50, "sau")

    assert text.read_around("2:51", 2) == ("a" * 24, "b" * 24)
    assert make_text("12").read_around("1:1", 2) == ("", "")
    assert make_text("12").read_around("7:1", 2) == ("", "")


def test_runs_of_digits_in_document_order() -> None:
    text = make_text("Số 7, ngày 05/03/2024", "", "1.738.517 và ٣ hay ²; a1")

    assert list(text.digit_runs()) == [
        Span(1, 4, 5), Span(1, 12, 14), Span(1, 15, 17), Span(1, 18, 22),
        Span(3, 1, 2), Span(3, 3, 6), Span(3, 7, 10), Span(3, 24, 25),
    ]  # fmt: skip


def test_lines_end_at_line_feeds_only(tmp_path: Path) -> None:
    text = "một\r\nhai\x0bba\u2028bốn\n12"
    (tmp_path / "a.txt").write_bytes(text.encode())
    digest = hashlib.sha256(text.encode()).hexdigest()

    texts, findings = read_source_texts(tmp_path, {"a": {"file": "a.txt", "sha256": digest}}, PLACE)

    assert findings == []
    assert texts["a"].lines == ("một\r", "hai\x0bba\u2028bốn", "12")
    assert texts["a"].read("3:1", 2) == "12"


def test_a_missing_document_is_named(tmp_path: Path) -> None:
    register = {"bulletin": {"file": "bulletin.txt", "sha256": DIGEST}, "nameless": {}}

    texts, findings = read_source_texts(tmp_path, register, PLACE)

    assert texts == {}
    assert as_faults(findings) == [
        Fault(
            "source-missing",
            "reference/sources/data.csv",
            "Không thấy văn bản nguồn «bulletin» (tệp bulletin.txt).",
            "The source text “bulletin” (file bulletin.txt) is not there.",
        ),
        Fault(
            "source-missing",
            "reference/sources/data.csv",
            "Không thấy văn bản nguồn «nameless» (tệp –).",
            "The source text “nameless” (file –) is not there.",
        ),
    ]
    assert findings[0].cure == "Chỉ đúng thư mục chứa văn bản: make verify SOURCES=…"
    assert findings[0].cure_en == "Name the folder that holds the texts: make verify SOURCES=…"


@pytest.mark.parametrize(
    "changed",
    [
        TEXT.replace("12", "13"),
        TEXT.replace("Đủ", "đủ"),
        TEXT + " ",
        TEXT[:-1],
        TEXT.replace("\n", "\r\n"),
        "",
    ],
)
def test_a_document_with_one_character_changed_is_named_and_still_read(tmp_path: Path, changed: str) -> None:
    (tmp_path / "bulletin.txt").write_bytes(changed.encode())
    found = hashlib.sha256(changed.encode()).hexdigest()

    texts, findings = read_source_texts(tmp_path, {"bulletin": {"file": "bulletin.txt", "sha256": DIGEST}}, PLACE)

    assert as_faults(findings) == [
        Fault(
            "source-changed",
            "reference/sources/data.csv",
            f"Văn bản nguồn «bulletin» đã đổi: SHA-256 là {found}, sổ ghi {DIGEST}.",
            f"The source text “bulletin” was changed: its SHA-256 is {found}, the register says {DIGEST}.",
        )
    ]
    assert findings[0].cure == "Lấy lại đúng văn bản, hoặc chép lại số liệu từ bản mới rồi sửa sổ sources."
    assert texts["bulletin"].lines == tuple(changed.split("\n"))


def test_an_unchanged_document_has_no_finding(tmp_path: Path) -> None:
    (tmp_path / "bulletin.txt").write_bytes(TEXT.encode())

    texts, findings = read_source_texts(tmp_path, {"bulletin": {"file": "bulletin.txt", "sha256": DIGEST}}, PLACE)

    assert findings == []
    assert texts["bulletin"].lines == ("Đủ 12 xã,", "ở 3.000 hộ.", "")


def test_a_document_that_is_no_longer_utf8_is_a_changed_one(tmp_path: Path) -> None:
    (tmp_path / "bulletin.txt").write_bytes(TEXT.encode("utf-16"))

    _, findings = read_source_texts(tmp_path, {"bulletin": {"file": "bulletin.txt", "sha256": DIGEST}}, PLACE)

    assert [finding.code for finding in findings] == ["source-changed"]

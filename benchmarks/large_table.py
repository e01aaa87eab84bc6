"""A large table of invented figures, the same in every run: nine columns as officers have them."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

_PLACES = ("Phú Quốc", "Rạch Giá", "Hà Tiên", "Châu Thành", "Kiên Lương")
_ROWS_AT_ONCE = 100_000
_FIELDS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("id", "integer", {"required": True}),
    ("period", "string", {"required": True}),
    ("area", "string", {"required": True}),
    ("code", "string", {"required": True}),
    ("name", "string", {}),
    ("value", "integer", {"minimum": 0}),
    ("share", "number", {"minimum": 0, "maximum": 100}),
    ("checked", "boolean", {}),
    ("note", "string", {}),
)


@cache
def keep_large_table(rows: int) -> Path:
    """Return a folder with the package `large`, written once for all benchmarks of a run and removed after them."""
    root = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, root)
    write_large_table(root / "large", rows)
    return root / "large"


def write_large_table(folder: Path, rows: int) -> None:
    """Write the package `large` with so many rows into a new folder."""
    folder.mkdir(parents=True)
    (folder / "datapackage.json").write_text(json.dumps(_describe(), ensure_ascii=False), "utf-8")
    with (folder / "large.csv").open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(name for name, _, _ in _FIELDS) + "\n")
        for start in range(0, rows, _ROWS_AT_ONCE):
            file.writelines(map(_write_row, range(start, min(rows, start + _ROWS_AT_ONCE))))


def _write_row(number: int) -> str:
    place, value = _PLACES[number % 5], number * 7919 % 1_000_003
    note = "" if number % 3 else '"theo báo cáo, đã rà soát"'
    return (
        f"{number},{2000 + number % 25}-{1 + number % 12:02},{place},C{number % 997:04},Xã {place} số {number},"
        f"{value},{value % 10_000 / 100},{'true' if number % 2 else 'false'},{note}\n"
    )


def _describe() -> dict[str, Any]:
    fields = [
        {"name": name, "type": kind, "title": name, **({"constraints": constraints} if constraints else {})}
        for name, kind, constraints in _FIELDS
    ]
    resource = {
        "name": "large", "type": "table", "path": "large.csv", "format": "csv", "mediatype": "text/csv",
        "encoding": "utf-8", "dialect": {"delimiter": ","}, "schema": {"fields": fields, "primaryKey": ["id"]},
    }  # fmt: skip
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json", "name": "large", "title": "Bảng lớn",
        "title@en": "A large table", "description": "Số liệu dựng sẵn để đo.", "languages": ["vi", "en"],
        "version": "1.0.0", "licenses": [{"name": "CC-BY-4.0"}], "portal": {"kind": "table"}, "resources": [resource],
    }  # fmt: skip

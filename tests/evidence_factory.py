"""Made-up evidence: a short document, the rows that transcribe it, and the registers around them.

Provenance, coverage and consistency are tested on claims made in memory. `write_world` writes a whole catalogue without
a fault to disk, for what looks across packages; a test plants one fault. No sentence stands in a real document.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from factory import REFERENCES, REPOSITORY, TODAY, observe, read_tables, write_indicator, write_reference
from portal.checks.check import check_packages
from portal.checks.coverage import Exclusion
from portal.checks.evidence import check_evidence, verify_sources
from portal.checks.provenance import Claim
from portal.checks.source_text import SourceText
from portal.data.descriptor import read_packages
from portal.data.finding import Finding, Place
from portal.data.settings import read_settings
from portal.figures.catalog import make_catalog

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from portal.checks.evidence import Verification
    from portal.data.package import Package
    from portal.data.register import Record
    from portal.figures.catalog import Catalog

SOURCES = REPOSITORY.parent / "shared" / "sources"
needs_texts = pytest.mark.skipif(
    not SOURCES.is_dir(),
    reason="the documents are no part of the repository; without ../shared/sources no figure was held against them",
)

UNITS: Mapping[str, Record] = {
    "tonne": {"symbol": "tấn", "symbol_en": "tonnes", "scale_word": "", "counted": "false"},
    "percent": {"symbol": "%", "symbol_en": "%", "scale_word": "", "counted": "false"},
    "per_100": {"symbol": "máy/100 dân", "symbol_en": "per 100", "scale_word": "", "counted": "false"},
    "million": {"symbol": "triệu", "symbol_en": "million", "scale_word": "triệu", "counted": "false"},
    "VND_billion": {"symbol": "tỷ đồng", "symbol_en": "billion VND", "scale_word": "tỷ", "counted": "false"},
    "count": {"symbol": "", "symbol_en": "", "scale_word": "", "counted": "true"},
    "rank": {"symbol": "", "symbol_en": "", "scale_word": "", "counted": "true"},
    "places": {"symbol": "bậc", "symbol_en": "places", "scale_word": "", "counted": "true"},
}


# --- findings --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """What a planted fault must be called, where, and in which words; every one of them stops a build."""

    code: str
    place: str
    vi: str
    en: str


def as_faults(findings: Iterable[Finding]) -> list[Fault]:
    """Return findings in the form in which tests expect them; all must be blockers."""
    found = list(findings)
    assert {one.severity for one in found} <= {"blocker"}
    return [Fault(one.code, one.place, one.message, one.message_en) for one in found]


# --- claims in memory ------------------------------------------------------------------------------------------


def make_claim(value: str | None = "1200", line: int = 2, **changes: Any) -> Claim:
    """Return the claim of a row: `1.200` tonnes at 1:1, but for `changes`."""
    one = observe(value, **changes)
    return Claim(one, Place(one.dataset, f"{one.dataset}/{one.dataset}.csv", line))


def make_exclusion(locator: str, as_stated: str, line: int = 2) -> Exclusion:
    """Return a row of the register of exclusions."""
    return Exclusion("report", locator, as_stated, "date", Place("exclusions", "exclusions/exclusions.csv", line))


def make_text(*lines: str) -> SourceText:
    """Return the document `report`."""
    return SourceText("report", lines)


# --- a world on disk -------------------------------------------------------------------------------------------

LINES = (
    "Bản tin số 7 của hội nghề cá huyện đảo, ra ngày 05/03/2024.",
    "Cả năm 2023 bắt được 1.200 tấn, tăng 5,2%: cá 800,5 tấn, tôm 399,5 tấn.",
    "Sổ tàu điện tử ghi 103/117 tàu, tức 88,03%; có một trạm trực.",
    "Máy liên lạc: 300 máy, tăng 0,0%, gồm 110 máy cố định, tăng 10,0%, và 190 máy cầm tay, giảm 5,0%.",
    "Mật độ là 15,0 máy trên 100 dân, riêng máy cố định 5,5; huyện xếp hạng 31, năm kia hạng 27, giảm 4 bậc.",
    "Cuối năm đếm lại được 300 máy và 31 cột sóng. Bảng tin biển cũng dùng Sổ tàu điện tử.",
)
_OWN_REFERENCES: Mapping[str, tuple[str, ...]] = {
    "measures": (
        "code,name,name_en,direction", "catch,Sản lượng,Catch,up", "vessels,Tàu,Vessels,up",
        "vessels_listed,Tàu trong sổ,Vessels listed,up", "listed_share,Tỷ lệ vào sổ,Share listed,up",
        "stations,Trạm trực,Stations,neutral", "handsets,Máy liên lạc,Handsets,up", "density,Mật độ máy,Density,up",
        "recount,Máy đếm lại,Handsets recounted,up", "masts,Cột sóng,Masts,up", "position,Thứ hạng,Rank,down",
    ),
    "codes": (
        "code,name,name_en", "_T,Tổng số,Total", "fish,Cá,Fish", "shrimp,Tôm,Shrimp", "fixed,Cố định,Fixed",
        "mobile,Cầm tay,Mobile",
    ),
    "units": (
        "code,name,name_en,symbol,symbol_en,scale_word,counted",
        *(
            f"{code},{code},{code},{unit['symbol']},{unit['symbol_en']},{unit['scale_word']},{unit['counted']}"
            for code, unit in UNITS.items()
        ),
    ),
    "flags": (
        "code,name,name_en", "misprint,In sai,Misprint", "rounded,Làm tròn,Rounded",
        "parts_disagree,Các phần không khớp,Parts disagree", "conflicting_values,Hai giá trị,Conflicting values",
    ),
    "system_groups": ("code,name,name_en", "database,Cơ sở dữ liệu,Databases"),
    "system_statuses": ("code,name,name_en", "running,Đang hoạt động,Running"),
    "exclusion_reasons": ("code,name,name_en", "date,Ngày,Date", "ordinal,Số thứ tự,Ordinal number"),
}  # fmt: skip
_SYSTEM_COLUMNS = "id,name,name_en,group,purpose,purpose_en,status,status_date,source,locator,as_named,also_at,datasets"


def find(line: int, part: str) -> str:
    """Return the locator of a part of the document that stands once in its line."""
    text = LINES[line - 1]
    assert text.count(part) == 1, (line, part)
    return f"{line}:{text.index(part) + 1}"


def _row(line: int, as_stated: str, value: str, measure: str, unit: str, **changes: str) -> dict[str, str]:
    """Return the cells of a figure; `part` is what stands once in the line where the figure alone does not."""
    part = changes.pop("part", as_stated)
    return {
        "locator": find(line, part), "as_stated": as_stated, "value": value, "measure": measure, "unit": unit, **changes
    }  # fmt: skip


def _change(line: int, as_stated: str, value: str, measure: str, **changes: str) -> dict[str, str]:
    return _row(line, as_stated, value, measure, "percent", transform="yoy_change_pct", **changes)


def _select(measure: str, **more: str) -> dict[str, str]:
    return {"measure": measure, **more}


_RATE = {"transform": "yoy_change_pct"}
_DATASETS: Mapping[str, tuple[Sequence[Mapping[str, str]], Sequence[Mapping[str, Any]]]] = {
    "fish": (
        (
            _row(2, "1.200", "1200", "catch", "tonne"),
            _change(2, "5,2%", "5.2", "catch"),
            _row(2, "800,5", "800.5", "catch", "tonne", kind="fish"),
            _row(2, "399,5", "399.5", "catch", "tonne", kind="shrimp"),
        ),
        (
            {
                "type": "sum",
                "total": _select("catch"),
                "parts": [_select("catch", kind="fish"), _select("catch", kind="shrimp")],
            },
        ),
    ),
    "fleet": (
        (
            _row(3, "103/117", "103", "vessels_listed", "count"),
            _row(3, "103/117", "117", "vessels", "count"),
            _row(3, "88,03%", "88.03", "listed_share", "percent"),
            _row(3, "một", "1", "stations", "count"),
        ),
        (
            {
                "type": "ratio",
                "value": _select("listed_share"),
                "numerator": _select("vessels_listed"),
                "denominator": _select("vessels"),
            },
        ),
    ),
    "phones": (
        (
            _row(4, "300", "300", "handsets", "count"),
            _change(4, "0,0%", "0.0", "handsets", part="0,0%, gồm"),
            _row(4, "110", "110", "handsets", "count", kind="fixed"),
            _change(4, "10,0%", "10.0", "handsets", kind="fixed"),
            _row(4, "190", "190", "handsets", "count", kind="mobile"),
            _change(4, "5,0%", "-5.0", "handsets", kind="mobile"),
            _row(5, "15,0", "15.0", "density", "per_100"),
            _row(5, "5,5", "5.5", "density", "per_100", kind="fixed"),
            _row(5, "31", "31", "position", "rank"),
            _row(5, "27", "27", "position", "rank", period="2022"),
            _row(5, "4", "-4", "position", "places", transform="yoy_change_places"),
            _row(6, "300", "300", "recount", "count"),
            _row(6, "31", "31", "masts", "count"),
        ),
        (
            {
                "type": "base",
                "total": {"level": _select("handsets"), "rate": _select("handsets", **_RATE)},
                "parts": [
                    {"level": _select("handsets", kind=kind), "rate": _select("handsets", kind=kind, **_RATE)}
                    for kind in ("fixed", "mobile")
                ],
            },
            {
                "type": "shared_base",
                "pairs": [
                    {"count": _select("handsets"), "density": _select("density")},
                    {"count": _select("handsets", kind="fixed"), "density": _select("density", kind="fixed")},
                ],
            },
            {
                "type": "difference",
                "value": _select("position", transform="yoy_change_places"),
                "from": _select("position", period="2022"),
                "to": _select("position", period="2023"),
            },
            {"type": "equal", "values": [_select("handsets"), _select("recount")]},
            {"type": "part_of", "part": _select("masts"), "whole": _select("recount")},
        ),
    ),
}
_EXCLUDED = ((1, "7"), (1, "05"), (1, "03"), (1, "2024"), (2, "2023"), (5, "100"))


_SYSTEMS = (
    f"vessel_book,Sổ tàu,Vessel book,database,,,running,,report,3:1,Sổ tàu điện tử,report@{find(6, 'Sổ tàu')},fleet",
    f"sea_board,Bảng tin biển,Sea board,database,,,running,,report,{find(6, 'Bảng tin')},Bảng tin biển,,",
)


@dataclass(frozen=True)
class World:
    """A catalogue whose every figure stands in a document that lies beside it."""

    folder: Path

    @property
    def root(self) -> Path:
        """Return the folder of the packages."""
        return self.folder / "datapackages"

    @property
    def sources(self) -> Path:
        """Return the folder of the documents."""
        return self.folder / "sources"

    @property
    def text(self) -> Path:
        """Return the document."""
        return self.sources / "report.txt"

    def data(self, package: str) -> Path:
        """Return the data file of a package."""
        return self.root / package / f"{package}.csv"

    def set_cell(self, package: str, line: int, column: str, cell: str) -> None:
        """Change one cell; the header stands in line 1."""
        rows = self._read(package)
        position = rows[0].index(column)
        assert rows[line - 1][position] != cell, "nothing would change"
        rows[line - 1][position] = cell
        self._write(package, rows)

    def remove_row(self, package: str, line: int) -> None:
        """Take one row away."""
        rows = self._read(package)
        del rows[line - 1]
        self._write(package, rows)

    def add_row(self, package: str, *cells: str) -> None:
        """Add one row at the end."""
        self._write(package, [*self._read(package), list(cells)])

    def _read(self, package: str) -> list[list[str]]:
        return list(csv.reader(self.data(package).read_text("utf-8").splitlines()))

    def _write(self, package: str, rows: Sequence[Sequence[str]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(rows)
        self.data(package).write_text(text.getvalue(), "utf-8")

    def packages(self) -> tuple[Package, ...]:
        """Read the packages, which must hold."""
        loaded = read_packages(self.root)
        assert not loaded.findings
        return loaded.packages

    def check(self) -> list[Finding]:
        """Return what the whole check finds, without the document."""
        packages = self.packages()
        return check_packages(packages, packages, TODAY)

    def check_evidence(self) -> list[Finding]:
        """Return what the check of relations and counts finds, without the document."""
        return sorted(check_evidence(self.packages()))

    def verify(self) -> Verification:
        """Hold everything against the document."""
        return verify_sources(self.packages(), self.sources)


def write_world(folder: Path) -> World:
    """Write document, indicators and registers; check and verification find nothing in them."""
    world = World(folder)
    world.sources.mkdir(parents=True)
    world.text.write_text("\n".join(LINES), "utf-8")
    digest = hashlib.sha256(world.text.read_bytes()).hexdigest()
    runs = len(re.findall("[0-9]+", "\n".join(LINES)))
    own = {
        **_OWN_REFERENCES,
        "sources": (
            "id,title,title_en,file,sha256,digit_runs,systems",
            f"report,Bản tin nghề cá,Fisheries bulletin,report.txt,{digest},{runs},{len(_SYSTEMS)}",
        ),
        "systems": (_SYSTEM_COLUMNS, *_SYSTEMS),
    }
    for name, lines in {**REFERENCES, **own}.items():
        write_reference(world.root, name, lines)
    excluded = [f"report,{find(line, part)},{part},date" for line, part in _EXCLUDED]
    write_reference(world.root, "exclusions", ["source,locator,as_stated,reason", *excluded], ["source", "locator"])
    for name, (rows, relations) in _DATASETS.items():
        portal = {"portal": {"kind": "indicator", "relations": list(relations)}}
        headline = {"measure": rows[0]["measure"]}
        write_indicator(world.root, name, rows, {"kind": "codes"}, headline, changes=portal)
    return world


# --- the real catalogue ----------------------------------------------------------------------------------------


def read_catalog(root: Path) -> Catalog:
    """Return the catalogue of a folder of packages that pass the check, without downloads."""
    packages = read_packages(root).packages
    return make_catalog(read_settings(REPOSITORY / "metadata.yml"), packages, read_tables(packages), {}, [])

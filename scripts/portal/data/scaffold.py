"""Scaffolds: a new indicator package with every column of the profile, ready to be filled in.

STANDARD_COLUMNS is where the words of the columns that all indicators share are written; a test holds every
package of the catalogue against it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from portal.data.descriptor import DESCRIPTOR, find_descriptors
from portal.data.finding import Finding, Place
from portal.data.observation import TOTAL
from portal.data.package import NO_DESCRIPTION, RESERVED_NAMES, Field
from portal.data.profile import PORTAL_PROFILE, find_faults
from portal.words.text import Text, lower_first

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

INDICATORS = "indicators"
DATA_FILE = "data.csv"

# Dimensions stand behind this column, as in the key: when, where, split by what.
_DIMENSIONS_AFTER = "area"
_KEY_AFTER_DIMENSIONS = ("measure", "transform", "status", "source", "locator")
_SDMX = "http://purl.org/linked-data/sdmx/2009/"

STANDARD_COLUMNS = (
    Field(
        "period", "string", Text("Kỳ", "Period"),
        Text("Khoảng thời gian của số liệu, ISO 8601: "
             "2020, 2020-12, 2020-12-31, 2025-Q1, 2025-03-01/2025-04-26, 2021/..",
             "The time that the figure covers, ISO 8601."),
        rdf_type=f"{_SDMX}dimension#timePeriod", required=True,
    ),
    Field(
        "area", "string", Text("Nơi", "Area"),
        Text("Mã địa bàn; KG là toàn tỉnh Kiên Giang trước ngày 2025-07-01.",
             "Area code; KG is the whole province before 2025-07-01."),
        rdf_type=f"{_SDMX}dimension#refArea", code_list="areas", required=True,
    ),
    Field(
        "measure", "string", Text("Nội dung đo", "Measure"),
        Text("Cái được đếm hoặc đo.", "What is counted or measured."),
        code_list="measures", required=True,
    ),
    Field(
        "transform", "string", Text("Cách thể hiện", "Transformation"),
        Text("Mức, phần trăm kế hoạch, tăng giảm so với cùng kỳ…",
             "Level, percent of plan, change on the year before …"),
        code_list="transforms", required=True,
    ),
    Field(
        "value", "number", Text("Giá trị", "Value"),
        Text("Con số đúng như tài liệu in, dấu chấm thập phân; trống nếu không đọc được.",
             "The figure as the document prints it, with a decimal point; empty where unreadable."),
        rdf_type=f"{_SDMX}measure#obsValue",
    ),
    Field(
        "unit", "string", Text("Đơn vị", "Unit"), Text(""),
        rdf_type=f"{_SDMX}attribute#unitMeasure", code_list="units", required=True,
    ),
    Field(
        "status", "string", Text("Loại số liệu", "Status"),
        Text("Thực hiện, ước tính, mục tiêu hoặc suy ra.", "Actual, estimate, target or derived."),
        rdf_type=f"{_SDMX}attribute#obsStatus", code_list="statuses", required=True,
    ),
    Field(
        "qualifier", "string", Text("Từ giới hạn", "Qualifier"),
        Text("Từ đi kèm con số trong tài liệu; «trên 3.000» không phải là 3.000.",
             "The word beside the figure; “over 3,000” is not 3,000."),
        code_list="qualifiers", required=True,
    ),
    Field(
        "flags", "string", Text("Điểm cần lưu ý", "Flags"),
        Text("Các mã cách nhau bằng dấu chấm phẩy.", "Codes separated by semicolons."),
        code_list="flags", separator=";",
    ),
    Field(
        "source", "string", Text("Nguồn", "Source"),
        Text("Tài liệu mà con số được chép ra.", "The document that the figure was transcribed from."),
        code_list="sources", required=True,
    ),
    Field(
        "locator", "string", Text("Vị trí", "Locator"),
        Text("Dòng:cột của ký tự đầu tiên trong văn bản nguồn, đếm từ 1.",
             "Line:column of its first character in the source text, from 1."),
        required=True,
    ),
    Field(
        "as_stated", "string", Text("In là", "As stated"),
        Text("Con số đúng từng ký tự như trong tài liệu.", "The figure character by character as in the document."),
        required=True,
    ),
    Field("note", "string", Text("Ghi chú", "Note (Vietnamese)"), Text("")),
    Field("note_en", "string", Text("Ghi chú (tiếng Anh)", "Note (English)"), Text("")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """What is known of an indicator before its first figure is written down."""

    name: str
    title: Text
    theme: str
    measure: str
    dimensions: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[Field, ...]:
        """Return all columns in the order of the file, dimensions behind the area."""
        split = 1 + next(index for index, one in enumerate(STANDARD_COLUMNS) if one.name == _DIMENSIONS_AFTER)
        return STANDARD_COLUMNS[:split] + tuple(map(_make_dimension, self.dimensions)) + STANDARD_COLUMNS[split:]


@cache
def _name_pattern() -> re.Pattern[str]:
    profile = json.loads(PORTAL_PROFILE.read_text("utf-8"))
    return re.compile(profile["properties"]["name"]["pattern"])


def is_name(text: str) -> bool:
    """Tell whether `text` is a name as the profile wants it: snake_case."""
    return bool(_name_pattern().fullmatch(text))


def find_repeated(draft: Draft) -> str:
    """Return a dimension that has the name of another column; empty where all names differ."""
    names = [column.name for column in draft.columns]
    return next((name for name in draft.dimensions if names.count(name) > 1), "")


def find_owner(name: str, root: Path) -> str:
    """Return what holds `name` already below `root` (a folder, or the portal itself); empty where it is free."""
    if name in RESERVED_NAMES:
        return "opendata.db"
    taken = (path.parent for path in find_descriptors(root) if path.parent.name == name)
    return next((folder.as_posix() for folder in taken), "")


def find_draft_faults(descriptor: dict[str, Any]) -> list[Finding]:
    """Return what both profiles say against a new descriptor."""
    name = descriptor["name"]
    return list(
        find_faults(descriptor, render_descriptor(descriptor), Place(name, f"{INDICATORS}/{name}/{DESCRIPTOR}"))
    )


def write_package(folder: Path, descriptor: dict[str, Any]) -> None:
    """Write a descriptor, and its data file with nothing but the header, into `folder`, which is made here.

    Raises FileExistsError, before anything is written, where `folder` is there already.
    """
    fields = descriptor["resources"][0]["schema"]["fields"]
    folder.mkdir(parents=True)
    (folder / DESCRIPTOR).write_text(render_descriptor(descriptor), "utf-8")
    (folder / DATA_FILE).write_text(",".join(column["name"] for column in fields) + "\n", "utf-8")


def render_descriptor(descriptor: dict[str, Any]) -> str:
    """Return a descriptor as it stands in its file: two spaces, Vietnamese letters as they are."""
    return json.dumps(descriptor, ensure_ascii=False, indent=2) + "\n"


def make_descriptor(draft: Draft, publisher: str, created: date) -> dict[str, Any]:
    """Return the descriptor of an indicator that has no figures yet."""
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": draft.name,
        **_twins("title", draft.title),
        **_twins("description", NO_DESCRIPTION),
        "languages": ["vi", "en"],
        "version": "1.0.0",
        "created": f"{created.isoformat()}T00:00:00Z",
        "licenses": [
            {
                "name": "CC-BY-4.0",
                "title": "Giấy phép Creative Commons Ghi công 4.0 Quốc tế",
                "title@en": "Creative Commons Attribution 4.0 International",
                "path": "https://creativecommons.org/licenses/by/4.0/",
            }
        ],
        "contributors": [{"title": publisher, "roles": ["publisher"]}],
        "sources": [],
        "keywords": [text for text in (draft.title.vi, draft.title.en) if text],
        "portal": {
            "kind": "indicator",
            "theme": draft.theme,
            "frequency": "UNKNOWN",
            "headline": _make_headline(draft),
        },
        "resources": [_make_resource(draft)],
    }


def _make_headline(draft: Draft) -> dict[str, Any]:
    """Return what answers "how much?": the measure, over all parts of every dimension, named by the title for now."""
    totals = dict.fromkeys(draft.dimensions, TOTAL)
    subject = Text(lower_first(draft.title.vi), lower_first(draft.title.en))
    return {"measure": draft.measure, **({"where": totals} if totals else {}), **_twins("subject", subject)}


def _make_resource(draft: Draft) -> dict[str, Any]:
    return {
        "name": draft.name,
        "type": "table",
        "path": DATA_FILE,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": {"delimiter": ","},
        "schema": {
            "fields": [_describe_column(column) for column in draft.columns],
            "primaryKey": ["period", "area", *draft.dimensions, *_KEY_AFTER_DIMENSIONS],
        },
    }


def _make_dimension(name: str) -> Field:
    title = Text(name.replace("_", " "), name.replace("_", " "))
    return Field(name, "string", title, NO_DESCRIPTION, code_list="codes", required=True)


def _describe_column(column: Field) -> dict[str, Any]:
    """Return a column as a descriptor declares it; `descriptor` reads it back to the same Field."""
    portal = {"codelist": column.code_list, "separator": column.separator}
    described = {
        "name": column.name,
        "type": column.type,
        **_twins("title", column.title),
        **_twins("description", column.description),
        "rdfType": column.rdf_type,
        "constraints": {"required": True} if column.required else {},
        "portal": {key: value for key, value in portal.items() if value},
    }
    return {key: value for key, value in described.items() if value}


def _twins(key: str, text: Text) -> dict[str, str]:
    return {name: words for name, words in ((key, text.vi), (f"{key}@en", text.en)) if words}

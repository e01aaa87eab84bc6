"""Tiny packages, projects and catalogues, written where a test wants them.

Every function writes a package that the check accepts; a test changes the one thing that it is about.
"""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portal.checks.check import check_packages
from portal.data.descriptor import read_packages
from portal.data.finding import find_blockers
from portal.data.observation import Observation
from portal.data.package import INDICATOR_FIELDS
from portal.data.settings import read_settings
from portal.data.table import Table
from portal.figures.catalog import make_catalog
from portal.files.distribution import write_distributions
from portal.sqlite.database import write_database
from portal.words.number import format_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from portal.data.finding import Finding
    from portal.data.package import Package
    from portal.figures.catalog import Catalog

REPOSITORY = Path(__file__).resolve().parent.parent
# After every period that the tests write but for targets.
TODAY = date(2026, 11, 22)
# What anything may take on a busy machine, in seconds: the lane of costly queries has low priority.
PATIENCE = 60.0

# What a release holds beside what its manifest lists: itself, the time of the build, and the history.
UNLISTED = frozenset({"manifest.json", "release.json", "site/data/releases.json"})

# Texts that a descriptor may carry and a page must bear.
SCRIPT = '</title><script>alert("{}")</script>'
# ≮ and ≯ lose their stroke when text is folded for search.
HOSTILE_TITLE = f'{SCRIPT.format("title")} ≮script≯ "quoted" & {{{{ 7 * 7 }}}}'
HOSTILE_TITLE_EN = f"{SCRIPT.format('title-en')} it's <b>bold</b>"
HOSTILE_TEXT = (
    f"{SCRIPT.format('text')} <i onclick=\"alert('click')\">nghiêng</i> [liên kết](javascript:alert('link'))"
    " ![ảnh](https://other.example/pixel.png)"
)
ARABIC = "بيانات مصايد الأسماك"
LONG_TITLE = ("Sản lượng khai thác và nuôi trồng thủy sản " * 7)[:300].strip()

_CODE_LISTS = {
    "area": "areas", "measure": "measures", "transform": "transforms", "unit": "units", "status": "statuses",
    "qualifier": "qualifiers", "flags": "flags", "source": "sources",
}  # fmt: skip
_OPTIONAL = ("value", "flags", "note", "note_en")

REFERENCES: Mapping[str, tuple[str, ...]] = {
    "areas": ("code,name,name_en,parent", "KG,Tỉnh Kiên Giang,Kiên Giang province,", "PQ,Phú Quốc,Phú Quốc,KG"),
    "measures": ("code,name,name_en", "catch,Sản lượng,Catch", "position,Thứ hạng,Rank", "share,Tỷ lệ,Share"),
    "codes": (
        "code,name,name_en", "_T,Tổng số,Total", "fish,Cá,Fish", "shrimp,Tôm,Shrimp", "squid,Mực,Squid",
        "crab,Cua,Crab", "sea,Biển,Sea", "pond,Ao,Pond",
    ),
    "transforms": (
        "code,name,name_en", "level,Giá trị,Level", "pct_of_plan,Phần trăm kế hoạch,Percent of plan",
        "change_vs_plan_pct,Chênh lệch so với kế hoạch,Difference from plan",
        "yoy_change_pct,Tăng giảm so với năm trước,Change on the year before",
        "yoy_index_pct,Chỉ số so với năm trước,Index on the year before",
        "yoy_change_places,Thay đổi thứ hạng,Change of rank", "per_head,Bình quân đầu người,Per head",
    ),
    "units": (
        "code,name,name_en,symbol,symbol_en", "tonne,tấn,tonnes,tấn,tonnes", "percent,phần trăm,percent,%,%",
        "rank,thứ hạng,rank,,", "places,bậc,places,bậc,places", "count,số lượng,number,,",
    ),
    "statuses": (
        "code,name,name_en", "actual,Thực hiện,Actual", "estimate,Ước tính,Estimate", "target,Mục tiêu,Target",
        "derived,Tính ra,Derived",
    ),
    "qualifiers": (
        "code,name,name_en", "exact,đúng,exactly", "about,khoảng,about", "over,trên,over",
        "at_least,ít nhất,at least", "under,gần,nearly", "at_most,không quá,at most",
    ),
    "flags": (
        "code,name,name_en,description,description_en",
        "misprint,In sai,Misprint,Con số in sai rõ ràng.,The number is plainly misprinted.",
        "unclear,Chưa rõ nghĩa,Unclear,Có thể hiểu nhiều cách.,Can be read in more than one way.",
    ),
    "sources": (
        "id,title,title_en,publisher,publisher_en,document_number,date,sha256",
        f"report,Báo cáo nghề cá,Fisheries report,Sở Thủy sản,Department of Fisheries,12/BC,2024-01-31,{'a' * 64}",
    ),
    "themes": (
        "code,name,name_en,description,description_en", "fishing,Thủy sản,Fisheries,Cá và tôm.,Fish and shrimp.",
    ),
}  # fmt: skip


def column(name: str, type_: str = "string", *, required: bool = False, **more: Any) -> dict[str, Any]:
    """Return a field of a Table Schema."""
    return {
        "name": name,
        "type": type_,
        "title": f"Cột {name}",
        "title@en": f"Column {name}",
        **({"constraints": {"required": True}} if required else {}),
        **more,
    }


def describe_resource(name: str, fields: Sequence[Mapping[str, Any]], key: Sequence[str] = ()) -> dict[str, Any]:
    """Return the descriptor of one CSV file."""
    schema: dict[str, Any] = {"fields": list(fields)}
    if key:
        schema["primaryKey"] = list(key)
    return {
        "name": name,
        "type": "table",
        "path": f"{name}.csv",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": {"delimiter": ","},
        "schema": schema,
    }


def describe_package(
    name: str, kind: str, resource: Mapping[str, Any], changes: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return a descriptor with both languages; `changes` replace or, being None, remove properties."""
    descriptor = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": name,
        "title": f"Gói {name}",
        "title@en": f"Package {name}",
        "description": f"Mô tả của {name}.",
        "description@en": f"Description of {name}.",
        "languages": ["vi", "en"],
        "version": "1.0.0",
        "created": "2024-02-01T00:00:00Z",
        "licenses": [{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}],
        "portal": {"kind": kind},
        "resources": [resource],
        **(changes or {}),
    }
    return {key: value for key, value in descriptor.items() if value is not None}


def write_package(root: Path, descriptor: Mapping[str, Any], rows: Sequence[Sequence[str]]) -> Path:
    """Write a package of one resource under `root`; return its folder."""
    folder = root / str(descriptor["name"])
    folder.mkdir(parents=True)
    (folder / "datapackage.json").write_text(json.dumps(descriptor, ensure_ascii=False, indent=2) + "\n", "utf-8")
    resource = descriptor["resources"][0]
    with (folder / resource["path"]).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([field["name"] for field in resource["schema"]["fields"]])
        writer.writerows(rows)
    return folder


def write_table(
    root: Path,
    name: str,
    fields: Sequence[Mapping[str, Any]],
    rows: Sequence[Sequence[str]],
    key: Sequence[str] = (),
    *,
    changes: Mapping[str, Any] | None = None,
) -> Path:
    """Write a package of kind `table`, cells as text."""
    return write_package(root, describe_package(name, "table", describe_resource(name, fields, key), changes), rows)


def write_reference(root: Path, name: str, lines: Sequence[str], key: Sequence[str] | None = None) -> Path:
    """Write a code list from CSV lines, the first being the header and its first column the key."""
    header, *rows = csv.reader(lines)
    fields = [column(one, "date" if one == "date" else "string", required=one == header[0]) for one in header]
    resource = describe_resource(name, fields, header[:1] if key is None else key)
    return write_package(root, describe_package(name, "reference", resource), rows)


def write_references(root: Path) -> None:
    """Write all code lists that an indicator needs."""
    for name, lines in REFERENCES.items():
        write_reference(root, name, lines)


def write_indicator(
    root: Path,
    name: str,
    rows: Sequence[Mapping[str, str]] = ({},),
    dimensions: Mapping[str, str] | None = None,
    headline: Mapping[str, Any] | None = None,
    *,
    changes: Mapping[str, Any] | None = None,
) -> Path:
    """Write an indicator; each row says how it differs from `1,200 tonnes in 2023`, dimensions map to code lists."""
    dimensions = dimensions or {}
    names = ["period", "area", *dimensions, *INDICATOR_FIELDS[2:]]
    fields = [_describe_indicator_column(one, dimensions) for one in names]
    key = ["period", "area", *dimensions, "measure", "transform", "status", "source", "locator"]
    descriptor = describe_package(name, "indicator", describe_resource(name, fields, key), changes)
    descriptor["portal"] |= {
        "theme": "fishing", "frequency": "ANNUAL", "headline": dict(headline or {"measure": "catch"}),
    }  # fmt: skip
    cells = [
        {**default_row(number), **dict.fromkeys(dimensions, "_T"), **row} for number, row in enumerate(rows, start=1)
    ]
    for row, given in zip(cells, rows, strict=True):
        if "value" in given and "as_stated" not in given:
            row["as_stated"] = format_number(abs(Decimal(given["value"])), "vi") if given["value"] else "?"
    return write_package(root, descriptor, [[row[one] for one in names] for row in cells])


def _describe_indicator_column(name: str, dimensions: Mapping[str, str]) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if code_list := {**_CODE_LISTS, **dimensions}.get(name):
        more["portal"] = {"codelist": code_list, **({"separator": ";"} if name == "flags" else {})}
    required = name not in _OPTIONAL and name not in dimensions
    return column(name, "number" if name == "value" else "string", required=required, **more)


def default_row(number: int = 1) -> dict[str, str]:
    """Return the cells of an indicator's row that says `1,200 tonnes in 2023`, at a line of its own."""
    return {
        "period": "2023", "area": "KG", "measure": "catch", "transform": "level", "value": "1200", "unit": "tonne",
        "status": "actual", "qualifier": "exact", "flags": "", "source": "report", "locator": f"{number}:1",
        "as_stated": "1.200", "note": "", "note_en": "",
    }  # fmt: skip


def observe(value: str | None = "1200", **changes: Any) -> Observation:
    """Return an observation of the dataset `fish` that differs from `1,200 tonnes in 2023` by `changes`."""
    cells = {key: text for key, text in default_row().items() if key not in {"period", "value", "flags"}}
    return Observation(**{
        **cells, "dataset": "fish", "period_text": "2023", "dimensions": (), "flags": (),
        "value": None if value is None else Decimal(value), **changes,
    })  # fmt: skip


@dataclass(frozen=True)
class Checked:
    """What is known of a folder of packages before anything is built from it."""

    packages: tuple[Package, ...]
    tables: dict[str, Table]
    findings: list[Finding]


def check_folder(root: Path) -> Checked:
    """Read and check every package under `root`."""
    loaded = read_packages(root)
    checked = check_packages(loaded.packages, loaded.packages, TODAY, loaded.unread)
    return Checked(loaded.packages, read_tables(loaded.packages), sorted([*loaded.findings, *checked]))


def read_tables(packages: Sequence[Package]) -> dict[str, Table]:
    """Return the rows of every resource by its name."""
    return {one.name: Table(package, one) for package in packages for one in package.resources}


def build_database(root: Path, path: Path) -> Checked:
    """Write the database of all packages under `root` to `path`."""
    checked = check_folder(root)
    assert not find_blockers(checked.findings), [finding.render("en") for finding in checked.findings]
    write_database(path, checked.packages, checked.findings)
    return checked


def make_tiny_catalog(root: Path, downloads: Path | None = None) -> Catalog:
    """Return the catalogue of all packages under `root`, with downloads where a folder for them is given."""
    checked = check_folder(root)
    written = (
        {one.name: write_distributions(one, downloads / one.name) for one in checked.packages} if downloads else {}
    )
    settings = read_settings(REPOSITORY / "metadata.yml")
    return make_catalog(settings, checked.packages, checked.tables, written, checked.findings)


def make_project(folder: Path) -> Path:
    """Copy everything of the repository that a build reads, but for the data; return the project's folder."""
    for name in ("mkdocs.yml", "mkdocs.en.yml", "metadata.yml", "requirements.lock"):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, folder / name)
    shutil.copytree(REPOSITORY / "site", folder / "site")
    (folder / "datapackages").mkdir()
    return folder


def make_tiny_project(folder: Path) -> Path:
    """Return a project with all code lists and one indicator, `fish`."""
    project = make_project(folder)
    write_references(project / "datapackages")
    write_indicator(project / "datapackages", "fish")
    return project


def find_damage(release: Path) -> list[str]:
    """Compare a release with its own manifest, file by file; return what does not match."""
    try:
        listed = json.loads((release / "manifest.json").read_text("utf-8"))["files"]
    except (OSError, ValueError) as error:
        return [f"manifest.json: {error}"]
    expected = {one["path"]: (one["bytes"], one["sha256"]) for one in listed}
    found = {
        path.relative_to(release).as_posix(): (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in release.rglob("*")
        if path.is_file() and path.relative_to(release).as_posix() not in UNLISTED
    }
    return sorted(name for name in expected | found if expected.get(name) != found.get(name))


def find_staging(build: Path) -> list[str]:
    """Return the names of the folders that builds are staged in."""
    return sorted(path.name for path in build.glob("staging-*"))

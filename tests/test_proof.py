"""The proof: published with the release, shown on its page, and no release without it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import verify_downloads
from factory import REPOSITORY, TODAY, column, make_tiny_project, write_table
from portal.build import build_portal
from portal.data import column as column_module
from portal.figures import figure
from portal.files import distribution
from portal.releases.release import BuildFolder
from portal.words.number import format_number, format_size
from portal.words.text import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from portal.build import Result
    from portal.data.package import Package, Resource
    from portal.data.register import Registers
    from portal.data.table import Cell
    from portal.words.text import Language
    from published import Published

pytest_plugins = ("published",)


def build(project: Path) -> Result:
    return build_portal(project, BuildFolder(project.parent / "build"), TODAY, lambda _stage: None)


def test_a_writer_that_is_wrong_stops_the_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    json_form = next(one for one in distribution.FORMATS if one.suffix == ".json")

    def write_wrong(package: Package, resource: Resource, path: Path, registers: Registers) -> None:
        json_form.write(package, resource, path, registers)
        path.write_text(path.read_text("utf-8").replace('"value":1200', '"value":1201'), "utf-8")

    forms = [replace(one, write=write_wrong) if one is json_form else one for one in distribution.FORMATS]
    monkeypatch.setattr(distribution, "FORMATS", tuple(forms))
    result = build(make_tiny_project(tmp_path / "project"))
    assert result.release == ""
    (finding,) = (one for one in result.findings if one.severity == "blocker")
    assert finding.render("en") == (
        "data/fish/fish.json:2:5: blocker form-differs\n"
        "  Form JSON, row 2, column “value”: the package has 1200, but json reads 1201.\n"
        "  Cure: Build again with --force. If it stays, the disk is damaged or the writer is wrong: tell the "
        "developers; it cannot be published."
    )
    assert finding.message == "Dạng JSON, dòng 2, cột «value»: gói ghi 1200, nhưng json đọc lại được 1201."
    assert not (tmp_path / "build" / "current").exists()


def test_a_page_that_rounds_stops_the_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def round_off(value: object, language: Language) -> str:
        return format_number(int(str(value)) // 1000 * 1000, language)

    monkeypatch.setattr(figure, "format_number", round_off)
    result = build(make_tiny_project(tmp_path / "project"))
    assert result.release == ""
    assert [(one.place, one.message_en) for one in result.findings if one.severity == "blocker"] == [
        (f"{prefix}catalog/fish/index.html:2:2",
         f"Form HTML ({language}), row 2, column “value”: the package has 1200, but html.parser reads {shown}.")
        for prefix, language, shown in (("", "vi", "1000"), ("en/", "en", "1000"))
    ]  # fmt: skip
    assert not (tmp_path / "build" / "current").exists()


def test_a_reader_of_cells_that_is_wrong_for_all_writers_stops_the_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All forms would agree with each other; the proof reads the package without that reader."""
    project = make_tiny_project(tmp_path / "project")
    fields = [column("stall", required=True), column("covered", "boolean")]
    write_table(project / "datapackages", "stalls", fields, [["1", "true"], ["2", ""]])
    make_reader = vars(column_module)["_make_reader"]

    def read_otherwise(field: Mapping[str, Any], missing: frozenset[str]) -> Callable[[str], Cell]:
        read = make_reader(field, missing)
        return (lambda cell: not read(cell) if read(cell) else read(cell)) if field["type"] == "boolean" else read

    monkeypatch.setattr(column_module, "_make_reader", read_otherwise)
    result = build(project)
    assert result.release == ""
    blockers = {one.message_en for one in result.findings if one.severity == "blocker"}
    assert blockers == {
        f"Form {form}, row 2, column “covered”: the package has true, but {reader} reads false."
        for form, reader in (("XLSX", "calamine"), ("JSON", "json"), ("Parquet", "DuckDB"), ("SQLite", "SQLite"))
    }


# --- what is published --------------------------------------------------------------------------------------------


def test_the_page_says_what_the_record_says(published: Published) -> None:
    record = json.loads((published.site / "data/agreement.json").read_text("utf-8"))
    assert record["differences"] == 0
    assert record["cells"] == sum(one["cells"] for one in record["forms"]) > 10_000
    members = [one for every in record["datasets"].values() for one in every]
    for form in record["forms"]:
        same = [one for one in members if one["form"] == form["form"]]
        assert (form["tables"], form["cells"]) == (len(same), sum(one["cells"] for one in same))
    names = {one["form"] for one in record["forms"]}
    assert names >= {
        "XLSX", "CSV", "Excel CSV", "JSON", "Parquet", "ZIP", "SQLite", "SQLite (observations)", "HTML (vi)",
        "HTML (en)",
    }  # fmt: skip
    vi, en = published.read("/agreement/"), published.read("/en/agreement/")
    datasets, forms = len(record["datasets"]), len(record["forms"])
    assert (
        f"Trong bản công bố này, {format_number(record['cells'], 'vi')} ô của {datasets} bộ dữ liệu "
        f"đã được so trong {forms} dạng. Không ô nào khác gói dữ liệu."
    ) in vi
    assert f"In this release {format_number(record['cells'], 'en')} cells of {datasets} datasets were compared" in en
    assert "<!-- agreement -->" not in vi + en
    for one in record["forms"]:
        for page, language in zip((vi, en), LANGUAGES, strict=True):
            counts = [format_number(one[name], language) for name in ("cells", "rows", "tables")]
            cells = "".join(f'<td class="number">{count}</td>' for count in counts)
            assert f'<th scope="row">{one["form"]}</th>{cells}<td>{one["reader"]}</td>' in page


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_the_commands_on_the_page_work(prefix: str, published: Published, tmp_path: Path) -> None:
    page = published.parse(f"{prefix}/agreement/")
    commands = [line for block in page.texts["code"] for line in block.splitlines()]
    assert commands == [
        "make setup",
        ".venv/bin/python scripts/check_agreement.py http://127.0.0.1:8000/",
        ".venv/bin/python scripts/verify_downloads.py --url http://127.0.0.1:8000/ dataset.csv",
        "curl -O http://127.0.0.1:8000/data/checksums.txt",
        'grep "$(sha256sum dataset.csv | cut -c 1-64)" checksums.txt',
        "certutil -hashfile dataset.csv SHA256",
    ]
    assert all((REPOSITORY / script).is_file() for script in re.findall(r"scripts/\w+\.py", " ".join(commands)))
    shutil.copy(published.site / "data/checksums.txt", tmp_path)
    for content, name in (((published.site / "data/fish/fish.csv").read_bytes(), "fish/fish.csv"), (b"edited", "")):
        (tmp_path / "dataset.csv").write_bytes(content)
        done = subprocess.run(["bash", "-c", commands[4]], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.stdout.strip().endswith(name)
        assert done.returncode == (0 if name else 1)


def test_pages_lead_to_the_proof(published: Published) -> None:
    for path in ("/catalog/fish/", "/quality/"):
        assert '<a href="/agreement/">' in published.read(path)
        assert '<a href="/en/agreement/">' in published.read(f"/en{path}")


def test_the_checksums_are_those_of_sha256sum(published: Published) -> None:
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "checksums.txt"], cwd=published.site / "data",
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_whatever_is_published_as_data_can_be_recognised(published: Published) -> None:
    data = published.site / "data"
    names = {line.split("  ", 1)[1] for line in (data / "checksums.txt").read_text("utf-8").splitlines()}
    written = {path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_file()}
    own = {"checksums.txt", "releases.json"}  # the first cannot name itself; the second is history, added later
    assert names == {name for name in written - own if not name.startswith("by-hash/") and not name.endswith(".gz")}
    assert names >= {"catalog.json", "latest.json", "agreement.json", "fish/croissant.json", "fish/fish.bib",
                     "fish/fish.ris", "fish/fish.csv-metadata.json"}  # fmt: skip
    ledger = json.loads((data / "releases.json").read_text("utf-8"))
    assert {one["file"] for one in ledger["files"].values()} <= names
    assert verify_downloads.main(["--build", str(published.folder.root), str(data / "fish/croissant.json")]) == 0


def test_page_descriptor_and_catalogue_list_the_same_of_every_file(published: Published) -> None:
    data = published.site / "data"
    for entry in json.loads((data / "catalog.json").read_text("utf-8"))["datasets"]:
        name = entry["name"]
        descriptor = json.loads((data / name / "datapackage.json").read_text("utf-8"))
        listed = {one.pop("path"): one for one in descriptor["portal"]["distributions"]}
        page = published.read(f"/catalog/{name}/")
        for one in entry["distributions"]:
            file = one["url"].rpartition("/")[2]
            said = {key: value for key, value in one.items() if key not in {"url", "permanent"}}
            own = listed.pop(file, {})
            own.pop("permanent", "")
            assert own == said or file == "datapackage.json"  # which cannot name itself
            assert said["bytes"] == (data / name / file).stat().st_size
            digest = said["hash"].removeprefix("sha256:")
            row = f'<tr><th scope="row">{file}</th><td>{said["mediatype"]}</td><td><code>{digest}</code>'
            (button,) = re.findall(rf'<a class="button" href="/data/{name}/{re.escape(file)}".*?</li>', page, re.DOTALL)
            rows = [format_number(said["rows"], "vi") + " dòng"] if "rows" in said else []
            assert row in page
            assert all(text in button for text in [format_size(said["bytes"], "vi"), *rows])
        assert listed == {}


def test_every_file_has_a_second_address_that_is_the_same_file(published: Published) -> None:
    data = published.site / "data"
    catalog = json.loads((data / "catalog.json").read_text("utf-8"))
    files = [*catalog["distributions"], *(one for entry in catalog["datasets"] for one in entry["distributions"])]
    listed = (data / "checksums.txt").read_text("utf-8").splitlines()
    assert len(files) > 100
    for one in files:
        name, permanent = (one[key].partition("/data/")[2] for key in ("url", "permanent"))
        assert permanent == f"by-hash/{one['hash'].removeprefix('sha256:')}/{name.rpartition('/')[2]}"
        assert (data / permanent).samefile(data / name)
        assert f"{one['hash'].removeprefix('sha256:')}  {name}" in listed
        packed = data / f"{name}.gz"
        assert packed.exists() == (data / f"{permanent}.gz").exists()
    descriptor = json.loads((data / "fish/datapackage.json").read_text("utf-8"))
    for one in descriptor["portal"]["distributions"]:
        assert (data / "fish" / one["permanent"]).samefile(data / "fish" / one["path"])


def test_the_page_of_a_dataset_names_the_permanent_addresses(published: Published) -> None:
    addresses = set(re.findall(r'href="/(data/by-hash/[0-9a-f]{64}/[^"]+)"', published.read("/catalog/fish/")))
    catalog = json.loads((published.site / "data/catalog.json").read_text("utf-8"))
    (fish,) = (one for one in catalog["datasets"] if one["name"] == "fish")
    assert addresses == {f"data/{one['permanent'].partition('/data/')[2]}" for one in fish["distributions"]}
    assert all((published.site / address).is_file() for address in addresses)

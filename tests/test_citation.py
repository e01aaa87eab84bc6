"""Citations, read by the programs that people paste them into."""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import rispy
import yaml
from bibtexparser.entrypoint import parse_string
from bibtexparser.middlewares import LatexDecodingMiddleware

from factory import HOSTILE_TITLE, REPOSITORY, make_tiny_catalog, write_indicator, write_references
from portal.catalogues.citation import clean_bibtex, list_ris, make_bibtex
from portal.data.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from portal.data.package import Package
    from published import Published

pytest_plugins = ("published",)
SETTINGS = read_settings(REPOSITORY / "metadata.yml")


def read_bibtex(text: str) -> dict[str, str]:
    """Return the fields of the one entry, LaTeX turned into text."""
    library = parse_string(text, append_middleware=[LatexDecodingMiddleware()])
    if library.failed_blocks or len(library.entries) != 1:
        raise ValueError(str(library.failed_blocks))
    (entry,) = library.entries
    return {
        "key": entry.key,
        "type": entry.entry_type,
        **{one.key: one.value.strip("{}").replace("ˆ", "^") for one in entry.fields},
    }


def read_ris(lines: Iterable[str]) -> dict[str, Any]:
    """Return the one record, which must be of a dataset; rispy itself passes over what stands outside records."""
    records = rispy.loads("\r\n".join(lines))
    whole = [one.get("type_of_reference") == "DATA" and "title" in one for one in records]
    if whole != [True] or "unknown_tag" in records[0]:
        raise ValueError(str(records))
    return dict(records[0])


def test_every_dataset_of_the_catalogue_can_be_cited(real_packages: tuple[Package, ...]) -> None:
    for package in real_packages:
        entry = read_bibtex(make_bibtex(SETTINGS, package, "vi"))
        assert (entry["key"], entry["type"]) == (package.name, "misc")
        assert entry["title"] == package.title.vi
        assert entry["author"] == "Cổng dữ liệu mở Kiên Giang"
        assert (entry["year"], entry["version"]) == (package.created[:4], package.version)
        assert entry["url"] == f"http://127.0.0.1:8000/catalog/{package.name}/"
        record = read_ris(list_ris(SETTINGS, package))
        assert (record["type_of_reference"], record["id"]) == ("DATA", package.name)
        assert record["title"] == package.title.vi
        assert record["translated_title"] == package.title.en
        assert record["authors"] == ["Cổng dữ liệu mở Kiên Giang"]
        assert (record["year"], record["edition"]) == (package.created[:4], package.version)
        assert record["date"] == package.created[:10].replace("-", "/")
        assert record["urls"] == [f"http://127.0.0.1:8000/catalog/{package.name}/"]
        assert record.get("keywords", []) == list(package.keywords)


def test_the_files_are_linked_from_the_page(published: Published) -> None:
    links = published.parse("/en/catalog/fish/").attributes("a", "href")
    for suffix in ("bib", "ris"):
        assert f"/data/fish/fish.{suffix}" in links
    assert read_bibtex((published.site / "data/fish/fish.bib").read_text("utf-8"))["title"] == "Gói fish"
    assert rispy.loads((published.site / "data/fish/fish.ris").read_text("utf-8"))[0]["title"] == "Gói fish"


def test_hostile_titles_stay_in_their_fields(published: Published, tmp_path: Path) -> None:
    text = (published.site / "data/hostile/hostile.bib").read_text("utf-8")
    assert read_bibtex(text)["title"] == HOSTILE_TITLE.translate(str.maketrans("{}", "()"))
    title = "50% {a_b} & #1 $2 ~ ^ \\input{x}\nER  - \r\nTY  - BOOK"
    write_references(tmp_path / "packages")
    write_indicator(tmp_path / "packages", "fish", changes={"title": title, "keywords": ["a\nER  - "]})
    package = make_tiny_catalog(tmp_path / "packages").packages["fish"]
    expected = "50% (a_b) & #1 $2 ~ ^ /input(x) ER - TY - BOOK"
    assert read_bibtex(make_bibtex(SETTINGS, package, "vi"))["title"] == expected
    record = read_ris(list_ris(SETTINGS, package))
    assert record["title"] == r"50% {a_b} & #1 $2 ~ ^ \input{x} ER - TY - BOOK"
    assert record["keywords"] == ["a ER -"]


def test_latex_is_not_commanded() -> None:
    assert clean_bibtex(r"100% {x} \y & z_#$ ~^") == (
        r"100\% (x) /y \& z\_\#\$ \textasciitilde{}\textasciicircum{}"
    )  # fmt: skip


def test_a_broken_citation_is_found(real_packages: tuple[Package, ...]) -> None:
    text = make_bibtex(SETTINGS, real_packages[0], "vi")
    with pytest.raises(ValueError, match="ParsingFailedBlock"):
        read_bibtex(text.removesuffix("}").replace("},\n  year", ",\n  year"))
    lines = list(list_ris(SETTINGS, real_packages[0]))
    for broken in (lines[1:], lines[:-1], [*lines[:3], "ER  - ", *lines[3:]]):
        with pytest.raises((OSError, ValueError)):
            read_ris(broken)


# --- CITATION.cff ---------------------------------------------------------------------------------------------


def check_cff(text: str) -> Any:
    """Read CITATION.cff; raise ValidationError where it is not what the schema of CFF 1.2 wants."""
    vendor = files("check_jsonschema").joinpath("builtin_schemas/vendor/citation-file-format.json")
    document = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - texts only, as the schema expects
    jsonschema.validate(document, json.loads(vendor.read_text("utf-8")))
    return document


def test_the_citation_of_the_portal_is_valid_and_current() -> None:
    document = check_cff((REPOSITORY / "CITATION.cff").read_text("utf-8"))
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    assert document["version"] == project["version"]
    assert document["abstract"] == project["description"]
    assert document["title"] == f"{SETTINGS.title.vi} · {SETTINGS.title.en}"
    assert document["authors"] == [{"name": SETTINGS.publisher.vi, "alias": SETTINGS.publisher.en}]
    assert document["license"] in (REPOSITORY / "LICENSE").read_text("utf-8")


@pytest.mark.parametrize(
    ("good", "bad"),
    [("authors:", "writers:"), ("1.2.0", "1.1.0"), ("type: software", "type: portal"), ("license: MIT", "license: M")],
)
def test_a_broken_citation_file_is_found(good: str, bad: str) -> None:
    text = (REPOSITORY / "CITATION.cff").read_text("utf-8")
    assert good in text
    with pytest.raises(jsonschema.ValidationError):
        check_cff(text.replace(good, bad))

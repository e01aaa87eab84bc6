"""Answers of the API that lie ready as files: what is written, and what is left to the replicas."""

from __future__ import annotations

import gzip
import json
import shutil
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from portal.api import answer_files
from portal.api.answer_files import list_addresses, write_answers
from portal.api.api_metadata import ANSWERS
from portal.api.api_schema import ApiSchema, TableSchema
from portal.work.build_cache import BuildCache, Destination
from portal.work.kept_answers import AnswerKeeper

if TYPE_CHECKING:
    from pathlib import Path

    from portal.api.api_gate import ApiGate
    from published import Published

pytest_plugins = ("published",)


@pytest.fixture
def answers(published: Published) -> Path:
    """Return the folder of answers of the small release."""
    return published.folder.current / ANSWERS / "datasette"


def test_an_answer_names_no_host(answers: Path) -> None:
    files = sorted(answers.rglob("*.json"))
    assert len(files) > 20
    assert not [file.name for file in files if b".invalid" in file.read_bytes()]
    assert not (answers / "opendata/observations.json").exists(), "its next page has the name of the host"


def test_a_file_and_its_packed_form_say_the_same(answers: Path) -> None:
    packed = sorted(answers.rglob("*.gz"))
    assert packed
    for file in packed:
        assert gzip.decompress(file.read_bytes()) == file.with_suffix("").read_bytes()
    small = [file for file in answers.rglob("*.json") if file.stat().st_size <= 1_000]
    assert small
    assert not any(file.with_name(f"{file.name}.gz").exists() for file in small)


def test_rows_lie_ready_in_the_form_that_guides_ask_for(answers: Path) -> None:
    plain = json.loads((answers / "opendata/units.json").read_bytes())
    objects = json.loads((answers / "opendata/units.json?_shape=objects").read_bytes())
    assert [list(row.values()) for row in objects["rows"]] == plain["rows"]


def test_answers_belong_to_the_manifest(published: Published) -> None:
    manifest = json.loads((published.folder.current / "manifest.json").read_text("utf-8"))
    assert f"{ANSWERS}/datasette/opendata/units.json" in {one["path"] for one in manifest["files"]}


def test_the_same_release_has_the_same_answers(published: Published, tmp_path: Path) -> None:
    release = tmp_path / "release"
    shutil.copytree(published.folder.current.resolve(), release, ignore=shutil.ignore_patterns("site", ANSWERS))
    written = write_answers(release)
    names = sorted(file.relative_to(release) for file in (release / ANSWERS).rglob("*") if file.is_file())
    assert written == sum(name.suffix != ".gz" for name in names)
    for name in names:
        assert (release / name).read_bytes() == (published.folder.current / name).read_bytes()


def test_what_is_costly_is_left_to_the_lane() -> None:
    cheap = TableSchema("cheap", ("a",), ("a",), frozenset("a"), frozenset(), rows=1)
    dear = TableSchema("dear", ("a", "b"), ("a",), frozenset("a"), frozenset(), rows=10**6, sort="b")
    schema = ApiSchema({"cheap": cheap, "dear": dear}, {})
    assert list(list_addresses(schema)) == [
        "/datasette/.json", "/datasette/opendata.json", "/datasette/opendata/cheap.json",
        "/datasette/opendata/cheap.json?_shape=objects",
    ]  # fmt: skip


def test_answers_whose_table_is_the_same_are_not_asked_for_again(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, cache = tmp_path / "release", BuildCache(tmp_path / "cache")
    shutil.copytree(published.folder.current.resolve(), release, ignore=shutil.ignore_patterns("site"))
    before = {file.name: file.read_bytes() for file in (release / ANSWERS).rglob("*.json*")}
    asked: list[str] = []
    answer = answer_files.answer_address

    async def note(gate: ApiGate, address: str) -> dict[str, bytes]:
        asked.append(address)
        return await answer(gate, address)

    monkeypatch.setattr(answer_files, "answer_address", note)
    for key in ("first", "first", "second"):
        shutil.rmtree(release / ANSWERS)
        keys = {"units": key, "areas": "same"}
        write_answers(release, AnswerKeeper(cache, keys, Destination("", release / ANSWERS, tmp_path / "nothing")))
        assert {file.name: file.read_bytes() for file in (release / ANSWERS).rglob("*.json*")} == before
    counts = Counter(address.rpartition("/")[2].partition(".")[0] for address in asked)
    assert (counts["areas"], counts["units"], counts["sources"]) == (2, 4, 6), "two addresses of each table"

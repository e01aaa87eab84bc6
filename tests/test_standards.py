"""What stands in `/data/<dataset>/` is a Data Package: the official JSON Schema and frictionless take the folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import frictionless
import jsonschema
import pytest

from harvest import write_whole_graph
from portal.data.descriptor import DESCRIPTOR
from portal.data.profile import OFFICIAL_PROFILE

if TYPE_CHECKING:
    from collections.abc import Callable

    from harvest import Harvest

pytest_plugins = ("harvested",)

OFFICIAL = jsonschema.Draft7Validator(json.loads(OFFICIAL_PROFILE.read_text("utf-8")))


@pytest.fixture
def folder(tiny_harvest: Harvest, tmp_path: Path) -> Path:
    """Return a copy of a published folder."""
    return Path(shutil.copytree(tiny_harvest.data / "fish", tmp_path / "fish"))


def test_every_real_folder_is_a_data_package(real_harvest: Harvest) -> None:
    for name in real_harvest.catalog.packages:
        path = real_harvest.data / name / DESCRIPTOR
        descriptor = json.loads(path.read_text("utf-8"))
        assert list(OFFICIAL.iter_errors(descriptor)) == []
        # `hash` and `bytes` are those of the published file.
        report = frictionless.Package(path).validate()
        assert report.valid, report.flatten(["type", "message"])
        assert [one["path"] for one in descriptor["resources"]] == [f"{name}.csv"]


def test_a_descriptor_of_a_wrong_shape_is_refused(folder: Path) -> None:
    descriptor: dict[str, Any] = json.loads((folder / DESCRIPTOR).read_text("utf-8"))
    assert list(OFFICIAL.iter_errors(descriptor)) == []
    del descriptor["resources"][0]["name"]
    descriptor["licenses"] = []
    faults = {".".join(map(str, error.absolute_path)) for error in OFFICIAL.iter_errors(descriptor)}
    assert faults == {"resources.0", "licenses"}


def change_figure(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"2390.5", b"2390.6"))


def cut_file(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def misspell_figure(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"2390.5", b"239O.5"))


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [(change_figure, "hash-count"), (cut_file, "byte-count"), (misspell_figure, "type-error")],
)
def test_a_file_that_is_not_the_published_one_is_refused(
    spoil: Callable[[Path], None], fault: str, folder: Path
) -> None:
    spoil(folder / "fish.csv")
    report = frictionless.Package(folder / DESCRIPTOR).validate()
    assert fault in {one[0] for one in report.flatten(["type"])}


def test_the_same_catalogue_gives_the_same_bytes(tiny_harvest: Harvest, tmp_path: Path) -> None:
    shutil.copytree(tiny_harvest.data, tmp_path / "data")
    names = [path.relative_to(tiny_harvest.site) for path in tiny_harvest.site.rglob("*") if path.is_file()]
    write_whole_graph(tiny_harvest.catalog, tmp_path)
    assert {Path("catalog.ttl"), Path("catalog.jsonld"), Path("data/fish/croissant.json")} <= set(names)
    assert all((tmp_path / name).read_bytes() == (tiny_harvest.site / name).read_bytes() for name in names)

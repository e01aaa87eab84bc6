"""Abstracts: what they say of a dataset is what its rows say."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from factory import make_tiny_catalog, write_indicator, write_reference, write_references
from portal.data.shelf import Shelf
from portal.figures.abstract import Abstract, list_prints, read_abstract, write_abstract
from portal.work.build_cache import BuildCache
from portal.work.package_figures import summarise
from portal.work.package_work import Workshop
from portal.work.scheduler import Here

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from portal.data.observation import Observation
    from portal.figures.abstract import Prints


def test_an_abstract_says_what_the_rows_say(tmp_path: Path) -> None:
    write_references(tmp_path)
    shutil.rmtree(tmp_path / "sources")
    write_reference(tmp_path, "sources", ["id,title,publisher,document_number,date", "a,A,Sở,,", "b,B,,,"])
    rows = [
        {"period": "2021", "source": "b", "note": "Chỉ tiếng Việt."},
        {"period": "2023", "source": "a", "flags": "unclear", "note": "Hai thứ tiếng.", "note_en": "Both."},
        {"period": "2030", "source": "a", "status": "target"},
    ]
    write_indicator(tmp_path, "fish", rows)
    catalog = make_tiny_catalog(tmp_path)
    abstract = catalog.abstract("fish")
    assert (abstract.rows, abstract.flagged, abstract.untranslated) == (3, 1, 1)
    assert abstract.years == ("2021", "2023", "2030")
    assert (abstract.statuses, abstract.sources) == ({"actual": 2, "target": 1}, {"a": 2, "b": 1})
    assert (abstract.flags, abstract.variables) == ({"unclear": 1}, {"catch": ("tonne",)})
    assert abstract.extent.interval == "2021-01-01/2030-12-31"
    assert abstract.extents["b"].interval == "2021-01-01/2021-12-31"
    assert abstract.headline == catalog.observations["fish"][1]
    assert catalog.count_by("sources") == {"a": 2, "b": 1}
    assert list(catalog.list_flagged()) == [catalog.observations["fish"][1]]
    assert [one.period_text for one in catalog.first_of("a")] == ["2023", "2030"]
    assert catalog.by_source == {"a": ["fish"], "b": ["fish"]}
    assert read_abstract(json.loads(json.dumps(write_abstract(abstract)))) == abstract


def test_a_table_without_figures_has_an_empty_one(tmp_path: Path) -> None:
    write_references(tmp_path)
    assert make_tiny_catalog(tmp_path).abstract("units") == Abstract()


def test_what_is_kept_of_the_rows_says_the_same_and_nobody_reads_them_again(tmp_path: Path) -> None:
    write_references(tmp_path / "packages")
    write_indicator(tmp_path / "packages", "fish", [{"period": "2021"}, {"period": "2023", "flags": "unclear"}])
    shop = Workshop(Here(), BuildCache(tmp_path / "cache"), "code", lambda _event: None, tmp_path / "nothing")
    first = summarise(make_tiny_catalog(tmp_path / "packages"), shop)

    def refuse(name: str) -> tuple[Observation, ...]:
        raise AssertionError(name)

    catalog = make_tiny_catalog(tmp_path / "packages")
    again = summarise(replace(catalog, observations=Shelf(["fish"], refuse)), shop)
    assert again.abstract("fish") == first.abstract("fish") == make_tiny_catalog(tmp_path / "packages").abstract("fish")
    source = next(iter(again.abstract("fish").sources))
    found, plain = replace(again, observations=catalog.observations), make_tiny_catalog(tmp_path / "packages")
    assert found.first_of(source) == plain.first_of(source)
    assert len(found.first_of(source)) == found.count_figures_of(source) == plain.count_figures_of(source) == 2
    assert found.count_runs_of(source) == plain.count_runs_of(source) > 0


def test_the_first_figures_of_a_document_are_found_without_reading_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.figures.catalog.MOST_OF_SOURCE", 3)
    write_references(tmp_path)
    places = {"crab": ["7:1", "2:9"], "eel": ["2:10", "11:1"], "fish": ["3:1", "3:2"], "shrimp": ["2:9", "90:1"]}
    for name, locators in places.items():
        rows = [{"locator": one, "period": f"202{number}"} for number, one in enumerate(locators)]
        write_indicator(tmp_path, name, rows)
    catalog = make_tiny_catalog(tmp_path)
    source = next(iter(catalog.by_source))
    everything = (one for name in places for one in catalog.observations[name])
    first = sorted(everything, key=lambda one: (one.position, one.dataset, one.id))[:3]
    read: list[str] = []

    def note(name: str) -> Prints:
        read.append(name)
        return list_prints(catalog.observations[name])

    known = replace(catalog, prints=note)
    assert [one.locator for one in first] == ["2:9", "2:9", "2:10"]
    assert known.first_of(source) == tuple(first)
    assert "fish" not in read

"""Abstracts: what they say of a dataset is what its rows say."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from factory import make_tiny_catalog, write_indicator, write_reference, write_references
from portal.data.shelf import Shelf
from portal.figures.abstract import Abstract, read_abstract, write_abstract
from portal.work.build_cache import BuildCache
from portal.work.package_figures import summarise
from portal.work.package_work import Workshop
from portal.work.scheduler import Here

if TYPE_CHECKING:
    from pathlib import Path

    from portal.data.observation import Observation


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
    assert [one.period_text for one in catalog.use_of("a").first] == ["2023", "2030"]
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
    found = replace(again, observations=catalog.observations).use_of(source)
    assert found == make_tiny_catalog(tmp_path / "packages").use_of(source)
    assert len(found.first) == 2

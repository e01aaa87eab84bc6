"""The search index: what a query is folded into, what a shard holds, and that every dataset can be found."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

from hypothesis import event, given
from hypothesis import strategies as st

from portal.pages import search_index
from portal.pages.search_index import MAX_POSTINGS, Document, Weighed, weigh, weigh_terms, write_search_index
from portal.words.search_term import search_terms

if TYPE_CHECKING:
    import pytest


def make_document(number: int, title: str) -> Document:
    shown = [f"/catalog/d{number}/", title, []]
    return Document(((8, title),), {"vi": shown, "en": shown})


def read_index(folder: Path) -> tuple[dict[str, object], dict[str, dict[str, list[int]]]]:
    index = json.loads((folder / "index.json").read_text("utf-8"))
    shards = {path.stem: json.loads(path.read_text("utf-8")) for path in (folder / "shards").iterdir()}
    assert sorted(shards) == index["shards"]
    return index, shards


def test_pairs_of_neighbours_count_beside_words() -> None:
    weights = weigh_terms(make_document(0, "dịch vụ công"))
    accented = {"dich~-1ecb--": 8, "vu~-1ee5": 8, "cong~-00f4--": 8}
    assert weights == {"dich": 8, "vu": 8, "cong": 8, "dich_vu": 16, "vu_cong": 16, **accented}


def test_code_lists_come_after_everything_else(tmp_path: Path) -> None:
    late, other = make_document(0, "mã"), make_document(1, "số")
    write_search_index(map(weigh, [other, replace(late, is_late=True)]), tmp_path / "index")
    index, _ = read_index(tmp_path / "index")
    rows = json.loads((tmp_path / "index/vi/0.json").read_text("utf-8"))
    assert (index["late"], [row[1] for row in rows]) == (1, ["số", "mã"])


def test_a_term_stands_in_exactly_the_shard_that_a_browser_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "MAX_SHARD_BYTES", 200)
    titles = ["thống kê", "thông tin", "thị trường", "thủy sản", "thuế", "th", "giao thông", "công nghệ"]
    write_search_index((weigh(make_document(i, title)) for i, title in enumerate(titles)), tmp_path / "index")
    _, shards = read_index(tmp_path / "index")
    assert len(shards) > 3
    for number, title in enumerate(titles):
        for term in search_terms(title):
            (name,) = sorted((one for one in shards if term.startswith(one)), key=len, reverse=True)[:1]
            assert number in shards[name][term][::2], (title, term, name)


def test_who_has_typed_the_name_of_a_split_shard_finds_the_best_of_all_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "MAX_SHARD_BYTES", 100)
    titles = ["thống", "thông tin", "thị", "thủy", "thuế sản", "công"]
    documents = [make_document(number, title) for number, title in enumerate(titles)]
    documents[3] = Document((*documents[3].texts, (5, "thủy")), documents[3].shown)
    write_search_index(map(weigh, documents), tmp_path / "index")
    _, shards = read_index(tmp_path / "index")
    assert shards["t"] == {"t*": [3, 13, 0, 8, 1, 8, 2, 8, 4, 8]}
    assert all(len(name) == 1 or name[:-1] in shards for name in shards), "a level of shards is missing"


@given(
    st.lists(
        st.dictionaries(st.text("abc", min_size=1, max_size=4), st.integers(1, 4), min_size=1, max_size=5), max_size=12
    )
)
def test_what_begins_alike_leads_to_the_best_of_all(said: list[dict[str, int]]) -> None:
    """What shards of one level know is enough for the level above, however few documents each of them keeps."""
    documents = [Weighed(weights, {"vi": "[]", "en": "[]"}) for weights in said]
    files: dict[str, str] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.multiple(search_index, MAX_SHARD_BYTES=20, MAX_MERGED=2),
    ):
        write_search_index(documents, Path(folder, "index"), lambda file, text: files.update({Path(file).stem: text}))
    split = [name for name in files if name.isalpha() and f"{name}*" in files[name]]
    for name in split:
        best = {
            number: max(found)
            for number, weights in enumerate(said)
            if (found := [weight for term, weight in weights.items() if term.startswith(name)])
        }
        expected = sorted(best.items(), key=lambda one: (-one[1], one[0]))[:2]
        assert json.loads(files[name])[f"{name}*"] == [part for pair in expected for part in pair]
    event("split" if split else "whole")


def test_a_term_keeps_its_best_documents_only(tmp_path: Path) -> None:
    documents = [make_document(i, "số liệu" if i else "số số liệu") for i in range(MAX_POSTINGS + 50)]
    write_search_index(map(weigh, documents), tmp_path / "index")
    _, shards = read_index(tmp_path / "index")
    postings = next(shard["so"] for shard in shards.values() if "so" in shard)
    assert len(postings) == 2 * MAX_POSTINGS
    assert postings[:2] == [0, 8]


def test_what_a_result_shows_lies_in_the_chunk_of_its_number(tmp_path: Path) -> None:
    documents = [make_document(i, f"bộ {i}") for i in range(40)]
    write_search_index(map(weigh, documents), tmp_path / "index")
    index, _ = read_index(tmp_path / "index")
    chunk = index["chunk"]
    assert isinstance(chunk, int)
    rows = json.loads((tmp_path / "index/en" / f"{37 // chunk}.json").read_text("utf-8"))
    assert rows[37 % chunk] == ["/catalog/d37/", "bộ 37", []]


def test_an_empty_catalogue_has_an_empty_index(tmp_path: Path) -> None:
    write_search_index([], tmp_path / "index")
    index, shards = read_index(tmp_path / "index")
    assert (index["documents"], shards) == (0, {})

"""Shelves: rows are read when they are asked for, and only so many stay in memory."""

from __future__ import annotations

import pytest

from portal.data.shelf import Shelf


def make_shelf(most: int) -> tuple[Shelf[str], list[str]]:
    read: list[str] = []

    def read_rows(name: str) -> tuple[str, ...]:
        read.append(name)
        return tuple(name * 2)

    return Shelf(["a", "b", "c"], read_rows, most), read


def test_rows_are_read_once_as_long_as_there_is_room() -> None:
    shelf, read = make_shelf(6)
    assert read == []
    assert [list(shelf.values()) for _ in range(2)] == [[("a", "a"), ("b", "b"), ("c", "c")]] * 2
    assert read == ["a", "b", "c"]


def test_what_nobody_asked_for_the_longest_is_let_go() -> None:
    shelf, read = make_shelf(4)
    for name in ("a", "b", "a", "c", "a", "b"):
        assert shelf[name] == (name, name)
    assert read == ["a", "b", "c", "b"]


def test_a_table_larger_than_the_shelf_stays_as_long_as_it_is_read() -> None:
    shelf, read = make_shelf(1)
    assert (shelf["a"], shelf["a"], shelf["b"]) == (("a", "a"), ("a", "a"), ("b", "b"))
    assert read == ["a", "b"]


def test_a_long_table_stays_beside_short_ones_but_not_beside_another_long_one() -> None:
    read: list[str] = []

    def read_rows(name: str) -> tuple[str, ...]:
        read.append(name)
        return (name,) * (100 if name.startswith("long") else 1)

    shelf = Shelf(["long 1", "long 2", "a", "b"], read_rows, 6)
    for name in ("long 1", "a", "b", "long 1", "a", "b"):
        shelf[name]
    assert read == ["long 1", "a", "b"]
    for name in ("long 2", "long 2", "b", "long 1"):
        shelf[name]
    assert read == ["long 1", "a", "b", "long 2", "long 1"]


def test_a_shelf_is_a_mapping_and_looking_at_it_reads_nothing() -> None:
    shelf, read = make_shelf(4)
    assert (list(shelf), len(shelf), "b" in shelf, "z" in shelf) == (["a", "b", "c"], 3, True, False)
    assert shelf.get("z", ()) == ()
    with pytest.raises(KeyError):
        shelf["z"]
    assert read == []

"""Trees of files: all of them, in order, moved without a loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.data.tree import list_tree, move_tree

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{folder.name}/{name}", "utf-8")


def test_files_come_folder_by_folder(tmp_path: Path) -> None:
    write(tmp_path, "a-b/x", "a/y", "a/b/z", "c", "ô/ệ.txt", ".hidden")
    (tmp_path / "empty").mkdir()
    assert list_tree(tmp_path) == [".hidden", "a/b/z", "a/y", "a-b/x", "c", "ô/ệ.txt"]
    assert list_tree(tmp_path / "nothing") == []


def test_what_is_moved_joins_what_is_there(tmp_path: Path) -> None:
    write(tmp_path / "from", "a/x", "a/b/y", "new/z")
    write(tmp_path / "to", "a/x", "a/old", "c")
    move_tree(tmp_path / "from", tmp_path / "to")
    move_tree(tmp_path / "nothing", tmp_path / "to")
    assert list_tree(tmp_path / "from") == []
    assert {name: (tmp_path / "to" / name).read_text("utf-8") for name in list_tree(tmp_path / "to")} == {
        "a/b/y": "from/a/b/y", "a/old": "to/a/old", "a/x": "from/a/x", "c": "to/c", "new/z": "from/new/z",
    }  # fmt: skip

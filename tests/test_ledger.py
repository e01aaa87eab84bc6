"""The ledger: a file that was ever published is recognised by its content, and by nothing else."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.releases.ledger import (
    LEDGER,
    PUBLISHED,
    add_release,
    check_ledger,
    find_publication,
    note_release,
    read_checksums,
    suggest_file,
)
from verify_downloads import main

if TYPE_CHECKING:
    from pathlib import Path

    from published import Published

pytest_plugins = ("published",)
FIRST = {"id": "1" * 16, "built_at": "2026-01-31T08:00:00+00:00"}
SECOND = {"id": "2" * 16, "built_at": "2026-02-28T08:00:00+00:00"}


def test_a_file_is_known_from_its_first_release_to_its_last() -> None:
    ledger = add_release({}, FIRST, {"fish/fish.csv": "aa", "fish/fish.json": "bb"})
    ledger = add_release(ledger, SECOND, {"fish/fish.csv": "aa", "fish/fish.json": "cc"})
    same, old, new = (find_publication(ledger, one) for one in ("aa", "bb", "cc"))
    assert same
    assert (same.file, same.first["id"], same.last["id"], same.newest) == ("fish/fish.csv", "1" * 16, "2" * 16, True)
    assert old
    assert (old.last["id"], old.newest) == ("1" * 16, False)
    assert new
    assert (new.first["id"], new.newest) == ("2" * 16, True)
    assert find_publication(ledger, "dd") is None


def test_the_same_release_again_is_no_further_publication() -> None:
    ledger = add_release({}, FIRST, {"fish/fish.csv": "aa"})
    assert add_release(ledger, {**FIRST, "built_at": "later"}, {"fish/fish.csv": "aa"}) == ledger


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.sampled_from(["11", "22", "33"])), min_size=1))
def test_every_file_of_every_release_is_known(releases: list[dict[str, str]]) -> None:
    ledger: dict[str, object] = {}
    for number, checksums in enumerate(releases):
        ledger = add_release(ledger, {"id": str(number), "built_at": str(number)}, checksums)
    for number, checksums in enumerate(releases):
        for sha256 in checksums.values():
            found = find_publication(ledger, sha256)
            assert found
            assert int(found.first["id"]) <= number <= int(found.last["id"])
            assert found.newest == (sha256 in releases[-1].values())


def test_a_damaged_ledger_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / LEDGER).write_text("{", "utf-8")
    data = tmp_path / "release" / "site" / "data"
    data.mkdir(parents=True)
    note_release(tmp_path, tmp_path / "release", FIRST)
    assert (tmp_path / LEDGER).read_text("utf-8") == "{", "a release without downloads has none"
    (data / "checksums.txt").write_text(f"{'a' * 64}  fish/fish.csv\n", "utf-8")
    note_release(tmp_path, tmp_path / "release", FIRST)
    assert (tmp_path / LEDGER).read_bytes() == (data / PUBLISHED).read_bytes()
    assert json.loads((tmp_path / LEDGER).read_text("utf-8"))["releases"] == [FIRST]


def test_checksums_are_read_as_sha256sum_writes_them() -> None:
    assert read_checksums("ab  fish/two  spaces.csv\ncd  b.csv\n") == {"fish/two  spaces.csv": "ab", "b.csv": "cd"}


@pytest.mark.parametrize("value", [None, [], {}, {"files": {}}, {"files": [], "releases": [1]}])
def test_what_is_no_ledger_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="không phải sổ công bố / not a ledger"):
        check_ledger(value)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("fish (1).csv", "fish/fish.csv"), ("fish-2.csv", "fish/fish.csv"), ("FISH.CSV", "fish/fish.csv"),
        ("fish - Copy.csv", "fish/fish.csv"), ("fish - Bản sao (2).csv", "fish/fish.csv"),
        ("fish.excel (1).csv", "fish/fish.excel.csv"), ("fish.excel.csv", "fish/fish.excel.csv"),
        ("fish_market_price.csv", "fish_market_prices/fish_market_prices.csv"),
        # Unlike any, of another kind, or like more than one.
        ("dti.csv", ""), ("x.csv", ""), ("báo cáo.xlsx", ""), ("market.csv", ""), ("fish", ""), ("zzz", ""),
        ("prices_2021.csv", "prices_2021/prices_2021.csv"), ("prices_2021_1.csv", "prices_2021/prices_2021.csv"),
        ("datapackage.json", ""),
    ],
)  # fmt: skip
def test_a_name_is_suggested_only_where_it_is_nearly_the_same(name: str, file: str) -> None:
    files = [
        "fish/fish.csv", "fish/fish.excel.csv", "fish/datapackage.json", "market/market.xlsx",
        "market/datapackage.json", "fish_market_prices/fish_market_prices.csv",
        "prices_2021/prices_2021.csv",
    ]  # fmt: skip
    ledger = add_release({}, FIRST, {one: str(number) for number, one in enumerate(files)})
    assert suggest_file(ledger, name) == file


# --- the command --------------------------------------------------------------------------------------------------


def test_the_command_tells_a_published_file_from_an_edited_one(
    published: Published, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held, edited = tmp_path / "renamed.csv", tmp_path / "fish.csv"
    shutil.copy(published.site / "data/fish/fish.csv", held)
    edited.write_bytes(held.read_bytes().replace(b",", b";"))
    assert main(["--build", str(published.folder.root), str(held)]) == 0
    record = json.loads((published.folder.current / "release.json").read_text("utf-8"))
    day = record["built_at"][:10]
    assert capsys.readouterr().out == (
        f"{held}: đã công bố là fish/fish.csv, từ bản {record['id']} ({'/'.join(reversed(day.split('-')))}) "
        f"đến bản {record['id']}, là bản mới nhất. / "
        f"published as fish/fish.csv, from release {record['id']} ({day}) to release {record['id']}, the newest.\n"
    )
    assert main(["--build", str(published.folder.root), str(edited), str(held)]) == 1
    out = capsys.readouterr().out
    assert out.startswith(
        f"{edited}: không phải tệp cổng đã công bố. / not a file that the portal published.\n"
        "  Gần nhất là fish/fish.csv: tệp này có thể đã bị sửa, bị Excel lưu lại, hoặc tải chưa hết. Hãy tải lại. / "
        "The nearest is fish/fish.csv: yours may have been edited, saved again by Excel, or cut short. "
        "Download it again.\n"
    )
    assert "renamed.csv: đã công bố" in out


@pytest.mark.parametrize("arguments", [["--build", "nowhere"], ["--url", "http://127.0.0.1:9"], ["--url", "nonsense"]])
def test_without_a_ledger_the_command_cannot_run(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments, __file__]) == 2
    err = capsys.readouterr().err
    assert err.startswith("Không chạy được / could not run: không đọc được sổ công bố / the ledger cannot be read: ")
    assert err.count("\n") == 1


def test_a_file_that_is_not_there_is_said(published: Published, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--build", str(published.folder.root), "nothing.csv"]) == 2
    assert capsys.readouterr().err == "Không chạy được / could not run: nothing.csv: No such file or directory\n"

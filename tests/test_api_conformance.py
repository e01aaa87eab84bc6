"""The real server keeps to its OpenAPI document, whatever it is asked: schemathesis with every check it has.

Requests are made up from the document, right ones and wrong ones, always the same. Tables have one shape; a few stand
for all, and `test_openapi` reads every one of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Sequence

pytest_plugins = ("served",)

HERE = Path(__file__).parent
OPERATIONS = (
    r"^(?:(?:list|get)_(?:dti_score_and_rank|online_public_services_by_level|observations|findings|areas)"
    r"|query_.*|csv|sql|health|file|catalog|latest|file_dti_score_and_rank)$"
)
# Any text may be sent as SQL, and is refused where it is none: what the schema allows need not be accepted.
CONFIGURATION = """
[[operations]]
include-operation-id = "sql"
checks.positive_data_acceptance.enabled = false

[[operations]]
include-operation-id = "get_dti_score_and_rank"
parameters = {key}
"""
KEY = ("period", "area", "measure", "transform", "status", "source", "locator")


def run_schemathesis(document: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Hold a server against a document; return what the command says."""
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml", "run", document,
        "--phases", "examples,coverage,fuzzing", "--generation-deterministic", "--no-color",
        "--continue-on-failure", *arguments,
    ]  # fmt: skip
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(HERE)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def write_configuration(folder: Path, row: Sequence[str]) -> None:
    parts = ", ".join(f"{name} = {json.dumps(cell)}" for name, cell in zip(KEY, row, strict=True))
    (folder / "schemathesis.toml").write_text(CONFIGURATION.replace("{key}", f"{{ {parts} }}"), "utf-8")


def test_the_server_keeps_to_the_document(served_address: str, tmp_path: Path) -> None:
    rows = httpx.get(f"{served_address}/data/dti_score_and_rank/dti_score_and_rank.json").json()
    row = next(one for one in rows if "/" not in one["period"])
    write_configuration(tmp_path, [row[name].replace(":", "~3A") for name in KEY])
    done = run_schemathesis(
        f"{served_address}/en/developers/openapi.json", tmp_path,
        "--include-operation-id-regex", OPERATIONS, "--max-examples", "8",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-5_000:]


def test_a_document_that_does_not_hold_is_noticed(served_address: str, tmp_path: Path) -> None:
    document = httpx.get(f"{served_address}/developers/openapi.json").json()
    body = document["components"]["responses"]["Health"]["content"]["application/json"]["schema"]
    body["properties"]["status"] = {"const": "unwell"}
    (tmp_path / "false.json").write_text(json.dumps(document), "utf-8")
    (tmp_path / "schemathesis.toml").touch()
    done = run_schemathesis("false.json", tmp_path, "--url", served_address, "--include-operation-id", "health")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Response violates schema" in done.stdout

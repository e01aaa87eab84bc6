"""Judged cases: packages of descriptors and bytes that both checks look at, the fast one and the slow one."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import factory
from portal.checks.check import check_closely, check_quickly
from portal.checks.rules import Context
from portal.data.descriptor import read_package
from portal.data.package import Field, Resource
from portal.words.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from portal.data.package import Package

CODES = frozenset({"a", "b", "ă", "1", "KG"})
_LISTS = {name: frozenset(line.split(",")[0] for line in lines[1:]) for name, lines in factory.REFERENCES.items()}
CONTEXT = Context({**_LISTS, "codes": CODES | _LISTS["codes"]}, factory.TODAY)


@dataclass(frozen=True)
class Case:
    """A package as it would be written to a folder; a `healthy` one was made so that it has no fault."""

    descriptor: Mapping[str, Any]
    files: Mapping[str, bytes]
    block_bytes: int
    healthy: bool = False

    def __repr__(self) -> str:
        return json.dumps(dict(self.descriptor), ensure_ascii=False) + "".join(
            f"\n{k}: {v!r}" for k, v in self.files.items()
        )


@cache
def template(kind: str) -> Package:
    """Return a package of a kind; cases have other tables in it."""
    with tempfile.TemporaryDirectory() as root:
        if kind == "indicator":
            folder = factory.write_indicator(Path(root), "one", [], {"kind": "codes"})
        else:
            resource = factory.describe_resource("one", [factory.column("code")])
            folder = factory.write_package(Path(root), factory.describe_package("one", kind, resource), [])
        return read_package(folder / "datapackage.json", "one/datapackage.json")


@dataclass(frozen=True)
class Verdicts:
    """What the two checks say of a case: whether it is clean."""

    fast: bool
    slow: bool


def judge_case(case: Case, set_block_bytes: Callable[[int], None]) -> Verdicts:
    """Write a case to disk and let both checks look at it."""
    root = Path(tempfile.mkdtemp())
    try:
        package = _write(root, case)
        set_block_bytes(case.block_bytes)
        fast = check_quickly(package, CONTEXT) == []
        return Verdicts(fast, not check_closely(package, CONTEXT))
    finally:
        shutil.rmtree(root)


def _write(folder: Path, case: Case) -> Package:
    """Write the files of a package, and read it as if the profile knew every type of column that frictionless knows."""
    for path, data in case.files.items():
        (folder / path).write_bytes(data)
    resources = tuple(_build_resource(one, folder) for one in case.descriptor["resources"])
    package = template(case.descriptor["portal"]["kind"])
    return replace(package, resources=resources, folder=folder, descriptor=case.descriptor)


def _build_resource(descriptor: Mapping[str, Any], folder: Path) -> Resource:
    schema = descriptor["schema"]
    return Resource(
        name=descriptor["name"],
        path=descriptor["path"],
        file=folder / descriptor["path"],
        title=Text(""),
        fields=tuple(
            Field(
                name=one["name"],
                type=one["type"],
                title=Text(one["title"]),
                description=Text(""),
                code_list=one.get("portal", {}).get("codelist", ""),
                separator=one.get("portal", {}).get("separator", ""),
                required=bool(one.get("constraints", {}).get("required")),
            )
            for one in schema["fields"]
        ),
        primary_key=tuple(schema.get("primaryKey", ())),
        descriptor=descriptor,
    )

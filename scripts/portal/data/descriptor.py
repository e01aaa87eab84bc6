"""Descriptors: the only reader of `datapackage.json`, checked against two JSON Schemas.

The official Data Package 2.0 profile and ours on top of it. A descriptor that does not hold becomes findings,
never an exception, so that every other package is still read.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portal.data.encoding import decode_text
from portal.data.finding import Finding, Place, make_finding
from portal.data.package import RESERVED_NAMES, RESERVED_PREFIXES, Field, Headline, License, Package, Resource
from portal.data.profile import find_faults, find_second
from portal.words.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DESCRIPTOR = "datapackage.json"
MAX_DESCRIPTOR_BYTES = 1_000_000
# What somebody who puts such a file into the folder of packages expects to see published.
DATA_SUFFIXES = frozenset({".csv", ".tsv", ".xlsx", ".xls", ".ods", ".parquet", ".json", ".yaml", ".yml"})
# Far more than a descriptor needs, far less than what readers of JSON and validators can follow.
MAX_DEPTH = 100
# Of more files that nobody describes only so many are named.
SHOWN_NAMES = 3


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read from a folder: the packages that hold, and findings about those that do not."""

    packages: tuple[Package, ...]
    findings: tuple[Finding, ...]

    @property
    def unread(self) -> frozenset[str]:
        """Return the names of the packages that do not hold."""
        return frozenset(one.package for one in self.findings) - {one.name for one in self.packages}


class DescriptorError(Exception):
    """A descriptor that cannot become a Package; carries its findings."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__(*findings)
        self.findings = findings


def find_descriptors(root: Path) -> list[Path]:
    """Return the descriptors under `root` (a folder, or one descriptor), sorted; links are not followed."""
    if root.is_file():
        return [root]
    found: list[Path] = []

    def note_unreadable(error: OSError) -> None:
        # Reading the descriptor that may be in there says why it cannot be read; no folder is an empty one.
        if not isinstance(error, FileNotFoundError):
            found.append(Path(error.filename) / DESCRIPTOR)

    for folder, folders, files in os.walk(root, onerror=note_unreadable, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if DESCRIPTOR in files:
            found.append(Path(folder) / DESCRIPTOR)
            folders[:] = []
    return sorted(found)


def find_orphans(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield the folders under `root` that hold data but are no package, nor part of one, with the names of the data."""
    for folder, folders, files in os.walk(root, followlinks=False):
        folders[:] = [] if DESCRIPTOR in files else sorted(name for name in folders if not name.startswith("."))
        data = sorted(name for name in files if Path(name).suffix.lower() in DATA_SUFFIXES and not name.startswith("."))
        if DESCRIPTOR not in files and data:
            yield Path(folder), data


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A descriptor to be read; `label` is what findings call its file."""

    path: Path
    label: str

    @property
    def name(self) -> str:
        """Return the name of its folder, which is that of the package."""
        return Path(os.path.abspath(self.path)).parent.name  # noqa: PTH100 - `.` has no name, links keep theirs


ReadEach = Callable[[Sequence[Descriptor]], Iterable["Package | tuple[Finding, ...]"]]


def read_packages(root: Path, roots: tuple[Path, ...] | None = None, read_each: ReadEach | None = None) -> Loaded:
    """Read every package under `roots` (default: all of `root`); labels of files are relative to `root`.

    `read_each` reads descriptors one by one, here and now if none is given.
    """
    packages: list[Package] = []
    findings: list[Finding] = []
    owners: dict[str, str] = {}
    paths = {path: None for start in (roots or (root,)) for path in find_descriptors(start)}
    descriptors = [Descriptor(path, _label(path, root)) for path in paths]
    for package in read_each(descriptors) if read_each else map(try_descriptor, descriptors):
        if isinstance(package, tuple):
            findings += package
            continue
        clashes = list(_find_clashes(package, owners))
        findings += clashes
        if not clashes:
            packages.append(package)
    orphans = {folder: data for start in (roots or (root,)) for folder, data in find_orphans(start)}
    findings += [_report_orphan(folder, data, root) for folder, data in orphans.items()]
    return Loaded(tuple(packages), tuple(findings))


def _report_orphan(folder: Path, data: list[str], root: Path) -> Finding:
    shown = ", ".join(data[:SHOWN_NAMES]) + (" …" if len(data) > SHOWN_NAMES else "")
    return make_finding("descriptor-missing", Place(folder.name, _label(folder, root)), names=shown)


def _label(path: Path, root: Path) -> str:
    """Return the path relative to the folder that is read, or, outside of it, to where the command runs."""
    base = root.parent if root.is_file() else root
    absolute, start = (Path(os.path.abspath(one)) for one in (path, base))  # noqa: PTH100 - links stay as they are
    return absolute.relative_to(start).as_posix() if absolute.is_relative_to(start) else os.path.relpath(path)


def _find_clashes(package: Package, owners: dict[str, str]) -> Iterator[Finding]:
    """Yield a finding for every table name that another package holds; note the others as taken."""
    place = Place(package.name, package.label)
    for resource in package.resources:
        if resource.name in RESERVED_NAMES or resource.name.startswith(RESERVED_PREFIXES):
            yield make_finding("reserved-name", place, name=resource.name)
        elif resource.name in owners:
            yield make_finding("duplicate-name", place, name=resource.name, other=owners[resource.name])
        else:
            owners[resource.name] = package.label


def try_descriptor(one: Descriptor, _shared: object = None) -> Package | tuple[Finding, ...]:
    """Read one descriptor; return its findings where it does not hold."""
    try:
        return read_package(one.path, one.label)
    except DescriptorError as error:
        return error.findings


def read_package(path: Path, label: str, *, holds: bool = False) -> Package:
    """Read one descriptor, whose text `holds` if it did before; raise DescriptorError with its findings where not."""
    place = Place(Descriptor(path, label).name, label)
    try:
        if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(path.parent)):
            raise DescriptorError(make_finding("path-link-out", place, path=path.name))
        size = path.stat().st_size
        raw = path.read_bytes() if size <= MAX_DESCRIPTOR_BYTES else b""
    except OSError as error:
        raise DescriptorError(make_finding("file-unreadable", place, reason=error.strerror)) from error
    if size > MAX_DESCRIPTOR_BYTES:
        raise DescriptorError(make_finding("file-too-large", place, size=size, limit=MAX_DESCRIPTOR_BYTES))
    text = decode_text(raw, place)
    if isinstance(text, Finding):
        raise DescriptorError(text)
    descriptor = json.loads(text) if holds else _parse_json(text, place)
    faults = [] if holds else list(find_faults(descriptor, text, place))
    if faults:
        raise DescriptorError(*faults)
    return _build_package(descriptor, path, label)


def _parse_json(text: str, place: Place) -> dict[str, Any]:
    duplicates: list[str] = []

    def refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) < len(pairs):
            counts = Counter(name for name, _ in pairs)
            duplicates.extend(name for name, count in counts.items() if count > 1)
        return members

    try:
        descriptor = json.loads(text, object_pairs_hook=refuse_duplicates, parse_constant=_refuse_constant)
        if _is_too_deep(descriptor):
            raise DescriptorError(_make_depth_finding(place))
        json.dumps(descriptor, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        found = make_finding("json-syntax", place.at(error.lineno, error.colno), reason=error.msg)
        raise DescriptorError(found) from error
    except UnicodeEncodeError as error:
        reason = f"\\u{ord(error.object[error.start]):04x} is half a character"
        raise DescriptorError(make_finding("json-syntax", place, reason=reason)) from error
    except ValueError as error:
        raise DescriptorError(make_finding("json-syntax", place, reason=str(error))) from error
    except RecursionError as error:
        raise DescriptorError(_make_depth_finding(place)) from error
    if duplicates:
        names = dict.fromkeys(duplicates)
        raise DescriptorError(
            *(make_finding("json-duplicate-key", place.at(*find_second(text, name)), name=name) for name in names)
        )
    if not isinstance(descriptor, dict):
        raise DescriptorError(make_finding("json-not-object", place))
    return descriptor


def _is_too_deep(descriptor: Any) -> bool:
    level = [descriptor]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node if isinstance(node, list) else ())
        ]
    return bool(level)


def _make_depth_finding(place: Place) -> Finding:
    return make_finding("json-syntax", place, reason=f"nested deeper than {MAX_DEPTH} levels")


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _build_package(descriptor: Mapping[str, Any], path: Path, label: str) -> Package:
    portal = descriptor["portal"]
    headline = portal.get("headline")
    return Package(
        name=descriptor["name"],
        kind=portal["kind"],
        title=_read_text(descriptor, "title"),
        description=_read_text(descriptor, "description"),
        caveat=_read_text(portal, "caveat"),
        version=descriptor["version"],
        created=descriptor.get("created", ""),
        theme=portal.get("theme", ""),
        frequency=portal.get("frequency", "UNKNOWN"),
        keywords=tuple(descriptor.get("keywords", ())),
        licenses=tuple(
            License(item["name"], _read_text(item, "title"), item.get("path", "")) for item in descriptor["licenses"]
        ),
        sources=tuple(item["id"] for item in descriptor.get("sources", ()) if "id" in item),
        headline=_build_headline(headline) if headline else None,
        relations=tuple(portal.get("relations", ())),
        resources=tuple(_build_resource(item, path.parent) for item in descriptor["resources"]),
        folder=path.parent,
        label=label,
        descriptor=descriptor,
    )


def _build_headline(headline: Mapping[str, Any]) -> Headline:
    where = tuple(sorted(headline.get("where", {}).items()))
    subject = _read_text(headline, "subject") if "subject" in headline else None
    return Headline(headline["measure"], headline.get("transform", "level"), where, subject)


def _build_resource(resource: Mapping[str, Any], folder: Path) -> Resource:
    return Resource(
        name=resource["name"],
        path=resource["path"],
        file=folder / resource["path"],
        title=_read_text(resource, "title"),
        fields=tuple(_build_field(item) for item in resource["schema"]["fields"]),
        primary_key=_as_tuple(resource["schema"].get("primaryKey")),
        descriptor=resource,
    )


def _build_field(column: Mapping[str, Any]) -> Field:
    portal = column.get("portal", {})
    return Field(
        name=column["name"],
        type=column["type"],
        title=_read_text(column, "title"),
        description=_read_text(column, "description"),
        unit=portal.get("unit", ""),
        code_list=portal.get("codelist", ""),
        rdf_type=column.get("rdfType", ""),
        separator=portal.get("separator", ""),
        required=bool(column.get("constraints", {}).get("required")),
    )


def _read_text(node: Mapping[str, Any], key: str) -> Text:
    return Text(node.get(key, ""), node.get(f"{key}@en", ""))


def _as_tuple(value: str | list[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)

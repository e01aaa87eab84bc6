"""Profiles: a descriptor against the official Data Package 2.0 JSON Schema and ours on top of it."""

from __future__ import annotations

import difflib
import json
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import yaml
from dplib import profiles as official_profiles

from portal.data.finding import Finding, Place, make_finding
from portal.data.package import INDICATOR_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Escapes of JSON that YAML does not know: a slash, and the halves of a surrogate pair.
_JSON_ESCAPE = re.compile(r"\\(\\|/|u[dD][89a-fA-F][0-9a-fA-F]{2})")
_DRIVE = re.compile(r"[a-z]:", re.IGNORECASE)
_URL = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)

PORTAL_PROFILE = Path(__file__).with_name("profiles") / "portal-package.json"
OFFICIAL_PROFILE = Path(str(official_profiles.__path__[0])) / "2.0" / "datapackage.json"


def _check_pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[jsonschema.ValidationError]:
    """Check `pattern` as JSON Schema means it: its `$` is the very end, Python's also stands before a last line end."""
    if isinstance(instance, str) and not re.search(re.sub(r"\$\Z", r"\\Z", pattern), instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


@cache
def _validators() -> tuple[jsonschema.Draft7Validator, Any]:
    official = json.loads(OFFICIAL_PROFILE.read_text("utf-8"))
    ours = json.loads(PORTAL_PROFILE.read_text("utf-8"))
    extend: Any = jsonschema.validators.extend  # has no annotations
    strict = extend(jsonschema.Draft202012Validator, {"pattern": _check_pattern})
    return jsonschema.Draft7Validator(official), strict(ours)


def find_faults(descriptor: Mapping[str, Any], text: str, place: Place) -> Iterator[Finding]:
    """Yield what both profiles and the names say; line and column are looked up only for faults."""
    official, ours = _validators()
    own_errors = sorted(ours.iter_errors(descriptor), key=lambda error: list(map(str, error.absolute_path)))
    for error in own_errors:
        yield from _word_error(error, text, place)
    covered = {tuple(error.absolute_path) for error in own_errors}
    for error in map(_specify, official.iter_errors(descriptor)):
        known = any(tuple(error.absolute_path) == path[: len(error.absolute_path)] for path in covered)
        if not known and not _is_path_fault(error):
            where = place.at(*_find_position(text, error.absolute_path))
            yield make_finding("profile-official", where, path=_path(error), reason=error.message[:300])
    if own_errors:
        return
    yield from _find_path_faults(descriptor, text, place)
    name, first = descriptor["name"], descriptor["resources"][0]["name"]
    if name != place.package:
        yield make_finding(
            "name-not-folder", place.at(*_find_position(text, ["name"])), name=name, folder=place.package
        )
    if first != name:
        where = place.at(*_find_position(text, ["resources", 0, "name"]))
        yield make_finding("name-not-resource", where, name=name, resource=first)
    yield from _find_key_faults(descriptor, text, place)


def _specify(error: jsonschema.ValidationError) -> jsonschema.ValidationError:
    """Follow, of the alternatives that a column fits none of, the one for the type that it names."""
    branches: dict[str | int, list[jsonschema.ValidationError]] = {}
    for one in error.context or ():
        branches.setdefault(one.schema_path[0], []).append(one)
    fitting = (branch for branch in branches.values() if all(list(one.relative_path) != ["type"] for one in branch))
    return next(fitting, [error])[0] if list(error.absolute_path)[-2:-1] == ["fields"] else error


def name_path_fault(path: str) -> str | None:
    """Rule 7: return the code of what is wrong with a path by its words alone; None where it may stay inside."""
    if _URL.match(path):
        return "path-url"
    if path.startswith(("/", "\\", "~")) or _DRIVE.match(path) or ".." in re.split(r"[/\\]", path):
        return "path-outside"
    # A change in a hidden file would not make a new release (`release.digest_inputs`).
    if any(part.startswith(".") and part != "." for part in path.split("/")):
        return "path-hidden"
    return None


def _is_path_fault(error: jsonschema.ValidationError) -> bool:
    """Tell whether an error of the official profile is about a path that rule 7 words better."""
    match list(error.absolute_path):
        case ["resources", int(), "path"]:
            return isinstance(error.instance, str) and name_path_fault(error.instance) is not None
    return False


def _find_path_faults(descriptor: Mapping[str, Any], text: str, place: Place) -> Iterator[Finding]:
    for index, resource in enumerate(descriptor["resources"]):
        if code := name_path_fault(resource["path"]):
            where = place.at(*_find_position(text, ["resources", index, "path"]))
            yield make_finding(code, where, path=resource["path"])


def _find_key_faults(descriptor: Mapping[str, Any], text: str, place: Place) -> Iterator[Finding]:
    for index, resource in enumerate(descriptor["resources"]):
        schema = resource["schema"]
        names = [column["name"] for column in schema["fields"]]
        path: list[str | int] = ["resources", index, "schema"]
        for position, name in enumerate(names):
            if name in names[:position]:
                where = place.at(*_find_position(text, [*path, "fields", position, "name"]))
                yield make_finding("duplicate-field", where, name=name)
        declared = schema.get("primaryKey", [])
        key = [declared] if isinstance(declared, str) else declared
        if descriptor["portal"]["kind"] == "indicator" and key != (wanted := _indicator_key(names)):
            where = place.at(*_find_position(text, [*path, "primaryKey"]))
            reason = json.dumps(wanted)
            yield make_finding("profile-portal", where, path=f"/resources/{index}/schema/primaryKey", reason=reason)
        for name in key:
            if name not in names:
                where = place.at(*_find_position(text, [*path, "primaryKey"]))
                yield make_finding("key-unknown-field", where, name=name, fields=", ".join(names))


def _indicator_key(names: list[str]) -> list[str]:
    """Return the primary key of an indicator package: what tells one observation from another (data-model.md §1)."""
    dimensions = [name for name in names if name not in INDICATOR_FIELDS]
    return ["period", "area", *dimensions, "measure", "transform", "status", "source", "locator"]


def _word_error(error: jsonschema.ValidationError, text: str, place: Place) -> Iterator[Finding]:
    where = place.at(*_find_position(text, error.absolute_path))
    schema: Any = error.schema
    instance: Any = error.instance
    if error.validator == "additionalProperties":
        known = list(schema["properties"])
        for name in sorted(set(instance) - set(known)):
            near = difflib.get_close_matches(name, known, n=1)
            hint = near[0] if near else ", ".join(known)
            at = place.at(*_find_position(text, [*error.absolute_path, name]))
            yield make_finding("unknown-property", at, name=name, path=_path(error), hint=hint)
    elif error.validator == "required":
        # There is one error for each missing name, and its message alone says which.
        for name in schema["required"]:
            if error.message.startswith(f"{name!r} "):
                yield make_finding("missing-property", where, name=name, path=_path(error))
    elif error.validator == "contains":
        expected = schema["contains"]["properties"]
        shown = json.dumps(_example_of(schema["contains"]), ensure_ascii=False)
        yield make_finding("missing-indicator-field", where, name=expected["name"]["const"], field=shown)
    else:
        yield make_finding("profile-portal", where, path=_path(error), reason=error.message[:300])


def _example_of(schema: Mapping[str, Any]) -> Any:
    """Return the value that a schema made of constants describes."""
    if "properties" in schema:
        return {name: _example_of(part) for name, part in schema["properties"].items()}
    return schema["const"]


def _path(error: jsonschema.ValidationError) -> str:
    return "/" + "/".join(str(part) for part in error.absolute_path)


def _find_position(text: str, path: Iterable[str | int]) -> tuple[int, int]:
    """Return line and column (from 1) of the node at `path`; (0, 0) where YAML cannot read the text.

    JSON is a subset of YAML, whose parser keeps the place of every node.
    """
    node = _compose(text)
    if node is None:
        return 0, 0
    mark = node.start_mark
    for part in path:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == part), None)
            if pair is None:
                break
            mark, node = pair[0].start_mark, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            mark = node.start_mark
    return mark.line + 1, mark.column + 1


def find_second(text: str, name: str) -> tuple[int, int]:
    """Return line and column of the second of two members of one object that are both named `name`."""
    nodes: list[yaml.Node | None] = [_compose(text)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.MappingNode):
            same = [key.start_mark for key, _ in node.value if key.value == name]
            if len(same) > 1:
                return same[1].line + 1, same[1].column + 1
            nodes.extend(value for _, value in node.value)
        elif isinstance(node, yaml.SequenceNode):
            nodes.extend(node.value)
    return 0, 0


@lru_cache(maxsize=1)  # a descriptor with many faults is parsed once
def _compose(text: str) -> yaml.Node | None:
    try:
        node: yaml.Node | None = yaml.compose(_JSON_ESCAPE.sub(_fill_escape, text), Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return None
    return node


def _fill_escape(match: re.Match[str]) -> str:
    """Replace an escape by something as long, so that every node keeps its place."""
    return match[0] if match[1] == "\\" else "?" * len(match[0])

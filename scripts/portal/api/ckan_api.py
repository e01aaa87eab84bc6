"""The actions of CKAN that harvesters call, answered from `ckan.json` without any SQL."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from portal.api.ckan_query import QueryError, check_size, count_facets, make_entry, matches, read_terms, sort_entries
from portal.words.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from portal.api.ckan_query import Entry

    Given = Mapping[str, Any]

MOST_ROWS = 1_000  # as CKAN has it: who asks for more gets these
_ROWS = 10
_TRUE, _FALSE = frozenset({"true", "1", "yes", "t", "on"}), frozenset({"false", "0", "no", "f", "off", ""})
# What clients of CKAN send and what changes nothing here: everything is public and nothing is a draft.
_WITHOUT_EFFECT = frozenset({
    "include_private", "include_drafts", "include_deleted", "include_tracking", "use_default_schema", "include_extras",
    "include_users", "include_groups", "include_tags", "include_followers", "include_dataset_count", "defType", "qf",
    "mm", "tie", "bf", "boost", "df", "wt", "fl", "extras", "type", "order_by",
})  # fmt: skip
MISSING = Text("Thiếu giá trị", "Missing value")


class CkanError(Exception):
    """An answer of the action API that is an error: its status, and the `error` of its body."""

    def __init__(self, status: int, error: Mapping[str, Any]) -> None:
        super().__init__(str(error))
        self.status, self.error = status, error


def refuse_value(name: str, words: Text) -> CkanError:
    """Return CKAN's error for a parameter that is missing or wrong."""
    return CkanError(409, {name: [f"{words.en} / {words.vi}"], "__type": "Validation Error"})


def _miss(kind: Text, name: str) -> CkanError:
    words = f"Not found: {kind.en} {name} / Không tìm thấy {kind.vi} {name}"
    return CkanError(404, {"message": words, "__type": "Not Found Error"})


@dataclass(frozen=True)
class CkanCatalog:
    """`ckan.json`, ready to be asked."""

    document: Mapping[str, Any]
    entries: tuple[Entry, ...] = field(init=False)
    by_name: Mapping[str, Mapping[str, Any]] = field(init=False)
    resources: Mapping[str, Mapping[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        packages = self.document["packages"]
        named = {key: one for one in packages for key in (one["id"], one["name"])}
        object.__setattr__(self, "entries", tuple(map(make_entry, packages)))
        object.__setattr__(self, "by_name", named)
        object.__setattr__(self, "resources", {file["id"]: file for one in packages for file in one["resources"]})

    def answer(self, action: str, given: Given) -> Any:
        """Return the result of an action; raise CkanError where there is none, KeyError for an unknown action."""
        one = ACTIONS[action]
        unknown = sorted(set(given) - {*one.parameters, *_WITHOUT_EFFECT})
        if unknown:
            names = ", ".join(one.parameters) or "–"
            raise refuse_value(
                unknown[0], Text(f"Không có tham số này; có: {names}", f"No such parameter; there are: {names}")
            )
        return one.run(self, given)


@dataclass(frozen=True, slots=True)
class Action:
    """One action: what it does, in words, and which parameters it takes."""

    run: Callable[[CkanCatalog, Given], Any]
    parameters: Sequence[str]
    words: Text


# --- parameters -----------------------------------------------------------------------------------------------


def _read_number(given: Given, name: str, default: int, least: int = 0) -> int:
    value = given.get(name)
    if value is None or value == "":
        return default
    if isinstance(value, bool) or not isinstance(value, int | str) or len(str(value)) > 9:
        number = None
    else:
        digits = str(value).removeprefix("-") if least < 0 else str(value)
        number = int(value) if digits.isascii() and digits.isdecimal() else None
    if number is None or number < least:
        raise refuse_value(name, Text("Cần số nguyên không âm", "Must be a natural number"))
    return number


def _read_flag(given: Given, name: str, *, default: bool = False) -> bool:
    value = given.get(name, default)
    text = str(value).lower() if isinstance(value, bool | int | str) else "?"
    if text not in _TRUE | _FALSE:
        raise refuse_value(name, Text("Cần true hoặc false", "Must be true or false"))
    return text in _TRUE


def _read_text(given: Given, name: str, default: str | None = None) -> str:
    value = given.get(name, default)
    if value is None or (value == "" and default is None):
        raise refuse_value(name, MISSING)
    if not isinstance(value, str):
        raise refuse_value(name, Text("Cần một chuỗi ký tự", "Must be a string"))
    return value


def _read_list(given: Given, name: str) -> list[str]:
    """Return a list of texts, which a GET request writes as JSON."""
    value = given.get(name, [])
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = [value]
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value) or len(value) > 20:
        raise refuse_value(name, Text('Cần danh sách như ["tags"]', 'Must be a list such as ["tags"]'))
    return value


def _take_page(every: Sequence[Any], given: Given) -> list[Any]:
    limit, offset = _read_number(given, "limit", MOST_ROWS), _read_number(given, "offset", 0)
    return list(every[offset : offset + min(limit, MOST_ROWS)])


# --- actions --------------------------------------------------------------------------------------------------


def _list_packages(catalog: CkanCatalog, given: Given) -> list[str]:
    names = [one["name"] for one in catalog.document["packages"]]
    if "limit" not in given and "offset" not in given:
        return names  # of names alone, all
    return _take_page(names, given)


def _list_with_resources(catalog: CkanCatalog, given: Given) -> list[Any]:
    return _take_page(catalog.document["packages"], given)


def _show_package(catalog: CkanCatalog, given: Given) -> Any:
    name = _read_text({"id": given.get("id") or given.get("name_or_id")}, "id")
    if name not in catalog.by_name:
        raise _miss(Text("bộ dữ liệu", "dataset"), name[:100])
    return catalog.by_name[name]


def _show_resource(catalog: CkanCatalog, given: Given) -> Any:
    name = _read_text(given, "id")
    if name not in catalog.resources:
        raise _miss(Text("tệp", "resource"), name[:100])
    return catalog.resources[name]


def _search(catalog: CkanCatalog, given: Given) -> dict[str, Any]:
    start, rows = _read_number(given, "start", 0), _read_number(given, "rows", _ROWS)
    limit, least = _read_number(given, "facet.limit", 50, least=-1), _read_number(given, "facet.mincount", 1)
    sort = _read_text(given, "sort", "") or "score desc, metadata_modified desc"
    wanted = _read_list(given, "facet.field") if _read_flag(given, "facet", default=True) else []
    queries = [_read_text(given, "q", ""), _read_text(given, "fq", ""), *_read_list(given, "fq_list")]
    try:
        asked = [read_terms(query) for query in queries]
        terms = [term for one in asked for term in one]
        check_size(terms)
        found = [entry for entry in catalog.entries if all(matches(entry, term) for term in terms)]
        ordered = sort_entries(found, sort, asked[0])
        facets = count_facets(found, wanted, limit, least)
    except QueryError as error:
        message = f"Search Query is invalid: {error}"
        raise CkanError(400, {"message": message, "__type": "Search Query Error"}) from error
    page = [one.package for one in ordered[start : start + min(rows, MOST_ROWS)]]
    return {"count": len(found), "sort": sort, "results": page, **facets}


def _list_groups(groups: Sequence[Mapping[str, Any]], given: Given) -> list[Any]:
    chosen = groups if _read_flag(given, "all_fields") else [one["name"] for one in groups]
    return _take_page(chosen, given)


def _show_group(
    catalog: CkanCatalog, groups: Sequence[Mapping[str, Any]], kind: Text, field_name: str, given: Given
) -> dict[str, Any]:
    name = _read_text(given, "id")
    found = next((one for one in groups if name in (one["id"], one["name"])), None)
    if found is None:
        raise _miss(kind, name[:100])
    if not _read_flag(given, "include_datasets"):
        return dict(found)
    members = [one.package for one in catalog.entries if found["name"] in one.values[field_name]]
    return {**found, "packages": members[:MOST_ROWS]}


def _list_tags(catalog: CkanCatalog, given: Given) -> list[Any]:
    tags = {one["name"]: one for package in catalog.document["packages"] for one in package["tags"]}
    ordered = [tags[name] for name in sorted(tags)]
    return ordered if _read_flag(given, "all_fields") else [one["name"] for one in ordered]


def _show_help(_catalog: CkanCatalog, given: Given) -> str:
    name = _read_text(given, "name")
    if name not in ACTIONS:
        raise _miss(Text("lệnh", "action"), name[:100])
    one = ACTIONS[name]
    return f"{one.words.en}\n{one.words.vi}\n\n{', '.join(one.parameters) or '–'}"


_PAGE = ("limit", "offset")
_GROUP, _ORGANIZATION = Text("nhóm", "group"), Text("tổ chức", "organization")
ACTIONS: Mapping[str, Action] = {
    "site_read": Action(
        lambda _catalog, _given: True, (), Text("Cổng mở cho mọi người.", "The portal is open to all.")
    ),
    "status_show": Action(
        lambda catalog, _given: catalog.document["status"],
        (),
        Text("Cổng này là gì, và API theo phiên bản nào.", "What this portal is, and the version of its API."),
    ),
    "help_show": Action(_show_help, ("name",), Text("Một lệnh làm gì.", "What an action does.")),
    "package_list": Action(_list_packages, _PAGE, Text("Tên mọi bộ dữ liệu.", "The names of all datasets.")),
    "current_package_list_with_resources": Action(
        _list_with_resources, _PAGE, Text("Các bộ dữ liệu với tệp.", "The datasets with their files.")
    ),
    "package_show": Action(
        _show_package, ("id", "name_or_id"), Text("Một bộ dữ liệu với các tệp.", "One dataset with its files.")
    ),
    "resource_show": Action(_show_resource, ("id",), Text("Một tệp.", "One file.")),
    "package_search": Action(
        _search,
        ("q", "fq", "fq_list", "sort", "rows", "start", "facet", "facet.field", "facet.limit", "facet.mincount"),
        Text(
            f"Tìm bộ dữ liệu; mỗi lần nhiều nhất {MOST_ROWS}, đi tiếp bằng start.",
            f"Search datasets; at most {MOST_ROWS} at once, go on with start.",
        ),
    ),
    "group_list": Action(
        lambda catalog, given: _list_groups(catalog.document["groups"], given),
        (*_PAGE, "all_fields"),
        Text("Các chủ đề.", "The themes."),
    ),
    "group_show": Action(
        lambda catalog, given: _show_group(catalog, catalog.document["groups"], _GROUP, "groups", given),
        ("id", "include_datasets"),
        Text("Một chủ đề.", "One theme."),
    ),
    "organization_list": Action(
        lambda catalog, given: _list_groups([catalog.document["organization"]], given),
        (*_PAGE, "all_fields"),
        Text("Nơi công bố.", "The publisher."),
    ),
    "organization_show": Action(
        lambda catalog, given: _show_group(
            catalog, [catalog.document["organization"]], _ORGANIZATION, "organization", given
        ),
        ("id", "include_datasets"),
        Text("Nơi công bố.", "The publisher."),
    ),
    "license_list": Action(
        lambda catalog, _given: catalog.document["licenses"], (), Text("Các giấy phép.", "The licences.")
    ),
    "tag_list": Action(_list_tags, ("all_fields",), Text("Các từ khóa.", "The tags.")),
}

"""Queries of CKAN's `package_search`: `q`, `fq`, `sort` and facets, over some hundreds of datasets in memory.

Of Solr's language there is what harvesters and people ask: words and phrases, `field:value`, `field:"some words"`,
`field:(a OR b)`, `field:[from TO to]` for dates, `+`, `-`, `NOT`, `*`. Words match from their beginning, with or
without accents. Whatever else is asked gets an error that says what there is.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from portal.words.text import Text, fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MOST_TERMS = 64
MOST_CHARACTERS = 2_000
FACETS = ("organization", "groups", "tags", "res_format", "license_id")
_FIELDS = frozenset({
    "id", "name", "tags", "groups", "organization", "owner_org", "license_id", "res_format", "kind", "state", "type",
    "dataset_type", "private", "capacity",
})  # fmt: skip
_DATES = frozenset({"metadata_modified", "metadata_created"})
_TEXTS = frozenset({"title", "notes", "text"})
_SORTS = {
    "name": "name", "title": "title", "title_string": "title", "id": "id", "score": "score", "relevance": "score",
    "metadata_modified": "metadata_modified", "metadata_created": "metadata_created",
}  # fmt: skip
_TERM = re.compile(
    r"(?P<sign>[+-]|NOT\s)?(?:(?P<field>[A-Za-z_]+):)?"
    r'(?P<value>"[^"]*"|\([^()]*\)|\[[^\[\]]*\]|[^\s()\[\]"]+)(?=\s|$)'
)
_RANGE = re.compile(r"\[\s*(\S+)\s+TO\s+(\S+)\s*\]")
_MOMENT = re.compile(r"\*|\d{4}-\d\d-\d\d(?:T[\d:.]+)?Z?", re.ASCII)
_WORD = re.compile(r"\w+")


class QueryError(ValueError):
    """A query that is not answered; `words` say what is wrong and what there is."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(f"{en} / {vi}")
        self.words = Text(vi, en)


@dataclass(frozen=True, slots=True)
class Entry:
    """One dataset as it is searched: the values of its fields, and its words without accents."""

    package: Mapping[str, Any]
    values: Mapping[str, frozenset[str]]
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: any (or all) of the values in a field, or none of them where it is negated."""

    field: str
    values: tuple[str, ...]
    every: bool = False
    negated: bool = False
    is_range: bool = False


def make_entry(package: Mapping[str, Any]) -> Entry:
    """Return a dataset of `ckan.json`, ready to be searched."""
    tags, groups = [one["name"] for one in package["tags"]], [one["name"] for one in package["groups"]]
    values = {
        "id": [package["id"]], "name": [package["name"]], "tags": tags, "groups": groups,
        "organization": [package["organization"]["name"]], "owner_org": [package["owner_org"]],
        "license_id": [package["license_id"]], "res_format": [one["format"] for one in package["resources"]],
        "kind": [one["value"] for one in package["extras"] if one["key"] == "kind"], "state": ["active"],
        "type": ["dataset"], "dataset_type": ["dataset"], "private": ["false"], "capacity": ["public"],
    }  # fmt: skip
    titles, notes = package["title_translated"].values(), package["notes_translated"].values()
    themes = [one["title"] for one in package["groups"]]
    words = {
        "title": to_words(" ".join(titles)),
        "notes": to_words(" ".join(notes)),
        "text": to_words(" ".join([package["name"], *titles, *notes, *tags, *themes])),
    }
    return Entry(package, {name: frozenset(map(fold, some)) for name, some in values.items()}, words)


def to_words(text: str) -> str:
    """Return the words of a text without accents, each behind a space."""
    return "".join(f" {word}" for word in _WORD.findall(fold(text).replace("_", " ")))


# The same few values are looked for in every dataset.
_keep_words, _keep_folded = lru_cache(MOST_TERMS)(to_words), lru_cache(MOST_TERMS)(fold)


def read_terms(query: str) -> list[Term]:
    """Read `q` or `fq`. Raises QueryError."""
    if len(query) > MOST_CHARACTERS:
        raise QueryError(f"Nhiều nhất {MOST_CHARACTERS} ký tự.", f"At most {MOST_CHARACTERS} characters.")
    terms, place = [], 0
    while query[place:].strip():
        place += len(query[place:]) - len(query[place:].lstrip())
        match = _TERM.match(query, place)
        if match is None:
            raise QueryError(f"Không hiểu «{query[place:][:40]}».", f"Cannot read “{query[place:][:40]}”.")
        place = match.end()
        if match["value"] == "OR" and not match["field"]:
            raise QueryError("OR chỉ đứng trong ngoặc: tags:(a OR b).", "OR stands in brackets only: tags:(a OR b).")
        if match["value"] not in {"AND", "*"} or match["field"]:
            terms.append(_read_term(match))
    check_size(terms)
    return [term for term in terms if (term.field, term.values) != ("*", ("*",))]


def check_size(terms: Sequence[Term]) -> None:
    """Raise QueryError where more is asked at once than is answered in a moment."""
    if sum(max(1, len(one.values)) for one in terms) > MOST_TERMS:
        raise QueryError(f"Nhiều nhất {MOST_TERMS} điều kiện.", f"At most {MOST_TERMS} conditions.")


def _read_term(match: re.Match[str]) -> Term:
    field, value = match["field"] or "text", match["value"]
    negated = (match["sign"] or "").strip() in {"-", "NOT"}
    if not match["field"] and value.startswith("*:"):
        return Term("*", ("*",))
    known = {*_DATES, *_TEXTS, *_FIELDS}
    if field not in known:
        names = ", ".join(sorted(known))
        raise QueryError(f"Không có trường {field}. Các trường: {names}.", f"No field {field}. Fields: {names}.")
    if value.startswith("["):
        return _read_range(field, value, negated=negated)
    if field in _DATES:
        example = f"{field}:[2026-01-01T00:00:00Z TO *]"
        raise QueryError(f"{field} cần khoảng: {example}.", f"{field} takes a range: {example}.")
    if not value.startswith("("):
        return Term(field, (value.strip('"'),), negated=negated)
    parts = re.findall(r'"[^"]*"|\S+', value[1:-1])
    every = "AND" in parts
    if every and "OR" in parts:
        raise QueryError("Trong ngoặc chỉ AND hoặc chỉ OR.", "In brackets either AND or OR.")
    return Term(field, tuple(part.strip('"') for part in parts if part not in {"AND", "OR"}), every, negated)


def _read_range(field: str, value: str, *, negated: bool) -> Term:
    match = _RANGE.fullmatch(value)
    if field not in _DATES or match is None or not all(map(_MOMENT.fullmatch, match.groups())):
        names = ", ".join(sorted(_DATES))
        raise QueryError(
            f"Khoảng viết là [2026-01-01T00:00:00Z TO *], cho {names}.",
            f"A range is written [2026-01-01T00:00:00Z TO *], for {names}.",
        )
    return Term(field, tuple(one.removesuffix("Z") for one in match.groups()), negated=negated, is_range=True)


def matches(entry: Entry, term: Term) -> bool:
    """Tell whether a dataset fulfils a condition."""
    if term.is_range:
        first, last = term.values
        moment = entry.package[term.field]
        held = (first == "*" or moment >= first) and (last == "*" or moment[: len(last)] <= last)
    else:
        held = (all if term.every else any)(_has(entry, term.field, value) for value in term.values)
    return held != term.negated


def _has(entry: Entry, field: str, value: str) -> bool:
    if value == "*":
        return True
    if field in _TEXTS:
        return _keep_words(value) in entry.words[field]
    folded = _keep_folded(value)
    if folded.endswith("*"):
        return any(one.startswith(folded[:-1]) for one in entry.values[field])
    return folded in entry.values[field]


def sort_entries(entries: Sequence[Entry], sort: str, terms: Sequence[Term]) -> list[Entry]:
    """Return datasets in the order of `sort`, such as `score desc, metadata_modified desc`. Raises QueryError."""
    ordered = sorted(entries, key=lambda one: one.package["name"])
    for part in reversed([one.split() for one in sort.split(",") if one.strip()]):
        field, direction = part[0], (part[1] if len(part) > 1 else "asc").lower()
        if field not in _SORTS or direction not in {"asc", "desc"} or len(part) > 2:
            names = ", ".join(_SORTS)
            raise QueryError(
                f"sort cần một trong {names}, rồi asc hay desc.", f"sort is one of {names}, then asc or desc."
            )
        ordered.sort(key=lambda one: _sort_value(one, _SORTS[field], terms), reverse=direction == "desc")
    return ordered


def _sort_value(entry: Entry, field: str, terms: Sequence[Term]) -> Any:
    if field == "score":
        return sum(_has(entry, "title", value) for one in terms if one.field == "text" for value in one.values)
    return fold(entry.package[field]) if field == "title" else entry.package[field]


def count_facets(entries: Iterable[Entry], fields: Sequence[str], limit: int, least: int) -> dict[str, Any]:
    """Return `facets` and `search_facets` for some fields; a negative limit means all. Raises QueryError."""
    if unknown := [name for name in fields if name not in FACETS]:
        names = ", ".join(FACETS)
        raise QueryError(f"Không đếm được {unknown[0]}; có {names}.", f"Cannot count {unknown[0]}; there are {names}.")
    counters: dict[str, Counter[tuple[str, str]]] = {name: Counter() for name in fields}
    for entry in entries:
        for name, counter in counters.items():
            counter.update(_facet_values(entry.package, name))
    facets, search_facets = {}, {}
    for name, counter in counters.items():
        every = sorted(counter.items(), key=lambda one: (-one[1], one[0]))
        found = [one for one in every if one[1] >= least][: limit if limit >= 0 else None]
        facets[name] = {value: count for (value, _), count in found}
        items = [{"name": value, "display_name": title, "count": count} for (value, title), count in found]
        search_facets[name] = {"title": name, "items": items}
    return {"facets": facets, "search_facets": search_facets}


def _facet_values(package: Mapping[str, Any], field: str) -> set[tuple[str, str]]:
    if field == "organization":
        return {(package["organization"]["name"], package["organization"]["title"])}
    if field == "res_format":
        return {(one["format"], one["format"]) for one in package["resources"]}
    if field == "license_id":
        return {(package["license_id"], package["license_title"])}
    return {(one["name"], one["display_name"]) for one in package[field]}

"""Kept answers: what the API answers to what is asked often, kept by the digest of all that it is made from.

It needs the database alone, so that it can be written beside the pages, by a process of its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.api.api_metadata import ANSWERS, DATABASE
from portal.work.build_cache import BuildCache, Destination, digest_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from portal.data.package import Package
    from portal.releases.published import Published
    from portal.work.build_cache import Used
    from portal.work.package_work import Workshop


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A release whose answers are wanted; `keys` are the digests of all that they are made from, by table."""

    release: Path
    keys: Mapping[str, str]
    published: Published

    @property
    def name(self) -> str:
        """Return the name of their folder."""
        return ANSWERS


def write_kept_answers(one: Unanswered, cache: Path) -> Used:
    """Write the answers of a release, or take them out of a cache; return what was used of it.

    Raises OSError where the disk fails.
    """
    from portal.api.answer_files import write_answers  # noqa: PLC0415 - Datasette, which the stages of a build do not need

    own = BuildCache(cache, one.published)
    place = Destination("", one.release / ANSWERS, one.published.folder / ANSWERS)
    write_answers(one.release, AnswerKeeper(own, one.keys, place))
    return own.list_used()


@dataclass(frozen=True, slots=True)
class AnswerKeeper:
    """Keeps the API's answers to a table; `keys` are the digests of all that they are made from, by table."""

    cache: BuildCache
    keys: Mapping[str, str]
    place: Destination

    def take(self, table: str) -> int | None:
        """Put the answers to a table where they belong, if they are kept; return how many they are."""
        kept = self.cache.take(self.keys[table], [self.place]) if table in self.keys else None
        return None if kept is None else int(kept.value)

    def keep(self, table: str, make: Callable[[Path], int]) -> None:
        """Keep the answers that `make` writes into a folder; it returns how many they are."""
        if table in self.keys:
            self.cache.keep(self.keys[table], make)


def digest_answers(packages: Sequence[Package], metadata: Mapping[str, Any], shop: Workshop) -> dict[str, str]:
    """Return, by table, a digest of all that the API's answers to it alone are made from.

    Those are its package, the code lists that its keys lead to, and what `metadata.yml` says of it and of the API.
    """
    database = metadata["databases"][DATABASE]
    shared = {**metadata, "databases": {DATABASE: {**database, "tables": {}}}}
    lists = [shop.state_of(one) for one in packages if one.kind == "reference"]
    common = ["answers", shop.code, json.dumps(shared, sort_keys=True), *lists]
    return {
        one.name: digest_parts([*common, one.name, json.dumps(database["tables"][one.name]), shop.state_of(package)])
        for package in packages
        for one in package.resources
    }

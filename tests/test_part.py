"""Parts: a database that is put together from them says what one says that was written at once."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

import factory
from portal.data.descriptor import read_packages
from portal.sqlite import part
from portal.sqlite.database import write_database

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from portal.data.package import Package


def read_all(path: Path) -> Mapping[str, Sequence[object]]:
    """Return the schema of a database, the rows of every table, and every word that its full text finds, and where.

    In the two tables of all packages small ones come first, so there a row is called by its key.
    """
    with closing(sqlite3.connect(path)) as connection:
        schema = connection.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY rowid").fetchall()
        names = [name for kind, name, _ in schema if kind == "table" and "_fts" not in name]
        # Names from SQLite itself; how a search table lies on disk may differ, and its statistics with it.
        found = {name: connection.execute(f'SELECT rowid, * FROM "{name}"').fetchall() for name in names}  # noqa: S608
        found["sqlite_stat1"] = [row[1:] for row in found["sqlite_stat1"] if "_fts" not in row[1]]
        for name, key in (("datasets", "name"), ("observations", "id")):
            keys = dict(connection.execute(f'SELECT rowid, "{key}" FROM {name}').fetchall())  # noqa: S608 - one of two
            assert sorted(keys) == [*range(1, len(keys) + 1)]
            found[name] = sorted((keys[rowid], *row) for rowid, *row in found[name])
            search = f"{name}_fts"
            connection.execute(f"CREATE VIRTUAL TABLE temp.v_{name} USING fts5vocab('main', '{search}', 'instance')")
            words = connection.execute(f"SELECT term, doc, col, offset FROM v_{name}").fetchall()  # noqa: S608 - as above
            found[search] = sorted((term, keys[doc], *place) for term, doc, *place in words)
        return {"schema": schema, **found}


@pytest.fixture(scope="module")
def packages() -> Sequence[Package]:
    return read_packages(factory.REPOSITORY / "datapackages").packages


@pytest.fixture(scope="module")
def whole(packages: Sequence[Package], tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Sequence[object]]:
    """Return what a database says into which every package was written at once."""
    path = tmp_path_factory.mktemp("whole") / "opendata.db"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(part, "MOST_BYTES", -1)
        summaries = write_database(path, packages, [])
    return {"summaries": sorted(summaries.items()), **read_all(path)}


@pytest.mark.parametrize("most_bytes", [2_000, 1_000_000])
def test_the_real_catalogue_is_the_same_from_parts(
    most_bytes: int, packages: Sequence[Package], whole: Mapping[str, Sequence[object]], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(part, "MOST_BYTES", most_bytes)
    small = sum(part.makes_a_part(one) for one in packages if one.kind != "reference")
    assert small > 0
    summaries = write_database(tmp_path / "opendata.db", packages, [])
    found = {"summaries": sorted(summaries.items()), **read_all(tmp_path / "opendata.db")}
    assert found.keys() == whole.keys()
    for name in whole:
        assert found[name] == whole[name], name


def test_more_parts_than_sqlite_takes_at_once(packages: Sequence[Package]) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        most = connection.getlimit(sqlite3.SQLITE_LIMIT_ATTACHED)
    assert sum(map(part.makes_a_part, packages)) > 2 * most

"""The work of a request: counted over all its statements, by processor time."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from datasette.database import QueryInterrupted

from portal.api.api import open_api
from portal.api.sql_budget import budget, find_budget, limit_work

if TYPE_CHECKING:
    from pathlib import Path

ENDLESS = "with recursive r(x) as (select 1 union all select x + 1 from r) select count(*) from r"


def work(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_an_endless_statement_is_interrupted() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        with limit_work(connection, 20), pytest.raises(sqlite3.OperationalError, match="interrupted"):
            connection.execute(ENDLESS).fetchall()
        assert connection.execute("select 1").fetchall() == [(1,)]


def test_waiting_is_no_work_and_working_is() -> None:
    with budget(1000) as allowed:
        assert find_budget() is allowed
        with allowed.measure():
            time.sleep(0.05)
        assert allowed.left > 990
        with allowed.measure():
            work(0.05)
        assert allowed.left < 960
    assert find_budget() is None


@pytest.mark.parametrize("milliseconds", [30, 0])
def test_statements_of_one_request_share_what_there_is(tmp_path: Path, milliseconds: int) -> None:
    sqlite3.connect(tmp_path / "opendata.db").close()
    api = open_api(tmp_path / "opendata.db", {})

    async def ask() -> tuple[int, bool]:
        answered = 0
        with budget(milliseconds) as allowed:
            count = "with recursive r(x) as (select 1 union all select x + 1 from r limit {}) select count(*) from r"
            try:
                for number in range(1_000):
                    await api.execute("opendata", count.format(20_000 + number))
                    answered += 1
            except QueryInterrupted:
                return answered, allowed.exceeded
        return answered, allowed.exceeded

    answered, exceeded = asyncio.run(ask())
    assert exceeded
    assert answered < 1_000
    assert bool(answered) is bool(milliseconds)

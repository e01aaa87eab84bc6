"""How much work the SQL of one request may do in all, however many statements Datasette makes of it.

Work is processor time of the thread that runs a statement: on a busy machine a statement takes longer by the clock,
but it is no costlier, and must not be refused for it.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

SQL_SECONDS = 1  # of work for one costly statement
REQUEST_SECONDS = 2  # of work for all statements of a costly request
INTERRUPTED = "SQL Interrupted"  # Datasette's word for a statement that ran into its limit
_STEPS = 1000  # instructions of SQLite between two looks at the clock; some 0.1 ms


class SqlBudget:
    """What is left, in milliseconds; `exceeded` once a statement was interrupted or had nothing left to begin with."""

    def __init__(self, milliseconds: float) -> None:
        self.left, self.exceeded = milliseconds, False

    @contextmanager
    def measure(self) -> Iterator[None]:
        """Take what runs within off the budget; in the thread that runs it."""
        start = time.thread_time()
        try:
            yield
        finally:
            self.left -= (time.thread_time() - start) * 1000


_current: ContextVar[SqlBudget | None] = ContextVar("budget", default=None)


def find_budget() -> SqlBudget | None:
    """Return the budget of the request that is being answered; None for the portal's own statements."""
    return _current.get()


@contextmanager
def budget(milliseconds: float) -> Iterator[SqlBudget]:
    """Give all statements within, of this task, one budget."""
    allowed = SqlBudget(milliseconds)
    token = _current.set(allowed)
    try:
        yield allowed
    finally:
        _current.reset(token)


@contextmanager
def at_own_expense() -> Iterator[None]:
    """Let what runs within count towards no request's budget."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def limit_work(connection: sqlite3.Connection, milliseconds: float) -> Iterator[None]:
    """Interrupt what a connection does within after so much work; stands in for Datasette's `sqlite_timelimit`."""
    end = time.thread_time() + milliseconds / 1000
    connection.set_progress_handler(lambda: time.thread_time() >= end, _STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, _STEPS)

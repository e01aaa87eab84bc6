"""Functions of our own for SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.text import fold

if TYPE_CHECKING:
    import sqlite3


def register(connection: sqlite3.Connection) -> None:
    """Give a connection our functions."""
    connection.create_function("fold", 1, lambda text: fold(text or ""), deterministic=True)

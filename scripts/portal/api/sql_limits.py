"""What SQL may do on a connection: sizes that SQLite itself enforces, and what visitors' statements may touch."""

from __future__ import annotations

import sqlite3

SQL_HEAP = 128 << 20  # bytes that SQLite may hold in a process, sorting and temporary tables included
# The longest LIKE and GLOB pattern in bytes; what a request may name, with room for the signs around it.
PATTERN_BYTES = 600
# For statements that visitors write: the longest text or row, columns, terms and depth.
_LIMITS = {
    # A function that compares two texts takes the product of their lengths, and nothing can interrupt it.
    sqlite3.SQLITE_LIMIT_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 200,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 25_000,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: PATTERN_BYTES,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 0,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 5_000,  # a list of values, or the codes of a page that are given names
}
_ACTIONS = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE}
# What Datasette asks of a schema, and harmless; not the path of the file.
_PRAGMAS = {
    "foreign_key_list", "index_info", "index_list", "index_xinfo", "table_info", "table_xinfo", "data_version",
}  # fmt: skip
_FUNCTIONS = {"load_extension", "fts3_tokenizer", "readfile", "writefile", "edit", "sqlite_log", "optimize"}
_TABLES = ("dbstat", "sqlite_stmt", "sqlite_dbpage", "bytecode", "tables_used")


def limit_ordinary(connection: sqlite3.Connection) -> None:
    """Bound the statements that Datasette makes of ordinary requests."""
    connection.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, PATTERN_BYTES)


def limit_visitors(connection: sqlite3.Connection) -> None:
    """Bound what a statement of a visitor's can take of memory and disk, and let it read the data alone."""
    connection.execute(f"PRAGMA hard_heap_limit = {SQL_HEAP}")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    for limit, value in _LIMITS.items():
        connection.setlimit(limit, value)
    connection.set_authorizer(_authorize)


def _authorize(action: int, first: str | None, second: str | None, _database: str | None, _trigger: str | None) -> int:
    if action == sqlite3.SQLITE_PRAGMA:
        allowed = first in _PRAGMAS
    elif action == sqlite3.SQLITE_FUNCTION:
        allowed = (second or "").lower() not in _FUNCTIONS
    elif action == sqlite3.SQLITE_READ:
        name = (first or "").lower()
        allowed = name not in _TABLES and (not name.startswith("pragma_") or name.removeprefix("pragma_") in _PRAGMAS)
    elif action == sqlite3.SQLITE_UPDATE:  # so a virtual table such as json_each declares itself, in memory only
        allowed = first == "sqlite_master"
    else:
        allowed = action in _ACTIONS
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY

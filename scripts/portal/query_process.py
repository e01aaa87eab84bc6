"""A process of its own for costly queries: low priority, little memory, one Datasette over the same file.

Run as `python -m portal.query_process FOLDER DESCRIPTOR`, where DESCRIPTOR is an open listening socket. It ends
when its standard input does, so that it never outlives the server that started it.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import sqlite3
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from portal.api import API_SETTINGS, open_api

if TYPE_CHECKING:
    from collections.abc import Iterator

NICENESS = 15  # the scheduler then gives ordinary requests almost all of a busy core
ADDRESS_SPACE = 1536 << 20  # bytes; a query that needs more fails, and with it nothing else
SQL_HEAP = 256 << 20  # bytes that SQLite may hold, sorting and temporary tables included
SQL_SECONDS = 1
# SQLite's own limits: the longest text or row, columns, terms and depth that a visitor's statement may have.
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 256 << 10,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 8 << 10,
    sqlite3.SQLITE_LIMIT_COLUMN: 200,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 25_000,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 100,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 200,
}


def limit_connection(connection: sqlite3.Connection) -> None:
    """Bound what one statement can take of memory and disk."""
    connection.execute(f"PRAGMA hard_heap_limit = {SQL_HEAP}")
    connection.execute("PRAGMA temp_store = MEMORY")
    for limit, value in _LIMITS.items():
        connection.setlimit(limit, value)


def main(argv: list[str]) -> None:
    """Serve until standard input ends."""
    import uvicorn  # noqa: PLC0415  # after the limits of memory and priority below are known to be wanted

    folder, listener = Path(argv[0]), socket.socket(fileno=int(argv[1]))
    # Ctrl-C goes to every process of a terminal; this one is ended by the server that started it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    settings = {**API_SETTINGS, "num_sql_threads": 1, "sql_time_limit_ms": SQL_SECONDS * 1000,
                "facet_time_limit_ms": SQL_SECONDS * 1000}  # fmt: skip
    metadata = json.loads((folder / "datasette.json").read_bytes())
    api = open_api(folder / "opendata.db", metadata, settings, limit_connection)
    config = uvicorn.Config(
        api.app(), log_level="error", access_log=False, lifespan="off", ws="none", forwarded_allow_ips="*",
        timeout_keep_alive=600,
    )  # fmt: skip

    class DeafServer(uvicorn.Server):
        """Leaves signals as they are."""

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    DeafServer(config).run(sockets=[listener])


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])

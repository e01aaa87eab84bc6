"""Serve the published release. Exit status: 0 stopped, 2 could not start."""

from __future__ import annotations

import argparse
import asyncio
import errno
import json
import logging
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from types import FrameType

    from starlette.types import ASGIApp

STOP_SECONDS = 3  # how long a stop waits for requests that are under way
BACKLOG = 2048  # connections that may wait to be accepted; uvicorn's own number
LAST_PORT = 65535
DEFAULT_PORT = 8000
DEFAULT_PROCESSES = 4  # at most; a core each
MOST_PROCESSES = 64
START_SECONDS = 60.0
CATALOG = Path("site/data/catalog.json")  # says at which address the release is meant to stand
LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}
# How uvicorn begins to speak of what strangers send.
_NO_NEWS = (
    "Invalid HTTP request received.",
    "Unsupported upgrade request.",
    "No supported WebSocket library detected.",
)


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="Mở cổng dữ liệu đã dựng / serve the portal that was built.",
        epilog="0: đã dừng / stopped; 2: không khởi động được / could not start",
    )
    parser.add_argument("--build", type=Path, default=Path("build"), help="nơi đã dựng / where it was built")
    parser.add_argument("--host", default="127.0.0.1", help="địa chỉ lắng nghe / address to listen on")
    parser.add_argument("--port", type=_read_port, default=DEFAULT_PORT, help="0: cổng bất kỳ / any free port")
    parser.add_argument(
        "--processes",
        type=_read_processes,
        default=min(os.cpu_count() or 1, DEFAULT_PROCESSES),
        help="số tiến trình phục vụ / number of server processes (%(default)s)",
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    arguments = parse_arguments(argv)
    # While libraries are being loaded there is nothing to end but this process; later uvicorn ends it in order.
    for wish in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wish, lambda *_: os._exit(0))
    return _start(arguments.build / "current", arguments.host, arguments.port, arguments.processes)


def _start(published: Path, host: str, port: int, processes: int) -> int:
    from portal.releases.release_check import PortalNotBuiltError, check_published  # noqa: PLC0415  # not for --help

    try:
        check_published(published)
        listener = _listen(host, port)
    except PortalNotBuiltError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(explain_refusal(error, host, port), file=sys.stderr)
    else:
        with tempfile.TemporaryDirectory(prefix="portal-metrics-") as folder:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder  # read when the library is first loaded
            return _serve(published, listener, processes)
    return 2


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where the protocol is named; without it every small answer waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(BACKLOG)
    return listener


def make_app(published: Path) -> ASGIApp:
    """Return the application of one server process, which ends when the process that started it does."""
    from portal.server import create_app  # noqa: PLC0415  # half a second, and only where it serves

    logging.getLogger("uvicorn.error").addFilter(_is_news)
    if parent := multiprocessing.parent_process():
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()
    return create_app(published)


def _end_after(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


def _serve(published: Path, listener: socket.socket, processes: int) -> int:
    """Serve until SIGINT or SIGTERM; several processes share the listening socket."""
    import uvicorn  # noqa: PLC0415  # not for --help
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - of many processes only
    from uvicorn.supervisors import Multiprocess  # noqa: PLC0415 - of many processes only

    def announce() -> None:
        address = f"http://{_write_host(listener)}/"
        print(f"Cổng dữ liệu / portal: {address} (Ctrl-C để dừng / to stop)", flush=True)
        if note := explain_address(published, address):
            print(note, flush=True)

    class AnnouncingServer(uvicorn.Server):
        """Says in one line where it listens, once it does; ends in STOP_SECONDS, not by the signal."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            announce()

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
            self.should_exit = True

    class AnnouncingProcesses(Multiprocess):
        """Says where the processes listen once all of them do, and replaces one that dies or hangs."""

        def init_processes(self) -> None:
            super().init_processes()
            ready = [one.wait_until_ready(START_SECONDS, self.should_exit) for one in self.processes]
            if all(ready):
                announce()
            else:
                self.should_exit.set()

        def keep_subprocess_alive(self) -> None:
            before = {one.pid for one in self.processes}
            super().keep_subprocess_alive()
            for gone in before - {one.pid for one in self.processes}:
                mark_process_dead(gone)  # type: ignore[no-untyped-call]  # what it said of itself no longer holds

    config = uvicorn.Config(
        partial(make_app, published),
        factory=True,
        workers=processes,
        log_level="warning",
        access_log=False,
        lifespan="on",
        http="portal.web.connection:PatientProtocol",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    if processes == 1:
        AnnouncingServer(config).run(sockets=[listener])
    else:
        AnnouncingProcesses(config, [listener]).run()
    return 0


def _is_news(record: logging.LogRecord) -> bool:
    """Tell whether to log: neither the end of a download by a stop nor what strangers send is news."""
    if record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError):
        return False
    return not str(record.msg).startswith(_NO_NEWS)


def explain_address(published: Path, address: str) -> str:
    """Return one line where a release that names this machine alone is served at another `address`; else nothing."""
    try:
        home = str(json.loads((published / CATALOG).read_text("utf-8"))["home"])
    except (OSError, ValueError, LookupError, TypeError):  # a release without files to download names no address
        return ""
    if home == address or urlsplit(home).hostname not in LOCAL_HOSTS:
        return ""
    return (
        f"Nguồn tin, sitemap, catalog.json, trích dẫn… ghi địa chỉ {home}; "
        f"muốn ghi {address}, sửa site_url trong metadata.yml rồi dựng lại. / "
        f"Feeds, sitemap, catalog.json, citations … name {home}; for {address} set site_url in metadata.yml and build."
    )


def explain_refusal(error: OSError, host: str, port: int) -> str:
    """Return one line: why `host`:`port` cannot be had, and what to do."""
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < LAST_PORT else DEFAULT_PORT
        return (
            f"Cổng {port} đang có chương trình khác dùng. Hãy chạy: make serve PORT={other} / "
            f"Port {port} is in use. Run: make serve PORT={other}"
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return (
            f"Không có quyền dùng cổng {port}. Hãy chạy: make serve PORT={DEFAULT_PORT} / "
            f"Port {port} is forbidden to this user. Run: make serve PORT={DEFAULT_PORT}"
        )
    return (
        f"Không mở được {host} cổng {port} ({error.strerror}). Hãy chạy: make serve HOST=127.0.0.1 / "
        f"Cannot listen on {host} port {port} ({error.strerror}). Run: make serve HOST=127.0.0.1"
    )


def _read_port(text: str) -> int:
    if not text.isdecimal() or int(text) > LAST_PORT:
        raise argparse.ArgumentTypeError(f"cần một số 0–{LAST_PORT} / a number 0–{LAST_PORT} is needed")
    return int(text)


def _read_processes(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_PROCESSES:
        raise argparse.ArgumentTypeError(f"cần một số 1–{MOST_PROCESSES} / a number 1–{MOST_PROCESSES} is needed")
    return int(text)


def _write_host(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


if __name__ == "__main__":
    sys.exit(main())

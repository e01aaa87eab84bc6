"""The shipped nginx configuration and replicas behind it, running: on loopback, without root, in a folder of a test.

Only what names a place of the operator's machine is replaced (paths, ports, user); every replacement must find what it
replaces. Clients come from addresses of their own (127.0.0.0/8), so that the shipped limits hold for each alone.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

REPOSITORY = Path(__file__).resolve().parent.parent
SHIPPED = REPOSITORY / "deploy" / "nginx"
COMMAND = REPOSITORY / "scripts" / "serve_portal.py"
NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")  # /usr/sbin is on the path of root only
MISSING = "nginx is not installed: apt-get install nginx"
WAIT_SECONDS = 30.0  # far more than needed, for machines that are busy
# The folders of bodies and answers on their way; Debian's own belong to root.
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")

Changes = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, its headers as they came: a name that came twice is there twice."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Return every value of a header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name: str) -> str:
        """Return the one value of a header, or nothing."""
        values = self.all(name)
        assert len(values) < 2, f"{name} came {len(values)} times: {values}"
        return values[0] if values else ""

    def json(self) -> Any:
        """Return what the body says."""
        return json.loads(self.body)


def ask(port: int, path: str, method: str = "GET", *, client: str = "127.0.0.1", **headers: str) -> Answer:
    """Ask a server of this machine on a connection of its own; the path goes out as it is."""
    connection = HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS, source_address=(client, 0))
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return Answer(answer.status, tuple(answer.getheaders()), answer.read())
    finally:
        connection.close()


def wait_until(happened: Callable[[], bool]) -> None:
    """Wait for what must happen; fail where it does not."""
    end = time.monotonic() + WAIT_SECONDS
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def find_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_listening(port: int) -> bool:
    """Tell whether somebody takes connections."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


# --- replicas -------------------------------------------------------------------------------------------------


class Replica:
    """One replica as its unit starts it, in a group of processes of its own."""

    def __init__(self, build: Path) -> None:
        self.build = build
        self.port = find_port()
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            str(COMMAND),
            "--build",
            str(self.build),
            "--port",
            str(self.port),
            "--processes",
            "1",
        ]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)

    def wait_until_ready(self) -> None:
        """Wait until it answers."""
        wait_until(lambda: self.process.poll() is not None or is_listening(self.port))
        assert self.process.poll() is None, "the replica could not start"
        assert ask(self.port, "/health").status == 200

    def restart(self) -> None:
        """Begin anew on the same port."""
        self.process = self._start()
        self.wait_until_ready()

    def kill(self) -> None:
        """End it and all that it started at once, as a crash would."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(WAIT_SECONDS)


@contextmanager
def run_replicas(build: Path, count: int) -> Iterator[list[Replica]]:
    """Run replicas over one build folder."""
    replicas = [Replica(build) for _ in range(count)]
    try:
        for replica in replicas:
            replica.wait_until_ready()
        yield replicas
    finally:
        for replica in replicas:
            replica.kill()


# --- nginx ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Front:
    """A running nginx."""

    folder: Path
    port: int
    monitoring: int
    process: subprocess.Popen[bytes]

    def ask(self, path: str, method: str = "GET", *, client: str = "127.0.0.1", **headers: str) -> Answer:
        """Ask for a path, exactly as it is written."""
        return ask(self.port, path, method, client=client, **headers)

    @contextmanager
    def connect(self, client: str = "127.0.0.1") -> Iterator[socket.socket]:
        """Give a bare connection."""
        address = ("127.0.0.1", self.port)
        with socket.create_connection(address, WAIT_SECONDS, source_address=(client, 0)) as connection:
            yield connection

    def send(self, request: bytes, client: str = "127.0.0.1") -> bytes:
        """Send bytes that no HTTP client would; return all that comes back."""
        with self.connect(client) as connection:
            connection.sendall(request)
            return read_all(connection)

    def read_errors(self) -> str:
        """Return what nginx complained of."""
        return (self.folder / "error.log").read_text("utf-8")

    def reload(self) -> None:
        """Read the configuration again, as `systemctl reload nginx` does."""
        self.process.send_signal(signal.SIGHUP)


def read_all(connection: socket.socket) -> bytes:
    """Read until the other side ends; a reset is an end, too."""
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:
        pass
    return received


def list_replacements(folder: Path, site: Path, ports: tuple[int, int, int], replicas: Sequence[int]) -> Changes:
    """Return what a machine of a test has elsewhere: file -> shipped text -> text here.

    The ports are those for visitors, for monitoring and of the inner server.
    """
    port, monitoring, inner = ports
    first, second, *_ = (f"127.0.0.1:{port}" for port in (*replicas, *replicas))
    return {
        "nginx.conf": {
            "user www-data;": "user root;" if os.geteuid() == 0 else "",
            "/var/log/nginx/error.log": f"{folder}/error.log",
        },
        "portal-local/address.conf": {
            "listen 80 default_server;": f"listen 127.0.0.1:{port} default_server;",
            "listen [::]:80 default_server;": "",
        },
        "portal-local/machine.conf": {
            "/srv/portal/build/current/site": str(site),
            "/var/cache/nginx/portal": f"{folder}/cache",
            "/var/log/nginx/portal.log": f"{folder}/access.log",
        },
        "portal-local/replicas.conf": {"127.0.0.1:8001": first, "127.0.0.1:8002": second},
        "portal/inner.conf": {"127.0.0.1:8098": f"127.0.0.1:{inner}"},
        "portal/portal.conf": {"127.0.0.1:8099": f"127.0.0.1:{monitoring}"},
    }


def write_configuration(
    folder: Path, *all_changes: Mapping[str, Mapping[str, str]], own: Path | None = SHIPPED / "portal-local"
) -> None:
    """Copy the shipped files, with the folder `own` as portal-local, and replace what a machine has elsewhere.

    Without `own` the files are there already.
    """
    if own:
        shutil.copytree(SHIPPED, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("portal-local"))
        shutil.copytree(own, folder / "portal-local")
    for changes in all_changes:
        for name, replacements in changes.items():
            text = (folder / name).read_text("utf-8")
            for old, new in replacements.items():
                assert old in text, f"deploy/nginx/{name} has no “{old}”"
                text = text.replace(old, new)
            (folder / name).write_text(text, "utf-8")
    with (folder / "portal-local/machine.conf").open("a", encoding="utf-8") as machine:
        machine.writelines(f"{one}_temp_path {folder}/temporary/{one};\n" for one in _TEMPORARY)
    (folder / "temporary").mkdir(exist_ok=True)


def name_command(folder: Path) -> list[str]:
    """Return the command that runs nginx in a folder and nowhere else."""
    assert NGINX, MISSING
    return [
        NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log"),
        "-g", f"pid {folder}/nginx.pid;",
    ]  # fmt: skip


def check_configuration(folder: Path) -> str:
    """Return what nginx says of the files in a folder; nothing where they are in order."""
    done = subprocess.run([*name_command(folder), "-t", "-q"], capture_output=True, text=True, check=False)
    return done.stderr if done.returncode or done.stderr else ""


@contextmanager
def run_front(
    folder: Path, site: Path, replicas: Sequence[int], changes: Mapping[str, Mapping[str, str]] | None = None
) -> Iterator[Front]:
    """Run the shipped configuration for a published site and the ports of its replicas."""
    ports = port, monitoring, _ = (find_port(), find_port(), find_port())
    places = list_replacements(folder, site, ports, replicas)
    write_configuration(folder, places, changes or {})
    assert not (complaint := check_configuration(folder)), complaint
    command = name_command(folder)
    process = subprocess.Popen([*command[:-1], f"{command[-1]} daemon off;"], start_new_session=True)
    try:
        wait_until(lambda: process.poll() is not None or is_listening(port))
        assert process.poll() is None, (folder / "error.log").read_text("utf-8")
        yield Front(folder, port, monitoring, process)
    finally:
        process.terminate()
        process.wait(WAIT_SECONDS)


# --- releases -------------------------------------------------------------------------------------------------


def copy_build(release: Path, build: Path) -> Path:
    """Publish a copy of a release in another build folder; return that."""
    shutil.copytree(release, build / "releases" / release.name, symlinks=True)
    shutil.copytree(release.parents[1] / "by-hash", build / "by-hash")
    (build / "current").symlink_to(f"releases/{release.name}")
    return build


def publish(build: Path, release_id: str) -> None:
    """Switch `current` in one step, as the build does."""
    link = build / f"next-{release_id}"
    link.symlink_to(Path("releases") / release_id)
    link.replace(build / "current")


def copy_release(build: Path, release: Path, release_id: str, edit: Callable[[Path], object]) -> Path:
    """Put a copy of a release, changed, beside it; return its folder."""
    folder = build / "releases" / release_id
    shutil.copytree(release, folder, symlinks=True)
    record = json.loads((folder / "release.json").read_text("utf-8"))
    (folder / "release.json").write_text(json.dumps({**record, "id": release_id}), "utf-8")
    edit(folder)
    return folder

"""The server as a visitor, a developer and an operator meet it: the real command on a free loopback port."""

from __future__ import annotations

import asyncio
import errno
import gzip
import hashlib
import itertools
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from portal.api.api import PortalDatasette, open_api
from portal.files.precompression import compress_files
from portal.live_release import LiveRelease, ReleaseSwitch
from portal.releases.release_check import PortalNotBuiltError, ReleaseStamp
from portal.server import create_app, is_trick
from portal.web.static_site import LONG_CACHE, SHORT_CACHE, name_cache_control
from serve_portal import explain_address, explain_refusal, main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COMMAND = Path(__file__).parent.parent / "scripts" / "serve_portal.py"
WAIT_SECONDS = 30.0  # what anything may take on a busy machine before a test gives up
STYLE = "h1 {{ color: red }}"
VERSION = hashlib.sha256(STYLE.format().encode()).hexdigest()[:16]
HASHED = "assets/javascripts/bundle.79ae519e.min.js"
SITE = {
    "index.html": "<h1>Trang chủ {id}</h1>",
    "en/index.html": "<h1>Home {id}</h1>",
    "404.html": "<h1>Không tìm thấy</h1>",
    "embed/places/index.html": "<h1>Nhúng {id}</h1>",
    "en/embed/places/index.html": "<h1>Embed {id}</h1>",
    "long/index.html": "<h1>Trang dài {id}</h1>" + "<p>Phú Quốc, Hà Tiên, Rạch Giá</p>" * 5_000,
    "data/places/long.csv": "id,name\n" + "1,Phú Quốc\n" * 20_000,
    "en/404.html": "<h1>Not found</h1>",
    "data/places/index.html": "<h1>Tải về {id}</h1>",
    "data/places/places.csv": "id,name\n1,Phú Quốc {id}\n",
    "data/places/places.json": '[{{"id": 1}}]',
    "data/places/places.parquet": "PAR1",
    "data/places/places.xlsx": "PK",
    "data/places/places.zip": "PK",
    "catalog.jsonld": "{{}}",
    "catalog.ttl": "# {id}",
    "assets/chart.svg": "<svg/>",
    HASHED: "export {{}}",
    "assets/portal/portal.css": STYLE,
    "site.webmanifest": "{{}}",
}
ROWS = 250  # more than a page of the API
SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
    ),
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
REFERRER_POLICIES = {"strict-origin-when-cross-origin", "no-referrer"}  # the second is Datasette's own


def write_release(build: Path, release_id: str) -> Path:
    """Write a small whole release; every page and every row names it."""
    folder = build / "releases" / release_id
    for name, text in SITE.items():
        file = folder / "site" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.format(id=release_id), encoding="utf-8")
    compress_files(folder / "site")
    with closing(sqlite3.connect(folder / "opendata.db")) as connection, connection:
        connection.execute("CREATE TABLE places (id INTEGER PRIMARY KEY, name TEXT, kind TEXT, tags TEXT, day TEXT)")
        rows = ((row, release_id, f"k{row % 3}", '["a", "b"]', f"2024-01-0{row % 9 + 1}") for row in range(ROWS))
        connection.executemany("INSERT INTO places VALUES (?, ?, ?, ?, ?)", rows)
        connection.execute(
            "CREATE TABLE scores (area TEXT, year TEXT, place INTEGER REFERENCES places(id), PRIMARY KEY (area, year))"
        )
        connection.execute("INSERT INTO scores VALUES ('Kiên Giang/a.b', '2024', 1)")
    queries = {"one": "SELECT * FROM places WHERE id = :id"}
    metadata = {"title": release_id, "databases": {"opendata": {"queries": queries}}}
    (folder / "datasette.json").write_text(json.dumps(metadata))
    (folder / "release.json").write_text(json.dumps({"id": release_id}))
    (folder / "manifest.json").write_text("{}")
    return folder


def publish(build: Path, release_id: str) -> None:
    """Switch `current` in one step, as the build does."""
    link = build / f"next-{release_id}"
    link.symlink_to(Path("releases") / release_id)
    link.replace(build / "current")


@dataclass(frozen=True)
class Portal:
    """The command, running."""

    process: subprocess.Popen[str]
    line: str
    errors: Path
    build: Path
    client: httpx.Client

    @property
    def address(self) -> str:
        return self.line.split()[5].rstrip("/")

    @property
    def port(self) -> int:
        return urlsplit(self.address).port or 0

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.ask("GET", path, **headers)

    def ask(self, method: str, path: str, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.request(method, self.address + path, headers=named)

    def send(self, request: bytes) -> bytes:
        """Send bytes as they are, which no HTTP client does; return the whole answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=WAIT_SECONDS) as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def wait_for(self, release_id: str) -> None:
        wait_until(lambda: self.get("/health").json()["release"] == release_id)


def wait_until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@contextmanager
def run_portal(build: Path, errors: Path) -> Iterator[Portal]:
    arguments = [sys.executable, str(COMMAND), "--build", str(build), "--port", "0", "--processes", "1"]
    with errors.open("w") as stream:
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=stream, text=True)
    assert process.stdout
    try:
        line = process.stdout.readline()
        with httpx.Client(timeout=WAIT_SECONDS) as client:
            yield Portal(process, line, errors, build, client)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """Return a build folder with the release `release-1` published."""
    folder = tmp_path / "build"
    write_release(folder, "release-1")
    publish(folder, "release-1")
    return folder


@pytest.fixture
def fresh(build: Path, tmp_path: Path) -> Iterator[Portal]:
    """Return a portal of one test's own."""
    with run_portal(build, tmp_path / "stderr.txt") as portal:
        yield portal


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """Return a portal for tests that only read."""
    folder = tmp_path_factory.mktemp("served")
    write_release(folder / "build", "release-1")
    publish(folder / "build", "release-1")
    with run_portal(folder / "build", folder / "stderr.txt") as running:
        yield running


def test_says_where_it_listens(portal: Portal) -> None:
    assert re.fullmatch(r"Cổng dữ liệu / portal: http://127\.0\.0\.1:\d+/ \(Ctrl-C để dừng / to stop\)\n", portal.line)


def test_says_where_the_release_names_another_address(tmp_path: Path) -> None:
    assert explain_address(tmp_path, "http://127.0.0.1:8080/") == ""
    catalog = tmp_path / "site" / "data" / "catalog.json"
    catalog.parent.mkdir(parents=True)
    for home, said in (("http://127.0.0.1:8000/", True), ("http://127.0.0.1:8080/", False), ("https://a.vn/", False)):
        catalog.write_text(json.dumps({"home": home}), "utf-8")
        assert bool(explain_address(tmp_path, "http://127.0.0.1:8080/")) == said
    catalog.write_text(json.dumps({"home": "http://127.0.0.1:8000/"}), "utf-8")
    assert explain_address(tmp_path, "http://127.0.0.1:8080/").endswith(
        " / Feeds, sitemap, catalog.json, citations … name http://127.0.0.1:8000/; "
        "for http://127.0.0.1:8080/ set site_url in metadata.yml and build."
    )


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/en/", "text/html; charset=utf-8"),
        ("/data/places/", "text/html; charset=utf-8"),
        ("/data/places/places.csv", "text/csv; charset=utf-8"),
        ("/data/places/places.json", "application/json"),
        ("/data/places/places.parquet", "application/vnd.apache.parquet"),
        ("/data/places/places.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("/data/places/places.zip", "application/zip"),
        ("/catalog.jsonld", "application/ld+json"),
        ("/catalog.ttl", "text/turtle; charset=utf-8"),
        ("/assets/chart.svg", "image/svg+xml"),
        (f"/{HASHED}", "text/javascript; charset=utf-8"),
        ("/site.webmanifest", "application/manifest+json"),
        ("/datasette/", "text/html; charset=utf-8"),
        ("/datasette/opendata/places.json", "application/json; charset=utf-8"),
        ("/health", "application/json"),
    ],
)
def test_answers_with_the_right_media_type(portal: Portal, path: str, media_type: str) -> None:
    answer, head = portal.get(path), portal.ask("HEAD", path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert (head.status_code, head.headers["content-type"], head.content) == (200, media_type, b"")


def test_small_answers_do_not_wait_for_the_network(portal: Portal) -> None:
    with httpx.Client(base_url=portal.address) as client:
        began = time.monotonic()
        for _ in range(20):
            client.get("/")
        assert time.monotonic() - began < 20 * 0.04  # seconds; what a delayed acknowledgement costs


def test_reports_its_health(portal: Portal) -> None:
    answer = portal.get("/health")
    assert answer.json() == {"status": "ok", "release": "release-1"}
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    ["/", "/data/places/places.csv", "/nowhere", "/en", "/health", "/%5C", "/datasette/",
     "/datasette/nowhere", "/datasette/-/static/app.css", "/datasette/opendata/places"],
)  # fmt: skip
def test_every_answer_carries_the_security_headers_once(portal: Portal, path: str) -> None:
    for method in ("GET", "HEAD", "POST"):
        headers = portal.ask(method, path).headers
        assert {name: headers.get_list(name) for name in SECURITY} == {name: [v] for name, v in SECURITY.items()}
        assert len(headers.get_list("referrer-policy")) == 1
        assert headers["referrer-policy"] in REFERRER_POLICIES
        assert "server" not in headers


@pytest.mark.parametrize(
    "path", ["/", "/data/places/places.csv", "/data/places/", "/data/nowhere", "/datasette/.json", "/datasette/x.json"]
)
def test_other_sites_may_read_everything(portal: Portal, path: str) -> None:
    assert portal.get(path).headers.get_list("access-control-allow-origin") == ["*"]


@pytest.mark.parametrize(
    ("path", "cache"),
    [
        ("/", SHORT_CACHE),
        ("/data/places/places.csv", SHORT_CACHE),
        ("/assets/chart.svg", SHORT_CACHE),
        (f"/{HASHED}", LONG_CACHE),
        (f"/assets/portal/portal.css?v={VERSION}", LONG_CACHE),
        ("/assets/portal/portal.css?v=0123456789abcdef", SHORT_CACHE),  # of another release
        ("/assets/portal/portal.css", SHORT_CACHE),
        (f"/assets/chart.svg?v={VERSION}", SHORT_CACHE),
        (f"/?v={VERSION}", SHORT_CACHE),
        (
            "/assets/javascripts/bundle.0123abcd.min.js",
            SHORT_CACHE,
        ),  # not found: it may come with the next release
    ],
)
def test_says_how_long_to_keep(portal: Portal, path: str, cache: str) -> None:
    assert portal.get(path).headers["cache-control"] == cache


@pytest.mark.parametrize(
    ("address", "cache"),
    [
        ("/en/assets/main.484c7ddc.min.css", LONG_CACHE),
        ("/assets/report.20240101.css", SHORT_CACHE),  # a date
        ("/assets/logo.svg", SHORT_CACHE),
        ("/data/x.79ae519e.csv", SHORT_CACHE),
    ],
)
def test_only_a_hash_in_assets_is_kept_long(address: str, cache: str) -> None:
    assert name_cache_control(address) == cache


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/nowhere", "<h1>Không tìm thấy</h1>"),
        ("/nowhere/", "<h1>Không tìm thấy</h1>"),
        ("/index.html/", "<h1>Không tìm thấy</h1>"),
        ("/assets", "<h1>Không tìm thấy</h1>"),  # a folder without a page
        ("/assets/", "<h1>Không tìm thấy</h1>"),
        ("/data/dữ liệu.csv", "<h1>Không tìm thấy</h1>"),
        ("/" + "x" * 300, "<h1>Không tìm thấy</h1>"),  # longer than a file name can be
        ("/en/nowhere", "<h1>Not found</h1>"),
        ("/en/data/x.csv", "<h1>Not found</h1>"),
        ("/english", "<h1>Không tìm thấy</h1>"),
    ],
)
def test_not_found_speaks_the_language_of_the_address(portal: Portal, path: str, page: str) -> None:
    answer = portal.get(path)
    assert (answer.status_code, answer.text) == (404, page)


@pytest.mark.parametrize(
    "path", ["/datasette/nowhere", "/datasette/opendata/nowhere", "/datasette/opendata/places/9999"]
)
def test_api_says_not_found(portal: Portal, path: str) -> None:
    assert portal.get(path).status_code == 404
    answer = portal.get(path + ".json")
    assert (answer.status_code, answer.json()["status"]) == (404, 404)


def test_errors_of_visitors_leave_no_traceback(portal: Portal) -> None:
    portal.get("/datasette/nowhere")
    assert portal.errors.read_text() == ""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", ["/", "/health", "/datasette", "/data/places/places.csv", "/nowhere"])
def test_site_only_reads(portal: Portal, method: str, path: str) -> None:
    answer = portal.ask(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert answer.text == "Chỉ nhận GET, HEAD. / Only GET, HEAD.\n"


@pytest.mark.parametrize("path", ["/", "/health", "/data/places/places.csv", "/datasette/opendata/places.json"])
def test_asks_before_a_request_from_another_site_are_answered(portal: Portal, path: str) -> None:
    asked = {"Origin": "https://example.com", "Access_Control_Request_Method": "GET"}
    answer = portal.ask("OPTIONS", path, **asked, Access_Control_Request_Headers="if-none-match, range")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-methods"] == answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert (answer.headers["access-control-allow-origin"], answer.headers["access-control-allow-headers"]) == ("*", "*")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
@pytest.mark.parametrize("path", ["/datasette/", "/datasette/opendata/places", "/datasette/-/messages"])
def test_api_only_reads(portal: Portal, method: str, path: str) -> None:
    answer = portal.ask(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "/developers/api/#method-not-allowed",
        "title": "method-not-allowed",
        "status": 405,
        "detail": f"The API is read only: GET, HEAD, OPTIONS, not {method}.",
        "detail_vi": f"API chỉ để đọc: GET, HEAD, OPTIONS, không có {method}.",
        "ok": False,
        "error": f"The API is read only: GET, HEAD, OPTIONS, not {method}.",
    }


@pytest.mark.parametrize(
    "target",
    [
        "/\\example.com/", "/%5Cexample.com/", "/%5cexample.com/", "//example.com/", "//example.com",
        "/%2Fexample.com/", "//", "/..", "/../opendata.db", "/%2e%2e/opendata.db", "/%2E./opendata.db",
        "/en/../../release.json", "/en/..%2f..%2frelease.json", "/..%5Crelease.json", "/a%00b",
        "/datasette/\\example.com/", "/datasette/%5Cexample.com", "/datasette/../health",
        "/datasette/-/static/..%2f..%2fapp.py", "/datasette/-/static/%2e%2e/app.py", "/datasette%00/",
        "/..;/opendata.db", "/%2e%2e;a/x", "/%c0%ae%c0%ae/x", "/%ff", "*", "/a%0Ab", "/a%7fb",
        "/datasette/opendata/places.json%0a", "/datasette/opendata/%0D%0AX:%20y.json",
    ],
)  # fmt: skip
def test_refuses_tricks(portal: Portal, target: str) -> None:
    answer = portal.send(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"\r\nlocation:" not in head.lower()
    assert b"\r\ncontent-type: application/problem+json" in head.lower()
    said = json.loads(body)
    assert (said["detail_vi"], said["detail"]) == ("Địa chỉ không hợp lệ.", "The address is not valid.")


@pytest.mark.parametrize("host", [b"m\xfcnchen.example", b"a b", b'a"b', b"x" * 300, b"a/b", b"a<b>"])
@pytest.mark.parametrize("path", ["/", "/datasette/opendata/places.json", "/datasette/opendata.json?sql=select+1"])
def test_refuses_hosts_that_are_none(portal: Portal, host: bytes, path: str) -> None:
    answer = portal.send(b"GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % (path.encode(), host))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert portal.errors.read_text() == ""


@pytest.mark.parametrize(
    "request_",
    [b"CONNECT example.com:443 HTTP/1.1", b"nonsense", b"GET / HTTP/9.9", b"GET /\xff HTTP/1.1", b"GET  HTTP/1.1"],
)
def test_what_is_no_request_is_refused_without_a_word_in_the_log(portal: Portal, request_: bytes) -> None:
    assert portal.send(request_ + b"\r\nHost: x\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    assert portal.errors.read_text() == ""


def test_who_asks_for_another_protocol_is_answered_without_a_word_in_the_log(portal: Portal) -> None:
    upgrade = b"Upgrade: websocket\r\nConnection: Upgrade, close\r\nSec-WebSocket-Version: 13\r\n"
    answer = portal.send(b"GET /health HTTP/1.1\r\nHost: x\r\n%s\r\n" % upgrade)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert portal.errors.read_text() == ""


def test_an_absolute_address_is_answered_by_its_path(portal: Portal) -> None:
    answer = portal.send(b"GET http://example.com/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b'{"status":"ok","release":"release-1"}')


def test_two_dots_in_a_name_are_no_trick() -> None:
    assert not is_trick("/data/a..b.csv")


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/datasette", "/datasette/"),
        ("/datasette?sql=select+1", "/datasette/?sql=select+1"),
        ("/api", "/api/"),
        ("/en", "/en/"),
        ("/data/places?a=1&b=%2F%2Fx", "/data/places/?a=1&b=%2F%2Fx"),
        ("/./data/places", "/data/places/"),
        ("/datasette/opendata/", "/datasette/opendata"),
        ("/datasette/opendata/places/", "/datasette/opendata/places"),
        ("/datasette/opendata/places?_filter_column=id&_filter_op=exact&_filter_value=1",
         "/datasette/opendata/places?id__exact=1"),
    ],
)  # fmt: skip
def test_leads_on_within_this_host(portal: Portal, path: str, location: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n".encode()
    head = portal.send(request).partition(b"\r\n\r\n")[0].decode()
    assert re.match(r"HTTP/1\.1 30[27] ", head)
    assert re.findall(r"(?im)^location: (.*?)\r?$", head) == [location]


def test_does_not_send_again_what_the_visitor_has(portal: Portal) -> None:
    first = portal.get("/data/places/places.csv")
    by_tag = portal.get("/data/places/places.csv", If_None_Match=first.headers["etag"])
    by_date = portal.get("/data/places/places.csv", If_Modified_Since=first.headers["last-modified"])
    other = portal.get("/data/places/places.csv", If_None_Match='"other"')
    assert [answer.status_code for answer in (by_tag, by_date, other)] == [304, 304, 200]
    assert (by_tag.content, by_tag.headers["cache-control"]) == (b"", SHORT_CACHE)


def test_sends_the_part_that_is_asked_for(portal: Portal) -> None:
    whole = portal.get("/data/places/places.csv").content
    part = portal.get("/data/places/places.csv", Range="bytes=3-6")
    beyond = portal.get("/data/places/places.csv", Range="bytes=9999-")
    assert (part.status_code, part.content) == (206, whole[3:7])
    assert part.headers["content-range"] == f"bytes 3-6/{len(whole)}"
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(whole)}")


def ask_compressed(portal: Portal, path: str, **headers: str) -> tuple[httpx.Headers, bytes]:
    """Return headers and the bytes as they came over the wire."""
    named = {name.replace("_", "-"): value for name, value in {"Accept_Encoding": "gzip", **headers}.items()}
    with portal.client.stream("GET", portal.address + path, headers=named) as answer:
        return answer.headers, b"".join(answer.iter_raw())


@pytest.mark.parametrize("path", ["/long/", "/data/places/long.csv"])
def test_sends_what_was_compressed_at_build_to_whoever_asks(portal: Portal, path: str) -> None:
    plain = portal.get(path, Accept_Encoding="identity")
    headers, packed = ask_compressed(portal, path)
    assert gzip.decompress(packed) == plain.content
    assert len(packed) < len(plain.content) / 10
    assert (headers["content-encoding"], headers["content-length"]) == ("gzip", str(len(packed)))
    assert "content-encoding" not in plain.headers
    assert headers.get_list("vary") == plain.headers.get_list("vary") == ["Accept-Encoding"]


@pytest.mark.parametrize("path", ["/embed/places/", "/en/embed/places/"])
def test_only_embeds_may_stand_in_frames_of_other_sites(portal: Portal, path: str) -> None:
    answer = portal.get(path)
    assert answer.status_code == 200
    assert "x-frame-options" not in answer.headers
    assert answer.headers["content-security-policy"].endswith("frame-ancestors *")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert portal.get("/").headers["x-frame-options"] == "SAMEORIGIN"


class LinkReader(HTMLParser):
    """Collects every address that a page names."""

    def __init__(self) -> None:
        super().__init__()
        self.links: set[str] = set()

    # HTMLParser's signature.
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.links.update(value for name, value in attrs if name in {"href", "src", "action"} and value)


def read_links(answer: httpx.Response) -> set[str]:
    """Return every address that an answer names: in HTML, in JSON, in its headers."""
    links = set(re.findall(r"^<?([^;>]+)", answer.headers.get("link", "")))
    if answer.headers["content-type"].startswith("application/json"):
        links.update(walk_urls(answer.json()))
    else:
        reader = LinkReader()
        reader.feed(answer.text)
        links |= reader.links
    own = urlsplit(str(answer.url)).netloc
    return {link for link in (urljoin(str(answer.url), link) for link in links) if urlsplit(link).netloc == own}


def walk_urls(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, str) and (key.endswith("_url") or key == "path"):
                yield inner
            yield from walk_urls(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk_urls(inner)


FACETS = "_facet=kind&_facet=name&_facet_array=tags&_facet_date=day"


@pytest.mark.parametrize(
    ("path", "at_least"),
    [
        ("", 3),
        (".json", 1),
        ("opendata", 6),
        ("opendata.json", 0),
        ("opendata?sql=select+*+from+places", 4),
        ("opendata/one?id=1", 4),
        ("opendata/places", 12),
        ("opendata/places.json", 1),
        (f"opendata/places?{FACETS}", 20),
        (f"opendata/places.json?{FACETS}", 15),
        (f"opendata/places?{FACETS}&kind=k1&tags__arraycontains=a&day__date=2024-01-02&_sort=name", 10),
        ("opendata/places/1", 4),
        ("opendata/places/1.json", 0),
        ("opendata/scores", 8),
        ("opendata/scores/Ki~C3~AAn+Giang~2Fa~2Eb,2024", 4),
    ],
)
def test_every_link_of_the_api_carries_the_prefix_once_and_works(portal: Portal, path: str, at_least: int) -> None:
    links = read_links(portal.get("/datasette/" + path))
    assert len(links) >= at_least
    for link in sorted(links):
        assert re.fullmatch(r"/datasette/(?!datasette).*", urlsplit(link).path), link
        assert portal.client.get(link, follow_redirects=True).status_code == 200, link


def read_until(portal: Portal, done: threading.Event, paths: tuple[str, ...]) -> list[str]:
    """Ask again and again over one connection; return every failure and every answer of two releases."""
    faults = []
    with httpx.Client(base_url=portal.address, timeout=WAIT_SECONDS) as client:
        for path in itertools.takewhile(lambda _: not done.is_set(), itertools.cycle(paths)):
            try:
                answer = client.get(path)
            except httpx.HTTPError as error:
                faults.append(f"{path}: {error!r}")
                continue
            releases = set(re.findall(r"release-\d", answer.text))
            if answer.status_code != 200 or len(releases) != 1:
                faults.append(f"{path}: {answer.status_code} {releases}")
    return faults


PATHS = (
    "/", "/data/places/places.csv", "/datasette/", "/datasette/opendata/places", "/health",
    "/datasette/opendata/places.csv?_size=max", "/datasette/opendata/places.json?_shape=array&_size=max",
)  # fmt: skip


def test_changes_to_new_releases_under_load_without_a_fault(fresh: Portal) -> None:
    done = threading.Event()
    with ThreadPoolExecutor(len(PATHS)) as readers:
        turned = (PATHS[start:] + PATHS[:start] for start in range(len(PATHS)))
        reading = [readers.submit(read_until, fresh, done, paths) for paths in turned]
        for number in range(2, 7):
            write_release(fresh.build, f"release-{number}")
            publish(fresh.build, f"release-{number}")
            fresh.wait_for(f"release-{number}")
        done.set()
    assert [fault for read in reading for fault in read.result()] == []
    assert {release for path in PATHS for release in re.findall(r"release-\d", fresh.get(path).text)} == {"release-6"}
    assert fresh.errors.read_text() == ""


def drop_database(folder: Path) -> None:
    (folder / "opendata.db").unlink()


def scribble_database(folder: Path) -> None:
    (folder / "opendata.db").write_text("not a database, though as long as the header of one " * 9)


def cut_database(folder: Path) -> None:
    os.truncate(folder / "opendata.db", 8192)


def drop_site(folder: Path) -> None:
    shutil.rmtree(folder / "site")


def empty_id(folder: Path) -> None:
    (folder / "release.json").write_text("{}")


def scribble_metadata(folder: Path) -> None:
    (folder / "datasette.json").write_text("[]")


DAMAGES = {
    drop_database: "opendata.db: không có / missing",
    scribble_database: "opendata.db: file is not a database",
    cut_database: "opendata.db: database disk image is malformed",
    drop_site: "site: không có / missing",
    empty_id: "release.json: không có id / no id",
    scribble_metadata: "datasette.json: không phải đối tượng JSON / not a JSON object",
}


def test_keeps_serving_when_a_new_release_is_broken(fresh: Portal) -> None:
    lines = []
    for number, (damage, reason) in enumerate(DAMAGES.items()):
        damage(write_release(fresh.build, f"broken-{number}"))
        publish(fresh.build, f"broken-{number}")
        lines.append(
            f"Bản công bố mới broken-{number} không mở được ({reason}), vẫn phục vụ release-1 / "
            f"The new release broken-{number} cannot be opened ({reason}), still serving release-1"
        )
        wait_until(lambda: fresh.get("/health").is_success and len(fresh.errors.read_text().splitlines()) == len(lines))
        assert "release-1" in fresh.get("/").text
        assert "release-1" in fresh.get("/datasette/opendata/places").text
    time.sleep(0.1)
    assert fresh.errors.read_text().splitlines() == lines  # one line each, however many requests came
    write_release(fresh.build, "release-2")
    publish(fresh.build, "release-2")
    fresh.wait_for("release-2")


def test_finds_a_new_release_without_being_asked(fresh: Portal) -> None:
    write_release(fresh.build, "release-2")
    publish(fresh.build, "release-2")
    time.sleep(2)
    assert "release-2" in fresh.get("/").text


def test_serves_on_while_nothing_is_published(fresh: Portal) -> None:
    (fresh.build / "current").unlink()
    assert fresh.get("/datasette/opendata/places").status_code == 200
    assert fresh.get("/").status_code == 200


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are read from /proc")
def test_a_request_under_way_finishes_on_the_old_release(build: Path) -> None:
    asyncio.run(ask_through_a_switch(build))
    assert open_databases(build) == set()


async def ask_through_a_switch(build: Path) -> None:
    switch = ReleaseSwitch(build / "current")
    async with asyncio.timeout(WAIT_SECONDS):
        with switch.use() as old:
            write_release(build, "release-2")
            publish(build, "release-2")
            while switch.current is old:
                switch.look()
                await asyncio.sleep(0.01)
            assert await read_first_name(old) == "release-1"
            assert await read_first_name(switch.current) == "release-2"
        while open_databases(build) != {"release-2"}:
            await asyncio.sleep(0.01)
        await switch.close()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are read from /proc")
def test_nothing_of_an_old_release_stays_in_memory(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[weakref.ref[PortalDatasette]] = []

    def open_watched(*arguments: Any) -> PortalDatasette:
        api = open_api(*arguments)
        opened.append(weakref.ref(api))
        return api

    monkeypatch.setattr("portal.live_release.open_api", open_watched)
    asyncio.run(change_releases(build))
    first, second = opened
    assert first() is None
    assert second()


async def change_releases(build: Path) -> None:
    switch = ReleaseSwitch(build / "current")
    old = switch.current.id
    await switch.current.warm_up()
    assert await read_first_name(switch.current) == "release-1"
    write_release(build, "release-2")
    publish(build, "release-2")
    async with asyncio.timeout(WAIT_SECONDS):
        while switch.current.id == old or open_databases(build) != {"release-2"}:
            switch.look()
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)  # the last word of the task that closed it
    await switch.close()


async def read_first_name(release: LiveRelease) -> str:
    transport = httpx.ASGITransport(release.api)
    async with httpx.AsyncClient(transport=transport, base_url="http://portal") as client:
        answer = await client.get("/datasette/opendata/places.json?_shape=array&_size=1")
    return str(answer.json()[0]["name"])


def test_a_new_release_is_opened_once_however_many_ask(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    class CountedRelease(LiveRelease):
        def __init__(self, stamp: ReleaseStamp) -> None:
            opened.append(stamp.folder.name)
            super().__init__(stamp)

    monkeypatch.setattr("portal.live_release.LiveRelease", CountedRelease)
    asyncio.run(look_often(build))
    assert opened == ["release-1", "release-2"]


async def look_often(build: Path) -> None:
    switch = ReleaseSwitch(build / "current")
    old = switch.current
    write_release(build, "release-2")
    publish(build, "release-2")
    async with asyncio.timeout(WAIT_SECONDS):
        while switch.current is old:
            switch.look()
            await asyncio.sleep(0)
        await switch.close()


def open_databases(build: Path) -> set[str]:
    """Return the releases of a build folder whose database this process holds open."""
    files = [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return {file.parent.name for file in files if file.name == "opendata.db" and file.is_relative_to(build)}


def run_to_the_end(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(COMMAND), *arguments], capture_output=True, text=True, timeout=10, check=False
    )


def test_says_that_nothing_is_built(tmp_path: Path) -> None:
    ended = run_to_the_end("--build", str(tmp_path), "--port", "0")
    path = tmp_path / "current"
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        f"Chưa có bản công bố ở {path}. Hãy chạy: make build / No release is published at {path}. Run: make build\n"
    )


def test_says_that_the_first_release_is_broken(build: Path) -> None:
    cut_database(build / "releases" / "release-1")
    path, reason = build / "current", DAMAGES[cut_database]
    with pytest.raises(PortalNotBuiltError) as caught:
        create_app(path)
    assert str(caught.value) == (
        f"Bản công bố ở {path} không mở được ({reason}). Hãy chạy: make build / "
        f"The release at {path} cannot be opened ({reason}). Run: make build"
    )


def test_says_in_one_line_that_a_page_of_the_database_is_damaged(build: Path) -> None:
    with (build / "releases" / "release-1" / "opendata.db").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096)
    with pytest.raises(PortalNotBuiltError, match=r"không mở được \(opendata\.db: ") as caught:
        create_app(build / "current")
    assert "\n" not in str(caught.value)


def test_says_that_the_port_is_in_use(portal: Portal) -> None:
    ended = run_to_the_end("--build", str(portal.build), "--port", str(portal.port))
    port, other = portal.port, portal.port + 1
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        f"Cổng {port} đang có chương trình khác dùng. Hãy chạy: make serve PORT={other} / "
        f"Port {port} is in use. Run: make serve PORT={other}\n"
    )


def test_says_that_the_port_is_forbidden(
    build: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def forbid(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(socket.socket, "bind", forbid)
    assert main(["--build", str(build), "--port", "80"]) == 2
    assert capsys.readouterr().err == (
        "Không có quyền dùng cổng 80. Hãy chạy: make serve PORT=8000 / "
        "Port 80 is forbidden to this user. Run: make serve PORT=8000\n"
    )


def test_says_that_the_host_is_not_of_this_machine() -> None:
    error = OSError(errno.EADDRNOTAVAIL, "not available")
    assert explain_refusal(error, "192.0.2.1", 8000) == (
        "Không mở được 192.0.2.1 cổng 8000 (not available). Hãy chạy: make serve HOST=127.0.0.1 / "
        "Cannot listen on 192.0.2.1 port 8000 (not available). Run: make serve HOST=127.0.0.1"
    )


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_stops_cleanly_with_open_connections(fresh: Portal, stop: signal.Signals) -> None:
    with (
        httpx.Client(base_url=fresh.address) as idle,
        socket.create_connection(("127.0.0.1", fresh.port)) as silent,
    ):
        assert idle.get("/datasette/").status_code == 200
        silent.sendall(b"GET / HT")
        fresh.process.send_signal(stop)
        assert fresh.process.wait(timeout=WAIT_SECONDS) == 0
    assert fresh.process.stdout
    assert (fresh.process.stdout.read(), fresh.errors.read_text()) == ("", "")


def test_stops_in_time_with_a_slow_download(fresh: Portal) -> None:
    (fresh.build / "current" / "site" / "large.zip").write_bytes(bytes(20_000_000))
    with socket.create_connection(("127.0.0.1", fresh.port)) as slow:
        slow.sendall(b"GET /large.zip HTTP/1.1\r\nHost: x\r\n\r\n")
        assert slow.recv(12) == b"HTTP/1.1 200"
        fresh.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        fresh.process.send_signal(signal.SIGINT)  # somebody who does not like to wait
        assert fresh.process.wait(timeout=WAIT_SECONDS) == 0
    assert fresh.errors.read_text() == ("ERROR:    Cancel 1 running task(s), timeout graceful shutdown exceeded\n")


def catches_sigterm(process: subprocess.Popen[str]) -> bool:
    """Tell whether a process has come so far that a SIGTERM is a wish and not the end."""
    caught = re.search(r"^SigCgt:\s*(\w+)", Path(f"/proc/{process.pid}/status").read_text(), re.MULTILINE)
    return bool(caught and int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="signals are read from /proc")
@pytest.mark.parametrize("processes", ["1", "2"])
def test_stops_cleanly_while_it_is_starting(build: Path, processes: str) -> None:
    process = subprocess.Popen(
        [sys.executable, str(COMMAND), "--build", str(build), "--port", "0", "--processes", processes],
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: catches_sigterm(process))
    process.send_signal(signal.SIGTERM)
    assert (process.communicate(timeout=WAIT_SECONDS)[1], process.returncode) == ("", 0)

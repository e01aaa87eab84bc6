"""The shipped nginx configuration as visitors, developers and strangers meet it: the real nginx, real replicas."""

from __future__ import annotations

import gzip
import json
import re
import signal
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPSConnection
from typing import TYPE_CHECKING

import ckanapi
import pytest

from front import SHIPPED, Answer, Front, ask, find_port, read_all, run_front, wait_until
from portal.api.api_metadata import ANSWERS as FOLDER
from portal.server import SECURITY_HEADERS
from portal.web.api_error import PROBLEM_TYPE, ApiError
from portal.web.static_site import MEDIA_TYPES, NOT_KEPT, name_cache_control, name_disposition

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from deployed import Deployed

pytest_plugins = ("deployed",)

HASHED = "/assets/portal.79ae519e.js"
TABLE = "/datasette/opendata/fish.json"
# What every kind of answer is an example of.
ANSWERS = {
    "/": 200,
    "/en/catalog/fish/": 200,
    "/catalog/fish": 301,
    "/datasette?x=1": 301,
    "/api": 301,
    "/assets/portal/portal.css": 200,
    HASHED: 200,
    "/data/fish/fish.csv": 200,
    "/nothing": 404,
    "/health": 200,
    TABLE: 200,
    "/datasette/opendata/fish": 200,
    "/datasette/opendata/nothing.json": 404,
    "/datasette/-/versions.json": 404,
    "/datasette/-/static/app.css": 200,
    "/metrics": 404,
    "/a%2fb": 400,
}
TRICKS = [
    b"//example.com/",
    b"/\\example.com/",
    b"/%5Cexample.com/",
    b"/catalog//fish/",
    b"/catalog/..;/fish/",
    b"/..;/",
    b"/catalog/../../../../etc/passwd",
    b"/catalog/%2e%2e/%2e%2e/opendata.db",
    b"/..%2fopendata.db",
    b"/%2e%2e%5copendata.db",
    b"/datasette/%2e%2e/opendata.db",
    b"/%252e%252e/opendata.db",
    b"/catalog/%00",
    b"/%c0%ae%c0%ae/opendata.db",
    b"/\xc0\xae\xc0\xae/opendata.db",
    b"/%e0%80%ae%e0%80%ae/opendata.db",
    b"/%f0%80%80%ae/opendata.db",
    b"/%0d%0aX-Injected:%20yes",
]
WRITES = ("POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")


def read_status(raw: bytes) -> int:
    """Return the status of an answer that was read as bytes."""
    found = re.match(rb"HTTP/1\.1 (\d+) ", raw)
    return int(found[1]) if found else 0


def count_limited(statuses: Iterable[int]) -> int:
    return sum(status == 429 for status in statuses)


# --- headers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ANSWERS)
def test_every_header_comes_once(front: Front, path: str) -> None:
    answer = front.ask(path)
    assert answer.status == ANSWERS[path]
    for name in ("Cache-Control", "Access-Control-Allow-Origin", "Access-Control-Expose-Headers"):
        assert answer.get(name)
    for name, value in SECURITY_HEADERS.items():
        assert answer.get(name) == value
    assert answer.get("Access-Control-Allow-Origin") == "*"
    assert answer.get("Server") == "nginx"


def test_only_embeds_stand_in_frames_of_other_sites(front: Front) -> None:
    for path in ("/embed/fish/", "/en/embed/fish/"):
        answer = front.ask(path)
        assert answer.status == 200
        assert "script-src 'self';" in answer.get("Content-Security-Policy")
        assert "frame-ancestors *" in answer.get("Content-Security-Policy")
        assert answer.get("X-Frame-Options") == ""


def test_every_answer_of_the_api_names_its_release(front: Front, deployed: Deployed) -> None:
    for path in (TABLE, "/datasette/opendata/fish", "/datasette/opendata/nothing.json"):
        assert front.ask(path).get("X-Release") == deployed.release.name


def test_files_are_cached_as_the_application_says(front: Front) -> None:
    for path in ("/", HASHED, "/assets/portal/portal.css", "/data/fish/fish.csv"):
        assert front.ask(path).get("Cache-Control") == name_cache_control(path)


def test_both_addresses_of_a_download_say_the_same_in_front_and_behind(front: Front, deployed: Deployed) -> None:
    catalog = front.ask("/data/catalog.json").json()
    (fish,) = (one for one in catalog["datasets"] if one["name"] == "fish")
    behind = deployed.replicas[0].port
    for one in fish["distributions"]:
        stable, permanent = (f"/data/{one[key].partition('/data/')[2]}" for key in ("url", "permanent"))
        answers = [front.ask(stable), front.ask(permanent), ask(behind, stable), ask(behind, permanent)]
        assert len({(answer.status, answer.body) for answer in answers}) == 1
        for name in ("Content-Type", "Content-Disposition", "Last-Modified", "Access-Control-Allow-Origin"):
            assert len({answer.get(name) for answer in answers}) == 1, (one["format"], name)
        assert {answer.get("Content-Disposition") for answer in answers} == {name_disposition(stable)}
        assert [answer.get("Cache-Control") for answer in answers] == [name_cache_control(stable),
                                                                       name_cache_control(permanent)] * 2  # fmt: skip
        assert all(answer.get("Last-Modified") for answer in answers)
        for port, path in ((front.port, permanent), (behind, permanent)):
            tag = ask(port, path).get("ETag")
            assert ask(port, path, If_None_Match=tag).status == 304
            part = ask(port, path, Range="bytes=1-3", Accept_Encoding="identity")
            assert (part.status, part.body) == (206, answers[0].body[1:4])
            assert "Content-Disposition" in part.get("Access-Control-Expose-Headers")


def test_an_address_by_content_gives_that_content_or_nothing(front: Front, deployed: Deployed) -> None:
    for port in (front.port, deployed.replicas[0].port):
        answer = ask(port, f"/data/by-hash/{'0' * 64}/fish.csv")
        assert answer.status == 404
        assert "immutable" not in answer.get("Cache-Control")
        assert answer.body.decode() == NOT_KEPT
        assert answer.get("Content-Security-Policy") == SECURITY_HEADERS["Content-Security-Policy"]


def test_media_types_are_those_of_the_application() -> None:
    text = (SHIPPED / "portal/media_types.conf").read_text("utf-8")
    entries = re.findall(r"^    (\S+/\S+) ([^;]+);$", text, re.MULTILINE)
    shipped = {f".{suffix}": media_type for media_type, suffixes in entries for suffix in suffixes.split()}
    assert shipped.items() >= MEDIA_TYPES.items()


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/feed.xml", "application/atom+xml"),
        ("/en/feed.xml", "application/atom+xml"),
        ("/themes/fishing/feed.xml", "application/atom+xml"),
        ("/en/catalog/fish/feed.xml", "application/atom+xml"),
        ("/sitemap.xml", "application/xml"),
        ("/catalog.jsonld", "application/ld+json"),
        ("/catalog.ttl", "text/turtle; charset=utf-8"),
        ("/data/fish/fish.bib", "application/x-bibtex"),
        ("/data/fish/fish.ris", "application/x-research-info-systems"),
        ("/data/fish/fish.csv-metadata.json", "application/json"),
    ],
)
def test_what_programs_read_has_its_media_type(front: Front, deployed: Deployed, path: str, media_type: str) -> None:
    for answer in (front.ask(path), ask(deployed.replicas[0].port, path)):
        assert (answer.status, answer.get("Content-Type")) == (200, media_type)
        assert answer.get("Access-Control-Allow-Origin") == "*"
        assert answer.get("Cache-Control") == name_cache_control(path)
        assert answer.get("Last-Modified")


def test_text_has_its_character_set(front: Front) -> None:
    assert front.ask("/data/fish/fish.csv").get("Content-Type") == "text/csv; charset=utf-8"
    assert front.ask("/").get("Content-Type") == "text/html; charset=utf-8"
    assert front.ask("/data/fish/datapackage.json").get("Content-Type") == "application/json"


# --- files ----------------------------------------------------------------------------------------------------


def test_a_folder_address_leads_to_its_page(front: Front) -> None:
    assert front.ask("/catalog/fish?a=1").get("Location") == "/catalog/fish/?a=1"
    assert b"<html" in front.ask("/catalog/fish/").body
    for asked, led in (("/datasette", "/datasette/"), ("/datasette?a=1", "/datasette/?a=1"), ("/api", "/api/")):
        assert front.ask(asked).get("Location") == led


@pytest.mark.parametrize(
    ("path", "language"), [("/x", "vi"), ("/en/x", "en"), ("/data/fish/", "vi"), ("/data/x", "vi")]
)
def test_what_is_not_there_gets_the_page_of_its_language(front: Front, path: str, language: str) -> None:
    answer = front.ask(path)
    assert answer.status == 404
    assert f'<html lang="{language}"'.encode() in answer.body


def test_a_download_goes_on_where_it_broke(front: Front, deployed: Deployed) -> None:
    whole = (deployed.release / "site/data/fish/fish.csv").read_bytes()
    first = front.ask("/data/fish/fish.csv")
    assert first.body == whole
    assert first.get("Accept-Ranges") == "bytes"
    rest = front.ask("/data/fish/fish.csv", Range="bytes=100-", If_Range=first.get("ETag"))
    assert (rest.status, rest.body) == (206, whole[100:])
    assert rest.get("Content-Range") == f"bytes 100-{len(whole) - 1}/{len(whole)}"
    many = front.ask("/data/fish/fish.csv", Range="bytes=0-0,2-2")
    assert (many.status, many.body) == (200, whole)
    known = front.ask("/data/fish/fish.csv", If_None_Match=first.get("ETag"))
    assert (known.status, known.body, known.get("ETag")) == (304, b"", first.get("ETag"))


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        ("Range", "bytes=99999999-", "no-such-part"),
        ("If-Match", '"another"', "changed-since"),
        ("If-Unmodified-Since", "Mon, 01 Jan 2001 00:00:00 GMT", "changed-since"),
    ],
)
@pytest.mark.parametrize("path", ["/data/fish/fish.csv", "/catalog/fish/"])
def test_a_part_that_is_not_there_is_a_problem(front: Front, path: str, header: str, value: str, code: str) -> None:
    answer, error = front.ask(path, **{header: value}), ApiError(code)
    assert (answer.status, answer.json()) == (error.status, error.write_body())
    assert answer.get("Content-Type").partition(";")[0] == PROBLEM_TYPE
    assert "no-store" in answer.all("Cache-Control")
    assert answer.get("Content-Range") == (f"bytes */{len(front.ask(path).body)}" if header == "Range" else "")
    for name, security in SECURITY_HEADERS.items():
        assert answer.get(name) == security


@pytest.mark.parametrize("path", ["/", "/data/fish/fish.csv"])
def test_what_the_build_compressed_goes_out_as_it_is(front: Front, path: str) -> None:
    site = front.folder.parent / "build/current/site"
    file = site / (path.strip("/") or "index.html")
    small, plain = front.ask(path, Accept_Encoding="gzip"), front.ask(path)
    assert small.get("Content-Encoding") == "gzip"
    assert small.body == file.with_name(f"{file.name}.gz").read_bytes()
    assert plain.body == gzip.decompress(small.body) == file.read_bytes()
    assert small.get("ETag") != plain.get("ETag")
    assert "Accept-Encoding" in plain.all("Vary")


def test_answers_of_the_api_are_compressed_on_their_way_and_downloads_are_not(front: Front) -> None:
    answer = front.ask(f"{TABLE}?_size=300", Accept_Encoding="gzip")
    plain = front.ask(f"{TABLE}?_size=300", Accept_Encoding="br, gzip;q=0")
    assert (answer.get("Content-Encoding"), plain.get("Content-Encoding")) == ("gzip", "")
    assert gzip.decompress(answer.body) == plain.body
    assert answer.get("ETag") != plain.get("ETag")
    assert answer.get("Vary") == plain.get("Vary") == "Accept-Encoding"
    for other in ("gzipx", "xgzip", "deflate"):
        assert front.ask(f"{TABLE}?_size=300", Accept_Encoding=other).body == plain.body
    again = front.ask(f"{TABLE}?_size=300", Accept_Encoding="deflate, gzip;q=0.5")
    assert (again.get("X-Cache"), again.body) == ("HIT", answer.body)  # compressed once, whatever it cost
    download = front.ask("/data/fish/plain.csv", Accept_Encoding="gzip")
    assert download.get("Content-Encoding") == ""
    assert download.get("Content-Length") == str(len(download.body))


# --- methods --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/data/fish/fish.csv", TABLE])
@pytest.mark.parametrize("method", WRITES)
def test_nothing_can_be_written(front: Front, method: str, path: str) -> None:
    answer = front.ask(path, method)
    assert answer.status == 405
    assert answer.get("Allow") == "GET, HEAD, OPTIONS"
    assert answer.json()["title"] == "method-not-allowed"


@pytest.mark.parametrize("path", ["/", "/data/fish/fish.csv", TABLE, "/nothing"])
def test_head_says_what_get_would(front: Front, path: str) -> None:
    shown = ("Content-Type", "ETag", "Cache-Control", "Last-Modified", "X-Release")
    head, get = front.ask(path, "HEAD"), front.ask(path)
    assert head.body == b""
    assert head.status == get.status
    assert [head.get(name) for name in shown] == [get.get(name) for name in shown]


@pytest.mark.parametrize("path", ["/data/fish/fish.csv", TABLE])
def test_a_script_of_another_site_may_ask_first(front: Front, path: str) -> None:
    answer = front.ask(path, "OPTIONS", Origin="https://example.org", Access_Control_Request_Method="GET")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.get("Access-Control-Allow-Methods") == answer.get("Allow") == "GET, HEAD, OPTIONS"
    assert answer.get("Access-Control-Allow-Headers") == "*"
    assert front.ask(path).get("Access-Control-Allow-Methods") == ""


# --- harvesters -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("get_only", [False, True])
def test_a_client_of_ckan_is_answered_through_nginx(front: Front, get_only: bool) -> None:
    remote = ckanapi.RemoteCKAN(f"http://127.0.0.1:{front.port}", get_only=get_only)
    assert "fish" in remote.action.package_list()
    assert remote.action.package_search(q="goi fish", rows=1)["results"][0]["name"] == "fish"
    with pytest.raises(ckanapi.NotFound):
        remote.action.package_show(id="nothing")
    with pytest.raises(ckanapi.ValidationError):
        remote.action.package_show()
    remote.close()


def test_bodies_of_any_kind_reach_the_application_and_none_too_large(front: Front) -> None:
    head = b"POST /api/3/action/package_show HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    chunked = b'Transfer-Encoding: chunked\r\n\r\n6\r\n{"id":\r\n8\r\n "fish"}\r\n0\r\n\r\n'
    assert b'"name": "fish"' in front.send(head + chunked)
    longest = b'{"id": "' + b"a" * 16_374 + b'"}'
    assert len(longest) == 16 << 10
    assert read_status(front.send(head + b"Content-Length: %d\r\n\r\n%s" % (len(longest), longest))) == 404
    assert read_status(front.send(head + b"Content-Length: 1048576\r\n\r\n")) == 413
    assert read_status(front.send(head + b"Content-Length: 2\r\n\r\n{{")) == 400


def test_answers_to_harvesters_have_the_headers_of_all(front: Front, deployed: Deployed) -> None:
    answer = front.ask("/api/3/action/package_list")
    for name, value in SECURITY_HEADERS.items():
        assert answer.get(name) == value
    assert answer.get("Access-Control-Allow-Origin") == "*"
    assert answer.get("X-Release") == deployed.release.name
    known = front.ask("/api/3/action/package_list", If_None_Match=answer.get("ETag"))
    assert (known.status, known.body) == (304, b"")
    preflight = front.ask("/api/3/action/package_list", "OPTIONS", Origin="https://example.org")
    assert (preflight.status, preflight.get("Access-Control-Allow-Methods")) == (204, "GET, HEAD, POST, OPTIONS")
    for method in ("PUT", "DELETE", "TRACE"):
        assert front.ask("/api/3/action/package_list", method).status == 405
    assert front.ask("/api/3/", "POST").status == 405


def test_harvesters_have_the_limit_of_all_who_ask(front: Front) -> None:
    with ThreadPoolExecutor(4) as pool:
        asked = list(
            pool.map(lambda _: front.ask("/api/3/action/site_read", "POST", client="127.0.4.7").status, range(300))
        )
    assert 0 < count_limited(asked) < 200


# --- refusals -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", TRICKS)
def test_an_address_that_is_a_trick_is_refused(front: Front, path: bytes) -> None:
    raw = front.send(b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % path)
    assert read_status(raw) == 400
    assert b'"title": "bad-address"' in raw
    assert b"\nX-Injected" not in raw


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"\x16\x03\x01\x02\x00\r\n\r\n",
    ],
)
def test_what_is_no_request_is_told_so(front: Front, request_: bytes) -> None:
    raw = front.send(request_)
    assert read_status(raw) == 400
    assert b"\r\nContent-Type: application/problem+json\r\n" in raw
    assert ApiError("no-request").write_body() == json.loads(raw.partition(b"\r\n\r\n")[2])


def test_letters_may_stand_in_an_address_as_they_were_typed(front: Front) -> None:
    typed = f"GET {TABLE}?unit=tấn HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    raw = front.send(typed)
    assert read_status(raw) == 200
    assert b'where unit = \\"t\\u1ea5n\\"' in raw


@pytest.mark.parametrize("path", [trick for trick in TRICKS if trick != b"/catalog//fish/"])
def test_the_application_alone_refuses_it_too(deployed: Deployed, path: bytes) -> None:
    replica = Front(deployed.front.folder, deployed.replicas[0].port, 0, deployed.front.process)
    raw = replica.send(b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % path)
    assert read_status(raw) in {400, 404}
    assert b"\r\nlocation:" not in raw.lower()
    assert b"\nX-Injected" not in raw


@pytest.mark.parametrize("name", ["databases.json", "versions.json", "settings.json", "threads.json", "messages", "x"])
def test_introspection_is_closed_at_both_doors(front: Front, deployed: Deployed, name: str) -> None:
    for folder in ("/datasette/-/", "/datasette/%2d/", "/%64atasette/-/"):
        answer = front.ask(f"{folder}{name}")
        assert (answer.status, answer.json()["title"]) == (404, "unknown-page")
        assert ask(deployed.replicas[0].port, f"{folder}{name}").status == 404


def test_an_address_of_ten_thousand_parameters_is_too_long(front: Front) -> None:
    answer = front.ask(f"{TABLE}?{'&'.join(f'p{number}=1' for number in range(10_000))}")
    assert (answer.status, answer.json()["title"]) == (414, "address-too-long")
    assert front.ask("/", X_Long="a" * 10_000).status == 431


def test_monitoring_is_for_this_machine(front: Front) -> None:
    assert b"Active connections" in ask(front.monitoring, "/nginx").body
    for path in ("/nginx", "/metrics", "/%6detrics", "/metrics?x", "/metrics/", "/problem/400", "/release-stamp"):
        assert front.ask(path).status == 404


# --- limits ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("client", "query"),
    [
        ("127.0.3.1", "sql=select+1"),
        ("127.0.3.2", "%73%71%6C=select+1"),
        ("127.0.3.3", "a=1&_where=1"),
        ("127.0.3.4", "%5fwher%65=1"),
    ],
)
def test_costly_questions_are_few(front: Front, client: str, query: str) -> None:
    # The replica refuses it at once: the limit is met however busy the machine is, and is nginx's.
    address = f"/datasette/opendata.json?{query}&_unknown=1"
    answers = [front.ask(address, client=client) for _ in range(12)]
    assert answers[0].status == 400
    refused = [answer for answer in answers if answer.status == 429]
    assert refused
    assert refused[0].get("Retry-After") == "2"
    assert refused[0].get("Content-Type") == "application/problem+json"
    assert refused[0].json()["title"] == "too-many-requests"
    assert refused[0].json()["status"] == 429
    # Others, and ordinary questions of the same client, go on.
    assert front.ask(address, client=f"{client}0").status == 400
    assert front.ask(TABLE, client=client).status == 200


def test_ordinary_questions_have_a_limit_too_and_files_have_none(front: Front) -> None:
    with ThreadPoolExecutor(4) as pool:
        path = "/datasette/-/static/app.css"
        asked = list(pool.map(lambda number: front.ask(f"{path}?{number}", client="127.0.4.1"), range(400)))
        files = list(pool.map(lambda _: front.ask("/", client="127.0.4.2"), range(400)))
        same = list(pool.map(lambda _: front.ask(path, client="127.0.4.3"), range(400)))
    assert 0 < count_limited(answer.status for answer in asked) < 300
    assert {answer.status for answer in files} == {200}
    assert {answer.status for answer in same} == {200}, "what was answered a moment ago costs nothing"


def test_who_reads_slowly_gets_few_connections_and_is_cut(front: Front, deployed: Deployed) -> None:
    request = b"GET /data/fish/large.csv HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with ExitStack() as stack:
        idle = [stack.enter_context(front.connect("127.0.5.1")) for _ in range(80)]
        for connection in idle:
            connection.sendall(request)
        statuses = [read_status(connection.recv(15)) for connection in idle]
        assert statuses.count(200) == 64
        assert statuses.count(429) == 16
        assert front.ask("/", client="127.0.5.2").status == 200
        # The kernel holds a part; what nginx could not send for two seconds it does not send any more.
        wait_until(lambda: count_writing(front) == 1)  # the answer to this question itself
        assert len(read_all(idle[statuses.index(200)])) < deployed.large_bytes


def count_writing(front: Front) -> int:
    """Return how many answers nginx is sending now, by its own account."""
    found = re.search(rb"Writing: (\d+)", ask(front.monitoring, "/nginx").body)
    assert found
    return int(found[1])


def test_who_never_ends_a_request_is_cut(front: Front) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(front.connect("127.0.6.1")) for _ in range(200)]
        for connection in slow:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-")
        assert front.ask("/", client="127.0.6.1").status == 200
        assert {read_all(connection) for connection in slow} == {b""}


# --- other machines -------------------------------------------------------------------------------------------


def test_files_are_served_while_no_replica_answers(release: Path, tmp_path: Path) -> None:
    with run_front(tmp_path / "nginx", release / "site", [find_port()]) as front:
        assert front.ask("/catalog/fish/").status == 200
        answer = front.ask(TABLE)
        assert (answer.status, answer.json()["title"], answer.get("Retry-After")) == (502, "busy", "2")
        assert answer.get("Cache-Control") == "no-store"


def test_behind_a_cdn_limits_are_those_of_the_visitor(release: Path, tmp_path: Path) -> None:
    changes = {
        "portal-local/machine.conf": {
            "# set_real_ip_from 203.0.113.0/24;": "set_real_ip_from 127.0.0.0/8;",
            "# real_ip_header": "real_ip_header",
        }
    }
    address = "/datasette/opendata.json?sql=select+1"
    with run_front(tmp_path / "nginx", release / "site", [find_port()], changes) as front:
        # The addresses of one visitor in IPv6 are one network of 64 bits.
        same = [front.ask(address, X_Forwarded_For=f"2001:db8::{number:x}").status for number in range(1, 13)]
        others = [front.ask(address, X_Forwarded_For=f"2001:db8:0:{number:x}::1").status for number in range(1, 13)]
    assert count_limited(same) > 0
    assert count_limited(others) == 0


def test_trusted_networks_have_no_limits(release: Path, tmp_path: Path) -> None:
    changes = {"portal-local/machine.conf": {"# 203.0.113.0/24 0;": "127.0.0.0/8 0;"}}
    with run_front(tmp_path / "nginx", release / "site", [find_port()], changes) as front:
        statuses = [front.ask("/datasette/opendata.json?sql=select+1").status for _ in range(30)]
    assert count_limited(statuses) == 0


def test_https_is_ready_to_be_switched_on(release: Path, tmp_path: Path) -> None:
    certificate, key, port = tmp_path / "certificate.pem", tmp_path / "key.pem", find_port()
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-out", certificate, "-keyout", key], check=True, capture_output=True)
    changes = {
        "portal-local/address.conf": {"# include portal-local/tls.conf;": "include portal-local/tls.conf;"},
        "portal-local/tls.conf": {
            "listen 443 ": f"listen 127.0.0.1:{port} ",
            "listen [::]:443 ssl http2 default_server;": "",
            "/etc/letsencrypt/live/portal/fullchain.pem": str(certificate),
            "/etc/letsencrypt/live/portal/privkey.pem": str(key),
            "/var/lib/letsencrypt": str(tmp_path),
        },
    }
    challenge = tmp_path / ".well-known/acme-challenge/token"
    challenge.parent.mkdir(parents=True)
    challenge.write_text("proof", "utf-8")
    with run_front(tmp_path / "nginx", release / "site", [find_port()], changes) as front:
        plain = front.ask("/catalog/fish/?a=1")
        assert (plain.status, plain.get("Location")) == (308, "https://127.0.0.1/catalog/fish/?a=1")
        assert front.ask("/.well-known/acme-challenge/token").body == b"proof"
        trusting = ssl._create_unverified_context()  # noqa: S323, SLF001 - our own certificate
        connection = HTTPSConnection("127.0.0.1", port, context=trusting, timeout=10)
        connection.request("GET", "/catalog/fish/")
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        connection.close()


def test_who_speaks_http_1_0_and_names_no_host_is_answered(front: Front) -> None:
    for path in (b"/", b"/health", b"/datasette/opendata/units.json?_size=7"):
        assert read_status(front.send(b"GET %s HTTP/1.0\r\n\r\n" % path)) == 200


def test_the_log_says_how_an_answer_came(front: Front, deployed: Deployed) -> None:
    path = "/datasette/opendata/units.json?_size=9"
    for _ in range(3):
        front.ask(path)
    front.process.send_signal(signal.SIGUSR1)  # nginx opens its logs anew, and writes first what it holds
    ports = "|".join(str(one.port) for one in deployed.replicas)
    line = rf"{re.escape(path)} HTTP/1\.1\" 200 \d+ [\d.]+ cache=(\w+) replica=(?:127\.0\.0\.1:({ports}))?\n"

    def list_ways() -> list[tuple[str, bool]]:
        found = re.findall(line, (front.folder / "access.log").read_text("utf-8"))
        return sorted((kept, bool(port)) for kept, port in found)  # each process of nginx writes its own lines

    wait_until(lambda: list_ways() == [("HIT", False), ("HIT", False), ("MISS", True)])


def test_rows_reach_the_developer_through_nginx(front: Front, deployed: Deployed) -> None:
    assert front.ask(f"{TABLE}?_size=1").json()["filtered_table_rows_count"] == deployed.rows


# --- answers that lie ready ------------------------------------------------------------------------------------

READY = ("/datasette/.json", "/datasette/opendata.json", "/datasette/opendata/datasets.json",
         "/datasette/opendata/units.json", "/datasette/opendata/search.json",
         "/datasette/opendata/units.json?_shape=objects")  # fmt: skip
# What a file cannot say as the application does, or says beyond it; and what differs with every answer.
_OF_FILES = {"etag", "last-modified", "x-release", "x-release-stamp"}
_OF_SERVERS = {"server", "date", "connection", "transfer-encoding"}


def list_headers(answer: Answer) -> dict[str, list[str]]:
    names = {name.lower() for name, _ in answer.headers} - _OF_FILES - _OF_SERVERS
    return {name: answer.all(name) for name in names}


def list_ready(release: Path) -> list[str]:
    folder = release / FOLDER
    files = (file for file in folder.rglob("*") if file.is_file() and file.suffix != ".gz")
    return sorted(f"/{file.relative_to(folder)}" for file in files)


def test_every_address_whose_answer_holds_anywhere_lies_ready(deployed: Deployed) -> None:
    ready = list_ready(deployed.release)
    assert set(READY) <= set(ready)
    assert TABLE not in ready, "its link to the next page names the host"
    schema = ask(deployed.replicas[0].port, "/datasette/opendata.json").json()
    names = [one["name"] for one in (*schema["tables"], *schema["queries"]) if not one.get("hidden")]
    assert [name for name in names if f"/datasette/opendata/{name}.json" not in ready] == ["fish", "observations"]


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_what_lies_ready_is_what_a_replica_answers(front: Front, deployed: Deployed, coding: str) -> None:
    for path in list_ready(deployed.release):
        ours = front.ask(path, Accept_Encoding=coding)
        theirs = ask(deployed.replicas[0].port, path, Accept_Encoding=coding)
        assert (ours.status, ours.get("X-Cache")) == (200, ""), f"{path} came from a replica"
        assert ours.body == theirs.body, path
        expected = list_headers(theirs)
        if len(gunzip(theirs)) <= 1_000:  # never compressed: nginx says nothing of it
            expected.pop("vary")
        assert list_headers(ours) == expected, path


def gunzip(answer: Answer) -> bytes:
    return gzip.decompress(answer.body) if answer.get("Content-Encoding") == "gzip" else answer.body


@pytest.mark.parametrize("path", READY)
def test_what_lies_ready_is_asked_for_as_anything_else(front: Front, path: str) -> None:
    answer = front.ask(path)
    head = front.ask(path, "HEAD")
    assert (head.status, head.body, list_headers(head)) == (200, b"", list_headers(answer))
    assert front.ask(path, Range="bytes=0-9").body == answer.body
    again = front.ask(path, If_None_Match=answer.get("ETag"))
    assert (again.status, again.body) == (304, b"")
    assert "?" in path or front.ask(f"{path}?").body == answer.body
    assert front.ask(path, "OPTIONS").status == 204
    assert front.ask(path, "POST").status == 405


def test_a_client_that_meets_file_and_replica_by_turns_always_has_the_answer(front: Front, deployed: Deployed) -> None:
    """Their ETags have no form in common: who brings one to the other gets the whole answer again."""
    path = "/datasette/opendata/units.json"
    for coding in ("gzip", "identity"):
        file = front.ask(path, Accept_Encoding=coding)
        replica = ask(deployed.replicas[0].port, path, Accept_Encoding=coding)
        brought = ask(deployed.replicas[0].port, path, Accept_Encoding=coding, If_None_Match=file.get("ETag"))
        back = front.ask(path, Accept_Encoding=coding, If_None_Match=replica.get("ETag"))
        assert [(one.status, one.body) for one in (brought, back)] == [(200, file.body)] * 2


def test_what_is_asked_with_a_query_comes_from_a_replica(front: Front, deployed: Deployed) -> None:
    answer = front.ask("/datasette/opendata/units.json?_shape=array")
    assert answer.get("X-Cache")
    assert answer.get("X-Release") == deployed.release.name
    assert answer.json()[0]["code"]
    assert front.ask(f"{TABLE}").get("X-Cache"), "a table whose answer names the host"


def test_what_lies_ready_has_no_limit_of_requests(front: Front) -> None:
    statuses = [front.ask("/datasette/opendata/units.json", client="127.9.9.9").status for _ in range(200)]
    assert count_limited(statuses) == 0

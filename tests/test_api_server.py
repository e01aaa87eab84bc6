"""The API as developers and strangers meet it: the real command over a release with a large table."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest

from portal.api_schema import inspect_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COMMAND = Path(__file__).parent.parent / "scripts" / "serve_portal.py"
PATIENCE = 20.0
BIG_ROWS = 60_000
ENDLESS = "with recursive r(x) as (select 1 union all select x + 1 from r) select count(*) from r"


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a release by hand: one large table, one small, a canned query, one page."""
    folder = tmp_path_factory.mktemp("portal") / "build/releases/one"
    (folder / "site").mkdir(parents=True)
    (folder / "site/index.html").write_text("<h1>Trang chủ</h1>", "utf-8")
    with closing(sqlite3.connect(folder / "opendata.db")) as connection, connection:
        connection.execute(
            "CREATE TABLE big (year INTEGER, area TEXT, value REAL, note TEXT, PRIMARY KEY (year, area))"
        )
        rows = ((n // 100, f"A{n % 100:02}", n / 7, f"ghi chú {n}") for n in range(BIG_ROWS))
        connection.executemany("INSERT INTO big VALUES (?, ?, ?, ?)", rows)
        connection.execute('CREATE INDEX "big.area" ON big(area)')
        connection.execute("CREATE TABLE areas (code TEXT PRIMARY KEY, name TEXT)")
        connection.executemany("INSERT INTO areas VALUES (?, ?)", [("KG", "Kiên Giang"), ("PQ", "Đảo Phú Quốc")])
    queries = {"by_name": {"sql": "select code from areas where fold(name) like '%' || fold(:name) || '%'"}}
    (folder / "datasette.json").write_text(json.dumps({"databases": {"opendata": {"queries": queries}}}), "utf-8")
    (folder / "inspect.json").write_text(json.dumps(inspect_database(folder / "opendata.db")), "utf-8")
    (folder / "release.json").write_text(json.dumps({"id": "one"}), "utf-8")
    folder.parent.with_name("current").symlink_to("releases/one")
    return folder.parents[1]


def start(build: Path, processes: int) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, str(COMMAND), "--build", str(build), "--port", "0", "--processes", str(processes)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    address = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())
    assert address
    return server, address[0]


def stop(server: subprocess.Popen[str]) -> None:
    server.terminate()
    assert server.wait(PATIENCE) == 0
    assert server.stdout is not None
    server.stdout.close()


@pytest.fixture(scope="module")
def served(build: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    server, address = start(build, processes=1)
    yield server, address
    stop(server)


@pytest.fixture(scope="module")
def api(served: tuple[subprocess.Popen[str], str]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served[1], timeout=PATIENCE) as client:
        yield client


def sql(api: httpx.Client, statement: str, form: str = "json") -> httpx.Response:
    return api.get(f"/datasette/opendata.{form}", params={"sql": statement, "_shape": "arrays"})


def wait_until(holds: Callable[[], bool]) -> None:
    for _ in range(int(PATIENCE / 0.05)):
        if holds():
            return
        time.sleep(0.05)
    pytest.fail("waited in vain")


def test_every_answer_names_its_release_and_is_not_sent_twice(api: httpx.Client) -> None:
    first = api.get("/datasette/opendata/areas.json")
    assert (first.status_code, first.headers["x-release"]) == (200, "one")
    assert first.headers["cache-control"] == "public, max-age=60, must-revalidate"
    again = api.get("/datasette/opendata/areas.json", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = api.head("/datasette/opendata/areas.json")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", first.headers["etag"])


def test_counts_are_exact_for_small_tables_and_whole_ones_and_open_beyond(api: httpx.Client) -> None:
    def count(query: str) -> int | None:
        return api.get(f"/datasette/opendata/{query}").json()["filtered_table_rows_count"]  # type: ignore[no-any-return]

    assert count("areas.json?name__contains=Kiên") == 1
    assert count("big.json") == BIG_ROWS
    assert count("big.json?area=A07") == BIG_ROWS // 100
    assert count("big.json?value__gt=0") is None


def test_sql_is_open_and_its_own_limits_are_said(api: httpx.Client) -> None:
    assert sql(api, "select count(*) from big where area = 'A07'").json()["rows"] == [[BIG_ROWS // 100]]
    assert sql(api, "select fold('Đường Phú Quốc')").json()["rows"] == [["duong phu quoc"]]
    assert sql(api, "select * from big").json()["truncated"] is True


@pytest.mark.parametrize("form", ["json", "csv"])
@pytest.mark.parametrize(
    ("statement", "code", "reason"),
    [
        ("select * from nix", "sql-error", "SQLite could not run the query: no such table: nix."),
        ("delete from areas", "sql-not-allowed", "Statement must be a SELECT"),
        ("select hex(zeroblob(300000))", "sql-error", "string or blob too big"),
        (ENDLESS, "timeout", "The query ran longer than 1 s."),
    ],
)
def test_says_why_a_statement_has_no_answer(
    api: httpx.Client, form: str, statement: str, code: str, reason: str
) -> None:
    refused = sql(api, statement, form)
    assert (refused.status_code, refused.headers["content-type"]) == (400, "application/problem+json")
    assert refused.json()["title"] == code
    assert reason in refused.json()["detail"]
    assert refused.headers["cache-control"] == "no-store"


def test_a_row_that_is_not_there_is_named(api: httpx.Client) -> None:
    refused = api.get("/datasette/opendata/big/1999,A00.json")
    assert (refused.status_code, refused.json()["detail"]) == (404, "Table big has no row 1999,A00.")


def test_a_browser_gets_a_page_about_its_fault(api: httpx.Client) -> None:
    refused = api.get("/datasette/opendata/nix", headers={"Accept": "text/html,*/*"})
    assert (refused.status_code, refused.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is no table or query nix." in refused.text
    assert api.get("/datasette/opendata/nix").headers["content-type"] == "application/problem+json"


def test_asks_before_a_request_from_another_site_are_answered(api: httpx.Client) -> None:
    answer = api.options("/datasette/opendata/areas.json", headers={"Origin": "https://example.com"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    assert answer.headers["access-control-allow-origin"] == "*"


def test_canned_queries_know_the_functions_of_the_portal(api: httpx.Client) -> None:
    answer = api.get("/datasette/opendata/by_name.json?_shape=array&name=dao+phu")
    assert answer.json() == [{"code": "PQ"}]


def test_a_filtered_stream_is_whole_or_refused(api: httpx.Client) -> None:
    whole = api.get("/datasette/opendata/big.csv?_stream=on&year__lt=30")
    assert whole.text.count("\r\n") == 3001
    small = api.get("/datasette/opendata/areas.csv?_stream=on")
    assert small.text == "code,name\r\nKG,Kiên Giang\r\nPQ,Đảo Phú Quốc\r\n"


def find_query_process(server: subprocess.Popen[str]) -> psutil.Process:
    children = psutil.Process(server.pid).children(recursive=True)
    (process,) = [one for one in children if "portal.query_process" in one.cmdline()]
    return process


def test_the_process_for_queries_is_replaced_when_it_dies(
    api: httpx.Client, served: tuple[subprocess.Popen[str], str]
) -> None:
    assert sql(api, "select 1").status_code == 200
    before = find_query_process(served[0])
    before.kill()
    lost = sql(api, "select 2")
    assert (lost.status_code, lost.json()["title"], lost.headers["retry-after"]) == (503, "busy", "2")
    assert sql(api, "select 3").json()["rows"] == [[3]]
    assert find_query_process(served[0]).pid != before.pid


def test_one_address_cannot_take_every_seat(served: tuple[subprocess.Popen[str], str]) -> None:
    def ask(number: int) -> tuple[int, str]:
        answer = httpx.get(f"{served[1]}/datasette/opendata.json", params={"sql": f"{ENDLESS} where x > {number}"})
        return answer.status_code, answer.json()["title"]

    with ThreadPoolExecutor(12) as strangers:
        answers = set(strangers.map(ask, range(12)))
    assert (429, "too-many-requests") in answers
    assert answers <= {(429, "too-many-requests"), (503, "busy"), (400, "timeout")}


HOSTILE = (
    "/datasette/opendata.json?sql=" + ENDLESS.replace(" ", "+").replace("+1", "%2B1") + "+where+x+>+{n}",
    "/datasette/opendata.json?sql=select+a.note,b.note+from+big+a,big+b+where+a.value*b.value={n}+order+by+1",
    "/datasette/opendata.json?sql=select+*+from+big+order+by+value%2B{n}+limit+5+offset+50000",
    "/datasette/opendata/big.json?_facet=value&_facet=note&value__gt={n}",
    "/datasette/opendata/big.json?_where=note+like+'%25{n}%25'",
    "/datasette/opendata/big.json?note__contains={n}&_sort=value",
    "/datasette/opendata/big.csv?_stream=on&value__gt={n}",
    "/datasette/opendata/big.json?" + "&".join(f"a{n}=1" for n in range(5000)),
)
ORDINARY = (
    "/", "/health", "/datasette/opendata/areas.json", "/datasette/opendata/big.json?area=A{a:02}&_size=20",
    "/datasette/opendata/big/{y},A{a:02}.json", "/datasette/opendata/by_name.json?name=kien",
)  # fmt: skip


def test_strangers_cannot_make_ordinary_requests_fail(served: tuple[subprocess.Popen[str], str]) -> None:
    server, address = served
    done = threading.Event()
    chance = random.Random(5)  # noqa: S311  # no secret

    def attack() -> set[int]:
        seen = set()
        with httpx.Client(base_url=address, timeout=PATIENCE) as client:
            while not done.is_set():
                seen.add(client.get(chance.choice(HOSTILE).format(n=chance.random())).status_code)
        return seen

    def dawdle() -> None:
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"GET /datasette/opendata/big.json HTTP/1.1\r\nHost: x\r\n")
            done.wait(PATIENCE)

    with ThreadPoolExecutor(20) as strangers:
        attacks = [strangers.submit(attack) for _ in range(12)]
        for _ in range(8):
            strangers.submit(dawdle)
        try:
            with httpx.Client(base_url=address, timeout=PATIENCE) as client:
                asked = [
                    chance.choice(ORDINARY).format(y=chance.randrange(600), a=chance.randrange(100)) for _ in range(300)
                ]
                failed = [(path, answer.status_code) for path in asked if (answer := client.get(path)).is_error]
        finally:
            done.set()
        statuses = set[int]().union(*(one.result() for one in attacks))
    assert failed == []
    assert statuses <= {200, 400, 414, 429, 503}
    assert 429 in statuses
    assert server.poll() is None
    with httpx.Client(base_url=address, timeout=PATIENCE) as client:
        wait_until(lambda: sql(client, "select 1").status_code == 200)


def test_an_operator_can_watch(api: httpx.Client) -> None:
    api.get("/datasette/opendata/nix.json")
    text = api.get("/metrics").text
    assert re.search(r'^http_requests_total\{kind="table",status="200"\} \d', text, re.MULTILINE)
    assert re.search(r'^http_request_duration_seconds_bucket\{kind="sql",le="1.0"\} \d', text, re.MULTILINE)
    assert re.search(r'^release_info\{release="one"\} 1', text, re.MULTILINE)
    assert re.search(r"^sql_queue 0", text, re.MULTILINE)
    assert re.search(r"^sql_process_restarts_total \d", text, re.MULTILINE)


def find_server_processes(server: subprocess.Popen[str]) -> set[int]:
    living = [one for one in psutil.Process(server.pid).children() if one.status() != psutil.STATUS_ZOMBIE]
    return {one.pid for one in living if "spawn_main" in " ".join(one.cmdline())}


def test_several_processes_share_the_port_and_one_that_dies_is_replaced(build: Path) -> None:
    server, address = start(build, processes=2)
    try:
        fronts = find_server_processes(server)
        assert len(fronts) == 2
        killed = fronts.pop()
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: len(now := find_server_processes(server)) == 2 and killed not in now)
        assert httpx.get(f"{address}/health", timeout=PATIENCE).json() == {"status": "ok", "release": "one"}
        assert 'release_info{release="one"} 1' in httpx.get(f"{address}/metrics", timeout=PATIENCE).text
    finally:
        stop(server)


def test_no_process_outlives_the_server(build: Path) -> None:
    server, address = start(build, processes=2)
    assert httpx.get(f"{address}/datasette/opendata.json?sql=select+1", timeout=PATIENCE).status_code == 200
    family = psutil.Process(server.pid).children(recursive=True)
    assert len(family) >= 4
    os.kill(server.pid, signal.SIGKILL)
    server.wait(PATIENCE)
    wait_until(lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in family))
    assert server.stdout is not None
    server.stdout.close()

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
from urllib.parse import quote_plus

import httpx
import psutil
import pytest

from factory import PATIENCE
from portal.api.api_schema import inspect_database
from portal.api.query_lane import COOLING_SECONDS, WORKERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COMMAND = Path(__file__).parent.parent / "scripts" / "serve_portal.py"
BIG_ROWS = 60_000
MOST_MEMORY = 700 << 20  # bytes of a server process and its workers, what they share counted for each
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
        # JSON.
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
        ("select hex(zeroblob(100000))", "sql-error", "string or blob too big"),
        (ENDLESS, "timeout", "The query ran longer than 1 s."),
        ("select * from pragma_database_list", "sql-not-allowed", "access to pragma_database_list.seq is prohibited"),
        ("select * from pragma_function_list()", "sql-not-allowed", "is prohibited"),
        ("select load_extension('x')", "sql-not-allowed", "not authorized to use function: load_extension"),
        ("select fts3_tokenizer('simple')", "sql-not-allowed", "not authorized to use function: fts3_tokenizer"),
        ("select sql from sqlite_stmt", "sql-not-allowed", "is prohibited"),
        ("select name from dbstat", "sql-not-allowed", "is prohibited"),
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


@pytest.mark.parametrize("form", ["json", "csv"])
@pytest.mark.parametrize(
    ("asked", "code", "reason"),
    [
        ("areas.{form}?name__arraycontains=x", "no-json", "Use __contains or _facet."),
        ("areas.{form}?_where=1;select+2", "sql-error", "You can only execute one statement at a time."),
        ("areas.{form}?_where=load_extension(1)", "sql-not-allowed", "not authorized to use function: load_extension."),
        ("areas.{form}?_where=nix=1", "sql-error", "no such column: nix."),
    ],
)
def test_says_what_is_wrong_with_a_question_to_a_table(
    api: httpx.Client, form: str, asked: str, code: str, reason: str
) -> None:
    refused = api.get("/datasette/opendata/" + asked.format(form=form))
    assert (refused.status_code, refused.json()["title"]) == (400, code)
    assert refused.json()["detail"].endswith(reason)


def test_no_column_of_a_visitor_is_left_out(api: httpx.Client) -> None:
    address = "/datasette/opendata.json?sql=select+1+as+a,+5+as+query_ms&_shape="
    assert api.get(address + "array").json() == [{"a": 1, "query_ms": 5}]
    assert api.get(address + "objects").json()["columns"] == ["a", "query_ms"]
    assert "query_ms" not in api.get("/datasette/opendata/areas.json").json()
    text = "select ', \"query_ms\": 1' as b"
    assert sql(api, text).json()["query"]["sql"] == text


def test_a_csv_file_says_that_there_are_more_rows(api: httpx.Client) -> None:
    seen, address = 0, "/datasette/opendata/big.csv?area=A07&_size=500"
    while address:
        page = api.get(address)
        seen += page.text.count("\r\n") - 1
        address = page.links.get("next", {}).get("url", "")
        assert "_nocount" not in address
    assert seen == BIG_ROWS // 100
    assert "link" not in api.get("/datasette/opendata/areas.csv").headers
    assert sql(api, "select * from big", "csv").headers["x-truncated"] == "1000"
    assert "x-truncated" not in sql(api, "select * from areas", "csv").headers


def test_a_row_that_is_not_there_is_named(api: httpx.Client) -> None:
    refused = api.get("/datasette/opendata/big/1999,A00.json")
    assert (refused.status_code, refused.json()["detail"]) == (404, "Table big has no row 1999,A00.")


def test_a_file_of_the_pages_that_is_not_there_is_named(api: httpx.Client) -> None:
    refused = api.get("/datasette/-/static/nix.css?v=1")
    assert (refused.status_code, refused.json()["detail"][:46]) == (
        404,
        "The API has no address /-/static/nix.css. Tabl",
    )


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


def find_workers(server: subprocess.Popen[str]) -> dict[int, psutil.Process]:
    """Return the processes that run costly queries, without the one that keeps them."""
    living = [one for one in psutil.Process(server.pid).children(recursive=True) if is_for_queries(one)]
    keepers = {one.ppid() for one in living} & {one.pid for one in living}
    return {one.pid: one for one in living if one.ppid() in keepers}


def is_for_queries(process: psutil.Process) -> bool:
    try:
        return "portal.api.query_process" in process.cmdline()
    except psutil.NoSuchProcess:  # or a zombie
        return False


def ask_anew(api: httpx.Client) -> bool:
    """Ask what nobody has asked before; tell whether it was answered."""
    return sql(api, f"select {time.monotonic_ns()}").status_code == 200


def test_a_worker_is_replaced_when_it_dies(api: httpx.Client, served: tuple[subprocess.Popen[str], str]) -> None:
    assert ask_anew(api)
    before = find_workers(served[0])
    assert len(before) == WORKERS
    for process in before.values():
        process.kill()
    wait_until(lambda: len(find_workers(served[0]).keys() - before.keys()) == WORKERS)
    wait_until(lambda: ask_anew(api))


def test_workers_come_back_without_the_process_that_kept_them(
    api: httpx.Client, served: tuple[subprocess.Popen[str], str]
) -> None:
    assert ask_anew(api)
    before = find_workers(served[0])
    next(iter(before.values())).parent().kill()  # type: ignore[union-attr]  # they have one
    wait_until(lambda: ask_anew(api) and len(find_workers(served[0]).keys() - before.keys()) == WORKERS)
    wait_until(lambda: not any(one.is_running() for one in before.values()))


# One call of one function, where SQLite looks at no clock: every sign is held against thousands of others.
HANGING = "select " + " || ".join(
    f"trim(hex(zeroblob(49000)), replace(hex(zeroblob(2700)), '0', 'é') || '{n}0')" for n in range(9)
)


def test_a_query_that_hangs_is_ended_and_its_address_cools_down(build: Path) -> None:
    server, address = start(build, processes=1)
    try:
        with httpx.Client(base_url=address, timeout=PATIENCE) as client:
            stopped = sql(client, HANGING)
            assert stopped.status_code == 400
            assert stopped.json()["title"] in {"too-costly", "timeout"}  # by the clock where the machine is busy
            refused = sql(client, "select 6")
            assert (refused.status_code, refused.json()["title"]) == (429, "cooling-down")
            assert 1 <= int(refused.headers["retry-after"]) <= COOLING_SECONDS + 1
            assert client.get("/datasette/opendata/areas.json").status_code == 200
            assert sql_of_another(client, "select 7").status_code == 200
            wait_until(lambda: ask_anew(client))
    finally:
        stop(server)


def sql_of_another(api: httpx.Client, statement: str) -> httpx.Response:
    """Ask as the proxy in front does for another visitor."""
    asked = {"sql": statement, "_shape": "arrays"}
    return api.get("/datasette/opendata.json", params=asked, headers={"X-Forwarded-For": "203.0.113.7"})


def test_one_address_cannot_take_every_seat(served: tuple[subprocess.Popen[str], str]) -> None:
    def ask(number: int) -> tuple[int, str]:
        asked = {"sql": f"{ENDLESS} where x > {number}"}
        answer = httpx.get(f"{served[1]}/datasette/opendata.json", params=asked, timeout=PATIENCE)
        return answer.status_code, answer.json()["title"]

    with ThreadPoolExecutor(12) as strangers:
        answers = set(strangers.map(ask, range(12)))
    assert (429, "too-many-requests") in answers
    assert answers <= {(429, "too-many-requests"), (429, "cooling-down"), (503, "busy"), (400, "timeout")}


HOSTILE = (
    "/datasette/opendata.json?sql=" + ENDLESS.replace(" ", "+").replace("+1", "%2B1") + "+where+x+>+{n}",
    "/datasette/opendata.json?sql=select+a.note,b.note+from+big+a,big+b+where+a.value*b.value={n}+order+by+1",
    "/datasette/opendata.json?sql=select+*+from+big+order+by+value%2B{n}+limit+5+offset+50000",
    "/datasette/opendata/big.json?_facet=value&_facet=note&value__gt={n}",
    "/datasette/opendata/big.json?_where=note+like+'%25{n}%25'",
    "/datasette/opendata/big.json?note__contains={n}&_sort=value",
    "/datasette/opendata/big.csv?_stream=on&value__gt={n}",
    "/datasette/opendata/big.json?" + "&".join(f"a{n}=1" for n in range(5000)),
    "/datasette/opendata/areas.json?" + "&".join(["_facet=name"] * 10) + "&name__gt={n}",
    "/datasette/opendata/areas.json?" + "&".join(["_facet=name"] * 90) + "&name__gt={n}",
    "/datasette/opendata/areas.json?name__glob=" + "*[^abc]" * 25 + "{n}",
    "/datasette/opendata/areas.json?name__glob=" + "[^abcdef]" * 700 + "{n}",
    "/datasette/opendata/areas?" + "&".join(["name__contains={n}"] * 60),
    "/datasette/opendata/big?_size=1000&year__gt={n}",
    "/datasette/opendata/big.json?_size=1000&_facet=area&_hide_sql={n}",
    "/datasette/opendata/by_name.json?name=" + "%25a" * 900 + "{n}",
    "/datasette/opendata/areas.json?name__in=[" + "9" * 5000 + "]&_size={n}",
    "/datasette/opendata/big.json?_next={n}",
    "/datasette/opendata.csv?a={n}",
    "/datasette/opendata.json?sql=" + quote_plus(HANGING) + "+--+{n}",
    "/datasette/opendata.json?sql=select+group_concat(note)+from+big,+(values+(1),(2),(3))+group+by+area+limit+{n}",
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

    def dawdle(said: bytes) -> None:
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(said)
            done.wait(PATIENCE)

    asking = b"GET /datasette/opendata/big.json HTTP/1.1\r\nHost: x\r\n"
    not_reading = b"GET /datasette/opendata/big.csv?_stream=on HTTP/1.1\r\nHost: x\r\n\r\n"
    with ThreadPoolExecutor(28) as strangers:
        attacks = [strangers.submit(attack) for _ in range(12)]
        for said in (asking, not_reading) * 8:
            strangers.submit(dawdle, said)
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
        wait_until(lambda: ask_anew(client))
    family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
    assert sum(one.memory_info().rss for one in family) < MOST_MEMORY


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
        numbers = Path(psutil.Process(killed).environ()["PROMETHEUS_MULTIPROC_DIR"])
        assert (numbers / f"gauge_livemax_{killed}.db").is_file()
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: len(now := find_server_processes(server)) == 2 and killed not in now)
        # What a process last said of itself, its release and its queue, holds no longer.
        wait_until(lambda: not list(numbers.glob(f"gauge_live*_{killed}.db")))
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

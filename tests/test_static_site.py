"""The files of the site over HTTP: two forms, parts, what a visitor has already, what other sites may read."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest

from portal.files.precompression import LEAST_BYTES, compress_files
from portal.web.static_site import (
    LONG_CACHE,
    NOT_KEPT,
    SHORT_CACHE,
    StaticSite,
    accepts_gzip,
    name_cache_control,
    name_disposition,
    wants_part,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TABLE = "".join(f"{number},Phú Quốc\n" for number in range(500)).encode()
PAGE = b"<p>" + b"Ki\xc3\xaan Giang " * 200
ASKS = {"Accept-Encoding": "gzip"}
PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> StaticSite:
    folder = tmp_path_factory.mktemp("site")
    files = {
        "data/long.csv": TABLE, "index.html": PAGE, "404.html": PAGE, "small.json": b"[1]", "picture.png": TABLE,
        "data/empty.csv": b"",
    }  # fmt: skip
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    compress_files(folder)
    return StaticSite(folder)


@dataclass(frozen=True)
class Answer:
    """What came, its bytes as they came."""

    status_code: int
    headers: httpx.Headers
    raw: bytes


def ask(site: StaticSite, path: str, headers: Mapping[str, str] = PLAIN, method: str = "GET") -> Answer:
    async def stream() -> Answer:
        transport = httpx.ASGITransport(site)
        # Both in one line would be too long.
        async with httpx.AsyncClient(transport=transport, base_url="http://portal") as client:  # noqa: SIM117
            async with client.stream(method, path, headers=dict(headers)) as answer:
                raw = b"".join([part async for part in answer.aiter_raw()])
                return Answer(answer.status_code, answer.headers, raw)

    return asyncio.run(stream())


# --- files --------------------------------------------------------------------------------------------------------


def test_text_is_compressed_once_and_always_to_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.csv").write_bytes(TABLE)
    compress_files(tmp_path / "one")
    (tmp_path / "two" / "a.csv").touch()
    compress_files(tmp_path / "two")
    packed = [(tmp_path / folder / "a.csv.gz").read_bytes() for folder in ("one", "two")]
    assert packed[0] == packed[1]
    assert gzip.decompress(packed[0]) == TABLE


def test_what_gains_nothing_stays_alone(tmp_path: Path) -> None:
    files = {"a.csv": LEAST_BYTES, "b.csv": LEAST_BYTES - 1, "c.zip": 9999, "d.png": 9999, "e.parquet": 9999}
    for name, size in files.items():
        (tmp_path / name).write_bytes(b"x" * size)
    compress_files(tmp_path)
    compress_files(tmp_path)
    assert sorted(path.name for path in tmp_path.glob("*.gz")) == ["a.csv.gz"]


# --- two forms ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("path", "content"), [("/data/long.csv", TABLE), ("/", PAGE)])
def test_each_form_is_told_by_its_headers(site: StaticSite, path: str, content: bytes, method: str) -> None:
    plain, packed = (ask(site, path, headers, method) for headers in (PLAIN, ASKS))
    for answer in (plain, packed):
        assert answer.status_code == 200
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["cache-control"] == "public, max-age=60, must-revalidate"
        assert answer.headers["content-type"].startswith("text/")
        assert answer.headers["etag"][0] == '"', "a strong validator"
    assert plain.headers["etag"] != packed.headers["etag"]
    assert (plain.headers["content-length"], plain.headers["accept-ranges"]) == (str(len(content)), "bytes")
    assert (packed.headers["content-encoding"], "accept-ranges" in packed.headers) == ("gzip", False)
    assert int(packed.headers["content-length"]) < len(content)


def test_the_packed_form_is_the_plain_one(site: StaticSite) -> None:
    packed = ask(site, "/data/long.csv", ASKS)
    assert gzip.decompress(packed.raw) == TABLE


@pytest.mark.parametrize("path", ["/small.json", "/picture.png"])
def test_a_file_of_one_form_does_not_vary(site: StaticSite, path: str) -> None:
    answer = ask(site, path, ASKS)
    assert (answer.headers.get("vary"), answer.headers.get("content-encoding")) == (None, None)


def test_the_packed_file_itself_is_an_archive(site: StaticSite) -> None:
    answer = ask(site, "/data/long.csv.gz", ASKS)
    assert (answer.headers["content-type"], "content-encoding" in answer.headers) == ("application/gzip", False)


def test_the_page_of_a_wrong_address_comes_in_both_forms(site: StaticSite) -> None:
    answer = ask(site, "/nowhere", ASKS)
    assert (answer.status_code, gzip.decompress(answer.raw)) == (404, PAGE)
    assert answer.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("gzip", True), ("GZIP", True), ("br, gzip;q=0.5", True), ("*", True), ("identity;q=0.5, *;q=0.1", True),
        ("", False), ("identity", False), ("br", False), ("gzip;q=0", False), ("gzip;q=0.000, *", False),
        ("*;q=0", False), ("x-gzip-not", False),
    ],
)  # fmt: skip
def test_only_who_takes_gzip_gets_it(accepted: str, expected: bool) -> None:
    assert accepts_gzip(accepted) is expected


# --- what the visitor has -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [PLAIN, ASKS])
def test_what_the_visitor_has_is_not_sent_again(site: StaticSite, headers: dict[str, str]) -> None:
    first = ask(site, "/data/long.csv", headers).headers
    for known in (first["etag"], f'"other", {first["etag"]}', f"W/{first['etag']}", "*"):
        again = ask(site, "/data/long.csv", {**headers, "If-None-Match": known})
        assert (again.status_code, again.headers["etag"], again.headers["vary"]) == (
            304, first["etag"], "Accept-Encoding",
        )  # fmt: skip
        assert again.raw == b""
    by_date = ask(site, "/data/long.csv", {**headers, "If-Modified-Since": first["last-modified"]})
    assert by_date.status_code == 304
    # A tag that differs outweighs the date.
    both = {**headers, "If-None-Match": '"other"', "If-Modified-Since": first["last-modified"]}
    assert ask(site, "/data/long.csv", both).status_code == 200


def test_one_form_does_not_stand_for_the_other(site: StaticSite) -> None:
    packed = ask(site, "/data/long.csv", ASKS).headers["etag"]
    assert ask(site, "/data/long.csv", {**PLAIN, "If-None-Match": packed}).status_code == 200


# --- parts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [PLAIN, ASKS])
@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("bytes=0-4", (0, 5)), ("bytes=5-", (5, None)), ("bytes=-7", (-7, None)), ("bytes=0-999999", (0, None))],
)
def test_a_part_is_a_part_of_the_plain_form(
    site: StaticSite, headers: dict[str, str], wanted: str, expected: tuple[int, int | None]
) -> None:
    answer = ask(site, "/data/long.csv", {**headers, "Range": wanted})
    part = TABLE[slice(*expected)]
    start = TABLE.index(part) if expected[0] >= 0 else len(TABLE) - 7
    assert (answer.status_code, answer.raw) == (206, part)
    assert answer.headers["content-range"] == f"bytes {start}-{start + len(part) - 1}/{len(TABLE)}"
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("path", ["/data/long.csv", "/data/empty.csv"])
def test_a_part_beyond_the_end_is_refused(site: StaticSite, path: str) -> None:
    answer = ask(site, path, {"Range": "bytes=999999-"})
    size = len(TABLE) if "long" in path else 0
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{size}")


@pytest.mark.parametrize(
    "wanted", ["bytes=0-1,4-5", "bytes=9-3", "bytes=", "bytes=-", "bytes=a-b", "lines=1-2", "0-4", "bytes=0-1,"]
)
def test_what_a_range_may_not_say_is_passed_over(site: StaticSite, wanted: str) -> None:
    answer = ask(site, "/data/long.csv", {**PLAIN, "Range": wanted})
    assert (answer.status_code, answer.raw) == (200, TABLE)


def test_only_a_get_asks_for_parts(site: StaticSite) -> None:
    assert wants_part("GET", "bytes=0-4")
    answer = ask(site, "/data/long.csv", {**PLAIN, "Range": "bytes=0-4"}, "HEAD")
    assert (answer.status_code, answer.headers["content-length"]) == (200, str(len(TABLE)))


def test_a_broken_download_goes_on_only_with_the_same_file(site: StaticSite) -> None:
    plain, packed = (ask(site, "/data/long.csv", headers).headers["etag"] for headers in (PLAIN, ASKS))
    for tag, status in ((plain, 206), (packed, 200), ('"other"', 200)):
        answer = ask(site, "/data/long.csv", {**ASKS, "Range": "bytes=5-", "If-Range": tag})
        assert (answer.status_code, "content-encoding" in answer.headers) == (status, False)


# --- downloads ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "disposition"),
    [
        ("/data/fish/fish.csv", 'attachment; filename="fish.csv"'),
        ("/data/fish/fish.excel.csv", 'attachment; filename="fish.excel.csv"'),
        ("/data/fish/fish.xlsx", 'attachment; filename="fish.xlsx"'),
        (f"/data/by-hash/{'a' * 64}/fish.parquet", 'attachment; filename="fish.parquet"'),
        ("/data/opendata.db", 'attachment; filename="opendata.db"'),
        ("/data/fish/fish.json", ""),
        ("/data/checksums.txt", ""),
        ("/catalog/fish/", ""),
        ('/data/fish/a"b.csv', ""),
    ],
)
def test_tables_are_saved_under_their_names_and_json_is_looked_at(address: str, disposition: str) -> None:
    assert name_disposition(address) == disposition


def test_an_address_by_content_is_answered_from_the_store(tmp_path: Path) -> None:
    name = f"data/by-hash/{'0a' * 32}/long.csv"
    site = tmp_path / "releases" / "one" / "site"
    for file in (tmp_path / name.removeprefix("data/"), site / "data/short.csv"):
        file.parent.mkdir(parents=True)
        file.write_bytes(TABLE)
    compress_files(tmp_path / "by-hash")
    served = StaticSite(site, build=tmp_path)
    answer = ask(served, f"/{name}")
    assert (answer.status_code, answer.raw, answer.headers["cache-control"]) == (200, TABLE, LONG_CACHE)
    assert answer.headers["content-disposition"] == 'attachment; filename="long.csv"'
    assert gzip.decompress(ask(served, f"/{name}", ASKS).raw) == TABLE
    assert ask(served, "/data/short.csv").raw == TABLE
    for gone in (f"/data/by-hash/{'0b' * 32}/long.csv", f"/data/by-hash/{'0a' * 32}/other.csv"):
        answer = ask(served, gone)
        assert (answer.status_code, answer.raw.decode()) == (404, NOT_KEPT)
        assert answer.headers["cache-control"] == SHORT_CACHE


def test_an_address_by_content_is_kept_for_a_year() -> None:
    assert name_cache_control(f"/data/by-hash/{'0a' * 32}/fish.csv") == LONG_CACHE
    assert name_cache_control("/data/by-hash/fish.csv") == SHORT_CACHE
    assert name_cache_control("/data/fish/fish.csv") == SHORT_CACHE

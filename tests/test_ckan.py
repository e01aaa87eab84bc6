"""CKAN's action API as its own client and strangers meet it, against the real server."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import ckanapi
import pytest
from starlette.testclient import TestClient

from factory import make_tiny_catalog, write_indicator, write_references
from portal.api import ckan_gate
from portal.api.ckan_api import ACTIONS, CkanCatalog, CkanError
from portal.api.ckan_gate import MOST_BYTES, MOST_PARAMETERS, CkanGate
from portal.catalogues.ckan import to_tag, to_timestamp, write_ckan, write_ckan_part
from portal.server import SECURITY_HEADERS, create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from published import Published

pytest_plugins = ("published",)
ACTION = "/api/3/action"


@pytest.fixture(scope="module")
def client(published: Published) -> Iterator[TestClient]:
    with TestClient(create_app(published.folder.current), follow_redirects=False) as client:
        yield client


class Session:
    """Lets ckanapi, which speaks through requests, ask the application here."""

    def __init__(self, client: TestClient) -> None:
        self._client = client
        self.asked: list[str] = []

    def post(self, url: str, data: bytes, headers: dict[str, str], **_: Any) -> Answer:
        return self._keep(self._client.post(url, content=data, headers=headers))

    def get(self, url: str, params: Any, headers: dict[str, str], **_: Any) -> Answer:
        return self._keep(self._client.get(url, params=params, headers=headers))

    def _keep(self, answer: httpx.Response) -> Answer:
        self.asked.append(f"{answer.request.method} {answer.request.url.path}")
        return Answer(answer)


class Answer:
    def __init__(self, answer: httpx.Response) -> None:
        self.status_code, self.text = answer.status_code, answer.text


class VersionedCkan(ckanapi.RemoteCKAN):  # type: ignore[misc] # ckanapi has no types
    base_url = "api/3/action/"


@pytest.fixture(params=["POST", "GET", "POST /3", "GET /3"])
def remote(request: pytest.FixtureRequest, client: TestClient) -> Any:
    kind = VersionedCkan if request.param.endswith("/3") else ckanapi.RemoteCKAN
    return kind("http://testserver", get_only=request.param.startswith("GET"), session=Session(client))


def test_ckanapi_walks_through_the_catalogue(remote: Any, published: Published) -> None:
    assert remote.action.site_read() is True
    assert remote.action.status_show()["ckan_version"] == "2.10.0"
    names = remote.action.package_list()
    expected = json.loads((published.site / "data/catalog.json").read_text("utf-8"))["datasets"]
    assert names == sorted(one["name"] for one in expected)
    for one in expected:
        package = remote.action.package_show(id=one["name"])
        assert package["title"] == one["title"]
        assert package["version"] == one["version"]
        assert [(file["url"], file["size"], f"sha256:{file['hash']}") for file in package["resources"]] == [
            (file["url"], file["bytes"], file["hash"]) for file in one["distributions"]
        ]
        assert remote.action.package_show(id=package["id"]) == package
        for file in package["resources"]:
            assert remote.action.resource_show(id=file["id"]) == file
    assert len(remote.action.current_package_list_with_resources(limit=2, offset=1)) == 2
    path = "api/3/action" if isinstance(remote, VersionedCkan) else "api/action"
    method = "GET" if remote.get_only else "POST"
    assert {one.rpartition("/")[0] for one in remote.session.asked} == {f"{method} /{path}"}


def test_ckanapi_finds_groups_and_organizations(remote: Any) -> None:
    assert remote.action.group_list() == ["fishing"]
    group = remote.action.group_show(id="fishing", include_datasets=True)
    assert {one["name"] for one in group["packages"]} >= {"fish", "thousand"}
    (name,) = remote.action.organization_list()
    assert remote.action.organization_show(id=name)["title"] == "Cổng dữ liệu mở Kiên Giang"
    assert "CC-BY-4.0" in [one["id"] for one in remote.action.license_list()]
    assert remote.action.tag_list()
    assert "start" in remote.action.help_show(name="package_search")


def test_ckanapi_raises_what_ckan_would(remote: Any) -> None:
    with pytest.raises(ckanapi.NotFound):
        remote.action.package_show(id="nothing")
    with pytest.raises(ckanapi.NotFound):
        remote.action.resource_show(id="nothing")
    with pytest.raises(ckanapi.ValidationError) as caught:
        remote.action.package_show()
    assert caught.value.error_dict["id"] == ["Missing value / Thiếu giá trị"]
    with pytest.raises(ckanapi.ValidationError):
        remote.action.package_search(rows="many")
    with pytest.raises(ckanapi.SearchQueryError):
        remote.action.package_search(fq="colour:red")
    with pytest.raises(ckanapi.CKANAPIError, match="Action name not known: package_delete"):
        remote.action.package_delete(id="fish")


def test_a_harvester_pages_through_everything(remote: Any) -> None:
    """As ckanext-harvest does: by id, a page at a time, what changed since the last time."""
    found: list[str] = []
    changed = "metadata_modified:[2023-01-01T00:00:00Z TO *]"
    while True:
        page = remote.action.package_search(fq=changed, sort="id asc", rows=3, start=len(found))
        found += [one["id"] for one in page["results"]]
        if not page["results"]:
            break
    assert len(found) == page["count"] == len(remote.action.package_list())
    assert found == sorted(set(found))
    later = "metadata_modified:[2025-01-01T00:00:00Z TO *]"
    assert remote.action.package_search(fq=later)["count"] == 0


# --- search ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> CkanCatalog:
    root = tmp_path_factory.mktemp("ckan")
    write_references(root / "packages")
    words = {
        "ports": ("Bến cảng Phú Quốc", "Ports", ["cảng biển", "đường thủy"], "2024-05-01T00:00:00Z"),
        "fish": ("Sản lượng cá", "Fish catch", ["cá", "thủy sản"], "2024-02-01T00:00:00Z"),
        "boats": ("Tàu cá", "Boats for fish", ["tàu (thuyền)", "đường thủy"], "2024-03-01T07:00:00Z"),
    }
    for name, (title, title_en, keywords, created) in words.items():
        changes = {"title": title, "title@en": title_en, "keywords": keywords, "created": created}
        write_indicator(root / "packages", name, changes=changes)
    tiny = make_tiny_catalog(root / "packages", root / "data")
    for one in tiny.packages.values():
        write_ckan_part(one, tiny, root / "data" / one.name)
    write_ckan(tiny, {name: root / "data" / name for name in tiny.packages}, root)
    return CkanCatalog(json.loads((root / "ckan.json").read_text("utf-8")))


def search(catalog: CkanCatalog, **given: Any) -> list[str]:
    answer = catalog.answer("package_search", {"fq": "kind:indicator", **given})
    assert answer["count"] == len(answer["results"])
    return [one["name"] for one in answer["results"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["ports", "boats", "fish"]),
        ("*:*", ["ports", "boats", "fish"]),
        ("*", ["ports", "boats", "fish"]),
        ("duong", ["ports", "boats"]),
        ("ĐƯỜNG thủy", ["ports", "boats"]),
        ("phu quo", ["ports"]),
        ('"san luong ca"', ["fish"]),
        ("ca -tau", ["ports", "fish"]),
        ("ca NOT boats", ["ports", "fish"]),
        ("title:fish", ["boats", "fish"]),
        ("name:boats", ["boats"]),
        ("name:bo*", ["boats"]),
        ('tags:"duong thuy"', ["ports", "boats"]),
        ('tags:("cảng biển" OR cá)', ["ports", "fish"]),
        ('tags:("tàu thuyền" AND "đường thủy")', ["boats"]),
        ("-name:(ports OR fish)", ["boats"]),
        ("groups:fishing +res_format:csv", ["ports", "boats", "fish"]),
        ("metadata_modified:[2024-03-01T00:00:00Z TO *]", ["ports", "boats"]),
        ("metadata_modified:[* TO 2024-02-01]", ["fish"]),
        ("nothing", []),
    ],
)
def test_queries_find_what_they_ask(catalog: CkanCatalog, query: str, expected: list[str]) -> None:
    order = {"sort": "metadata_modified desc"}
    assert search(catalog, q=query, **order) == expected
    assert search(catalog, fq=f"kind:indicator {query}", **order) == expected
    assert search(catalog, fq_list=[query], **order) == expected


def test_datasets_come_in_the_order_that_is_asked(catalog: CkanCatalog) -> None:
    assert search(catalog, sort="name asc") == ["boats", "fish", "ports"]
    assert search(catalog, sort="title_string desc") == ["boats", "fish", "ports"]
    assert search(catalog, sort="metadata_modified asc, name desc") == ["fish", "boats", "ports"]
    assert search(catalog, q="fish")[:2] == ["boats", "fish"]


def test_facets_count_every_match_not_the_page(catalog: CkanCatalog) -> None:
    given = {"fq": "kind:indicator", "rows": 0, "facet.field": '["tags", "groups", "organization", "res_format"]'}
    answer = catalog.answer("package_search", given)
    assert answer["results"] == []
    assert answer["facets"]["tags"] == {"đường thủy": 2, "cá": 1, "cảng biển": 1, "thủy sản": 1, "tàu thuyền": 1}
    assert answer["search_facets"]["groups"]["items"] == [{"name": "fishing", "display_name": "Thủy sản", "count": 3}]
    fewer = catalog.answer("package_search", {**given, "facet.limit": 1, "facet.mincount": "2"})
    assert fewer["facets"]["tags"] == {"đường thủy": 2}
    assert catalog.answer("package_search", {**given, "facet": "false"})["facets"] == {}


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({"q": "colour:red"}, 400, "No field colour. Fields: capacity,"),
        ({"q": "tags:(a"}, 400, "Cannot read"),
        ({"q": "a OR b"}, 400, "OR stands in brackets only"),
        ({"fq": "tags:(a OR b AND c)"}, 400, "In brackets either AND or OR"),
        ({"fq": "metadata_modified:[NOW-1DAY TO *]"}, 400, "A range is written"),
        ({"fq": "metadata_modified:2024"}, 400, "takes a range"),
        ({"q": "a " * 100}, 400, "At most 64 conditions"),
        ({"q": f"tags:({'a ' * 65})"}, 400, "At most 64 conditions"),
        ({"q": "a " * 40, "fq_list": ["b " * 30]}, 400, "At most 64 conditions"),
        ({"q": "a" * 2001}, 400, "At most 2000 characters"),
        ({"sort": "colour asc"}, 400, "sort is one of"),
        ({"sort": "name sideways"}, 400, "sort is one of"),
        ({"facet.field": ["colour"]}, 400, "Cannot count colour"),
        ({"facet.field": {"a": 1}}, 409, "Must be a list"),
        ({"rows": -1}, 409, "Must be a natural number"),
        ({"rows": "٣"}, 409, "Must be a natural number"),
        ({"rows": 1.5}, 409, "Must be a natural number"),
        ({"rows": "9" * 5000}, 409, "Must be a natural number"),
        ({"start": True}, 409, "Must be a natural number"),
        ({"q": ["a"]}, 409, "Must be a string"),
        ({"facet": "perhaps"}, 409, "Must be true or false"),
        ({"page": 2}, 409, "No such parameter; there are: q, fq,"),
    ],
)
def test_what_cannot_be_answered_is_explained(catalog: CkanCatalog, given: Any, status: int, words: str) -> None:
    with pytest.raises(CkanError, match=re.escape(words)) as caught:
        catalog.answer("package_search", given)
    assert caught.value.status == status


def test_a_large_catalogue_is_answered_in_pages(catalog: CkanCatalog) -> None:
    many = [{**catalog.document["packages"][0], "id": str(number), "name": f"n{number}"} for number in range(1_500)]
    large = CkanCatalog({**catalog.document, "packages": many})
    answer = large.answer("package_search", {"rows": 5_000})
    assert (answer["count"], len(answer["results"])) == (1_500, 1_000)
    assert len(large.answer("package_list", {})) == 1_500
    assert len(large.answer("current_package_list_with_resources", {})) == 1_000
    assert large.answer("package_list", {"limit": "2", "offset": "1499"}) == ["n1499"]


# --- the file -------------------------------------------------------------------------------------------------


def test_packages_hold_what_harvesters_validate(catalog: CkanCatalog) -> None:
    ids = set()
    for package in catalog.document["packages"]:
        assert re.fullmatch(r"[a-z0-9_\-]{2,100}", package["name"])
        assert re.fullmatch(r"[a-z0-9_\-]{2,100}", package["organization"]["name"])
        assert datetime.fromisoformat(package["metadata_modified"])
        for one in (package, package["organization"], *package["groups"], *package["resources"]):
            assert UUID(one["id"])
        assert all(re.fullmatch(r"[\w\-. ]{2,100}", tag["name"]) for tag in package["tags"])
        ids |= {package["id"], *(one["id"] for one in package["resources"])}
    assert len(ids) == sum(1 + len(one["resources"]) for one in catalog.document["packages"])


def test_dates_are_utc_and_tags_are_allowed() -> None:
    assert to_timestamp("2024-03-01T07:00:00+07:00") == "2024-03-01T00:00:00.000000"
    assert to_timestamp("2024-03-01") == "2024-03-01T00:00:00.000000"
    assert to_timestamp("") == "2000-01-01T00:00:00.000000"
    assert to_tag("tàu (thuyền), <b>") == "tàu thuyền b"
    assert len(to_tag("a" * 300)) == 100


def test_a_broken_file_is_not_served(published: Published) -> None:
    document = json.loads((published.folder.current / "ckan.json").read_text("utf-8"))
    del document["packages"][0]["resources"]
    with pytest.raises(KeyError):
        CkanGate(document)


# --- HTTP -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "headers", "status", "words"),
    [
        (b"{", {}, 400, "JSON Error"),
        (b"[1]", {}, 400, "must be a dictionary"),
        (b'{"a":' * 3_000, {}, 400, "JSON Error"),
        (b"[" * 16_000, {}, 400, "JSON Error"),
        (b'{"rows": %s}' % (b"9" * 10_000), {}, 400, "JSON Error"),
        (b"\xff\xfe", {}, 400, "JSON Error"),
        (b"{}" + b" " * (1 << 20), {}, 413, f"at most {MOST_BYTES} bytes"),
        (json.dumps({f"p{one}": 1 for one in range(1_000)}).encode(), {}, 400, "at most 50 parameters"),
        (b"&".join(b"p%d=1" % one for one in range(1_000)), {"content-type": "application/x-www-form-urlencoded"},
         400, "at most 50 parameters"),
        (b"--x--", {"content-type": "multipart/form-data; boundary=x"}, 400, "send JSON"),
    ],
)  # fmt: skip
def test_bodies_that_are_none_are_refused(
    client: TestClient, body: bytes, headers: dict[str, str], status: int, words: str
) -> None:
    answer = client.post(f"{ACTION}/package_search", content=body, headers=headers)
    assert answer.status_code == status
    assert answer.json().startswith("Bad request - ")
    assert words in answer.json()
    assert answer.headers["cache-control"] == "no-store"


def test_ten_thousand_parameters_are_refused(client: TestClient) -> None:
    few = "&".join(f"p{number}=1" for number in range(MOST_PARAMETERS + 1))
    assert client.get(f"{ACTION}/package_search?{few}").status_code == 400
    many = "&".join(f"p{number}" for number in range(10_000))
    assert client.get(f"{ACTION}/package_search?{many}").status_code == 414
    assert client.get(f"{ACTION}/package_search?q=%ff").status_code == 400


def test_forms_are_read_as_ckan_reads_them(client: TestClient) -> None:
    for body in (b"id=fish", b'{"id": "fish"}=1', b'{"id": "fish"}'):
        form = {"content-type": "application/x-www-form-urlencoded"}
        assert client.post(f"{ACTION}/package_show", content=body, headers=form).json()["result"]["name"] == "fish"
    assert client.post(f"{ACTION}/package_show?id=fish").json()["result"]["name"] == "fish"


def open_gate(catalog: CkanCatalog) -> CkanGate:
    return CkanGate(dict(catalog.document))


async def post(gate: CkanGate, action: str, client: str, **given: Any) -> tuple[int, dict[str, str], Any]:
    """Ask a gate as the server does; return status, headers and body."""
    body, sent = json.dumps(given).encode(), list[Any]()

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": f"{ACTION}/{action}", "query_string": b"",
             "headers": [(b"content-type", b"application/json")], "client": (client, 1)}  # fmt: skip
    await gate(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, json.loads(b"".join(one["body"] for one in sent[1:]))


def test_a_crowd_of_one_client_keeps_nobody_waiting(catalog: CkanCatalog, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, go_on, running = open_gate(catalog), threading.Event(), Counter[str]()
    make = ckan_gate.make_answer
    most = 0

    def make_slowly(one: CkanCatalog, action: str, given: dict[str, Any], help_: str) -> Any:
        nonlocal most
        running[action] += 1
        most = max(most, running["package_search"])
        if action == "package_search":
            assert go_on.wait(30)
        running[action] -= 1
        return make(one, action, given, help_)

    monkeypatch.setattr(ckan_gate, "make_answer", make_slowly)

    async def run() -> tuple[int, int, list[int]]:
        crowd = [asyncio.create_task(post(gate, "package_search", "192.0.2.1", rows=1_000)) for _ in range(20)]
        async with asyncio.timeout(20):
            status, _, _ = await post(gate, "package_list", "192.0.2.2")
        waiting = sum(not one.done() for one in crowd)
        go_on.set()
        return status, waiting, [answer[0] for answer in await asyncio.gather(*crowd)]

    assert asyncio.run(run()) == (200, 20, [200] * 20)
    assert most == 1


def test_answers_that_nobody_reads_are_bounded(catalog: CkanCatalog, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [{**catalog.document["packages"][0], "id": str(number), "name": f"n{number}"} for number in range(100)]
    gate = open_gate(CkanCatalog({**catalog.document, "packages": many}))
    status, _, body = asyncio.run(post(gate, "package_search", "192.0.2.1", rows=1_000))
    assert (status, len(body["result"]["results"])) == (200, 100)
    monkeypatch.setattr("portal.web.outbox.MOST_BYTES_OF_CLIENT", 100_000)
    status, headers, body = asyncio.run(post(gate, "package_search", "192.0.2.1", rows=1_000))
    assert (status, headers["retry-after"]) == (429, "5")
    assert body == (
        "Bad request - Large answers to this address are still to be read. Read them before you ask for more. / "
        "Nơi này còn những câu trả lời lớn chưa nhận hết. Hãy nhận xong rồi hỏi tiếp."
    )


def test_pieces_make_the_same_json() -> None:
    value = {"a": [], "b": {}, "c": [1, {"x": [None, True, 'ệ"']}], "d": {"e": {"f": {"g": [{"h": {}}]}}}, "i": "j"}
    assert json.loads("".join(ckan_gate.encode_pieces(value))) == value


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_nothing_can_be_written(client: TestClient, method: str) -> None:
    answer = client.request(method, f"{ACTION}/package_list")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, POST, OPTIONS"


def test_head_and_options_say_what_is_there(client: TestClient) -> None:
    get, head = client.get(f"{ACTION}/package_list"), client.head(f"{ACTION}/package_list")
    assert head.content == b""
    assert head.headers == get.headers
    answer = client.options(f"{ACTION}/package_list", headers={"origin": "https://example.org"})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD, POST, OPTIONS"
    assert answer.headers["access-control-allow-headers"] == "*"


def test_answers_carry_the_headers_of_the_portal(client: TestClient, published: Published) -> None:
    for answer in (client.get(f"{ACTION}/package_list"), client.post(f"{ACTION}/package_show", json={"id": "x"})):
        assert answer.headers.items() >= {name.lower(): value for name, value in SECURITY_HEADERS.items()}.items()
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["content-type"] == "application/json;charset=utf-8"
        assert answer.headers["x-release"] == published.folder.current.resolve().name


def test_an_answer_that_is_known_is_not_sent_again(client: TestClient) -> None:
    address = f"{ACTION}/package_search?q=fish"
    first = client.get(address)
    again = client.get(address, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    asked = client.post(f"{ACTION}/package_search", json={"q": "fish"}, headers={"if-none-match": "*"})
    assert asked.json() == first.json()


def test_addresses_beside_the_actions(client: TestClient) -> None:
    assert client.get("/api/3").json() == {"version": 3}
    assert client.get("/api/").json() == {"version": 3}
    for path in ("/api/3/nothing", "/api/4/action/package_list", "/api/3/action/", "/api/rest/dataset"):
        assert client.get(path).status_code == 404
    answer = client.get(f"{ACTION}/package_create")
    assert answer.status_code == 400
    assert "known: site_read" in answer.json()


def test_every_action_explains_itself_in_both_languages() -> None:
    for name, action in ACTIONS.items():
        assert action.words.vi, name
        assert action.words.en, name


def test_a_release_without_the_file_answers_404() -> None:
    assert TestClient(CkanGate(None)).get(f"{ACTION}/package_list").status_code == 404

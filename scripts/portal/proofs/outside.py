"""A running portal seen from outside: all forms of its datasets, fetched over HTTP and compared as a build does.

What is compared with is the published CSV file and its descriptor. Requests go out one after another; every file is
fetched once, into a folder that the caller removes.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import httpx

from portal.data.descriptor import DESCRIPTOR, read_packages
from portal.data.finding import Place, make_finding
from portal.data.table import Table, read_rows
from portal.pages.later_rows import FOLDER
from portal.proofs.agreement import LeftOut, Proof, Reading, compare_package, compare_table, word_fault
from portal.proofs.form import DATABASE, Form
from portal.proofs.page_agreement import PAGES, compare_pages
from portal.proofs.reread import OF_SQL, FormError, batch_rows, convert_columns, read_typed
from portal.proofs.reread_database import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from portal.data.descriptor import Loaded
    from portal.data.package import Package, Resource
    from portal.proofs.reread import Cells

API = Form("API", "json", "typed")
AGENT = "kien-giang-portal check_agreement"
PAGE_ROWS = 1_000
# A table of more rows is not read through the API, nor its later rows page by page: that is no way to treat a server.
MOST_ROWS = 20_000
MOST_BYTES = 2_000_000_000
_PATIENCE_SECONDS = 30.0
_TRIES = 4
# What publication adds to a descriptor; it is no part of the package.
_ADDED = ("distributions", "omitted")


class UnreachableError(Exception):
    """A portal that cannot be asked, or an address where there is none; the message says why."""


class Portal:
    """A portal at an address, asked politely."""

    def __init__(self, url: str, client: httpx.Client) -> None:
        self._root = url.rstrip("/") + "/"
        self._client = client

    def read_json(self, path: str) -> Any:
        """Return what a JSON document says. Raises FormError where there is none."""
        answer = self._ask(path)
        try:
            return answer.json()
        except ValueError as error:
            raise FormError(f"{path}: {error}") from error

    def fetch(self, path: str, file: Path) -> str:
        """Write what stands at an address into `file`; return its SHA-256. Raises FormError where there is nothing."""
        file.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(_TRIES):
            with self._client.stream("GET", self._root + path) as answer:
                if not _is_busy(answer):
                    return _save(answer, file)
        raise FormError("HTTP 429")

    def measure(self, path: str) -> int:
        """Return how long the file at an address says that it is."""
        answer = self._ask(path, "HEAD", {"Accept-Encoding": "identity"})
        return int(answer.headers.get("content-length", "-1"))

    def _ask(self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> httpx.Response:
        for _ in range(_TRIES):
            answer = self._client.request(method, self._root + path, headers=headers)
            if not _is_busy(answer):
                _check_status(answer)
                return answer
        raise FormError("HTTP 429")


def _is_busy(answer: httpx.Response) -> bool:
    """Tell whether a server asks for patience; wait as long as it says."""
    busy = answer.status_code in {httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE}
    if busy:
        asked = answer.headers.get("retry-after", "")
        time.sleep(min(_PATIENCE_SECONDS, int(asked) if asked.isdecimal() else 1))
    return busy


def _check_status(answer: httpx.Response) -> None:
    if answer.status_code != httpx.codes.OK:
        raise FormError(f"HTTP {answer.status_code}")


def _save(answer: httpx.Response, file: Path) -> str:
    """Write the body of an answer into a file; return its SHA-256."""
    _check_status(answer)
    digest, size = hashlib.sha256(), 0
    with file.open("wb") as target:
        for chunk in answer.iter_bytes():
            size += len(chunk)
            if size > MOST_BYTES:
                raise FormError(f"more than {MOST_BYTES} bytes")
            digest.update(chunk)
            target.write(chunk)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Outsider:
    """Compares the datasets of one portal; `folder` holds what is fetched."""

    portal: Portal
    folder: Path

    def list_datasets(self) -> dict[str, dict[str, Any]]:
        """Return what the catalogue says of each dataset, by name. Raises UnreachableError."""
        try:
            catalog = self.portal.read_json("data/catalog.json")
            return {one["name"]: one for one in catalog["datasets"]}
        except (httpx.HTTPError, httpx.InvalidURL, FormError, KeyError, TypeError) as error:
            raise UnreachableError(str(error) or type(error).__name__) from error

    def fetch_database(self) -> None:
        """Fetch the database of all tables. Raises FormError, httpx.HTTPError."""
        self.portal.fetch(f"data/{DATABASE}", self.folder / DATABASE)

    def compare(self, entry: Mapping[str, Any]) -> Proof:
        """Compare all forms of one dataset of the catalogue. Raises httpx.HTTPError where the portal falls silent."""
        name = entry["name"]
        proof = Proof()
        for one in entry["distributions"]:
            proof += self._fetch_file(name, one)
        if proof.findings:
            return proof
        loaded = self._read_package(name)
        if not loaded.packages:
            return Proof(findings=loaded.findings)
        package = loaded.packages[0]
        tables = {one.name: Table(package, one, read_rows) for one in package.resources}
        files = [_name(one["url"]) for one in entry["distributions"]]
        with closing(open_database(self.folder / DATABASE)) as database:
            proof += compare_package(package, tables, self.folder / "data" / name, files, database)
            for resource in package.resources:
                proof += self._compare_api(package, resource, tables[resource.name])
            proof += self._compare_pages(package, tables[name], database)
        return proof

    def _fetch_file(self, dataset: str, one: Mapping[str, Any]) -> Proof:
        """Fetch one file from its stable address; hold it, and its permanent address, against the catalogue."""
        path = urlsplit(one["url"]).path.lstrip("/")
        place, form = Place(dataset, path), Form(one["format"], "httpx", "text")
        try:
            found = f"sha256:{self.portal.fetch(path, self.folder / path)}"
            size = self.portal.measure(urlsplit(one["permanent"]).path.lstrip("/"))
        except FormError as error:
            return Proof(findings=(word_fault(place, form, error),))
        if found != one["hash"] or size != one["bytes"]:
            details = {"expected": one["hash"], "found": found, "bytes": one["bytes"], "size": size}
            return Proof(findings=(make_finding("download-digest", place, **details),))
        return Proof()

    def _read_package(self, name: str) -> Loaded:
        """Return the package as it was published; what publication added to the descriptor is left out."""
        published = self.folder / "data" / name
        descriptor = json.loads((published / DESCRIPTOR).read_text("utf-8"))
        for key in _ADDED:
            descriptor.get("portal", {}).pop(key, None)
        source = self.folder / "packages" / name
        source.mkdir(parents=True)
        (source / DESCRIPTOR).write_text(json.dumps(descriptor, ensure_ascii=False), "utf-8")
        for resource in descriptor["resources"]:
            # Linked, not copied: and by no symbolic link, which no package may hold.
            os.link(published / resource["path"], source / resource["path"])
        return read_packages(source.parent, (source,))

    # --- API and pages ----------------------------------------------------------------------------------------------

    def _compare_api(self, package: Package, resource: Resource, table: Table) -> Proof:
        """Compare a table with the API's, page by page; a table with a key is held against it in the API's order."""
        if table.count > MOST_ROWS:
            return _leave_out(package, table, API.name)
        file = f"datasette/opendata/{resource.name}.json"
        names = tuple(one.name for one in resource.fields)
        try:
            rows = list(convert_columns(batch_rows(self._read_api(file, names)), resource.fields, OF_SQL))
        except FormError as error:
            return Proof(findings=(word_fault(Place(package.name, file), API, error),))
        return compare_table(
            package, resource, table, [Reading(API, file, iter([names, *_sort_like(table, rows, resource)]))]
        )

    def _read_api(self, file: str, names: Cells) -> Iterator[Cells]:
        path = f"{file}?_shape=objects&_size={PAGE_ROWS}"
        while path:
            page = self.portal.read_json(path)
            for row in page["rows"]:
                # Tables without a key have one of their own, `rowid`.
                if tuple(name for name in row if name != "rowid" or name in names) != names:
                    raise FormError("object 1 has not exactly the names of the columns in their order")
                yield tuple(row[str(name)] for name in names)
            following = page.get("next")
            path = f"{file}?_shape=objects&_size={PAGE_ROWS}&_next={quote(following)}" if following else ""

    def _compare_pages(self, package: Package, table: Table, database: Any) -> Proof:
        """Fetch both pages of a dataset and its later rows, and compare them."""
        if table.count > MOST_ROWS:
            return _leave_out(package, table, *(form.name for form in PAGES.values()))
        for prefix in ("", "en/"):
            path = f"{prefix}catalog/{package.name}/"
            try:
                self.portal.fetch(path, self.folder / "site" / path / "index.html")
                self._fetch_later(package.name, "en" if prefix else "vi", self.folder / "site" / path / "index.html")
            except FormError as error:
                form = Form("HTML", "html.parser", "typed")
                return Proof(findings=(word_fault(Place(package.name, path), form, error),))
        return compare_pages(package, table, self.folder / "site", database)

    def _fetch_later(self, dataset: str, language: str, page: Path) -> None:
        html = page.read_text("utf-8")
        at = html.find('data-digits="')
        if at < 0:
            return
        digits = int(html[at + len('data-digits="') :].partition('"')[0])
        for number in range(16**digits):
            path = f"{FOLDER}/{dataset}/{number:0{digits}x}.{language}.json"
            try:
                self.portal.fetch(path, self.folder / "site" / path)
            except FormError:  # no figure has these digits; one that should be there is missed by the count
                (self.folder / "site" / path).unlink(missing_ok=True)


def _leave_out(package: Package, table: Table, *forms: str) -> Proof:
    """Return that forms of a table were not compared, because it is too long to be asked of a server."""
    return Proof(left_out=tuple(LeftOut(package.name, table.resource.name, one, table.count) for one in forms))


def _sort_like(table: Table, rows: Sequence[Cells], resource: Resource) -> list[Cells]:
    """Return the rows of an answer in the order of the package; those of unknown keys come last."""
    if not resource.primary_key:
        return list(rows)
    places = [resource.field_index(name) for name in resource.primary_key]
    typed = islice(read_typed((row.cells for row in table), resource.fields), 1, None)
    order = {tuple(row[place] for place in places): number for number, row in enumerate(typed)}
    return sorted(rows, key=lambda row: order.get(tuple(row[place] for place in places), len(order)))


def _name(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2]

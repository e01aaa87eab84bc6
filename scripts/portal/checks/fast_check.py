"""The fast check: a package of which it is certain that the slow one would find nothing in its files and rows.

The slow check (`source_file`, `conformance`, `rules`) words the findings and is the judge. The fast one reads whole
columns and knows one answer, yes: at the least doubt everything is left to the slow one. It may never say yes where
the slow one finds something; `tests/test_fast_check.py` and `make fuzz` hold the two against each other.
"""

from __future__ import annotations

import csv
import os
import re
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import duckdb
from frictionless import FrictionlessException

from portal.checks.source_file import check_path
from portal.checks.table_check import TableCheck, check_references, list_references
from portal.data.csv_block import BLOCK_BYTES, read_blocks
from portal.data.table import open_with_frictionless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from portal.checks.format_limits import Extent
    from portal.checks.rules import Context
    from portal.data.package import Package, Resource

# What a descriptor may say of a file and its schema that is known to leave the reading of cells as it is; the
# profile has seen to most of it, but a doubt costs time only.
_KNOWN_RESOURCE = frozenset({
    "name", "type", "path", "format", "mediatype", "encoding", "title", "title@en", "description", "description@en",
    "dialect", "schema",
})  # fmt: skip
_KNOWN_SCHEMA = frozenset({"$schema", "title", "description", "fields", "primaryKey", "foreignKeys", "missingValues"})
_KNOWN_DIALECT: Mapping[str, tuple[object, ...]] = {
    "delimiter": (",",), "header": (True,), "quoteChar": ('"',), "doubleQuote": (True,),
    "lineTerminator": ("\n", "\r\n"),
}  # fmt: skip
# A name that ends otherwise may be a compressed file for frictionless.
_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_/-]*\.csv\Z")
_NAME = re.compile(r"[a-z_][a-z0-9_]*\Z")
# A doubt, and all that frictionless and the readers of descriptors raise where a descriptor holds nonsense.
_DOUBTS = (
    ArithmeticError, AttributeError, FrictionlessException, LookupError, OSError, TypeError, ValueError, csv.Error,
    duckdb.Error, re.error,
)  # fmt: skip


def measure_clean(package: Package, context: Context) -> tuple[Extent, ...] | None:
    """Return how many rows each table of a package has, where it is certain that no file and no cell has a fault.

    None says nothing: there may be a fault, or something that only the slow check can judge. The cells of a clean
    table fit into Excel; whether its rows do, the extent tells, whose longest cell was not looked for.
    """
    try:
        return _check_package(package, context)
    except _DOUBTS:
        return None


def _check_package(package: Package, context: Context) -> tuple[Extent, ...]:
    """Return how many rows each table has; raise one of _DOUBTS unless the package is certainly clean."""
    judged = open_with_frictionless(package)
    judged.to_descriptor(validate=True)
    references = list_references(judged)
    tables = []
    for resource, judged_resource in zip(package.resources, judged.resources, strict=True):
        judged_resource.to_descriptor(validate=True)
        if not _is_known(resource) or any(True for _ in check_path(package, resource)):
            raise ValueError(resource.path)
        tables.append(TableCheck(package, resource, judged_resource, references, context))
    extents = [check_table(table) for table in tables]
    check_references(references, tables)
    return tuple(extents)


def _is_known(resource: Resource) -> bool:
    """Tell whether everything that the descriptor of a table says is known here."""
    said = resource.descriptor
    return (
        said.keys() <= _KNOWN_RESOURCE
        and (said["type"], said["format"], said["encoding"]) == ("table", "csv", "utf-8")
        and bool(_PATH.match(said["path"]))
        and all(value in _KNOWN_DIALECT.get(name, ()) for name, value in said["dialect"].items())
        and said["schema"].keys() <= _KNOWN_SCHEMA
        and all(_NAME.match(column.name) for column in resource.fields)
    )


def check_table(table: TableCheck) -> Extent:
    """Check all rows of a table, in blocks on all cores; return how many there are."""
    blocks = read_blocks(table.resource.file, table.names)
    workers = os.cpu_count() or 1 if table.resource.file.stat().st_size > BLOCK_BYTES else 1
    with table:
        for checked in _map_ahead(table.check_block, blocks, workers):
            table.add(checked)
        return table.finish()


def _map_ahead(function: Callable[[bytes], Any], items: Iterable[bytes], workers: int) -> Iterator[Any]:
    """Yield the results of a function in order, computed in threads, with few items in memory at a time."""
    if workers == 1:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Any] = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

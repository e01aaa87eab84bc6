"""Table checks: whether all rows of a table are certainly right: their cells, keys, periods and references."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Self

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from portal.checks.column_check import KEY_TYPES, ColumnCheck
from portal.checks.format_limits import Extent
from portal.checks.key_digest import KeyDigests
from portal.checks.rules import check_period
from portal.data.csv_block import DoubtError, flags_of, mask_of, parse_block
from portal.data.finding import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from portal.checks.rules import Context
    from portal.data.package import Field, Package, Resource

# Stands between the cells of a key; no cell holds a control character.
_SEPARATOR = "\x1f"
# Spreads numbers over all 64 bits, as files of digests are told apart by the first ones (Knuth, 6.4).
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
# Different keys of references that are held in memory.
_MAX_REFERENCES = 4_000_000
# What decides how a text of a column is read; where it is the same, the same text is the same value.
_READING = ("type", "format", "missingValues", "trueValues", "falseValues", "bareNumber", "decimalChar", "groupChar")


@dataclass(frozen=True, slots=True)
class Key:
    """Columns of a table, by their names, that a reference leads from or to."""

    table: str
    columns: tuple[str, ...]


Reference = tuple[Key, Key]


@dataclass(frozen=True, slots=True)
class Checked:
    """The columns of a block whose cells are right, and which of their cells are missing."""

    columns: Sequence[pa.StringArray]
    missing: Sequence[np.ndarray]


@cache
def _open_engine() -> duckdb.DuckDBPyConnection:
    """Return the engine that computes digests: it is slow to open, and holds nothing."""
    return duckdb.connect(config={"threads": 1})


def list_references(judged: Any) -> list[Reference]:
    """Return the foreign keys of a package of frictionless, each as the key that refers and the one referred to."""
    return [
        (
            Key(table.name, tuple(one["fields"])),
            Key(one["reference"]["resource"] or table.name, tuple(one["reference"]["fields"])),
        )
        for table in judged.resources
        for one in table.schema.foreign_keys
    ]


class TableCheck:
    """The check of one table: `check_block` for each block, in any thread; `add` in order; `finish` in the end."""

    def __init__(
        self, package: Package, resource: Resource, judged: Any, references: Iterable[Reference], context: Context
    ) -> None:
        self.package, self.resource = package, resource
        self.names = [column.name for column in resource.fields]
        self._context = context
        unique = [field.name for field in judged.schema.fields if field.constraints.get("unique")]
        self._keys = [tuple(judged.schema.primary_key), *((name,) for name in unique)]
        self._keys = [key for key in self._keys if key]
        in_keys = {name for key in self._keys for name in key}
        self._columns = [
            ColumnCheck(package, resource, field, context, key=field.name in in_keys) for field in judged.schema.fields
        ]
        self._digests: list[KeyDigests] = []
        self._referred: dict[Key, list[pa.StringArray]] = {
            key: [] for pair in references for key in pair if key.table == resource.name
        }
        self._wanted = self._find_headline()
        self._rows = 0

    def __enter__(self) -> Self:
        self._resources = ExitStack()
        self._digests = [self._resources.enter_context(KeyDigests()) for _ in self._keys]
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def _find_headline(self) -> dict[str, str] | None:
        """Return what the cells of a row of the headline are, by column; None where no row is looked for."""
        headline = self.package.headline
        if headline is None or self.resource is not self.package.main:
            return None
        wanted = {"measure": headline.measure, "transform": headline.transform, **dict(headline.where)}
        for name in wanted:
            if self._columns[self.names.index(name)].column.type != "string":
                raise DoubtError("a headline that selects by a column that is no text")
        return wanted

    def check_block(self, block: bytes) -> Checked:
        """Check the cells of a block; raise DoubtError at any doubt."""
        columns = parse_block(block, self.names)
        missing = [column.check(cells) for column, cells in zip(self._columns, columns, strict=True)]
        if np.logical_and.reduce(missing).any():
            raise DoubtError("a row without a cell")
        return Checked(columns, missing)

    def add(self, block: Checked) -> None:
        """Take the keys, periods and references of a block in."""
        self._rows += len(block.columns[0])
        for key, digests in zip(self._keys, self._digests, strict=True):
            digests.add(self._digest(key, block))
        for place, values in self._referred.items():
            values.append(self._join(place.columns, block))
            if sum(map(len, values)) > _MAX_REFERENCES:
                raise DoubtError("many keys that are referred to")
        if self.package.kind == "indicator":
            self._check_periods(block)
        if self._wanted is not None and self._has_headline(block, self._wanted):
            self._wanted = None

    def finish(self) -> Extent:
        """Return how many rows there were; raise DoubtError at none, at keys that are the same, at no headline."""
        if not self._rows:
            raise DoubtError("a table without rows")
        if not all(digests.all_differ() for digests in self._digests):
            raise DoubtError("two keys that may be the same")
        if self._wanted is not None:
            raise DoubtError("no row for the headline")
        return Extent(self._rows)

    def _pick(self, names: Sequence[str], block: Checked) -> list[pa.StringArray]:
        """Return the cells of a key; where it is a single column, without the missing ones, which are no key."""
        positions = [self.names.index(name) for name in names]
        whole = ~np.logical_or.reduce([block.missing[position] for position in positions])
        if whole.all():
            return [block.columns[position] for position in positions]
        if len(positions) > 1:
            raise DoubtError("a key with a missing cell")
        return [block.columns[positions[0]].filter(flags_of(whole))]

    def _digest(self, key: Sequence[str], block: Checked) -> np.ndarray:
        """Return 64 bits for each key."""
        cells = self._pick(key, block)
        if len(key) == 1 and self.column(key[0]).type == "integer":
            # They have the shape of keys, at most 15 digits; an odd factor keeps different ones different.
            return np.from_dlpack(pc.cast(cells[0], pa.int64())).view(np.uint64) * _SPREAD
        names = [f"k{number}" for number in range(len(cells))]
        rows = pa.table(cells, names)
        selected = _open_engine().from_arrow(rows).project(f"hash({', '.join(names)}) AS digest")
        return np.asarray(selected.to_arrow_table()["digest"])

    def _join(self, names: Sequence[str], block: Checked) -> pa.StringArray:
        """Return the different keys of some columns, each as one text."""
        cells = self._pick(names, block)
        return pc.unique(pc.binary_join_element_wise(*cells, _SEPARATOR) if len(cells) > 1 else cells[0])

    def _check_periods(self, block: Checked) -> None:
        cells = [block.columns[self.names.index(name)] for name in ("period", "status")]
        place = Place(self.package.name, self.resource.path, line=2)
        for joined in pc.unique(pc.binary_join_element_wise(*cells, _SEPARATOR)).to_pylist():
            period, _, status = joined.partition(_SEPARATOR)
            if any(True for _ in check_period(period, status, self._context, place)):
                raise DoubtError(period)

    def _has_headline(self, block: Checked, wanted: Mapping[str, str]) -> bool:
        found = np.ones(len(block.columns[0]), np.bool_)
        for name, code in wanted.items():
            position = self.names.index(name)
            found = found & mask_of(pc.equal(block.columns[position], code)) & ~block.missing[position]
        return bool(found.any())

    def read_references(self, key: Key) -> pa.StringArray:
        """Return the different keys that stand in some columns."""
        values = self._referred[key]
        return pc.unique(pa.concat_arrays(values)) if values else pa.array([], pa.string())

    def column(self, name: str) -> Field:
        """Return a column by its name."""
        return self.resource.fields[self.names.index(name)]

    def describe_reading(self, name: str) -> list[object]:
        """Return what decides how the cells of a column are read."""
        descriptor = self.resource.descriptor["schema"]["fields"][self.names.index(name)]
        return [*map(descriptor.get, _READING), self._columns[self.names.index(name)].missing]


def check_references(references: Iterable[Reference], tables: Iterable[TableCheck]) -> None:
    """Raise DoubtError unless every key that refers stands in the table that it refers to."""
    by_name = {table.resource.name: table for table in tables}
    for child, parent in references:
        here, there = by_name[child.table], by_name[parent.table]
        pairs = list(zip(child.columns, parent.columns, strict=True))
        if any(here.column(one).type not in KEY_TYPES for one, _ in pairs):
            raise DoubtError("a reference of a type that is not known")
        if any(here.describe_reading(one) != there.describe_reading(other) for one, other in pairs):
            raise DoubtError("a reference to a column that is read in another way")
        found = pc.is_in(here.read_references(child), value_set=there.read_references(parent))
        if not pc.all(found, min_count=0).as_py():
            raise DoubtError("a reference to nothing")

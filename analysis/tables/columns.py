"""What a canonical table declares: its columns, their kinds and the Arrow types of those."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd
import pyarrow as pa

Kind = Literal["id", "person", "label", "text", "date", "instant", "int", "number", "share", "bool"]

ARROW_TYPES: Mapping[Kind, pa.DataType] = {
    "id": pa.string(),
    "person": pa.string(),
    "label": pa.string(),
    "text": pa.string(),
    "date": pa.date32(),
    "instant": pa.timestamp("us", tz="UTC"),
    "int": pa.int64(),
    "number": pa.float64(),
    "share": pa.float64(),
    "bool": pa.bool_(),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a canonical table.

    ``person`` columns hold keyed pseudonyms. ``labels`` closes the set of values of a ``label``.
    ``low`` and ``high`` are inclusive. ``refers`` names the table whose key the column must hit.
    """

    kind: Kind
    about: str
    required: bool = False
    labels: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    unit: str | None = None
    refers: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One canonical table: what a row is, the columns that identify it, and all columns."""

    name: str
    row: str
    key: tuple[str, ...]
    columns: Mapping[str, Column]

    def schema(self) -> pa.Schema:
        """Return the Arrow schema in declared column order."""
        return pa.schema([(name, ARROW_TYPES[c.kind]) for name, c in self.columns.items()])

    def empty(self) -> pd.DataFrame:
        """Return the table with no rows and the declared types."""
        return self.schema().empty_table().to_pandas(types_mapper=pd.ArrowDtype)


def identifier(about: str, *, required: bool = True, refers: str | None = None) -> Column:
    """Return a column that identifies what ``about`` says."""
    return Column("id", about, required=required, refers=refers)


def site(*, required: bool = True) -> Column:
    """Return the column that names a site."""
    return Column("id", "managed project", required=required, refers="sites")

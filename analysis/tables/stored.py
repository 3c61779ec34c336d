"""Canonical tables that outgrew memory: read in parts, or by a sample of whole units.

What counts rows goes through a table part by part; what needs single records at once (a curve of
waiting, the items of a questionnaire) takes a seeded sample above :data:`MOST_ROWS`, and says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

MOST_ROWS = 500_000
"""Rows in memory at once: those of a part, of a sample, and of a table that is read whole."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A canonical table in a Parquet file, none of whose rows are in memory.

    Attributes
    ----------
    path : Path
        The file.
    before : (str, Timestamp) or None
        A column of instants and a moment: rows from then on do not belong to the table.
    most : int
        Rows of a part.
    """

    path: Path
    before: tuple[str, pd.Timestamp] | None = None
    most: int = MOST_ROWS

    def __len__(self) -> int:
        """Return the number of rows."""
        if self.before is None:
            return pq.read_metadata(self.path).num_rows
        return sum(batch.num_rows for batch in self._batches([self.before[0]]))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(pq.read_schema(self.path).names)

    def filled(self, column: str) -> int:
        """Return how many rows have a value in a column."""
        batches = self._batches([column])
        return sum(len(batch) - batch.column(0).null_count for batch in batches)

    def parts(self, columns: Sequence[str], *, by: str = "") -> Iterator[pd.DataFrame]:
        """Give the rows part by part; see :func:`parts`."""
        names = self._known([*columns, *([by] if by else [])])
        if not by:
            yield from (batch.to_pandas() for batch in self._batches(names))
            return
        import duckdb

        schema = pq.read_schema(self.path).empty_table().select(names).schema
        listed = ", ".join(f'"{name}"' for name in names)
        count = max(-(-len(self) // self.most), 1)
        query = (
            f"SELECT {listed} FROM read_parquet($path) "
            f'WHERE "{by}" IS NOT NULL AND hash("{by}") % {count} = $number'
        )
        given: dict[str, object] = {}
        if self.before is not None:
            query += f' AND "{self.before[0]}" < $moment'
            given["moment"] = self.before[1].to_pydatetime()
        with duckdb.connect(config={"threads": 1, "memory_limit": "1GB"}) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            given["path"] = literal(self.path)
            for number in range(count):
                found = connection.execute(query, {"number": number, **given})
                if len(rows := found.to_arrow_table()):
                    yield rows.cast(schema).to_pandas()

    def _batches(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Rows that belong to the table, in the order of the file; batches without any are not."""
        dated = [] if self.before is None else [self.before[0]]
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(
                self.most, columns=list(dict.fromkeys([*names, *dated]))
            ):
                if self.before is not None:
                    column, moment = self.before
                    kind = batch.schema.field(column).type
                    batch = batch.filter(pc.less(batch[column], pa.scalar(moment, kind)))
                if batch.num_rows:
                    yield batch.select(list(names))

    def _known(self, columns: Sequence[str]) -> list[str]:
        known = self.columns
        return [name for name in dict.fromkeys(columns) if name in known]


Rows = pd.DataFrame | Stored
"""A table as a step that counts takes it: in memory, or on disk."""


def parts(table: Rows, columns: Sequence[str], *, by: str = "") -> Iterator[pd.DataFrame]:
    """Give the rows of a table part by part; a frame in memory is one part, as it is.

    Parameters
    ----------
    table : DataFrame or Stored
    columns : sequence of str
        What is needed of it; columns that it has not are passed over.
    by : str
        A column of which all rows of one value come in one part; rows without a value are then
        in none, unless the table is in memory. Without it, parts follow each other in the file.
    """
    if isinstance(table, Stored):
        yield from table.parts(columns, by=by)
    else:
        yield table


def filled(table: Rows, column: str) -> int:
    """Return how many rows of a table have a value in a column."""
    if isinstance(table, Stored):
        return table.filled(column)
    return int(table[column].notna().sum())


def literal(path: Path) -> str:
    """Return a path as DuckDB reads it, which takes signs of a folder's name for a pattern."""
    return re.sub(r"([\[*?])", r"[\1]", str(path))


@dataclass(frozen=True, slots=True)
class Sample:
    """How a sample of a table's rows was drawn.

    Attributes
    ----------
    unit : str
        Column that names what was drawn: all rows of one value are in the sample, or none.
    seed : int
        Of the draw.
    used, there : int
        Rows in the sample, and rows that could have been.
    """

    unit: str
    seed: int
    used: int
    there: int


def sample(
    table: Rows,
    columns: Sequence[str],
    *,
    unit: str,
    seed: int,
) -> tuple[pd.DataFrame, Sample | None]:
    """Return the rows of a table, or of a sample of its units where there are too many.

    A unit is drawn by a hash of its name and the seed, with the same chance each: which are
    drawn depends neither on the order of the rows nor on what they hold.

    Parameters
    ----------
    table : DataFrame or Stored
    columns : sequence of str
        What is needed of it.
    unit : str
        Column of what is drawn whole, such as a work order or a filled questionnaire.
    seed : int
        Of the draw.

    Returns
    -------
    DataFrame
        All rows, or those of the sample: about as many as a part holds.
    Sample or None
        How it was drawn; None where these are all rows.
    """
    if not isinstance(table, Stored):
        return table, None
    names, there = [*columns, unit], len(table)
    if there <= table.most:
        return pd.concat(table.parts(names), ignore_index=True), None
    limit = np.uint64(int(table.most / there * 2.0**64))
    drawn = [part[_hashes(part[unit], seed) < limit] for part in table.parts(names)]
    found = pd.concat(drawn, ignore_index=True)
    return found, Sample(unit, seed, len(found), there)


def _hashes(names: pd.Series, seed: int) -> np.ndarray:
    """(rows,) a 64-bit number for each name, another one with another seed."""
    key = f"{seed % 10**16:016d}"
    return pd.util.hash_pandas_object(names, index=False, hash_key=key).to_numpy()

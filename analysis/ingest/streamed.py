"""One source that is larger than memory should hold: shaped sheet by sheet, written as it goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analysis.client import Source
from analysis.errors import Fault
from analysis.files import private_folder
from analysis.ingest.draft import Draft
from analysis.ingest.record import AcceptedRecord, ColumnRecord
from analysis.tables import TABLES, conform

ROWS_AT_ONCE = 1_500_000
"""Rows of a source that are shaped together; one with more is shaped sheet by sheet."""

_NO_ROWS = np.empty(0, dtype=np.int64)


def may_stream(source: Source) -> bool:
    """Return whether the rows of a source can be shaped without looking at those of other sheets.

    Rows that are summed up, or of which one is kept, are looked at together.
    """
    rule = source.duplicates
    together = source.distinct or source.aggregate is not None or rule.by or rule.keep != "error"
    # Sites whose amounts are those of all others together are sought by month.
    return not together and "site_id" not in TABLES[source.table].key


def stream(drafts: Iterable[Draft], target: Path) -> Draft | None:
    """Write the rows of drafts one after the other, and return what is told of all of them.

    Parameters
    ----------
    drafts : iterable of Draft
        Of one source, each shaped by itself.
    target : Path
        Takes the canonical rows as Parquet.

    Returns
    -------
    Draft or None
        Without rows. None where anything has to be told that needs all rows together: a fault
        that stops the import, a key that stands in two sheets, more rows than are accepted.
    """
    told: Draft | None = None
    keys: list[np.ndarray] = []
    with _Writer(target) as writer:
        for draft in drafts:
            faults = [*(problem.fault for problem in draft.problems), *draft.faults]
            if any(fault.blocking for fault in faults):
                return None
            keys.append(_hashes(draft))
            table = conform(draft.table.name, draft.frame)
            writer.write(table)
            draft.frame = draft.table.empty()  # a slice would hold all rows
            draft.origin, draft.row = _NO_ROWS, _NO_ROWS
            del table
            told = draft if told is None else _together(told, draft)
    if told is None or _any_twice(keys):
        return None
    if any(entry.rows > entry.max_rows for entry in told.accepted):
        return None
    told.written = (target, writer.rows)
    return told


class _Writer:
    """A Parquet file to which tables of one schema are added."""

    def __init__(self, target: Path) -> None:
        self.target, self.rows = target, 0
        self._file: pq.ParquetWriter | None = None

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, table: pa.Table) -> None:
        if self._file is None:
            private_folder(self.target.parent)
            self._file = pq.ParquetWriter(self.target, table.schema)
        self._file.write_table(table)
        self.rows += len(table)


def _hashes(draft: Draft) -> np.ndarray:
    """Return a 64-bit number for the key of each row; equal keys have equal ones."""
    key = list(draft.table.key)
    rows = pa.table({column: pa.array(draft.frame[column], from_pandas=True) for column in key})
    import duckdb

    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("rows", rows)
        found = connection.execute(f"SELECT hash({', '.join(key)}) AS h FROM rows").fetchnumpy()
    return np.asarray(found["h"], dtype=np.uint64)


def _any_twice(keys: list[np.ndarray]) -> bool:
    every = np.concatenate(keys)
    every.sort()
    return bool((every[1:] == every[:-1]).any())


def _together(first: Draft, second: Draft) -> Draft:
    """Add what is told of a further sheet to what is told of those before it."""
    first.rows_in += second.rows_in
    first.rows_added += second.rows_added
    first.left_out.update(second.left_out)
    first.files += second.files
    first.problems += second.problems
    unused = {_of(fault) for fault in first.faults} & {_of(fault) for fault in second.faults}
    first.faults = [fault for fault in first.faults if _of(fault) in unused]
    first.columns = {
        name: _added(record, second.columns[name]) for name, record in first.columns.items()
    }
    entries = {_entry(accepted): accepted for accepted in first.accepted}
    for accepted in second.accepted:
        before = entries.get(_entry(accepted))
        rows = accepted.rows + (0 if before is None else before.rows)
        entries[_entry(accepted)] = accepted.model_copy(update={"rows": rows})
    first.accepted = list(entries.values())
    return first


def _of(fault: Fault) -> tuple[Any, ...]:
    return (fault.rule, fault.file, fault.row, fault.column)


def _entry(accepted: AcceptedRecord) -> tuple[Any, ...]:
    return tuple(accepted.model_dump(exclude={"rows"}).values())


def _added(first: ColumnRecord, second: ColumnRecord) -> ColumnRecord:
    def both(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
        return dict(sorted((Counter(one) + Counter(other)).items()))

    return first.model_copy(
        update={
            "converted": both(first.converted, second.converted),
            "missing": both(first.missing, second.missing),
        }
    )


def answered(path: Path) -> pd.DataFrame:
    """Return instrument and item of every answer of stored questionnaires, each pair once."""
    columns = ["instrument", "item", "score"]
    pairs = set()
    for batch in pq.ParquetFile(path).iter_batches(columns=columns):
        table = pa.Table.from_batches([batch])
        table = table.filter(pc.is_valid(table["score"])).group_by(columns[:2]).aggregate([])
        pairs.update(zip(*(table[name].to_pylist() for name in columns[:2]), strict=True))
    frame = pd.DataFrame(sorted(pairs, key=str), columns=columns[:2])
    return frame.assign(score=1.0)

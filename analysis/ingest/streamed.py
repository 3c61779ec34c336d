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
from analysis.ingest.row_groups import concatenate
from analysis.ingest.shaped import Piece
from analysis.tables import TABLES, conform
from analysis.tables.digests import any_twice, key_digests

ROWS_AT_ONCE = 500_000
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


def stream(pieces: Iterable[Piece], target: Path, *, apart: bool = False) -> Draft | None:
    """Write the rows of sheets one after the other, and return what is told of all of them.

    Parameters
    ----------
    pieces : iterable of Piece
        Of one source, each shaped by itself, now or at an earlier import.
    target : Path
        Takes the canonical rows as Parquet.
    apart : bool
        Write each sheet to a file of its own first, so that it can be kept.

    Returns
    -------
    Draft or None
        Without rows. None where anything has to be told that needs all rows together: a fault
        that stops the import, a key that stands in two sheets, more rows than are accepted.

    Raises
    ------
    OtherBytesError
        When a kept file is not as it was written.
    """
    told: Draft | None = None
    keys: list[np.ndarray] = []
    with _Writer(target, apart=apart) as writer:
        for piece in pieces:
            draft = piece.draft
            faults = [*(problem.fault for problem in draft.problems), *draft.faults]
            if any(fault.blocking for fault in faults):
                return None
            ready = piece if piece.path is not None else _written(piece, writer)
            if ready.path is not None:
                writer.take(ready.path, ready.digest)
            keys.append(ready.keys)
            draft.frame = draft.table.empty()  # a slice would hold all rows
            draft.origin, draft.row = _NO_ROWS, _NO_ROWS
            told = draft if told is None else _together(told, draft)
            del piece, ready
        if told is None or any_twice(np.sort(np.concatenate(keys), kind="stable")):
            return None
        if any(entry.rows > entry.max_rows for entry in told.accepted):
            return None
        told.written = (target, writer.finish())
    return told


def _written(piece: Piece, writer: _Writer) -> Piece:
    """Write the rows of a sheet that was shaped now; return the piece that takes its place."""
    draft = piece.draft
    keys = np.sort(key_digests(draft.frame, draft.table.key))
    table = conform(draft.table.name, draft.frame)
    kept = None if piece.keep is None else piece.keep(table, keys)
    if kept is None:
        writer.write(table)
    return kept or Piece(draft, keys=keys)


class _Writer:
    """A Parquet file to which tables of one schema are added, or whole files of them."""

    def __init__(self, target: Path, *, apart: bool) -> None:
        self.target, self.rows, self.apart = target, 0, apart
        self._file: pq.ParquetWriter | None = None
        self._files: list[tuple[Path, str]] = []
        self._own: list[Path] = []

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
        for path in self._own:
            path.unlink(missing_ok=True)

    def write(self, table: pa.Table) -> None:
        private_folder(self.target.parent)
        if self.apart:
            path = self.target.with_name(f"{self.target.stem}-{len(self._own)}.parquet")
            self._own.append(path)
            pq.write_table(table, path)
            self.take(path, "")
            return
        if self._file is None:
            self._file = pq.ParquetWriter(self.target, table.schema)
        self._file.write_table(table)
        self.rows += len(table)

    def take(self, path: Path, digest: str) -> None:
        """Add the rows of a file, which has this SHA-256."""
        self._files.append((path, digest))

    def finish(self) -> int:
        """Return how many rows the file has, after putting those of other files into it."""
        if self._files:
            private_folder(self.target.parent)
            self.rows = concatenate(self._files, self.target)
        return self.rows


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

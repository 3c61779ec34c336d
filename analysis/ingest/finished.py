"""Canonical tables of one source each, kept whole while no sheet of it changed.

Beside the cleaned sheets (:mod:`analysis.ingest.kept`) two files are kept for a table: its
canonical rows, which are copied into the run, and what was told of them. They hold as long as the
sheets do and all that rows are put together and checked by (:mod:`analysis.ingest.shaped`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.client import Source
from analysis.errors import SchemaError
from analysis.files import private_folder, sha256
from analysis.ingest import shaped
from analysis.ingest.columns import Taker
from analysis.ingest.draft import Draft
from analysis.ingest.kept import KeptSheets, head_in, without_cells
from analysis.ingest.readers import RawTable
from analysis.ingest.record import FileRecord
from analysis.ingest.shaped import Labels
from analysis.tables import conform

_FACTS = b"crmeval"
_NO_ROWS = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Finished:
    """One source whose canonical table is kept.

    Attributes
    ----------
    draft : Draft
        What is told of it; its rows are in the file it names as written.
    heads : list of RawTable
        What was read of each sheet, without its rows.
    names : tuple of str
        Hashes of people's names in columns that are not taken over.
    """

    draft: Draft
    heads: list[RawTable]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the table of a source is kept, and where it is to be written.

    Attributes
    ----------
    sheets : KeptSheets
        Holds it, beside the cleaned sheets.
    name : str
        Names its files; changes with all that the table depends on but the spelling of labels.
    target : Path
        Takes the canonical rows.
    """

    sheets: KeptSheets
    name: str
    target: Path

    @classmethod
    def of(cls, sheets: KeptSheets, target: Path, keys: Sequence[str], around: str) -> Place:
        """Return the place of a source.

        Parameters
        ----------
        sheets : KeptSheets
            Where.
        target : Path
            Takes the canonical rows.
        keys : sequence of str
            Tell the cleaned sheets of the source from all others, in order.
        around : str
            Of :func:`analysis.ingest.shaped.surroundings`.
        """
        name = hashlib.sha256(json.dumps([*keys, around]).encode()).hexdigest()
        return cls(sheets, name, target)

    @property
    def rows(self) -> Path:
        """File of the canonical rows."""
        return self.sheets.folder / f"{self.name}-table.parquet"

    @property
    def told(self) -> Path:
        """File of what was told of them."""
        return self.sheets.folder / f"{self.name}-told.parquet"

    def find(self, source: Source, taker: Taker) -> Finished | None:
        """Return the source as it is kept, its rows in place; None where it is not, or no more so.

        Parameters
        ----------
        source : Source
            The description.
        taker : Taker
            Knows the spellings of the sources before; learns those of this one.
        """
        try:
            facts = json.loads(pq.read_schema(self.told).metadata[_FACTS])
            if not shaped.spelled_alike(facts["labels"], taker):
                return None
            records = [FileRecord.model_validate(record) for record in facts["files"]]
            draft = shaped.draft_of(facts, source, records)
            heads = [head_in(head) for head in facts["heads"]]
            content = self.rows.read_bytes()
        except (OSError, pa.ArrowInvalid, KeyError, ValueError, TypeError):
            return None  # never kept, half of it removed, or damaged
        if hashlib.sha256(content).hexdigest() != facts["digest"]:
            return None
        private_folder(self.target.parent)
        self.target.write_bytes(content)
        draft.written = (self.target, facts["rows"])
        shaped.learn(facts["labels"], taker)
        self.sheets.used |= {self.rows.name, self.told.name}
        return Finished(draft, heads, tuple(facts["names"]))

    def keep(
        self,
        draft: Draft,
        labels: Labels,
        *,
        heads: Sequence[RawTable] = (),
        names: Sequence[str] = (),
    ) -> None:
        """Keep a source that is ready, if nothing of it stops the import or tells a cell.

        Its rows are written to their place then, and are no more in memory.

        Parameters
        ----------
        draft : Draft
            The source, shaped and checked; nobody who is left out stands in it.
        labels : Labels
            Of :func:`analysis.ingest.shaped.labels_of`.
        heads, names
            As of :class:`Finished`, where the sheets are not kept by themselves.
        """
        problems = [*(problem.fault for problem in draft.problems), *draft.faults]
        files = {record.file for record in draft.files}
        told = all(without_cells([p], p.fault.file or "") for p in draft.problems)
        inside = all(problem.fault.file in files for problem in draft.problems)
        if any(fault.blocking for fault in problems) or not (told and inside):
            return
        try:
            table = conform(draft.table.name, draft.frame)
        except SchemaError:
            return  # told when the table is written
        self.sheets.write(self.rows, table, checked=False)  # as the canonical table is written
        facts: dict[str, Any] = shaped.facts_of(draft, labels) | {
            "rows": len(table),
            "digest": sha256(self.rows),
            "files": [record.model_dump(mode="json") for record in draft.files],
            "heads": [
                [dataclasses.asdict(head.source), [str(header) for header in head.frame.columns]]
                for head in heads
            ],
            "names": sorted(names),
        }
        text = json.dumps(facts, ensure_ascii=False).encode("utf-8")
        self.sheets.write(self.told, pa.table({}).replace_schema_metadata({_FACTS: text}))
        private_folder(self.target.parent)
        self.target.write_bytes(self.rows.read_bytes())
        draft.written = (self.target, len(table))
        draft.frame, draft.items = draft.table.empty(), {}
        draft.origin = draft.row = _NO_ROWS

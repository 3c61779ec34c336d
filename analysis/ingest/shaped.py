"""Sheets of a large source kept as the canonical table has them, with what was told of their rows.

Beside the cleaned sheet (:mod:`analysis.ingest.kept`) two files are kept: its canonical rows, which
are put into the table without being decoded, and a number for each key, by which keys that stand in
two sheets are found. They hold as long as everything does that rows are checked and shaped by: the
client file, the sites and staff, the people left out, the program; and as long as each label that
is spelled freely is spelled as the sheets before spell it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.client import Client, Source
from analysis.errors import Fault
from analysis.files import sha256
from analysis.ingest.cleaning import normalise
from analysis.ingest.columns import Taker, is_free
from analysis.ingest.draft import Draft, Origin
from analysis.ingest.kept import KeptPart, KeptSheets, problem_in, problem_out, without_cells
from analysis.ingest.parts import Part
from analysis.ingest.record import AcceptedRecord, ColumnRecord, FileRecord
from analysis.tables import TABLES

_FACTS = b"crmeval"
_MOST_LABELS = 50_000
_NO_ROWS = np.empty(0, dtype=np.int64)

Labels = dict[str, dict[str, tuple[str, str]]]
"""By column and folded label: how the sheet spells it first, and how the table does."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One shaped sheet on its way into a canonical table.

    Attributes
    ----------
    draft : Draft
        What is told of it; without rows where they are in ``path``.
    path : Path or None
        Its canonical rows as Parquet.
    digest : str
        SHA-256 of that file.
    keys : ndarray of uint64 or None
        A number for the key of each row, in order.
    keep : callable or None
        Keeps the canonical rows and keys of the draft; returns the piece that takes its place, or
        None where they may not be kept.
    """

    draft: Draft
    path: Path | None = None
    digest: str = ""
    keys: np.ndarray | None = None
    keep: Callable[[pa.Table, np.ndarray], Piece | None] | None = None


def surroundings(client: Client, known: Mapping[str, frozenset[str]]) -> str:
    """Return a hash of what rows are checked and shaped by, besides themselves.

    Parameters
    ----------
    client : Client
        The client file.
    known : Mapping
        Identifiers of the tables that are ready.
    """
    said = hashlib.sha256(sha256(client.path).encode())
    said.update(client.model_dump_json().encode("utf-8", errors="surrogatepass"))
    ids = {name: sorted(found) for name, found in known.items()}
    text = json.dumps([ids, metadata.version("duckdb")], ensure_ascii=False)
    said.update(text.encode("utf-8", errors="surrogatepass"))
    return said.hexdigest()


def labels_of(source: Source, parts: Sequence[Part], taker: Taker) -> Labels | None:
    """Return the freely spelled labels of sheets; None where they are too many to be kept.

    Parameters
    ----------
    source : Source
        The description.
    parts : sequence of Part
        The sheets in order, each cleaned by itself.
    taker : Taker
        Knows the spellings of these sheets and all before.
    """
    spec = TABLES[source.table].columns
    if source.unpivot is not None and spec[source.unpivot.value].kind == "label":
        return None
    found: Labels = {}
    for part in parts:
        for column, cells in part.columns.items():
            if is_free(spec[column], source.columns.get(column)):
                seen, own = taker.spellings[column], found.setdefault(column, {})
                for text in cells.cells.dropna().unique():
                    folded = normalise(text)[0]
                    own.setdefault(folded, (text, seen[folded]))
    return found if sum(map(len, found.values())) <= _MOST_LABELS else None


def find(sheet: KeptPart, key: str, source: Source, taker: Taker) -> Piece | None:
    """Return a kept sheet as the canonical table has it; None where it is not kept, or no more so.

    Parameters
    ----------
    sheet : KeptPart
        The cleaned sheet.
    key : str
        Of :func:`surroundings`.
    source : Source
        The description.
    taker : Taker
        Knows the spellings of the sheets before; learns those of this one.
    """
    rows, keys = _paths(sheet.sheets, sheet.path.stem, key)
    if {rows.name, keys.name} & sheet.sheets.damaged or not rows.is_file():
        return None
    try:
        table = pq.read_table(keys, memory_map=False, page_checksum_verification=True)
        facts = json.loads(table.schema.metadata[_FACTS])
        if not spelled_alike(facts["labels"], taker):
            return None
        draft = draft_of(facts, source, [sheet.record])
    except (OSError, pa.ArrowInvalid, KeyError, ValueError, TypeError):
        return None
    learn(facts["labels"], taker)
    sheet.sheets.used |= {rows.name, keys.name}
    return Piece(draft, rows, facts["digest"], table["digest"].to_numpy())


def spare(sheet: KeptPart, key: str) -> None:
    """Leave a shaped sheet, named as in :func:`find`, where this import cannot take it."""
    sheet.sheets.used |= {path.name for path in _paths(sheet.sheets, sheet.path.stem, key)}


def put(
    sheets: KeptSheets, stem: str, key: str, draft: Draft, labels: Labels
) -> Callable[[pa.Table, np.ndarray], Piece | None]:
    """Return what keeps a shaped sheet, if nothing of it may be kept from view.

    Parameters
    ----------
    sheets : KeptSheets
        Where.
    stem : str
        Name of the file of the cleaned sheet, without its suffix.
    key : str
        Of :func:`surroundings`.
    draft : Draft
        The shaped sheet.
    labels : Labels
        Of :func:`labels_of`.
    """

    def keep(table: pa.Table, digests: np.ndarray) -> Piece | None:
        (record,) = draft.files
        if sheets.read_only or not without_cells(draft.problems, record.file):
            return None
        rows, keys = _paths(sheets, stem, key)
        sheets.write(rows, table, checked=False)  # its bytes go into the canonical table
        facts = facts_of(draft, labels) | {"digest": sha256(rows)}
        text = json.dumps(facts, ensure_ascii=False).encode("utf-8")
        sheets.write(keys, pa.table({"digest": digests}).replace_schema_metadata({_FACTS: text}))
        return Piece(draft, rows, keys=digests)

    return keep


def _paths(sheets: KeptSheets, stem: str, key: str) -> tuple[Path, Path]:
    """Return the files of a shaped sheet: its rows and its keys."""
    name = hashlib.sha256(f"{stem} {key}".encode()).hexdigest()
    return sheets.folder / f"{name}-rows.parquet", sheets.folder / f"{name}-keys.parquet"


def spelled_alike(labels: Mapping[str, Mapping[str, list[str]]], taker: Taker) -> bool:
    """Return whether each label would be written as it was when the sheets were shaped."""
    for column, entries in labels.items():
        seen = taker.spellings.get(column, {})
        if any(seen.get(folded, own) != used for folded, (own, used) in entries.items()):
            return False
    return True


def learn(labels: Mapping[str, Mapping[str, Sequence[str]]], taker: Taker) -> None:
    """Note the spellings of kept sheets, as if they had been put together now."""
    for column, entries in labels.items():
        seen = taker.spellings.setdefault(column, {})
        for folded, (own, _) in entries.items():
            seen.setdefault(folded, own)


def facts_of(draft: Draft, labels: Labels) -> dict[str, Any]:
    """Return what is told of a shaped draft, as JSON holds it; its rows are not among it."""
    return {
        "labels": labels,
        "rows_in": draft.rows_in,
        "rows_added": draft.rows_added,
        "left_out": dict(draft.left_out),
        "columns": {n: c.model_dump(mode="json") for n, c in draft.columns.items()},
        "accepted": [entry.model_dump(mode="json") for entry in draft.accepted],
        "problems": [problem_out(problem) for problem in draft.problems],
        "faults": [dataclasses.asdict(fault) for fault in draft.faults],
    }


def draft_of(facts: Mapping[str, Any], source: Source, files: Sequence[FileRecord]) -> Draft:
    """Return a draft without rows from what :func:`facts_of` told of it."""
    return Draft(
        source=source,
        frame=TABLES[source.table].empty(),
        origins=[Origin(record.file, record.sheet) for record in files],
        origin=_NO_ROWS,
        row=_NO_ROWS,
        rows_in=facts["rows_in"],
        rows_added=facts["rows_added"],
        left_out=Counter(facts["left_out"]),
        columns={n: ColumnRecord.model_validate(c) for n, c in facts["columns"].items()},
        accepted=[AcceptedRecord.model_validate(entry) for entry in facts["accepted"]],
        problems=[problem_in(said) for said in facts["problems"]],
        faults=[Fault(**said) for said in facts["faults"]],
        files=list(files),
    )

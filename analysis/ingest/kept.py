"""Cleaned sheets kept from one import to the next, so that an unchanged file is not read again.

What is kept is what the canonical tables will hold: mapped columns after cleaning, people under
pseudonyms, and the counts of the record. A sheet about which anything would have to be told with a
cell of it, or that names somebody who is left out, is not kept.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.client import Client, Source
from analysis.errors import Fault
from analysis.file_names import listed
from analysis.files import (
    clear_unfinished,
    keep_private,
    package_hash,
    private_folder,
    remove,
    replace_file,
)
from analysis.ingest.columns import Taker
from analysis.ingest.gather import reading_options
from analysis.ingest.parts import Cells, Part
from analysis.ingest.privacy import Pseudonyms
from analysis.ingest.problems import NEVER_ACCEPTED, Problem
from analysis.ingest.readers import OtherSheet, RawTable
from analysis.ingest.readers import Source as Origin
from analysis.ingest.record import FileRecord
from analysis.newest import SHEETS
from analysis.tables import TABLES

_FACTS = b"crmeval"
_ROOMS = ("ingest", "tables", "client", "errors.py", "file_names.py")
"""What of this package decides how a file is read and cleaned."""
_LIBRARIES = ("numpy", "pandas", "pyarrow", "python-calamine", "openpyxl", "lxml")
_LATER = {"name", "files", "accept", "duplicates", "distinct", "aggregate"}
"""What of a source is applied after its sheets are put together."""


@dataclass(slots=True)
class KeptSheets:
    """The cleaned sheets of a client's files.

    Attributes
    ----------
    folder : Path
        Takes one Parquet file per sheet; made when missing.
    read_only : bool
        Whether nothing may be written.
    used : set of str
        Names of the files that this import took or wrote.
    """

    folder: Path
    read_only: bool = False
    used: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, client: Client, *, read_only: bool = False) -> KeptSheets:
        """Return those of a client's own, in its reports."""
        reports = client.folder.resolve().parents[1] / "reports" / client.id
        return cls(reports / SHEETS, read_only=read_only)

    def find(self, key: str) -> list[Part] | None:
        """Return the cleaned sheets of a file, in order, or None where they are not kept."""
        first = self._path(key, 0)
        try:
            total = _facts(first)["sheets"]
            parts = [_load(self._path(key, number)) for number in range(total)]
        except (OSError, pa.ArrowInvalid, KeyError, ValueError):
            return None  # never kept, half of it removed, or damaged: the file is read again
        self.used.update(self._path(key, number).name for number in range(total))
        return parts

    def put(self, key: str, parts: Sequence[Part], pseudonyms: Pseudonyms) -> None:
        """Keep the cleaned sheets of a file, if nothing of them may be kept from view."""
        if self.read_only or not parts or not all(_may_be_kept(p, pseudonyms) for p in parts):
            return
        for number, part in enumerate(parts):
            path = self._path(key, number)
            table = _as_table(part, sheets=len(parts))
            private_folder(self.folder)
            replace_file(path, lambda target, table=table: pq.write_table(table, target))
            keep_private(path)
            self.used.add(path.name)

    def tidy(self) -> None:
        """Remove what this import had no use for."""
        if self.read_only or not self.folder.is_dir():
            return
        clear_unfinished(self.folder)
        for path in listed(self.folder, "*.parquet"):
            if path.name not in self.used:
                remove(path)

    def _path(self, key: str, number: int) -> Path:
        return self.folder / f"{key}-{number}.parquet"


def key_of(source: Source, file: str, digest: str, taker: Taker) -> str:
    """Return what tells the cleaned sheets of a file from all others.

    It changes with the bytes and name of the file, with what the client file says of its reading
    and columns, with the labels, names, scales and clock that they are read by, with the key of
    the pseudonyms and the people left out, and with the code and the libraries that read.
    """
    client = taker.client
    referred = {TABLES[source.table].columns[c].refers for c in source.columns}
    depends = [
        [file, digest, reading_options(source)],
        source.model_dump(mode="json", exclude=_LATER),
        client.model_dump(mode="json", include={"labels", "aliases", "instruments", "limits"}),
        client.client.timezone,
        _left_out(taker.pseudonyms),
        {name: sorted(ids) for name, ids in taker.known.items() if name in referred},
        hmac.digest(taker.pseudonyms.key, b"crmeval sheets kept", "sha256").hex(),
        _reader(),
    ]
    text = json.dumps(depends, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()


@cache
def _reader() -> list[Any]:
    return [package_hash(_ROOMS), {name: metadata.version(name) for name in _LIBRARIES}]


def _left_out(pseudonyms: Pseudonyms) -> list[Any]:
    """Return who stays out, as far as the list knows."""
    found = pseudonyms.left_out
    people = [] if found is None else [sorted(found.people), sorted(found.known.items())]
    return [sorted(pseudonyms.asked), people]


def _may_be_kept(part: Part, pseudonyms: Pseudonyms) -> bool:
    """Whether a sheet is as the canonical tables will have it, without a cell of anything else."""
    problems = [*part.problems, *(problem for _, problem in part.once)]
    if any(
        p.fault.value is not None
        or p.fault.rule in NEVER_ACCEPTED
        or p.fault.file != part.record.file
        for p in problems
    ):
        return False
    gone = list(pseudonyms.met)
    return not any(
        cells.cells.dtype == pd.ArrowDtype(pa.string()) and cells.cells.isin(gone).any()
        for cells in (*part.columns.values(), *part.items.values())
    )


def _as_table(part: Part, *, sheets: int) -> pa.Table:
    arrays: dict[str, Any] = {"row": pa.array(part.row)}
    said: dict[str, Any] = {"columns": {}, "items": {}}
    for kind, group in (("columns", part.columns), ("items", part.items)):
        for name, cells in group.items():
            arrays[f"{kind} {name}"] = pa.array(cells.cells, from_pandas=True)
            said[kind][name] = [dict(cells.counts), dict(cells.missing)]
            if cells.reasons is not None:
                arrays[f"reasons {name}"] = pa.array(cells.reasons, from_pandas=True)
    facts = said | {
        "sheets": sheets,
        "source": dataclasses.asdict(part.head.source),
        "headers": [str(header) for header in part.head.frame.columns],
        "record": part.record.model_dump(mode="json"),
        "problems": [_problem_out(p) for p in part.problems],
        "once": [[list(key), _problem_out(p)] for key, p in part.once],
        "left_out": dict(part.left_out),
        "names": list(part.names),
    }
    text = json.dumps(facts, ensure_ascii=False).encode("utf-8")
    return pa.table(arrays).replace_schema_metadata({_FACTS: text})


def _facts(path: Path) -> dict[str, Any]:
    return json.loads(pq.read_schema(path).metadata[_FACTS])


def _load(path: Path) -> Part:
    table = pq.read_table(path, memory_map=False)
    facts = json.loads(table.schema.metadata[_FACTS])

    def column(name: str) -> pd.Series:
        array = table[name].combine_chunks()
        return pd.Series(pd.array(array, dtype=pd.ArrowDtype(array.type)))

    def group(kind: str) -> dict[str, Cells]:
        found = {}
        for name, (counts, missing) in facts[kind].items():
            reasons = f"reasons {name}"
            found[name] = Cells(
                cells=column(f"{kind} {name}"),
                counts=Counter(counts),
                missing=Counter(missing),
                reasons=column(reasons) if kind == "items" else None,
            )
        return found

    return Part(
        head=RawTable(
            frame=pd.DataFrame(columns=facts["headers"], dtype=object),
            row_numbers=np.empty(0, dtype=np.int64),
            source=_origin(facts["source"]),
        ),
        record=FileRecord.model_validate(facts["record"]),
        columns=group("columns"),
        items=group("items"),
        row=table["row"].to_numpy(),
        problems=[_problem_in(said) for said in facts["problems"]],
        once=[(tuple(key), _problem_in(said)) for key, said in facts["once"]],
        left_out=Counter(facts["left_out"]),
        names=tuple(facts["names"]),
    )


def _origin(said: Mapping[str, Any]) -> Origin:
    lists = {name: tuple(value) for name, value in said.items() if isinstance(value, list)}
    lists["above"] = tuple((number, text) for number, text in said["above"])
    lists["other_sheets"] = tuple(OtherSheet(**sheet) for sheet in said["other_sheets"])
    return Origin(**{**said, **lists})


def _problem_out(problem: Problem) -> dict[str, Any]:
    told = dataclasses.asdict(problem.fault)
    return {"fault": told, "rows": problem.rows.tolist(), "of": [problem.column, problem.item]}


def _problem_in(said: Mapping[str, Any]) -> Problem:
    rows = np.array(said["rows"], dtype=np.int64)
    return Problem(Fault(**said["fault"]), rows, *said["of"])

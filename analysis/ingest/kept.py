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
from collections.abc import Iterable, Mapping, Sequence
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
    damaged : set of str
        Names of files that cannot be read and are not tried again.
    """

    folder: Path
    read_only: bool = False
    used: set[str] = field(default_factory=set)
    damaged: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, client: Client, *, read_only: bool = False) -> KeptSheets:
        """Return those of a client's own, in its reports."""
        reports = client.folder.resolve().parents[1] / "reports" / client.id
        return cls(reports / SHEETS, read_only=read_only)

    def find(self, key: str) -> list[KeptPart] | None:
        """Return the cleaned sheets of a file, in order, or None where they are not kept.

        Their rows are not read yet.
        """
        first = self._path(key, 0)
        try:
            total = _facts(first)[0]["sheets"]
            parts = [_outline(self._path(key, number), self) for number in range(total)]
        except (OSError, pa.ArrowInvalid, KeyError, ValueError, TypeError):
            return None  # never kept, half of it removed, or damaged: the file is read again
        names = {part.path.name for part in parts}
        if names & self.damaged:
            return None
        self.used |= names
        return parts

    def put(self, key: str, parts: Sequence[Part], pseudonyms: Pseudonyms) -> bool:
        """Keep the cleaned sheets of a file, if nothing of them may be kept from view.

        Returns
        -------
        bool
            Whether nothing may, though nothing is written where only reading is allowed.
        """
        if not parts or not all(_may_be_kept(p, pseudonyms) for p in parts):
            return False
        for number, part in enumerate(() if self.read_only else parts):
            self.write(self._path(key, number), _as_table(part, sheets=len(parts)))
        return True

    def write(self, path: Path, table: pa.Table, *, checked: bool = True) -> None:
        """Write a table that only the owner may read, with a checksum of each page or without."""
        private_folder(self.folder)

        def write(target: Path) -> None:
            pq.write_table(table, target, write_page_checksum=checked)

        replace_file(path, write)
        keep_private(path)
        self.used.add(path.name)
        self.damaged.discard(path.name)

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


class DamagedSheetError(Exception):
    """A kept sheet whose rows cannot be read; its name is in :attr:`KeptSheets.damaged`."""


@dataclass(frozen=True, slots=True)
class KeptPart:
    """One kept sheet whose rows are still on disk; as :class:`Part` has it otherwise."""

    path: Path
    rows: int
    head: RawTable
    record: FileRecord
    names: tuple[str, ...]
    sheets: KeptSheets

    def __len__(self) -> int:
        return self.rows

    def load(self) -> Part:
        """Read the rows.

        Raises
        ------
        DamagedSheetError
            When they cannot be read; the import has to begin again without this sheet.
        """
        try:
            return _load(self.path)
        except (OSError, pa.ArrowInvalid, KeyError, ValueError) as error:
            self.sheets.damaged.add(self.path.name)
            raise DamagedSheetError(self.path.name) from error


_READ_BY = {"labels", "aliases", "instruments", "limits", "comments"}
"""Sections of the client file that cells are read by."""


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
        client.model_dump(mode="json", include=_READ_BY),
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
    if not without_cells(problems, part.record.file):
        return False
    gone = list(pseudonyms.met)
    return not any(
        cells.cells.dtype == pd.ArrowDtype(pa.string()) and cells.cells.isin(gone).any()
        for cells in (*part.columns.values(), *part.items.values())
    )


def without_cells(problems: Iterable[Problem], file: str) -> bool:
    """Return whether problems are about one file and none tells a cell of it."""
    return not any(
        p.fault.value is not None or p.fault.rule in NEVER_ACCEPTED or p.fault.file != file
        for p in problems
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
        "problems": [problem_out(p) for p in part.problems],
        "once": [[list(key), problem_out(p)] for key, p in part.once],
        "left_out": dict(part.left_out),
        "names": list(part.names),
    }
    text = json.dumps(facts, ensure_ascii=False).encode("utf-8")
    return pa.table(arrays).replace_schema_metadata({_FACTS: text})


def _facts(path: Path) -> tuple[dict[str, Any], int]:
    """Return what is kept with the rows of a sheet, and how many they are."""
    with pq.ParquetFile(path) as file:
        return json.loads(file.metadata.metadata[_FACTS]), file.metadata.num_rows


def _outline(path: Path, sheets: KeptSheets) -> KeptPart:
    facts, rows = _facts(path)
    record = FileRecord.model_validate(facts["record"])
    return KeptPart(path, rows, _head(facts), record, tuple(facts["names"]), sheets)


def _head(facts: Mapping[str, Any]) -> RawTable:
    return head_in((facts["source"], facts["headers"]))


def head_in(said: tuple[Mapping[str, Any], Sequence[str]]) -> RawTable:
    """Return what was read of a sheet, without its rows, from JSON: its source and headers."""
    source, headers = said
    return RawTable(
        frame=pd.DataFrame(columns=headers, dtype=object),
        row_numbers=np.empty(0, dtype=np.int64),
        source=_origin(source),
    )


def _load(path: Path) -> Part:
    table = pq.read_table(path, memory_map=False, page_checksum_verification=True)
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
        head=_head(facts),
        record=FileRecord.model_validate(facts["record"]),
        columns=group("columns"),
        items=group("items"),
        row=table["row"].to_numpy(),
        problems=[problem_in(said) for said in facts["problems"]],
        once=[(tuple(key), problem_in(said)) for key, said in facts["once"]],
        left_out=Counter(facts["left_out"]),
        names=tuple(facts["names"]),
    )


def _origin(said: Mapping[str, Any]) -> Origin:
    lists = {name: tuple(value) for name, value in said.items() if isinstance(value, list)}
    lists["above"] = tuple((number, text) for number, text in said["above"])
    lists["other_sheets"] = tuple(OtherSheet(**sheet) for sheet in said["other_sheets"])
    return Origin(**{**said, **lists})


def problem_out(problem: Problem) -> dict[str, Any]:
    """Return a problem as JSON holds it."""
    told = dataclasses.asdict(problem.fault)
    return {"fault": told, "rows": problem.rows.tolist(), "of": [problem.column, problem.item]}


def problem_in(said: Mapping[str, Any]) -> Problem:
    """Return a problem from JSON."""
    rows = np.array(said["rows"], dtype=np.int64)
    return Problem(Fault(**said["fault"]), rows, *said["of"])

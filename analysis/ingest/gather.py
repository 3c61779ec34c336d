"""Finding and reading the files of every source, each file once."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.client import Client, Source
from analysis.errors import DemoNotWrittenError, Fault, InputError
from analysis.file_names import is_spelled, listed, spelled
from analysis.ingest.database import Drawn
from analysis.ingest.headers import folded
from analysis.ingest.problems import fault
from analysis.ingest.readers import Limits, RawTable, read, stable_bytes, stable_digest
from analysis.ingest.record import FileRecord, UnreadRecord
from analysis.ingest.unread import faults as unread_faults
from analysis.ingest.unread import unread

DEMO = "demo"
"""The simulated client, whose client file comes with the project and whose exports do not."""

_NO_ROWS = np.empty(0, dtype=np.int64)


@dataclass(slots=True)
class Gathered:
    """The files of every source: listed at once, read when a source asks, each one once.

    ``faults`` are those of finding and reading; ``heads`` holds for each sheet that was read, with
    the number of the source that read it, everything but its rows.
    """

    client: Client
    drawn: Drawn | None = None
    paths: dict[int, list[Path]] = field(default_factory=dict)
    heads: list[tuple[int, RawTable]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    unread: list[UnreadRecord] = field(default_factory=list)
    _read: dict[tuple, list[RawTable]] = field(default_factory=dict)
    _asked: Counter = field(default_factory=Counter)
    _hashes: dict[str, str] = field(default_factory=dict)
    _databases: dict[str, str] = field(default_factory=dict)

    def tables(self, number: int, path: Path) -> list[RawTable]:
        """Return the sheets of one file of a source; they are let go when no other asks for them.

        A file that cannot be read has none, and its faults are told once.
        """
        key = self._key(number, path)
        if key not in self._read:
            self._read[key] = self._read_file(path, self.client.sources[number])
        tables = self._read[key]
        self.spare(number, path)
        for table in tables:
            self.heads.append((number, head_of(table)))
        return tables

    def spare(self, number: int, path: Path) -> None:
        """Note that a source needs a file no more, or not at all."""
        key = self._key(number, path)
        self._asked[key] -= 1
        if self._asked[key] <= 0:
            self._read.pop(key, None)

    def digest(self, path: Path) -> str | None:
        """Return the SHA-256 of a file's bytes, None for a file that cannot be read."""
        name = self.name(path)
        if name not in self._hashes:
            limits = Limits(**self.client.limits.model_dump())
            try:
                self._hashes[name] = stable_digest(path, name, limits)
            except InputError:
                return None  # told when it is read
        return self._hashes[name]

    def file_record(self, table: RawTable) -> FileRecord:
        """Return what is recorded of one raw table."""
        source = table.source
        return FileRecord(
            file=source.file,
            sheet=source.sheet,
            sha256=self._hashes[source.file],
            format=source.format,
            extension_agrees=source.extension_agrees,
            encoding=source.encoding,
            sureness=source.sureness,
            header_rows=source.header_rows,
            rows=len(table) + len(table.dropped),
            left_out=table.dropped_counts(),
            changed={k: int(v) for k, v in table.counts.items()},
            hidden_rows=len(source.hidden_rows),
            database=self._databases.get(source.file),
        )

    def finish(self) -> None:
        """Tell what all sources together leave unread, after each has been read."""
        heads = [head for _, head in sorted(self.heads, key=lambda entry: entry[0])]
        self.faults += _undeclared(self)
        self.unread = unread(self.client, heads, self._hashes)
        self.faults += unread_faults(self.client, self.unread, heads)

    def name(self, path: Path) -> str:
        """Return how records and faults name a file."""
        copied = None if self.drawn is None else self.drawn.name(path)
        return copied or path.relative_to(self.client.folder).as_posix()

    def _key(self, number: int, path: Path) -> tuple:
        source = self.client.sources[number]
        return (self.name(path), *reading_options(source).values())

    def _read_file(self, path: Path, source: Source) -> list[RawTable]:
        name = self.name(path)
        limits = Limits(**self.client.limits.model_dump())
        try:
            content = stable_bytes(path, name, limits)
            digest = hashlib.sha256(content).hexdigest()
            if self._hashes.setdefault(name, digest) != digest:
                raise InputError([fault("file_changing", file=name)])
            held = [content]
            del content  # a large file is let go while it is read
            tables = read(
                path,
                name=name,
                content=held.pop,
                limits=limits,
                sheet=source.sheets or None,
                header_rows=source.header_rows,
                encoding=source.encoding,
                delimiter=source.delimiter,
                total_markers=source.total_rows,
                fill_down=source.fill_down,
            )
        except InputError as error:
            self._hashes.setdefault(name, "")
            self.faults += error.faults
            return []
        for table in tables:
            if _undecodable(table):
                self.faults += _of_the_file(table)
        return [table for table in tables if not _undecodable(table)]


def reading_options(source: Source) -> dict[str, Any]:
    """Return what of a source decides how its files are read."""
    names = ("sheets", "header_rows", "encoding", "delimiter", "total_rows", "fill_down")
    return {name: getattr(source, name) for name in names}


def head_of(table: RawTable) -> RawTable:
    """Return a raw table without its rows."""
    return replace(
        table,
        frame=pd.DataFrame(columns=table.frame.columns, dtype=object),  # a slice would hold all
        row_numbers=_NO_ROWS,
        source=replace(table.source, above=()),
        dropped=(),
        faults=(),
    )


def gather(client: Client, drawn: Drawn | None = None) -> Gathered:
    """List the files of every source; what is not there becomes a fault.

    Parameters
    ----------
    client : Client
        The client file.
    drawn : Drawn, optional
        Copies of its databases; without them nothing of a database is read.

    Raises
    ------
    DemoNotWrittenError
        When it is the simulated client, as in a fresh clone.
    """
    refuse_unwritten(client)
    gathered = Gathered(client, drawn)
    if drawn is not None:
        gathered.faults += drawn.faults
    for number, source in enumerate(client.sources):
        if source.inline is None:
            if source.database is None:
                gathered.paths[number] = _listed(gathered, source)
            else:
                parts = () if drawn is None else drawn.parts.get(number, ())
                gathered.paths[number] = list(parts)
                names = (gathered.name(path) for path in parts)
                gathered._databases |= dict.fromkeys(names, source.database.title)
            gathered._asked.update(gathered._key(number, p) for p in gathered.paths[number])
    return gathered


def refuse_unwritten(client: Client) -> None:
    """Refuse the simulated client before ``crmeval demo`` has written its exports.

    Raises
    ------
    DemoNotWrittenError
        In the place of a fault for each of its files.
    """
    simulated = client.client.simulated and client.id == DEMO
    if simulated and not listed(client.raw_folder, "**/*"):
        raise DemoNotWrittenError


def _listed(gathered: Gathered, source: Source) -> list[Path]:
    client, found = gathered.client, []
    for pattern in source.files:
        paths = listed(client.raw_folder, pattern)
        if not paths:
            gathered.faults.append(
                fault(
                    "files_missing",
                    params={"pattern": pattern},
                    file=f"raw/{pattern}",
                    value=None,
                )
            )
        for path in paths:
            name = path.relative_to(client.folder)
            if is_spelled(name):
                found.append(path)
            else:
                gathered.faults.append(fault("file_name", file=spelled(name)))
    return found


def _of_the_file(table: RawTable) -> list[Fault]:
    return [found for found in table.faults if found.column is None and found.blocking]


def _undecodable(table: RawTable) -> bool:
    """Whether not even the header could be decoded, so that nothing can be mapped.

    What is wrong with the whole file is told instead of its columns. A header in which an earlier
    conversion lost a character is a fault of its own, and the table is read.
    """
    lost = any("\ufffd" in str(header) for header in table.frame.columns)
    return lost and bool(_of_the_file(table))


def _undeclared(gathered: Gathered) -> list[Fault]:
    """Return a fault for each header that no source reading the sheet speaks of."""
    said: dict[tuple, set[str]] = {}
    seen: dict[tuple, RawTable] = {}
    for number in sorted(gathered.paths):
        source = gathered.client.sources[number]
        headers = {folded(header) for header in source.headers()}
        headers |= {folded(header) for header in source.fill_down}
        for table in (head for reader, head in gathered.heads if reader == number):
            place = (table.source.file, table.source.sheet)
            said.setdefault(place, set()).update(headers)
            heads = (str(h) for h in table.frame.columns if source.takes(str(h)))
            said[place].update(map(folded, heads))
            seen.setdefault(place, table)
    return [
        fault(
            "column_undeclared",
            file=file,
            sheet=sheet,
            row=seen[file, sheet].source.header_rows[-1] if table.source.header_rows else None,
            column=str(header),
        )
        for (file, sheet), table in seen.items()
        for header in table.frame.columns
        if folded(header) not in said[file, sheet]
    ]

"""Finding and reading the files of every source, each file once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from analysis.client import Client, Source
from analysis.errors import Fault, InputError
from analysis.file_names import is_spelled, listed, spelled
from analysis.ingest.headers import folded
from analysis.ingest.problems import fault
from analysis.ingest.readers import Limits, RawTable, read, stable_bytes
from analysis.ingest.record import FileRecord, UnreadRecord
from analysis.ingest.unread import faults as unread_faults
from analysis.ingest.unread import unread


@dataclass(slots=True)
class Gathered:
    """Raw tables by source, in file-name order, and the faults of finding and reading."""

    client: Client
    tables: dict[int, list[RawTable]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    unread: list[UnreadRecord] = field(default_factory=list)
    _read: dict[tuple, list[RawTable]] = field(default_factory=dict)
    _failed: dict[tuple, InputError] = field(default_factory=dict)
    _hashes: dict[str, str] = field(default_factory=dict)

    def release(self, number: int) -> None:
        """Let go of the raw tables of a source that has been taken."""
        self.tables.pop(number, None)

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
        )


def gather(client: Client) -> Gathered:
    """Read every file of every source once; what cannot be read at all becomes a fault."""
    gathered = Gathered(client)
    for number, source in enumerate(client.sources):
        if source.inline is None:
            gathered.tables[number] = _read_source(gathered, number, source)
    gathered.faults += _undeclared(gathered)
    read_tables = [table for tables in gathered.tables.values() for table in tables]
    gathered.unread = unread(client, read_tables, gathered._hashes)
    gathered.faults += unread_faults(client, gathered.unread, read_tables)
    gathered._read.clear()  # each source holds its own from here on
    return gathered


def _read_source(gathered: Gathered, number: int, source: Source) -> list[RawTable]:
    client, tables = gathered.client, []
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
                tables += _read_file(gathered, path, source)
            else:
                gathered.faults.append(fault("file_name", file=spelled(name)))
    return tables


def _read_file(gathered: Gathered, path: Path, source: Source) -> list[RawTable]:
    name = path.relative_to(gathered.client.folder).as_posix()
    options = (
        source.sheets,
        source.header_rows,
        source.encoding,
        source.delimiter,
        source.total_rows,
        source.fill_down,
    )
    key = (name, *options)
    if key not in gathered._read:
        limits = Limits(**gathered.client.limits.model_dump())
        try:
            content = stable_bytes(path, name, limits)
            digest = hashlib.sha256(content).hexdigest()
            if gathered._hashes.setdefault(name, digest) != digest:
                raise InputError([fault("file_changing", file=name)])
            gathered._read[key] = read(
                path,
                name=name,
                content=content,
                limits=limits,
                sheet=source.sheets or None,
                header_rows=source.header_rows,
                encoding=source.encoding,
                delimiter=source.delimiter,
                total_markers=source.total_rows,
                fill_down=source.fill_down,
            )
        except InputError as error:
            gathered._hashes.setdefault(name, "")
            gathered._read[key] = []
            gathered.faults += error.faults
        for table in gathered._read[key]:
            if _undecodable(table):
                gathered.faults += _of_the_file(table)
        gathered._read[key] = [t for t in gathered._read[key] if not _undecodable(t)]
    return gathered._read[key]


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
    for number, tables in gathered.tables.items():
        source = gathered.client.sources[number]
        headers = {folded(header) for header in source.headers()}
        headers |= {folded(header) for header in source.fill_down}
        for table in tables:
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

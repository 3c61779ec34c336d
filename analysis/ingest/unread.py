"""What lies in a client's raw folder and nothing reads: files, sheets, and what is hidden."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from analysis.client import Client
from analysis.errors import Fault
from analysis.file_names import listed, spelled
from analysis.ingest.headers import folded
from analysis.ingest.problems import fault
from analysis.ingest.readers import RawTable
from analysis.ingest.record import UnreadRecord

_TEXT = {"csv", "tsv", "tab", "txt", "html", "htm", "xml"}
TABLES = frozenset({*_TEXT, "xlsx", "xlsm", "xls", "xlsb", "ods", "parquet"})
"""Endings of files that may hold a table; others lie in a raw folder for people to read."""

_MOST_NAMES = 8


def unread(client: Client, tables: Iterable[RawTable], files: Iterable[str]) -> list[UnreadRecord]:
    """Return the files and sheets that no source reads and ``ignore`` does not name.

    Parameters
    ----------
    client : Client
        Whose raw folder.
    tables : iterable of RawTable
        Everything that was read.
    files : iterable of str
        Names of the files that some source opens, relative to the client's folder.
    """
    opened = set(files)
    found = []
    for path in listed(client.raw_folder, "**/*"):
        name = spelled(path.relative_to(client.folder))
        if name in opened or path.suffix.lstrip(".").lower() not in TABLES:
            continue
        if not _ignored(client, name):
            found.append(UnreadRecord(file=name, reason="file_unread"))
    taken: dict[str, set[str | None]] = {}
    others: dict[str, dict[str, tuple[bool, int]]] = {}
    for table in tables:
        source = table.source
        taken.setdefault(source.file, set()).add(source.sheet)
        for sheet in source.other_sheets:
            others.setdefault(source.file, {})[sheet.name] = (sheet.hidden, sheet.rows)
    for file, sheets in sorted(others.items()):
        for sheet, (hidden, rows) in sheets.items():
            if sheet in taken[file] or _ignored(client, file, sheet):
                continue
            reason = "sheet_hidden" if hidden else "sheet_unread"
            found.append(UnreadRecord(file=file, sheet=sheet, rows=rows, reason=reason))
    return found


def faults(
    client: Client, records: Sequence[UnreadRecord], tables: Iterable[RawTable]
) -> list[Fault]:
    """Return what a person must hear of it; none of it stops a run."""
    told = [
        fault(
            record.reason,
            params={"pattern": _pattern(client, record)},
            file=record.file,
            sheet=record.sheet,
            blocking=False,
        )
        for record in records
    ]
    seen = set()
    tables = list(tables)
    told += _hidden_columns(client, tables)
    for table in tables:
        rows = table.source.hidden_rows
        place = (table.source.file, table.source.sheet)
        if not rows or place in seen:
            continue
        seen.add(place)
        params = {"count": len(rows), "rows": _ranges(rows)}
        told.append(
            fault(
                "rows_hidden",
                params=params,
                file=place[0],
                sheet=place[1],
                row=rows[0],
                blocking=False,
            )
        )
    return told


def _hidden_columns(client: Client, tables: Iterable[RawTable]) -> list[Fault]:
    """Return what is told of hidden columns that some source reads, once per sheet."""
    read = {
        folded(header)
        for source in client.sources
        for header, what in source.headers().items()
        if what != "dropped"
    }
    found: dict[tuple[str, str | None], list[str]] = {}
    for table in tables:
        names = [
            name
            for name in table.source.hidden_columns
            if folded(name) in read or any(source.takes(name) for source in client.sources)
        ]
        if names:
            found[table.source.file, table.source.sheet] = names
    return [
        fault(
            "columns_hidden",
            params={"count": len(names), "columns": ", ".join(names[:_MOST_NAMES])},
            file=file,
            sheet=sheet,
            column=names[0],
            blocking=False,
        )
        for (file, sheet), names in found.items()
    ]


def _ignored(client: Client, file: str, sheet: str | None = None) -> bool:
    name = file.removeprefix("raw/")
    wanted = name if sheet is None else f"{name}/{sheet}"
    return any(fnmatchcase(wanted, pattern) for pattern in client.ignore)


def _pattern(client: Client, record: UnreadRecord) -> str:
    """Return a glob that takes this file or sheet together with those that are read already."""
    name = record.sheet or record.file.removeprefix("raw/")
    known = [
        pattern
        for source in client.sources
        for pattern in (source.sheets if record.sheet else source.files)
    ]
    stem, dot, ending = name.rpartition(".") if record.sheet is None else (name, "", "")
    for length in range(len(stem), 1, -1):
        glob = f"{stem[:length]}*{dot}{ending}"
        if any(fnmatchcase(entry, glob) for entry in known):
            return glob
    return name


def _ranges(rows: Sequence[int]) -> str:
    """Return row numbers as a person would list them: 3, 5-7."""
    parts: list[list[int]] = []
    for row in rows:
        if parts and row == parts[-1][-1] + 1:
            parts[-1][1:] = [row]
        else:
            parts.append([row])
    shown = ["-".join(map(str, part)) for part in parts[:8]]
    return ", ".join([*shown, "…"] if len(parts) > len(shown) else shown)

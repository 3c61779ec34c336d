"""Rows of SQL databases, drawn once for a run into a copy that is read like an export.

The copy lies in ``drawn/`` of the client's folder: Parquet files of text cells, sorted, so that
the same rows are the same bytes however the server orders them. Its hash stands for the database
wherever that of a file would: in the manifest, in the record, and in what an import need not read
again.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.client import Client, Database
from analysis.errors import Fault, InputError
from analysis.file_names import listed
from analysis.files import DRAWN, keep_private, move, private_folder, remove, sha256
from analysis.ingest.server import Server, opened, refusal

_LOOKING = ".drawn-"
_LONGEST_LOOK = 86_400
ROWS_OF_A_PART = 1_000_000
"""Rows of one file of a copy."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Copies of a client's databases.

    Attributes
    ----------
    folder : Path
        Holds one folder per table or query.
    parts : dict of int to tuple of Path
        Files of the copy by number of the source.
    faults : tuple of Fault
        What could not be drawn, and why.
    """

    folder: Path
    parts: Mapping[int, tuple[Path, ...]] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    def name(self, path: Path) -> str | None:
        """Return how records and faults name a part of a copy; None for another file."""
        inside = path.is_relative_to(self.folder)
        return f"{DRAWN}/{path.relative_to(self.folder).as_posix()}" if inside else None


def copies(client: Client) -> Path:
    """Return the folder of a client's copies."""
    return client.folder / DRAWN


@contextlib.contextmanager
def drawn_for_a_look(client: Client) -> Iterator[Drawn]:
    """Draw the rows of a client's databases into copies that go at the end.

    They never leave the client's folder, which may be the only place where people's names may lie.
    """
    if not any(source.database is not None for source in client.sources):
        yield Drawn(copies(client))
        return
    with tempfile.TemporaryDirectory(prefix=_LOOKING, dir=client.folder) as folder:
        yield draw(client, Path(folder) / DRAWN)


def draw(client: Client, folder: Path | None = None) -> Drawn:
    """Draw the rows of every database that a client's sources name.

    All sources of one server are drawn in one read-only transaction, so that tables which refer
    to each other are of one moment.

    Parameters
    ----------
    client : Client
        The loaded client file.
    folder : Path, optional
        Takes the copies, for a look that leaves nothing behind. Without it they go to the client's
        folder, where a part whose rows are the same stays as it is; copies that no source asks
        for any more are removed.

    Returns
    -------
    Drawn
        With a fault for each source that could not be drawn; its earlier copy stays, and is not
        read.
    """
    target = folder or copies(client)
    databases = {n: s.database for n, s in enumerate(client.sources) if s.database is not None}
    for left in client.folder.glob(f"{_LOOKING}*"):
        if time.time() - left.stat().st_mtime > _LONGEST_LOOK:
            remove(left)  # of a process that was killed
    if folder is None and target.is_dir():
        wanted = {_name(database) for database in databases.values()}
        for path in target.iterdir():
            if path.name not in wanted:
                remove(path)
    if not databases:
        if folder is None:
            remove(target)
        return Drawn(target)
    servers: dict[tuple[str, str], dict[int, Database]] = {}
    for number, database in databases.items():
        servers.setdefault((database.url, database.credentials), {})[number] = database
    parts: dict[int, tuple[Path, ...]] = {}
    faults: list[Fault] = []
    for wanted in servers.values():
        made: dict[str, tuple[Path, ...]] = {}
        try:
            with opened(next(iter(wanted.values()))) as server:
                for number, database in wanted.items():
                    try:
                        if (name := _name(database)) not in made:
                            made[name] = _copy(server, database, client, target / name)
                        parts[number] = made[name]
                    except InputError as error:
                        faults += error.faults
        except InputError as error:
            faults += error.faults
    return Drawn(target, parts, tuple(faults))


def _name(database: Database) -> str:
    """Return a folder's name that tells people the table, and machines the whole source."""
    told = re.sub(r"[^\w.-]+", "_", database.table or "query")[:40]
    whole = database.model_dump_json().encode("utf-8", "surrogatepass")
    return f"{told}-{hashlib.sha256(whole).hexdigest()[:8]}"


def _copy(server: Server, database: Database, client: Client, target: Path) -> tuple[Path, ...]:
    """Draw one table or query, and put the parts that changed into place."""
    columns = server.columns(database)
    private_folder(target.parent)
    with tempfile.TemporaryDirectory(prefix=".", dir=target.parent) as workplace:
        staged = Path(workplace) / "rows.parquet"
        schema = pa.schema([(name, pa.string()) for name in columns])
        rows, most = 0, client.limits.cells // len(columns)
        with pq.ParquetWriter(staged, schema) as writer:
            for batch in server.rows(database, columns, most + 1):
                rows += len(batch)
                writer.write_batch(batch)
        if rows > most:
            size = {"rows": most, "columns": len(columns), "cells": client.limits.cells}
            raise refusal("database_too_large", database, **size)
        if rows == 0:
            raise refusal("database_no_rows", database)
        private_folder(target)
        made = []
        for number, table in enumerate(_sorted(staged, list(columns)), start=1):
            part, fresh = target / f"{number}.parquet", Path(workplace) / f"{number}.parquet"
            pq.write_table(table, fresh)
            if not part.is_file() or sha256(part) != sha256(fresh):
                keep_private(fresh)
                move(fresh, part)
            made.append(part)
    for path in listed(target, "*.parquet"):
        if path not in made:
            remove(path)
    return tuple(made)


def _sorted(staged: Path, columns: list[str]) -> Iterator[pa.Table]:
    """Yield the rows in an order that depends on them alone, in tables of one part each.

    Shorter cells of the first column come first, so that numbers which count up stay in order and
    a grown table changes its last part only.
    """
    import duckdb  # not at the top: the fork server that loads this room must not hold its threads

    names = [f'"{name.replace(chr(34), chr(34) * 2)}"' for name in columns]
    config = {
        "threads": 1,
        "memory_limit": "1GB",
        "temp_directory": str(staged.parent / "spill"),
    }
    with duckdb.connect(config=config) as connection:
        order = ", ".join(f"{name} NULLS FIRST" for name in (f"length({names[0]})", *names))
        found = connection.execute(
            f"SELECT * FROM read_parquet($file) ORDER BY {order}",
            {"file": str(staged).translate({ord(c): f"[{c}]" for c in "[*?"})},
        )
        waiting: list[pa.RecordBatch] = []
        for batch in found.to_arrow_reader(100_000):
            waiting.append(batch)
            while sum(map(len, waiting)) >= ROWS_OF_A_PART:
                table = pa.Table.from_batches(waiting)
                yield table.slice(0, ROWS_OF_A_PART)
                waiting = table.slice(ROWS_OF_A_PART).to_batches()
        if waiting:
            yield pa.Table.from_batches(waiting)

"""The two things a client asks of ingest: check everything, or write the canonical tables."""

from __future__ import annotations

import contextlib
import datetime as dt
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.client import Client, InPart
from analysis.errors import Fault, InputError
from analysis.files import DRAWN, PRIVATE_FOLDER, beside, keep_private, move, replace_file, sha256
from analysis.ingest import known_people
from analysis.ingest.database import Drawn, draw, drawn_for_a_look
from analysis.ingest.kept import KeptSheets
from analysis.ingest.left_out import lost_faults, remember, stale_faults
from analysis.ingest.prepare import Prepared, prepare
from analysis.ingest.privacy import (
    Pseudonyms,
    key_faults,
    names_people,
    open_key,
    retention_faults,
)
from analysis.ingest.record import IngestRecord
from analysis.tables import TABLES, conform


def check(client: Client) -> list[Fault]:
    """Return every fault of all the client's files at once; write nothing.

    Parameters
    ----------
    client : Client
        The loaded client file.

    Returns
    -------
    list of Fault
        In file and row order, blocking ones and recorded ones; empty when all is well. An
        unknown spelling is told once, with the number of its rows; more than fifty of another
        rule in one column of a file are counted together.
    """
    return list(examine(client).faults)


@dataclass(frozen=True, slots=True)
class Examined:
    """What a check found: every fault, and the canonical tables as far as they could be read."""

    faults: tuple[Fault, ...]
    frames: Mapping[str, pd.DataFrame]


def examine(client: Client) -> Examined:
    """Return what :func:`check` finds, with the tables it was found in; write nothing.

    Files that are as the last import found them are not read again; databases are asked.
    """
    over = retention_faults(client, dt.date.today())
    try:
        pseudonyms = _pseudonyms(client, create=False)
        wrong = [*_key_faults(client, pseudonyms), *over]
    except InputError as error:
        pseudonyms, wrong = Pseudonyms(secrets.token_bytes(32)), [*error.faults]
    with (
        tempfile.TemporaryDirectory(prefix="crmeval-") as workplace,
        contextlib.nullcontext() if over else drawn_for_a_look(client) as drawn,
    ):
        kept = KeptSheets.of(client, read_only=True)
        prepared = prepare(client, pseudonyms, Path(workplace), kept=kept, drawn=drawn)
        for name, path in prepared.stored.items():
            prepared.frames[name] = pq.read_table(path).to_pandas(types_mapper=pd.ArrowDtype)
    wrong += _left_out_faults(client, pseudonyms)
    return Examined((*wrong, *prepared.faults), prepared.frames)


def taken_out(client: Client, pseudonyms: Pseudonyms) -> Prepared:
    """Return what the import makes of the exports, with where the people left out stand in them.

    Parameters
    ----------
    client : Client
        The loaded client file.
    pseudonyms : Pseudonyms
        Who is sought. Databases are not asked.
    """
    with tempfile.TemporaryDirectory(prefix="crmeval-") as workplace:
        return prepare(client, pseudonyms, Path(workplace))


_ABOUT_OTHERS = frozenset({"file_unread", "sheet_unread", "sheet_hidden", "column_undeclared"})
"""Rules that look at what all sources together leave unread."""


def examine_in_part(part: InPart) -> list[Fault]:
    """Return the faults of the exports that the sound sources of a client file read.

    Parameters
    ----------
    part : InPart
        What of a faulty client file can be read.
    """
    if part.client is None:
        return []
    databases = {s.database.title for s in part.client.sources if s.database is not None}
    found = [
        f
        for f in examine(part.client).faults
        if (f.file or "").startswith(("raw/", f"{DRAWN}/")) or f.file in databases
    ]
    beside = {"instrument_unknown"} if "instruments" in part.faulty else set()
    return [
        f for f in found if f.rule not in beside and not (part.left_out and f.rule in _ABOUT_OTHERS)
    ]


class Horizon(Protocol):
    """A day of the past: which rows, and what of a table, were there in its evening."""

    def rows(self, name: str, frame: pd.DataFrame) -> np.ndarray:
        """Return for each row of a frame being read whether it was there."""

    def table(self, name: str, table: pa.Table) -> pa.Table:
        """Return what was there of a canonical table."""


def ingest(
    client: Client,
    folder: str | Path,
    *,
    horizon: Horizon | None = None,
    kept: KeptSheets | None = None,
    drawn: Drawn | None = None,
) -> IngestRecord:
    """Write all canonical tables and the record of what became of every row.

    Parameters
    ----------
    client : Client
        The loaded client file.
    folder : str or Path
        Takes ``<table>.parquet`` and ``ingest.json``; appears complete or not at all.
    horizon : Horizon, optional
        The day looked back to; what came later is left out, before duplicates are settled.
    kept : Kept, optional
        Where cleaned sheets are kept, so that unchanged files are not read again; what this
        import has no use for is removed from it. Everything is read without it.
    drawn : Drawn, optional
        Copies of the client's databases, by :func:`analysis.ingest.draw`; they are drawn now
        without it.

    Returns
    -------
    IngestRecord
        Rows in, out and why not, conversions by column, faults lived with.

    Raises
    ------
    InputError
        With every blocking fault; nothing is written then.
    """
    folder = Path(folder)
    if over := retention_faults(client, dt.date.today()):
        raise InputError(over)
    pseudonyms = _pseudonyms(client)
    unfinished, workplace = beside(folder), beside(folder)
    try:
        drawn = drawn or draw(client)
        prepared = prepare(client, pseudonyms, workplace, horizon=horizon, kept=kept, drawn=drawn)
        wrong = [*_key_faults(client, pseudonyms), *_left_out_faults(client, pseudonyms)]
        if wrong := [*wrong, *prepared.blocking]:
            raise InputError(wrong)
        unfinished.mkdir(mode=PRIVATE_FOLDER, parents=True)
        records, sites = {}, prepared.frames.get("sites")
        for name in [n for n in TABLES if n in prepared.frames or n in prepared.stored]:
            path = unfinished / f"{name}.parquet"
            if name in prepared.stored:
                _put_stored(name, prepared.stored[name], path, horizon)
            else:
                table = conform(name, prepared.frames.pop(name))  # one in memory twice, not all
                if horizon is not None:
                    table = horizon.table(name, table)
                replace_file(path, lambda target, table=table: pq.write_table(table, target))
            keep_private(path)
            records[name] = prepared.records[name].model_copy(update={"sha256": sha256(path)})
        record = IngestRecord(
            client=client.id,
            client_file_sha256=sha256(client.path),
            key_id=pseudonyms.key_id if names_people(client) else None,
            tables=records,
            unread=prepared.unread,
        )
        record.save(unfinished)
        salt = known_people.salt_of(client, pseudonyms)
        known_people.save(unfinished, prepared.names, sites, salt)
        remember(client, {p: pseudonyms.met[p] for p in pseudonyms.asked & set(pseudonyms.met)})
        _put(unfinished, folder)
        if kept is not None:
            kept.tidy()
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.rmtree(workplace, ignore_errors=True)
    return record


def _put_stored(name: str, source: Path, target: Path, horizon: Horizon | None) -> None:
    """Put a table that was written as it came into place, cut by the day looked back to."""
    if horizon is None:
        replace_file(target, lambda path: move(source, path))
        return

    def write(path: Path) -> None:
        stored = pq.ParquetFile(source)
        with pq.ParquetWriter(path, stored.schema_arrow) as writer:
            for number in range(stored.num_row_groups):
                writer.write_table(horizon.table(name, stored.read_row_group(number)))

    replace_file(target, write)


def _pseudonyms(client: Client, *, create: bool = True) -> Pseudonyms:
    """Return the client's pseudonyms; a client without people needs no key."""
    if names_people(client):
        return open_key(client, create=create)
    return Pseudonyms(secrets.token_bytes(32))


def _key_faults(client: Client, pseudonyms: Pseudonyms) -> list[Fault]:
    return key_faults(client, pseudonyms) if names_people(client) else []


def _left_out_faults(client: Client, pseudonyms: Pseudonyms) -> list[Fault]:
    """Return what keeps people who stay out from staying out; after the exports were read."""
    if not names_people(client):
        return []
    found = pseudonyms.left_out
    return [*lost_faults(client, found), *stale_faults(client, found, pseudonyms.met)]


def _put(finished: Path, folder: Path) -> None:
    """Rename a finished folder into place; an earlier one steps aside first."""
    old = beside(folder)
    if folder.exists():
        move(folder, old)
    move(finished, folder)
    shutil.rmtree(old, ignore_errors=True)

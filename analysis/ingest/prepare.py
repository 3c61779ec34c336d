"""All sources of a client to canonical frames in memory, with every fault found on the way."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.client import Client, Source
from analysis.errors import Fault
from analysis.ingest import duplicates, finished, shaped, streamed
from analysis.ingest.accepting import accept_known
from analysis.ingest.columns import Taker, is_free
from analysis.ingest.crosschecks import cross_check, keys_of
from analysis.ingest.database import Drawn
from analysis.ingest.draft import Draft
from analysis.ingest.falls import LastImport, tell_falls
from analysis.ingest.gather import Gathered, gather
from analysis.ingest.inline import draft_inline, instruments_table
from analysis.ingest.kept import DamagedSheetError, KeptPart, KeptSheets, key_of
from analysis.ingest.known_people import names_in, salt_of
from analysis.ingest.mapping import draft_source, joined, part_of
from analysis.ingest.own_texts import personal_texts
from analysis.ingest.parts import Part, is_plain
from analysis.ingest.person import Place, leave_out
from analysis.ingest.privacy import Pseudonyms
from analysis.ingest.problems import shortened
from analysis.ingest.readers import RawTable
from analysis.ingest.record import SourceRecord, TableRecord, UnreadRecord
from analysis.ingest.row_groups import OtherBytesError
from analysis.ingest.scales import unfit_scales
from analysis.ingest.shaped import Piece, surroundings
from analysis.ingest.shaping import shape
from analysis.ingest.streamed import answered, may_stream, stream
from analysis.tables import TABLES

_FIRST = ("sites", "staff")
_TRIES = 4
"""Damaged files of kept sheets that are met one by one, before all exports are read again."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Canonical frames by table, their records, and every fault in file and row order.

    ``stored`` are the canonical tables that were written as they came, because they are large.
    ``theirs`` says where people who are left out stand in the exports; ``names`` are hashes of
    people's names in columns that are not taken over.
    """

    frames: dict[str, pd.DataFrame]
    records: dict[str, TableRecord]
    faults: tuple[Fault, ...]
    unread: tuple[UnreadRecord, ...] = ()
    theirs: tuple[Place, ...] = ()
    stored: Mapping[str, Path] = field(default_factory=dict)
    names: frozenset[str] = frozenset()

    @property
    def blocking(self) -> tuple[Fault, ...]:
        """Faults on which no run may start."""
        return tuple(fault for fault in self.faults if fault.blocking)


def prepare(
    client: Client,
    pseudonyms: Pseudonyms,
    workplace: Path,
    *,
    horizon: Any = None,
    kept: KeptSheets | None = None,
    drawn: Drawn | None = None,
) -> Prepared:
    """Read, clean, map and check everything; write nothing.

    Parameters
    ----------
    client : Client
        The description.
    pseudonyms : Pseudonyms
        Key of the people's pseudonyms.
    workplace : Path
        Folder for tables that are too large for memory; the caller removes it.
    horizon : Horizon, optional
        As of :func:`analysis.ingest.run.ingest`. Sites and staff are kept whole here, because
        other tables refer to them.
    kept : KeptSheets, optional
        Cleaned sheets of an earlier import; files that are unchanged are not read again.
    drawn : Drawn, optional
        Copies of the client's databases, which are not asked here.
    """
    for _ in range(_TRIES):
        try:
            return _prepared(client, pseudonyms, workplace, horizon, kept, drawn)
        except DamagedSheetError:
            continue  # its file is read again
    return _prepared(client, pseudonyms, workplace, horizon, None, drawn)


def _prepared(
    client: Client,
    pseudonyms: Pseudonyms,
    workplace: Path,
    horizon: Any,
    kept: KeptSheets | None,
    drawn: Drawn | None,
) -> Prepared:
    gathered = gather(client, drawn)
    drafts: dict[int, Draft] = {}
    known: dict[str, frozenset[str]] = {}
    taker = Taker(client, pseudonyms, known)
    theirs: list[Place] = []
    names: set[str] = set()
    last = LastImport.of(client)
    around = cache(lambda: surroundings(client, known))  # asked when sites and staff are known
    order = sorted(range(len(client.sources)), key=lambda n: (_rank(client.sources[n].table), n))
    for table in dict.fromkeys(client.sources[n].table for n in order):
        numbers = [n for n in order if client.sources[n].table == table]
        for number in numbers:
            cut = None if table in _FIRST else horizon
            alone = len(numbers) == 1 and table not in _FIRST
            target = workplace / f"{table}.parquet" if alone else None
            work = _Work(number, gathered, taker, cut, kept, target, names, around)
            drafts[number], met = work.draft()
            tell_falls(drafts[number], last, client, number=number)
            theirs += met
        mine = [drafts[number] for number in numbers]
        _across(mine)
        if table in _FIRST and all(len(draft.frame) for draft in mine):
            known[table] = keys_of(table, [draft.frame for draft in mine])
    gathered.finish()
    faults = [*personal_texts(client), *last.faults(), *gathered.faults]
    for number in sorted(drafts):
        faults += [problem.fault for problem in drafts[number].problems]
        faults += drafts[number].faults
    frames = _frames(client, drafts)
    stored = {d.source.table: d.written[0] for d in drafts.values() if d.written is not None}
    surveys = answered(stored["surveys"]) if "surveys" in stored else frames.get("surveys")
    faults += unfit_scales(client, surveys)
    faults = list(dict.fromkeys(_hashable(f) for f in faults))
    return Prepared(
        frames=frames,
        records=_records(client, drafts),
        faults=tuple(shortened(sorted((f.fault for f in faults), key=_place))),
        unread=tuple(gathered.unread),
        theirs=tuple(theirs),
        stored=stored,
        names=frozenset(names),
    )


@dataclass(frozen=True, slots=True)
class _hashable:  # noqa: N801 - a key, not a thing of its own
    """A fault that can be compared, since its ``params`` cannot be hashed."""

    fault: Fault

    def __hash__(self) -> int:
        f = self.fault
        return hash((f.rule, f.file, f.sheet, f.row, f.column, f.value))


def _rank(table: str) -> int:
    return _FIRST.index(table) if table in _FIRST else len(_FIRST)


def _place(f: Fault) -> tuple:
    return (f.file or "", f.sheet or "", f.row or 0, f.column or "", f.rule)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One sheet of a source; ``stem`` names its kept file, None where it may not be kept."""

    part: Part | KeptPart
    stem: str | None


@dataclass(frozen=True, slots=True)
class _Work:
    """What it takes to make the draft of one source.

    ``target`` takes its canonical rows, where they are the whole table; ``names`` the hashes of
    people's names on the way; ``around`` tells what rows are checked by.
    """

    number: int
    gathered: Gathered
    taker: Taker
    horizon: Any
    kept: KeptSheets | None
    target: Path | None
    names: set[str]
    around: Callable[[], str]

    @property
    def source(self) -> Source:
        return self.taker.client.sources[self.number]

    @property
    def _may_keep(self) -> bool:
        """Whether sheets are kept as the canonical table has them, which no day of the past cut."""
        return self.kept is not None and self.horizon is None

    def draft(self) -> tuple[Draft, list[Place]]:
        """Return the draft of the source, and where people who are left out stood in it."""
        if self.source.inline is not None:
            return self._shaped(
                draft_inline(self.source, self.number, self.taker.client, self.taker)
            )
        if not is_plain(self.source):
            return self._together()
        sheets, first, rows = self._sheets(), [], 0
        for sheet in sheets:
            first.append(sheet)
            rows += len(sheet.part)
            if rows > streamed.ROWS_AT_ONCE and self.target and may_stream(self.source):
                theirs: list[Place] = []
                del sheet  # it is among the first, which go one by one
                if (draft := self._streamed(first, sheets, theirs)) is None:
                    return self._joined(list(self._sheets()), None)
                return draft, theirs
        place = self._place([sheet.stem for sheet in first])
        if place is not None and all(isinstance(sheet.part, KeptPart) for sheet in first):
            found = place.find(self.source, self.taker)
            if found is not None:
                return found.draft, []
        return self._joined(first, place)

    def _joined(
        self, sheets: list[_Sheet], place: finished.Place | None
    ) -> tuple[Draft, list[Place]]:
        """Put the sheets together, and keep the table in its place if it may be kept."""
        parts = [sheet.part.load() for sheet in sheets]
        draft, theirs = self._shaped(joined(self.source, parts, self.taker))
        if place is not None and not theirs:
            labels = shaped.labels_of(self.source, parts, self.taker)
            if labels is not None:
                place.keep(draft, labels)
        return draft, theirs

    def _place(self, keys: Sequence[str | None]) -> finished.Place | None:
        """Return where the table of these sheets is kept; None where it may not be."""
        kept, known = self.kept, [key for key in keys if key is not None]
        if kept is None or kept.read_only or not self._may_keep or self.target is None:
            return None
        if not known or len(known) < len(keys):
            return None
        return finished.Place.of(kept, self.target, known, f"{self.around()} {self.number}")

    def _streamed(
        self, first: list[_Sheet], rest: Iterator[_Sheet], theirs: list[Place]
    ) -> Draft | None:
        pieces = self._one_by_one(first, rest, theirs)
        try:
            return stream(pieces, self.target, apart=self._may_keep)
        except OtherBytesError as error:
            self.kept.damaged.add(str(error))
            raise DamagedSheetError(str(error)) from error

    def _together(self) -> tuple[Draft, list[Place]]:
        """Return the draft of a source whose sheets are looked at together."""
        gathered, paths = self.gathered, self.gathered.paths[self.number]
        place = None
        if self.kept is not None and not (self._names_people or self._spelled_freely):
            place = self._place([self._key(path) for path in paths])
        if place is not None and (found := place.find(self.source, self.taker)) is not None:
            for path in paths:
                gathered.spare(self.number, path)
            gathered.heads += [(self.number, head) for head in found.heads]
            self.names.update(found.names)
            return found.draft, []
        told, heads = len(gathered.faults), len(gathered.heads)
        own: set[str] = set()
        draft, theirs = self._shaped(self._of_all_sheets(own))
        self.names.update(own)
        if place is not None and not theirs and len(gathered.faults) == told:
            place.keep(draft, {}, heads=[h for _, h in gathered.heads[heads:]], names=sorted(own))
        return draft, theirs

    @property
    def _names_people(self) -> bool:
        spec, mapped = TABLES[self.source.table].columns, self.source.columns
        return any(spec[name].kind == "person" or how.hashed for name, how in mapped.items())

    @property
    def _spelled_freely(self) -> bool:
        spec, mapped = TABLES[self.source.table].columns, self.source.columns
        unpivot = self.source.unpivot
        wide = unpivot is not None and spec[unpivot.value].kind == "label"
        return wide or any(is_free(spec[name], how) for name, how in mapped.items())

    def _key(self, path: Path) -> str | None:
        """Return what tells a file of the source, as it is read, from all others."""
        digest = self.gathered.digest(path)
        if digest is None:
            return None
        return key_of(self.source, self.gathered.name(path), digest, self.taker)

    def _of_all_sheets(self, names: set[str]) -> Draft:
        paths = self.gathered.paths[self.number]
        tables = [table for path in paths for table in self.gathered.tables(self.number, path)]
        draft = draft_source(self.source, tables, self.taker)
        draft.files = [self.gathered.file_record(table) for table in tables]
        names.update(self._names_in(tables))
        return draft

    def _one_by_one(
        self, first: list[_Sheet], rest: Iterator[_Sheet], theirs: list[Place]
    ) -> Iterator[Piece]:
        """Yield each sheet shaped by itself, keeping none in memory."""
        first.reverse()
        may_keep, around = self._may_keep, ""
        if self.kept is not None:
            around = f"{self.around()} {self.number}"
        while first or (first := list(itertools.islice(rest, 1))):
            sheet = first.pop()
            if may_keep and isinstance(sheet.part, KeptPart):
                found = shaped.find(sheet.part, around, self.source, self.taker)
                if found is not None:
                    found.draft.zone = self.taker.client.client.timezone
                    yield found
                    continue
            elif isinstance(sheet.part, KeptPart):
                shaped.spare(sheet.part, around)
            part, stem = sheet.part.load(), sheet.stem
            del sheet
            draft, met = self._shaped(joined(self.source, [part], self.taker))
            theirs += met
            labels = (
                shaped.labels_of(self.source, [part], self.taker) if may_keep and stem else None
            )
            del part
            keep = None
            if labels is not None and not met:
                keep = shaped.put(self.kept, stem, around, draft, labels)
            piece = Piece(draft, keep=keep)
            del draft, keep
            yield piece
            del piece

    def _shaped(self, draft: Draft) -> tuple[Draft, list[Place]]:
        client = self.taker.client
        draft.zone = client.client.timezone
        theirs = leave_out(draft, frozenset(self.taker.pseudonyms.met))
        if self.horizon is not None:
            draft.keep(self.horizon.rows(draft.table.name, draft.frame), "later")
        cross_check(draft, client, self.taker.known)
        accept_known(draft, client, number=self.number)
        shape(draft)
        return draft, theirs

    def _sheets(self) -> Iterator[_Sheet]:
        """Yield the sheets of the source, cleaned now or at an earlier import."""
        gathered, kept = self.gathered, self.kept
        for path in gathered.paths[self.number]:
            key = None if kept is None else self._key(path)
            parts: list[Part | KeptPart] | None = None if key is None else kept.find(key)
            if parts is not None:
                gathered.spare(self.number, path)
                gathered.heads += [(self.number, part.head) for part in parts]
            else:
                told = len(gathered.faults)
                parts = self._cleaned(path)
                sound = key is not None and len(gathered.faults) == told
                key = key if sound and kept.put(key, parts, self.taker.pseudonyms) else None
            self.names.update(*(part.names for part in parts))
            stems = [key and f"{key}-{number}" for number in range(len(parts))]
            while parts:
                yield _Sheet(parts.pop(0), stems.pop(0))

    def _cleaned(self, path: Path) -> list[Part]:
        cleaned = []
        for table in self.gathered.tables(self.number, path):
            part = part_of(self.source, table, self.gathered.file_record(table), self.taker)
            part.names = tuple(sorted(self._names_in([table])))
            cleaned.append(part)
        return cleaned

    def _names_in(self, tables: list[RawTable]) -> set[str]:
        return names_in(self.source, tables, salt_of(self.taker.client, self.taker.pseudonyms))


def _across(drafts: list[Draft]) -> None:
    """Tell keys that stand in more than one source of a table, or twice after shaping."""
    table = drafts[0].table
    key = list(table.key)
    usable = [d for d in drafts if all(column in d.frame for column in key)]
    if len(usable) > 1:
        duplicates.tell(duplicates.across(usable, key), key[0])


def _frames(client: Client, drafts: dict[int, Draft]) -> dict[str, pd.DataFrame]:
    frames: dict[str, list[pd.DataFrame]] = {}
    for number in sorted(drafts):
        if drafts[number].written is not None:
            continue
        frames.setdefault(drafts[number].source.table, []).append(drafts[number].frame)
    out = {
        table: parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
        for table, parts in frames.items()
    }
    if client.instruments and "instruments" not in out:
        out["instruments"] = instruments_table(client)
    return {table: out[table] for table in TABLES if table in out}


def _records(client: Client, drafts: dict[int, Draft]) -> dict[str, TableRecord]:
    records: dict[str, list[SourceRecord]] = {}
    for number in sorted(drafts):
        draft = drafts[number]
        recorded = Counter(p.fault.rule for p in draft.problems if not p.fault.blocking)
        records.setdefault(draft.source.table, []).append(
            SourceRecord(
                title=draft.source.title,
                files=tuple(draft.files),
                rows_in=draft.rows_in,
                rows_added=draft.rows_added,
                rows_out=draft.rows_out,
                left_out={k: int(v) for k, v in sorted(draft.left_out.items()) if v},
                columns=draft.columns,
                dropped_columns=dict(draft.source.drop),
                accepted=tuple(draft.accepted),
                recorded=dict(recorded),
            )
        )
    out = {}
    for table, sources in records.items():
        facts = {}
        if table == "staff":
            mine = [d.frame for d in drafts.values() if d.source.table == "staff"]
            facts["leavers"] = sum(int(f["left_on"].notna().sum()) for f in mine if "left_on" in f)
        rows = sum(source.rows_out for source in sources)
        out[table] = TableRecord(table=table, rows=rows, sources=tuple(sources), facts=facts)
    if client.instruments and "instruments" not in out:
        rows = sum(len(instrument.items) for instrument in client.instruments.values())
        source = SourceRecord(title="client.yml", rows_in=rows, rows_out=rows)
        out["instruments"] = TableRecord(table="instruments", rows=rows, sources=(source,))
    return {table: out[table] for table in TABLES if table in out}

"""Exports that hold fewer rows than at the last import: half-written, filtered, or cut."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from analysis.client import Client, Source
from analysis.errors import Fault
from analysis.ingest.draft import Draft
from analysis.ingest.problems import fault
from analysis.ingest.record import (
    AcceptedRecord,
    FileRecord,
    IngestRecord,
    SourceRecord,
    TableRecord,
    earlier_records,
)

FELL, GONE = "rows_fell", "files_gone"
RULES = frozenset({FELL, GONE})

CHANCE = 1e-4
"""A count so low that chance explains it less often than this is told."""

HALVED = 10
"""From so many rows on, half of them gone is told, whatever chance allows."""


@dataclass(frozen=True, slots=True)
class LastImport:
    """The newest import of a client that can be read, and the place of its record in the project.

    ``unreadable`` are the places of newer records that cannot; nothing is compared with them.
    """

    place: str = ""
    tables: Mapping[str, TableRecord] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()

    @classmethod
    def of(cls, client: Client) -> LastImport:
        """Return the newest import of a client that can be read; no tables before the first."""
        project = client.folder.resolve().parents[1]
        unreadable: list[str] = []
        for path in earlier_records(client):
            place = path.relative_to(project).as_posix()
            try:
                return cls(place, IngestRecord.load(path.parent).tables, tuple(unreadable))
            except FileNotFoundError:
                continue  # being removed
            except (ValueError, OSError):
                unreadable.append(place)
        return cls(unreadable=tuple(unreadable))

    def faults(self) -> list[Fault]:
        """Return what has to be told of records that cannot be read; none of it stops a run."""
        return [fault("import_unreadable", file=place, blocking=False) for place in self.unreadable]

    def source(self, source: Source) -> SourceRecord | None:
        """Return what became of a source then: by its title, else the only one of its table."""
        then = self.tables[source.table].sources if source.table in self.tables else ()
        named = [record for record in then if record.title == source.title]
        found = named or list(then)
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class Fall:
    """Rows of a sheet, of all files of a source, or of files that are gone: ``before`` and ``now``.

    ``gone`` are the files or sheets that were read then and are not there any more; ``now`` counts
    the rows of those that came in their place.
    """

    before: int
    now: int
    file: str | None = None
    sheet: str | None = None
    gone: tuple[str, ...] = ()

    @property
    def rule(self) -> str:
        """Rule that is broken, and that ``accept`` names."""
        return GONE if self.gone else FELL


def tell_falls(draft: Draft, last: LastImport, client: Client, *, number: int) -> None:
    """Tell a source and its sheets that have fewer rows than chance explains.

    Exports grow, or lose a few rows to corrections. Told is a source or sheet with fewer rows than
    the last import read, if a Poisson count of that mean falls so low with a probability below
    :data:`CHANCE`, if half of at least :data:`HALVED` rows is gone, or if all are. Files that are
    gone are compared with those that are new. ``accept`` with the rule is the client's word that
    it is so; each fall may have an entry of its own.

    Parameters
    ----------
    draft : Draft
        Gets the faults, or the record of what was accepted.
    last : LastImport
        What it is compared with.
    client : Client
        For the lines of the source and of its entries.
    number : int
        Position of the source in the client file.
    """
    then = None if draft.source.inline is not None else last.source(draft.source)
    found = [] if then is None else list(falls(draft, then))
    words = [(n, a) for n, a in enumerate(draft.source.accept) if a.rule in RULES]
    used: set[int] = set()
    for fall in found:
        lost, given = fall.before - fall.now, [w for w in words if w[1].rule == fall.rule]
        enough = [(n, a) for n, a in given if a.max_rows >= lost]
        used |= {n for n, _ in given}
        if enough:
            draft.accepted.append(
                AcceptedRecord(
                    rule=fall.rule,
                    column=None,
                    rows=lost,
                    max_rows=enough[0][1].max_rows,
                    then="keep",
                    reason=enough[0][1].reason,
                )
            )
        elif given:
            entry, accept = max(given, key=lambda word: word[1].max_rows)
            place = place_of(client, number, entry)
            params = {"accepted": fall.rule, "max_rows": accept.max_rows, "rows": lost}
            draft.faults.append(fault("accept_exceeded", params=params, **place))
        else:
            draft.faults.append(_fault(fall, last, client, number))
    for entry, accept in words:
        if entry not in used:
            params = {"accepted": accept.rule, "max_rows": accept.max_rows}
            place = place_of(client, number, entry)
            draft.faults.append(fault("accept_unused", params=params, blocking=False, **place))


def place_of(client: Client, number: int, entry: int) -> dict[str, Any]:
    """Return where an ``accept`` entry of a source stands, as fields of a fault."""
    return {
        "file": client.path.name,
        "row": client.line_of("sources", number, "accept", entry),
        "column": f"sources[{number}].accept[{entry}]",
    }


def falls(draft: Draft, then: SourceRecord) -> Iterator[Fall]:
    """Yield the falls of a source against its last import: sheet by sheet, else of the whole.

    Parameters
    ----------
    draft : Draft
        The source as it was read now.
    then : SourceRecord
        What became of it at the last import.
    """
    whole = draft.source.database is not None  # parts of a copy are no exports
    now = {} if whole else {_key(file): file.rows for file in draft.files}
    before = {} if whole else {_key(file): file.rows for file in then.files}
    single = [
        Fall(before[key], now[key], *key)
        for key in before
        if key in now and beyond_chance(before[key], now[key])
    ]
    yield from single
    gone = [key for key in before if key not in now]
    names = tuple("/".join(filter(None, key)) for key in gone)
    lost = sum(before[key] for key in gone)
    instead = sum(rows for key, rows in now.items() if key not in before)
    fell = draft.rows_in < then.rows_in  # else they stand in the files that are left
    if fell and (beyond_chance(lost, instead) or (lost and not instead)):
        yield Fall(lost, instead, gone=names)
    elif not single and beyond_chance(then.rows_in, draft.rows_in):
        yield Fall(then.rows_in, draft.rows_in)


def beyond_chance(before: int, now: int) -> bool:
    """Return whether a count has fallen further than chance explains, by half, or to nothing.

    Parameters
    ----------
    before, now : int
        Rows at the last import, and now.
    """
    if now >= before:
        return False
    from scipy.stats import poisson  # half a second, and few counts fall

    halved = before >= HALVED and 2 * now <= before
    return now == 0 or halved or bool(poisson.cdf(now, before) < CHANCE)


def _key(file: FileRecord) -> tuple[str, str | None]:
    return file.file, file.sheet


def _fault(fall: Fall, last: LastImport, client: Client, number: int) -> Fault:
    params = {
        "before": fall.before,
        "now": fall.now,
        "lost": fall.before - fall.now,
        "record": last.place,
        "files": ", ".join(fall.gone),
    }
    if fall.file is not None:
        return fault(fall.rule, params=params, file=fall.file, sheet=fall.sheet)
    return fault(
        fall.rule,
        params=params,
        file=client.path.name,
        row=client.line_of("sources", number),
        column=f"sources[{number}]",
    )

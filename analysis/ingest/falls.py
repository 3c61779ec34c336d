"""Exports that hold fewer rows than at the last import: half-written, filtered, or cut."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scipy.stats import poisson

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
    """The newest import of a client, and the place of its record in the project."""

    place: str
    tables: Mapping[str, TableRecord]

    @classmethod
    def of(cls, client: Client) -> LastImport | None:
        """Return the newest import of a client that can be read, None before the first."""
        project = client.folder.resolve().parents[1]
        for path in earlier_records(client):
            try:
                record = IngestRecord.load(path.parent)
            except (ValueError, OSError):
                continue  # being written or removed, or written by another version
            return cls(path.relative_to(project).as_posix(), record.tables)
        return None

    def source(self, source: Source) -> SourceRecord | None:
        """Return what became of a source then: by its title, else the only one of its table."""
        then = self.tables[source.table].sources if source.table in self.tables else ()
        named = [record for record in then if record.title == source.title]
        found = named or list(then)
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class Fall:
    """Rows of a sheet, or of all files of a source: ``before`` and ``now``.

    ``gone`` are the files or sheets that were read then and are not there any more.
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


def tell_falls(draft: Draft, last: LastImport | None, client: Client, *, number: int) -> None:
    """Tell a source and its sheets that have fewer rows than chance explains.

    Exports grow, or lose a few rows to corrections. Told is a source or sheet with fewer rows than
    the last import read, if a Poisson count of that mean falls so low with a probability below
    :data:`CHANCE`, if half of at least :data:`HALVED` rows is gone, or if all are; and a source
    with fewer rows that lost a file and has no new one, whatever the number. ``accept`` with the
    rule is the client's word that it is so.

    Parameters
    ----------
    draft : Draft
        Gets the faults, or the record of what was accepted.
    last : LastImport or None
        None before the first import.
    client : Client
        For the lines of the source and of its entries.
    number : int
        Position of the source in the client file.
    """
    then = None if last is None or draft.source.inline is not None else last.source(draft.source)
    found = [] if then is None else list(falls(draft, then))
    words = {a.rule: (n, a) for n, a in enumerate(draft.source.accept) if a.rule in RULES}
    for fall in found:
        if fall.rule not in words:
            draft.faults.append(_fault(fall, last, client, number))
    for rule, (entry, accept) in words.items():
        lost = max((fall.before - fall.now for fall in found if fall.rule == rule), default=0)
        params = {"accepted": rule, "max_rows": accept.max_rows}
        place = {
            "file": client.path.name,
            "row": client.line_of("sources", number, "accept", entry),
            "column": f"sources[{number}].accept[{entry}]",
        }
        if not lost:
            draft.faults.append(fault("accept_unused", params=params, blocking=False, **place))
        elif lost > accept.max_rows:
            draft.faults.append(fault("accept_exceeded", params=params | {"rows": lost}, **place))
        else:
            draft.accepted.append(
                AcceptedRecord(
                    rule=rule,
                    column=None,
                    rows=lost,
                    max_rows=accept.max_rows,
                    then="keep",
                    reason=accept.reason,
                )
            )


def falls(draft: Draft, then: SourceRecord) -> Iterator[Fall]:
    """Yield the falls of a source against its last import; of the whole only if of no sheet.

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
    gone = tuple("/".join(filter(None, key)) for key in before if key not in now)
    new = [key for key in now if key not in before]
    total = Fall(then.rows_in, draft.rows_in, gone=gone)
    lost_a_file = bool(gone) and not new and total.now < total.before
    if lost_a_file or (not single and beyond_chance(total.before, total.now)):
        yield total


def beyond_chance(before: int, now: int) -> bool:
    """Return whether a count has fallen further than chance explains, by half, or to nothing.

    Parameters
    ----------
    before, now : int
        Rows at the last import, and now.
    """
    if now >= before:
        return False
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

"""Up to which day a client's exports tell, where the last month is not over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from analysis.look_back.knowledge import KNOWLEDGE

BY_THE_DAY = (
    "tickets", "surveys", "reactions", "assessments", "ratings", "skill_use", "coaching",
)  # fmt: skip
"""Tables whose rows are dated by what happened, never by a plan or a month."""

QUIET_DAYS = 7
"""Days without a record at the end that say nothing: many a client has no record for a week."""


def last_recorded(folder: Path, *, until: dt.date, timezone: str) -> dt.date:
    """Return the last day that the exports tell of.

    Parameters
    ----------
    folder : Path
        Holds the canonical tables.
    until : date
        Last day of the evaluated months.
    timezone : str
        IANA name; decides the local day of an instant.

    Returns
    -------
    date
        Newest day of :data:`BY_THE_DAY`; ``until`` where that is less than :data:`QUIET_DAYS` away,
        where it lies later, and where none of these tables has a row.
    """
    days = [day for day in _newest(Path(folder), timezone) if day is not None]
    if not days:
        return until
    newest = max(days)
    return newest if (until - newest).days >= QUIET_DAYS else until


def came_in(folder: Path, *, after: dt.date, until: dt.date, timezone: str) -> dict[str, int]:
    """Count work orders and questionnaires dated after a day, up to another.

    Parameters
    ----------
    folder : Path
        Holds the canonical tables.
    after, until : date
        The days; ``until`` is counted, ``after`` is not.
    timezone : str
        IANA name; decides the local day of an instant.

    Returns
    -------
    dict
        ``tickets`` and ``answers``; 0 where the client has no such table.
    """
    ends = [pd.Timestamp(day + dt.timedelta(days=1), tz=timezone) for day in (after, until)]
    found = {}
    for said, name, key in (
        ("tickets", "tickets", "ticket_id"),
        ("answers", "surveys", "response_id"),
    ):
        path, (moment,) = Path(folder) / f"{name}.parquet", KNOWLEDGE[name].row
        if not path.is_file():
            found[said] = 0
            continue
        within = [(moment, ">=", ends[0]), (moment, "<", ends[1])]
        found[said] = int(pd.read_parquet(path, columns=[key], filters=within)[key].nunique())
    return found


def _newest(folder: Path, timezone: str) -> Iterator[dt.date | None]:
    """Yield the newest day of each table, from what its file says of its columns."""
    for name in BY_THE_DAY:
        path = folder / f"{name}.parquet"
        if not path.is_file():
            continue
        (column,) = KNOWLEDGE[name].row
        file = pq.ParquetFile(path)
        if column not in file.schema_arrow.names:
            continue
        place = file.schema_arrow.get_field_index(column)
        for group in range(file.metadata.num_row_groups):
            said = file.metadata.row_group(group).column(place).statistics
            if said is not None and said.has_min_max:
                yield _day(said.max, timezone)


def _day(moment: dt.date | dt.datetime, timezone: str) -> dt.date:
    if not isinstance(moment, dt.datetime):
        return moment
    stamp = pd.Timestamp(moment)
    stamp = stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp
    local: dt.date = stamp.tz_convert(timezone).date()
    return local

"""What was knowable on a day: canonical tables as an export of that evening would have held them.

When each column becomes known is declared in :mod:`analysis.look_back.knowledge`.

What one export cannot say stays as the newest export has it, and is the limit of looking back:
post, site and tier of staff, the register of risks, how much of a course was done by people who
never finished it, and how often a ticket was reopened that is still open.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analysis.errors import SchemaError
from analysis.look_back.knowledge import KNOWLEDGE, undeclared
from analysis.tables import TABLES, conform, period_of


def known_on(name: str, table: pa.Table | pd.DataFrame, *, on: dt.date, timezone: str) -> pa.Table:
    """Return what was knowable of one table in the evening of a day.

    Parameters
    ----------
    name : str
        Name of the canonical table.
    table : pyarrow.Table or DataFrame
        The whole table; a frame is brought to the declared types first.
    on : date
        The day; all of it is known.
    timezone : str
        The client's time zone; it says when the day ends.

    Returns
    -------
    pyarrow.Table
        Rows dated up to ``on``, in the order given, of the declared types; what only a later
        event brought is NULL. Truncating twice is truncating at the earlier day.

    Raises
    ------
    SchemaError
        When a column is not declared.
    """
    if name not in KNOWLEDGE or name not in TABLES:
        raise SchemaError(f"what is knowable when is not declared: {name}: no declaration")
    if wrong := undeclared(name):
        raise SchemaError("what is knowable when is not declared: " + "; ".join(wrong))
    known = KNOWLEDGE[name]
    whole = conform(name, table) if isinstance(table, pd.DataFrame) else table
    if known.row:
        moments = pc.coalesce(*(whole[column] for column in known.row))
        past = _past(moments, on, timezone, months=known.whole_months)
        whole = whole.filter(pc.fill_null(past, known.undated_kept))
    # Events are read before any is taken away: one column may date another.
    happened = {
        event: pc.fill_null(_past(whole[event.column], on, timezone), event.kept_without)
        for event in known.events
    }
    for event, flags in happened.items():
        for column in event.brings:
            field = whole.schema.field(column)
            values = pc.if_else(flags, whole[column], pa.scalar(None, field.type))
            whole = whole.set_column(whole.schema.get_field_index(column), field, values)
    return whole.combine_chunks()


@dataclass(slots=True)
class Horizon:
    """The evening of a day: what of an export of later days was already there.

    Ingest cuts rows by it before it settles duplicates, so that an answer given later never
    displaces one that was known, and whole tables by it before it writes them. ``undated``
    counts, by table cut, what no day could be given, as :func:`undated`.
    """

    on: dt.date
    timezone: str
    undated: dict[str, int] = field(default_factory=dict)

    def rows(self, name: str, frame: pd.DataFrame) -> np.ndarray:
        """Return for each row of a frame being read whether it was there; bool, (rows,).

        Rows that no day can be given are kept here, and counted by :func:`undated`.
        """
        dates = [column for column in KNOWLEDGE[name].row if column in frame]
        if not dates or frame.empty:
            return np.ones(len(frame), dtype=bool)
        table = pa.Table.from_pandas(frame[dates], preserve_index=False)
        moments = pc.coalesce(*table.columns)
        past = _past(moments, self.on, self.timezone, months=KNOWLEDGE[name].whole_months)
        return pc.fill_null(past, True).to_numpy(zero_copy_only=False).astype(bool)

    def table(self, name: str, table: pa.Table) -> pa.Table:
        """Return what was knowable of a canonical table, as :func:`known_on`."""
        for cut, count in undated({name: table}).items():  # a large table comes in pieces
            self.undated[cut] = self.undated.get(cut, 0) + count
        return known_on(name, table, on=self.on, timezone=self.timezone)


def tables_known_on(
    tables: Mapping[str, pa.Table | pd.DataFrame], *, on: dt.date, timezone: str
) -> dict[str, pa.Table]:
    """Truncate all tables at hand by :func:`known_on`.

    Parameters
    ----------
    tables : Mapping
        Canonical tables by name.
    on : date
        The day whose evening is looked back to.
    timezone : str
        IANA name; decides the local day of an instant.

    Returns
    -------
    dict
        Tables of the same names.
    """
    return {name: known_on(name, table, on=on, timezone=timezone) for name, table in tables.items()}


def undated(tables: Mapping[str, pa.Table]) -> dict[str, int]:
    """Count rows that no day can be given, so that looking back leaves them or a part of them out.

    Answers, attempts and sessions without a date; costs that were spent on no known day.

    Returns
    -------
    dict
        Rows by table.
    """
    found = {}
    for name, table in tables.items():
        known = KNOWLEDGE[name]
        lost = pa.array([False] * table.num_rows, pa.bool_())
        if known.row and not known.undated_kept:
            lost = pc.is_null(pc.coalesce(*(table[column] for column in known.row)))
        for event in known.events:
            valued = [c for c in event.brings if c != event.column]
            if event.kept_without or event.column in known.planned or not valued:
                continue
            value = pc.is_valid(pc.coalesce(*(table[column] for column in valued)))
            lost = pc.or_(lost, pc.and_(pc.is_null(table[event.column]), value))
        if count := pc.sum(lost).as_py():
            found[name] = count
    return found


def last_whole_month(on: dt.date) -> int:
    """Return the running month that ended last by the evening of a day."""
    month = period_of(on)
    return month if period_of(on + dt.timedelta(days=1)) > month else month - 1


def _past(moments, on: dt.date, timezone: str, *, months: bool = False):
    """Whether moments lie on or before the day; NULL where there is none."""
    tomorrow = on + dt.timedelta(days=1)
    if pa.types.is_timestamp(moments.type):
        end = dt.datetime.combine(tomorrow, dt.time(), ZoneInfo(timezone))
        return pc.less(moments, pa.scalar(end.astimezone(dt.UTC), moments.type))
    if months:
        return pc.less(moments, pa.scalar(tomorrow.replace(day=1), moments.type))
    return pc.less(moments, pa.scalar(tomorrow, moments.type))

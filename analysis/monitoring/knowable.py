"""What was knowable on a day: canonical tables as an export of that evening would have held them.

Every column of every canonical table is declared here: dated with its row, a plan, or known
only from a later event on. A column that is not declared stops the truncation, so a new one
cannot carry the future into an evaluation of the past.

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
from analysis.tables import TABLES, conform, period_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A later event of a row, and the columns that become known with it.

    ``column`` holds its day or instant. After the day looked at, and without an event unless
    ``kept_without``, the columns in ``brings`` are NULL.
    """

    column: str
    brings: tuple[str, ...]
    kept_without: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """When the rows and columns of one table become known.

    Attributes
    ----------
    row : tuple[str, ...]
        Columns that date a row; the first that is not NULL counts. Empty: always known.
    with_row : tuple[str, ...]
        Columns known with the row.
    planned : tuple[str, ...]
        Plans and promises, known with the row though they lie ahead.
    events : tuple[Event, ...]
        What becomes known later.
    whole_months : bool
        Whether the row's date is the first day of a month that is known once it ended.
    undated_kept : bool
        Whether rows without a date are kept; else they cannot be placed and are left out.
    """

    with_row: tuple[str, ...]
    row: tuple[str, ...] = ()
    planned: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    whole_months: bool = False
    undated_kept: bool = False

    @property
    def declared(self) -> tuple[str, ...]:
        """All columns in the order of declaration; each stands once when it is right."""
        brought = tuple(c for event in self.events for c in event.brings)
        return (*self.with_row, *self.planned, *brought)


KNOWLEDGE: Mapping[str, Knowledge] = {
    "sites": Knowledge(
        with_row=("site_id", "site_name", "region", "property_type", "households"),
        events=(Event(column="crm_go_live", brings=("crm_go_live",)),),
    ),
    "staff": Knowledge(
        row=("hired_on",),
        undated_kept=True,
        with_row=(
            "staff_id",
            "site_id",
            "role",
            "tier",
            "hired_on",
            "age_band",
            "education_band",
        ),
        events=(Event(column="left_on", brings=("left_on",)),),
    ),
    "waves": Knowledge(
        with_row=("site_id", "wave", "arm", "assigned_by"),
        planned=("planned_start",),
        events=(Event(column="actual_start", brings=("actual_start",)),),
    ),
    "enrolments": Knowledge(
        row=("held_on", "completed_on"),
        with_row=(
            "staff_id",
            "module",
            "session",
            "mode",
            "lecturer_id",
            "held_on",
            "hours",
            "attended",
        ),
        events=(
            Event(column="completed_on", brings=("completed_on", "completion"), kept_without=True),
        ),
    ),
    "lecturers": Knowledge(
        with_row=("lecturer_id", "origin", "service_years"),
        events=(
            Event(column="certified_on", brings=("certified_on", "certified"), kept_without=True),
        ),
    ),
    "reactions": Knowledge(
        row=("answered_on",),
        with_row=(
            "response_id",
            "item",
            "instrument",
            "staff_id",
            "module",
            "session",
            "lecturer_id",
            "answered_on",
            "score",
        ),
    ),
    "assessments": Knowledge(
        row=("assessed_on",),
        with_row=(
            "staff_id",
            "module",
            "occasion",
            "form",
            "attempt",
            "assessed_on",
            "score",
            "assessor_id",
        ),
    ),
    "test_answers": Knowledge(
        row=("answered_on",),
        with_row=(
            "staff_id",
            "module",
            "occasion",
            "form",
            "attempt",
            "item",
            "version",
            "answered_on",
            "score",
            "full_score",
        ),
    ),
    "ratings": Knowledge(
        row=("rated_on",),
        with_row=(
            "rating_id",
            "item",
            "instrument",
            "ratee_id",
            "site_id",
            "rater_id",
            "rater_role",
            "rated_on",
            "score",
        ),
    ),
    "surveys": Knowledge(
        row=("answered_at",),
        with_row=(
            "response_id",
            "item",
            "instrument",
            "site_id",
            "household_id",
            "answered_at",
            "channel",
            "score",
            "missing",
        ),
    ),
    "invitations": Knowledge(
        row=("month",), whole_months=True, with_row=("site_id", "month", "channel", "invited")
    ),
    "dispositions": Knowledge(
        row=("month",),
        with_row=(
            "invitation_id",
            "site_id",
            "household_id",
            "month",
            "channel",
            "disposition",
        ),
        whole_months=True,
    ),
    "instruments": Knowledge(
        with_row=(
            "instrument",
            "item",
            "wording",
            "dimension",
            "role",
            "scale_min",
            "scale_max",
            "reversed",
        ),
    ),
    "tickets": Knowledge(
        row=("opened_at",),
        with_row=(
            "ticket_id",
            "site_id",
            "household_id",
            "staff_id",
            "kind",
            "category",
            "second_category",
            "channel",
            "opened_at",
        ),
        planned=("due_at",),
        events=(
            Event(column="first_response_at", brings=("first_response_at",)),
            Event(
                column="resolved_at",
                brings=("resolved_at", "reopened", "rating"),
                kept_without=True,
            ),
        ),
    ),
    "fees": Knowledge(
        row=("month",),
        whole_months=True,
        with_row=("site_id", "month", "receivable", "waived", "collected"),
    ),
    "contracts": Knowledge(
        with_row=("contract_id", "site_id"),
        planned=("due_on",),
        events=(Event(column="due_on", brings=("renewed",)),),
    ),
    "crm_usage": Knowledge(
        row=("month",),
        whole_months=True,
        with_row=("site_id", "month", "users", "active_users", "records_kept", "functions_used"),
    ),
    "costs": Knowledge(
        with_row=("cost_id", "category", "item"),
        planned=("planned",),
        events=(Event(column="spent_on", brings=("spent_on", "actual")),),
    ),
    "milestones": Knowledge(
        with_row=("milestone_id", "name", "criterion", "after"),
        planned=("planned_on",),
        events=(Event(column="actual_on", brings=("actual_on",)),),
    ),
    "risks": Knowledge(
        with_row=(
            "risk_id",
            "name",
            "category",
            "probability",
            "impact",
            "response",
            "trigger",
            "owner",
            "contingency",
        ),
        events=(Event(column="drilled_on", brings=("drilled_on",)),),
    ),
    "actions": Knowledge(
        with_row=("action_id", "finding", "action", "owner"),
        planned=("due_on",),
        events=(Event(column="done_on", brings=("done_on",)),),
    ),
    "appeals": Knowledge(
        row=("filed_on",),
        with_row=("appeal_id", "staff_id", "about", "filed_on"),
        planned=("due_on",),
        events=(Event(column="decided_on", brings=("decided_on", "outcome")),),
    ),
    "documents": Knowledge(
        row=("issued_on",),
        undated_kept=True,
        with_row=("title", "version", "issued_on"),
        events=(Event(column="approved_on", brings=("approved_on", "approved_by")),),
    ),
    "events": Knowledge(
        row=("happened_on",),
        with_row=("event_id", "site_id", "change", "name", "happened_on"),
    ),
}
"""When the rows and columns of each canonical table become known."""


def check_declared() -> None:
    """Hold that every column of every canonical table is declared exactly once.

    Raises
    ------
    SchemaError
        Naming each column that is not declared, is declared twice, or does not exist, and each
        table without a declaration.
    """
    wrong = [f"{name}: no declaration" for name in TABLES if name not in KNOWLEDGE]
    for name in TABLES:
        if name in KNOWLEDGE:
            wrong += _undeclared(name)
    if wrong:
        raise SchemaError("what is knowable when is not declared: " + "; ".join(wrong))


def _undeclared(name: str) -> list[str]:
    table, known = TABLES[name], KNOWLEDGE[name]
    declared = known.declared
    used = {*known.row, *(event.column for event in known.events)}
    wrong = [f"{name}.{c} is not declared" for c in table.columns if c not in declared]
    wrong += [f"{name}.{c} does not exist" for c in (*declared, *used) if c not in table.columns]
    wrong += [f"{name}.{c} is declared twice" for c in declared if declared.count(c) > 1]
    return sorted(set(wrong))


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
    if wrong := _undeclared(name):
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
        self.undated |= undated({name: table})
        return known_on(name, table, on=self.on, timezone=self.timezone)


def tables_known_on(
    tables: Mapping[str, pa.Table | pd.DataFrame], *, on: dt.date, timezone: str
) -> dict[str, pa.Table]:
    """Truncate all tables at hand by :func:`known_on`."""
    return {name: known_on(name, table, on=on, timezone=timezone) for name, table in tables.items()}


def undated(tables: Mapping[str, pa.Table]) -> dict[str, int]:
    """Count rows that no day can be given, so that looking back leaves them or a part of them out.

    Answers, attempts and sessions without a date; costs that were spent on no known day.
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

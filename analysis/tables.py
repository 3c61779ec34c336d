"""The canonical tables: what a row is, its key, and each column's meaning, type and range.

Raw exports become these tables in ``analysis.ingest``; everything after reads only these.
Identifiers of people are keyed pseudonyms. Shares are 0-1, amounts CNY, scores on their
declared scale with the direction already turned so that more is better. Instants are UTC with
microseconds; which local month they fall in is decided with the client's time zone. Missing is
NULL, never NaN and never a code. Nothing derived is stored.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd
import pyarrow as pa

from analysis.errors import SchemaError

Kind = Literal["id", "person", "label", "text", "date", "instant", "int", "number", "share", "bool"]

ARROW_TYPES: Mapping[Kind, pa.DataType] = {
    "id": pa.string(),
    "person": pa.string(),
    "label": pa.string(),
    "text": pa.string(),
    "date": pa.date32(),
    "instant": pa.timestamp("us", tz="UTC"),
    "int": pa.int64(),
    "number": pa.float64(),
    "share": pa.float64(),
    "bool": pa.bool_(),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a canonical table.

    ``person`` columns hold keyed pseudonyms. ``labels`` closes the set of values of a ``label``.
    ``low`` and ``high`` are inclusive. ``refers`` names the table whose key the column must hit.
    """

    kind: Kind
    about: str
    required: bool = False
    labels: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    unit: str | None = None
    refers: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One canonical table: what a row is, the columns that identify it, and all columns."""

    name: str
    row: str
    key: tuple[str, ...]
    columns: Mapping[str, Column]

    def schema(self) -> pa.Schema:
        """Return the Arrow schema in declared column order."""
        return pa.schema([(name, ARROW_TYPES[c.kind]) for name, c in self.columns.items()])

    def empty(self) -> pd.DataFrame:
        """Return the table with no rows and the declared types."""
        return self.schema().empty_table().to_pandas(types_mapper=pd.ArrowDtype)


def _id(about: str, *, required: bool = True, refers: str | None = None) -> Column:
    return Column("id", about, required=required, refers=refers)


def _site(*, required: bool = True) -> Column:
    return Column("id", "managed project", required=required, refers="sites")


DISPOSITIONS = (
    "complete",
    "partial",
    "refusal",
    "noncontact",
    "other",
    "unknown_household",
    "unknown_other",
    "not_eligible",
)
"""Final outcome of an invitation, as the survey standard (AAPOR 2023) groups its codes: 1.1, 1.2,
2.1, 2.2, 2.3, 3.1, the rest of 3, 4."""

RATER_ROLES = ("self", "supervisor", "peer", "customer", "mystery_shopper", "expert")
TICKET_KINDS = ("repair", "complaint", "enquiry", "praise")
REPORTED_BY = ("platform", "phone", "front_desk", "other")

_TABLES = (
    Table(
        "sites",
        "one managed project (项目)",
        ("site_id",),
        {
            "site_id": _id("managed project"),
            "site_name": Column("label", "name shown in reports", required=True),
            "region": Column("label", "region or district (片区)"),
            "property_type": Column(
                "label", "kind of property", labels=("villa", "high_end", "ordinary", "old")
            ),
            "households": Column("int", "households served", low=1, unit="households"),
            "crm_go_live": Column("date", "first day the CRM system was used"),
        },
    ),
    Table(
        "staff",
        "one employee",
        ("staff_id",),
        {
            "staff_id": Column("person", "employee", required=True),
            "site_id": _site(required=False),
            "role": Column("label", "post, e.g. steward (管家)"),
            "tier": Column("label", "layer", labels=("frontline", "middle", "senior")),
            "hired_on": Column("date", "first working day"),
            "left_on": Column("date", "last working day; NULL while employed"),
            "age_band": Column("label", "band of age, never a birth date"),
            "education_band": Column("label", "band of education"),
        },
    ),
    Table(
        "waves",
        "one site in one training wave; wave 0 is a site never trained",
        ("site_id", "wave"),
        {
            "site_id": _site(),
            "wave": Column("int", "number of the wave, 0 for never trained", required=True, low=0),
            "arm": Column("label", "planned arm", required=True, labels=("treated", "comparison")),
            "planned_start": Column("date", "first training day planned"),
            "actual_start": Column("date", "first training day held"),
            "assigned_by": Column(
                "label",
                "who or what decided the wave",
                labels=("randomised", "management", "volunteered", "unknown"),
            ),
        },
    ),
    Table(
        "enrolments",
        "one employee in one session of one module",
        ("staff_id", "module", "session"),
        {
            "staff_id": Column("person", "employee", required=True, refers="staff"),
            "module": Column("label", "course module", required=True),
            "session": Column("label", "session or class", required=True),
            "mode": Column("label", "delivery", labels=("classroom", "online", "simulation")),
            "lecturer_id": Column("person", "lecturer"),
            "held_on": Column("date", "day of the session"),
            "hours": Column("number", "hours of the session", low=0, unit="hours"),
            "attended": Column("bool", "whether the employee came"),
            "completion": Column("share", "share completed", low=0, high=1),
            "completed_on": Column("date", "day it was completed, with make-ups"),
        },
    ),
    Table(
        "lecturers",
        "one lecturer; optional, it allows what is asked of lecturers to be checked",
        ("lecturer_id",),
        {
            "lecturer_id": Column("person", "lecturer", required=True),
            "origin": Column(
                "label",
                "employed, bought in, or of the makers of the system",
                labels=("internal", "external", "technical"),
            ),
            "service_years": Column("number", "years in the field", low=0, unit="years"),
            "certified": Column("bool", "whether the lecturers' test is passed"),
            "certified_on": Column("date", "day of the certificate"),
        },
    ),
    Table(
        "reactions",
        "one answer to one item of a course questionnaire",
        ("response_id", "item"),
        {
            "response_id": _id("one filled questionnaire"),
            "item": _id("item of the instrument"),
            "instrument": _id("questionnaire and version", refers="instruments"),
            "staff_id": Column("person", "respondent; NULL when anonymous"),
            "module": Column("label", "course module"),
            "session": Column("label", "session or class"),
            "lecturer_id": Column("person", "lecturer"),
            "answered_on": Column("date", "day of the answer"),
            "score": Column("number", "answer on the declared scale, more is better"),
        },
    ),
    Table(
        "assessments",
        "one assessed attempt",
        ("staff_id", "module", "occasion", "form", "attempt"),
        {
            "staff_id": Column("person", "employee", required=True, refers="staff"),
            "module": Column("label", "course module", required=True),
            "occasion": Column(
                "label", "when", required=True, labels=("pre", "post", "retest", "follow_up")
            ),
            "form": Column(
                "label",
                "how",
                required=True,
                labels=("written", "practical", "role_play", "system"),
            ),
            "attempt": Column("int", "1 for the first attempt", required=True, low=1),
            "assessed_on": Column("date", "day of the attempt"),
            "score": Column("number", "points", low=0, high=100, unit="points"),
            "assessor_id": Column("person", "assessor"),
        },
    ),
    Table(
        "test_answers",
        "points of one person for one item of one assessed attempt",
        ("staff_id", "module", "occasion", "form", "attempt", "item"),
        {
            "staff_id": Column("person", "employee", required=True, refers="staff"),
            "module": Column("label", "course module", required=True),
            "occasion": Column(
                "label", "when", required=True, labels=("pre", "post", "retest", "follow_up")
            ),
            "form": Column(
                "label",
                "how",
                required=True,
                labels=("written", "practical", "role_play", "system"),
            ),
            "attempt": Column("int", "1 for the first attempt", required=True, low=1),
            "item": _id("item of the test"),
            "version": Column("label", "version of the test"),
            "answered_on": Column("date", "day of the attempt"),
            "score": Column("number", "points; NULL where left blank", low=0, unit="points"),
            "full_score": Column(
                "number", "full points of the item", required=True, low=0, unit="points"
            ),
        },
    ),
    Table(
        "ratings",
        "one rated item of behaviour",
        ("rating_id", "item"),
        {
            "rating_id": _id("one filled rating sheet"),
            "item": _id("item of the instrument"),
            "instrument": _id("rating instrument and version", refers="instruments"),
            "ratee_id": Column("person", "employee rated; NULL when the site is rated"),
            "site_id": _site(),
            "rater_id": Column("person", "rater; NULL when anonymous"),
            "rater_role": Column("label", "role of the rater", required=True, labels=RATER_ROLES),
            "rated_on": Column("date", "day of the rating"),
            "score": Column("number", "rating on the declared scale, more is better"),
        },
    ),
    Table(
        "surveys",
        "one answer to one item of a customer questionnaire",
        ("response_id", "item"),
        {
            "response_id": _id("one filled questionnaire"),
            "item": _id("item of the instrument"),
            "instrument": _id("questionnaire and version", refers="instruments"),
            "site_id": _site(),
            "household_id": Column("person", "household; NULL when anonymous"),
            "answered_at": Column("instant", "when it was handed in", required=True),
            "channel": Column("label", "how it was answered (微信, phone …)"),
            "score": Column("number", "answer on the declared scale, more is better"),
            "missing": Column(
                "label",
                "why there is no score",
                labels=("blank", "skipped", "not_applicable", "dont_know"),
            ),
        },
    ),
    Table(
        "invitations",
        "questionnaires sent: site x month x channel",
        ("site_id", "month", "channel"),
        {
            "site_id": _site(),
            "month": Column("date", "first day of the month", required=True),
            "channel": Column("label", "how they were sent", required=True),
            "invited": Column("int", "questionnaires sent", required=True, low=0),
        },
    ),
    Table(
        "dispositions",
        "one invited household in one month's survey; optional, it allows response rates",
        ("invitation_id",),
        {
            "invitation_id": _id("one invitation"),
            "site_id": _site(),
            "household_id": Column("person", "household invited; NULL when anonymous"),
            "month": Column("date", "first day of the month", required=True),
            "channel": Column("label", "how it was invited"),
            "disposition": Column(
                "label", "final outcome of the invitation", required=True, labels=DISPOSITIONS
            ),
        },
    ),
    Table(
        "instruments",
        "one item of one version of one questionnaire",
        ("instrument", "item"),
        {
            "instrument": _id("questionnaire and version"),
            "item": _id("item"),
            "wording": Column("text", "the question as asked"),
            "dimension": Column("label", "what it is meant to measure"),
            "role": Column(
                "label", "use of the item", required=True, labels=("overall", "nps", "item")
            ),
            "scale_min": Column("number", "lowest possible score", required=True),
            "scale_max": Column("number", "highest possible score", required=True),
            "reversed": Column("bool", "whether ingest turned the codes round"),
        },
    ),
    Table(
        "tickets",
        "one work order",
        ("ticket_id",),
        {
            "ticket_id": _id("work order"),
            "site_id": _site(),
            "household_id": Column("person", "household; NULL for common areas"),
            "staff_id": Column("person", "employee in charge"),
            "kind": Column("label", "kind of request", labels=TICKET_KINDS),
            "category": Column("label", "subject, e.g. lift, noise, attitude"),
            "second_category": Column("label", "subject as a second coder saw it; NULL without"),
            "channel": Column("label", "how it was reported", labels=REPORTED_BY),
            "opened_at": Column("instant", "when it was reported", required=True),
            "first_response_at": Column("instant", "first reply by a person"),
            "due_at": Column("instant", "promised by"),
            "resolved_at": Column("instant", "closed; NULL while open"),
            "reopened": Column("int", "times reopened", low=0),
            "rating": Column("number", "customer's rating, 1-5", low=1, high=5),
        },
    ),
    Table(
        "fees",
        "site x month",
        ("site_id", "month"),
        {
            "site_id": _site(),
            "month": Column("date", "first day of the month", required=True),
            "receivable": Column("number", "due in the month", required=True, unit="CNY"),
            "waived": Column("number", "waived", unit="CNY"),
            "collected": Column("number", "received for the month", required=True, unit="CNY"),
        },
    ),
    Table(
        "contracts",
        "one contract due",
        ("contract_id",),
        {
            "contract_id": _id("contract"),
            "site_id": _site(),
            "due_on": Column("date", "last day of the term", required=True),
            "renewed": Column("bool", "whether renewed; NULL while open"),
        },
    ),
    Table(
        "crm_usage",
        "site x month",
        ("site_id", "month"),
        {
            "site_id": _site(),
            "month": Column("date", "first day of the month", required=True),
            "users": Column("int", "accounts", low=0),
            "active_users": Column("int", "accounts used in the month", low=0),
            "records_kept": Column("int", "customer records written", low=0),
            "functions_used": Column("int", "different functions used", low=0),
        },
    ),
    Table(
        "costs",
        "one cost item",
        ("cost_id",),
        {
            "cost_id": _id("cost item"),
            "category": Column(
                "label",
                "kind of cost",
                required=True,
                labels=(
                    "trainer",
                    "materials",
                    "venue",
                    "incentive",
                    "platform",
                    "travel",
                    "participant_time",
                    "administration",
                    "evaluation",
                    "reserve",
                ),
            ),
            "item": Column("label", "what was bought"),
            "planned": Column("number", "planned", unit="CNY", low=0),
            "actual": Column("number", "spent; NULL while open", unit="CNY", low=0),
            "spent_on": Column("date", "day of the expense, or planned day"),
        },
    ),
    Table(
        "milestones",
        "one milestone or gate",
        ("milestone_id",),
        {
            "milestone_id": _id("milestone"),
            "name": Column("label", "what must be reached", required=True),
            "planned_on": Column("date", "planned", required=True),
            "actual_on": Column("date", "reached; NULL while open"),
            "criterion": Column("label", "what counts as reached"),
            "after": Column("label", "ids of the milestones it waits for, e.g. M1, M2"),
        },
    ),
    Table(
        "risks",
        "one risk",
        ("risk_id",),
        {
            "risk_id": _id("risk"),
            "name": Column("label", "what may happen", required=True),
            "category": Column("label", "area"),
            "probability": Column("int", "1 rare to 5 almost certain", low=1, high=5),
            "impact": Column("int", "1 slight to 5 fatal", low=1, high=5),
            "response": Column("label", "planned response"),
            "trigger": Column("label", "alert rule that sets it off, or e.g. return_rate < 0.3"),
            "owner": Column("label", "role in charge"),
            "contingency": Column("label", "what is ready should it happen"),
            "drilled_on": Column("date", "day of the last drill"),
        },
    ),
    Table(
        "actions",
        "one action from an earlier report",
        ("action_id",),
        {
            "action_id": _id("action"),
            "finding": Column("label", "the finding it answers", required=True),
            "action": Column("label", "what is to be done"),
            "owner": Column("label", "role in charge"),
            "due_on": Column("date", "due"),
            "done_on": Column("date", "done; NULL while open"),
        },
    ),
    Table(
        "appeals",
        "one objection of an employee to a result; optional, it allows results to count",
        ("appeal_id",),
        {
            "appeal_id": _id("objection"),
            "staff_id": Column("person", "who objected", refers="staff"),
            "about": Column(
                "label", "what it is about", labels=("test", "rating", "appraisal", "other")
            ),
            "filed_on": Column("date", "day it was handed in", required=True),
            "due_on": Column("date", "day by which it is to be decided"),
            "decided_on": Column("date", "day of the decision; NULL while open"),
            "outcome": Column(
                "label", "what was decided", labels=("upheld", "changed", "withdrawn")
            ),
        },
    ),
    Table(
        "documents",
        "one version of one document of the programme; optional",
        ("title", "version"),
        {
            "title": Column("label", "title as it is cited", required=True),
            "version": Column("label", "version, e.g. V1.2", required=True),
            "issued_on": Column("date", "day of issue"),
            "approved_by": Column("label", "role that approved it"),
            "approved_on": Column("date", "day of approval; NULL while it waits"),
        },
    ),
    Table(
        "events",
        "one change at a site besides the training; optional",
        ("event_id",),
        {
            "event_id": _id("change"),
            "site_id": Column("id", "managed project; NULL for all", refers="sites"),
            "change": Column(
                "label",
                "kind of change",
                required=True,
                labels=("service_standard", "takeover", "management", "system", "price", "other"),
            ),
            "name": Column("label", "what changed"),
            "happened_on": Column("date", "first day under the change", required=True),
        },
    ),
)

TABLES: Mapping[str, Table] = {table.name: table for table in _TABLES}


def period_of(day: dt.date) -> int:
    """Return the month of a date as a running number, ``year * 12 + month - 1``."""
    return day.year * 12 + day.month - 1


def month_of(period: int) -> dt.date:
    """Return the first day of a running month; inverse of :func:`period_of`."""
    return dt.date(period // 12, period % 12 + 1, 1)


def conform(name: str, frame: pd.DataFrame) -> pa.Table:
    """Give a frame the declared columns, order and types of a canonical table.

    Parameters
    ----------
    name : str
        Table name.
    frame : DataFrame
        Columns may be missing unless required; unknown columns are refused.

    Returns
    -------
    pyarrow.Table
        With the declared schema; absent columns are NULL, NaN becomes NULL.

    Raises
    ------
    SchemaError
        For unknown columns, absent required columns, values that do not fit the type,
        NULL in a required column, or a key that is not unique; all are named together.
    """
    table = TABLES[name]
    wrong = [f"unknown column {c!r}" for c in frame.columns if c not in table.columns]
    arrays = []
    for column, spec in table.columns.items():
        kind = ARROW_TYPES[spec.kind]
        if column not in frame.columns:
            if spec.required:
                wrong.append(f"required column {column!r} is absent")
            arrays.append(pa.nulls(len(frame), kind))
            continue
        try:
            array = pa.Array.from_pandas(frame[column], type=kind, safe=spec.kind != "instant")
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            wrong.append(f"column {column!r} is not {spec.kind}: {error}")
            continue
        array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
        if spec.required and array.null_count:
            wrong.append(f"required column {column!r} has {array.null_count} NULL")
        arrays.append(array)
    if not wrong and len(frame) and frame.duplicated(list(table.key)).any():
        doubled = int(frame.duplicated(list(table.key)).sum())
        wrong.append(f"key {table.key} is not unique: {doubled} repeated rows")
    if wrong:
        raise SchemaError(f"{name} ({table.row}): " + "; ".join(wrong))
    return pa.Table.from_arrays(arrays, schema=table.schema())

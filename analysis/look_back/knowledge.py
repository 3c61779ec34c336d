"""When each column of each canonical table becomes known.

Every column is declared: dated with its row, a plan, or known only from a later event on. A
column that is not declared stops the truncation, so a new one cannot carry the future into an
evaluation of the past.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.errors import SchemaError
from analysis.tables import TABLES


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
            "occasion",
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
    "survey_means": Knowledge(
        row=("month",),
        whole_months=True,
        with_row=("site_id", "month", "instrument", "item", "score", "answers"),
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
            "satisfied_min",
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
                brings=("resolved_at", "paused_minutes", "reopened", "rating"),
                kept_without=True,
            ),
            Event(column="closed_at", brings=("closed_at",)),
        ),
    ),
    "fees": Knowledge(
        row=("month",),
        whole_months=True,
        with_row=("site_id", "month", "receivable", "waived", "collected", "collected_quality"),
    ),
    "ticket_counts": Knowledge(
        row=("month",),
        whole_months=True,
        with_row=("site_id", "month", "kind", "tickets"),
    ),
    "contracts": Knowledge(
        with_row=("contract_id", "site_id", "household_id", "term_months"),
        planned=("due_on",),
        events=(Event(column="due_on", brings=("renewed",)),),
    ),
    "crm_usage": Knowledge(
        row=("month",),
        whole_months=True,
        with_row=(
            "site_id",
            "month",
            "users",
            "active_users",
            "weekly_users",
            "active_days",
            "records_kept",
            "functions_used",
            "profiles",
            "profiles_complete",
            "records_checked",
            "records_right",
            "call_backs",
        ),
    ),
    "costs": Knowledge(
        with_row=("cost_id", "category", "item", "priced_as", "life_years"),
        planned=("planned", "quantity", "unit_price"),
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
            "drill_level",
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
        events=(
            Event(column="approved_on", brings=("approved_on", "approved_by")),
            Event(column="second_approved_on", brings=("second_approved_on", "second_approved_by")),
        ),
    ),
    "skill_use": Knowledge(
        row=("seen_on",),
        with_row=("staff_id", "seen_on", "skill", "seen_by", "times", "days"),
    ),
    "task_scores": Knowledge(
        row=("scored_on",),
        with_row=(
            "staff_id",
            "task",
            "kind",
            "occasion",
            "assessor_id",
            "item",
            "scored_on",
            "score",
            "full_score",
            "pass_score",
            "blinded",
            "video_consent",
        ),
    ),
    "reply_reports": Knowledge(
        row=("answered_at",),
        with_row=("report_id", "site_id", "answered_at", "over_24h"),
    ),
    "needs_asked": Knowledge(
        row=("asked_on",),
        with_row=("staff_id", "way", "asked_on"),
        events=(Event(column="answered_on", brings=("answered_on",)),),
    ),
    "coaching": Knowledge(
        row=("held_on",),
        with_row=(
            "coaching_id",
            "staff_id",
            "held_on",
            "kind",
            "skill",
            "coach_id",
            "minutes",
        ),
    ),
    "comments": Knowledge(
        row=("written_on",),
        with_row=(
            "comment_id",
            "site_id",
            "written_on",
            "origin",
            "themes",
            "first_coder",
            "second_coder",
        ),
    ),
    "attributions": Knowledge(
        row=("answered_on",),
        undated_kept=True,
        with_row=(
            "respondent_id",
            "refers_to",
            "respondent_role",
            "site_id",
            "answered_on",
            "improvement",
            "estimate",
            "confidence",
        ),
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
            wrong += undeclared(name)
    if wrong:
        raise SchemaError("what is knowable when is not declared: " + "; ".join(wrong))


def undeclared(name: str) -> list[str]:
    """Return what is wrong with the declaration of one table."""
    table, known = TABLES[name], KNOWLEDGE[name]
    declared = known.declared
    used = {*known.row, *(event.column for event in known.events)}
    wrong = [f"{name}.{c} is not declared" for c in table.columns if c not in declared]
    wrong += [f"{name}.{c} does not exist" for c in (*declared, *used) if c not in table.columns]
    wrong += [f"{name}.{c} is declared twice" for c in declared if declared.count(c) > 1]
    return sorted(set(wrong))

"""Milestones and gates: what was due by a day, what was reached, and how late."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd

from analysis.measurement.columns import dates, present
from analysis.monitoring.lacking import lacking
from analysis.monitoring.programme.critical_path import critical_path, predecessors
from analysis.monitoring.refusals import RefusedError
from analysis.refusals import Asked
from analysis.results import Alert, Check, StageResults, Topic, collect
from analysis.standards import Lines, course


def milestone_states(
    milestones: pd.DataFrame, as_of: dt.date, lines: Lines | None = None
) -> pd.DataFrame:
    """Compare planned and actual days as they were known on a day.

    A milestone reached after ``as_of`` counts as open: nothing later is looked at. The
    planned length of a step runs from the planned day of the last milestone it waits for (one
    that waits for none has no length).

    Parameters
    ----------
    milestones : DataFrame
        Canonical table.
    as_of : date
        Day of the evaluation.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.

    Returns
    -------
    DataFrame
        In planned order: ``milestone_id, name, criterion, planned_on, actual_on, state``
        (``reached``, ``reached_late``, ``open``, ``overdue``), ``days_late`` (negative when
        early; up to ``as_of`` while overdue; NaN while open), ``step_days, late_share``,
        ``grade`` (2 over the share of the step's time that is a warning, 3 over the days that are
        a deviation, NaN otherwise; the client's ``lines`` draw both).
    """
    frame = milestones.sort_values(["planned_on", "milestone_id"], ignore_index=True)
    planned, actual = dates(frame["planned_on"]), dates(frame["actual_on"])
    today = pd.Timestamp(as_of)
    actual = actual.where(actual <= today)
    try:
        waits = predecessors(frame)
    except RefusedError:  # the critical path says so; how long a step is planned is not known
        waits = {}
    begins = frame["milestone_id"].map(
        lambda id: max(
            (planned[frame["milestone_id"] == b].iloc[0] for b in waits.get(str(id), ())),
            default=pd.NaT,
        )
    )
    step = (planned - pd.to_datetime(begins)).dt.days.astype(float)
    until = actual.where(actual.notna(), today)
    late = (until - planned).dt.days.astype(float)
    due = planned <= today
    state = np.select(
        [actual.notna() & (late > 0), actual.notna(), due & (late > 0)],
        ["reached_late", "reached", "overdue"],
        "open",
    )
    late = late.where(state != "open")
    share = late / step.where(step > 0)
    much, days = _delays(lines or course())
    grade = np.select([(late > 0) & (share > much), late > days], [2.0, 3.0], np.nan)
    return pd.DataFrame(
        {
            "milestone_id": frame["milestone_id"],
            "name": frame["name"],
            "criterion": frame.get("criterion"),
            "planned_on": planned.dt.date,
            "actual_on": actual.dt.date.where(actual.notna(), None),
            "state": state,
            "days_late": late,
            "step_days": step,
            "late_share": share,
            "grade": grade,
        }
    )


def _delays(lines: Lines) -> tuple[float, float]:
    """Return the share of a step's time, and the days, beyond which it is late."""
    drawn = (lines.of("delay_share"), lines.of("delay_days"))
    much, days = (math.inf if line is None else float(line) for line in drawn)
    return much, days


def assess_milestones(
    milestones: pd.DataFrame | None, *, as_of: dt.date, lines: Lines | None = None
) -> StageResults:
    """States of all milestones, with an alert for each overdue one and each that was late.

    Delays are facts, not samples: their alerts carry no p-value. A milestone that was
    reached late is one grade milder than one that is overdue, at most grade 3.

    Parameters
    ----------
    milestones : DataFrame or None
        Canonical table.
    as_of : date
        Day of the evaluation.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.

    Returns
    -------
    StageResults
        Tables ``milestones``, ``critical_path`` and ``milestone_plot``, alerts
        ``monitoring.alert.milestone.<id>``, checks ``monitoring.milestones`` and
        ``monitoring.critical_path`` (whether the last milestone still keeps its planned day).
    """
    question = {
        "id": "monitoring.milestones",
        "topic": Topic.MILESTONES,
        "question": "monitoring.check.milestones.question",
    }
    if not present(milestones, "planned_on"):
        return collect("monitoring", [lacking(**question, table="milestones")])
    lines = lines or course()
    table = milestone_states(milestones, as_of, lines)
    late = table[table["grade"].notna()]
    overdue = int((table["state"] == "overdue").sum())
    check = Check(
        **question,
        status="failed" if overdue else "caution" if len(late) else "passed",
        value=float(overdue),
        threshold=0.0,
        unit="count",
        n=len(table),
        reason=None if not len(late) and not overdue else "monitoring.check.milestones.reason",
        remedy=None if not overdue else "monitoring.check.milestones.remedy",
        params={
            "overdue": overdue,
            "late": len(late),
            "milestones": len(table),
            "as_of": as_of.isoformat(),
        },
    )
    asked = Asked("monitoring")
    path = asked.ask("critical_path", lambda: critical_path(milestones, as_of), None)
    items: list = [check, [_alert(row, lines) for row in late.itertuples()], *asked.checks]
    tables = {"milestones": table}
    if path is not None:
        items.append(_end(path, table, as_of, lines.of("delay_days") or 0))
        tables |= {"critical_path": path, "milestone_plot": _gantt(table, path)}
    return collect("monitoring", items, tables=tables)


def _end(path: pd.DataFrame, table: pd.DataFrame, as_of: dt.date, days: float) -> Check:
    end = path.iloc[-1]
    late, finished = int(end["expected_late"]), table["actual_on"].iloc[-1] is not None
    return Check(
        id="monitoring.critical_path",
        topic=Topic.MILESTONES,
        question="monitoring.check.critical_path.question",
        status="caution" if late > days else "passed",
        value=float(late),
        threshold=float(days),
        unit="days",
        n=len(path),
        reason=f"monitoring.check.critical_path.{'finished' if finished else 'reason'}",
        remedy="monitoring.check.critical_path.remedy" if late > days else None,
        params={
            "last": str(end["name"]),
            "critical": int(path["critical"].sum()),
            "milestones": len(path),
            "expected_on": end["expected_on"].isoformat(),
            "late": late,
            "as_of": as_of.isoformat(),
        },
    )


def _gantt(table: pd.DataFrame, path: pd.DataFrame) -> pd.DataFrame:
    """Milestones as the Gantt chart takes them.

    ``label, start`` (planned begin of the step), ``planned_on, end`` (reached, else expected),
    ``state, critical, gate`` (whether it is a gate of the requirements), ``done``.
    """
    done = table["state"].isin(["reached", "reached_late"])
    planned = dates(table["planned_on"])
    length = pd.to_timedelta(path["duration_days"].fillna(0), unit="D")
    return pd.DataFrame(
        {
            "label": table["name"],
            "start": (planned - length.to_numpy()).dt.date,
            "planned_on": table["planned_on"],
            "end": table["actual_on"].where(done, path["expected_on"]),
            "state": table["state"],
            "critical": path["critical"],
            "gate": table["milestone_id"].astype(str).str.fullmatch(r"M\d+"),
            "done": done,
        }
    )


def _alert(row, lines: Lines) -> Alert:
    overdue = row.state == "overdue"
    return Alert(
        id=f"monitoring.alert.milestone.{row.milestone_id}",
        rule="milestone_late",
        grade=int(row.grade) if overdue else min(int(row.grade) + 1, 3),
        message=f"monitoring.alert.milestone_late.{row.state}",
        response="monitoring.alert.milestone_late.response",
        subject=str(row.name),
        unit="days",
        value=float(row.days_late),
        threshold=float(lines.of("delay_days") or 0),
        owner="monitoring.owner.training_manager",
        requirement=lines.requirement("delay_days") or lines.requirement("delay_share"),
        params={
            "subject": str(row.name),
            "days": float(row.days_late),
            "share": float(row.late_share) if np.isfinite(row.late_share) else None,
        },
    )

"""Gates and quarter goals: what each asks, what the data say of it, what a missed one sets off.

The value measured decides, for a review has to decide on its day. A sample meets its line clearly
when its whole 95 % interval lies beyond it, and misses it clearly when chance would rarely put it
so low: with 5 % for all criteria of all gates together, whose day each comes once. Between the two
it is met or missed by the value alone, is called so, and raises no alert. Counts are counts. What
needs a comparison group is not judged here: the verdict of an earlier run's value report is taken
over where there is one. What no export holds a person confirms.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.measurement.columns import dates, present
from analysis.measurement.intervals import Interval
from analysis.monitoring.inference.noise_tests import NoiseTest, mean_below, share_below
from analysis.monitoring.programme import gate_data
from analysis.monitoring.programme.confirmations import SHEET, confirmation_sheet, confirmed
from analysis.monitoring.programme.gate_data import Tables, measures_by_day
from analysis.monitoring.programme.taken_over import JUDGED, by_value, taken_over
from analysis.results import Alert, Check, StageResults, Topic, collect
from analysis.settings import LEVEL
from analysis.standards import Lines, course

TABLES = (*gate_data.TABLES, "documents")
"""Canonical tables that gates read, milestones apart."""

COLUMNS = (
    "goal",
    "milestone_id",
    "requirement",
    "measure",
    "line",
    "unit",
    "value",
    "ci_low",
    "ci_high",
    "n",
    "state",
    "report",
    "p_value",
    "false_alarm_rate",
    "due_on",
    "decided_by",
    "decided_on",
    "evidence",
)

ALPHA = 0.05
"""Probability that any gate is called missed although every sample keeps exactly to its line."""

_WORDED = r"M(?:1|2|3|6|9|12)"
"""Gates of the course; what a missed one of these sets off has words of its own."""

SAMPLED = (
    "pass_rate",
    "composite_pass",
    "attendance",
    "course_csat",
    "mean_score",
    "active_accounts",
    "resolution",
    "weekly_logins",
)
"""Measures that are samples, and so may miss a line by chance."""


def shortfall(line: float, measured: Interval, alpha: float) -> NoiseTest | None:
    """Test whether chance explains that a sample is below its line; None for counts."""
    if measured.low is None or not np.isfinite(measured.low):
        return None
    if measured.se is not None:
        return mean_below(measured.value, measured.se, measured.n - 1, line, alpha)
    hits = round(measured.value * measured.n)
    return share_below(hits, measured.n, line, alpha, measured.design_effect)


def judge(criterion: Mapping[str, Any], measured: Interval | None, *, alpha: float = ALPHA) -> str:
    """State of one criterion.

    Parameters
    ----------
    criterion : Mapping
        As the client's standards have it.
    measured : Interval or None
        What the data give.
    alpha : float
        Error allowed to this criterion.

    Returns
    -------
    str
        ``elsewhere`` (another report judges it), ``not_recorded`` (no export holds it),
        ``no_data``, ``met``, ``missed``, or ``just_met``, ``just_missed`` where the value alone
        decides: chance may have put it on its side.
    """
    if "report" in criterion:
        return "elsewhere"
    if criterion.get("confirm"):
        return "not_recorded"
    if measured is None:
        return "no_data"
    line = float(criterion["line"])
    test = shortfall(line, measured, alpha)
    if test is None:
        return "met" if measured.value >= line else "missed"
    if measured.low >= line:
        return "met"
    return "missed" if test.fires else by_value(measured.value >= line)


def _judged(criterion: Mapping[str, Any], got: Interval | None, alpha: float) -> dict[str, Any]:
    """Return the cells of one criterion: its line, what was measured, and the state."""
    state = judge(criterion, got, alpha=alpha)
    cells = {name: criterion.get(name) for name in ("measure", "line", "unit", "report")}
    cells["state"] = state
    if state not in JUDGED:
        return cells
    test = shortfall(float(criterion["line"]), got, alpha)
    cells |= {"value": got.value, "ci_low": got.low, "ci_high": got.high, "n": got.n}
    if test:
        cells |= {"p_value": test.p_value, "false_alarm_rate": test.false_alarm_rate}
    return cells


def gate_table(
    milestones: pd.DataFrame,
    tables: Tables,
    as_of: dt.date,
    lines: Lines | None = None,
    verdicts: pd.DataFrame | None = None,
    decisions: pd.DataFrame | None = None,
    *,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Judge every criterion of the gates and quarter goals that the milestones name.

    A gate that was due is judged by what there was on its planned day, one still to come by
    what there is on ``as_of``. ``verdicts`` (of
    :func:`~analysis.monitoring.programme.taken_over.verdicts`) speak for what needs a comparison
    group; without them another report judges it. What no export speaks of, and what the data that
    were to speak of it do not hold, a person may confirm.

    Parameters
    ----------
    milestones : DataFrame
        Canonical ``milestones``.
    tables : Tables
        Canonical tables that the criteria read.
    as_of : date
        Day on which gates still to come are judged.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.
    verdicts : DataFrame, optional
        Verdicts of an earlier run's value report.
    decisions : DataFrame, optional
        What people confirmed, as the sheet ``confirmations`` is read.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        ``goal`` (``M1`` … or ``Q1`` …), ``milestone_id, requirement, measure, line, unit, value,
        ci_low, ci_high, n, state`` (of :func:`judge`), ``report, p_value, false_alarm_rate``
        (of samples), ``due_on`` (planned day), ``decided_by, decided_on, evidence`` (of what
        a person confirmed).
    """
    due = dict(zip(milestones["milestone_id"], dates(milestones["planned_on"]), strict=True))
    today = pd.Timestamp(as_of)
    lines = lines or course()
    every = [(id, id, rule) for id, rule in lines.gates.items()]
    every += [(id, rule["gate"], rule) for id, rule in lines.quarters.items()]
    goals = [(id, gate, rule) for id, gate, rule in every if gate in due]
    asked = [c["measure"] for *_, rule in goals for c in rule["criteria"] if "line" in c]
    alpha = ALPHA / max(sum(measure in SAMPLED for measure in asked), 1)
    days = {gate: min(due[gate], today).date() for _, gate, _ in goals}
    wanted: dict[dt.date | None, set[str]] = {}
    for _, gate, rule in goals:
        wanted.setdefault(days[gate], set()).update(c["measure"] for c in rule["criteria"])
    measured = measures_by_day(tables, wanted, lines=lines, level=level)
    rows = []
    for goal, gate, rule in goals:
        for criterion in rule["criteria"]:
            got = measured[days[gate]].get(criterion["measure"])
            judged = taken_over(criterion, verdicts) or _judged(criterion, got, alpha)
            if judged["state"] in ("not_recorded", "no_data"):
                judged |= confirmed(decisions, goal, criterion["measure"]) or {}
            judged["due_on"] = due[gate].date().isoformat()
            asked_by = criterion["requirement"]
            named = {"goal": goal, "milestone_id": gate, "requirement": asked_by}
            rows.append({**named, **judged})
    table = pd.DataFrame(rows, columns=COLUMNS)
    numbers = ["line", "value", "ci_low", "ci_high", "p_value", "false_alarm_rate"]
    return table.astype(dict.fromkeys(numbers, float)).astype({"n": "Int64"})


def assess_gates(
    milestones: pd.DataFrame | None,
    tables: Tables,
    *,
    as_of: dt.date,
    lines: Lines | None = None,
    verdicts: pd.DataFrame | None = None,
    decisions: pd.DataFrame | None = None,
    level: float = LEVEL,
) -> StageResults:
    """Gates and quarter goals, with what a missed gate sets off.

    Parameters
    ----------
    milestones : DataFrame or None
        Canonical ``milestones``.
    tables : Tables
        Canonical tables that the criteria read.
    as_of : date
        Day on which gates still to come are judged.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.
    verdicts : DataFrame, optional
        Verdicts of an earlier run's value report.
    decisions : DataFrame, optional
        What people confirmed, as the sheet ``confirmations`` is read.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Tables ``gates`` (of :func:`gate_table`) and, where something is or was to be confirmed,
        ``confirmation_decisions`` (the sheet to fill in); a check ``monitoring.gate.<id>`` for
        every gate that is due: ``failed`` when a criterion was missed (its remedy is what the
        requirement sets off), ``caution`` when one was missed by the value alone or is
        unrecorded, else ``passed``; an alert ``monitoring.alert.gate.<id>`` for every one that was
        clearly missed, with the test of the
        criterion that is furthest off; a count that was missed is a fact and carries none.
    """
    if not present(milestones, "planned_on"):
        return collect("monitoring", [])
    lines = lines or course()
    table = gate_table(milestones, tables, as_of, lines, verdicts, decisions, level=level)
    due = dates(milestones["planned_on"]) <= pd.Timestamp(as_of)
    reached = set(milestones.loc[due, "milestone_id"])
    gates = table[table["goal"].isin(reached)]
    checks = [_check(str(goal), rows) for goal, rows in gates.groupby("goal", sort=False)]
    missed = gates[gates["state"] == "missed"]
    alerts = [_alert(str(goal), rows) for goal, rows in missed.groupby("goal", sort=False)]
    made = SHEET.read_nothing() if decisions is None else decisions
    found = {"gates": table}
    waits = table["state"].eq("not_recorded")
    waits |= table["state"].eq("no_data") & table["milestone_id"].isin(reached)
    if len(made) or waits.any():
        documents = tables.get("documents")
        found["confirmation_decisions"] = confirmation_sheet(table[waits], made, documents, lines)
    return collect("monitoring", [*checks, alerts], tables=found)


def _consequence(goal: str) -> str:
    """Return the wording key of what a missed gate sets off; a client's own gates share one."""
    return f"monitoring.gate_missed.{goal if re.fullmatch(_WORDED, goal) else 'own'}"


def _alert(goal: str, rows: pd.DataFrame) -> Alert:
    rows = rows.assign(short=(rows["line"] - rows["value"]) / rows["line"])
    first = rows.sort_values("short", na_position="first").iloc[-1]
    measured = pd.notna(first["value"])  # else a person said that it was not reached
    p_value, rate = (
        None if pd.isna(first[name]) else float(first[name])
        for name in ("p_value", "false_alarm_rate")
    )
    return Alert(
        id=f"monitoring.alert.gate.{goal}",
        rule="gate_missed",
        grade=2,
        message=f"monitoring.alert.gate_missed.{'message' if measured else 'confirmed'}",
        response=_consequence(goal),
        subject=goal,
        unit=str(first["unit"]) if measured else None,
        value=float(first["value"]) if measured else None,
        threshold=float(first["line"]) if measured else None,
        n=None if pd.isna(first["n"]) else int(first["n"]),
        p_value=p_value,
        false_alarm_rate=rate,
        owner="monitoring.owner.training_manager",
        requirement=str(first["requirement"]) or None,
        params={
            "subject": goal,
            "gate": goal,
            "missed": len(rows),
            "measure": f"monitoring.measure.{first['measure']}",
            "value": float(first["value"]) if measured else None,
            "line": float(first["line"]) if measured else None,
            "unit": str(first["unit"]) if measured else None,
        },
    )


def _check(goal: str, rows: pd.DataFrame) -> Check:
    states = rows["state"].value_counts()
    clear, met, just_met, just_missed = (
        int(states.get(state, 0)) for state in ("missed", "met", "just_met", "just_missed")
    )
    close, missed = just_met + just_missed, clear + just_missed
    open_ = len(rows) - clear - met - close
    return Check(
        id=f"monitoring.gate.{goal}",
        topic=Topic.GATE,
        question="monitoring.check.gate.question",
        status="failed" if clear else "caution" if just_missed or open_ else "passed",
        value=float(missed),
        threshold=0.0,
        unit="count",
        n=len(rows),
        reason=f"monitoring.check.gate.{'close' if close else 'reason'}",
        remedy=_consequence(goal) if missed else None,
        params={
            "gate": goal,
            "criteria": len(rows),
            "met": met + just_met,
            "missed": missed,
            "close": close,
            "open": open_,
        },
        dims={"gate": goal},
    )

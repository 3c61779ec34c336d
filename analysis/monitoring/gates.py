"""Gates and quarter goals: what each asks, what the data say of it, what a missed one sets off.

A sample meets its line when its whole 95 % interval lies beyond it, and misses it when chance
would rarely put it so low: with 5 % for all criteria of all gates together, whose day each comes
once. Between the two it is unsure. Counts are counts. What needs a comparison group is not judged
here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from analysis.measurement.columns import dates, floats, present
from analysis.measurement.intervals import Interval, mean_t, wilson
from analysis.monitoring.noise_tests import NoiseTest, mean_below, share_below
from analysis.monitoring.training import PASS_MARKS, pass_rates, reactions_by_sheet
from analysis.results import Alert, Check, StageResults, collect

Tables = Mapping[str, pd.DataFrame | None]

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
)

ALPHA = 0.05
"""Probability that any gate is called missed although every sample keeps exactly to its line."""

SAMPLED = ("pass_rate", "attendance", "course_csat", "mean_score", "active_accounts")
"""Measures that are samples, and so may miss a line by chance."""


@lru_cache(maxsize=1)
def gate_rules() -> Mapping[str, Any]:
    """Return the packaged gates and quarter goals, as ``gates.yml`` explains them."""
    from ruamel.yaml import YAML

    text = files("analysis.monitoring").joinpath("gates.yml").read_text(encoding="utf-8")
    return YAML(typ="safe").load(text)


def gate_measures(tables: Tables, *, until: dt.date | None = None) -> dict[str, Interval]:
    """Measure what gates ask for, as far as the tables allow; the rest is absent.

    Parameters
    ----------
    tables : Mapping[str, DataFrame]
        Canonical tables by name.
    until : date, optional
        Rows after that day are not counted: a gate is judged by what there was on its day.

    Returns
    -------
    dict[str, Interval]
        Shares with Wilson intervals, mean scores with t intervals, counts without.
    """
    found = {}
    for name, (table, day, columns, measure) in _MEASURES.items():
        frame = tables.get(table)
        if not present(frame, *columns):
            continue
        if until is not None and day in frame:
            frame = frame[~(dates(frame[day]) > pd.Timestamp(until))]
        interval = measure(frame, tables)
        if interval is not None and interval.n:
            found[name] = interval
    return found


def _count(value: int) -> Interval:
    return Interval(float(value), np.nan, np.nan, int(value), 0.95, "count")


def _share(hits: np.ndarray) -> Interval | None:
    hits = hits[np.isfinite(hits)]
    return wilson(int(hits.sum()), hits.size) if hits.size else None


def _frontline(staff: pd.DataFrame, _: Tables) -> Interval:
    return _count(int((staff["tier"] == "frontline").sum()))


def _came(enrolments: pd.DataFrame) -> pd.DataFrame:
    return enrolments[floats(enrolments["attended"]) == 1]


def _trained(enrolments: pd.DataFrame, _: Tables) -> Interval:
    return _count(_came(enrolments)["staff_id"].nunique())


def _attendance(enrolments: pd.DataFrame, _: Tables) -> Interval | None:
    return _share(floats(enrolments["attended"]))


def _passes(assessments: pd.DataFrame, _: Tables) -> Interval | None:
    table = pass_rates(assessments, PASS_MARKS, ())
    return wilson(int(table["hits"].iloc[0]), int(table["n"].iloc[0])) if len(table) else None


def _score(assessments: pd.DataFrame, _: Tables) -> Interval | None:
    first = (assessments["attempt"] == 1) & (assessments["occasion"] == "post")
    first &= assessments["form"].isin(list(PASS_MARKS)) & assessments["score"].notna()
    people = assessments[first].assign(score=floats(assessments.loc[first, "score"]))
    return mean_t(people.groupby("staff_id")["score"].mean().to_numpy()) if len(people) else None


def _satisfied(reactions: pd.DataFrame, tables: Tables) -> Interval | None:
    if not present(tables.get("instruments"), "scale_max"):
        return None
    sheets = reactions_by_sheet(reactions, tables["instruments"])
    return _share(sheets["hit"].to_numpy(dtype=float))


def _covered(waves: pd.DataFrame, tables: Tables) -> Interval | None:
    if not present(tables.get("enrolments"), "attended") or not present(
        tables.get("staff"), "site_id"
    ):
        return None
    planned = waves.loc[waves["arm"] == "treated", "site_id"].unique()
    people = _came(tables["enrolments"])["staff_id"].unique()
    staff = tables["staff"]
    reached = staff.loc[staff["staff_id"].isin(people), "site_id"].unique()
    hits = int(np.isin(planned, reached).sum())
    share = hits / len(planned) if len(planned) else np.nan
    return Interval(share, np.nan, np.nan, len(planned), 0.95, "count")


def _active(usage: pd.DataFrame, _: Tables) -> Interval | None:
    last = usage[dates(usage["month"]) == dates(usage["month"]).max()]
    users, active = floats(last["users"]).sum(), floats(last["active_users"]).sum()
    return wilson(int(active), int(users)) if users else None


def _certified(lecturers: pd.DataFrame, tables: Tables) -> Interval:
    """Count the certificates there were among all lecturers of the list."""
    have = lecturers["certified"].fillna(False).astype(bool).sum()
    everybody = len(tables["lecturers"])
    return Interval(float(have) / everybody, np.nan, np.nan, everybody, 0.95, "count")


def _done(actions: pd.DataFrame, _: Tables) -> Interval:
    return Interval(
        float(actions["done_on"].notna().sum()), np.nan, np.nan, len(actions), 0.95, "count"
    )


_MEASURES: Mapping[str, tuple[str, str, tuple[str, ...], Callable]] = {
    "frontline_staff": ("staff", "hired_on", ("tier",), _frontline),
    "lecturers_certified": ("lecturers", "certified_on", ("certified",), _certified),
    "trained_people": ("enrolments", "held_on", ("attended",), _trained),
    "attendance": ("enrolments", "held_on", ("attended",), _attendance),
    "pass_rate": ("assessments", "assessed_on", ("score",), _passes),
    "mean_score": ("assessments", "assessed_on", ("score",), _score),
    "course_csat": ("reactions", "answered_on", ("score",), _satisfied),
    "sites_covered": ("waves", "", ("arm",), _covered),
    "active_accounts": ("crm_usage", "month", ("users", "active_users"), _active),
    "actions_done": ("actions", "", ("action_id",), _done),
}
"""Each measure: its table, the day of a row, columns it needs, and how it is measured."""


def shortfall(line: float, measured: Interval, alpha: float) -> NoiseTest | None:
    """Test whether chance explains that a sample is below its line; None for counts."""
    if measured.low is None or not np.isfinite(measured.low):
        return None
    if measured.se is not None:
        return mean_below(measured.value, measured.se, measured.n - 1, line, alpha)
    return share_below(round(measured.value * measured.n), measured.n, line, alpha)


def judge(criterion: Mapping[str, Any], measured: Interval | None, *, alpha: float = ALPHA) -> str:
    """State of one criterion.

    Parameters
    ----------
    criterion : Mapping
        Entry of ``gates.yml``.
    measured : Interval or None
        What the data give.
    alpha : float
        Error allowed to this criterion.

    Returns
    -------
    str
        ``elsewhere`` (another report judges it), ``not_recorded`` (no export holds it),
        ``no_data``, ``met``, ``missed``, or ``unsure`` (chance may have put it on its side).
    """
    if "report" in criterion:
        return "elsewhere"
    if not criterion.get("recorded", True):
        return "not_recorded"
    if measured is None:
        return "no_data"
    line = float(criterion["line"])
    test = shortfall(line, measured, alpha)
    if test is None:
        return "met" if measured.value >= line else "missed"
    if measured.low >= line:
        return "met"
    return "missed" if test.fires else "unsure"


def _resolved(criterion: Mapping[str, Any], choices: Mapping[str, str]) -> Mapping[str, Any]:
    """Give a criterion the line of the reading that the client chose; none without a choice."""
    if "lines" not in criterion:
        return criterion
    line = criterion["lines"].get(choices.get(criterion["conflict"], ""))
    return {**criterion, "recorded": False} if line is None else {**criterion, "line": line}


def gate_table(
    milestones: pd.DataFrame,
    tables: Tables,
    as_of: dt.date,
    choices: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Judge every criterion of the gates and quarter goals that the milestones name.

    A gate that was due is judged by what there was on its planned day, one still to come by
    what there is on ``as_of``.

    Returns
    -------
    DataFrame
        ``goal`` (``M1`` … or ``Q1`` …), ``milestone_id, requirement, measure, line, unit, value,
        ci_low, ci_high, n, state`` (of :func:`judge`), ``report, p_value, false_alarm_rate``
        (of samples).
    """
    due = dict(zip(milestones["milestone_id"], dates(milestones["planned_on"]), strict=True))
    today = pd.Timestamp(as_of)
    rules = gate_rules()
    goals = [(id, id, rule) for id, rule in rules["gates"].items()]
    goals += [(id, rule["gate"], rule) for id, rule in rules["quarters"].items()]
    goals = [
        (id, gate, {**rule, "criteria": [_resolved(c, choices or {}) for c in rule["criteria"]]})
        for id, gate, rule in goals
        if gate in due
    ]
    asked = [c["measure"] for *_, rule in goals for c in rule["criteria"] if "line" in c]
    alpha = ALPHA / max(sum(measure in SAMPLED for measure in asked), 1)
    measured: dict[pd.Timestamp, dict[str, Interval]] = {}
    rows = []
    for goal, gate, rule in goals:
        day = min(due[gate], today)
        if day not in measured:
            measured[day] = gate_measures(tables, until=day.date())
        for criterion in rule["criteria"]:
            got = measured[day].get(criterion["measure"])
            state = judge(criterion, got, alpha=alpha)
            shown = got if state in ("met", "missed", "unsure") else None
            test = shortfall(float(criterion["line"]), got, alpha) if shown else None
            rows.append(
                (
                    goal,
                    gate,
                    rule["requirement"],
                    criterion["measure"],
                    criterion.get("line"),
                    criterion.get("unit"),
                    *((shown.value, shown.low, shown.high, shown.n) if shown else [None] * 4),
                    state,
                    criterion.get("report"),
                    test and test.p_value,
                    test and test.false_alarm_rate,
                )
            )
    table = pd.DataFrame(rows, columns=COLUMNS)
    numbers = ["line", "value", "ci_low", "ci_high", "p_value", "false_alarm_rate"]
    return table.astype(dict.fromkeys(numbers, float)).astype({"n": "Int64"})


def assess_gates(
    milestones: pd.DataFrame | None,
    tables: Tables,
    *,
    as_of: dt.date,
    choices: Mapping[str, str] | None = None,
) -> StageResults:
    """Gates and quarter goals, with what a missed gate sets off.

    ``choices`` are the client's readings of contradictions, by which some lines are set.

    Returns
    -------
    StageResults
        Table ``gates`` (of :func:`gate_table`); a check ``monitoring.gate.<id>`` for every gate
        that is due: ``failed`` when a criterion was missed (its remedy is what the requirement
        sets off), ``caution`` when one is unsure or unrecorded, else ``passed``; an alert
        ``monitoring.alert.gate.<id>`` for every one that was missed, with the test of the
        criterion that is furthest off; a count that was missed is a fact and carries none.
    """
    if not present(milestones, "planned_on"):
        return collect("monitoring", [])
    table = gate_table(milestones, tables, as_of, choices)
    due = dates(milestones["planned_on"]) <= pd.Timestamp(as_of)
    reached = set(milestones.loc[due, "milestone_id"])
    gates = table[table["goal"].isin(reached)]
    checks = [_check(str(goal), rows) for goal, rows in gates.groupby("goal", sort=False)]
    missed = gates[gates["state"] == "missed"]
    alerts = [_alert(str(goal), rows) for goal, rows in missed.groupby("goal", sort=False)]
    return collect("monitoring", [*checks, alerts], tables={"gates": table})


def _alert(goal: str, rows: pd.DataFrame) -> Alert:
    worst = rows.assign(short=(rows["line"] - rows["value"]) / rows["line"]).sort_values("short")
    first = worst.iloc[-1]
    rate = None if pd.isna(first["p_value"]) else float(first["false_alarm_rate"])
    return Alert(
        id=f"monitoring.alert.gate.{goal}",
        rule="gate_missed",
        grade=2,
        message="monitoring.alert.gate_missed.message",
        response=f"monitoring.gate_missed.{goal}",
        subject=goal,
        unit=str(first["unit"]),
        value=float(first["value"]),
        threshold=float(first["line"]),
        n=int(first["n"]),
        p_value=None if pd.isna(first["p_value"]) else float(first["p_value"]),
        false_alarm_rate=rate,
        owner="monitoring.owner.training_manager",
        requirement=str(first["requirement"]),
        params={
            "subject": goal,
            "gate": goal,
            "missed": len(rows),
            "measure": f"monitoring.measure.{first['measure']}",
            "value": float(first["value"]),
            "line": float(first["line"]),
            "unit": str(first["unit"]),
        },
    )


def _check(goal: str, rows: pd.DataFrame) -> Check:
    states = rows["state"].value_counts()
    missed, met = int(states.get("missed", 0)), int(states.get("met", 0))
    open_ = len(rows) - missed - met
    return Check(
        id=f"monitoring.gate.{goal}",
        question="monitoring.check.gate.question",
        status="failed" if missed else "caution" if open_ else "passed",
        value=float(missed),
        threshold=0.0,
        unit="count",
        n=len(rows),
        reason="monitoring.check.gate.reason",
        remedy=f"monitoring.gate_missed.{goal}" if missed else None,
        params={
            "gate": goal,
            "criteria": len(rows),
            "met": met,
            "missed": missed,
            "open": open_,
        },
        dims={"gate": goal},
    )

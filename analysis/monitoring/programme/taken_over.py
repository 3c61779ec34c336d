"""What the value report says of targets that gates ask for.

Monitoring reads that of earlier days alone: the value report of the same day comes after it, and
what it says is not yet known then. The value report itself settles what monitoring left to it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.results import Estimate, StageResults, collect
from analysis.standards import Lines

STATES = {"reached": "met", "not_reached": "missed"}
"""State of a criterion by the verdict on the target; an open one is decided by the value."""

MISSED, MET = ("missed", "just_missed"), ("just_met", "met")
"""States of a criterion that is missed, and of one that is met, clearly or by the value alone."""

JUDGED = (*MISSED, *MET)
"""States of a criterion that is decided by numbers, the worst first."""

FALSE_ALARM, RATIO_FALSE_ALARM = 0.05, 0.025
"""A target, and a ratio, at its line is called missed with this probability."""

EVEN = 0.5
"""Probability of having reached a target at which its value stands at the line."""

IMPROVED = "behaviour_improved"
"""Target of the criterion that asks for the share whose behaviour improved."""


def by_value(reached: bool) -> str:
    """State of a criterion that the value measured decides although chance is not ruled out."""
    return "just_met" if reached else "just_missed"


def verdicts(
    scorecard: pd.DataFrame | None,
    ratios: pd.DataFrame | None,
    *,
    lines: Lines,
    improved: Estimate | None = None,
) -> pd.DataFrame:
    """Put what the value report said into the terms of gates.

    Parameters
    ----------
    scorecard : DataFrame or None
        Its table of that name: ``indicator, horizon, unit, threshold, value, ci_low, ci_high,
        probability, verdict``.
    ratios : DataFrame or None
        ``ratio`` (``benefit_cost_ratio`` or ``net_return``, as the readings of C8 are called),
        ``value, ci_low, ci_high``.
    lines : Lines
        What the client's programme is held to. Its reading of C8 decides which ratio counts;
        without a reading, or a line for it, none does.
    improved : Estimate, optional
        Share of the trained whose rated behaviour improved reliably, as tracking found it. It is
        held to the line of the criterion that asks for it.

    Returns
    -------
    DataFrame
        ``target`` (indicator, ``roi`` or ``behaviour_improved``), ``horizon, value, ci_low,
        ci_high, line, unit, state, p_value, false_alarm_rate``. Targets without a verdict
        are left out.
    """
    rows = []
    for row in () if scorecard is None else scorecard.to_dict("records"):
        if row["verdict"] in (*STATES, "open"):
            ends = {name: row[name] for name in ("horizon", "value", "ci_low", "ci_high", "unit")}
            ends |= {"target": row["indicator"], "line": row["threshold"]}
            rate = {"p_value": row["probability"], "false_alarm_rate": FALSE_ALARM}
            state = STATES.get(row["verdict"]) or by_value(row["probability"] >= EVEN)
            rows.append({**ends, **rate, "state": state})
    line = lines.of("return_ratio")
    for row in () if ratios is None or line is None else ratios.to_dict("records"):
        if row["ratio"] == lines.choices.get("C8") and pd.notna(row["ci_low"]):
            low, high = row["ci_low"] >= line, row["ci_high"] < line
            state = "met" if low else "missed" if high else by_value(row["value"] >= line)
            ends = {name: row[name] for name in ("value", "ci_low", "ci_high")}
            ends |= {"target": "roi", "horizon": "long", "unit": "ratio", "line": line}
            rows.append({**ends, "state": state, "false_alarm_rate": RATIO_FALSE_ALARM})
    if improved is not None and improved.ci_low is not None:
        ends = {name: getattr(improved, name) for name in ("value", "ci_low", "ci_high", "unit")}
        ends |= {"target": IMPROVED, "horizon": "mid", "false_alarm_rate": RATIO_FALSE_ALARM}
        rows.append(ends)
    columns = ["target", "horizon", "value", "ci_low", "ci_high", "line", "unit", "state"]
    return pd.DataFrame(rows, columns=[*columns, "p_value", "false_alarm_rate"])


def taken_over(criterion: Mapping[str, Any], known: pd.DataFrame | None) -> dict[str, Any] | None:
    """Return the cells of a criterion as the value report judged it; None where it did not.

    Of several targets for one indicator and horizon the worst verdict counts.
    """
    if known is None or "target" not in criterion:
        return None
    mine = known[known["target"] == criterion["target"]]
    mine = mine[mine["horizon"] == criterion["horizon"]]
    if mine.empty:
        return None
    if "line" in criterion:  # the line is the gate's own, not that of a target
        line = float(criterion["line"])
        low, high = mine["ci_low"] >= line, mine["ci_high"] < line
        near = [by_value(value >= line) for value in mine["value"]]
        state = np.select([low, high], ["met", "missed"], near)
        mine = mine.assign(line=line, state=state)
    worst = mine.assign(order=mine["state"].map(JUDGED.index)).sort_values("order").iloc[0]
    cells = {name: worst[name] for name in known.columns if name not in ("target", "horizon")}
    return {"measure": criterion["measure"], "report": criterion["report"], **cells}


def settle_gates(
    gates: pd.DataFrame, known: pd.DataFrame, *, lines: Lines, on: dt.date
) -> StageResults:
    """Settle what monitoring left to the value report, of every gate whose day has come.

    Parameters
    ----------
    gates : DataFrame
        Table ``gates`` of monitoring.
    known : DataFrame
        As of :func:`verdicts`, of this run.
    lines : Lines
        What the client's programme is held to.
    on : date
        Last day of the data.

    Returns
    -------
    StageResults
        Table ``gates`` with the same columns; a criterion whose target is not declared, or could
        not be assessed, is ``no_data``. Nothing where no gate was due.
    """
    asked = {
        (goal, criterion["measure"]): criterion
        for goals in (lines.gates, lines.quarters)
        for goal, rule in goals.items()
        for criterion in rule["criteria"]
    }
    rows = []
    for row in gates.to_dict("records"):
        if row["due_on"] > on.isoformat():
            continue
        if row["state"] == "elsewhere":
            judged = taken_over(asked[row["goal"], row["measure"]], known)
            row |= judged or {"state": "no_data"}
        rows.append(row)
    if not rows:
        return collect("value", [])
    return collect("value", [], tables={"gates": pd.DataFrame(rows, columns=gates.columns)})

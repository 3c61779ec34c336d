"""Goal by goal: what was aimed at, what was found, and how probable it is that it was reached."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from typing import Protocol

import pandas as pd
from scipy import stats

from analysis.results import Check, Estimate, StageResults, collect

SURE = 0.95
"""From this probability on a goal counts as reached, below its complement as not reached."""


class GoalLike(Protocol):
    """A goal as ``client.yml`` states it."""

    indicator: str
    target: float
    unit: str
    deadline: dt.date
    horizon: str
    baseline: float | None


class IndicatorLike(Protocol):
    """What the registry says of an indicator."""

    level: int
    unit: str
    direction: str


def standard_error(estimate: Estimate) -> float | None:
    """Return the standard error, read from the width of the interval where none is stored."""
    if estimate.se is not None:
        return estimate.se
    if estimate.ci_low is None or estimate.ci_high is None:
        return None
    return (estimate.ci_high - estimate.ci_low) / (2 * stats.norm.ppf((1 + estimate.level) / 2))


def probability_reached(value: float, se: float, threshold: float, direction: str = "up") -> float:
    """Probability that the true value is at or beyond the threshold.

    ``Phi((value - threshold) / se)`` for ``up``: the estimate is taken as normal around the
    truth and nothing else is known about it (a flat prior).
    """
    sign = 1.0 if direction == "up" else -1.0
    gap = sign * (value - threshold)
    if se <= 0:
        return 1.0 if gap >= 0 else 0.0
    return float(stats.norm.cdf(gap / se))


def score_goal(
    goal: GoalLike,
    indicator: IndicatorLike,
    change: Estimate | None,
    level: Estimate | None,
    baseline: Estimate | None,
) -> dict:
    """Score one goal; the row of :func:`assess_goals`' table."""
    row = {
        "horizon": goal.horizon,
        "indicator": goal.indicator,
        "stratum": getattr(goal, "stratum", ""),
        "kirkpatrick": int(indicator.level),
        "reading": goal.unit,
        "target": float(goal.target),
        "deadline": goal.deadline.isoformat(),
        "unit": indicator.unit,
        "threshold": math.nan,
        "value": math.nan,
        "ci_low": math.nan,
        "ci_high": math.nan,
        "probability": math.nan,
        "causal": False,
        "source": "",
        "verdict": "not_assessed",
        "reason": "",
    }
    wrong_way = goal.unit != "level" and (goal.target > 0) != (indicator.direction == "up")
    estimate = level if goal.unit == "level" else change
    if wrong_way:
        return row | {"reason": "value.reason.target_sign"}
    if estimate is None or estimate.value is None:
        return row | {"reason": "value.reason.no_estimate"}
    se = standard_error(estimate)
    threshold, extra = float(goal.target), 0.0
    if goal.unit == "relative":
        base = goal.baseline
        if base is None and baseline is not None:
            base = baseline.value
            extra = goal.target * (standard_error(baseline) or 0.0)
        if not base:
            return row | {"reason": "value.reason.no_baseline"}
        threshold = goal.target * abs(base)
    row |= {
        "threshold": threshold,
        "value": estimate.value,
        "ci_low": math.nan if estimate.ci_low is None else estimate.ci_low,
        "ci_high": math.nan if estimate.ci_high is None else estimate.ci_high,
        "causal": estimate.causal,
        "source": estimate.id,
    }
    if se is None:
        return row | {"reason": "value.reason.no_interval"}
    chance = probability_reached(
        estimate.value, math.hypot(se, extra), threshold, indicator.direction
    )
    verdict = "reached" if chance >= SURE else "not_reached" if chance <= 1 - SURE else "open"
    return row | {"probability": chance, "verdict": verdict}


def assess_goals(
    goals: Iterable[GoalLike],
    *,
    registry: Mapping[str, IndicatorLike],
    changes: Mapping[str, Estimate],
    levels: Mapping[str, Estimate],
    baselines: Mapping[str, Estimate] | None = None,
    simulated: bool = False,
) -> StageResults:
    """Score every goal against the estimate that its reading asks for.

    Goals read as ``points`` or ``relative`` are compared with a change (the causal effect
    where there is one, and marked when it is not causal), goals read as ``level`` with the
    level reached. A relative target is a share of the baseline, whose own uncertainty enters.

    Parameters
    ----------
    goals : Iterable[GoalLike]
    registry : Mapping[str, IndicatorLike]
        Level, unit and direction by indicator.
    changes, levels, baselines : Mapping[str, Estimate]
        By indicator.

    Returns
    -------
    StageResults
        Estimates ``value.goal.<indicator>.<horizon>.<reading>.<number>`` (probability that
        it was reached), check ``value.goals``, tables ``scorecard`` and ``scorecard_plot``
        (assessed goals, target on the scale of the estimate).
    """
    rows = [
        score_goal(
            goal,
            registry[goal.indicator],
            changes.get(goal.indicator),
            levels.get(goal.indicator),
            (baselines or {}).get(goal.indicator),
        )
        for goal in goals
    ]
    if not rows:
        missing = Check(
            id="value.goals",
            question="value.check.goals.question",
            status="not_possible",
            reason="value.reason.no_goals",
        )
        return collect("value", [missing])
    order = {"short": 0, "mid": 1, "long": 2}
    rows.sort(key=lambda r: (order.get(r["horizon"], 3), r["kirkpatrick"], r["indicator"]))
    items = [
        Estimate(
            id=f"value.goal.{row['indicator']}.{row['horizon']}.{row['reading']}.{number}",
            estimand="probability_reached",
            indicator=row["indicator"],
            unit="share",
            value=None if math.isnan(row["probability"]) else row["probability"],
            n=0,
            method="normal_sampling",
            dims={"target": row["target"], "reading": row["reading"], "source": row["source"]},
            simulated=simulated,
            reason=row["reason"] or None,
        )
        for number, row in enumerate(rows, start=1)
    ]
    table = pd.DataFrame(rows)
    verdicts = table["verdict"].value_counts()
    reached, missed = int(verdicts.get("reached", 0)), int(verdicts.get("not_reached", 0))
    check = Check(
        id="value.goals",
        question="value.check.goals.question",
        status="passed" if reached == len(table) else "failed" if missed else "caution",
        value=reached / len(table),
        threshold=1.0,
        unit="share",
        n=len(table),
        reason="value.check.goals.reason",
        params={
            "goals": len(table),
            "reached": reached,
            "missed": missed,
            "open": int(verdicts.get("open", 0)),
            "unassessed": int(verdicts.get("not_assessed", 0)),
        },
    )
    shown = table[table["value"].notna()]
    plot = shown[["indicator", "unit", "value", "ci_low", "ci_high"]].assign(
        target=shown["threshold"]
    )
    tables = {"scorecard": table, "scorecard_plot": plot.reset_index(drop=True)}
    return collect("value", [items, check], tables=tables)

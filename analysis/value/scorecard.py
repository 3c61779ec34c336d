"""Goal by goal: what was aimed at, what was found, and how probable it is that it was reached."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

import pandas as pd

from analysis.measurement import GoalLike, IndicatorLike, score_target, target_estimates
from analysis.results import Check, Estimate, StageResults, Topic, collect
from analysis.settings import LEVEL


def assess_goals(
    goals: Iterable[GoalLike],
    *,
    registry: Mapping[str, IndicatorLike],
    changes: Mapping[str, Estimate],
    levels: Mapping[str, Estimate],
    baselines: Mapping[str, Estimate] | None = None,
    relatives: Mapping[str, Estimate] | None = None,
    on: dt.date | None = None,
    simulated: bool = False,
    level: float = LEVEL,
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
    changes, levels, baselines, relatives : Mapping[str, Estimate]
        By indicator; ``relatives`` are changes of rates as shares of what they would have been.
    on : date, optional
        Day of the report: a target that is due later is open until then, not missed.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Estimates ``value.goal.<indicator>.<horizon>.<reading>.<number>`` (probability that
        it was reached), check ``value.goals``, tables ``scorecard`` and ``scorecard_plot``
        (assessed goals, target on the scale of the estimate).
    """
    rows = [
        score_target(
            goal,
            registry[goal.indicator],
            change=changes.get(goal.indicator),
            level=levels.get(goal.indicator),
            baseline=(baselines or {}).get(goal.indicator),
            relative=(relatives or {}).get(goal.indicator),
            on=on,
        )
        for goal in goals
    ]
    if not rows:
        missing = Check(
            id="value.goals",
            topic=Topic.TARGETS,
            question="value.check.goals.question",
            status="not_possible",
            reason="value.reason.no_goals",
        )
        return collect("value", [missing])
    order = {"short": 0, "mid": 1, "long": 2}
    rows.sort(key=lambda r: (order.get(r["horizon"], 3), r["kirkpatrick"], r["indicator"]))
    items = target_estimates(rows, prefix="value.goal", simulated=simulated, level=level)
    table = pd.DataFrame(rows)
    verdicts = table["verdict"].value_counts()
    reached, missed = int(verdicts.get("reached", 0)), int(verdicts.get("not_reached", 0))
    unassessed = int(verdicts.get("not_assessed", 0))
    check = Check(
        id="value.goals",
        topic=Topic.TARGETS,
        question="value.check.goals.question",
        status="passed" if reached == len(table) else "failed" if missed else "caution",
        value=reached / len(table),
        threshold=1.0,
        unit="share",
        n=len(table),
        reason="value.check.goals.reason" if unassessed else "value.check.goals.assessed",
        params={
            "goals": len(table),
            "reached": reached,
            "missed": missed,
            "open": int(verdicts.get("open", 0)),
            "unassessed": unassessed,
        },
    )
    shown = table[table["value"].notna()]
    plot = shown[["indicator", "unit", "value", "ci_low", "ci_high"]].assign(
        target=shown["threshold"]
    )
    tables = {"scorecard": table, "scorecard_plot": plot.reset_index(drop=True)}
    return collect("value", [items, check], tables=tables)

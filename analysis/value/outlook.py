"""What the training would be worth if its targets are reached: told before anything is measured.

A sum over the plan, not an estimate: trained sites times the months that count, the client's money
per unit and its targets. The effect at which the training just pays stands beside each target, so
that nobody needs a forecast to judge the plan.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from analysis.measurement import GoalLike, IndicatorLike
from analysis.results import Check, Estimate, StageResults, Topic, collect
from analysis.value.roi import BenefitLike

COLUMNS = ["indicator", "basis", "money", "exposure", "break_even", "target", "amount", "reason"]
_ORDER = {"short": 0, "mid": 1, "long": 2}


def planned_exposure(
    start: pd.Series,
    households: Mapping[str, float],
    *,
    months: int,
    discount_rate: float = 0.0,
) -> dict[str, float]:
    """Count what the effects will apply to if every site is trained as planned.

    Parameters
    ----------
    start : Series
        Running month of the start by site; missing for sites never trained.
    households : Mapping
        Households by site; sites without a number do not count for households.
    months : int
        Months after a site's start that count.
    discount_rate : float
        Yearly, counted from the first start.

    Returns
    -------
    dict
        ``site_month``, ``household_month`` and ``once``.
    """
    trained = start.dropna()
    if trained.empty:
        return {"site_month": 0.0, "household_month": 0.0, "once": 0.0}
    since = (trained - trained.min()).to_numpy()[:, None] + np.arange(months)
    each = ((1 + discount_rate) ** (-since / 12)).sum(axis=1)
    served = trained.index.to_series().map(dict(households)).astype(float).fillna(0.0).to_numpy()
    return {"site_month": float(each.sum()), "household_month": float(each @ served), "once": 1.0}


def aimed_at(
    goals: Iterable[GoalLike],
    indicator: str,
    *,
    direction: str,
    baseline: Estimate | None,
) -> float | None:
    """Return the gain that the latest goal of an indicator asks for, in the good direction.

    Parameters
    ----------
    goals : iterable
        Of the client file; of several for an indicator that of the longest horizon.
    indicator : str
        Registry id.
    direction : {"up", "down"}
        Which way is good.
    baseline : Estimate or None
        Level before training, where the goal states none itself.

    Returns
    -------
    float or None
        None without a goal, or where its reading needs a level before training that is not known.
    """
    mine = sorted(
        (goal for goal in goals if goal.indicator == indicator),
        key=lambda goal: _ORDER.get(goal.horizon, 3),
    )
    if not mine:
        return None
    goal, sign = mine[-1], 1.0 if direction == "up" else -1.0
    if goal.unit == "points":
        return sign * goal.target
    level = goal.baseline if goal.baseline is not None else baseline and baseline.value
    if level is None:
        return None
    return sign * (goal.target * level if goal.unit == "relative" else goal.target - level)


def assess_outlook(
    benefits: Iterable[BenefitLike],
    goals: Iterable[GoalLike],
    costs: pd.DataFrame | None,
    *,
    registry: Mapping[str, IndicatorLike],
    baselines: Mapping[str, Estimate],
    exposure: Mapping[str, float],
    margin: float = 1.0,
    stage: str = "design",
) -> StageResults:
    """Say which effects would pay for the training, and what it would return at its targets.

    Parameters
    ----------
    benefits, goals : iterable
        Of the client file.
    costs : DataFrame or None
        Canonical ``costs``; the plan counts, the reserve does not.
    registry : Mapping
        Direction by indicator.
    baselines : Mapping
        Level before training by indicator, for targets that need one.
    exposure : Mapping
        Of :func:`planned_exposure`.
    margin : float
        Share of revenue that is profit; 1 means that none was stated.
    stage : str
        Stage that shows it.

    Returns
    -------
    StageResults
        Table ``outlook``, a row per benefit: :data:`COLUMNS`; ``break_even`` is the gain at which
        this benefit alone repays the planned cost, ``target`` the gain aimed at, ``amount`` what it
        would be worth (CNY). Check ``<stage>.outlook``: passed where the targets, if reached, pay
        even at the low end of the client's range of money per unit, failed where they do not pay at
        the stated money.
    """
    cost = 0.0
    if costs is not None and len(costs):
        held = costs["category"].astype(str) == "reserve"
        cost = float(costs.loc[~held, "planned"].astype(float).fillna(0.0).sum())
    rows, sums, goals = [], np.zeros(3), tuple(goals)
    for benefit in benefits:
        money = abs(benefit.money_per_unit)
        low, high = sorted(money if e is None else abs(e) for e in (benefit.low, benefit.high))
        counted = exposure.get(benefit.basis, 0.0) * (margin if benefit.margin else 1.0)
        direction = registry[benefit.indicator].direction
        level = baselines.get(benefit.indicator)
        aim = aimed_at(goals, benefit.indicator, direction=direction, baseline=level)
        reason = (
            "value.reason.no_margin"
            if benefit.margin and margin >= 1
            else "value.reason.no_exposure"
            if counted <= 0 or money <= 0
            else "value.outlook.no_target"
            if aim is None
            else ""
        )
        pays = math.nan
        if cost > 0 and reason in ("", "value.outlook.no_target"):
            pays = cost / (money * counted)
        amount = math.nan if reason else aim * money * counted
        if not reason:
            ends = sorted((aim * low * counted, aim * high * counted))
            sums += [ends[0], amount, ends[1]]
        rows.append(
            (
                benefit.indicator, benefit.basis, money, exposure.get(benefit.basis, 0.0), pays,
                math.nan if aim is None else aim, amount, reason,
            )
        )  # fmt: skip
    table = pd.DataFrame(rows, columns=COLUMNS)
    counted = int((table["reason"] == "").sum())
    lacking = (
        "value.reason.nothing_to_price" if table.empty else "value.reason.no_planned_cost"
        if cost <= 0 else "value.outlook.no_targets" if not counted else None
    )  # fmt: skip
    status = "passed" if sums[0] >= cost else "caution" if sums[1] >= cost else "failed"
    check = Check(
        id=f"{stage}.outlook",
        topic=Topic.OUTLOOK, question="value.outlook.question",
        status="not_possible" if lacking else status,
        value=None if lacking else float(sums[1] / cost),
        threshold=1.0,
        unit="ratio",
        n=counted,
        reason=lacking or "value.outlook.reason",
        remedy="value.outlook.remedy" if not lacking and status != "passed" else None,
        params={
            "cost": cost, "benefit": float(sums[1]), "low": float(sums[0]), "high": float(sums[2]),
            "ratio": float(sums[1] / cost) if cost > 0 else None, "priced": counted,
            "benefits": len(table),
        },
    )  # fmt: skip
    return collect(stage, [check], tables={"outlook": table})

"""Trained and never-trained sites side by side before the first wave; description only."""

from __future__ import annotations

import pandas as pd

from analysis.measurement.balance import before_first_wave, unit_slopes
from analysis.measurement.intervals import mean_t, welch
from analysis.results import Check, Estimate, StageResults, Topic, collect
from analysis.settings import LEVEL


def arm_means(
    outcome: pd.DataFrame, *, level: float = LEVEL, least_answers: int = 0
) -> pd.DataFrame:
    """Mean over sites by arm and month, every site counting once.

    Parameters
    ----------
    outcome : DataFrame
        ``unit, period, y, n, cohort``; cohort NaN for never treated.
    least_answers : int
        Fewest observations of an arm in a month; others are left out.

    Returns
    -------
    DataFrame
        ``arm`` (treated, comparison), ``period, value, ci_low, ci_high, n_units``; the
        interval is the t interval over sites (the site is the cluster), None for one site.
    """
    arms = outcome["cohort"].notna().map({True: "treated", False: "comparison"})
    rows = []
    for (arm, period), cell in outcome.groupby([arms, outcome["period"]]):
        if cell["n"].sum() < least_answers:
            continue
        interval = mean_t(cell["y"].to_numpy(), level)
        rows.append((arm, int(period), interval.value, interval.low, interval.high, interval.n))
    columns = ["arm", "period", "value", "ci_low", "ci_high", "n_units"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({"value": float, "ci_low": float, "ci_high": float})


def assess_pretrends(
    outcome: pd.DataFrame,
    *,
    indicator: str,
    unit: str,
    simulated: bool = False,
    least_answers: int = 0,
    level: float = LEVEL,
) -> StageResults:
    """Difference of the slopes before the first wave, with Welch's interval over sites.

    A difference not found is not parallel trends proven: the check carries ``drift``, the
    largest difference over twelve months that the interval still allows.

    Parameters
    ----------
    outcome : DataFrame
        ``unit, period, y, n, cohort``, one row per site-month.
    indicator, unit : str
        What ``y`` is, and its unit.
    simulated : bool
        Whether the results are of a simulated world.
    least_answers : int
        Fewest answers of an arm in a month on which its mean is given.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Estimate ``baseline.<indicator>.pretrend.slope``, check
        ``baseline.pretrend``, table ``pretrends``.
    """
    before = before_first_wave(outcome)
    means = arm_means(before, least_answers=least_answers, level=level)
    slopes = unit_slopes(before)
    cohort = outcome.groupby("unit")["cohort"].first().reindex(slopes.index)
    treated, comparison = slopes[cohort.notna()].dropna(), slopes[cohort.isna()].dropna()
    check = {
        "id": "baseline.pretrend",
        "topic": Topic.TRENDS_BEFORE,
        "question": "measurement.check.pretrend.question",
        "dims": {"indicator": indicator},
    }
    if min(len(treated), len(comparison)) < 2 or before["period"].nunique() < 3:
        reason = "measurement.reason.no_comparison"
        if before["period"].nunique() < 3:
            reason = "measurement.reason.few_periods"
        missing = Check(
            **check,
            status="not_possible",
            reason=reason,
            params={
                "treated": len(treated),
                "comparison": len(comparison),
                "periods": int(before["period"].nunique()),
            },
        )
        tables = {"pretrends": means} if len(before) else {}
        return collect("baseline", [missing], tables=tables)
    interval, p_value = welch(treated.to_numpy(), comparison.to_numpy(), level=level)
    drift = 12 * max(abs(interval.low), abs(interval.high))
    status = "passed" if p_value >= 0.10 else "caution"
    if p_value < 0.05:
        status = "failed"
    items = [
        Estimate(
            id=f"baseline.{indicator}.pretrend.slope",
            estimand="slope_difference",
            indicator=indicator,
            unit=f"{unit}_per_month",
            value=interval.value,
            se=interval.se,
            ci_low=interval.low,
            ci_high=interval.high,
            p_value=p_value,
            n=len(before),
            n_units=interval.n,
            n_clusters=interval.n,
            n_treated=len(treated),
            method="difference_of_unit_slopes",
            interval_method="welch",
            comparison="never_treated",
            simulated=simulated,
            level=level,
        ),
        Check(
            **check,
            status=status,
            value=p_value,
            threshold=0.05,
            unit="p",
            n=interval.n,
            reason=f"measurement.check.pretrend.{status}",
            remedy=None if status == "passed" else "measurement.check.pretrend.remedy",
            params={
                "slope": interval.value,
                "drift": drift,
                "p_value": p_value,
                "periods": int(before["period"].nunique()),
            },
        ),
    ]
    return collect("baseline", items, tables={"pretrends": means})

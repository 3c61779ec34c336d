"""Without a comparison: how the outcome changed, described and never called an effect."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.causal.inference.distributions import t_p_value, t_quantile
from analysis.causal.options import Options
from analysis.causal.panel.frame import complete_rows
from analysis.indicators.rounds import answering
from analysis.results import Estimate


def describe(
    frame: pd.DataFrame, *, outcome: str, unit: str, options: Options
) -> tuple[Estimate, ...]:
    """Describe the change from each unit's mean before its start to after, and at the horizons.

    Returns
    -------
    tuple of Estimate
        ``change_before_after`` over all periods after, then ``change_horizon`` for each horizon.
        Intervals are t intervals over clusters' mean changes. ``causal`` is False and there is no
        comparison. A change that cannot be had carries its reason.
    """
    data, _ = complete_rows(frame, (), options.cluster)
    data = data[np.isfinite(data["cohort"])]
    before = data[data["period"] < data["cohort"] - options.anticipation]
    started = data["period"] - data["cohort"]
    if options.rounds is not None:
        started = pd.Series(options.rounds.since(data["cohort"], data["period"]), data.index)
    stem = f"{options.prefix}.{outcome}.change"
    selections = [("before_after", "change_before_after", {}, started >= 0)]
    for k in options.horizons:
        chosen = started == k if options.rounds is None else _near(data, started, k, options)
        measured = round(float(started[chosen].mean())) if chosen.any() else k
        dims = {"horizon": k, "event_time": measured}
        selections.append((f"horizon.{k}", "change_horizon", dims, chosen))
    return tuple(
        _change(f"{stem}.{name}", estimand, dims, before, data[rows], outcome, unit, options)
        for name, estimand, dims, rows in selections
    )


def _near(data: pd.DataFrame, started: pd.Series, months: int, options: Options) -> pd.Series:
    """Return which rows are of the round that answers for a horizon, cohort by cohort."""
    exact = started == months
    if options.rounds.monthly and exact.any():
        return exact
    chosen = pd.Series(False, index=data.index)
    for cohort in data["cohort"].unique():
        mine = (data["cohort"] == cohort) & (started >= 0)
        since = np.unique(started[mine])
        place = answering(since, months, options.horizons)
        if place is not None:
            chosen |= mine & (started == since[place])
    return chosen


def _change(id, estimand, dims, before, after, outcome, unit, options) -> Estimate:
    change = after.groupby("unit")["y"].mean() - before.groupby("unit")["y"].mean()
    change = change.dropna()
    common = {
        "id": id,
        "estimand": estimand,
        "unit": unit,
        "indicator": outcome,
        "method": "before_after",
        "level": options.level,
        "dims": dims,
        "simulated": options.simulated,
    }
    if change.empty:
        if before.empty:
            reason = "causal.reason.no_pre_period"
        else:
            reason = "causal.reason.horizon_not_observed"
        return Estimate(value=None, n=0, reason=reason, **common)
    mine = [part[part["unit"].isin(change.index)] for part in (before, after)]
    rows = pd.concat(mine)
    cluster = rows.drop_duplicates("unit").set_index("unit")["_cluster"]
    by_cluster = change.groupby(cluster).mean()
    value, m = float(by_cluster.mean()), len(by_cluster)
    common |= {
        "n": round(float(rows["n"].sum())),
        "n_units": len(change),
        "n_clusters": m,
        "n_treated": m,
    }
    if min(part["n"].sum() for part in mine) < options.least_answers:
        return Estimate(value=None, reason="causal.fault.few_answers", **common)
    if m < 2 or not by_cluster.std() > 0:
        return Estimate(value=value, reason="causal.reason.no_inference", **common)
    se = float(by_cluster.std() / np.sqrt(m))
    half = t_quantile(options.level, m - 1) * se
    return Estimate(
        value=value,
        se=se,
        ci_low=value - half,
        ci_high=value + half,
        p_value=t_p_value(value / se, m - 1),
        interval_method="clustered_t",
        **common,
    )

"""The contrast of trained and untrained sites, watched at every look; never a causal claim."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.monitoring.inference.sequential import (
    LEVEL,
    MIN_BASELINE,
    MIN_CLUSTERS,
    bounds,
    contrast_looks,
    finite_bounds,
    finite_factor,
    mixture_scale,
    planned_se,
)
from analysis.results import Check, Estimate, StageResults, Topic, collect

YEAR = 12
"""Fewest periods of looks that are planned for where no end is declared."""


def watch_contrast(
    outcome: pd.DataFrame, *, level: float = LEVEL, until: int | None = None
) -> pd.DataFrame:
    """Confidence sequence of one indicator over all looks since training began.

    Parameters
    ----------
    outcome : DataFrame
        ``unit, period, y, cohort`` as the indicators room makes it (``cohort`` NaN: never
        trained); periods may be months or weeks. Sites whose training is still to come count on
        neither side.
    level : float
        Probability that the sequence covers at all looks at once.
    until : int, optional
        Period of the last look that is planned; a year of periods after the first start
        without it.

    Returns
    -------
    DataFrame
        One row per look: ``period, value, se, df, ci_low, ci_high`` (the sequence, right for ever),
        ``planned_low, planned_high`` (narrower, right up to the last planned look; NaN after it),
        ``fixed_low, fixed_high`` (an interval for that day alone), ``price`` (quotient of the
        widths), ``excludes_zero``, ``best_low, best_high`` (intersection of the sequence so
        far; ``best_low > best_high`` says that the contrast moved). No rows when there are too
        few sites or periods. ``attrs["scale"]`` is the mixture scale.
    """
    columns = [
        "period",
        "value",
        "se",
        "df",
        "ci_low",
        "ci_high",
        "planned_low",
        "planned_high",
        "fixed_low",
        "fixed_high",
        "price",
        "planned_price",
        "excludes_zero",
        "planned_excludes",
        "best_low",
        "best_high",
    ]
    empty = pd.DataFrame(columns=columns)
    wide = outcome.pivot_table(index="unit", columns="period", values="y").sort_index()
    if wide.empty:
        return empty
    first, last = int(wide.columns.min()), int(wide.columns.max())
    wide = wide.reindex(columns=range(first, last + 1))
    cohort = outcome.groupby("unit")["cohort"].first().reindex(wide.index).astype(float)
    start = cohort.to_numpy() - first
    y = wide.to_numpy(dtype=float)
    usable = np.isnan(start) | (start >= MIN_BASELINE)
    y, start = y[usable], start[usable]
    if np.isnan(start).all() or not np.isnan(start).any():
        return empty
    scale = mixture_scale(float(planned_se(y, start)), level)
    if not scale > 0:
        return empty
    at = np.arange(int(np.nanmin(start)), last - first + 1)
    looks = contrast_looks(y, start, looks=at)
    half, fixed = bounds(looks, scale=scale, level=level)
    end = int(np.nanmin(start)) + first + YEAR - 1 if until is None else int(until)
    factor = finite_factor(start, max(end - first, int(at[0])) + 1, level=level)
    planned = finite_bounds(looks, scale=scale, factor=factor, level=level)
    planned = np.where(first + at <= end, planned, np.nan)
    table = pd.DataFrame(
        {
            "period": first + at,
            "value": looks.value,
            "se": looks.se,
            "df": looks.df,
            "ci_low": looks.value - half,
            "ci_high": looks.value + half,
            "planned_low": looks.value - planned,
            "planned_high": looks.value + planned,
            "fixed_low": looks.value - fixed,
            "fixed_high": looks.value + fixed,
            "price": half / fixed,
            "planned_price": planned / fixed,
        }
    ).dropna(subset=["value", "se"], ignore_index=True)
    table["excludes_zero"] = (table["ci_low"] > 0) | (table["ci_high"] < 0)
    table["planned_excludes"] = (table["planned_low"] > 0) | (table["planned_high"] < 0)
    table["best_low"] = table["ci_low"].cummax()
    table["best_high"] = table["ci_high"].cummin()
    table.attrs = {"scale": scale}
    return table[columns]


def assess_contrast(
    outcome: pd.DataFrame,
    *,
    indicator: str,
    unit: str,
    level: float = LEVEL,
    until: int | None = None,
    simulated: bool = False,
) -> StageResults:
    """Watch the contrast of one indicator; descriptive, right at every look.

    Parameters
    ----------
    outcome : DataFrame
        As of :func:`watch_contrast`.
    indicator, unit : str
        Registry identifier and its unit.
    until : int, optional
        Period of the last look that is planned.

    Returns
    -------
    StageResults
        Estimate ``monitoring.contrast.<indicator>`` (newest look, never causal), check
        ``monitoring.contrast.<indicator>`` (``caution`` once a planned look excluded zero by the
        boundary for planned looks, or any look by the sequence;
        ``not_possible`` with too few sites or periods), table ``contrast_<indicator>``.
    """
    table = watch_contrast(outcome, level=level, until=until)
    question = {
        "id": f"monitoring.contrast.{indicator}",
        "topic": Topic.CONTRAST,
        "question": "monitoring.check.contrast.question",
        "dims": {"indicator": indicator},
    }
    if table.empty:
        params = {"clusters": MIN_CLUSTERS, "baseline": MIN_BASELINE}
        return collect(
            "monitoring",
            [
                Check(
                    **question,
                    status="not_possible",
                    reason="monitoring.reason.few_clusters",
                    params=params,
                )
            ],
        )
    newest, cohort = table.iloc[-1], outcome.groupby("unit")["cohort"].first()
    begun = cohort <= newest["period"]
    estimate = Estimate(
        id=f"monitoring.contrast.{indicator}",
        estimand="difference",
        indicator=indicator,
        unit=unit,
        value=float(newest["value"]),
        se=float(newest["se"]),
        ci_low=float(newest["ci_low"]),
        ci_high=float(newest["ci_high"]),
        level=level,
        n=len(outcome),
        n_units=len(cohort),
        n_clusters=int((begun | cohort.isna()).sum()),
        n_treated=int(begun.sum()),
        method="change_of_cluster_means",
        interval_method="normal_mixture_sequence",
        dims={
            "period": int(newest["period"]),
            "looks": len(table),
            "fixed_low": float(newest["fixed_low"]),
            "fixed_high": float(newest["fixed_high"]),
            "price": float(newest["price"]),
            "planned_low": _known(newest["planned_low"]),
            "planned_high": _known(newest["planned_high"]),
        },
        simulated=simulated,
    )
    left = table.loc[table["excludes_zero"] | table["planned_excludes"], "period"]
    planned = table["planned_price"].dropna()
    params: Mapping = {
        "looks": len(table),
        "price": float(newest["price"]),
        "planned": len(planned),
        "planned_price": float(planned.iloc[-1]) if len(planned) else float(newest["price"]),
        "first": int(left.iloc[0]) if len(left) else None,
        "difference": True,
    }
    check = Check(
        **question,
        status="caution" if len(left) else "passed",
        value=float(newest["value"]),
        threshold=0.0,
        unit=unit,
        n=len(cohort),
        reason="monitoring.check.contrast.left" if len(left) else "monitoring.check.contrast.kept",
        remedy="monitoring.check.contrast.remedy" if len(left) else None,
        params=params,
    )
    return collect("monitoring", [estimate, check], tables={f"contrast_{indicator}": table})


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None

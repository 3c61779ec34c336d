"""Whether trained and never-trained sites were alike before the first wave."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from analysis.measurement.columns import floats
from analysis.results import Check, StageResults, Topic, collect

CAUTION_SMD, FAILED_SMD = 0.10, 0.25
"""Conventional lines for a standardised difference (Austin 2009; Stuart 2010)."""


def standardised_differences(
    covariates: pd.DataFrame, treated: np.ndarray, *, denominator: str = "pooled"
) -> pd.DataFrame:
    """Standardised mean difference and variance ratio of each covariate.

    Parameters
    ----------
    covariates : DataFrame
        One row per unit. Numbers as they are; other columns become one indicator a level.
    treated : ndarray of bool
        Arm of each row.
    denominator : {"pooled", "treated"}
        ``sqrt((s1^2 + s0^2) / 2)``, or the standard deviation of the treated. Sample
        variances (ddof 1), of an indicator too.

    Returns
    -------
    DataFrame
        ``covariate, level, mean_treated, mean_comparison, smd, variance_ratio, n_treated,
        n_comparison, denominator``. ``smd`` is infinite where neither arm varies and the means
        differ: the arms are perfectly separated, which is the worst imbalance there is, however
        small the difference. ``variance_ratio`` only for numbers, infinite where only the
        comparison does not vary. A covariate known of fewer than two units of an arm has no row.
    """
    if denominator not in ("pooled", "treated"):
        raise ValueError(f"denominator is 'pooled' or 'treated', not {denominator!r}")
    treated = np.asarray(treated, dtype=bool)
    rows = []
    for covariate, level, x, number in _numeric_columns(covariates):
        one, zero = (v[np.isfinite(v)] for v in (x[treated], x[~treated]))
        if min(one.size, zero.size) < 2:
            continue
        s1, s0 = one.var(ddof=1), zero.var(ddof=1)
        scale = np.sqrt((s1 + s0) / 2 if denominator == "pooled" else s1)
        gap = one.mean() - zero.mean()
        rows.append(
            {
                "covariate": covariate,
                "level": level,
                "mean_treated": one.mean(),
                "mean_comparison": zero.mean(),
                "smd": _standardised(gap, scale),
                "variance_ratio": _ratio(s1, s0) if number else np.nan,
                "n_treated": one.size,
                "n_comparison": zero.size,
                "denominator": denominator,
            }
        )
    columns = [
        "covariate",
        "level",
        "mean_treated",
        "mean_comparison",
        "smd",
        "variance_ratio",
        "n_treated",
        "n_comparison",
        "denominator",
    ]
    return pd.DataFrame(rows, columns=columns)


def _standardised(gap: float, scale: float) -> float:
    if abs(gap) <= 1e-12:
        return 0.0
    return float(gap / scale) if scale > 1e-12 * abs(gap) else float(np.copysign(np.inf, gap))


def _ratio(treated: float, comparison: float) -> float:
    if comparison > 0:
        return float(treated / comparison)
    return np.inf if treated > 0 else np.nan


def separated(covariates: pd.DataFrame, treated: np.ndarray) -> tuple[str, ...]:
    """Covariates that tell the arms apart entirely.

    A number does where neither arm varies and the values differ. A label does where no level
    occurs in both arms, unless that is what chance makes of so many levels: the share of
    assignments of the same size that keep every level in one arm must be below .05, or each arm
    have one level only.

    Parameters
    ----------
    covariates : DataFrame
        One row per unit.
    treated : ndarray of bool
        Arm of each row.

    Returns
    -------
    tuple of str
        Names of the covariates.
    """
    treated = np.asarray(treated, dtype=bool)
    found = []
    for name in covariates.columns:
        known = covariates[name].notna().to_numpy()
        one, zero = (covariates.loc[known & arm, name] for arm in (treated, ~treated))
        if min(len(one), len(zero)) < 2:
            continue
        if pd.api.types.is_numeric_dtype(covariates[name]):
            a, b = floats(one), floats(zero)
            apart = np.ptp(a) <= 1e-12 and np.ptp(b) <= 1e-12 and abs(a[0] - b[0]) > 1e-12
        else:
            levels, others = set(one), set(zero)
            apart = not levels & others and (
                len(levels) == len(others) == 1
                or _by_chance(covariates.loc[known, name].value_counts(), len(one)) < 0.05
            )
        if apart:
            found.append(str(name))
    return tuple(found)


def _by_chance(sizes: pd.Series, treated: int) -> float:
    """Share of assignments that keep every level in one arm: subsets of levels of that size."""
    ways = [1] + [0] * treated
    for size in map(int, sizes):
        for total in range(treated, size - 1, -1):
            ways[total] += ways[total - size]
    return ways[treated] / math.comb(int(sizes.sum()), treated)


def _numeric_columns(covariates: pd.DataFrame):
    for name in covariates.columns:
        column = covariates[name]
        if pd.api.types.is_numeric_dtype(column):
            yield name, "", floats(column), True
            continue
        for level in sorted(column.dropna().unique()):
            known = column.notna().to_numpy()
            yield name, str(level), np.where(known, (column == level).to_numpy(), np.nan), False


def joint_test(
    covariates: pd.DataFrame, treated: np.ndarray, *, draws: int = 999, seed: int = 0
) -> float | None:
    """Permutation p-value of "the arms are alike in all covariates together".

    The statistic is the sum of squared standardised differences; arms are permuted over
    units, so that many small differences count and no distribution is assumed. None when a
    covariate matrix cannot be formed (fewer than two units an arm, nothing varies).

    Parameters
    ----------
    covariates : DataFrame
        One row per unit, numeric columns.
    treated : ndarray of bool
        Arm of each row.
    draws, seed : int
        Permutations and the seed of the generator.

    Returns
    -------
    float or None
        p-value, 0-1.
    """
    treated = np.asarray(treated, dtype=bool)
    if min(treated.sum(), (~treated).sum()) < 2:
        return None
    columns = [x for *_, x, _ in _numeric_columns(covariates) if np.isfinite(x).any()]
    if not columns:
        return None
    matrix = np.column_stack([np.where(np.isfinite(x), x, np.nanmean(x)) for x in columns])
    spread = matrix.std(axis=0)
    matrix = (matrix[:, spread > 0] - matrix[:, spread > 0].mean(axis=0)) / spread[spread > 0]
    if matrix.shape[1] == 0:
        return None
    rng = np.random.default_rng(seed)
    arms = np.array([treated, *(rng.permutation(treated) for _ in range(draws))], dtype=float)
    means = arms @ matrix / treated.sum() - (1 - arms) @ matrix / (~treated).sum()
    size = (means**2).sum(axis=1)
    return float((size >= size[0] - 1e-12).mean())


def baseline_covariates(sites: pd.DataFrame, outcome: pd.DataFrame) -> pd.DataFrame:
    """Covariates of each unit of an outcome frame before the first wave.

    Returns
    -------
    DataFrame
        One row per unit, index ``unit``: ``treated`` (bool: has a cohort), the site's
        ``property_type``, ``region``, ``households`` where known, and ``outcome_mean``,
        ``outcome_slope`` (a month) over the months before the first cohort.
    """
    before = before_first_wave(outcome)
    units = outcome.groupby("unit")["cohort"].first()
    frame = pd.DataFrame({"treated": units.notna()})
    known = sites.set_index("site_id")
    for name in ("property_type", "region", "households"):
        if name in known.columns and known[name].notna().any():
            frame[name] = known[name].reindex(frame.index)
    frame["outcome_mean"] = before.groupby("unit")["y"].mean().reindex(frame.index)
    frame["outcome_slope"] = unit_slopes(before).reindex(frame.index)
    return frame


def before_first_wave(outcome: pd.DataFrame) -> pd.DataFrame:
    """Rows of an outcome frame before the earliest cohort; all rows when nobody is treated."""
    first = outcome["cohort"].min()
    return outcome if np.isnan(first) else outcome[outcome["period"] < first]


def unit_slopes(outcome: pd.DataFrame) -> pd.Series:
    """Least-squares slope of y on period (a month) for each unit with two months or more."""
    t = outcome["period"] - outcome.groupby("unit")["period"].transform("mean")
    top = (t * outcome["y"]).groupby(outcome["unit"]).sum()
    bottom = (t**2).groupby(outcome["unit"]).sum()
    return top / bottom.where(bottom > 0)


def assess_balance(
    sites: pd.DataFrame, outcome: pd.DataFrame, *, indicator: str, seed: int = 0
) -> StageResults:
    """Compare trained and never-trained sites before the first wave.

    Parameters
    ----------
    sites : DataFrame
        Canonical ``sites``, one row per site.
    outcome : DataFrame
        ``unit, period, y, n, cohort``, one row per site-month; missing cohort: never trained.
    indicator : str
        What ``y`` is.
    seed : int
        Seed of the draws.

    Returns
    -------
    StageResults
        Checks ``baseline.balance.largest`` and ``baseline.balance.joint``; tables ``balance``
        and ``balance_plot``. Sites of a small study differ by chance: ``by_chance``
        in the check's params is the standard deviation of a standardised difference under
        random assignment, and a large difference fails only where the joint test rejects too.
        A characteristic that separates the arms entirely fails always, whatever the number of
        sites: its difference and the training's are one. The value is then None, as it is
        where chance may have left the arms no value in common.
    """
    covariates = baseline_covariates(sites, outcome)
    treated = covariates.pop("treated").to_numpy()
    n1, n0 = int(treated.sum()), int((~treated).sum())
    if min(n1, n0) < 2:
        return _not_compared("measurement.reason.no_comparison", n1, n0)
    table = standardised_differences(covariates, treated)
    if table.empty:
        dims = {"indicator": indicator}
        return _not_compared("measurement.reason.no_covariates", n1, n0, **dims)
    apart = separated(covariates, treated)
    unknown = len(set(covariates.columns) - set(table["covariate"]))
    widest = table.loc[table["smd"].abs().idxmax()]
    largest = abs(float(widest["smd"]))
    p_value = joint_test(covariates, treated, seed=seed)
    status = "passed" if largest <= CAUTION_SMD else "caution"
    if largest > FAILED_SMD and (p_value is None or p_value < 0.05):
        status = "failed"
    told, remedy = "reason", "remedy"
    if apart:
        status, told, remedy = "failed", "separated", "remedy_separated"
    elif not np.isfinite(largest):  # no value in common, as chance can have it with few sites
        status, told = "caution", "apart_by_chance"
    sound = status == "passed"
    checks = [
        Check(
            id="baseline.balance.largest",
            topic=Topic.BALANCE_LARGEST,
            question="measurement.check.balance.question",
            status=status,
            value=None if apart or not np.isfinite(largest) else largest,
            threshold=FAILED_SMD,
            unit="sd",
            n=n1 + n0,
            reason=None if sound else f"measurement.check.balance.{told}",
            remedy=None if sound else f"measurement.check.balance.{remedy}",
            params={
                "covariate": f"measurement.covariate.{widest['covariate']}",
                "covariates": ", ".join(apart),
                "unknown": unknown,
                "treated": n1,
                "comparison": n0,
                "by_chance": float(np.sqrt(1 / n1 + 1 / n0)),
            },
            dims={"indicator": indicator, **({"separated": True} if apart else {})},
        ),
    ]
    if p_value is not None:
        alike = p_value >= 0.05
        checks.append(
            Check(
                id="baseline.balance.joint",
                topic=Topic.BALANCE,
                question="measurement.check.balance_joint.question",
                status="passed" if alike else "caution",
                value=p_value,
                threshold=0.05,
                unit="p",
                n=n1 + n0,
                reason=None if alike else "measurement.check.balance_joint.reason",
                remedy=None if alike else f"measurement.check.balance.{remedy}",
                params={"p_value": p_value},
                dims={"indicator": indicator},
            )
        )
    tables = {"balance": table, "balance_plot": love_frame(table)}
    return collect("baseline", checks, tables=tables)


def love_frame(balance: pd.DataFrame) -> pd.DataFrame:
    """Return a balance table as the love plot takes it: ``covariate`` (words), ``smd_before``.

    The word is a wording key of the covariate, or of its level where it is a label. A
    difference without bounds is drawn at half as much again as the largest other one, and at 2
    at least.
    """
    keys = {"property_type": "terms.property_type.{}", "region": "{}"}
    words = [
        keys[row.covariate].format(row.level)
        if row.level and row.covariate in keys
        else f"measurement.covariate.{row.covariate}"
        for row in balance.itertuples()
    ]
    smd = balance["smd"].to_numpy(dtype=float)
    bounded = np.abs(smd[np.isfinite(smd)])
    edge = max(2.0, 1.5 * float(bounded.max(initial=0.0)))
    return pd.DataFrame({"covariate": words, "smd_before": np.clip(smd, -edge, edge)})


def _not_compared(reason: str, treated: int, comparison: int, **dims: str) -> StageResults:
    missing = Check(
        id="baseline.balance.largest",
        topic=Topic.BALANCE_LARGEST,
        question="measurement.check.balance.question",
        status="not_possible",
        threshold=FAILED_SMD,
        unit="sd",
        n=treated + comparison,
        reason=reason,
        params={"treated": treated, "comparison": comparison},
        dims=dims,
    )
    return collect("baseline", [missing])

"""Whether trained and never-trained sites were alike before the first wave."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.measurement.columns import floats
from analysis.results import Check, StageResults, collect

CAUTION_SMD, FAILED_SMD = 0.10, 0.25
"""Conventional lines for a standardised difference (Austin 2009; Stuart 2010)."""


def standardised_differences(
    covariates: pd.DataFrame, treated: np.ndarray, *, denominator: str = "pooled"
) -> pd.DataFrame:
    """Standardised mean difference and variance ratio of each covariate.

    Parameters
    ----------
    covariates : DataFrame
        One row a unit. Numbers as they are; other columns become one indicator a level.
    treated : ndarray of bool
        Arm of each row.
    denominator : {"pooled", "treated"}
        ``sqrt((s1^2 + s0^2) / 2)``, or the standard deviation of the treated. Sample
        variances (ddof 1), of an indicator too.

    Returns
    -------
    DataFrame
        ``covariate, level, mean_treated, mean_comparison, smd, variance_ratio, n_treated,
        n_comparison, denominator``. ``smd`` is NaN where nothing varies and the means differ;
        ``variance_ratio`` only for numbers.
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
                "smd": gap / scale if scale > 0 else (0.0 if gap == 0 else np.nan),
                "variance_ratio": s1 / s0 if number and s0 > 0 else np.nan,
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
    covariate matrix cannot be formed (fewer than two units an arm).

    Parameters
    ----------
    covariates : DataFrame
        One row a unit, numeric columns.
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
    columns = [x for *_, x, _ in _numeric_columns(covariates)]
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
        One row a unit, index ``unit``: ``treated`` (bool: has a cohort), the site's
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
        Canonical ``sites``, one row a site.
    outcome : DataFrame
        ``unit, period, y, n, cohort``, one row a site-month; missing cohort: never trained.
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
    """
    covariates = baseline_covariates(sites, outcome)
    treated = covariates.pop("treated").to_numpy()
    n1, n0 = int(treated.sum()), int((~treated).sum())
    if min(n1, n0) < 2:
        missing = Check(
            id="baseline.balance.largest",
            question="measurement.check.balance.question",
            status="not_possible",
            threshold=FAILED_SMD,
            unit="sd",
            n=n1 + n0,
            reason="measurement.reason.no_comparison",
            params={"treated": n1, "comparison": n0},
        )
        return collect("baseline", [missing])
    table = standardised_differences(covariates, treated)
    widest = table.loc[table["smd"].abs().idxmax()]
    largest = abs(float(widest["smd"]))
    p_value = joint_test(covariates, treated, seed=seed)
    status = "passed" if largest <= CAUTION_SMD else "caution"
    if largest > FAILED_SMD and (p_value is None or p_value < 0.05):
        status = "failed"
    sound = status == "passed"
    checks = [
        Check(
            id="baseline.balance.largest",
            question="measurement.check.balance.question",
            status=status,
            value=largest,
            threshold=FAILED_SMD,
            unit="sd",
            n=n1 + n0,
            reason=None if sound else "measurement.check.balance.reason",
            remedy=None if sound else "measurement.check.balance.remedy",
            params={
                "covariate": f"measurement.covariate.{widest['covariate']}",
                "treated": n1,
                "comparison": n0,
                "by_chance": float(np.sqrt(1 / n1 + 1 / n0)),
            },
            dims={"indicator": indicator},
        ),
    ]
    if p_value is not None:
        alike = p_value >= 0.05
        checks.append(
            Check(
                id="baseline.balance.joint",
                question="measurement.check.balance_joint.question",
                status="passed" if alike else "caution",
                value=p_value,
                threshold=0.05,
                unit="p",
                n=n1 + n0,
                reason=None if alike else "measurement.check.balance_joint.reason",
                remedy=None if alike else "measurement.check.balance.remedy",
                params={"p_value": p_value},
                dims={"indicator": indicator},
            )
        )
    tables = {"balance": table, "balance_plot": love_frame(table)}
    return collect("baseline", checks, tables=tables)


def love_frame(balance: pd.DataFrame) -> pd.DataFrame:
    """Return a balance table as the love plot takes it: ``covariate`` (words), ``smd_before``.

    The word is a wording key of the covariate, or of its level where it is a label.
    """
    keys = {"property_type": "terms.property_type.{}", "region": "{}"}
    words = [
        keys[row.covariate].format(row.level)
        if row.level and row.covariate in keys
        else f"measurement.covariate.{row.covariate}"
        for row in balance.itertuples()
    ]
    frame = pd.DataFrame({"covariate": words, "smd_before": balance["smd"].to_numpy()})
    return frame.dropna(ignore_index=True)

"""How much of the variation lies between sites: the intraclass correlation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.results import Check, Estimate, StageResults, Topic, collect
from analysis.settings import LEVEL


@dataclass(frozen=True, slots=True)
class Icc:
    """One-way ANOVA intraclass correlation.

    ``between`` and ``within`` are variance components, ``n0`` the effective answers a unit.
    ``low`` and ``high`` are None where answers within units never differ and it is not known by
    how much they could.
    """

    value: float
    low: float | None
    high: float | None
    between: float
    within: float
    n0: float
    n_units: int
    n: int
    level: float


def icc_oneway(
    n: np.ndarray,
    total: np.ndarray,
    total_sq: np.ndarray,
    level: float = LEVEL,
    *,
    step: float | None = None,
) -> Icc | None:
    """ICC(1) of single answers from counts, sums and sums of squares by unit.

    With mean squares B and W, ``icc = (B - W) / (B + (n0 - 1) W)`` and
    ``n0 = (N - sum(n^2) / N) / (k - 1)``. The interval inverts the F test; it is exact for
    equal n and approximate otherwise (n0 in place of n).

    Parameters
    ----------
    n, total, total_sq : ndarray of shape (units,)
        Answers, their sum and their sum of squares by unit.
    level : float
        Confidence level.
    step : float, optional
        Smallest difference that two answers can have. Where answers within units never differ
        the value is 1, and the lower end that of the same answers with one off by a step.

    Returns
    -------
    Icc or None
        None with fewer than two units, no unit with two answers, or no variation at all.

    References
    ----------
    Shrout & Fleiss (1979), case 1; Donner (1979) for unequal n.
    """
    n, total, total_sq = (np.asarray(a, dtype=float) for a in (n, total, total_sq))
    kept = n > 0
    n, total, total_sq = n[kept], total[kept], total_sq[kept]
    k, size = n.size, n.sum()
    if k < 2 or size <= k:
        return None
    means = total / n
    ss_between = float((n * (means - total.sum() / size) ** 2).sum())
    ss_within = float((total_sq - n * means**2).sum())
    df1, df2 = k - 1, size - k
    b, w = ss_between / df1, ss_within / df2
    n0 = (size - (n**2).sum() / size) / (k - 1)
    if w <= 1e-15:
        if b <= 1e-15:
            return None
        low = None
        if step is not None:
            one = step**2 * (1 - 1 / n0) / df2
            f_low = b / one / stats.f.ppf((1 + level) / 2, df1, df2)
            low = float((f_low - 1) / (f_low + n0 - 1))
        high = None if step is None else 1.0
        return Icc(1.0, low, high, float(b / n0), 0.0, float(n0), int(k), int(size), level)
    tail = (1 - level) / 2
    f_low = b / w / stats.f.ppf(1 - tail, df1, df2)
    f_high = b / w * stats.f.ppf(1 - tail, df2, df1)
    return Icc(
        value=float((b - w) / (b + (n0 - 1) * w)),
        low=float((f_low - 1) / (f_low + n0 - 1)),
        high=float((f_high - 1) / (f_high + n0 - 1)),
        between=float((b - w) / n0),
        within=float(w),
        n0=float(n0),
        n_units=int(k),
        n=int(size),
        level=level,
    )


def assess_icc(
    panel: pd.DataFrame,
    *,
    indicator: str,
    before: int | None = None,
    stratum: str = "",
    simulated: bool = False,
    level: float = LEVEL,
) -> StageResults:
    """ICC of an indicator's answers by site, months taken out first.

    Each month's overall mean is subtracted from its answers (exactly, through the sums), so
    that a common trend is not mistaken for differences within sites.

    Parameters
    ----------
    panel : DataFrame
        The indicator panel with ``n, total, total_sq``; without squares there is no answer.
    before : int, optional
        First month that is left out (the first wave's).
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Estimate ``baseline.<indicator>.icc`` and the check ``baseline.<indicator>.icc.design``
        with the design effect of a site-month's mean number of answers.
    """
    cells = panel[(panel["indicator"] == indicator) & (panel["stratum"] == stratum)]
    cells = cells if before is None else cells[cells["period"] < before]
    icc = None
    single = bool(cells["total_sq"].notna().all())
    if len(cells) and single:
        sums = cells[["n", "total", "total_sq"]].astype(float)
        monthly = sums.groupby(cells["period"])[["n", "total"]].transform("sum")
        mean = monthly["total"] / monthly["n"]
        shifted = pd.DataFrame(
            {
                "n": sums["n"],
                "total": sums["total"] - sums["n"] * mean,
                "total_sq": sums["total_sq"] - 2 * mean * sums["total"] + sums["n"] * mean**2,
            }
        )
        by_site = shifted.groupby(cells["site_id"]).sum()
        icc = icc_oneway(*(by_site[c].to_numpy() for c in ("n", "total", "total_sq")), level=level)
    common = {
        "estimand": "icc",
        "indicator": indicator,
        "unit": "coefficient",
        "simulated": simulated,
    }
    if icc is None:
        missing = Estimate(
            id=f"baseline.{indicator}.icc",
            **common,
            value=None,
            n=0,
            method="anova_oneway",
            reason=f"measurement.reason.{'no_icc' if single else 'only_means'}",
            level=level,
        )
        return collect("baseline", [missing])
    answers = float(cells["n"].mean())
    effect = 1 + (answers - 1) * max(icc.value, 0.0)
    return collect(
        "baseline",
        [
            Estimate(
                id=f"baseline.{indicator}.icc",
                **common,
                value=icc.value,
                ci_low=icc.low,
                ci_high=icc.high,
                n=icc.n,
                n_units=icc.n_units,
                n_clusters=icc.n_units,
                method="anova_oneway",
                interval_method="none" if icc.low is None else "f_inversion",
                level=level,
            ),
            Check(
                id=f"baseline.{indicator}.icc.design",
                topic=Topic.DESIGN_EFFECT,
                indicator=indicator,
                question="measurement.check.design_effect.question",
                status="passed" if effect <= 2 else "caution",
                value=effect,
                threshold=2.0,
                unit="ratio",
                n=icc.n,
                reason="measurement.check.design_effect.reason",
                params={"icc": icc.value, "answers": answers, "effect": effect},
                dims={"indicator": indicator},
            ),
        ],
    )


def stepped_up(one: float, k: float) -> float:
    """Reliability of the mean of ``k`` ratings from that of one (Spearman–Brown).

    Where one is at or below its least possible value, −1/(k − 1), the formula has no bound; the
    mean then has no reliability at all, and −1 stands for it as for everything below −1.

    Parameters
    ----------
    one : float
        Intraclass correlation of one rating.
    k : float
        Ratings in the mean.
    """
    spread = 1 + (k - 1) * one
    return -1.0 if spread <= 0 else max(k * one / spread, -1.0)

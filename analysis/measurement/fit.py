"""Fit indices of factor models over one or several groups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from analysis.measurement.covariance_structure import Matrices, Moments


@dataclass(frozen=True, slots=True, kw_only=True)
class FitIndices:
    """How well a factor model fits.

    ``rmsea`` divides by n (semopy divides by n − 1) and carries the square root of the number
    of groups; its interval has coverage .90. ``rmsea*``, ``tli`` and ``p_value`` are None
    without degrees of freedom. ``srmr`` is Bentler's, means included once the model restricts
    them. ``parameters`` counts those of the covariances, and of the means once restricted.
    """

    chi2: float
    df: int
    p_value: float | None
    cfi: float
    tli: float | None
    rmsea: float | None
    rmsea_low: float | None
    rmsea_high: float | None
    srmr: float
    loglik: float
    aic: float
    bic: float
    parameters: int
    n: int
    n_groups: int
    scaling: float = 1.0
    """Satorra and Bentler's: mean of ``chi2`` under the model over ``df``. ``p_value`` is that of
    ``chi2 / scaling``; ``cfi``, ``tli`` and ``rmsea`` then are the robust ones."""


def fit_indices(
    data: Sequence[Moments],
    fitted: Sequence[Matrices],
    chi2: float,
    parameters: int,
    *,
    restricted_means: bool,
    expected: tuple[float, float] | None = None,
) -> FitIndices:
    """Fit indices of a model over groups.

    The baseline of CFI and TLI has uncorrelated items with free means in every group.

    Parameters
    ----------
    chi2 : float
        Twice the log likelihood ratio to the saturated model.
    parameters : int
        Free parameters, means included.
    restricted_means : bool
        Whether means are part of the model; they then enter ``srmr`` and ``parameters``.
    expected : (float, float), optional
        Means of the chi-square under the model and under the baseline; the degrees of freedom
        when left out.

    References
    ----------
    Hu & Bentler (1999); Browne & Cudeck (1993); Steiger (1998) for groups; Brosseau-Liard &
    Savalei (2014) for the robust indices (``cfi.robust`` and ``rmsea.robust`` of lavaan).
    """
    p, groups = len(data[0].items), len(data)
    n = sum(group.n for group in data)
    df = groups * (p + p * (p + 1) // 2) - parameters
    chi2 = max(chi2, 0.0)
    null = sum(
        g.n * (np.log(np.diag(g.covariance)).sum() - np.linalg.slogdet(g.covariance)[1])
        for g in data
    )
    null_df = groups * p * (p - 1) // 2
    mean, null_mean = (float(df), float(null_df)) if expected is None else expected
    scaling = max(mean / df, 1e-6) if df else 1.0
    excess, null_excess = max(chi2 - mean, 0.0), max(null - null_mean, 0.0)
    tli = None
    if df and null_df and abs(null - null_mean) > 1e-12 * null_df:
        tli = float(1 - (chi2 - mean) / df / ((null - null_mean) / null_df))
    rmsea = low = high = None
    if df:
        rmsea, low, high = (
            math.sqrt(groups * part / (n * df))
            for part in (
                excess,
                *(scaling * end for end in noncentrality(chi2 / scaling, df, level=0.90)),
            )
        )
    saturated = sum(
        -g.n / 2 * (p * math.log(2 * math.pi) + np.linalg.slogdet(g.covariance)[1] + p)
        for g in data
    )
    loglik = float(saturated - chi2 / 2)
    counted = parameters if restricted_means else parameters - groups * p
    return FitIndices(
        chi2=float(chi2),
        df=df,
        p_value=float(stats.chi2.sf(chi2 / scaling, df)) if df else None,
        cfi=float(1 - excess / max(null_excess, excess)) if excess else 1.0,
        tli=tli,
        rmsea=rmsea,
        rmsea_low=low,
        rmsea_high=high,
        srmr=float(
            sum(
                g.n / n * _srmr(g, here, restricted_means)
                for g, here in zip(data, fitted, strict=True)
            )
        ),
        loglik=loglik,
        aic=2 * counted - 2 * loglik,
        bic=math.log(n) * counted - 2 * loglik,
        parameters=counted,
        n=n,
        n_groups=groups,
        scaling=scaling,
    )


def noncentrality(chi2: float, df: int, *, level: float = 0.90) -> tuple[float, float]:
    """Interval of the noncentrality of a chi-square value, both ends at least 0."""

    def end(probability: float) -> float:
        if stats.chi2.cdf(chi2, df) <= probability:
            return 0.0
        upper = max(chi2, 1.0)
        while stats.ncx2.cdf(chi2, df, upper) > probability:
            upper *= 2
        return float(
            optimize.brentq(lambda x: stats.ncx2.cdf(chi2, df, x) - probability, 1e-12, upper)
        )

    return end((1 + level) / 2), end((1 - level) / 2)


def _srmr(group: Moments, here: Matrices, means: bool) -> float:
    spread = np.sqrt(np.diag(group.covariance))
    gap = (group.covariance - here.sigma) / np.outer(spread, spread)
    squares = gap[np.tril_indices(len(spread))] ** 2
    if means:
        squares = np.append(squares, ((group.mean - here.mu) / spread) ** 2)
    return float(math.sqrt(squares.mean()))

"""Means and totals of a population from a sample drawn within strata."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.measurement.intervals import Interval
from analysis.measurement.refusals import Refusal, RefusedError
from analysis.settings import LEVEL


@dataclass(frozen=True, slots=True)
class Stratified:
    """Mean per member of the population, and total over it.

    Attributes
    ----------
    mean, total : Interval
        ``n`` counts the sampled.
    population : float
        Members of all strata.
    by_stratum : DataFrame
        ``stratum, n, population, mean, variance, sampled`` (share of the stratum).
    """

    mean: Interval
    total: Interval
    population: float
    by_stratum: pd.DataFrame


def stratified(
    values: pd.Series, strata: pd.Series, population: pd.Series, *, level: float = LEVEL
) -> Stratified:
    """Estimate a population's mean and total from simple random samples within strata.

    Parameters
    ----------
    values : Series
        One answer per row; missing ones are left out.
    strata : Series
        Stratum of each answer, on the index of ``values``.
    population : Series
        Members of each stratum, indexed by stratum.

    Returns
    -------
    Stratified
        See :func:`stratified_moments`.

    Raises
    ------
    RefusedError
        As :func:`stratified_moments`; ``LEVEL_UNCOUNTED`` for an answer whose stratum has no
        population, ``LEVEL_MISSING`` for one without stratum.
    """
    kept = values.notna()
    if strata[kept].isna().any():
        raise RefusedError(Refusal.LEVEL_MISSING, "every answer needs its stratum")
    unknown = set(strata[kept]) - set(population.index)
    if unknown:
        raise RefusedError(Refusal.LEVEL_UNCOUNTED, f"no population for {sorted(unknown)}")
    by = values[kept].astype(float).groupby(strata[kept])
    found = by.agg(["size", "mean", "var"]).reindex(population.index)
    return stratified_moments(
        found["size"].fillna(0).to_numpy(),
        found["mean"].to_numpy(),
        found["var"].to_numpy(),
        population.to_numpy(dtype=float),
        names=[str(name) for name in population.index],
        level=level,
    )


def stratified_moments(
    n: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    population: np.ndarray,
    *,
    names: list[str] | None = None,
    level: float = LEVEL,
) -> Stratified:
    """Estimate a population's mean and total from what is known of each stratum's sample.

    ``mean = sum(N_h / N * mean_h)`` with variance ``sum((N_h / N)^2 (1 - n_h / N_h) s_h^2 /
    n_h)``: a stratum asked in full adds no error. The total is N times the mean.

    Parameters
    ----------
    n, mean, variance, population : array, shape (strata,)
        Answers, their mean and their variance (divisor n − 1), and the members of the stratum.

    Returns
    -------
    Stratified
        t intervals with n minus strata degrees of freedom, of strata not asked in full; without
        one where these have no degree of freedom.

    Raises
    ------
    RefusedError
        ``LEVEL_EMPTY`` for a stratum without members, ``LEVEL_UNANSWERED`` for one without an
        answer, ``FEW_EACH_SIDE`` for one answer of several members: its variance is unknown.
        Merge such a stratum with another.
    ValueError
        For more answers than members.

    References
    ----------
    Cochran (1977), Sampling Techniques, equations 5.1, 5.9 and 5.12; Lohr (2010), section 3.2.
    """
    n, mean, variance, size = (np.asarray(a, dtype=float) for a in (n, mean, variance, population))
    if (size <= 0).any():
        raise RefusedError(Refusal.LEVEL_EMPTY, "every stratum needs members")
    if (n < 1).any():
        raise RefusedError(Refusal.LEVEL_UNANSWERED, "every stratum needs an answer")
    if (n > size).any():
        raise ValueError(f"a stratum has more answers than members: {n.tolist()}, {size.tolist()}")
    whole = n == size
    if ((n < 2) & ~whole).any():
        raise RefusedError(Refusal.FEW_EACH_SIDE, "one answer of several members has no variance")
    share = size / size.sum()
    value = float((share * mean).sum())
    left = np.where(whole, 0.0, (1 - n / size) * np.where(whole, 0.0, variance) / n)
    se = float(np.sqrt((share**2 * left).sum()))
    df = float((n[~whole] - 1).sum())
    answers, everybody = int(n.sum()), float(size.sum())
    half = float(stats.t.ppf((1 + level) / 2, df)) * se if df > 0 else 0.0
    ends = (value, value - half, value + half)
    labels = names or [str(h + 1) for h in range(n.size)]
    columns = {"n": n.astype(int), "population": size, "mean": mean, "variance": variance}
    return Stratified(
        mean=Interval(*ends, answers, level, "t_strata", se),
        total=Interval(*(everybody * e for e in ends), answers, level, "t_strata", everybody * se),
        population=everybody,
        by_stratum=pd.DataFrame({"stratum": labels, **columns, "sampled": n / size}),
    )

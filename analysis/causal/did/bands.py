"""Intervals from influence functions: pointwise, and uniform over a whole event study.

References
----------
Callaway, Sant'Anna (2021), algorithm 1 (multiplier bootstrap); Satterthwaite (1946) for the
degrees of freedom.
"""

from __future__ import annotations

import numpy as np

from analysis.causal.did.group_time import by_cluster
from analysis.causal.inference.distributions import t_quantile


def satterthwaite(influence: np.ndarray, cluster: np.ndarray, cohort: np.ndarray) -> np.ndarray:
    """Return (J,) degrees of freedom, each cohort's clusters being one sample.

    With V_g the variance that the m_g clusters of cohort g contribute,
    ``(Σ V_g)² / Σ V_g²/(m_g − 1)``: Welch's for one cohort. Cohorts of one cluster contribute
    no variance of their own and are left out.
    """
    squared = by_cluster(influence, cluster) ** 2
    of_cluster = np.full(squared.shape[0], np.inf)
    of_cluster[cluster] = cohort
    total, spread = np.zeros(influence.shape[1]), np.zeros(influence.shape[1])
    for g in np.unique(cohort):
        members = of_cluster == g
        if members.sum() > 1:
            variance = squared[members].sum(axis=0)
            total += variance
            spread += variance**2 / (members.sum() - 1)
    return np.divide(total**2, spread, out=np.ones_like(total), where=spread > 0)


def uniform_critical(
    influence: np.ndarray, cluster: np.ndarray, *, level: float, draws: int, seed: int
) -> float:
    """Critical value that covers all J effects at once with probability ``level``.

    Clusters' influence is multiplied by random signs; the quantile of the largest absolute
    t statistic is returned, never less than the pointwise normal one.

    Parameters
    ----------
    influence : (N, J)
        Influence of effects with a standard error above zero.
    cluster : (N,) int
    level : float
    draws : int
    seed : int
    """
    summed = by_cluster(influence, cluster)
    standard = summed / np.sqrt((summed**2).sum(axis=0))
    rng = np.random.default_rng(seed)
    largest = np.empty(draws)
    block = max(1, 2**22 // len(standard))
    for start in range(0, draws, block):
        size = min(block, draws - start)
        signs = rng.integers(0, 2, (size, len(standard)), dtype=np.int8) * 2.0 - 1.0
        largest[start : start + size] = np.abs(signs @ standard).max(axis=1)
    quantile = float(np.quantile(largest, level, method="higher"))
    return max(quantile, t_quantile(level, np.inf))

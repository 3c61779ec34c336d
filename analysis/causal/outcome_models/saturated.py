"""One coefficient a cohort and treated period: the design shared by models that are not linear.

With an own coefficient in every treated cell, treated cells never serve as comparison for others,
so that averages of the coefficients are free of the forbidden comparisons of one pooled one.

References
----------
Wooldridge (2023), Simple approaches to nonlinear difference-in-differences, section 3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from analysis.causal.did.bands import satterthwaite
from analysis.causal.did.group_time import by_cluster
from analysis.causal.did.two_by_two import small_sample_scale
from analysis.causal.inference.distributions import t_p_value, t_quantile
from analysis.causal.inference.inference_rule import FEWEST_FOR_BOOTSTRAP
from analysis.causal.panel.frame import FrameError, Prepared


@dataclass(frozen=True, slots=True, eq=False)
class Saturated:
    """Dummies by cohort and period.

    Attributes
    ----------
    cohorts : (A,)
        Arms: treated cohorts ascending, then inf for the comparison.
    arm : (N,) int
        Arm of each unit.
    X : (A, T, P)
        Arm dummies if asked for, period dummies (the first left out), then treated cells.
    cells : tuple of (arm, period place) or (arm, None)
        What each of the last columns stands for; None pools a cohort's treated periods.
    counted : tuple of bool
        Whether the cell is an effect; anticipated periods are not.
    """

    cohorts: np.ndarray
    arm: np.ndarray
    X: np.ndarray
    cells: tuple[tuple[int, int | None], ...]
    counted: tuple[bool, ...]

    @property
    def first_cell(self) -> int:
        """Column of the first treated cell."""
        return self.X.shape[2] - len(self.cells)

    def among(self, kept: np.ndarray) -> Saturated:
        """Return the same design for some of the units."""
        return replace(self, arm=self.arm[kept])

    def average(self, size: np.ndarray) -> np.ndarray:
        """(P,) weights of the overall effect: each treated cell by its size (A, T)."""
        weight = np.zeros(self.X.shape[2])
        for k, (a, t) in enumerate(self.cells):
            inside = self.X[a, :, self.first_cell + k] > 0
            here = size[a, t] if t is not None else size[a, inside].sum()
            weight[self.first_cell + k] = here * self.counted[k]
        return weight / weight.sum()


def saturate(panel: Prepared, *, arms: bool, pooled: bool = False) -> Saturated:
    """Build the design of a panel.

    Parameters
    ----------
    panel : Prepared
        Never-treated units are needed.
    arms : bool
        Whether arms have own intercepts (not needed beside unit effects).
    pooled : bool
        One coefficient a cohort instead of one a treated period.

    Raises
    ------
    FrameError
        ``no_never_treated``.
    """
    if np.isfinite(panel.cohort).all():
        raise FrameError("no_never_treated", "these models need units never treated")
    cohorts = np.append(panel.cohorts, np.inf)
    arm = np.searchsorted(cohorts, panel.cohort)
    A, T = len(cohorts), len(panel.periods)
    columns = []
    for a in range(A - 1) if arms else ():
        column = np.zeros((A, T))
        column[a] = 1
        columns.append(column)
    for t in range(1, T):
        column = np.zeros((A, T))
        column[:, t] = 1
        columns.append(column)
    cells: list[tuple[int, int | None]] = []
    counted: list[bool] = []
    for a, g in enumerate(panel.cohorts):
        after = np.flatnonzero(panel.periods >= g - panel.anticipation)
        for t in [None] if pooled else after:
            column = np.zeros((A, T))
            column[a, after if t is None else t] = 1
            columns.append(column)
            cells.append((a, None if t is None else int(t)))
            counted.append(t is None or bool(panel.periods[t] >= g))
    return Saturated(cohorts, arm, np.stack(columns, axis=-1), tuple(cells), tuple(counted))


def by_arm(values: np.ndarray, arm: np.ndarray, n_arms: int) -> np.ndarray:
    """Sum the rows of each arm; (N, …) → (A, …)."""
    total = np.zeros((n_arms, *values.shape[1:]))
    np.add.at(total, arm, values)
    return total


def thinner_side(panel: Prepared) -> int:
    """Return the clusters of the side, trained or never trained, that has fewer."""
    never = np.unique(panel.cluster[np.isinf(panel.cohort)])
    return min(panel.n_treated_clusters, len(never))


def clustered_t(value: float, influence: np.ndarray, panel: Prepared, level: float) -> dict:
    """Return ``se``, ends, ``p_value`` and ``interval_method`` of a value from influence (N,).

    Influence is scaled by √(m/(m−1)) within cohorts and t has Satterthwaite's degrees of freedom.
    With fewer than four clusters on a side, or one that cannot be left out, there is no interval,
    and ``reason`` says so.
    """
    influence = influence * small_sample_scale(panel)
    if thinner_side(panel) < FEWEST_FOR_BOOTSTRAP:
        return {"interval_method": "none", "reason": "causal.reason.no_inference"}
    if np.isnan(influence).any():
        return {"interval_method": "none", "reason": "causal.reason.site_not_dispensable"}
    score = by_cluster(influence, panel.cluster)
    se = float(np.sqrt(score @ score))
    if not se > 0:
        return {"interval_method": "none", "reason": "causal.reason.no_inference"}
    df = float(satterthwaite(influence[:, None], panel.cluster, panel.cohort)[0])
    half = t_quantile(level, df) * se
    return {
        "se": se,
        "ci_low": value - half,
        "ci_high": value + half,
        "p_value": t_p_value(value / se, df),
        "interval_method": "jackknife",
    }


def counts_of(panel: Prepared, n: float) -> dict:
    """Return the counts every estimate of such a model carries."""
    return {
        "n": round(n),
        "n_units": len(panel.units),
        "n_clusters": panel.n_clusters,
        "n_treated": panel.n_treated_clusters,
        "comparison": "not_yet_treated",
        "causal": True,
    }

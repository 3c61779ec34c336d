"""The plain difference in differences: change of the treated less change of the rest.

With several cohorts every cohort has its own before and after; the comparison is whoever was
not treated in the whole window, and cohorts count by size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.causal.did.base import row_means
from analysis.causal.did.group_time import by_cluster
from analysis.causal.panel.frame import FrameError, Prepared


@dataclass(frozen=True, slots=True)
class TwoByTwo:
    """ATT with its four means and a standard error from clusters' changes.

    Means average unit means: each treated unit's periods before and from its cohort on, and
    the comparison units over the same periods. ``se`` uses n − 1 within arm and cohort
    (Neyman), so it is slightly larger than the influence function's.
    """

    att: float
    se: float
    treated_before: float
    treated_after: float
    compared_before: float
    compared_after: float
    n_units: int
    n_treated: int
    n_clusters: int
    n_treated_clusters: int


def two_by_two(panel: Prepared) -> TwoByTwo:
    """Compare changes before to after with the never treated.

    Raises
    ------
    FrameError
        ``no_never_treated`` when every unit is treated within the window.
    """
    never = np.isinf(panel.cohort)
    if not never.any():
        raise FrameError("no_never_treated", "the plain comparison needs never-treated units")
    w = panel.weights
    share = {g: w[panel.cohort == g].sum() for g in panel.cohorts}
    total = sum(share.values())
    influence = np.zeros(len(w))
    means = np.zeros(4)
    kept = np.zeros(len(w), bool)
    for g in panel.cohorts:
        before = row_means(panel.y[:, panel.periods < g - panel.anticipation])
        after = row_means(panel.y[:, panel.periods >= g])
        usable = ~np.isnan(before) & ~np.isnan(after)
        arms = [(panel.cohort == g) & usable, never & usable]
        if not all(arm.any() for arm in arms):
            raise FrameError("empty", f"cohort {g:.0f} or its comparison lacks a before or after")
        for place, (arm, sign) in enumerate(zip(arms, (1.0, -1.0), strict=True)):
            weight = np.where(arm, w, 0.0) / w[arm].sum()
            change = np.where(arm, after - before, 0.0)
            part = share[g] / total
            influence += sign * part * weight * (change - weight @ change)
            means[2 * place] += part * (weight @ np.where(arm, before, 0.0))
            means[2 * place + 1] += part * (weight @ np.where(arm, after, 0.0))
            kept |= arm
    score = by_cluster(influence * small_sample_scale(panel), panel.cluster)
    return TwoByTwo(
        att=float(means[1] - means[0] - means[3] + means[2]),
        se=float(np.sqrt(score @ score)),
        treated_before=float(means[0]),
        treated_after=float(means[1]),
        compared_before=float(means[2]),
        compared_after=float(means[3]),
        n_units=int(kept.sum()),
        n_treated=int((kept & ~never).sum()),
        n_clusters=panel.clusters_among(kept),
        n_treated_clusters=panel.clusters_among(kept & ~never),
    )


def small_sample_scale(panel: Prepared) -> np.ndarray:
    """Return (N,) factors √(m/(m−1)), m the clusters of the unit's cohort; 1 when m is 1.

    A cohort's mean uses up one degree of freedom of its clusters. Multiplying influence by
    this makes the variance Neyman's, which R's ``did`` leaves out.
    """
    scale = np.ones(len(panel.units))
    for g in np.unique(panel.cohort):
        of = panel.cohort == g
        m = panel.clusters_among(of)
        if m > 1:
            scale[of] = np.sqrt(m / (m - 1))
    return scale

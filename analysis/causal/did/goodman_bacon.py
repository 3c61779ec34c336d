"""What a staggered two-way fixed-effects coefficient is made of.

References
----------
Goodman-Bacon (2021), Difference-in-differences with variation in treatment timing, theorem 1.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.causal.panel.frame import FrameError, Prepared


def goodman_bacon(panel: Prepared) -> pd.DataFrame:
    """Decompose the two-way fixed-effects coefficient of a balanced, unweighted panel.

    Returns
    -------
    DataFrame
        One row per 2×2 comparison: ``kind`` (``treated_untreated``, ``earlier_later``,
        ``later_earlier`` — the last uses already treated units as comparison), ``cohort``,
        ``compared`` (inf for never treated), ``estimate``, ``weight``; weights sum to one and
        ``Σ weight · estimate`` is the coefficient.

    Raises
    ------
    FrameError
        ``unbalanced`` when a unit lacks a period.
    """
    if not panel.balanced:
        raise FrameError("unbalanced", "the decomposition is defined for balanced panels")
    groups = [*panel.cohorts] + ([np.inf] if np.isinf(panel.cohort).any() else [])
    share = {g: float(np.mean(panel.cohort == g)) for g in groups}
    treated_share = {g: float(np.mean(panel.periods >= g)) for g in groups}
    mean = {g: panel.y[panel.cohort == g].mean(axis=0) for g in groups}
    t = panel.periods
    rows = []
    for k in panel.cohorts:
        for other in groups:
            if other == k:
                continue
            pair = share[k] + share[other]
            n = share[k] / pair
            Dk, Dl = treated_share[k], treated_share[other]
            if np.isinf(other):
                kind, pre, post = "treated_untreated", t < k, t >= k
                weight = pair**2 * n * (1 - n) * Dk * (1 - Dk)
            elif k < other:
                kind, pre, post = "earlier_later", t < k, (t >= k) & (t < other)
                weight = pair**2 * n * (1 - n) * (Dk - Dl) * (1 - Dk)
            else:
                kind, pre, post = "later_earlier", (t >= other) & (t < k), t >= k
                weight = pair**2 * n * (1 - n) * Dk * (Dl - Dk)
            gap = mean[k] - mean[other]
            rows.append((kind, k, other, gap[post].mean() - gap[pre].mean(), weight))
    table = pd.DataFrame(rows, columns=["kind", "cohort", "compared", "estimate", "weight"])
    return table.assign(weight=table["weight"] / table["weight"].sum())

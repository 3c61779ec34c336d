r"""How often another draw of the waves shows pre-period effects as large, jointly.

The Wald statistic of several effects from small waves has no known distribution: waves of two or
three clusters give their variances few degrees of freedom, and differently many in each effect. Its
place among the same statistic of other draws needs none: it is exact where clusters are
exchangeable, and studentised, so that it stands unequal variances in large samples.

On a panel without gaps an effect is :math:`\sum_h c_h'\bar y_h` over cohorts h with coefficients
that the roll-out alone fixes, so that a draw costs means and covariances of units, no new estimate.

References
----------
Chung, Romano (2013), Exact and asymptotically robust permutation tests.
"""

from __future__ import annotations

import numpy as np

from analysis.causal.did.aggregate import outcome_weights
from analysis.causal.did.group_time import GroupTime
from analysis.causal.lottery.assignments import assignments

#: Above this many clusters the F reference is as good, and draws cost too much.
MOST_CLUSTERS = 300
#: Numbers held at a time.
BLOCK = 2**22


def applies(effects: GroupTime) -> bool:
    """Whether the roll-out alone fixes the coefficients: paired rows, no gaps, units alike."""
    panel = effects.panel
    return (
        effects.contrast is not None
        and not effects.lot
        and not panel.covariate_names
        and panel.balanced
        and panel.n_clusters == len(panel.units) <= MOST_CLUSTERS
        and bool(np.ptp(panel.weights) < 1e-12)
    )


def joint_p_value(
    effects: GroupTime, cell_weights: np.ndarray, *, draws: int, seed: int
) -> float | None:
    """Return the share of draws with a Wald statistic as large as the actual one.

    Parameters
    ----------
    effects : GroupTime
        For which :func:`applies` holds.
    cell_weights : (J, K)
        Each effect's weights on the cells.
    draws, seed : int

    Returns
    -------
    float or None
        None where the actual covariance is singular.
    """
    panel = effects.panel
    cohorts, label = np.unique(panel.cohort, return_inverse=True)
    omega = np.stack([outcome_weights(effects, weights) for weights in cell_weights])
    scores = [panel.y @ omega[:, label == h].sum(axis=1).T for h in range(len(cohorts))]
    drawn, enumerated = assignments(label, panel.stratum, draws, seed)
    seen = _statistics(scores, label[None])[0]
    if not np.isfinite(seen):
        return None
    size = max(1, BLOCK // (len(label) * len(cell_weights)))
    parts = [_statistics(scores, drawn[i : i + size]) for i in range(0, len(drawn), size)]
    above = int(np.sum(np.concatenate(parts) >= seen * (1 - 1e-10)))
    return above / len(drawn) if enumerated else (above + 1) / (len(drawn) + 1)


def _statistics(scores: list[np.ndarray], labels: np.ndarray) -> np.ndarray:
    """(P,) Wald statistics under labels (P, N); NaN where the covariance is singular."""
    J = scores[0].shape[1]
    mean, covariance = np.zeros((len(labels), J)), np.zeros((len(labels), J, J))
    for h, own in enumerate(scores):
        members = np.nonzero(labels == h)[1].reshape(len(labels), -1)
        values = own[members]
        mean += values.mean(axis=1)
        m = members.shape[1]
        if m > 1:
            centred = values - values.mean(axis=1, keepdims=True)
            covariance += np.einsum("pij,pik->pjk", centred, centred) / (m * (m - 1))
    spread = np.sqrt(np.einsum("pjj->pj", covariance))
    spread = np.where(spread > 0, spread, np.nan)
    correlation = covariance / (spread[:, :, None] * spread[:, None, :])
    found = np.full(len(labels), np.nan)
    usable = np.isfinite(correlation).all(axis=(1, 2))
    usable[usable] = np.linalg.cond(correlation[usable]) < 1e10
    z = (mean / spread)[usable]
    found[usable] = np.einsum(
        "pj,pj->p", z, np.linalg.solve(correlation[usable], z[..., None])[..., 0]
    )
    return found

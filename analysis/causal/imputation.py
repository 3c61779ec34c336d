"""Imputation: predict what treated cells would have been from untreated ones, and subtract.

References
----------
Borusyak, Jaravel, Spiess (2024), Revisiting event-study designs, theorems 1 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.causal.frame import FrameError, Prepared
from analysis.causal.group_time import by_cluster
from analysis.causal.two_way import Regression, TwoWay, regress


@dataclass(frozen=True, slots=True, eq=False)
class Imputation:
    """Effects by imputation; standard errors are conservative (theorem 3).

    ``event_time`` (J,), ``att`` (J,), ``se`` (J,), ``overall``, ``overall_se``;
    ``n_not_imputed`` treated cells had no prediction: no untreated cell of their unit or period.
    """

    event_time: np.ndarray
    att: np.ndarray
    se: np.ndarray
    overall: float
    overall_se: float
    n_not_imputed: int


def imputation(panel: Prepared) -> Imputation:
    """Estimate effects as outcome minus the prediction from unit and period effects.

    Unit and period effects come from untreated cells only; anticipated periods are left out of
    both. Treated cells count by unit weight.
    """
    observed, w = panel.observed, panel.weights
    event = panel.event_time
    untreated = observed & (event < -panel.anticipation)
    treated = observed & panel.treated
    reachable = untreated.any(axis=1)[:, None] & untreated.any(axis=0)[None, :]
    lost = int((treated & ~reachable).sum())
    treated = treated & reachable
    if not treated.any():
        raise FrameError("no_comparison", "no treated cell has an untreated counterpart")
    fit = TwoWay(untreated, w)
    tau = panel.y - predict(fit, panel.y)

    def summed_up(cells: np.ndarray) -> tuple[float, float]:
        target = np.where(cells, w[:, None], 0.0)
        target /= target.sum()
        att = float(np.sum(target[cells] * tau[cells]))
        v = target - transposed(fit, target)
        squares, average = v**2, np.zeros_like(tau)
        for g in panel.cohorts:
            of = panel.cohort == g
            weight = np.where(treated[of], squares[of], 0.0)
            total = weight.sum(axis=0)
            mean = np.where(weight > 0, weight * tau[of], 0.0).sum(axis=0)
            average[of] = np.divide(mean, total, out=np.zeros_like(mean), where=total > 0)
        error = tau - np.where(treated, average, 0.0)
        error = np.where(untreated | treated, error, 0.0)
        score = by_cluster((v * error).sum(axis=1), panel.cluster)
        return att, float(np.sqrt(score @ score))

    keys = np.unique(event[treated]).astype(int)
    found = [summed_up(treated & (event == e)) for e in keys]
    overall = summed_up(treated)
    return Imputation(
        event_time=keys,
        att=np.array([att for att, _ in found]),
        se=np.array([se for _, se in found]),
        overall=overall[0],
        overall_se=overall[1],
        n_not_imputed=lost,
    )


def imputation_pretrend(panel: Prepared, leads: int) -> Regression:
    """Regress untreated outcomes on dummies of the last ``leads`` − 1 pre-periods but one.

    Event times −``leads`` … −2 against all other untreated cells; ``names`` are event times.
    """
    untreated = panel.observed & ~panel.treated
    kept = untreated.any(axis=0)
    times = np.arange(-leads, -1)
    X = ((panel.event_time[:, kept, None] == times) & untreated[:, kept, None]).astype(float)
    names = tuple(str(e) for e in times)
    return regress(panel.y[:, kept], X, untreated[:, kept], panel.cluster, names, panel.weights)


def predict(fit: TwoWay, y: np.ndarray) -> np.ndarray:
    """Predict every cell by the unit and period effects of the sample of ``fit``."""
    effects = fit.period_effects(fit.demean(y))
    inside = np.where(fit.mask > 0, y, 0.0).sum(axis=1) / fit.per_unit
    unit = inside - fit.mask @ effects / fit.per_unit
    return unit[:, None] + effects[None, :]


def transposed(fit: TwoWay, target: np.ndarray) -> np.ndarray:
    """Weights on untreated cells that predict ``Σ target · counterfactual``."""
    per_unit = target.sum(axis=1) / fit.weights
    share = fit.mask / fit.per_unit[:, None]
    toward = target.sum(axis=0) - (per_unit * fit.weights) @ share
    effects = fit.period_inverse @ toward
    own = (per_unit[:, None] * share) + fit.demean(np.broadcast_to(effects, target.shape))
    return own * fit.weights[:, None] * fit.mask

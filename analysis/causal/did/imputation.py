"""Imputation: predict what treated cells would have been from untreated ones, and subtract.

References
----------
Borusyak, Jaravel, Spiess (2024), Revisiting event-study designs, theorems 1 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.causal.did.group_time import by_cluster
from analysis.causal.did.two_way import Regression, TwoWay, regress
from analysis.causal.panel.frame import FrameError, Prepared


@dataclass(frozen=True, slots=True, eq=False)
class Imputation:
    """Effects by imputation; standard errors are conservative (theorem 3).

    Attributes
    ----------
    event_time, att, se : (J,)
    overall, overall_se : float
    omega : (N, T)
        Weights with ``overall = Σ ω y``, for the wild bootstrap; every unit's and every period's
        weights sum to zero.
    imputed : (N, T) bool
        Treated cells that count.
    n_not_imputed : int
        Treated cells without a prediction: no untreated cell of their unit or period.
    """

    event_time: np.ndarray
    att: np.ndarray
    se: np.ndarray
    overall: float
    overall_se: float
    omega: np.ndarray
    imputed: np.ndarray
    n_not_imputed: int


def imputation(panel: Prepared, *, leave_one_out: bool = False) -> Imputation:
    """Estimate effects as outcome minus the prediction from unit and period effects.

    Unit and period effects come from untreated cells only; anticipated periods are left out of
    both. Treated cells count by unit weight.

    Parameters
    ----------
    panel : Prepared
    leave_one_out : bool
        Whether residuals are taken about the mean of the cohort's *other* units, as the authors
        advise for small cohorts (their appendix A.9): about a mean that holds the unit itself
        they are too small. NaN where a cohort has one unit in a period.
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

    def summed_up(cells: np.ndarray) -> tuple[float, float, np.ndarray]:
        target = np.where(cells, w[:, None], 0.0)
        target /= target.sum()
        att = float(np.sum(target[cells] * tau[cells]))
        v = target - transposed(fit, target)
        error = np.where(untreated, tau, 0.0)
        for g in panel.cohorts:
            of = panel.cohort == g
            error[of] += _about_mean(tau[of], v[of] ** 2, treated[of], leave_one_out)
        score = by_cluster((v * error).sum(axis=1), panel.cluster)
        return att, float(np.sqrt(score @ score)), v

    keys = np.unique(event[treated]).astype(int)
    found = [summed_up(treated & (event == e)) for e in keys]
    overall, overall_se, omega = summed_up(treated)
    return Imputation(
        event_time=keys,
        att=np.array([att for att, _, _ in found]),
        se=np.array([se for _, se, _ in found]),
        overall=overall,
        overall_se=overall_se,
        omega=omega,
        imputed=treated,
        n_not_imputed=lost,
    )


def _about_mean(
    tau: np.ndarray, squares: np.ndarray, treated: np.ndarray, leave_one_out: bool
) -> np.ndarray:
    """(m, T) a cohort's effects less their mean by period, weighted by ``squares`` (m, T)."""
    weight = np.where(treated, squares, 0.0)
    total = weight.sum(axis=0)
    counted = np.where(weight > 0, tau, 0.0)
    some = np.where(total > 0, total, 1.0)
    error = np.where(weight > 0, counted - (weight * counted).sum(axis=0) / some, 0.0)
    if not leave_one_out:
        return error
    others = 1 - weight / some
    alone = (weight > 0) & (others < 1e-12)
    return np.where(alone, np.nan, error / np.where(alone, 1.0, others))


def imputation_pretrend(panel: Prepared, leads: int) -> Regression:
    """Regress untreated outcomes on dummies of the last ``leads`` − 1 pre-periods but one.

    Event times −``leads`` … −2 against all other untreated cells; ``names`` are event times.
    """
    untreated = panel.observed & (panel.event_time < -panel.anticipation)
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

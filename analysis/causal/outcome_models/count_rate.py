r"""Counts with exposure: Poisson difference in differences with site effects.

.. math:: E[C_{it}] = E_{it}\,\exp(\alpha_i + \lambda_t + \delta_{gt} 1[t \ge g])

Site effects are conditioned out, which is exact; the rest is quasi maximum likelihood, right as
long as the mean is. Overdispersion and dependence over time are in the jackknife over sites, which
fits the model again without each (:mod:`analysis.causal.inference.jackknife`).

References
----------
Hausman, Hall, Griliches (1984), eq. 2.6; Wooldridge (1999), on its robustness; Wooldridge (2023).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.causal.inference.jackknife import jackknife
from analysis.causal.options import Options
from analysis.causal.outcome_models.saturated import (
    Saturated,
    by_arm,
    clustered_t,
    counts_of,
    saturate,
)
from analysis.causal.panel.frame import FrameError, Prepared, prepare
from analysis.results import Estimate


def count_effect(
    frame: pd.DataFrame, *, outcome: str, options: Options | None = None
) -> tuple[Estimate, Estimate]:
    """Estimate the effect on a rate of events.

    Parameters
    ----------
    frame : DataFrame
        ``unit``, ``period``, ``cohort``, ``count`` (0, 1, 2, …) and ``exposure`` (> 0, e.g.
        households × days). Not modified.
    outcome : str
        Registry id.
    options : Options, optional
        ``cluster``, ``anticipation`` and ``level`` are used.

    Returns
    -------
    tuple of Estimate
        ``…rate.ratio`` (``rate_ratio``: treated cells' rate over what it would have been, geometric
        mean weighted by exposure) and ``…rate.change`` (``att_relative``: the ratio less one).
        Without an interval the reason.

    Raises
    ------
    FrameError
        As :func:`prepare`; ``count_negative``, ``exposure_not_positive``, ``no_events``,
        ``no_never_treated``.
    """
    options = options or Options()
    panel, exposure = _panel(frame, options)
    counts = np.where(panel.observed, panel.y, 0.0)
    design = saturate(panel, arms=False)
    cell_counts = by_arm(counts, design.arm, len(design.cohorts))
    if any(cell_counts[a, t] <= counts[design.arm == a, t].max() for a, t in design.cells):
        design = saturate(panel, arms=False, pooled=True)  # some site has all events of a month
    if not cell_counts[:, :].sum(axis=0).all() or any(
        cell_counts[a][design.X[a, :, design.first_cell + k] > 0].sum() == 0
        for k, (a, _) in enumerate(design.cells)
    ):
        raise FrameError("no_events", "a month, or a trained wave, has no event at all")
    start = poisson(counts, exposure, design)[0]

    def refit(kept: np.ndarray) -> float:
        part = design.among(kept)
        coef = poisson(counts[kept], exposure[kept], part, start=start)[0]
        return float(part.average(by_arm(exposure[kept], part.arm, len(part.cohorts))) @ coef)

    log_ratio = refit(np.ones(len(panel.units), bool))
    influence = jackknife(log_ratio, refit, panel.cluster, panel.cohort)[:, 0]
    ends = clustered_t(log_ratio, influence, panel, options.level)
    ratio = float(np.exp(log_ratio))
    common = {
        "indicator": outcome,
        "method": "poisson_did",
        "level": options.level,
        "simulated": options.simulated,
        "dims": {"events": float(counts.sum()), "log_ratio": log_ratio},
        **counts_of(panel, counts.sum()),
    }
    stem = f"{options.prefix}.{outcome}.rate"
    return tuple(
        Estimate(
            id=f"{stem}.{name}",
            estimand=estimand,
            unit=unit,
            value=ratio - less,
            **common,
            **_exponentiated(ends, ratio, less),
        )
        for name, estimand, unit, less in (
            ("ratio", "rate_ratio", "ratio", 0.0),
            ("change", "att_relative", "share", 1.0),
        )
    )


def poisson(
    counts: np.ndarray,
    exposure: np.ndarray,
    design: Saturated,
    *,
    start: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Fit by Newton steps on the likelihood given each unit's total.

    Parameters
    ----------
    counts, exposure : (N, T)
        Exposure 0 where a unit was not observed.
    design : Saturated
    start : (P,), optional
        Where the steps begin.

    Returns
    -------
    coef : (P,)
    influence : (N, P)
        Influence of each unit: ``Σ influence'influence`` is the robust covariance.

    Raises
    ------
    FrameError
        ``no_events`` when the likelihood has no maximum.
    """
    total = counts.sum(axis=1)
    X, arm = design.X, design.arm
    coef = np.zeros(X.shape[2]) if start is None else start

    def state(coef: np.ndarray) -> tuple[np.ndarray, float]:
        linear = X @ coef
        mean = exposure * np.exp(np.clip(linear - linear.max(), -60, 0))[arm]
        share = mean / mean.sum(axis=1, keepdims=True)
        inside = counts > 0
        return share, float((counts[inside] * np.log(share[inside])).sum())

    share, value = state(coef)
    for _ in range(60):
        residual = counts - total[:, None] * share
        gradient = np.einsum("at,atk->k", by_arm(residual, arm, len(X)), X)
        expected = by_arm(total[:, None] * share, arm, len(X))
        mean = np.einsum("it,itk->ik", share, X[arm], optimize=True)
        hessian = np.einsum("at,atj,atk->jk", expected, X, X, optimize=True)
        hessian -= (mean * total[:, None]).T @ mean
        try:
            step = np.linalg.solve(hessian, gradient)
        except np.linalg.LinAlgError:
            break
        if np.abs(gradient @ step) < 1e-20 * max(1.0, abs(value)) or np.abs(step).max() < 1e-11:
            score = np.einsum("it,itk->ik", residual, X[arm], optimize=True)
            return coef, np.linalg.solve(hessian, score.T).T
        size = 1.0
        while size > 1e-6:
            trial, better = state(coef + size * step)
            if better >= value - 1e-9 * abs(value):
                break
            size /= 2
        coef, share, value = coef + size * step, trial, better
    raise FrameError("no_events", "the rates of some months cannot be told from zero")


def _panel(frame: pd.DataFrame, options: Options) -> tuple[Prepared, np.ndarray]:
    if missing := [name for name in ("count", "exposure") if name not in frame]:
        raise FrameError("columns", f"the frame has no column {missing}")
    panel = prepare(
        frame.assign(y=frame["count"], n=1.0),
        covariates=["exposure"],
        cluster=options.cluster,
        anticipation=options.anticipation,
    )
    exposure = np.where(panel.observed, panel.covariates[..., 0], 0.0)
    if not np.all(exposure[panel.observed] > 0):
        raise FrameError("exposure_not_positive", "exposure must be above zero")
    if np.any(panel.y[panel.observed] < 0):
        raise FrameError("count_negative", "a count is zero or more")
    return panel, exposure


def _exponentiated(ends: dict, ratio: float, less: float) -> dict:
    if "ci_low" not in ends:
        return ends
    return ends | {
        "se": ratio * ends["se"],
        "ci_low": float(np.exp(ends["ci_low"])) - less,
        "ci_high": float(np.exp(ends["ci_high"])) - less,
    }

r"""Ratios by amounts: fees collected of fees due, contracts renewed of contracts due.

A month's ratio counts every site alike, whatever it bills. Here amounts are summed first:

.. math:: R_{ap} = \sum_{i \in a,\, t \in p} A_{it} \Big/ \sum_{i \in a,\, t \in p} B_{it}

for arm a before and after, and the change of R is compared between a wave and the sites never
trained, over the same months. Waves count by what they bill after the start.

References
----------
Cochran (1977), section 6.3, on a ratio of totals; its variance here by leaving out sites.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.causal.inference.jackknife import jackknife
from analysis.causal.options import Options
from analysis.causal.outcome_models.saturated import clustered_t, counts_of
from analysis.causal.panel.frame import FrameError, Prepared, prepare
from analysis.results import Estimate


def ratio_effect(
    frame: pd.DataFrame,
    *,
    outcome: str,
    unit: str = "share",
    options: Options | None = None,
) -> tuple[Estimate, Estimate]:
    """Estimate the effect on a ratio of sums.

    Parameters
    ----------
    frame : DataFrame
        ``unit``, ``period``, ``cohort``, ``numerator`` and ``denominator`` (≥ 0; amounts, or
        numbers of contracts). Months in which nothing was due count nothing. Not modified.
    outcome : str
        Registry id.
    unit : str
        Unit of the ratio.
    options : Options, optional
        ``cluster``, ``anticipation`` and ``level`` are used.

    Returns
    -------
    tuple of Estimate
        ``…pooled.att`` (``att_pooled``), in the ratio's unit, and ``…pooled.amount``
        (``att_amount``): the effect times what was due after the start, in the numerator's unit.

    Raises
    ------
    FrameError
        As :func:`prepare`; ``no_never_treated``, ``denominator_negative``, ``empty_arm``.
    """
    options = options or Options()
    if missing := [name for name in ("numerator", "denominator") if name not in frame]:
        raise FrameError("columns", f"the frame has no column {missing}")
    panel = prepare(
        frame.assign(y=frame["numerator"], n=1.0),
        covariates=["denominator"],
        cluster=options.cluster,
        anticipation=options.anticipation,
    )
    never = np.isinf(panel.cohort)
    if not never.any():
        raise FrameError("no_never_treated", "the comparison needs units never trained")
    above = np.where(panel.observed, panel.y, 0.0)
    below = np.where(panel.observed, panel.covariates[..., 0], 0.0)
    if np.any(below < 0):
        raise FrameError("denominator_negative", "what is due cannot be below zero")
    due = _due(below, panel.cohort, panel.periods)
    if not due > 0:
        raise FrameError("empty_arm", "nothing was due at trained sites after the start")

    def refit(kept: np.ndarray) -> float:
        return _effect(above[kept], below[kept], panel.cohort[kept], panel)

    value = refit(np.ones(len(panel.units), bool))
    influence = jackknife(value, refit, panel.cluster, panel.cohort)[:, 0]
    ends = clustered_t(value, influence, panel, options.level)
    common = {
        "indicator": outcome,
        "method": "ratio_did",
        "level": options.level,
        "simulated": options.simulated,
        **counts_of(panel, panel.observed.sum()),
        "comparison": "never_treated",
    }
    stem = f"{options.prefix}.{outcome}.pooled"
    scaled = {k: v * due for k, v in ends.items() if k in ("se", "ci_low", "ci_high")}
    return (
        Estimate(id=f"{stem}.att", estimand="att_pooled", unit=unit, value=value, **common, **ends),
        Estimate(
            id=f"{stem}.amount",
            estimand="att_amount",
            unit="CNY" if unit == "share" else "count",
            value=value * due,
            dims={"due": float(due)},
            **common,
            **(ends | scaled),
        ),
    )


def _due(below: np.ndarray, cohort: np.ndarray, periods: np.ndarray) -> float:
    """Return what was due at trained sites from their start on."""
    return float(below[periods[None, :] >= cohort[:, None]].sum())


def _effect(above: np.ndarray, below: np.ndarray, cohort: np.ndarray, panel: Prepared) -> float:
    """Return the change of each wave's ratio less that of the never trained, by what is due."""
    never, value = np.isinf(cohort), 0.0
    due = _due(below, cohort, panel.periods)
    for g in panel.cohorts:
        before, after = panel.periods < g - panel.anticipation, panel.periods >= g
        size = below[cohort == g][:, after].sum()
        if not size > 0:
            continue
        for arm, sign in ((cohort == g, 1.0), (never, -1.0)):
            change = _ratio(above, below, arm, after) - _ratio(above, below, arm, before)
            value += sign * size / due * change
    return float(value)


def _ratio(above: np.ndarray, below: np.ndarray, arm: np.ndarray, phase: np.ndarray) -> float:
    due = below[arm][:, phase].sum()
    if not due > 0:
        raise FrameError("empty_arm", "nothing was due in one arm before or after")
    return float(above[arm][:, phase].sum() / due)

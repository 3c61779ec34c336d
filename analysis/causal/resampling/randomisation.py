"""Randomisation inference: how often another draw of the waves shows as much.

Whole cohort paths (when, if ever, a cluster is trained) are exchanged between clusters of the
same stratum, as the assignment could have done, and the estimator is applied to every draw as
to the actual one (:mod:`analysis.causal.resampling.redrawn`). Under the sharp null of one constant
effect the outcomes without it do not depend on the draw.

The test is exact where the waves were drawn by lot in these strata; elsewhere it answers how
unusual the pattern is among exchangeable clusters.

References
----------
Fisher (1935); Imbens, Rubin (2015), chapter 5; MacKinnon, Webb (2020) for few treated clusters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.causal.did.group_time import GroupTime
from analysis.causal.panel.faults import a_level
from analysis.causal.resampling.few_clusters import invert
from analysis.causal.resampling.redrawn import Redrawn, redraw_group_time
from analysis.settings import INFERENCE_DRAWS, LEVEL


@dataclass(frozen=True, slots=True)
class Randomisation:
    """Result of a randomisation test.

    ``estimate`` is the statistic as an effect: the estimator's own value, without covariates.
    ``smallest_p`` is the least p-value that the number of possible assignments allows; no interval
    exists where it is above 1 − ``level``. The interval holds constant effects. ``extreme_p`` is
    the p-value that the most extreme of the draws would have had: with these outcomes and this
    design no result can have a smaller one. Where both arms have as many clusters, the mirrored
    assignment is as extreme as the actual one.
    """

    estimate: float
    p_value: float
    ci_low: float | None
    ci_high: float | None
    level: float
    n_assignments: int
    enumerated: bool
    smallest_p: float
    extreme_p: float


def randomisation_test(
    effects: GroupTime,
    cells: np.ndarray,
    *,
    null: float = 0.0,
    level: float = LEVEL,
    draws: int = INFERENCE_DRAWS,
    seed: int,
) -> Randomisation:
    """Test and invert a constant effect by exchanging cohort paths within strata.

    Parameters
    ----------
    effects : GroupTime
    cells : (K,) bool
        Treated cells averaged, estimated here or not, as an Aggregate holds them.
    draws : int
        Assignments drawn; all are enumerated when there are no more than these.
    """
    redrawn = redraw_group_time(effects, draws=draws, seed=seed)
    chosen = np.flatnonzero(cells)
    return among_draws(
        redrawn, effects.cohort[chosen], effects.period[chosen], null=null, level=level
    )


def among_draws(
    redrawn: Redrawn,
    cohort: np.ndarray,
    period: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    null: float = 0.0,
    level: float = LEVEL,
) -> Randomisation:
    """Place the mean of some treated cells among its values in other draws.

    A draw that has none of the cells gives no answer and does not count.

    Parameters
    ----------
    redrawn : Redrawn
    cohort, period : (k,)
        The cells.
    weights : (k,), optional
        Of the cells, as :meth:`Redrawn.average` takes them.
    """
    a_level(level)
    outcome, treatment = redrawn.average(cohort, period, weights)
    answered = ~np.isnan(outcome)
    outcome, treatment = outcome[answered], treatment[answered]
    others = len(outcome) - 1
    # Months before training hold no treatment: their mean can be tested, not inverted.
    treated = float(treatment[0])
    estimate = float(outcome[0]) / treated if treated else float(outcome[0])

    def p_value(effect: float) -> float:
        statistic = np.abs(outcome - effect * treatment)
        least = statistic[0] - 1e-10 * max(statistic[0], 1e-12)
        above = int(np.sum(statistic[1:] >= least))
        return (above + added) / (others + added)

    # Where every assignment was enumerated, the actual one is among them; no other draw at all
    # answers where there is no other way to assign.
    added = 0 if redrawn.enumerated and others else 1
    smallest = 1 / (others + added)
    size = np.abs(outcome if added else outcome[1:])
    extreme = np.mean(size >= size.max() * (1 - 1e-10))
    low = high = None
    if treated and smallest <= 1 - level:
        scale = float(np.std(outcome)) or abs(estimate) or 1.0
        low, high = invert(p_value, estimate, scale, level)
    return Randomisation(
        estimate=estimate,
        p_value=p_value(null),
        ci_low=low,
        ci_high=high,
        level=level,
        n_assignments=others,
        enumerated=redrawn.enumerated,
        smallest_p=smallest,
        extreme_p=float(extreme),
    )

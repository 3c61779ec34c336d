r"""Was the target reached: how probable it is, in points or relative to the level without training.

"+15 %" can mean 15 points or 15 % of what would have been without training; the two are computed
and named apart. Relative to :math:`c = \bar Y - \theta`, the treated sites' mean without training,
:math:`\theta \ge r c` is :math:`(1 + r)\theta - r \bar Y \ge 0`, which is linear, so that its
probability needs no ratio; the ratio itself has Fieller's interval.

The probability is read off the estimate's confidence distribution (Xie, Singh 2013): with flat
prior knowledge it is the posterior probability.
"""

from __future__ import annotations

import numpy as np
from scipy.special import stdtr

from analysis.causal.bands import satterthwaite
from analysis.causal.estimates import Builder
from analysis.causal.evaluate import Evaluation
from analysis.causal.group_time import by_cluster
from analysis.causal.ratio import fieller
from analysis.causal.two_by_two import small_sample_scale
from analysis.results import Estimate


def target_probability(
    evaluation: Evaluation,
    *,
    points: float | None = None,
    relative: float | None = None,
    direction: int = 1,
) -> tuple[Estimate, ...]:
    """Return the relative effect and the probabilities that targets were reached.

    Parameters
    ----------
    evaluation : Evaluation
    points : float, optional
        Target in the outcome's unit, e.g. 0.3 on a score, 0.05 on a share; signed.
    relative : float, optional
        Target as a share of the level without training, e.g. 0.15, or −0.4 for complaints.
    direction : {1, −1}
        1 where the target is a least value, −1 where it is a largest.

    Returns
    -------
    tuple of Estimate
        ``…relative`` (``att_relative``; interval ``fieller``), ``…target.points`` and
        ``…target.relative`` (``target_probability``) where asked for. Where influence functions
        do not lead there are too few sites, and the reason is given.
    """
    options, overall = evaluation.options, evaluation.overall
    stem = f"{options.prefix}.{evaluation.outcome}"
    common = {
        "indicator": evaluation.outcome,
        "n": overall.n,
        "n_units": overall.n_units,
        "n_clusters": overall.n_clusters,
        "n_treated": overall.n_treated,
        "level": options.level,
        "simulated": options.simulated,
    }
    asked = [("points", points), ("relative", relative)]
    asked = [(name, target) for name, target in asked if target is not None]
    reason = _reason(evaluation)
    if reason is not None:
        return tuple(
            Estimate(
                id=f"{stem}.{name}",
                estimand=estimand,
                unit="share",
                value=None,
                method="none",
                reason=reason,
                dims=dims,
                **common,
            )
            for name, estimand, dims in (
                ("relative", "att_relative", {}),
                *((f"target.{n}", "target_probability", {"target": t}) for n, t in asked),
            )
        )
    common |= {"comparison": overall.comparison, "causal": True}
    pair, covariance, influence = _effect_and_level(evaluation)
    panel = evaluation.panel

    def reached(contrast: np.ndarray, target: float) -> float:
        df = float(satterthwaite(influence @ contrast[:, None], panel.cluster, panel.cohort)[0])
        se = np.sqrt(contrast @ covariance @ contrast)
        return float(stdtr(df, direction * (contrast @ pair - target) / se))

    away = np.array([1.0, -1.0])
    tilted = np.array([[1.0], [-pair[0] / (pair[1] - pair[0])]])
    df = float(satterthwaite(influence @ tilted, panel.cluster, panel.cohort)[0])
    turn = np.array([[1.0, 0.0], [-1.0, 1.0]])
    found = fieller(pair[0], -away @ pair, turn @ covariance @ turn.T, df=df, level=options.level)
    result = [
        Estimate(
            id=f"{stem}.relative",
            estimand="att_relative",
            unit="share",
            value=found.value,
            se=found.se,
            ci_low=found.ci_low,
            ci_high=found.ci_high,
            method="ratio",
            interval_method="fieller" if found.ci_low is not None else "none",
            reason=None if found.ci_low is not None else "causal.reason.level_near_zero",
            dims={"without_training": float(pair[1] - pair[0])},
            **common,
        )
    ]
    for name, target in asked:
        if name == "points":
            value = reached(np.array([1.0, 0.0]), target)
        else:
            value = reached(np.array([1 + target, -target]), 0.0)
        result.append(
            Estimate(
                id=f"{stem}.target.{name}",
                estimand="target_probability",
                unit="share",
                value=value,
                method="confidence_distribution",
                dims={"target": target, "direction": direction},
                **common,
            )
        )
    return tuple(result)


def _reason(evaluation: Evaluation) -> str | None:
    if not evaluation.causal:
        return "causal.reason.no_comparison"
    builder = Builder(evaluation.effects, evaluation.outcome, evaluation.unit, evaluation.options)
    weights = evaluation.aggregates["simple"].cell_weights[0]
    lead = builder.rule(weights).lead
    return None if lead == "influence_function" else "causal.reason.few_clusters_target"


def _effect_and_level(evaluation: Evaluation) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Effect and treated mean over the same cells, their covariance and influence (N, 2)."""
    panel, effects = evaluation.panel, evaluation.effects
    simple = evaluation.aggregates["simple"]
    level, moved = 0.0, np.zeros(len(panel.units))
    for k in np.flatnonzero(simple.cell_weights[0]):
        y = panel.y[:, effects.period[k] - int(panel.periods[0])]
        rows = (panel.cohort == effects.cohort[k]) & ~np.isnan(y)
        share = np.where(rows, panel.weights, 0.0) / panel.weights[rows].sum()
        mean = float(share[rows] @ y[rows])
        level += simple.cell_weights[0][k] * mean
        moved += simple.cell_weights[0][k] * share * np.where(rows, y - mean, 0.0)
    influence = np.column_stack([simple.influence[:, 0], moved])
    influence *= small_sample_scale(panel)[:, None]
    score = by_cluster(influence, panel.cluster)
    return np.array([float(simple.att[0]), level]), score.T @ score, influence

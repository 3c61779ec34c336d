"""Randomisation inference: how often another draw of the waves shows as much.

Whole cohort paths (when, if ever, a cluster is trained) are exchanged between clusters of the
same stratum, as the assignment could have done. Under the sharp null of one constant effect the
residuals from site and period effects do not depend on the draw, so every draw is a sum over a
small table cluster × cohort.

The test is exact where the waves were drawn by lot in these strata; elsewhere it answers how
unusual the pattern is among exchangeable clusters.

References
----------
Fisher (1935); Imbens, Rubin (2015), chapter 5; MacKinnon, Webb (2020) for few treated clusters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import comb, prod

import numpy as np

from analysis.causal.few_clusters import invert
from analysis.causal.group_time import GroupTime, comparison_units
from analysis.causal.two_way import TwoWay


@dataclass(frozen=True, slots=True)
class Randomisation:
    """Result of a randomisation test.

    ``estimate`` is the statistic as an effect: equal to the group-time aggregate on balanced,
    unweighted panels without covariates. ``smallest_p`` is the least p-value that the number of
    possible assignments allows; no interval exists where it is above 1 − ``level``. The
    interval holds constant effects.
    """

    estimate: float
    p_value: float
    ci_low: float | None
    ci_high: float | None
    level: float
    n_assignments: int
    enumerated: bool
    smallest_p: float


def randomisation_test(
    effects: GroupTime,
    cell_weights: np.ndarray,
    *,
    null: float = 0.0,
    level: float = 0.95,
    draws: int = 999,
    seed: int,
) -> Randomisation:
    """Test and invert a constant effect by exchanging cohort paths within strata.

    Parameters
    ----------
    effects : GroupTime
    cell_weights : (K,)
        Weights of the group-time cells, as an Aggregate holds them.
    draws : int
        Assignments drawn; all are enumerated when there are no more than these.
    """
    panel = effects.panel
    fit = TwoWay(panel.observed)
    first = np.unique(panel.cluster, return_index=True)[1]
    codes, label = np.unique(panel.cohort[first], return_inverse=True)
    omega = _cohort_weights(effects, cell_weights, codes, np.bincount(label))
    size = np.bincount(panel.cluster)
    tables = []
    for values in (panel.y, panel.treated.astype(float)):
        residual = fit.residual(values)
        mean = np.zeros((len(size), residual.shape[1]))
        np.add.at(mean, panel.cluster, residual)
        tables.append(mean / size[:, None] @ omega.T)

    stratum = panel.stratum[first]
    labels, enumerated = assignments(label, stratum, draws, seed)
    clusters = np.arange(len(label))
    seen = [float(Z[clusters, label].sum()) for Z in tables]
    drawn = [Z[clusters, labels].sum(axis=1) for Z in tables]
    estimate = seen[0] / seen[1]

    def p_value(effect: float) -> float:
        statistic = abs(seen[0] - effect * seen[1])
        others = np.abs(drawn[0] - effect * drawn[1])
        above = int(np.sum(others >= statistic - 1e-10 * max(statistic, 1e-12)))
        return above / len(labels) if enumerated else (above + 1) / (len(labels) + 1)

    smallest = 1 / len(labels) if enumerated else 1 / (len(labels) + 1)
    low = high = None
    if smallest <= 1 - level:
        scale = float(np.std(drawn[0])) or abs(estimate) or 1.0
        low, high = invert(p_value, estimate, scale, level)
    return Randomisation(
        estimate=estimate,
        p_value=p_value(null),
        ci_low=low,
        ci_high=high,
        level=level,
        n_assignments=len(labels),
        enumerated=enumerated,
        smallest_p=smallest,
    )


def _cohort_weights(
    effects: GroupTime, cell_weights: np.ndarray, codes: np.ndarray, counts: np.ndarray
) -> np.ndarray:
    """(G, T) weight that a cluster of each cohort gets in each period."""
    panel = effects.panel
    first = int(panel.periods[0])
    omega = np.zeros((len(codes), len(panel.periods)))
    for k in np.flatnonzero(cell_weights):
        g, t, b = effects.cohort[k], effects.period[k], effects.base[k]
        others = comparison_units(codes, g, t, b, panel.anticipation, effects.comparison)
        arm = np.where(codes == g, 1 / counts[codes == g].sum(), 0.0)
        arm = arm - np.where(others, 1 / max(counts[others].sum(), 1), 0.0)
        omega[:, t - first] += cell_weights[k] * arm
        omega[:, b - first] -= cell_weights[k] * arm
    return omega


def assignments(
    label: np.ndarray, stratum: np.ndarray, draws: int, seed: int
) -> tuple[np.ndarray, bool]:
    """All assignments when they are few, else random ones; (P, C) cohort codes."""
    members = [np.flatnonzero(stratum == s) for s in np.unique(stratum)]
    if prod(_count(label[m]) for m in members) <= draws:
        whole = [np.empty(0, dtype=label.dtype)]
        for m in members:
            paths = list(_arrangements(label[m]))
            whole = [np.concatenate([head, tail]) for head in whole for tail in paths]
        order = np.argsort(np.concatenate(members))
        return np.array(whole)[:, order], True
    rng = np.random.default_rng(seed)
    drawn = np.empty((draws, len(label)), dtype=label.dtype)
    for m in members:
        drawn[:, m] = rng.permuted(np.tile(label[m], (draws, 1)), axis=1)
    return drawn, False


def _count(label: np.ndarray) -> int:
    """Count the distinct arrangements of labels."""
    left, number = len(label), 1
    for count in np.bincount(label):
        number *= comb(left, int(count))
        left -= int(count)
    return number


def _arrangements(label: np.ndarray) -> Iterator[np.ndarray]:
    """Every distinct arrangement of labels, once."""
    if not len(label):
        yield label
        return
    for first in np.unique(label):
        rest = np.delete(label, np.argmax(label == first))
        for tail in _arrangements(rest):
            yield np.concatenate([[first], tail])

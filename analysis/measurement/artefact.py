"""By how much a difference of mean scores could come from the use of the scale alone, in points."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from scipy import stats

from analysis.measurement.covariance_structure import Factors, Matrices, Moments
from analysis.settings import LEVEL

MOST_ITEMS = 2
"""Items that are thought to be used differently at once: always a minority."""


def largest_artefact(
    groups: Mapping[str, Moments],
    factors: Factors,
    filled: Sequence[Matrices],
    *,
    level: float = LEVEL,
) -> float | None:
    """How far a group's mean score could lie off by different use of one or two items.

    For every group and every choice of up to :data:`MOST_ITEMS` items (less than half of them,
    two of each dimension left) the others give the difference in what is measured, by generalised
    least squares on the loadings of the model; what the chosen items differ beyond it, over the
    number of items, is the artefact. The largest end of its intervals is returned: a bound on
    what the answers leave open, not an estimate. It shrinks with the number of sheets and of
    sites; where sites are known, the interval is that of t with sites less groups as degrees of
    freedom.

    Parameters
    ----------
    groups : Mapping[str, Moments]
        The first is the reference.
    factors : Mapping[str, Sequence[str]]
        Items by dimension.
    filled : sequence of Matrices
        Of the model that was kept, one for each group.
    level : float
        Of each interval; not adjusted for the number of choices.

    Returns
    -------
    float or None
        Points of the mean over all items, at least 0; None where too few items would be left.
    """
    names, data = list(groups), list(groups.values())
    items, p = data[0].items, len(data[0].items)
    at = {item: i for i, item in enumerate(items)}
    members = [[at[item] for item in each] for each in factors.values()]
    most = min(MOST_ITEMS, (p - 1) // 2)
    choices = [
        chosen
        for size in range(1, most + 1)
        for chosen in combinations(range(p), size)
        if all(len(set(each) - set(chosen)) >= 2 for each in members)
    ]
    if not choices or len(names) < 2:
        return None
    first, worst = data[0], 0.0
    for group, here in zip(data[1:], filled[1:], strict=True):
        gap = group.mean - first.mean
        width = _width(first, group, level)
        spread = sum(_of_means(one, m) for one, m in ((first, filled[0]), (group, here)))
        weight = np.linalg.inv(here.sigma)
        for chosen in choices:
            kept = [i for i in range(p) if i not in chosen]
            loading = here.loading[kept]
            w = np.linalg.inv(np.linalg.inv(weight)[np.ix_(kept, kept)])
            solve = np.linalg.solve(loading.T @ w @ loading, loading.T @ w)
            effect = np.zeros(p)
            effect[list(chosen)] = 1 / p
            effect[kept] -= here.loading[list(chosen)].sum(axis=0) @ solve / p
            se = math.sqrt(max(float(effect @ spread @ effect), 0.0))
            worst = max(worst, abs(float(effect @ gap)) + width * se)
    return worst


def _width(first: Moments, group: Moments, level: float) -> float:
    """Return half of an interval's width in standard errors; from t where sites are few."""
    degrees = (first.n_clusters or 1) + (group.n_clusters or 1) - 2
    return float(stats.t.ppf((1 + level) / 2, degrees if degrees > 0 else np.inf))


def _of_means(group: Moments, here: Matrices) -> np.ndarray:
    """Return the sampling covariance of a group's means."""
    p = len(group.items)
    spread = here.sigma if group.sampling is None else group.sampling[:p, :p]
    return spread / group.n

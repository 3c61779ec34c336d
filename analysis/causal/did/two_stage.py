r"""Two-stage difference in differences: effects as a second regression on what imputation leaves.

First unit and period effects from untreated cells (anticipated periods are not); then what they
leave over is regressed, without a constant, on treatment or on event times. Point estimates after
the start are those of imputation; the standard errors treat both stages as one moment condition.

References
----------
Gardner (2022), Two-stage differences in differences, section 4; Butts, Gardner (2022), ``did2s``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.causal.did.group_time import by_cluster
from analysis.causal.did.imputation import predict, transposed
from analysis.causal.did.two_way import Regression, TwoWay
from analysis.causal.panel.frame import FrameError, Prepared


def two_stage(panel: Prepared, *, event_times: Sequence[int] | None = None) -> Regression:
    """Estimate the overall effect, or effects by event time.

    Parameters
    ----------
    panel : Prepared
    event_times : sequence of int, optional
        Event times with an own coefficient; negative ones measure what the first stage leaves
        before the start. Without them one coefficient, ``treated``.

    Returns
    -------
    Regression
        ``names`` are the event times as text. No small-sample factor, as in R's ``did2s``.

    Raises
    ------
    FrameError
        ``no_comparison`` when a treated cell has no untreated counterpart; ``collinear`` when an
        event time is not observed.
    """
    observed, treated = panel.observed, panel.observed & panel.treated
    untreated = observed & (panel.event_time < -panel.anticipation)
    if not untreated.any(axis=0)[treated.any(axis=0)].all() or not untreated.any(axis=1).all():
        raise FrameError("no_comparison", "a treated period has no untreated unit beside it")
    first = TwoWay(untreated, panel.weights)
    rest = np.where(observed, panel.y - predict(first, panel.y), 0.0)
    if event_times is None:
        names, cells = ("treated",), treated[..., None]
    else:
        names = tuple(str(e) for e in event_times)
        cells = (panel.event_time[..., None] == np.asarray(event_times)) & observed[..., None]
    X = cells * panel.weights[:, None, None]
    size = X.sum(axis=(0, 1))
    if not np.all(size > 0):
        raise FrameError("collinear", "an event time is never observed")
    coef = np.einsum("itk,it->k", X, rest) / size
    second = np.where(observed, rest - cells @ coef, 0.0)
    start = np.where(untreated, rest, 0.0)
    moved = [np.sum(transposed(first, X[..., k]) * start, axis=1) for k in range(len(names))]
    score = np.einsum("itk,it->ik", X, second) - np.stack(moved, axis=1)
    score = by_cluster(score, panel.cluster) / size
    return Regression(names, coef, score.T @ score, int(observed.sum()), panel.n_clusters)

r"""What each site contributes to an estimate, by estimating again without it.

Linearised influence understates what a site with a lot of weight does to a model that is not
linear, or to weights that were estimated: with few sites its standard errors are too small. The
jackknife leaves out one cluster at a time and estimates everything again, weights included:

.. math:: \hat V = \sum_g \frac{m_g - 1}{m_g} \sum_{c \in g} (\hat\theta - \hat\theta_{(c)})^2

with m_g the clusters of cohort g (the sites never trained are one). For means it is Neyman's
variance.

References
----------
Quenouille (1956); Wu (1986); MacKinnon, Nielsen, Webb (2023), on CV3; Hansen (2025), on its never
being too small in expectation.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analysis.causal.frame import FrameError

Refit = Callable[[np.ndarray], np.ndarray | float]


def jackknife(
    values: np.ndarray | float, refit: Refit, cluster: np.ndarray, cohort: np.ndarray
) -> np.ndarray:
    """Return each unit's influence on estimates, as :func:`clustered_t` takes it.

    Parameters
    ----------
    values : (J,) or float
        Estimates on all units.
    refit : callable
        Takes (N,) bool, the units kept, and returns the estimates on them; a
        :class:`~analysis.causal.FrameError` says that they cannot be had without the others.
    cluster : (N,) int
    cohort : (N,) float
        inf for units never treated.

    Returns
    -------
    (N, J)
        A cluster's contribution stands in the row of its first unit. NaN where some cluster cannot
        be left out, the only one of a wave among them: nothing is known of its noise.
    """
    full = np.atleast_1d(np.asarray(values, float))
    influence = np.zeros((len(cluster), len(full)))
    for c in np.unique(cluster):
        rows = np.flatnonzero(cluster == c)
        m = len(np.unique(cluster[cohort == cohort[rows[0]]]))
        if m < 2:
            return np.full_like(influence, np.nan)
        try:
            without = np.atleast_1d(refit(cluster != c))
        except FrameError:
            return np.full_like(influence, np.nan)
        influence[rows[0]] = (full - without) * (m - 1) / m
    return influence

r"""What each site contributes to an estimate, by estimating again without it.

Linearised influence understates what a site with a lot of weight does to a model that is not
linear, or to weights that were estimated: with few sites its standard errors are too small. The
jackknife leaves out one cluster at a time and estimates everything again, weights included:

.. math:: \hat V = \sum_g \frac{m_g - 1}{m_g} \sum_{c \in g} (\hat\theta - \hat\theta_{(c)})^2

with m_g the clusters of cohort g (the sites never trained are one). For means it is Neyman's
variance. Estimating again costs as much as there are sites, so that leaving out each of very many
would grow with their square: beyond :data:`SINGLY` clusters, groups of a cohort's clusters drawn at
random are left out (the delete-a-group jackknife), and m_g is the number of its groups.

References
----------
Quenouille (1956); Wu (1986); MacKinnon, Nielsen, Webb (2023), on CV3; Hansen (2025), on its never
being too small in expectation; Kott (2001), on leaving out groups.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from analysis.causal.panel.frame import FrameError

SINGLY = 400
"""Most clusters that are left out one by one."""

GROUPS = 200
"""Groups left out of more clusters, shared among the cohorts by size."""

LEAST_GROUPS = 50
"""Groups of a cohort, if it has as many clusters."""

_SEED = 2001

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
        What a cluster (or group) contributes stands in the row of its first unit. NaN where some
        cluster cannot be left out, the only one of a wave among them: nothing is known of its
        noise.
    """
    full = np.atleast_1d(np.asarray(values, float))
    influence = np.zeros((len(cluster), len(full)))
    for left_out, others, all_of_them in _left_out(cluster, cohort):
        if not others > 0:
            return np.full_like(influence, np.nan)
        gone = np.isin(cluster, left_out)
        try:
            without = np.atleast_1d(refit(~gone))
        except FrameError:
            return np.full_like(influence, np.nan)
        influence[np.flatnonzero(gone)[0]] = (full - without) * others / all_of_them
    return influence


def _left_out(cluster: np.ndarray, cohort: np.ndarray) -> Iterator[tuple[np.ndarray, float, float]]:
    """Clusters left out together, and m - 1 and m by which what that changes is scaled."""
    labels, first = np.unique(cluster, return_index=True)
    sizes = {g: len(np.unique(cluster[cohort == g])) for g in np.unique(cohort)}
    of_cluster = cohort[first]
    if len(labels) <= SINGLY:
        for label, g in zip(labels, of_cluster, strict=True):
            yield np.array([label]), sizes[g] - 1, sizes[g]
        return
    drawn = np.random.default_rng(_SEED)
    for g in np.unique(of_cluster):
        members = drawn.permutation(labels[of_cluster == g])
        share = round(GROUPS * len(members) / len(labels))
        groups = min(len(members), max(LEAST_GROUPS, share))
        # The estimate's variance is scaled up by m / (m - 1) of the clusters, not of the groups.
        scale = np.sqrt((groups - 1) / groups * (sizes[g] - 1) / sizes[g])
        for start in range(groups):
            yield members[start::groups], float(scale), 1.0

"""Shares drawn towards one another: what few answers of one subject say, given all the others.

Empirical Bayes: the true shares of the subjects come from a beta distribution whose mean and
spread all subjects together show; each subject's share is then its posterior.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, betaln

from analysis.settings import LEVEL

WEIGHTS = (np.log(2.0), np.log(1000.0))
"""Logarithms of the answers that the others can weigh, at least and at most."""

POINTS = 401
"""Shares between 0 and 1 at which posterior probabilities are computed."""

LEAST_SUBJECTS = 3
"""Fewest subjects that can show how much subjects differ."""


@dataclass(frozen=True, slots=True)
class Shrunk:
    """Posterior shares.

    Attributes
    ----------
    value, low, high : ndarray of shape (subjects,)
        Posterior mean and equal-tailed interval, within 0 and 1.
    weight : float
        Answers that the others are worth (geometric mean of the grid): a subject with as many
        own answers lies about half-way.
    mean : float
        Mean of the distribution of true shares.
    """

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    weight: float
    mean: float


def shrink_shares(hits: np.ndarray, n: np.ndarray, *, level: float = LEVEL) -> Shrunk | None:
    """Draw shares towards their common mean by how much subjects truly differ.

    True shares follow a beta distribution of mean m and weight w. Both are averaged over a grid
    by the beta-binomial likelihood of all counts (flat in logit m and, between 2 and 1,000
    answers, in log w), so the interval holds what few subjects leave unsure of them.

    Parameters
    ----------
    hits, n : ndarray of shape (subjects,)
        Counts; every ``n`` positive.
    level : float
        Coverage of the interval, on average over subjects.

    Returns
    -------
    Shrunk or None
        None with fewer than :data:`LEAST_SUBJECTS` subjects.

    References
    ----------
    Morris (1983), JASA 78; Carlin & Louis (2000), Bayes and Empirical Bayes Methods, ch. 3.
    """
    hits, n = np.asarray(hits, dtype=float), np.asarray(n, dtype=float)
    if hits.size < LEAST_SUBJECTS:
        return None
    a, b, chance = _grid(hits, n)
    after_a, after_b = hits[:, None] + a, (n - hits)[:, None] + b
    value = (chance * after_a / (after_a + after_b)).sum(axis=1)
    at = np.linspace(0, 1, POINTS)
    below = np.tensordot(betainc(after_a[..., None], after_b[..., None], at), chance, ([1], [0]))
    tail = (1 - level) / 2
    low, high = (
        np.array([np.interp(share, curve, at) for curve in below]) for share in (tail, 1 - tail)
    )
    mean = float((chance * a / (a + b)).sum())
    return Shrunk(value, low, high, float(np.exp(chance @ np.log(a + b))), mean)


def _grid(hits: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return beta parameters and the probability of each, the unlikely ones left out."""
    share = (hits.sum() + 0.5) / (n.sum() + 1)
    around = np.log(share / (1 - share)) + np.linspace(-2, 2, 41)
    mean, weight = np.meshgrid(1 / (1 + np.exp(-around)), np.exp(np.linspace(*WEIGHTS, 21)))
    a, b = (mean * weight).ravel(), ((1 - mean) * weight).ravel()
    likelihood = (betaln(hits[:, None] + a, (n - hits)[:, None] + b) - betaln(a, b)).sum(axis=0)
    chance = np.exp(likelihood - likelihood.max())
    kept = chance > 1e-4
    return a[kept], b[kept], chance[kept] / chance[kept].sum()

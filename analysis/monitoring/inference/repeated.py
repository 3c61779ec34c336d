"""Noise tests that stay right when data grow and are looked at every week.

A test made for one fixed day rings falsely more and more often when it is repeated on growing
data. These do not: their error is the probability that they *ever* ring, up to a horizon fixed
beforehand, although the subject keeps exactly to its line. They need only today's counts; no
earlier look has to be remembered.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import optimize, special

PRIOR_SIZE = 60.0
"""Answers the mixing distribution is worth: evidence grows fastest for falls of about 5 points."""

HORIZON = 1_000
"""Answers of one subject over which the error is held."""


def share_evidence(hits: np.ndarray, n: np.ndarray, line: float) -> np.ndarray:
    """Log evidence that a share is below a line: a mixture of likelihood ratios.

    The likelihood of the answers under shares below ``line``, mixed by a Beta distribution with
    mean ``line`` and size :data:`PRIOR_SIZE` cut at ``line``, over their likelihood at the line.
    At or above the line its exponential is a supermartingale, so it exceeds ``k`` ever with
    probability at most ``1 / k`` (Ville).

    Parameters
    ----------
    hits, n : ndarray
        Successes among ``n`` answers.
    line : float
        Share in (0, 1).

    References
    ----------
    Robbins (1970); Howard, Ramdas, McAuliffe & Sekhon (2021), section 3.
    """
    hits, n = np.asarray(hits, dtype=float), np.asarray(n, dtype=float)
    a, b = PRIOR_SIZE * line, PRIOR_SIZE * (1 - line)
    with np.errstate(divide="ignore"):
        below = np.log(special.betainc(hits + a, n - hits + b, line))
    prior = special.betaln(a, b) + np.log(special.betainc(a, b, line))
    likelihood = hits * np.log(line) + (n - hits) * np.log1p(-line)
    return special.betaln(hits + a, n - hits + b) + below - prior - likelihood


def critical_hits(
    line: float,
    evidence: float,
    horizon: int,
    between: tuple[np.ndarray, np.ndarray] | None = None,
) -> np.ndarray:
    """Most hits among ``0 .. horizon`` answers whose evidence reaches ``evidence``; -1: none.

    Those of more and of less evidence, where known, are what they lie ``between``.
    """
    n = np.arange(horizon + 1)
    low, high = between or (np.full(n.size, -1), np.floor(n * line).astype(int))
    high = high + 1
    while ((high - low) > 1).any():
        middle = np.where(high - low > 1, (low + high) // 2, low)
        reaches = (middle >= 0) & (share_evidence(np.maximum(middle, 0), n, line) >= evidence)
        moved = high - low > 1
        low, high = np.where(moved & reaches, middle, low), np.where(moved & ~reaches, middle, high)
    return low


def crossing(line: float, critical: np.ndarray, min_n: int, enough: float = np.inf) -> np.ndarray:
    """Probability to have rung by each number of answers, the true share being at the line.

    Exact, with a look after every single answer from ``min_n`` on; weekly looks ring less. Once it
    is more than ``enough`` it is taken no further.

    Returns
    -------
    ndarray
        Of the length of ``critical``, not decreasing.
    """
    alive = np.zeros(critical.size + 1)
    alive[0] = 1.0
    rung = np.zeros(critical.size)
    first = 1  # cells before have rung; that of no hits is apart
    for n in range(1, critical.size):
        alive[first : n + 1] = alive[first : n + 1] * (1 - line) + alive[first - 1 : n] * line
        alive[0] *= 1 - line
        rung[n] = rung[n - 1]
        if n >= min_n and critical[n] >= 0:
            rung[n] += alive[: critical[n] + 1].sum()
            alive[: critical[n] + 1] = 0.0
            first = critical[n] + 1
            if rung[n] > enough:
                rung[n:] = rung[n]
                break
    return rung


@dataclass(frozen=True, slots=True)
class Boundary:
    """Where a share rings at ``0 .. horizon`` answers, and how often it has by chance.

    Attributes
    ----------
    critical : ndarray
        Most hits that ring; -1 where none do.
    rung : ndarray
        As of :func:`crossing`; its last value is at most ``alpha``.
    """

    critical: np.ndarray
    rung: np.ndarray


@lru_cache(maxsize=64)
def share_boundary(line: float, alpha: float, min_n: int, horizon: int = HORIZON) -> Boundary:
    """Smallest evidence to ask for so that chance ever rings with probability ``alpha``.

    Parameters
    ----------
    line, alpha : float
        Line of the share, and error over the whole horizon.
    min_n : int
        Answers before which nothing rings.
    horizon : int
        Answers up to which the error is held.
    """
    low, high = 0.0, -np.log(alpha)
    fewest = critical_hits(line, high, horizon)
    most = np.floor(np.arange(horizon + 1) * line).astype(int)
    for _ in range(12):
        middle = (low + high) / 2
        found = critical_hits(line, middle, horizon, between=(fewest, most))
        if crossing(line, found, min_n, enough=alpha)[-1] <= alpha:
            high, fewest = middle, found
        else:
            low, most = middle, found
    return Boundary(fewest, crossing(line, fewest, min_n))


def ever_as_extreme(hits: int, n: int, line: float, min_n: int, horizon: int = HORIZON) -> float:
    """Probability that evidence as strong as this is ever seen at the line: a p-value.

    Right at every look; 1 for shares at or above the line.
    """
    if hits >= n * line:
        return 1.0
    evidence = float(share_evidence(hits, n, line)) - 1e-9
    return float(crossing(line, critical_hits(line, evidence, max(n, horizon)), min_n)[-1])


STAKES = np.arange(1, 17) / 16
"""Shares of the largest stake that the evidence about a mean is mixed over, equally."""


def bounded_evidence(
    values: np.ndarray, line: float, effect: np.ndarray | float = 1.0
) -> np.ndarray:
    """Log evidence that the mean of values between 0 and 1 is below a line.

    The fortune of one who bets against "the mean is at the line" with fixed stakes, averaged over
    :data:`STAKES`: ``mean_k prod_i (1 + stake_k (line - x_i) / (1 - line))``. Where the true mean
    is at least ``line`` it is a supermartingale whatever the distribution, so that it exceeds
    ``1 / alpha`` ever with probability at most ``alpha`` (Ville). It needs no spread: people
    who all have 0 are evidence. Of people who resemble each other the logarithm of each fortune
    is divided by their design effect.

    Parameters
    ----------
    values : ndarray of shape (..., people)
        In [0, 1].
    line : float
        Mean in (0, 1) that should be reached.
    effect : ndarray or float
        Design effect, at least 1.

    References
    ----------
    Waudby-Smith & Ramdas (2024), Journal of the Royal Statistical Society B 86(1).
    """
    logs = np.stack([fortune_logs(values, line, stake).sum(axis=-1) for stake in STAKES], axis=-1)
    return special.logsumexp(logs / np.asarray(effect)[..., None], axis=-1) - np.log(STAKES.size)


def fortune_logs(values: np.ndarray, line: float, stake: float) -> np.ndarray:
    """Log of what each value multiplies the fortune of one stake by; -inf where all is lost."""
    with np.errstate(divide="ignore"):
        return np.log1p(stake * (line - np.asarray(values, dtype=float)) / (1 - line))


@dataclass(frozen=True, slots=True)
class Moderation:
    """What all sites together say of one site's variance: ``variance``, worth ``df`` degrees."""

    variance: float
    df: float


def moderation(variances: np.ndarray, df: np.ndarray) -> Moderation:
    """Estimate the prior of sites' variances from all of them by the moments of their logs.

    Parameters
    ----------
    variances : ndarray
        Sample variances, positive.
    df : ndarray
        Their degrees of freedom.

    Returns
    -------
    Moderation
        ``df`` is infinite when the sites' variances differ no more than chance makes them.
        With fewer than three sites there is no prior (``df`` 0).

    References
    ----------
    Smyth (2004), Statistical Applications in Genetics and Molecular Biology 3(1), section 6.2.
    """
    variances, df = np.asarray(variances, dtype=float), np.asarray(df, dtype=float)
    used = (variances > 0) & (df > 0)
    if used.sum() < 3:
        return Moderation(0.0, 0.0)
    half = df[used] / 2
    logs = np.log(variances[used]) - special.digamma(half) + np.log(half)
    excess = logs.var(ddof=1) - special.polygamma(1, half).mean()
    if excess <= special.polygamma(1, 5e5):
        return Moderation(float(np.exp(logs.mean())), np.inf)
    prior = 2 * optimize.brentq(lambda x: special.polygamma(1, x) - excess, 1e-3, 1e6)
    centre = logs.mean() + special.digamma(prior / 2) - np.log(prior / 2)
    return Moderation(float(np.exp(centre)), float(prior))


def moderated(variance: float, df: float, prior: Moderation) -> tuple[float, float]:
    """Return a site's variance drawn towards the prior, and its degrees of freedom."""
    if np.isinf(prior.df):
        return prior.variance, np.inf
    total = df + prior.df
    return (df * variance + prior.df * prior.variance) / total, total

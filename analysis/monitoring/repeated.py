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
from scipy import optimize, special, stats

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


def critical_hits(line: float, evidence: float, horizon: int) -> np.ndarray:
    """Most hits among ``0 .. horizon`` answers whose evidence reaches ``evidence``; -1: none."""
    n = np.arange(horizon + 1)
    low, high = np.full(n.size, -1), np.floor(n * line).astype(int) + 1
    while ((high - low) > 1).any():
        middle = np.where(high - low > 1, (low + high) // 2, low)
        reaches = (middle >= 0) & (share_evidence(np.maximum(middle, 0), n, line) >= evidence)
        moved = high - low > 1
        low, high = np.where(moved & reaches, middle, low), np.where(moved & ~reaches, middle, high)
    return low


def crossing(line: float, critical: np.ndarray, min_n: int) -> np.ndarray:
    """Probability to have rung by each number of answers, the true share being at the line.

    Exact, with a look after every single answer from ``min_n`` on; weekly looks ring less.

    Returns
    -------
    ndarray
        Of the length of ``critical``, not decreasing.
    """
    alive = np.zeros(critical.size + 1)
    alive[0] = 1.0
    rung = np.zeros(critical.size)
    for n in range(1, critical.size):
        alive[1 : n + 1] = alive[1 : n + 1] * (1 - line) + alive[:n] * line
        alive[0] *= 1 - line
        rung[n] = rung[n - 1]
        if n >= min_n and critical[n] >= 0:
            rung[n] += alive[: critical[n] + 1].sum()
            alive[: critical[n] + 1] = 0.0
    return rung


@dataclass(frozen=True, slots=True)
class Boundary:
    """Where a share or mean rings at ``0 .. horizon`` answers, and how often it has by chance.

    Attributes
    ----------
    critical : ndarray
        Most hits that ring; -1 where none do. For means the least ``z`` that rings.
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
    for _ in range(12):
        middle = (low + high) / 2
        ever = crossing(line, critical_hits(line, middle, horizon), min_n)[-1]
        low, high = (low, middle) if ever <= alpha else (middle, high)
    critical = critical_hits(line, high, horizon)
    return Boundary(critical, crossing(line, critical, min_n))


def ever_as_extreme(hits: int, n: int, line: float, min_n: int, horizon: int = HORIZON) -> float:
    """Probability that evidence as strong as this is ever seen at the line: a p-value.

    Right at every look; 1 for shares at or above the line.
    """
    if hits >= n * line:
        return 1.0
    evidence = float(share_evidence(hits, n, line)) - 1e-9
    return float(crossing(line, critical_hits(line, evidence, max(n, horizon)), min_n)[-1])


def mean_evidence(z: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Log evidence that a mean is below a line: a one-sided normal mixture.

    With ``z`` standard errors below the line and ``r = n / 60``,
    ``2 / sqrt(1 + r) exp(z^2 r / (2 (1 + r))) Phi(z sqrt(r / (1 + r)))``.

    References
    ----------
    Howard et al. (2021), proposition 6.
    """
    n = np.asarray(n, dtype=float)
    share = n / (n + PRIOR_SIZE)
    grown = np.log(2) + 0.5 * np.log1p(-share) + np.asarray(z) ** 2 * share / 2
    return grown + stats.norm.logcdf(z * np.sqrt(share))


def errors_below(mean: np.ndarray, se: np.ndarray, n: np.ndarray, line: float) -> np.ndarray:
    """Return how far a mean is below a line: the normal quantile of its t statistic's tail."""
    tail = stats.t.sf((line - np.asarray(mean)) / np.asarray(se), np.asarray(n) - 1)
    return np.clip(stats.norm.isf(tail), -30, 30)


def needed_errors(evidence: float, horizon: int) -> np.ndarray:
    """Least ``z`` at ``0 .. horizon`` answers whose evidence reaches ``evidence``."""
    n = np.arange(horizon + 1)
    low, high = np.full(n.size, -10.0), np.full(n.size, 40.0)
    for _ in range(40):
        middle = (low + high) / 2
        reaches = mean_evidence(middle, n) >= evidence
        low, high = np.where(reaches, low, middle), np.where(reaches, middle, high)
    return high


def mean_crossing(needed: np.ndarray, min_n: int) -> np.ndarray:
    """Probability to have rung by each number of answers, the true mean being at the line.

    That of a walk of equally likely steps up and down, to which sums of any answers tend.
    """
    n = np.arange(needed.size)
    steps = np.floor((n - needed * np.sqrt(n)) / 2 + 1e-9).astype(int)
    return crossing(0.5, np.maximum(steps, -1), min_n)


@lru_cache(maxsize=64)
def mean_boundary(alpha: float, min_n: int, horizon: int = HORIZON) -> Boundary:
    """Least ``z`` to ask for so that chance ever rings with ``alpha``; asymptotic in answers.

    Returns
    -------
    Boundary
        ``critical`` holds the least ``z`` at each number of answers.
    """
    low, high = 0.0, -np.log(alpha)
    for _ in range(12):
        middle = (low + high) / 2
        ever = mean_crossing(needed_errors(middle, horizon), min_n)[-1]
        low, high = (low, middle) if ever <= alpha else (middle, high)
    needed = needed_errors(high, horizon)
    return Boundary(needed, mean_crossing(needed, min_n))


def mean_ever_as_extreme(z: float, n: int, min_n: int, horizon: int = HORIZON) -> float:
    """Probability that evidence as strong as ``z`` at ``n`` answers is ever seen at the line."""
    if z <= 0:
        return 1.0
    evidence = float(mean_evidence(z, n)) - 1e-9
    return float(mean_crossing(needed_errors(evidence, max(n, horizon)), min_n)[-1])


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

"""Limits that carry their own uncertainty: centre and spread come from few points before training.

With limits from eight months taken for certain, 27 % of steady sites signal within a year, where
the rules promise 8 % with known limits. Widths and run lengths are therefore those for which a
steady site, its centre (and spread) estimated as on the chart and neighbouring months as alike as
they are, signals within a year as seldom as the rules promise. Shares and counts of few events have
no useful standard deviation; they are scored by their exact predictive distribution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np
from scipy import special, stats
from scipy.signal import lfilter

from analysis.memory import remembered

D2 = 1.128
"""Mean range of two standard normal values."""

WORLDS = 20_000
"""Simulated charts of a steady site."""

CHUNK = 500
"""Charts simulated at a time: few enough to stay in the processor's cache."""

YEAR = 12
"""Months over which the promise is held."""

BEYOND, RUN = 1 - 0.9973**YEAR, 0.0523
"""Steady sites that signal within a year when limits are known: beyond three sigma; eight on one
side, which may begin before training."""

LONGEST_RUN = 24

FEW = 3.0
"""Expected events a period below which a share or count is scored by its exact distribution."""

FARTHEST = 8.0
"""Largest score given to a point of few events."""

SEED = 11


def steady_points(points: int, alike: float, seed: int) -> Iterator[np.ndarray]:
    """Draw standardised points of :data:`WORLDS` steady sites, :data:`CHUNK` sites at a time.

    Parameters
    ----------
    points : int
        Points of each site.
    alike : float
        Correlation of neighbouring points.
    seed : int
        Seed of the draws.

    Yields
    ------
    ndarray of shape (CHUNK, points)
    """
    rng = np.random.default_rng(seed)
    for _ in range(WORLDS // CHUNK):
        z = rng.standard_normal((CHUNK, points))
        if alike:
            z[:, 1:] *= np.sqrt(1 - alike**2)
            z = lfilter([1.0], [1.0, -alike], z, axis=1)
        yield z


def as_charted(z: np.ndarray, base: int, *, own_spread: bool, first: int = 0) -> np.ndarray:
    """Return points from the ``first`` on, by the centre of the first ``base``, as on a chart.

    With ``own_spread`` they are divided by the moving range of those points, too.
    """
    before = z[:, :base]
    far = z[:, first:] - before.mean(axis=1, keepdims=True)
    if own_spread:
        far /= np.abs(np.diff(before, axis=1)).mean(axis=1, keepdims=True) / D2
    return far


def _of_steady(
    measure: Callable[[np.ndarray], np.ndarray], base: int, alike: float, *, own_spread: bool
) -> np.ndarray:
    """Measure charts of steady sites over ``base`` points and a year; the sites come first."""
    drawn = steady_points(base + YEAR, alike, SEED)
    return np.concatenate([measure(as_charted(z, base, own_spread=own_spread)) for z in drawn])


@lru_cache(maxsize=256)
@remembered
def limit_width(base: int, alike: float = 0.0, *, own_spread: bool) -> float:
    """Return how many standard deviations limits stand from a centre of ``base`` points.

    Parameters
    ----------
    base : int
        Points before training.
    alike : float
        Correlation of neighbouring points.
    own_spread : bool
        Whether the spread is the moving range of those points, not that of chance alone.

    Returns
    -------
    float
        At least 3.
    """

    def farthest(z: np.ndarray) -> np.ndarray:
        return np.abs(z[:, base:]).max(axis=1)

    late = _of_steady(farthest, base, alike, own_spread=own_spread)
    return max(3.0, float(np.quantile(late, 1 - BEYOND)))


@lru_cache(maxsize=256)
@remembered
def run_needed(base: int, alike: float = 0.0) -> int:
    """Return how many points in a row on one side of the centre are a signal, at least eight."""

    def sides(z: np.ndarray) -> np.ndarray:
        return np.sign(z).astype(np.int8)

    side = _of_steady(sides, base, alike, own_spread=False).T.copy()
    length = longest = np.ones(side.shape[1], np.int16)
    for t in range(1, len(side)):
        length = np.where(side[t] == side[t - 1], length + 1, np.int16(1))
        if t >= base:
            longest = np.maximum(longest, length)
    for run in range(8, LONGEST_RUN):
        if (longest >= run).mean() <= RUN:
            return run
    return LONGEST_RUN


@lru_cache(maxsize=256)
@remembered
def ewma_width(base: int, alike: float, weight: float, width: float) -> float:
    """Return the width of EWMA limits whose centre and spread come from ``base`` points.

    Steady sites signal within a year as seldom as at ``width`` with both known.

    Parameters
    ----------
    base, alike
        As of :func:`limit_width`.
    weight, width : float
        Of :func:`~analysis.monitoring.control_charts.time_weighted.ewma_chart`.
    """
    steps = np.arange(1, base + YEAR + 1)
    half = np.sqrt(weight / (2 - weight) * (1 - (1 - weight) ** (2 * steps)))

    def farthest(z: np.ndarray) -> np.ndarray:
        average = lfilter([weight], [1.0, -(1 - weight)], z, axis=1)
        return (np.abs(average) / half)[:, base:].max(axis=1)

    known = np.concatenate([farthest(z) for z in steady_points(base + YEAR, 0.0, SEED)])
    promised = float((known > width).mean())
    found = _of_steady(farthest, base, alike, own_spread=True)
    return max(width, float(np.quantile(found, 1 - promised)))


def rare_share_scores(
    events: np.ndarray, sizes: np.ndarray, before: float, size_before: float, width: float
) -> tuple[np.ndarray, np.ndarray]:
    """Score counts of few events among many by what the baseline lets one expect.

    Beta-binomial with Jeffreys' prior: a baseline without an event does not say that none can
    come. The score is the normal quantile of the mid p-value.

    Parameters
    ----------
    events, sizes : ndarray of shape (periods,)
        Events and trials of each period.
    before, size_before : float
        Events and trials of the baseline.
    width : float
        Score beyond which a point signals.

    Returns
    -------
    (ndarray, ndarray)
        Score of each period, positive for more events than expected and 0 for as many or fewer
        (that there is none is usual, so it makes no run); and the share of events that is still
        within.

    References
    ----------
    Brown, Cai & DasGupta (2001), Statistical Science 16(2).
    """
    a, b = before + 0.5, size_before - before + 0.5
    n = np.asarray(sizes, dtype=float)[:, None]
    k = np.arange(_longest(events, before / size_before * n))[None, :]
    with np.errstate(invalid="ignore", divide="ignore"):
        choose = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
        mass = np.exp(choose + special.betaln(k + a, n - k + b) - special.betaln(a, b))
    return _scored(np.where(k <= n, mass, 0.0), events, n[:, 0], width)


def rare_count_scores(
    events: np.ndarray, exposure: np.ndarray, before: float, exposure_before: float, width: float
) -> tuple[np.ndarray, np.ndarray]:
    """Score counts of few events by exposure, as :func:`rare_share_scores`.

    Negative binomial: Poisson counts whose rate is known from the baseline only.
    """
    n = np.asarray(exposure, dtype=float)[:, None]
    k = np.arange(_longest(events, before / exposure_before * n))[None, :]
    mass = stats.nbinom.pmf(k, before + 0.5, exposure_before / (exposure_before + n))
    return _scored(mass, events, n[:, 0], width)


def _longest(events: np.ndarray, expected: np.ndarray) -> int:
    return int(max(np.max(events, initial=0), 4 * np.max(expected, initial=0.0)) + 40)


def _scored(
    mass: np.ndarray, events: np.ndarray, n: np.ndarray, width: float
) -> tuple[np.ndarray, np.ndarray]:
    above = np.clip(1 - np.cumsum(mass, axis=1) + mass / 2, 0.0, 1.0)
    scores = np.clip(stats.norm.isf(above), -FARTHEST, FARTHEST)
    own = np.maximum(scores[np.arange(len(n)), np.asarray(events, dtype=int)], 0.0)
    within = (scores <= width).sum(axis=1) - 0.5
    return own, within / n

"""A confidence sequence for the contrast of trained and untrained sites: right at every look.

An interval made for one fixed day is wrong when it is looked at every week until it excludes
zero. A confidence sequence covers the contrast at all looks at once with the promised
probability, and is wider for it. The unit is the cluster: at each look every site is one
number, its mean since training began less its mean before. Sequences over single answers, or
over monthly differences taken as independent, break their promise when sites have shocks of
their own.

The contrast is descriptive. Who was trained may differ from who was not; a sequence that leaves
zero says "look here", never "the training did it".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import special, stats

from analysis.memory import remembered
from analysis.monitoring.refusals import Refusal, RefusedError
from analysis.settings import LEVEL

MIN_CLUSTERS = 8
"""Fewest trained and fewest untrained sites. With 4 of 40 the error was measured at 11 %."""

MIN_BASELINE = 3
"""Fewest periods before training that a site needs."""


def mixture_scale(se: float, level: float = LEVEL) -> float:
    """Scale of the mixing normal for which the sequence is narrowest at standard error ``se``.

    ``rho^2 = se^2 (-W_(-1)(-alpha^2 / e) - 1)``, with ``alpha = 1 - level``. It must be chosen
    before the looks begin, e.g. from the variation before training.

    References
    ----------
    Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2024), Annals of Statistics 52(6), appendix B.
    """
    alpha = 1 - level
    weight = -special.lambertw(-(alpha**2) / math.e, k=-1).real - 1
    return se * math.sqrt(weight)


def mixture_multiplier(se: np.ndarray, scale: float, level: float = LEVEL) -> np.ndarray:
    """Return how many standard errors the normal mixture allows on each side of the contrast.

    With ``r = (scale / se)^2`` the multiplier is ``sqrt((1 + 1/r) (log(1 + r) - 2 log alpha))``.
    A fixed-day interval would take 1.96 at 95 %.

    Parameters
    ----------
    se : ndarray
        Standard error at each look, positive.
    scale : float
        Scale of the mixing normal, of the same unit as ``se``; fixed before the looks.
    level : float
        Probability that the sequence covers at all looks at once.

    References
    ----------
    Robbins (1970), Annals of Mathematical Statistics 41(5); Waudby-Smith et al. (2024), eq. 3.
    """
    ratio = (scale / np.asarray(se, dtype=float)) ** 2
    return np.sqrt((1 + 1 / ratio) * (np.log1p(ratio) - 2 * math.log(1 - level)))


def in_t_units(multiplier: np.ndarray, df: np.ndarray) -> np.ndarray:
    """Give a normal multiplier the width it needs when the variance has ``df`` degrees.

    The tail probability of the multiplier is kept: ``t^-1(Phi(-m))``.
    """
    return stats.t.isf(stats.norm.sf(multiplier), df)


@dataclass(frozen=True, slots=True)
class Looks:
    """The contrast at every look; arrays share the shape ``(..., looks)``.

    Attributes
    ----------
    value, se, df : ndarray
        Contrast, its standard error over clusters, and Welch–Satterthwaite degrees of freedom.
    """

    value: np.ndarray
    se: np.ndarray
    df: np.ndarray


def contrast_looks(
    y: np.ndarray, start: np.ndarray, *, looks: np.ndarray, baseline: int = MIN_BASELINE
) -> Looks:
    """Contrast of trained and untrained sites at each look, from site-level means alone.

    At look ``t`` a trained site counts ``mean(y[start..t]) - mean(y[..start-1])``; an untrained
    site counts the same difference about each wave's start, weighted as the trained sites are.
    Sites that start after ``t`` do not count yet.

    Parameters
    ----------
    y : ndarray of shape (..., sites, periods)
        Site means; NaN where a site has no value. Leading axes are separate worlds.
    start : ndarray of shape (sites,)
        Column at which training began; NaN for sites never trained.
    looks : ndarray of int
        Columns looked at.
    baseline : int
        Fewest periods before a start.

    Returns
    -------
    Looks
        NaN at looks with fewer than :data:`MIN_CLUSTERS` sites on either side.
    """
    y, start = np.asarray(y, dtype=float), np.asarray(start, dtype=float)
    known = np.isfinite(y)
    total = _running(np.where(known, y, 0.0))
    count = _running(known.astype(float))
    shape = (*y.shape[:-2], len(looks))
    value, se, df = (np.full(shape, np.nan) for _ in range(3))
    never = np.isnan(start)
    waves = [int(w) for w in np.unique(start[~never]) if w >= baseline]
    for i, look in enumerate(looks):
        begun = [w for w in waves if w <= look]
        if not begun:
            continue
        sizes = np.array([(start == w).sum() for w in begun], dtype=float)
        changes = [_change(total, count, w, int(look)) for w in begun]
        weights = sizes / sizes.sum()
        others = sum(k * c[..., never] for k, c in zip(weights, changes, strict=True))
        trained = np.concatenate(
            [
                c[..., start == w] - _mean(c[..., never])[..., None]
                for w, c in zip(begun, changes, strict=True)
            ],
            axis=-1,
        )
        others = others - _mean(others)[..., None]
        value[..., i], se[..., i], df[..., i] = _welch(trained, others)
    return Looks(value, se, df)


def _running(values: np.ndarray) -> np.ndarray:
    zero = np.zeros((*values.shape[:-1], 1))
    return np.concatenate([zero, np.cumsum(values, axis=-1)], axis=-1)


def _change(total: np.ndarray, count: np.ndarray, start: int, look: int) -> np.ndarray:
    """Mean since ``start`` up to ``look`` less the mean before; NaN without either."""
    after, n_after = (a[..., look + 1] - a[..., start] for a in (total, count))
    before, n_before = total[..., start], count[..., start]
    with np.errstate(invalid="ignore", divide="ignore"):
        return after / n_after - before / n_before


def _mean(values: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(known, values, 0.0).sum(axis=-1) / known.sum(axis=-1)


def _welch(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Difference of means, standard error and degrees of freedom over the last axis."""
    parts = []
    for values in (one, other):
        known = np.isfinite(values)
        n, mean = known.sum(axis=-1), _mean(values)
        with np.errstate(invalid="ignore", divide="ignore"):
            spread = np.where(known, values - mean[..., None], 0.0)
            parts.append((mean, (spread**2).sum(axis=-1) / (n - 1) / n, n))
    (a, va, na), (b, vb, nb) = parts
    with np.errstate(invalid="ignore", divide="ignore"):
        df = (va + vb) ** 2 / (va**2 / (na - 1) + vb**2 / (nb - 1))
        se = np.sqrt(va + vb)
    enough = (na >= MIN_CLUSTERS) & (nb >= MIN_CLUSTERS) & (se > 0)
    return tuple(np.where(enough, x, np.nan) for x in (a - b, se, df))


def bounds(
    looks: Looks, *, scale: float | np.ndarray, level: float = LEVEL
) -> tuple[np.ndarray, np.ndarray]:
    """Half-widths at each look: of the sequence, and of an interval for one fixed day.

    Parameters
    ----------
    looks : Looks
        As of :func:`contrast_looks`.
    scale : float or ndarray
        As of :func:`mixture_scale`; an array has one value a world, ``(..., 1)``.

    Returns
    -------
    (ndarray, ndarray)
        Of the shape of ``looks.value``. Their quotient is the price of looking always.
    """
    wide = in_t_units(mixture_multiplier(looks.se, scale, level), looks.df)
    fixed = stats.t.isf((1 - level) / 2, looks.df)
    return wide * looks.se, fixed * looks.se


DESIGN_WORLDS, MOST_SITES = 2000, 120
"""Simulated worlds of a design, and sites of it that are simulated."""


def finite_factor(start: np.ndarray, periods: int, *, level: float = LEVEL) -> float:
    """Return by how much the sequence may shrink when only so many looks are planned.

    A sequence that is right for ever is too wide for a year of looks. Its multipliers are scaled
    down until zero is left within the planned looks with the promised error, in 2,000 simulated
    worlds of the same sites and waves in which nothing happens and periods are independent.
    Periods that resemble each other make looks resemble each other, hence errors rarer.

    Parameters
    ----------
    start : ndarray of shape (sites,)
        Column at which training begins; NaN for sites never trained. As planned.
    periods : int
        Columns up to the last planned look.
    level : float
        Probability that the interval covers at all planned looks at once.

    Returns
    -------
    float
        In (0, 1]; 1 where the design allows no look.
    """
    start = np.asarray(start, dtype=float)
    if len(start) > MOST_SITES:
        order = np.argsort(start, kind="stable")
        start = start[order][np.linspace(0, len(start) - 1, MOST_SITES).astype(int)]
    named = tuple(-1 if np.isnan(s) else int(s) for s in np.sort(start))
    return _finite_factor(named, int(periods), float(level))


@lru_cache(maxsize=64)
@remembered
def _finite_factor(start: tuple[int, ...], periods: int, level: float) -> float:
    begin = np.array([np.nan if s < 0 else s for s in start], dtype=float)
    if np.isnan(begin).all() or not np.isnan(begin).any():
        return 1.0
    at = np.arange(int(np.nanmin(begin)), periods)
    rng = np.random.default_rng(17)
    farthest = []
    for _ in range(4):
        y = rng.standard_normal((DESIGN_WORLDS // 4, len(begin), periods))
        looks = contrast_looks(y, begin, looks=at)
        scale = mixture_scale(1.0, level) * planned_se(y, begin)[:, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            beyond = stats.norm.isf(stats.t.sf(np.abs(looks.value) / looks.se, looks.df))
            ratio = beyond / mixture_multiplier(looks.se, scale, level)
        ratio = np.where(np.isfinite(ratio), ratio, 0.0)
        farthest.append(ratio.max(axis=1))
    return float(min(1.0, np.quantile(np.concatenate(farthest), level) or 1.0))


def finite_bounds(
    looks: Looks, *, scale: float | np.ndarray, factor: float, level: float = LEVEL
) -> np.ndarray:
    """Half-widths that hold at all planned looks, scaled by :func:`finite_factor`."""
    multiplier = factor * mixture_multiplier(looks.se, scale, level)
    return in_t_units(multiplier, looks.df) * looks.se


def planned_se(y: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return the standard error of a contrast before training; for the mixture scale.

    The periods before the first start are halved; each site counts the difference of its halves.
    No value after the first start is looked at.

    Parameters
    ----------
    y, start : ndarray
        As of :func:`contrast_looks`.
    """
    y, start = np.asarray(y, dtype=float), np.asarray(start, dtype=float)
    first = int(np.nanmin(start))
    if first < 2:
        raise RefusedError(
            Refusal.FEW_PERIODS_BEFORE, "the scale needs two periods before the first start"
        )
    half = first // 2
    difference = _mean(y[..., half:first]) - _mean(y[..., :half])
    trained = np.isfinite(start)
    return _welch(difference[..., trained], difference[..., ~trained])[1]

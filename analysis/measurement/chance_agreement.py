"""Agreement of raters beyond chance: weighted kappa, Fleiss' kappa, Gwet's AC1 and AC2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from analysis.measurement.intervals import Interval
from analysis.measurement.raters import one_off
from analysis.settings import LEVEL

Weighting = Literal["identity", "linear", "quadratic", "ordinal"]
Chance = Literal["gwet", "fleiss"]


def gwet_ac1(ratings: np.ndarray, *, level: float = LEVEL) -> Interval | None:
    """Gwet's AC1 for nominal ratings: :func:`gwet_ac2` where only equal ratings agree.

    Parameters
    ----------
    ratings : array, shape (raters, units)
        NaN where missing.

    Returns
    -------
    Interval or None
        As :func:`gwet_ac2`.

    References
    ----------
    Gwet (2008), equations for AC1 and its variance.
    """
    return gwet_ac2(ratings, weights="identity", level=level)


def gwet_ac2(
    ratings: np.ndarray,
    *,
    weights: Weighting = "quadratic",
    categories: Sequence[float] | None = None,
    level: float = LEVEL,
) -> Interval | None:
    """Gwet's AC2: agreement beyond chance, stable when one answer prevails.

    ``(pa - pe) / (1 - pe)`` with ``pe = T sum(pi (1 - pi)) / (q (q - 1))`` over q categories, T
    the sum of the weights.

    Parameters
    ----------
    ratings : array, shape (raters, units)
        NaN where missing. Units with one rating count for the prevalence of categories only.
    weights : {"identity", "linear", "quadratic", "ordinal"}
        How much two different ratings agree, from 1 (equal) to 0 (the ends of the scale).
    categories : sequence of float, optional
        All values of the scale; those that occur otherwise (irrCAC's convention). With fewer
        categories chance agrees more often.

    Returns
    -------
    Interval or None
        t interval over units (units as a sample, raters as fixed), cut at −1 and 1. None when
        no unit has two ratings. Where raters agree completely it is 1, also when only one
        category occurs (no chance agreement is then expected), and the lower end is that of the
        same ratings with one off.

    Raises
    ------
    ValueError
        For a rating that is none of ``categories``.

    References
    ----------
    Gwet (2014), Handbook of Inter-Rater Reliability, 4th ed., sections 4.3 and 4.5; section 5.3
    for the variance.
    """
    return _beyond_chance(ratings, "gwet", weights, categories, level)


def fleiss_kappa(
    ratings: np.ndarray,
    *,
    weights: Weighting = "identity",
    categories: Sequence[float] | None = None,
    level: float = LEVEL,
) -> Interval | None:
    """Fleiss' kappa, for any number of raters, gaps and weights.

    ``(pa - pe) / (1 - pe)`` with ``pe = sum(w_kl pi_k pi_l)``. Where one answer prevails it is
    low however well raters agree; :func:`gwet_ac2` is not.

    Parameters
    ----------
    ratings : array, shape (raters, units)
        NaN where missing.
    weights, categories, level
        As in :func:`gwet_ac2`.

    Returns
    -------
    Interval or None
        As :func:`gwet_ac2`; None also where only one category occurs: it is then 0/0.

    References
    ----------
    Fleiss (1971); Gwet (2014), section 4.2 for gaps, 4.5 for weights and 5.3 for the variance.
    """
    return _beyond_chance(ratings, "fleiss", weights, categories, level)


def weighted_kappa(
    first: np.ndarray,
    second: np.ndarray,
    *,
    weights: Literal["identity", "linear", "quadratic"] = "quadratic",
    categories: Sequence[float] | None = None,
    level: float = LEVEL,
) -> Interval | None:
    """Cohen's kappa of two raters, weighted by how far apart their ratings are.

    With quadratic weights it comes close to an intraclass correlation (Fleiss & Cohen 1973).

    Parameters
    ----------
    first, second : array, shape (units,)
        Ratings of the same units; units with a gap are left out.
    weights : {"identity", "linear", "quadratic"}
        By the order of the categories, not by the distance of their values.
    categories : sequence of float, optional
        All values of the scale; those that occur otherwise.

    Returns
    -------
    Interval or None
        Normal interval, cut at −1 and 1. None without a unit rated by both, or where both gave
        the same rating to all: it is then 0/0. Without an interval where they agree completely,
        whose standard error is zero.

    References
    ----------
    Cohen (1968); Fleiss, Cohen & Everitt (1969) for the standard error (statsmodels).
    """
    from statsmodels.stats.inter_rater import cohens_kappa

    pairs = np.stack([np.asarray(first, dtype=float), np.asarray(second, dtype=float)])
    pairs = pairs[:, np.isfinite(pairs).all(axis=0)]
    values = _values(pairs, categories)
    if not pairs.shape[1] or np.unique(pairs).size < 2:
        return None
    places = np.searchsorted(values, pairs)
    table = np.zeros((values.size, values.size))
    np.add.at(table, (places[0], places[1]), 1)
    asked = {"identity": None, "linear": "linear", "quadratic": "quadratic"}[weights]
    with np.errstate(invalid="ignore"):  # its z is 0/0 where the two agree completely
        found = cohens_kappa(table, wt=asked)
    n, value, se = pairs.shape[1], float(found.kappa), float(found.std_kappa)
    if not se > 0:
        return Interval(value, None, None, n, level, "none")
    half = float(stats.norm.ppf((1 + level) / 2)) * se
    ends = max(-1.0, value - half), min(1.0, value + half)
    return Interval(value, *ends, n, level, "fleiss_cohen_everitt", se)


@dataclass(frozen=True, slots=True)
class _Counted:
    """Units × categories: ratings of each, and the weights between categories."""

    counts: np.ndarray
    weights: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        return self.counts.sum(axis=1)


def _beyond_chance(ratings, chance: Chance, weights, categories, level) -> Interval | None:
    ratings = np.asarray(ratings, dtype=float)
    paired = np.isfinite(ratings).sum(axis=0) >= 2
    if not paired.any():
        return None
    values = _values(ratings, categories)
    rated = np.isfinite(ratings).any(axis=0)
    within = np.nanmax(ratings[:, paired], axis=0) - np.nanmin(ratings[:, paired], axis=0)
    if not within.any():
        one_answer = np.unique(ratings[np.isfinite(ratings)]).size == 1
        if chance == "fleiss" and one_answer:
            return None
        return _all_alike(ratings, paired, chance, weights, values, level)
    counts = np.stack([(ratings[:, rated] == v).sum(axis=0) for v in values], axis=1)
    counted = _Counted(counts.astype(float), agreement_weights(values, weights))
    return _interval(counted, chance, level)


def _interval(counted: _Counted, chance: Chance, level: float) -> Interval:
    counts, w, sizes = counted.counts, counted.weights, counted.sizes
    n, q = counts.shape
    paired = sizes >= 2
    agree = np.zeros(n)
    softened = counts[paired] * (counts[paired] @ w - 1)
    agree[paired] = softened.sum(axis=1) / (sizes[paired] * (sizes[paired] - 1))
    share = counts / sizes[:, None]
    prevalence = share.mean(axis=0)
    if chance == "gwet":
        by_unit = w.sum() / (q * (q - 1)) * (share @ (1 - prevalence))
    else:
        by_unit = share @ (w @ prevalence)
    expected = float(by_unit.mean())
    value = float((agree[paired].mean() - expected) / (1 - expected))
    if n < 2:
        return Interval(value, None, None, n, level, "none")
    own = np.where(paired, n / paired.sum() * (agree - expected), 0.0) / (1 - expected)
    linear = own - 2 * (1 - value) * (by_unit - expected) / (1 - expected)
    se = float(np.sqrt(((linear - value) ** 2).sum() / (n * (n - 1))))
    half = float(stats.t.ppf((1 + level) / 2, n - 1)) * se
    ends = max(-1.0, value - half), min(1.0, value + half)
    return Interval(value, *ends, n, level, "gwet_units", se)


def _all_alike(ratings, paired, chance, weights, values, level) -> Interval:
    """Complete agreement is 1; its lower end as if one rating were off."""
    n = int(np.isfinite(ratings).any(axis=0).sum())
    moved = ratings.copy()
    place = np.flatnonzero(paired)[:1]
    moved[:, place] = one_off(ratings[:, place])
    steps = tuple(np.union1d(values, moved[np.isfinite(moved)]))
    off = _beyond_chance(moved, chance, weights, steps, level)
    if off is None or off.low is None:
        return Interval(1.0, None, None, n, level, "none")
    return Interval(1.0, off.low, 1.0, n, level, "one_rating_off")


def agreement_weights(categories: Sequence[float], weighting: Weighting) -> np.ndarray:
    """Return how much each two categories agree, from 0 to 1.

    Parameters
    ----------
    categories : sequence of float
        Values of the scale, ascending; distances are those of the values.
    weighting : {"identity", "linear", "quadratic", "ordinal"}
        ``identity`` counts equal ratings only; ``linear`` and ``quadratic`` fall with the
        distance and its square; ``ordinal`` with the number of pairs of categories between.

    References
    ----------
    Gwet (2014), section 3.5.
    """
    values = np.asarray(categories, dtype=float)
    q = values.size
    if weighting == "identity" or q < 2:
        return np.eye(q)
    if weighting == "ordinal":
        steps = np.abs(np.arange(q)[:, None] - np.arange(q)[None, :])
        return 1 - steps * (steps + 1) / (q * (q - 1))
    apart = np.abs(values[:, None] - values[None, :]) / (values[-1] - values[0])
    if weighting == "linear":
        return 1 - apart
    if weighting == "quadratic":
        return 1 - apart**2
    raise ValueError(f"weights are identity, linear, quadratic or ordinal; got {weighting!r}")


def _values(ratings: np.ndarray, categories: Sequence[float] | None) -> np.ndarray:
    occurring = np.unique(ratings[np.isfinite(ratings)])
    if categories is None:
        return occurring
    values = np.unique(np.asarray(categories, dtype=float))
    if not np.isin(occurring, values).all():
        raise ValueError(f"ratings {occurring.tolist()} are not all of {values.tolist()}")
    return values

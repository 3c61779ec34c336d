"""Intervals for shares, differences of shares, net promoter scores and means."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.measurement.refusals import Refusal, RefusedError
from analysis.settings import LEVEL


@dataclass(frozen=True, slots=True)
class Interval:
    """A point estimate with its interval.

    ``low`` and ``high`` are None where no interval exists (fewer than two clusters);
    ``se`` is None for intervals that are not built from one. ``design_effect`` is how many of the
    ``n`` answers say as much as one that stands by itself.
    """

    value: float
    low: float | None
    high: float | None
    n: int
    level: float
    method: str
    se: float | None = None
    design_effect: float = 1.0


def _asked_at_all(n: int) -> None:
    if n < 1:
        raise RefusedError(Refusal.NO_ANSWERS, f"an interval needs at least one answer, got {n}")


def wilson(successes: int, n: int, level: float = LEVEL) -> Interval:
    """Score interval of a proportion.

    Parameters
    ----------
    successes, n : int
        Counts, ``0 <= successes <= n`` and ``n >= 1``.

    References
    ----------
    Wilson (1927).
    """
    from statsmodels.stats.proportion import proportion_confint

    _asked_at_all(n)
    if not 0 <= successes <= n:
        raise ValueError(f"need 0 <= successes <= n, got {successes} of {n}")
    low, high = proportion_confint(successes, n, alpha=1 - level, method="wilson")
    value = successes / n
    # Without failures the upper bound is the value itself, up to rounding.
    low, high = max(0.0, min(value, float(low))), min(1.0, max(value, float(high)))
    return Interval(value, low, high, int(n), level, "wilson")


def newcombe(
    successes: int, n: int, other_successes: int, other_n: int, level: float = LEVEL
) -> Interval:
    """Hybrid score interval of the difference of two independent proportions.

    The value is ``successes / n - other_successes / other_n``; no continuity correction.

    Parameters
    ----------
    successes, n : int
        Successes and trials of the one sample.
    other_successes, other_n : int
        Those of the other, which is subtracted. ``0 <= successes <= n`` and ``n >= 1`` in both.
    level : float
        Confidence level.

    Returns
    -------
    Interval
        Within −1 and 1; it holds the value.

    References
    ----------
    Newcombe (1998), method 10.
    """
    from statsmodels.stats.proportion import confint_proportions_2indep

    for hits, trials in ((successes, n), (other_successes, other_n)):
        _asked_at_all(trials)
        if not 0 <= hits <= trials:
            raise ValueError(f"need 0 <= successes <= n, got {hits} of {trials}")
    low, high = confint_proportions_2indep(
        successes, n, other_successes, other_n, method="newcomb", alpha=1 - level
    )
    value = successes / n - other_successes / other_n
    low, high = max(-1.0, min(value, float(low))), min(1.0, max(value, float(high)))
    return Interval(value, low, high, int(n + other_n), level, "newcombe")


def net_promoter(promoters: int, passives: int, detractors: int, level: float = LEVEL) -> Interval:
    """Give the adjusted Wald interval of a net promoter score, on the scale -1 to 1.

    Three answers are added (3/4 promoters, 3/2 passives, 3/4 detractors) for the interval
    alone; the value is the plain score. Where it lies beyond an end (one answer of a promoter or
    detractor) the interval is drawn out to it.

    Parameters
    ----------
    promoters, passives, detractors : int
        Answers of 9-10, 7-8 and 0-6.
    level : float
        Confidence level.

    References
    ----------
    Rocks (2016), Interval estimation for the net promoter score.
    """
    n = promoters + passives + detractors
    _asked_at_all(n)
    if min(promoters, passives, detractors) < 0:
        raise ValueError(
            "a net promoter score needs no count below 0, got "
            f"{promoters} promoters, {passives} passives, {detractors} detractors"
        )
    m = n + 3
    up, down = (promoters + 0.75) / m, (detractors + 0.75) / m
    centre = up - down
    se = math.sqrt((up + down - centre**2) / m)
    half = stats.norm.ppf((1 + level) / 2) * se
    value = (promoters - detractors) / n
    return Interval(
        value,
        max(-1.0, min(value, centre - half)),
        min(1.0, max(value, centre + half)),
        int(n),
        level,
        "adjusted_wald",
        se,
    )


def mean_t(values: np.ndarray, level: float = LEVEL) -> Interval:
    """Student t interval of the mean of independent values (site means, gains); NaN are left out.

    One value alone has no interval.
    """
    kept = np.asarray(values, dtype=float)
    kept = kept[np.isfinite(kept)]
    if kept.size == 0:
        raise RefusedError(Refusal.NO_ANSWERS, "a mean needs at least one value")
    if kept.size == 1:
        return Interval(float(kept[0]), None, None, 1, level, "none")
    se = float(kept.std(ddof=1) / math.sqrt(kept.size))
    half = float(stats.t.ppf((1 + level) / 2, kept.size - 1)) * se
    value = float(kept.mean())
    return Interval(value, value - half, value + half, int(kept.size), level, "t", se)


def welch(values: np.ndarray, others: np.ndarray, level: float = LEVEL) -> tuple[Interval, float]:
    """Difference of two means with Welch's interval, and the two-sided p-value.

    Both samples need two values or more; NaN are left out.

    Parameters
    ----------
    values, others : ndarray
        The two samples; the difference is the mean of the first minus that of the second.
    level : float
        Confidence level.

    Returns
    -------
    Interval
        Difference in the unit of the values.
    float
        Two-sided p-value.
    """
    first, second = (np.asarray(v, dtype=float)[np.isfinite(v)] for v in (values, others))
    if min(first.size, second.size) < 2:
        raise RefusedError(
            Refusal.FEW_EACH_SIDE, "Welch's interval needs at least two values on each side"
        )
    value = float(first.mean() - second.mean())
    parts = np.array([first.var(ddof=1) / first.size, second.var(ddof=1) / second.size])
    se = math.sqrt(parts.sum())
    n = int(first.size + second.size)
    if se <= 1e-12 * max(1.0, abs(value)):
        return Interval(value, value, value, n, level, "welch", 0.0), float(abs(value) < 1e-12)
    df = parts.sum() ** 2 / (parts**2 / np.array([first.size - 1, second.size - 1])).sum()
    half = float(stats.t.ppf((1 + level) / 2, df)) * se
    p_value = float(2 * stats.t.sf(abs(value) / se, df))
    return Interval(value, value - half, value + half, n, level, "welch", se), p_value

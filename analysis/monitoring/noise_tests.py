"""Tests that a number is below its line, each with the rate at which it rings falsely.

For looks that are repeated on growing data the error is that of *ever* ringing
(:mod:`analysis.monitoring.repeated`); the others are tests of one look, whose error the caller
divides among its looks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.monitoring.repeated import (
    HORIZON,
    Moderation,
    errors_below,
    ever_as_extreme,
    mean_boundary,
    mean_ever_as_extreme,
    moderated,
    share_boundary,
)


@dataclass(frozen=True, slots=True)
class NoiseTest:
    """Outcome of a noise test: p-value, and the computed false-alarm rate of the test used."""

    p_value: float
    false_alarm_rate: float
    fires: bool


def share_ever_below(hits: int, n: int, line: float, alpha: float, min_n: int) -> NoiseTest:
    """Test that a share is below a line, right however often growing answers are looked at.

    Fires when evidence as strong is *ever* seen, at any look up to
    :data:`~analysis.monitoring.repeated.HORIZON` answers, with probability at most ``alpha`` when
    the true share is at the line. The false-alarm rate is the exact probability to have rung by
    today, had every answer been looked at.

    Parameters
    ----------
    hits, n : int
        Successes and trials so far.
    line : float
        Share that should be reached, 0-1.
    alpha : float
        Probability of ever ringing at the line.
    min_n : int
        Answers before the first look.
    """
    boundary = share_boundary(line, alpha, min_n, max(n, HORIZON))
    p_value = ever_as_extreme(hits, n, line, min_n)
    return NoiseTest(p_value, float(boundary.rung[n]), hits <= boundary.critical[n])


def share_below(hits: int, n: int, line: float, alpha: float) -> NoiseTest:
    """Exact binomial test, at one look, that a share is below a line.

    Fires when ``P(X <= hits | n, line) <= alpha``. The false-alarm rate is the largest
    such probability that is attainable, hence at most ``alpha``.

    Parameters
    ----------
    hits, n : int
        Successes and trials.
    line : float
        Share that should be reached, 0-1.
    alpha : float
        Size of the test.
    """
    p_value = float(stats.binom.cdf(hits, n, line))
    critical = int(stats.binom.ppf(alpha, n, line))
    while critical >= 0 and stats.binom.cdf(critical, n, line) > alpha:
        critical -= 1
    rate = float(stats.binom.cdf(critical, n, line)) if critical >= 0 else 0.0
    return NoiseTest(p_value, rate, p_value <= alpha and hits < n * line)


def mean_ever_below(values: np.ndarray, line: float, alpha: float, min_n: int) -> NoiseTest:
    """Test over people that a mean is below a line, right at every look as people are added.

    As :func:`share_ever_below`, with the boundary of a normal walk; asymptotic in people.

    Parameters
    ----------
    values : ndarray of shape (people,)
        One value a person.
    line : float
        Mean that should be reached, in the unit of the values.
    alpha : float
        Probability of ever ringing at the line.
    min_n : int
        People before the first look.
    """
    values = np.asarray(values, dtype=float)
    n = values.size
    spread = values.std(ddof=1) / np.sqrt(n) if n > 1 else 0.0
    if spread <= 0:
        return NoiseTest(1.0, 0.0, fires=False)
    z = float(errors_below(values.mean(), spread, n, line))
    boundary = mean_boundary(alpha, min_n, max(n, HORIZON))
    p_value = mean_ever_as_extreme(z, n, min_n)
    return NoiseTest(p_value, float(boundary.rung[n]), z >= boundary.critical[n])


def mean_below(mean: float, se: float, df: float, line: float, alpha: float) -> NoiseTest:
    """One-sided t test, at one look, that a mean is below a line.

    Parameters
    ----------
    mean, se, df : float
        Mean, its standard error and degrees of freedom. Without spread nothing fires.
    line, alpha : float
        Line, and size of the test, which is also its false-alarm rate.
    """
    if not se > 0 or df < 1:
        return NoiseTest(1.0, 0.0, fires=False)
    p_value = float(stats.t.cdf((mean - line) / se, df))
    return NoiseTest(p_value, alpha, p_value <= alpha)


def dropped(
    baseline: np.ndarray,
    recent: np.ndarray,
    line: float,
    alpha: float,
    prior: Moderation | None = None,
) -> NoiseTest:
    """One-sided t test, at one look, that recent months fell below a site's own baseline months.

    Fires when the mean fell by at least the share ``line`` of the baseline mean *and* the
    test rejects "nothing changed". The spread is that of the baseline months, drawn towards
    what the other sites show (``prior``), so over-dispersion beyond sampling is in it. The
    false-alarm rate is the probability of both together when nothing changed (months taken as
    independent).

    Parameters
    ----------
    baseline, recent : ndarray
        A site's months before and the months asked about; NaN left out.
    line : float
        Fall that matters, as a share of the baseline mean.
    alpha : float
        Size of the test.
    prior : Moderation, optional
        What the other sites show of the spread.
    """
    k, b = recent.size, baseline.size
    level = baseline.mean() if b else 0.0
    if b <= 2 or not k or level <= 0:
        return NoiseTest(1.0, 0.0, fires=False)
    own = float(baseline.var(ddof=1))
    variance, df = moderated(own, b - 1, prior or Moderation(0.0, 0.0))
    spread = np.sqrt(variance * (1 / k + 1 / b))
    if own <= 0 or spread <= 0:
        return NoiseTest(1.0, 0.0, fires=False)
    fall = level - recent.mean()
    p_value = float(stats.t.sf(fall / spread, df))
    needed = max(float(stats.t.isf(alpha, df)), line * level / spread)
    rate = float(stats.t.sf(needed, df))
    return NoiseTest(p_value, rate, fall >= line * level and p_value <= alpha)

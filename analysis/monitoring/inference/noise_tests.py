"""Tests that a number is below its line, each with the rate at which it rings falsely.

For looks that are repeated on growing data the error is that of *ever* ringing
(:mod:`analysis.monitoring.inference.repeated`); the others are tests of one look, whose error the
caller divides among its looks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.monitoring.inference.dependence import effective, mean_factor, unbiased
from analysis.monitoring.inference.repeated import (
    HORIZON,
    Moderation,
    bounded_evidence,
    ever_as_extreme,
    moderated,
    share_boundary,
)


@dataclass(frozen=True, slots=True)
class NoiseTest:
    """Outcome of a noise test: p-value, and the computed false-alarm rate of the test used."""

    p_value: float
    false_alarm_rate: float
    fires: bool


def share_ever_below(
    hits: int, n: int, line: float, alpha: float, min_n: int, effect: float = 1.0
) -> NoiseTest:
    """Test that a share is below a line, right however often growing answers are looked at.

    Fires when evidence as strong is *ever* seen, at any look up to
    :data:`~analysis.monitoring.inference.repeated.HORIZON` answers, with probability at most
    ``alpha`` when the true share is at the line. The false-alarm rate is the exact probability to
    have rung by today, had every answer been looked at. Counts are divided by the design effect
    first.

    Parameters
    ----------
    hits, n : int
        Successes and trials so far.
    line : float
        Share that should be reached, 0-1.
    alpha : float
        Probability of ever ringing at the line.
    min_n : int
        Answers before the first look; of answers that resemble each other half as many
        independent ones must be there.
    effect : float
        Design effect, at least 1.
    """
    hits, n = (int(x) for x in effective(hits, n, effect))
    least = first_look(min_n)
    if n < least:
        return NoiseTest(1.0, 0.0, fires=False)
    boundary = share_boundary(line, alpha, least, max(n, HORIZON))
    p_value = ever_as_extreme(hits, n, line, least)
    return NoiseTest(p_value, float(boundary.rung[n]), bool(hits <= boundary.critical[n]))


def first_look(min_n: int) -> int:
    """Return how many independent answers there must be where a rule asks for ``min_n`` answers."""
    return max(min_n // 2, 1)


def share_below(hits: int, n: int, line: float, alpha: float, effect: float = 1.0) -> NoiseTest:
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
    effect : float
        Design effect, at least 1; counts are divided by it first.
    """
    hits, n = (int(x) for x in effective(hits, n, effect))
    p_value = float(stats.binom.cdf(hits, n, line))
    critical = int(stats.binom.ppf(alpha, n, line))
    while critical >= 0 and stats.binom.cdf(critical, n, line) > alpha:
        critical -= 1
    rate = float(stats.binom.cdf(critical, n, line)) if critical >= 0 else 0.0
    return NoiseTest(p_value, rate, p_value <= alpha and hits < n * line)


def mean_ever_below(
    values: np.ndarray, line: float, alpha: float, effect: float = 1.0
) -> NoiseTest:
    """Test over people that the mean of shares is below a line, right at every look.

    Exact whatever the distribution, for values between 0 and 1 of independent people; with
    people who resemble each other the evidence is divided by their design effect. People who all
    have the same value are tested like any others.

    Parameters
    ----------
    values : ndarray of shape (people,)
        One value in [0, 1] a person.
    line : float
        Mean in (0, 1) that should be reached.
    alpha : float
        Probability of ever ringing at the line; the false-alarm rate, which it bounds.
    effect : float
        Design effect, at least 1.

    Raises
    ------
    ValueError
        For values outside 0 and 1.
    """
    values = np.asarray(values, dtype=float)
    if values.size == 0:
        return NoiseTest(1.0, 0.0, fires=False)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError("values must lie between 0 and 1, e.g. 0.45 for 45 % completed")
    evidence = float(bounded_evidence(values, line, effect))
    return NoiseTest(min(1.0, float(np.exp(-evidence))), alpha, bool(evidence >= -np.log(alpha)))


def mean_below(mean: float, se: float, df: float, line: float, alpha: float) -> NoiseTest:
    """One-sided t test, at one look, that a mean is below a line.

    The standard error is never taken for smaller than if one more unit lay at the line, so that
    units which are all alike are tested and few of them prove nothing: ``t`` is at most
    ``sqrt(n (n + 1))``.

    Parameters
    ----------
    mean, se, df : float
        Mean, its standard error and degrees of freedom (units less one). One unit fires never.
    line, alpha : float
        Line, and size of the test, which is also its false-alarm rate.
    """
    if df < 1 or not np.isfinite(mean):
        return NoiseTest(1.0, 0.0, fires=False)
    n = df + 1
    least = abs(line - mean) / np.sqrt(n * (n + 1))
    spread = max(se if np.isfinite(se) else 0.0, least)
    if spread <= 0:
        return NoiseTest(0.5, alpha, fires=False)
    p_value = float(stats.t.cdf((mean - line) / spread, df))
    return NoiseTest(p_value, alpha, p_value <= alpha)


def dropped(
    baseline: np.ndarray,
    recent: np.ndarray,
    line: float,
    alpha: float,
    prior: Moderation | None = None,
    alike: float = 0.0,
) -> NoiseTest:
    """One-sided t test, at one look, that recent months fell below a site's own baseline months.

    Fires when the mean fell by at least the share ``line`` of the baseline mean *and* the
    test rejects "nothing changed". The spread is that of the baseline months, drawn towards
    what the other sites show (``prior``), so over-dispersion beyond sampling is in it; it is never
    taken for smaller than if one more month had been off by the fall that matters, so months that
    are all equal are tested. The false-alarm rate is the probability of both together when
    nothing changed.

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
    alike : float
        Correlation of neighbouring months, of
        :func:`~analysis.monitoring.inference.dependence.months_alike`.
    """
    k, b = recent.size, baseline.size
    level = baseline.mean() if b else 0.0
    if b <= 2 or not k or level <= 0:
        return NoiseTest(1.0, 0.0, fires=False)
    own, own_df = unbiased(baseline.var(ddof=1), b, alike)
    variance, df = moderated(float(own), own_df, prior or Moderation(0.0, 0.0))
    variance = max(variance, (line * level) ** 2 / (b + 1))
    spread = np.sqrt(variance * (mean_factor(k, alike) + mean_factor(b, alike)))
    fall = level - recent.mean()
    p_value = float(stats.t.sf(fall / spread, df))
    needed = max(float(stats.t.isf(alpha, df)), line * level / spread)
    rate = float(stats.t.sf(needed, df))
    return NoiseTest(p_value, rate, bool(fall >= line * level * (1 - 1e-9) and p_value <= alpha))

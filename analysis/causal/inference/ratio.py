"""Ratios of two estimates with an honest interval.

References
----------
Fieller (1954); the same set is Anderson and Rubin's (1949) for one instrument.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.causal.inference.distributions import t_p_value, t_quantile
from analysis.settings import LEVEL


@dataclass(frozen=True, slots=True)
class Ratio:
    """``numerator / denominator`` with Fieller's set and the delta method's standard error.

    ``ci_low`` and ``ci_high`` are None where the set is not an interval: the denominator cannot be
    told from zero, so no ratio can be excluded on at least one side. ``p_value`` tests the
    denominator against zero.
    """

    value: float
    se: float
    ci_low: float | None
    ci_high: float | None
    level: float
    p_value: float


def fieller(
    numerator: float, denominator: float, covariance: np.ndarray, *, df: float, level: float = LEVEL
) -> Ratio:
    """Return all ratios r with ``|numerator − r·denominator|`` within its own margin of error.

    Parameters
    ----------
    covariance : (2, 2)
        Of numerator and denominator.
    df : float
        Degrees of freedom of the t quantile.
    """
    v_n, v_d, v_nd = covariance[0, 0], covariance[1, 1], covariance[0, 1]
    value = numerator / denominator if denominator else float("nan")
    se = np.sqrt(max(v_n - 2 * value * v_nd + value**2 * v_d, 0.0)) / abs(denominator or np.nan)
    c2 = t_quantile(level, df) ** 2
    a = denominator**2 - c2 * v_d
    b = numerator * denominator - c2 * v_nd
    low = high = None
    if a > 0:
        root = np.sqrt(max(b**2 - a * (numerator**2 - c2 * v_n), 0.0))
        low, high = float((b - root) / a), float((b + root) / a)
    p_value = t_p_value(denominator / np.sqrt(v_d), df) if v_d > 0 else 0.0
    return Ratio(float(value), float(se), low, high, level, p_value)

"""Quantiles and tail areas by SciPy's special functions (``scipy.stats`` is slow to import)."""

from __future__ import annotations

from scipy.special import chdtrc, chndtr, fdtrc, ndtri, stdtr, stdtrit

from analysis.causal.panel.faults import OptionError


def t_quantile(level: float, df: float) -> float:
    """Two-sided critical value: ``P(|t| <= q) = level``; normal for infinite ``df``."""
    if not 0 < level < 1:
        raise OptionError("level", level, "a share, e.g. 0.95 for 95 %")
    tail = (1 + level) / 2
    return float(ndtri(tail) if df == float("inf") else stdtrit(df, tail))


def t_p_value(statistic: float, df: float) -> float:
    """Two-sided p-value of a t statistic."""
    return float(2 * stdtr(min(df, 1e9), -abs(statistic)))


def chi2_p_value(statistic: float, df: int) -> float:
    """Upper tail of a chi-square."""
    return float(chdtrc(df, statistic))


def f_p_value(statistic: float, df1: int, df2: int) -> float:
    """Upper tail of an F."""
    return float(fdtrc(df1, df2, statistic))


def noncentrality(df: int, size: float, power: float) -> float:
    """Noncentrality at which a chi-square test of ``size`` has ``power``."""
    from scipy.optimize import brentq
    from scipy.special import chdtri

    critical = chdtri(df, size)
    return float(brentq(lambda nc: 1 - chndtr(critical, df, nc) - power, 1e-9, 1e4))

r"""Several sources on one behaviour: 360°, BARS, mystery shopper, logs, each with its rater error.

A score that raters blur has a wider spread, so that a standardised effect on it is too small by
:math:`\sqrt{reliability}`; that is undone first. Then precision weights with the variance between
sources: when sources disagree, the interval grows.

References
----------
Spearman (1904) for the correction; Paule, Mandel (1982) for τ²; Higgins, Thompson (2002) for I².
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.causal.inference.distributions import chi2_p_value, t_p_value, t_quantile
from analysis.causal.options import Options
from analysis.causal.panel.frame import FrameError
from analysis.results import Check, Estimate, Topic

#: Assumed correlation between the sampling errors of sources that rate the same people.
SOURCE_CORRELATION = 0.5
#: Sources are said to differ below this p-value.
SPREAD = 0.1


def triangulate(
    sources: Sequence[tuple[str, float, float, float]],
    *,
    outcome: str,
    correlation: float = SOURCE_CORRELATION,
    causal_against: str | None = None,
    options: Options | None = None,
) -> tuple[Estimate, Check]:
    """Pool what several sources say about one behaviour, and ask whether they agree.

    Parameters
    ----------
    sources : sequence of (name, value, se, reliability)
        Effect of each source in standard deviations of its own score; reliability of its raters.
        Values and errors are divided by √reliability: rater error widens a score's spread and so
        shrinks a standardised effect.
    correlation : float
        Between sampling errors of sources; they rate the same people.
    causal_against : str, optional
        Comparison group, where the values are effects.

    Returns
    -------
    Estimate
        ``…triangulated`` (``triangulated``), inverse-variance with the variance between sources;
        ``dims``: ``sources``, ``tau``, ``i_squared``, ``agreeing`` (sources of the pooled sign).
    Check
        Passed when all sources have one sign and their spread can be chance.

    Raises
    ------
    FrameError
        ``few_sources`` with fewer than two; ``reliability_range``.
    """
    options = options or Options()
    if len(sources) < 2:
        raise FrameError("few_sources", "one source cannot be triangulated")
    names = [name for name, *_ in sources]
    value, se, reliability = (
        np.array(column, float) for column in list(zip(*sources, strict=True))[1:]
    )
    if not np.all((reliability > 0) & (reliability <= 1)):
        raise FrameError("reliability_range", "reliability is between 0 and 1")
    if not np.all(se > 0):
        raise FrameError("not_finite", "every source needs a standard error above zero")
    value, se = value / np.sqrt(reliability), se / np.sqrt(reliability)
    K = len(value)
    fixed = 1 / se**2
    Q = float(fixed @ (value - fixed @ value / fixed.sum()) ** 2)
    tau2 = _between(value, se**2)
    weight = 1 / (se**2 + tau2)
    weight = weight / weight.sum()
    covariance = correlation * np.outer(se, se)
    np.fill_diagonal(covariance, se**2 + tau2)
    pooled = float(weight @ value)
    error = float(np.sqrt(weight @ covariance @ weight))
    half = t_quantile(options.level, np.inf) * error
    agreeing = int(np.sum(np.sign(value) == np.sign(pooled)))
    p_value = chi2_p_value(Q, K - 1)
    stem = f"{options.prefix}.{outcome}.triangulated"
    estimate = Estimate(
        id=stem,
        estimand="triangulated",
        indicator=outcome,
        unit="standard_deviations",
        value=pooled,
        se=error,
        ci_low=pooled - half,
        ci_high=pooled + half,
        p_value=t_p_value(pooled / error, np.inf),
        n=K,
        level=options.level,
        method="inverse_variance",
        interval_method="random_effects",
        comparison=causal_against,
        causal=causal_against is not None,
        dims={
            "sources": ", ".join(names),
            "tau": float(np.sqrt(tau2)),
            "i_squared": max(0.0, (Q - (K - 1)) / Q) if Q > 0 else 0.0,
            "agreeing": agreeing,
        },
        simulated=options.simulated,
    )
    return estimate, _agreement(f"{stem}.check", outcome, value, agreeing, p_value)


def _agreement(id: str, outcome: str, value: np.ndarray, agreeing: int, p_value: float) -> Check:
    """Ask whether all sources have one sign and their spread can be chance."""
    reason = None
    if agreeing < len(value):
        reason = "causal.why.sources_agree.signs"
    elif p_value < SPREAD:
        reason = "causal.why.sources_agree.spread"
    return Check(
        id=id,
        topic=Topic.SOURCES_AGREE,
        indicator=outcome,
        question="causal.check.sources_agree",
        status="passed" if reason is None else "caution",
        value=p_value,
        threshold=SPREAD,
        unit="p_value",
        n=len(value),
        reason=reason,
        remedy=None if reason is None else "causal.remedy.sources_agree",
        params={
            "agreeing": agreeing,
            "sources": len(value),
            "lowest": float(value.min()),
            "highest": float(value.max()),
        },
    )


def _between(value: np.ndarray, variance: np.ndarray) -> float:
    """Variance between sources by Paule and Mandel; 0 when the spread can be sampling error."""

    def excess(tau2: float) -> float:
        weight = 1 / (variance + tau2)
        mean = weight @ value / weight.sum()
        return float(weight @ (value - mean) ** 2) - (len(value) - 1)

    if excess(0.0) <= 0:
        return 0.0
    from scipy.optimize import brentq

    return float(brentq(excess, 0.0, 1e3 * (np.var(value) + variance.max())))

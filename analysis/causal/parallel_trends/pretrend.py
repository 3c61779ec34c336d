"""A joint test whether treated and comparison units moved together before treatment.

Passing the test is weak evidence: with few units it overlooks drifts large enough to explain the
whole effect. The result therefore says how steep a drift the test would have found.

References
----------
Roth (2022), Pretest with caution: event-study estimates after testing for parallel trends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.causal.inference.distributions import chi2_p_value, f_p_value, noncentrality
from analysis.causal.panel.frame import FrameError


@dataclass(frozen=True, slots=True)
class PreTrend:
    """Joint test that J pre-period effects are zero.

    Attributes
    ----------
    statistic : float
        Wald statistic.
    df : int
        Number of effects tested.
    p_value : float
        From F(J, C − J) after Hotelling's factor, or from chi-square where so asked.
    detectable_slope : float
        Linear drift a period, in units of the outcome, found with probability ``power``.
    """

    statistic: float
    df: int
    p_value: float
    detectable_slope: float
    power: float


def pretrend_test(
    att: np.ndarray,
    covariance: np.ndarray,
    distance: np.ndarray,
    *,
    n_clusters: int | None,
    size: float = 0.05,
    power: float = 0.8,
) -> PreTrend:
    """Test pre-period effects jointly.

    Parameters
    ----------
    att : (J,)
        Effects before treatment.
    covariance : (J, J)
        Their clustered covariance.
    distance : (J,)
        Periods between each effect's period and its base: what a drift of one a period adds.
    n_clusters : int or None
        For the F reference; None for the chi-square, as R's ``did`` prints it.

    Raises
    ------
    FrameError
        ``singular`` when there are as many effects as clusters, a singular covariance, or no
        effect lies away from its base.
    """
    J = len(att)
    spread = np.sqrt(np.diag(covariance))
    if J == 0 or not np.all(spread > 0) or (n_clusters is not None and n_clusters <= J):
        raise FrameError("singular", "pre-period effects cannot be tested jointly")
    correlation = covariance / np.outer(spread, spread)
    if np.linalg.cond(correlation) > 1e10:
        raise FrameError("singular", "the covariance of the pre-period effects is singular")
    scaled, drift = att / spread, np.asarray(distance, float) / spread
    statistic = float(scaled @ np.linalg.solve(correlation, scaled))
    information = float(drift @ np.linalg.solve(correlation, drift))
    if not information > 0:
        raise FrameError("singular", "no drift would move these effects")
    shrink = 1.0
    if n_clusters is None:
        p_value = chi2_p_value(statistic, J)
    else:
        shrink = (n_clusters - J) / (n_clusters - 1)
        p_value = f_p_value(statistic * shrink / J, J, n_clusters - J)
    needed = noncentrality(J, size, power)
    return PreTrend(
        statistic=statistic,
        df=J,
        p_value=p_value,
        detectable_slope=float(np.sqrt(needed / (information * shrink))),
        power=power,
    )

"""Cox's regression: how much faster something ends in one group than in another."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.causal.inference.distributions import t_p_value, t_quantile
from analysis.causal.panel.frame import FrameError
from analysis.causal.refusals import Refusal
from analysis.settings import LEVEL

_FEWEST_CLUSTERS = 10
"""Below it the sandwich covariance is too small to be believed."""


@dataclass(frozen=True, slots=True)
class HazardRatio:
    """A hazard ratio with its interval.

    Attributes
    ----------
    ratio, ci_low, ci_high : float
        Above 1 where the exposed end sooner. Ends are None with too few clusters.
    log_ratio, se : float
        On the scale of the model; ``se`` is None with too few clusters.
    p_value : float or None
        Of a ratio of 1.
    proportional_p : float or None
        Of hazards that keep their ratio over time (correlation of Schoenfeld residuals with the
        rank of time). Where it is small the ratio is an average over the time watched.
    n, n_events, n_clusters : int
        ``n_clusters`` is 0 where rows count as independent.
    level : float
    """

    ratio: float
    ci_low: float | None
    ci_high: float | None
    log_ratio: float
    se: float | None
    p_value: float | None
    proportional_p: float | None
    n: int
    n_events: int
    n_clusters: int
    level: float


def hazard_ratio(
    duration: np.ndarray,
    event: np.ndarray,
    exposed: np.ndarray,
    *,
    covariates: np.ndarray | None = None,
    strata: np.ndarray | None = None,
    cluster: np.ndarray | None = None,
    ties: str = "efron",
    level: float = LEVEL,
) -> HazardRatio:
    """Estimate the hazard ratio of exposed to others by Cox's partial likelihood (statsmodels).

    It compares groups as they are and makes no cause of them; for a difference in differences
    of waiting times see :func:`~analysis.causal.survival.kaplan_meier.restricted_mean_difference`,
    which needs no proportional hazards.

    Parameters
    ----------
    duration : (n,)
        Time until the event or until watching ended, above 0.
    event : (n,) bool
        Whether it happened; otherwise the row is censored.
    exposed : (n,) bool
    covariates : (n, k), optional
        Held fixed.
    strata : (n,), optional
        Groups with a baseline hazard of their own.
    cluster : (n,), optional
        Sites; the covariance then allows rows of a site to be alike, and intervals take t with
        clusters − 1 degrees of freedom.
    ties : {"efron", "breslow"}

    Raises
    ------
    FrameError
        ``empty_arm`` without exposed or without others; ``no_events`` where none happened in one
        of the two groups: the ratio is then zero or infinite.
    ValueError
        For a negative duration.

    References
    ----------
    Cox (1972); Efron (1977) on ties; Lin & Wei (1989) on clusters; Grambsch & Therneau (1994) on
    proportional hazards.
    """
    from statsmodels.duration.hazard_regression import PHReg

    times, happened = np.asarray(duration, dtype=float), np.asarray(event, dtype=bool)
    group = np.asarray(exposed, dtype=bool)
    if (times < 0).any():
        raise ValueError("durations are 0 or more")
    if not happened.any():
        raise FrameError(Refusal.NO_EVENTS, "nothing ended, so nothing ended sooner")
    if group.all() or not group.any():
        raise FrameError(Refusal.EMPTY_ARM, "a ratio needs exposed rows and others")
    if not happened[group].any() or not happened[~group].any():
        raise FrameError(Refusal.NO_EVENTS, "nothing ended in one of the two groups")
    columns = [group.astype(float)[:, None]]
    if covariates is not None:
        columns.append(np.asarray(covariates, dtype=float).reshape(len(times), -1))
    design = np.hstack(columns)
    model = PHReg(times, design, status=happened.astype(float), strata=strata, ties=ties)
    groups = None if cluster is None else np.unique(cluster, return_inverse=True)[1]
    clusters = 0 if groups is None else int(groups.max()) + 1
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Groups are")
        found = model.fit(disp=0) if groups is None else model.fit(groups=groups, disp=0)
    value, se = float(found.params[0]), float(found.bse[0])
    low = high = p_value = kept = None
    if groups is None or clusters >= _FEWEST_CLUSTERS:
        kept = se
        if groups is None:
            wide = float(stats.norm.ppf((1 + level) / 2))
            p_value = 2 * float(stats.norm.sf(abs(value / se)))
        else:
            wide = t_quantile(level, clusters - 1)
            p_value = t_p_value(value / se, clusters - 1)
        low, high = np.exp(value - wide * se), np.exp(value + wide * se)
    return HazardRatio(
        ratio=float(np.exp(value)),
        ci_low=None if low is None else float(low),
        ci_high=None if high is None else float(high),
        log_ratio=value,
        se=kept,
        p_value=p_value,
        proportional_p=_proportional(found.schoenfeld_residuals[:, 0], times, happened),
        n=len(times),
        n_events=int(happened.sum()),
        n_clusters=clusters,
        level=level,
    )


def _proportional(residuals: np.ndarray, times: np.ndarray, happened: np.ndarray) -> float | None:
    """Return the p-value of the residuals' correlation with the rank of time."""
    seen = happened & np.isfinite(residuals)
    if seen.sum() < 4 or np.ptp(residuals[seen]) == 0 or np.ptp(times[seen]) == 0:
        return None
    return float(stats.pearsonr(stats.rankdata(times[seen]), residuals[seen]).pvalue)

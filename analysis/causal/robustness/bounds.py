r"""Lee bounds: effects on those who stay in either arm, when staying or answering differs by arm.

The arm with the higher share staying is trimmed until the shares agree: once from the top, once
from the bottom. With :math:`k` the share kept and Y of that arm's stayers, the lower trimmed mean
is :math:`\max_q\, q - E[(q - Y)_+]/k`: the boundary value gets exactly the fraction of its mass
that is needed, so ordinal scores with ties are trimmed by the right share and neither by more nor
less.

Staying must be moved by training in one direction only (nobody stays who would have left had he
been trained, and at the same time others the other way round).

References
----------
Lee (2009), Training, wages, and sample selection, propositions 1 and 3; Imbens, Manski (2004) for
the interval; Rockafellar, Uryasev (2000) for the trimmed mean as an optimum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from analysis.causal.inference.distributions import t_p_value, t_quantile
from analysis.causal.options import Options
from analysis.causal.panel.frame import FrameError
from analysis.results import Estimate
from analysis.settings import LEVEL


@dataclass(frozen=True, slots=True)
class LeeBounds:
    """Bounds on the mean difference among those who stay in either arm.

    Attributes
    ----------
    lower, upper, se_lower, se_upper : float
        Standard errors are clustered and include that the trimming share is estimated.
    ci_low, ci_high : float
        Imbens–Manski interval: covers the effect (not the whole set) with ``level``.
    difference : float
        Untrimmed difference of the stayers' means.
    stayed_treated, stayed_compared : float
        Shares staying.
    stayed_p_value, stayed_se : float
        Whether the shares differ, and the standard error of their difference, clustered.
    trimmed_share : float
        Share of the trimmed arm's stayers left out.
    trimmed_treated : bool
        Whether the treated arm was trimmed.
    n, n_clusters : int
    """

    lower: float
    upper: float
    se_lower: float
    se_upper: float
    ci_low: float
    ci_high: float
    level: float
    difference: float
    stayed_treated: float
    stayed_compared: float
    stayed_p_value: float
    stayed_se: float
    trimmed_share: float
    trimmed_treated: bool
    n: int
    n_clusters: int


def lee_bounds(
    y: Sequence[float],
    stayed: Sequence[bool],
    treated: Sequence[bool],
    *,
    cluster: Sequence | None = None,
    level: float = LEVEL,
) -> LeeBounds:
    """Bound the effect on those who stay in either arm.

    Parameters
    ----------
    y : (n,)
        Outcome; not looked at where ``stayed`` is false (may be NaN there).
    stayed, treated : (n,) bool
        Everybody who was there at the start, leavers included.
    cluster : (n,), optional
        Labels of the cluster of assignment; default each unit its own.

    Raises
    ------
    FrameError
        ``empty_arm`` when an arm has no stayer, ``not_finite`` for a stayer without outcome.
    """
    values = np.asarray(y, dtype=float)
    S, D = np.asarray(stayed, dtype=bool), np.asarray(treated, dtype=bool)
    if not (S & D).any() or not (S & ~D).any():
        raise FrameError("empty_arm", "one arm has nobody who stayed")
    if not np.isfinite(values[S]).all():
        raise FrameError("not_finite", "somebody stayed and has no outcome")
    labels = np.arange(len(S)) if cluster is None else np.asarray(cluster)
    codes = np.unique(labels, return_inverse=True)[1]
    share = {arm: float(S[arm == D].mean()) for arm in (True, False)}
    share_influence = {arm: _mean_influence(S.astype(float), arm == D) for arm in (True, False)}
    trimmed = share[True] > share[False]
    other = not trimmed
    kept = share[other] / share[trimmed]
    kept_influence = kept * (
        share_influence[other] / share[other] - share_influence[trimmed] / share[trimmed]
    )
    full = np.where(S, values, 0.0)
    rest = S & (other == D)
    mean, mean_influence = full[rest].mean(), _mean_influence(full, rest)
    low, low_influence = _trimmed_mean(full, S & (trimmed == D), kept, kept_influence)
    high, high_influence = _trimmed_mean(-full, S & (trimmed == D), kept, kept_influence)
    high, high_influence = -high, -high_influence
    if trimmed:
        ends = [(low - mean, low_influence - mean_influence)]
        ends.append((high - mean, high_influence - mean_influence))
    else:
        ends = [(mean - high, mean_influence - high_influence)]
        ends.append((mean - low, mean_influence - low_influence))
    n_clusters = int(codes.max()) + 1
    se = [_clustered(influence, codes) for _, influence in ends]
    gap = _clustered(share_influence[True] - share_influence[False], codes)
    lower, upper = float(ends[0][0]), float(ends[1][0])
    critical = _imbens_manski((upper - lower) / max(*se, 1e-300), level)
    move = share[True] - share[False]
    return LeeBounds(
        lower=lower,
        upper=upper,
        se_lower=se[0],
        se_upper=se[1],
        ci_low=lower - critical * se[0],
        ci_high=upper + critical * se[1],
        level=level,
        difference=float(full[S & D].mean() - full[S & ~D].mean()),
        stayed_treated=share[True],
        stayed_compared=share[False],
        stayed_p_value=t_p_value(move / gap, n_clusters - 1) if gap > 0 else 1.0,
        stayed_se=gap,
        trimmed_share=1 - kept,
        trimmed_treated=trimmed,
        n=len(S),
        n_clusters=n_clusters,
    )


def lee_estimates(
    bounds: LeeBounds, *, outcome: str, unit: str, options: Options | None = None
) -> tuple[Estimate, Estimate, Estimate]:
    """Return lower bound, upper bound (both with the interval of the effect) and attrition gap.

    Parameters
    ----------
    bounds : LeeBounds
        Of :func:`lee_bounds`.
    outcome, unit : str
        Indicator, and the unit of the bounds.
    options : Options, optional
        Prefix of the ids, level and whether the world is simulated.
    """
    options = options or Options()
    stem = f"{options.prefix}.{outcome}.lee"
    common = {
        "indicator": outcome,
        "n": bounds.n,
        "n_units": bounds.n_clusters,
        "n_clusters": bounds.n_clusters,
        "level": bounds.level,
        "method": "lee_bounds",
        "comparison": "never_treated",
        "causal": True,
        "simulated": options.simulated,
    }
    inside = {
        "unit": unit,
        "ci_low": bounds.ci_low,
        "ci_high": bounds.ci_high,
        "interval_method": "imbens_manski",
    }
    ends = [
        Estimate(
            id=f"{stem}.{end}",
            estimand=f"effect_on_stayers_{end}",
            value=value,
            se=se,
            dims={"end": end, "trimmed_share": bounds.trimmed_share},
            **inside,
            **common,
        )
        for end, value, se in (
            ("lower", bounds.lower, bounds.se_lower),
            ("upper", bounds.upper, bounds.se_upper),
        )
    ]
    moved = bounds.stayed_treated - bounds.stayed_compared
    half = t_quantile(bounds.level, bounds.n_clusters - 1) * bounds.stayed_se
    gap = Estimate(
        id=f"{stem}.attrition",
        estimand="difference_stayed",
        unit="share",
        value=moved,
        se=bounds.stayed_se,
        ci_low=moved - half,
        ci_high=moved + half,
        p_value=bounds.stayed_p_value,
        interval_method="clustered_t",
        **common,
    )
    return ends[0], ends[1], gap


def _mean_influence(values: np.ndarray, members: np.ndarray) -> np.ndarray:
    return np.where(members, values - values[members].mean(), 0.0) / members.sum()


def _trimmed_mean(values, members, kept, kept_influence):
    """Mean of the lowest ``kept`` share, and its influence with that of the share."""
    own = np.sort(values[members])
    place = min(int(np.ceil(kept * len(own) - 1e-9)), len(own)) - 1
    q = own[max(place, 0)]
    short = np.maximum(q - values, 0.0)
    mean = q - short[members].mean() / kept
    influence = -_mean_influence(short, members) / kept + (q - mean) / kept * kept_influence
    return mean, influence


def _clustered(influence: np.ndarray, codes: np.ndarray) -> float:
    total = np.bincount(codes, weights=influence)
    m = len(total)
    return float(np.sqrt((total**2).sum() * m / max(m - 1, 1)))


def _imbens_manski(width: float, level: float) -> float:
    """Critical value between one-sided (wide set) and two-sided (a point)."""
    from scipy.optimize import brentq

    if width > 20:
        return t_quantile(2 * level - 1, np.inf)
    return float(brentq(lambda c: ndtr(c + width) - ndtr(-c) - level, 0.0, 10.0, xtol=1e-12))

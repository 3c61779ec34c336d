"""The level after the start, regressed on the arm and on the unit's own level before.

Difference in differences sets the coefficient on the level before to one; here it is estimated.
The two rest on different assumptions: parallel trends, or that units of one level before would
have moved alike. Where only one of the two holds, the effect lies between the two estimates
(Ding & Li), whatever made management choose the sites. A level before that is measured with few
answers pulls its coefficient towards zero, and the estimate towards the plain difference after.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.causal.did.base import row_means
from analysis.causal.did.group_time import by_cluster
from analysis.causal.did.two_by_two import small_sample_scale
from analysis.causal.panel.frame import FrameError, Prepared

_LEAST_SPREAD = 1e-12
"""Share of the squared levels below which they do not differ."""


@dataclass(frozen=True, slots=True)
class LaggedOutcome:
    """ATT with its clustered standard error.

    Attributes
    ----------
    att, se : float
        In units of the outcome.
    slopes : tuple of float
        Coefficient on the level before, by cohort.
    """

    att: float
    se: float
    slopes: tuple[float, ...]


def lagged_outcome(panel: Prepared) -> LaggedOutcome:
    r"""Compare levels after the start among never-treated and treated units of one level before.

    For each cohort, with the never treated,
    :math:`\bar y_{i,after} = a + \tau_g D_i + \rho_g \bar y_{i,before} + e_i`, both means over the
    cohort's own months; cohorts count by size. The standard error clusters influence over units
    and takes off a degree of freedom for each arm (as the plain two by two does).

    Raises
    ------
    FrameError
        ``no_never_treated`` when every unit is treated within the window; ``empty`` when a cohort
        or its comparison lacks a before or an after, or no two units are left over to estimate
        the coefficient from.

    References
    ----------
    Ding & Li (2019), A bracketing relationship between difference-in-differences and
    lagged-dependent-variable adjustment, *Political Analysis* 27(4); Angrist & Pischke (2009),
    section 5.4.
    """
    never = np.isinf(panel.cohort)
    if not never.any():
        raise FrameError("no_never_treated", "the comparison of levels needs never-treated units")
    share = {g: panel.weights[panel.cohort == g].sum() for g in panel.cohorts}
    total, att, slopes = sum(share.values()), 0.0, []
    influence = np.zeros(len(panel.weights))
    for g in panel.cohorts:
        before = row_means(panel.y[:, panel.periods < g - panel.anticipation])
        after = row_means(panel.y[:, panel.periods >= g])
        treated = panel.cohort == g
        used = (treated | never) & ~np.isnan(before) & ~np.isnan(after)
        if not (used & treated).any() or not (used & never).any() or used.sum() < 4:
            raise FrameError("empty", f"cohort {g:.0f} or its comparison lacks a before or after")
        effect, moved, slope = _cohort(
            after[used], before[used], treated[used].astype(float), panel.weights[used]
        )
        part = share[g] / total
        att += part * effect
        influence[used] += part * moved
        slopes.append(slope)
    score = by_cluster(influence * small_sample_scale(panel), panel.cluster)
    return LaggedOutcome(float(att), float(np.sqrt(score @ score)), tuple(slopes))


def _cohort(
    after: np.ndarray, before: np.ndarray, arm: np.ndarray, weights: np.ndarray
) -> tuple[float, np.ndarray, float]:
    """Return effect, influence of the units and coefficient on the level before of one cohort."""
    root = np.sqrt(weights)
    known = np.column_stack([np.ones_like(before), before - np.average(before, weights=weights)])
    if (known[:, 1] ** 2).sum() <= _LEAST_SPREAD * (before**2).sum():
        known = known[:, :1]  # all units alike before: nothing to adjust for
    design = np.column_stack([arm, known])
    fit, *_ = np.linalg.lstsq(design * root[:, None], after * root, rcond=None)
    gap, *_ = np.linalg.lstsq(known * root[:, None], arm * root, rcond=None)
    apart = arm - known @ gap
    moved = weights * apart * (after - design @ fit) / (weights * apart**2).sum()
    return float(fit[0]), moved, float(fit[2]) if known.shape[1] > 1 else 0.0

r"""One treated cohort, one comparison, two periods: the building block of group-time effects.

With :math:`\Delta Y` the change of the outcome, D treated, X covariates with a constant,
w unit weights and p(X) the logit propensity,

* ``reg``: :math:`E[\Delta Y - X\hat\beta \mid D=1]`, β from the comparison units;
* ``ipw``: difference of Hájek-weighted means, comparison weighted by p/(1−p);
* ``dr``: both, consistent if either model is right;
* ``dr_improved``: both, fitted so that neither's estimation error adds to the first-order error of
  the effect: p by inverse probability tilting, β from comparison units weighted by p/(1−p).
  Inference is then doubly robust as well.

References
----------
Sant'Anna, Zhao (2020), Doubly robust difference-in-differences estimators, eqs. 2.4–2.8,
the standardised weights of their section 3, and section 3.1 for ``dr_improved``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.measurement.propensity import (
    CellError,
    inverse_gram,
    logit,
    standardised,
    tilted_odds,
)

Method = Literal["dr", "reg", "ipw", "dr_improved"]
#: Comparison units with a propensity at or above this are left out, as R's DRDID does.
TRIM = 0.995


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """ATT of one two-period comparison of m units.

    Attributes
    ----------
    att : float
    influence : (m,)
        Influence of each unit divided by m: att's variance is the sum of squares.
    contrast : (m,)
        Weights a with ``att = a @ dy``; every estimator here is linear in the outcome.
    poor_overlap : float
        Share of units with a propensity outside [.01, .99]; 0 without covariates.
    """

    att: float
    influence: np.ndarray
    contrast: np.ndarray
    poor_overlap: float = 0.0


def two_period(
    dy: np.ndarray, treated: np.ndarray, X: np.ndarray, w: np.ndarray, method: Method
) -> Contrast:
    """Estimate ATT from changes.

    Parameters
    ----------
    dy : (m,)
        Outcome now minus outcome in the base period.
    treated : (m,) bool
    X : (m, K)
        Covariates without constant; K may be 0.
    w : (m,)
        Unit weights.
    method : {"dr", "reg", "ipw", "dr_improved"}

    Raises
    ------
    CellError
        ``empty_arm``, ``covariate_constant``, ``covariates_collinear``, ``covariates_separate``,
        ``no_overlap``.
    """
    D = treated.astype(float)
    if not D.any() or D.all():
        raise CellError("empty_arm")
    wd, w0 = w * D, w * (1 - D)
    if X.shape[1] == 0:
        t, c = wd / wd.sum(), w0 / w0.sum()
        mean_t, mean_c = t @ dy, c @ dy
        influence = t * (dy - mean_t) - c * (dy - mean_c)
        return Contrast(float(mean_t - mean_c), influence, t - c)

    Z = standardised(X, among=None if method == "ipw" else ~treated)
    if method == "dr_improved":
        return _improved(dy, Z, D, w)
    poor, alr_ps = 0.0, None
    if method == "reg":
        wc = np.zeros_like(w0)
    else:
        ps, information_inverse = logit(Z, D, w)
        poor = float(np.mean((ps < 0.01) | (ps > 0.99)))
        alr_ps = (w * (D - ps))[:, None] * Z @ information_inverse
        keep = (D == 1) | (ps < TRIM)
        wc = np.where(keep, w0 * ps / (1 - ps), 0.0)
        if wc.sum() <= 0:
            raise CellError("no_overlap")
    t = wd / wd.sum()
    c = wc / wc.sum() if wc.any() else wc
    r, outcome_inverse = dy, None
    if method != "ipw":
        outcome_inverse = inverse_gram(Z, w0)
        beta = outcome_inverse @ (Z.T @ (w0 * dy))
        r = dy - Z @ beta
    mean_t, mean_c = t @ r, c @ r
    influence = t * (r - mean_t) - c * (r - mean_c)
    h = t - c
    contrast = h
    if outcome_inverse is not None:
        toward = outcome_inverse @ (Z.T @ h)
        influence = influence - (w0 * r) * (Z @ toward)
        contrast = h - w0 * (Z @ toward)
    if alr_ps is not None:
        influence = influence - alr_ps @ (Z.T @ (c * (r - mean_c)))
    return Contrast(float(mean_t - mean_c), influence, contrast, poor)


def _improved(dy: np.ndarray, Z: np.ndarray, D: np.ndarray, w: np.ndarray) -> Contrast:
    """Tilted weights on the comparison units, and the regression weighted by them.

    The weights reach the treated units' means, so that the regression drops out of the effect; it
    stays in the residuals of the influence.
    """
    odds = tilted_odds(Z, D, w)
    wd, wc = w * D, w * (1 - D) * odds
    beta = inverse_gram(Z, wc) @ (Z.T @ (wc * dy))
    t, c = wd / wd.sum(), wc / wc.sum()
    r = dy - Z @ beta
    att = float(t @ r)
    ps = odds / (1 + odds)
    poor = float(np.mean((ps < 0.01) | (ps > 0.99)))
    return Contrast(att, t * (r - att) - c * r, t - c, poor)

r"""One treated cohort, one comparison, two periods: the building block of group-time effects.

With :math:`\Delta Y` the change of the outcome, D treated, X covariates with a constant,
w unit weights and p(X) the logit propensity,

* ``reg``: :math:`E[\Delta Y - X\hat\beta \mid D=1]`, β from the comparison units;
* ``ipw``: difference of Hájek-weighted means, comparison weighted by p/(1−p);
* ``dr``: both, consistent if either model is right.

References
----------
Sant'Anna, Zhao (2020), Doubly robust difference-in-differences estimators, eqs. 2.4–2.8,
and the standardised weights of their section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Method = Literal["dr", "reg", "ipw"]
#: Comparison units with a propensity at or above this are left out, as R's DRDID does.
TRIM = 0.995


class CellError(ValueError):
    """One group-time cell cannot be estimated; the message is its reason."""


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
    method : {"dr", "reg", "ipw"}

    Raises
    ------
    CellError
        No comparison unit, a rank-deficient regression, or a separated propensity.
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

    Z = np.column_stack([np.ones(len(dy)), X])
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


def inverse_gram(Z: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return ``(Z'wZ)⁻¹``; CellError when the comparison units cannot carry the regression."""
    gram = Z.T @ (w[:, None] * Z)
    scale = np.sqrt(np.diag(gram))
    if not np.all(scale > 0):
        raise CellError("rank_deficient")
    standard = gram / np.outer(scale, scale)
    if np.linalg.cond(standard) > 1e12:
        raise CellError("rank_deficient")
    return np.linalg.inv(standard) / np.outer(scale, scale)


def logit(Z: np.ndarray, D: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit a weighted logit by Newton steps.

    Returns
    -------
    ps : (m,)
        Fitted probabilities, below 1 − 1e-6.
    information_inverse : (K, K)
        Inverse Fisher information.

    Raises
    ------
    CellError
        ``no_overlap`` when the covariates separate treated from comparison units.
    """
    centre, spread = Z.mean(axis=0), Z.std(axis=0)
    centre[0], spread[0] = 0.0, 1.0
    if not np.all(spread > 0):
        raise CellError("rank_deficient")
    S = (Z - centre) / spread
    beta = np.zeros(Z.shape[1])
    share = np.average(D, weights=w)
    beta[0] = np.log(share / (1 - share))
    for _ in range(50):
        ps = 1 / (1 + np.exp(-np.clip(S @ beta, -35, 35)))
        inverse = inverse_gram(S, w * ps * (1 - ps))
        step = inverse @ (S.T @ (w * (D - ps)))
        beta = beta + step
        if np.max(np.abs(beta)) > 30:
            raise CellError("no_overlap")
        if np.max(np.abs(step)) < 1e-11:
            break
    else:
        raise CellError("no_overlap")
    ps = np.minimum(1 / (1 + np.exp(-S @ beta)), 1 - 1e-6)
    return ps, inverse_gram(Z, w * ps * (1 - ps))

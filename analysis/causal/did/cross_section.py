"""Two periods as repeated cross-sections: levels of whoever was observed, not changes.

Used for unbalanced panels when units seen in only one of the two periods shall count, as
R's ``did`` does with ``allow_unbalanced_panel = TRUE``. It trades the within-unit comparison
for more rows; the influence is summed by unit afterwards.

References
----------
Sant'Anna, Zhao (2020), eqs. 2.5, 2.7 and 3.4 (locally efficient ``dr``).
"""

from __future__ import annotations

import numpy as np

from analysis.causal.did.two_period import TRIM, Method
from analysis.measurement.propensity import CellError, inverse_gram, logit, standardised


def cross_section(
    y: np.ndarray,
    post: np.ndarray,
    treated: np.ndarray,
    X: np.ndarray,
    w: np.ndarray,
    method: Method,
) -> tuple[float, np.ndarray, float]:
    """Estimate ATT from rows of two periods.

    Parameters
    ----------
    y, w : (m,)
        Outcome and weight of each row.
    post, treated : (m,) bool
    X : (m, K)
        Covariates without constant; K may be 0.
    method : {"dr", "reg", "ipw"}

    Returns
    -------
    att : float
    influence : (m,)
        Influence of each row divided by m.
    poor_overlap : float
        Share of rows with a propensity outside [.01, .99].

    Raises
    ------
    CellError
        When one of the four cells is empty or a model cannot be fitted.
    """
    D, P = treated.astype(float), post.astype(float)
    cells = {(d, p): w * (d == D) * (p == P) for d in (0, 1) for p in (0, 1)}
    if any(cell.sum() <= 0 for cell in cells.values()):
        raise CellError("empty_arm")
    if X.shape[1] == 0:
        Z, method = np.ones((len(y), 1)), "reg"
    elif method == "dr_improved":
        raise ValueError("dr_improved needs paired rows: unbalanced='pairs'")
    else:
        Z = standardised(X, among=None if method == "ipw" else ~treated)
    if method == "reg":
        return *_reg(y, w * D, Z, cells), 0.0
    ps, information_inverse = logit(Z, D, w)
    poor = float(np.mean((ps < 0.01) | (ps > 0.99)))
    alr_ps = (w * (D - ps))[:, None] * Z @ information_inverse
    odds = np.where((D == 1) | (ps < TRIM), ps / (1 - ps), 0.0)
    att, influence = _weighted(y, Z, cells, odds, alr_ps, dr=method == "dr")
    if method == "dr":
        more, more_influence = _efficiency(y, w * D, Z, cells)
        att, influence = att + more, influence + more_influence
    return float(att), influence, poor


def _mean(weight: np.ndarray, value: np.ndarray) -> tuple[float, np.ndarray]:
    """Weighted mean and its influence."""
    share = weight / weight.sum()
    mean = share @ value
    return mean, share * (value - mean)


def _fit(y, Z, weight):
    """Outcome regression: fitted values for all rows and the function giving β's influence."""
    inverse = inverse_gram(Z, weight)
    fitted = Z @ (inverse @ (Z.T @ (weight * y)))
    residual = weight * (y - fitted)
    return fitted, lambda gradient: residual * (Z @ (inverse @ gradient))


def _reg(y, wd, Z, cells):
    fit1, influence1 = _fit(y, Z, cells[0, 1])
    fit0, influence0 = _fit(y, Z, cells[0, 0])
    post, post_i = _mean(cells[1, 1], y)
    pre, pre_i = _mean(cells[1, 0], y)
    change, change_i = _mean(wd, fit1 - fit0)
    gradient = Z.T @ (wd / wd.sum())
    influence = post_i - pre_i - change_i - influence1(gradient) + influence0(gradient)
    return float(post - pre - change), influence


def _weighted(y, Z, cells, odds, alr_ps, *, dr):
    """Difference of the four weighted means, of outcomes or of residuals."""
    att, influence = 0.0, np.zeros(len(y))
    for p in (0, 1):
        sign = 1 if p else -1
        value = y
        if dr:
            fitted, beta_influence = _fit(y, Z, cells[0, p])
            value = y - fitted
        comparison = cells[0, p] * odds
        if comparison.sum() <= 0:
            raise CellError("no_overlap")
        t, t_i = _mean(cells[1, p], value)
        c, c_i = _mean(comparison, value)
        part = t_i - c_i
        share_t, share_c = cells[1, p] / cells[1, p].sum(), comparison / comparison.sum()
        part = part - alr_ps @ (Z.T @ (share_c * (value - c)))
        if dr:
            part = part - beta_influence(Z.T @ (share_t - share_c))
        att, influence = att + sign * (t - c), influence + sign * part
    return att, influence


def _efficiency(y, wd, Z, cells):
    """Return the term that makes ``dr`` locally efficient: regressions over all treated rows."""
    att, influence = 0.0, np.zeros(len(y))
    for p in (0, 1):
        sign = 1 if p else -1
        fit_t, influence_t = _fit(y, Z, cells[1, p])
        fit_c, influence_c = _fit(y, Z, cells[0, p])
        everyone, everyone_i = _mean(wd, fit_t - fit_c)
        now, now_i = _mean(cells[1, p], fit_t - fit_c)
        gradient = Z.T @ (wd / wd.sum() - cells[1, p] / cells[1, p].sum())
        part = everyone_i - now_i + influence_t(gradient) - influence_c(gradient)
        att, influence = att + sign * (everyone - now), influence + sign * part
    return att, influence

r"""Entropy balancing: the most even weights with given means, :math:`w_i \propto e^{x_i'\lambda}`.

References
----------
Hainmueller (2012), eqs. 4–8.
"""

from __future__ import annotations

import numpy as np

from analysis.measurement.propensity import CellError


def entropy_weights(X: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the most even weights whose means are the target.

    Parameters
    ----------
    X : (m, K)
        Covariates of comparison units.
    target : (K,)
        Means to reach.

    Returns
    -------
    (m,)
        Positive, sum 1.

    Raises
    ------
    CellError
        ``no_overlap`` when no weights reach the target: it lies outside what the units span.
    """
    spread = X.std(axis=0)
    if not np.all(spread > 1e-12 * np.abs(X).max(axis=0)):
        raise CellError("covariate_constant")
    Z = (X - target) / spread
    tilt = np.zeros(Z.shape[1])

    def dual(x: np.ndarray) -> tuple[float, np.ndarray]:
        exponent = Z @ x
        top = exponent.max()
        raw = np.exp(exponent - top)
        return float(top + np.log(raw.sum())), raw / raw.sum()

    value, w = dual(tilt)
    for _ in range(200):
        gradient = w @ Z
        if np.abs(gradient).max() < 1e-10:
            return w
        hessian = (Z * w[:, None]).T @ Z - np.outer(gradient, gradient)
        step = -np.linalg.lstsq(hessian, gradient, rcond=1e-12)[0]
        size = 1.0
        while size > 1e-8:
            trial, weight = dual(tilt + size * step)
            if trial <= value + 1e-4 * size * (gradient @ step):
                break
            size /= 2
        else:
            break
        tilt, value, w = tilt + size * step, trial, weight
        if np.abs(tilt).max() > 1e3:
            break
    if np.abs(w @ Z).max() < 1e-6:
        return w
    raise CellError("no_overlap")

r"""Probabilities of treatment from covariates, by steps that cannot overshoot.

Newton's direction is right and its length is not: where a stratum is rare, the first full step can
jump past the maximum, and the next one further. Steps are halved until the objective improves,
which for these concave likelihoods ends at the maximum whenever there is one. Covariates are
centred and scaled first, so that neither ranks nor steps depend on their units.

References
----------
Sant'Anna, Zhao (2020), Doubly robust difference-in-differences estimators, section 3.1 and eq. 3.1;
Graham, Pinto, Egel (2012), Inverse probability tilting; Albert, Anderson (1984) on separation.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

#: Largest linear predictor (in absolute value) of a fit that exists: beyond, arms are separated.
FARTHEST = 30.0
#: Condition number of standardised covariates from which they are taken to repeat one another.
COLLINEAR = 1e6


class CellError(ValueError):
    """Covariates cannot carry a regression, as in one group-time cell; the message says why."""


def standardised(X: np.ndarray, among: np.ndarray | None = None) -> np.ndarray:
    """Return covariates centred and scaled, after a constant; (m, K) → (m, K + 1).

    Parameters
    ----------
    X : (m, K)
    among : (m,) bool, optional
        Rows that have to carry a regression on them: within these, too, every covariate must vary.

    Raises
    ------
    CellError
        ``covariate_constant`` or ``covariates_collinear``.
    """
    centre = X.mean(axis=0)
    spread = (X - centre).std(axis=0)
    if not np.all(spread > 1e-12 * np.abs(centre)):
        raise CellError("covariate_constant")
    Z = np.column_stack([np.ones(len(X)), (X - centre) / spread])
    for rows in (Z, Z if among is None else Z[among]):
        varying = rows[:, 1:].std(axis=0)
        if not np.all(varying > 1e-9):
            raise CellError("covariate_constant")
        alone = np.column_stack([np.ones(len(rows)), rows[:, 1:] - rows[:, 1:].mean(axis=0)])
        alone[:, 1:] /= varying
        if len(rows) < alone.shape[1] or np.linalg.cond(alone) > COLLINEAR:
            raise CellError("covariates_collinear")
    return Z


def inverse_gram(Z: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return ``(Z'wZ)⁻¹``; CellError when the rows with weight cannot carry the regression."""
    gram = Z.T @ (w[:, None] * Z)
    scale = np.sqrt(np.diag(gram))
    if not np.all(scale > 0):
        raise CellError("covariate_constant")
    standard = gram / np.outer(scale, scale)
    if np.linalg.cond(standard) > COLLINEAR**2:
        raise CellError("covariates_collinear")
    return np.linalg.inv(standard) / np.outer(scale, scale)


def logit(Z: np.ndarray, D: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit a weighted logit.

    Parameters
    ----------
    Z : (m, K)
        As :func:`standardised` returns them.
    D : (m,)
        1 for treated, 0 for comparison units.
    w : (m,)

    Returns
    -------
    ps : (m,)
        Fitted probabilities, below 1 − 1e-6.
    information_inverse : (K, K)
        Inverse Fisher information.

    Raises
    ------
    CellError
        ``covariates_separate`` when the covariates separate treated from comparison units, so that
        the likelihood has no maximum.
    """

    def likelihood(eta: np.ndarray) -> float:
        return float(w @ (D * eta - np.logaddexp(0.0, eta)))

    def slopes(eta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        ps = 1 / (1 + np.exp(-eta))
        return w * (D - ps), w * ps * (1 - ps)

    share = float(np.average(D, weights=w))
    start = np.zeros(Z.shape[1])
    start[0] = np.log(share / (1 - share))
    eta = Z @ _climb(Z, start, likelihood, slopes)
    ps = np.minimum(1 / (1 + np.exp(-eta)), 1 - 1e-6)
    return ps, inverse_gram(Z, w * ps * (1 - ps))


def tilted_odds(Z: np.ndarray, D: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return odds (m,) of treatment that give comparison units the treated units' means exactly.

    The logit's coefficients solve ``Σ w (D − (1 − D) e^{Zγ}) Z = 0`` (inverse probability tilting).

    Raises
    ------
    CellError
        ``covariates_separate`` where no weights on comparison units reach the treated means.
    """

    def gain(eta: np.ndarray) -> float:
        return float(w @ (D * eta - (1 - D) * np.exp(np.minimum(eta, 700.0))))

    def slopes(eta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        odds = np.exp(np.minimum(eta, 700.0))
        return w * (D - (1 - D) * odds), w * (1 - D) * odds

    share = float(np.average(D, weights=w))
    start = np.zeros(Z.shape[1])
    start[0] = np.log(share / (1 - share))
    return np.exp(Z @ _climb(Z, start, gain, slopes))


def _climb(
    Z: np.ndarray,
    beta: np.ndarray,
    objective: Callable[[np.ndarray], float],
    slopes: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
) -> np.ndarray:
    """Maximise a concave objective of ``Zβ`` by Newton steps halved until they improve it."""
    value = objective(Z @ beta)
    for _ in range(200):
        gradient, curvature = slopes(Z @ beta)
        toward = Z.T @ gradient
        hessian = Z.T @ (curvature[:, None] * Z)
        step = np.linalg.lstsq(hessian, toward, rcond=1e-14)[0]
        if np.abs(step).max() < 1e-11:
            return _existing(Z, beta)
        gain, size, rounding = float(toward @ step), 1.0, 1e-13 * (1 + abs(value))
        while (better := objective(Z @ (beta + size * step))) < (
            value + 1e-4 * size * gain - rounding
        ):
            size /= 2
            if size < 1e-12:
                return _existing(Z, beta)
        moved = beta + size * step
        beta, value = moved, better
        if np.abs(Z @ beta).max() > FARTHEST * 4:
            break
    raise CellError("covariates_separate")


def _existing(Z: np.ndarray, beta: np.ndarray) -> np.ndarray:
    if np.abs(Z @ beta).max() > FARTHEST:
        raise CellError("covariates_separate")
    return beta

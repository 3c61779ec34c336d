r"""Site and period effects taken out of panels with gaps, and the regressions built on it.

.. math:: y_{it} = \alpha_i + \lambda_t + x_{it}'\beta + \varepsilon_{it}
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.causal.panel.frame import FrameError, by_cluster


class TwoWay:
    """Projection on what unit and period effects leave over.

    Parameters
    ----------
    observed : (N, T) bool
        Cells in the sample.
    weights : (N,), optional
        Unit weights; 1 when absent.

    Notes
    -----
    Demean by unit, then take out the unit-demeaned period dummies by their T × T normal
    matrix: exact, also with gaps, and without an N × N system.
    """

    def __init__(self, observed: np.ndarray, weights: np.ndarray | None = None) -> None:
        self.mask = observed.astype(float)
        self.weights = np.ones(len(observed)) if weights is None else weights
        self.per_unit = np.maximum(self.mask.sum(axis=1), 1)
        weighted = self.weights[:, None] * self.mask
        normal = np.diag(weighted.sum(axis=0)) - (weighted / self.per_unit[:, None]).T @ self.mask
        self.period_inverse = np.linalg.pinv(normal, rcond=1e-10, hermitian=True)

    def demean(self, values: np.ndarray) -> np.ndarray:
        """Subtract unit means; (N, T) or (N, T, K), anything outside the sample becomes 0."""
        mask = self.mask if values.ndim == 2 else self.mask[..., None]
        inside = np.where(mask > 0, values, 0.0)
        per_unit = self.per_unit.reshape(-1, *[1] * (values.ndim - 2))
        mean = inside.sum(axis=1) / per_unit
        return (inside - mean[:, None]) * mask

    def period_effects(self, values: np.ndarray) -> np.ndarray:
        """Least-squares period effects of unit-demeaned values; (T,) or (T, K)."""
        return self.period_inverse @ np.einsum("i,it...->t...", self.weights, values)

    def residual(self, values: np.ndarray) -> np.ndarray:
        """Take unit and period effects out; shape kept, 0 outside the sample."""
        centred = self.demean(values)
        effects = self.period_effects(centred)
        return centred - self.demean(np.broadcast_to(effects[None], values.shape))


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """Coefficients of a two-way fixed-effects regression with clustered covariance.

    ``covariance`` is CRV1 with the factor C/(C−1) · (n−1)/(n−k), where k counts coefficients
    and period effects; unit effects are nested in the clusters (fixest's default). It is NaN
    where nothing is left to estimate it from: one cluster, or n not above k.
    """

    names: tuple[str, ...]
    coef: np.ndarray
    covariance: np.ndarray
    n_obs: int
    n_clusters: int

    @property
    def se(self) -> np.ndarray:
        """Standard errors; a variance below 0 is rounding, and counts as 0."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0.0))

    @property
    def df(self) -> int:
        """Degrees of freedom of t: clusters less one."""
        return self.n_clusters - 1

    def combine(self, weights: np.ndarray) -> tuple[float, float]:
        """Value and standard error of a linear combination."""
        variance = max(float(weights @ self.covariance @ weights), 0.0)
        return float(weights @ self.coef), float(np.sqrt(variance))


def regress(
    y: np.ndarray,
    X: np.ndarray,
    observed: np.ndarray,
    cluster: np.ndarray,
    names: tuple[str, ...],
    weights: np.ndarray | None = None,
) -> Regression:
    """Regress y on X with unit and period effects.

    Parameters
    ----------
    y : (N, T)
    X : (N, T, K)
    observed : (N, T) bool
    cluster : (N,) int
    names : tuple of K str
    weights : (N,), optional
        Unit weights.

    Raises
    ------
    FrameError
        ``collinear`` when the regressors are not identified beside the fixed effects.
    """
    effects = TwoWay(observed, weights)
    resid_y, resid_X = effects.residual(y), effects.residual(X)
    weighted = resid_X * effects.weights[:, None, None]
    gram = np.einsum("itk,itl->kl", weighted, resid_X)
    before = np.einsum("itk,i->k", np.where(observed[..., None], X, 0.0) ** 2, effects.weights)
    bread = _bread(gram, before, names)
    coef = bread @ np.einsum("itk,it->k", weighted, resid_y)
    error = resid_y - resid_X @ coef
    return _clustered(
        names, coef, bread, np.einsum("itk,it->ik", weighted, error), observed, cluster
    )


def regress_shared(
    y: np.ndarray,
    X: np.ndarray,
    member: np.ndarray,
    observed: np.ndarray,
    cluster: np.ndarray,
    names: tuple[str, ...],
    weights: np.ndarray | None = None,
) -> Regression:
    """Give the answer of :func:`regress` where many units have the same regressors.

    Takes memory and time of the units' outcomes and of the distinct rows of regressors alone.

    Parameters
    ----------
    y, observed : (N, T)
    X : (G, T, K)
        Distinct rows of regressors.
    member : (N,) int
        Row of each unit; units of one row are observed in the same periods.
    cluster, names, weights
        As of :func:`regress`.

    Raises
    ------
    FrameError
        As :func:`regress`.
    """
    own = TwoWay(observed, weights)
    first = np.unique(member, return_index=True)[1]
    size = np.bincount(member, weights=own.weights)
    shared = TwoWay(observed[first], size)
    resid_X, resid_y = shared.residual(X), own.residual(y)
    K = X.shape[2]
    weighted = (resid_X * size[:, None, None]).reshape(-1, K)
    gram = weighted.T @ resid_X.reshape(-1, K)
    inside = np.where(observed[first][..., None], X, 0.0)
    bread = _bread(gram, np.einsum("gtk,g->k", inside**2, size), names)
    moved, coef = np.zeros((len(y), K)), np.zeros(K)
    order = np.argsort(member, kind="stable")
    rows = np.split(order, np.cumsum(np.bincount(member))[:-1])
    for g, units in enumerate(rows):
        moved[units] = resid_y[units] @ resid_X[g]
        coef += own.weights[units] @ moved[units]
    coef = bread @ coef
    for g, units in enumerate(rows):
        moved[units] -= coef @ (resid_X[g].T @ resid_X[g])
    return _clustered(names, coef, bread, moved * own.weights[:, None], observed, cluster)


def _bread(gram: np.ndarray, before: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """Invert the regressors' products once fixed effects are out; ``before`` are their squares."""
    scale = np.sqrt(np.maximum(np.diag(gram), 1e-300))
    absorbed = np.diag(gram) <= 1e-12 * before
    if absorbed.any() or np.linalg.cond(gram / np.outer(scale, scale)) > 1e12:
        raise FrameError("collinear", f"{', '.join(names)} cannot be told from the fixed effects")
    return np.linalg.inv(gram)


def _clustered(
    names: tuple[str, ...],
    coef: np.ndarray,
    bread: np.ndarray,
    by_unit: np.ndarray,
    observed: np.ndarray,
    cluster: np.ndarray,
) -> Regression:
    """Return coefficients with the covariance of their units' scores, (N, K), by cluster."""
    scores = by_cluster(by_unit, cluster)
    n_obs, n_clusters = int(observed.sum()), int(cluster.max()) + 1
    used = len(coef) + int(observed.any(axis=0).sum())
    left = n_obs > used and n_clusters > 1
    factor = n_clusters / (n_clusters - 1) * (n_obs - 1) / (n_obs - used) if left else np.nan
    return Regression(names, coef, factor * bread @ (scores.T @ scores) @ bread, n_obs, n_clusters)

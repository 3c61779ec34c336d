r"""Regression on all rows from their counts, means and centred products by cell.

With fixed effects of units and periods and a cell's rows :math:`r \in (i,t)`,

.. math:: y_r = \alpha_i + \lambda_t + d_{it}'\delta + x_r'\beta + \varepsilon_r .

The fixed effects are constant in a cell, so taking them out moves cell means only:
:math:`\sum_r \tilde z_r \tilde z_r' = \sum_{it} (S_{it} + n_{it} \tilde m_{it} \tilde m_{it}')`,
S the products about the cell's mean. Scores by cluster follow the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis.causal.did.group_time import by_cluster
from analysis.causal.did.two_way import Regression
from analysis.causal.panel.frame import FrameError

Absorb = Literal["unit", "period"]
Covariance = Literal["clustered", "iid"]


@dataclass(frozen=True, slots=True, eq=False)
class CellMoments:
    """Sufficient statistics of K variables in N units × T periods.

    Attributes
    ----------
    units : (N,) object
    periods : (T,) int64
        Those observed, ascending.
    names : tuple of K str
        The outcome first.
    n : (N, T)
        Rows; 0 where none.
    mean : (N, T, K)
        Means less ``shift``.
    shift : (K,)
        Overall means.
    product : (N, T, K, K)
        Sums of products about the cell's means.
    n_rows_dropped : int
        Rows left out for a missing value.
    """

    units: np.ndarray
    periods: np.ndarray
    names: tuple[str, ...]
    n: np.ndarray
    mean: np.ndarray
    shift: np.ndarray
    product: np.ndarray
    n_rows_dropped: int = 0

    def frame(self) -> pd.DataFrame:
        """Return means by cell as an estimation frame: ``unit``, ``period``, ``n``, ``y``, x."""
        unit, period = np.nonzero(self.n)
        data = {"unit": self.units[unit], "period": self.periods[period], "n": self.n[unit, period]}
        values = self.mean[unit, period] + self.shift
        names = ("y", *self.names[1:])
        return pd.DataFrame(data | {name: values[:, k] for k, name in enumerate(names)})


def regress_moments(
    cells: CellMoments,
    regressors: np.ndarray,
    names: tuple[str, ...],
    *,
    cluster: np.ndarray | None = None,
    absorb: tuple[Absorb, ...] = ("unit", "period"),
    covariance: Covariance = "clustered",
) -> Regression:
    """Regress the outcome on cell-level regressors and the cells' covariates.

    Parameters
    ----------
    cells : CellMoments
    regressors : (N, T, J)
        Regressors that are constant in a cell; J may be 0.
    names : tuple of J str
    cluster : (N,) int, optional
        Codes; default the unit.
    absorb : tuple
        Fixed effects taken out; a constant always is.
    covariance : {"clustered", "iid"}
        Clustered: factor C/(C−1) · (n−1)/(n−k), unit effects not counted in k (they are nested
        in the clusters). iid: residual variance over n less all parameters.

    Raises
    ------
    FrameError
        ``collinear`` when the regressors cannot be told from the fixed effects; ``few_clusters``.
    """
    J, K = regressors.shape[2], len(cells.names)
    n, observed = cells.n, cells.n > 0
    values = np.concatenate([cells.mean[..., :1], regressors, cells.mean[..., 1:]], axis=2)
    values = np.where(observed[..., None], values, 0.0)
    residual = _taken_out(values, n, absorb)
    inner = [0, *range(J + 1, J + K)]
    products = np.einsum("it,itj,itk->ijk", n, residual, residual, optimize=True)
    products[np.ix_(range(len(n)), inner, inner)] += cells.product.sum(axis=1)
    total = products.sum(axis=0)
    gram, toward = total[1:, 1:], total[1:, 0]
    labels = (*names, *cells.names[1:])
    raw = np.einsum("it,itk->k", n, (values - _mean(values, n)) ** 2)
    raw[inner] += np.einsum("itkk->k", cells.product)
    scale = np.sqrt(np.maximum(np.diag(gram), 1e-300))
    lost = np.diag(gram) <= 1e-14 * np.maximum(raw[1:], 1e-300)
    if not len(labels) or lost.any() or np.linalg.cond(gram / np.outer(scale, scale)) > 1e12:
        raise FrameError("collinear", f"{', '.join(labels)} cannot be told from the fixed effects")
    bread = np.linalg.inv(gram / np.outer(scale, scale)) / np.outer(scale, scale)
    coef = bread @ toward
    n_obs, units, periods = int(n.sum()), len(n), n.shape[1]
    codes = np.arange(units) if cluster is None else cluster
    n_clusters = int(codes.max()) + 1
    used = len(coef)
    if covariance == "iid":
        used += {0: 1, 1: units if "unit" in absorb else periods, 2: units + periods - 1}[
            len(set(absorb))
        ]
        spread = total[0, 0] - coef @ toward
        matrix = bread * spread / (n_obs - used)
    else:
        if n_clusters < 2:
            raise FrameError("few_clusters", "a clustered standard error needs two clusters")
        used += periods if "period" in absorb else 1
        scores = by_cluster(products[:, 1:, 0] - products[:, 1:, 1:] @ coef, codes)
        factor = n_clusters / (n_clusters - 1) * (n_obs - 1) / (n_obs - used)
        matrix = factor * bread @ (scores.T @ scores) @ bread
    return Regression(labels, coef, matrix, n_obs, n_clusters)


def _mean(values: np.ndarray, n: np.ndarray) -> np.ndarray:
    return np.einsum("it,itk->k", n, values) / n.sum()


def _taken_out(values: np.ndarray, n: np.ndarray, absorb: tuple[Absorb, ...]) -> np.ndarray:
    """Residuals of cell means on the fixed effects, weighted by rows."""
    if set(absorb) - {"unit", "period"}:
        raise ValueError(f"fixed effects are of units and periods, not {absorb}")
    centred = values - _mean(values, n)
    per_unit, per_period = n.sum(axis=1), n.sum(axis=0)
    if "unit" not in absorb:
        if "period" in absorb:
            centred = centred - (np.einsum("it,itk->tk", n, centred) / per_period[:, None])[None]
        return centred
    centred = centred - (np.einsum("it,itk->ik", n, centred) / per_unit[:, None])[:, None]
    if "period" not in absorb:
        return centred
    share = n / per_unit[:, None]
    normal = np.diag(per_period) - n.T @ share
    inverse = np.linalg.pinv(normal, rcond=1e-12, hermitian=True)
    effects = inverse @ np.einsum("it,itk->tk", n, centred)
    return centred - (effects[None] - np.einsum("it,tk->ik", share, effects)[:, None])

"""How far answers that are not normal, or hang together by site, blow up a chi-square.

The likelihood of :mod:`analysis.measurement.covariance_structure` takes answers for normal and
sheets for independent. Answers on five steps with most at the top are neither, and sheets of one
site resemble each other. The estimates stay right; the test does not. It is put right by the
sampling covariance of means and covariances as it is in the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.measurement.covariance_structure import (
    Matrices,
    Moments,
    Pattern,
    derivatives,
    moments,
)

_ROWS = 20_000
"""Sheets taken at a time, so that memory does not grow with their number."""


def sampling_covariance(scores: np.ndarray, clusters: np.ndarray | None = None) -> np.ndarray:
    """Covariance of ``sqrt(n)`` times the means and the covariances of complete sheets.

    Parameters
    ----------
    scores : array, shape (sheets, items)
        Without gaps.
    clusters : array of int, shape (sheets,), optional
        Site of each sheet, numbered from 0; sheets are independent when left out, and where all
        are of one site.

    Returns
    -------
    ndarray, shape (p + p (p + 1) / 2, p + p (p + 1) / 2)
        Means first, then the lower triangle of the covariance matrix row by row (divisor n).

    References
    ----------
    Browne (1984) for independent sheets; Muthén & Satorra (1995) for clusters.
    """
    n, p = scores.shape
    centre = scores.mean(axis=0)
    lower = np.tril_indices(p)
    covariance = np.cov(scores.T, bias=True).reshape(p, p)[lower]
    size = p + lower[0].size
    count = 0 if clusters is None else int(clusters.max()) + 1
    summed = np.zeros((count, size)) if count > 1 else None
    total = np.zeros((size, size))
    for start in range(0, n, _ROWS):
        part = scores[start : start + _ROWS] - centre
        each = np.hstack([part, part[:, lower[0]] * part[:, lower[1]] - covariance])
        if summed is None:
            total += each.T @ each
        else:
            np.add.at(summed, clusters[start : start + _ROWS], each)
    if summed is not None:
        total = summed.T @ summed * (count / (count - 1))
    return total / n


def _whitened(group: Moments, pattern: Pattern, here: Matrices):
    """Return derivatives and sampling covariance where the weight of the likelihood is 1."""
    numbers, d_sigma, d_mu = derivatives(pattern, here)
    root = np.linalg.inv(np.linalg.cholesky(here.sigma))
    p = len(group.items)
    lower = np.tril_indices(p)
    unit = np.zeros((lower[0].size, p, p))
    order = np.arange(lower[0].size)
    unit[order, lower[0], lower[1]] = unit[order, lower[1], lower[0]] = 1.0
    to_white = np.zeros((p + p * p, p + lower[0].size))
    to_white[:p, :p] = root
    to_white[p:, p:] = (root @ unit @ root.T).reshape(lower[0].size, -1).T / np.sqrt(2)
    slope = np.hstack(
        [d_mu @ root.T, (root @ d_sigma @ root.T).reshape(len(numbers), -1) / np.sqrt(2)]
    )
    return numbers, slope, to_white @ group.sampling @ to_white.T


def expected_chi2(
    data: Sequence[Moments], model: Sequence[Pattern], filled: Sequence[Matrices], size: int
) -> float:
    """Mean of a model's chi-square where the model holds: its degrees of freedom, if all is normal.

    ``trace(U Gamma)`` with ``U = V - V D (D' V D)^-1 D' V``, ``V`` the weight of the normal
    likelihood, ``D`` the derivatives of the moments, ``Gamma`` their sampling covariance.

    Parameters
    ----------
    data : sequence of Moments
        Each with ``sampling``.
    model : sequence of Pattern
        Whose freedom is asked about.
    filled : sequence of Matrices
        Where it is asked; may come from a more restricted model.
    size : int
        Number of parameters of ``model``.

    Returns
    -------
    float

    References
    ----------
    Satorra & Bentler (1994).
    """
    information, middle = np.zeros((size, size)), np.zeros((size, size))
    total = 0.0
    for group, pattern, here in zip(data, model, filled, strict=True):
        numbers, slope, spread = _whitened(group, pattern, here)
        at = np.ix_(numbers, numbers)
        information[at] += group.n * slope @ slope.T
        middle[at] += group.n * slope @ spread @ slope.T
        total += float(np.trace(spread))
    scale = np.sqrt(np.maximum(np.diag(information), 1e-300))
    outer = np.outer(scale, scale)
    inverse = np.linalg.pinv(information / outer, rcond=1e-10, hermitian=True)
    return total - float((inverse * (middle / outer)).sum())


def expected_null_chi2(data: Sequence[Moments]) -> float:
    """Mean of the chi-square of uncorrelated items with free means, where that holds."""
    total = 0.0
    for group in data:
        p = len(group.items)
        lower = np.tril_indices(p)
        off = lower[0] != lower[1]
        own = np.diag(group.covariance)
        spread = np.diag(group.sampling)[p:]
        total += float((spread / (own[lower[0]] * own[lower[1]]))[off].sum())
    return total


def robust_moments(scores: pd.DataFrame, clusters: pd.Series | None = None) -> Moments:
    """Moments of sheets × items with their sampling covariance as it is in the data.

    Parameters
    ----------
    scores : DataFrame
        Sheets with an unanswered item are left out (listwise).
    clusters : Series, optional
        Site of each sheet, by the index of ``scores``. Sheets of unknown site, and all of them
        where there is one site, count as independent.

    Returns
    -------
    Moments
    """
    plain = moments(scores)
    kept = scores.dropna()
    codes = None
    if clusters is not None:
        codes, names = pd.factorize(clusters.reindex(kept.index))
        lone = codes < 0
        codes = np.where(lone, len(names) + np.cumsum(lone) - 1, codes)
    sampling = sampling_covariance(kept.to_numpy(dtype=float), codes)
    count = 0 if codes is None else int(codes.max()) + 1
    return replace(plain, sampling=sampling, n_clusters=count or None)

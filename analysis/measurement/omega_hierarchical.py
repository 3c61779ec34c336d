"""How much of a total score is one general thing: McDonald's hierarchical omega."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.measurement.covariance_structure import Moments, usable

_FEWEST = 3
"""With two group factors the general one is not identified."""


@dataclass(frozen=True, slots=True)
class OmegaHierarchical:
    """Shares of the variance of the sum of standardised items.

    Attributes
    ----------
    hierarchical : float
        Share of the general factor alone.
    total : float
        Share of all common factors.
    loadings : DataFrame
        Schmid–Leiman loadings, one row per item: ``item, general, group_1, …, uniqueness``.
    n : int
        Answer sheets behind the correlations.
    """

    hierarchical: float
    total: float
    loadings: pd.DataFrame
    n: int


def omega_hierarchical(data: Moments, factors: int = 3) -> OmegaHierarchical | None:
    """Omega hierarchical and omega total of the sum of the items, by Schmid and Leiman.

    Group factors are extracted by maximum likelihood, rotated obliquely (oblimin), and their
    correlations are explained by one general factor. A high alpha with a low hierarchical omega
    is a sum of several things. R's ``psych::omega`` does so from minimum residuals; results
    agree to about 0.01.

    Parameters
    ----------
    data : Moments
        Of items that run the same way; only their correlations count.
    factors : int
        Group factors, at least 3: with two the general factor is not identified.

    Returns
    -------
    OmegaHierarchical or None
        None where no admissible solution exists or is reached: fewer than three items per group
        factor on average, items that are copies of each other, a uniqueness or a loading of the
        general factor outside 0 to 1.

    Raises
    ------
    ValueError
        For fewer than 3 group factors.

    References
    ----------
    Schmid & Leiman (1957); McDonald (1999), chapter 6; Zinbarg, Revelle, Yovel & Li (2005).
    """
    from statsmodels.multivariate.factor import Factor
    from statsmodels.tools.sm_exceptions import ConvergenceWarning

    if factors < _FEWEST:
        raise ValueError(f"a general factor needs {_FEWEST} group factors, got {factors}")
    if len(data.items) < 3 * factors or not usable(data):
        return None
    spread = np.sqrt(np.diag(data.covariance))
    correlation = data.covariance / np.outer(spread, spread)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            found = Factor(corr=correlation, n_factor=factors, nobs=data.n, method="ml").fit()
    except ConvergenceWarning:
        return None
    found.rotate("oblimin")
    sides = np.where(found.loadings.sum(axis=0) < 0, -1.0, 1.0)
    pattern = found.loadings * sides
    between = (found.rotation_matrix.T @ found.rotation_matrix) * np.outer(sides, sides)
    second = _one_factor(between)
    if second is None:
        return None
    general = pattern @ second
    groups = pattern * np.sqrt(1 - second**2)
    uniqueness = 1 - np.einsum("ij,jk,ik->i", pattern, between, pattern)
    if (uniqueness <= 0).any():
        return None
    variance = correlation.sum()
    table = pd.DataFrame({"item": data.items, "general": general})
    for j in range(factors):
        table[f"group_{j + 1}"] = groups[:, j]
    return OmegaHierarchical(
        hierarchical=float(general.sum() ** 2 / variance),
        total=float(1 - uniqueness.sum() / variance),
        loadings=table.assign(uniqueness=uniqueness),
        n=data.n,
    )


def _one_factor(between: np.ndarray) -> np.ndarray | None:
    """Return loadings of correlated factors on one; None where they are not between 0 and 1."""
    from statsmodels.multivariate.factor import Factor

    if (between[np.triu_indices_from(between, 1)] <= 0).any():
        return None
    if len(between) == _FEWEST:
        first, second, third = between[0, 1], between[0, 2], between[1, 2]
        squares = np.array([first * second / third, first * third / second, second * third / first])
    else:
        squares = Factor(corr=between, n_factor=1, method="ml").fit().loadings[:, 0] ** 2
    return np.sqrt(squares) if (squares < 1).all() else None

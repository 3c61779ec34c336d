"""Confirmatory factor analysis by maximum likelihood, with what follows from the loadings."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special, stats

from analysis.measurement.covariance_structure import (
    Factors,
    Moments,
    Solution,
    matrices,
    maximise,
    patterns,
    usable,
)
from analysis.measurement.fit import FitIndices, fit_indices
from analysis.measurement.intervals import Interval
from analysis.settings import LEVEL


@dataclass(frozen=True, slots=True)
class FactorFit:
    """A fitted factor model of one group.

    Attributes
    ----------
    fit : FitIndices
    loadings : DataFrame
        ``factor, item, loading, se, std_loading, std_se, std_low, std_high``; ``loading`` is in
        units of the factor's first item, whose loading is 1 with ``se`` 0. Standard errors are
        the delta method's. Most standardised loadings of a factor are positive; a negative one
        is an item that runs against the others.
    reliability : DataFrame
        ``factor, omega, omega_low, omega_high, ave, n_items``; ``ave`` is the mean of the
        squared standardised loadings (semTools weights them by the items' variances). NaN for
        every factor of a solution that is not proper, and for a factor with an item whose
        loading is surely negative: their formulas hold for neither.
    correlations : DataFrame
        ``factor, other, correlation`` between factors, without the diagonal.
    converged : bool
    proper : bool
        No negative residual variance and factor correlations within −1 and 1.
    """

    fit: FitIndices
    loadings: pd.DataFrame
    reliability: pd.DataFrame
    correlations: pd.DataFrame
    converged: bool
    proper: bool
    level: float = LEVEL

    @property
    def against(self) -> tuple[str, ...]:
        """Items whose standardised loading is negative by its whole interval."""
        return tuple(self.loadings.loc[self.loadings["std_high"] < 0, "item"])

    @property
    def beyond_one(self) -> tuple[str, ...]:
        """Items whose standardised loading exceeds 1, which no correlation can."""
        return tuple(self.loadings.loc[self.loadings["std_loading"].abs() > 1 + 1e-9, "item"])


def confirm(data: Moments, factors: Factors, *, level: float = LEVEL) -> FactorFit | None:
    """Fit a confirmatory factor model by maximum likelihood.

    Answers on a scale count as continuous; with five steps or more that are not too skewed that
    comes near (Rhemtulla, Brosseau-Liard & Savalei 2012, with robust tests). Sheets count as
    independent of each other, so that with many answers a site chi-square is too large while CFI
    and SRMR hardly move.

    Parameters
    ----------
    data : Moments
        Of all items named in ``factors``, complete sheets only.
    factors : Mapping[str, Sequence[str]]
        Items by factor; an item belongs to one factor. A single factor needs three items,
        several need two each.

    Returns
    -------
    FactorFit or None
        None when the model is not identified or the items carry exact copies.

    References
    ----------
    Jöreskog (1969); Bollen (1989), chapters 7 and 8; McDonald (1999) for omega; Fornell &
    Larcker (1981) for the average variance extracted.
    """
    items = [item for members in factors.values() for item in members]
    if set(items) != set(data.items) or len(items) != len(set(items)):
        raise ValueError(f"factors must name each of {sorted(data.items)} once, got {items}")
    if not identified(factors) or not usable(data):
        return None
    model, size = patterns(data.items, factors, 1)
    solution = maximise([data], model, size)
    here = matrices(model[0], solution.theta)
    names = list(factors)
    members = [[data.items.index(item) for item in each] for each in factors.values()]
    spread = np.sqrt(np.diag(data.covariance))
    sides = np.array(
        [np.sign((here.loading[m, j] / spread[m]).sum() or 1.0) for j, m in enumerate(members)]
    )
    loadings = _loadings(factors, members, sides, model[0], solution, level)
    correlation = here.factor * np.outer(sides, sides)
    pairs = [
        (names[j], names[k], float(correlation[j, k]))
        for j in range(len(names))
        for k in range(j + 1, len(names))
    ]
    proper = bool((here.residual >= 0).all() and np.linalg.eigvalsh(here.factor)[0] >= 0)
    return FactorFit(
        fit=fit_indices([data], [here], solution.discrepancy, size, restricted_means=False),
        loadings=loadings,
        reliability=_reliability(factors, members, model[0], solution, loadings, proper, level),
        correlations=pd.DataFrame(pairs, columns=["factor", "other", "correlation"]),
        converged=solution.converged,
        proper=proper,
        level=level,
    )


def identified(factors: Factors) -> bool:
    """Whether a model of simple structure has one solution: three items, or two each of several."""
    sizes = [len(members) for members in factors.values()]
    return bool(sizes) and (min(sizes) >= 3 or (len(sizes) > 1 and min(sizes) >= 2))


def _delta(solution: Solution, function: Callable) -> tuple[np.ndarray, np.ndarray]:
    """Value and standard error of a function of the parameters, by central differences."""
    theta = solution.theta
    value = np.atleast_1d(function(theta))
    steps = 1e-6 * np.maximum(np.abs(theta), 1e-2)
    slope = np.empty((value.size, theta.size))
    for k, step in enumerate(steps):
        up, down = theta.copy(), theta.copy()
        up[k] += step
        down[k] -= step
        slope[:, k] = (function(up) - function(down)) / (2 * step)
    variance = np.einsum("ik,kl,il->i", slope, solution.covariance, slope)
    return value, np.sqrt(np.maximum(variance, 0.0))


def _loadings(factors, members, sides, pattern, solution: Solution, level: float) -> pd.DataFrame:
    places = [(i, j) for j, mine in enumerate(members) for i in mine]
    rows, columns = np.array(places).T
    first = np.array([members[j][0] for j in columns])

    def in_units_of_first(theta):
        loading = matrices(pattern, theta).loading
        return loading[rows, columns] / loading[first, columns]

    def standardised(theta):
        here = matrices(pattern, theta)
        return sides[columns] * here.loading[rows, columns] / np.sqrt(np.diag(here.sigma)[rows])

    with np.errstate(divide="ignore", invalid="ignore"):
        value, se = _delta(solution, in_units_of_first)
    std, std_se = _delta(solution, standardised)
    half = stats.norm.ppf((1 + level) / 2) * std_se
    return pd.DataFrame(
        {
            "factor": [name for name, each in factors.items() for _ in each],
            "item": [item for each in factors.values() for item in each],
            "loading": value,
            "se": se,
            "std_loading": std,
            "std_se": std_se,
            "std_low": std - half,
            "std_high": std + half,
        }
    )


def _reliability(factors, members, pattern, solution, loadings, proper, level) -> pd.DataFrame:
    def omegas(theta):
        here = matrices(pattern, theta)
        true = [here.loading[mine, j].sum() ** 2 for j, mine in enumerate(members)]
        return np.array(
            [t / (t + here.residual[mine].sum()) for t, mine in zip(true, members, strict=True)]
        )

    value, se = _delta(solution, omegas)
    rows = []
    for j, (name, each) in enumerate(factors.items()):
        mine = loadings[loadings["factor"] == name]
        if not proper or (mine["std_high"] < 0).any():
            rows.append((name, *[math.nan] * 4, len(each)))
            continue
        ave = float((mine["std_loading"] ** 2).mean())
        low, high = _logit_interval(float(value[j]), float(se[j]), level)
        rows.append((name, float(value[j]), low, high, ave, len(each)))
    columns = ["factor", "omega", "omega_low", "omega_high", "ave", "n_items"]
    return pd.DataFrame(rows, columns=columns)


def _logit_interval(value: float, se: float, level: float) -> tuple[float, float]:
    if not 0 < value < 1 or not math.isfinite(se):
        return math.nan, math.nan
    half = stats.norm.ppf((1 + level) / 2) * se / (value * (1 - value))
    middle = math.log(value / (1 - value))
    return float(special.expit(middle - half)), float(special.expit(middle + half))


def mcdonald_omega(data: Moments, *, level: float = LEVEL) -> Interval | None:
    """Omega of items taken to measure one thing, ``(sum l)^2 / ((sum l)^2 + sum theta)``.

    The interval is the delta method's on the logit scale (Kelley & Pornprasertmanit 2016).
    None with fewer than three items, when the one-factor model does not converge to positive
    residual variances, or when an item surely runs against the others.
    """
    found = confirm(data, {"all": data.items}, level=level)
    if found is None or not (found.converged and found.proper) or found.against:
        return None
    row = found.reliability.iloc[0]
    low, high = float(row["omega_low"]), float(row["omega_high"])
    bounded = math.isfinite(low)
    return Interval(
        float(row["omega"]),
        low if bounded else None,
        high if bounded else None,
        data.n,
        level,
        "delta_logit" if bounded else "none",
    )


@dataclass(frozen=True, slots=True)
class ParallelAnalysis:
    """Eigenvalues of the items' correlations beside those of noise.

    ``dimensions`` counts the leading eigenvalues above the ``quantile`` of noise.
    """

    eigenvalues: np.ndarray
    noise: np.ndarray
    dimensions: int
    quantile: float
    draws: int


def parallel_analysis(
    data: Moments, *, seed: int, draws: int = 500, quantile: float = 0.95
) -> ParallelAnalysis:
    """How many things the items measure, by Horn's parallel analysis.

    Noise covariance matrices of ``n`` sheets of unrelated normal items are drawn directly
    (Wishart, by Bartlett's decomposition), so that time does not grow with n.

    Parameters
    ----------
    data : Moments
        Covariance matrix of the items and the number of sheets.
    seed : int
        Seed of the generator.
    draws : int
        Matrices drawn.
    quantile : float
        Of the drawn eigenvalues, which an eigenvalue must pass.

    References
    ----------
    Horn (1965); Glorfeld (1995) for the quantile.
    """
    rng = np.random.default_rng(seed)
    p = len(data.items)
    spread = np.sqrt(np.diag(data.covariance))
    own = np.linalg.eigvalsh(data.covariance / np.outer(spread, spread))[::-1]
    root = np.zeros((draws, p, p))
    below = np.tril_indices(p, -1)
    root[:, below[0], below[1]] = rng.standard_normal((draws, below[0].size))
    root[:, range(p), range(p)] = np.sqrt(rng.chisquare(data.n - 1 - np.arange(p), (draws, p)))
    noise = root @ root.transpose(0, 2, 1)
    scale = np.sqrt(np.einsum("dii->di", noise))
    noise = np.linalg.eigvalsh(noise / (scale[:, :, None] * scale[:, None, :]))[:, ::-1]
    line = np.quantile(noise, quantile, axis=0)
    above = own > line
    dimensions = p if above.all() else int(np.argmin(above))
    return ParallelAnalysis(own, line, dimensions, quantile, draws)

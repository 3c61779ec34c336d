"""Maximum likelihood for factor models of one or several groups, by Fisher scoring.

Each group's items follow ``y = nu + Lambda eta + eps`` with ``mean(eta) = alpha``,
``cov(eta) = Phi`` and ``cov(eps) = Theta`` diagonal, so that ``mu = nu + Lambda alpha`` and
``Sigma = Lambda Phi Lambda' + Theta``. Parameters shared by groups carry one number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.measurement.refusals import Refusal, RefusedError

Factors = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Moments:
    """Means and covariances (divisor n) of ``items`` over ``n`` complete sheets.

    ``sampling`` is the covariance of ``sqrt(n)`` times both, as
    :func:`~analysis.measurement.robust.sampling_covariance` gives it; None takes answers for
    normal and sheets for independent. ``n_clusters`` is how many clusters the sheets
    come from, None where it is not known; with one, they count as independent of each other.
    """

    items: tuple[str, ...]
    mean: np.ndarray
    covariance: np.ndarray
    n: int
    sampling: np.ndarray | None = None
    n_clusters: int | None = None

    def __post_init__(self) -> None:
        p = len(self.items)
        if np.shape(self.mean) != (p,) or np.shape(self.covariance) != (p, p):
            raise ValueError(f"{p} items need {p} means and a {p} x {p} covariance matrix")


def moments(scores: pd.DataFrame) -> Moments:
    """Moments of sheets × items; sheets with an unanswered item are left out (listwise)."""
    kept = scores.dropna().to_numpy(dtype=float)
    if len(kept) < 2:
        raise RefusedError(Refusal.FEW_SHEETS, f"moments need two complete sheets, got {len(kept)}")
    centred = kept - kept.mean(axis=0)
    covariance = centred.T @ centred / len(kept)
    return Moments(tuple(map(str, scores.columns)), kept.mean(axis=0), covariance, len(kept))


def usable(group: Moments) -> bool:
    """Whether the covariance matrix can be inverted: more sheets than items, no exact copies."""
    spread = np.sqrt(np.diag(group.covariance))
    if group.n <= len(group.items) + 1 or spread.min() <= 1e-10:
        return False
    correlation = group.covariance / np.outer(spread, spread)
    return bool(np.linalg.eigvalsh(correlation)[0] > 1e-8)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Which element of one group's matrices is which parameter; −1 is fixed.

    A fixed loading or latent mean is 0, a fixed element of the factors' covariance matrix is
    that of ``fixed_factor``.

    ``loading`` (p, m), ``factor`` (m, m, symmetric), ``residual`` (p,), ``intercept`` (p,),
    ``latent`` (m,) hold parameter numbers.
    """

    loading: np.ndarray
    factor: np.ndarray
    residual: np.ndarray
    intercept: np.ndarray
    latent: np.ndarray
    fixed_factor: np.ndarray


@dataclass(frozen=True, slots=True)
class Solution:
    """A maximum: parameters, their covariance matrix, the minimum, and how it was reached."""

    theta: np.ndarray
    covariance: np.ndarray
    discrepancy: float
    converged: bool
    rounds: int


class Numbers:
    """Hands out parameter numbers; the same name always gets the same number."""

    def __init__(self) -> None:
        self._taken: dict[tuple, int] = {}

    def __call__(self, *name) -> int:
        """Return the number of a name, a new one at its first use."""
        return self._taken.setdefault(name, len(self._taken))

    def __len__(self) -> int:
        return len(self._taken)


def patterns(
    items: Sequence[str],
    factors: Factors,
    groups: int,
    *,
    equal_loadings: bool = False,
    equal_intercepts: bool = False,
    free_loadings: frozenset[str] = frozenset(),
    free_intercepts: frozenset[str] = frozenset(),
) -> tuple[list[Pattern], int]:
    """Give each free element of a factor model over groups its parameter number.

    Factor variances are 1, in the first group only once loadings are equal. No loading is fixed:
    an item that hardly goes with the others, or runs against them, can then stand first. Latent
    means are 0, in the first group only once intercepts are equal. Items in ``free_*`` keep
    their own value a group.
    """
    numbers = Numbers()
    names = list(factors)
    p, m = len(items), len(names)
    built = []
    for g in range(groups):
        loading = np.full((p, m), -1)
        for j, name in enumerate(names):
            for item in factors[name]:
                i = items.index(item)
                own = g if not equal_loadings or item in free_loadings else "all"
                loading[i, j] = numbers("loading", own, i, j)
        factor = np.full((m, m), -1)
        fixed_factor = np.zeros((m, m))
        for j in range(m):
            for k in range(j):
                factor[j, k] = factor[k, j] = numbers("factor", g, j, k)
            if equal_loadings and g > 0:
                factor[j, j] = numbers("factor", g, j, j)
            else:
                fixed_factor[j, j] = 1.0
        own_intercept = [
            g if not equal_intercepts or item in free_intercepts else "all" for item in items
        ]
        built.append(
            Pattern(
                loading=loading,
                factor=factor,
                residual=np.array([numbers("residual", g, i) for i in range(p)]),
                intercept=np.array(
                    [numbers("intercept", own, i) for i, own in enumerate(own_intercept)]
                ),
                latent=np.array(
                    [numbers("latent", g, j) if equal_intercepts and g else -1 for j in range(m)]
                ),
                fixed_factor=fixed_factor,
            )
        )
    return built, len(numbers)


@dataclass(frozen=True, slots=True)
class Matrices:
    """One group's matrices at given parameters, with what they imply."""

    loading: np.ndarray
    factor: np.ndarray
    residual: np.ndarray
    intercept: np.ndarray
    latent: np.ndarray

    @property
    def sigma(self) -> np.ndarray:
        """Implied covariance matrix."""
        return self.loading @ self.factor @ self.loading.T + np.diag(self.residual)

    @property
    def mu(self) -> np.ndarray:
        """Implied means."""
        return self.intercept + self.loading @ self.latent


def matrices(pattern: Pattern, theta: np.ndarray) -> Matrices:
    """Fill a pattern with parameters."""
    padded = np.append(theta, 0.0)
    return Matrices(
        padded[pattern.loading],
        np.where(pattern.factor >= 0, padded[pattern.factor], pattern.fixed_factor),
        padded[pattern.residual],
        padded[pattern.intercept],
        padded[pattern.latent],
    )


def maximise(
    data: Sequence[Moments],
    model: Sequence[Pattern],
    size: int,
    *,
    start: np.ndarray | None = None,
    rounds: int = 200,
    tolerance: float = 1e-10,
) -> Solution:
    """Maximise the likelihood; ``discrepancy`` is minus twice its log ratio to the saturated.

    Steps are Fisher's, halved until the likelihood rises; standard errors come from the
    expected information. It has converged once a step promises less than ``tolerance``.

    References
    ----------
    Jöreskog (1971); Lee & Jennrich (1979).
    """
    theta = _start(data, model, size) if start is None else start.copy()
    value = _discrepancy(data, model, theta)
    covariance = np.full((size, size), np.nan)
    for used in range(1, rounds + 1):
        score, information = _score(data, model, theta, size)
        scale = np.sqrt(np.maximum(np.diag(information), 1e-300))
        scaled = information / np.outer(scale, scale)
        try:
            step = np.linalg.solve(scaled + 1e-13 * np.eye(size), score / scale) / scale
        except np.linalg.LinAlgError:
            break
        if float(score @ step) < tolerance:
            covariance = np.linalg.pinv(scaled, hermitian=True) / np.outer(scale, scale)
            sound = bool(np.linalg.eigvalsh(scaled)[0] > 1e-10)
            return Solution(theta, covariance, value, sound, used)
        length = 1.0
        while length > 1e-8:
            there = _discrepancy(data, model, theta + length * step)
            if there < value:
                break
            length /= 2
        if length <= 1e-8:
            break
        theta, value = theta + length * step, there
    return Solution(theta, covariance, value, False, used)


def _discrepancy(data: Sequence[Moments], model: Sequence[Pattern], theta: np.ndarray) -> float:
    total = 0.0
    for group, pattern in zip(data, model, strict=True):
        here = matrices(pattern, theta)
        try:
            root = np.linalg.cholesky(here.sigma)
        except np.linalg.LinAlgError:
            return np.inf
        inverse = np.linalg.inv(root)
        gap = inverse @ (group.mean - here.mu)
        total += group.n * (
            2 * np.log(np.diag(root)).sum()
            - np.linalg.slogdet(group.covariance)[1]
            + (inverse @ group.covariance * inverse).sum()
            - len(group.items)
            + gap @ gap
        )
    return float(total)


def _score(data, model, theta, size) -> tuple[np.ndarray, np.ndarray]:
    score, information = np.zeros(size), np.zeros((size, size))
    for group, pattern in zip(data, model, strict=True):
        here = matrices(pattern, theta)
        numbers, d_sigma, d_mu = derivatives(pattern, here)
        inverse = np.linalg.inv(np.linalg.cholesky(here.sigma))
        white = inverse @ d_sigma @ inverse.T
        shift = d_mu @ inverse.T
        gap = inverse @ (group.mean - here.mu)
        excess = inverse @ group.covariance @ inverse.T + np.outer(gap, gap)
        excess -= np.eye(len(group.items))
        flat = white.reshape(len(numbers), -1)
        np.add.at(score, numbers, group.n * (flat @ excess.ravel() / 2 + shift @ gap))
        information[np.ix_(numbers, numbers)] += group.n * (flat @ flat.T / 2 + shift @ shift.T)
    return score, information


def derivatives(pattern: Pattern, here: Matrices):
    """Return derivatives of Sigma (q, p, p) and mu (q, p) by the group's own parameters.

    Parameters
    ----------
    pattern : Pattern
        Of one group.
    here : Matrices
        Where they are taken.

    Returns
    -------
    ndarray of int, ndarray, ndarray
        Numbers of the q parameters, and the derivatives.
    """
    p = len(pattern.residual)
    spread = here.factor @ here.loading.T
    own, eye = np.arange(p), np.eye(p)
    i, j = np.nonzero(pattern.loading >= 0)
    by_loading = np.zeros((i.size, p, p))
    by_loading[np.arange(i.size), i] = spread[j]
    j_latent = np.flatnonzero(pattern.latent >= 0)
    k, other = np.nonzero(np.tril(pattern.factor >= 0))
    columns = here.loading.T
    share = np.where(k == other, 0.5, 1.0)[:, None, None]
    by_factor = share * columns[k][:, :, None] * columns[other][:, None, :]
    by_residual = np.zeros((p, p, p))
    by_residual[own, own, own] = 0.5
    halves = np.concatenate([by_loading, by_factor, by_residual])
    d_sigma = np.zeros((len(halves) + p + j_latent.size, p, p))
    d_sigma[: len(halves)] = halves + halves.transpose(0, 2, 1)
    d_mu = np.concatenate(
        [
            eye[i] * here.latent[j][:, None],
            np.zeros((k.size + p, p)),
            eye,
            columns[j_latent],
        ]
    )
    numbers = np.concatenate(
        [
            pattern.loading[i, j],
            pattern.factor[k, other],
            pattern.residual,
            pattern.intercept,
            pattern.latent[j_latent],
        ]
    )
    return numbers, d_sigma, d_mu


def carry(model: Sequence[Pattern], filled: Sequence[Matrices], size: int) -> np.ndarray:
    """Parameters of ``model`` that give the matrices ``filled``, as far as it can.

    Where groups share a parameter, the first group's value is taken.
    """
    theta = np.zeros(size)
    for pattern, here in reversed(list(zip(model, filled, strict=True))):
        for name in ("loading", "factor", "residual", "intercept", "latent"):
            numbers = getattr(pattern, name)
            theta[numbers[numbers >= 0]] = getattr(here, name)[numbers >= 0]
    return theta


def lagrange(data: Sequence[Moments], model: Sequence[Pattern], theta: np.ndarray) -> float:
    """Score statistic of freeing parameters: the chi-square that ``model`` promises at ``theta``.

    ``theta`` holds the restricted maximum written in the parameters of the freer ``model``.

    References
    ----------
    Sörbom (1989), the modification index.
    """
    score, information = _score(data, model, theta, theta.size)
    return float(score @ np.linalg.lstsq(information, score, rcond=1e-12)[0])


def _start(data: Sequence[Moments], model: Sequence[Pattern], size: int) -> np.ndarray:
    """Start from loadings of .7 standard deviations, on the side on which the items run."""
    theta = np.zeros(size)
    for group, pattern in reversed(list(zip(data, model, strict=True))):
        spread = np.sqrt(np.diag(group.covariance))
        correlation = group.covariance / np.outer(spread, spread)
        theta[pattern.residual] = 0.5 * spread**2
        theta[pattern.intercept] = group.mean
        factors = pattern.loading.shape[1]
        sides = np.zeros((len(spread), factors))
        for j in range(factors):
            mine = np.flatnonzero(pattern.loading[:, j] >= 0)
            sides[mine, j] = directions(correlation[np.ix_(mine, mine)])
            theta[pattern.loading[mine, j]] = 0.7 * spread[mine] * sides[mine, j]
        together = np.sign(sides.T @ correlation @ sides)
        for j in range(factors):
            for k in range(j + 1):
                if pattern.factor[j, k] >= 0:
                    theta[pattern.factor[j, k]] = 1.0 if j == k else 0.2 * together[j, k]
    return theta


def directions(correlation: np.ndarray) -> np.ndarray:
    """Return 1 for each item that runs with the majority, −1 for each that runs against it.

    The side is the sign on the first principal component; of two sides of equal size the one of
    the first item counts as the majority.

    Parameters
    ----------
    correlation : array, shape (items, items)

    References
    ----------
    Revelle (psych), ``alpha(check.keys = TRUE)``, decides by the same component.
    """
    first = np.linalg.eigh(correlation)[1][:, -1]
    sides = np.where(first < 0, -1.0, 1.0)
    if sides.sum() < 0 or (sides.sum() == 0 and sides[0] < 0):
        sides = -sides
    return sides

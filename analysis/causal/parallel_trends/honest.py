r"""Confidence sets for an effect when parallel trends may be violated by a bounded amount.

With event-study coefficients β = (β_pre, β_post) the reference period being zero, the trend that
treated units would have had is δ; what is known of it is δ_pre = β_pre. The parameter is
``l'(β_post − δ_post)``.

* **Relative magnitudes**: no step of δ after treatment is larger than M̄ times the largest step
  before it. The set is the union, over which step is the largest, of conditional moment-inequality
  tests (Andrews, Roth, Pakes), the post-period inequalities alone being used.
* **Smoothness**: the slope of δ changes by no more than M from period to period. The interval is
  the shortest of fixed length (the best affine estimator for this M).

The breakdown value is the largest M̄ or M at which zero is still excluded.

References
----------
Rambachan, Roth (2023), A more credible approach to parallel trends, sections 2.4, 3 and 4;
Andrews, Roth, Pakes (2023), Inference for linear conditional moment inequalities, section 5;
Armstrong, Kolesár (2018) for intervals of fixed length.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analysis.causal.panel.faults import a_level
from analysis.causal.parallel_trends.moment_inequality import LeastViolation, conditional_rejects
from analysis.causal.parallel_trends.shortest_interval import Frontier
from analysis.settings import LEVEL

#: Reach of the search for an end, in standard errors of the estimate.
REACH = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Event-study coefficients in time order, the reference period left out.

    Attributes
    ----------
    beta : (P + T,)
    covariance : (P + T, P + T)
    n_pre : int
        P, the coefficients before the reference period, without a gap up to it.
    weights : (T,)
        l: weights of the periods after it in the parameter.
    widening : float
        Factor on standard errors under smoothness, whose weights are chosen by an estimated
        covariance.
    """

    beta: np.ndarray
    covariance: np.ndarray
    n_pre: int
    weights: np.ndarray
    widening: float = 1.0

    @property
    def estimate(self) -> float:
        """The parameter under parallel trends."""
        return float(self.weights @ self.beta[self.n_pre :])

    @property
    def se(self) -> float:
        """Standard error of ``estimate``."""
        own = self.covariance[self.n_pre :, self.n_pre :]
        return float(np.sqrt(self.weights @ own @ self.weights))


# --- relative magnitudes ------------------------------------------------------------------------


class _Tests:
    """The conditional tests of one M̄: one for each step that may be the largest, and its sign.

    ``basis`` is where the search for what binds starts: what bound in the test before, of this M̄
    or of another one.
    """

    def __init__(
        self, moments: Moments, mbar: float, level: float, basis: np.ndarray | None = None
    ) -> None:
        a_level(level)
        self.unit = moments.se if moments.se > 0 else 1.0  # tolerances below are in its units
        beta, covariance = moments.beta / self.unit, moments.covariance / self.unit**2
        P, T = moments.n_pre, len(moments.weights)
        along = moments.weights / (moments.weights @ moments.weights)
        across = _orthogonal(moments.weights)
        self.alpha = 1 - level
        self.parts = []
        # With several periods after, X is the same for every step, sign and multiple.
        self.basis = None if T == 1 else basis
        for step in range(P):
            for sign in (1.0, -1.0):
                A = _step_inequalities(P, T, step, sign * mbar)
                if T == 1:
                    A = np.vstack([A, _step_inequalities_before(P, T, step, sign)])
                    A = A[(A**2).sum(axis=1) > 1e-10]
                Y, V = A @ beta, A @ covariance @ A.T
                X = A[:, P:] @ across
                programme = LeastViolation(np.column_stack([np.sqrt(np.diag(V)), X]))
                self.parts.append((Y, A[:, P:] @ along, X, V, programme))

    def accepts(self, part: int, theta: float) -> bool:
        Y, a, X, V, programme = self.parts[part]
        if programme.basis is None:
            programme.basis = self.basis
        rejects = conditional_rejects(Y - a * (theta / self.unit), X, V, self.alpha, programme)
        if X.shape[1]:
            self.basis = programme.basis
        return not rejects

    def any_accepts(self, theta: float) -> bool:
        """Whether the value is in the confidence set."""
        return any(self.accepts(part, theta) for part in range(len(self.parts)))


def relative_magnitudes(
    moments: Moments, mbar: float, *, level: float = LEVEL, tolerance: float = 1e-3
) -> tuple[float, float] | None:
    """Confidence set under relative magnitudes: its ends, or None when it is empty.

    Parameters
    ----------
    mbar : float
        Largest step after treatment as a multiple of the largest before; steps between
        neighbouring periods, the reference period included.
    tolerance : float
        Precision of the ends in standard errors of the estimate.

    Returns
    -------
    tuple of float or None
        Lower and upper end in the unit of the outcome.
    """
    tests = _Tests(moments, mbar, level)
    centre, se = moments.estimate, moments.se
    ends = [_end(tests, centre, se, direction, tolerance) for direction in (-1.0, 1.0)]
    return None if None in ends else (float(ends[0]), float(ends[1]))


def _end(tests: _Tests, centre: float, se: float, direction: float, tolerance: float):
    """Farthest accepted value in one direction; None where nothing is accepted."""
    reach = None
    for part in range(len(tests.parts)):
        start = 0.0 if reach is None else reach
        steps = [start + r for r in REACH]
        inside = [s for s in steps if tests.accepts(part, centre + direction * s * se)]
        if not inside:
            continue
        low, high = inside[-1], None
        while high is None:
            candidate = low * 2 if low > steps[-1] / 2 else low + (low - start or REACH[1])
            if tests.accepts(part, centre + direction * candidate * se):
                low = candidate
            else:
                high = candidate
        while high - low > tolerance:
            middle = (low + high) / 2
            if tests.accepts(part, centre + direction * middle * se):
                low = middle
            else:
                high = middle
        reach = low if reach is None else max(reach, low)
    return None if reach is None else centre + direction * reach * se


def breakdown_relative(moments: Moments, *, level: float = LEVEL, most: float = 5.0) -> float:
    """Return the largest M̄, up to ``most``, at which zero is excluded; 0 where it never is."""
    basis = None

    def excluded(mbar: float) -> bool:
        nonlocal basis
        tests = _Tests(moments, mbar, level, basis)
        found = not tests.any_accepts(0.0)
        basis = tests.basis
        return found

    return _largest(excluded, most, 0.005)


def breakdown_smoothness(moments: Moments, *, level: float = LEVEL) -> float:
    """Return the largest M at which the interval excludes zero; 0 where it never does."""
    frontier = _frontier(moments)

    def margin(m: float) -> float:
        low, high = _interval(moments, frontier, m, level)
        return max(low, -high)

    if margin(0.0) <= 0:
        return 0.0
    below, above = 0.0, moments.se / 64
    while margin(above) > 0:
        below, above = above, above * 4
        if above > 1e6 * moments.se:
            return below
    return float(_root(margin, below, above, xtol=above / 500))


def _largest(excluded: Callable[[float], bool], most: float, precision: float) -> float:
    if not excluded(0.0):
        return 0.0
    if excluded(most):
        return most
    low, high = 0.0, most
    while high - low > precision:
        middle = (low + high) / 2
        low, high = (middle, high) if excluded(middle) else (low, middle)
    return low


def _step_inequalities(P: int, T: int, step: int, bound: float) -> np.ndarray:
    """Rows ``±(δ_t − δ_{t−1}) − bound·(δ_s − δ_{s−1}) ≤ 0`` for t after treatment."""
    difference = _differences(P, T)
    largest = bound * difference[step]
    return np.vstack([difference[P:] - largest, -difference[P:] - largest])


def _step_inequalities_before(P: int, T: int, step: int, sign: float) -> np.ndarray:
    difference = _differences(P, T)
    largest = sign * difference[step]
    return np.vstack([difference[:P] - largest, -difference[:P] - largest])


def _differences(P: int, T: int) -> np.ndarray:
    """(P + T, P + T) first differences of δ, whose reference period is zero and left out."""
    whole = np.diff(np.eye(P + T + 1), axis=0)
    return np.delete(whole, P, axis=1)


# --- smoothness ---------------------------------------------------------------------------------


def smoothness(moments: Moments, m: float, *, level: float = LEVEL) -> tuple[float, float]:
    """Return the shortest interval of fixed length under smoothness, in the parameter's units.

    Parameters
    ----------
    m : float
        Largest change of the slope of δ between neighbouring periods, in units of the outcome.
    """
    return _interval(moments, _frontier(moments), m, level)


def _interval(moments: Moments, frontier: Frontier, m: float, level: float) -> tuple[float, float]:
    half, v = frontier.shortest(m, level)
    centre = float(v @ moments.beta)
    return centre - half, centre + half


def _frontier(moments: Moments) -> Frontier:
    """Estimators that are right when δ is a straight line, by worst bias when it bends."""
    P, T = moments.n_pre, len(moments.weights)
    period = np.concatenate([np.arange(-P, 0), np.arange(1, T + 1)]).astype(float)
    corner = np.arange(-P + 1, T)
    # What a slope that changes by one at each corner adds to δ, no slope at the reference.
    bend = np.where(
        corner[None, :] >= 0,
        np.maximum(period[:, None] - corner[None, :], 0),
        np.maximum(corner[None, :] - period[:, None], 0),
    )
    free = np.vstack([_orthogonal(period[:P]), np.zeros((T, P - 1))])
    first = np.concatenate([np.zeros(P), moments.weights])
    first[:P] = -period[:P] * (moments.weights @ period[P:]) / (period[:P] @ period[:P])
    return Frontier(first, free, bend, moments.covariance * moments.widening**2)


def _root(f: Callable[[float], float], low: float, high: float, *, xtol: float) -> float:
    from scipy.optimize import brentq

    return brentq(f, low, high, xtol=xtol)


def _orthogonal(vector: np.ndarray) -> np.ndarray:
    """(n, n − 1) orthonormal columns orthogonal to a vector."""
    return np.linalg.svd(vector[None, :])[2][1:].T

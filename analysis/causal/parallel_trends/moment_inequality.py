"""A test of moment inequalities with nuisance parameters, conditional on what binds.

The statistic is the least η such that all moments are below η standard deviations for some value
of the nuisance parameters; its critical value is that of a normal truncated to the range over
which the same inequalities bind.

References
----------
Andrews, Roth, Pakes (2023), Inference for linear conditional moment inequalities, sections 4–5 and
appendix D.
"""

from __future__ import annotations

import numpy as np
from scipy.special import log_ndtr, ndtri_exp

#: Multipliers below this do not bind.
BINDING = 1e-6
#: Condition number above which a basis is taken for singular.
SINGULAR = 1e12


class LeastViolation:
    """Least η with ``y − Xτ ≤ η·sd`` for some τ, for many y with one ``W = (sd, X)``.

    A dual simplex that starts from the last solution: moving y a little needs no or few pivots.
    It may start from the solution of another programme with the same X: multipliers that X does
    not move stay so whatever the sd, which only scale them.

    Parameters
    ----------
    W : (m, K)
    basis : (K,) int, optional
        Rows that bound another programme with the same X.
    """

    def __init__(self, W: np.ndarray, basis: np.ndarray | None = None) -> None:
        self.W, self.basis = W, basis

    def solve(self, y: np.ndarray) -> tuple[float, np.ndarray]:
        """Return η and the multipliers of the inequalities, a vertex of the dual."""
        W, K = self.W, self.W.shape[1]
        if K == 1:
            self.basis = np.array([np.argmax(y / W[:, 0])])
        basis = self._start(y) if self.basis is None else self.basis.copy()
        for _ in range(50):
            inverse = np.linalg.inv(W[basis])
            z = inverse @ y[basis]
            excess = y - W @ z
            enters = int(excess.argmax())
            if excess[enters] <= 1e-10 * (1 + abs(z[0])) * W[enters, 0]:
                break
            share = W[enters] @ inverse
            ratio = np.full(K, np.inf)
            np.divide(inverse[0], share, out=ratio, where=share > 1e-12)
            basis[int(np.argmin(ratio))] = enters
        else:
            basis = self._start(y)
            inverse = np.linalg.inv(W[basis])
            z = inverse @ y[basis]
        self.basis = basis
        gamma = np.zeros(len(y))
        gamma[basis] = inverse[0]
        return float(z[0]), gamma

    def _start(self, y: np.ndarray) -> np.ndarray:
        """Find a basis by a general solver; rows that bind without a multiplier complete it."""
        from scipy.optimize import linprog

        cost = np.zeros(self.W.shape[1])
        cost[0] = 1.0
        found = linprog(cost, A_ub=-self.W, b_ub=-y, bounds=(None, None), method="highs-ds")
        if found.status != 0:
            raise ArithmeticError(f"the linear programme of the test failed: {found.message}")
        order = np.lexsort((found.slack, found.ineqlin.marginals))
        chosen: list[int] = []
        for row in order:
            if np.linalg.matrix_rank(self.W[[*chosen, row]]) > len(chosen):
                chosen.append(int(row))
        return np.array(chosen)


def conditional_rejects(
    y: np.ndarray,
    X: np.ndarray,
    V: np.ndarray,
    alpha: float,
    programme: LeastViolation | None = None,
) -> bool:
    """Test ``E[y] − Xτ ≤ 0 for some τ``, conditional on which inequalities bind.

    Parameters
    ----------
    y : (m,)
        Moments, ``V`` (m, m) their covariance.
    X : (m, k)
        What the nuisance parameters do to them; k may be 0.
    programme : LeastViolation, optional
        Of an earlier test with the same ``X`` and ``V``.
    """
    programme = programme or LeastViolation(np.column_stack([np.sqrt(np.diag(V)), X]))
    eta, gamma = programme.solve(y)
    spread = float(np.sqrt(max(gamma @ V @ gamma, 0.0)))
    if spread < 1e-10:
        return eta > 0
    binding = gamma > BINDING
    ends = None
    if binding.sum() == X.shape[1] + 1:
        ends = _truncation_by_basis(y, programme.W, V, binding)
    if ends is None:
        ends = _truncation_by_dual(y, programme, V, gamma, eta)
    low, high = ends[0] / spread, ends[1] / spread
    statistic = eta / spread
    if not low <= statistic <= high:
        return False
    return statistic > max(0.0, truncated_quantile(1 - alpha, low, high))


def _truncation_by_basis(y, W, V, binding) -> tuple[float, float] | None:
    """Range of the statistic over which the same inequalities bind; None for a singular basis."""
    inverse = _well_conditioned_inverse(W[binding])
    if inverse is None:
        return None
    gamma = np.zeros(len(y))
    gamma[binding] = inverse[0]
    toward = np.zeros((int((~binding).sum()), len(y)))
    toward[:, binding] = W[~binding] @ inverse
    toward[np.arange(len(toward)), np.flatnonzero(~binding)] -= 1.0
    rho = toward @ V @ gamma / (gamma @ V @ gamma)
    with np.errstate(divide="ignore", invalid="ignore"):
        limit = -(toward @ y) / rho + gamma @ y
    below, above = limit[rho > 0], limit[rho < 0]
    return (below.max() if len(below) else -np.inf, above.min() if len(above) else np.inf)


def _well_conditioned_inverse(basis: np.ndarray) -> np.ndarray | None:
    """Invert a basis; None where its condition number is above :data:`SINGULAR`.

    The product of Frobenius norms is no less than the condition number, which is dearer.
    """
    try:
        inverse = np.linalg.inv(basis)
    except np.linalg.LinAlgError:
        return None
    bound = np.sqrt((basis**2).sum() * (inverse**2).sum())
    if bound > SINGULAR / 2 and np.linalg.cond(basis) > SINGULAR:
        return None
    return inverse


def _truncation_by_dual(y, programme, V, gamma, eta) -> tuple[float, float]:
    """Range over which γ stays a solution of the dual, where the binding set is not a basis.

    ``max_g g'(s + b c) − c`` is convex and piecewise linear in c and zero on the range; Newton
    steps from outside end at its ends.
    """
    b = V @ gamma / (gamma @ V @ gamma)
    s = y - b * (gamma @ y)
    scale = np.sqrt(gamma @ V @ gamma)
    ends = []
    for start in (min(-100.0, eta - 20 * scale), max(100.0, eta + 20 * scale)):
        c, limit = start, start
        for _ in range(100):
            value, other = programme.solve(s + b * c)
            if value - c <= 1e-9 * max(1.0, abs(c)):
                limit = np.copysign(np.inf, start - eta) if c == start else c
                break
            c = limit = float(other @ s / (1 - other @ b))
        ends.append(limit)
    return min(ends[0], eta), max(ends[1], eta)


def truncated_quantile(p: float, low: float, high: float) -> float:
    """Quantile of a standard normal cut off outside [low, high], safe in the tails."""
    sign = 1.0 if low > 0 else -1.0
    with np.errstate(divide="ignore"):
        near = np.log1p(-p) + log_ndtr(-sign * low)
        far = np.log(p) + log_ndtr(-sign * high)
    return float(-sign * ndtri_exp(np.logaddexp(near, far)))

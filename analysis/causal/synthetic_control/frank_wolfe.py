"""Weights on a simplex by Frank–Wolfe steps, many problems at a time.

The steps, the stopping rule and the second round on sparsified weights are those of R's
``synthdid``, so that weights agree with it to its own rounding and not only at the optimum.

References
----------
Arkhangelsky, Athey, Hirshberg, Imbens, Wager (2021), algorithm 1 and eqs. 4–6.
"""

from __future__ import annotations

import numpy as np

STEPS_BEFORE_SPARSIFYING = 100
STEPS = 10_000


def simplex_weights(
    gram: np.ndarray,
    toward: np.ndarray,
    square: np.ndarray,
    rows: np.ndarray,
    zeta: np.ndarray,
    allowed: np.ndarray,
    min_decrease: np.ndarray,
) -> np.ndarray:
    """Minimise ``ζ²‖x‖² + ‖Ax − b‖²/m`` over the simplex, for P problems.

    Parameters
    ----------
    gram : (K, K) or (P, K, K)
        ``A'A``, shared or a problem each.
    toward : (P, K)
        ``A'b``.
    square : (P,)
        ``b'b``.
    rows : (P,)
        Number m of rows of A.
    zeta : (P,)
    allowed : (P, K) bool
        Places that may have weight.
    min_decrease : (P,)
        A problem stops when a step lowers the objective by no more than its square.

    Returns
    -------
    (P, K)
        Weights; below a quarter of the largest they are set to zero and the rest solved again.
    """
    problem = _Problem(gram, toward, square, rows, zeta, allowed, min_decrease)
    first = problem.solve(allowed / allowed.sum(axis=1, keepdims=True), STEPS_BEFORE_SPARSIFYING)
    sparse = np.where(first <= first.max(axis=1, keepdims=True) / 4, 0.0, first)
    return problem.solve(sparse / sparse.sum(axis=1, keepdims=True), STEPS)


class _Problem:
    """P quadratic problems on simplices; row p of each array belongs to problem p."""

    def __init__(self, gram, toward, square, rows, zeta, allowed, min_decrease) -> None:
        self.gram, self.toward, self.square = gram, toward, square
        self.rows, self.ridge, self.allowed = rows.astype(float), zeta**2, allowed
        self.least = min_decrease**2

    def solve(self, x: np.ndarray, steps: int) -> np.ndarray:
        x = x.copy()
        left = np.arange(len(x))
        shared = self.gram.ndim == 2
        gram = self.gram
        toward, square, rows, allowed = self.toward, self.square, self.rows, self.allowed
        ridge, least = self.ridge, self.least
        live = x.copy()
        along = live @ gram if shared else np.einsum("pk,pkj->pj", live, gram)
        before = np.full(len(x), np.inf)
        for step_number in range(1, steps + 1):
            eta = rows * ridge
            slope = along - toward + eta[:, None] * live
            best = np.where(allowed, slope, np.inf).argmin(axis=1)
            place = np.arange(len(live))
            column = gram[best] if shared else gram[place, best]
            move = -live
            move[place, best] += 1.0
            turn = column - along
            curve = (turn[place, best] - (turn * live).sum(axis=1)) + eta * (move**2).sum(axis=1)
            descent = -(slope * move).sum(axis=1)
            size = np.divide(descent, curve, out=np.zeros_like(curve), where=curve > 0)
            size = np.clip(size, 0.0, 1.0)[:, None]
            live = live + size * move
            along = along + size * turn
            error = (live * (along - 2 * toward)).sum(axis=1) + square
            value = ridge * (live**2).sum(axis=1) + error / rows
            done = (before - value <= least) if step_number > 1 else np.zeros(len(live), bool)
            before = value
            if done.any():
                x[left[done]] = live[done]
                stay = ~done
                left, live, along, before = left[stay], live[stay], along[stay], before[stay]
                toward, square, rows = toward[stay], square[stay], rows[stay]
                allowed, ridge, least = allowed[stay], ridge[stay], least[stay]
                gram = gram if shared else gram[stay]
                if not len(left):
                    return x
        x[left] = live
        return x

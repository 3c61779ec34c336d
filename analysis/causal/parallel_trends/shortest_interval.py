r"""The shortest interval of fixed length, for every bound on the bends of a trend at once.

Estimators are ``first + free @ x``; with standard deviation σ(x) and worst bias ``m·B(x)``,
``B = Σ|bend'v|``, the half-length σ·cv(m B/σ) grows in both. Whatever m is, the shortest interval
is therefore on the frontier of

.. math:: \min_x \tfrac12\sigma(x)^2 + \lambda B(x), \qquad \lambda \ge 0,

which is piecewise linear in λ: it is followed from knot to knot once, and each m then takes one
root along it.

References
----------
Armstrong, Kolesár (2018), eq. 10, on the frontier; Tibshirani, Taylor (2011) on paths of penalised
least squares with a general penalty.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from analysis.causal.inference.distributions import t_quantile

#: Beyond this ratio of bias to standard deviation one tail alone matters.
FAR = 8.0
_TOO_MANY_KNOTS = 1000


class Frontier:
    """Estimators with the least variance for each worst bias.

    Parameters
    ----------
    first : (n,)
        Weights of one estimator that is right under straight drifts.
    free : (n, K)
        Directions in which it may be changed; K may be 0.
    bend : (n, J)
        What a bend of one at each corner adds to the coefficients.
    covariance : (n, n)
    """

    def __init__(self, first, free, bend, covariance) -> None:
        self.first, self.free = first, free
        self.scale = float(np.sqrt(first @ covariance @ first))
        size = covariance / self.scale**2 + 1e-14 * np.eye(len(covariance))
        root = np.linalg.cholesky(size).T
        self.side = (root @ free, root @ first)
        self.bias = (bend.T @ free, bend.T @ first)
        self.knots = _path(*self.side, *self.bias)

    def shortest(self, m: float, level: float) -> tuple[float, np.ndarray]:
        """Return half-length and weights (n,) of the shortest interval under a bound m on bends."""
        size = m / self.scale
        spread, worst = self._at(self.knots)
        length = spread * folded(size * worst / spread, level)[0]
        near = int(length.argmin())
        x = self.knots[near]
        for left, right in ((near, near + 1), (near - 1, near)):
            if left >= 0 and right < len(self.knots):
                ends = self.knots[left], self.knots[right]
                slopes = [self._slope(*ends, share, size, level) for share in (0.0, 1.0)]
                if slopes[0] < 0 < slopes[1]:
                    x = self._between(*ends, size, level)
        spread, worst = self._at(x)
        half = self.scale * spread * folded(size * worst / spread, level)[0]
        return float(half), self.first + self.free @ x

    def _between(self, start, end, size, level) -> np.ndarray:
        from scipy.optimize import brentq

        share = brentq(
            lambda w: self._slope(start, end, w, size, level), 0.0, 1.0, xtol=1e-10, rtol=1e-12
        )
        return start + share * (end - start)

    def _at(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return standard deviation and worst bias by unit of bend, in units of ``scale``."""
        spread = x @ self.side[0].T + self.side[1]
        worst = x @ self.bias[0].T + self.bias[1]
        return np.linalg.norm(spread, axis=-1), np.abs(worst).sum(axis=-1)

    def _slope(self, start, end, share, size, level) -> float:
        """Change of the half-length along a segment, on which no bias changes its sign."""
        along = end - start
        side = self.side[0] @ (start + share * along) + self.side[1]
        spread = float(np.linalg.norm(side))
        ends = [float(self._at(x)[1]) for x in (start, end)]
        worst = ends[0] + share * (ends[1] - ends[0])
        t = size * worst / spread
        quantile, steep = folded(t, level)
        wider = side @ (self.side[0] @ along) / spread
        return float(wider * (quantile - t * steep) + steep * size * (ends[1] - ends[0]))


def folded(t: np.ndarray | float, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Quantile of |N(t, 1)| at ``level``, and its derivative in t; ``t`` ≥ 0, ``level`` > ½."""
    t = np.asarray(t, float)
    c = t + t_quantile(2 * level - 1, np.inf)
    for _ in range(60):
        near, far = np.exp(-((c - t) ** 2) / 2), np.exp(-((c + t) ** 2) / 2)
        lacking = level - ndtr(c - t) + ndtr(-c - t)
        step = lacking * np.sqrt(2 * np.pi) / (near + far)
        c = c + step
        if np.abs(step).max() < 1e-13 * (1 + np.abs(c).max()):
            break
    near, far = np.exp(-((c - t) ** 2) / 2), np.exp(-((c + t) ** 2) / 2)
    return c, np.where(t > FAR, 1.0, (near - far) / (near + far))


def _path(A: np.ndarray, c: np.ndarray, D: np.ndarray, o: np.ndarray) -> np.ndarray:
    """(L, K) knots of ``argmin ½|Ax + c|² + λ|Dx + o|₁`` for λ from 0 up.

    Between knots the same entries of ``Dx + o`` are zero. An entry joins them where it reaches
    zero, and leaves where its multiplier reaches λ.
    """
    K = A.shape[1]
    gram, toward = A.T @ A, -A.T @ c
    x = np.linalg.solve(gram, toward)
    knots, now = [x], 0.0
    zero: list[int] = []
    sign = np.sign(D @ x + o)
    for _ in range(_TOO_MANY_KNOTS):
        rest = np.setdiff1d(np.arange(len(o)), zero)
        Z = len(zero)
        system = np.block([[gram, D[zero].T], [D[zero], np.zeros((Z, Z))]])
        sides = np.zeros((K + Z, 2))
        sides[:K, 0], sides[K:, 0] = toward, -o[zero]
        sides[:K, 1] = -D[rest].T @ sign[rest]
        fixed, moving = np.linalg.solve(system, sides).T
        at, entry = _next(fixed, moving, D, o, sign, rest, zero, K)
        if entry is None:
            return np.array(knots)
        now = max(now, at)
        knots.append(fixed[:K] + now * moving[:K])
        if entry in zero:
            k = K + zero.index(entry)
            sign[entry] = np.sign(fixed[k] + now * moving[k])
            zero.remove(entry)
        else:
            zero.append(entry)
    raise ArithmeticError("the frontier of intervals has no end")


def _next(fixed, moving, D, o, sign, rest, zero, K) -> tuple[float, int | None]:
    """Return λ of the next knot and the entry that joins or leaves; None where there is no more."""
    best, entry = np.inf, None
    level, drift = D[rest] @ fixed[:K] + o[rest], D[rest] @ moving[:K]
    small = 1e-12 * (1 + np.abs(moving[:K]).max(initial=0.0))
    for j, r0, r1 in zip(rest, level, drift, strict=True):
        if sign[j] * r1 < -small and -r0 / r1 < best:
            best, entry = float(-r0 / r1), int(j)
    for j, u0, u1 in zip(zero, fixed[K:], moving[K:], strict=True):
        if abs(u1) > 1 + 1e-12 and (at := u0 / (np.sign(u1) - u1)) < best:
            best, entry = float(at), int(j)
    return best, entry

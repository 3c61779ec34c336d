"""Wild cluster bootstrap of any effect that is linear in the outcome, null imposed.

An effect is ``Σ ω y`` where the weights of every unit and of every period sum to zero
(:func:`analysis.causal.did.aggregate.outcome_weights`); two-way fixed effects is the special case
``ω ∝`` residualised treatment. Residuals come from site and period effects plus the hypothesised
effect; each draw flips whole clusters. All draws reduce to cluster sums, and the t statistic of
a draw is a ratio of polynomials in the hypothesised effect, so an interval by inversion costs
next to nothing.

References
----------
Cameron, Gelbach, Miller (2008); Webb (2023) for the six-point multipliers; MacKinnon, Nielsen,
Webb (2023), section 6, on cluster sums and inversion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np

from analysis.causal.did.group_time import by_cluster
from analysis.causal.did.two_way import TwoWay
from analysis.causal.panel.faults import a_count, a_level, one_of
from analysis.settings import INFERENCE_DRAWS, LEVEL

Multipliers = Literal["auto", "rademacher", "webb"]
#: Below this many clusters Rademacher has too few distinct draws and Webb is used.
WEBB_BELOW = 13
#: Steps outwards, their growth, and halvings of the search for the ends of an interval.
_EXPANSIONS, _GROWTH, _HALVINGS = 24, 1.6, 24
#: Multipliers held in memory at a time.
BLOCK = 2**22
#: Errors below this share of the outcome are what arithmetic leaves of none.
ROUNDED = 1e-12
_WEBB = np.sqrt(np.array([1.5, 1.0, 0.5]))


@dataclass(frozen=True, slots=True)
class WildBootstrap:
    """Result of the wild cluster bootstrap.

    ``ci_low`` and ``ci_high`` hold every hypothesised effect not rejected at 1 − ``level``;
    None when that set is unbounded.
    """

    estimate: float
    se: float
    p_value: float
    ci_low: float | None
    ci_high: float | None
    level: float
    n_draws: int
    enumerated: bool
    multipliers: str
    n_clusters: int


def wild_bootstrap(
    y: np.ndarray,
    under_treatment: np.ndarray,
    omega: np.ndarray,
    observed: np.ndarray,
    cluster: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    null: float = 0.0,
    level: float = LEVEL,
    draws: int = INFERENCE_DRAWS,
    seed: int,
    multipliers: Multipliers = "auto",
) -> WildBootstrap | None:
    """Test and invert ``Σ ω y = null``.

    Parameters
    ----------
    y : (N, T)
    under_treatment : (N, T) bool
        Cells that the effect moves; ``Σ ω over them`` must be 1.
    omega : (N, T)
        Weights, zero outside ``observed``.
    observed : (N, T) bool
        Cells the residuals come from. For one event time leave out other treated cells.
    cluster : (N,) int
    weights : (N,), optional
        Unit weights of the fixed effects.
    null : float
        Hypothesised effect of ``p_value``.
    multipliers : {"auto", "rademacher", "webb"}
        ``auto``: Webb below 13 clusters. Rademacher is enumerated when 2^C ≤ ``draws``.

    Returns
    -------
    WildBootstrap or None
        None where no cluster has a residual: nothing to draw from.
    """
    one_of("multipliers", multipliers, Multipliers)
    a_level(level)
    a_count("draws", draws, 1)
    total = float(omega[under_treatment].sum())
    if abs(total - 1) > 1e-8:
        raise ValueError(f"weights on the cells under treatment sum to {total}, not to 1")
    fit = TwoWay(observed, weights)
    summed = {}
    for name, values in (("y", y), ("d", under_treatment.astype(float))):
        residual = fit.residual(values)
        own = by_cluster((omega * residual).sum(axis=1), cluster)
        by_period = by_cluster(fit.weights[:, None] * residual, cluster)
        summed[name] = own, by_period
    toward = by_cluster(omega, cluster) @ fit.period_inverse
    (Ry, Uy), (Rd, Ud) = summed["y"], summed["d"]
    estimate = float(Ry.sum())
    se = float(np.sqrt(((Ry - estimate * Rd) ** 2).sum()))
    if not se > ROUNDED * float((np.abs(omega) * np.abs(np.where(observed, y, 0.0))).sum()):
        return None

    blocks, enumerated, used = _multipliers(len(Ry), draws, seed, multipliers)
    sides = [_Side(Ry, Uy, toward, Rd), _Side(Rd, Ud, toward, Rd)]
    by, bd, q0, q1, q2 = np.hstack([_draw(V, *sides, toward, Rd) for V in blocks])

    def p_value(effect: float) -> float:
        spread = np.sqrt(np.maximum(q0 - 2 * effect * q1 + effect**2 * q2, 1e-300))
        drawn = np.abs(by - effect * bd) / spread
        seen = np.abs(estimate - effect) / se
        above = int(np.sum(drawn >= seen * (1 - 1e-10)))
        return above / len(drawn) if enumerated else (above + 1) / (len(drawn) + 1)

    low, high = invert(p_value, estimate, se, level)
    return WildBootstrap(
        estimate=estimate,
        se=se,
        p_value=p_value(null),
        ci_low=low,
        ci_high=high,
        level=level,
        n_draws=len(by),
        enumerated=enumerated,
        multipliers=used,
        n_clusters=len(Ry),
    )


def invert(
    p_value: Callable[[float], float], centre: float, scale: float, level: float
) -> tuple[float | None, float | None]:
    """Return the ends of the effects not rejected; both None when one is out of reach."""
    ends = []
    for direction in (-1, 1):
        inside, step = centre, scale
        outside = None
        for _ in range(24):
            candidate = centre + direction * step
            if p_value(candidate) <= 1 - level:
                outside = candidate
                break
            inside, step = candidate, step * 1.6
        if outside is None:
            return None, None
        for _ in range(40):
            middle = (inside + outside) / 2
            if p_value(middle) <= 1 - level:
                outside = middle
            else:
                inside = middle
        ends.append((inside + outside) / 2)
    return ends[0], ends[1]


def invert_all(
    p_value: Callable[[np.ndarray], np.ndarray],
    centre: np.ndarray,
    scale: np.ndarray,
    level: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the effects not rejected in each of many panels; infinite out of reach.

    Parameters
    ----------
    p_value : callable
        (B,) p-values of (B,) effects.
    centre, scale : (B,)
        An effect that is not rejected, and the first step away from it.
    level : float
    """
    ends = []
    for side in (-1.0, 1.0):
        inside, outside = centre.copy(), np.full(len(centre), np.nan)
        step = np.where(scale > 0, scale, 1.0)
        for _ in range(_EXPANSIONS):
            candidate = centre + side * step
            out = np.isnan(outside)
            if not out.any():
                break
            rejected = out & (p_value(candidate) <= 1 - level)
            outside = np.where(rejected, candidate, outside)
            inside = np.where(out & ~rejected, candidate, inside)
            step = step * _GROWTH
        known = ~np.isnan(outside)
        outside = np.where(known, outside, inside)
        for _ in range(_HALVINGS):
            middle = (inside + outside) / 2
            rejected = p_value(middle) <= 1 - level
            outside, inside = (
                np.where(rejected, middle, outside),
                np.where(rejected, inside, middle),
            )
        ends.append(np.where(known, (inside + outside) / 2, side * np.inf))
    return ends[0], ends[1]


def wild_ends(
    y: np.ndarray,
    under_treatment: np.ndarray,
    omega: np.ndarray,
    cluster: np.ndarray,
    *,
    observed: np.ndarray,
    level: float,
    draws: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the intervals of :func:`wild_bootstrap` for many outcomes of one design.

    Parameters
    ----------
    y : (B, N, T)
    under_treatment, omega, cluster, observed, level, draws, seed
        As :func:`wild_bootstrap` takes them; units weigh alike.

    Returns
    -------
    (B,), (B,)
        Ends, infinite where the set is unbounded.
    """
    fit = TwoWay(observed, None)
    toward = by_cluster(omega, cluster) @ fit.period_inverse

    def summed(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        residual = fit.residual(values)
        own = by_cluster((omega * residual).sum(axis=1), cluster)
        return own, by_cluster(fit.weights[:, None] * residual, cluster)

    Rd, Ud = summed(under_treatment.astype(float))
    treated = _Side(Rd, Ud, toward, Rd)
    blocks, enumerated, _ = _multipliers(len(Rd), draws, seed, "auto")
    own = lambda V: _draw(V, treated, treated, toward, Rd)[-1]  # noqa: E731
    blocks = [(V, own(V)) for V in blocks]
    estimate, se, drawn = np.empty(len(y)), np.empty(len(y)), []
    for b, values in enumerate(y):
        Ry, Uy = summed(values)
        estimate[b] = Ry.sum()
        se[b] = np.sqrt(((Ry - estimate[b] * Rd) ** 2).sum())
        side = _Side(Ry, Uy, toward, Rd)
        drawn.append(np.hstack([_draw(V, side, treated, toward, Rd, own) for V, own in blocks]))
    by, bd, q0, q1, q2 = np.moveaxis(np.array(drawn), 1, 0)

    def p_value(effect: np.ndarray) -> np.ndarray:
        moved = effect[:, None]
        spread = np.sqrt(np.maximum(q0 - 2 * moved * q1 + moved**2 * q2, 1e-300))
        seen = np.abs(estimate - effect) / se
        above = (np.abs(by - moved * bd) / spread >= seen[:, None] * (1 - 1e-10)).sum(axis=1)
        return above / by.shape[1] if enumerated else (above + 1) / (by.shape[1] + 1)

    return invert_all(p_value, estimate, se, level)


class _Side:
    """Cluster sums of one variable and the columns that draws multiply."""

    def __init__(self, R: np.ndarray, U: np.ndarray, toward: np.ndarray, Rd: np.ndarray) -> None:
        self.R, self.T = R, U.shape[1]
        self.columns = np.column_stack([R, R * Rd, U, R[:, None] * toward])

    def split(self, product: np.ndarray) -> tuple[np.ndarray, ...]:
        """Products of draws with R, R·Rd, U and R·toward."""
        T = self.T
        return product[:, 0], product[:, 1], product[:, 2 : 2 + T], product[:, 2 + T :]


def _draw(
    V, y: _Side, d: _Side, toward: np.ndarray, Rd: np.ndarray, of_d: np.ndarray | None = None
) -> np.ndarray:
    """(5, draws): effects b_y, b_d of the draws and the moments of their residual scores.

    A draw's score in cluster c is ``E = V R − (V U) toward' − b Rd``; its sums of squares and
    products are multiplied out, so that no draws × clusters array is formed but V itself.
    """
    product = V @ np.column_stack([y.columns, d.columns])
    half = y.columns.shape[1]
    parts = y.split(product[:, :half]), d.split(product[:, half:])
    inner, along, length = toward.T @ toward, toward.T @ Rd, Rd @ Rd
    squared = None if np.all(np.abs(V[:1]) == 1) else V**2

    def moment(i: int, j: int) -> np.ndarray:
        (b1, p1, w1, s1), (b2, p2, w2, s2) = parts[i], parts[j]
        both = (y, d)[i].R * (y, d)[j].R
        own = both.sum() if squared is None else squared @ both
        crossed = ((w1 @ inner) * w2).sum(axis=1) - (w2 * s1).sum(axis=1) - (w1 * s2).sum(axis=1)
        drift = b2 * (w1 @ along - p1) + b1 * (w2 @ along - p2) + b1 * b2 * length
        return own + crossed + drift

    last = moment(1, 1) if of_d is None else of_d
    return np.vstack([parts[0][0], parts[1][0], moment(0, 0), moment(0, 1), last])


def _multipliers(
    n_clusters: int, draws: int, seed: int, kind: Multipliers
) -> tuple[Iterator[np.ndarray], bool, str]:
    """Blocks of multipliers (draws, C), whether they are all there are, and their kind."""
    if kind == "auto":
        kind = "webb" if n_clusters < WEBB_BELOW else "rademacher"
    if kind == "rademacher" and n_clusters < 60 and 2**n_clusters <= draws:
        return iter([np.array(list(product((-1.0, 1.0), repeat=n_clusters)))]), True, kind
    points = np.array([-1.0, 1.0]) if kind == "rademacher" else np.concatenate([-_WEBB, _WEBB])
    rng = np.random.default_rng(seed)
    size = max(1, BLOCK // n_clusters)
    sizes = [min(size, draws - start) for start in range(0, draws, size)]
    return (points[rng.integers(0, len(points), (m, n_clusters))] for m in sizes), False, kind

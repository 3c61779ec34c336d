"""Weights that make answers stand for the households: post-stratification, raking, trimming."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.measurement.intervals import Interval
from analysis.measurement.refusals import Refusal, RefusedError
from analysis.settings import LEVEL


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of the rows of a frame, on the frame's index, and what they cost.

    Attributes
    ----------
    weight : Series
        One weight a row; they sum to the households.
    design_effect : float
        Kish's ``n * sum(w^2) / sum(w)^2``, from 1.
    n_effective : float
        ``n / design_effect``.
    margin_error : float
        Largest distance between a weighted margin and its target, as a share of all households.
    converged : bool
        Whether the margins are met within the tolerance (trimming may keep them from it).
    rounds : int
        Rounds of raking used.
    trimmed : int
        Rows at a bound.
    """

    weight: pd.Series
    design_effect: float
    n_effective: float
    margin_error: float
    converged: bool
    rounds: int
    trimmed: int

    @property
    def n(self) -> int:
        """Rows weighted."""
        return len(self.weight)


def kish_design_effect(weights: np.ndarray) -> float:
    """Variance inflation by unequal weights, ``n * sum(w^2) / sum(w)^2 = 1 + cv^2``.

    It holds for an outcome unrelated to the weights.

    Returns
    -------
    float
    1 or more; 1 where all weights are equal.

    References
    ----------
    Kish (1965), Survey Sampling, section 11.7; Kish (1992).
    """
    weights = np.asarray(weights, dtype=float)
    return float(weights.size * (weights**2).sum() / weights.sum() ** 2)


def poststratify(
    strata: pd.Series, households: Mapping[str, float], *, base: pd.Series | None = None
) -> Weights:
    """Weight each answer by the households of its stratum over the answers in it.

    Parameters
    ----------
    strata : Series
        Stratum of each row, not NULL.
    households : Mapping
        Households of each stratum. One without answers is an error: it has to be merged with
        another, or left out of the population that is described.
    base : Series, optional
        Weights before; 1 when left out.
    """
    return rake(strata.to_frame("stratum"), {"stratum": households}, base=base)


def rake(
    rows: pd.DataFrame,
    margins: Mapping[str, Mapping[str, float]],
    *,
    base: pd.Series | None = None,
    bounds: tuple[float, float] | None = None,
    tolerance: float = 1e-8,
    rounds: int = 500,
) -> Weights:
    """Raking (iterative proportional fitting) of weights to several margins.

    Parameters
    ----------
    rows : DataFrame
        One row per answer; a column for each margin, without NULL.
    margins : Mapping
        Households by level for each column. Margins whose totals differ are scaled to the
        first one's total.
    base : Series, optional
        Weights before, one for each row by the index of ``rows``; 1 when left out.
    bounds : (float, float), optional
        Least and largest weight in units of the mean weight. Weights beyond are set to the
        bound, the difference goes to the others in proportion, and the margins are raked
        again until both hold or the rounds are spent.
    tolerance : float
        Accepted margin error as a share of all households.

    Returns
    -------
    Weights
        Without ``bounds`` the weights keep every association between the margins that
        ``base`` has (odds ratios are unchanged).

    Raises
    ------
    ValueError
        NULL in a margin; a level on one side only; households that are not a finite number from
        0; weights before that are missing for a row, or not above 0.

    References
    ----------
    Deming & Stephan (1940); Battaglia, Hoaglin & Frankel (2009) for trimming inside raking.
    """
    targets = [_margin(rows, column, levels) for column, levels in margins.items()]
    if not targets:
        raise ValueError("raking needs at least one margin, for example {'region': {'A': 1200}}")
    total = targets[0][1].sum()
    targets = [(codes, wanted * total / wanted.sum()) for codes, wanted in targets]
    weights = np.ones(len(rows)) if base is None else _aligned(base, rows.index)
    if not (np.isfinite(weights) & (weights > 0)).all():
        raise ValueError("weights before raking must be finite and above zero")
    weights *= total / weights.sum()
    error, used = math.inf, 0
    while used < rounds and error > tolerance:
        used += 1
        for codes, wanted in targets:
            reached = np.bincount(codes, weights, minlength=wanted.size)
            weights = weights * (wanted / reached)[codes]
        if bounds is not None:
            weights = trim(weights, bounds)
        error = max(
            float(np.abs(np.bincount(codes, weights, minlength=wanted.size) - wanted).max())
            for codes, wanted in targets
        )
        error /= total
    effect = kish_design_effect(weights)
    return Weights(
        weight=pd.Series(weights, index=rows.index, name="weight"),
        design_effect=effect,
        n_effective=len(weights) / effect,
        margin_error=float(error),
        converged=bool(error <= tolerance),
        rounds=used,
        trimmed=_at_bound(weights, bounds),
    )


def trim(weights: np.ndarray, bounds: tuple[float, float]) -> np.ndarray:
    """Cut weights to bounds in units of their mean and spread the difference over the others.

    The sum is kept. What was cut goes to the weights strictly inside the bounds in proportion
    to their size, and is cut again where it passes a bound.

    Parameters
    ----------
    weights : array
        Positive weights.
    bounds : (float, float)
        ``(least, largest)`` with ``0 <= least < 1 < largest``.

    Returns
    -------
    ndarray
        Weights in the order given, with the same sum.
    """
    least, largest = bounds
    if not 0 <= least < 1 < largest:
        raise ValueError(f"bounds surround 1, for example (0.2, 5); got {bounds}")
    weights = np.asarray(weights, dtype=float)
    total = weights.sum()
    low, high = least * total / weights.size, largest * total / weights.size
    cut = np.clip(weights, low, high)
    for _ in range(weights.size):
        missing = total - cut.sum()
        if abs(missing) <= 1e-12 * total:
            break
        free = (cut > low) & (cut < high)
        if not free.any():
            free = cut < high if missing > 0 else cut > low
        cut[free] *= 1 + missing / cut[free].sum()
        cut = np.clip(cut, low, high)
    return cut


def weighted_mean(
    values: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    clusters: Sequence | None = None,
    level: float = LEVEL,
) -> Interval:
    """Weighted mean with the linearised (Taylor) standard error.

    Parameters
    ----------
    values : array
        Outcome; NaN rows are left out.
    weights : array, optional
        1 when left out.
    clusters : sequence, optional
        Cluster of each row (the site); rows are independent when left out.

    Returns
    -------
    Interval
        t interval with clusters − 1 degrees of freedom; no ends with one cluster. Weights
        count as fixed, so that the interval of a raked mean is if anything too wide.

    References
    ----------
    Särndal, Swensson & Wretman (1992), section 5.7; Lumley (2010), section 2.2.
    """
    values = np.asarray(values, dtype=float)
    kept = np.isfinite(values)
    if not kept.any():
        raise RefusedError(Refusal.NO_ANSWERS, "a mean needs at least one value")
    weights = np.ones(values.size) if weights is None else np.asarray(weights, dtype=float)
    y, w = values[kept], weights[kept]
    value = float((w * y).sum() / w.sum())
    scores = w * (y - value) / w.sum()
    if clusters is not None:
        codes, _ = pd.factorize(np.asarray(clusters)[kept])
        scores = np.bincount(codes, scores)
    m = scores.size
    if m < 2:
        return Interval(value, None, None, int(kept.sum()), level, "none")
    se = float(math.sqrt(m / (m - 1) * (scores**2).sum()))
    half = float(stats.t.ppf((1 + level) / 2, m - 1)) * se
    return Interval(
        value, value - half, value + half, int(kept.sum()), level, "taylor_linearisation", se
    )


def _aligned(base: pd.Series, index: pd.Index) -> np.ndarray:
    """Return weights before raking in the order of the rows, matched by index."""
    if not base.index.is_unique and not base.index.equals(index):
        raise ValueError("weights before raking need an index without repetitions, like the rows'")
    if base.index.equals(index):
        return base.to_numpy(dtype=float).copy()
    missing = index.difference(base.index)
    if len(missing):
        raise ValueError(
            f"weights before raking miss {len(missing)} rows, for example {missing[0]}; "
            "they are matched by index: correct is pd.Series(..., index=rows.index)"
        )
    return base.reindex(index).to_numpy(dtype=float).copy()


def _margin(rows: pd.DataFrame, column: str, levels: Mapping) -> tuple[np.ndarray, np.ndarray]:
    if rows[column].isna().any():
        message = f"{column} has rows without a level; leave them out or name a level"
        raise RefusedError(Refusal.LEVEL_MISSING, message)
    names = list(levels)
    codes = pd.Index(names, dtype=object).get_indexer(rows[column].astype(object))
    if (codes < 0).any():
        told = _stray(column, rows[column][codes < 0], names)
        raise RefusedError(Refusal.LEVEL_UNCOUNTED, told)
    wanted = np.array([levels[name] for name in names], dtype=float)
    if not (np.isfinite(wanted) & (wanted >= 0)).all():
        odd = {str(n): w for n, w in zip(names, wanted, strict=True) if not 0 <= w < np.inf}
        told = f"{column}: households must be finite and not below 0, got {odd}"
        raise RefusedError(Refusal.LEVEL_UNCOUNTED, told)
    answers = np.bincount(codes, minlength=len(names))
    empty = [str(n) for n, a, t in zip(names, answers, wanted, strict=True) if a == 0 and t > 0]
    if empty:
        message = f"{column}: households but no answers in {empty}; merge with another"
        raise RefusedError(Refusal.LEVEL_UNANSWERED, message)
    if (wanted[answers > 0] <= 0).any():
        raise RefusedError(
            Refusal.LEVEL_EMPTY, f"{column}: answers from a level without households"
        )
    kept = answers > 0
    return (np.cumsum(kept) - 1)[codes], wanted[kept]


def _stray(column: str, stray: pd.Series, names: list) -> str:
    """Say which levels have no household count; name the types where only these differ."""
    levels = list(dict.fromkeys(stray))
    told = f"{column}: no household count for {sorted(map(str, levels))}"
    alike = {str(name): name for name in names}
    for level in levels:
        other = alike.get(str(level))
        if other is not None:
            kinds = f"{type(level).__name__} among the rows, {type(other).__name__} in the counts"
            return f"{told}; {level!r} is {kinds}: bring both to one type, for example str"
    return told


def _at_bound(weights: np.ndarray, bounds: tuple[float, float] | None) -> int:
    if bounds is None:
        return 0
    relative = weights / weights.mean()
    near = np.isclose(relative, bounds[0], rtol=1e-6) | np.isclose(relative, bounds[1], rtol=1e-6)
    return int(near.sum())

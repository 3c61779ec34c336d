"""Do raters agree? Intraclass correlations, Krippendorff's alpha, self–other gap."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from analysis.measurement.intervals import Interval, mean_t
from analysis.settings import LEVEL
from analysis.tables import periods_of

IccForm = Literal["ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k", "ICC3k"]
Scale = Literal["nominal", "ordinal", "interval", "ratio"]
_DIFFER = 0.05
"""Means are said to differ by more than rater error below this p-value."""


@dataclass(frozen=True, slots=True)
class RaterIcc:
    """One form of the intraclass correlation.

    ``f``, ``df1``, ``df2``, ``p_value`` test that it is zero; ``n_targets`` and ``n_raters``
    count those without a missing rating.
    """

    form: IccForm
    value: float
    low: float
    high: float
    f: float
    df1: int
    df2: int
    p_value: float
    n_targets: int
    n_raters: int
    level: float


def icc_forms(ratings: np.ndarray, *, level: float = LEVEL) -> dict[str, RaterIcc] | None:
    """Give the six intraclass correlations of Shrout and Fleiss.

    ``ICC1``: every target has raters of its own (mystery shoppers that differ from site to
    site). ``ICC2``: the same raters rate all targets and stand for others like them.
    ``ICC3``: the same raters, and only they matter; differences in severity do not count
    against agreement. ``…k`` is the reliability of the mean of the k raters.

    Parameters
    ----------
    ratings : array, shape (targets, raters)
        NaN where missing; targets with a missing rating are left out.

    Returns
    -------
    dict or None
        By form; None with fewer than two targets or raters, or when all ratings are equal: then
        nothing tells targets apart. Where raters agree completely all forms are 1 (the ``ICC3``
        forms, where they differ by a constant only), and the lower end is that of the same
        ratings with one of them off by the smallest step there is: complete agreement on a few
        targets is no certainty. ``ICC2k`` or its lower end is minus infinity where ``ICC2`` or its
        own lies at or below ``-1 / (k - 1)``, the least an intraclass correlation can be.

    References
    ----------
    Shrout & Fleiss (1979), equations for the six forms and intervals; McGraw & Wong (1996),
    ICC(1), ICC(A,1), ICC(C,1).
    """
    ratings = np.asarray(ratings, dtype=float)
    ratings = ratings[np.isfinite(ratings).all(axis=1)] if ratings.ndim == 2 else ratings
    if ratings.ndim != 2 or min(ratings.shape) < 2:
        return None
    n, k = ratings.shape
    grand = ratings.mean()
    rows = k * float(((ratings.mean(axis=1) - grand) ** 2).sum())
    columns = n * float(((ratings.mean(axis=0) - grand) ** 2).sum())
    total = float(((ratings - grand) ** 2).sum())
    df_rows, df_error = n - 1, (n - 1) * (k - 1)
    between = rows / df_rows
    within = (total - rows) / (n * (k - 1))
    judges = columns / (k - 1)
    error = max(total - rows - columns, 0.0) / df_error
    if total <= 1e-12 or rows <= 1e-12 * total:
        return None
    if error <= 1e-12 * total:
        return _complete_agreement(ratings, within > 1e-12 * total, level)
    tail = (1 + level) / 2
    f1, f3 = between / within, between / error
    df_within = n * (k - 1)
    ends1 = (
        f1 / stats.f.ppf(tail, df_rows, df_within),
        f1 * stats.f.ppf(tail, df_within, df_rows),
    )
    ends3 = (f3 / stats.f.ppf(tail, df_rows, df_error), f3 * stats.f.ppf(tail, df_error, df_rows))
    icc2 = (between - error) / (between + (k - 1) * error + k * (judges - error) / n)
    ends2 = _ends_two_way(icc2, between, judges, error, n, k, tail)
    pooled = between + (judges - error) / n

    def form(name, value, ends, f, df2):
        p = float(stats.f.sf(f, df_rows, df2))
        found = (float(value), float(ends[0]), float(ends[1]), float(f))
        return RaterIcc(name, *found, df_rows, df2, p, n, k, level)

    return {
        "ICC1": form("ICC1", _single(f1, k), [_single(e, k) for e in ends1], f1, df_within),
        "ICC2": form("ICC2", icc2, ends2, f3, df_error),
        "ICC3": form("ICC3", _single(f3, k), [_single(e, k) for e in ends3], f3, df_error),
        "ICC1k": form("ICC1k", 1 - 1 / f1, [1 - 1 / e for e in ends1], f1, df_within),
        "ICC2k": form(
            "ICC2k",
            (between - error) / pooled if pooled > 0 else -math.inf,
            [e * k / (1 + e * (k - 1)) if 1 + e * (k - 1) > 0 else -math.inf for e in ends2],
            f3,
            df_error,
        ),
        "ICC3k": form("ICC3k", 1 - 1 / f3, [1 - 1 / e for e in ends3], f3, df_error),
    }


def _complete_agreement(
    ratings: np.ndarray, severity: bool, level: float
) -> dict[str, RaterIcc] | None:
    """Forms where no error is left; with ``severity`` raters differ by constants."""
    moved = icc_forms(one_off(ratings), level=level)
    if moved is None:
        return None
    n, k = ratings.shape
    found = {}
    for name, form in moved.items():
        exact = name.startswith("ICC3") or not severity
        value = 1.0 if exact else form.value
        high = 1.0 if exact else form.high
        f, p = (math.inf, 0.0) if exact else (form.f, form.p_value)
        found[name] = RaterIcc(
            name, value, min(form.low, value), high, f, form.df1, form.df2, p, n, k, level
        )
    return found


def one_off(ratings: np.ndarray) -> np.ndarray:
    """Return ratings with one of them off by the smallest step between two that occur.

    Parameters
    ----------
    ratings : array
        NaN where missing. Where all are equal the step is 1.

    Returns
    -------
    ndarray
        A copy, of which the middle rating that has a neighbour is moved.
    """
    moved = np.array(ratings, dtype=float)
    values = np.unique(moved[np.isfinite(moved)])
    step = float(np.diff(values).min()) if values.size > 1 else 1.0
    place = np.argwhere(np.isfinite(moved))
    at = tuple(place[np.argsort(moved[tuple(place.T)], kind="stable")[len(place) // 2]])
    moved[at] += step if moved[at] < values[-1] or values.size < 2 else -step
    return moved


def _single(f: float, k: int) -> float:
    return (f - 1) / (f + k - 1)


def _ends_two_way(icc, between, judges, error, n, k, tail) -> tuple[float, float]:
    """Satterthwaite's interval of ICC(2,1) (McGraw & Wong 1996, table 7).

    Its degrees of freedom are taken at 0 where the estimate is below: they come from a sum whose
    weights must not be negative.
    """
    at, ratio = max(icc, 0.0), judges / error
    judged, left = k * at * ratio, n * (1 + (k - 1) * at) - k * at
    v = (n - 1) * (k - 1) * (judged + left) ** 2 / ((n - 1) * judged**2 + left**2)
    upper, lower = stats.f.ppf(tail, n - 1, v), stats.f.ppf(tail, v, n - 1)
    spread = k * judges + (k * n - k - n) * error
    low = n * (between - upper * error) / (upper * spread + n * between)
    high = n * (lower * between - error) / (spread + n * lower * between)
    return float(low), float(high)


def krippendorff_alpha(
    ratings: np.ndarray,
    scale: Scale = "ordinal",
    *,
    level: float = LEVEL,
    draws: int = 0,
    seed: int | None = None,
) -> Interval | None:
    """Krippendorff's alpha, ``1 - observed / expected disagreement``.

    Parameters
    ----------
    ratings : array, shape (raters, units)
        NaN where missing; units with one rating do not count.
    scale : {"nominal", "ordinal", "interval", "ratio"}
        How far apart two ratings are.
    draws : int
        Bootstrap draws over units for a percentile interval, 0 for none. ``seed`` is needed.

    Returns
    -------
    Interval or None
        ``n`` counts the units with two ratings or more. None without such units, or when all
        ratings are equal: alpha is then 0/0 (Krippendorff 2011). Where raters agree completely it
        is 1, and the lower end is the alpha of the same ratings with one off by a step.

    References
    ----------
    Krippendorff (2011), Computing Krippendorff's alpha-reliability; (2019), chapter 12.
    """
    ratings = np.asarray(ratings, dtype=float)
    paired = np.isfinite(ratings).sum(axis=0) >= 2
    ratings = ratings[:, paired]
    values = np.unique(ratings[np.isfinite(ratings)])
    if values.size < 2:
        return None
    counts = np.stack([(ratings == v).sum(axis=0) for v in values], axis=1).astype(float)
    weight = np.ones(len(counts))
    value = _alpha(counts, weight, values, scale)
    if not draws:
        return Interval(value, None, None, len(counts), level, "none")
    if seed is None:
        raise ValueError("bootstrap draws need a seed, for example seed=1")
    drawn = np.random.default_rng(seed).multinomial(len(counts), weight / len(counts), size=draws)
    again = np.array([_alpha(counts, d.astype(float), values, scale) for d in drawn])
    again = again[np.isfinite(again)]
    low, high = np.quantile(again, [(1 - level) / 2, (1 + level) / 2])
    if value >= 1 - 1e-12:
        moved = krippendorff_alpha(one_off(ratings), scale)
        low = min(float(low), moved.value) if moved is not None else low
    return Interval(
        value, float(low), float(high), len(counts), level, "bootstrap_units", float(again.std())
    )


def _alpha(counts: np.ndarray, weight: np.ndarray, values: np.ndarray, scale: Scale) -> float:
    sizes = counts.sum(axis=1)
    scaled = counts * (weight / (sizes - 1))[:, None]
    coincidence = scaled.T @ counts - np.diag(scaled.sum(axis=0))
    margin = coincidence.sum(axis=0)
    n = margin.sum()
    distance = _distance(values, margin, scale)
    expected = (np.outer(margin, margin) - np.diag(margin)) * distance
    if expected.sum() <= 0:
        return math.nan
    return float(1 - (n - 1) * (coincidence * distance).sum() / expected.sum())


def _distance(values: np.ndarray, margin: np.ndarray, scale: Scale) -> np.ndarray:
    if scale == "nominal":
        return 1.0 - np.eye(values.size)
    if scale == "ordinal":
        middle = np.cumsum(margin) - margin / 2
        return (middle[:, None] - middle[None, :]) ** 2
    gap = values[:, None] - values[None, :]
    if scale == "interval":
        return gap**2
    if scale == "ratio":
        total = values[:, None] + values[None, :]
        return np.divide(gap, total, out=np.zeros_like(gap), where=total != 0) ** 2
    raise ValueError(f"scale is nominal, ordinal, interval or ratio; got {scale!r}")


@dataclass(frozen=True, slots=True)
class SelfOtherGap:
    """How people see themselves against how others see them.

    Attributes
    ----------
    gap : Interval
        Mean of self minus others over people, with the t interval over people.
    correlation : float or None
        Between the two; None where one does not vary.
    over, in_agreement, under : float
        Share of people whose gap is above half a standard deviation of the others' means,
        within it, below it.
    n : int
        People rated by themselves and by at least ``least`` others.
    left_out : int
        People with a self rating and too few others.
    """

    gap: Interval
    correlation: float | None
    over: float
    in_agreement: float
    under: float
    n: int
    left_out: int


def self_other_gap(
    self_scores: np.ndarray,
    other_means: np.ndarray,
    others: np.ndarray,
    *,
    least: int = 3,
    level: float = LEVEL,
) -> SelfOtherGap | None:
    """Compare self ratings with the mean of others, person by person.

    Parameters
    ----------
    self_scores, other_means, others : array, shape (people,)
        Own score, mean of the others' scores, number of others; NaN where missing.
    least : int
        Fewer others are left out: one rater's view is no outside view, and it would not stay
        anonymous.

    References
    ----------
    Fleenor, Smither, Atwater, Braddy & Sturm (2010); half a standard deviation as the line
    between agreement and difference from Atwater & Yammarino (1992).
    """
    own, other = np.asarray(self_scores, dtype=float), np.asarray(other_means, dtype=float)
    enough = np.nan_to_num(np.asarray(others, dtype=float)) >= least
    kept = np.isfinite(own) & np.isfinite(other) & enough
    if not kept.any():
        return None
    gap = own[kept] - other[kept]
    line = 0.5 * float(other[kept].std(ddof=1)) if kept.sum() > 1 else 0.0
    varies = kept.sum() > 2 and own[kept].std() > 0 and other[kept].std() > 0
    return SelfOtherGap(
        gap=mean_t(gap, level),
        correlation=float(np.corrcoef(own[kept], other[kept])[0, 1]) if varies else None,
        over=float((gap > line).mean()),
        in_agreement=float((np.abs(gap) <= line).mean()),
        under=float((gap < -line).mean()),
        n=int(kept.sum()),
        left_out=int((np.isfinite(own) & ~kept).sum()),
    )


def error_free_share(ratings: pd.DataFrame, role: str, first: int) -> float | None:
    """Return the share of the spread of sites' monthly means that is not rater error.

    Before training the sheets of one site differ by rater, ratee and month; that variance over the
    sheets behind a mean is the error of the mean.

    Parameters
    ----------
    ratings : DataFrame
        Canonical table.
    role : str
        Role of the raters.
    first : int
        First month of training; sheets before it count.

    Returns
    -------
    float or None
        Above 0, at most 1; None where no site has two sheets, or where the means differ by no more
        than rater error lets them (one-way F test at 5 %): dividing an effect by a share that may
        be 0 would make any number of it.
    """
    rows = ratings[ratings["rater_role"] == role]
    month = pd.to_datetime(rows["rated_on"])
    rows = rows.assign(period=periods_of(month))
    keys = ["site_id", "period", "rating_id"]
    sheets = rows[rows["period"] < first].groupby(keys)["score"].mean()
    means = sheets.groupby(["site_id", "period"]).agg(["mean", "size"])
    of_site = sheets.groupby("site_id")
    error, spread = of_site.var().mean(), means["mean"].var()
    if not error >= 0 or not spread > 0:
        return None
    of_mean = error / means["size"].mean()
    within = int((of_site.size() - 1).sum())
    if of_mean > 0 and stats.f.sf(spread / of_mean, len(means) - 1, within) >= _DIFFER:
        return None
    return float(1 - of_mean / spread)

"""Charts of counts: np, c and u, widened after Laney (u') when counts are over-dispersed."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import stats

from analysis.monitoring.control_charts.charts import moving_range
from analysis.monitoring.control_charts.limits import (
    D2,
    FEW,
    limit_width,
    rare_count_scores,
    run_needed,
)
from analysis.monitoring.control_charts.run_rules import WESTERN_ELECTRIC, ruled
from analysis.monitoring.refusals import Refusal, RefusedError

DISPERSION_SIZE = 0.05
"""Size of the dispersion test that decides whether limits are widened."""


def np_chart(
    counts: np.ndarray,
    size: int,
    baseline: np.ndarray | None = None,
    *,
    rules: Iterable[str] = WESTERN_ELECTRIC,
) -> pd.DataFrame:
    """Chart of hits among samples of one size, ``n p +- 3 sqrt(n p (1 - p))``.

    Parameters
    ----------
    counts : ndarray of shape (periods,)
        Hits of each period, at most ``size``.
    size : int
        Size of every sample; where sizes differ the p chart is right.
    baseline : ndarray of bool, optional
        Periods that set centre and limits; all by default.
    rules : Iterable[str]
        Run rules in force.

    Returns
    -------
    DataFrame
        As :func:`u_chart`, in hits; limits are cut to [0, ``size``].
    """
    counts = np.asarray(counts, dtype=float)
    if size < 1 or (counts[np.isfinite(counts)] > size).any():
        raise RefusedError(Refusal.HITS_ABOVE_SIZE, f"hits must not exceed the sample size {size}")
    base = _baseline(counts, baseline) & np.isfinite(counts)
    share = counts[base].mean() / size
    spread = np.full(counts.size, np.sqrt(size * share * (1 - share)))
    centre = np.full(counts.size, share * size)
    points = _points(counts, centre, spread, high=float(size))
    return _framed(ruled(points, rules), "np", 1.0)


def c_chart(
    counts: np.ndarray,
    baseline: np.ndarray | None = None,
    *,
    rules: Iterable[str] = WESTERN_ELECTRIC,
) -> pd.DataFrame:
    """Chart of events in equal exposures, ``c +- 3 sqrt(c)``.

    Parameters
    ----------
    counts : ndarray of shape (periods,)
        Events a period; NaN where a period is missing.
    baseline : ndarray of bool, optional
        Periods the limits come from; all without it.
    rules : iterable of str
        Rules of runs that signal.

    Returns
    -------
    DataFrame
        As :func:`u_chart`, in events.
    """
    counts = np.asarray(counts, dtype=float)
    chart = u_chart(counts, np.ones(counts.size), baseline, widen=False, rules=rules)
    chart.attrs["kind"] = "c"
    return chart


def u_chart(
    events: np.ndarray,
    exposure: np.ndarray,
    baseline: np.ndarray | None = None,
    *,
    widen: bool = True,
    rules: Iterable[str] = WESTERN_ELECTRIC,
    alike: float | None = None,
) -> pd.DataFrame:
    """Chart of events by exposure, ``u +- 3 sqrt(u / exposure)``.

    Parameters
    ----------
    events, exposure : ndarray of shape (periods,)
        Events and exposure (households, months …) of each period; a period with either NaN or
        exposure 0 is missing: no point, and the end of a run.
    baseline : ndarray of bool, optional
        Periods that set centre and limits; all by default.
    widen : bool
        Whether over-dispersion may widen the limits (Laney's u'); False gives the plain chart.
    rules : Iterable[str]
        Run rules in force, read on the (widened) standardised points.
    alike : float, optional
        Correlation of neighbouring periods; with it limits are as wide, and runs as long, as a
        centre from so few periods asks for (:mod:`analysis.monitoring.control_charts.limits`).

    Returns
    -------
    DataFrame
        ``value, centre, lower, upper, z, rule, signal``; ``z`` is the distance from the centre
        in standard deviations (3 at the limits), limits are cut at 0. ``attrs``: ``kind``
        (``u``, ``laney_u`` or ``rare``) and ``sigma_z``, the spread of the standardised
        baseline rates by their moving range. Limits are widened when the dispersion test rejects
        at 5 % and ``sigma_z`` exceeds 1; they are never narrowed. Where fewer than three events a
        period are expected, points are scored by the exact predictive distribution
        (:func:`~analysis.monitoring.control_charts.limits.rare_count_scores`).

    Raises
    ------
    ValueError
        For negative exposure.

    References
    ----------
    Laney (2002), Quality Engineering 14(4); Montgomery, Introduction to Statistical Quality
    Control.
    """
    points, kind, sigma_z = count_points(
        events, exposure, baseline, widen=widen, rules=rules, alike=alike
    )
    return _framed(points, kind, sigma_z)


def count_points(
    events: np.ndarray,
    exposure: np.ndarray,
    baseline: np.ndarray | None = None,
    *,
    widen: bool = True,
    rules: Iterable[str] = WESTERN_ELECTRIC,
    alike: float | None = None,
) -> tuple[dict[str, np.ndarray], str, float]:
    """Return the columns of :func:`u_chart`, its kind and ``sigma_z``."""
    events, exposure = np.asarray(events, dtype=float), np.asarray(exposure, dtype=float)
    if (exposure < 0).any():
        raise RefusedError(Refusal.NO_EXPOSURE, "exposure must not be negative in any period")
    known = np.isfinite(events) & (exposure > 0)
    base = _baseline(events, baseline) & known
    if not base.any():
        raise RefusedError(
            Refusal.NO_MONTHS_BEFORE, "the baseline must mark at least one of the periods charted"
        )
    at, found = np.where(known, exposure, 1.0), np.where(known, events, 0.0)
    rate = found[base].sum() / at[base].sum()
    value, spread = np.where(known, found / at, np.nan), np.sqrt(rate / at)
    run = 8 if alike is None else run_needed(int(base.sum()), alike)
    whole = bool((found == np.round(found)).all())
    if whole and widen and rate * np.median(at[base]) < FEW:
        before = (found[base].sum(), at[base].sum())
        z, within = rare_count_scores(found, at, *before, 3.0)
        points = {"value": value, "centre": np.full(value.size, rate)}
        points |= {"lower": np.zeros(value.size), "upper": within, "z": np.where(known, z, np.nan)}
        return ruled(points, rules, run=run), "rare", 1.0
    sigma_z, kind = 1.0, "u"
    if widen and rate > 0 and base.sum() > 2:
        z = (value - rate) / spread
        moving = moving_range(np.where(base, z, np.nan)) / D2
        dispersed = stats.chi2.sf((z[base] ** 2).sum(), base.sum() - 1) < DISPERSION_SIZE
        if dispersed and moving > 1:
            sigma_z, kind = moving, "laney_u"
    width = 3.0
    if alike is not None:
        width = limit_width(int(base.sum()), alike, own_spread=kind == "laney_u")
    centre = np.full(value.size, rate)
    points = _points(value, centre, spread * sigma_z * width / 3)
    return ruled(points, rules, run=run), kind, sigma_z


def _baseline(values: np.ndarray, baseline: np.ndarray | None) -> np.ndarray:
    base = np.ones(values.size, bool) if baseline is None else np.asarray(baseline, dtype=bool)
    if base.shape != values.shape:
        raise ValueError(f"the baseline has shape {base.shape}, the values {values.shape}")
    if not base.any():
        raise RefusedError(
            Refusal.NO_MONTHS_BEFORE, "the baseline must mark at least one of the periods charted"
        )
    return base


def _points(
    value: np.ndarray, centre: np.ndarray, spread: np.ndarray, high: float = np.inf
) -> dict[str, np.ndarray]:
    z = np.divide(value - centre, spread, out=np.zeros(value.size), where=spread > 0)
    z = np.where((spread == 0) & (value != centre), np.copysign(np.inf, value - centre), z)
    return {
        "value": value,
        "centre": centre,
        "lower": np.maximum(0, centre - 3 * spread),
        "upper": np.minimum(high, centre + 3 * spread),
        "z": np.where(np.isfinite(value), z, np.nan),
    }


def _framed(points: dict[str, np.ndarray], kind: str, sigma_z: float) -> pd.DataFrame:
    frame = pd.DataFrame(points)
    frame.attrs = {"kind": kind, "sigma_z": sigma_z}
    return frame

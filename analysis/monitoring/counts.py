"""Charts of counts: np, c and u, widened after Laney (u') when counts are over-dispersed."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import stats

from analysis.monitoring.charts import D2
from analysis.monitoring.refusals import Refusal, RefusedError
from analysis.monitoring.run_rules import WESTERN_ELECTRIC, broken_rules

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
    if size < 1 or (counts > size).any():
        raise RefusedError(Refusal.HITS_ABOVE_SIZE, f"hits must not exceed the sample size {size}")
    base = _baseline(counts, baseline)
    share = counts[base].mean() / size
    spread = np.full(counts.size, np.sqrt(size * share * (1 - share)))
    centre = np.full(counts.size, share * size)
    return _chart(counts, centre, spread, rules, "np", 1.0, high=float(size))


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
        Events a period.
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
) -> pd.DataFrame:
    """Chart of events by exposure, ``u +- 3 sqrt(u / exposure)``.

    Parameters
    ----------
    events, exposure : ndarray of shape (periods,)
        Events and exposure (households, months …) of each period, exposure positive.
    baseline : ndarray of bool, optional
        Periods that set centre and limits; all by default.
    widen : bool
        Whether over-dispersion may widen the limits (Laney's u'); False gives the plain chart.
    rules : Iterable[str]
        Run rules in force, read on the (widened) standardised points.

    Returns
    -------
    DataFrame
        ``value, centre, lower, upper, z, rule, signal``; ``z`` is the distance from the centre
        in standard deviations, limits are cut at 0. ``attrs``: ``kind`` (``u`` or
        ``laney_u``) and ``sigma_z``, the spread of the standardised baseline rates by their
        moving range. Limits are widened when the dispersion test rejects at 5 % and
        ``sigma_z`` exceeds 1; they are never narrowed.

    References
    ----------
    Laney (2002), Quality Engineering 14(4); Montgomery, Introduction to Statistical Quality
    Control.
    """
    events, exposure = np.asarray(events, dtype=float), np.asarray(exposure, dtype=float)
    if (exposure <= 0).any():
        raise RefusedError(Refusal.NO_EXPOSURE, "exposure must be positive in every period")
    base = _baseline(events, baseline)
    rate = events[base].sum() / exposure[base].sum()
    value, spread = events / exposure, np.sqrt(rate / exposure)
    sigma_z, kind = 1.0, "u"
    if widen and rate > 0 and base.sum() > 2:
        z = (value[base] - rate) / spread[base]
        moving = float(np.abs(np.diff(z)).mean() / D2)
        dispersed = stats.chi2.sf((z**2).sum(), base.sum() - 1) < DISPERSION_SIZE
        if dispersed and moving > 1:
            sigma_z, kind = moving, "laney_u"
    return _chart(value, np.full(value.size, rate), spread * sigma_z, rules, kind, sigma_z)


def _baseline(values: np.ndarray, baseline: np.ndarray | None) -> np.ndarray:
    base = np.ones(values.size, bool) if baseline is None else np.asarray(baseline, dtype=bool)
    if base.shape != values.shape:
        raise ValueError(f"the baseline has shape {base.shape}, the values {values.shape}")
    if not base.any():
        raise RefusedError(
            Refusal.NO_MONTHS_BEFORE, "the baseline must mark at least one of the periods charted"
        )
    return base


def _chart(
    value: np.ndarray,
    centre: np.ndarray,
    spread: np.ndarray,
    rules: Iterable[str],
    kind: str,
    sigma_z: float,
    high: float = np.inf,
) -> pd.DataFrame:
    z = np.divide(value - centre, spread, out=np.zeros(value.size), where=spread > 0)
    z = np.where((spread == 0) & (value != centre), np.copysign(np.inf, value - centre), z)
    frame = pd.DataFrame(
        {
            "value": value,
            "centre": centre,
            "lower": np.maximum(0, centre - 3 * spread),
            "upper": np.minimum(high, centre + 3 * spread),
            "z": z,
        }
    )
    frame["rule"] = broken_rules(z, rules)
    frame["signal"] = frame["rule"] != ""
    frame.attrs = {"kind": kind, "sigma_z": sigma_z}
    return frame

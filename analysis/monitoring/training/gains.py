"""Normalised gain: what was gained of what there was left to gain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from analysis.measurement.intervals import mean_t
from analysis.settings import LEVEL, ends_of

LOW, HIGH = 0.3, 0.7
"""Below 0.3 a gain is low, from 0.7 on it is high (Hake 1998)."""


def normalised_gains(
    pairs: pd.DataFrame,
    by: Sequence[str] = ("module", "form"),
    *,
    full: float = 100.0,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Normalised gain of groups and of people, with intervals.

    ``g = (mean post - mean pre) / (full - mean pre)`` of the group; its interval is the
    jackknife's over people on t with n - 1 degrees. The change of a person is
    ``(post - pre) / (full - pre)`` for gains and ``(post - pre) / pre`` for losses, so that a
    few losses from high marks do not swamp the mean.

    Parameters
    ----------
    pairs : DataFrame
        As of :func:`~analysis.monitoring.training.levels.learning_pairs`: ``pre, post``, first
        attempts of the same people.
    by : Sequence[str]
        Columns of the groups; none gives one row.
    full : float
        Full points.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        ``by`` columns, ``n, gain, ci_low, ci_high, band`` (``low``, ``medium``, ``high``, by
        the gain itself), ``change, change_low, change_high`` (mean change of people, t),
        ``stuck`` (people at both times at 0 or at the full points: no change is defined),
        ``losses`` (share who lost points). NaN where not defined.

    References
    ----------
    Hake (1998), American Journal of Physics 66(1); Marx & Cummings (2007), ibid. 75(1).
    """
    groups = pairs.groupby(list(by), observed=True) if by else [((), pairs)]
    rows = []
    for key, cell in groups:
        pre, post = (cell[c].to_numpy(dtype=float) for c in ("pre", "post"))
        if not len(cell):
            continue
        gain, low, high = _group_gain(pre, post, full, level=level)
        change = _changes(pre, post, full)
        known = change[np.isfinite(change)]
        mean = mean_t(known, level=level) if known.size > 1 else None
        rows.append(
            (
                *key,
                len(cell),
                gain,
                low,
                high,
                _band(gain),
                mean.value if mean else np.nan,
                mean.low if mean and mean.low is not None else np.nan,
                mean.high if mean and mean.high is not None else np.nan,
                int(np.isnan(change).sum()),
                float((post < pre).mean()),
            )
        )
    columns = [*by, "n", "gain", "ci_low", "ci_high", "band"]
    columns += ["change", "change_low", "change_high", "stuck", "losses"]
    return pd.DataFrame(rows, columns=columns)


def _group_gain(
    pre: np.ndarray, post: np.ndarray, full: float, level: float
) -> tuple[float, float, float]:
    n, a, b = pre.size, pre.sum(), post.sum()
    room = n * full - a
    if room <= 0:
        return np.nan, np.nan, np.nan
    gain = (b - a) / room
    left_room = (n - 1) * full - (a - pre)
    if n < 3 or (left_room <= 0).any():
        return gain, np.nan, np.nan
    left = ((b - post) - (a - pre)) / left_room
    se = np.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum())
    half = stats.t.isf(ends_of(level)[0], n - 1) * se
    return float(gain), float(gain - half), float(gain + half)


def _changes(pre: np.ndarray, post: np.ndarray, full: float) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        change = np.where(post >= pre, (post - pre) / (full - pre), (post - pre) / pre)
    change = np.where((post == pre) & (pre > 0) & (pre < full), 0.0, change)
    return np.where((post == pre) & ((pre == 0) | (pre == full)), np.nan, change)


def _band(gain: float) -> str | None:
    if not np.isfinite(gain):
        return None
    return "low" if gain < LOW else "medium" if gain < HIGH else "high"

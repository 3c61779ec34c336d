"""Means and covariances by maximum likelihood where answers are missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import linalg

from analysis.measurement.covariance_structure import Moments
from analysis.measurement.refusals import Refusal, RefusedError

_STEPS = 2000
_TOLERANCE = 1e-9


def moments_with_gaps(scores: pd.DataFrame) -> Moments:
    """Full-information maximum likelihood moments of normal answers, gaps included (EM).

    Sheets with gaps count with what they have. That is right where what is missing depends on
    answers that were given (missing at random); leaving such sheets out is not. With no gap the
    result is that of :func:`~analysis.measurement.covariance_structure.moments`.

    Parameters
    ----------
    scores : DataFrame
        Sheets × items, NaN where unanswered.

    Returns
    -------
    Moments
        ``n`` is the number of sheets that have the pair of items asked together least. A model
        fitted to these moments is consistent; its standard errors take the sheets for complete
        and the smallest pair for their number (two stages; Savalei & Bentler 2009 correct
        them).

    Raises
    ------
    RefusedError
        ``FEW_SHEETS`` where two items were never answered on two sheets together: nothing tells
        their covariance.

    References
    ----------
    Little & Rubin (2019), section 11.2, for the steps; Enders & Bandalos (2001) for factor models.
    """
    values = scores.dropna(how="all").to_numpy(dtype=float)
    seen = np.isfinite(values)
    together = seen.T.astype(float) @ seen
    if not together.size or together.min() < 2:
        raise RefusedError(
            Refusal.FEW_SHEETS, "every two items need two sheets on which both were answered"
        )
    spread = np.nanstd(values, axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    centre = np.nanmean(values, axis=0)
    scaled = (values - centre) / spread
    patterns, of = np.unique(seen, axis=0, return_inverse=True)
    groups = [scaled[of.ravel() == g] for g in range(len(patterns))]
    mean, covariance = np.zeros(scaled.shape[1]), np.diag(np.nanvar(scaled, axis=0))
    for _ in range(_STEPS):
        new_mean, new_covariance = _step(groups, patterns, mean, covariance)
        moved = max(np.abs(new_mean - mean).max(), np.abs(new_covariance - covariance).max())
        mean, covariance = new_mean, new_covariance
        if moved < _TOLERANCE:
            break
    return Moments(
        tuple(map(str, scores.columns)),
        centre + spread * mean,
        covariance * np.outer(spread, spread),
        int(together.min()),
    )


def _step(groups, patterns, mean, covariance) -> tuple[np.ndarray, np.ndarray]:
    """Return moments from expected sums given what was answered."""
    p = mean.size
    total, square, n = np.zeros(p), np.zeros((p, p)), 0
    for rows, seen in zip(groups, patterns, strict=True):
        filled = np.array(rows)
        left = np.zeros((p, p))
        if not seen.all():
            own = covariance[np.ix_(seen, seen)]
            slope = linalg.pinvh(own) @ covariance[np.ix_(seen, ~seen)]
            filled[:, ~seen] = mean[~seen] + (rows[:, seen] - mean[seen]) @ slope
            left[np.ix_(~seen, ~seen)] = (
                covariance[np.ix_(~seen, ~seen)] - covariance[np.ix_(~seen, seen)] @ slope
            )
        total += filled.sum(axis=0)
        square += filled.T @ filled + len(rows) * left
        n += len(rows)
    new = total / n
    return new, square / n - np.outer(new, new)

"""Trained sites and their likes among the others: overlap of the propensity of being trained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from analysis.measurement.balance import baseline_covariates
from analysis.measurement.propensity import CellError, logit, standardised
from analysis.results import Check, StageResults, Topic, collect

LEAST_PER_TERM = 5
"""Sites of the smaller arm that each term of the model needs (Vittinghoff & McCulloch 2007)."""

CAUTION_SHARE, FAILED_SHARE = 0.10, 0.50
"""Share of trained sites outside the common support; conventions of this project."""

PREFERRED = ("outcome_mean", "outcome_slope", "households")
"""Numeric covariates first, in this order; labels follow as far as sites allow."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Estimated propensities of being trained.

    Attributes
    ----------
    propensity : Series
        By site, between 0 and 1.
    used, left_out : tuple of str
        Covariates in the model, and those for which there are too few sites.
    low, high : float
        Common support: from the largest of the arms' minima to the smallest of their maxima.
    separated : bool
        Whether the covariates tell the arms apart entirely; propensities are then ordered by the
        model but have no finite maximum-likelihood estimate.
    by_lot : float
        Share of trained sites outside that 95 % of arms drawn by lot stay below, with the same
        sites, terms and sizes of arms.
    """

    propensity: pd.Series
    used: tuple[str, ...]
    left_out: tuple[str, ...]
    low: float
    high: float
    separated: bool
    by_lot: float

    @property
    def outside(self) -> pd.Series:
        """Whether a site lies outside the common support."""
        return (self.propensity < self.low) | (self.propensity > self.high)


def propensity_overlap(
    covariates: pd.DataFrame, treated: np.ndarray, *, draws: int = 199, seed: int = 0
) -> Overlap | None:
    """Estimate the propensity of being trained by logistic regression.

    Numbers are standardised, labels become one term a level but the most frequent; a covariate
    enters as long as every term keeps ``LEAST_PER_TERM`` sites of the smaller arm. Sites with a
    missing number get its mean.

    Parameters
    ----------
    covariates : DataFrame
        One row per site.
    treated : ndarray of bool

    Returns
    -------
    Overlap or None
        None when not even one term is allowed, or no covariate varies.

    References
    ----------
    Rosenbaum & Rubin (1983); Dehejia & Wahba (1999) for the common support by minima and maxima.
    """
    treated = np.asarray(treated, dtype=bool)
    allowed = int(min(treated.sum(), (~treated).sum()) // LEAST_PER_TERM)
    terms: list[np.ndarray] = []
    used, left_out = [], []
    for name in _ordered(covariates):
        columns = _terms(covariates[name])
        if not columns:
            continue
        if len(terms) + len(columns) > allowed:
            left_out.append(name)
            continue
        terms += columns
        used.append(name)
    if not terms:
        return None
    matrix = np.column_stack(terms)
    score, separated = _logit(matrix, treated)
    rng = np.random.default_rng(seed)
    lots = np.array([rng.permutation(treated) for _ in range(draws)])
    propensity = pd.Series(score, index=covariates.index)
    arms = (propensity[treated], propensity[~treated])
    return Overlap(
        propensity=propensity,
        used=tuple(used),
        left_out=tuple(left_out),
        low=float(max(arm.min() for arm in arms)),
        high=float(min(arm.max() for arm in arms)),
        separated=separated,
        by_lot=float(np.quantile(_shares_outside(matrix, lots), 0.95)),
    )


def _ordered(covariates: pd.DataFrame) -> list[str]:
    first = [name for name in PREFERRED if name in covariates]
    return first + [name for name in covariates if name not in first]


def _terms(column: pd.Series) -> list[np.ndarray]:
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy(dtype=float, na_value=np.nan)
        known = values[np.isfinite(values)]
        if known.size < 2 or known.std() <= 0:
            return []
        filled = np.where(np.isfinite(values), values, known.mean())
        return [(filled - known.mean()) / known.std()]
    levels = column.value_counts().index[1:]
    return [(column == level).to_numpy(dtype=float) for level in levels]


def _logit(x: np.ndarray, treated: np.ndarray) -> tuple[np.ndarray, bool]:
    """Fit by maximum likelihood; a small ridge where the arms are told apart entirely."""
    try:
        return logit(standardised(x), treated.astype(float), np.ones(len(x)))[0], False
    except CellError as error:
        return expit(_ridge_scores(x, treated[None])[0]), str(error) == "covariates_separate"


def _ridge_scores(x: np.ndarray, lots: np.ndarray) -> np.ndarray:
    """Linear predictors of logistic regressions of all arms at once.

    Newton's method, eight steps from zero; a ridge of 0.001 keeps them finite.
    """
    design = np.column_stack([np.ones(len(x)), x])
    beta = np.zeros((len(lots), design.shape[1]))
    ridge = 1e-3 * np.eye(design.shape[1])
    for _ in range(8):
        p = expit(np.clip(beta @ design.T, -30, 30))
        slope = (lots - p) @ design - beta @ ridge
        weight = np.einsum("dn,ni,nj->dij", p * (1 - p), design, design) + ridge
        beta += np.linalg.solve(weight, slope[..., None])[..., 0]
    return beta @ design.T


def _shares_outside(x: np.ndarray, lots: np.ndarray) -> np.ndarray:
    """Share of trained sites outside the common support, for each of several arms by lot."""
    score = _ridge_scores(x, lots)
    ends = [
        (np.where(arm, score, np.inf).min(axis=1), np.where(arm, score, -np.inf).max(axis=1))
        for arm in (lots, ~lots)
    ]
    low, high = np.maximum(ends[0][0], ends[1][0]), np.minimum(ends[0][1], ends[1][1])
    out = (score < low[:, None]) | (score > high[:, None])
    return (out & lots).sum(axis=1) / lots.sum(axis=1)


def assess_overlap(
    sites: pd.DataFrame, outcome: pd.DataFrame, *, indicator: str, seed: int = 0
) -> StageResults:
    """Ask whether trained and never-trained sites overlap in what was known before.

    Parameters
    ----------
    sites : DataFrame
        Canonical ``sites``, one row per site.
    outcome : DataFrame
        ``unit, period, y, n, cohort``, one row per site-month; missing cohort: never trained.
    indicator : str
        What ``y`` is.
    seed : int
        Seed of the draws.

    Returns
    -------
    StageResults
        Check ``baseline.overlap``: share of trained sites outside the common support; caution
        above what 95 % of arms drawn by lot stay below and above ``CAUTION_SHARE``, failed above
        ``FAILED_SHARE`` too. Table ``overlap`` (``unit, arm, propensity, outside``; the common
        support in ``low, high``).
    """
    covariates = baseline_covariates(sites, outcome)
    treated = covariates.pop("treated").to_numpy()
    n1, n0 = int(treated.sum()), int((~treated).sum())
    common = {
        "id": "baseline.overlap",
        "topic": Topic.OVERLAP,
        "question": "measurement.check.overlap.question",
        "unit": "share",
        "n": n1 + n0,
        "dims": {"indicator": indicator},
    }
    enough = min(n1, n0) >= LEAST_PER_TERM
    found = propensity_overlap(covariates, treated, seed=seed) if enough else None
    if found is None:
        missing = Check(
            **common,
            threshold=CAUTION_SHARE,
            status="not_possible",
            reason="measurement.reason.no_overlap",
            params={"treated": n1, "comparison": n0, "least": LEAST_PER_TERM},
        )
        return collect("baseline", [missing])
    table = pd.DataFrame(
        {
            "unit": found.propensity.index.astype(object),
            "arm": np.where(treated, "treated", "comparison"),
            "propensity": found.propensity.to_numpy(),
            "outside": found.outside.to_numpy(),
            "low": found.low,
            "high": found.high,
        }
    ).sort_values(["arm", "propensity"], ascending=False, ignore_index=True)
    share = float(found.outside[treated].mean())
    line = max(CAUTION_SHARE, found.by_lot)
    status = "passed" if share <= line else "caution"
    status = "failed" if share > max(FAILED_SHARE, line) else status
    check = Check(
        **common,
        threshold=line,
        status=status,
        value=share,
        reason="measurement.check.overlap.reason",
        remedy=None if status == "passed" else "measurement.check.overlap.remedy",
        params={
            "treated": n1,
            "comparison": n0,
            "outside": int(found.outside[treated].sum()),
            "outside_comparison": int(found.outside[~treated].sum()),
            "low": found.low,
            "high": found.high,
            "used": len(found.used),
            "left_out": len(found.left_out),
            "by_chance": found.by_lot,
            "covariates": ", ".join(found.used),
        },
    )
    return collect("baseline", [check], tables={"overlap": table})

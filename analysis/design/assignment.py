"""Drawing lots: which site is trained in which wave, by stratum and with the seed kept."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis.design.refusals import Refusal, RefusedError
from analysis.errors import DesignError
from analysis.measurement.balance import standardised_differences
from analysis.results import StageResults, collect


def assign_waves(
    sites: pd.DataFrame,
    *,
    waves: int,
    comparison_share: float,
    strata: Sequence[str] = ("property_type",),
    seed: int,
) -> pd.DataFrame:
    """Draw the wave of every site, balanced within strata.

    Within each stratum the sites are shuffled and dealt out in turn to the comparison group
    (wave 0) and waves 1..``waves``, in proportion to their wanted size; which one begins
    is carried on from stratum to stratum, so that totals stay balanced too.

    Parameters
    ----------
    sites : DataFrame
        Canonical table ``sites``. Row order does not matter.
    waves : int
        Number of training waves.
    comparison_share : float
        Share of sites never trained, within (0, 1).
    strata : sequence of str
        Columns of ``sites`` to stratify by; NULL is a stratum of its own.
    seed : int
        Seed of the draw. Equal sites and seed give equal waves.

    Returns
    -------
    DataFrame
        One row per site in order of ``site_id``: ``site_id, stratum, wave, arm``.

    Raises
    ------
    DesignError
        When fewer than two sites would be trained or never trained.
    """
    if waves < 1 or not 0 < comparison_share < 1:
        raise DesignError("A draw needs at least one wave and a comparison share within (0, 1).")
    frame = sites.sort_values("site_id", ignore_index=True)
    never = round(len(frame) * comparison_share)
    if never < 2 or len(frame) - never < 2:
        raise RefusedError(
            Refusal.FEW_SITES,
            f"{len(frame)} sites with a comparison share of {comparison_share:g} leave fewer "
            "than two trained or two never-trained sites. Correct: at least four sites.",
        )
    labels = frame[list(strata)].astype(object).where(frame[list(strata)].notna(), "unknown")
    stratum = labels.astype(str).agg(" / ".join, axis=1) if strata else pd.Series("", frame.index)
    rng = np.random.default_rng(seed)
    shuffled = np.concatenate(
        [rng.permutation(np.flatnonzero(stratum == s)) for s in sorted(stratum.unique())]
    )
    wave = np.empty(len(frame), dtype=np.int64)
    wave[shuffled] = _dealing_order(len(frame), never, waves, rng)
    return pd.DataFrame(
        {
            "site_id": frame["site_id"],
            "stratum": stratum,
            "wave": wave,
            "arm": np.where(wave == 0, "comparison", "treated"),
        }
    )


def assign_balanced(
    sites: pd.DataFrame,
    *,
    waves: int,
    comparison_share: float,
    strata: Sequence[str] = ("property_type",),
    balance_on: Sequence[str] = ("households",),
    accept: float = 0.2,
    most: int = 1000,
    seed: int,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Draw until the groups are balanced: rerandomisation (Morgan & Rubin 2012).

    Draws of :func:`assign_waves` are repeated until the Mahalanobis distance between the means of
    trained and never-trained sites is among the ``accept`` smallest share of what chance gives
    (the quantile of chi squared with as many degrees of freedom as ``balance_on`` has columns).
    An analysis must draw its permutations by the same rule.

    Parameters
    ----------
    balance_on : sequence of str
        Numeric columns of ``sites``; NULL counts as the mean. Without any, the first draw stands.
    accept : float
        Share of draws that would be accepted, within (0, 1).
    most : int
        Draws after which the best so far is taken, and the audit says so.

    Returns
    -------
    DataFrame, dict
        The draw, and its audit: seed, rule, number of draws, distance reached, and the SHA-256
        of the sites and of the draw. Equal arguments give equal audits.

    Raises
    ------
    DesignError
        As :func:`assign_waves`, and for columns that are not numbers or do not vary.
    """
    if not 0 < accept < 1:
        raise DesignError("The accepted share lies within (0, 1), e.g. 0.2.")
    ordered = sites.sort_values("site_id", ignore_index=True)
    values = ordered[list(balance_on)].astype(float)
    values = values.fillna(values.mean()).to_numpy()
    if (values.std(axis=0) == 0).any():
        raise RefusedError(
            Refusal.BALANCE_CONSTANT, "Balance needs columns of numbers that vary, e.g. households."
        )
    columns = values.shape[1]
    inverse = np.linalg.pinv(np.cov(values, rowvar=False).reshape(columns, columns))
    limit = float(stats.chi2.ppf(accept, columns)) if columns else 0.0
    rule = {"waves": waves, "comparison_share": comparison_share, "strata": list(strata)}
    best, smallest, count = None, np.inf, 0
    while smallest > limit and count < most:
        drawn = assign_waves(
            ordered,
            waves=waves,
            comparison_share=comparison_share,
            strata=strata,
            seed=seed + count,
        )
        count += 1
        distance = _distance(values, (drawn["wave"] > 0).to_numpy(), inverse)
        if distance < smallest:
            best, smallest = drawn, distance
    audit = {
        **rule,
        "seed": seed,
        "balance_on": list(balance_on),
        "accept": accept,
        "draws": count,
        "distance": round(smallest, 6),
        "limit": round(limit, 6),
        "accepted": bool(smallest <= limit),
        "sites_hash": fingerprint_of(ordered[["site_id", *strata, *balance_on]]),
        "draw_hash": fingerprint_of(best),
    }
    return best, audit


def _distance(values: np.ndarray, treated: np.ndarray, inverse: np.ndarray) -> float:
    gap = values[treated].mean(axis=0) - values[~treated].mean(axis=0)
    share = treated.mean()
    return float(len(values) * share * (1 - share) * gap @ inverse @ gap)


def fingerprint_of(frame: pd.DataFrame) -> str:
    """Return the SHA-256 of a table as CSV."""
    return hashlib.sha256(frame.to_csv(index=False, lineterminator="\n").encode()).hexdigest()


def _dealing_order(size: int, never: int, waves: int, rng: np.random.Generator) -> np.ndarray:
    """Spread the labels 0..waves over ``size`` places as evenly as their counts allow."""
    treated = np.full(waves, (size - never) // waves)
    treated[: (size - never) % waves] += 1
    counts = np.r_[never, treated]
    places = [(i + rng.uniform()) / count for count in counts for i in range(count)]
    return np.repeat(np.arange(waves + 1), counts)[np.argsort(places, kind="stable")]


def assess_assignment(
    sites: pd.DataFrame,
    drawn: pd.DataFrame,
    *,
    seed: int,
    covariates: Sequence[str] = ("property_type", "region", "households"),
) -> StageResults:
    """Table of the draw and of the balance it reached.

    Parameters
    ----------
    sites : DataFrame
        Canonical ``sites``, one row per site.
    drawn : DataFrame
        ``site_id, wave, arm`` as drawn; wave 0 is never trained.
    seed : int
        Seed of the draw.
    covariates : sequence of str
        Columns of ``sites`` whose balance is shown.

    Returns
    -------
    StageResults
        Tables ``assignment`` and ``assignment_balance`` (standardised differences between
        sites to be trained and never trained, pooled denominator); fact
        ``assignment_seed``.
    """
    joined = sites.merge(drawn, on="site_id")
    usable = [c for c in covariates if c in joined.columns and joined[c].notna().any()]
    balance = standardised_differences(joined[usable], (joined["wave"] > 0).to_numpy())
    return collect(
        "design",
        [],
        facts={"assignment_seed": seed},
        tables={"assignment": drawn, "assignment_balance": balance},
    )

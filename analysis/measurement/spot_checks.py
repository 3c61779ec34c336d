"""Regular appraisals against spot checks: whether what is announced is rated higher."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.measurement.columns import dates, present
from analysis.measurement.intervals import mean_t
from analysis.results import Check, Estimate, StageResults, Topic, collect
from analysis.settings import LEVEL

LEAST_SITES = 3
"""Fewer sites with both kinds give no interval worth having."""

_UNANNOUNCED = "mystery_shopper"


def occasions(ratings: pd.DataFrame) -> pd.DataFrame:
    """Return the sheets of ratings with the occasion on which each was filled.

    Where the export does not say, the visit of a mystery shopper is a spot check and any other
    rating, save one's own, a regular one.

    Parameters
    ----------
    ratings : DataFrame
        Canonical table.

    Returns
    -------
    DataFrame
        ``site_id, instrument, occasion`` (``regular``, ``spot``), ``day, score`` (mean of the
        sheet's items).
    """
    kept = ratings[ratings["score"].notna() & (ratings["rater_role"] != "self")]
    said = kept["occasion"].astype(object) if "occasion" in kept else pd.Series(None, kept.index)
    usual = np.where(kept["rater_role"] == _UNANNOUNCED, "spot", "regular")
    frame = pd.DataFrame(
        {
            "rating_id": kept["rating_id"].astype(object),
            "site_id": kept["site_id"].astype(object),
            "instrument": kept["instrument"].astype(object),
            "occasion": said.where(said.notna(), usual),
            "day": dates(kept["rated_on"]),
            "score": kept["score"].astype(float),
        }
    )
    keys = ["rating_id", "site_id", "instrument", "occasion"]
    return frame.groupby(keys, as_index=False).agg(day=("day", "first"), score=("score", "mean"))


def assess_spot_checks(
    ratings: pd.DataFrame | None, *, simulated: bool = False, level: float = LEVEL
) -> StageResults:
    """Compare regular appraisals with spot checks of the same sites (R215).

    Only sites, and only questionnaires, with both kinds are compared; every site counts once, and
    the interval is Student's over sites.

    Parameters
    ----------
    ratings : DataFrame or None
        Canonical table.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Estimate ``tracking.spot_checks.difference`` (regular minus spot, points of the scale),
        check ``tracking.spot_checks`` and table ``spot_checks``: ``site_id, regular, spot,
        difference, n_regular, n_spot``.
    """
    if not present(ratings, "score"):
        return collect("tracking", [_check("not_possible", "no_ratings")])
    sheets = occasions(ratings)
    both = sheets.groupby("instrument")["occasion"].transform("nunique") == 2
    sheets = sheets[both]
    keys = ["site_id", "instrument"]
    found = sheets.pivot_table(
        index=keys, columns="occasion", values="score", aggfunc=["mean", "size"]
    )
    if found.empty or not {"regular", "spot"} <= set(sheets["occasion"]):
        return collect("tracking", [_check("not_possible", "one_kind")])
    table = pd.DataFrame(
        {
            "regular": found["mean", "regular"],
            "spot": found["mean", "spot"],
            "n_regular": found["size", "regular"],
            "n_spot": found["size", "spot"],
        }
    ).dropna()
    table = table.astype({"n_regular": "int64", "n_spot": "int64"}).reset_index()
    table["difference"] = table["regular"] - table["spot"]
    table["n"] = table[["n_regular", "n_spot"]].min(axis=1)
    by_site = table.groupby("site_id")["difference"].mean().to_numpy()
    if len(by_site) < LEAST_SITES:
        return collect("tracking", [_check("not_possible", "one_kind")])
    gap = mean_t(by_site, level=level)
    counted = int(table["n_regular"].sum()), int(table["n_spot"].sum())
    estimate = Estimate(
        id="tracking.spot_checks.difference",
        estimand="regular_minus_spot",
        unit="score",
        value=gap.value,
        se=gap.se,
        ci_low=gap.low,
        ci_high=gap.high,
        n=sum(counted),
        n_units=gap.n,
        method="paired_sites",
        interval_method="t_over_sites",
        simulated=simulated,
        level=level,
    )
    word = "alike" if gap.low <= 0 <= gap.high else "higher" if gap.value > 0 else "lower"
    params = {
        "value": gap.value, "low": gap.low, "high": gap.high, "sites": gap.n,
        "regular": counted[0], "spot": counted[1], "level": level,
    }  # fmt: skip
    status = "passed" if word == "alike" else "caution"
    check = _check(status, word, value=gap.value, unit="score", n=gap.n, params=params)
    return collect("tracking", [estimate, check], tables={"spot_checks": table})


def _check(status: str, word: str, **more) -> Check:
    return Check(
        id="tracking.spot_checks",
        topic=Topic.SPOT_CHECKS,
        question="measurement.check.spot_checks.question",
        status=status,
        reason=f"measurement.check.spot_checks.{word}",
        remedy="measurement.check.spot_checks.remedy" if status == "caution" else None,
        **more,
    )

"""Whether trained and untrained sites had staff of like age and education before the training."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection

import numpy as np
import pandas as pd
from scipy import stats

from analysis.measurement.balance import CAUTION_SMD, FAILED_SMD
from analysis.measurement.columns import dates, present
from analysis.measurement.weighting import weighted_mean
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import LEVEL

BANDS = ("age_band", "education_band")
"""Bands of age and education; birth dates and certificates are never taken over."""


def staff_balance(
    staff: pd.DataFrame,
    trained: Collection[str],
    *,
    on: dt.date,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Return the make-up of the staff of trained and untrained sites by band.

    Parameters
    ----------
    staff : DataFrame
        Canonical table; people without a band or a site are left out of that band.
    trained : collection of str
        Sites that are ever trained.
    on : date
        Day of the first training: who was employed the day before counts.
    level : float
        Coverage of intervals, which count sites.

    Returns
    -------
    DataFrame
        ``covariate, level, n`` (people of the band), ``n_treated, n_comparison`` (people of all
        bands), ``mean_treated, mean_comparison`` (shares of people), ``difference, ci_low,
        ci_high`` (NaN with fewer than two sites in an arm) and ``smd``, the difference over the
        pooled standard deviation.
    """
    day = pd.Timestamp(on)
    hired, left = dates(staff["hired_on"]), dates(staff["left_on"])
    there = ~(hired >= day) & ~(left < day)
    rows = staff[there.to_numpy(bool)].astype(object).dropna(subset=["site_id"])
    out = []
    for covariate in BANDS:
        if covariate not in rows:
            continue
        known = rows.dropna(subset=[covariate])
        arm = known["site_id"].isin(set(trained)).to_numpy(bool)
        if not arm.any() or arm.all():
            continue
        for band in sorted(set(known[covariate]), key=str):
            hit = (known[covariate] == band).to_numpy(float)
            sides = [
                weighted_mean(hit[part], clusters=known["site_id"][part], level=level)
                for part in (arm, ~arm)
            ]
            one, zero = (side.value for side in sides)
            spread = math.sqrt((one * (1 - one) + zero * (1 - zero)) / 2)
            smd = (one - zero) / spread if spread > 0 else 0.0
            groups = [len(set(known["site_id"][part])) for part in (arm, ~arm)]
            ends = _ends(one - zero, [side.se for side in sides], groups, level)
            people = int(arm.sum()), int((~arm).sum())
            out.append(
                (covariate, str(band), int(hit.sum()), *people, one, zero, one - zero, *ends, smd)
            )
    columns = ["covariate", "level", "n", "n_treated", "n_comparison", "mean_treated"]
    columns += ["mean_comparison", "difference", "ci_low", "ci_high", "smd"]
    return pd.DataFrame(out, columns=columns)


def assess_staff_balance(
    staff: pd.DataFrame | None,
    trained: Collection[str],
    *,
    on: dt.date,
    level: float = LEVEL,
) -> StageResults:
    """Compare the staff of trained and untrained sites by age and education.

    Parameters
    ----------
    staff, trained, on, level
        As of :func:`staff_balance`; without a staff list or bands nothing is asked.

    Returns
    -------
    StageResults
        Table ``staff_balance``; check ``baseline.staff_balance``: by the largest standardised
        difference, with the lines of the balance of sites. Differences within sampling error are
        ``passed``: few sites differ by chance.
    """
    if staff is None or not any(present(staff, name, "site_id") for name in BANDS):
        return collect("baseline", [])
    table = staff_balance(staff, trained, on=on, level=level)
    if table.empty:
        return collect("baseline", [])
    worst = table.loc[table["smd"].abs().idxmax()]
    size = abs(float(worst["smd"]))
    beyond = bool(worst["ci_low"] > 0 or worst["ci_high"] < 0)
    large = "failed" if size > FAILED_SMD else "caution" if size > CAUTION_SMD else "passed"
    status = large if beyond else "passed"
    check = Check(
        id="baseline.staff_balance",
        topic=Topic.STAFF_BALANCE,
        question="measurement.check.staff_balance.question",
        status=status,
        value=size,
        threshold=CAUTION_SMD,
        unit="sd",
        n=int(worst["n_treated"] + worst["n_comparison"]),
        reason="measurement.check.staff_balance.reason",
        remedy=None if status == "passed" else "measurement.check.staff_balance.remedy",
        params={
            "band": str(worst["level"]),
            "trained": float(worst["mean_treated"]),
            "compared": float(worst["mean_comparison"]),
            "size": size,
            "line": CAUTION_SMD,
            "people": int(worst["n_treated"] + worst["n_comparison"]),
        },
    )
    return collect("baseline", [check], tables={"staff_balance": table})


def _ends(
    value: float, errors: list[float | None], groups: list[int], level: float
) -> tuple[float, float]:
    """Welch's interval of a difference between two arms of sites."""
    if errors[0] is None or errors[1] is None:
        return np.nan, np.nan
    parts = [error**2 for error in errors if error is not None]
    se = math.sqrt(sum(parts))
    if se == 0:
        return np.nan, np.nan
    df = se**4 / sum(part**2 / (m - 1) for part, m in zip(parts, groups, strict=True))
    half = float(stats.t.ppf((1 + level) / 2, df)) * se
    return max(value - half, -1.0), min(value + half, 1.0)

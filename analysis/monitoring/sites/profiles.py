"""What each site is, whether its training is over, ahead or waits, and who came to it."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from analysis.indicators import cohorts
from analysis.measurement.columns import dates, floats, present
from analysis.monitoring.training.levels import attendance
from analysis.settings import LEVEL
from analysis.tables import period_of

COLUMNS = (
    "site_id", "site_name", "region", "property_type", "households", "state", "wave", "starts",
    "people", "n", "attended", "value", "ci_low", "ci_high", "hours", "first_class", "last_class",
)  # fmt: skip
"""Columns of :func:`profiles`."""


def profiles(
    sites: pd.DataFrame,
    waves: pd.DataFrame,
    enrolments: pd.DataFrame | None,
    staff: pd.DataFrame | None,
    *,
    on: dt.date,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Return one row per site: what it is, and its training as it stands on a day.

    Parameters
    ----------
    sites, waves : DataFrame
        Canonical tables.
    enrolments, staff : DataFrame, optional
        For who came; people count for the site that the list of staff has them at.
    on : date
        The day.
    level : float
        Coverage of the interval of attendance.

    Returns
    -------
    DataFrame
        :data:`COLUMNS` by name of the site. ``state`` is ``trained``, ``ahead`` (its wave is yet
        to start) or ``waits`` (no wave trains it: it is compared with). ``people`` were enrolled,
        in ``n`` places with attendance recorded, of which ``attended`` were taken; ``value`` is
        their share; ``hours`` were attended, all people together. Missing where nobody was
        enrolled.
    """
    starts = cohorts(waves)
    known = sites.reindex(columns=list(COLUMNS[:5])).drop_duplicates("site_id")
    missing = sorted(set(starts.index) - set(known["site_id"]) - {""})
    known = pd.concat([known, pd.DataFrame({"site_id": missing})], ignore_index=True)
    names = known["site_name"].astype(object)
    known["site_name"] = names.where(names.notna(), known["site_id"])
    month = known["site_id"].map(starts)
    known["starts"] = month
    known["state"] = "waits"
    known.loc[month.notna(), "state"] = "ahead"
    known.loc[month <= period_of(on), "state"] = "trained"
    numbers = waves.loc[waves["arm"].eq("treated")].groupby("site_id")["wave"].min()
    known["wave"] = known["site_id"].map(numbers).astype("float64")
    known = known.merge(_courses(enrolments, staff, level), on="site_id", how="left")
    return known.reindex(columns=list(COLUMNS)).sort_values(
        ["site_name", "site_id"], ignore_index=True
    )


def _courses(
    enrolments: pd.DataFrame | None, staff: pd.DataFrame | None, level: float
) -> pd.DataFrame:
    if enrolments is None or staff is None or not present(staff, "site_id"):
        return pd.DataFrame({"site_id": pd.Series(dtype="str")})
    home = staff.drop_duplicates("staff_id").set_index("staff_id")["site_id"]
    held = enrolments.assign(site_id=enrolments["staff_id"].map(home)).dropna(subset=["site_id"])
    if held.empty:
        return pd.DataFrame({"site_id": pd.Series(dtype="str")})
    came = held[floats(held["attended"]) == 1]
    by = held.groupby("site_id")
    found = pd.DataFrame({"people": by["staff_id"].nunique().astype("float64")})
    share = attendance(held, ["site_id"], level=level).rename(columns={"hits": "attended"})
    found = found.join(share.set_index("site_id"))
    if present(held, "hours"):
        found["hours"] = came.assign(hours=floats(came["hours"])).groupby("site_id")["hours"].sum()
    if present(held, "held_on"):
        days = dates(came["held_on"]).dt.date.groupby(came["site_id"].astype(object))
        found["first_class"], found["last_class"] = days.min().astype(str), days.max().astype(str)
    return found.reset_index()

"""Whom the training reached of all staff, by post, tier, age and education, and for how long."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from analysis.measurement import share_over_sites
from analysis.measurement.columns import dates, floats, present
from analysis.monitoring.lacking import lacking
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import LEVEL

WHO = ("role", "tier", "age_band", "education_band")
"""Columns of the list of staff by which coverage is split; words: ``monitoring.split_by.``."""

LEFT_OUT = 0.5
"""Share trained of a post at trained sites below which the course has passed it by."""


def employed_staff(staff: pd.DataFrame, on: dt.date) -> pd.DataFrame:
    """Return the rows of ``staff`` of people with a site who are employed on a day."""
    day = pd.Timestamp(on)
    hired = dates(staff["hired_on"]).le(day) | staff["hired_on"].isna()
    gone = dates(staff["left_on"]).lt(day)
    return staff[hired & ~gone & staff["site_id"].notna()]


def coverage_by_group(
    staff: pd.DataFrame, enrolments: pd.DataFrame, *, on: dt.date, level: float = LEVEL
) -> pd.DataFrame:
    """Say of the staff employed on a day how many came to at least one session, by group.

    Parameters
    ----------
    staff, enrolments : DataFrame
        Canonical tables; sessions after the day, or that nobody is known to have come to, are
        left out.
    on : date
        The day.
    level : float
        Coverage of intervals, which count sites.

    Returns
    -------
    DataFrame
        ``by, subject, n`` (employed), ``trained``, ``value, ci_low, ci_high`` (share trained),
        ``hours`` (mean of those trained; NaN where no session says its hours).
    """
    people = employed_staff(staff, on).astype({"staff_id": object, "site_id": object})
    came = enrolments[(floats(enrolments["attended"]) == 1)]
    came = came[~dates(came["held_on"]).gt(pd.Timestamp(on))]
    came = came.assign(hours=floats(came["hours"]) if "hours" in came else float("nan"))
    hours = came.groupby(came["staff_id"].astype(object))["hours"].sum(min_count=1)
    people = people.assign(
        hit=people["staff_id"].isin(hours.index), hours=people["staff_id"].map(hours)
    )
    rows = []
    for by in (column for column in WHO if present(people, column)):
        for subject, part in people.dropna(subset=[by]).groupby(by, observed=True, sort=True):
            sites = part.groupby("site_id")["hit"].agg(["sum", "size"])
            share = share_over_sites(sites["sum"].to_numpy(), sites["size"].to_numpy(), level=level)
            rows.append(
                {
                    "by": by,
                    "subject": str(subject),
                    "n": len(part),
                    "trained": int(part["hit"].sum()),
                    "value": share.value,
                    "ci_low": share.low,
                    "ci_high": share.high,
                    "hours": part.loc[part["hit"], "hours"].mean(),
                }
            )
    columns = ["by", "subject", "n", "trained", "value", "ci_low", "ci_high", "hours"]
    return pd.DataFrame(rows, columns=columns)


def assess_reach(
    staff: pd.DataFrame | None,
    enrolments: pd.DataFrame | None,
    *,
    on: dt.date,
    level: float = LEVEL,
) -> StageResults:
    """Ask whether the course passed a post by at the sites it was held for.

    Parameters
    ----------
    staff, enrolments : DataFrame or None
        Canonical tables.
    on : date
        Day on which people have to be employed.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Table ``coverage_by`` (of :func:`coverage_by_group`, all sites); check
        ``monitoring.reach``: ``caution`` where the whole interval of a post lies below
        :data:`LEFT_OUT` at sites with anybody trained.
    """
    about = ("monitoring.reach", Topic.REACH, "monitoring.check.reach")
    if not present(enrolments, "attended", "held_on"):
        return collect("monitoring", [lacking(*about, "enrolments", enrolments, "attended")])
    if not (present(staff, "site_id", "role") and {"hired_on", "left_on"} <= set(staff.columns)):
        return collect("monitoring", [lacking(*about, "staff")])
    table = coverage_by_group(staff, enrolments, on=on, level=level)
    came = set(enrolments.loc[floats(enrolments["attended"]) == 1, "staff_id"].astype(object))
    held = set(staff.loc[staff["staff_id"].astype(object).isin(came), "site_id"].dropna())
    there = staff[staff["site_id"].isin(held)]
    posts = coverage_by_group(there, enrolments, on=on, level=level)
    posts = posts[posts["by"] == "role"]
    if posts.empty:
        return collect("monitoring", [lacking(*about, "staff")], tables={"coverage_by": table})
    passed_by = posts[posts["ci_high"] < LEFT_OUT]
    lowest = posts.loc[posts["value"].idxmin()]
    check = Check(
        id="monitoring.reach",
        topic=Topic.REACH,
        question="monitoring.check.reach",
        status="caution" if len(passed_by) else "passed",
        value=float(lowest["value"]),
        threshold=LEFT_OUT,
        unit="share",
        n=int(lowest["n"]),
        reason="monitoring.check.reach.reason",
        remedy="monitoring.check.reach.remedy" if len(passed_by) else None,
        params={
            "post": str(lowest["subject"]),
            "trained": int(lowest["trained"]),
            "employed": int(lowest["n"]),
            "posts": len(posts),
            "below": len(passed_by),
            "line": LEFT_OUT,
        },
    )
    return collect("monitoring", [check], tables={"coverage_by": table})

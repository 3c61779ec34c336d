"""Who left soon after the training, and took along what it had taught them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from analysis.measurement import share_over_sites
from analysis.measurement.columns import dates, floats, present
from analysis.results import StageResults, collect
from analysis.settings import LEVEL
from analysis.standards import Lines, course

EVERYBODY = "all"
"""Subject of the row over all tiers; its words are ``terms.tier.all``."""


def left_after_training(
    staff: pd.DataFrame,
    enrolments: pd.DataFrame,
    *,
    until: dt.date,
    months: int,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Say how many of those trained left within some months of their own last session.

    Everybody is followed for the same time: people whose months have not run out on the last day
    of the data are counted as waiting, not as having stayed. Who left before or on the day of the
    last session is in neither number.

    Parameters
    ----------
    staff : DataFrame
        Canonical table; ``left_on`` is NULL while employed.
    enrolments : DataFrame
        Canonical table; sessions without a day, or that nobody is known to have come to, are left
        out.
    until : date
        Last day of the data.
    months : int
        Months of follow-up.
    level : float
        Coverage of intervals, which count sites.

    Returns
    -------
    DataFrame
        One row per tier and one over all (``all``): ``subject, left, n`` (followed to the end),
        ``value, ci_low, ci_high`` (share that left), ``waiting``. Without rows where nobody has
        been followed to the end.
    """
    came = enrolments[(floats(enrolments["attended"]) == 1) & enrolments["held_on"].notna()]
    last = dates(came["held_on"]).groupby(came["staff_id"].astype(object)).max().rename("last")
    wanted = ["site_id", "left_on", *(["tier"] if present(staff, "tier") else [])]
    people = staff.set_index("staff_id")[wanted].join(last, how="inner")
    gone = dates(people["left_on"])
    people = people[~(gone <= people["last"])]
    gone, end = gone.loc[people.index], people["last"] + pd.DateOffset(months=months)
    people = people.assign(
        followed=(end <= pd.Timestamp(until)).to_numpy(bool),
        left=((gone <= end) & (gone <= pd.Timestamp(until))).to_numpy(bool),
    )
    groups = [(EVERYBODY, people)]
    if "tier" in people:
        groups += [(str(tier), mine) for tier, mine in people.groupby("tier", observed=True)]
    rows = [row for subject, mine in groups if (row := _row(subject, mine, level))]
    columns = ["subject", "left", "n", "value", "ci_low", "ci_high", "waiting"]
    return pd.DataFrame(rows, columns=columns)


def _row(subject: str, people: pd.DataFrame, level: float) -> tuple[object, ...] | None:
    followed = people[people["followed"]]
    if followed.empty:
        return None
    site = followed["site_id"].astype(object).fillna("")
    by_site = followed.groupby(site)["left"].agg(["sum", "size"])
    found = share_over_sites(np.array(by_site["sum"]), np.array(by_site["size"]), level=level)
    left, waiting = int(followed["left"].sum()), int((~people["followed"]).sum())
    return subject, left, len(followed), found.value, found.low, found.high, waiting


def assess_leavers(
    staff: pd.DataFrame | None,
    enrolments: pd.DataFrame | None,
    *,
    until: dt.date,
    stage: str = "monitoring",
    lines: Lines | None = None,
    level: float = LEVEL,
) -> StageResults:
    """Count who left within some months of their own training.

    Parameters
    ----------
    staff, enrolments : DataFrame or None
        Canonical tables; without last working days or attendance nothing is counted.
    until : date
        Last day of the data.
    stage : str
        Stage of the results.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Table ``leavers``, of :func:`left_after_training`, with the ``months``; none where no
        line is drawn.
    """
    months = (lines or course()).of("leaver_months")
    if (
        months is None
        or not present(staff, "left_on")
        or not present(enrolments, "attended", "held_on")
    ):
        return collect(stage, [])
    table = left_after_training(staff, enrolments, until=until, months=int(months), level=level)
    return collect(stage, [], tables={"leavers": table.assign(months=int(months))})

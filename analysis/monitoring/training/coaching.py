"""Coaching at work: who of those trained was coached or reminded afterwards, and how often."""

from __future__ import annotations

import pandas as pd

from analysis.measurement import share_over_sites
from analysis.measurement.columns import dates, floats, present
from analysis.monitoring.lacking import lacking
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import LEVEL

EVERYBODY = "all"
"""Kind of the row over all kinds; its words are ``monitoring.coaching_kind.all``."""


def coached_since(coaching: pd.DataFrame, enrolments: pd.DataFrame) -> pd.DataFrame:
    """Return the talks and reminders given to people on or after their own first session.

    Parameters
    ----------
    coaching, enrolments : DataFrame
        Canonical tables; sessions without a day, or that nobody is known to have come to, are left
        out.

    Returns
    -------
    DataFrame
        ``staff_id, held_on, kind, minutes``.
    """
    first = _first_session(enrolments)
    talks = coaching.astype({"staff_id": object}).assign(held_on=dates(coaching["held_on"]))
    talks = talks[talks["held_on"] >= talks["staff_id"].map(first)]
    return talks[["staff_id", "held_on", "kind", "minutes"]]


def coaching_table(talks: pd.DataFrame, people: pd.Series, *, level: float) -> pd.DataFrame:
    """Return a row per kind of coaching and one over all (``all``).

    Parameters
    ----------
    talks : DataFrame
        As of :func:`coached_since`.
    people : Series
        Site by person trained.
    level : float
        Coverage of intervals, which count sites.

    Returns
    -------
    DataFrame
        ``kind, talks, people`` (coached), ``n`` (trained), ``value, ci_low, ci_high`` (share
        coached), ``per_person`` (talks per person trained), ``minutes`` (mean length).
    """
    kinds = [EVERYBODY, *sorted(set(talks["kind"].dropna().astype(str)))]
    rows = []
    for kind in kinds:
        mine = talks if kind == EVERYBODY else talks[talks["kind"] == kind]
        hit = people.index.isin(set(mine["staff_id"]))
        by = pd.Series(hit, index=people.index).groupby(people).agg(["sum", "size"])
        share = share_over_sites(by["sum"].to_numpy(), by["size"].to_numpy(), level=level)
        rows.append(
            {
                "kind": kind,
                "talks": len(mine),
                "people": int(hit.sum()),
                "n": len(people),
                "value": share.value,
                "ci_low": share.low,
                "ci_high": share.high,
                "per_person": len(mine) / len(people),
                "minutes": floats(mine["minutes"]).mean(),
            }
        )
    return pd.DataFrame(rows)


def assess_coaching(
    coaching: pd.DataFrame | None,
    enrolments: pd.DataFrame | None,
    staff: pd.DataFrame | None,
    *,
    level: float = LEVEL,
) -> StageResults:
    """Count who was coached after the course, and name how many trained sites coached nobody.

    Parameters
    ----------
    coaching, enrolments, staff : DataFrame or None
        Canonical tables.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Table ``coaching`` (of :func:`coaching_table`); check ``monitoring.coaching``: ``caution``
        where a site with trained people coached none of them.
    """
    about = ("monitoring.coaching", Topic.COACHING, "monitoring.check.coaching")
    if not present(coaching, "held_on"):
        return collect("monitoring", [lacking(*about, "coaching")])
    if not present(enrolments, "attended", "held_on"):
        return collect("monitoring", [lacking(*about, "enrolments", enrolments, "attended")])
    if not present(staff, "site_id"):
        return collect("monitoring", [lacking(*about, "staff", staff, "site_id")])
    site = staff.astype({"staff_id": object}).set_index("staff_id")["site_id"].astype(object)
    people = site.reindex(_first_session(enrolments).index).dropna()
    if people.empty:
        return collect("monitoring", [lacking(*about, "staff", staff, "site_id")])
    talks = coached_since(coaching, enrolments)
    talks = talks[talks["staff_id"].isin(people.index)]
    table = coaching_table(talks, people, level=level)
    whole = table.iloc[0]
    coached = set(people[people.index.isin(set(talks["staff_id"]))])
    without = people.nunique() - len(coached)
    check = Check(
        id="monitoring.coaching",
        topic=Topic.COACHING,
        question="monitoring.check.coaching",
        status="caution" if without else "passed",
        value=float(without),
        threshold=0.0,
        unit="sites",
        n=len(people),
        reason="monitoring.check.coaching.reason",
        remedy="monitoring.check.coaching.remedy" if without else None,
        params={
            "talks": len(talks),
            "people": int(whole["people"]),
            "trained": len(people),
            "without": without,
            "sites": people.nunique(),
        },
    )
    return collect("monitoring", [check], tables={"coaching": table})


def _first_session(enrolments: pd.DataFrame) -> pd.Series:
    came = enrolments[(floats(enrolments["attended"]) == 1) & enrolments["held_on"].notna()]
    return dates(came["held_on"]).groupby(came["staff_id"].astype(object)).min()

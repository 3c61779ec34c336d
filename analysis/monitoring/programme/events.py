"""What else changed at the sites, and whether it changed more often at trained ones."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from analysis.measurement.columns import dates, present
from analysis.measurement.intervals import newcombe
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import LEVEL

_COLUMNS = ("happened_on", "change", "name", "site_id", "arm", "since")

MUCH_MORE = 0.25
"""Share of trained sites, beyond that of the others, that must be excluded for a pass."""


def events_by_site(events: pd.DataFrame, arms: pd.Series, since: dt.date) -> pd.DataFrame:
    """List the changes with the arm they fell on.

    Parameters
    ----------
    events : DataFrame
        Canonical table ``events``.
    arms : Series
        ``treated`` or ``comparison`` by ``site_id``.
    since : date
        First day of the month of the first wave.

    Returns
    -------
    DataFrame
        ``happened_on, change, name, site_id`` (empty: all sites), ``arm`` (``all`` for all
        sites), ``since`` (whether it happened on that day or later); the newest first.
    """
    site = events["site_id"].astype(object)
    frame = pd.DataFrame(
        {
            "happened_on": dates(events["happened_on"]),
            "change": events["change"].astype(object),
            "name": events["name"].astype(object),
            "site_id": site.where(site.notna(), ""),
            "arm": site.map(arms).astype(object).where(site.notna(), "all"),
        }
    )
    frame["since"] = frame["happened_on"] >= pd.Timestamp(since)
    frame = frame.sort_values("happened_on", ascending=False, kind="stable", ignore_index=True)
    frame["happened_on"] = frame["happened_on"].dt.date
    return frame[list(_COLUMNS)]


def assess_events(
    events: pd.DataFrame | None,
    arms: pd.Series,
    *,
    since: dt.date,
    stage: str = "monitoring",
    level: float = LEVEL,
) -> StageResults:
    """Ask whether anything else changed more often at trained sites than at the others.

    A change at all sites at once disturbs no comparison of sites; one at trained sites only
    would be counted as effect (R152, R201).

    Parameters
    ----------
    events : DataFrame or None
        Canonical ``events``: one row per change at a site.
    arms : Series
        Arm by site.
    since : date
        First day that counts.
    stage : str
        Stage of the check's id.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Table ``events`` (of :func:`events_by_site`); check ``<stage>.events``: the share of
        trained sites with a change since the first wave minus that of the others, ``caution``
        when its interval (Newcombe) leaves out 0.
    """
    question = "monitoring.check.events.question"
    if not present(events, "happened_on"):
        missing = Check(
            id=f"{stage}.events",
            topic=Topic.EVENTS,
            question=question,
            status="not_possible",
            reason="monitoring.check.events.none",
            remedy="monitoring.check.events.record",
        )
        return collect(stage, [missing])
    table = events_by_site(events, arms, since)
    local = table[table["since"] & table["site_id"].ne("")]
    sites = arms.value_counts()
    hit = local.groupby("arm")["site_id"].nunique()
    counts = {arm: (int(hit.get(arm, 0)), int(sites.get(arm, 0))) for arm in _ARMS}
    (trained, n_trained), (others, n_others) = (counts[arm] for arm in _ARMS)
    params = {
        "trained": trained,
        "trained_sites": n_trained,
        "others": others,
        "other_sites": n_others,
        "everywhere": int((table["since"] & table["arm"].eq("all")).sum()),
    }
    if not n_trained or not n_others:
        alone = Check(
            id=f"{stage}.events",
            topic=Topic.EVENTS,
            question=question,
            status="not_possible",
            reason="monitoring.check.events.one_arm",
            params=params,
        )
        return collect(stage, [alone], tables={"events": table})
    gap = newcombe(trained, n_trained, others, n_others, level=level)
    uneven = gap.low > 0 or gap.high < 0
    open_ = not uneven and gap.high > MUCH_MORE
    check = Check(
        id=f"{stage}.events",
        topic=Topic.EVENTS,
        question=question,
        status="caution" if uneven else "not_possible" if open_ else "passed",
        value=gap.value,
        threshold=0.0,
        unit="share_difference",
        n=gap.n,
        reason=f"monitoring.check.events.{'open' if open_ else 'reason'}",
        remedy="monitoring.check.events.remedy" if uneven else None,
        params={**params, "low": gap.low, "high": gap.high, "outcome_unit": "share"},
    )
    return collect(stage, [check], tables={"events": table})


_ARMS = ("treated", "comparison")

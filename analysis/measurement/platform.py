"""How many households report through the platform, by year."""

from __future__ import annotations

import pandas as pd

from analysis.measurement.columns import instants, present
from analysis.measurement.complaints import share_over_sites
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import LEVEL
from analysis.tables import Rows, parts


def platform_use(
    tickets: Rows, sites: pd.DataFrame, *, timezone: str, level: float = LEVEL
) -> pd.DataFrame:
    """Count the households that reported through the platform at least once in a year.

    Parameters
    ----------
    tickets : DataFrame or Stored
        Canonical table.
    sites : DataFrame
        Canonical table; sites without a number of households are left out.
    timezone : str
        The client's; decides the year of a work order.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        One row per calendar year: ``year, requests`` (with a known way), ``by_platform``,
        ``active`` (different households), ``households`` (served by sites with work orders in
        the year), ``value, ci_low, ci_high`` (share of households, interval over sites).
        Households that reported nothing count as not using it, so the share cannot exceed that
        of households with any request.
    """
    served = sites.set_index("site_id")["households"].astype("float64").dropna()
    read = ["channel", "site_id", "household_id", "opened_at"]
    frame = pd.concat(
        _by_site_and_year(part, served, timezone) for part in parts(tickets, read, by="site_id")
    )
    rows = []
    for year, mine in frame.groupby("year"):
        here = served.loc[served.index.isin(mine["site_id"])]
        hits = mine.set_index("site_id")["active"].reindex(here.index).fillna(0.0)
        share = share_over_sites(hits.clip(upper=here).to_numpy(), here.to_numpy(), level=level)
        requests, by_platform = mine["requests"].sum(), mine["by_platform"].sum()
        counts = (int(requests), int(by_platform), int(hits.sum()), int(here.sum()))
        rows.append((int(year), *counts, share.value, share.low, share.high))
    columns = ["year", "requests", "by_platform", "active", "households"]
    return pd.DataFrame(rows, columns=[*columns, "value", "ci_low", "ci_high"])


def _by_site_and_year(part: pd.DataFrame, served: pd.Series, timezone: str) -> pd.DataFrame:
    """Count requests, those by the platform, and the households that used it."""
    known = part[part["channel"].notna() & part["site_id"].isin(served.index)]
    frame = pd.DataFrame(
        {
            "site_id": known["site_id"].astype(object),
            "year": instants(known["opened_at"], timezone).dt.year,
            "by_platform": (known["channel"] == "platform").to_numpy(bool),
        }
    )
    frame["household"] = known["household_id"].astype(object).where(frame["by_platform"])
    return frame.groupby(["site_id", "year"], as_index=False).agg(
        requests=("by_platform", "size"),
        by_platform=("by_platform", "sum"),
        active=("household", "nunique"),
    )


def assess_platform(
    tickets: Rows | None,
    sites: pd.DataFrame | None,
    *,
    timezone: str,
    stage: str = "monitoring",
    level: float = LEVEL,
) -> StageResults:
    """Say how many households report through the platform.

    Parameters
    ----------
    tickets, sites : DataFrame (tickets also Stored) or None
        Canonical tables: way of reporting and household of a ticket; households served by a site.
    timezone : str
        IANA name; decides the local month of a ticket.
    stage : str
        Stage of the check's id.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Table ``platform_use`` (of :func:`platform_use`); a check ``<stage>.platform`` that it is
        not possible where the way of reporting, the household or the number served is unknown.
    """
    if not present(tickets, "channel", "household_id") or not present(sites, "households"):
        missing = Check(
            id=f"{stage}.platform",
            topic=Topic.PLATFORM,
            question="measurement.check.platform.question",
            status="not_possible",
            reason="measurement.check.platform.none",
            remedy="measurement.check.platform.record",
        )
        return collect(stage, [missing])
    return collect(
        stage,
        [],
        tables={"platform_use": platform_use(tickets, sites, timezone=timezone, level=level)},
    )

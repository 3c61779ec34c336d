"""How long customers say a reply took, held against what the ticket log says."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy import stats

from analysis.measurement.columns import floats, instants, periods, present
from analysis.measurement.complaints import share_over_sites
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import LEVEL
from analysis.tables import Rows, parts

HOURS = 24.0
"""What counts as a late reply, in both sources."""

_READ = ("site_id", "kind", "opened_at", "first_response_at", "resolved_at")


def late_in_log(tickets: Rows, *, timezone: str = "UTC") -> pd.DataFrame:
    """Count requests, and those without a reply within 24 hours, by site and month of opening.

    Praise is no request. Those still waiting count as late once 24 hours had passed at the opening
    of the latest ticket; before that, and where a ticket was resolved without a recorded reply, it
    is not known, and they are left out.

    Parameters
    ----------
    tickets : DataFrame or Stored
        Canonical table.
    timezone : str
        Zone in which a month begins.

    Returns
    -------
    DataFrame
        ``site, period, late, n``.
    """
    found = []
    end = max(instants(part["opened_at"]).max() for part in parts(tickets, ["opened_at"]))
    for part in parts(tickets, list(_READ)):
        rows = part[part["kind"].astype(object).ne("praise")]
        opened = instants(rows["opened_at"], timezone)
        waited = (instants(rows["first_response_at"]) - opened).dt.total_seconds() / 3600
        open_for = (end - opened).dt.total_seconds() / 3600
        waiting = rows["first_response_at"].isna() & rows["resolved_at"].isna()
        known = waited.ge(0) | (waiting & open_for.gt(HOURS))
        late = waited.gt(HOURS) | (waiting & open_for.gt(HOURS))
        counted = pd.DataFrame(
            {
                "site": rows["site_id"].astype(object),
                "period": periods(opened),
                "late": late.astype(float),
            }
        )[known.to_numpy(bool)]
        found.append(counted)
    whole = pd.concat(found, ignore_index=True).groupby(["site", "period"])["late"]
    return whole.agg(late="sum", n="size").reset_index()


def late_reported(reports: pd.DataFrame, *, timezone: str = "UTC") -> pd.DataFrame:
    """Count customers who had something to report, and those who say that the reply took longer.

    Parameters
    ----------
    reports : DataFrame
        Canonical ``reply_reports``; who reported nothing is left out.
    timezone : str
        Zone in which a month begins.

    Returns
    -------
    DataFrame
        ``site, period, late, n``.
    """
    rows = reports[reports["over_24h"].notna()]
    counted = pd.DataFrame(
        {
            "site": rows["site_id"].astype(object),
            "period": periods(instants(rows["answered_at"], timezone)),
            "late": floats(rows["over_24h"]),
        }
    )
    return counted.groupby(["site", "period"])["late"].agg(late="sum", n="size").reset_index()


def difference_over_sites(
    one: pd.DataFrame, other: pd.DataFrame, *, level: float = LEVEL
) -> tuple[float, float, float]:
    """Return the difference of two shares of the same sites with an interval that counts sites.

    Parameters
    ----------
    one, other : DataFrame
        ``late, n`` by site, indexed alike.
    level : float
        Coverage.

    Returns
    -------
    tuple of float
        Value, low and high; the ends are NaN with one site.
    """
    shares, scores = [], 0.0
    for part, sign in ((one, 1.0), (other, -1.0)):
        share = float(part["late"].sum() / part["n"].sum())
        shares.append(share)
        scores = scores + sign * (part["late"] - share * part["n"]) / part["n"].sum()
    value, sites = shares[0] - shares[1], len(one)
    if sites < 2:
        return value, np.nan, np.nan
    se = math.sqrt(sites / (sites - 1) * float((scores**2).sum()))
    # Shares that happen to be alike at a few sites are no certainty.
    sides = zip(shares, (one, other), strict=True)
    alone = math.sqrt(sum(p * (1 - p) / part["n"].sum() for p, part in sides))
    half = float(stats.t.ppf((1 + level) / 2, sites - 1)) * max(se, alone)
    return value, max(value - half, -1.0), min(value + half, 1.0)


def assess_reply_reports(
    reports: pd.DataFrame | None,
    tickets: Rows | None,
    *,
    timezone: str = "UTC",
    level: float = LEVEL,
) -> StageResults:
    """Hold the share of customers who waited over 24 hours for a reply against the ticket log.

    Both are of the same sites and months. The shares are of different things, customers and
    requests, so that a difference is no fault by itself; the check says what it can mean.

    Parameters
    ----------
    reports, tickets : DataFrame (tickets also Stored) or None
        Canonical tables.
    timezone : str
        Zone in which a month begins.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Table ``reply_reports`` (``source, late, n, sites, value, ci_low, ci_high``; of the
        difference ``late`` and ``n`` are NaN) and check ``baseline.reply_reports``: ``caution``
        where the interval of the difference leaves zero out; nothing where customers were not
        asked.
    """
    if not present(reports, "over_24h"):
        return collect("baseline", [])
    common = {
        "id": "baseline.reply_reports",
        "topic": Topic.REPLY_REPORTS,
        "question": "measurement.check.reply_reports.question",
    }
    said = late_reported(reports, timezone=timezone)
    if not present(tickets, "first_response_at"):
        none = Check(
            **common, status="not_possible", reason="measurement.check.reply_reports.no_log"
        )
        return collect("baseline", [none], tables={"reply_reports": _table(said, None, level)})
    log = late_in_log(tickets, timezone=timezone)
    both = said.merge(log, on=["site", "period"], suffixes=("_said", "_log"))
    if both.empty:
        none = Check(
            **common, status="not_possible", reason="measurement.check.reply_reports.apart"
        )
        return collect("baseline", [none], tables={"reply_reports": _table(said, None, level)})
    of = {
        name: both[["site", f"late_{name}", f"n_{name}"]].set_axis(["site", "late", "n"], axis=1)
        for name in ("said", "log")
    }
    table = _table(of["said"], of["log"], level)
    value, low, high = table.iloc[2][["value", "ci_low", "ci_high"]]
    apart = bool(low > 0 or high < 0)
    kind = "alike" if not apart else "more_said" if value > 0 else "more_logged"
    check = Check(
        **common,
        status="caution" if apart else "passed",
        value=float(value),
        threshold=0.0,
        unit="share",
        n=int(table["n"].iloc[0]),
        reason=f"measurement.check.reply_reports.{kind}",
        remedy="measurement.check.reply_reports.remedy" if apart else None,
        params={
            "people": int(table["n"].iloc[0]),
            "said": float(table["value"].iloc[0]),
            "said_low": float(table["ci_low"].iloc[0]),
            "said_high": float(table["ci_high"].iloc[0]),
            "requests": int(table["n"].iloc[1]),
            "logged": float(table["value"].iloc[1]),
            "logged_low": float(table["ci_low"].iloc[1]),
            "logged_high": float(table["ci_high"].iloc[1]),
        },
    )
    return collect("baseline", [check], tables={"reply_reports": table})


def _table(said: pd.DataFrame, log: pd.DataFrame | None, level: float) -> pd.DataFrame:
    """One row per source and, where there are two, one of their difference."""
    rows, sides = [], []
    for name, part in (("survey", said), ("log", log)):
        if part is None:
            continue
        by = part.groupby("site")[["late", "n"]].sum()
        sides.append(by)
        found = share_over_sites(by["late"].to_numpy(), by["n"].to_numpy(), level=level)
        counts = float(by["late"].sum()), float(by["n"].sum()), len(by)
        rows.append((name, *counts, found.value, found.low, found.high))
    if len(sides) == 2:
        least = min(rows[0][2], rows[1][2])
        apart = difference_over_sites(*sides, level=level)
        rows.append(("difference", np.nan, least, len(sides[0]), *apart))
    columns = ["source", "late", "n", "sites", "value", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=columns)

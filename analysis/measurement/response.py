"""Return rate of customer questionnaires by site, channel and month.

It is a *return rate* (questionnaires handed in over questionnaires sent), not an AAPOR
response rate: that needs the disposition of every invited household.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.measurement.columns import dates, instants, periods, present
from analysis.measurement.intervals import wilson
from analysis.results import Check, Estimate, StageResults, Topic, collect
from analysis.settings import LEVEL
from analysis.standards import Lines, course
from analysis.tables import Rows, parts


def return_counts(surveys: Rows, invitations: pd.DataFrame, *, timezone: str) -> pd.DataFrame:
    """Count questionnaires sent and handed in.

    A questionnaire counts as handed in when at least one of its items has a score, in the
    local month of its last answer and the channel of its first. Months and channels without
    invitations are kept with ``invited`` 0, so that nothing disappears.

    Parameters
    ----------
    surveys : DataFrame or Stored
        Canonical table: one row per answer.
    invitations : DataFrame
        Canonical table: one row per site, month and channel.
    timezone : str
        IANA name; decides the local month of an answer.

    Returns
    -------
    DataFrame
        One row per site, month and channel: ``site_id, period, channel, invited, returned``.
    """
    keys = ["site_id", "period", "channel"]
    read = ["response_id", "site_id", "answered_at", "channel", "score"]
    returned = pd.concat(
        _returned(part, timezone) for part in parts(surveys, read, by="response_id")
    )
    returned = returned.groupby(keys, as_index=False)["returned"].sum()
    sent = invitations.assign(period=periods(dates(invitations["month"])))
    sent = sent.groupby(keys, as_index=False)["invited"].sum()
    for frame in (sent, returned):
        frame["site_id"] = frame["site_id"].astype(object)
        frame["channel"] = frame["channel"].astype(object)
    counts = sent.merge(returned, on=keys, how="outer")
    numbers = ["invited", "returned"]
    counts[numbers] = counts[numbers].astype("Float64").fillna(0).astype("int64")
    counts["period"] = counts["period"].astype("int64")
    return counts.sort_values(keys, ignore_index=True)


def _returned(part: pd.DataFrame, timezone: str) -> pd.DataFrame:
    """Count the sheets handed in by site, month and channel."""
    answered = part[part["score"].notna()]
    sheet, names = pd.factorize(answered["response_id"])
    month = periods(instants(answered["answered_at"], timezone)).to_numpy(dtype="int64")
    latest = np.full(len(names), np.iinfo("int64").min)
    np.maximum.at(latest, sheet, month)
    first = answered[~pd.Series(sheet, index=answered.index).duplicated()]
    channel = first["channel"].astype(object)
    one = pd.DataFrame(
        {
            "site_id": first["site_id"].astype(object).to_numpy(),
            "channel": channel.where(channel.notna(), "").to_numpy(),
            "period": latest,
        }
    )
    keys = ["site_id", "period", "channel"]
    return one.groupby(keys, as_index=False).size().rename(columns={"size": "returned"})


def return_rates(counts: pd.DataFrame, by: Sequence[str], *, level: float = LEVEL) -> pd.DataFrame:
    """Return rates with Wilson intervals for the cells of ``by``.

    Parameters
    ----------
    counts : DataFrame
        As of :func:`return_counts`.
    by : sequence of str
        Columns that name a cell.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        ``by`` columns, ``invited, returned, value`` (the rate), ``ci_low, ci_high``. A cell with
        more returned than sent has no rate (NaN): its counts cannot both be right.
    """
    cells = counts.groupby(list(by), as_index=False)[["invited", "returned"]].sum()
    rates = np.full((len(cells), 3), np.nan)
    for i, row in enumerate(cells.itertuples()):
        if row.invited > 0 and row.returned <= row.invited:
            interval = wilson(row.returned, row.invited, level=level)
            rates[i] = interval.value, interval.low, interval.high
    cells[["value", "ci_low", "ci_high"]] = rates
    return cells


def assess_response(
    surveys: Rows | None,
    invitations: pd.DataFrame | None,
    *,
    timezone: str,
    sites: pd.DataFrame | None = None,
    lines: Lines | None = None,
    simulated: bool = False,
    level: float = LEVEL,
) -> StageResults:
    """Overall return rate, and how many sites lie below the line.

    Parameters
    ----------
    surveys, invitations : DataFrame (surveys also Stored) or None
        Canonical tables.
    timezone : str
        The client's; it decides the month of an answer.
    sites : DataFrame, optional
        Gives the names that label sites.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Estimate ``baseline.return_rate.overall``; checks against the line, for impossible
        cells; tables ``response_site``, ``response_month``, ``response_channel``.
    """
    line = (lines or course()).of("return_rate")
    if not present(surveys, "score") or not present(invitations, "invited"):
        reason = "measurement.reason.no_surveys"
        if present(surveys, "score"):
            reason = "measurement.reason.no_invitations"
        return collect("baseline", [_no_line(line, reason)])
    counts = return_counts(surveys, invitations, timezone=timezone)
    usable = counts[counts["invited"] > 0]
    by_site = return_rates(usable, ["site_id"], level=level)
    returned, invited = int(usable["returned"].sum()), int(usable["invited"].sum())
    channels = return_rates(usable, ["channel"], level=level)
    items: list = []
    if returned <= invited:
        interval = wilson(returned, invited, level=level)
        items += [
            Estimate(
                id="baseline.return_rate.overall",
                estimand="proportion",
                indicator="return_rate",
                unit="share",
                value=interval.value,
                ci_low=interval.low,
                ci_high=interval.high,
                n=invited,
                n_units=len(by_site),
                method="return_rate",
                interval_method="wilson",
                simulated=simulated,
                level=level,
            ),
        ]
        if line is not None:
            items.append(_line_check("baseline.response.line", interval, by_site, line))
    items.append(_counts_check(counts, usable))
    return collect(
        "baseline",
        items,
        tables={
            "response_site": by_site.assign(label=_site_names(by_site["site_id"], sites)),
            "response_month": return_rates(usable, ["period"], level=level).assign(line=line),
            "response_channel": channels.assign(label=channels["channel"]),
        },
    )


def _no_line(line: float | None, reason: str) -> Check:
    return Check(
        id="baseline.response.line",
        topic=Topic.RESPONSE,
        question="measurement.check.return_rate.question",
        status="not_possible",
        threshold=line,
        unit="share",
        reason=reason,
        params={"line": line},
    )


def _counts_check(counts: pd.DataFrame, usable: pd.DataFrame) -> Check:
    """Return whether any site and month has more answers than questionnaires."""
    impossible = int((usable["returned"] > usable["invited"]).sum())
    stray = int(counts.loc[counts["invited"] == 0, "returned"].sum())
    possible = impossible == 0 and stray == 0
    return Check(
        id="baseline.response.counts",
        topic=Topic.RESPONSE,
        question="measurement.check.return_counts.question",
        status="passed" if possible else "caution",
        value=float(impossible),
        threshold=0.0,
        unit="count",
        n=len(usable),
        reason=None if possible else "measurement.check.return_counts.reason",
        remedy=None if possible else "measurement.check.return_counts.remedy",
        params={"cells": impossible, "stray": stray},
    )


def _site_names(ids: pd.Series, sites: pd.DataFrame | None) -> pd.Series:
    if sites is None:
        return ids
    names = sites.set_index("site_id")["site_name"].astype(object)
    return ids.map(names).fillna(ids)


def _line_check(id: str, overall, by_site: pd.DataFrame, line: float) -> Check:
    below = int((by_site["value"] < line).sum())
    surely = int((by_site["ci_high"] < line).sum())
    status = "passed"
    if below:
        status = "caution"
    if overall.value < line:
        status = "failed"
    return Check(
        id=id,
        topic=Topic.RESPONSE,
        question="measurement.check.return_rate.question",
        status=status,
        value=overall.value,
        threshold=line,
        unit="share",
        n=overall.n,
        reason=None if status == "passed" else "measurement.check.return_rate.reason",
        remedy=None if status == "passed" else "measurement.check.return_rate.remedy",
        params={"line": line, "below": below, "surely": surely, "sites": len(by_site)},
    )

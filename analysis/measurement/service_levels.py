"""Service levels of work orders: how long customers wait, and how many within the line.

The clock of a response runs from the report to the first reply by a person, that of a resolution
from the report to the day on which the order was closed last, nights and holidays included. An
order that is still open counts as waiting: it is beyond the line once the line has passed, and
neither in nor out before. Praise is no request. Where an order carries the time it was promised by,
that is its line of resolution.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.indicators import digits
from analysis.measurement.columns import instants, present
from analysis.measurement.complaints import share_over_sites
from analysis.results import Check, Estimate, StageResults, Topic, collect
from analysis.settings import LEVEL
from analysis.standards import Lines, course
from analysis.tables import Rows, parts

CLOCKS: Mapping[str, str] = {"response": "first_response_at", "resolution": "resolved_at"}
"""What is waited for, and the column of the moment it came."""

_LINES = {"response": ("sla_response_minutes", 1 / 60), "resolution": ("sla_resolution_hours", 1.0)}
"""Line of the standards by clock, and its unit in hours."""

ANY = "all"
"""Key of the line for kinds of order that have none of their own."""

_SHARE, _BEYOND = "measurement.check.service", "measurement.check.service_beyond"

_READ = ("site_id", "kind", "channel", "opened_at", "due_at", *CLOCKS.values())
_BY = ("all", "channel", "kind", "site_id")


def waits(
    tickets: Rows, clock: str, lines: Lines, *, timezone: str, until: dt.date
) -> pd.DataFrame:
    """Return every request with its wait, its line and how it stands on the last day.

    Parameters
    ----------
    tickets : DataFrame or Stored
        Canonical table.
    clock : {"response", "resolution"}
        What is waited for.
    lines : Lines
        ``sla_response_minutes`` and ``sla_resolution_hours``: hours or minutes by kind of order,
        ``all`` for the others.
    timezone : str
        Zone of the client's days.
    until : date
        Last day that the export knows.

    Returns
    -------
    DataFrame
        ``site_id, kind, channel, hours`` (until it came, or until the last day), ``came``,
        ``line`` (hours; NaN without one), ``judged`` (came, or waits beyond the line) and
        ``within``.
    """
    end = pd.Timestamp(until, tz=timezone) + pd.Timedelta(days=1)
    found = []
    for part in parts(tickets, _READ):
        kept = part[part["kind"].isna() | (part["kind"] != "praise")] if "kind" in part else part
        opened = instants(kept["opened_at"], timezone)
        came = _instant(kept, CLOCKS[clock], timezone)
        known = opened.notna() & (opened < end)
        done = came.notna() & (came < end) & (came >= opened)
        wait = (came.where(done, end) - opened).dt.total_seconds() / 3600
        kind = kept["kind"].astype(object) if "kind" in kept else pd.Series(None, kept.index)
        line = _line(kind, clock, lines)
        if clock == "resolution":
            due = (_instant(kept, "due_at", timezone) - opened).dt.total_seconds() / 3600
            line = due.where(due > 0, line)
        channel = kept["channel"] if "channel" in kept else pd.Series(None, kept.index)
        rows = pd.DataFrame({
            "site_id": kept["site_id"].astype(object), "kind": kind,
            "channel": channel.astype(object), "hours": wait, "came": done, "line": line,
        })  # fmt: skip
        rows["judged"] = rows["line"].notna() & (rows["came"] | (rows["hours"] > rows["line"]))
        rows["within"] = rows["judged"] & rows["came"] & (rows["hours"] <= rows["line"])
        # A reply before the report is a slip of the pen: neither in time nor late.
        found.append(rows[known & ~(came < opened)])
    return pd.concat(found, ignore_index=True)


def _instant(frame: pd.DataFrame, column: str, timezone: str) -> pd.Series:
    """Return a column of instants; empty where the table has no such column."""
    if column not in frame:
        return pd.Series(pd.NaT, frame.index).dt.tz_localize(timezone)
    return instants(frame[column], timezone)


def _line(kind: pd.Series, clock: str, lines: Lines) -> pd.Series:
    """Return the line of each order in hours; NaN where none is drawn."""
    name, unit = _LINES[clock]
    drawn = lines.of(name) or {}
    line = kind.map({key: hours * unit for key, hours in drawn.items() if key != ANY})
    return line.astype(float).fillna(float(drawn[ANY]) * unit if ANY in drawn else np.nan)


def service_levels(rows: pd.DataFrame, by: str, *, level: float = LEVEL) -> pd.DataFrame:
    """Sum up waits by a column, or all together.

    Parameters
    ----------
    rows : DataFrame
        As of :func:`waits`.
    by : str
        ``all``, ``channel``, ``kind`` or ``site_id``.

    Returns
    -------
    DataFrame
        ``by, which, n`` (requests), ``p50, p90`` (hours that half and nine tenths waited at
        most, those still waiting among them; NaN where so many have not come yet), ``judged,
        within, share, ci_low, ci_high`` (of those judged; the interval counts sites, that of one
        site is Wilson's), ``open`` and ``beyond`` (still waiting, and beyond the line).
    """
    groups = [("", rows)] if by == "all" else rows.dropna(subset=by).groupby(by, sort=True)
    found = []
    for which, mine in groups:
        hours = np.sort(np.where(mine["came"], mine["hours"], np.inf))
        p50, p90 = (hours[max(0, int(np.ceil(q * len(hours))) - 1)] for q in (0.5, 0.9))
        judged = mine[mine["judged"]]
        sites = judged.groupby("site_id")["within"].agg(["sum", "size"])
        share = (
            share_over_sites(sites["sum"].to_numpy(), sites["size"].to_numpy(), level=level)
            if len(sites)
            else None
        )
        beyond = judged[~judged["came"]]
        found.append((
            by, str(which), len(mine), p50 if np.isfinite(p50) else np.nan,
            p90 if np.isfinite(p90) else np.nan, len(judged), int(judged["within"].sum()),
            *((share.value, share.low, share.high) if share else (np.nan,) * 3),
            int((~mine["came"]).sum()), len(beyond),
        ))  # fmt: skip
    columns = ["by", "which", "n", "p50", "p90", "judged", "within", "share", "ci_low", "ci_high",
               "open", "beyond"]  # fmt: skip
    return pd.DataFrame(found, columns=columns)


def assess_service_levels(
    tickets: Rows | None,
    *,
    timezone: str,
    until: dt.date,
    lines: Lines | None = None,
    simulated: bool = False,
    level: float = LEVEL,
) -> StageResults:
    """Say how long requests wait, and which share within the line, by channel, kind and site.

    Parameters
    ----------
    tickets : DataFrame, Stored or None
        Canonical table.
    timezone : str
        Zone of the client's days.
    until : date
        Last day that the export knows.
    lines : Lines, optional
        What the client's programme is held to; those of the course without it.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Estimates ``tracking.service.<clock>.within``; checks ``tracking.service.<clock>`` (against
        the share of the line ``sla_share``, where one is drawn) and ``….beyond``; tables
        ``service_levels`` (``clock`` and the columns of :func:`service_levels`).
    """
    drawn = lines or course()
    asked = [clock for clock, column in CLOCKS.items() if present(tickets, column)]
    if not asked:
        return collect("tracking", [_check("none", "not_possible", "no_tickets")])
    items: list = []
    tables = []
    for clock in asked:
        rows = waits(tickets, clock, drawn, timezone=timezone, until=until)
        levels = pd.concat([service_levels(rows, by, level=level) for by in _BY])
        tables.append(levels.assign(clock=clock))
        items += _told(clock, levels.iloc[0], drawn, rows, simulated, level)
    table = pd.concat(tables, ignore_index=True)
    return collect("tracking", items, tables={"service_levels": table})


def _told(
    clock: str, whole: pd.Series, lines: Lines, rows: pd.DataFrame, simulated: bool, level: float
) -> list[Estimate | Check]:
    """Return the share within the line, held against the share that is promised."""
    if not whole["judged"]:
        return [_check(clock, "not_possible", "no_line", clock=clock)]
    estimate = Estimate(
        id=f"tracking.service.{clock}.within",
        estimand="share_within_line",
        unit="share",
        value=float(whole["share"]),
        ci_low=float(whole["ci_low"]),
        ci_high=float(whole["ci_high"]),
        n=int(whole["judged"]),
        n_units=int(rows.loc[rows["judged"], "site_id"].nunique()),
        method="share_over_sites",
        interval_method="t_log_odds_over_sites",
        dims={"clock": clock, "label": f"{clock}_within_line"},
        simulated=simulated,
        level=level,
    )
    promised = lines.of("sla_share")
    shown = digits.of_estimate(estimate)
    told = {
        "share": shown.value, "low": shown.ci_low, "high": shown.ci_high, "level": level,
        "n": estimate.n, "line": promised,
    }  # fmt: skip
    if promised is None:
        held = _check(clock, "passed", "no_promise", clock=clock, params=told)
    else:
        low, high = float(whole["ci_low"]), float(whole["ci_high"])
        word = "held" if low >= promised else "missed" if high < promised else "open"
        status = {"held": "passed", "missed": "failed", "open": "caution"}[word]
        held = _check(clock, status, word, clock=clock, params=told, value=estimate.value,
                      threshold=promised, unit="share", n=estimate.n)  # fmt: skip
    beyond = int(whole["beyond"])
    late = _check(
        f"{clock}.beyond", "caution" if beyond else "passed", "some" if beyond else "none",
        clock=clock, about=_BEYOND, value=float(beyond), unit="count", n=int(whole["open"]),
        params={"beyond": beyond, "open": int(whole["open"])},
    )  # fmt: skip
    return [estimate, held, late]


def _check(
    id: str, status: str, word: str, *, clock: str = "", about: str = _SHARE, **more
) -> Check:
    params = {**more.pop("params", {}), "clock": f"measurement.clock.{clock or 'response'}"}
    return Check(
        id=f"tracking.service.{id}",
        topic=Topic.SERVICE_LEVELS,
        question=f"{about}.question",
        status=status,
        reason=f"{about}.{word}",
        remedy=f"{about}.remedy" if status in ("caution", "failed") else None,
        params=params,
        dims={"clock": clock},
        **more,
    )

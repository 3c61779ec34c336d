"""Work orders by week: charts for clients whose months are too few, and for looking every Monday.

Counts of work orders vary far more than chance alone lets them (weather, holidays, one leak that
a whole building reports), so plain limits would ring all the time. Limits are widened after
Laney by what the weeks of the baseline show.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from analysis.indicators import silent_in
from analysis.measurement.columns import instants, periods, present
from analysis.monitoring.control_charts.charts import share_points
from analysis.monitoring.control_charts.counts import count_points
from analysis.monitoring.control_charts.run_rules import ruled
from analysis.monitoring.control_charts.steady import unusual_weeks
from analysis.monitoring.lacking import lacking
from analysis.results import Check, StageResults, Topic, collect
from analysis.tables import Rows, parts

MIN_BASELINE_WEEKS = 20
"""Fewest weeks of a site before training that set limits."""

MIN_A_WEEK = 5
"""Fewest work orders a week, on average over the baseline, for a chart to mean anything."""

MATURE = 0.95
"""Share of a week's work orders whose due day must have come before the week is charted: those
that are due soonest are not like the rest."""

RULES = ("beyond_3", "eight_one_side")

CHARTED = ("opened", "in_time")
"""What is charted by week."""

DIRECTIONS = {"opened": "down", "in_time": "up"}

_ALSO = {"opened": (), "in_time": ("due_at", "resolved_at")}
"""What each chart needs of work orders besides site and day."""
"""Which way is better."""


def weekly_tickets(tickets: Rows, *, timezone: str, until: dt.date) -> pd.DataFrame:
    """Count work orders by site and week, and those resolved in time.

    Weeks begin on Monday; only whole weeks up to ``until`` count. A week of a site without a
    work order counts as zero between the first and the last week of all sites. Weeks that reach
    into a month of which the list holds nothing at all
    (:func:`~analysis.indicators.silent_months`) are left out.

    Parameters
    ----------
    tickets : DataFrame or Stored
        Canonical table.
    timezone : str
        Zone whose days count.
    until : date
        Last day that the export knows. An order due later is neither in time nor late.

    Returns
    -------
    DataFrame
        ``site_id, week`` (date of its Monday), ``opened, due`` (of those, with a due day that
        has come), ``in_time`` (resolved by then) and ``mature`` (whether at least 95 % of the
        week's orders at all sites have come due).
    """
    promised = present(tickets, "due_at")
    read = ["site_id", "opened_at", *(["due_at", "resolved_at"] if promised else [])]
    counts, openings = [], []
    for part in parts(tickets, read):
        opened = instants(part["opened_at"], timezone).dt.tz_localize(None)
        openings.append(opened.min())
        counts.append(_by_week(part, opened, timezone, until, promised=promised))
    table = pd.concat(counts).groupby(level=["site_id", "week"]).sum()
    if table.empty:
        return table.reset_index()
    weeks = table.index.get_level_values("week")
    first = (min(openings).normalize() + pd.Timedelta(days=6)).normalize()
    whole = pd.date_range(first - pd.Timedelta(days=first.weekday()), weeks.max(), freq="7D")
    gaps = silent_in(tickets, timezone)
    cut = [periods(pd.Series(day)).isin(gaps) for day in (whole, whole + pd.Timedelta(days=6))]
    whole = whole[~(cut[0] | cut[1]).to_numpy()]
    sites = table.index.get_level_values("site_id").unique()
    grid = pd.MultiIndex.from_product([sites, whole], names=["site_id", "week"])
    table = table.reindex(grid, fill_value=0).reset_index()
    sums = table.groupby("week")[["opened", "due"]].transform("sum")
    return table.assign(mature=sums["due"] >= MATURE * sums["opened"])


def _by_week(
    part: pd.DataFrame, opened: pd.Series, timezone: str, until: dt.date, *, promised: bool
) -> pd.DataFrame:
    """Count a part's work orders by site and whole week."""
    day = opened.dt.normalize()
    monday = day - pd.to_timedelta(day.dt.day_of_week, unit="D")
    frame = pd.DataFrame({"site_id": part["site_id"].astype(object), "week": monday, "opened": 1})
    end = pd.Timestamp(until) + pd.Timedelta(days=1)
    if promised:
        due = instants(part["due_at"], timezone).dt.tz_localize(None)
        done = instants(part["resolved_at"], timezone).dt.tz_localize(None)
        frame["due"] = (due < end).astype(int)
        frame["in_time"] = ((due < end) & (done <= due)).astype(int)
    else:
        frame["due"], frame["in_time"] = 0, 0
    frame = frame[frame["site_id"].notna() & (frame["week"] + pd.Timedelta(days=7) <= end)]
    return frame.groupby(["site_id", "week"])[["opened", "due", "in_time"]].sum()


def chart_weeks(
    weeks: pd.DataFrame, *, start: dt.date, what: str, holidays: Collection[dt.date] = ()
) -> pd.DataFrame:
    """Chart every site by week, limits from the weeks before ``start``.

    Parameters
    ----------
    weeks : DataFrame
        As of :func:`weekly_tickets`.
    start : date
        First day of training.
    what : {"opened", "in_time"}
        Work orders a week (u chart) or the share resolved in time (p chart).
    holidays : collection of date
        Days of long holidays: weeks that hold one are drawn, set no limits and are not judged.

    Returns
    -------
    DataFrame
        ``subject, week, value, n, centre, lower, upper, z, rule, signal, kind, sigma_z,
        baseline, plain`` (whether the point lies beyond limits that are not widened). Left out
        are sites with too few baseline weeks or work orders.
    """
    if what == "in_time":
        weeks = weeks[weeks["mature"] & (weeks["due"] > 0)]
    weeks = weeks.sort_values(["site_id", "week"])
    off = {day - dt.timedelta(days=day.weekday()) for day in holidays}
    day = weeks["week"].dt.date
    before = weeks["week"] + pd.Timedelta(days=7) <= pd.Timestamp(start)
    columns = {
        "day": day,
        "before": before,
        "usual": ~day.isin(off),
        "size": weeks["due" if what == "in_time" else "opened"],
        "in_time": weeks["in_time"],
    }
    whole = {name: column.to_numpy() for name, column in columns.items()}
    charts = []
    for site, rows in weeks.groupby("site_id").indices.items():
        part = {name: column[rows] for name, column in whole.items()}
        base = part["before"] & part["usual"]
        if base.sum() < MIN_BASELINE_WEEKS or part["size"][base].mean() < MIN_A_WEEK:
            continue
        charts.append(_chart(str(site), part, base, what))
    columns = ["subject", "week", "value", "n", "centre", "lower", "upper", "z", "rule", "signal"]
    columns += ["kind", "sigma_z", "baseline", "plain"]
    # A frame per site would convert the same few texts to a column of text each time.
    whole = {name: np.concatenate([chart[name] for chart in charts]) for name in columns if charts}
    return pd.DataFrame(whole, columns=columns)


def _chart(
    site: str, part: Mapping[str, np.ndarray], base: np.ndarray, what: str
) -> dict[str, np.ndarray]:
    usual, n = part["usual"], part["size"].astype(float)
    if what == "in_time":
        points, kind, sigma_z = share_points(part["in_time"].astype(float), n, base)
        centre = float(points["centre"][0])
        spread = np.sqrt(centre * (1 - centre) / n)
    else:
        points, kind, sigma_z = count_points(n, np.ones(n.size), base, rules=RULES)
        centre = float(points["centre"][0])
        spread = np.full(n.size, np.sqrt(centre))
    plain = np.divide(points["value"] - centre, spread, out=points["z"].copy(), where=spread > 0)
    z = np.where(usual, points["z"], np.nan)
    limits = {name: np.where(usual, points[name], np.nan) for name in ("centre", "lower", "upper")}
    shown = {
        "subject": np.full(n.size, site, dtype=object),
        "week": part["day"],
        "value": points["value"],
        **limits,
        "n": n.astype(int),
        "z": z,
        "kind": np.full(n.size, kind, dtype=object),
        "sigma_z": np.full(n.size, sigma_z, dtype=float),
        "baseline": base,
        "plain": usual & (np.abs(z if kind == "rare" else plain) > 3),
    }
    return ruled(shown, RULES)


def weekly_signals(chart: pd.DataFrame, *, direction: str) -> pd.DataFrame:
    """Rank sites by weeks that signal on the bad side since training began.

    Returns
    -------
    DataFrame
        ``subject, weeks, centre, since`` (mean of the weeks since), ``sigma_z, signals, worse,
        plain`` (weeks beyond limits that are not widened), ``last_signal``.
    """
    late = chart[~chart["baseline"].astype(bool) & chart["z"].notna()]
    bad = (late["z"] < 0) == (direction == "up")
    marks = late.assign(
        worse=late["signal"] & bad, week_of=late["week"].where(late["signal"] & bad)
    )
    table = marks.groupby("subject", as_index=False).agg(
        weeks=("week", "size"),
        centre=("centre", "first"),
        since=("value", "mean"),
        sigma_z=("sigma_z", "first"),
        signals=("signal", "sum"),
        worse=("worse", "sum"),
        plain=("plain", "sum"),
        last_signal=("week_of", lambda days: max(days.dropna(), default=None)),
    )
    return table.sort_values(["worse", "subject"], ascending=[False, True], ignore_index=True)


def assess_weekly(
    tickets: Rows | None,
    *,
    start: dt.date,
    timezone: str,
    until: dt.date,
    never_trained: Collection[str] = (),
    holidays: Collection[dt.date] = (),
) -> StageResults:
    """Weekly charts of work orders and of the share resolved in time.

    Parameters
    ----------
    never_trained : Collection[str]
        Sites that were not trained: where most of them signal too, the cause is common to all.
    holidays : collection of date
        As of :func:`chart_weeks`.

    Returns
    -------
    StageResults
        For ``opened`` and ``in_time`` a check ``monitoring.weekly.<what>`` (``caution`` when a
        site has more signals than a year of looks at steady sites gives by chance, the error of
        5 % shared among the sites; ``unusual`` in the table of signals) and tables
        ``weekly_<what>`` (of :func:`chart_weeks`) and ``weekly_<what>_signals``.
    """
    items, tables = [], {}
    given = present(tickets, "opened_at", "site_id")
    weeks = weekly_tickets(tickets, timezone=timezone, until=until) if given else None
    for what in CHARTED:
        chart = None
        if weeks is not None:
            chart = chart_weeks(weeks, start=start, what=what, holidays=holidays)
        question = {
            "id": f"monitoring.weekly.{what}",
            "topic": Topic(f"weekly_{what}"),
            "question": f"monitoring.check.weekly.{what}",
        }
        needed = ("site_id", "opened_at", *_ALSO[what])
        if not present(tickets, *needed):
            id, topic, asked = question.values()
            items.append(lacking(id, topic, asked, "tickets", tickets, *needed))
            continue
        if chart is None or chart.empty:
            params = {"weeks": MIN_BASELINE_WEEKS, "a_week": MIN_A_WEEK}
            reason = "monitoring.check.weekly.too_few"
            items.append(Check(**question, status="not_possible", reason=reason, params=params))
            continue
        ranked = weekly_signals(chart, direction=DIRECTIONS[what])
        unusual = unusual_weeks(chart, DIRECTIONS[what], RULES)
        ranked["unusual"] = ranked["subject"].isin(unusual)
        tables |= {f"weekly_{what}": chart, f"weekly_{what}_signals": ranked}
        items.append(_check(question, chart, ranked, set(never_trained)))
    return collect("monitoring", items, tables=tables)


def _told(*, common: bool, widened: int) -> str:
    if common:
        return "common"
    return "reason" if widened else "as_by_chance"


def _check(
    question: dict[str, str], chart: pd.DataFrame, ranked: pd.DataFrame, never_trained: set[str]
) -> Check:
    rung = ranked["unusual"]
    bad = int(rung.sum())
    untrained = ranked["subject"].isin(never_trained)
    common = 2 * bad > len(ranked) and 2 * int((rung & untrained).sum()) > int(untrained.sum())
    spread = chart.groupby("subject")["sigma_z"].first()
    wide = spread[spread > 1]
    return Check(
        **question,
        status="caution" if bad else "passed",
        value=float(bad),
        threshold=0.0,
        unit="sites",
        n=len(ranked),
        reason=f"monitoring.check.weekly.{_told(common=common, widened=len(wide))}",
        remedy="monitoring.check.chart.remedy" if bad else None,
        params={
            "sites": len(ranked),
            "bad": bad,
            "signalled": int((ranked["worse"] > 0).sum()),
            "untrained": int(untrained.sum()),
            "untrained_bad": int((rung & untrained).sum()),
            "widened": len(wide),
            "spread": float(wide.median()) if len(wide) else 1.0,
            "signals": int(ranked["signals"].sum()),
            "plain": int(ranked["plain"].sum()),
        },
    )

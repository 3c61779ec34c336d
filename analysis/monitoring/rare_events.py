"""Charts of rare events: days between them, or cases between them, not mostly empty months.

Where less than one event a month is expected, counts are 0 or 1 and a chart of them says nothing.
What is charted instead is how long it took until the next event, scored by its exact predictive
distribution given the gaps before training.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from scipy import special, stats

from analysis.indicators import silent_in
from analysis.measurement.columns import instants, periods, present
from analysis.monitoring.limits import FARTHEST, run_needed
from analysis.monitoring.run_rules import in_a_row
from analysis.monitoring.weekly import MIN_A_WEEK
from analysis.results import Check, StageResults, collect

MIN_GAPS = 10
"""Fewest gaps before training that a chart is made from."""

TAIL = float(stats.norm.sf(3))

CENTRE_KNOWN = 60
"""Gaps from which on the run needed does not change but by the error of its simulation."""


def t_chart(days: np.ndarray, baseline: np.ndarray) -> pd.DataFrame:
    """Chart days between events; short gaps say that events have become more frequent.

    Gaps of a steady process are exponential; with ``m`` baseline gaps that add up to ``S``,
    ``P(T > t) = (S / (S + t))^m`` for the next one, which holds that the rate is not known.

    Parameters
    ----------
    days : ndarray of shape (events - 1,)
        Time between neighbouring events, positive.
    baseline : ndarray of bool
        Gaps that set centre and limits.

    Returns
    -------
    DataFrame
        ``value, centre`` (median), ``lower, upper, z`` (negative for short gaps), ``rule``
        (``""``, ``beyond``, ``run``), ``signal``.

    References
    ----------
    Montgomery, Introduction to Statistical Quality Control, section 7.3.5.
    """
    days, base = np.asarray(days, dtype=float), np.asarray(baseline, dtype=bool)
    m, whole = int(base.sum()), float(days[base].sum())
    if m < 1 or whole <= 0:
        raise ValueError("the baseline needs at least one gap longer than nothing")

    def quantile(above: float) -> float:
        return whole * (above ** (-1 / m) - 1)

    longer = (whole / (whole + days)) ** m
    z = np.clip(stats.norm.isf(longer), -FARTHEST, FARTHEST)
    return _chart(days, quantile(0.5), quantile(1 - TAIL), quantile(TAIL), z, m)


def g_chart(cases: np.ndarray, baseline: np.ndarray) -> pd.DataFrame:
    """Chart cases between events, e.g. work orders in time between two late ones.

    Numbers of a steady process are geometric; the next one, with the probability of an event known
    only from the baseline (Jeffreys' prior), is beta-geometric.

    Parameters
    ----------
    cases : ndarray of int
        Cases without the event between neighbouring events.
    baseline : ndarray of bool
        Gaps that set centre and limits.

    Returns
    -------
    DataFrame
        As of :func:`t_chart`; ``z`` by the mid p-value.

    References
    ----------
    Benneyan (2001), Health Care Management Science 4(4).
    """
    cases, base = np.asarray(cases, dtype=float), np.asarray(baseline, dtype=bool)
    m = int(base.sum())
    if m < 1 or (cases < 0).any():
        raise ValueError("the baseline needs at least one gap, and gaps are not negative")
    a, b = m + 0.5, float(cases[base].sum()) + 0.5
    k = np.arange(int(cases.max(initial=0)) + int(20 * (b / a + 1)) + 2)
    at_least = np.exp(special.betaln(a, b + k) - special.betaln(a, b))
    above = (at_least[:-1] + at_least[1:]) / 2
    scores = np.clip(stats.norm.isf(above), -FARTHEST, FARTHEST)
    centre = float(np.searchsorted(scores, 0.0))
    lower = float(np.searchsorted(scores, -3.0)) - 0.5
    upper = float(np.searchsorted(scores, 3.0)) - 0.5
    return _chart(cases, centre, max(lower, 0.0), upper, scores[cases.astype(int)], m)


def _chart(
    value: np.ndarray, centre: float, lower: float, upper: float, z: np.ndarray, m: int
) -> pd.DataFrame:
    beyond, run = np.abs(z) > 3, in_a_row(z, run_needed(min(max(m, 2), CENTRE_KNOWN)))
    frame = pd.DataFrame({"value": value, "centre": centre, "lower": lower, "upper": upper, "z": z})
    frame["rule"] = np.where(beyond, "beyond", np.where(run, "run", ""))
    frame["signal"] = beyond | run
    return frame


def assess_rare(
    tickets: pd.DataFrame | None, *, start: dt.date, timezone: str, until: dt.date
) -> StageResults:
    """Chart days between complaints at sites where a week brings too few for a chart of counts.

    Parameters
    ----------
    tickets : DataFrame or None
        Canonical table.
    start : date
        First day of training.
    timezone : str
        Zone whose days count.
    until : date
        Last day that the export knows.

    Returns
    -------
    StageResults
        Check ``monitoring.rare`` (``caution`` where gaps became shorter than chance explains),
        tables ``rare_gaps`` (every gap) and ``rare_signals`` (``subject, before`` and ``since``:
        middle gap in days, ``gaps, shorter``: signals). Nothing where no site is rare. No gap
        reaches across a month of which the list of tickets holds nothing.
    """
    if not present(tickets, "kind", "opened_at", "site_id"):
        return collect("monitoring", [])
    complaints = tickets[(tickets["kind"] == "complaint") & tickets["site_id"].notna()]
    opened = instants(complaints["opened_at"], timezone).dt.tz_localize(None)
    frame = pd.DataFrame({"subject": complaints["site_id"].astype(object), "at": opened})
    frame = frame.dropna().sort_values(["subject", "at"])
    if frame.empty:
        return collect("monitoring", [])
    weeks = max((pd.Timestamp(until) - frame["at"].min()).days / 7, 1)
    silent = silent_in(tickets["opened_at"], timezone)
    # Days across a month that nobody recorded are no gap between complaints.
    before = np.searchsorted(silent, periods(frame["at"]).to_numpy(dtype=int))
    frame = frame.assign(silent_before=before)
    charts = []
    for site, rows in frame.groupby("subject"):
        if len(rows) / weeks >= MIN_A_WEEK:
            continue
        known = (rows["silent_before"].diff() == 0).to_numpy()
        days = rows["at"].diff().dt.total_seconds().to_numpy()[known] / 86_400
        base = (rows["at"] < pd.Timestamp(start)).to_numpy()[known]
        if base.sum() < MIN_GAPS or days[base].sum() <= 0:
            continue
        chart = t_chart(days, base).assign(subject=str(site), baseline=base)
        charts.append(chart.assign(at=rows["at"].dt.date.to_numpy()[known]))
    question = {"id": "monitoring.rare", "question": "monitoring.check.rare.question"}
    if not charts:
        return collect("monitoring", [])
    gaps = pd.concat(charts, ignore_index=True)
    late = gaps[~gaps["baseline"]].assign(
        shorter=lambda g: (g["signal"] & (g["z"] < 0)).astype(int)
    )
    before = gaps[gaps["baseline"]].groupby("subject")["value"].median()
    table = late.groupby("subject").agg(
        since=("value", "median"), gaps=("value", "size"), shorter=("shorter", "sum")
    )
    table = table.assign(before=before.reindex(table.index)).reset_index()
    table = table.sort_values(["shorter", "subject"], ascending=[False, True], ignore_index=True)
    table = table[["subject", "before", "since", "gaps", "shorter"]]
    bad = int((table["shorter"] > 0).sum())
    check = Check(
        **question,
        status="caution" if bad else "passed",
        value=float(bad),
        threshold=0.0,
        unit="sites",
        n=len(before),
        reason="monitoring.check.rare.reason",
        remedy="monitoring.check.chart.remedy" if bad else None,
        params={"sites": len(before), "bad": bad, "a_week": MIN_A_WEEK},
    )
    return collect("monitoring", [check], tables={"rare_gaps": gaps, "rare_signals": table})

"""Charts of rare events: days between them, or cases between them, not mostly empty months.

Where less than one event a month is expected, counts are 0 or 1 and a chart of them says nothing.
What is charted instead is how long it took until the next event, scored by its exact predictive
distribution given the gaps before training.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special, stats

from analysis.indicators import silent_in
from analysis.measurement.columns import instants, periods, present
from analysis.monitoring.control_charts.limits import FARTHEST, run_needed
from analysis.monitoring.control_charts.run_rules import in_a_row
from analysis.monitoring.control_charts.weekly import MIN_A_WEEK
from analysis.monitoring.inference.dependence import mean_factor, months_alike
from analysis.results import Check, StageResults, Topic, collect
from analysis.tables import Rows, parts, period_of

MIN_GAPS = 10
"""Fewest gaps before training that a chart is made from."""

TAIL = float(stats.norm.sf(3))
RECENT_DAYS = 91
"""Newest days whose complaints are held against those before training."""
DAYS_A_MONTH = 365.25 / 12
LOOKS = 12
"""Looks a year among which the error is shared: a window of three months is new each month."""
ALPHA = 0.05
"""Chance that the check stands at caution within a year although nothing changes at any site."""

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
    return pd.DataFrame(_between_days(np.asarray(days, dtype=float), np.asarray(baseline, bool)))


def _between_days(days: np.ndarray, base: np.ndarray) -> dict[str, np.ndarray]:
    """Return the columns of :func:`t_chart`."""
    m, whole = int(base.sum()), float(days[base].sum())
    if m < 1 or whole <= 0:
        raise ValueError("the baseline needs at least one gap longer than nothing")

    def quantile(above: float) -> float:
        return whole * (above ** (-1 / m) - 1)

    longer = (whole / (whole + days)) ** m
    z = np.clip(stats.norm.isf(longer), -FARTHEST, FARTHEST)
    return _points(days, quantile(0.5), quantile(1 - TAIL), quantile(TAIL), z, m)


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
    z = scores[cases.astype(int)]
    return pd.DataFrame(_points(cases, centre, max(lower, 0.0), upper, z, m))


def _points(
    value: np.ndarray, centre: float, lower: float, upper: float, z: np.ndarray, m: int
) -> dict[str, np.ndarray]:
    beyond, run = np.abs(z) > 3, in_a_row(z, run_needed(min(max(m, 2), CENTRE_KNOWN)))
    levels = {"centre": centre, "lower": lower, "upper": upper}
    rule = np.where(beyond, "beyond", np.where(run, "run", ""))
    return {
        "value": value,
        **{name: np.full(value.size, level) for name, level in levels.items()},
        "z": z,
        "rule": rule.astype(object),
        "signal": beyond | run,
    }


def faster_p(
    before: int, days_before: float, since: int, days_since: float, varying: float = 0.0
) -> float:
    """Return how likely as many events are since, if they came as rarely as before.

    Parameters
    ----------
    before, since : int
        Events.
    days_before, days_since : float
        Days in which they came.
    varying : float
        Variance of the rates of months as a share of their squared mean (0: a constant rate).

    Returns
    -------
    float
        P(X >= since) given all events: binomial for a constant rate; beta-binomial where the
        rates of months are gamma with this variance, so that counts are negative binomial.

    References
    ----------
    Przyborowski & Wilenski (1940), Biometrika 31(3/4). Johnson, Kemp & Kotz, Univariate Discrete
    Distributions, section 6.2.2 (one of two negative binomial counts given their sum).
    """
    if since == 0 or days_since <= 0:
        return 1.0
    if varying <= 0:
        return float(special.betainc(since, before + 1, days_since / (days_before + days_since)))
    shapes = np.array([days_since, days_before]) / (DAYS_A_MONTH * varying)
    return float(stats.betabinom.sf(since - 1, before + since, *shapes))


def _varying(frame: pd.DataFrame, start: dt.date, silent: Sequence[int]) -> float:
    """Return how much the rates of months vary before, as a share of their squared mean.

    One share for all sites. Months that resemble their neighbours count as much as their sum
    varies. The first month of the list is left out, which may be cut.
    """
    month = pd.Series(periods(frame["at"]).to_numpy(dtype=int), index=frame.index)
    first, last = int(month.min()) + 1, period_of(start)
    whole = [m for m in range(first, last) if m not in set(silent)]
    counts = pd.crosstab(frame["subject"], month).reindex(columns=whole, fill_value=0)
    counts = counts[counts.sum(axis=1) > 0]
    months = len(whole)
    if months < 2 or counts.empty:
        return 0.0
    mean = counts.mean(axis=1)
    variance = counts.var(axis=1, ddof=1)
    squared = float((mean**2 - variance / months).sum())
    if squared <= 0 or (found := float((variance - mean).sum()) / squared) <= 0:
        return 0.0
    alike = float(months_alike(counts.div(mean, axis=0).to_numpy()))
    return found * months * float(mean_factor(months, alike))


def _complaints(part: pd.DataFrame, timezone: str) -> pd.DataFrame:
    """Return site and local moment of each complaint."""
    mine = part[(part["kind"] == "complaint") & part["site_id"].notna()]
    opened = instants(mine["opened_at"], timezone).dt.tz_localize(None)
    return pd.DataFrame({"subject": mine["site_id"].astype(object), "at": opened})


def assess_rare(
    tickets: Rows | None, *, start: dt.date, timezone: str, until: dt.date
) -> StageResults:
    """Chart days between complaints at sites where a week brings too few for a chart of counts.

    Parameters
    ----------
    tickets : DataFrame, Stored or None
        Canonical table; of a stored one all complaints are in memory, by site and moment.
    start : date
        First day of training.
    timezone : str
        Zone whose days count.
    until : date
        Last day that the export knows.

    Returns
    -------
    StageResults
        Check ``monitoring.rare`` (``caution`` where the complaints of the newest three months
        followed each other faster than before training, by a test that has 5 % for all sites and
        a year of looks), tables ``rare_gaps`` (every gap) and ``rare_signals`` (``subject,
        before`` and ``since``: middle gap in days, ``gaps, shorter``: signals of the chart, some
        of which chance gives among hundreds of gaps; ``p_value, worse``: of that test). Nothing
        where no site is rare. No gap reaches across a month of which the list of tickets holds
        nothing.

    Notes
    -----
    The test is :func:`faster_p` of the gaps before training and those of the newest months, the gap
    that is still open included. How much the rates of months vary is estimated from all sites'
    months before training.
    """
    if not present(tickets, "kind", "opened_at", "site_id"):
        return collect("monitoring", [])
    read = ["kind", "site_id", "opened_at"]
    found = [_complaints(part, timezone) for part in parts(tickets, read)]
    frame = pd.concat(found, ignore_index=True).dropna().sort_values(["subject", "at"])
    if frame.empty:
        return collect("monitoring", [])
    weeks = max((pd.Timestamp(until) - frame["at"].min()).days / 7, 1)
    silent = silent_in(tickets, timezone)
    # Days across a month that nobody recorded are no gap between complaints.
    before = np.searchsorted(silent, periods(frame["at"]).to_numpy(dtype=int))
    frame = frame.assign(silent_before=before)
    varying = _varying(frame, start, silent)
    recent = max(pd.Timestamp(start), pd.Timestamp(until) - pd.Timedelta(days=RECENT_DAYS))
    at, silences = frame["at"].to_numpy(), frame["silent_before"].to_numpy()
    day, first = frame["at"].dt.date.to_numpy(), np.datetime64(start)
    charts, tests = [], {}
    for site, rows in frame.groupby("subject").indices.items():
        if len(rows) / weeks >= MIN_A_WEEK:
            continue
        known = np.diff(silences[rows]) == 0
        ends = rows[1:][known]
        days = (np.diff(at[rows]) / np.timedelta64(1, "s"))[known] / 86_400
        base = at[ends] < first
        if base.sum() < MIN_GAPS or days[base].sum() <= 0:
            continue
        subject = np.full(days.size, str(site), dtype=object)
        chart = {**_between_days(days, base), "subject": subject, "baseline": base}
        charts.append({**chart, "at": day[ends]})
        new = at[ends] >= recent.to_numpy()
        open_gap = max((pd.Timestamp(until) - frame["at"].iloc[rows[-1]]).days, 0)
        tests[str(site)] = faster_p(
            int(base.sum()),
            float(days[base].sum()),
            int(new.sum()),
            float(days[new].sum()) + open_gap,
            varying,
        )
    question = {
        "id": "monitoring.rare",
        "topic": Topic.RARE_EVENTS,
        "question": "monitoring.check.rare.question",
    }
    if not charts:
        return collect("monitoring", [])
    gaps = pd.DataFrame({name: np.concatenate([own[name] for own in charts]) for name in charts[0]})
    late = gaps[~gaps["baseline"]].assign(
        shorter=lambda g: (g["signal"] & (g["z"] < 0)).astype(int)
    )
    before = gaps[gaps["baseline"]].groupby("subject")["value"].median()
    table = late.groupby("subject").agg(
        since=("value", "median"), gaps=("value", "size"), shorter=("shorter", "sum")
    )
    table = table.assign(before=before.reindex(table.index)).reset_index()
    table = table.assign(p_value=table["subject"].map(tests))
    table = table.assign(worse=table["p_value"] <= ALPHA / LOOKS / len(tests))
    table = table.sort_values(["p_value", "subject"], ignore_index=True)
    table = table[["subject", "before", "since", "gaps", "shorter", "p_value", "worse"]]
    bad = int(table["worse"].sum())
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

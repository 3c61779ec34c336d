"""How often to measure: a cycle changed by stated rules, each change a version with its reason.

The rules read whether alarms ring, how precise the answer will be at the deadline, how quiet the
charts are, how often a household is asked, and the season. They never see the effect: a cycle
that is shortened or stopped because the result pleases or displeases makes every later interval
wrong. :class:`CycleFacts` has no field for an outcome's level or for a difference between trained
and untrained sites, and :func:`projected_half_width` reads the spread of answers *within* site
months and of the months *before* training, which no effect on means can move.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from scipy import stats

from analysis.measurement.columns import dates, floats, present
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import LEVEL, ends_of

SHORTEST, LONGEST = 1, 6
"""Months of the shortest and the longest cycle."""

DAYS_A_MONTH = 30

QUIET_MONTHS = 6
"""Months without a chart signal after which a cycle may be lengthened."""

SPARE = 0.8
"""A cycle is lengthened only when the projected half-width is at most so much of the tolerated."""

ASKED_A_YEAR = 4
"""Most invitations of a household in twelve months: once a quarter (R160)."""

RULES = ("fatigue", "alarm", "precision", "stability")
"""Rules in order of precedence; the first that applies decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleFacts:
    """All that the rules may see.

    Attributes
    ----------
    alarms : int
        Alerts of grade 1 and 2 that ring on how training runs.
    half_width : float or None
        Projected half-width at the deadline, as of :func:`projected_half_width`.
    tolerated : float or None
        Smallest difference worth knowing, in the same unit.
    quiet_months : int
        Months since any chart showed a signal.
    asked_a_year : float or None
        Mean invitations of a household in the last twelve months.
    """

    alarms: int
    half_width: float | None
    tolerated: float | None
    quiet_months: int
    asked_a_year: float | None


def decide(months: int, facts: CycleFacts) -> tuple[int, str]:
    """Return the next length of the cycle in months, and the rule that set it.

    ``fatigue``: households are asked more often than the cap, so the cycle is lengthened to keep
    it, whatever else holds. ``alarm``: half as long. ``precision``: the projected half-width
    exceeds the tolerated one, so one month shorter. ``stability``: no signals for half a year
    and precision to spare, so one month longer. ``""``: no change.

    Shortening never breaks the fatigue cap.
    """
    floor = SHORTEST
    if facts.asked_a_year:
        floor = max(floor, int(np.ceil(months * facts.asked_a_year / ASKED_A_YEAR - 1e-9)))
        if facts.asked_a_year > ASKED_A_YEAR and months < LONGEST:
            return min(floor, LONGEST), "fatigue"
    known = facts.half_width is not None and facts.tolerated is not None
    if facts.alarms > 0:
        wanted, rule = months // 2, "alarm"
    elif known and facts.half_width > facts.tolerated:
        wanted, rule = months - 1, "precision"
    elif (
        known
        and facts.quiet_months >= QUIET_MONTHS
        and (facts.half_width <= SPARE * facts.tolerated)
    ):
        wanted, rule = months + 1, "stability"
    else:
        return months, ""
    wanted = min(max(wanted, floor), LONGEST) if wanted < months else min(wanted, LONGEST)
    return (wanted, rule) if wanted != months else (months, "")


def projected_half_width(
    panel: pd.DataFrame,
    *,
    indicator: str,
    treated: set[str],
    first_wave: int,
    deadline: int,
    level: float = LEVEL,
) -> float | None:
    """Half-width of the contrast of trained and untrained sites that the deadline will bring.

    ``t sqrt(sum over sides of (b / sites + w / answers))`` with ``b`` the variance between site
    months less that of sampling, from months before ``first_wave``; ``w`` the variance of
    answers within site months; ``answers`` those since the first wave, carried on at the
    present pace to ``deadline``. Blind to the outcome: adding any number to all answers of a
    site month leaves it as it is, once training has begun.

    Parameters
    ----------
    panel : DataFrame
        Indicator panel with ``n, total, total_sq``.
    treated : set[str]
        Sites that are or will be trained.
    first_wave, deadline : int
        Running months.
    level : float
        Coverage of intervals.

    Returns
    -------
    float or None
        None without months on both sides of the first wave, or fewer than two sites a side.
    """
    cells = panel[(panel["indicator"] == indicator) & (panel["stratum"] == "")]
    cells = cells[cells["value"].notna() & (cells["site_id"] != "") & (cells["n"] > 0)]
    before, after = cells[cells["period"] < first_wave], cells[cells["period"] >= first_wave]
    if before.empty or after.empty or not np.isfinite(floats(cells["total_sq"])).any():
        return None
    n, total = floats(cells["n"]), floats(cells["total"])
    within = np.nansum(floats(cells["total_sq"]) - total**2 / n) / max(np.nansum(n - 1), 1)
    months = before.groupby("site_id")["value"].agg(["var", "size"])
    months = months[months["size"] >= 3]
    if months.empty:
        return None
    sampling = within * float((1 / floats(before["n"])).mean())
    between = max(float(floats(months["var"]).mean()) - sampling, 0.0)
    gone = int(after["period"].max()) - first_wave + 1
    share = max(deadline - first_wave + 1, gone) / gone
    sides = after["site_id"].isin(treated)
    variance, sites = 0.0, 0
    for side in (after[sides], after[~sides]):
        count = side["site_id"].nunique()
        if count < 2:
            return None
        variance += between / count + within / (floats(side["n"]).sum() * share)
        sites += count
    return float(stats.t.isf(ends_of(level)[0], sites - 2) * np.sqrt(variance))


def quiet_months(chart: pd.DataFrame) -> int:
    """Months since the newest signal of any site's chart; all charted months without one.

    Returns
    -------
    int
        Months.
    """
    late = chart[~chart["baseline"].astype(bool)]
    if late.empty:
        return 0
    signals = late.loc[late["signal"].astype(bool), "period"]
    since = signals.max() if len(signals) else late["period"].min() - 1
    return int(late["period"].max() - since)


def asked_a_year(
    invitations: pd.DataFrame | None, sites: pd.DataFrame | None, as_of: dt.date
) -> float | None:
    """Mean invitations of a household in the twelve months up to a day; None when not recorded.

    Parameters
    ----------
    invitations, sites : DataFrame or None
        Canonical tables: invitations a site, month and channel; households a site.
    as_of : date
        Last day that counts.

    Returns
    -------
    float or None
        Invitations a household.
    """
    if not present(invitations, "invited") or not present(sites, "households"):
        return None
    day = dates(invitations["month"])
    today = pd.Timestamp(as_of)
    year = (day <= today) & (day > today - pd.DateOffset(months=12))
    asked = invitations[year & invitations["site_id"].isin(sites["site_id"])]
    households = floats(sites.loc[sites["site_id"].isin(asked["site_id"]), "households"])
    total = np.nansum(households)
    return float(np.nansum(floats(asked["invited"])) / total) if total else None


def next_day(
    last: dt.date, months: int, season: Callable[[dt.date], str] = lambda day: ""
) -> tuple[dt.date, str]:
    """Day of the next measurement, and the name of the season that disturbs the planned day.

    It is put off until no season disturbs it, by half a cycle at most: a cycle of one month that
    waited for the end of a flood season of three would be none. A day that cannot be put off
    stays, and is to be compared with the same season.
    """
    planned = (pd.Timestamp(last) + pd.DateOffset(months=months)).date()
    disturbed, day = season(planned), planned
    while season(day):
        day += dt.timedelta(days=1)
    late = (day - planned).days > DAYS_A_MONTH * months / 2
    return (planned if late else day), disturbed


def assess_cycle(
    facts: CycleFacts,
    *,
    on: dt.date,
    months: int = 3,
    before: pd.DataFrame | None = None,
    season: Callable[[dt.date], str] = lambda day: "",
) -> StageResults:
    """Decide the cycle of this run and keep every version with its reason.

    Parameters
    ----------
    facts : CycleFacts
        What the rules may see.
    on : date
        Day of the evaluation.
    months : int
        Planned cycle; only used without ``before``.
    before : DataFrame, optional
        Table ``measurement_cycle`` of the run before. A version of a later day is ignored, one
        of the same day is replaced, so that a run repeated gives the same.
    season : Callable
        Name of what disturbs a day, ``""`` for nothing.

    Returns
    -------
    StageResults
        Table ``measurement_cycle``: one row per version, ``version, since, months, rule`` (empty
        for the plan) and the facts of that day. Check ``monitoring.cycle`` (``caution`` when it
        changed), fact ``next_measurement``.
    """
    known = tuple(f.name for f in fields(CycleFacts))
    seen = {name: getattr(facts, name) for name in known}
    empty = dict.fromkeys(known)
    plan = {"version": 1, "since": on.isoformat(), "months": months, "rule": "", **empty}
    rows = [plan]
    if before is not None and len(before):
        kept = before[(before["since"] < on.isoformat()) | (before["version"] == 1)]
        rows = kept.astype(object).where(kept.notna(), None).to_dict("records")
    now = int(rows[-1]["months"])
    wanted, rule = decide(now, facts)
    if rule:
        version = int(rows[-1]["version"]) + 1
        new = {"version": version, "since": on.isoformat(), "months": wanted, "rule": rule}
        rows.append({**new, **seen})
    day, disturbed = next_day(on, wanted, season)
    check = Check(
        id="monitoring.cycle",
        topic=Topic.CYCLE,
        question="monitoring.check.cycle.question",
        status="caution" if rule else "passed",
        value=float(wanted),
        unit="months",
        reason=f"monitoring.check.cycle.{rule or 'kept'}",
        params={
            "before": now,
            "months": wanted,
            "next_on": day.isoformat(),
            "alarms": facts.alarms,
            "half_width": facts.half_width,
            "tolerated": facts.tolerated,
            "quiet": facts.quiet_months,
            "asked": facts.asked_a_year,
            "version": int(rows[-1]["version"]),
        },
    )
    checks = [check]
    if disturbed:
        planned = (pd.Timestamp(on) + pd.DateOffset(months=wanted)).date()
        checks.append(
            Check(
                id="monitoring.cycle.season",
                topic=Topic.CYCLE,
                question="monitoring.check.cycle.season.question",
                status="passed" if day > planned else "caution",
                unit="days",
                value=float((day - planned).days),
                reason="monitoring.check.cycle.season."
                + ("put_off" if day > planned else "within"),
                params={
                    "planned": planned.isoformat(),
                    "next_on": day.isoformat(),
                    "season": f"design.season.{disturbed}",
                },
            )
        )
    table = pd.DataFrame(rows, columns=["version", "since", "months", "rule", *known])
    numbers = ["half_width", "tolerated", "asked_a_year", "alarms", "quiet_months"]
    table = table.astype(dict.fromkeys(numbers, float)).astype({"version": int, "months": int})
    return collect(
        "monitoring",
        checks,
        facts={"next_measurement": day.isoformat(), "moved_by_season": disturbed},
        tables={"measurement_cycle": table},
    )

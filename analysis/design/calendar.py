"""When to measure: months after each wave, with the seasons that disturb a reading marked."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence

import pandas as pd

from analysis.measurement.columns import dates
from analysis.results import Check, StageResults, Topic, collect
from analysis.spring_festival import first_days
from analysis.standards import Lines, course
from analysis.tables import period_of

CHINESE_ZONES = frozenset(
    {
        *("Asia/Shanghai", "Asia/Chongqing", "Asia/Chungking", "Asia/Harbin", "Asia/Urumqi"),
        *("Asia/Kashgar", "Asia/Hong_Kong", "Hongkong", "Asia/Macau", "Asia/Macao"),
        *("Asia/Taipei", "PRC", "ROC"),
    }
)
"""Time zones where Spring Festival is a holiday."""

HOME = "Asia/Shanghai"

HOLIDAY_DAYS = 8
"""Days of the holiday, from the eve of the lunar new year."""

LEAST_IN_MONTH = 3
"""Days of the holiday that make a month one of Spring Festival."""


def festival_days(timezone: str) -> frozenset[dt.date]:
    """Return the days of the holidays of Spring Festival of all known years.

    Parameters
    ----------
    timezone : str
        The client's zone; none where Spring Festival is no holiday.
    """
    if timezone not in CHINESE_ZONES:
        return frozenset()
    return frozenset(
        first + dt.timedelta(days=day)
        for first in first_days().values()
        for day in range(-1, HOLIDAY_DAYS - 1)
    )


def festival_months(timezone: str) -> frozenset[int]:
    """Return the running months with at least three days of the holiday, of all known years.

    Examples
    --------
    >>> 2024 * 12 + 1 in festival_months("Asia/Shanghai")
    True
    >>> festival_months("America/New_York")
    frozenset()
    """
    days = Counter(period_of(day) for day in festival_days(timezone))
    return frozenset(month for month, count in days.items() if count >= LEAST_IN_MONTH)


def season(day: dt.date, timezone: str = HOME) -> str:
    """Name what disturbs a measurement on a day (requirement R144), or ``""``.

    ``spring_festival`` two weeks around the lunar new year, ``may_day`` 1 to 5 May,
    ``flood`` June to August, ``year_end`` from 16 December. These are seasons of China: in a
    time zone elsewhere none is named.

    Returns
    -------
    str
        Identifier of the season, a key of the wording catalogue.
    """
    if timezone not in CHINESE_ZONES:
        return ""
    festival = first_days().get(day.year)
    if festival and abs((day - festival).days) <= 14:
        return "spring_festival"
    if day.month == 5 and day.day <= 5:
        return "may_day"
    if day.month in (6, 7, 8):
        return "flood"
    return "year_end" if day.month == 12 and day.day >= 16 else ""


def measurement_calendar(
    waves: pd.DataFrame,
    *,
    months: Sequence[int] = (1, 3, 6, 12),
    as_of: dt.date | None = None,
    timezone: str = HOME,
    lines: Lines | None = None,
) -> pd.DataFrame:
    """List the measuring day of each horizon of each wave.

    A wave starts on the median of its sites' actual first days, or of the planned ones while
    none was held. The measuring day is the same day ``months`` later, or the last of the
    month where that day does not exist.

    Parameters
    ----------
    waves : DataFrame
        Canonical ``waves``: ``site_id, wave, planned_start, actual_start``.
    months : sequence of int
        Horizons in months after a wave's start.
    as_of : date, optional
        Day on which days are past or ahead.
    timezone : str
        The client's zone, which decides what seasons there are.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.

    Returns
    -------
    DataFrame
        One row per wave and horizon: ``wave, n_sites, start, held`` (whether start is actual),
        ``months, measure_on, season``, ``state`` (``past``, ``ahead``; ``""`` without
        ``as_of``) and ``judges`` (``early``: reaction and learning only, ``late``: behaviour and
        results too). Empty when no wave has a date.
    """
    rows = []
    earliest = (lines or course()).of("first_behaviour_month") or 0
    treated = waves[waves["arm"] == "treated"]
    for wave, sites in treated.groupby("wave"):
        actual, planned = dates(sites["actual_start"]), dates(sites["planned_start"])
        held = bool(actual.notna().any())
        start = (actual if held else planned).dropna().quantile(0.5, interpolation="lower")
        if pd.isna(start):
            continue
        for horizon in months:
            day = (start + pd.DateOffset(months=horizon)).date()
            state = "" if as_of is None else ("past" if day <= as_of else "ahead")
            judges = "late" if horizon >= earliest else "early"
            when = (int(horizon), day, season(day, timezone), state, judges)
            rows.append((int(wave), len(sites), start.date(), held, *when))
    columns = ["wave", "n_sites", "start", "held", "months", "measure_on", "season", "state"]
    return pd.DataFrame(rows, columns=[*columns, "judges"])


def late_enough(months: Sequence[int], earliest: float) -> Check:
    """Ask whether any measuring day is late enough for behaviour and results (R020).

    Parameters
    ----------
    months : sequence of int
        Horizons in months after a wave's start.
    earliest : float
        Months before which only reaction and learning can be judged.
    """
    last = max(months, default=0)
    fine = last >= earliest
    return Check(
        id="design.calendar.late_enough",
        topic=Topic.CALENDAR,
        question="design.check.late_enough.question",
        status="passed" if fine else "failed",
        value=float(last),
        threshold=float(earliest),
        unit="months",
        reason=None if fine else "design.check.late_enough.reason",
        remedy=None if fine else "design.check.late_enough.remedy",
        params={"last": last, "least": earliest},
    )


def assess_calendar(
    waves: pd.DataFrame,
    *,
    months: Sequence[int] = (1, 3, 6, 12),
    as_of: dt.date | None = None,
    timezone: str = HOME,
    lines: Lines | None = None,
) -> StageResults:
    """Put :func:`measurement_calendar` among the results of the design stage.

    Parameters
    ----------
    waves : DataFrame
        Canonical ``waves``: ``site_id, wave, planned_start, actual_start``.
    months : sequence of int
        Horizons in months after a wave's start.
    as_of : date, optional
        Day on which days are past or ahead.
    timezone : str
        As of :func:`measurement_calendar`.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.

    Returns
    -------
    StageResults
        Tables ``calendar`` and ``calendar_plot`` (a bar a wave, from its start to its last
        measuring day); check ``design.calendar.late_enough``, and one that says so when no wave
        has a date.
    """
    lines = lines or course()
    earliest = lines.of("first_behaviour_month")
    late = [] if earliest is None else [late_enough(months, earliest)]
    table = measurement_calendar(waves, months=months, as_of=as_of, timezone=timezone, lines=lines)
    if table.empty:
        missing = Check(
            id="design.calendar",
            topic=Topic.CALENDAR,
            question="design.check.calendar.question",
            status="not_possible",
            reason="design.reason.no_wave_dates",
        )
        return collect("design", [*late, missing])
    spans = table.groupby("wave", as_index=False).agg(
        start=("start", "first"), end=("measure_on", "max"), done=("held", "first")
    )
    plot = spans.assign(label=[f"design.wave.{min(wave, 12)}" for wave in spans["wave"]])
    return collect("design", late, tables={"calendar": table, "calendar_plot": plot})

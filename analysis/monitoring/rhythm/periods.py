"""One week, month, quarter, half-year or year beside the one before it; described, never explained.

What a meeting of that rhythm looks at. Seasons are not taken out, and no difference is an effect.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from analysis.indicators import Indicator
from analysis.measurement.columns import dates, present
from analysis.measurement.intervals import wilson
from analysis.memory import remembered
from analysis.monitoring.sites.spans import ENDS, same_people, scale
from analysis.monitoring.training.levels import pass_rates
from analysis.results import StageResults, collect
from analysis.settings import LEVEL
from analysis.standards import Lines
from analysis.tables import Rows, month_of, parts, period_of

PACKS = ("week", "month", "quarter", "half_year", "year")
"""Rhythms, the shortest first."""

_MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
_DAY = dt.timedelta(days=1)
NEAR = 1
"""Months by which a measurement may miss the day it was due and still count for it."""


@dataclass(frozen=True, slots=True)
class Span:
    """A period and the one before it.

    Attributes
    ----------
    pack : str
        One of :data:`PACKS`.
    first, last : date
        Its days, both included.
    known_to : date
        Last day of it of which anything is known.
    before_first, before_last : date
        Days of the one before that it is compared with: as many as are known of this one.
    state : {"over", "running", "last_over"}
        ``running``: not over yet; ``last_over``: the newest that is over, for less than half of the
        next is known.
    before_state : {"whole", "part", "none"}
        How much of the one before lies in the evaluated months.
    """

    pack: str
    first: dt.date
    last: dt.date
    known_to: dt.date
    before_first: dt.date
    before_last: dt.date
    state: str
    before_state: str


def calendar_span(pack: str, day: dt.date) -> tuple[dt.date, dt.date]:
    """Return first and last day of the calendar period that a day lies in; weeks begin on Monday.

    Examples
    --------
    >>> calendar_span("quarter", dt.date(2024, 5, 17))
    (datetime.date(2024, 4, 1), datetime.date(2024, 6, 30))
    """
    if pack == "week":
        first = day - dt.timedelta(days=day.weekday())
        return first, first + dt.timedelta(days=6)
    months = _MONTHS[pack]
    start = period_of(day) // months * months
    return month_of(start), month_of(start + months) - _DAY


def span_of(pack: str, *, on: dt.date, begins: dt.date) -> Span:
    """Return the period that a report of a day is about.

    The one that the day lies in, where it is over or at least half of it is known; else the one
    before, where that lies in the evaluated months.

    Parameters
    ----------
    pack : str
        One of :data:`PACKS`.
    on : date
        Last day of which anything is known.
    begins : date
        First day of the evaluated months.
    """
    first, last = calendar_span(pack, on)
    state = "over" if on >= last else "running"
    if state == "running" and 2 * ((on - first).days + 1) < (last - first).days + 1:
        earlier = calendar_span(pack, first - _DAY)
        if earlier[0] >= begins:
            (first, last), state = earlier, "last_over"
    known_to = min(last, on)
    before_first, before_last = calendar_span(pack, first - _DAY)
    if state == "running":
        before_last = min(before_last, _as_far(first, known_to, before_first))
    whole = "whole" if before_first >= begins else "part" if before_last >= begins else "none"
    return Span(pack, first, last, known_to, before_first, before_last, state, whole)


def _as_far(first: dt.date, known_to: dt.date, before_first: dt.date) -> dt.date:
    """Return the day up to which the period before is as long: whole months of whole months."""
    if first.day == 1 and (known_to + _DAY).day == 1:
        months = period_of(known_to) - period_of(first) + 1
        return month_of(period_of(before_first) + months) - _DAY
    return before_first + (known_to - first)


def compared(
    now: pd.DataFrame, before: pd.DataFrame, *, times: float = 1.0, level: float = LEVEL
) -> dict[str, float]:
    """Compare the ratio of two sums over sites in two periods.

    Parameters
    ----------
    now, before : DataFrame
        ``site_id, total, exposure``; several rows per site are added up.
    times : float
        What the ratio is multiplied by.
    level : float
        Coverage of intervals.

    Returns
    -------
    dict
        ``value, ci_low, ci_high`` of now, ``was, was_low, was_high`` of before, ``change,
        change_low, change_high`` and ``sites``. Sites are the clusters: a site is compared with
        itself. Student's intervals over sites; NaN with fewer than two, and where a side is
        missing.

    References
    ----------
    Cochran (1977), Sampling Techniques, chapter 6, for the linearised ratio.
    """
    sides = []
    for cells in (now, before):
        sums = cells.groupby("site_id")[["total", "exposure"]].sum()
        sides.append(_Sums.of(sums.index, sums["total"], sums["exposure"]))
    return _of_sums(*sides, times=times, level=level)


@dataclass(frozen=True, slots=True)
class _Sums:
    """What the sites of one side of a comparison add up to.

    Attributes
    ----------
    sites, total, exposure : ndarray of shape (sites,)
        Names of the sites in their order, and the two sums of each.
    """

    sites: np.ndarray
    total: np.ndarray
    exposure: np.ndarray

    @classmethod
    def of(cls, *sums: Any) -> _Sums:
        """Take ``sites, total, exposure`` of the sites that have an exposure."""
        sites, total, exposure = map(np.asarray, sums)
        held = exposure > 0
        return cls(sites[held].astype(object), total[held], exposure[held])

    def linearised(self, times: float) -> tuple[float, np.ndarray]:
        """Return the ratio and what each site adds to its error."""
        whole = self.exposure.sum()
        if not whole > 0:
            return float("nan"), np.empty(0)
        ratio = self.total.sum() / whole
        return float(times * ratio), times * (self.total - ratio * self.exposure) / whole


def _of_sums(now: _Sums, before: _Sums, *, times: float, level: float) -> dict[str, float]:
    """Compare as :func:`compared`, of the sums by site."""
    value, errors = now.linearised(times)
    was, was_errors = before.linearised(times)
    sites = np.union1d(now.sites, before.sites)
    both = np.zeros(sites.size)
    both[np.searchsorted(sites, now.sites)] = errors
    both[np.searchsorted(sites, before.sites)] -= was_errors
    found = {"sites": float(errors.size)}
    for names, middle, off in (
        (("value", "ci_low", "ci_high"), value, errors),
        (("was", "was_low", "was_high"), was, was_errors),
        (("change", "change_low", "change_high"), value - was, both),
    ):
        found |= dict(zip(names, (middle, *_student(middle, off, level)), strict=True))
    return found


def _student(value: float, errors: np.ndarray, level: float) -> tuple[float, float]:
    k = errors.size
    if k < 2 or not np.isfinite(value):
        return float("nan"), float("nan")
    se = float(np.sqrt(k / (k - 1) * (errors**2).sum()))
    half = float(special.stdtrit(k - 1, (1 + level) / 2)) * se
    return value - half, value + half


@dataclass(frozen=True, slots=True)
class _Measured:
    """One indicator in one period.

    Attributes
    ----------
    sums : _Sums
        By site.
    answers, people : int
        Answers of all cells; those of the largest cell of each site.
    total, exposure : float
        Of all cells.
    """

    sums: _Sums = _Sums(np.empty(0, dtype=object), np.empty(0), np.empty(0))
    answers: int = 0
    people: int = 0
    total: float = 0.0
    exposure: float = 0.0


def _measured(cells: pd.DataFrame) -> dict[str, _Measured]:
    """Add up the cells of each indicator."""
    by_site = cells.groupby(["indicator", "site_id"])
    sums, most = by_site[["total", "exposure"]].sum(), by_site["n"].max().to_numpy()
    sites = sums.index.get_level_values("site_id").to_numpy(dtype=object)
    totals, exposures = (sums[name].to_numpy() for name in sums)
    places = sums.groupby(level="indicator").indices
    n = cells["n"].to_numpy()
    total, exposure = (cells[name].fillna(0.0).to_numpy() for name in sums)
    found = {}
    for name, rows in cells.groupby("indicator").indices.items():
        at = places[name]
        found[str(name)] = _Measured(
            sums=_Sums.of(sites[at], totals[at], exposures[at]),
            answers=int(n[rows].sum()),
            people=int(most[at].sum()),
            total=float(total[rows].sum()),
            exposure=float(exposure[rows].sum()),
        )
    return found


def indicator_rows(
    panel: pd.DataFrame,
    told: Sequence[Indicator],
    span: Span,
    *,
    in_part: Mapping[str, Iterable[int]],
    level: float = LEVEL,
) -> pd.DataFrame:
    """Return each indicator in a period of months and in the one before.

    Parameters
    ----------
    panel : DataFrame
        Panel of indicators.
    told : Sequence of Indicator
        In the order they are shown; none of waiting times, whose medians cannot be added up.
    span : Span
        Months of which one day at least is known count.
    in_part : Mapping
        Months of which less than half is known, by indicator; they are left out.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        One row per indicator measured in the period: ``indicator, unit, n, was_n, people`` (the
        smaller of both) and what :func:`compared` gives.
    """
    first = period_of(span.first)
    months = period_of(span.known_to) + 1 - first
    measured = [
        _measured(_cells(panel, range(start, start + months), in_part))
        for start in (first, period_of(span.before_first))
    ]
    rows = []
    for known in told:
        if known.id not in measured[0]:
            continue
        sides = [side.get(known.id, _Measured()) for side in measured]
        sums = (side.sums for side in sides)
        found = _of_sums(*sums, times=scale(known), level=level)
        n, was_n = (side.people if same_people(known) else side.answers for side in sides)
        _within(found, known, sides, level)
        people = min(n, was_n) if was_n else n
        rows.append({"indicator": known.id, "unit": known.unit, "n": n, "was_n": was_n,
                     "people": people, **found})  # fmt: skip
    return pd.DataFrame(rows)


def _cells(
    panel: pd.DataFrame, months: range, in_part: Mapping[str, Iterable[int]]
) -> pd.DataFrame:
    """Return the overall cells of sites that were measured in months known as a whole."""
    cells = panel[panel["period"].between(months.start, months.stop - 1)]
    cells = cells[(cells["stratum"] == "") & (cells["site_id"] != "") & cells["value"].notna()]
    for name, part in in_part.items():
        if part:
            cells = cells[(cells["indicator"] != name) | ~cells["period"].isin(list(part))]
    return cells


def _within(
    found: dict[str, float], known: Indicator, sides: Sequence[_Measured], level: float
) -> None:
    """Keep ends possible; where every site says the same, take those of its count."""
    least, most = ENDS.get(known.kind, (-np.inf, np.inf))
    for name, low, high, side in zip(
        ("value", "was"), ("ci_low", "was_low"), ("ci_high", "was_high"), sides, strict=True
    ):
        n = int(side.exposure)
        if known.kind == "share" and n > 0 and found[low] == found[high]:
            ends = wilson(min(round(side.total), n), n, level)
            found[low], found[high] = float(ends.low or 0.0), float(ends.high or 0.0)
        if np.isfinite(found[name]):
            found[low], found[high] = max(found[low], least), min(found[high], most)


def week_rows(tickets: pd.DataFrame, span: Span, *, level: float = LEVEL) -> pd.DataFrame:
    """Return the share of work orders resolved by the promised time, of those due in a week.

    Parameters
    ----------
    tickets : DataFrame
        ``site_id, due`` (midnight of the day), ``in_time``: missing where no time was promised.
    span : Span
        A week.
    level : float
        Coverage of intervals.
    """
    known = tickets[tickets["in_time"].notna()] if "in_time" in tickets else tickets.iloc[:0]
    if known.empty:
        return pd.DataFrame()
    cells = known.assign(total=known["in_time"].astype(float), exposure=1.0)
    sides = [
        cells[_between(cells["due"], first, last)]
        for first, last in ((span.first, span.known_to), (span.before_first, span.before_last))
    ]
    n, was_n = (len(side) for side in sides)
    if n == 0:
        return pd.DataFrame()
    row = {"indicator": "resolved_in_time", "unit": "share", "n": n, "was_n": was_n,
           "people": min(n, was_n) if was_n else n}  # fmt: skip
    return pd.DataFrame([row | compared(*sides, level=level)])


def _dated(tickets: Rows | None, timezone: str, on: dt.date) -> pd.DataFrame:
    """Return site, kind and days of work orders, and whether those due by now were in time.

    A day is its midnight, without a zone.
    """
    columns = ["site_id", "kind", "opened_at", "resolved_at", "due_at"]
    found = []
    for part in [] if tickets is None else parts(tickets, columns):
        moments = {
            name: pd.to_datetime(part[name], utc=True).dt.tz_convert(timezone)
            for name in columns[2:]
            if name in part
        }
        rows = part.reindex(columns=columns[:2])
        for name in columns[2:]:
            days = moments[name].dt.tz_localize(None).dt.normalize() if name in moments else pd.NaT
            rows[name.removesuffix("_at")] = days
        if {"resolved_at", "due_at"} <= set(moments):
            due, done = moments["due_at"], moments["resolved_at"]
            rows["in_time"] = (done <= due).astype(float).where(rows["due"] <= pd.Timestamp(on))
        found.append(rows)
    named = ["site_id", "kind", "opened", "resolved", "due", "in_time"]
    whole = pd.concat(found, ignore_index=True) if found else pd.DataFrame()
    return whole.reindex(columns=named)


def _between(days: pd.Series, first: dt.date, last: dt.date) -> pd.Series:
    """Return which days lie between two, both included; none that is not known."""
    return days.between(pd.Timestamp(first), pd.Timestamp(last))


def _with_day(table: pd.DataFrame | None, column: str) -> pd.DataFrame | None:
    """Add the midnight of a column of dates, as ``day``, where there is one."""
    if table is None or not present(table, column):
        return None
    return table.assign(day=dates(table[column]).dt.normalize())


def _counts(
    tickets: pd.DataFrame,
    enrolments: pd.DataFrame | None,
    assessments: pd.DataFrame | None,
    lines: Lines,
    first: dt.date,
    last: dt.date,
) -> Iterator[tuple[str, float]]:
    """Yield what happened between two days, as far as it is recorded at all.

    Enrolments and assessments have their ``day``, as of :func:`_with_day`.
    """
    if len(tickets):
        opened = _between(tickets["opened"], first, last)
        yield "opened", float(opened.sum())
        if tickets["kind"].notna().any():
            yield "complaints", float((opened & (tickets["kind"] == "complaint")).sum())
        if tickets["resolved"].notna().any():
            yield "resolved", float(_between(tickets["resolved"], first, last).sum())
    if enrolments is not None and present(enrolments, "attended"):
        held = _between(enrolments["day"], first, last)
        came = enrolments[held & enrolments["attended"].eq(True)]
        yield "people_taught", float(came["staff_id"].nunique())
        if present(enrolments, "hours"):
            yield "hours_taught", float(came["hours"].sum())
    marks = lines.of("pass_marks")
    if assessments is not None and marks and present(assessments, "score"):
        sat = assessments[_between(assessments["day"], first, last)]
        table = pass_rates(sat, marks, by=(), level=LEVEL) if len(sat) else pd.DataFrame()
        yield "tests", float(table["n"].sum()) if len(table) else 0.0
        yield "passed", float(table["hits"].sum()) if len(table) else 0.0


def year_budget(costs: pd.DataFrame, year: int) -> pd.DataFrame:
    """Lay the plan out as the budget of one year: a row per category, planned by quarter.

    Parameters
    ----------
    costs : DataFrame
        Canonical table. An item belongs to the quarter in which it was spent; one that is not
        spent yet stands apart, in the newest year.
    year : int
        Calendar year.

    Returns
    -------
    DataFrame
        ``category, q1, q2, q3, q4, open, planned, share`` (of the whole plan), ``actual``; the
        largest first, the sum last.
    """
    spent = dates(costs["spent_on"])
    newest = spent.dt.year.max()
    mine = costs.assign(quarter=spent.dt.quarter.fillna(0).astype(int))
    unspent = spent.isna() & (pd.isna(newest) or newest == year)
    mine = mine[(spent.dt.year == year) | unspent]
    if mine.empty:
        return pd.DataFrame()
    wide = mine.pivot_table("planned", "category", "quarter", aggfunc="sum")
    wide = wide.reindex(columns=range(5)).fillna(0.0)
    wide.columns = ["open", "q1", "q2", "q3", "q4"]
    found = wide.assign(
        planned=wide.sum(axis=1), actual=mine.groupby("category")["actual"].sum(min_count=1)
    ).sort_values("planned", ascending=False)
    whole = found["planned"].sum()
    found = found.assign(share=found["planned"] / whole if whole else np.nan).reset_index()
    total = found.drop(columns="category").sum(min_count=1).to_dict()
    return pd.concat([found, pd.DataFrame([{"category": "total", **total}])], ignore_index=True)


def follow_ups(
    calendar: pd.DataFrame, waves: pd.DataFrame, panel: pd.DataFrame, *, indicator: str, on: dt.date
) -> pd.DataFrame:
    """Say of every follow-up whether it was measured, was not, or is still due.

    Parameters
    ----------
    calendar : DataFrame
        ``wave, n_sites, months, measure_on, judges``.
    waves : DataFrame
        Which sites are of which wave.
    panel : DataFrame
        Panel of indicators.
    indicator : str
        The primary outcome: what is to be measured then.
    on : date
        Day of the report.

    Returns
    -------
    DataFrame
        ``wave, months, measure_on, n_sites, judges, state`` (``measured``, ``missed``, ``due``)
        and ``n``: answers within a month of the day at the sites of the wave.
    """
    if calendar.empty:
        return pd.DataFrame()
    cells = panel[
        (panel["indicator"] == indicator) & (panel["stratum"] == "") & panel["value"].notna()
    ]
    rows = []
    for row in calendar.to_dict("records"):
        sites = waves.loc[waves["wave"] == row["wave"], "site_id"]
        day = pd.Timestamp(row["measure_on"]).date()
        apart = (cells["period"] - period_of(day)).abs() <= NEAR
        n = int(cells.loc[cells["site_id"].isin(sites) & apart, "n"].sum())
        state = "due" if day > on else "measured" if n else "missed"
        rows.append({**{name: row[name] for name in ("wave", "months", "n_sites", "judges")},
                     "measure_on": day, "state": state, "n": n})  # fmt: skip
    return pd.DataFrame(rows)


@remembered
def assess_periods(
    panel: pd.DataFrame,
    told: Sequence[Indicator],
    *,
    on: dt.date,
    begins: dt.date,
    timezone: str,
    lines: Lines,
    in_part: Mapping[str, Iterable[int]],
    tickets: Rows | None = None,
    enrolments: pd.DataFrame | None = None,
    assessments: pd.DataFrame | None = None,
    costs: pd.DataFrame | None = None,
    due: pd.DataFrame | None = None,
    level: float = LEVEL,
) -> StageResults:
    """Tell the newest week, month, quarter, half-year and year, each beside the one before.

    Parameters
    ----------
    panel : DataFrame
        Panel of indicators.
    told : Sequence of Indicator
        As of :func:`indicator_rows`.
    on, begins : date
        Day of the report, and first day of the evaluated months.
    timezone : str
        The client's zone.
    lines : Lines
        What the programme is held to; its pass marks are used.
    in_part : Mapping
        As of :func:`indicator_rows`.
    tickets, enrolments, assessments, costs : DataFrame, optional
        Canonical tables.
    due : DataFrame, optional
        As :func:`follow_ups` returns it.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Tables ``pack_periods`` (:class:`Span` by pack), ``pack_indicators``, ``pack_counts``
        (``pack, what, value, was``), ``pack_money`` (``pack, category, planned, actual`` of what
        was spent), ``year_budget`` and ``follow_ups``; those without a row are left out.
    """
    dated = _dated(tickets, timezone, on)
    taught, tested = _with_day(enrolments, "held_on"), _with_day(assessments, "assessed_on")
    spans = [span_of(pack, on=on, begins=begins) for pack in PACKS]
    counts: list[dict] = []
    indicators, money = [], []
    for span in spans:
        if span.pack == "week":
            rows = week_rows(dated, span, level=level)
        else:
            rows = indicator_rows(panel, told, span, in_part=in_part, level=level)
        indicators.append(rows.assign(pack=span.pack))
        sides = [
            dict(_counts(dated, taught, tested, lines, *days))
            for days in ((span.first, span.known_to), (span.before_first, span.before_last))
        ]
        known = span.before_state != "none"
        counts += [
            {"pack": span.pack, "what": what, "value": value,
             "was": sides[1].get(what) if known else None}
            for what, value in sides[0].items()
        ]  # fmt: skip
        if costs is not None:
            money.append(_spent(costs, span).assign(pack=span.pack))
    year = spans[-1].first.year
    tables = {
        "pack_periods": pd.DataFrame([{name: getattr(span, name) for name in Span.__slots__}
                                      for span in spans]),
        "pack_indicators": pd.concat(indicators, ignore_index=True),
        "pack_counts": pd.DataFrame(counts),
        "pack_money": pd.concat(money, ignore_index=True) if money else pd.DataFrame(),
        "year_budget": pd.DataFrame() if costs is None else year_budget(costs, year),
        "follow_ups": pd.DataFrame() if due is None else due,
    }  # fmt: skip
    tables = {name: table for name, table in tables.items() if not table.empty}
    return collect("monitoring", [], tables=tables)


def _spent(costs: pd.DataFrame, span: Span) -> pd.DataFrame:
    """Return plan and cost by category of the items that were spent in a period."""
    days = dates(costs["spent_on"]).dt.normalize()
    mine = costs[_between(days, span.first, span.known_to)]
    sums = mine.groupby("category")[["planned", "actual"]].sum(min_count=1)
    return sums.sort_values("actual", ascending=False).reset_index()

"""What gates ask for, measured on the canonical tables by a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from analysis.measurement.columns import dates, floats, instants, present
from analysis.measurement.intervals import Interval, mean_t, wilson
from analysis.memory import remembered
from analysis.monitoring.inference.dependence import subject_effects
from analysis.monitoring.training.composite import composite_marks
from analysis.monitoring.training.levels import first_attempts, reactions_by_sheet
from analysis.monitoring.training.measures import class_of, class_of_attempts, site_of
from analysis.settings import LEVEL
from analysis.standards import Lines, course
from analysis.tables import Rows, parts

Tables = Mapping[str, Any]
"""Canonical tables by name; work orders also as they lie on disk."""

RESOLVE_DAYS = 30
"""Complaints count once they had so many days to be resolved."""


def gate_measures(
    tables: Tables,
    *,
    until: dt.date | None = None,
    lines: Lines | None = None,
    level: float = LEVEL,
) -> dict[str, Interval]:
    """Measure what gates ask for, as far as the tables allow; the rest is absent.

    Parameters
    ----------
    tables : Mapping[str, DataFrame]
        Canonical tables by name.
    until : date, optional
        Rows after that day, and people who had left by it, are not counted: a gate is judged by
        what there was on its day.
    lines : Lines, optional
        What the client's programme is held to, for the pass marks; the course's without it.
    level : float
        Coverage of intervals.

    Returns
    -------
    dict[str, Interval]
        Shares with Wilson intervals (of counts divided by their design effect where classes are
        known), mean scores with t intervals, counts without.
    """
    every = frozenset({*_MEASURES, _OF_TICKETS})
    return measures_by_day(tables, {until: every}, lines=lines, level=level)[until]


def measures_by_day(
    tables: Tables,
    wanted: Mapping[dt.date | None, Collection[str]],
    *,
    lines: Lines | None = None,
    level: float = LEVEL,
) -> dict[dt.date | None, dict[str, Interval]]:
    """Measure some of what gates ask for on several days, as :func:`gate_measures` on one.

    What work orders do not tell is remembered apart from them: they come in every week.

    Parameters
    ----------
    tables, lines, level
        As of :func:`gate_measures`.
    wanted : Mapping[date, collection of str]
        Measures by day; names that no export speaks of are passed over.
    """
    read = {name: tables.get(name) for name in (*_DAYS, *_BESIDE)}
    rest = {
        day: tuple(name for name in _MEASURES if name in names) for day, names in wanted.items()
    }
    found = _without_tickets(read, rest, lines=lines or course(), level=level)
    asked = [day for day, names in wanted.items() if _OF_TICKETS in names]
    complaints = _complaints(tables.get("tickets")) if asked else None
    for day in asked if complaints is not None else ():
        due = _due(complaints, day)
        share = _share(due["resolved"].to_numpy(float), due["site_id"], level)
        if share is not None:
            found[day][_OF_TICKETS] = share
    return found


@remembered
def _without_tickets(
    tables: Tables,
    wanted: Mapping[dt.date | None, tuple[str, ...]],
    *,
    lines: Lines,
    level: float,
) -> dict[dt.date | None, dict[str, Interval]]:
    """Measure what needs no work orders, by day."""
    dated = {name: _Dated.of(tables[name], column) for name, column in _DAYS.items()}
    found: dict[dt.date | None, dict[str, Interval]] = {}
    for day, names in wanted.items():
        rows = {name: table.until(day) for name, table in dated.items()}
        known = {**tables, **{name: rows[name] for name in ("staff", "enrolments")}}
        found[day] = {}
        for name in names:
            table, columns, measure = _MEASURES[name]
            if not present(rows[table], *columns):
                continue
            interval = measure(rows[table], known, lines, level)
            if interval is not None and interval.n:
                found[day][name] = interval
    return found


@dataclass(frozen=True, slots=True)
class _Dated:
    """A table with the days of its rows, and of staff those on which people left."""

    frame: pd.DataFrame | None
    day: pd.Series | None
    left: pd.Series | None

    @classmethod
    def of(cls, frame: pd.DataFrame | None, column: str) -> _Dated:
        if frame is None or column not in frame:
            return cls(frame, None, None)
        left = dates(frame["left_on"]) if "left_on" in frame else None
        return cls(frame, dates(frame[column]), left)

    def until(self, day: dt.date | None) -> pd.DataFrame | None:
        """Return the rows up to a day; of staff those who were employed on it."""
        if self.frame is None or self.day is None or day is None:
            return self.frame
        late = self.day > pd.Timestamp(day)
        if self.left is not None:
            late |= self.left < pd.Timestamp(day)
        return self.frame[~late]


def _count(value: int, level: float) -> Interval:
    return Interval(float(value), np.nan, np.nan, int(value), level, "count")


def _share(hits: np.ndarray, clusters: pd.Series, level: float) -> Interval | None:
    """Return the Wilson interval of a share whose answers come in clusters."""
    frame = pd.DataFrame({"subject": "all", "hit": hits, "cluster": clusters.to_numpy(object)})
    frame = frame[np.isfinite(hits)]
    if frame.empty:
        return None
    effect = float(subject_effects(frame, value="hit", cluster="cluster").iloc[0])
    value, n = float(frame["hit"].mean()), len(frame)
    fewer = wilson_of_share(value, n / effect, level)
    return Interval(value, fewer[0], fewer[1], n, level, "wilson", design_effect=effect)


def wilson_of_share(value: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """Return the Wilson interval of a share seen in ``n`` independent answers, not always whole."""
    z = float(ndtri((1 + level) / 2))
    middle = (value + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(value * (1 - value) / n + z**2 / (4 * n**2))
    return max(0.0, min(value, middle - half)), min(1.0, max(value, middle + half))


def _frontline(staff: pd.DataFrame, _: Tables, __: Lines, level: float) -> Interval:
    return _count(int((staff["tier"] == "frontline").sum()), level=level)


def _came(enrolments: pd.DataFrame) -> pd.DataFrame:
    return enrolments[floats(enrolments["attended"]) == 1]


def _trained(enrolments: pd.DataFrame, _: Tables, __: Lines, level: float) -> Interval:
    return _count(_came(enrolments)["staff_id"].nunique(), level=level)


def _staff_trained(enrolments: pd.DataFrame, tables: Tables, __: Lines, level: float):
    return _reached(tables.get("staff"), enrolments, level)


def _first_wave(waves: pd.DataFrame, tables: Tables, __: Lines, level: float) -> Interval | None:
    """Return the share of the first wave's staff that came to a class."""
    treated = waves[waves["arm"] == "treated"]
    staff = tables.get("staff")
    if treated.empty or not present(staff, "site_id"):
        return None
    first = treated.loc[treated["wave"] == treated["wave"].min(), "site_id"]
    return _reached(staff[staff["site_id"].isin(first)], tables.get("enrolments"), level)


def _reached(
    staff: pd.DataFrame | None, enrolments: pd.DataFrame | None, level: float
) -> Interval | None:
    """Return the share of people on the roster who came to a class: a fact, not a sample."""
    if staff is None or staff.empty or not present(enrolments, "attended"):
        return None
    people = staff["staff_id"].unique()
    share = float(np.isin(people, _came(enrolments)["staff_id"].unique()).mean())
    return Interval(share, np.nan, np.nan, len(people), level, "count")


def _attendance(
    enrolments: pd.DataFrame, tables: Tables, __: Lines, level: float
) -> Interval | None:
    classes = class_of(enrolments, site_of(tables.get("staff")))
    return _share(floats(enrolments["attended"]), classes, level=level)


def _passes(
    assessments: pd.DataFrame, tables: Tables, lines: Lines, level: float
) -> Interval | None:
    first = first_attempts(assessments, lines.of("pass_marks") or {})
    site = site_of(tables.get("staff"))
    return _share(
        first["hit"].to_numpy(dtype=float),
        class_of_attempts(first, tables.get("enrolments"), site),
        level=level,
    )


def _composite(
    assessments: pd.DataFrame, tables: Tables, lines: Lines, level: float
) -> Interval | None:
    """Return the share of people with all parts whose composite mark is a pass."""
    weights, mark = lines.of("composite_weights"), lines.of("composite_mark")
    if not weights or mark is None:
        return None
    marks = composite_marks(assessments, weights)
    sites = marks["staff_id"].map(site_of(tables.get("staff")))
    return _share((marks["composite"] >= mark).to_numpy(float), sites, level=level)


def _complaints(tickets: Rows | None) -> pd.DataFrame | None:
    """Return ``site_id, opened, resolved`` of all complaints; None without kinds or times."""
    if not present(tickets, "kind", "opened_at", "resolved_at"):
        return None
    wanted = ["site_id", "kind", "opened_at", "resolved_at"]
    found = [part.loc[part["kind"] == "complaint", wanted] for part in parts(tickets, wanted)]
    rows = pd.concat(found, ignore_index=True)
    moments = {name: instants(rows[f"{name}_at"]) for name in ("opened", "resolved")}
    return pd.DataFrame({"site_id": rows["site_id"], **moments})


def _due(complaints: pd.DataFrame, until: dt.date | None) -> pd.DataFrame:
    """Return the complaints of the twelve months to a day that had time to be resolved.

    Parameters
    ----------
    complaints : DataFrame
        As of :func:`_complaints`.
    until : date or None
        The day; that of the newest complaint without it.

    Returns
    -------
    DataFrame
        ``site_id``, ``resolved`` (1 where resolved by the day).
    """
    opened = complaints["opened"]
    end = opened.max() if until is None else pd.Timestamp(until, tz="UTC") + pd.Timedelta(days=1)
    first, last = end - pd.DateOffset(months=12), end - pd.Timedelta(days=RESOLVE_DAYS)
    due = complaints[(opened >= first) & (opened <= last)]
    done = (due["resolved"] <= end).astype(float)
    return pd.DataFrame({"site_id": due["site_id"], "resolved": done})


def _score(
    assessments: pd.DataFrame, tables: Tables, lines: Lines, level: float
) -> Interval | None:
    """Return the mean mark with its t interval over people, widened where classes are alike."""
    first = first_attempts(assessments, lines.of("pass_marks") or {})
    if first.empty:
        return None
    first = first.assign(
        score=floats(first["score"]),
        cluster=class_of_attempts(first, tables.get("enrolments"), site_of(tables.get("staff"))),
    )
    people = first.groupby("staff_id", as_index=False).agg(
        score=("score", "mean"), cluster=("cluster", "first")
    )
    plain = mean_t(people["score"].to_numpy(), level)
    if plain.se is None:
        return plain
    effects = subject_effects(people.assign(subject="all"), value="score", cluster="cluster")
    wider = float(np.sqrt(effects.iloc[0]))
    low, high = (plain.value + wider * (end - plain.value) for end in (plain.low, plain.high))
    return replace(plain, low=low, high=high, se=wider * plain.se, design_effect=wider**2)


def _satisfied(reactions: pd.DataFrame, tables: Tables, __: Lines, level: float) -> Interval | None:
    if not present(tables.get("instruments"), "scale_max"):
        return None
    sheets = reactions_by_sheet(reactions, tables["instruments"])
    return _share(sheets["hit"].to_numpy(dtype=float), sheets["session"], level=level)


def _covered(waves: pd.DataFrame, tables: Tables, __: Lines, level: float) -> Interval | None:
    if not present(tables.get("enrolments"), "attended") or not present(
        tables.get("staff"), "site_id"
    ):
        return None
    planned = waves.loc[waves["arm"] == "treated", "site_id"].unique()
    people = _came(tables["enrolments"])["staff_id"].unique()
    staff = tables["staff"]
    reached = staff.loc[staff["staff_id"].isin(people), "site_id"].unique()
    hits = int(np.isin(planned, reached).sum())
    share = hits / len(planned) if len(planned) else np.nan
    return Interval(share, np.nan, np.nan, len(planned), level, "count")


def _active(usage: pd.DataFrame, _: Tables, __: Lines, level: float) -> Interval | None:
    return _of_accounts(usage, "active_users", level)


def _logged_in(usage: pd.DataFrame, _: Tables, __: Lines, level: float) -> Interval | None:
    return _of_accounts(usage, "weekly_users", level)


def _of_accounts(usage: pd.DataFrame, used: str, level: float) -> Interval | None:
    """Return the share of accounts used in the newest month; rows without a count are left out."""
    known = usage[usage[used].notna() & usage["users"].notna()]
    last = known[dates(known["month"]) == dates(known["month"]).max()]
    users, active = floats(last["users"]).sum(), floats(last[used]).sum()
    return wilson(round(active), int(users), level) if users else None


def _certified(lecturers: pd.DataFrame, tables: Tables, __: Lines, level: float) -> Interval:
    """Count the certificates there were among all lecturers of the list."""
    have = lecturers["certified"].fillna(False).astype(bool).sum()
    everybody = len(tables["lecturers"])
    return Interval(float(have) / everybody, np.nan, np.nan, everybody, level, "count")


def _done(actions: pd.DataFrame, _: Tables, __: Lines, level: float) -> Interval:
    return Interval(
        float(actions["done_on"].notna().sum()), np.nan, np.nan, len(actions), level, "count"
    )


_DAYS: Mapping[str, str] = {
    "staff": "hired_on",
    "lecturers": "certified_on",
    "enrolments": "held_on",
    "waves": "",
    "assessments": "assessed_on",
    "reactions": "answered_on",
    "crm_usage": "month",
    "actions": "",
}
"""Tables that are measured, and the day of a row."""

_BESIDE = ("instruments",)
"""Tables that measures read besides, whole."""

TABLES = (*_DAYS, *_BESIDE, "tickets")
"""Canonical tables that measures read."""

_OF_TICKETS = "resolution"
"""The measure that work orders tell."""

_MEASURES: Mapping[str, tuple[str, tuple[str, ...], Callable]] = {
    "frontline_staff": ("staff", ("tier",), _frontline),
    "lecturers_certified": ("lecturers", ("certified",), _certified),
    "trained_people": ("enrolments", ("attended",), _trained),
    "staff_trained": ("enrolments", ("attended",), _staff_trained),
    "first_wave_trained": ("waves", ("arm", "wave"), _first_wave),
    "attendance": ("enrolments", ("attended",), _attendance),
    "pass_rate": ("assessments", ("score",), _passes),
    "composite_pass": ("assessments", ("score", "form"), _composite),
    "mean_score": ("assessments", ("score",), _score),
    "course_csat": ("reactions", ("score",), _satisfied),
    "sites_covered": ("waves", ("arm",), _covered),
    "active_accounts": ("crm_usage", ("users", "active_users"), _active),
    "weekly_logins": ("crm_usage", ("users", "weekly_users"), _logged_in),
    "actions_done": ("actions", ("action_id",), _done),
}
"""Each measure but that of work orders: its table, columns it needs, and how it is measured."""

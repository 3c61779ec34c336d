"""What gates ask for, measured on the canonical tables by a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from analysis.measurement.columns import dates, floats, instants, present
from analysis.measurement.intervals import Interval, mean_t, wilson
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
    lines, found = lines or course(), {}
    days = {"staff": "hired_on", "enrolments": "held_on"}
    known = {**tables, **{name: _until(tables.get(name), day, until) for name, day in days.items()}}
    known["tickets"] = complaints_due(tables.get("tickets"), until)
    for name, (table, day, columns, measure) in _MEASURES.items():
        frame = _until(known.get(table), day, until)
        if not present(frame, *columns):
            continue
        interval = measure(frame, known, lines, level)
        if interval is not None and interval.n:
            found[name] = interval
    return found


def _until(frame: pd.DataFrame | None, day: str, until: dt.date | None) -> pd.DataFrame | None:
    """Return the rows up to a day; of staff those who were employed on it."""
    if frame is None or until is None or day not in frame:
        return frame
    frame = frame[~(dates(frame[day]) > pd.Timestamp(until))]
    if "left_on" in frame:
        frame = frame[~(dates(frame["left_on"]) < pd.Timestamp(until))]
    return frame


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


def complaints_due(tickets: Rows | None, until: dt.date | None) -> pd.DataFrame | None:
    """Return the complaints of the twelve months to a day that had time to be resolved.

    Parameters
    ----------
    tickets : DataFrame, Stored or None
        Canonical table.
    until : date or None
        The day; that of the newest complaint without it.

    Returns
    -------
    DataFrame or None
        ``site_id``, ``resolved`` (1 where resolved by the day); None where kinds or times are not
        at hand.
    """
    if not present(tickets, "kind", "opened_at", "resolved_at"):
        return None
    wanted = ["site_id", "kind", "opened_at", "resolved_at"]
    found = [part.loc[part["kind"] == "complaint", wanted] for part in parts(tickets, wanted)]
    rows = pd.concat(found, ignore_index=True)
    opened, resolved = instants(rows["opened_at"]), instants(rows["resolved_at"])
    end = opened.max() if until is None else pd.Timestamp(until, tz="UTC") + pd.Timedelta(days=1)
    first, last = end - pd.DateOffset(months=12), end - pd.Timedelta(days=RESOLVE_DAYS)
    due = (opened >= first) & (opened <= last)
    done = (resolved <= end).astype(float)
    return pd.DataFrame({"site_id": rows["site_id"], "resolved": done})[due.to_numpy()]


def _resolved(complaints: pd.DataFrame, _: Tables, __: Lines, level: float) -> Interval | None:
    return _share(complaints["resolved"].to_numpy(float), complaints["site_id"], level=level)


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


_MEASURES: Mapping[str, tuple[str, str, tuple[str, ...], Callable]] = {
    "frontline_staff": ("staff", "hired_on", ("tier",), _frontline),
    "lecturers_certified": ("lecturers", "certified_on", ("certified",), _certified),
    "trained_people": ("enrolments", "held_on", ("attended",), _trained),
    "staff_trained": ("enrolments", "held_on", ("attended",), _staff_trained),
    "first_wave_trained": ("waves", "", ("arm", "wave"), _first_wave),
    "attendance": ("enrolments", "held_on", ("attended",), _attendance),
    "pass_rate": ("assessments", "assessed_on", ("score",), _passes),
    "composite_pass": ("assessments", "assessed_on", ("score", "form"), _composite),
    "mean_score": ("assessments", "assessed_on", ("score",), _score),
    "resolution": ("tickets", "", ("resolved",), _resolved),
    "course_csat": ("reactions", "answered_on", ("score",), _satisfied),
    "sites_covered": ("waves", "", ("arm",), _covered),
    "active_accounts": ("crm_usage", "month", ("users", "active_users"), _active),
    "weekly_logins": ("crm_usage", "month", ("users", "weekly_users"), _logged_in),
    "actions_done": ("actions", "", ("action_id",), _done),
}
"""Each measure: its table, the day of a row, columns it needs, and how it is measured."""

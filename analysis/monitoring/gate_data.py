"""What gates ask for, measured on the canonical tables by a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from analysis.measurement.columns import dates, floats, present
from analysis.measurement.intervals import Interval, mean_t, wilson
from analysis.monitoring.training import PASS_MARKS, pass_rates, reactions_by_sheet

Tables = Mapping[str, pd.DataFrame | None]


def gate_measures(tables: Tables, *, until: dt.date | None = None) -> dict[str, Interval]:
    """Measure what gates ask for, as far as the tables allow; the rest is absent.

    Parameters
    ----------
    tables : Mapping[str, DataFrame]
        Canonical tables by name.
    until : date, optional
        Rows after that day are not counted: a gate is judged by what there was on its day.

    Returns
    -------
    dict[str, Interval]
        Shares with Wilson intervals, mean scores with t intervals, counts without.
    """
    found = {}
    for name, (table, day, columns, measure) in _MEASURES.items():
        frame = tables.get(table)
        if not present(frame, *columns):
            continue
        if until is not None and day in frame:
            frame = frame[~(dates(frame[day]) > pd.Timestamp(until))]
        interval = measure(frame, tables)
        if interval is not None and interval.n:
            found[name] = interval
    return found


def _count(value: int) -> Interval:
    return Interval(float(value), np.nan, np.nan, int(value), 0.95, "count")


def _share(hits: np.ndarray) -> Interval | None:
    hits = hits[np.isfinite(hits)]
    return wilson(int(hits.sum()), hits.size) if hits.size else None


def _frontline(staff: pd.DataFrame, _: Tables) -> Interval:
    return _count(int((staff["tier"] == "frontline").sum()))


def _came(enrolments: pd.DataFrame) -> pd.DataFrame:
    return enrolments[floats(enrolments["attended"]) == 1]


def _trained(enrolments: pd.DataFrame, _: Tables) -> Interval:
    return _count(_came(enrolments)["staff_id"].nunique())


def _attendance(enrolments: pd.DataFrame, _: Tables) -> Interval | None:
    return _share(floats(enrolments["attended"]))


def _passes(assessments: pd.DataFrame, _: Tables) -> Interval | None:
    table = pass_rates(assessments, PASS_MARKS, ())
    return wilson(int(table["hits"].iloc[0]), int(table["n"].iloc[0])) if len(table) else None


def _score(assessments: pd.DataFrame, _: Tables) -> Interval | None:
    first = (assessments["attempt"] == 1) & (assessments["occasion"] == "post")
    first &= assessments["form"].isin(list(PASS_MARKS)) & assessments["score"].notna()
    people = assessments[first].assign(score=floats(assessments.loc[first, "score"]))
    return mean_t(people.groupby("staff_id")["score"].mean().to_numpy()) if len(people) else None


def _satisfied(reactions: pd.DataFrame, tables: Tables) -> Interval | None:
    if not present(tables.get("instruments"), "scale_max"):
        return None
    sheets = reactions_by_sheet(reactions, tables["instruments"])
    return _share(sheets["hit"].to_numpy(dtype=float))


def _covered(waves: pd.DataFrame, tables: Tables) -> Interval | None:
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
    return Interval(share, np.nan, np.nan, len(planned), 0.95, "count")


def _active(usage: pd.DataFrame, _: Tables) -> Interval | None:
    last = usage[dates(usage["month"]) == dates(usage["month"]).max()]
    users, active = floats(last["users"]).sum(), floats(last["active_users"]).sum()
    return wilson(int(active), int(users)) if users else None


def _certified(lecturers: pd.DataFrame, tables: Tables) -> Interval:
    """Count the certificates there were among all lecturers of the list."""
    have = lecturers["certified"].fillna(False).astype(bool).sum()
    everybody = len(tables["lecturers"])
    return Interval(float(have) / everybody, np.nan, np.nan, everybody, 0.95, "count")


def _done(actions: pd.DataFrame, _: Tables) -> Interval:
    return Interval(
        float(actions["done_on"].notna().sum()), np.nan, np.nan, len(actions), 0.95, "count"
    )


_MEASURES: Mapping[str, tuple[str, str, tuple[str, ...], Callable]] = {
    "frontline_staff": ("staff", "hired_on", ("tier",), _frontline),
    "lecturers_certified": ("lecturers", "certified_on", ("certified",), _certified),
    "trained_people": ("enrolments", "held_on", ("attended",), _trained),
    "attendance": ("enrolments", "held_on", ("attended",), _attendance),
    "pass_rate": ("assessments", "assessed_on", ("score",), _passes),
    "mean_score": ("assessments", "assessed_on", ("score",), _score),
    "course_csat": ("reactions", "answered_on", ("score",), _satisfied),
    "sites_covered": ("waves", "", ("arm",), _covered),
    "active_accounts": ("crm_usage", "month", ("users", "active_users"), _active),
    "actions_done": ("actions", "", ("action_id",), _done),
}
"""Each measure: its table, the day of a row, columns it needs, and how it is measured."""

"""The stages of the programme as spans of its months, and how long the courses of a wave ran."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from analysis.measurement.columns import dates, floats, present
from analysis.monitoring.training.measures import site_of
from analysis.results import Check, StageResults, Topic, collect, none_found
from analysis.standards import Lines, course
from analysis.tables import periods_of

ENDS: Mapping[str, str] = {"needs": "M2", "training": "M6", "practice": "M9", "evaluation": "M12"}
"""Stages of the course in their order, with the milestone at which each ends."""

FIRST = "M1"
"""Milestone that is due in the first month of the programme."""


def months_asked(lines: Lines) -> dict[str, tuple[int, int]]:
    """Return the first and last month of the programme that each stage may take.

    Parameters
    ----------
    lines : Lines
        What the client's programme is held to; empty where it draws no stages.
    """
    ends, begins = lines.of("stage_ends"), lines.of("training_month")
    lasts = lines.of("training_months")
    if not ends or begins is None or lasts is None:
        return {}
    first, last = int(begins), int(begins + lasts) - 1
    found = {
        "needs": (1, min(int(ends.get("needs", first - 1)), first - 1)),
        "training": (first, last),
    }
    for name in ("practice", "evaluation"):
        if name in ends:
            found[name] = (last + 1, int(ends[name]))
            last = int(ends[name])
    return found


def stage_spans(
    milestones: pd.DataFrame,
    enrolments: pd.DataFrame | None,
    *,
    as_of: dt.date,
    lines: Lines,
) -> pd.DataFrame:
    """Set each stage's span beside what is asked of it.

    The first month of the programme is that in which its first milestone was planned. A stage is
    planned from the day the one before it ends to the day of its own milestone; the training
    began with its first class.

    Parameters
    ----------
    milestones : DataFrame
        Canonical table; stages whose milestone it does not name are left out.
    enrolments : DataFrame or None
        Canonical table, for the first class.
    as_of : date
        Day of the evaluation; what happened later is not looked at.
    lines : Lines
        What the client's programme is held to.

    Returns
    -------
    DataFrame
        ``stage, asked_from, asked_to`` (months of the programme), ``planned_from, planned_to``
        (dates), ``planned_last`` (month of the programme), ``actual_from, actual_to`` (dates),
        ``began`` (month of the programme in which the stage began), ``state`` (``to_come``,
        ``running``, ``overdue``, ``done``, ``done_late``).
    """
    today = pd.Timestamp(as_of)
    planned = dict(zip(milestones["milestone_id"], dates(milestones["planned_on"]), strict=True))
    actual = dates(milestones["actual_on"])
    reached = dict(zip(milestones["milestone_id"], actual.where(actual <= today), strict=True))
    begin = planned.get(FIRST, min(planned.values()))
    origin = _month(begin) - 1
    start, real = begin.replace(day=1), begin.replace(day=1)
    rows = []
    for name, (first, last) in months_asked(lines).items():
        end = ENDS[name]
        if pd.isna(planned.get(end, pd.NaT)):
            continue
        if name == "training":
            real = _first_class(enrolments, today)
        due, done = planned[end], reached[end]
        state = (
            ("done_late" if done > due else "done")
            if pd.notna(done)
            else "overdue"
            if due < today
            else "running"
            if pd.notna(real) and real <= today
            else "to_come"
        )
        began = None if pd.isna(real) else _month(real) - origin
        row = (name, first, last, _day(start), _day(due), _month(due) - origin)
        rows.append((*row, _day(real), _day(done), began, state))
        start, real = due + pd.Timedelta(days=1), done + pd.Timedelta(days=1)
    table = pd.DataFrame(rows, columns=_SPANS)
    return table.astype({"began": "Int64"})


def course_cycles(
    enrolments: pd.DataFrame, staff: pd.DataFrame | None, waves: pd.DataFrame, *, lines: Lines
) -> pd.DataFrame:
    """Return how long the courses of each wave ran, and in how many weeks of a month.

    Parameters
    ----------
    enrolments, staff, waves : DataFrame
        Canonical tables.
    lines : Lines
        What the client's programme is held to.

    Returns
    -------
    DataFrame
        One row per wave: ``wave, first, last`` (days of its first and last class), ``months``
        (calendar months from one to the other), ``asked`` (most months), ``people``,
        ``within`` (share of them who had classes in at most the weeks of a month that are asked;
        online courses are not classes), ``weeks`` (those weeks), ``over`` (whether it took more
        months, or anybody more weeks).
    """
    held = pd.DataFrame(
        {
            "staff_id": enrolments["staff_id"].astype(object),
            "day": dates(enrolments["held_on"]),
            "online": (enrolments["mode"] == "online") if "mode" in enrolments else False,
        }
    ).dropna(subset=["day"])
    taught = waves[waves["arm"] == "treated"].drop_duplicates("site_id").set_index("site_id")
    held["wave"] = held["staff_id"].map(site_of(staff)).map(taught["wave"])
    held = held.dropna(subset=["wave"])
    most, weeks = lines.of("training_months"), lines.of("class_weeks")
    rows = []
    for wave, part in held.groupby("wave"):
        first, last = part["day"].min(), part["day"].max()
        months = _month(last) - _month(first) + 1
        seen = part[~part["online"]]
        by_month = seen.groupby(["staff_id", seen["day"].dt.to_period("M")])["day"]
        busiest = by_month.agg(lambda d: d.dt.to_period("W").nunique()).groupby("staff_id").max()
        within = float((floats(busiest) <= (weeks or 5)).mean()) if len(busiest) else None
        over = (most is not None and months > most) or (within is not None and within < 1)
        row = (int(wave), _day(first), _day(last), months, most, part["staff_id"].nunique())
        rows.append((*row, within, weeks, over))
    return pd.DataFrame(rows, columns=_CYCLES)


def assess_stages(
    milestones: pd.DataFrame | None,
    enrolments: pd.DataFrame | None,
    staff: pd.DataFrame | None,
    waves: pd.DataFrame | None,
    *,
    as_of: dt.date,
    lines: Lines | None = None,
) -> StageResults:
    """Set the stages of the programme, and the courses of each wave, beside what is asked.

    Parameters
    ----------
    milestones, enrolments, staff, waves : DataFrame or None
        Canonical tables.
    as_of : date
        Day of the evaluation.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.

    Returns
    -------
    StageResults
        Tables ``stages`` (of :func:`stage_spans`) and ``course_cycles`` (of
        :func:`course_cycles`); checks ``monitoring.stages`` and ``monitoring.course_cycles``.
        Nothing of what no line is drawn for, or no table speaks of.
    """
    lines = lines or course()
    checks: list[Check] = []
    tables: dict[str, pd.DataFrame] = {}
    if months_asked(lines) and present(milestones, "planned_on"):
        tables["stages"] = spans = stage_spans(milestones, enrolments, as_of=as_of, lines=lines)
        checks += _of_stages(spans) if len(spans) else []
    asked = lines.of("training_months") is not None
    if asked and present(enrolments, "held_on") and present(waves, "wave"):
        found = course_cycles(enrolments, staff, waves, lines=lines)
        tables["course_cycles"] = found
        checks += _of_cycles(found) if len(found) else []
    return collect("monitoring", checks, tables=tables)


def _of_stages(spans: pd.DataFrame) -> list[Check]:
    late = spans["state"].isin(["overdue", "done_late"])
    training = spans[spans["stage"] == "training"]
    began = training["began"].dropna()
    params = {
        "stages": len(spans),
        "done": int(spans["state"].isin(["done", "done_late"]).sum()),
        "late": int(late.sum()),
        "began": int(began.iloc[0]) if len(began) else None,
        "asked": int(training["asked_from"].iloc[0]) if len(training) else None,
    }
    n = len(spans)
    stem = "monitoring.check.stages"
    check = none_found("monitoring.stages", Topic.STAGES, stem, int(late.sum()), n=n, params=params)
    return [check if len(began) else replace(check, reason=f"{stem}.not_begun")]


def _of_cycles(cycles: pd.DataFrame) -> list[Check]:
    over = int(cycles["over"].sum())
    params = {
        "waves": len(cycles),
        "over": over,
        "longest": int(cycles["months"].max()),
        "asked": int(cycles["asked"].iloc[0]),
        "weeks": int(cycles["weeks"].iloc[0]) if cycles["weeks"].notna().any() else 5,
    }
    stem, n = "monitoring.check.course_cycles", len(cycles)
    return [none_found("monitoring.course_cycles", Topic.TEACHING, stem, over, n=n, params=params)]


def _first_class(enrolments: pd.DataFrame | None, today: pd.Timestamp) -> pd.Timestamp:
    if not present(enrolments, "held_on"):
        return pd.NaT
    held = dates(enrolments["held_on"])
    return held[held <= today].min()


def _month(day: pd.Timestamp) -> int:
    return int(periods_of(pd.Series([day])).iloc[0])


def _day(moment: pd.Timestamp) -> dt.date | None:
    return None if pd.isna(moment) else moment.date()


_SPANS = [
    "stage",
    "asked_from",
    "asked_to",
    "planned_from",
    "planned_to",
    "planned_last",
    "actual_from",
    "actual_to",
    "began",
    "state",
]
_CYCLES = ["wave", "first", "last", "months", "asked", "people", "within", "weeks", "over"]

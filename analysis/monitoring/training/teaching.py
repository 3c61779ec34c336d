"""How teaching was laid out: people in a class, and hours that a lecturer taught in a year.

Both are counted from the roster. They are facts, not samples: their alerts carry no p-value.
"""

from __future__ import annotations

import datetime as dt

import pandas as pd

from analysis.measurement.columns import dates, floats, present
from analysis.monitoring.lacking import lacking
from analysis.results import Alert, Check, StageResults, Topic, collect, none_found

MOST_IN_A_CLASS = 30
"""People beyond whom a class is too large (R085)."""

LEAST_HOURS = 20.0
"""Hours that a lecturer teaches in a year at least (R106)."""


def class_sizes(enrolments: pd.DataFrame) -> pd.DataFrame:
    """Count the people who came to each class; online courses have no class.

    Returns
    -------
    DataFrame
        One row per session of a module, the largest first: ``module, session, held_on, enrolled,
        came`` (of those with a record), ``too_large`` (more than 30 came).
    """
    taught = _in_class(enrolments)
    frame = pd.DataFrame(
        {
            "module": taught["module"].astype(str),
            "session": taught["session"].astype(str),
            "held_on": dates(taught["held_on"]),
            "staff_id": taught["staff_id"],
            "came": (floats(taught["attended"]) == 1),
        }
    )
    table = frame.groupby(["module", "session"], as_index=False).agg(
        held_on=("held_on", "min"), enrolled=("staff_id", "nunique"), came=("came", "sum")
    )
    table["held_on"] = table["held_on"].dt.date
    table["too_large"] = table["came"] > MOST_IN_A_CLASS
    order = {"by": ["came", "module", "session"], "ascending": [False, True, True]}
    return table.sort_values(**order, ignore_index=True)


def lecturer_hours(enrolments: pd.DataFrame, *, as_of: dt.date) -> pd.DataFrame:
    """Add up the hours each lecturer taught in class, by calendar year.

    A session counts once, however many people came. A year is over when ``as_of`` is its last
    day or later; years in which nobody taught are left out, for no lecturer could have.

    Returns
    -------
    DataFrame
        ``lecturer_id, year, sessions, hours, over`` (whether the year is), ``short`` (under 20
        hours in a year that is over). A lecturer stands in each year in which anybody taught
        from the first of their own.
    """
    taught = _in_class(enrolments)
    taught = taught[taught["lecturer_id"].notna() & taught["held_on"].notna()]
    frame = pd.DataFrame(
        {
            "lecturer_id": taught["lecturer_id"].astype(str),
            "year": dates(taught["held_on"]).dt.year,
            "module": taught["module"].astype(str),
            "session": taught["session"].astype(str),
            "hours": floats(taught["hours"]),
        }
    )
    keys = ["lecturer_id", "year"]
    sessions = frame.groupby([*keys, "module", "session"], as_index=False)["hours"].max()
    table = sessions.groupby(keys).agg(sessions=("hours", "size"), hours=("hours", "sum"))
    began = frame.groupby("lecturer_id")["year"].min()
    years = sorted(frame["year"].unique())
    grid = [(id, year) for id in began.index for year in years if year >= began[id]]
    table = table.reindex(pd.MultiIndex.from_tuples(grid, names=keys), fill_value=0)
    table = table.reset_index().astype({"sessions": int, "hours": float})
    table["over"] = [dt.date(int(year), 12, 31) <= as_of for year in table["year"]]
    table["short"] = table["over"] & (table["hours"] < LEAST_HOURS)
    return table.sort_values(["year", "hours", "lecturer_id"], ignore_index=True)


def _in_class(enrolments: pd.DataFrame) -> pd.DataFrame:
    kept = enrolments["module"].notna() & enrolments["session"].notna()
    if "mode" in enrolments:
        kept &= enrolments["mode"].fillna("classroom") != "online"
    return enrolments[kept]


def assess_teaching(enrolments: pd.DataFrame | None, *, as_of: dt.date) -> StageResults:
    """Hold classes against 30 people and lecturers against 20 hours a year.

    Returns
    -------
    StageResults
        Tables ``class_sizes`` and ``lecturer_hours``; checks ``monitoring.class_sizes`` and
        ``monitoring.lecturer_hours``; an alert of grade 3 for each class that was too large
        (``monitoring.alert.class_too_large.<module>.<session>``) and for each lecturer short of
        hours in the newest year that is over (``monitoring.alert.lecturer_hours.<lecturer>``).
    """
    items, tables = [], {}
    if present(enrolments, *_OF_SIZES):
        tables["class_sizes"] = sizes = class_sizes(enrolments)
        items += _judge_sizes(sizes)
    else:
        items.append(_lacking("class_sizes", enrolments, *_OF_SIZES))
    if present(enrolments, *_OF_HOURS):
        tables["lecturer_hours"] = hours = lecturer_hours(enrolments, as_of=as_of)
        items += _judge_hours(hours)
    else:
        items.append(_lacking("lecturer_hours", enrolments, *_OF_HOURS))
    return collect("monitoring", items, tables=tables)


def _judge_sizes(sizes: pd.DataFrame) -> list[Check | Alert]:
    if sizes.empty:
        return [_lacking("class_sizes", None)]
    large = sizes[sizes["too_large"]]
    params = {
        "classes": len(sizes),
        "large": len(large),
        "most": MOST_IN_A_CLASS,
        "largest": int(sizes["came"].max()),
    }
    stem = "monitoring.check.class_sizes"
    check = none_found(
        "monitoring.class_sizes", Topic.TEACHING, stem, len(large), n=len(sizes), params=params
    )
    return [check, *(_large(row) for row in large.itertuples())]


def _judge_hours(hours: pd.DataFrame) -> list[Check | Alert]:
    over = hours[hours["over"]]
    if over.empty:
        return [_no_year()]
    newest = over[over["year"] == over["year"].max()]
    short = newest[newest["short"]]
    params = {
        "lecturers": len(newest),
        "short": len(short),
        "least": LEAST_HOURS,
        "year": str(int(newest["year"].iloc[0])),
        "fewest": float(newest["hours"].min()),
    }
    stem = "monitoring.check.lecturer_hours"
    check = none_found(
        "monitoring.lecturer_hours", Topic.TEACHING, stem, len(short), n=len(newest), params=params
    )
    return [check, *(_short(row) for row in short.itertuples())]


_OF_SIZES = ("session", "attended", "held_on")
_OF_HOURS = ("session", "lecturer_id", "held_on", "hours")
"""Columns of enrolments without which classes, or hours, cannot be counted."""


def _lacking(name: str, enrolments: pd.DataFrame | None, *columns: str) -> Check:
    question = f"monitoring.check.{name}.question"
    return lacking(
        f"monitoring.{name}", Topic.TEACHING, question, "enrolments", enrolments, *columns
    )


def _no_year() -> Check:
    return Check(
        id="monitoring.lecturer_hours",
        topic=Topic.TEACHING,
        question="monitoring.check.lecturer_hours.question",
        status="not_possible",
        reason="monitoring.reason.no_year",
    )


def _large(row) -> Alert:
    subject = f"{row.module} {row.session}"
    return Alert(
        id=f"monitoring.alert.class_too_large.{row.module}.{row.session}",
        rule="class_too_large",
        grade=3,
        message="monitoring.alert.class_too_large.message",
        response="monitoring.alert.class_too_large.response",
        subject=subject,
        unit="count",
        value=float(row.came),
        threshold=float(MOST_IN_A_CLASS),
        n=int(row.came),
        owner="monitoring.owner.training_manager",
        requirement="R085",
        params={"subject": subject, "came": int(row.came), "most": MOST_IN_A_CLASS},
    )


def _short(row) -> Alert:
    return Alert(
        id=f"monitoring.alert.lecturer_hours.{row.lecturer_id}",
        rule="lecturer_hours",
        grade=3,
        message="monitoring.alert.lecturer_hours.message",
        response="monitoring.alert.lecturer_hours.response",
        subject=str(row.lecturer_id),
        unit="hours",
        value=float(row.hours),
        threshold=LEAST_HOURS,
        n=int(row.sessions),
        owner="monitoring.owner.training_manager",
        requirement="R106",
        params={
            "subject": str(row.lecturer_id)[:6],
            "year": str(int(row.year)),
            "hours": float(row.hours),
            "least": LEAST_HOURS,
        },
    )

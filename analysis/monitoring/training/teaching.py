"""How teaching was laid out: people in a class, and hours that a lecturer taught in a year.

Both are counted from the roster. They are facts, not samples: their alerts carry no p-value.
"""

from __future__ import annotations

import datetime as dt
import math

import pandas as pd

from analysis.measurement.columns import dates, floats, present
from analysis.monitoring.lacking import lacking
from analysis.results import Alert, Check, StageResults, Topic, collect, none_found
from analysis.standards import Lines, course


def class_sizes(enrolments: pd.DataFrame, most: float | None = None) -> pd.DataFrame:
    """Count the people who came to each class; online courses have no class.

    Parameters
    ----------
    enrolments : DataFrame
        Canonical table.
    most : float, optional
        People beyond whom a class is too large; none is without it.

    Returns
    -------
    DataFrame
        One row per session of a module, the largest first: ``module, session, held_on, enrolled,
        came`` (of those with a record), ``too_large`` (more than ``most`` came).
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
    table["too_large"] = table["came"] > (math.inf if most is None else most)
    order = {"by": ["came", "module", "session"], "ascending": [False, True, True]}
    return table.sort_values(**order, ignore_index=True)


def lecturer_hours(
    enrolments: pd.DataFrame, *, as_of: dt.date, least: float | None = None
) -> pd.DataFrame:
    """Add up the hours each lecturer taught in class, by calendar year.

    A session counts once, however many people came. A year is over when ``as_of`` is its last
    day or later; years in which nobody taught are left out, for no lecturer could have.

    Parameters
    ----------
    enrolments : DataFrame
        Canonical table.
    as_of : date
        Day of the evaluation.
    least : float, optional
        Hours asked of a lecturer in a year; nobody is short without it.

    Returns
    -------
    DataFrame
        ``lecturer_id, year, sessions, hours, over`` (whether the year is), ``short`` (under
        ``least`` hours in a year that is over). A lecturer stands in each year in which anybody
        taught from the first of their own.
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
    table["short"] = table["over"] & (table["hours"] < (least or 0.0))
    return table.sort_values(["year", "hours", "lecturer_id"], ignore_index=True)


def _in_class(enrolments: pd.DataFrame) -> pd.DataFrame:
    kept = enrolments["module"].notna() & enrolments["session"].notna()
    if "mode" in enrolments:
        kept &= enrolments["mode"].fillna("classroom") != "online"
    return enrolments[kept]


def assess_teaching(
    enrolments: pd.DataFrame | None, *, as_of: dt.date, lines: Lines | None = None
) -> StageResults:
    """Hold classes against the most people, and lecturers against the least hours a year.

    Parameters
    ----------
    enrolments : DataFrame or None
        Canonical table.
    as_of : date
        Day of the evaluation.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.

    Returns
    -------
    StageResults
        Tables ``class_sizes`` and ``lecturer_hours``; where a line is drawn the checks
        ``monitoring.class_sizes`` and ``monitoring.lecturer_hours``; an alert of grade 3 for each
        class that was too large (``monitoring.alert.class_too_large.<module>.<session>``) and for
        each lecturer short of hours in the newest year that is over
        (``monitoring.alert.lecturer_hours.<lecturer>``).
    """
    lines, items, tables = lines or course(), [], {}
    most, least = lines.of("class_size"), lines.of("lecturer_hours")
    if present(enrolments, *_OF_SIZES):
        tables["class_sizes"] = sizes = class_sizes(enrolments, most)
        items += [] if most is None else _judge_sizes(sizes, most, lines)
    elif most is not None:
        items.append(_lacking("class_sizes", enrolments, *_OF_SIZES))
    if present(enrolments, *_OF_HOURS):
        tables["lecturer_hours"] = hours = lecturer_hours(enrolments, as_of=as_of, least=least)
        items += [] if least is None else _judge_hours(hours, least, lines)
    elif least is not None:
        items.append(_lacking("lecturer_hours", enrolments, *_OF_HOURS))
    return collect("monitoring", items, tables=tables)


def _judge_sizes(sizes: pd.DataFrame, most: float, lines: Lines) -> list[Check | Alert]:
    if sizes.empty:
        return [_lacking("class_sizes", None)]
    large = sizes[sizes["too_large"]]
    params = {
        "classes": len(sizes),
        "large": len(large),
        "most": most,
        "largest": int(sizes["came"].max()),
    }
    stem = "monitoring.check.class_sizes"
    check = none_found(
        "monitoring.class_sizes", Topic.TEACHING, stem, len(large), n=len(sizes), params=params
    )
    return [check, *(_large(row, most, lines) for row in large.itertuples())]


def _judge_hours(hours: pd.DataFrame, least: float, lines: Lines) -> list[Check | Alert]:
    over = hours[hours["over"]]
    if over.empty:
        return [_no_year()]
    newest = over[over["year"] == over["year"].max()]
    short = newest[newest["short"]]
    params = {
        "lecturers": len(newest),
        "short": len(short),
        "least": least,
        "year": str(int(newest["year"].iloc[0])),
        "fewest": float(newest["hours"].min()),
    }
    stem = "monitoring.check.lecturer_hours"
    check = none_found(
        "monitoring.lecturer_hours", Topic.TEACHING, stem, len(short), n=len(newest), params=params
    )
    return [check, *(_short(row, least, lines) for row in short.itertuples())]


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


def _large(row, most: float, lines: Lines) -> Alert:
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
        threshold=float(most),
        n=int(row.came),
        owner="monitoring.owner.training_manager",
        requirement=lines.requirement("class_size"),
        params={"subject": subject, "came": int(row.came), "most": most},
    )


def _short(row, least: float, lines: Lines) -> Alert:
    return Alert(
        id=f"monitoring.alert.lecturer_hours.{row.lecturer_id}",
        rule="lecturer_hours",
        grade=3,
        message="monitoring.alert.lecturer_hours.message",
        response="monitoring.alert.lecturer_hours.response",
        subject=str(row.lecturer_id),
        unit="hours",
        value=float(row.hours),
        threshold=float(least),
        n=int(row.sessions),
        owner="monitoring.owner.training_manager",
        requirement=lines.requirement("lecturer_hours"),
        params={
            "subject": str(row.lecturer_id)[:6],
            "year": str(int(row.year)),
            "hours": float(row.hours),
            "least": least,
        },
    )

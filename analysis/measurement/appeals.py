"""Objections of employees to results that count for them: recorded, and decided in time."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from analysis.measurement.columns import dates, present
from analysis.measurement.intervals import wilson
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import LEVEL

LEAST_IN_TIME = 0.95
"""Share of objections decided by their day that a working procedure reaches."""


def appeal_states(appeals: pd.DataFrame, *, on: dt.date, level: float = LEVEL) -> pd.DataFrame:
    """Say of every kind of objection how many were decided, and how many of those in time.

    Parameters
    ----------
    appeals : DataFrame
        Canonical table ``appeals``.
    on : date
        Day of the count; an open objection is late when it was due before it.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        One row per kind: ``about, n, decided, changed`` (result corrected), ``late`` (decided
        after its day, or open past it), ``judged`` (with a day by which it was due), ``value,
        ci_low, ci_high`` (share of those judged that were not late; Wilson).
    """
    due, done = dates(appeals["due_on"]), dates(appeals["decided_on"])
    ended = done.fillna(pd.Timestamp(on))
    frame = pd.DataFrame(
        {
            "about": appeals["about"].astype(object).fillna("other"),
            "decided": done.notna(),
            "changed": (appeals["outcome"] == "changed").fillna(False).astype(bool),
            "judged": due.notna() & (done.notna() | (due < pd.Timestamp(on))),
            "late": due.notna() & (ended > due),
        }
    )
    rows = []
    for about, mine in frame.groupby("about", sort=True):
        judged, late = int(mine["judged"].sum()), int((mine["judged"] & mine["late"]).sum())
        share = wilson(judged - late, judged, level=level) if judged else None
        ends = (share.value, share.low, share.high) if share else (None, None, None)
        counts = (len(mine), int(mine["decided"].sum()), int(mine["changed"].sum()))
        rows.append((about, *counts, late, judged, *ends))
    columns = ["about", "n", "decided", "changed", "late", "judged", "value", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=columns)


def assess_appeals(
    appeals: pd.DataFrame | None, *, on: dt.date, level: float = LEVEL
) -> StageResults:
    """Ask whether employees can object to a result, and are answered in time.

    Without that, no result may count for a single employee, however reliable it is
    (R077, R177, R216).

    Parameters
    ----------
    appeals : DataFrame or None
        Canonical table.
    on : date
        Day on which they are judged.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Table ``appeals`` (of :func:`appeal_states`); check ``baseline.appeals``: ``not_possible``
        without a record of objections, ``caution`` when fewer than 95 % were decided by their
        day, else ``passed``.
    """
    question = "measurement.check.appeals.question"
    if not present(appeals, "filed_on"):
        missing = Check(
            id="baseline.appeals",
            topic=Topic.APPEALS,
            question=question,
            status="not_possible",
            reason="measurement.check.appeals.none",
            remedy="measurement.check.appeals.record",
        )
        return collect("baseline", [missing])
    table = appeal_states(appeals, on=on, level=level)
    judged, late = int(table["judged"].sum()), int(table["late"].sum())
    in_time = (judged - late) / judged if judged else 1.0
    fine = in_time >= LEAST_IN_TIME
    check = Check(
        id="baseline.appeals",
        topic=Topic.APPEALS,
        question=question,
        status="passed" if fine else "caution",
        value=in_time,
        threshold=LEAST_IN_TIME,
        unit="share",
        n=judged,
        reason="measurement.check.appeals.reason",
        remedy=None if fine else "measurement.check.appeals.remedy",
        params={
            "filed": int(table["n"].sum()),
            "decided": int(table["decided"].sum()),
            "changed": int(table["changed"].sum()),
            "judged": judged,
            "late": late,
            "line": LEAST_IN_TIME,
        },
    )
    return collect("baseline", [check], tables={"appeals": table})

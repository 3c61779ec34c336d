"""The critical path of milestones: what decides the end, what has slack, where the end now lies."""

from __future__ import annotations

import datetime as dt
import re
from graphlib import CycleError, TopologicalSorter

import numpy as np
import pandas as pd

from analysis.measurement.columns import dates
from analysis.monitoring.refusals import Refusal, RefusedError

_BETWEEN = re.compile(r"[,;，；、\s]+")


def predecessors(milestones: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Return what each milestone waits for; the one planned before it when nothing is said.

    Parameters
    ----------
    milestones : DataFrame
        Canonical table; ``after`` holds ids between commas or ``、``. A table without any entry
        is taken as a chain in planned order.

    Raises
    ------
    RefusedError
        For an id that is no milestone, or milestones that wait for each other.
    """
    ordered = milestones.sort_values(["planned_on", "milestone_id"])
    ids = ordered["milestone_id"].astype(str).tolist()
    said = ordered["after"] if "after" in ordered else pd.Series(None, index=ordered.index)
    if said.isna().all():
        return {id: tuple(ids[max(0, i - 1) : i]) for i, id in enumerate(ids)}
    waits = {
        id: tuple(part for part in _BETWEEN.split(str(text)) if part) if pd.notna(text) else ()
        for id, text in zip(ids, said, strict=True)
    }
    for id, before in waits.items():
        for name in before:
            if name not in waits:
                raise RefusedError(
                    Refusal.UNKNOWN_MILESTONE,
                    f"milestones: {id} waits for {name!r}, which is no milestone; "
                    f"after names ids of the same table, e.g. {ids[0]}",
                )
    _ordered(waits)
    return waits


def _ordered(waits: dict[str, tuple[str, ...]]) -> list[str]:
    """Milestones so that each comes after those it waits for."""
    try:
        return list(TopologicalSorter(waits).static_order())
    except CycleError as error:
        circle = sorted(set(error.args[1]))
        message = f"milestones: {circle} wait for each other; break the circle"
        raise RefusedError(Refusal.CIRCLE, message) from error


def critical_path(milestones: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """Slack and expected day of every milestone, as known on a day.

    A step lasts from the planned day of the latest milestone it waits for to its own. Slack is
    how many days it may slip before the last milestone does, in the plan. Expected days carry
    delays forward: a milestone that was reached stands at its day, one that is open comes its
    planned duration after the last of those it waits for, not before its plan and not before
    ``as_of``.

    Parameters
    ----------
    milestones : DataFrame
        Canonical table.
    as_of : date
        Days after it are not looked at.

    Returns
    -------
    DataFrame
        In planned order: ``milestone_id, name, after, duration_days, slack_days, critical``
        (no slack), ``expected_on, expected_late`` (days by the plan).

    References
    ----------
    Kelley & Walker (1959), Critical-path planning and scheduling.
    """
    waits = predecessors(milestones)
    frame = milestones.assign(milestone_id=milestones["milestone_id"].astype(str))
    frame = frame.sort_values(["planned_on", "milestone_id"]).set_index("milestone_id")
    planned, actual = dates(frame["planned_on"]), dates(frame["actual_on"])
    today = pd.Timestamp(as_of)
    actual = actual.where(actual <= today)
    order = _ordered(waits)
    begins = {id: max((planned[b] for b in waits[id]), default=None) for id in order}
    last: dict[str, pd.Timestamp] = {}
    for id in reversed(order):
        after = [j for j in order if id in waits[j]]
        room = [last[j] - (planned[j] - begins[j]) for j in after]
        last[id] = min(room, default=planned.max())
    expected: dict[str, pd.Timestamp] = {}
    for id in order:
        if pd.notna(actual[id]):
            expected[id] = actual[id]
            continue
        length = planned[id] - begins[id] if begins[id] is not None else pd.Timedelta(0)
        after = [expected[b] + length for b in waits[id]]
        expected[id] = max([planned[id], today, *after])
    rows = []
    for id in frame.index:
        length = (planned[id] - begins[id]).days if begins[id] is not None else np.nan
        slack = (last[id] - planned[id]).days
        rows.append(
            {
                "milestone_id": id,
                "name": frame["name"][id],
                "after": ", ".join(waits[id]),
                "duration_days": length,
                "slack_days": slack,
                "critical": slack <= 0,
                "expected_on": expected[id].date(),
                "expected_late": (expected[id] - planned[id]).days,
            }
        )
    return pd.DataFrame(rows)

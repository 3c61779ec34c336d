"""Proposals across runs: what became of those of earlier reports.

The register has one row per proposal ever made. It is computed from the runs in order of their day
and from what people decided, so the same runs and decisions always give the same register, and
nothing of a later day is looked at. A run for the same day is an earlier report once people decided
on what it proposed; before that it is this report, made again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import pandas as pd

from analysis.decision_sheet import DecisionSheet
from analysis.measurement.intervals import wilson
from analysis.results import Check, Estimate, Topic, none_found
from analysis.settings import LEVEL

SHEET = DecisionSheet(
    key="action_id",
    states=("accepted", "declined", "done"),
    extra=("course_version",),
    example="pass_rate_low:沟通技巧,done,2025-03-01,Wang,V2.1,two more role plays",
    rule="action",
)
"""``actions.csv`` of a client: what was decided on proposals, and the course version it led to."""

COLUMNS = ("action_id", "action", "owner", "subject", "priority", "proposed_on", "due_on",
           "times", "state", "done_on", "course_version", "note")  # fmt: skip
STATES = ("proposed", "accepted", "overdue", "done_late", "done", "declined")


def with_ids(proposals: pd.DataFrame) -> pd.DataFrame:
    """Return proposals with an ``action_id`` that the next run will give again.

    It names the action, or the rule of the alert that asks for it, and its subject
    (``pass_rate_low:沟通技巧``), so that a proposal that comes back
    is the same proposal.
    """
    ids = [
        f"{_short(action)}:{subject}".removesuffix(":")
        for action, subject in zip(proposals["action"], proposals["subject"], strict=True)
    ]
    return proposals.assign(action_id=pd.Series(ids, index=proposals.index, dtype="str"))


def _short(action: str) -> str:
    """Return what an action is called in an id: an alert's by the rule that raised it."""
    *_, rule, last = f"..{action}".split(".")
    return rule if action.startswith("monitoring.alert.") else last


def carry_over(
    runs: Iterable[tuple[dt.date, pd.DataFrame]],
    decisions: pd.DataFrame | None = None,
    *,
    on: dt.date,
) -> pd.DataFrame:
    """Tell what became of the proposals of earlier runs.

    Parameters
    ----------
    runs : Iterable of (date, DataFrame)
        Day looked at and table ``actions`` of each earlier run; of several runs for one day the
        last counts. One of the day ``on`` itself counts where something was decided on it.
    decisions : DataFrame, optional
        As :data:`SHEET` reads them. Those made after ``on`` are not known yet.
    on : date
        Day of this report.

    Returns
    -------
    DataFrame
        :data:`COLUMNS`, one row per proposal, by day it is due. ``state`` is ``proposed`` (nobody
        decided), ``accepted``, ``declined``, ``done``, ``done_late``, or ``overdue`` (due before
        ``on``, and neither done nor declined). A proposal made again after it was done begins
        anew: its first day and due day are those of the new one.
    """
    made = _known(decisions, on)
    rows: dict[str, dict] = {}
    for day, proposals in sorted(dict(runs).items()):
        if day > on or proposals.empty or (day == on and not _decided_on(proposals, made, on)):
            continue
        for row in with_ids(proposals).to_dict("records"):
            rows[row["action_id"]] = _proposed(rows.get(row["action_id"]), row, day, made)
    table = [{**row, **_state(row, made, on)} for row in rows.values()]
    register = pd.DataFrame(table, columns=list(COLUMNS))
    return register.sort_values(["due_on", "action_id"], ignore_index=True)


def _decided_on(proposals: pd.DataFrame, made: dict[str, list[dict]], on: dt.date) -> bool:
    """Whether people decided, on a day, on anything that was proposed."""
    return any(_settled(name, made, on, SHEET.states) for name in with_ids(proposals)["action_id"])


def _settled(name: str, made: dict[str, list[dict]], on: dt.date, states: Sequence[str]) -> bool:
    last = (made.get(name) or [{"decided_on": "", "state": ""}])[-1]
    return last["decided_on"] == on.isoformat() and last["state"] in states


def still_open(
    proposals: pd.DataFrame, decisions: pd.DataFrame | None, *, on: dt.date
) -> pd.DataFrame:
    """Leave out what was done or declined since the data ended: they cannot speak against it.

    Parameters
    ----------
    proposals : DataFrame
        Of this report, with ``action_id``.
    decisions : DataFrame, optional
        As :data:`SHEET` reads them, those after the last day of data dated to it.
    on : date
        Last day of data.
    """
    made = _known(decisions, on)
    ended = [_settled(name, made, on, ("done", "declined")) for name in proposals["action_id"]]
    return proposals[~pd.Series(ended, index=proposals.index, dtype=bool)].reset_index(drop=True)


def _proposed(before: dict | None, row: dict, day: dt.date, made: dict) -> dict:
    today = day.isoformat()
    if before is not None:
        finished = _state(before, made, day)["done_on"]
        if not finished or finished > today:
            return {**before, "times": before["times"] + 1, "priority": row["priority"]}
    kept = {name: row[name] for name in ("action_id", "action", "owner", "subject", "priority")}
    return {**kept, "proposed_on": today, "due_on": str(row["due_on"]), "times": 1}


def current(proposals: pd.DataFrame, register: pd.DataFrame) -> pd.DataFrame:
    """Return every action once, as it stands on the day of the report.

    An earlier proposal keeps its first day due and its state; one that was done or declined and
    is proposed again counts as new.

    Parameters
    ----------
    proposals : DataFrame
        Of this report, with ``action_id``.
    register : DataFrame
        As of :func:`carry_over`.

    Returns
    -------
    DataFrame
        ``action_id, action, owner, subject, due_on, state``, by day due.
    """
    kept = ["action_id", "action", "owner", "subject", "due_on", "state"]
    ended = set()
    if not register.empty and not proposals.empty:
        over = register["state"].isin(["done", "done_late", "declined"])
        ended = set(register.loc[over, "action_id"]) & set(proposals["action_id"])
    parts = [frame.reindex(columns=kept) for frame in (register, proposals) if not frame.empty]
    if not parts:
        return pd.DataFrame(columns=kept)
    if not register.empty:
        parts[0] = parts[0][~parts[0]["action_id"].isin(ended)]
    rows = pd.concat(parts, ignore_index=True).drop_duplicates("action_id")
    rows = rows.assign(state=rows["state"].astype(object).fillna("proposed"))
    return rows.sort_values(["due_on", "action_id"], ignore_index=True)


def _state(row: dict, made: dict[str, list[dict]], on: dt.date) -> dict:
    inside = [
        d
        for d in made.get(row["action_id"], [])
        if row["proposed_on"] <= d["decided_on"] <= on.isoformat()
    ]
    last = inside[-1] if inside else dict.fromkeys(SHEET.columns, "")
    more = {"course_version": last["course_version"], "note": last["note"], "done_on": ""}
    if last["state"] == "done":
        late = last["decided_on"] > row["due_on"]
        return {**more, "state": "done_late" if late else "done", "done_on": last["decided_on"]}
    if last["state"] == "declined":
        return {**more, "state": "declined"}
    if row["due_on"] < on.isoformat():
        return {**more, "state": "overdue"}
    return {**more, "state": last["state"] or "proposed"}


def _known(decisions: pd.DataFrame | None, on: dt.date) -> dict[str, list[dict]]:
    if decisions is None or decisions.empty:
        return {}
    known = decisions[decisions["decided_on"] <= on.isoformat()]
    known = known.sort_values("decided_on", kind="stable")
    return {str(id): rows.to_dict("records") for id, rows in known.groupby("action_id")}


def sheet(proposals: pd.DataFrame, register: pd.DataFrame, decisions: pd.DataFrame) -> pd.DataFrame:
    """Return the sheet to fill in: decisions made, then every proposal that waits for one."""
    waiting = [*register.loc[register["state"].isin(["proposed", "overdue"]), "action_id"]]
    waiting += [*with_ids(proposals)["action_id"]]
    fresh = [name for name in dict.fromkeys(waiting) if name not in set(decisions["action_id"])]
    empty = pd.DataFrame(dict.fromkeys(SHEET.columns, ""), index=range(len(fresh)))
    return pd.concat([decisions[list(SHEET.columns)], empty.assign(action_id=fresh)])


def utilisation(
    register: pd.DataFrame, *, simulated: bool = False, level: float = LEVEL
) -> Estimate:
    """Share of earlier proposals that were taken up: accepted, done, or done late.

    The source documents name 35 % as what is usual (R187). Wilson interval; proposals are taken
    as independent.

    Parameters
    ----------
    register : DataFrame
        As of :func:`carry_over`.
    simulated : bool
        Whether the results are of a simulated world.
    level : float
        Coverage of intervals.
    """
    common = {
        "id": "value.utilisation",
        "estimand": "proportion",
        "unit": "share",
        "n": len(register),
        "method": "proportion",
        "simulated": simulated,
        "level": level,
    }
    if register.empty:
        return Estimate(**common, value=None, reason="value.reason.no_earlier_proposals")
    used = int(register["state"].isin(["accepted", "done", "done_late"]).sum())
    interval = wilson(used, len(register), level=level)
    return Estimate(
        **common,
        value=used / len(register),
        ci_low=interval.low,
        ci_high=interval.high,
        interval_method="wilson",
    )


def overdue_check(states: Sequence[str]) -> Check:
    """Say how many earlier actions are done and how many are due and not done."""
    total = len(states)
    overdue = sum(state == "overdue" for state in states)
    done = sum(state in ("done", "done_late") for state in states)
    params = {"actions": total, "done": done, "overdue": overdue}
    return none_found(
        "value.actions", Topic.ACTIONS, "value.check.actions", overdue, n=total, params=params
    )

"""Alerts across runs: one that comes back is the same alert, with a state and a past.

The ledger has one row per alert ever raised. It is computed from the runs in order of their day and
from the consultant's decisions, so the same runs and decisions always give the same ledger, and
nothing of a later day is looked at.

An *episode* begins when an alert is raised that was not raised in the run before, or was less
grave then. A decision holds for the episode it was made in: a closed alert that
comes back is open again, under its old identifier and with its past.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from analysis.results import Alert, Check, Topic

STATES = ("open", "acknowledged", "closed")

LEDGER: dict[str, str] = {
    "alert_id": "str",
    "rule": "str",
    "subject": "str",
    "grade": "int64",
    "state": "str",
    "firing": "bool",
    "episode": "int64",
    "since": "str",
    "first_seen": "str",
    "last_seen": "str",
    "times_seen": "int64",
    "value": "float64",
    "threshold": "float64",
    "due_on": "str",
    "note": "str",
    "run_on": "str",
}
"""Columns of the ledger. Days are ISO text, "" where there is none; ``since`` is the first day
of the episode, ``run_on`` the day of the newest run in it."""

DECISIONS = ("alert_id", "state", "decided_on", "decided_by", "note")
"""Columns of the consultant's decisions; one row per decision."""


def empty_ledger() -> pd.DataFrame:
    """Return a ledger without rows."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in LEDGER.items()})


def merge(
    previous: pd.DataFrame | None,
    current: Sequence[Alert],
    decisions: pd.DataFrame | None = None,
    *,
    on: dt.date,
) -> pd.DataFrame:
    """Carry the ledger on by one run.

    Parameters
    ----------
    previous : DataFrame or None
        Ledger up to the run before; None at the first.
    current : Sequence[Alert]
        Alerts that ring in this run; identifiers are unique.
    decisions : DataFrame, optional
        Columns :data:`DECISIONS`. Those made after ``on`` are not known yet; of several in one
        episode the newest counts, in one day the last row.
    on : date
        Day of this run, after that of the run before.

    Returns
    -------
    DataFrame
        Columns :data:`LEDGER`, sorted by ``alert_id``. State: ``open`` when an episode begins;
        then as decided within it; ``closed`` once it rings no longer. ``due_on`` is that of
        the first day of the episode, so that waiting never moves it.

    Raises
    ------
    ValueError
        When ``on`` is not after the newest run of the ledger, or an identifier is doubled.
    """
    ledger = empty_ledger() if previous is None else previous
    if len(ledger) and on.isoformat() <= ledger["run_on"].max():
        raise ValueError(f"the ledger already knows {ledger['run_on'].max()}; {on} is not after it")
    if len({alert.id for alert in current}) != len(current):
        raise ValueError("two alerts of one run share an identifier")
    past = {row["alert_id"]: row for row in ledger.to_dict("records")}
    ringing = {alert.id: alert for alert in current}
    made = _known_decisions(decisions, on)
    rows = []
    for id in sorted(past.keys() | ringing.keys()):
        alert, row = ringing.get(id), past.get(id)
        row = {**row, "firing": False} if alert is None else _rings(alert, row, on)
        rows.append({**row, **_state(row, made.get(id, [])), "run_on": on.isoformat()})
    return pd.DataFrame(rows, columns=list(LEDGER)).astype(LEDGER)


def _rings(alert: Alert, row: dict | None, on: dt.date) -> dict:
    today = on.isoformat()
    begins = row is None or not row["firing"] or alert.grade < row["grade"]
    old = row or {"episode": 0, "first_seen": today, "times_seen": 0, "note": ""}
    return {
        **old,
        "alert_id": alert.id,
        "rule": alert.rule,
        "subject": alert.subject,
        "grade": alert.grade,
        "firing": True,
        "episode": old["episode"] + begins,
        "since": today if begins else old["since"],
        "last_seen": today,
        "times_seen": old["times_seen"] + 1,
        "value": float("nan") if alert.value is None else alert.value,
        "threshold": float("nan") if alert.threshold is None else alert.threshold,
        "due_on": (alert.due_on or "") if begins else old["due_on"],
    }


def _state(row: dict, made: list[dict]) -> dict:
    inside = [d for d in made if d["decided_on"] >= row["since"]]
    note = inside[-1]["note"] if inside else ""
    if not row["firing"]:
        return {"state": "closed", "note": note}
    return {"state": inside[-1]["state"] if inside else "open", "note": note}


def _known_decisions(decisions: pd.DataFrame | None, on: dt.date) -> dict[str, list[dict]]:
    if decisions is None or decisions.empty:
        return {}
    known = decisions[decisions["decided_on"] <= on.isoformat()]
    known = known.sort_values("decided_on", kind="stable")
    return {str(id): rows.to_dict("records") for id, rows in known.groupby("alert_id")}


def replay(
    runs: Iterable[tuple[dt.date, Sequence[Alert]]],
    decisions: pd.DataFrame | None = None,
    *,
    until: dt.date | None = None,
) -> pd.DataFrame:
    """Build the ledger from all runs at once.

    Parameters
    ----------
    runs : Iterable[(date, Sequence[Alert])]
        Day looked at and alerts of each run, in the order they were computed; of several runs
        for one day the last counts.
    decisions : DataFrame, optional
        As of :func:`merge`.
    until : date, optional
        Runs of later days are left out.

    Returns
    -------
    DataFrame
        As of :func:`merge`.
    """
    newest = dict(runs)
    ledger = empty_ledger()
    for day in sorted(newest):
        if until is None or day <= until:
            ledger = merge(ledger, newest[day], decisions, on=day)
    return ledger


def with_states(alerts: Iterable[Alert], ledger: pd.DataFrame) -> tuple[Alert, ...]:
    """Give alerts the state and due day that the ledger has for them; order is kept.

    Returns
    -------
    tuple of Alert
        As many, in the same order.
    """
    rows = {row["alert_id"]: row for row in ledger.to_dict("records")}
    return tuple(
        replace(a, state=rows[a.id]["state"], due_on=rows[a.id]["due_on"] or None)
        if a.id in rows
        else a
        for a in alerts
    )


DUE_DAYS = {1: 1, 2: 7, 3: 30}
"""Days to act by grade, for alerts whose rule sets none."""


def with_due(alerts: Iterable[Alert], *, on: dt.date) -> tuple[Alert, ...]:
    """Give alerts without a due day one by their grade; order is kept.

    Returns
    -------
    tuple of Alert
        As many, in the same order.
    """
    return tuple(
        alert
        if alert.due_on
        else replace(alert, due_on=(on + dt.timedelta(days=DUE_DAYS[alert.grade])).isoformat())
        for alert in alerts
    )


CHANGES = ("new", "returned", "graver", "milder", "acknowledged", "closed", "reopened", "quiet")
"""What can have changed, in the order in which a reader wants it."""


def changes(before: pd.DataFrame | None, after: pd.DataFrame) -> pd.DataFrame:
    """Tell what changed between two ledgers.

    Parameters
    ----------
    before, after : DataFrame
        Ledgers of the run before and of this one; None before the first.

    Returns
    -------
    DataFrame
        ``alert_id, rule, subject, change, grade, value_before, value_after``. ``change``:
        ``new``, ``returned`` (rang earlier, not in the run before), ``graver``, ``milder``,
        ``acknowledged``/``closed``/``reopened`` (by a decision), ``quiet`` (rings no longer).
        Unchanged alerts have no row. Ordered by change, then grade.
    """
    old = {} if before is None else {row["alert_id"]: row for row in before.to_dict("records")}
    rows = []
    for row in after.to_dict("records"):
        past = old.get(row["alert_id"])
        change = _change(past, row)
        if change:
            value_before = past["value"] if past and past["firing"] else float("nan")
            value_after = row["value"] if row["firing"] else float("nan")
            kept = (row["alert_id"], row["rule"], row["subject"], change, row["grade"])
            rows.append((*kept, value_before, value_after))
    columns = ["alert_id", "rule", "subject", "change", "grade", "value_before", "value_after"]
    table = pd.DataFrame(rows, columns=columns)
    order = table["change"].map({name: i for i, name in enumerate(CHANGES)})
    table = table.assign(order=order).sort_values(["order", "grade", "alert_id"])
    return table.drop(columns="order").reset_index(drop=True)


def _change(past: dict | None, row: dict) -> str | None:
    if past is None:
        return "new"
    if row["firing"] != past["firing"]:
        return "returned" if row["firing"] else "quiet"
    if not row["firing"]:
        return None
    if row["grade"] != past["grade"]:
        return "graver" if row["grade"] < past["grade"] else "milder"
    if row["state"] != past["state"]:
        return "reopened" if row["state"] == "open" else row["state"]
    return None


def history_check(
    changed: pd.DataFrame,
    ledger: pd.DataFrame,
    *,
    compared_with: dt.date | None,
    came: Mapping[str, int] | None = None,
) -> Check:
    """Say what changed since the run before, as the check ``monitoring.history``.

    Parameters
    ----------
    changed, ledger : DataFrame
        As of :func:`changes` and :func:`merge`.
    compared_with : date or None
        Day of the run before; None at the first.
    came : Mapping, optional
        ``tickets`` and ``answers`` dated since that day.
    """
    kinds = changed["change"].value_counts()
    up = int(sum(kinds.get(kind, 0) for kind in ("new", "returned", "graver", "reopened")))
    down = int(sum(kinds.get(kind, 0) for kind in ("quiet", "milder", "closed")))
    word = "first" if compared_with is None else "some" if len(changed) else "none"
    ringing = ledger[ledger["firing"]]
    return Check(
        id="monitoring.history",
        topic=Topic.HISTORY,
        question="monitoring.check.history.question",
        status="caution" if up else "passed",
        value=float(len(changed)),
        threshold=0.0,
        unit="count",
        n=len(ringing),
        reason=f"monitoring.check.history.{word}",
        params={
            "day": compared_with and compared_with.isoformat(),
            "ringing": len(ringing),
            "open": int((ringing["state"] == "open").sum()),
            "up": up,
            "down": down,
            "tickets": 0,
            "answers": 0,
            **(came or {}),
        },
    )


def decision_sheet(ledger: pd.DataFrame, decisions: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the sheet that a consultant fills: decisions so far, then a row for each open alert.

    Parameters
    ----------
    ledger : DataFrame
        Newest ledger.
    decisions : DataFrame, optional
        Those made so far; they are kept as they are.

    Returns
    -------
    DataFrame
        Columns :data:`DECISIONS`; new rows have only the identifier.
    """
    made = pd.DataFrame(columns=DECISIONS) if decisions is None else decisions[list(DECISIONS)]
    waiting = ledger.loc[ledger["firing"] & (ledger["state"] == "open"), "alert_id"]
    fresh = pd.DataFrame(dict.fromkeys(DECISIONS, ""), index=waiting.index)
    fresh = fresh.assign(alert_id=waiting)
    return pd.concat([made, fresh], ignore_index=True).astype("str")

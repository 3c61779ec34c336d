"""What to do on Monday: at most ten actions, ranked by rules that are written down.

Ranked one criterion after the other: grade; overdue before due; what is new, came back or got
graver before what was known; open before acknowledged; what passed a noise test before what did
not need one; the larger shortfall of the line. Closed alerts give no action. One action answers
one subject and indicator (its gravest alert speaks), and a rule that rings for many subjects is
one action that names how many.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from analysis.results import Alert, Check, StageResults, Topic, collect

MOST = 10
"""Longest list that a person works off in a week."""

TOGETHER = 3
"""More subjects than this under one rule make one action."""

NEAR_DAYS = 14
"""Milestones due within so many days are prepared."""

FRESH = ("new", "returned", "graver", "reopened")
"""Changes since the run before that put an action forward."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing to do, with its reason and its evidence.

    Attributes
    ----------
    rank : int
        1 is first.
    alert : Alert
        What is done (``response``), why (``message`` filled from ``params``), by whom and by
        when. Of alerts taken together it is the gravest one, speaking for all.
    why : tuple[str, ...]
        Wording keys of what put it this far forward.
    evidence : tuple[str, ...]
        Identifiers of the alerts, milestones or risks behind it.
    """

    rank: int
    alert: Alert
    why: tuple[str, ...]
    evidence: tuple[str, ...]


def rank_actions(
    alerts: Iterable[Alert],
    *,
    on: dt.date,
    milestones: pd.DataFrame | None = None,
    risks: pd.DataFrame | None = None,
    changes: pd.DataFrame | None = None,
    most: int = MOST,
) -> tuple[Action, ...]:
    """Rank what is to be done.

    Parameters
    ----------
    alerts : Iterable[Alert]
        Alerts that ring, with the state and due day of the history where there is one.
    on : date
        The Monday.
    milestones : DataFrame, optional
        As of :func:`~analysis.monitoring.programme.milestones.milestone_states`; those open and due
        within 14 days are prepared. Late ones come with their alerts.
    risks : DataFrame, optional
        As of :func:`~analysis.monitoring.programme.risks.grade_risks`; those of grade 1 without a
        planned response need one.
    changes : DataFrame, optional
        As of :func:`~analysis.monitoring.alerts.history.changes`.
    most : int
        Length of the list.

    Returns
    -------
    tuple[Action, ...]
        At most ``most``, best first. The alerts in it are called ``monitoring.monday.<rank>``.
    """
    waiting = [alert for alert in alerts if alert.state != "closed"]
    groups = _together(_speakers(waiting))
    groups += [[a] for a in (*_near(milestones, on), *_bare(risks))]
    fresh = {}
    if changes is not None and len(changes):
        fresh = dict(zip(changes["alert_id"], changes["change"], strict=True))
    groups.sort(key=lambda group: min(_order(alert, on, fresh) for alert in group))
    return tuple(
        _action(rank, sorted(group, key=lambda a: _order(a, on, fresh)), on, fresh)
        for rank, group in enumerate(groups[:most], start=1)
    )


def assess_monday(
    alerts: Iterable[Alert],
    *,
    on: dt.date,
    milestones: pd.DataFrame | None = None,
    risks: pd.DataFrame | None = None,
    changes: pd.DataFrame | None = None,
    most: int = MOST,
) -> tuple[StageResults, tuple[Action, ...]]:
    """Make the Monday list, for storing and for showing.

    Parameters
    ----------
    alerts, on, milestones, risks, changes, most
        As of :func:`rank_actions`.

    Returns
    -------
    (StageResults, tuple[Action, ...])
        To store: table ``monday`` (``rank, grade, subject, subjects, reason, action, why, owner,
        due_on, state, evidence``; the words as wording keys, ``evidence`` separated by blanks)
        and check ``monitoring.monday`` (``value`` actions, ``n`` of all that wait). To show: the
        list itself; its alerts repeat stored ones and are not stored.
    """
    listed = list(alerts)
    everything = rank_actions(
        listed, on=on, milestones=milestones, risks=risks, changes=changes, most=10**6
    )
    actions = everything[:most]
    grave = sum(action.alert.grade == 1 for action in everything)
    check = Check(
        id="monitoring.monday",
        topic=Topic.MONDAY,
        question="monitoring.check.monday.question",
        status="failed" if grave else "caution" if actions else "passed",
        value=float(len(actions)),
        unit="count",
        n=len(everything),
        reason="monitoring.check.monday.reason" if actions else "monitoring.check.monday.nothing",
        params={
            "shown": len(actions),
            "all": len(everything),
            "grave": grave,
            "day": on.isoformat(),
        },
    )
    stored = collect("monitoring", [check], tables={"monday": _table(actions)})
    return stored, actions


def _speakers(alerts: Sequence[Alert]) -> list[Alert]:
    """Keep the gravest alert of each indicator and subject; those without an indicator all."""
    chosen: dict[tuple, Alert] = {}
    for alert in sorted(alerts, key=lambda a: (a.grade, a.id)):
        key = (alert.indicator, alert.subject, alert.params.get("form"))
        chosen.setdefault(key if alert.indicator else (alert.id,), alert)
    return list(chosen.values())


def _together(alerts: Sequence[Alert]) -> list[list[Alert]]:
    by_rule: dict[tuple, list[Alert]] = {}
    for alert in alerts:
        by_rule.setdefault((alert.rule, alert.grade, alert.response), []).append(alert)
    groups = []
    for group in by_rule.values():
        groups += [group] if len(group) > TOGETHER else [[alert] for alert in group]
    return groups


def _order(alert: Alert, on: dt.date, fresh: Mapping[str, str]) -> tuple:
    line = abs(alert.threshold) if alert.threshold else None
    known = alert.value is not None and line is not None
    shortfall = abs(alert.value - alert.threshold) / line if known else 0.0
    return (
        alert.grade,
        not _overdue(alert, on),
        fresh.get(alert.id) not in FRESH,
        alert.state != "open",
        alert.p_value is None,
        -shortfall,
        alert.id,
    )


def _overdue(alert: Alert, on: dt.date) -> bool:
    return alert.due_on is not None and alert.due_on < on.isoformat()


def _action(rank: int, group: list[Alert], on: dt.date, fresh: Mapping[str, str]) -> Action:
    first = group[0]
    why = [f"monitoring.monday.why.grade_{first.grade}"]
    if any(_overdue(alert, on) for alert in group):
        why.append("monitoring.monday.why.overdue")
    seen = {fresh.get(alert.id) for alert in group}
    why += [f"monitoring.monday.why.{change}" for change in FRESH if change in seen]
    if first.state == "acknowledged":
        why.append("monitoring.monday.why.acknowledged")
    spoken = replace(first, id=f"monitoring.monday.{rank:02d}")
    if len(group) > 1:
        due = [alert.due_on for alert in group if alert.due_on]
        spoken = replace(
            spoken,
            message="monitoring.monday.together",
            due_on=min(due) if due else None,
            p_value=None,
            false_alarm_rate=None,
            params={
                **first.params,
                "rule_name": f"monitoring.rule.{first.rule}",
                "many": len(group),
                "first": _name(group[0]),
                "second": _name(group[1]),
            },
        )
    return Action(
        rank=rank, alert=spoken, why=tuple(why), evidence=tuple(sorted(a.id for a in group))
    )


def _name(alert: Alert) -> str:
    return str(alert.params.get("subject", alert.subject))


def _near(milestones: pd.DataFrame | None, on: dt.date) -> list[Alert]:
    if milestones is None or milestones.empty:
        return []
    found = []
    for row in milestones[milestones["state"] == "open"].to_dict("records"):
        planned = pd.Timestamp(row["planned_on"]).date()
        days = (planned - on).days
        if 0 <= days <= NEAR_DAYS:
            found.append(
                Alert(
                    id=f"monitoring.milestone.{row['milestone_id']}",
                    rule="milestone_near",
                    grade=3,
                    message="monitoring.monday.milestone_near.message",
                    response="monitoring.monday.milestone_near.response",
                    subject=str(row["name"]),
                    unit="days",
                    value=float(days),
                    owner="monitoring.owner.training_manager",
                    due_on=planned.isoformat(),
                    params={"subject": str(row["name"]), "days": days},
                )
            )
    return found


def _bare(risks: pd.DataFrame | None) -> list[Alert]:
    if risks is None or risks.empty:
        return []
    response = risks["response"] if "response" in risks else pd.Series(None, index=risks.index)
    bare = risks[(risks["grade"] == 1) & (response.isna() | (response.astype("str") == ""))]
    return [
        Alert(
            id=f"monitoring.risk.{row['risk_id']}",
            rule="risk_unanswered",
            grade=1,
            message="monitoring.monday.risk_unanswered.message",
            response="monitoring.monday.risk_unanswered.response",
            subject=str(row["name"]),
            unit="count",
            value=float(row["score"]),
            owner="monitoring.owner.training_manager",
            requirement="R158",
            params={"subject": str(row["name"]), "score": int(row["score"])},
        )
        for row in bare.to_dict("records")
    ]


def _table(actions: Sequence[Action]) -> pd.DataFrame:
    columns = {
        "rank": "int64",
        "grade": "int64",
        "subject": "str",
        "subjects": "int64",
        "reason": "str",
        "action": "str",
        "why": "str",
        "owner": "str",
        "due_on": "str",
        "state": "str",
        "evidence": "str",
    }
    rows = [
        (
            action.rank,
            action.alert.grade,
            _name(action.alert),
            len(action.evidence),
            action.alert.message,
            action.alert.response,
            " ".join(action.why),
            action.alert.owner or "",
            action.alert.due_on or "",
            action.alert.state,
            " ".join(action.evidence),
        )
        for action in actions
    ]
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)

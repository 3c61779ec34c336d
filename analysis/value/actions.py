"""From findings, alerts and checks to proposed actions.

An alert brings what it asks for, its owner and its day; what findings and checks ask for stands in
a playbook kept as data. So one thing is asked for in one way wherever it is told.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import packaged
from analysis.measurement.columns import dates, present
from analysis.results import Alert, Check, Claim, Finding, StageResults, Topic, collect
from analysis.settings import LEVEL
from analysis.value import register

COLUMNS = ["priority", "action", "owner", "due_on", "source", "source_id", "subject",
           "requirement"]  # fmt: skip


@cache
def playbook() -> tuple[dict[str, Any], ...]:
    """Return the packaged playbook in order; the file explains its fields.

    Raises
    ------
    ValueError
        For a topic that no check has.
    """
    entries = tuple(packaged.content(Path(__file__).with_name("playbook.yml")))
    for entry in entries:
        if entry["from"] == "check":
            entry["match"] = tuple(Topic(name) for name in entry["match"])
    return entries


def propose(
    evidence: Iterable[Finding | Alert | Check], *, on: dt.date, untrained: int | None = None
) -> pd.DataFrame:
    """Return an action for each piece of evidence; what the playbook does not know is skipped.

    Several checks or alerts that lead to the same action for the same subject are one row,
    with the ids of all of them. Open contradictions are one row.

    Parameters
    ----------
    evidence : Iterable
        Findings, alerts and checks; the first finding on an effect is that of the leading outcome.
        What a finding says of several sites is one row for each.
    on : date
        Day of the report, from which due days count.
    untrained : int, optional
        Sites that no wave trains: with none left nothing is proposed for them; None where not
        known.

    Returns
    -------
    DataFrame
        ``priority`` (1 first), ``action`` and ``owner`` (wording keys, an alert's own response or
        ``value.action.*``, and ``value.owner.*``), ``due_on``, ``source`` (finding, alert,
        check), ``source_id`` (ids, joined by ", "), ``subject, requirement``.
    """
    evidence = list(evidence)
    effects = [e for e in evidence if isinstance(e, Finding) and _EFFECT in e.claim]
    known = [entry for entry in playbook() if untrained != 0 or not entry.get("untrained")]
    rows = []
    for item in evidence:
        if isinstance(item, Alert):
            rows.append(_answered(item, on))
            continue
        kind, name, subjects = _describe(item)
        entry = next(
            (e for e in known if _matches(e, kind, name, item) and _beside(e, item, effects)), None
        )
        if entry is None:
            continue
        due = (on + dt.timedelta(days=entry["due_days"])).isoformat()
        for subject in subjects:
            rows.append(
                (
                    entry["priority"],
                    f"value.action.{entry['action']}",
                    f"value.owner.{entry['owner']}",
                    due,
                    kind,
                    item.id,
                    subject,
                    "",
                )
            )
    table = pd.DataFrame(rows, columns=COLUMNS)
    if table.empty:
        return table
    keys = ["priority", "action", "owner", "due_on", "source", "subject"]
    merged = table.groupby(keys, as_index=False, sort=False).agg(
        source_id=("source_id", ", ".join),
        requirement=("requirement", lambda ids: ", ".join(sorted({i for i in ids if i}))),
    )
    return merged.sort_values(["priority", "due_on", "action", "subject"], ignore_index=True)[
        COLUMNS
    ]


_EFFECT = "findings.effect."


def _answered(alert: Alert, on: dt.date) -> tuple[Any, ...]:
    """Return the row of an alert: what it asks for itself, of whom and by when."""
    who = (alert.owner or "evaluator").rpartition(".")[2]
    return (
        alert.grade,
        _WITHOUT_BLANKS.get(alert.response, alert.response),
        f"value.owner.{who}",
        alert.due_on or on.isoformat(),
        "alert",
        alert.id,
        alert.subject,
        alert.requirement or "",
    )


_WITHOUT_BLANKS = {
    "monitoring.alert.risk_set_off.response": "value.action.planned_response",
    "monitoring.alert.risk_set_off.unanswered": "value.action.write_response",
}
"""Responses whose sentence is filled from the alert, and how they read in a list of actions."""


def _describe(item: Finding | Check) -> tuple[str, str, list[str]]:
    """Return what it is, by which it is known to the playbook, and whom or what it is about."""
    if isinstance(item, Finding):
        if item.claim == Claim.SITES_APART:
            below = item.params["named_below"]
            return "finding", item.claim, below if isinstance(below, list) else []
        about = item.params.get("indicator", item.params.get("clock", ""))
        return "finding", item.claim, [str(about)]
    return "check", item.topic, [str(item.dims.get("table", item.params.get("clock", "")))]


def _beside(entry: dict[str, Any], item: Any, effects: list[Finding]) -> bool:
    """Return whether another effect makes the claim that an entry asks for beside a finding."""
    if "led" not in entry:
        return True
    others = (e.claim for e in effects if e is not item)
    return item is not effects[0] and any(fnmatch.fnmatchcase(c, entry["led"]) for c in others)


def _matches(entry: dict[str, Any], kind: str, name: str, item: Any) -> bool:
    if entry["from"] != kind:
        return False
    if kind == "check":
        asked = name in entry["match"] and item.status in entry["status"]
        reasons = (item.reason or "",)
    else:
        asked, reasons = fnmatch.fnmatchcase(name, entry["match"]), item.reasons
    because = entry.get("because")
    return asked and (because is None or any(fnmatch.fnmatchcase(r, because) for r in reasons))


def assess_actions(
    evidence: Iterable[Finding | Alert | Check],
    earlier: pd.DataFrame | None = None,
    *,
    on: dt.date,
    runs: Iterable[tuple[dt.date, pd.DataFrame]] = (),
    decisions: pd.DataFrame | None = None,
    untrained: int | None = None,
    simulated: bool = False,
    level: float = LEVEL,
) -> StageResults:
    """Propose actions and say what became of the earlier ones.

    Parameters
    ----------
    evidence : Iterable
        Findings, alerts and checks of all stages.
    earlier : DataFrame, optional
        Canonical table ``actions``: what the client kept of actions itself.
    on : date
        Day of the report; nothing decided or done later is seen.
    runs : Iterable of (date, DataFrame)
        Proposals of earlier runs of this evaluation, and of one for the same day.
    decisions : DataFrame, optional
        What was decided on them; see :data:`analysis.value.register.SHEET`.
    untrained : int, optional
        Sites that no wave trains, as of :func:`propose`.
    simulated : bool
        Whether the client is made up.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Tables ``actions`` (with ``action_id``), ``action_register`` (see
        :func:`analysis.value.register.carry_over`) and ``action_decisions`` (the sheet to fill
        in); estimate ``value.utilisation``; check ``value.actions``; with earlier actions also
        ``earlier_actions``: the client's own and the register's, with ``state``.
    """
    decided = register.SHEET.read_nothing() if decisions is None else decisions
    proposals = register.with_ids(propose(evidence, on=on, untrained=untrained))
    proposals = register.still_open(proposals, decided, on=on)
    kept = register.carry_over(runs, decided, on=on)
    tables = {
        "actions": proposals,
        "action_register": kept,
        "action_decisions": register.sheet(proposals, kept, decided),
    }
    used = register.utilisation(kept, simulated=simulated, level=level)
    followed = pd.concat([_own(earlier, on), _registered(kept)], ignore_index=True)
    if followed.empty:
        missing = Check(
            id="value.actions",
            topic=Topic.ACTIONS,
            question="value.check.actions.question",
            status="not_possible",
            reason="value.reason.no_actions",
        )
        return collect("value", [missing, used], tables=tables)
    tables["earlier_actions"] = followed
    return collect("value", [register.overdue_check([*followed["state"]]), used], tables=tables)


_FOLLOWED = ["action_id", "finding", "action", "owner", "due_on", "done_on", "state"]


def _own(earlier: pd.DataFrame | None, on: dt.date) -> pd.DataFrame:
    """Return the client's own actions with the state they are in."""
    if not present(earlier, "action"):
        return pd.DataFrame(columns=_FOLLOWED)
    today = pd.Timestamp(on)
    due, done = dates(earlier["due_on"]), dates(earlier["done_on"])
    done = done.where(done <= today)
    state = pd.Series("open", index=earlier.index)
    state[due < today] = "overdue"
    state[done.notna()] = "done"
    state[done > due] = "done_late"
    table = earlier.reindex(columns=["action_id", "finding", "action", "owner"])
    return table.assign(due_on=_days(due), done_on=_days(done), state=state)


def _registered(kept: pd.DataFrame) -> pd.DataFrame:
    renamed = kept.rename(columns={"subject": "finding"})[_FOLLOWED]
    return renamed.assign(done_on=renamed["done_on"].replace("", None))


def _days(days: pd.Series) -> pd.Series:
    """Return days as ISO text, None where there is none."""
    return days.dt.strftime("%Y-%m-%d").astype(object).where(days.notna(), None)

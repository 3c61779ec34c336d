"""From findings, alerts and checks to proposed actions, by a playbook kept as data."""

from __future__ import annotations

import datetime as dt
import fnmatch
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd

from analysis.measurement.columns import dates, present
from analysis.results import Alert, Check, Finding, StageResults, collect

COLUMNS = ["priority", "action", "owner", "due_on", "source", "source_id", "subject",
           "requirement"]  # fmt: skip


@cache
def playbook() -> tuple[dict[str, Any], ...]:
    """Return the packaged playbook in order; the file explains its fields."""
    from ruamel.yaml import YAML

    text = files("analysis.value").joinpath("playbook.yml").read_text(encoding="utf-8")
    return tuple(dict(entry) for entry in YAML(typ="safe").load(text))


def propose(evidence: Iterable[Finding | Alert | Check], *, on: dt.date) -> pd.DataFrame:
    """Look up an action for each piece of evidence; what the playbook does not know is skipped.

    Several checks or alerts that lead to the same action for the same subject are one row,
    with the ids of all of them. Open contradictions are one row.

    Returns
    -------
    DataFrame
        ``priority`` (1 first), ``action`` and ``owner`` (wording keys ``value.action.*``,
        ``value.owner.*``), ``due_on``, ``source`` (finding, alert, check), ``source_id`` (ids,
        joined by ", "), ``subject, requirement``.
    """
    rows = []
    for item in evidence:
        kind, name, subject, requirement = _describe(item)
        entry = next((e for e in playbook() if _matches(e, kind, name, item)), None)
        if entry is None:
            continue
        due = (on + dt.timedelta(days=entry["due_days"])).isoformat()
        rows.append(
            (
                entry["priority"],
                f"value.action.{entry['action']}",
                f"value.owner.{entry['owner']}",
                due,
                kind,
                item.id,
                subject,
                requirement,
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


def _describe(item: Finding | Alert | Check) -> tuple[str, str, str, str]:
    if isinstance(item, Finding):
        return "finding", item.claim, str(item.params.get("indicator", "")), ""
    if isinstance(item, Alert):
        return "alert", item.rule, item.subject, item.requirement or ""
    return "check", item.id, str(item.dims.get("table", "")), ""


def _matches(entry: dict[str, Any], kind: str, name: str, item: Any) -> bool:
    if entry["from"] != kind or not fnmatch.fnmatchcase(name, entry["match"]):
        return False
    return kind != "check" or item.status in entry["status"]


def assess_actions(
    evidence: Iterable[Finding | Alert | Check],
    earlier: pd.DataFrame | None = None,
    *,
    on: dt.date,
) -> StageResults:
    """Propose actions and say what became of the earlier ones.

    Parameters
    ----------
    evidence : Iterable
        Findings, alerts and checks of all stages.
    earlier : DataFrame, optional
        Canonical table ``actions``.
    on : date
        Day of the report; nothing done later is seen.

    Returns
    -------
    StageResults
        Table ``actions``; with earlier ones also ``earlier_actions`` (with ``state``:
        ``done``, ``done_late``, ``overdue``, ``open``) and check ``value.actions``.
    """
    tables = {"actions": propose(evidence, on=on)}
    question = {"id": "value.actions", "question": "value.check.actions.question"}
    if not present(earlier, "action"):
        missing = Check(**question, status="not_possible", reason="value.reason.no_actions")
        return collect("value", [missing], tables=tables)
    today = pd.Timestamp(on)
    due, done = dates(earlier["due_on"]), dates(earlier["done_on"])
    done = done.where(done <= today)
    state = pd.Series("open", index=earlier.index)
    state[due < today] = "overdue"
    state[done.notna()] = "done"
    state[done > due] = "done_late"
    kept = [c for c in ("action_id", "finding", "action", "owner") if c in earlier.columns]
    table = earlier[kept].assign(due_on=due.dt.date, done_on=done.dt.date, state=state)
    tables["earlier_actions"] = table.reset_index(drop=True)
    overdue, finished = int((state == "overdue").sum()), int(done.notna().sum())
    check = Check(
        **question,
        status="caution" if overdue else "passed",
        value=float(overdue),
        threshold=0.0,
        unit="count",
        n=len(earlier),
        reason="value.check.actions.reason",
        remedy="value.check.actions.remedy" if overdue else None,
        params={"actions": len(earlier), "done": finished, "overdue": overdue},
    )
    return collect("value", [check], tables=tables)

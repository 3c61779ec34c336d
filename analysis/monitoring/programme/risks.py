"""The risk register: graded, its triggers evaluated on the run's data, its drills counted.

A trigger is the name of an alert rule (``participation_low``), or a measure against a line
(``return_rate < 0.3``, ``leavers > 10``). It says that what was feared may have begun; it does
not change how grave the risk was judged to be. A measure of a sample sets a risk off only when
its sites, taken as the units, tell that it is beyond the line.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.indicators import registry
from analysis.measurement.columns import dates, floats, present
from analysis.monitoring.lacking import lacking
from analysis.monitoring.programme.risk_triggers import (
    TRIGGER,
    named_measures,
    risk_measures,
    trigger_states,
)
from analysis.results import Alert, Check, StageResults, Topic, collect, none_found
from analysis.standards import Lines, course

GRADE_1, GRADE_2 = 15, 8
"""Score (1 to 25) from which a risk is of grade 1 and 2; the rest is grade 3 (R158)."""


def grade_risks(risks: pd.DataFrame) -> pd.DataFrame:
    """Grade every risk.

    Returns
    -------
    DataFrame
        ``risk_id, name, category, probability, impact`` (1 to 5), ``score`` (their product),
        ``grade`` (1 gravest to 3; NaN where probability or impact is unknown), ``response`` and,
        where the register has them, ``trigger, owner, contingency, drilled_on, drill_level``;
        gravest first.
    """
    score = floats(risks["probability"]) * floats(risks["impact"])
    grade = np.select([score >= GRADE_1, score >= GRADE_2, score >= 1], [1.0, 2.0, 3.0], np.nan)
    kept = ["risk_id", "name", "category", "probability", "impact", "response"]
    kept += ["trigger", "owner", "contingency", "drilled_on", "drill_level"]
    table = risks[[c for c in kept if c in risks.columns]].assign(score=score, grade=grade)
    return table.sort_values(
        ["grade", "score", "risk_id"], ascending=[True, False, True], ignore_index=True
    )


def drill_states(risks: pd.DataFrame, as_of: dt.date, days: float | None) -> pd.DataFrame:
    """Say of every contingency whether it was drilled within the days that are asked for.

    Without ``days`` none is due again.

    Returns
    -------
    DataFrame
        ``risk_id, drill_state`` (``drilled``, ``due``: longer ago than ``days``, ``never``,
        ``none``: no contingency), ``drill_due_on`` (``days`` after the last drill; None without).
    """
    today = pd.Timestamp(as_of)
    drilled = (
        dates(risks["drilled_on"]) if "drilled_on" in risks else pd.Series(pd.NaT, risks.index)
    )
    drilled = drilled.where(drilled <= today)
    due = drilled + pd.Timedelta(days=days) if days else drilled.where(drilled.isna())
    has = risks["contingency"].notna() if "contingency" in risks else drilled.notna()
    state = np.select(
        [~has.to_numpy(dtype=bool), drilled.isna(), due < today],
        ["none", "never", "due"],
        "drilled",
    )
    return pd.DataFrame(
        {
            "risk_id": risks["risk_id"],
            "drill_state": state,
            "drill_due_on": due.dt.date.where(due.notna(), None),
        }
    )


def risk_changes(before: pd.DataFrame | None, now: pd.DataFrame) -> pd.DataFrame:
    """Tell how the register differs from that of an earlier run.

    Parameters
    ----------
    before, now : DataFrame
        Stored tables ``risks`` of the two runs; without an earlier one nothing has changed.

    Returns
    -------
    DataFrame
        ``risk_id, name, change`` (``new``, ``gone``, ``graver``, ``milder``, ``set_off``: its
        trigger is set off now and was not, ``calmed``: the other way), ``score_before,
        score_now``; a risk may stand twice.
    """
    columns = ["risk_id", "name", "change", "score_before", "score_now"]
    if before is None or before.empty:
        return pd.DataFrame(columns=columns)
    old, new = before.set_index("risk_id"), now.set_index("risk_id")
    rows = []
    for id in dict.fromkeys([*new.index, *old.index]):
        if id not in old.index:
            rows.append((id, new["name"][id], "new", np.nan, new["score"][id]))
            continue
        if id not in new.index:
            rows.append((id, old["name"][id], "gone", old["score"][id], np.nan))
            continue
        scores = (float(old["score"][id]), float(new["score"][id]))
        if scores[0] != scores[1] and np.isfinite(scores).all():
            change = "graver" if scores[1] > scores[0] else "milder"
            rows.append((id, new["name"][id], change, *scores))
        was, is_ = (
            t["trigger_state"].get(id) if "trigger_state" in t else None for t in (old, new)
        )
        if (was == "set_off") != (is_ == "set_off") and was is not None:
            rows.append((id, new["name"][id], "set_off" if is_ == "set_off" else "calmed", *scores))
    return pd.DataFrame(rows, columns=columns)


def assess_risks(
    risks: pd.DataFrame | None,
    *,
    alerts: Iterable[Alert] = (),
    panel: pd.DataFrame | None = None,
    tables: Mapping[str, pd.DataFrame | None] | None = None,
    as_of: dt.date | None = None,
    before: pd.DataFrame | None = None,
    lines: Lines | None = None,
) -> StageResults:
    """Risk table with triggers and drills; whether grave risks are answered, triggers quiet.

    Parameters
    ----------
    risks : DataFrame
        Canonical table.
    alerts : Iterable[Alert]
        All alerts of this run, of rules and of the programme.
    panel, tables : DataFrame, Mapping, optional
        For triggers that name a measure.
    as_of : date, optional
        Day of the evaluation; needed for drills.
    before : DataFrame, optional
        Table ``risks`` of the run before.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.

    Returns
    -------
    StageResults
        Checks ``monitoring.risks`` (grave risks without a response), ``monitoring.risk_triggers``
        and ``monitoring.drills`` (where the register has triggers, and contingencies that are to
        be drilled within a term); an alert
        ``monitoring.alert.risk.<id>`` for each risk that is set off, never of grade 1; tables
        ``risks`` (of :func:`grade_risks` with the columns of :func:`trigger_states` and
        :func:`drill_states`) and ``risk_changes``.
    """
    question = {
        "id": "monitoring.risks",
        "topic": Topic.RISKS,
        "question": "monitoring.check.risks.question",
    }
    if not present(risks, "probability", "impact"):
        return collect("monitoring", [lacking(**question, table="risks")])
    table = grade_risks(risks)
    lines = lines or course()
    measures = {}
    if as_of is not None:
        how = {"as_of": as_of, "lines": lines, "named": named_measures(table)}
        measures = risk_measures(panel, tables or {}, **how)
    table = table.merge(trigger_states(table, alerts, measures, lines), on="risk_id")
    days = lines.of("drill_days")
    if as_of is not None:
        table = table.merge(drill_states(table, as_of, days), on="risk_id")
    off = table[table["trigger_state"] == "set_off"]
    checks = [
        _answered(table, question),
        *_triggers(table),
        *(_drills(table, days) if days else ()),
    ]
    checks += [_alert(row) for row in off.to_dict("records")]
    found = {"risks": table, "risk_changes": risk_changes(before, table)}
    return collect("monitoring", checks, tables=found)


def _alert(row: Mapping[str, Any]) -> Alert:
    parts = TRIGGER.match(str(row["trigger"]).strip())
    grade, response = row["grade"], row.get("response")
    answered = response is not None and not pd.isna(response) and str(response).strip()
    count, tested = row.get("trigger_n"), not pd.isna(row["trigger_p"])
    known = registry.known().get(parts["measure"]) if parts else None
    return Alert(
        id=f"monitoring.alert.risk.{row['risk_id']}",
        rule="risk_set_off",
        grade=3 if grade == 3 else 2,
        message=f"monitoring.alert.risk_set_off.{'measure' if parts else 'rule'}",
        response=f"monitoring.alert.risk_set_off.{'response' if answered else 'unanswered'}",
        subject=str(row["name"]),
        unit=known.unit if known else "count",
        value=float(row["trigger_value"]),
        threshold=float(parts["line"]) if parts else None,
        n=None if count is None or pd.isna(count) else int(count),
        p_value=float(row["trigger_p"]) if tested else None,
        false_alarm_rate=float(row["trigger_rate"]) if tested else None,
        owner="monitoring.owner.training_manager",
        requirement="R046",
        params={
            "subject": str(row["name"]),
            "value": float(row["trigger_value"]),
            "line": float(parts["line"]) if parts else None,
            "unit": known.unit if known else "count",
            **({} if parts else {"alerts": int(row["trigger_value"])}),
            "response": str(response) if answered else None,
        },
    )


def _answered(table: pd.DataFrame, question: Mapping[str, str]) -> Check:
    grave = table["grade"] == 1
    bare = (
        int((grave & table["response"].isna()).sum()) if "response" in table else int(grave.sum())
    )
    return Check(
        **question,
        status="failed" if bare else "passed",
        value=float(bare),
        threshold=0.0,
        unit="count",
        n=len(table),
        reason="monitoring.check.risks.reason",
        remedy="monitoring.check.risks.remedy" if bare else None,
        params={"risks": len(table), "grave": int(grave.sum()), "bare": bare},
    )


def _triggers(table: pd.DataFrame) -> list[Check]:
    states = table["trigger_state"].value_counts()
    declared = len(table) - int(states.get("none", 0))
    if not declared:
        return []
    off = int(states.get("set_off", 0))
    params = {
        "declared": declared,
        "off": off,
        "unmeasured": int(states.get("not_measured", 0)),
    }
    stem = "monitoring.check.risk_triggers"
    return [
        none_found("monitoring.risk_triggers", Topic.RISKS, stem, off, n=declared, params=params)
    ]


def _drills(table: pd.DataFrame, days: float) -> list[Check]:
    if "drill_state" not in table or (table["drill_state"] == "none").all():
        return []
    states = table["drill_state"].value_counts()
    plans = len(table) - int(states.get("none", 0))
    due, never = int(states.get("due", 0)), int(states.get("never", 0))
    params = {"plans": plans, "due": due, "never": never, "days": days}
    stem = "monitoring.check.drills"
    return [none_found("monitoring.drills", Topic.RISKS, stem, due + never, n=plans, params=params)]

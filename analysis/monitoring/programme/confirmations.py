"""What people confirm of gates: deliverables, approvals, drills held, and whatever no export holds.

A criterion that asks for it waits until somebody says in a sheet whether it was reached; the next
run takes that in. What the client's register of documents knows is written beside it as evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.decision_sheet import DecisionSheet
from analysis.standards import Lines

SHEET = DecisionSheet(
    key="criterion_id",
    states=("reached", "not_reached"),
    extra=("evidence",),
    example="M2.textbooks,reached,2024-02-28,Wang,list of textbooks V2,",
    rule="confirmation",
)
"""``confirmations.csv`` of a client: what was confirmed of gates, by whom, on what evidence."""

STATES: Mapping[str, str] = {"reached": "met", "not_reached": "missed"}
"""State of a criterion by what was confirmed."""


def criterion_id(goal: str, measure: str) -> str:
    """Return the name by which a criterion is confirmed, e.g. ``M2.textbooks``."""
    return f"{goal}.{measure}"


def confirmed(decisions: pd.DataFrame | None, goal: str, measure: str) -> dict[str, Any] | None:
    """Return the cells of a criterion that somebody confirmed; None while nobody has.

    Parameters
    ----------
    decisions : DataFrame or None
        As :data:`SHEET` reads them; of several on one criterion the last day counts.
    goal, measure : str
        Gate or quarter, and what it asks.
    """
    if decisions is None or decisions.empty:
        return None
    mine = decisions[decisions["criterion_id"] == criterion_id(goal, measure)]
    if mine.empty:
        return None
    last = mine.sort_values("decided_on", kind="stable").iloc[-1]
    return {
        "state": STATES[last["state"]],
        "decided_by": last["decided_by"],
        "decided_on": last["decided_on"],
        "evidence": last["evidence"],
    }


def confirmation_sheet(
    gates: pd.DataFrame,
    decisions: pd.DataFrame,
    documents: pd.DataFrame | None,
    lines: Lines,
) -> pd.DataFrame:
    """Return the sheet to fill in: what was confirmed, then every criterion that waits for it.

    Parameters
    ----------
    gates : DataFrame
        Criteria that wait for it, as :func:`~analysis.monitoring.programme.gates.gate_table` gives
        them.
    decisions : DataFrame
        As :data:`SHEET` reads them.
    documents : DataFrame or None
        Canonical table; the newest version of a document whose name in the standards is that of
        the measure is evidence.
    lines : Lines
        What the client's programme is held to.
    """
    pairs = zip(gates["goal"], gates["measure"], strict=True)
    rows = [
        dict.fromkeys(SHEET.columns, "")
        | {"criterion_id": criterion_id(goal, measure)}
        | {"evidence": _evidence(documents, lines, measure)}
        for goal, measure in pairs
    ]
    fresh = pd.DataFrame(rows, columns=list(SHEET.columns))
    fresh = fresh[~fresh["criterion_id"].isin(decisions["criterion_id"])]
    return pd.concat([decisions[list(SHEET.columns)], fresh], ignore_index=True)


def _evidence(documents: pd.DataFrame | None, lines: Lines, measure: str) -> str:
    """Return title, version, role and day of the document that speaks for a criterion."""
    asked = lines.documents.get(measure)
    if documents is None or documents.empty or asked is None:
        return ""
    mine = documents[documents["title"].astype(str).str.strip("《》 ") == asked.title]
    if mine.empty:
        return ""
    last = mine.assign(day=pd.to_datetime(mine["issued_on"])).sort_values("day").iloc[-1]
    parts = [f"《{asked.title}》", last["version"], last["approved_by"]]
    parts.append(None if pd.isna(last["approved_on"]) else str(last["approved_on"])[:10])
    return " ".join(str(part) for part in parts if not pd.isna(part))

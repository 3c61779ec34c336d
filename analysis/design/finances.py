"""What training may cost: its share of the revenue against the line the client chose."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.results import Check, StageResults, Topic, collect

LINES: Mapping[str, tuple[float, float]] = {
    "at_least_1_5": (0.015, math.inf),
    "from_1_5_to_2": (0.015, 0.02),
    "below_1": (0.0, 0.01),
}
"""Share of the revenue that each reading of contradiction C11 allows, both ends included."""

_COLUMNS = (
    "year",
    "revenue",
    "training",
    "programme",
    "share",
    "state",
    "labour_share",
    "upgrades_share",
)


def assess_finances(
    stated: Mapping[int, Mapping[str, Any]],
    costs: pd.DataFrame | None,
    choices: Mapping[str, str],
) -> StageResults:
    """Hold the training budget of each year to the share of revenue that was resolved (C11).

    Parameters
    ----------
    stated : Mapping
        Year → ``revenue`` and, where known, ``training`` (the budget of all training),
        ``costs`` (of the company), ``labour`` and ``upgrades``, each in CNY.
    costs : DataFrame or None
        Canonical table ``costs``; the programme's plan of a year stands in for a training
        budget that is not stated.
    choices : Mapping
        Chosen reading by contradiction.

    Returns
    -------
    StageResults
        Table ``finances``: ``year, revenue, training, programme`` (planned in the year),
        ``share`` (0-1), ``state`` (``within``, ``below``, ``above``; ``open`` without a
        reading), ``labour_share`` and ``upgrades_share`` of all costs. Check
        ``design.finances``: passed when every year is within. Amounts are those of the books:
        nothing is estimated, so there is no interval.
    """
    reading = choices.get("C11")
    rows = [_year(year, stated[year], costs, reading) for year in sorted(stated)]
    table = pd.DataFrame([row for row in rows if row], columns=list(_COLUMNS))
    if table.empty:
        return collect("design", [_impossible("none" if not stated else "no_budget")])
    if reading is None:
        return collect("design", [_impossible("open")], tables={"finances": table})
    outside = int((table["state"] != "within").sum())
    last = table.iloc[-1]
    check = Check(
        id="design.finances",
        topic=Topic.FINANCES,
        question="planning.finances.question",
        status="caution" if outside else "passed",
        value=float(last["share"]),
        threshold=LINES[reading][0] or LINES[reading][1],
        unit="share",
        n=len(table),
        reason=f"planning.finances.{'outside' if outside else 'within'}",
        remedy="planning.finances.remedy" if outside else None,
        params={
            "reading": f"design.conflicts.C11.{reading}",
            "outside": outside,
            "years": len(table),
            "year": str(last["year"]),
            "share": float(last["share"]),
        },
    )
    return collect("design", [check], tables={"finances": table})


def _year(
    year: int, stated: Mapping[str, Any], costs: pd.DataFrame | None, reading: str | None
) -> tuple | None:
    programme = _planned(costs, year)
    training = stated.get("training")
    training = programme if training is None else float(training)
    if training is None:
        return None
    revenue = float(stated["revenue"])
    share = training / revenue
    low, high = LINES.get(reading, (math.nan, math.nan))
    state = "below" if share < low else "above" if share > high else "within"
    whole = stated.get("costs")
    parts = [
        float(stated[name]) / float(whole) if whole and stated.get(name) is not None else None
        for name in ("labour", "upgrades")
    ]
    return (
        int(year),
        revenue,
        training,
        programme,
        share,
        "open" if reading is None else state,
        *parts,
    )


def _planned(costs: pd.DataFrame | None, year: int) -> float | None:
    """Sum what the programme planned to spend in a year; None where nothing is dated in it."""
    if costs is None or costs.empty or "spent_on" not in costs:
        return None
    mine = costs[pd.to_datetime(costs["spent_on"]).dt.year == year]
    planned = mine["planned"].astype("float64").dropna()
    return float(planned.sum()) if len(planned) else None


def _impossible(why: str) -> Check:
    return Check(
        id="design.finances",
        topic=Topic.FINANCES,
        question="planning.finances.question",
        status="not_possible",
        reason=f"planning.finances.{why}",
        remedy=f"planning.finances.{'choose' if why == 'open' else 'state'}",
    )

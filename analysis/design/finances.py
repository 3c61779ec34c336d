"""What training may cost: its share of the revenue against the line the client chose."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.results import Check, StageResults, Topic, collect
from analysis.standards import Lines, course

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
    lines: Lines | None = None,
) -> StageResults:
    """Hold the training budget of each year to the share of revenue that the client drew.

    Parameters
    ----------
    stated : Mapping
        Year → ``revenue`` and, where known, ``training`` (the budget of all training),
        ``costs`` (of the company), ``labour`` and ``upgrades``, each in CNY.
    costs : DataFrame or None
        Canonical table ``costs``; the programme's plan of a year stands in for a training
        budget that is not stated.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.

    Returns
    -------
    StageResults
        Table ``finances``: ``year, revenue, training, programme`` (planned in the year), ``share``
        (0-1), ``state`` (``within``, ``below``, ``above``; ``open`` without a line),
        ``labour_share`` and ``upgrades_share`` of all costs. Check ``design.finances``: passed when
        every year is within; none where no line is drawn. Amounts are those of the books: nothing
        is estimated, so there is no interval.
    """
    lines = lines or course()
    line = lines.of("training_budget")
    rows = [_year(year, stated[year], costs, line) for year in sorted(stated)]
    table = pd.DataFrame([row for row in rows if row], columns=list(_COLUMNS))
    if line is None and "training_budget" not in lines.open:
        return collect("design", [], tables={} if table.empty else {"finances": table})
    if table.empty:
        return collect("design", [_impossible("none" if not stated else "no_budget")])
    if line is None:
        return collect("design", [_impossible("open")], tables={"finances": table})
    outside = int((table["state"] != "within").sum())
    last = table.iloc[-1]
    check = Check(
        id="design.finances",
        topic=Topic.FINANCES,
        question="planning.finances.question",
        status="caution" if outside else "passed",
        value=float(last["share"]),
        threshold=line.get("at_least") or line["at_most"],
        unit="share",
        n=len(table),
        reason=f"planning.finances.{'outside' if outside else 'within'}.{'_'.join(sorted(line))}",
        remedy="planning.finances.remedy" if outside else None,
        params={
            "least": line.get("at_least"),
            "most": line.get("at_most"),
            "outside": outside,
            "years": len(table),
            "year": str(last["year"]),
            "share": float(last["share"]),
        },
    )
    return collect("design", [check], tables={"finances": table})


def _year(
    year: int,
    stated: Mapping[str, Any],
    costs: pd.DataFrame | None,
    line: Mapping[str, float] | None,
) -> tuple | None:
    programme = _planned(costs, year)
    training = stated.get("training")
    training = programme if training is None else float(training)
    if training is None:
        return None
    revenue = float(stated["revenue"])
    share = training / revenue
    low, high = (line or {}).get("at_least", 0.0), (line or {}).get("at_most", math.inf)
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
        "open" if line is None else state,
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

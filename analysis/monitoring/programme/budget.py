"""Budget against actual, by category, and what a trainee and an hour cost."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.measurement.columns import floats, present
from analysis.monitoring.lacking import lacking
from analysis.monitoring.training.levels import pass_rates
from analysis.results import Alert, Check, Estimate, StageResults, Topic, collect
from analysis.settings import LEVEL
from analysis.standards import Lines, course


def budget_table(costs: pd.DataFrame) -> pd.DataFrame:
    """Planned and actual amounts by category.

    The deviation compares like with like: only items that have both amounts enter it. Items
    without an actual amount are open; unplanned spending is in ``unplanned``. A plan of nothing
    is no plan: a share of it cannot be overspent.

    Returns
    -------
    DataFrame
        ``category, planned, actual, unplanned, open_planned, deviation`` (CNY, items with
        both) and ``deviation_share``; amounts in CNY, largest plan first. A plan, and the
        deviation from it, is missing where no item of the category has one, not zero.
    """
    planned = floats(costs["planned"]).copy()
    planned[planned == 0] = np.nan
    frame = costs.assign(planned=planned, actual=floats(costs["actual"]))
    both = frame["planned"].notna() & frame["actual"].notna()
    frame["compared"] = frame["planned"].where(both, 0.0)
    frame["deviation"] = (frame["actual"] - frame["planned"]).where(both)
    frame["unplanned"] = frame["actual"].where(frame["planned"].isna(), 0.0)
    frame["open_planned"] = frame["planned"].where(frame["actual"].isna(), 0.0)
    columns = ["planned", "actual", "unplanned", "open_planned", "compared", "deviation"]
    table = frame.groupby("category", as_index=False)[columns].sum(min_count=1)
    compared = table.pop("compared")
    table["deviation_share"] = table["deviation"] / compared.where(compared > 0)
    return table.sort_values(["planned", "category"], ascending=[False, True], ignore_index=True)


def assess_budget(
    costs: pd.DataFrame | None,
    *,
    trainees: int | None = None,
    hours: float | None = None,
    passes: int | None = None,
    lines: Lines | None = None,
    simulated: bool = False,
    level: float = LEVEL,
) -> StageResults:
    """Budget table, overruns, reserve and unit costs.

    Parameters
    ----------
    costs : DataFrame
        Canonical table ``costs``.
    trainees : int, optional
        Employees who attended at least once.
    hours : float, optional
        Hours attended, summed over employees.
    passes : int, optional
        Tests passed at the first attempt.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Estimates ``monitoring.cost.{actual,per_trainee,per_hour,per_pass}`` (counted amounts, no
        interval), alerts ``monitoring.alert.budget.<category>``, check
        ``monitoring.reserve``, table ``budget``.
    """
    if not present(costs, "actual"):
        question = "monitoring.check.budget.question"
        return collect(
            "monitoring", [lacking("monitoring.budget", Topic.BUDGET, question, "costs")]
        )
    table = budget_table(costs)
    planned, actual = float(table["planned"].sum()), float(table["actual"].sum())
    items: list = [
        _amount("actual", actual, len(costs), "total", simulated, level=level),
        _amount(
            "per_trainee",
            actual / trainees if trainees else None,
            trainees or 0,
            "per_trainee",
            simulated,
            level=level,
        ),
        _amount(
            "per_hour",
            actual / hours if hours else None,
            int(hours or 0),
            "per_hour",
            simulated,
            missing="no_hours",
            level=level,
        ),
        _amount(
            "per_pass",
            actual / passes if passes else None,
            passes or 0,
            "per_pass",
            simulated,
            missing="no_passes" if passes is None else "nobody_passed",
            level=level,
        ),
    ]
    question = "monitoring.check.budget.question"
    if not planned > 0:
        said = "nothing_planned" if present(costs, "planned") else "no_plan"
        missing = Check(
            id="monitoring.budget",
            topic=Topic.BUDGET,
            question=question,
            status="not_possible",
            n=len(table),
            reason=f"monitoring.check.budget.{said}",
            remedy="monitoring.check.budget.bring_plan",
        )
        return collect("monitoring", [*items, missing], tables={"budget": table})
    lines = lines or course()
    if (line := lines.of("cost_overrun")) is not None:
        items += _overruns(table, line, lines)
    if (wanted := lines.of("reserve_share")) is not None:
        held = float(table.loc[table["category"] == "reserve", "planned"].sum()) / planned
        items.append(_reserve(held, wanted))
    return collect("monitoring", items, tables={"budget": table})


def _overruns(table: pd.DataFrame, line: float, lines: Lines) -> list[Check | Alert]:
    over = table[table["deviation_share"] > line]
    check = Check(
        id="monitoring.budget",
        topic=Topic.BUDGET,
        question="monitoring.check.budget.question",
        status="passed" if over.empty else "caution",
        value=float(len(over)),
        threshold=0.0,
        unit="count",
        n=len(table),
        reason=None if over.empty else "monitoring.check.budget.reason",
        remedy=None if over.empty else "monitoring.check.budget.remedy",
        params={"over": len(over), "line": line},
    )
    return [*(_alert(row, line, lines) for row in over.itertuples()), check]


def _reserve(held: float, wanted: float) -> Check:
    enough = held >= wanted - 1e-9
    return Check(
        id="monitoring.reserve",
        topic=Topic.BUDGET,
        question="monitoring.check.reserve.question",
        status="passed" if enough else "caution",
        value=held,
        threshold=wanted,
        unit="share",
        reason=None if enough else "monitoring.check.reserve.reason",
        remedy=None if enough else "monitoring.check.reserve.remedy",
        params={"reserve": held, "line": wanted},
    )


def attended_effort(enrolments: pd.DataFrame | None) -> tuple[int | None, float | None]:
    """Employees who came at least once, and hours attended; None where not recorded.

    Returns
    -------
    int or None
        Employees.
    float or None
        Hours.
    """
    if not present(enrolments, "attended"):
        return None, None
    came = enrolments[floats(enrolments["attended"]) == 1]
    hours = float(np.nansum(floats(came["hours"]))) if present(came, "hours") else None
    return int(came["staff_id"].nunique()), hours


def first_passes(assessments: pd.DataFrame | None, lines: Lines | None = None) -> int | None:
    """Count tests passed at the first attempt; None where no scores or pass marks are known.

    Parameters
    ----------
    assessments : DataFrame or None
        Canonical table.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.

    Returns
    -------
    int or None
        Tests.
    """
    marks = (lines or course()).of("pass_marks")
    if not marks or not present(assessments, "score"):
        return None
    table = pass_rates(assessments, marks, by=(), level=LEVEL)  # only its counts are used
    return int(table["hits"].sum()) if len(table) else None


def _amount(
    name: str,
    value: float | None,
    n: int,
    method: str,
    simulated: bool,
    missing: str = "no_effort",
    *,
    level: float,
) -> Estimate:
    return Estimate(
        id=f"monitoring.cost.{name}",
        estimand="amount",
        unit="CNY",
        value=value,
        n=n,
        method=method,
        simulated=simulated,
        reason=None if value is not None else f"monitoring.reason.{missing}",
        level=level,
    )


def _alert(row, line: float, lines: Lines) -> Alert:
    return Alert(
        id=f"monitoring.alert.budget.{row.category}",
        rule="budget_overrun",
        grade=2,
        message="monitoring.alert.budget_overrun.message",
        response="monitoring.alert.budget_overrun.response",
        subject=f"terms.cost.{row.category}",
        unit="share",
        value=float(row.deviation_share),
        threshold=line,
        owner="monitoring.owner.finance",
        requirement=lines.requirement("cost_overrun"),
        params={
            "subject": f"terms.cost.{row.category}",
            "share": float(row.deviation_share),
            "amount": float(row.deviation),
            "line": line,
        },
    )

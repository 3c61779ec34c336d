"""Where the money is heading: earned value, cost at completion, who it was for."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from scipy import stats

from analysis.measurement.columns import dates, floats, present
from analysis.results import Check, Estimate, StageResults, Topic, collect
from analysis.settings import LEVEL
from analysis.standards import Lines, course

RESERVE = "reserve"


def earned_value(costs: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """Planned, earned and spent amounts by category, and what completion will cost.

    The reserve is a buffer, not a plan to spend, and stands apart. An item is done when its
    amount is known and its day is not after ``as_of``. What is left of a category is expected at
    its own ratio of spent to planned, or at that of all done items where fewer than two are done.

    Parameters
    ----------
    costs : DataFrame
        Canonical table.
    as_of : date
        Day of the evaluation.

    Returns
    -------
    DataFrame
        One row per category, CNY: ``category, budget, planned_value`` (planned to be spent by
        now), ``earned`` (plan of what is done), ``actual`` (of what is done), ``unplanned``,
        ``left`` (plan of the rest), ``ratio`` (actual by earned), ``at_completion``, ``variance``
        (of ``at_completion``, CNY²). ``attrs["df"]``: degrees of freedom of the spread.

    References
    ----------
    Project Management Institute (2019), The Standard for Earned Value Management; Cochran
    (1977), chapter 6, ratio estimation.
    """
    frame = _items(costs, as_of)
    frame = frame[frame["category"] != RESERVE]
    done = frame[frame["done"] & frame["plan"].notna() & (frame["plan"] > 0)]
    ratio = done["spent"].sum() / done["plan"].sum() if len(done) else np.nan
    many = done.groupby("category")["plan"].transform("size") >= 2
    own = done.groupby("category")[["spent", "plan"]].transform("sum")
    expected = (own["spent"] / own["plan"]).where(many, ratio)
    residual = (done["spent"] / done["plan"] - expected)[many]
    df = int(many.sum() - done.loc[many, "category"].nunique())
    spread = float((residual**2).sum() / df) if df > 0 else np.nan
    rows = [_category(name, rows, ratio, spread) for name, rows in frame.groupby("category")]
    columns = ["category", "budget", "planned_value", "earned", "actual", "unplanned", "left"]
    table = pd.DataFrame(rows, columns=[*columns, "ratio", "at_completion", "variance"])
    table.attrs = {"df": df}
    return table.sort_values(["budget", "category"], ascending=[False, True], ignore_index=True)


def _items(costs: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    day = dates(costs["spent_on"]) if "spent_on" in costs else pd.Series(pd.NaT, costs.index)
    later = day > pd.Timestamp(as_of)
    spent = floats(costs["actual"])
    return pd.DataFrame(
        {
            "category": costs["category"].astype(str),
            "plan": floats(costs["planned"]),
            "spent": spent,
            "due": ~later & day.notna(),
            "done": np.isfinite(spent) & ~later,
        }
    )


def _category(name: str, rows: pd.DataFrame, overall: float, spread: float) -> tuple:
    planned = rows["plan"].notna()
    done, left = rows[rows["done"] & planned], rows.loc[~rows["done"] & planned, "plan"]
    earned, actual = float(done["plan"].sum()), float(done["spent"].sum())
    unplanned = float(rows.loc[rows["done"] & ~planned, "spent"].sum())
    rest = float(left.sum())
    ratio = actual / earned if len(done) >= 2 and earned > 0 else overall
    base = float((done["plan"] ** 2).sum() / earned**2) if len(done) >= 2 and earned else 1.0
    variance = spread * (rest**2 * base + float((left**2).sum())) if rest else 0.0
    completion = actual + unplanned + (rest * ratio if rest else 0.0)
    return (
        name,
        float(rows["plan"].sum()),
        float(rows.loc[rows["due"], "plan"].sum()),
        earned,
        actual,
        unplanned,
        rest,
        ratio,
        completion,
        variance,
    )


def hours_by_tier(enrolments: pd.DataFrame, staff: pd.DataFrame) -> pd.DataFrame:
    """Hours attended by tier of staff: who the money was spent on.

    Returns
    -------
    DataFrame
        ``tier, people, hours, share``; people without a tier are left out.
    """
    came = enrolments[floats(enrolments["attended"]) == 1]
    joined = came.merge(staff[["staff_id", "tier"]], on="staff_id").dropna(subset=["tier"])
    joined = joined.assign(hours=np.nan_to_num(floats(joined["hours"])))
    table = joined.groupby("tier", as_index=False, observed=True).agg(
        people=("staff_id", "nunique"), hours=("hours", "sum")
    )
    return table.assign(share=table["hours"] / table["hours"].sum())


def assess_forecast(
    costs: pd.DataFrame | None,
    *,
    as_of: dt.date,
    enrolments: pd.DataFrame | None = None,
    staff: pd.DataFrame | None = None,
    lines: Lines | None = None,
    simulated: bool = False,
    level: float = LEVEL,
) -> StageResults:
    """Forecast of the cost at completion, whether the reserve covers it, and the split by tier.

    Parameters
    ----------
    costs : DataFrame or None
        Canonical ``costs``: planned and actual amounts, CNY.
    as_of : date
        Day on which the forecast is made.
    enrolments, staff : DataFrame, optional
        Canonical tables, for the hours by tier.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.
    simulated : bool
        Whether the results are of a simulated world.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Estimates ``monitoring.cost.at_completion`` (prediction interval where something is left and
        at least two items of a category are done) and ``monitoring.cost.performance`` (earned by
        actual; 1 is on plan); checks ``monitoring.forecast`` (against budget and reserve) and,
        where a line is drawn, ``monitoring.tier_split``; tables ``earned_value``,
        ``hours_by_tier`` (with ``budget``, the planned amounts without the reserve shared out by
        hours; missing where none are planned). No results without planned and actual amounts.
    """
    items: list = []
    tables: dict[str, pd.DataFrame] = {}
    if present(costs, "planned", "actual"):
        table = earned_value(costs, as_of)
        frame = _items(costs, as_of)
        reserve = float(frame.loc[frame["category"] == RESERVE, "plan"].sum())
        items += _forecast(table, reserve, as_of, simulated, level=level)
        tables["earned_value"] = table
    if present(enrolments, "attended", "hours") and present(staff, "tier"):
        split = hours_by_tier(enrolments, staff)
        booked = np.nan
        if "earned_value" in tables:
            booked = tables["earned_value"].query("category != @RESERVE")["budget"].sum()
        # Costs are booked for the programme, not for a tier: hours share them out.
        tables["hours_by_tier"] = split.assign(budget=split["share"] * float(booked))
        if (line := (lines or course()).of("frontline_share")) is not None:
            items.append(_split(split, line))
    return collect("monitoring", items, tables=tables)


def _forecast(
    table: pd.DataFrame, reserve: float, as_of: dt.date, simulated: bool, level: float
) -> list:
    budget, value = float(table["budget"].sum()), float(table["at_completion"].sum())
    earned, actual = float(table["earned"].sum()), float(table["actual"].sum())
    variance, left = float(table["variance"].sum()), float(table["left"].sum())
    if earned <= 0 or actual <= 0:
        return []
    known = left > 0 and np.isfinite(variance)
    half = (
        float(stats.t.isf((1 - level) / 2, table.attrs["df"]) * np.sqrt(variance)) if known else 0
    )
    end = Estimate(
        id="monitoring.cost.at_completion",
        estimand="amount",
        unit="CNY",
        value=value,
        ci_low=value - half if known else None,
        ci_high=value + half if known else None,
        n=len(table),
        method="earned_value",
        interval_method="prediction_t" if known else "none",
        dims={"budget": budget, "reserve": reserve, "left": left},
        simulated=simulated,
        level=level,
    )
    performance = Estimate(
        id="monitoring.cost.performance",
        estimand="ratio",
        unit="ratio",
        value=earned / actual,
        n=len(table),
        method="earned_by_actual",
        simulated=simulated,
        level=level,
    )
    limit = budget + reserve
    status = "failed" if value - half > limit else "caution" if value + half > limit else "passed"
    check = Check(
        id="monitoring.forecast",
        topic=Topic.FORECAST,
        question="monitoring.check.forecast.question",
        status=status,
        value=value,
        threshold=limit,
        unit="CNY",
        n=len(table),
        reason=f"monitoring.check.forecast.{'open' if left > 0 else 'spent'}",
        remedy=None if status == "passed" else "monitoring.check.forecast.remedy",
        params={
            "value": value,
            "low": value - half,
            "high": value + half,
            "budget": budget,
            "reserve": reserve,
            "over": value - budget,
            "used": max(value - budget, 0) / reserve if reserve else None,
            "as_of": as_of.isoformat(),
        },
    )
    return [end, performance, check]


def _split(table: pd.DataFrame, line: float) -> Check:
    share = float(table.loc[table["tier"] == "frontline", "share"].sum())
    return Check(
        id="monitoring.tier_split",
        topic=Topic.FORECAST,
        question="monitoring.check.tier_split.question",
        status="passed" if share >= line else "caution",
        value=share,
        threshold=line,
        unit="share",
        n=int(table["people"].sum()),
        reason="monitoring.check.tier_split.reason",
        remedy=None if share >= line else "monitoring.check.tier_split.remedy",
        params={"share": share, "line": line},
    )

"""What the plan was worth before the training, beside what came of it."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.results import Check, Estimate, StageResults, Topic, collect

COLUMNS = [
    "indicator", "basis", "planned_break_even", "target", "forecast", "planned_exposure",
    "effect", "effect_low", "effect_high", "exposure", "amount", "amount_low", "amount_high",
    "state",
]  # fmt: skip


def beside_forecast(outlook: pd.DataFrame, benefits: pd.DataFrame) -> pd.DataFrame:
    """Set each forecast benefit beside the priced one.

    Parameters
    ----------
    outlook : DataFrame
        As of :func:`~analysis.value.assess_outlook`.
    benefits : DataFrame
        Table ``benefits`` of :func:`~analysis.value.assess_roi`: ``effect`` in the good direction.

    Returns
    -------
    DataFrame
        :data:`COLUMNS`, a row per benefit of the forecast. ``effect_low, effect_high`` follow from
        the interval of the amount. ``state`` is the key of a word under ``value.outlook_kept``:
        ``reached`` (the whole interval is at the target or better), ``short`` (all of it is
        worse), ``open`` (it holds the target), ``no_target`` or ``not_priced``.
    """
    came = {(row.indicator, row.basis): row for row in benefits.itertuples()}
    rows = []
    for plan in outlook.itertuples():
        row = came.get((plan.indicator, plan.basis))
        priced = row is not None and bool(row.priced)
        gain = low = high = math.nan
        if priced:
            per_unit = row.money * row.exposure * row.factor
            gain = float(row.effect)
            if per_unit > 0:
                low, high = row.amount_low / per_unit, row.amount_high / per_unit
        if not priced:
            state = "value.outlook_kept.not_priced"
        elif pd.isna(plan.target):
            state = "value.outlook_kept.no_target"
        elif low >= plan.target:
            state = "value.outlook_kept.reached"
        elif high < plan.target:
            state = "value.outlook_kept.short"
        else:
            state = "value.outlook_kept.open"
        amounts = (row.amount, row.amount_low, row.amount_high) if priced else (math.nan,) * 3
        rows.append(
            (
                plan.indicator, plan.basis, plan.break_even, plan.target, plan.amount,
                plan.exposure, gain, low, high, row.exposure if priced else math.nan, *amounts,
                state,
            )
        )  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def assess_outlook_kept(
    outlook: pd.DataFrame,
    forecast: Check | None,
    money: StageResults,
) -> StageResults:
    """Compare the forecast of the design stage with the return.

    Parameters
    ----------
    outlook : DataFrame
        Table ``outlook`` of the design stage; empty where it was not run or priced nothing.
    forecast : Check or None
        Its check, with the amounts of the forecast.
    money : StageResults
        As of :func:`~analysis.value.assess_roi`.

    Returns
    -------
    StageResults
        Table ``outlook_kept`` (of :func:`beside_forecast`); check ``value.outlook_kept``: passed
        where the benefit's interval lies at or above the forecast, failed where it lies below,
        caution where it holds it.
    """
    about = {
        "id": "value.outlook_kept",
        "topic": Topic.OUTLOOK_KEPT,
        "question": "value.check.outlook_kept.question",
    }
    known = forecast is not None and forecast.status != "not_possible"
    if outlook.empty or not known:
        none = Check(**about, status="not_possible", reason="value.check.outlook_kept.none")
        return collect("value", [none], tables={"outlook_kept": pd.DataFrame(columns=COLUMNS)})
    table = beside_forecast(outlook, money.table_or_empty("benefits"))
    of: Mapping[str, Estimate] = {e.estimand: e for e in money.estimates}
    benefit, cost = of.get("benefit"), of.get("cost")
    said = {name: forecast.params[name] for name in ("benefit", "low", "high", "cost")}
    planned = {f"planned_{name}": value for name, value in said.items()}
    if benefit is None or benefit.value is None or benefit.ci_low is None:
        unpriced = Check(
            **about, status="not_possible", params=planned,
            reason="value.check.outlook_kept.unpriced",
        )  # fmt: skip
        return collect("value", [unpriced], tables={"outlook_kept": table})
    aimed = said["benefit"]
    status = "passed" if benefit.ci_low >= aimed else "failed" if benefit.ci_high < aimed else ""
    check = Check(
        **about,
        status=status or "caution",
        value=float(benefit.value),
        threshold=float(aimed),
        unit="CNY",
        n=benefit.n,
        reason=f"value.check.outlook_kept.{status or 'open'}",
        params={
            **planned,
            "benefit": benefit.value,
            "low": benefit.ci_low,
            "high": benefit.ci_high,
            "cost": np.nan if cost is None or cost.value is None else cost.value,
        },
    )
    return collect("value", [check], tables={"outlook_kept": table})

"""Costs as quantity times price, held to the price list that the client's standards declare."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.measurement.columns import floats, present
from analysis.results import Check, StageResults, Topic, collect
from analysis.standards import Lines, course

APART = 0.005
"""Share of a plan by which quantity times price may differ from it, as amounts are rounded."""


def price_table(costs: pd.DataFrame, lines: Lines) -> pd.DataFrame:
    """Return the items with a quantity and a price, beside the range of the price list.

    Parameters
    ----------
    costs : DataFrame
        Canonical table.
    lines : Lines
        What the client's programme is held to; its price list is ``price_low`` and ``price_high``.

    Returns
    -------
    DataFrame
        ``cost_id, item, priced_as, quantity, unit_price, amount`` (their product, CNY), ``planned,
        list_low, list_high`` (CNY for one, NaN without an entry), ``low, high`` (CNY for the
        quantity), ``state`` (``within``, ``above``, ``below``, ``unlisted``), ``apart`` (whether
        the plan is not quantity times price).
    """
    frame = costs[costs["quantity"].notna() & costs["unit_price"].notna()]
    entry = frame["priced_as"] if "priced_as" in frame else pd.Series(pd.NA, frame.index)
    entry = entry.astype(object)
    table = pd.DataFrame({"cost_id": frame["cost_id"], "item": frame.get("item")})
    table["priced_as"] = entry.where(entry.notna(), None)
    table["quantity"], table["unit_price"] = floats(frame["quantity"]), floats(frame["unit_price"])
    table["amount"] = table["quantity"] * table["unit_price"]
    table["planned"] = floats(frame["planned"])
    for name in ("low", "high"):
        listed = lines.of(f"price_{name}") or {}
        table[f"list_{name}"] = [float(listed.get(key, np.nan)) for key in entry]
        table[name] = table["quantity"] * table[f"list_{name}"]
    price = table["unit_price"]
    table["state"] = np.select(
        [table["list_low"].isna(), price > table["list_high"], price < table["list_low"]],
        ["unlisted", "above", "below"],
        "within",
    )
    gap = (table["amount"] - table["planned"]).abs()
    table["apart"] = table["planned"].notna() & (gap > APART * table["planned"])
    return table.reset_index(drop=True)


def assess_prices(costs: pd.DataFrame | None, *, lines: Lines | None = None) -> StageResults:
    """Hold planned prices to the price list, and plans to quantity times price.

    Parameters
    ----------
    costs : DataFrame or None
        Canonical table.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.

    Returns
    -------
    StageResults
        Table ``cost_prices`` (of :func:`price_table`); check ``monitoring.prices``: caution where
        a price lies outside its range or a plan is not quantity times price. Nothing without
        quantities and prices.
    """
    if not present(costs, "quantity", "unit_price", "planned"):
        return collect("monitoring", [])
    table = price_table(costs, lines or course())
    outside = int(table["state"].isin(["above", "below"]).sum())
    apart = int(table["apart"].sum())
    stem, found = "monitoring.check.prices", outside + apart
    check = Check(
        id="monitoring.prices",
        topic=Topic.BUDGET,
        question=f"{stem}.question",
        status="caution" if found else "passed",
        value=float(found),
        threshold=0.0,
        unit="count",
        n=len(table),
        reason=f"{stem}.reason",
        remedy=f"{stem}.remedy" if found else None,
        params={
            "items": len(table),
            "outside": outside,
            "apart": apart,
            "unlisted": int((table["state"] == "unlisted").sum()),
        },
    )
    return collect("monitoring", [check], tables={"cost_prices": table})

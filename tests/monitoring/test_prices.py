"""Costs as quantity times price, held to the price list, on amounts worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.monitoring import assess_prices
from analysis.standards import course, resolved, whole
from analysis.value import full_cost

COSTS = pd.DataFrame(
    {
        "cost_id": ["a", "b", "c", "d", "e"],
        "category": ["trainer", "trainer", "venue", "travel", "incentive"],
        "item": ["external", "internal", "room", "trains", "bonus"],
        "priced_as": ["trainer_external_day", "trainer_internal_hour", "room_day", None, None],
        "quantity": [4, 50, 5, 10, np.nan],
        "unit_price": [12000, 600, 4000, 90, np.nan],
        "planned": [48000, 30000, 21000, 900, 19000],
        "actual": [48000, 30000, 21000, 900, np.nan],
    }
)


def test_each_price_stands_beside_its_range_and_each_plan_beside_its_product():
    found = assess_prices(COSTS, lines=course())
    table = found.table("cost_prices").set_index("cost_id")
    assert table["amount"].to_dict() == {"a": 48000, "b": 30000, "c": 20000, "d": 900}
    assert table["state"].to_dict() == {
        "a": "within", "b": "above", "c": "below", "d": "unlisted",
    }  # fmt: skip
    assert table.loc["a", ["low", "high"]].tolist() == [32000, 60000]
    assert table["apart"].to_dict() == {"a": False, "b": False, "c": True, "d": False}
    (check,) = found.checks
    assert (check.status, check.value, check.n) == ("caution", 3, 4)


def test_the_price_list_is_the_clients_own_where_it_declares_one():
    own = {**whole("evaluation")}
    own["lines"] = {
        "price_low": {"value": {"room_day": 3000}},
        "price_high": {"value": {"room_day": 4500}},
    }
    table = assess_prices(COSTS, lines=resolved(own, {})).table("cost_prices")
    states = table.set_index("cost_id")["state"].to_dict()
    assert states == {"a": "unlisted", "b": "unlisted", "c": "within", "d": "unlisted"}


def test_costs_without_quantities_have_no_prices_to_check():
    assert assess_prices(COSTS.drop(columns="quantity"), lines=course()).checks == ()
    assert assess_prices(None, lines=course()).checks == ()


def test_equipment_counts_with_the_part_of_its_life_that_is_counted():
    costs = pd.DataFrame(
        {
            "category": ["platform", "trainer"],
            "planned": [100000.0, 5000.0],
            "actual": [120000.0, 5000.0],
            "life_years": [5.0, np.nan],
        }
    )
    amounts = full_cost(costs, months=12).set_index("category")["amount"]
    assert amounts.to_dict() == pytest.approx({"platform": 24000.0, "trainer": 5000.0})
    assert full_cost(costs, months=120)["amount"].sum() == 125000
    assert full_cost(costs)["amount"].sum() == 125000

"""The same programme under flipped rules, and what counts without a price."""

from analysis.indicators import registry
from analysis.results import Estimate
from analysis.value import Benefit, Switches, assess_roi, compare_variants, list_unpriced


def effect(indicator, value, half=0.01):
    return Estimate(
        id=f"tracking.{indicator}", estimand="att_overall", indicator=indicator, unit="share",
        value=value, ci_low=value - half, ci_high=value + half, n=100, method="m", causal=True,
        comparison="never_treated",
    )  # fmt: skip


EFFECTS = {"fee_collection": effect("fee_collection", 0.05), "fcr": effect("fcr", 0.1)}
FEES = [Benefit(indicator="fee_collection", money_per_unit=1000.0, margin=True)]


def counted(**changed):
    import pandas as pd

    costs = pd.DataFrame({"category": ["trainer"], "planned": [400.0], "actual": [400.0]})
    given = {
        "margin": 0.2,
        "exposure": {"site_month": 100.0},
        "hours": 10,
        "hour_cost": 10,
    } | changed
    return assess_roi(FEES, EFFECTS, costs, registry=registry.load(), draws=500, **given)


def test_each_rule_alone_changes_what_it_says():
    found = compare_variants(
        {
            "planned": counted,
            "lower_bound": lambda: counted(switches=Switches(lower_bound_only=True)),
            "no_time": lambda: counted(hour_cost=None),
            "revenue": lambda: counted(revenue=True),
        }
    ).table("variants")
    planned, low, no_time, revenue = found.to_dict("records")
    assert planned["benefit"] == 0.05 * 1000 * 100 * 0.2
    assert low["benefit"] < planned["benefit"]
    assert low["cost"] == planned["cost"] == 500
    assert no_time["cost"] == 400
    assert no_time["benefit"] == planned["benefit"]
    assert revenue["benefit"] == planned["benefit"] / 0.2
    assert planned["net"] == planned["ratio"] - 1


def test_effects_without_a_price_are_listed_not_priced():
    table = list_unpriced(EFFECTS, FEES).table("unpriced")
    assert table["indicator"].tolist() == ["fcr"]

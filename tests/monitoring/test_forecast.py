"""Earned value by hand, coverage of the interval at completion, and who the money was for."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.monitoring import assess_forecast, earned_value, hours_by_tier

ON = dt.date(2024, 6, 30)
COSTS = pd.DataFrame(
    {
        "category": ["trainer", "trainer", "trainer", "venue", "travel", "reserve"],
        "planned": [100.0, 100.0, 200.0, 50.0, None, 45.0],
        "actual": [120.0, 100.0, 240.0, None, 7.0, None],
        "spent_on": [
            *[dt.date(2024, 3, 1), dt.date(2024, 4, 1), dt.date(2024, 9, 1)],
            *[dt.date(2024, 5, 1), dt.date(2024, 5, 1), dt.date(2024, 12, 1)],
        ],
    }
)


def test_earned_value_by_hand_and_no_look_ahead():
    table = earned_value(COSTS, ON).set_index("category")
    trainer = table.loc["trainer"]
    assert trainer[["budget", "planned_value", "earned", "actual", "left"]].tolist() == [
        400, 200, 200, 220, 200,
    ]  # fmt: skip
    assert trainer["at_completion"] == pytest.approx(220 + 200 * 1.1)
    # No venue item is done: all items' ratio; it was due by now and is not
    assert table.loc["venue", "at_completion"] == pytest.approx(50 * 1.1)
    assert table.loc["venue", "planned_value"] == 50
    assert table.loc["travel", ["unplanned", "at_completion"]].tolist() == [7, 7]
    assert "reserve" not in table.index
    # Two trainer items, residuals of a tenth about 1.1: one degree of freedom
    spread = 0.1**2 + 0.1**2
    assert trainer["variance"] == pytest.approx(spread * (200**2 * 20_000 / 200**2 + 200**2))


def test_the_forecast_is_held_against_budget_and_reserve():
    found = assess_forecast(COSTS, as_of=ON)
    end = found.estimate("monitoring.cost.at_completion")
    assert end.value == pytest.approx(440 + 55 + 7)
    assert end.ci_low < end.value < end.ci_high
    assert found.checks[0].status == "caution"
    assert found.estimate("monitoring.cost.performance").value == pytest.approx(200 / 220)
    spent = assess_forecast(COSTS.assign(actual=COSTS["planned"]), as_of=dt.date(2025, 1, 1))
    assert spent.estimate("monitoring.cost.at_completion").ci_low is None
    assert spent.checks[0].status == "passed"
    assert assess_forecast(None, as_of=ON).checks == ()


def test_the_interval_covers_as_promised():
    rng = np.random.default_rng(2)
    covered, worlds = 0, 400
    for _ in range(worlds):
        plan = rng.uniform(50, 200, 30)
        actual = plan * rng.normal(1.08, 0.1, 30)
        frame = pd.DataFrame(
            {
                "category": ["trainer", "venue"] * 15,
                "planned": plan,
                "actual": actual,
                "spent_on": [dt.date(2024, 1, 1)] * 16 + [dt.date(2024, 12, 1)] * 14,
            }
        )
        end = assess_forecast(frame, as_of=ON).estimate("monitoring.cost.at_completion")
        covered += end.ci_low <= actual.sum() <= end.ci_high
    assert covered / worlds == pytest.approx(0.95, abs=0.03)


def test_hours_by_tier_count_those_who_came():
    enrolments = pd.DataFrame(
        {
            "staff_id": list("aabc"),
            "attended": [True, True, True, False],
            "hours": [2.0, 4.0, 2.0, 9.0],
        }
    )
    staff = pd.DataFrame({"staff_id": list("abc"), "tier": ["frontline", "middle", "frontline"]})
    table = hours_by_tier(enrolments, staff).set_index("tier")
    assert table.loc["frontline", ["people", "hours", "share"]].tolist() == [1, 6.0, 0.75]
    found = assess_forecast(None, as_of=ON, enrolments=enrolments, staff=staff)
    assert found.table("hours_by_tier")["budget"].isna().all()
    check = found.checks[0]
    assert (check.id, check.status) == ("monitoring.tier_split", "passed")

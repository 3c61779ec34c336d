"""Training budget against revenue: the line of the reading chosen, by hand."""

import datetime as dt

import pandas as pd
import pytest

from analysis.design import assess_finances
from analysis.standards import course

COSTS = pd.DataFrame(
    {
        "planned": [600_000.0, 400_000.0, 50_000.0, None],
        "spent_on": [dt.date(2024, 3, 1), dt.date(2024, 9, 1), dt.date(2025, 1, 1), None],
    }
)


@pytest.mark.parametrize(
    ("reading", "revenue", "state", "status"),
    [
        ("at_least_1_5", 1_000_000 / 0.015, "within", "passed"),
        ("at_least_1_5", 70_000_000, "below", "caution"),
        ("from_1_5_to_2", 1_000_000 / 0.02, "within", "passed"),
        ("from_1_5_to_2", 49_000_000, "above", "caution"),
        ("from_1_5_to_2", 70_000_000, "below", "caution"),
        ("below_1", 70_000_000, "above", "caution"),
        ("below_1", 100_000_000, "within", "passed"),
    ],
)
def test_the_share_is_held_to_the_reading_chosen(reading, revenue, state, status):
    found = assess_finances({2024: {"revenue": revenue}}, COSTS, course({"C11": reading}))
    (row,) = found.table("finances").itertuples()
    (check,) = found.checks
    assert (row.year, row.training, row.programme) == (2024, 1_000_000, 1_000_000)
    assert row.share == pytest.approx(1_000_000 / revenue)
    assert (row.state, check.status) == (state, status)


def test_a_stated_budget_of_all_training_goes_before_the_programmes_plan():
    stated = {2024: {"revenue": 1e8, "training": 1.8e6, "costs": 8e7, "labour": 4.4e7}}
    found = assess_finances(stated, COSTS, course({"C11": "from_1_5_to_2"}))
    (row,) = found.table("finances").itertuples()
    assert (row.training, row.programme, row.state) == (1.8e6, 1e6, "within")
    assert row.labour_share == pytest.approx(0.55)
    assert row.upgrades_share is None or pd.isna(row.upgrades_share)


def test_nothing_is_judged_without_a_reading_or_without_revenue():
    found = assess_finances({2024: {"revenue": 1e8}}, COSTS, course())
    assert found.table("finances")["state"].tolist() == ["open"]
    assert [c.status for c in found.checks] == ["not_possible"]
    (none,) = assess_finances({}, COSTS, course()).checks
    assert none.reason == "planning.finances.none"
    unknown = assess_finances({2019: {"revenue": 1e8}}, None, course({"C11": "below_1"}))
    assert [c.reason for c in unknown.checks] == ["planning.finances.no_budget"]

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from analysis.value import Benefit, assess_outlook, planned_exposure

REGISTRY = {
    "complaints_per_1000": SimpleNamespace(level=3, unit="rate", direction="down"),
    "fee_collection": SimpleNamespace(level=4, unit="share", direction="up"),
}
COSTS = pd.DataFrame(
    {"category": ["trainer", "reserve"], "planned": [900.0, 100.0], "actual": [None, None]}
)
EXPOSURE = {"site_month": 24.0, "household_month": 4800.0, "once": 1.0}
COMPLAINTS = Benefit(indicator="complaints_per_1000", money_per_unit=-10.0, low=-12, high=-5)


def goal(target, unit="points", horizon="mid", indicator="complaints_per_1000", baseline=None):
    return SimpleNamespace(
        indicator=indicator, target=target, unit=unit, horizon=horizon, baseline=baseline
    )


def outlook(benefits, goals, costs=COSTS, **extra):
    return assess_outlook(
        benefits, goals, costs, registry=REGISTRY, baselines={}, exposure=EXPOSURE, **extra
    )


def test_exposure_is_that_of_the_plan():
    start = pd.Series({"a": 24006.0, "b": 24009.0, "c": np.nan})
    planned = planned_exposure(start, {"a": 100, "c": 900}, months=12)
    assert planned == {"site_month": 24.0, "household_month": 1200.0, "once": 1.0}
    later = planned_exposure(start, {}, months=12, discount_rate=0.1)
    months = [*range(12), *range(3, 15)]
    assert later["site_month"] == pytest.approx(sum(1.1 ** (-m / 12) for m in months))
    assert planned_exposure(start[start.isna()], {}, months=12)["site_month"] == 0.0


def test_the_gain_that_pays_and_the_targets_worth_by_hand():
    found = outlook([COMPLAINTS], [goal(-2.0, horizon="short"), goal(-5.0)])
    (row,) = found.table("outlook").itertuples()
    assert row.break_even == pytest.approx(900 / (10 * 24))
    assert (row.target, row.amount) == (5.0, 1200.0)
    (check,) = found.checks
    # 5 fewer at 5 to 12 a unit: 600 to 1440 against 900
    assert (check.status, check.value) == ("caution", pytest.approx(1200 / 900))
    assert (check.params["low"], check.params["high"]) == (600.0, 1440.0)
    assert outlook([COMPLAINTS], [goal(-8.0)]).checks[0].status == "passed"
    assert outlook([COMPLAINTS], [goal(-2.0)]).checks[0].status == "failed"


def test_targets_that_are_read_against_a_level():
    fees = Benefit(indicator="fee_collection", money_per_unit=1000.0, margin=True)
    level = goal(0.9, "level", indicator="fee_collection", baseline=0.8)
    (row,) = outlook([fees], [level], margin=0.5).table("outlook").itertuples()
    assert row.target == pytest.approx(0.1)
    assert row.amount == pytest.approx(0.1 * 1000 * 24 * 0.5)
    relative = goal(-0.2, "relative", baseline=15.0)
    (row,) = outlook([COMPLAINTS], [relative]).table("outlook").itertuples()
    assert row.target == pytest.approx(3.0)
    unknown = outlook([COMPLAINTS], [goal(-0.2, "relative")])
    assert unknown.checks[0].reason == "value.outlook.no_targets"
    assert unknown.table("outlook")["break_even"].tolist() == pytest.approx([3.75])


@pytest.mark.parametrize(
    ("benefits", "costs", "reason"),
    [
        ([], COSTS, "value.reason.nothing_to_price"),
        ([COMPLAINTS], None, "value.reason.no_planned_cost"),
        ([COMPLAINTS], COSTS, "value.outlook.no_targets"),
    ],
)
def test_what_is_lacking_is_said(benefits, costs, reason):
    (check,) = outlook(benefits, [], costs).checks
    assert (check.status, check.reason) == ("not_possible", reason)


def test_a_cost_of_one_is_a_cost():
    little = COSTS.assign(planned=[0.6, 0.4])
    (check,) = outlook([COMPLAINTS], [goal(-3.0)], little).checks
    assert check.status == "passed"


def test_revenue_without_a_margin_is_not_counted():
    fees = Benefit(indicator="fee_collection", money_per_unit=1000.0, margin=True)
    (row,) = outlook([fees], [goal(0.1, indicator="fee_collection")]).table("outlook").itertuples()
    assert row.reason == "value.reason.no_margin"
    assert np.isnan(row.amount)

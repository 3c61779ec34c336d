"""The true return is priced by the rules of the estimated one; errors hang together as told."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from analysis.results import Agreement, Estimate
from analysis.value import Benefit, Switches, simulate_benefit, true_return
from analysis.value.roi import Priced, correlation_matrix

REGISTRY = {
    "complaints_per_1000": SimpleNamespace(direction="down"),
    "fee_collection": SimpleNamespace(direction="up"),
}
BENEFITS = (
    Benefit(indicator="complaints_per_1000", money_per_unit=-0.5, basis="household_month"),
    Benefit(indicator="fee_collection", money_per_unit=300.0, basis="household_month", margin=True),
)


def effect(indicator, value, **changed):
    return Estimate(
        **{
            "id": f"tracking.{indicator}.att.overall",
            "estimand": "att_overall",
            "indicator": indicator,
            "unit": "share",
            "value": value,
            "ci_low": value - 0.5,
            "ci_high": value + 0.5,
            "n": 100,
            "method": "group_time_dr",
            "comparison": "never_treated",
            "causal": True,
        }
        | changed
    )


EFFECTS = {
    "complaints_per_1000": effect("complaints_per_1000", -1.0),
    "fee_collection": effect("fee_collection", 0.03),
}
EXPOSED = {
    (name, "household_month"): effect(name, e.value * 0.9, dims={"exposure": 2000.0})
    for name, e in EFFECTS.items()
}
TRUTHS = {
    ("complaints_per_1000", "household_month"): -2.0,
    ("fee_collection", "household_month"): 0.02,
}


def priced_truth(**changed):
    given = {
        "benefits": BENEFITS,
        "effects": EFFECTS,
        "truths": TRUTHS,
        "cost": 1000.0,
        "registry": REGISTRY,
        "exposure": {"household_month": 5000.0},
        "exposed": EXPOSED,
        "margin": 0.2,
        "switches": Switches(),
    } | changed
    benefits, effects, truths = (given.pop(name) for name in ("benefits", "effects", "truths"))
    return true_return(benefits, effects, truths, **given)


def test_truth_by_hand():
    true = priced_truth()
    # 2 fewer complaints per 1,000 x 0.5 CNY x 2,000; 2 points x 300 CNY x 2,000 x margin of 0.2.
    assert true.amounts == pytest.approx({"complaints_per_1000": 2000.0, "fee_collection": 2400.0})
    assert true.benefit_cost_ratio == pytest.approx(4.4)
    told = {"benefit": 4400.0, "benefit_cost_ratio": 4.4, "net_return": 3.4}
    assert true.by_estimand() == pytest.approx(told)


def test_what_is_not_priced_does_not_count_in_the_truth_either():
    undone = replace(EFFECTS["fee_collection"], ci_low=None, ci_high=None)
    gone = {key: e for key, e in EXPOSED.items() if key[0] != "fee_collection"}
    true = priced_truth(effects={**EFFECTS, "fee_collection": undone}, exposed=gone)
    assert set(true.amounts) == {"complaints_per_1000"}


@pytest.mark.parametrize(
    "changed",
    [
        {"truths": {("fee_collection", "household_month"): 0.02}},
        {"cost": 0.0},
        {"switches": Switches(lower_bound_only=True)},
        {"benefits": ()},
    ],
)
def test_no_truth_where_it_is_not_known(changed):
    assert priced_truth(**changed) is None


def test_a_disputed_effect_has_no_true_price():
    told = {"agreement": Agreement.DISAGREE, "methods_low": -3.0, "methods_high": -0.2}
    disputed = replace(EFFECTS["complaints_per_1000"], **told)
    over = {
        key: replace(e, **told) if key[0] == "complaints_per_1000" else e
        for key, e in EXPOSED.items()
    }
    true = priced_truth(effects={**EFFECTS, "complaints_per_1000": disputed}, exposed=over)
    assert set(true.amounts) == {"fee_collection"}


def one(indicator, sign=1.0, half=1.96):
    return Priced(
        indicator=indicator,
        effect=0.0,
        effect_low=-half,
        effect_high=half,
        money=1.0,
        money_low=1.0,
        money_high=1.0,
        exposure=1.0,
        factor=1.0,
        sign=sign,
    )


PAIR = frozenset({("a", "site_month"), ("b", "site_month")})


@pytest.mark.parametrize(
    ("known", "signs", "variance"),
    [
        ({}, (1, 1), 4.0),  # not known: fully correlated, the widest
        ({PAIR: 0.0}, (1, 1), 2.0),
        ({PAIR: 0.5}, (1, 1), 3.0),
        # Less of b is better: what raises both helps once and harms once.
        ({PAIR: 0.5}, (1, -1), 1.0),
    ],
)
def test_errors_are_drawn_as_correlated_as_told(known, signs, variance):
    priced = [one("a", signs[0]), one("b", signs[1])]
    drawn = simulate_benefit(priced, draws=200_000, seed=3, correlations=known)
    assert drawn.var() == pytest.approx(variance, rel=0.02)


def test_correlations_that_cannot_be_together_are_made_to():
    priced = [one("a"), one("b"), one("c")]
    matrix = correlation_matrix(priced, {PAIR: -1.0})  # c is fully correlated with both
    assert np.linalg.eigvalsh(matrix).min() > -1e-12
    np.testing.assert_allclose(np.diag(matrix), 1.0)

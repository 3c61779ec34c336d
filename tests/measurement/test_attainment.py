"""Targets in points and relative to the level before, against known truths."""

import datetime as dt
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from analysis.measurement import probability_reached, score_target, standard_error
from analysis.results import Estimate


def estimate(value, se, **extra):
    ends = {"ci_low": value - 1.959964 * se, "ci_high": value + 1.959964 * se}
    return Estimate(
        id="e", estimand="att_overall", unit="score", value=value, n=9, method="m", **ends | extra
    )


def test_agrees_with_simulation_in_points():
    rng = np.random.default_rng(0)
    truth = 0.3 - 0.1 * rng.standard_normal(200_000)
    found = probability_reached(estimate(0.3, 0.1), 0.35)
    assert found == pytest.approx((truth >= 0.35).mean(), abs=0.005)
    assert probability_reached(estimate(0.3, 0.1), 0.35, direction="down") == pytest.approx(
        1 - found
    )


@pytest.mark.parametrize("correlation", [-0.6, 0.0, 0.6])
def test_agrees_with_simulation_relative_to_an_uncertain_baseline(correlation):
    rng = np.random.default_rng(1)
    errors = rng.multivariate_normal(
        [0, 0], [[0.01, 0.02 * correlation], [0.02 * correlation, 0.04]], 400_000
    )
    effect, before = 0.5 + errors[:, 0], 4.0 + errors[:, 1]
    baseline = estimate(4.0, 0.2, dims={"correlation": correlation})
    found = probability_reached(estimate(0.5, 0.1), 0.15, baseline=baseline)
    assert found == pytest.approx((effect >= 0.15 * before).mean(), abs=0.005)


def test_ends_of_the_interval_are_its_quantiles_also_where_it_leans():
    leaning = estimate(0.3, 0.1, ci_low=0.25, ci_high=0.6)
    assert probability_reached(leaning, 0.25) == pytest.approx(0.975)
    assert probability_reached(leaning, 0.6) == pytest.approx(0.025)
    assert probability_reached(leaning, 0.3) == pytest.approx(0.5)


def test_a_known_baseline_only_moves_the_threshold():
    relative = probability_reached(estimate(0.5, 0.1), 0.15, baseline=4.0)
    assert relative == pytest.approx(stats.norm.cdf(-1))
    assert relative == pytest.approx(probability_reached(estimate(0.5, 0.1), 0.6))
    below = estimate(-4.0, 0.2, dims={"correlation": -0.5})
    above = estimate(4.0, 0.2, dims={"correlation": 0.5})
    assert probability_reached(estimate(0.5, 0.1), 0.1, baseline=below) == pytest.approx(
        probability_reached(estimate(0.5, 0.1), 0.1, baseline=above)
    )


def test_without_an_interval_nothing_is_judged():
    bare = replace(estimate(0.3, 0.1), ci_low=None, ci_high=None)
    with pytest.raises(ValueError, match="interval"):
        probability_reached(bare, 0.2)
    goal = SimpleNamespace(
        indicator="csat_mean", target=0.2, unit="points", horizon="mid", baseline=None,
        deadline=dt.date(2025, 9, 30),
    )  # fmt: skip
    known = SimpleNamespace(level=4, unit="score", direction="up")
    row = score_target(goal, known, change=bare)
    assert row["verdict"] == "not_assessed"
    assert row["reason"] == "value.reason.no_interval"
    assert row["value"] == 0.3
    assert np.isnan(row["probability"])
    assert standard_error(bare) is None


def test_an_exact_number_is_reached_or_not():
    exact = estimate(0.3, 0.0)
    assert probability_reached(exact, 0.3) == 1.0
    assert probability_reached(exact, 0.31) == 0.0


def test_no_target_is_judged_on_a_number_that_methods_contradict():
    split = Estimate(
        id="tracking.csat_mean.att.overall", estimand="att_overall", unit="score", value=0.9,
        ci_low=0.6, ci_high=1.2, n=10, method="m", comparison="never_treated", causal=True,
        agreement="disagree", methods_low=0.2, methods_high=0.9,
    )  # fmt: skip
    goal = SimpleNamespace(
        indicator="csat_mean", target=0.3, unit="points", deadline=dt.date(2025, 1, 1),
        horizon="mid", baseline=None,
    )  # fmt: skip
    known = SimpleNamespace(level=4, unit="score", direction="up")
    row = score_target(goal, known, change=split)
    assert (row["verdict"], row["reason"]) == ("not_assessed", "value.reason.methods_disagree")
    assert math.isnan(row["probability"])
    assert (row["methods_low"], row["methods_high"]) == (0.2, 0.9)

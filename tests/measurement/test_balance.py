import numpy as np
import pandas as pd
import pytest

from analysis.measurement import (
    arm_means,
    assess_balance,
    assess_levels,
    assess_pretrends,
    joint_test,
    seal,
    standardised_differences,
)


def world(slope=0.0, n=40, seed=0):
    rng = np.random.default_rng(seed)
    rows = []
    for unit in range(n):
        cohort = 24012.0 if unit < n // 2 else np.nan
        level = rng.normal(4, 0.2)
        for period in range(24000, 24024):
            tilt = slope * (period - 24000) if unit < n // 2 else 0
            rows.append((f"u{unit:02}", period, level + tilt + rng.normal(0, 0.1), 30, cohort))
    return pd.DataFrame(rows, columns=["unit", "period", "y", "n", "cohort"])


def sites(n=40):
    return pd.DataFrame(
        {
            "site_id": [f"u{i:02}" for i in range(n)],
            "property_type": ["villa", "old"] * (n // 2),
            "households": np.arange(n) + 100,
        }
    )


def test_standardised_difference_by_hand():
    covariates = pd.DataFrame({"x": [1.0, 3, 2, 6], "kind": ["a", "a", "a", "b"]})
    table = standardised_differences(covariates, [True, True, False, False])
    x = table.set_index("covariate").loc["x"]
    # means 2 and 4, variances 2 and 8, pooled sd sqrt(5)
    assert x["smd"] == pytest.approx(-2 / 5**0.5)
    assert x["variance_ratio"] == pytest.approx(0.25)
    treated = standardised_differences(
        covariates, [True, True, False, False], denominator="treated"
    )
    assert treated.set_index("covariate").loc["x", "smd"] == pytest.approx(-2 / 2**0.5)
    b = table[(table["covariate"] == "kind") & (table["level"] == "b")].iloc[0]
    assert (b["mean_treated"], b["mean_comparison"]) == (0.0, 0.5)


def test_joint_test_is_uniform_under_random_arms_and_small_under_a_shift():
    rng = np.random.default_rng(5)
    p_values = []
    for _ in range(120):
        x = pd.DataFrame(rng.normal(size=(20, 3)), columns=list("abc"))
        p_values.append(joint_test(x, rng.permutation(20) < 10, draws=99, seed=1))
    assert np.mean(np.array(p_values) <= 0.1) == pytest.approx(0.1, abs=0.08)
    shifted = pd.DataFrame({"a": np.r_[rng.normal(3, 1, 10), rng.normal(0, 1, 10)]})
    assert joint_test(shifted, np.arange(20) < 10) < 0.01


def test_balance_finds_the_shifted_covariate():
    found = assess_balance(sites(), world(), indicator="csat_mean")
    assert found.checks[0].params["covariate"] == "measurement.covariate.households"
    assert found.checks[0].status == "failed"


def test_one_arm_is_said_not_raised():
    frame = world().assign(cohort=np.nan)
    assert assess_balance(sites(), frame, indicator="csat_mean").checks[0].status == "not_possible"
    found = assess_pretrends(frame, indicator="csat_mean", unit="score_1_5")
    assert found.checks[0].status == "not_possible"


def test_pretrend_recovers_a_slope_and_covers_zero():
    found = assess_pretrends(world(slope=0.05), indicator="csat_mean", unit="score_1_5")
    slope = found.estimates[0]
    assert slope.ci_low < 0.05 < slope.ci_high
    assert not slope.causal
    assert found.checks[0].status == "failed"
    inside = 0
    for seed in range(60):
        quiet = assess_pretrends(world(seed=seed, n=12), indicator="y", unit="u").estimates[0]
        inside += quiet.ci_low <= 0 <= quiet.ci_high
    assert inside >= 52


def test_arm_means_count_every_site_once():
    frame = pd.DataFrame(
        {
            "unit": ["a", "b", "c"],
            "period": [24000] * 3,
            "y": [1.0, 3.0, 5.0],
            "n": [1, 999, 1],
            "cohort": [24001.0, 24001.0, np.nan],
        }
    )
    means = arm_means(frame).set_index("arm")
    assert means.loc["treated", "value"] == 2.0
    assert np.isnan(means.loc["comparison", "ci_low"])


def test_levels_and_the_seal():
    panel = pd.DataFrame(
        {
            "site_id": ["a", "a", "b", "a"],
            "period": [24000, 24001, 24001, 24002],
            "indicator": "csat_mean",
            "stratum": "",
            "value": [3.0, 5.0, 2.0, 9.0],
            "n": [10, 10, 10, 10],
        }
    )
    found = assess_levels(
        panel, before=24002, units={"csat_mean": "score_1_5", "nps": "nps_points"}
    )
    level, absent = found.estimates
    assert level.value == 3.0  # sites 4 and 2; the month of the first wave is left out
    assert absent.value is None
    shuffled = panel.sample(frac=1, random_state=1)
    assert seal(panel) == seal(shuffled)
    assert seal(panel) != seal(panel.assign(value=panel["value"] + 0.001))

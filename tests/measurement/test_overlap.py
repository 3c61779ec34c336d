"""The propensity of being trained: known overlap, known gaps, few sites."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.discrete.discrete_model import Logit
from statsmodels.tools.tools import add_constant

from analysis.measurement import assess_overlap, propensity_overlap
from analysis.measurement.propensity import logit, standardised


def covariates(n=60, seed=1):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "households": rng.normal(1000, 200, n),
            "outcome_mean": rng.normal(4, 0.2, n),
            "region": rng.choice(["east", "west"], n),
        },
        index=[f"s{i:02}" for i in range(n)],
    )


def test_equals_the_library_on_raw_columns():
    frame = covariates()
    treated = np.arange(60) % 2 == 0
    found = propensity_overlap(frame[["outcome_mean", "households"]], treated)
    design = add_constant(frame[["outcome_mean", "households"]].to_numpy())
    wanted = Logit(treated.astype(float), design).fit(disp=0).predict()
    assert found.propensity.to_numpy() == pytest.approx(wanted, abs=1e-6)
    assert found.used == ("outcome_mean", "households")
    assert not found.separated


def test_sites_beyond_the_others_are_outside():
    frame = covariates()[["households"]]
    treated = np.arange(60) % 2 == 0
    frame.iloc[0] = 4000.0
    found = propensity_overlap(frame, treated)
    assert found.outside["s00"]
    assert found.propensity["s00"] == max(found.propensity) or found.propensity["s00"] == min(
        found.propensity
    )
    again = propensity_overlap(frame.iloc[::-1] * 3 + 7, treated[::-1])
    assert again.outside.sort_index().equals(found.outside.sort_index())


def test_arms_told_apart_entirely_share_no_range():
    frame = covariates()[["households"]]
    treated = (frame["households"] > frame["households"].median()).to_numpy()
    found = propensity_overlap(frame, treated)
    assert found.separated
    assert found.low > found.high
    assert found.outside.all()
    assert found.propensity[treated].min() > found.propensity[~treated].max()


def test_covariates_are_left_out_where_sites_are_few():
    frame = covariates(12)
    found = propensity_overlap(frame, np.arange(12) % 2 == 0)
    assert found.used == ("outcome_mean",)
    assert found.left_out == ("households", "region")
    assert propensity_overlap(frame, np.arange(12) < 3) is None
    assert (
        propensity_overlap(
            frame.assign(households=1, outcome_mean=4, region="e"), np.arange(12) < 6
        )
        is None
    )


def outcome(n=40, better=0.0, seed=3):
    rng = np.random.default_rng(seed)
    units = [f"s{i:02}" for i in range(n)]
    cohort = np.where(np.arange(n) % 2 == 0, 12.0, np.nan)
    level = rng.normal(0, 0.2, n) + better * np.isfinite(cohort)
    rows = [
        (unit, period, 4 + level[i] + rng.normal(0, 0.1), 10, cohort[i])
        for i, unit in enumerate(units)
        for period in range(14)
    ]
    return pd.DataFrame(rows, columns=["unit", "period", "y", "n", "cohort"])


SITES = pd.DataFrame({"site_id": [f"s{i:02}" for i in range(40)], "households": 500})


def test_check_passes_alike_arms_and_fails_arms_apart():
    (alike,) = assess_overlap(SITES, outcome(), indicator="csat_mean").checks
    assert alike.status == "passed"
    apart = assess_overlap(SITES, outcome(better=3.0), indicator="csat_mean")
    assert apart.checks[0].status == "failed"
    assert apart.checks[0].value == 1.0
    assert len(apart.table("overlap")) == 40


def test_few_sites_are_said():
    few = outcome(8)
    (check,) = assess_overlap(SITES, few, indicator="csat_mean").checks
    assert (check.status, check.reason) == ("not_possible", "measurement.reason.no_overlap")
    nobody = few.assign(cohort=np.nan)
    (check,) = assess_overlap(SITES, nobody, indicator="csat_mean").checks
    assert check.status == "not_possible"


def test_arms_drawn_by_lot_are_seldom_called_apart():
    rng = np.random.default_rng(1)
    flagged = 0
    for draw in range(40):
        frame = covariates(30, seed=draw)[["households", "outcome_mean"]]
        treated = rng.permutation(np.arange(30) < 15)
        found = propensity_overlap(frame, treated, seed=draw)
        flagged += found.outside[treated].mean() > max(0.10, found.by_lot)
    assert flagged <= 8


def test_one_logit_serves_overlap_and_effects():
    frame = covariates()[["households", "outcome_mean"]]
    treated = np.arange(60) % 3 == 0
    Z = standardised(frame.to_numpy())
    own = logit(Z, treated.astype(float), np.ones(60))[0]
    assert propensity_overlap(frame, treated).propensity.to_numpy() == pytest.approx(own, abs=1e-12)


def test_a_rare_kind_does_not_throw_the_fit_over():
    """Newton's full step overshoots with a rare, strong dummy; the maximum is there anyway."""
    rare = np.arange(200) < 12
    treated = np.where(rare, np.arange(200) % 6 > 0, np.arange(200) % 10 == 0)
    frame = pd.DataFrame({"outcome_mean": rare.astype(float)}, index=[f"s{i}" for i in range(200)])
    found = propensity_overlap(frame, treated)
    assert not found.separated
    for kind in (rare, ~rare):  # A saturated logit gives back the shares.
        assert found.propensity[kind].iloc[0] == pytest.approx(treated[kind].mean(), abs=1e-9)


def test_terms_that_repeat_one_another_still_order_the_sites():
    frame = covariates()[["households"]]
    twice = frame.assign(outcome_mean=frame["households"] * 2)
    treated = np.arange(60) % 2 == 0
    found = propensity_overlap(twice, treated)
    assert not found.separated
    assert found.propensity.rank().equals(propensity_overlap(frame, treated).propensity.rank())

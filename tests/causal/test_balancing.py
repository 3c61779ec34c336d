"""Weighting before comparing: exact balance, a drift that depends on the start, named trimming."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from causal_panels import FIRST, staggered

from analysis.causal import Options, balanced_effect, baseline_means, entropy_weights, evaluate
from analysis.measurement.propensity import CellError

OPTIONS = Options(draws=99)
NAMED = {"outcome": "csat_mean", "unit": "score_1_5", "options": OPTIONS}


def chosen_sites(seed, effect=0.3, n=80):
    """Sites with a low start are chosen more often, and low sites rise by themselves."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    treated = rng.random(n) < 1 / (1 + np.exp(0.3 + 0.8 * x))
    month = np.arange(12)
    drift = -0.08 * x[:, None] * np.maximum(month - 5, 0)
    y = 4 + 0.3 * x[:, None] + drift + rng.normal(0, 0.15, (n, 12))
    y += effect * (treated[:, None] & (month >= 6))
    unit = np.repeat([f"s{i:03d}" for i in range(n)], 12)
    cohort = np.repeat(np.where(treated, FIRST + 6.0, np.nan), 12)
    frame = pd.DataFrame({"unit": unit, "period": np.tile(FIRST + month, n), "y": y.ravel()})
    return frame.assign(cohort=cohort), pd.DataFrame({"x": x}, index=unit[::12])


def test_entropy_weights_reach_the_means_and_are_the_most_even():
    rng = np.random.default_rng(0)
    X, target = rng.normal(size=(40, 3)), np.array([0.3, -0.2, 0.1])
    w = entropy_weights(X, target)
    np.testing.assert_allclose(w @ X, target, atol=1e-9)
    assert w.sum() == pytest.approx(1)
    # log-weights are linear in X: the first-order condition of the largest entropy
    Z = np.column_stack([np.ones(40), X])
    fitted = Z @ np.linalg.lstsq(Z, np.log(w), rcond=None)[0]
    np.testing.assert_allclose(fitted, np.log(w), atol=1e-8)


def test_out_of_reach_is_refused():
    with pytest.raises(CellError, match="no_overlap"):
        entropy_weights(np.linspace(0, 1, 9)[:, None], np.array([1.5]))


@pytest.mark.parametrize("method", ["entropy", "propensity"])
def test_known_truth(method):
    """The plain effect is biased by the drift; the balanced one is not."""
    plain, balanced, covered = [], [], []
    for seed in range(16):
        frame, x = chosen_sites(seed)
        alone = replace(OPTIONS, alternatives=(), horizons=())
        plain.append(evaluate(frame, **{**NAMED, "options": alone}).overall.value)
        found = balanced_effect(frame, x, method=method, trim=0.0, **NAMED)
        own = found.estimates()[0]
        balanced.append(own.value)
        covered.append(own.ci_low <= 0.3 <= own.ci_high)
    error = np.std(balanced) / np.sqrt(16)
    assert abs(np.mean(plain) - 0.3) > 0.1
    assert abs(np.mean(balanced) - 0.3) < 3 * error + (0.03 if method == "propensity" else 0)
    assert np.mean(covered) > 0.8


def test_weights_balance_and_are_reported():
    frame, x = chosen_sites(1)
    before = frame.copy()
    found = balanced_effect(frame, x, trim=0.0, **NAMED)
    assert found.differences["before"].abs().item() > 0.3
    assert found.differences["after"].abs().item() < 1e-6
    own = found.estimates()[0]
    assert own.estimand == "att_overall"
    assert own.dims["effective_comparison"] < (~found.weights["treated"]).sum()
    assert [c.status for c in found.checks()] == ["passed", "passed"]
    pd.testing.assert_frame_equal(frame, before)


def test_trimmed_sites_are_named_and_change_the_question():
    frame, x = chosen_sites(1)
    odd = frame.loc[frame["cohort"].notna(), "unit"].iloc[0]
    x.loc[odd] = -6.0
    found = balanced_effect(frame, x, **NAMED)
    assert odd in found.trimmed
    assert found.estimates()[0].estimand == "att_overlap"
    trimming = found.checks()[1]
    assert trimming.status == "caution"
    assert odd in trimming.params["sites"]
    assert found.differences["trimmed"].item() < 0


def test_no_counterpart_is_refused_with_its_reason():
    frame, x = chosen_sites(1)
    treated = frame.groupby("unit")["cohort"].min().notna()
    x["x"] = np.where(treated[x.index], 5.0, 0.0) + np.arange(len(x)) * 1e-3
    own = balanced_effect(frame, x, **NAMED).estimates()[0]
    assert own.value is None
    assert own.reason == "causal.fault.covariates_separate"


def test_baseline_means_use_months_before_training_only():
    frame = staggered(1)
    found = baseline_means(frame)
    after = frame["period"] >= frame["cohort"].min()
    moved = frame.assign(y=frame["y"] + 9.0 * after)
    pd.testing.assert_frame_equal(found, baseline_means(moved))


@pytest.mark.parametrize("form", ["rate", "share"])
def test_an_outcome_whose_rate_or_share_leads_is_balanced_too(form):
    frame, x = chosen_sites(3)
    frame = frame.assign(exposure=100.0, total=lambda f: f["y"] * 100.0, n=100)
    plain = balanced_effect(frame, x, **NAMED)
    led = balanced_effect(frame, x, **{**NAMED, "options": replace(OPTIONS, form=form)})
    assert led.estimates()[0].value == pytest.approx(plain.estimates()[0].value)


@pytest.mark.parametrize(("start", "status"), [(0.0, "passed"), (0.9, "caution")])
def test_few_comparison_sites_are_no_caution_where_all_of_them_carry(start, status):
    """Six even sites are six; where trained sites start like one of them, one carries."""
    frame, _ = chosen_sites(1, n=12)
    names = frame["unit"].unique()
    treated = np.arange(12) < 6
    cohort = pd.Series(np.where(treated, FIRST + 6.0, np.nan), index=names)
    frame = frame.assign(cohort=frame["unit"].map(cohort))
    spread = np.array([-0.5, 0.5, -0.5, 0.5, -0.5, 1.0])
    x = pd.DataFrame({"x": np.concatenate([np.full(6, start), spread])}, index=names)
    x.iloc[:6, 0] += np.linspace(-0.05, 0.05, 6)
    found = balanced_effect(frame, x, trim=0.0, **NAMED)
    assert found.checks()[0].status == status

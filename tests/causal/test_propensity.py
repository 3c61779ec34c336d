"""Propensities where covariates are rare, far from zero, or no use; what is said of the last."""

import numpy as np
import pandas as pd
import pytest

from analysis.causal import FrameError, aggregate, evaluate, group_time, prepare
from analysis.causal.did.two_period import two_period
from analysis.measurement.propensity import CellError, logit, standardised, tilted_odds

METHODS = ("dr", "dr_improved", "ipw", "reg")


def strong_dummy(seed, n=60, periods=6, start=4):
    """A covariate of two values with which 2 % and 60 % are trained."""
    rng = np.random.default_rng(seed)
    x = (np.arange(n) >= n - 10).astype(float)
    treated = np.zeros(n, bool)
    treated[[0, *range(n - 6, n)]] = True  # 1 of 50, 6 of 10
    y = (
        rng.normal(size=(n, 1))
        + 0.3 * rng.normal(size=(n, periods))
        + x[:, None] * np.arange(periods)
    )
    y += treated[:, None] * (np.arange(1, periods + 1) >= start)
    return pd.DataFrame(
        {
            "unit": np.repeat([f"s{i:02d}" for i in range(n)], periods),
            "period": np.tile(np.arange(1, periods + 1), n),
            "y": y.ravel(),
            "cohort": np.repeat(np.where(treated, float(start), np.nan), periods),
            "x": np.repeat(x, periods),
        }
    )


def within_strata(frame, start=4, period=4):
    """Difference in differences within each value of the covariate, by trained sites."""
    wide = frame.pivot_table(index="unit", columns="period", values="y")
    once = frame.drop_duplicates("unit").set_index("unit")
    change, treated = wide[period] - wide[start - 1], once["cohort"].notna()
    total = 0.0
    for value in (0.0, 1.0):
        own = once["x"] == value
        gap = change[own & treated].mean() - change[own & ~treated].mean()
        total += gap * (own & treated).sum() / treated.sum()
    return total


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(5))
def test_one_binary_covariate_is_a_comparison_within_its_values(method, seed):
    frame = strong_dummy(seed)
    effects = group_time(prepare(frame, covariates=["x"]), method=method, base="universal")
    at = effects.att[(effects.period == 4)].item()
    assert not effects.failures
    assert at == pytest.approx(within_strata(frame), abs=1e-9)


def test_a_strong_dummy_never_makes_the_steps_overshoot():
    rng = np.random.default_rng(0)
    for _ in range(300):
        x = (rng.random(60) < 0.2).astype(float)
        D = (rng.random(60) < np.where(x == 1, 0.6, 0.05)).astype(float)
        counts = [(D[x == v].sum(), (1 - D[x == v]).sum()) for v in (0.0, 1.0)]
        if min(min(pair) for pair in counts) < 1:
            continue
        ps = logit(standardised(x[:, None]), D, np.ones(60))[0]
        for v in (0.0, 1.0):
            assert ps[x == v] == pytest.approx(D[x == v].mean(), abs=1e-8)


def test_a_tilt_reaches_the_treated_means_exactly():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 2))
    D = (rng.random(200) < 1 / (1 + np.exp(1 - X[:, 0]))).astype(float)
    Z, w = standardised(X), rng.uniform(0.5, 2, 200)
    odds = tilted_odds(Z, D, w)
    np.testing.assert_allclose((w * (1 - D) * odds) @ Z, (w * D) @ Z, rtol=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_units_of_a_covariate_do_not_matter(method):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(80, 2))
    treated = rng.random(80) < 1 / (1 + np.exp(-x[:, 0]))
    dy, w = x[:, 0] + treated + rng.normal(size=80), np.ones(80)
    plain = two_period(dy, treated, x, w, method)
    for scale, shift in ((1e-9, 0), (1e9, 0), (1.0, 1e6), (1e-3, 2010.0)):
        moved = two_period(dy, treated, x * scale + shift, w, method)
        assert moved.att == pytest.approx(plain.att, abs=1e-6)
        np.testing.assert_allclose(moved.influence, plain.influence, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda f: f.assign(x=7.0), "covariate_constant"),
        (lambda f: f.assign(z=3 * f["x"] + 1), "covariates_collinear"),
    ],
)
def test_the_true_reason_is_said(method, change, rule):
    frame = change(strong_dummy(0))
    names = [name for name in ("x", "z") if name in frame]
    effects = group_time(prepare(frame, covariates=names), method=method)
    assert {reason for _, t, reason in effects.failures if t >= 4} == {rule}
    with pytest.raises(FrameError) as caught:
        aggregate(effects, "simple")
    assert caught.value.rule == rule


@pytest.mark.parametrize("method", ["dr", "ipw", "dr_improved"])
def test_separated_arms_are_called_so(method):
    frame = strong_dummy(0)
    frame["x"] = frame["cohort"].notna() + 0.1 * frame["unit"].str[1:].astype(float) / 60
    effects = group_time(prepare(frame, covariates=["x"]), method=method)
    with pytest.raises(FrameError) as caught:
        aggregate(effects, "simple")
    assert caught.value.rule == "covariates_separate"


def test_the_improved_estimator_by_its_own_equations():
    """Tilted odds and weighted regression solved by a general solver; influence by perturbation."""
    from scipy.optimize import minimize

    rng = np.random.default_rng(3)
    X = rng.normal(size=(300, 2))
    treated = rng.random(300) < 1 / (1 + np.exp(0.5 - X[:, 0]))
    dy = X @ [1.0, -0.5] + X[:, 0] ** 2 + treated + rng.normal(size=300)
    Z, D, w = np.column_stack([np.ones(300), X]), treated.astype(float), np.ones(300)

    def by_hand(w):
        loss = lambda g: w @ ((1 - D) * np.exp(Z @ g) - D * (Z @ g))  # noqa: E731
        slope = lambda g: Z.T @ (w * ((1 - D) * np.exp(Z @ g) - D))  # noqa: E731
        tilt = minimize(loss, np.zeros(3), jac=slope, method="BFGS", options={"gtol": 1e-9}).x
        wc = w * (1 - D) * np.exp(Z @ tilt)
        beta = np.linalg.solve(Z.T @ (wc[:, None] * Z), Z.T @ (wc * dy))
        return (w * D) @ (dy - Z @ beta) / (w @ D)

    found = two_period(dy, treated, X, w, "dr_improved")
    assert found.att == pytest.approx(by_hand(w), abs=1e-7)
    assert found.att == pytest.approx(found.contrast @ dy, abs=1e-10)
    moved = np.array([found.att - by_hand(kept) for kept in 1 - np.eye(300)])
    assert np.linalg.norm(found.influence) == pytest.approx(np.linalg.norm(moved), rel=0.1)


def test_constant_covariates_reach_the_report_as_a_reason():
    from analysis.causal import Options

    with pytest.raises(FrameError) as caught:
        evaluate(
            strong_dummy(0).assign(x=1.0),
            outcome="csat_mean",
            unit="score_1_5",
            options=Options(covariates=("x",)),
        )
    assert caught.value.rule == "covariate_constant"


def test_a_cell_error_is_no_verdict_on_an_empty_arm():
    with pytest.raises(CellError, match="empty_arm"):
        two_period(np.ones(3), np.ones(3, bool), np.ones((3, 1)), np.ones(3), "dr")

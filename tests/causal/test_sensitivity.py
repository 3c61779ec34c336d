"""Bounds under violated trends: HonestDiD 0.2.8's numbers, brute force, and what reports read."""

import json
from pathlib import Path

import numpy as np
import pytest
from causal_panels import staggered
from scipy.optimize import linprog
from scipy.stats import norm, truncnorm

from analysis.causal import Options, evaluate, sensitivity
from analysis.causal.parallel_trends.honest import (
    Moments,
    _Tests,
    breakdown_relative,
    relative_magnitudes,
    smoothness,
)
from analysis.causal.parallel_trends.moment_inequality import LeastViolation, truncated_quantile
from analysis.causal.parallel_trends.shortest_interval import folded

R = json.loads((Path(__file__).parent / "honestdid_0_2_8.json").read_text())
PARAMETERS = {"e0": [1, 0, 0, 0], "avg": [0.25] * 4}
#: R draws the quantile of its fixed-length intervals.
SIMULATED = 1e-3


def moments(name):
    return Moments(
        np.array(R["betahat"]), np.array(R["sigma"]), 4, np.array(PARAMETERS[name], float)
    )


@pytest.mark.parametrize("name", PARAMETERS)
def test_relative_magnitudes_on_rs_grid(name):
    """R's ends are the outermost accepted points of its grid: accepted here, the next are not."""
    given = moments(name)
    step = 40 * given.se / 999
    edge = 20 * given.se
    for mbar, low, high in zip(
        R["Mbar"], R[f"rm_{name}"]["lb"], R[f"rm_{name}"]["ub"], strict=True
    ):
        tests = _Tests(given, mbar, 0.95)
        assert tests.any_accepts(low)
        assert not tests.any_accepts(low - step)
        assert tests.any_accepts(high - 1e-9)
        found = relative_magnitudes(given, mbar)
        assert low - step < found[0] <= low
        if high < edge - 1e-6:
            assert not tests.any_accepts(high + step)
            assert high <= found[1] < high + step


@pytest.mark.parametrize("name", PARAMETERS)
def test_smoothness(name):
    for m, low, high in zip(R["M"], R[f"sd_{name}"]["lb"], R[f"sd_{name}"]["ub"], strict=True):
        assert smoothness(moments(name), m) == pytest.approx((low, high), abs=SIMULATED)


def test_smoothness_is_the_shortest_interval():
    """No other unbiased-for-lines estimator nearby has a shorter interval."""
    rng = np.random.default_rng(0)
    given, m = moments("e0"), 0.01
    period = np.array([-4, -3, -2, -1, 1, 2, 3, 4.0])
    low, high = smoothness(given, m)
    corner = np.arange(-3, 4)
    bend = np.where(
        corner >= 0,
        np.maximum(period[:, None] - corner, 0),
        np.maximum(corner - period[:, None], 0),
    )
    for _ in range(300):
        v = np.concatenate([rng.normal(0, 0.3, 4), [1.0, 0, 0, 0]])
        v[0] += (v @ period) / 4
        assert abs(v @ period) < 1e-12
        sigma = np.sqrt(v @ given.covariance @ v)
        half = sigma * folded(m * np.abs(bend.T @ v).sum() / sigma, 0.95)[0]
        assert half >= (high - low) / 2 - 1e-9


def test_folded_quantile():
    for t in (0.0, 0.3, 2.0, 9.0):
        c, slope = folded(t, 0.95)
        assert norm.cdf(c - t) - norm.cdf(-c - t) == pytest.approx(0.95, abs=1e-9)
        if t < 8:
            assert slope == pytest.approx((folded(t + 1e-5, 0.95)[0] - c) / 1e-5, abs=1e-3)


def test_truncated_quantile():
    for low, high in ((-1, 2), (-np.inf, 0.5), (3, np.inf), (-4, -3)):
        expected = truncnorm.ppf(0.95, low, high)
        assert truncated_quantile(0.95, low, high) == pytest.approx(expected, abs=1e-8)


def test_least_violation_against_a_general_solver():
    rng = np.random.default_rng(1)
    W = np.column_stack([rng.uniform(0.5, 2, 12), rng.normal(size=(12, 4))])
    programme = LeastViolation(W)
    y = rng.normal(size=12)
    for _ in range(40):
        y = y + rng.normal(0, 0.3, 12)
        other = linprog([1, 0, 0, 0, 0], A_ub=-W, b_ub=-y, bounds=(None, None))
        if other.status == 0:
            eta, gamma = programme.solve(y)
            assert eta == pytest.approx(other.fun, abs=1e-8)
            assert gamma @ W == pytest.approx([1, 0, 0, 0, 0], abs=1e-8)
            assert gamma.min() >= -1e-9


def test_a_programme_may_start_from_what_bound_another_with_the_same_moves():
    rng = np.random.default_rng(2)
    for _ in range(20):
        X, y = rng.normal(size=(12, 4)), rng.normal(size=12)
        first = LeastViolation(np.column_stack([rng.uniform(0.5, 2, 12), X]))
        if linprog([1, 0, 0, 0, 0], -first.W, -y, bounds=(None, None)).status != 0:
            continue
        first.solve(y)
        W, y = np.column_stack([rng.uniform(0.5, 2, 12), X]), rng.normal(size=12)
        eta, gamma = LeastViolation(W, first.basis).solve(y)
        wanted, multipliers = LeastViolation(W).solve(y)
        assert eta == pytest.approx(wanted, abs=1e-10)
        assert gamma == pytest.approx(multipliers, abs=1e-10)


def test_breakdown_is_where_zero_enters():
    given = moments("avg")
    limit = breakdown_relative(given)
    assert 0.5 < limit < 1
    assert not _Tests(given, limit, 0.95).any_accepts(0.0)
    assert _Tests(given, limit + 0.01, 0.95).any_accepts(0.0)


@pytest.fixture(scope="module")
def rollout():
    return evaluate(
        staggered(1, noise=0.02), outcome="csat_mean", unit="score_1_5", options=Options(draws=99)
    )


def test_of_an_evaluation(rollout):
    found = sensitivity(rollout)
    assert [c.status for c in found.checks()] == ["passed", "passed"]
    wider = [
        e.ci_high - e.ci_low
        for e in found.estimates()
        if e.interval_method == "relative_magnitudes" and e.dims["horizon"] == 6
    ]
    assert wider == sorted(wider)
    assert {e.dims["horizon"] for e in found.breakdowns()} == {1, 6}
    assert found.table.shape[1] == 6
    ids = [e.id for e in found.estimates()]
    assert len(ids) == len(set(ids))


def test_a_drift_breaks_it():
    frame = staggered(1, effect=0.0, sizes=(20,), starts=(9,), noise=0.02)
    treated = frame["cohort"].notna()
    frame["y"] += treated * 0.05 * (frame["period"] - frame["period"].min())
    found = sensitivity(
        evaluate(frame, outcome="csat_mean", unit="score_1_5", options=Options(draws=99))
    )
    assert [c.status for c in found.checks()] == ["caution", "caution"]
    straight = [e for e in found.estimates() if e.dims.get("bound") == 0.0]
    assert all(e.ci_low < 0 < e.ci_high for e in straight)


@pytest.mark.parametrize(
    ("world", "reason"),
    [
        ({"sizes": (3,), "starts": (7,)}, "few_clusters"),
        ({"starts": (1, 2, 2)}, "few_pre_periods"),
        ({"sizes": (9,), "starts": (7,), "never": 0}, "no_comparison"),
        ({"periods": 12}, "horizon_not_observed"),
    ],
)
def test_reasons(world, reason):
    found = evaluate(
        staggered(1, **world), outcome="csat_mean", unit="score_1_5", options=Options(draws=19)
    )
    check = sensitivity(found, horizons=(9,)).checks()[0]
    assert check.status == "not_possible"
    assert check.reason == f"causal.fault.{reason}"

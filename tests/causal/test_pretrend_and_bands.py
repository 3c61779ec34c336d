"""The joint pre-trend test against R's printed p-value; uniform bands against theory."""

import numpy as np
import pytest

from analysis.causal.did.bands import satterthwaite, uniform_critical
from analysis.causal.did.group_time import group_time
from analysis.causal.inference.distributions import t_quantile
from analysis.causal.panel.frame import FrameError, prepare
from analysis.causal.parallel_trends.pretrend import pretrend_test

PRINTED = 5.1e-6  # five decimals


@pytest.fixture(scope="module")
def before(mpdta):
    panel = prepare(mpdta)
    cells = group_time(panel, method="reg", comparison="never_treated")
    pre = cells.event_time < 0
    influence = cells.influence[:, pre]
    return cells.att[pre], influence.T @ influence


def test_wald_as_did_prints_it(before, reference):
    """did's README: p-value for pre-test of parallel trends, no covariates: 0.16812."""
    wanted = reference.query("quantity == 'pretest_wald_p'")["value"].item()
    att, covariance = before
    found = pretrend_test(att, covariance, np.ones(len(att)), n_clusters=None)
    assert found.df == 6 - 1  # cohort 2004 has no pre-period cell, 2006 two, 2007 three
    assert found.p_value == pytest.approx(wanted, abs=PRINTED)


def test_detectable_slope_is_found_with_the_stated_power():
    rng = np.random.default_rng(1)
    root = rng.normal(size=(4, 4)) / 4 + np.eye(4)
    covariance = root @ root.T
    distance = np.array([-5.0, -4, -3, -2])
    slope = pretrend_test(np.zeros(4), covariance, distance, n_clusters=None).detectable_slope
    draws = rng.multivariate_normal(slope * distance, covariance, 4000)
    p = [pretrend_test(a, covariance, distance, n_clusters=None).p_value for a in draws]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.8, abs=0.02)


def test_as_many_effects_as_clusters_is_refused():
    with pytest.raises(FrameError, match="singular"):
        pretrend_test(np.zeros(3), np.eye(3), np.ones(3), n_clusters=3)


def test_one_effect_needs_the_pointwise_critical_value():
    influence = np.random.default_rng(2).normal(size=(400, 1))
    found = uniform_critical(influence, np.arange(400), level=0.95, draws=20_000, seed=1)
    assert found == pytest.approx(t_quantile(0.95, np.inf), abs=0.04)


def test_independent_effects_need_sidaks():
    """Ten independent effects: (1 + .95^(1/10)) / 2 quantile of the normal, 2.80."""
    influence = np.zeros((4000, 10))
    rows = np.arange(4000)
    influence[rows, rows % 10] = np.random.default_rng(3).normal(size=4000)
    found = uniform_critical(influence, rows, level=0.95, draws=20_000, seed=1)
    assert found == pytest.approx(t_quantile(0.95 ** (1 / 10), np.inf), abs=0.05)


def test_degrees_of_freedom_are_welchs():
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=8), rng.normal(size=5)
    influence = np.concatenate([(a - a.mean()) / 8, (b - b.mean()) / 5])
    influence *= np.sqrt(np.repeat([8 / 7, 5 / 4], [8, 5]))
    cohort = np.repeat([1.0, np.inf], [8, 5])
    va, vb = a.var(ddof=1) / 8, b.var(ddof=1) / 5
    welch = (va + vb) ** 2 / (va**2 / 7 + vb**2 / 4)
    found = satterthwaite(influence[:, None], np.arange(13), cohort)
    assert found[0] == pytest.approx(welch)


def test_effects_that_no_drift_would_move_are_not_tested():
    with pytest.raises(FrameError, match="no drift would move"):
        pretrend_test(np.array([0.1]), np.array([[0.04]]), np.array([0.0]), n_clusters=20)

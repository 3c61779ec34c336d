"""The test that training waves have one effect: chance, truth, and designs that cannot say."""

import numpy as np
import pytest
from causal_panels import FIRST, staggered

from analysis import causal

OPTIONS = causal.Options(alternatives=(), horizons=(), draws=99)


def asked(frame):
    return causal.waves_alike(
        causal.evaluate(frame, outcome="csat_mean", unit="score", options=OPTIONS)
    )


def two_waves(more=0.0, seed=1):
    frame = staggered(
        seed, sizes=(14, 14), starts=(6, 8), never=20, periods=14, noise=0.1, effect=0.0
    )
    late = (frame["cohort"] == FIRST + 8) & (frame["period"] >= FIRST + 8)
    return frame.assign(y=frame["y"] + more * late)


def test_equal_waves_pass_and_a_difference_is_found():
    assert asked(two_waves()).status == "passed"
    check = asked(two_waves(more=0.6))
    assert check.status == "caution"
    assert check.value < 0.001
    assert check.params["waves"] == 2


def test_equal_waves_are_seldom_said_to_differ():
    rejected = sum(asked(two_waves(seed=seed)).status == "caution" for seed in range(30))
    assert rejected <= 5  # of 30 at 5 %: more than 5 happens in 0.3 % of runs


def test_of_two_waves_it_is_the_square_of_the_contrast():
    frame = two_waves(more=0.1)
    found = causal.evaluate(frame, outcome="csat_mean", unit="score", options=OPTIONS)
    waves, panel = found.aggregates["cohort"], found.panel
    from analysis.causal.did.two_by_two import small_sample_scale
    from analysis.causal.inference.distributions import t_p_value

    V = waves.covariance(panel.cluster, small_sample_scale(panel))
    t = np.diff(waves.att)[0] / np.sqrt(V[0, 0] + V[1, 1] - 2 * V[0, 1])
    expected = t_p_value(t, panel.n_clusters - 2)
    assert causal.waves_alike(found).value == pytest.approx(expected)


def test_one_wave_few_sites_and_no_comparison_are_not_possible():
    one = staggered(1, sizes=(15,), starts=(7,), never=30)
    assert asked(one).reason == "causal.why.waves_alike.one"
    few = staggered(1, sizes=(15, 4), starts=(6, 8), never=30)
    assert asked(few).reason == "causal.why.waves_alike.too_few"
    alone = staggered(1, sizes=(9,), starts=(7,), never=0)
    assert asked(alone).status == "not_possible"
    assert asked(alone).reason == "causal.why.comparison_group.no_comparison"


def test_an_outcome_that_never_changes_is_not_said_to_lack_waves():
    flat = causal.without_value(
        outcome="csat_mean", unit="score", options=OPTIONS, reason="causal.fault.no_variation"
    )
    assert causal.waves_alike(flat).reason == "causal.fault.no_variation"

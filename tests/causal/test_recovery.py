"""Known effects and known zeros over many small worlds; intervals cover as promised."""

import numpy as np
import pytest
from causal_panels import worlds

from analysis.causal import Options
from analysis.causal.did.aggregate import aggregate
from analysis.causal.did.group_time import group_time
from analysis.causal.did.two_by_two import small_sample_scale
from analysis.causal.evaluation.estimates import Builder
from analysis.causal.parallel_trends.pretrend import pretrend_test

SEEDS = 150
#: Three binomial standard errors below 95 % of 150 worlds.
LEAST_COVERED = 0.95 - 3 * np.sqrt(0.95 * 0.05 / SEEDS)


def overall(seeds, *, unbalanced="pairs", **world):
    found = []
    for seed, panel in zip(seeds, worlds(seeds, **world), strict=True):
        cells = group_time(panel, unbalanced=unbalanced)
        builder = Builder(cells, "csat_mean", "score_1_5", Options(draws=199, seed=seed))
        found.append(builder.overall(aggregate(cells, "simple"))[0])
    return found


def covered(estimates, effect):
    return np.mean([e.ci_low <= effect <= e.ci_high for e in estimates])


@pytest.mark.parametrize("effect", [0.0, 0.25])
def test_overall_interval_covers(effect):
    found = overall(range(SEEDS), effect=effect, ar=0.4, periods=14)
    assert {e.interval_method for e in found} == {"influence_function"}
    assert LEAST_COVERED <= covered(found, effect) <= 0.995
    values = np.array([e.value for e in found])
    assert abs(values.mean() - effect) < 3 * values.std() / np.sqrt(SEEDS)


@pytest.mark.parametrize("effect", [0.0, 0.25])
def test_bootstrap_interval_covers_with_few_treated(effect):
    world = {"sizes": (4, 4), "starts": (5, 7), "never": 12, "periods": 11, "ar": 0.4}
    found = overall(range(SEEDS), effect=effect, **world)
    assert all(e.interval_method.startswith("wild") for e in found)
    assert covered(found, effect) >= LEAST_COVERED


@pytest.mark.parametrize("unbalanced", ["pairs", "cross_sections"])
def test_gaps_do_not_bias(unbalanced):
    world = {"effect": 0.25, "missing": 0.1, "periods": 12, "starts": (5, 6, 7)}
    found = overall(range(60), unbalanced=unbalanced, **world)
    values = np.array([e.value for e in found])
    assert abs(values.mean() - 0.25) < 3 * values.std() / np.sqrt(60)
    assert covered(found, 0.25) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 60)


def test_fading_effect_by_event_time():
    """0.25 less 0.02 a month: event times get it back, month by month."""
    att = []
    for panel in worlds(range(60), slope=-0.02, noise=0.05):
        event = aggregate(group_time(panel), "event")
        att.append(event.att[event.key >= 0])
    att = np.array(att)
    expected = 0.25 - 0.02 * np.arange(att.shape[1])
    deviation = (att.mean(axis=0) - expected) / (att.std(axis=0) / np.sqrt(60))
    assert np.abs(deviation).max() < 4


def test_pretrend_test_keeps_its_size():
    """Nominal 10 % with twelve pre-periods, 200 worlds: three binomial standard errors."""
    rejected = 0
    for panel in worlds(range(200), periods=18, starts=(14, 15, 16), ar=0.4):
        event = aggregate(group_time(panel, base="universal"), "event", max_event_time=0)
        chosen = (event.key <= -2) & (event.key > -14)
        covariance = event.covariance(panel.cluster, small_sample_scale(panel))
        test = pretrend_test(
            event.att[chosen],
            covariance[np.ix_(chosen, chosen)],
            event.key[chosen] + 1,
            n_clusters=60,
        )
        rejected += test.p_value < 0.1
    assert rejected / 200 < 0.1 + 3 * np.sqrt(0.1 * 0.9 / 200)

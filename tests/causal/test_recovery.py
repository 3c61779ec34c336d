"""Known effects and known zeros over many small worlds; intervals cover as promised."""

import numpy as np
import pytest
from causal_panels import staggered

from analysis.causal import Options, prepare
from analysis.causal.aggregate import aggregate
from analysis.causal.estimates import Builder
from analysis.causal.group_time import group_time

SEEDS = 150
#: Three binomial standard errors below 95 % of 150 worlds.
LEAST_COVERED = 0.95 - 3 * np.sqrt(0.95 * 0.05 / SEEDS)


def overall(seed, options=None, **kwargs):
    panel = prepare(staggered(seed, **kwargs))
    options = options or Options(draws=199, seed=seed)
    cells = group_time(panel, unbalanced=options.unbalanced)
    builder = Builder(cells, "csat_mean", "score_1_5", options)
    return builder.overall(aggregate(cells, "simple"))[0]


@pytest.mark.parametrize("effect", [0.0, 0.25])
def test_overall_interval_covers(effect):
    found = [overall(seed, effect=effect, ar=0.4, periods=14) for seed in range(SEEDS)]
    assert {e.interval_method for e in found} == {"influence_function"}
    covered = np.mean([e.ci_low <= effect <= e.ci_high for e in found])
    assert LEAST_COVERED <= covered <= 0.995
    bias = np.mean([e.value for e in found]) - effect
    assert abs(bias) < 3 * np.std([e.value for e in found]) / np.sqrt(SEEDS)


@pytest.mark.parametrize("effect", [0.0, 0.25])
def test_bootstrap_interval_covers_with_few_treated(effect):
    world = {"sizes": (4, 4), "starts": (5, 7), "never": 12, "periods": 11, "ar": 0.4}
    found = [overall(seed, effect=effect, **world) for seed in range(SEEDS)]
    assert all(e.interval_method.startswith("wild") for e in found)
    covered = np.mean([e.ci_low <= effect <= e.ci_high for e in found])
    assert covered >= LEAST_COVERED


@pytest.mark.parametrize("unbalanced", ["pairs", "cross_sections"])
def test_gaps_do_not_bias(unbalanced):
    options = Options(unbalanced=unbalanced, draws=199)
    world = {"effect": 0.25, "missing": 0.1, "periods": 12, "starts": (5, 6, 7)}
    found = [overall(seed, options, **world) for seed in range(60)]
    values = np.array([e.value for e in found])
    assert abs(values.mean() - 0.25) < 3 * values.std() / np.sqrt(60)
    covered = np.mean([e.ci_low <= 0.25 <= e.ci_high for e in found])
    assert covered >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 60)


def test_fading_effect_by_event_time():
    """0.25 less 0.02 a month: event times get it back where two-way fixed effects do not."""
    att = []
    for seed in range(60):
        panel = prepare(staggered(seed, slope=-0.02, noise=0.05))
        event = aggregate(group_time(panel), "event")
        att.append(event.att[event.key >= 0])
    att = np.array(att)
    expected = 0.25 - 0.02 * np.arange(att.shape[1])
    deviation = (att.mean(axis=0) - expected) / (att.std(axis=0) / np.sqrt(60))
    assert np.abs(deviation).max() < 4

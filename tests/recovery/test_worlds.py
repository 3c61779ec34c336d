"""Known effects and known zeros, from simulated answers to the reported interval.

Sixty worlds of 24 sites and 24 months with about ten answers a site-month, in which a wave has six
sites: the numbers that lead to bootstrap intervals.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.causal import Options, evaluate
from analysis.indicators import build_panel, outcome
from analysis.simulation import simulate, small

SEEDS = range(60)
#: Three binomial standard errors below 95 % of 60 worlds: 51 of them.
LEAST_COVERED = 0.95 - 3 * np.sqrt(0.95 * 0.05 / len(SEEDS))


def frame_from_panel(world) -> pd.DataFrame:
    panel = build_panel(
        world.tables, client_timezone="Asia/Shanghai", first="2023-01", last="2024-12"
    )
    return outcome(panel, "csat_mean", world.tables["waves"])


def recovered(effect: dict[str, float]) -> pd.DataFrame:
    """One row per world: truth, estimate, interval."""
    rows = []
    for seed in SEEDS:
        world = simulate(small(seed, **effect))
        options = Options(draws=199, seed=seed, alternatives=(), simulated=True)
        found = evaluate(
            world.satisfaction_means(), outcome="csat_mean", unit="score_1_5", options=options
        ).overall
        rows.append((world.truth.att(), found.value, found.ci_low, found.ci_high))
    return pd.DataFrame(rows, columns=["truth", "value", "low", "high"])


@pytest.fixture(scope="module")
def with_effect() -> pd.DataFrame:
    return recovered({})


@pytest.fixture(scope="module")
def without_effect() -> pd.DataFrame:
    return recovered({"effect": 0.0})


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_panel_gives_the_frame_that_is_evaluated_here(seed):
    world = simulate(small(seed))
    here = world.satisfaction_means()
    frame = frame_from_panel(world)[list(here.columns)]
    pd.testing.assert_frame_equal(frame, here, check_dtype=False, atol=1e-12)


def test_intervals_cover_the_true_effect(with_effect):
    w = with_effect
    assert (w["truth"] > 0.15).all()
    assert ((w["low"] <= w["truth"]) & (w["truth"] <= w["high"])).mean() >= LEAST_COVERED


def test_intervals_cover_zero_where_training_does_nothing(without_effect):
    w = without_effect
    assert (w["truth"] == 0).all()
    assert ((w["low"] <= 0) & (w["high"] >= 0)).mean() >= LEAST_COVERED


@pytest.mark.parametrize("worlds", ["with_effect", "without_effect"])
def test_estimates_are_unbiased(worlds, request):
    w = request.getfixturevalue(worlds)
    error = w["value"] - w["truth"]
    assert abs(error.mean()) < 3 * error.std() / np.sqrt(len(w))


def test_intervals_are_as_wide_as_the_estimates_scatter(without_effect):
    """An interval that covers by being far too wide would say nothing; 1.5 allows for few sites."""
    w = without_effect
    assert (w["high"] - w["low"]).mean() < 1.5 * 2 * 1.96 * w["value"].std()

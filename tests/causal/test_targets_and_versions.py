"""Targets, retraining and non-response weights, against known truths."""

import numpy as np
import pytest
from causal_panels import FIRST, staggered

from analysis.causal import (
    FrameError,
    Options,
    evaluate,
    level_before,
    retraining,
    weighted_for_response,
)
from analysis.measurement import probability_reached

OPTIONS = Options(draws=99)
QUICK = Options(draws=19, alternatives=(), horizons=())
NAMED = {"outcome": "csat_mean", "unit": "score_1_5", "options": OPTIONS}


def test_calibrated_probabilities():
    """At the true effect as target the probability is uniform: 0.25, or 6.25 % of 4.0 before."""
    points, relative = [], []
    for seed in range(60):
        found = evaluate(staggered(seed, noise=0.3), **NAMED | {"options": QUICK})
        before = level_before(found)
        points.append(probability_reached(found.overall, 0.25))
        relative.append(probability_reached(found.overall, 0.0625, baseline=before))
    for drawn in (points, relative):
        assert abs(np.mean(drawn) - 0.5) < 3 * 0.29 / np.sqrt(60)
        assert 0.03 < np.mean(np.array(drawn) < 0.2) < 0.36


def test_level_before_is_the_trained_sites_mean():
    frame = staggered(1)
    found = evaluate(frame, **NAMED)
    before = level_before(found)
    trained = frame[frame["cohort"].notna() & (frame["period"] < frame["cohort"].min())]
    means = trained.groupby("unit")["y"].mean()
    assert before.value == pytest.approx(means.mean())
    assert before.se == pytest.approx(means.std() / np.sqrt(len(means)))
    assert before.n_units == len(means)
    assert abs(before.dims["correlation"]) < 1
    own = found.overall
    assert probability_reached(own, own.ci_low) == pytest.approx(0.975, abs=1e-9)
    assert (
        probability_reached(own, 0.15)
        > 0.99
        > 0.01
        > probability_reached(own, 0.15, baseline=before)
    )


def test_level_before_needs_a_comparison_and_two_sites():
    few = evaluate(staggered(1, sizes=(1,), starts=(7,), never=20), **NAMED)
    assert level_before(few) is None
    alone = evaluate(staggered(1, sizes=(20,), starts=(7,), never=0), **NAMED)
    assert level_before(alone) is None


def trained_twice(seed, added=0.15):
    frame = staggered(seed, sizes=(24, 24), starts=(5, 7), never=24)
    second = {f"s{i:03d}": float(FIRST + 12) for i in [*range(12), *range(24, 36)]}
    late = frame["unit"].isin(list(second)) & (frame["period"] >= FIRST + 12)
    return frame.assign(y=frame["y"] + added * late), second


def test_known_effect_of_training_once_and_again():
    once, again, covered = [], [], []
    for seed in range(12):
        frame, second = trained_twice(seed)
        one, two = retraining(frame, second, **NAMED | {"options": QUICK})
        once.append(one.value)
        again.append(two.value)
        covered.append(two.ci_low <= 0.15 <= two.ci_high)
    for values, truth in ((once, 0.25), (again, 0.15)):
        assert abs(np.mean(values) - truth) < 3 * np.std(values) / np.sqrt(12)
    assert np.mean(covered) >= 0.75
    assert two.comparison == "once_trained"
    assert two.n_treated == 24


def test_retraining_refusals():
    frame = trained_twice(1)[0]
    with pytest.raises(FrameError, match="unknown_unit"):
        retraining(frame, {"zz": FIRST + 12}, **NAMED)
    with pytest.raises(FrameError, match="second_before_first"):
        retraining(frame, {"s000": FIRST + 2}, **NAMED)
    with pytest.raises(FrameError, match="second_before_first"):
        retraining(frame, {"s060": FIRST + 12}, **NAMED)
    everybody = {f"s{i:03d}": float(FIRST + 12) for i in range(48)}
    assert retraining(frame, everybody, **NAMED)[1].reason == "causal.fault.no_once_trained"


def test_weights_in_and_out():
    frame = staggered(1)
    found = evaluate(frame, **NAMED)
    same, change = weighted_for_response(found, frame)
    assert same.value == pytest.approx(found.overall.value)
    assert change.value == pytest.approx(0)
    under = frame["period"] >= frame["cohort"]
    rng = np.random.default_rng(0)
    moved = frame.assign(y=frame["y"] - 0.1 * under + rng.normal(0, 0.02, len(frame)))
    other, change = weighted_for_response(found, moved)
    assert change.value == pytest.approx(other.value - found.overall.value)
    assert change.ci_low < -0.1 < change.ci_high
    assert change.se < other.se / 2
    alone = evaluate(staggered(1, sizes=(20,), starts=(7,), never=0), **NAMED)
    assert weighted_for_response(alone, frame)[0].reason == "causal.fault.no_comparison"

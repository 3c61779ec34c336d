"""The benchmark of the alert system tests exactly as the alert system does."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from analysis.monitoring import dropped, mean_ever_below, share_below, share_ever_below
from analysis.monitoring.repeated import moderation

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "alerts.py"


@pytest.fixture(scope="module")
def benchmark() -> dict:
    return runpy.run_path(str(SCRIPT), run_name="loaded")


def test_its_tests_over_arrays_are_those_of_the_room(benchmark):
    rng = np.random.default_rng(1)
    n = rng.integers(20, 200, 40)
    hits = rng.binomial(n, 0.8)
    both = list(zip(hits.tolist(), n.tolist(), strict=True))
    expected = [share_ever_below(h, k, 0.85, 0.05, 20).fires for h, k in both]
    assert benchmark["shares_fire"](hits, n, 0.85, 0.05, 20).tolist() == expected
    assert any(expected)
    expected = [share_below(h, k, 0.85, 0.01).fires for h, k in both]
    assert benchmark["shares_fire_once"](hits, n, 0.85, 0.01).tolist() == expected
    values = rng.normal(0.62, 0.1, (40, 25))
    se = values.std(axis=1, ddof=1) / 5
    found = benchmark["means_fire"](values.mean(axis=1), se, 25, 0.7, 0.05, 20)
    assert found.tolist() == [mean_ever_below(v, 0.7, 0.05, 20).fires for v in values]
    assert found.any()
    baseline, recent = rng.normal(4, 0.1, (40, 12)), rng.normal(3.75, 0.1, (40, 3))
    prior = moderation(baseline.var(axis=1, ddof=1), np.full(40, 11))
    found = benchmark["drops_fire"](baseline, recent, 0.05, 0.01)
    both = zip(baseline, recent, strict=True)
    assert found.tolist() == [dropped(b, r, 0.05, 0.01, prior).fires for b, r in both]
    assert 0 < found.sum() < 40


def test_no_rule_exceeds_its_promise_over_26_looks(benchmark):
    rows = benchmark["false_alarms"](benchmark["in_force"](), 200, 0.0)
    error = (0.05 * 0.95 / 200) ** 0.5
    assert all(ever <= 0.05 + 3 * error for name, _, ever in rows if name != "all rules")
    assert all(ever >= one for _, one, ever in rows)
    alone = benchmark["false_alarms"](benchmark["in_force"](), 200, 0.0, once=True)
    assert alone[-1][2] > 2 * rows[-1][2]


def test_a_planted_fall_is_found(benchmark):
    drop = next(rule for rule in benchmark["in_force"]() if rule.kind == "drop")
    found, week = benchmark["delay"](drop, 100, 0.10)
    assert found > 0.8
    assert 4 <= week <= 16

"""The benchmark of the alert system tests exactly as the alert system does."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from analysis.monitoring import dropped, mean_below, share_below

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "alerts.py"


@pytest.fixture(scope="module")
def benchmark() -> dict:
    return runpy.run_path(str(SCRIPT), run_name="loaded")


def test_its_tests_over_arrays_are_those_of_the_room(benchmark):
    rng = np.random.default_rng(1)
    n = rng.integers(20, 200, 40)
    hits = rng.binomial(n, 0.8)
    expected = [share_below(int(h), int(k), 0.85, 0.01).fires for h, k in zip(hits, n, strict=True)]
    assert benchmark["shares_fire"](hits, n, 0.85, 0.01).tolist() == expected
    assert any(expected)
    values = rng.normal(0.66, 0.1, (40, 25))
    se = values.std(axis=1, ddof=1) / 5
    found = benchmark["means_fire"](values.mean(axis=1), se, 25, 0.7, 0.05)
    assert found.tolist() == [mean_below(v, 0.7, 0.05).fires for v in values]
    baseline, recent = rng.normal(4, 0.1, (40, 12)), rng.normal(3.75, 0.1, (40, 3))
    found = benchmark["drops_fire"](baseline, recent, 0.05, 0.01)
    both = zip(baseline, recent, strict=True)
    assert found.tolist() == [dropped(b, r, 0.05, 0.01).fires for b, r in both]
    assert 0 < found.sum() < 40


def test_one_look_keeps_the_promise_of_every_rule(benchmark):
    rows = benchmark["false_alarms"](benchmark["in_force"](), 200, 0.0)
    error = (0.05 * 0.95 / 200) ** 0.5
    assert all(one <= 0.05 + 3 * error for name, one, _ in rows if name != "all rules")
    assert all(ever >= one for _, one, ever in rows)
    healthy = {
        name: ever
        for name, _, ever in benchmark["false_alarms"](benchmark["in_force"](), 100, 0.05)
    }
    assert healthy["course_below_85"] <= 0.02


def test_a_planted_fall_is_found(benchmark):
    drop = next(rule for rule in benchmark["in_force"]() if rule.kind == "drop")
    found, week = benchmark["delay"](drop, 100, 0.10)
    assert found > 0.8
    assert 4 <= week <= 16

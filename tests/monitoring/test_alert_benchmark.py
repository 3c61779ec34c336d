"""The benchmark of the alert system tests exactly as the alert system does."""

import datetime as dt
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.monitoring import (
    assess_alerts,
    chart_weeks,
    dropped,
    mean_ever_below,
    rules,
    share_below,
    share_ever_below,
    weekly_measures,
)
from analysis.monitoring.alerts.rules import spread_of_sites

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
    effect = np.full(40, 1.7)
    expected = [share_ever_below(h, k, 0.85, 0.05, 20, 1.7).fires for h, k in both]
    assert benchmark["shares_fire"](hits, n, 0.85, 0.05, 20, effect).tolist() == expected
    values = rng.beta(1.3, 0.7, (40, 25))
    logs = [benchmark["fortune_logs"](values, 0.7, k).sum(axis=1) for k in benchmark["STAKES"]]
    found = benchmark["means_fire"](np.stack(logs, axis=-1), 0.5, np.full(40, 1.3))
    assert found.tolist() == [mean_ever_below(v, 0.7, 0.5, 1.3).fires for v in values]
    assert found.any()
    baseline, recent = rng.normal(4, 0.1, (40, 12)), rng.normal(3.75, 0.1, (40, 3))
    sites = spread_of_sites(baseline)
    spread = benchmark["spreads"](baseline[None])
    found = benchmark["drops_fire"](baseline.mean(axis=1)[None], recent[None], spread, 0.05, 0.01)
    expected = [
        dropped(b, r, 0.05, 0.01, sites.prior, sites.alike).fires
        for b, r in zip(baseline, recent, strict=True)
    ]
    assert found[0].tolist() == expected
    assert 0 < found.sum() < 40


@pytest.mark.parametrize("what", ["opened", "in_time"])
def test_its_weekly_charts_ring_as_those_of_the_room(benchmark, what):
    rng = np.random.default_rng(5)
    sites, weeks, start = 10, 52, benchmark["BASELINE_WEEKS"]
    rates = rng.gamma(40, 30 / 40, (1, sites, weeks))
    rates[:, 0, start:] *= 1.6
    opened, share = rng.poisson(rates), np.full((sites, weeks), 0.85)
    share[1, start:] = 0.6
    in_time = rng.binomial(30, share)
    counts = opened[0] if what == "opened" else np.full((sites, weeks), 30)
    rows = [(f"s{i}", w, counts[i, w], in_time[i, w]) for i in range(sites) for w in range(weeks)]
    frame = pd.DataFrame(rows, columns=["site_id", "week", "opened", "in_time"])
    frame["week"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(7 * frame["week"], unit="D")
    frame = frame.assign(due=frame["opened"], mature=True)
    chart = chart_weeks(frame, start=dt.date(2024, 1, 1) + dt.timedelta(weeks=start), what=what)
    rang = assess_alerts(weekly_measures({f"weekly_{what}": chart}), on=dt.date(2025, 1, 1)).alerts
    if what == "opened":
        found = benchmark["charts_fire"](opened.astype(float), np.sqrt, 0.05 / sites, up=True)
    else:
        value, spread = in_time[None] / 30, lambda p: np.sqrt(p * (1 - p) / 30)
        found = benchmark["charts_fire"](value, spread, 0.05 / sites, up=False)
    last = {f"s{i}" for i in np.flatnonzero(found[0, -1])}
    assert last == {alert.subject for alert in rang}
    assert last >= {"s0" if what == "opened" else "s1"}


def test_the_whole_system_is_in_it(benchmark):
    chosen = benchmark["in_force"]()
    assert {rule.measure for rule in chosen} == set(benchmark["SUBJECTS"])
    left_out = {rule.id for rule in rules()} - {rule.id for rule in chosen}
    assert left_out == {"course_redesign"}


@pytest.mark.parametrize("kind", ["independent", "dependent"])
def test_no_rule_exceeds_its_promise_over_26_looks(benchmark, kind):
    worlds = 60
    rows = benchmark["false_alarms"](
        benchmark["in_force"](), worlds, 0.0, benchmark["WORLDS"][kind]
    )
    error = (0.05 * 0.95 / worlds) ** 0.5
    assert all(ever <= 0.05 + 3 * error for name, _, ever in rows if name != "all rules")
    assert all(ever >= one for _, one, ever in rows)


def test_dependence_makes_tests_of_independent_answers_ring(benchmark):
    chosen = [r for r in benchmark["in_force"]() if r.id in ("satisfaction_drop", "course_low")]
    aware, naive = (
        benchmark["false_alarms"](chosen, 60, 0.0, benchmark["WORLDS"][name])[-1][2]
        for name in ("dependent", "dependent, tested as independent")
    )
    assert naive > aware + 0.1


def test_a_planted_fall_is_found(benchmark):
    drop = next(rule for rule in benchmark["in_force"]() if rule.kind == "drop")
    found, week = benchmark["delay"](drop, 100, 0.10)
    assert found > 0.8
    assert 4 <= week <= 16

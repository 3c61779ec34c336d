"""The level after, adjusted for the level before: against least squares, and at its edges."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from analysis.causal import Options, evaluate, prepare, two_by_two
from analysis.causal.did.lagged_outcome import lagged_outcome
from analysis.causal.panel.frame import FrameError


def panel(seed, *, sites=40, slope=0.5, effect=0.3, gap=0.0, noise=0.2, starts=(6,)):
    """Twelve months; what a site returns to after the start is ``slope`` of its level before."""
    rng = np.random.default_rng(seed)
    rows = []
    for site in range(sites):
        treated = site < sites // 2
        start = starts[site % len(starts)]
        level = rng.normal(4.0 - gap * treated, 0.4)
        for month in range(12):
            after = month >= start
            y = 4.0 + slope * (level - 4.0) if after else level
            y += effect * (after and treated) + rng.normal(0, noise)
            rows.append((f"s{site:02d}", month, y, float(start) if treated else np.inf))
    return pd.DataFrame(rows, columns=["unit", "period", "y", "cohort"])


def test_one_wave_is_least_squares_of_means():
    frame = panel(1)
    found = lagged_outcome(prepare(frame))
    side = np.where(frame["period"] < 6, "before", "after")
    means = frame.assign(side=side).pivot_table(index="unit", columns="side", values="y")
    means["treated"] = frame.groupby("unit")["cohort"].first().lt(np.inf).astype(float)
    fit = smf.ols("after ~ treated + before", means).fit(cov_type="HC0")
    assert found.att == pytest.approx(fit.params["treated"])
    assert found.slopes == (pytest.approx(fit.params["before"]),)
    assert found.se == pytest.approx(fit.bse["treated"] * np.sqrt(20 / 19))


def test_low_sites_that_recover_by_themselves_are_no_effect_here():
    """Sites chosen for their low level, which return half-way: not parallel, alike given level."""
    both = []
    for seed in range(30):
        prepared = prepare(panel(seed, gap=0.6, effect=0.0))
        both.append((lagged_outcome(prepared).att, two_by_two(prepared).att))
    adjusted, plain = np.mean(both, axis=0)
    assert plain == pytest.approx(0.3, abs=0.04)
    assert abs(adjusted) < 0.06


def test_parallel_sites_of_other_level_are_no_effect_of_the_difference():
    """Levels that stay: the difference is right; noise of the level before biases this one."""
    prepared = prepare(panel(3, slope=1.0, gap=0.6, effect=0.0, noise=0.1))
    assert abs(two_by_two(prepared).att) < 0.08
    assert abs(lagged_outcome(prepared).att) < 0.15


def test_waves_count_by_size():
    frame = panel(5, starts=(5, 8))
    whole = lagged_outcome(prepare(frame))
    alone = [
        lagged_outcome(prepare(frame[frame["cohort"].isin([start, np.inf])])).att
        for start in (5.0, 8.0)
    ]
    assert whole.att == pytest.approx(np.mean(alone))
    assert len(whole.slopes) == 2


def test_sites_all_alike_before_leave_the_plain_difference():
    frame = panel(7, noise=0.0)
    frame.loc[frame["period"] < 6, "y"] = 4.0
    found = lagged_outcome(prepare(frame))
    after = frame[frame["period"] >= 6].groupby(frame["cohort"].lt(np.inf))["y"].mean()
    assert found.att == pytest.approx(after[True] - after[False])
    assert found.slopes == (0.0,)


def test_it_refuses_without_never_treated_or_a_before():
    frame = panel(9, starts=(5, 8))
    with pytest.raises(FrameError, match="never-treated"):
        lagged_outcome(prepare(frame[frame["cohort"] < np.inf]))
    late = frame[(frame["period"] >= 5) | (frame["cohort"] != 5)]
    with pytest.raises(FrameError, match="lacks"):
        lagged_outcome(prepare(late, always_treated="keep"))


def test_it_stands_beside_and_decides_nothing():
    found = evaluate(
        panel(11), outcome="csat_mean", unit="score", options=Options(draws=49, horizons=())
    )
    (beside,) = [e for e in found.by_estimator() if e.method == "lagged_outcome"]
    assert beside.ci_low < beside.value < beside.ci_high
    assert beside.comparison == "never_treated"
    low, high = found.overall.methods_low, found.overall.methods_high
    others = [e.value for e in found.by_estimator() if e.method != "lagged_outcome"]
    assert (low, high) == (pytest.approx(min(others)), pytest.approx(max(others)))

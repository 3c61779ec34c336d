"""The joint test before the start where waves are small."""

from dataclasses import replace

import numpy as np
import pytest
from causal_panels import FIRST, draw, staggered

from analysis.causal import Options, aggregate, evaluate, group_time, prepare, pretrend_test
from analysis.causal.evaluation.estimates import Builder
from analysis.causal.parallel_trends.pretrend_draws import applies, joint_p_value

WORLDS = {
    "late wave of one": {"sizes": (13, 8, 14, 1), "starts": (4, 6, 9, 10), "never": 24},
    "late wave of two": {"sizes": (13, 8, 14, 2), "starts": (4, 6, 9, 10), "never": 24},
    "small waves": {"sizes": (4, 3, 3, 3), "starts": (4, 6, 8, 10), "never": 20},
}


@pytest.mark.parametrize("name", WORLDS)
def test_about_five_worlds_in_a_hundred_fail_without_drift(name):
    world = {**WORLDS[name], "periods": 13, "ar": 0.5, "effect": 0.0}
    template, rejected, worlds = prepare(staggered(0, **world)), 0, 100
    for seed in range(worlds):
        effects = group_time(replace(template, y=draw(seed, **world)[1]), base="universal")
        event = aggregate(effects, "event")
        chosen = (event.key < -1) & Builder(effects, "y", "", Options()).founded(event)
        chosen &= event.key > -8
        rejected += joint_p_value(effects, event.cell_weights[chosen], draws=99, seed=seed) <= 0.05
    assert rejected <= 13  # 5 % and 3.5 standard errors; 59 % with a late wave of one before


def test_a_drift_is_still_found():
    frame = staggered(3, effect=0.0)
    drift = 0.05 * (frame["period"] - FIRST) * frame["cohort"].notna()
    found = evaluate(
        frame.assign(y=frame["y"] + drift),
        outcome="csat_mean",
        unit="score_1_5",
        options=Options(draws=199, alternatives=(), horizons=()),
    )
    check = next(c for c in found.checks() if c.id.endswith("pretrend"))
    assert check.status == "failed"
    assert check.value == pytest.approx(1 / 200)


def test_the_statistic_of_the_actual_draw_is_the_wald_statistic():
    from analysis.causal.did.aggregate import outcome_weights
    from analysis.causal.parallel_trends.pretrend_draws import _statistics

    effects = group_time(prepare(staggered(2)), base="universal")
    panel, event = effects.panel, aggregate(effects, "event")
    chosen = np.flatnonzero((event.key < -1) & (event.key > -5))
    builder = Builder(effects, "y", "", Options())
    assert applies(effects)
    weights = event.cell_weights[chosen]
    label = np.unique(panel.cohort, return_inverse=True)[1]
    omega = np.stack([outcome_weights(effects, w) for w in weights])
    scores = [panel.y @ omega[:, label == h].sum(axis=1).T for h in range(label.max() + 1)]
    fixed_shares = np.stack([(omega[j] * panel.y).sum(axis=1) for j in range(len(chosen))], axis=1)
    for h in range(label.max() + 1):
        fixed_shares[label == h] -= fixed_shares[label == h].mean(axis=0)
    moved = fixed_shares * builder.scale[:, None]
    test = pretrend_test(event.att[chosen], moved.T @ moved, np.ones(len(chosen)), n_clusters=None)
    assert _statistics(scores, label[None])[0] == pytest.approx(test.statistic, rel=1e-9)


def test_one_state_alone_does_not_decide_on_the_castle_doctrine():
    """Homicide by state and year: one state adopted by itself, in 2009."""
    castle = pytest.importorskip("causaldata").castle.load_pandas().data
    start = castle[castle["lag0"] == 1].groupby("sid")["year"].min()
    frame = castle.rename(columns={"sid": "unit", "year": "period", "l_homicide": "y"})
    frame = frame.assign(cohort=frame["unit"].map(start))[["unit", "period", "y", "cohort"]]
    options = Options(draws=399, alternatives=(), horizons=())
    named = {"outcome": "csat_mean", "unit": "score_1_5", "options": options}
    sizes = frame.drop_duplicates("unit")["cohort"].value_counts()
    alone = sizes.index[sizes == 1]
    p = {}
    for name, rows in (("all", frame), ("without", frame[~frame["cohort"].isin(alone)])):
        checks = evaluate(rows, **named).checks()
        p[name] = next(c for c in checks if c.id.endswith("pretrend")).value
    assert sorted(sizes.index[sizes == 1].astype(int)) == [2009]
    assert min(p.values()) > 0.1


@pytest.mark.parametrize(("gaps", "said"), [(0.0, "tested"), (0.1, "not_possible")])
def test_waves_of_one_with_gaps_are_not_tested_against_a_spread_they_lack(gaps, said):
    frame = staggered(
        5, sizes=(1,) * 6, starts=range(10, 16), never=13, periods=24, ar=0.5, effect=0.0
    )
    kept = np.random.default_rng(1).random(len(frame)) >= gaps
    found = evaluate(
        frame[kept],
        outcome="csat_mean",
        unit="score_1_5",
        options=Options(draws=99, alternatives=(), horizons=()),
    )
    check = next(c for c in found.checks() if c.id.endswith("pretrend"))
    if said == "tested":
        assert check.value is not None
    else:
        assert (check.status, check.reason) == (said, "causal.why.pretrend.single_waves")

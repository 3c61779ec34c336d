"""Large roll-outs that end with hardly anybody untrained."""

from dataclasses import replace

import numpy as np
import pytest
from causal_panels import draw, staggered

from analysis.causal import Options, aggregate, evaluate, group_time, prepare
from analysis.causal.did.aggregate import planned_comparison
from analysis.causal.evaluation.estimates import Builder

ROLL_OUT = {"sizes": (15, 15, 14), "starts": (4, 7, 10), "periods": 20, "ar": 0.5, "effect": 0.0}
QUICK = Options(draws=199, horizons=(1, 12), alternatives=())


def world(seed: int, never: int, **changed):
    """One roll-out of 44 sites and some never trained, without effect."""
    return staggered(seed, never=never, **{**ROLL_OUT, **changed})


def test_the_comparison_clusters_of_each_cell_are_counted_not_of_all_cells_together():
    panel = prepare(world(0, 2))
    effects = group_time(panel, base="universal")
    builder = Builder(effects, "csat_mean", "score_1_5", QUICK)
    every_cell = aggregate(effects, "simple")
    rule = builder.rule(every_cell.cell_weights[0])
    assert (rule.n_treated, rule.n_comparison, rule.lead) == (44, 2, "randomisation")
    first_wave = (effects.cohort == panel.cohorts[0]) & (effects.period < panel.cohorts[1])
    early = np.where(first_wave & (effects.event_time >= 0), 1 / 3, 0.0)
    assert builder.rule(early).n_comparison == 31


def test_the_leading_mean_ends_where_hardly_anybody_is_left_and_says_so():
    found = evaluate(world(1, 1), outcome="csat_mean", unit="score_1_5", options=QUICK)
    lead = found.overall
    last_compared = int(found.panel.cohorts[-1]) - 1
    assert lead.dims["until"] == last_compared
    assert lead.interval_method == "influence_function"
    assert found.rule.n_comparison == 15  # the last wave and the site never trained
    check = {c.id.rpartition(".")[2]: c for c in found.checks()}
    assert check["months_left_out"].status == "caution"
    assert check["months_left_out"].params["until"] == last_compared
    assert check["comparison_size"].value == 15
    assert found.at_horizon(12).interval_method == "randomisation"


def test_nothing_is_left_out_where_every_month_has_a_comparison():
    found = evaluate(world(2, 12), outcome="csat_mean", unit="score_1_5", options=QUICK)
    assert "until" not in found.overall.dims
    assert not [c for c in found.checks() if c.id.endswith("months_left_out")]
    assert found.rule.n_comparison == 12


def test_the_plan_counts_not_what_was_observed():
    panel = prepare(world(3, 4))
    gaps = panel.y.copy()
    gaps[-3:, -1] = np.nan
    effects = group_time(replace(panel, y=gaps), base="universal")
    assert (
        planned_comparison(effects) == planned_comparison(group_time(panel, base="universal"))
    ).all()


@pytest.mark.parametrize("never", [1, 2, 4])
def test_a_roll_out_without_effect_claims_one_in_about_five_worlds_of_a_hundred(never):
    template, rejected, worlds = prepare(world(0, never)), 0, 120
    for seed in range(worlds):
        panel = replace(template, y=draw(seed, never=never, **ROLL_OUT)[1])
        effects = group_time(panel, base="universal")
        mean = aggregate(effects, "simple", fewest_compared=4)
        found = Builder(effects, "csat_mean", "score_1_5", QUICK).overall(mean)[0]
        rejected += found.p_value <= 0.05
    assert rejected <= 13  # 5 % and four standard errors; 45–60 % by clusters behind any cell


def test_the_other_estimators_average_the_same_months():
    options = replace(QUICK, alternatives=("imputation", "sun_abraham", "twfe"))
    frame = world(4, 1)
    found = evaluate(frame, outcome="csat_mean", unit="score_1_5", options=options)
    until = found.overall.dims["until"]
    late = frame.assign(y=frame["y"] + 50.0 * (frame["period"] > until) * frame["cohort"].notna())
    moved = evaluate(late, outcome="csat_mean", unit="score_1_5", options=options)
    for own, other in zip(found.by_estimator(), moved.by_estimator(), strict=True):
        assert own.value == pytest.approx(other.value, abs=1e-9)

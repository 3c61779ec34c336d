"""What leads where timing was drawn by lot: many sites, few sites, gaps, strata."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.causal import Options, evaluate, leave_one_out, prepare, staggered
from analysis.causal.did.group_time import group_time
from analysis.causal.evaluation.evaluate import lead
from analysis.causal.lottery import lot
from analysis.causal.resampling.randomisation import randomisation_test

NAMED = {"outcome": "csat_mean", "unit": "score_1_5"}
EXACT = 1e-10


def world(start, seed=0, periods=10, effect=0.0, missing=0.0):
    """Sites whose level stays for good, with noise of one month; ``start`` by site, inf never."""
    rng = np.random.default_rng(seed)
    start = np.asarray(start, float)
    months = np.arange(periods)
    y = 4 + rng.normal(0, 0.5, (len(start), 1)) + rng.normal(0, 0.3, (len(start), periods))
    y += effect * (months[None] >= start[:, None])
    frame = pd.DataFrame(
        {
            "unit": np.repeat([f"s{i:03d}" for i in range(len(start))], periods),
            "period": np.tile(months, len(start)),
            "y": y.ravel(),
            "cohort": np.repeat(np.where(np.isinf(start), np.nan, start), periods),
        }
    )
    return frame[rng.random(len(frame)) >= missing] if missing else frame


def regressed(evaluation, kind="simple", j=0):
    """Effect and HC2 error by weighted least squares of unit rows on cohorts and what was before.

    Intercepts of cohorts, times their units, add up to the effect.
    """
    effects, panel = evaluation.effects, evaluation.panel
    weights = evaluation.aggregates[kind].cell_weights[j]
    after, before = np.zeros(len(panel.units)), np.zeros(len(panel.units))
    for k in np.flatnonzero(weights):
        share, first = weights[k] * effects.contrast[:, k], int(panel.periods[0])
        after += share * panel.y[:, effects.period[k] - first]
        window = slice(effects.base_from[k] - first, effects.base[k] - first + 1)
        before += share * panel.y[:, window].mean(axis=1)
    member = (panel.cohort[:, None] == np.unique(panel.cohort)).astype(float)
    size = member.sum(axis=0)
    root = np.sqrt(member @ (size / (size - 1)))[:, None]
    X, y = root * np.column_stack([member, before]), root[:, 0] * after
    inverse = np.linalg.inv(X.T @ X)
    slopes = inverse @ X.T @ y
    leverage = np.einsum("ij,jk,ik->i", X, inverse, X)
    asked = np.append(size, 0.0)
    variance = ((X @ inverse @ asked) ** 2 * (y - X @ slopes) ** 2 / (1 - leverage)).sum()
    return asked @ slopes, np.sqrt(variance)


MANY = np.repeat([4, 6, np.inf], [14, 16, 22])
FEW = np.repeat([4, 6, np.inf], [3, 2, 5])


@pytest.mark.parametrize("base", ["universal", "all_before"])
def test_many_sites_get_the_efficient_estimator_effect_by_effect(base):
    frame = world(MANY, effect=0.3)
    found = evaluate(frame, **NAMED, options=Options(base=base, drawn_by_lot=True, draws=99))
    panel, of_lot = prepare(frame), {"universal": "month_before"}.get(base, base)
    simple = staggered(panel, "simple", base=of_lot)
    assert found.overall.value == pytest.approx(simple.att[0], abs=EXACT)
    assert (found.overall.value, found.overall.se) == pytest.approx(regressed(found), abs=EXACT)
    assert found.effects.coefficient == pytest.approx(simple.beta[0], abs=EXACT)
    assert found.rule.reason == "causal.rule.lot_many"
    events = staggered(panel, "event_study", event_times=range(4), base=of_lot)
    shown = found.by_event_time(first=0, last=3)
    assert [e.value for e in shown] == pytest.approx(events.att.tolist(), abs=EXACT)
    place = found.aggregates["event"].key.tolist().index(0)
    errors = [regressed(found, "event", place + e)[1] for e in range(4)]
    assert [e.se for e in shown] == pytest.approx(errors, abs=EXACT)
    for kind in ("cohort", "calendar"):
        mean = found.aggregates[kind].overall
        whole = staggered(panel, kind, base=of_lot)
        assert mean.att[0] == pytest.approx(whole.att[0], abs=EXACT)


def test_many_sites_with_enough_months_get_the_adjusted_error():
    frame = world(np.repeat([1, 3, np.inf], 40), periods=5)
    found = evaluate(frame, **NAMED, options=Options(drawn_by_lot=True, draws=99))
    simple = staggered(prepare(frame), "simple")
    foretold = simple.se_neyman[0] ** 2 - simple.se[0] ** 2
    assert foretold > 0
    plain = regressed(found)[1]
    assert found.overall.se == pytest.approx(np.sqrt(plain**2 - foretold), abs=EXACT)


def test_a_wave_of_one_among_many_sites_leaves_neymans_error():
    frame = world(np.repeat([1, 3, np.inf], [20, 1, 20]), periods=5)
    found = evaluate(frame, **NAMED, options=Options(drawn_by_lot=True, draws=99))
    simple = staggered(prepare(frame), "simple")
    assert found.rule.reason == "causal.rule.lot_many"
    assert found.overall.value == pytest.approx(simple.att[0], abs=0.01)
    assert found.overall.se == pytest.approx(simple.se_neyman[0], rel=0.1)


def test_an_interval_by_lot_is_narrower_than_that_of_differences():
    widths = []
    for by_lot in (True, False):
        options, width = Options(drawn_by_lot=by_lot, draws=99), 0.0
        for seed in range(10):
            panel = prepare(world(MANY, seed, effect=0.3))
            builder, parts = lead(panel, options, kinds=("simple",), **NAMED)
            own = builder.overall(parts["simple"])[0]
            width += own.ci_high - own.ci_low
        widths.append(width)
    assert widths[0] < 0.95 * widths[1]


def test_the_error_is_the_variance_of_the_effect_given_what_was_before():
    """40 sites, one chance difference before: over 2,000 outcomes the errors are right on average.

    Neyman's are too small by what an error of the coefficient does where waves started apart.
    """
    rng = np.random.default_rng(3)
    size = np.array([10, 10, 20])
    place = np.repeat([0, 1, 2], size)
    weight = np.repeat([0.05, 0.05, -0.05], size)
    level = rng.normal(size=40) + 1.0 * (weight > 0)
    outcome = 0.8 * level + rng.normal(size=(2000, 40))
    member, scale = np.eye(3)[place], np.sqrt(size / (size - 1))[place]
    after, before = (
        scale * (part - (part @ member / size)[..., place])
        for part in (weight * outcome, weight * level)
    )
    gap = np.full(2000, weight @ level)
    before = np.broadcast_to(before, after.shape)
    beta, influence = lot.learnt(after, before, scale, gap)
    true = np.var(outcome @ weight - beta * gap)
    told = (influence**2).sum(axis=1).mean()
    neyman = ((after - beta[:, None] * before) ** 2).sum(axis=1).mean()
    assert told == pytest.approx(true, rel=0.05)
    assert neyman < 0.9 * true


def test_few_sites_get_randomisation_on_outcomes_less_their_pooled_slope():
    frame = world(FEW, effect=0.3, seed=3)
    options = Options(base="all_before", drawn_by_lot=True, draws=199)
    found = evaluate(frame, **NAMED, options=options)
    assert found.overall.interval_method == "randomisation"
    assert found.rule.reason == "causal.rule.lot_few"
    effects, cells = found.effects, found.aggregates["simple"].cells[0]
    test = randomisation_test(effects, cells, draws=199, seed=options.seed)
    assert found.overall.value == pytest.approx(test.estimate, abs=EXACT)
    assert found.overall.p_value == test.p_value
    assert found.overall.ci_low < found.overall.value < found.overall.ci_high


def test_the_pooled_slope_is_a_regression_that_no_assignment_enters():
    """By hand: slope over all units of the mean after on the mean before, the effect taken off."""
    frame = world(FEW, seed=3)
    panel = prepare(frame)
    effects = group_time(panel, base="all_before")
    slopes = lot.pooled_slopes(effects)
    after, before = panel.y[:, 4:].mean(axis=1), panel.y[:, :4].mean(axis=1)
    share = panel.treated[:, 4:].mean(axis=1)
    for effect in (0.0, 0.7):
        slope = np.polyfit(before, after - effect * share, 1)[0]
        assert slopes.outcome - effect * slopes.treatment == pytest.approx(slope, abs=EXACT)
    again = np.random.default_rng(1).permutation(panel.cohort)
    moved = lot.pooled_slopes(group_time(replace(panel, cohort=again), base="all_before"))
    assert moved.outcome == pytest.approx(slopes.outcome, abs=EXACT)


def test_few_sites_from_the_month_before_keep_a_coefficient_of_one():
    frame = world(FEW, effect=0.3)
    by_lot, plain = (
        evaluate(frame, **NAMED, options=Options(drawn_by_lot=chosen, draws=99))
        for chosen in (True, False)
    )
    assert by_lot.overall.value == pytest.approx(plain.overall.value, abs=EXACT)
    assert by_lot.overall.interval_method == "randomisation"


@pytest.mark.parametrize("start", [MANY, FEW], ids=["many", "few"])
def test_gaps_are_compared_within_each_cell(start):
    frame = world(start, effect=0.4, missing=0.1)
    found = evaluate(
        frame, **NAMED, options=Options(base="all_before", drawn_by_lot=True, draws=199)
    )
    assert found.effects.lot
    assert found.overall.ci_low < 0.4 < found.overall.ci_high
    assert found.overall.n_units > 0.9 * len(start)


def test_strata_dealt_out_unevenly_leave_parallel_trends_to_lead():
    frame = world(MANY)
    units = sorted(frame["unit"].unique())
    uneven = dict.fromkeys(units, "b") | dict.fromkeys(units[:20], "a")
    even = {unit: "ab"[i % 2] for i, unit in enumerate(units)}
    for stratum, by_lot in ((uneven, False), (even, True)):
        labelled = frame.assign(stratum=frame["unit"].map(stratum))
        options = Options(drawn_by_lot=True, stratum="stratum", draws=99)
        assert evaluate(labelled, **NAMED, options=options).effects.lot is by_lot


def test_covariates_leave_parallel_trends_to_lead():
    frame = world(MANY).assign(size=lambda rows: rows["unit"].str[1:].astype(int) % 7)
    options = Options(drawn_by_lot=True, covariates=("size",), draws=99)
    assert evaluate(frame, **NAMED, options=options).effects.lot is False


def test_a_base_without_variation_takes_nothing_off():
    frame = world(FEW, seed=4)
    frame.loc[frame["period"] < 4, "y"] = 3.0
    options = Options(base="all_before", drawn_by_lot=True, draws=199)
    found = evaluate(frame, **NAMED, options=options)
    assert found.effects.coefficient == 0.0
    assert found.overall.p_value is not None


def test_one_month_before_is_the_analysis_of_covariance():
    """One wave, one month before and one after: the slope of a regression with the arm in it."""
    start = np.repeat([1, np.inf], [30, 30])
    frame = world(start, periods=2, effect=0.2, seed=8)
    found = evaluate(frame, **NAMED, options=Options(drawn_by_lot=True, draws=99))
    panel = prepare(frame)
    trained = np.isfinite(panel.cohort).astype(float)
    X = np.column_stack([np.ones(60), trained, panel.y[:, 0]])
    slope = np.linalg.lstsq(X, panel.y[:, 1], rcond=None)[0]
    assert found.overall.value == pytest.approx(slope[1], abs=EXACT)


def test_waves_that_started_apart_are_noticed():
    frame = world(MANY, seed=2)
    options = Options(base="all_before", drawn_by_lot=True, draws=199)
    apart = frame.assign(y=frame["y"] + frame["cohort"].eq(4) * 1.0)
    for rows, status in ((frame, "passed"), (apart, "caution")):
        checks = evaluate(rows, **NAMED, options=options).checks()
        assert [c.status for c in checks if c.id.endswith("lot_balance")] == [status]


def test_the_balance_of_waves_is_the_share_of_all_orders_as_far_apart():
    """Four sites, two of them trained: three orders of six have the same difference or more."""
    frame = world([4, 4, np.inf, np.inf])
    before = {"s000": 1.0, "s001": 3.0, "s002": 2.0, "s003": 4.0}
    level = frame["unit"].map(before)
    panel = prepare(frame.assign(y=frame["y"].where(frame["period"] >= 4, level)))
    # Means of pairs: {1,3} against {2,4}: 1 apart; {1,4} against {2,3}: 0; {1,2} against {3,4}: 2.
    assert lot.balance_p(panel, draws=99, seed=1) == pytest.approx(4 / 6)


def test_a_balance_of_draws_counts_the_draw_that_happened():
    """No order drawn is as far apart: one of a hundred, never nought."""
    frame = world(MANY, seed=2)
    panel = prepare(frame.assign(y=frame["y"] + frame["cohort"].eq(4) * 50.0))
    assert lot.balance_p(panel, draws=99, seed=1) == 1 / 100


@pytest.mark.parametrize("start", [[4, np.inf], [4, 4, np.inf], [4, 6, 6, np.inf, np.inf]], ids=str)
def test_too_few_sites_for_a_slope_keep_a_coefficient_of_one(start):
    options = Options(base="all_before", drawn_by_lot=True, draws=99)
    found = evaluate(world(start, effect=0.3), **NAMED, options=options)
    plain = evaluate(
        world(start, effect=0.3), **NAMED, options=replace(options, drawn_by_lot=False)
    )
    assert found.effects.coefficient == 1.0
    assert found.overall.value == pytest.approx(plain.overall.value, abs=EXACT)


def test_levels_that_tell_who_was_treated_keep_a_coefficient_of_one():
    frame = world(np.repeat([4, np.inf], 5), seed=3)
    trained = frame["cohort"].notna() & (frame["period"] < 4)
    frame["y"] += 50.0 * trained
    options = Options(base="all_before", drawn_by_lot=True, draws=99)
    assert evaluate(frame, **NAMED, options=options).effects.coefficient == 1.0


@pytest.mark.parametrize("start", [np.repeat([4, 6, np.inf], [10, 10, 20]), FEW])
def test_leaving_a_site_out_keeps_the_estimator(start):
    frame = world(start, effect=0.3)
    options = Options(base="all_before", drawn_by_lot=True, draws=99)
    found = evaluate(frame, **NAMED, options=options)
    many = found.rule.lead == "influence_function"
    table, check = leave_one_out(found)
    assert many == (len(start) == 40)
    assert len(table) == len(start)
    for row in table.itertuples():
        rest = prepare(frame[frame["unit"] != row.unit])
        without = lead(rest, options, many=many, kinds=("simple",), **NAMED)[1]["simple"]
        assert row.value == pytest.approx(float(without.att[0]), abs=EXACT)
    # Without any one site the values lie around the effect, not around another estimator's.
    width = found.overall.ci_high - found.overall.ci_low
    assert abs(table["change"].mean()) < 0.05 * width
    assert check.status == "passed"


def test_the_fewest_sites_that_learn_a_slope_learn_it_without_one_of_them_too(monkeypatch):
    frame = world(np.repeat([4, np.inf], 4), effect=0.3)
    options = Options(base="all_before", drawn_by_lot=True, draws=99)
    found = evaluate(frame, **NAMED, options=options)
    assert found.panel.n_clusters == lot.FEWEST_FOR_A_SLOPE
    assert found.effects.coefficient != 1.0
    table = leave_one_out(found)[0]
    monkeypatch.setattr(lot, "FEWEST_FOR_A_SLOPE", 1)
    for row in table.itertuples():
        alone = evaluate(frame[frame["unit"] != row.unit], **NAMED, options=options)
        assert alone.effects.coefficient != 1.0
        assert row.value == pytest.approx(alone.overall.value, abs=EXACT)


def test_without_a_slope_no_site_left_out_brings_one():
    frame = world(np.repeat([4, np.inf], [3, 4]), effect=0.3)
    options = Options(base="all_before", drawn_by_lot=True, draws=99)
    found = evaluate(frame, **NAMED, options=options)
    assert found.effects.coefficient == 1.0
    for row in leave_one_out(found)[0].itertuples():
        alone = evaluate(frame[frame["unit"] != row.unit], **NAMED, options=options)
        assert row.value == pytest.approx(alone.overall.value, abs=EXACT)

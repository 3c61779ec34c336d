"""Estimators under other draws of the waves equal themselves applied to each draw."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from causal_panels import staggered

from analysis.causal import (
    FrameError,
    Options,
    aggregate,
    evaluate,
    group_time,
    imputation,
    outcome_weights,
    prepare,
    randomisation_test,
    two_by_two,
)
from analysis.causal.lottery.assignments import assignments
from analysis.causal.options import AIMS
from analysis.causal.resampling.randomisation import among_draws
from analysis.causal.resampling.redrawn import redraw_group_time, redraw_imputation

WAVES = {"sizes": (1, 2), "starts": (4, 6), "never": 5, "periods": 9}
DRAWS = 40


def panel_of(missing=0.0, **columns):
    frame = staggered(4, missing=missing, **WAVES)
    site = frame["unit"].str[1:].astype(int)
    frame = frame.assign(w=1 + site % 3, pair=site // 2 if "cluster" in columns else site)
    return prepare(frame, **columns)


def draws_of(panel):
    """Yield the panel under the actual assignment and under each draw."""
    first = np.unique(panel.cluster, return_index=True)[1]
    codes, label = np.unique(panel.cohort[first], return_inverse=True)
    labels, _ = assignments(label, panel.stratum[first], DRAWS, 1)
    for row in np.vstack([label, labels]):
        yield replace(panel, cohort=codes[row][panel.cluster])


def cells_of(panel, effects, kind="simple"):
    part = aggregate(effects, kind)
    return [(effects.cohort[c], effects.period[c]) for c in part.cells], part.att


@pytest.mark.parametrize("kind", ["simple", "event", "cohort", "calendar"])
@pytest.mark.parametrize("missing", [0.0, 0.15])
@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"base": "all_before"},
        {"comparison": "never_treated"},
        {"unbalanced": "cross_sections"},
        {"unbalanced": "drop_units"},
    ],
    ids=str,
)
def test_group_time_is_estimated_anew_in_every_draw(choices, missing, kind):
    panel = panel_of(0.02 if "drop_units" in str(choices) and missing else missing, weights="w")
    effects = group_time(panel, **choices)
    redrawn = redraw_group_time(effects, draws=DRAWS, seed=1)
    cells, att = cells_of(panel, effects, kind)
    for place, value in zip(cells, att, strict=True):
        on_outcome, on_treatment = redrawn.average(*place)
        if (place[1] >= place[0]).all():
            assert on_treatment[0] == pytest.approx(1)
            assert on_outcome[0] == pytest.approx(value, abs=1e-12)
    if kind == "simple":
        for k, drawn in enumerate(draws_of(effects.panel)):
            expected = aggregate(group_time(drawn, **choices), "simple").att[0]
            assert redrawn.average(*cells[0])[0][k] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("missing", [0.0, 0.15])
def test_imputation_is_estimated_anew_in_every_draw(missing):
    panel = panel_of(missing, weights="w")
    redrawn = redraw_imputation(panel, draws=DRAWS, seed=1)
    (cells,), _ = cells_of(panel, group_time(panel))
    outcome, treatment = redrawn.average(*cells)
    assert treatment[0] == pytest.approx(1)
    for k, drawn in enumerate(draws_of(panel)):
        assert outcome[k] == pytest.approx(imputation(drawn).overall, abs=1e-12)


def test_draws_of_whole_clusters():
    frame = staggered(4, sizes=(2, 4), starts=(4, 6), never=6, periods=9)
    frame["pair"] = frame["unit"].str[1:].astype(int) // 2
    panel = prepare(frame, cluster="pair")
    effects = group_time(panel)
    redrawn = redraw_group_time(effects, draws=DRAWS, seed=1)
    (cells,), _ = cells_of(panel, effects)
    for k, drawn in enumerate(draws_of(panel)):
        expected = aggregate(group_time(drawn), "simple").att[0]
        assert redrawn.average(*cells)[0][k] == pytest.approx(expected, abs=1e-12)


def test_blocks_of_draws_do_not_change_the_result(monkeypatch):
    panel = panel_of(0.1)
    whole = redraw_group_time(group_time(panel), draws=DRAWS, seed=1)
    guessed = redraw_imputation(panel, draws=DRAWS, seed=1)
    monkeypatch.setattr("analysis.causal.resampling.redrawn.BLOCK", 1)
    np.testing.assert_allclose(
        redraw_group_time(group_time(panel), draws=DRAWS, seed=1).effect, whole.effect, atol=1e-12
    )
    np.testing.assert_allclose(
        redraw_imputation(panel, draws=DRAWS, seed=1).effect, guessed.effect, atol=1e-12
    )


def test_months_that_no_untreated_unit_has_seen():
    """Everyone is trained by the end: late treated cells have no prediction and do not count."""
    panel = prepare(staggered(4, sizes=(3, 4), starts=(4, 6), never=0, periods=9))
    redrawn = redraw_imputation(panel, draws=DRAWS, seed=1)
    effects = group_time(panel)
    (cells,), _ = cells_of(panel, effects)
    assert redrawn.average(*cells)[0][0] == pytest.approx(imputation(panel).overall, abs=1e-12)


def test_the_test_keeps_its_size_where_waves_of_one_have_gaps():
    """Exact by construction: nominal 10 %, 300 worlds, three binomial standard errors (.052)."""
    template = panel_of()
    rejects, worlds = 0, 0
    for seed in range(300):
        rng = np.random.default_rng(1000 + seed)
        y = rng.normal(size=template.y.shape)
        panel = replace(template, y=np.where(rng.random(y.shape) < 0.25, np.nan, y))
        try:
            effects = group_time(panel)
            cells = aggregate(effects, "simple").cells[0]
        except FrameError:
            continue
        found = randomisation_test(effects, cells, draws=99, seed=seed)
        rejects, worlds = rejects + (found.p_value <= 0.1), worlds + 1
    assert 0.1 - 0.052 < rejects / worlds < 0.1 + 0.052


def test_covariates_are_taken_out_without_looking_at_the_draw():
    """Trends along a covariate by which waves were chosen do not pass for an effect."""
    frame = staggered(3, sizes=(4, 4), starts=(5, 6), never=12, periods=9, effect=0.0)
    site = frame["unit"].str[1:].astype(int)
    frame["x"] = np.where(frame["cohort"].notna(), 1.0, 0.0) + 0.2 * np.sin(site)
    frame["y"] += 0.5 * frame["x"] * (frame["period"] - frame["period"].min())
    tests = []
    for covariates in ((), ("x",)):
        effects = group_time(prepare(frame, covariates=covariates), method="reg")
        cells = aggregate(effects, "simple").cells[0]
        tests.append(randomisation_test(effects, cells, draws=199, seed=1))
    assert tests[0].p_value < 0.05
    assert tests[1].p_value > 0.05
    assert abs(tests[1].estimate) < 0.1 * abs(tests[0].estimate)


def test_imputations_weights_and_leave_one_out():
    panel = panel_of(0.1, weights="w")
    guess = imputation(panel)
    assert np.nansum(guess.omega * panel.y) == pytest.approx(guess.overall, abs=1e-12)
    assert np.abs(guess.omega.sum(axis=0)).max() < 1e-12
    assert np.abs(guess.omega.sum(axis=1)).max() < 1e-12
    assert guess.omega[guess.imputed].sum() == pytest.approx(1)
    assert np.isnan(imputation(panel, leave_one_out=True).overall_se)  # a wave of one
    two = prepare(staggered(4, sizes=(3, 3), starts=(4, 6), never=5, periods=9))
    assert imputation(two, leave_one_out=True).overall_se > imputation(two).overall_se


@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_one_wave_against_all_months_before_is_two_by_two(missing):
    frame = staggered(2, sizes=(5,), starts=(5,), never=7, periods=10, missing=missing)
    panel = prepare(frame)
    effects = group_time(panel, base="all_before")
    simple = aggregate(effects, "simple")
    omega = outcome_weights(effects, simple.cell_weights[0])
    assert np.nansum(omega * panel.y) == pytest.approx(simple.att[0], abs=1e-12)
    if not missing:
        assert simple.att[0] == pytest.approx(two_by_two(panel).att, abs=1e-12)
        assert simple.att[0] == pytest.approx(imputation(panel).overall, abs=1e-12)


def test_deviations_before_the_start_add_up_to_zero():
    panel = prepare(staggered(2, sizes=(5,), starts=(5,), never=7, periods=10))
    event = aggregate(group_time(panel, base="all_before"), "event")
    assert event.att[event.key < 0].sum() == pytest.approx(0, abs=1e-12)
    assert np.isfinite(event.se(panel.cluster)).all()


NAMED = {"outcome": "csat_mean", "unit": "score_1_5"}
OPTIONS = {
    "one_site_a_wave": Options(draws=199),
    "all_before": Options(draws=199, base="all_before"),
    "randomisation": Options(draws=199, base="all_before", inference="randomisation"),
}


def stored(frame, options):
    found = evaluate(frame, **NAMED, options=options)
    rows = [(e.id, e.value, e.se, e.ci_low, e.ci_high, e.p_value, e.n) for e in found.estimates()]
    return pd.DataFrame(rows).set_index(0).astype(float)


@pytest.mark.parametrize("name", list(OPTIONS))
def test_what_must_not_change_an_answer(name):
    frame = staggered(2, sizes=(5, 1), starts=(5, 7), never=8, periods=11, missing=0.05)
    before, options = frame.copy(deep=True), OPTIONS[name]
    base = stored(frame, options)
    ghost = frame[frame["unit"] == "s000"].assign(unit="zz", y=np.nan)
    site = frame["unit"].map(lambda u: int(u[1:]) * 0.37)
    for other in (
        frame.sample(frac=1, random_state=3),
        frame.assign(unit="项目" + frame["unit"]),
        pd.concat([frame, ghost]),
        frame.assign(y=frame["y"] + 50),
    ):
        pd.testing.assert_frame_equal(stored(other, options), base, rtol=1e-7, atol=1e-7)
    moved = stored(frame.assign(y=frame["y"] + site + np.sin(frame["period"])), options)
    level = "|".join(["two_by_two", *(name for name, aim in AIMS.items() if not aim.differences)])
    kept = ~base.index.str.contains(level)  # plain means: months do not cancel with gaps
    pd.testing.assert_frame_equal(moved[kept], base[kept], rtol=1e-7, atol=1e-7)
    pd.testing.assert_frame_equal(frame, before)


def test_who_leads_and_what_stands_beside():
    frame = staggered(2, sizes=(5, 1), starts=(5, 7), never=8, periods=11)
    found = evaluate(frame, **NAMED, options=Options(draws=199, base="all_before"))
    by_id = {e.id.removeprefix("tracking.csat_mean.att."): e for e in found.estimates()}
    assert found.overall.interval_method == "randomisation"
    assert found.overall.method == "group_time_dr_all_before"
    assert by_id["overall.wild_bootstrap"].interval_method.startswith("wild_")
    assert by_id["imputation"].interval_method == "randomisation"
    assert by_id["imputation"].ci_low < by_id["imputation"].value < by_id["imputation"].ci_high
    assert by_id["twfe"].reason == "causal.reason.few_clusters_beside"


def test_imputation_follows_the_rule():
    few = evaluate(staggered(1, sizes=(4, 4), starts=(7, 9), never=9), **NAMED)
    many = evaluate(staggered(1), **NAMED)
    methods = {}
    for name, found in (("few", few), ("many", many)):
        item = next(e for e in found.estimates() if e.method == "imputation")
        assert item.ci_low < item.value < item.ci_high
        methods[name] = item.interval_method
    assert methods == {"few": "wild_rademacher", "many": "clustered_t"}


def test_the_interval_of_one_cell_is_the_set_not_rejected():
    panel = panel_of()
    redrawn = redraw_group_time(group_time(panel), draws=200, seed=1)
    cohort, period = panel.cohorts[:1].astype(int), panel.cohorts[:1].astype(int)
    found = among_draws(redrawn, cohort, period, level=0.8)
    assert found.enumerated
    assert found.n_assignments == 8 * 21
    assert found.ci_low < found.estimate < found.ci_high
    for end, outside in ((found.ci_low, -1e-4), (found.ci_high, 1e-4)):
        assert among_draws(redrawn, cohort, period, null=end + outside).p_value <= 0.2
        assert among_draws(redrawn, cohort, period, null=end - outside).p_value > 0.2

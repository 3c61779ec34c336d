"""The one entrance: ids, intervals, checks, words, and designs that cannot show an effect."""

import numpy as np
import pytest
from causal_panels import staggered

from analysis import wording
from analysis.causal import FrameError, Options, evaluate
from analysis.causal.did.bands import satterthwaite
from analysis.causal.did.two_by_two import small_sample_scale
from analysis.causal.evaluation.evaluate import evaluate_overall
from analysis.causal.inference.distributions import t_p_value
from analysis.results import from_json, to_json

DESIGNS = {
    "rollout": {},
    "gaps": {"missing": 0.12},
    "few": {"sizes": (4, 3), "starts": (7, 9)},
    "waves_of_one": {"sizes": (4, 1), "starts": (7, 9)},
    "very_few": {"sizes": (2, 1), "starts": (7, 9)},
    "one_site": {"sizes": (1,), "starts": (7,), "never": 9},
    "everyone_by_the_end": {"never": 0},
    "everyone_at_once": {"sizes": (9,), "starts": (7,), "never": 0},
    "everyone_from_the_start": {"sizes": (9,), "starts": (0,), "never": 3},
    "few_comparison": {"sizes": (20,), "starts": (7,), "never": 3},
}


def run(name, **options):
    frame = staggered(1, **DESIGNS[name])
    return evaluate(
        frame, outcome="csat_mean", unit="score_1_5", options=Options(draws=199, **options)
    )


@pytest.fixture(scope="module")
def designs():
    return {name: run(name) for name in DESIGNS}


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("drawn_by_lot", [False, True])
def test_the_overall_effect_alone_is_the_one_beside_which_no_other_method_stands(
    name, drawn_by_lot
):
    frame = staggered(1, **DESIGNS[name])
    options = Options(draws=199, alternatives=(), drawn_by_lot=drawn_by_lot)
    named = {"outcome": "csat_mean", "unit": "score_1_5", "options": options}
    alone, whole = evaluate_overall(frame, **named), evaluate(frame, **named)
    assert alone.overall == whole.overall
    assert alone.broken_rule == whole.broken_rule


def status(evaluation, name):
    return next(c.status for c in evaluation.checks() if c.id.endswith(f"check.{name}"))


def test_ids(designs):
    found = designs["rollout"]
    ids = [e.id for e in found.estimates()]
    assert ids[0] == found.overall.id == "tracking.csat_mean.att.overall"
    for name in ("event_time.3", "event_time.-1", "horizon.6", "two_by_two", "imputation"):
        assert f"tracking.csat_mean.att.{name}" in ids
    assert found.at_horizon(6).value == next(
        e.value for e in found.by_event_time() if e.dims["event_time"] == 6
    )
    with pytest.raises(KeyError, match="5"):
        found.at_horizon(5)


def test_event_time_zero_is_the_cohorts_own_month():
    """An effect in the starting month alone appears at event time 0 alone."""
    frame = staggered(1, effect=0.0, noise=1e-6)
    frame["y"] += (frame["period"] == frame["cohort"]) * 1.0
    found = evaluate(frame, outcome="csat_mean", unit="score_1_5", options=Options(draws=99))
    for item in found.by_event_time():
        expected = float(item.dims["event_time"] == 0)
        assert item.value == pytest.approx(expected, abs=1e-4)


def test_bands_are_uniform_and_horizons_pointwise(designs):
    found = designs["rollout"]
    band = next(e for e in found.by_event_time() if e.dims["event_time"] == 6)
    point = found.at_horizon(6)
    assert band.adjustment == "uniform"
    assert point.adjustment is None
    assert band.ci_low < point.ci_low < point.ci_high < band.ci_high


def test_band_leaves_every_event_time_the_same_tail(designs):
    found = designs["rollout"]
    event, panel = found.aggregates["event"], found.panel
    influence = event.influence * small_sample_scale(panel)[:, None]
    df = dict(zip(event.key, satterthwaite(influence, panel.cluster, panel.cohort), strict=True))
    band = [e for e in found.by_event_time() if e.adjustment == "uniform"]
    tails = [
        t_p_value((e.ci_high - e.ci_low) / 2 / e.se, float(df[e.dims["event_time"]])) for e in band
    ]
    assert len({round(df[e.dims["event_time"]]) for e in band}) > 1
    assert max(tails) < 0.05
    np.testing.assert_allclose(tails, tails[0], rtol=1e-8)


def test_unobserved_horizon_has_a_reason(designs):
    item = designs["rollout"].at_horizon(12)
    assert item.value is None
    assert item.reason == "causal.reason.horizon_not_observed"


def test_rule_by_number_of_sites(designs):
    methods = {name: e.overall.interval_method for name, e in designs.items()}
    assert methods["rollout"] == methods["gaps"] == "influence_function"
    assert methods["few"] == "wild_rademacher"
    assert methods["very_few"] == methods["one_site"] == methods["few_comparison"]
    assert methods["one_site"] == methods["waves_of_one"] == "randomisation"
    assert designs["waves_of_one"].rule.reason == "causal.rule.waves_of_one"
    beside = [e.id for e in designs["few"].estimates()][1]
    assert beside == "tracking.csat_mean.att.overall.randomisation"


def test_one_site_of_ten_allows_no_interval(designs):
    found = designs["one_site"]
    assert found.overall.ci_low is None
    assert status(found, "inference_possible") == "failed"


@pytest.mark.parametrize("name", ["everyone_at_once", "everyone_from_the_start"])
def test_without_comparison_nothing_is_called_an_effect(designs, name):
    found = designs[name]
    assert not found.causal
    assert not any(e.causal or e.comparison for e in found.estimates())
    assert not any("att" in e.id or "att" in e.estimand for e in found.estimates())
    assert status(found, "comparison_group") == "failed"
    assert status(found, "pretrend") == "not_possible"


def test_described_change_is_counted_by_hand(designs):
    frame = staggered(1, **DESIGNS["everyone_at_once"])
    after = frame["period"] >= frame["cohort"]
    mean = frame.groupby(["unit", after])["y"].mean().unstack()
    change = mean[True] - mean[False]
    overall = designs["everyone_at_once"].overall
    assert overall.value == pytest.approx(change.mean())
    assert overall.se == pytest.approx(change.std() / 3)


def test_a_drift_fails_the_pretrend_check():
    frame = staggered(1)
    month = frame["period"] - frame["period"].min()
    frame["y"] += 0.05 * month * frame["cohort"].notna()
    found = evaluate(frame, outcome="csat_mean", unit="score_1_5", options=Options(draws=99))
    assert status(found, "pretrend") == "failed"


def test_weak_pretrend_test_asks_for_caution():
    frame = staggered(3, effect=0.05, noise=0.3)
    found = evaluate(frame, outcome="csat_mean", unit="score_1_5", options=Options(draws=99))
    check = next(c for c in found.checks() if c.id.endswith("pretrend"))
    assert check.status != "passed"
    assert check.params["bias"] > abs(found.overall.value)


def test_covariates_and_never_treated(designs):
    frame = staggered(1)
    rng = np.random.default_rng(1)
    size = frame["unit"].map({u: rng.normal() for u in frame["unit"].unique()})
    options = Options(draws=99, covariates=("size",), comparison="never_treated")
    found = evaluate(
        frame.assign(size=size), outcome="csat_mean", unit="score_1_5", options=options
    )
    assert found.overall.comparison == "never_treated"
    assert status(found, "overlap") == "passed"
    assert found.overall.value == pytest.approx(designs["rollout"].overall.value, abs=0.05)


def test_broken_frame_is_an_error_not_a_description():
    frame = staggered(1)
    with pytest.raises(FrameError, match="duplicate"):
        evaluate(frame.iloc[[0, *range(len(frame))]], outcome="csat_mean", unit="score_1_5")


@pytest.mark.parametrize("name", DESIGNS)
def test_every_word_exists_and_results_round_trip(designs, name):
    found = designs[name]
    for language in ("zh_CN", "en"):
        for check in found.checks():
            params = {"value": check.value, "threshold": check.threshold, "n": check.n}
            params |= {**check.dims, **check.params}
            for key in (check.question, check.reason, check.remedy):
                assert key is None or wording.text(key, language, **params)
        for item in found.estimates():
            keys = [item.reason, f"causal.method.{item.method}"]
            keys += [f"causal.estimand.{item.estimand}"]
            keys += [f"causal.interval_method.{item.interval_method}"]
            keys += [f"causal.comparison.{item.comparison}"] if item.comparison else []
            assert all(wording.text(key, language) for key in keys if key)
            assert item.ci_low is not None or item.reason or item.interval_method == "reference"
    results = found.results()
    assert from_json(to_json(results), results.tables).estimates == results.estimates


def test_one_estimator_without_an_answer_leaves_the_others_theirs():
    """A wave of one site without its reference month: Sun–Abraham alone cannot be had."""
    frame = staggered(1, sizes=(5, 1), starts=(7, 9))
    unit = frame.loc[frame["cohort"] == frame["cohort"].max(), "unit"].iloc[0]
    reference = (frame["unit"] == unit) & (frame["period"] == frame["cohort"] - 1)
    found = evaluate(
        frame[~reference], outcome="csat_mean", unit="score_1_5", options=Options(draws=99)
    )
    beside = {e.method: e for e in found.by_estimator() if e.dims.get("beside")}
    assert beside["sun_abraham"].value is None
    assert beside["sun_abraham"].reason == "causal.fault.collinear"
    assert beside["imputation"].value is not None
    assert found.overall.value is not None


def test_one_site_without_its_reference_month_is_a_named_fault():
    frame = staggered(1, **DESIGNS["one_site"])
    reference = frame["period"] == frame["cohort"] - 1
    with pytest.raises(FrameError, match="no_cell"):
        evaluate(frame[~reference], outcome="csat_mean", unit="score_1_5")

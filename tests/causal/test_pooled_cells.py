"""Counts and shares, each site-month weighing by its denominator."""

import warnings

import numpy as np
import pandas as pd
import pytest

from analysis.causal import FrameError, Options, evaluate
from analysis.causal.did import pooled_cells
from analysis.causal.outcome_models.count_rate import poisson
from analysis.causal.outcome_models.saturated import saturate

RATE, SHARE = Options(form="rate"), Options(form="share")


def frame_of(total, exposure, cohort, scale=1000.0):
    n, t = total.shape
    rows = pd.DataFrame(
        {
            "unit": np.repeat([f"s{i:02d}" for i in range(n)], t),
            "period": np.tile(np.arange(24000, 24000 + t), n),
            "cohort": np.repeat(cohort, t),
            "total": total.ravel().astype(float),
            "exposure": np.broadcast_to(exposure, total.shape).ravel().astype(float),
        }
    )
    return rows.assign(y=scale * rows["total"] / rows["exposure"], n=rows["exposure"])


def world(seed, ratio=0.8, sites=20, months=12, cohorts=(24006.0, 24008.0)):
    rng = np.random.default_rng(seed)
    cohort = np.full(sites, np.nan)
    cohort[: sites // 4], cohort[sites // 4 : sites // 2] = cohorts
    exposure = rng.lognormal(6, 0.6, sites).round()
    rate = 0.03 * np.exp(rng.normal(0, 0.4, sites)[:, None] + rng.normal(0, 0.2, months))
    trained = np.arange(24000, 24000 + months) >= np.nan_to_num(cohort, nan=np.inf)[:, None]
    mean = exposure[:, None] * rate * np.where(trained, ratio, 1.0)
    return rng, mean, exposure[:, None], cohort


def rated(frame, options=RATE):
    return evaluate(frame, outcome="complaints_per_1000", unit="per_1000", options=options)


def test_one_wave_and_one_comparison_arm_by_hand():
    # Treated 10 and 30 of 100 and 200 a month before, 8 and 20 after; comparison doubles.
    total = np.array([[10, 10, 8], [30, 30, 20], [10, 10, 20], [20, 20, 40]])
    exposure = np.array([[100.0], [200.0], [100.0], [100.0]])
    found = rated(frame_of(total, exposure, [24002, 24002, np.nan, np.nan]))
    # Expected without: (10 + 30) x 2 = 80; counted 28; 300 household-months.
    assert found.overall.value == pytest.approx(1000 * (28 - 80) / 300)
    share = rated(frame_of(total, exposure, [24002, 24002, np.nan, np.nan], 1.0), SHARE)
    # Months add: comparison rises by 30 of 200, so 40 + 300 x .15 = 85 would have been counted.
    assert share.overall.value == pytest.approx((28 - 85) / 300)


def test_without_noise_the_effect_is_found_exactly_gaps_and_waves_included():
    _, mean, exposure, cohort = world(1)
    frame = frame_of(mean, exposure, cohort)
    frame = frame.drop(frame.index[[3, 40, 41, 100, 200]])
    found = rated(frame)
    after = frame[frame["period"] >= frame["cohort"]]
    wanted = -1000 * (after["total"] / 0.8 - after["total"]).sum() / after["exposure"].sum()
    assert found.overall.value == pytest.approx(wanted, rel=0.01)
    before = [e.value for e in found.by_event_time(last=-1)]
    assert np.allclose(before, 0.0, atol=1e-6)


def test_every_cell_is_the_poisson_models_with_site_effects():
    rng, mean, exposure, cohort = world(2)
    found = rated(frame_of(rng.poisson(mean), exposure, cohort))
    panel, cells = found.panel, found.effects
    design = saturate(panel, arms=False)
    coef, _ = poisson(panel.total, panel.exposure, design)
    fitted = [float(np.exp(c)) for c in coef[design.first_cell :]]
    after = cells.event_time >= 0
    ratio = cells.level[after] / (cells.level[after] - cells.att[after])
    assert ratio == pytest.approx(fitted, rel=1e-6)


@pytest.mark.parametrize("options", [RATE, SHARE])
def test_labels_order_and_splitting_of_months_do_not_matter(options):
    rng, mean, exposure, cohort = world(3)
    frame = frame_of(rng.poisson(mean), exposure, cohort)
    found = rated(frame, options).overall
    shuffled = frame.sample(frac=1, random_state=0)
    again = rated(shuffled.assign(unit="x" + shuffled["unit"]), options).overall
    assert again.value == pytest.approx(found.value)
    assert again.ci_high == pytest.approx(found.ci_high)


@pytest.mark.parametrize("options", [RATE, SHARE])
def test_a_single_trained_site_is_placed_among_the_others(options):
    rng, mean, exposure, cohort = world(4, sites=24)
    cohort[:] = np.nan
    cohort[0] = 24006.0
    mean[0, 6:] *= 0.2
    found = rated(frame_of(rng.poisson(mean), exposure, cohort), options).overall
    assert found.interval_method == "randomisation"
    assert found.n_treated == 1
    assert found.ci_low < found.value < found.ci_high < 0


def test_difference_and_ratio_exclude_no_effect_together():
    for seed in range(8):
        rng, mean, exposure, cohort = world(seed, ratio=0.93)
        found = rated(frame_of(rng.poisson(mean), exposure, cohort))
        relative = found.of("att_relative")[0]
        assert (found.overall.ci_high < 0) == (relative.ci_high < 0)
        assert np.sign(found.overall.value) == np.sign(relative.value)


def test_nothing_happened_is_no_error_and_no_effect():
    total = np.zeros((12, 6))
    total[6:] = np.random.default_rng(0).poisson(3, (6, 6))
    cohort = [24003.0] * 6 + [np.nan] * 6
    found = rated(frame_of(total, np.full((12, 1), 100.0), cohort))
    assert found.overall.value == pytest.approx(0.0)
    assert not found.of("att_relative")[0].value


@pytest.mark.parametrize("side", ["trained", "compared"])
def test_no_interval_where_one_side_has_not_one_case(side):
    """A count of none does not change when a site is left out, as if it were known for sure."""
    rng, mean, exposure, cohort = world(3, sites=24)
    total = rng.poisson(mean)
    late = np.arange(12) >= 6
    first = cohort == 24006.0
    nobody = first if side == "trained" else ~first
    total[np.ix_(nobody, late)] = 0
    only = np.where(first, cohort, np.nan)
    found = rated(frame_of(total, exposure, only)).overall
    assert found.value is not None
    assert found.ci_low is None
    assert found.p_value is None
    assert found.reason == "causal.reason.no_cases"


def test_a_denominator_of_zero_and_a_negative_count_are_refused():
    _, mean, exposure, cohort = world(5)
    frame = frame_of(mean, exposure, cohort)
    with pytest.raises(FrameError, match="exposure"):
        rated(frame.assign(exposure=0.0))
    with pytest.raises(FrameError, match="count"):
        rated(frame.assign(total=-1.0))
    with pytest.raises(ValueError, match="covariates"):
        rated(frame.assign(x=1.0), Options(form="rate", covariates=("x",)))


def test_counts_less_a_supposed_effect_have_no_fit_and_no_overflow():
    # Where chance is asked what an effect would have left, totals below zero come in.
    rng = np.random.default_rng(0)
    before = np.array([[True, True, True, True], [True, True, True, False]])
    unsettled = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        for _ in range(80):
            total = rng.integers(-2, 4, (4, 4)) * 1.0
            exposure = (rng.random((4, 4)) < 0.7) * 1.0
            arms = [
                pooled_cells._Arm(
                    rows=np.arange(4), weight=np.ones((1, 4)), before=months[None], lends=lends
                )
                for months, lends in zip(before, (True, False), strict=True)
            ]
            (expected,) = pooled_cells._multiplied(total * exposure, exposure, arms)
            unsettled += bool(np.isnan(expected).all())
    assert 0 < unsettled < 40

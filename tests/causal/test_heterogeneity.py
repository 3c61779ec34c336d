"""Effects by kind, the complier effect, and change by hours."""

import numpy as np
import pytest
from causal_panels import staggered
from scipy import stats

from analysis.causal import (
    FrameError,
    Options,
    change_by_hours,
    complier_effect,
    effects_by,
    evaluate,
)
from analysis.causal.heterogeneity.subgroups import welch_test
from analysis.causal.heterogeneity.uptake import change_by_dose

QUICK = Options(draws=99, alternatives=())


def run(frame):
    return evaluate(frame, outcome="csat_mean", unit="score_1_5", options=QUICK)


def by_type(frame, kind):
    return effects_by(
        frame, kind, by="property_type", outcome="csat_mean", unit="score_1_5", options=QUICK
    )


def kinds(frame, names):
    return {u: names[i % len(names)] for i, u in enumerate(sorted(frame["unit"].unique()))}


def test_two_kinds_are_welchs_t():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, 12), rng.normal(0.5, 3, 9)
    samples = [a, b]
    found = welch_test(
        np.array([s.mean() for s in samples]),
        np.array([s.var(ddof=1) / len(s) for s in samples]),
        np.array([len(s) - 1 for s in samples]),
    )
    expected = stats.ttest_ind(a, b, equal_var=False)
    assert found.statistic == pytest.approx(expected.statistic**2)
    assert found.df2 == pytest.approx(expected.df)
    assert found.p_value == pytest.approx(expected.pvalue)


def test_three_kinds_are_welchs_anova():
    """Against statsmodels' anova_oneway with unequal variances."""
    from statsmodels.stats.oneway import anova_oneway

    rng = np.random.default_rng(1)
    samples = [rng.normal(m, s, n) for m, s, n in ((0, 1, 9), (0.6, 2, 12), (1.5, 3, 7))]
    found = welch_test(
        np.array([s.mean() for s in samples]),
        np.array([s.var(ddof=1) / len(s) for s in samples]),
        np.array([len(s) - 1 for s in samples]),
    )
    expected = anova_oneway(samples, use_var="unequal", welch_correction=True)
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue)


def test_kinds_that_differ_are_found():
    frame = staggered(1, sizes=(40,), starts=(8,), never=40, effect=0.0)
    kind = kinds(frame, ["old", "villa"])
    gain = frame["unit"].map(kind).eq("villa") & (frame["period"] >= frame["cohort"])
    found = by_type(frame.assign(y=frame["y"] + 0.3 * gain), kind)
    effects = {e.dims.get("property_type"): e.value for e in found.estimates()}
    assert effects["villa"] == pytest.approx(0.3, abs=0.06)
    assert effects["old"] == pytest.approx(0, abs=0.06)
    assert found.test.p_value < 0.001
    assert found.checks()[0].status == "caution"
    assert found.estimates()[-1].id == "tracking.csat_mean.by.property_type.range"


def test_size_of_the_equality_test():
    """Three kinds alike: rejected in about 5 % of worlds."""
    rejected = 0
    rng = np.random.default_rng(2)
    for _ in range(2000):
        m = np.array([6, 9, 14])
        samples = [rng.normal(0, s, k) for s, k in zip((1, 2, 3), m, strict=True)]
        found = welch_test(
            np.array([s.mean() for s in samples]),
            np.array([s.var(ddof=1) / len(s) for s in samples]),
            m - 1,
        )
        rejected += found.p_value < 0.05
    assert 0.035 < rejected / 2000 < 0.07


def test_a_kind_without_comparison_has_a_reason():
    frame = staggered(1, sizes=(14, 14), starts=(7, 9), never=20)
    never = frame["cohort"].isna()
    wave = frame["cohort"] == frame["cohort"].min()
    kind = dict.fromkeys(frame["unit"], "a")
    kind |= dict.fromkeys(frame.loc[wave, "unit"], "b")
    assert never.any()
    found = by_type(frame, kind)
    alone = next(e for e in found.estimates() if e.dims.get("property_type") == "b")
    assert alone.value is None
    assert alone.reason == "causal.fault.kind_one_sided"
    assert found.checks()[0].status == "not_possible"


def test_full_attendance_is_the_effect_of_assignment():
    frame = staggered(1)
    found = run(frame)
    complier, uptake = complier_effect(found, dict.fromkeys(frame["unit"].unique(), 1.0))
    assert complier.value == pytest.approx(found.overall.value)
    assert complier.se == pytest.approx(found.overall.se)
    assert (complier.ci_low, complier.ci_high) == pytest.approx(
        (found.overall.ci_low, found.overall.ci_high), abs=1e-9
    )
    assert uptake.value == pytest.approx(1)


def test_complier_effect_is_recovered():
    rng = np.random.default_rng(3)
    frame = staggered(2, effect=0.0, noise=0.03)
    share = {u: rng.uniform(0.4, 0.8) for u in frame["unit"].unique()}
    under = frame["period"] >= frame["cohort"]
    frame["y"] += 0.5 * under * frame["unit"].map(share)
    found = run(frame)
    complier, uptake = complier_effect(found, share)
    assert found.overall.value == pytest.approx(0.3, abs=0.05)
    assert complier.value == pytest.approx(0.5, abs=0.06)
    assert complier.ci_low < 0.5 < complier.ci_high
    assert uptake.value == pytest.approx(0.6, abs=0.06)
    assert not complier.dims["weak"]


def test_no_attendance_and_nonsense():
    frame = staggered(1)
    assert complier_effect(run(frame), {})[0].reason == "causal.reason.nobody_attended"
    with pytest.raises(FrameError, match="share_range"):
        complier_effect(run(frame), {"s000": 60})
    alone = run(staggered(1, sizes=(9,), starts=(7,), never=0))
    assert complier_effect(alone, {"s000": 1.0})[0].reason == "causal.reason.no_comparison"


def test_another_dose_is_described_alike_under_its_own_name():
    frame = staggered(3, noise=0.02)
    dose = {u: float(i % 9) for i, u in enumerate(sorted(frame["unit"].unique()))}
    (hours,), _ = change_by_hours(run(frame), dose)
    (kept,) = change_by_dose(run(frame), dose, of="standard_kept")
    assert (kept.value, kept.ci_low, kept.n) == (hours.value, hours.ci_low, hours.n)
    assert kept.estimand == "change_per_standard_kept"
    assert kept.id.endswith("change_by_standard_kept")
    assert not kept.causal


def test_change_by_hours_is_described():
    rng = np.random.default_rng(4)
    frame = staggered(3, effect=0.0, noise=0.02)
    hours = {u: float(rng.integers(4, 20)) for u in frame["unit"].unique()}
    frame["y"] += 0.02 * (frame["period"] >= frame["cohort"]) * frame["unit"].map(hours)
    (slope,), table = change_by_hours(run(frame), hours)
    assert slope.value == pytest.approx(0.02, abs=0.003)
    assert slope.ci_low < 0.02 < slope.ci_high
    assert not slope.causal
    assert len(table) == 40
    expected = stats.linregress(table["hours"], table["change"])
    assert slope.value == pytest.approx(expected.slope)
    few, _ = change_by_hours(run(frame), {"s000": 3.0})
    assert few[0].reason == "causal.reason.few_sites_slope"

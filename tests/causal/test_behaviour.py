"""Reliable change, application, knowing and doing, triangulation: known truths."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.meta_analysis import combine_effects

from analysis.causal import (
    FrameError,
    application,
    know_do_gap,
    rated_change,
    reliable_change,
    share_improved,
    triangulate,
)


def people(seed, gain=1.0, sites=20, each=15, reliability=0.8):
    """True scores of variance r, errors of variance 1 − r; trained people gain."""
    rng = np.random.default_rng(seed)
    n = sites * each
    site = np.repeat([f"s{i:02d}" for i in range(sites)], each)
    treated = np.repeat(np.arange(sites) < sites // 2, each)
    true = np.sqrt(reliability) * rng.normal(size=n)
    error = np.sqrt(1 - reliability) * rng.normal(size=(2, n))
    after = true + error[1] + gain * treated
    return pd.DataFrame(
        {"site_id": site, "treated": treated, "before": true + error[0], "after": after}
    )


def test_the_printed_example():
    """Jacobson, Truax (1991): 47.5 → 32.5, s = 7.5, r = .80: S_diff 4.74, RCI −3.16."""
    index = reliable_change([47.5], [32.5], reliability=0.8, sd=7.5)
    assert index[0] == pytest.approx(-15 / 4.7434, abs=1e-3)


def test_without_change_one_in_forty_improves():
    data = people(0, gain=0.0, each=2000)
    own = {e.id.rpartition(".")[2]: e for e in share_improved(data, outcome="b", reliability=0.8)}
    assert own["treated"].value == pytest.approx(0.025, abs=0.004)
    assert own["att"].ci_low < 0 < own["att"].ci_high
    assert own["att"].causal
    assert not own["treated"].causal


def test_a_difference_knows_the_smaller_of_its_groups():
    data = people(0, gain=0.0)
    found = share_improved(data, outcome="b", reliability=0.8)
    assert found[2].n_smallest == min(found[0].n, found[1].n)


def test_the_interval_of_a_share_stays_a_share():
    data = people(0, gain=0.0)
    for found in share_improved(data, outcome="b", reliability=0.8)[:2]:
        assert found.value < 0.06
        assert 0 <= found.ci_low < found.value < found.ci_high <= 1
        assert (
            found.n_units
            == data.loc[data["treated"] == (found.dims["arm"] == "treated"), "site_id"].nunique()
        )


def test_known_share():
    """A gain of one: P(improved) = P(N(1.58, 1) > 1.96) = 0.352."""
    found = [share_improved(people(s), outcome="b", reliability=0.8)[2] for s in range(60)]
    truth = 0.352 - 0.025
    values = np.array([e.value for e in found])
    assert abs(values.mean() - truth) < 3 * values.std() / np.sqrt(60) + 0.005
    assert np.mean([e.ci_low <= truth <= e.ci_high for e in found]) >= 0.88


def test_no_untrained_people_is_said():
    data = people(1)
    found = share_improved(data[data["treated"]], outcome="b", reliability=0.8)
    assert found[-1].value is None
    assert found[-1].reason == "causal.reason.no_comparison_people"
    assert found[0].value > 0.2


@pytest.mark.parametrize("reliability", [0.0, 1.0, 1.2])
def test_reliability_is_checked(reliability):
    with pytest.raises(FrameError, match="reliability_range"):
        reliable_change([1, 2], [2, 3], reliability=reliability)


def test_application_by_hand():
    rows = [(f"s{i}", 4, k) for i, k in enumerate([4, 3, 0, 1, 2, 4])]
    data = pd.DataFrame(rows, columns=["site_id", "learned", "applied"])
    rate, transfer = application(data, outcome="skill_application", least=2)
    assert rate.value == pytest.approx(4 / 6)
    assert transfer.value == pytest.approx(14 / 24)
    assert (transfer.dims["applied"], transfer.dims["learned"]) == (14, 24)
    assert 0 < rate.ci_low < rate.value < rate.ci_high < 1
    # one person a site: the usual standard error of a mean
    assert rate.se == pytest.approx(np.std([1, 1, 0, 0, 1, 1], ddof=1) / np.sqrt(6))
    with pytest.raises(FrameError, match="share_range"):
        application(data.assign(applied=9), outcome="x", least=2)
    with pytest.raises(FrameError, match="empty"):
        application(data.assign(learned=0, applied=0), outcome="x", least=2)


def test_known_gap():
    values = []
    for seed in range(40):
        test, work = people(seed, gain=1.0), people(seed + 1000, gain=0.4)
        data = test.rename(columns={"before": "test_before", "after": "test_after"})
        data["behaviour_before"], data["behaviour_after"] = work["before"], work["after"]
        found = {e.id: e for e in know_do_gap(data, outcome="service")}
        gap = found["tracking.service.gap.att"]
        know, do = found["tracking.service.know.att"], found["tracking.service.do.att"]
        assert gap.value == pytest.approx(know.value - do.value)
        values.append((gap.value, gap.ci_low <= 0.6 <= gap.ci_high))
    value, covered = np.array(values).T
    assert abs(value.mean() - 0.6) < 3 * value.std() / np.sqrt(40) + 0.01
    assert covered.mean() >= 0.85


def test_triangulation_is_that_of_statsmodels():
    value, se = np.array([0.5, 0.1, 0.4, -0.1]), np.array([0.1, 0.12, 0.2, 0.15])
    sources = [(f"s{k}", v, e, 1.0) for k, (v, e) in enumerate(zip(value, se, strict=True))]
    own, check = triangulate(sources, outcome="service", correlation=0.0)
    other = combine_effects(value, se**2, method_re="iterated")
    frame = other.summary_frame()
    assert own.value == pytest.approx(frame.loc["random effect", "eff"], abs=1e-6)
    assert own.se == pytest.approx(frame.loc["random effect", "sd_eff"], abs=1e-6)
    assert own.dims["tau"] ** 2 == pytest.approx(other.tau2, abs=1e-6)
    assert own.dims["i_squared"] == pytest.approx(other.i2, abs=1e-9)
    assert check.status == "caution"
    assert check.params["agreeing"] == 3
    wider = triangulate(sources, outcome="service")[0]
    assert wider.se > own.se


def test_rater_error_is_corrected():
    """Noise of raters shrinks a standardised effect; the correction undoes it."""
    sources = [("peers", 0.6 * np.sqrt(r), 0.05, r) for r in (0.4, 0.7, 0.9)]
    own, check = triangulate(sources, outcome="service", causal_against="never_treated")
    assert own.value == pytest.approx(0.6)
    assert own.causal
    assert check.status == "passed"


def test_triangulation_refusals():
    with pytest.raises(FrameError, match="few_sources"):
        triangulate([("a", 1, 1, 1)], outcome="x")
    with pytest.raises(FrameError, match="reliability_range"):
        triangulate([("a", 1, 1, 0), ("b", 1, 1, 1)], outcome="x")
    with pytest.raises(FrameError, match="not_finite"):
        triangulate([("a", 1, 0, 1), ("b", 1, 1, 1)], outcome="x")


def test_where_only_the_trained_are_rated_their_change_is_described_with_n_and_interval():
    data = people(3, gain=0.5).query("treated")
    (found,) = rated_change(data, outcome="behaviour", unit="score_1_5")
    assert found.estimand == "change_before_after"
    assert not found.causal
    assert found.comparison is None
    assert (found.n, found.n_units) == (150, 10)
    assert found.ci_low < 0.5 < found.ci_high
    two = data[data["site_id"].isin(["s00", "s01"])]
    (few,) = rated_change(two, outcome="behaviour", unit="score_1_5")
    assert few.ci_low is None
    assert few.reason == "causal.reason.no_inference"
    assert few.value == pytest.approx((two["after"] - two["before"]).mean())


def test_nobody_rated_twice_has_no_change():
    once = people(3).assign(after=np.nan)
    with pytest.raises(FrameError):
        rated_change(once, outcome="behaviour", unit="score_1_5")

"""Time to resolve: R's aml data, statsmodels, by hand, and recovery under censoring."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from analysis.causal import (
    FrameError,
    kaplan_meier,
    restricted_mean_difference,
    time_to,
)

#: Miller (1997), acute myelogenous leukaemia; R's survival::aml.
MAINTAINED = ([9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161], [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0])
NOT_MAINTAINED = ([5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45], [1] * 5 + [0] + [1] * 6)


def test_aml():
    """Survival, medians and means up to 161 weeks; areas and their errors summed by hand."""
    a, b = (kaplan_meier(np.array(t), np.array(e)) for t, e in (MAINTAINED, NOT_MAINTAINED))
    assert a.survival == pytest.approx([0.909, 0.818, 0.716, 0.614, 0.491, 0.368, 0.184], abs=5e-4)
    assert (a.median(), b.median()) == (31, 23)
    assert a.restricted_mean(161) == pytest.approx((52.6, 19.83), abs=0.05)
    assert b.restricted_mean(161) == pytest.approx((22.7, 4.18), abs=0.05)
    for times, events in (MAINTAINED, NOT_MAINTAINED):
        mean, error = area(np.array(times), np.array(events), 161)
        found = kaplan_meier(np.array(times), np.array(events)).restricted_mean(161)
        assert found == pytest.approx((mean, error), rel=1e-6)


def area(times, events, until):
    """Area below the steps, and Greenwood's variance of it: later areas, squared, at each event."""
    steps, at_risk, ended = [(0.0, 1.0)], [], []
    for time in np.unique(times[events == 1]):
        risk, here = (times >= time).sum(), ((times == time) & (events == 1)).sum()
        steps.append((time, steps[-1][1] * (1 - here / risk)))
        at_risk.append(risk)
        ended.append(here)
    ends = [time for time, _ in steps[1:]] + [until]
    pieces = [share * (end - time) for (time, share), end in zip(steps, ends, strict=True)]
    after = np.cumsum(pieces[::-1])[::-1][1:]
    variance = sum(
        later**2 * d / (n * (n - d))
        for later, n, d in zip(after, at_risk, ended, strict=True)
        if n > d
    )
    return sum(pieces), variance**0.5


def test_against_statsmodels():
    rng = np.random.default_rng(0)
    times, events = rng.integers(1, 30, 200).astype(float), rng.random(200) < 0.7
    found, other = kaplan_meier(times, events), SurvfuncRight(times, events)
    kept = np.isin(other.surv_times, found.time)
    assert found.survival == pytest.approx(other.surv_prob[kept])


def test_without_censoring_it_is_the_truncated_mean():
    times = np.array([1.0, 2, 2, 5, 9])
    mean, _ = kaplan_meier(times, np.ones(5, bool)).restricted_mean(6)
    assert mean == pytest.approx(np.minimum(times, 6).mean())


def tickets(seed, *, faster=0.0, sites=24, each=60, until="2025-12-31T16:00Z"):
    rng = np.random.default_rng(seed)
    site = np.repeat([f"s{i:02d}" for i in range(sites)], each)
    treated = np.repeat(np.arange(sites) < sites // 2, each)
    start = pd.Timestamp("2024-01-01", tz="UTC")
    opened = start + pd.to_timedelta(rng.uniform(0, 729, len(site)), unit="D")
    local = opened.tz_convert("Asia/Shanghai")
    after = local.year == 2025
    scale = 30 * np.repeat(rng.uniform(0.7, 1.3, sites), each)
    hours = rng.exponential(scale * np.where(treated & after, 1 - faster, 1.0))
    resolved = opened + pd.to_timedelta(hours, unit="h")
    end = pd.Timestamp(until)
    frame = pd.DataFrame({"site_id": site, "opened_at": opened, "resolved_at": resolved})
    frame["resolved_at"] = frame["resolved_at"].where(frame["resolved_at"] <= end)
    cohort = {f"s{i:02d}": 2025 * 12.0 if i < sites // 2 else np.nan for i in range(sites)}
    return frame[frame["opened_at"] <= end], cohort, end


def run(world, **options):
    frame, cohort, end = world
    options = {"tau_hours": 72.0, **options}
    return time_to("resolved", frame, cohort, until=end, timezone="Asia/Shanghai", **options)


def test_a_known_gain():
    """Exponential with mean m: restricted mean m(1 − e^(−72/m))."""
    (effect, *described), curves = run(tickets(1, faster=0.4, each=400))
    gain = 18 * (1 - np.exp(-72 / 18)) - 30 * (1 - np.exp(-72 / 30))
    assert effect.value == pytest.approx(gain, abs=2)
    assert effect.ci_low < gain < effect.ci_high < 0
    assert [e.causal for e in described] == [False] * 12 + [True]
    relative = described[-1]
    true = 18 * (1 - np.exp(-72 / 18)) / (30 * (1 - np.exp(-72 / 30))) - 1
    assert (relative.unit, relative.dims["label"]) == ("relative", "time_relative")
    assert relative.ci_low < true < relative.ci_high < 0
    assert relative.ci_low < relative.value < relative.ci_high
    assert set(curves["arm"]) == {"treated", "comparison"}
    assert curves["open_share"].between(0, 1).all()


def test_open_tickets_are_not_left_out():
    """Closing the books early must not make anything look faster."""
    frame, cohort, end = tickets(2)
    late = frame["resolved_at"].notna() & (frame["site_id"] == "s00")
    never = frame.assign(resolved_at=frame["resolved_at"].mask(late))
    a = run((frame, cohort, end))[0]
    b = run((never, cohort, end))[0]
    assert b[1].value > a[1].value
    assert b[1].dims["still_open"] > a[1].dims["still_open"]


def test_coverage_of_a_known_zero():
    hits = 0
    for seed in range(40):
        frame, cohort, end = tickets(100 + seed, each=25, sites=16)
        (effect, *_), _ = run((frame, cohort, end))
        hits += effect.ci_low <= 0 <= effect.ci_high
    assert hits >= 34


def test_few_sites_and_no_comparison():
    frame, cohort, end = tickets(3, sites=6)
    (effect, *_), _ = run((frame, cohort, end))
    assert effect.ci_low is None
    assert effect.reason == "causal.reason.no_inference"
    (nothing,), curves = run((frame, dict.fromkeys(cohort, 24300.0), end))
    assert nothing.reason == "causal.fault.empty_arm"
    assert curves.empty


def test_refusals():
    with pytest.raises(FrameError, match="duration_negative"):
        kaplan_meier(np.array([-1.0]), np.array([True]))
    with pytest.raises(FrameError, match="both arms"):
        restricted_mean_difference(
            np.ones(4), np.ones(4), [0, 1, 0, 1], [0, 0, 1, 1], ["a"] * 4, tau=2
        )


def test_means_and_medians_by_arm_have_intervals():
    """Exponential with mean 30 h: median 30·ln 2, restricted mean 30(1 − e^(−72/30))."""
    (_, *described), _ = run(tickets(4, faster=0.4, each=400))
    found = {e.dims["label"]: e for e in described}
    mean, median = found["time_mean_treated_before"], found["time_median_treated_before"]
    assert mean.ci_low < 30 * (1 - np.exp(-72 / 30)) < mean.ci_high
    assert median.ci_low < median.value < median.ci_high
    assert median.ci_low < 30 * np.log(2) < median.ci_high
    assert found["time_median_treated_after"].value < median.value


def test_the_slow_are_told_by_a_ninetieth_percentile():
    """Exponential with mean 30 h: nine tenths are done within 30·ln 10 hours."""
    (_, *described), _ = run(tickets(4, faster=0.4, each=400), tau_hours=168.0, kind="complaint")
    found = {e.dims["label"]: e for e in described}
    p90 = found["time_p90_treated_before"]
    assert p90.estimand == "p90_time"
    assert p90.ci_low < 30 * np.log(10) < p90.ci_high
    assert p90.dims["kind"] == "complaint"
    assert found["time_relative_complaint"].id.endswith("time_to_resolve.complaint.relative")
    (_, *few), _ = run(tickets(4, sites=6))
    assert few[-1].ci_low is None
    assert few[-1].reason == "causal.reason.no_inference"


def test_horizon_is_chosen_from_tickets_before_training():
    frame, cohort, end = tickets(5, faster=0.4)
    (effect, *_), _ = run((frame, cohort, end), tau_hours=None)
    assert effect.dims["tau_hours"] == 72.0  # e^(−24/30) = .45 is above a fifth, e^(−72/30) below
    late = frame["opened_at"] >= pd.Timestamp("2025-01-01", tz="Asia/Shanghai")
    slow = frame.assign(resolved_at=frame["resolved_at"].mask(late))
    assert run((slow, cohort, end), tau_hours=None)[0][0].dims["tau_hours"] == 72.0


def test_a_median_beyond_the_horizon_has_its_reason():
    (_, *described), _ = run(tickets(6), tau_hours=4.0)
    median = next(e for e in described if e.estimand == "median_time")
    assert median.value is None
    assert median.reason == "causal.reason.median_beyond"


def test_a_short_horizon_is_read_in_minutes():
    world = tickets(7)
    effect, mean = run(world, tau_hours=4.0)[0][:2]
    assert {effect.unit, mean.unit} == {"minutes"}
    assert 0 < mean.ci_low < mean.value < mean.ci_high < 240
    assert run(world, tau_hours=24.0)[0][0].unit == "hours"


def test_a_mean_beyond_the_last_observation_is_refused():
    curve = kaplan_meier(np.array([1.0, 2.0, 5.0]), np.array([True, True, False]))
    assert curve.restricted_mean(5.0)[0] == pytest.approx(1 + 2 / 3 + 1)
    with pytest.raises(FrameError, match="at most 5") as caught:
        curve.restricted_mean(8.0)
    assert caught.value.rule == "beyond_observation"
    done = kaplan_meier(np.array([1.0, 2.0]), np.array([True, True]))
    assert done.restricted_mean(8.0)[0] == pytest.approx(1.5)  # nobody is open after 2

"""Outcomes measured in rounds: an effect for every usual design, labelled in months."""

import numpy as np
import pandas as pd
import pytest

from analysis.causal import (
    FrameError,
    Options,
    effect_over,
    effects_by,
    evaluate,
    event_moments,
    persistence,
    placebo_date,
    sensitivity,
    to_rounds,
)

NOV_2023, MAR_2024, JUN_2024 = 2023 * 12 + 10, 2024 * 12 + 2, 2024 * 12 + 5


def panel(months, sites, *, start=MAR_2024, effect=0.5, noise=0.1, seed=3):
    """Half of the sites trained at a start; site and month levels; an effect from then on."""
    rng = np.random.default_rng(seed)
    rows = [
        (f"s{i:02d}", m, float(start) if i < sites // 2 else np.nan, 40)
        for i in range(sites)
        for m in months
    ]
    frame = pd.DataFrame(rows, columns=["unit", "period", "cohort", "n"])
    site = frame["unit"].map(
        dict(zip(frame["unit"].unique(), rng.normal(0, 0.3, sites), strict=True))
    )
    month = frame["period"].map({m: rng.normal(0, 0.2) for m in months})
    treated = frame["period"] >= frame["cohort"]
    return frame.assign(y=3.5 + site + month + effect * treated + rng.normal(0, noise, len(frame)))


def found_in(frame, **chosen):
    counted, rounds = to_rounds(frame)
    options = Options(draws=199, rounds=rounds, **chosen)
    return evaluate(counted, outcome="csat_mean", unit="score_1_5", options=options)


def test_a_survey_before_and_one_after_by_hand():
    """Trained sites rise by 1 from 3, 4, 3 and the others stay: +1.0."""
    rows = []
    for i, level in enumerate((3.0, 4.0, 3.0, 3.0, 4.0, 3.0)):
        start = float(MAR_2024) if i < 3 else np.nan
        rows += [(f"P{i}", NOV_2023, level, start), (f"P{i}", JUN_2024, level + (i < 3), start)]
    found = found_in(pd.DataFrame(rows, columns=["unit", "period", "y", "cohort"]))
    assert found.overall.value == pytest.approx(1.0)
    assert found.at_horizon(3).value == pytest.approx(1.0)
    assert found.at_horizon(12).reason == "causal.reason.horizon_not_observed"
    assert {e.dims["event_time"] for e in found.of("att_event_time")} == {-4, 3}
    assert [e.dims["cohort"] for e in found.of("att_cohort")] == [MAR_2024]
    assert [e.dims["period"] for e in found.of("att_calendar")] == [JUN_2024]
    assert set(found.table("trends")["period"]) == {NOV_2023, JUN_2024}
    check = next(c for c in found.checks() if c.id.endswith("measured_in_rounds"))
    assert (check.params["rounds"], check.params["first"]) == (2, NOV_2023)
    pretrend = next(c for c in found.checks() if c.id.endswith("check.pretrend"))
    assert (pretrend.status, pretrend.reason) == ("not_possible", "causal.why.pretrend.one_round")
    possible = next(c for c in found.checks() if c.id.endswith("inference_possible"))
    # Of 20 assignments the actual one and its mirror are the most extreme.
    assert possible.params["p"] == possible.params["extreme_p"] == pytest.approx(0.1)


YEARS = range(2023 * 12, 2025 * 12)
DESIGNS = {
    "two_rounds": [NOV_2023, JUN_2024],
    "quarterly": list(YEARS)[::3],
    "half_yearly": list(YEARS)[5::6],
    "february_missing": [m for m in YEARS if m != 2023 * 12 + 1],
}


@pytest.mark.parametrize("name", DESIGNS)
def test_every_usual_design_has_an_interval_around_the_truth(name):
    found = found_in(panel(DESIGNS[name], 12)).overall
    assert found.causal
    assert found.ci_low < 0.5 < found.ci_high
    assert found.ci_low > 0


def test_contiguous_months_stay_as_they_are():
    frame = panel(range(MAR_2024 - 4, MAR_2024 + 4), 6)
    counted, rounds = to_rounds(frame)
    assert rounds is None
    assert counted is frame


def test_the_missing_month_is_named_and_horizons_stay_months():
    found = found_in(panel(DESIGNS["february_missing"], 12))
    check = next(c for c in found.checks() if c.id.endswith("measured_in_rounds"))
    assert (check.params["missing"], check.params["gaps"]) == (1, [2023 * 12 + 1])
    assert found.at_horizon(6).dims["event_time"] == 6


def test_anticipation_is_counted_in_rounds():
    _, rounds = to_rounds(panel(DESIGNS["quarterly"], 12))
    assert rounds.anticipated(1, pd.Series([MAR_2024, np.nan])) == 0
    assert rounds.anticipated(3, pd.Series([MAR_2024, np.nan])) == 1


NOVEMBER, DECEMBER, JUNE, JULY = NOV_2023, NOV_2023 + 1, JUN_2024, JUN_2024 + 1


def later_by_a_month(late):
    """Return two rounds of which the sites in ``late`` answer in the second month."""
    frame = panel([NOVEMBER, JUNE], 12)
    return frame.assign(period=frame["period"] + frame["unit"].isin(late))


@pytest.mark.parametrize("late", [["s00"], ["s01", "s03", "s08"], [f"s{i:02d}" for i in range(6)]])
def test_sites_that_answer_a_month_apart_answer_in_one_round(late):
    frame = later_by_a_month(late)
    counted, rounds = to_rounds(frame)
    assert rounds.spans == ((NOVEMBER, DECEMBER), (JUNE, JULY))
    assert len(counted) == 24
    assert set(counted["period"]) == {1, 2}
    found = found_in(frame).overall
    assert found.n_units == 12
    same = found_in(panel([NOVEMBER, JUNE], 12)).overall
    assert found.value == pytest.approx(same.value)
    assert 0 < found.ci_low < 0.5 < found.ci_high


def test_answers_of_a_round_over_the_end_of_a_month_are_pooled_by_hand():
    rows = [
        (unit, month, y, n, start)
        for unit, start in (("a", float(MAR_2024)), ("b", np.nan))
        for month, y, n in ((NOVEMBER, 3.0, 30), (DECEMBER, 4.0, 10), (JUNE, 4.5, 40))
    ]
    counted, rounds = to_rounds(pd.DataFrame(rows, columns=["unit", "period", "y", "n", "cohort"]))
    assert rounds.months == (NOVEMBER, JUNE)
    first = counted[counted["period"] == 1]
    assert first["y"].tolist() == [3.25, 3.25]
    assert first["n"].tolist() == [40, 40]
    assert rounds.missing == tuple(range(DECEMBER + 1, JUNE))


def test_shares_of_a_round_are_pooled_by_their_denominator():
    columns = ["unit", "period", "y", "n", "cohort", "total", "exposure"]
    rows = [
        ("a", NOVEMBER, 0.5, 99, np.nan, 5.0, 10.0),
        ("a", DECEMBER, 1.0, 1, np.nan, 30.0, 30.0),
        ("a", JUNE, 0.5, 10, np.nan, 5.0, 10.0),
    ]
    counted, _ = to_rounds(pd.DataFrame(rows, columns=columns))
    assert counted["y"].tolist() == [35 / 40, 0.5]
    assert counted["total"].tolist() == [35.0, 5.0]


def test_months_before_and_after_a_start_are_never_pooled():
    frame = panel([NOVEMBER, DECEMBER, JUNE, JULY], 12, start=DECEMBER)
    _, rounds = to_rounds(frame)
    assert rounds.months == (NOVEMBER, DECEMBER, JUNE)
    assert rounds.round_of(JULY) == 3
    assert rounds.start_of(2) == DECEMBER


def test_one_missing_month_leaves_the_others_months():
    measured = [m for m in range(NOVEMBER, NOVEMBER + 5) if m != NOVEMBER + 2]
    _, rounds = to_rounds(panel(measured, 12))
    assert rounds.months == tuple(measured)
    assert rounds.missing == (NOVEMBER + 2,)


def test_benefits_count_a_round_over_two_months_once():
    frame = panel([NOVEMBER, DECEMBER, JUNE, JULY], 12)
    found = found_in(frame)
    rounds = found.options.rounds
    sizes = pd.DataFrame({"cohort": [MAR_2024] * 2, "period": [JUNE, JULY], "size": [6.0, 6.0]})
    assert effect_over(found, sizes, name="x", dims={}).dims["exposure"] == 12.0
    pooled = rounds.pooled(frame)
    assert len(pooled[pooled["period"] >= MAR_2024]) == 12


def test_training_is_pretended_one_round_earlier_where_none_is_nearer():
    """Half-yearly, trained in March 2024: December 2023 lies three months before."""
    frame = panel(DESIGNS["half_yearly"], 12)
    counted, rounds = to_rounds(frame)
    options = Options(draws=199, rounds=rounds)
    placebo, check = placebo_date(
        counted, months_earlier=2, outcome="csat_mean", unit="score_1_5", options=options
    )
    assert check.params["months_earlier"] == 3
    assert placebo.ci_low < 0 < placebo.ci_high
    _, check = placebo_date(
        counted, months_earlier=6, outcome="csat_mean", unit="score_1_5", options=options
    )
    assert check.params["months_earlier"] == 6


def test_kinds_of_sites_are_asked_round_by_round():
    counted, rounds = to_rounds(panel(DESIGNS["february_missing"], 24))
    kinds = {f"s{i:02d}": "villa" if i % 2 else "old" for i in range(24)}
    found = effects_by(
        counted,
        kinds,
        by="property_type",
        outcome="csat_mean",
        unit="score_1_5",
        options=Options(draws=199, rounds=rounds),
    )
    values = [e.value for e in found.estimates()[:2]]
    assert values == pytest.approx([0.5, 0.5], abs=0.15)


def test_a_round_answers_for_one_horizon_and_says_when_it_was_measured():
    """Rounds 2 and 8 months after the start: 3 and 6 are nearest; 1 and 12 have none."""
    frame = panel([NOVEMBER - 6, NOVEMBER, NOVEMBER + 6, NOVEMBER + 12], 12)
    found = found_in(frame)
    measured = {
        months: found.at_horizon(months).dims["event_time"]
        for months in (1, 3, 6, 12)
        if found.at_horizon(months).value is not None
    }
    assert measured == {3: 2, 6: 8}
    assert found.at_horizon(12).reason == "causal.reason.horizon_not_observed"


def two_waves(months, sites, starts, **named):
    """Return a panel with a wave at each start, a third of the sites each; the rest waits."""
    frame = panel(months, sites, **named)
    number = frame["unit"].str[1:].astype(int) % 3
    cohort = number.map({0: float(starts[0]), 1: float(starts[1]), 2: np.nan})
    was, now = frame["period"] >= frame["cohort"], frame["period"] >= cohort
    return frame.assign(cohort=cohort, y=frame["y"] + 0.5 * now - 0.5 * was)


def test_horizons_are_each_waves_own_months_where_single_months_are_missing():
    """February 2024 is missing: a month after January nothing, a month after September October."""
    january = 2024 * 12
    months = [m for m in YEARS if m not in (2023 * 12 + 1, 2024 * 12 + 1)]
    found = found_in(two_waves(months, 24, (january - 4, january)))
    assert [found.at_horizon(h).dims["event_time"] for h in (1, 3, 6, 12)] == [1, 3, 6, 12]
    assert found.at_horizon(1).n_treated == 8  # the wave of September alone
    assert found.at_horizon(3).n_treated == 16
    labels = [e.dims["event_time"] for e in found.of("att_event_time")]
    assert len(set(labels)) == len(labels)


def test_a_horizon_between_two_rounds_is_not_too_late():
    found = found_in(panel(DESIGNS["half_yearly"], 12))
    assert found.at_horizon(1).reason == "causal.reason.horizon_between_rounds"
    assert found.at_horizon(6).reason == "causal.reason.horizon_between_rounds"  # 3 and 9 months
    assert found.at_horizon(12).dims["event_time"] == 9


def test_persistence_and_bounds_go_from_round_to_round():
    """Quarterly, two years, trained in the middle, a steady effect: about all of it is left."""
    found = found_in(panel(DESIGNS["quarterly"], 60, start=2024 * 12, noise=0.05))
    ratio, _, decay, _ = persistence(found, early=1, late=6)
    assert ratio.ci_low < 1 < ratio.ci_high
    assert 0.7 < ratio.value < 1.3
    assert decay.dims["months"] == 4  # rounds, at months 0, 3, 6 and 9
    bounds = sensitivity(found, horizons=(1, 6))
    limits = [e for e in bounds.estimates() if e.estimand == "breakdown_relative"]
    assert [(e.dims["horizon"], e.dims["step"]) for e in limits] == [(0, "round"), (6, "round")]
    assert event_moments(found, 6).n_pre == 3


def test_drifts_of_a_quarter_say_nothing_about_steps_of_a_year():
    months = [*YEARS[:13:3], 2025 * 12, 2026 * 12]
    found = found_in(panel(months, 60, start=2024 * 12 + 1), horizons=(11, 23))
    with pytest.raises(FrameError, match="rounds_uneven"):
        event_moments(found, 23)


def test_a_placebo_date_needs_two_rounds_before():
    counted, rounds = to_rounds(panel(DESIGNS["two_rounds"], 12))
    options = Options(draws=199, rounds=rounds)
    named = {"outcome": "csat_mean", "unit": "score_1_5", "options": options}
    with pytest.raises(FrameError, match="one_round"):
        placebo_date(counted, months_earlier=6, **named)


def test_starts_between_the_same_two_rounds_are_said_to_be_one_group():
    frame = two_waves(DESIGNS["two_rounds"], 12, (MAR_2024 - 1, MAR_2024 + 1))
    check = next(c for c in found_in(frame).checks() if c.id.endswith("started_together"))
    assert (check.params["earliest"], check.params["latest"]) == (MAR_2024 - 1, MAR_2024 + 1)
    assert (check.value, check.params["dated"]) == (8, MAR_2024)


def test_starts_after_the_last_round_are_no_group():
    frame = panel(DESIGNS["two_rounds"], 12)
    waiting = frame["unit"].isin(frame.loc[frame["cohort"].isna(), "unit"].unique()[:2])
    late = JUN_2024 + 1 + (frame["unit"] == frame.loc[waiting, "unit"].iloc[0])
    found = found_in(frame.assign(cohort=frame["cohort"].mask(waiting, late.astype(float))))
    assert not any(c.id.endswith("started_together") for c in found.checks())
    assert found.overall.value is not None


def test_a_change_without_comparison_is_followed_to_the_nearest_round():
    frame = panel(DESIGNS["quarterly"], 12, start=2024 * 12 + 1).assign(cohort=24289.0)
    found = found_in(frame)
    changes = {e.dims["horizon"]: e for e in found.of("change_horizon") if e.value is not None}
    assert {h: e.dims["event_time"] for h, e in changes.items()} == {3: 2, 6: 5}
    assert any(c.id.endswith("measured_in_rounds") for c in found.checks())


def test_sites_trained_before_the_first_round_are_not_taken_for_the_never_trained():
    # Without the sites that were measured first, rounds begin with the second one.
    frame = panel(DESIGNS["quarterly"], 12)
    counted, rounds = to_rounds(frame)
    early = counted["unit"].isin(counted["unit"].unique()[:3])
    counted = counted.assign(cohort=counted["cohort"].mask(early, float(rounds.first_round(0))))
    late = counted[counted["period"] > counted["period"].min()]
    options = Options(draws=199, rounds=rounds)
    found = evaluate(late, outcome="csat_mean", unit="score_1_5", options=options)
    check = next(c for c in found.checks() if c.id.endswith("always_treated"))
    assert (check.status, check.value) == ("caution", 3)

"""Outcomes measured in rounds: an effect for every usual design, labelled in months."""

import numpy as np
import pandas as pd
import pytest

from analysis.causal import Options, evaluate, to_rounds

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
    assert pretrend.status == "not_possible"


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
    assert (check.params["missing"], check.params["gap"]) == (1, 2023 * 12 + 1)
    assert found.at_horizon(6).dims["event_time"] == 6


def test_anticipation_is_counted_in_rounds():
    _, rounds = to_rounds(panel(DESIGNS["quarterly"], 12))
    assert rounds.anticipated(1, pd.Series([MAR_2024, np.nan])) == 0
    assert rounds.anticipated(3, pd.Series([MAR_2024, np.nan])) == 1

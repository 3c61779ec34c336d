from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.design import (
    assess_power,
    choose_base,
    closed_form,
    estimate_errors,
    power_by_sites,
    read_roll_out,
    simulate_null,
)
from analysis.design import power as pw
from analysis.design.power import ErrorModel, Null, RollOut, closed_form_se, simulate
from analysis.errors import DesignError
from analysis.workspace.inputs.detectable import judged

PLAN = RollOut(tuple([12] * 8 + [15] * 8 + [18] * 8), 12, 30)
DRAWS = 3000


def panel(errors, plan, *, seed=0, effect=0.0):
    """Site-month means of a world with the given errors, as an outcome frame."""
    rng = np.random.default_rng(seed)
    sites = len(plan.starts) + plan.n_never
    shock = np.empty((sites, plan.n_periods))
    shock[:, 0] = rng.standard_normal(sites)
    for t in range(1, plan.n_periods):
        fresh = rng.standard_normal(sites) * (1 - errors.autocorrelation**2) ** 0.5
        shock[:, t] = errors.autocorrelation * shock[:, t - 1] + fresh
    y = 4 + rng.normal(0, 0.2, (sites, 1)) + rng.normal(0, 0.1, plan.n_periods)
    y = y + errors.shock_sd * shock + rng.normal(0, 1, shock.shape) * errors.sampling_sd
    starts = np.r_[np.array(plan.starts, float), np.full(plan.n_never, np.nan)]
    t = np.arange(plan.n_periods)
    y = y + effect * (t >= np.where(np.isnan(starts), np.inf, starts)[:, None])
    return pd.DataFrame(
        {
            "unit": np.repeat([f"s{i:03}" for i in range(sites)], plan.n_periods),
            "period": np.tile(t + 24000, sites),
            "y": y.ravel(),
            "n": 30,
            "cohort": np.repeat(starts + 24000, plan.n_periods),
        }
    )


def test_formula_and_simulation_agree_without_serial_correlation():
    errors = ErrorModel(0.12, 0.0, 0.05)
    estimates, _ = simulate_null(PLAN, errors, draws=DRAWS, seed=1)
    null = simulate(PLAN, errors, draws=DRAWS, seed=1)
    # The spread of 3,000 draws has a relative Monte-Carlo error of 1 / sqrt(6000) = 1.3 %.
    assert estimates.std() == pytest.approx(closed_form_se(PLAN, errors), rel=0.05)
    for effect in (0.02, 0.04, 0.06):
        power = closed_form(PLAN, errors, effect)
        spread = (power * (1 - power) / DRAWS) ** 0.5
        assert null.power(effect) == pytest.approx(power, abs=4 * spread + 0.015)


def test_the_simulated_test_keeps_its_size():
    for phi in (0.0, 0.6):
        null = simulate(PLAN, ErrorModel(0.12, phi, 0.05), draws=DRAWS, seed=2)
        assert null.power(0.0) == pytest.approx(0.05, abs=0.02)


def test_the_closed_form_promises_too_much_under_serial_correlation():
    errors = ErrorModel(0.12, 0.6, 0.0)
    plan = replace(PLAN, base="all_before")
    null = simulate(plan, errors, draws=DRAWS, seed=3)
    effect = 2.9 * closed_form_se(plan, errors)
    assert closed_form(plan, errors, effect) > 0.75
    assert null.power(effect) < 0.45


def test_one_base_month_costs_precision_and_gains_from_serial_correlation():
    unrelated = ErrorModel(0.12, 0.0, 0.0)
    wide = replace(PLAN, base="all_before")
    assert closed_form_se(PLAN, unrelated) > 1.9 * closed_form_se(wide, unrelated)
    # A base month resembles the months right after it, which the formula does not know.
    related, _ = simulate_null(PLAN, ErrorModel(0.12, 0.6, 0.0), draws=DRAWS, seed=3)
    assert related.std() > 1.02 * closed_form_se(wide, unrelated)
    assert related.std() == pytest.approx(closed_form_se(PLAN, unrelated), rel=0.25)


def test_the_hand_computed_standard_error():
    # 2 + 2 sites, 4 months, start after 2: variance s2 * (1/2 + 1/2) * (1/2 + 1/2) = s2
    plan, errors = RollOut((2, 2), 2, 4, base="all_before"), ErrorModel(0.3, 0.0, 0.4)
    assert closed_form_se(plan, errors) == pytest.approx(0.5)
    # One month before: s2 * (1 + 1/2) * (1/2 + 1/2) = 1.5 s2
    assert closed_form_se(RollOut((2, 2), 2, 4), errors) == pytest.approx(0.5 * 1.5**0.5)


def test_error_model_is_recovered_from_a_short_panel():
    truth = ErrorModel(0.15, 0.6, 0.08)
    plan = RollOut(tuple([14] * 40), 20, 15)
    found = [
        estimate_errors(frame[frame["period"] < 24014], sampling_variance=0.08**2)
        for frame in (panel(truth, plan, seed=seed) for seed in range(20))
    ]
    assert np.mean([e.autocorrelation for e in found]) == pytest.approx(0.6, abs=0.06)
    assert np.mean([e.shock_sd for e in found]) == pytest.approx(0.15, rel=0.06)


def test_power_of_a_client_is_reported_both_ways():
    frame = panel(ErrorModel(0.12, 0.5, 0.05), PLAN, seed=4)
    found = assess_power(
        frame, indicator="csat_mean", unit="score", smallest_effect=0.1, draws=800, seed=5
    )
    both = {e.id.rsplit(".", 1)[1]: e.value for e in found.select("design.csat_mean.mde")}
    assert both["simulated"] == pytest.approx(both["formula"], rel=0.4)
    by_sites = found.tables["power_sites"]
    assert (by_sites["mde_simulated"].diff().dropna() < 0).all()
    curve = found.tables["power_curve"]
    assert curve.groupby("series")["power"].first().between(0.02, 0.09).all()
    same = assess_power(
        frame.sample(frac=1, random_state=1),
        indicator="csat_mean", unit="score", smallest_effect=0.1, draws=800, seed=5,
    )  # fmt: skip
    assert same.estimates == found.estimates


def test_roll_out_is_read_from_the_outcome_frame():
    assert read_roll_out(panel(ErrorModel(0.1, 0, 0), PLAN)) == PLAN


@pytest.mark.parametrize("change", ["one_arm", "constant", "short"])
def test_what_cannot_be_powered_is_said(change):
    frame = panel(ErrorModel(0.1, 0, 0), PLAN)
    if change == "one_arm":
        frame["cohort"] = np.nan
    if change == "constant":
        frame["y"] = 4.0
    if change == "short":
        frame = frame[frame["period"] >= 24010]
    found = assess_power(frame, indicator="csat_mean", unit="score")
    assert found.checks[0].status == "not_possible"


def test_too_few_sites_are_refused():
    with pytest.raises(DesignError, match="two trained"):
        RollOut((3,), 5, 10)


def test_a_last_wave_is_compared_with_where_every_site_is_trained():
    plan = RollOut((6,) * 7 + (12,) * 7, 0, 24)
    assert plan.until_last == RollOut((6,) * 7, 7, 12)
    assert RollOut((6,) * 7, 7, 24).until_last == RollOut((6,) * 7, 7, 24)
    with pytest.raises(DesignError, match="two to compare"):
        RollOut((6,) * 14, 0, 24)
    with pytest.raises(DesignError, match="two to compare"):
        RollOut((6,) * 13 + (12,), 0, 24)  # a last wave of one


@pytest.mark.parametrize("by_lot", [True, False])
def test_power_without_a_site_never_trained_is_that_of_what_will_lead(by_lot):
    errors = ErrorModel(0.1, 0.3, 0.05, site_sd=0.1)
    plan = RollOut((6,) * 12 + (12,) * 12, 0, 24, base="all_before", by_lot=by_lot)
    null = simulate(plan, errors, draws=400, seed=2, judge=judged)
    assert 0.02 <= null.power(0.0) <= 0.08
    assert null.power(0.3) > 0.95
    # Cells of the last wave have nothing to be compared with, so its months tell nothing.
    earlier = simulate(plan.until_last, errors, draws=400, seed=2, judge=judged)
    assert null.power(0.08) == pytest.approx(earlier.power(0.08), abs=0.1)


def test_power_is_told_where_every_site_is_trained():
    errors = ErrorModel(0.1, 0.2, 0.05, site_sd=0.1)
    plan = RollOut((8,) * 7 + (14,) * 7, 0, 24)
    found = assess_power(
        panel(errors, plan), indicator="csat_mean", unit="points", draws=400, judge=judged
    )
    told = {estimate.id.split(".", 2)[2]: estimate for estimate in found.estimates}
    assert 0 < told["mde.simulated"].value < 1
    assert told["mde.simulated"].comparison == "not_yet_treated"
    assert found.tables["power_sites"]["n_treated"].eq(found.tables["power_sites"]["n_sites"]).all()
    assert not [check for check in found.checks if check.status == "not_possible"]


def test_numbers_of_sites_too_few_for_the_waves_are_left_out():
    errors = ErrorModel(0.1, 0.2, 0.05, site_sd=0.1)
    plan = RollOut(tuple(np.repeat(np.arange(4, 24), 4)), 0, 26)
    table = power_by_sites(plan, errors, 0.1, sites=(10, 80), draws=50)
    assert table["n_sites"].tolist() == [80]
    with pytest.raises(DesignError):
        power_by_sites(plan, errors, 0.1, sites=(10,), draws=50)


@pytest.mark.parametrize("by_lot", [True, False])
@pytest.mark.parametrize("never", [0, 30])
def test_thousands_of_sites_take_the_variance_instead_of_draws(monkeypatch, by_lot, never):
    plan = RollOut((6,) * 30 + (12,) * 30, never, 20, base="all_before", by_lot=by_lot)
    errors = ErrorModel(0.1, 0.4, 0.05, site_sd=0.2)
    drawn = simulate(plan, errors, draws=2000, seed=3, judge=judged)
    monkeypatch.setattr(pw, "DRAWN", 0)
    told = simulate(plan, errors, draws=2000, seed=3, judge=judged)
    assert told.power(0.0) == pytest.approx(0.05, abs=1e-9)
    for effect in (0.03, 0.05, 0.07):
        assert told.power(effect) == pytest.approx(drawn.power(effect), abs=0.05)


@pytest.mark.parametrize("effect", [0.05, 1.0, 5.0, 50.0, -5.0])
@pytest.mark.parametrize("sites", [4, 14, 120, 600])
def test_power_by_formula_is_a_probability_for_any_size(sites, effect):
    half = sites // 2
    plan = pw.RollOut(starts=(6,) * half, n_never=sites - half, n_periods=20)
    for shock in (1e-6, 0.005, 0.5, 50.0):
        found = pw.closed_form(plan, pw.ErrorModel(shock, 0.3, 0.0), effect)
        assert 0.049 <= found <= 1


def test_the_lower_tail_of_a_noncentral_t_is_its_mirrored_upper_tail():
    from scipy import stats

    for shift in (0.5, 3.0, 6.0):
        lower = stats.nct.cdf(-2.1, 18, shift)
        assert stats.nct.sf(2.1, 18, -shift) == pytest.approx(lower, rel=1e-9)
    assert np.isfinite(stats.nct.sf(2.1, 18, -np.linspace(0, 500, 400))).all()


def test_an_outcome_without_any_variance_finds_everything():
    plan = pw.RollOut(starts=(6, 6, 6), n_never=3, n_periods=12)
    nothing = pw.ErrorModel(0.0, 0.0, 0.0)
    assert pw.closed_form(plan, nothing, 0.1) == 1
    assert pw.closed_form(plan, nothing, 0.0, alpha=0.05) == 0.05
    assert pw.minimum_detectable(lambda e: 1.0, 0.8, 0.0) == 0


def test_a_power_that_is_never_reached_is_refused():
    with pytest.raises(DesignError, match="No effect reaches"):
        pw.minimum_detectable(lambda e: 0.5, 0.8, 1.0)


def test_power_counts_rounds_that_were_measured_and_no_month_between():
    rng = np.random.default_rng(5)
    months = range(24000, 24048, 3)
    rows = [
        (f"s{i:02d}", month, rng.normal(), 40, 24024.0 if i < 10 else np.nan)
        for i in range(20)
        for month in months
    ]
    frame = pd.DataFrame(rows, columns=["unit", "period", "y", "n", "cohort"])
    plan = read_roll_out(frame)
    assert (plan.n_periods, plan.starts[0], plan.window) == (16, 8, 21)
    index = frame.assign(
        period=(frame["period"] - 24000) // 3, cohort=frame["cohort"].map({24024.0: 8.0})
    )
    same = read_roll_out(index)
    assert (same.n_periods, same.starts) == (plan.n_periods, plan.starts)
    check = assess_power(frame, indicator="csat_mean", unit="score_1_5", draws=200).checks[0]
    assert check.reason == "design.check.power.assumed_rounds"
    assert (check.params["rounds"], check.params["before"]) == (16, 8)
    assert choose_base(frame).n_months == 8


def test_power_is_that_of_what_judges():
    """A judge without an interval finds nothing; one with known ends finds by them."""

    class Nothing:
        lead = "randomisation"

        def intervals(self, y, *, level, seed):
            return np.full(len(y), -np.inf), np.full(len(y), np.inf)

    errors = ErrorModel(0.12, 0.5, 0.05)
    null = simulate(PLAN, errors, draws=50, judge=lambda plan: Nothing())
    assert (null.lead, null.power(1e6)) == ("randomisation", 0.0)
    known = Null(np.array([-1.0, -0.5]), np.array([1.0, 2.0]), "x")
    assert [known.power(e) for e in (0.0, 0.6, 1.1, -2.1)] == [0.0, 0.5, 1.0, 1.0]


def test_waves_of_one_site_have_the_power_of_a_valid_test():
    """The clustered t test says .9 and more of such a roll-out; it rejects too often."""
    from analysis.workspace.inputs.detectable import judged

    plan = RollOut((10, 12, 14, 16, 18), 12, 24, base="all_before")
    errors = ErrorModel(0.12, 0.5, 0.05)
    naive = simulate(plan, errors, draws=400, seed=1)
    valid = simulate(plan, errors, draws=400, seed=1, judge=judged)
    assert valid.lead == "randomisation"
    assert valid.power(0.0) == pytest.approx(0.05, abs=0.03)
    assert naive.power(0.0) > 0.15
    assert valid.power(0.15) < naive.power(0.15) - 0.05


def test_the_same_plan_at_another_size_keeps_base_and_lottery():
    plan = RollOut((6,) * 6, 6, 12, base="all_before", by_lot=True)
    larger = plan.scaled(40)
    assert (larger.base, larger.by_lot, larger.n_never, len(larger.starts)) == (
        "all_before", True, 20, 20,
    )  # fmt: skip


def test_few_rounds_bound_power_where_every_site_is_trained_too():
    rng = np.random.default_rng(7)
    rows = [
        (f"s{i:02d}", month, rng.normal(), 40, 24009.0 if i < 7 else 24018.0)
        for i in range(14)
        for month in range(24000, 24024, 3)
    ]
    frame = pd.DataFrame(rows, columns=["unit", "period", "y", "n", "cohort"])
    check = assess_power(frame, indicator="csat_mean", unit="points").checks[0]
    assert (check.reason, check.params["treated"], check.params["never"]) == (
        "design.reason.few_rounds", 7, 7,
    )  # fmt: skip
    assert check.params["mde"] > 0

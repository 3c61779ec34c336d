"""The truth is arithmetic, not simulation: it must equal brute force with and without training."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from analysis import simulation
from analysis.errors import DesignError
from analysis.simulation import behaviour, customers, simulate
from analysis.simulation.sites import draw_roster
from analysis.simulation.training import expected_points


def large(**changes):
    """Few sites, many customers: means of answers come close to their expectation."""
    settings = {
        "n_sites": 6,
        "n_months": 20,
        "n_staff": 60,
        "tickets_per_1000": 1500.0,
        "invited": 1500.0,
        "n_spill_over": 1,
        "n_late": 1,
        "wave_months": simulation.DEMO.wave_months[:1],
        "families": ("surveys",),
        "response_rate": 0.9,
    }
    return dataclasses.replace(simulation.DEMO, seed=11, **(settings | changes))


def cell_means(world) -> pd.Series:
    frame = world.satisfaction_means()
    return frame.set_index(["unit", "period"])["y"]


def test_att_equals_brute_force_with_and_without_training():
    p = large(response_slope=0.0)
    treated, untreated = simulate(p), simulate(p.without_effects())
    difference = (cell_means(treated) - cell_means(untreated)).rename("d").reset_index()
    cells = treated.truth.effects("csat_mean").merge(
        difference, left_on=["site_id", "period"], right_on=["unit", "period"]
    )
    # Same customers, same noise: only answers moved by the effect differ.
    assert cells["d"].mean() == pytest.approx(treated.truth.att("csat_mean"), abs=0.005)
    path = cells.groupby("event_time")["d"].mean()
    np.testing.assert_allclose(path, treated.truth.by_event_time("csat_mean"), atol=0.02)


def test_expected_score_and_top2_equal_the_mean_of_drawn_answers():
    rng = np.random.default_rng(1)
    p = simulation.DEMO
    noise = np.hypot(p.respondent_sd, p.item_sd) * rng.standard_normal(400_000)
    for level in (2.2, 3.5, 4.6):
        answers = np.clip(np.rint(level + noise), 1, 5)
        assert customers.expected_score(p, level) == pytest.approx(answers.mean(), abs=0.006)
        assert customers.expected_top2(p, level) == pytest.approx((answers >= 4).mean(), abs=0.004)


def test_expected_nps_equals_the_drawn_answers():
    p = large(response_slope=0.0)
    treated, untreated = simulate(p), simulate(p.without_effects())
    points = []
    for world in (treated, untreated):
        surveys = world.tables["surveys"]
        mine = surveys[surveys["item"].eq("q6") & surveys["score"].notna()]
        local = mine["answered_at"].dt.tz_convert("Asia/Shanghai")
        period = (local.dt.year * 12 + local.dt.month - 1).astype("int64")
        score = mine["score"].astype(float)
        point = 100.0 * ((score >= 9).astype(float) - (score <= 6).astype(float))
        keys = [mine["site_id"].astype(object), period.rename("period")]
        points.append(point.groupby(keys).mean().rename("point"))
    cells = treated.truth.effects("nps").assign(site_id=lambda f: f["site_id"].astype(object))
    cells = cells.set_index(["site_id", "period"])
    for drawn, column in zip(points, ("treated", "untreated"), strict=True):
        assert drawn.reindex(cells.index).mean() == pytest.approx(cells[column].mean(), abs=1.0)
    moved = (points[0] - points[1]).reindex(cells.index).mean()
    assert moved == pytest.approx(cells["effect"].mean(), abs=0.4)
    assert cells["effect"].mean() > 5


def test_respondents_differ_from_the_invited_only_by_selection():
    p = dataclasses.replace(simulation.DEMO, response_slope=0.0)
    level = np.array([3.1, 4.2])
    untrained = np.array([False, False])
    np.testing.assert_allclose(
        customers.expected_score_of_respondents(p, level, untrained),
        customers.expected_score(p, level),
        atol=1e-4,
    )
    assert customers.expected_response_rate(p, untrained) == pytest.approx([0.4, 0.4])
    selective = dataclasses.replace(p, response_slope=0.5)
    assert (
        customers.expected_score_of_respondents(selective, level, untrained)
        > customers.expected_score(p, level) + 0.1
    ).all()


def test_observed_return_rate_is_the_expected_one():
    world = simulate(large(response_slope=0.3, invited=400.0))
    answered = world.tables["surveys"]["response_id"].nunique()
    invited = int(world.tables["invitations"]["invited"].sum())
    expected = world.truth.response_rate["untrained"]
    assert answered / invited == pytest.approx(expected, abs=0.01)


def test_ticket_truth_equals_brute_force():
    p = large(families=("tickets",), type_effect={})
    treated, untreated = simulate(p), simulate(p.without_effects())
    truth = treated.truth
    rates = {}
    for name, world in (("treated", treated), ("untreated", untreated)):
        tickets = world.tables["tickets"]
        local = tickets["opened_at"].dt.tz_convert("Asia/Shanghai")
        tickets = tickets.assign(
            period=(local.dt.year * 12 + local.dt.month - 1).astype("int64"),
            within=(tickets["first_response_at"] - tickets["opened_at"]).dt.total_seconds() <= 1800,
            kind=tickets["kind"].astype(object),
        )
        keys = ["site_id", "period"]
        shown = truth.effects("fcr")[keys].assign(site_id=lambda f: f["site_id"].astype(object))
        mine = tickets.assign(site_id=tickets["site_id"].astype(object)).merge(shown, on=keys)
        replied = mine["first_response_at"].notna()
        complaints = mine["kind"] == "complaint"
        households = world.tables["sites"].set_index("site_id")["households"].astype(float)
        exposure = shown["site_id"].map(households).sum() / 1000
        rates[name] = {
            "complaints": complaints.sum() / exposure,
            "within": mine.loc[replied, "within"].astype(float).mean(),
        }
    assert rates["treated"]["complaints"] / rates["untreated"]["complaints"] < 0.95
    cells = truth.effects("response_within_30min")
    assert rates["treated"]["within"] == pytest.approx(cells["treated"].mean(), abs=0.02)
    assert rates["untreated"]["within"] == pytest.approx(cells["untreated"].mean(), abs=0.02)


def test_fee_truth_is_the_ratio_of_the_ledger():
    p = large(families=("ledgers",))
    treated, untreated = simulate(p), simulate(p.without_effects())
    ratio = []
    for world in (treated, untreated):
        fees = world.tables["fees"]
        due = fees["receivable"] - fees["waived"]
        ratio.append((fees["collected"] / due).to_numpy(float))
    shown = treated.roster.trained.ravel()
    assert (ratio[0] - ratio[1])[shown].mean() == pytest.approx(
        treated.truth.att("fee_collection"), abs=1e-6
    )


def test_behaviour_truth_equals_the_mean_of_drawn_ratings():
    rng = np.random.default_rng(2)
    sheet = behaviour._SHEET_SD * rng.standard_normal(200_000)
    answers = np.clip(
        np.rint(3.7 + sheet + behaviour._ITEM_SD * rng.standard_normal(200_000)), 1, 5
    )
    assert behaviour.expected_rating(3.7) == pytest.approx(answers.mean(), abs=0.006)


def test_learning_gain_allows_for_the_ceiling():
    rng = np.random.default_rng(3)
    drawn = np.clip(np.rint(96 + 8 * rng.standard_normal(400_000)), 0, 100)
    assert expected_points(96, 8) == pytest.approx(drawn.mean(), abs=0.04)
    world = simulate(dataclasses.replace(simulation.DEMO, families=("training",)))
    written = world.tables["assessments"].query("form == 'written'")
    mean = written.groupby("occasion")["score"].mean().astype(float)
    assert mean["post"] - mean["pre"] == pytest.approx(world.truth.learning_gain, abs=0.6)


def test_spill_over_reaches_never_trained_sites_only():
    world = simulate(large(invited=20.0))
    ids = list(world.truth.spill_over)
    cohort = dict(zip(world.roster.sites["site_id"], world.roster.cohort, strict=True))
    assert len(ids) == 1
    assert np.isnan(cohort[ids[0]])
    assert 0 < world.truth.spill_over[ids[0]] < 0.5 * world.truth.att("csat_mean")


def test_demo_effect_is_as_described():
    truth = simulate(dataclasses.replace(simulation.DEMO, families=("surveys",))).truth
    assert truth.at(1) == pytest.approx(0.25, abs=0.02)
    assert truth.retention("csat_mean", 12) == pytest.approx(0.6, abs=0.03)
    assert truth.at(40) is None
    assert list(truth.by_cohort().index) == sorted(truth.by_cohort().index)


def test_a_simple_difference_in_differences_recovers_the_effect():
    """Coarse, on the mean of many small worlds: the estimators have their own recovery tests."""
    errors = []
    for seed in range(12):
        world = simulate(simulation.small(seed))
        frame = world.satisfaction_means()
        frame["event"] = frame["period"] - frame["cohort"]
        never = frame[frame["cohort"].isna()].groupby("period")["y"].mean()
        mine = frame[frame["cohort"].notna()].copy()
        mine["gap"] = mine["y"] - mine["period"].map(never)
        before = mine[mine["event"] < 0].groupby("unit")["gap"].mean()
        after = mine[mine["event"] >= 0].copy()
        estimate = (after["gap"] - after["unit"].map(before)).mean()
        errors.append(estimate - world.truth.att("csat_mean"))
    assert abs(np.mean(errors)) < 3 * np.std(errors) / np.sqrt(len(errors)) + 0.005


def test_unknown_indicator_names_the_known_ones():
    with pytest.raises(DesignError, match="csat_mean"):
        simulate(simulation.small(0)).truth.att("csat")


def test_roster_is_not_touched_by_reading_the_truth():
    world = simulate(simulation.small(0))
    again = draw_roster(world.parameters)
    world.truth.by_event_time("csat_mean")
    np.testing.assert_array_equal(world.roster.fading, again.fading)

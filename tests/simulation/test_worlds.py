"""Worlds are reproducible, independent by family, and differ as their names say."""

import dataclasses
import datetime as dt
import time

import numpy as np
import pandas as pd
import pytest

from analysis import simulation
from analysis.errors import DesignError
from analysis.simulation import WorldParameters, simulate
from analysis.simulation.sites import draw_roster, effect_path


def compact(seed: int = 5, **changes) -> WorldParameters:
    """All families at a size that is quick to draw."""
    settings = {"n_sites": 12, "n_staff": 120, "invited": 20.0, "tickets_per_1000": 20.0}
    return dataclasses.replace(simulation.DEMO, seed=seed, **(settings | changes))


@pytest.fixture(scope="module")
def world():
    return simulate(compact())


def test_equal_parameters_give_equal_tables(world):
    again = simulate(compact())
    assert world.tables.keys() == again.tables.keys()
    for name, frame in world.tables.items():
        pd.testing.assert_frame_equal(frame, again.tables[name])
    assert world.truth.to_json() == again.truth.to_json()


def test_another_seed_gives_another_world(world):
    other = simulate(compact(seed=6))
    assert not world.tables["fees"].equals(other.tables["fees"])


def test_a_family_does_not_depend_on_the_others(world):
    alone = simulate(compact(families=("surveys",)))
    asked = {"surveys", "invitations", "comments", "reply_reports", "instruments"}
    assert set(alone.tables) == {"sites", "waves", *asked}
    pd.testing.assert_frame_equal(alone.tables["surveys"], world.tables["surveys"])


def test_parameters_are_not_changed_and_hash_tells_them_apart(world):
    assert world.parameters == compact()
    assert compact().recipe_hash() == compact().recipe_hash()
    assert compact().recipe_hash() != compact(seed=6).recipe_hash()


def test_demo_has_the_promised_size():
    p = simulation.DEMO
    roster = draw_roster(p)
    assert (len(roster.sites), p.n_months, p.n_staff) == (60, 36, 1200)
    assert roster.sites["site_name"].is_unique
    assert int(np.isnan(roster.cohort).sum()) == 20
    assert roster.waves["wave"].value_counts().to_dict() == {0: 20, 1: 14, 2: 13, 3: 13}
    late = roster.waves["actual_start"].notna() & (
        roster.waves["actual_start"] != roster.waves["planned_start"]
    )
    assert late.sum() == p.n_late


def test_assignment_is_balanced_over_property_types():
    roster = draw_roster(simulation.DEMO)
    share = (~pd.Series(roster.cohort).isna()).groupby(pd.Series(roster.types)).mean()
    assert share.between(0.55, 0.8).all()


@pytest.mark.parametrize(
    ("event_time", "share"),
    [(-3, 0.0), (-1, 0.0), (0, 0.5), (1, 1.0), (6, 0.8), (12, 0.6), (18, 0.45), (np.nan, 0.0)],
)
def test_effect_path_goes_through_its_knots(event_time, share):
    assert effect_path(simulation.DEMO, np.array([event_time]))[0] == pytest.approx(share)


def test_no_effect_world_has_no_effect_anywhere():
    truth = simulate(dataclasses.replace(simulation.no_effect(), families=("surveys",))).truth
    assert truth.att("csat_mean") == 0
    assert truth.att("csat_top2") == 0
    assert truth.learning_gain == 0
    assert truth.spill_over == {}


def test_fading_world_fades():
    surveys_only = dataclasses.replace(simulation.fading(), families=("surveys",), n_late=0)
    truth = simulate(surveys_only).truth
    assert truth.retention("csat_mean", 6) == pytest.approx(0.38, abs=0.03)
    assert truth.at(12) < 0.15 * truth.at(1)


def test_attrition_by_arm_thins_out_trained_answers_and_biases_them():
    p = dataclasses.replace(simulation.attrition_by_arm(), families=("surveys",))
    world = simulate(p)
    assert world.truth.response_rate["trained"] < world.truth.response_rate["untrained"] - 0.1
    assert world.truth.selection_bias > 0.05
    plain = simulate(dataclasses.replace(simulation.DEMO, families=("surveys",)))
    assert abs(plain.truth.selection_bias) < 0.005
    assert len(world.tables["surveys"]) < len(plain.tables["surveys"])


def test_trained_staff_leave_more_where_the_ratio_says_so():
    families = ("staff",)
    few = simulate(dataclasses.replace(simulation.DEMO, families=families))
    many = simulate(dataclasses.replace(simulation.attrition_by_arm(), families=families))
    left = [int(w.tables["staff"]["left_on"].notna().sum()) for w in (few, many)]
    assert left[1] > left[0]


def test_two_clusters_and_one_treated():
    two = draw_roster(simulation.two_clusters())
    assert np.isnan(two.cohort).tolist().count(False) == 1
    assert len(two.sites) == 2
    one = draw_roster(simulation.one_treated())
    assert (len(one.sites), int((~np.isnan(one.cohort)).sum())) == (20, 1)


def test_a_no_show_counts_by_intention_to_treat():
    p = dataclasses.replace(simulation.small(3), n_no_show=2)
    world = simulate(p)
    absent = world.tables["waves"].query("arm == 'treated' and actual_start.isna()")
    assert len(absent) == 2
    effects = world.truth.effects("csat_mean")
    mine = effects[effects["site_id"].isin(list(absent["site_id"]))]
    assert len(mine)
    assert (mine["effect"] == 0).all()


def test_small_worlds_are_quick_and_satisfy_the_estimators_frame():
    simulate(simulation.small(0))
    best = np.inf
    for seed in range(3):
        start = time.process_time()
        world = simulate(simulation.small(seed))
        best = min(best, time.process_time() - start)
    assert best < 0.3  # about 0.08 s on an idle machine
    frame = world.satisfaction_means()
    assert list(frame.columns) == ["unit", "period", "y", "n", "cohort"]
    assert len(frame) == 24 * 24
    assert not frame.duplicated(["unit", "period"]).any()
    assert frame["n"].mean() == pytest.approx(10, abs=1.5)
    assert frame.groupby("unit")["cohort"].nunique(dropna=False).max() == 1


def test_unknown_family_and_wave_outside_are_refused():
    with pytest.raises(DesignError, match="unknown families"):
        compact(families=("survey",))
    with pytest.raises(DesignError, match="do not lie inside"):
        compact(n_months=6)


def test_planted_events_are_in_the_tables(world):
    planted = simulate(dataclasses.replace(simulation.DEMO, families=("training", "programme")))
    tables, truth = planted.tables, planted.truth.planted
    answers = tables["reactions"]
    low = answers["lecturer_id"] == truth["low_lecturer"]["lecturer_id"]
    top2 = (answers["score"] >= 4).astype(float)
    assert top2[low].mean() == pytest.approx(0.78, abs=0.03)
    assert top2[~low].mean() == pytest.approx(0.93, abs=0.01)
    shares = tables["enrolments"].query("module == @truth['low_module']['module']")["completion"]
    assert shares.mean() == pytest.approx(0.65, abs=0.01)
    gate = tables["milestones"].set_index("milestone_id").loc["M3"]
    assert (gate["actual_on"] - gate["planned_on"]).days == 6
    trainer = tables["costs"].query("category == 'trainer'")
    assert trainer["actual"].sum() / trainer["planned"].sum() == pytest.approx(1.14, abs=1e-4)
    assert set(truth) == {
        "low_lecturer", "low_module", "falling_site", "late_gate", "trainer_overrun",
    }  # fmt: skip


def test_a_world_in_which_nobody_is_trained_can_be_written(tmp_path):
    from analysis.simulation import PlantedEvents, write_exports

    world = simulate(
        dataclasses.replace(
            simulation.DEMO,
            n_sites=2,
            n_months=12,
            n_staff=12,
            n_treated=0,
            wave_months=(dt.date(2023, 8, 1),),
            n_late=0,
            n_spill_over=0,
            spill_over=0.0,
            planted=PlantedEvents(),
        )
    )
    write_exports(world, tmp_path)
    assert '"retention_csat_mean"' in world.truth.to_json()
    (head,) = (tmp_path / "培训" / "在线考试逐题得分.csv").read_text("utf-8-sig").splitlines()
    assert head.count("题得分") == 40

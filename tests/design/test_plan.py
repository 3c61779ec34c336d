import datetime as dt
import random
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from plans import GOALS, waves

from analysis import causal
from analysis.client.plan import Design
from analysis.client.readings import READINGS
from analysis.design import (
    Goal,
    annual_growth,
    assess_assignment,
    assess_calendar,
    assess_conflicts,
    assess_figures,
    assess_plan,
    assign_waves,
    check_claims,
    make_plan,
    measurement_calendar,
    season,
)
from analysis.design.conflicts import REQUIREMENTS
from analysis.errors import DesignError
from analysis.indicators import registry
from analysis.workspace.wiring import tracking


def test_attendance_is_refused_as_primary_outcome():
    with pytest.raises(DesignError, match="csat_mean"):
        make_plan("attendance")


def test_equal_plans_have_equal_hashes_whatever_the_order():
    shuffled = waves().sample(frac=1, random_state=2)
    goals = GOALS.copy()
    random.Random(1).shuffle(goals)
    first = make_plan("csat_mean", GOALS, waves())
    assert make_plan("csat_mean", goals[::-1], shuffled).hash == first.hash


def test_the_base_of_comparison_belongs_to_the_plan_but_the_usual_one_moves_no_hash():
    usual = make_plan("csat_mean", GOALS)
    assert "base" not in usual.content()
    assert make_plan("csat_mean", GOALS, base="month_before").hash == usual.hash
    assert make_plan("csat_mean", GOALS, base="all_before").hash != usual.hash


def test_every_base_a_client_can_name_is_one_of_the_estimator():
    named = get_args(Design.model_fields["base"].annotation)
    assert set(named) - {"auto"} == set(tracking.BASES)
    assert set(tracking.BASES.values()) < set(get_args(causal.Base))


def test_two_targets_for_one_indicator_and_horizon_are_found():
    goals = [*GOALS, Goal(indicator="nps", target=10, unit="points", deadline=dt.date(2026, 1, 1))]
    found = assess_plan(make_plan("csat_mean", goals))
    assert any(c.id == "design.goals.nps.mid" and c.status == "failed" for c in found.checks)


def test_claims_of_one_name_are_numbered():
    stated = {"start": 1.0, "end": 2.0, "years": 5.0, "stated": 0.149}
    names = ("market", "market", "market.2", "market")
    checks = check_claims([{**stated, "name": name} for name in names])
    ends = [check.id.removeprefix("design.claim.") for check in checks[-4:]]
    assert ends == ["market", "market.2", "market.2.2", "market.3"]
    assert checks[-1].params["claim"] == "market"


def test_the_stated_growth_contradicts_its_end_points():
    assert annual_growth(35, 68, 5) == pytest.approx(0.142, abs=5e-4)
    (check,) = check_claims()
    assert (check.id, check.status) == ("design.claim.R003", "failed")


def test_figures_without_a_source_are_listed_and_used_nowhere():
    figures = assess_figures().table("external_figures").set_index("requirement")
    assert set(figures.index) == {"R001", "R002", "R003", "R056", "R071", "R166", "R182"}
    assert set(figures.loc[["R001", "R003", "R056", "R166"], "state"]) == {"contradicted"}
    assert all(figures.loc[figures["state"] == "verified", "source"] != "")
    lines = [
        mark.requirement
        for indicator in registry.load().values()
        for mark in (*indicator.targets, *indicator.alerts, *indicator.benchmarks)
    ]
    assert not set(figures.index) & set(lines)


def test_all_conflicts_are_raised_while_open_and_none_once_resolved():
    assert set(REQUIREMENTS) == set(READINGS)
    raised = assess_conflicts({})
    assert [c.status for c in raised.checks] == ["caution"] * len(READINGS)
    chosen = {id: next(iter(conflict.readings)) for id, conflict in READINGS.items()}
    assert {c.status for c in assess_conflicts(chosen).checks} == {"passed"}
    with pytest.raises(DesignError, match="C2"):
        assess_conflicts({"C2": "plus_7"})


def sites(n=60):
    types = np.array(["villa", "high_end", "ordinary", "old"])
    return pd.DataFrame(
        {
            "site_id": [f"s{i:03}" for i in range(n)],
            "property_type": types[np.arange(n) % 4],
            "households": 300 + np.arange(n),
        }
    )


def test_draw_is_reproducible_balanced_and_independent_of_row_order():
    drawn = assign_waves(sites(), waves=3, comparison_share=1 / 3, seed=7)
    shuffled = sites().sample(frac=1, random_state=3)
    again = assign_waves(shuffled, waves=3, comparison_share=1 / 3, seed=7)
    pd.testing.assert_frame_equal(drawn, again)
    sizes = drawn["wave"].value_counts()
    assert (sizes[0], set(sizes[[1, 2, 3]]) <= {13, 14}) == (20, True)
    cells = pd.crosstab(drawn["stratum"], drawn["wave"])
    assert cells[0].between(3, 7).all()
    assert not drawn.equals(assign_waves(sites(), waves=3, comparison_share=1 / 3, seed=8))


def test_every_site_is_equally_likely_to_stay_untrained():
    share = np.mean(
        [
            assign_waves(sites(12), waves=2, comparison_share=1 / 3, seed=s)["wave"].to_numpy() == 0
            for s in range(400)
        ],
        axis=0,
    )
    assert share == pytest.approx(np.full(12, 1 / 3), abs=0.11)


def test_draw_reports_its_balance():
    drawn = assign_waves(sites(), waves=3, comparison_share=1 / 3, seed=7)
    found = assess_assignment(sites(), drawn, seed=7)
    assert {"households", "property_type"} == set(found.tables["assignment_balance"]["covariate"])


def test_too_few_sites_to_draw():
    with pytest.raises(DesignError, match="four sites"):
        assign_waves(sites(3), waves=1, comparison_share=0.3, seed=1)


@pytest.mark.parametrize(
    ("months", "status"), [((1,), "failed"), ((1, 2), "failed"), ((3,), "passed")]
)
def test_a_plan_that_measures_only_early_is_refused_a_verdict_on_behaviour(months, status):
    checks = {c.id: c for c in assess_calendar(waves(), months=months).checks}
    assert checks["design.calendar.late_enough"].status == status


def test_calendar_dates_and_seasons():
    table = measurement_calendar(waves(), months=(1, 6), as_of=dt.date(2024, 9, 1))
    rows = table.set_index(["wave", "months"])
    assert rows.loc[(1, 1), "measure_on"] == dt.date(2024, 4, 5)  # from the day it was held
    assert rows.loc[(2, 1), "measure_on"] == dt.date(2024, 9, 30)  # 31 August plus a month
    assert rows.loc[(2, 6), "state"] == "ahead"
    assert not rows.loc[(2, 1), "held"]
    assert rows["judges"].groupby("months").first().to_dict() == {1: "early", 6: "late"}
    assert season(dt.date(2025, 2, 5)) == "spring_festival"
    assert season(dt.date(2024, 7, 1)) == "flood"
    assert season(dt.date(2024, 10, 1)) == ""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.monitoring import assess_budget, assess_milestones, assess_risks, attended_effort
from analysis.tables import conform

MILESTONES = pd.DataFrame(
    {
        "milestone_id": ["M1", "M2", "M3", "M4"],
        "name": ["needs", "lecturers", "first class", "all trained"],
        "criterion": None,
        "planned_on": [dt.date(2024, 1, 31), dt.date(2024, 3, 1), dt.date(2024, 4, 1),
                       dt.date(2024, 7, 1)],
        "actual_on": [dt.date(2024, 1, 30), dt.date(2024, 3, 3), dt.date(2024, 4, 11), None],
    }
)  # fmt: skip


def test_states_on_a_day_and_no_look_ahead():
    early = assess_milestones(MILESTONES, as_of=dt.date(2024, 4, 5)).tables["milestones"]
    assert early["state"].tolist() == ["reached", "reached_late", "overdue", "open"]
    assert early["days_late"].tolist()[:3] == [-1.0, 2.0, 4.0]
    assert early["actual_on"].iloc[2] is None
    found = assess_milestones(MILESTONES, as_of=dt.date(2024, 7, 1))
    late = found.tables["milestones"]
    assert late["state"].tolist() == ["reached", "reached_late", "reached_late", "open"]
    # 2 of 30 days is neither; 10 of 31 days is a warning, milder once reached
    assert [(a.id, a.grade) for a in found.alerts] == [("monitoring.alert.milestone.M3", 3)]
    assert found.alerts[0].p_value is None


def test_an_overdue_milestone_fails_the_check():
    found = assess_milestones(MILESTONES, as_of=dt.date(2024, 8, 1))
    assert found.checks[0].status == "failed"
    assert found.alerts[-1].grade == 2


COSTS = pd.DataFrame(
    {
        "category": ["trainer", "trainer", "venue", "reserve", "travel"],
        "planned": [100.0, 50.0, 40.0, 10.0, None],
        "actual": [130.0, None, 42.0, None, 5.0],
    }
)


def test_budget_compares_only_items_with_both_amounts():
    found = assess_budget(COSTS, trainees=3, hours=10.0)
    table = found.tables["budget"].set_index("category")
    assert table.loc["trainer", "deviation_share"] == pytest.approx(0.30)
    assert table.loc["trainer", "open_planned"] == 50.0
    assert table.loc["travel", "unplanned"] == 5.0
    assert np.isnan(table.loc["travel", "deviation_share"])
    assert [a.subject for a in found.alerts] == ["terms.cost.trainer"]
    assert found.estimate("monitoring.cost.per_trainee").value == pytest.approx(177 / 3)
    reserve = next(c for c in found.checks if c.id == "monitoring.reserve")
    assert (reserve.status, reserve.value) == ("caution", pytest.approx(0.05))


def test_effort_counts_people_once():
    enrolments = pd.DataFrame(
        {"staff_id": ["a", "a", "b"], "attended": [True, True, False], "hours": [2.0, 3.0, 9.0]}
    )
    assert attended_effort(enrolments) == (1, 5.0)
    assert attended_effort(None) == (None, None)
    found = assess_budget(COSTS)
    lacking = {"per_trainee": "no_effort", "per_hour": "no_hours", "per_pass": "no_passes"}
    for name, reason in lacking.items():
        assert found.estimate(f"monitoring.cost.{name}").reason == f"monitoring.reason.{reason}"
    failed = assess_budget(COSTS, trainees=3, passes=0)
    assert failed.estimate("monitoring.cost.per_pass").reason == "monitoring.reason.nobody_passed"


def test_risks_are_graded_by_the_product():
    risks = pd.DataFrame(
        {
            "risk_id": ["1", "2", "3", "4"],
            "name": list("abcd"),
            "category": "x",
            "probability": [5, 2, 1, None],
            "impact": [3, 4, 5, 3],
            "response": [None, "plan", "plan", "plan"],
        }
    )
    found = assess_risks(risks)
    grades = found.tables["risks"].set_index("risk_id")["grade"]
    assert grades[["1", "2", "3"]].tolist() == [1.0, 2.0, 3.0]
    assert np.isnan(grades["4"])
    assert found.checks[0].status == "failed"


@pytest.mark.parametrize(
    "found",
    [assess_risks(None), assess_budget(None), assess_milestones(None, as_of=dt.date(2024, 1, 1))],
)
def test_absent_tables_are_said(found):
    assert [c.status for c in found.checks] == ["not_possible"]


def test_costs_without_a_plan_keep_to_none():
    costs = pd.DataFrame({"category": ["trainer", "venue"], "planned": None, "actual": [36.0, 8.0]})
    found = assess_budget(costs)
    check = next(c for c in found.checks if c.id == "monitoring.budget")
    assert (check.status, check.reason) == ("not_possible", "monitoring.check.budget.no_plan")
    table = found.table("budget")
    assert table["actual"].tolist() == [36.0, 8.0]
    assert table[["planned", "deviation", "deviation_share"]].isna().all(axis=None)
    assert found.estimate("monitoring.cost.actual").value == 44.0


def test_a_plan_of_nothing_is_no_plan_to_keep():
    found = assess_budget(COSTS.assign(planned=0.0, actual=0.0))
    check = next(c for c in found.checks if c.id == "monitoring.budget")
    told = ("not_possible", "monitoring.check.budget.nothing_planned")
    assert (check.status, check.reason) == told
    assert found.alerts == ()


def test_a_refund_is_read_and_counted():
    costs = conform("costs", COSTS.assign(cost_id=list("abcde"), actual=[130, -20, 42, None, 5]))
    table = assess_budget(costs.to_pandas()).table("budget").set_index("category")
    assert table.loc["trainer", "actual"] == 110.0

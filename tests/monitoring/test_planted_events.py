"""The demo's planted events are all found at their grade, and nothing else is of grade 1."""

import dataclasses
import datetime as dt

import pytest

from analysis import indicators
from analysis.monitoring import (
    alert_measures,
    assess_alerts,
    assess_budget,
    assess_milestones,
    rank_actions,
)
from analysis.simulation import DEMO, simulate
from analysis.simulation.parameters import NOTHING_PLANTED
from analysis.standards import course
from analysis.tables import conform, month_of

CHOICES = {"C1": "floor_85"}
FAMILIES = ("surveys", "staff", "training", "programme")
TODAY = month_of(DEMO.first + DEMO.n_months) - dt.timedelta(days=1)


def alerts_of(world, parameters):
    tables = {name: conform(name, frame) for name, frame in world.tables.items()}
    panel = indicators.build_panel(
        tables,
        client_timezone="Asia/Shanghai",
        first=parameters.first,
        last=parameters.first + parameters.n_months - 1,
    )
    starts = indicators.cohorts(world.tables["waves"]).dropna()
    frames = {name: table.to_pandas() for name, table in tables.items()}
    measures = alert_measures(frames, panel, baseline_until=int(starts.min()))
    steps = (
        assess_alerts(measures, on=TODAY, lines=course(CHOICES)),
        assess_milestones(frames["milestones"], as_of=TODAY),
        assess_budget(frames["costs"]),
    )
    return [alert for step in steps for alert in step.alerts]


@pytest.fixture(scope="module")
def planted():
    parameters = dataclasses.replace(DEMO, families=FAMILIES)
    world = simulate(parameters)
    return world.truth.planted, alerts_of(world, parameters)


def test_each_planted_event_is_found_at_its_grade(planted):
    events, alerts = planted
    found = {(alert.rule, alert.subject): alert for alert in alerts}
    lecturer = found["lecturer_low", events["low_lecturer"]["lecturer_id"]]
    assert (lecturer.grade, round(lecturer.value, 2)) == (1, 0.78)
    fallen = found["satisfaction_drop", events["falling_site"]["site_id"]]
    assert (fallen.grade, fallen.value < -0.05) == (2, True)
    unfinished = found["completion_low", events["low_module"]["module"]]
    assert (unfinished.grade, round(unfinished.value, 2)) == (2, 0.65)
    overrun = found["budget_overrun", "terms.cost.trainer"]
    assert (overrun.grade, round(overrun.value, 2)) == (2, 0.14)
    (late,) = (alert for alert in alerts if alert.id.endswith(".M3"))
    assert (late.rule, late.value) == ("milestone_late", events["late_gate"]["days"])


def test_nothing_else_is_of_grade_1_and_it_comes_first(planted):
    events, alerts = planted
    grave = [alert for alert in alerts if alert.grade == 1]
    assert [alert.subject for alert in grave] == [events["low_lecturer"]["lecturer_id"]]
    first = rank_actions(alerts, on=TODAY)[0]
    assert first.evidence == (grave[0].id,)


def test_without_planted_events_none_of_them_rings():
    parameters = dataclasses.replace(DEMO, families=FAMILIES, planted=NOTHING_PLANTED)
    rules = {alert.rule for alert in alerts_of(simulate(parameters), parameters)}
    quiet = {"lecturer_low", "satisfaction_drop", "completion_low", "budget_overrun"}
    assert not rules & (quiet | {"course_low", "participation_low"})

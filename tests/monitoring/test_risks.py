"""Triggers read on the run's data, drills counted, and what changed since the run before."""

import datetime as dt

import numpy as np
import pandas as pd

from analysis.monitoring import assess_risks, risk_changes
from analysis.monitoring.risks import drill_states, risk_measures, trigger_states
from analysis.results import Alert

ON = dt.date(2025, 7, 1)
REGISTER = pd.DataFrame(
    {
        "risk_id": ["R1", "R2", "R3", "R4", "R5"],
        "name": list("abcde"),
        "category": "x",
        "probability": [4, 3, 2, 1, 2],
        "impact": [4, 3, 2, 1, 2],
        "response": "plan",
        "trigger": ["participation_low", "return_rate < 0.3", "leavers > 1", "weather > 3", None],
        "owner": "o",
        "contingency": ["p", "p", "p", None, "p"],
        "drilled_on": [dt.date(2025, 6, 1), dt.date(2025, 1, 1), None, None, dt.date(2025, 8, 1)],
    }
)
ALERT = Alert(
    id="monitoring.alert.participation_low.m",
    rule="participation_low",
    grade=1,
    message="m",
    response="r",
    subject="m",
)
MONTH = 24_300
PANEL = pd.DataFrame(
    {
        "site_id": "s",
        "period": [MONTH - 5, MONTH - 1, MONTH],
        "indicator": "return_rate",
        "stratum": "",
        "value": [0.9, 0.2, 0.4],
        "n": [10, 30, 10],
        "total": [9.0, 6.0, 4.0],
        "exposure": [10.0, 30.0, 10.0],
    }
)
STAFF = pd.DataFrame(
    {
        "staff_id": list("abcd"),
        "left_on": [dt.date(2025, 6, 1), dt.date(2025, 2, 1), dt.date(2024, 6, 1), None],
    }
)
ENROLMENTS = pd.DataFrame({"staff_id": list("abcd"), "attended": [True, True, True, True]})


def test_measures_of_triggers_by_hand():
    tables = {"staff": STAFF, "enrolments": ENROLMENTS}
    found = risk_measures(PANEL, tables, as_of=ON)
    assert found["return_rate"] == (10 / 40, 40)
    assert found["leavers"] == (2.0, 4)
    assert risk_measures(PANEL, tables, as_of=dt.date(2025, 3, 1))["leavers"] == (1.0, 4)


def test_a_trigger_is_set_off_by_an_alert_or_a_measure():
    measures = {"return_rate": (0.25, 40), "leavers": (1.0, 4)}
    states = trigger_states(REGISTER, [ALERT], measures).set_index("risk_id")
    assert states["trigger_state"].tolist() == [
        "set_off",
        "set_off",
        "quiet",
        "not_measured",
        "none",
    ]
    assert states.loc["R1", "evidence"] == ALERT.id
    assert states.loc["R2", ["trigger_value", "trigger_n"]].tolist() == [0.25, 40]
    assert trigger_states(REGISTER, [], {})["trigger_state"].tolist()[0] == "quiet"


def test_drills_later_than_the_day_do_not_count():
    states = drill_states(REGISTER, ON).set_index("risk_id")
    assert states["drill_state"].tolist() == ["drilled", "due", "never", "none", "never"]
    assert states.loc["R1", "drill_due_on"] == dt.date(2025, 9, 1)


def test_what_changed_since_the_run_before():
    first = assess_risks(REGISTER, as_of=ON).tables["risks"]
    graver = REGISTER.assign(probability=[4, 4, 2, 1, 2]).iloc[:4]
    new = pd.concat([graver, REGISTER.iloc[[4]].assign(risk_id="R6")])
    now = assess_risks(new, alerts=[ALERT], as_of=ON, before=first)
    changed = now.tables["risk_changes"].set_index("risk_id")["change"]
    assert changed.to_dict() == {"R2": "graver", "R1": "set_off", "R6": "new", "R5": "gone"}
    assert risk_changes(None, first).empty
    assert assess_risks(REGISTER, as_of=ON, before=first).tables["risk_changes"].empty


def test_the_checks_count_triggers_and_drills():
    found = assess_risks(REGISTER, alerts=[ALERT], panel=PANEL, as_of=ON)
    checks = {c.id: c for c in found.checks}
    assert checks["monitoring.risk_triggers"].value == 2
    assert checks["monitoring.drills"].params["never"] == 2
    plain = REGISTER.drop(columns=["trigger", "owner", "contingency", "drilled_on"])
    assert [c.id for c in assess_risks(plain, as_of=ON).checks] == ["monitoring.risks"]
    assert np.isnan(assess_risks(plain, as_of=ON).tables["risks"]["trigger_value"]).all()

"""Triggers read on the run's data, drills counted, and what changed since the run before."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.monitoring import assess_risks, risk_changes
from analysis.monitoring.programme.risk_triggers import (
    ALPHA,
    LOOKS,
    Measured,
    risk_measures,
    trigger_states,
)
from analysis.monitoring.programme.risks import drill_states
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
    assert found["return_rate"] == Measured(10 / 40, 40, 0.0, 1, hits=10)
    assert found["leavers"] == Measured(2.0, 4)
    assert risk_measures(PANEL, tables, as_of=dt.date(2025, 3, 1))["leavers"].value == 1.0


def test_the_error_of_a_measure_is_over_sites():
    other = PANEL.assign(site_id="t", total=[9.0, 15.0, 5.0])
    found = risk_measures(pd.concat([PANEL, other]), {}, as_of=ON)["return_rate"]
    # 10 of 40 and 20 of 40 returned: residuals from 30 of 80 are -5 and 5
    assert (found.value, found.n, found.sites) == (30 / 80, 80, 2)
    assert found.se == pytest.approx(np.sqrt(2 * 50) / 80)


def test_chance_sets_off_no_risk_and_a_clear_fall_does():
    rng = np.random.default_rng(7)
    register = REGISTER.assign(trigger=["return_rate < 0.3", "csat_top2 < 0.8", *[None] * 3])

    def off(level: float) -> bool:
        rates = rng.beta(20 * level, 20 * (1 - level), 40)
        se = rates.std(ddof=1) / np.sqrt(40)
        measures = {"return_rate": Measured(rates.mean(), 900, se, 40)}
        measures["csat_top2"] = Measured(0.9, 900, 0.01, 40)
        return (trigger_states(register, [], measures)["trigger_state"] == "set_off").any()

    rate = np.mean([off(0.3) for _ in range(2000)])
    assert rate <= 3 * ALPHA / LOOKS / 2
    assert np.mean([off(0.2) for _ in range(50)]) > 0.9
    near = {"return_rate": Measured(0.29, 900, 0.02, 40)}
    states = trigger_states(register, [], near)["trigger_state"]
    assert states.tolist()[:2] == ["within_noise", "not_measured"]


def test_a_trigger_is_set_off_by_an_alert_or_a_measure():
    measures = {"return_rate": Measured(0.25, 40, 0.01, 30), "leavers": Measured(1.0, 4)}
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
    states = drill_states(REGISTER, ON, 92).set_index("risk_id")
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
    low = PANEL["total"] / np.array([1, 2, 2])
    sites = [PANEL.assign(site_id=f"s{i}", total=low - i / 9) for i in range(6)]
    found = assess_risks(REGISTER, alerts=[ALERT], panel=pd.concat(sites), as_of=ON)
    checks = {c.id: c for c in found.checks}
    assert checks["monitoring.risk_triggers"].value == 2
    assert checks["monitoring.drills"].params["never"] == 2
    plain = REGISTER.drop(columns=["trigger", "owner", "contingency", "drilled_on"])
    assert [c.id for c in assess_risks(plain, as_of=ON).checks] == ["monitoring.risks"]
    assert np.isnan(assess_risks(plain, as_of=ON).tables["risks"]["trigger_value"]).all()

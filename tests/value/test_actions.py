import dataclasses
import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from analysis import results
from analysis.results import Alert, Check, Finding, Topic
from analysis.value import assess_actions, playbook, propose

ON = dt.date(2025, 3, 1)
FINDING = Finding(
    id="finding.tracking.csat", claim="findings.effect.better", design="quasi_experimental",
    strength="moderate", params={"indicator": "csat_mean"},
)  # fmt: skip
ALERT = Alert(
    id="monitoring.alert.lecturer_low.l1", rule="lecturer_low", grade=1, message="m",
    response="monitoring.alert.lecturer_low.response", subject="l1", requirement="R107",
    owner="monitoring.owner.training_manager", due_on="2025-03-08",
)  # fmt: skip


def conflict(n):
    return Check(id=f"design.conflict.C{n}", topic=Topic.CONFLICT, question="q", status="caution")


def test_evidence_becomes_actions_with_owner_and_due_day():
    table = propose([FINDING, ALERT], on=ON).set_index("source")
    assert table.loc["alert", "action"] == ALERT.response
    assert table.loc["alert", "owner"] == "value.owner.training_manager"
    assert table.loc["alert", "due_on"] == ALERT.due_on
    assert table.loc["alert", "requirement"] == "R107"
    assert table.loc["finding", "subject"] == "csat_mean"
    assert table.index[0] == "alert"


@pytest.mark.parametrize(("claim", "action"), [("none", "measure_on"), ("absent", "redesign")])
def test_only_an_effect_that_is_excluded_calls_for_another_training(claim, action):
    found = dataclasses.replace(FINDING, claim=f"findings.effect.{claim}")
    assert propose([found], on=ON)["action"].tolist() == [f"value.action.{action}"]


@pytest.mark.parametrize(
    ("untrained", "action"), [(3, "extend"), (None, "extend"), (0, "keep_programme")]
)
def test_nothing_is_extended_where_every_site_is_in_a_wave(untrained, action):
    found = propose([FINDING], on=ON, untrained=untrained)
    assert found["action"].tolist() == [f"value.action.{action}"]


@pytest.mark.parametrize("harm", ["worse", "worse_weak"])
def test_training_is_stopped_for_what_leads_and_not_for_one_outcome_among_gains(harm):
    harmed = dataclasses.replace(
        FINDING, claim=f"findings.effect.{harm}", params={"indicator": "staff_turnover"}
    )
    beside = propose([FINDING, harmed], on=ON).set_index("subject")["action"]
    assert beside["staff_turnover"] == "value.action.review_harm"
    assert beside["csat_mean"] == "value.action.extend"
    leads = propose([harmed, FINDING], on=ON).set_index("subject")["action"]
    assert leads["staff_turnover"] == "value.action.stop_and_review"


def test_training_is_not_stopped_for_one_outcome_where_the_leading_one_is_open_and_others_gain():
    leads = dataclasses.replace(FINDING, claim="findings.effect.none")
    gained = dataclasses.replace(FINDING, params={"indicator": "nps"})
    harmed = dataclasses.replace(
        FINDING, claim="findings.effect.worse_weak", params={"indicator": "staff_turnover"}
    )
    beside = propose([leads, gained, harmed], on=ON).set_index("subject")["action"]
    assert beside["staff_turnover"] == "value.action.review_harm"
    alone = propose([leads, harmed], on=ON).set_index("subject")["action"]
    assert alone["staff_turnover"] == "value.action.stop_and_review"


def test_every_site_below_average_is_an_action_of_its_own():
    apart = dataclasses.replace(
        FINDING, claim="findings.sites.apart",
        params={"named_above": ["C"], "named_below": ["A", "B"]},
    )  # fmt: skip
    found = propose([apart], on=ON)
    assert set(zip(found["action"], found["subject"], strict=True)) == {
        ("value.action.visit_site", "A"),
        ("value.action.visit_site", "B"),
    }
    above = dataclasses.replace(apart, params={**apart.params, "named_below": "measurement.nobody"})
    assert propose([above], on=ON).empty


def test_a_line_that_was_missed_and_orders_beyond_it_are_two_actions():
    clock = {"clock": "measurement.clock.response"}
    missed = dataclasses.replace(FINDING, claim="findings.service.missed", params=clock)
    late = Check(
        id="tracking.service.response.beyond", topic=Topic.SERVICE_LEVELS, question="q",
        status="caution", reason="measurement.check.service_beyond.some", params=clock,
    )  # fmt: skip
    found = propose([missed, late], on=ON)
    assert found["action"].tolist() == ["value.action.clear_overdue", "value.action.hold_line"]
    assert set(found["subject"]) == {clock["clock"]}


def test_same_action_for_the_same_subject_is_one_row():
    table = propose([conflict(1), conflict(2)], on=ON)
    assert table["source_id"].tolist() == ["design.conflict.C1, design.conflict.C2"]


def test_what_passed_needs_no_action():
    passed = Check(id="design.conflict.C1", topic=Topic.CONFLICT, question="q", status="passed")
    assert propose([passed], on=ON).empty


def test_earlier_actions_are_followed_without_looking_ahead(tmp_path):
    earlier = pd.DataFrame(
        {
            "action_id": ["1", "2", "3", "4"],
            "finding": "f",
            "action": "a",
            "owner": "o",
            "due_on": [dt.date(2025, 2, 1)] * 3 + [ON],  # due today is not overdue
            "done_on": [dt.date(2025, 1, 9), dt.date(2025, 2, 9), dt.date(2025, 3, 9), None],
        }
    )
    found = assess_actions([ALERT], earlier, on=ON)
    assert found.tables["earlier_actions"]["state"].tolist() == [
        "done", "done_late", "overdue", "open",
    ]  # fmt: skip
    assert found.checks[0].params["overdue"] == 1
    results.save(found, Path(tmp_path))
    assert results.load("value", Path(tmp_path)).checks == found.checks


def test_no_earlier_actions_is_said():
    assert assess_actions([], None, on=ON).checks[0].status == "not_possible"


@pytest.mark.parametrize(
    ("reason", "action"),
    [
        ("no_variation", "other_measure"),
        ("no_comparison", "add_comparison"),
        ("empty", "measurable"),
    ],
)
def test_what_is_not_possible_gets_the_action_that_its_reason_asks_for(reason, action):
    claim = Finding(
        id="tracking.csat_mean.finding", claim="findings.effect.not_possible",
        design="not_estimated", strength="insufficient", reasons=(f"causal.fault.{reason}",),
    )  # fmt: skip
    assert propose([claim], on=ON)["action"].tolist() == [f"value.action.{action}"]


@pytest.mark.parametrize("entry", playbook(), ids=lambda e: f"{e['from']}-{e['match']}")
def test_playbook_entries_are_complete(entry):
    assert set(entry) - {"status", "untrained", "because", "led"} == {
        "from",
        "match",
        "action",
        "owner",
        "due_days",
        "priority",
    }
    assert ("status" in entry) == (entry["from"] == "check")


@pytest.mark.parametrize(("reason", "asked"), [("none", 1), ("late", 0), ("amended", 0)])
def test_nobody_is_asked_to_lock_what_is_locked(reason, asked):
    check = Check(
        id="design.lock.plan", topic=Topic.LOCK, question="q", status="caution",
        reason=f"locks.plan.{reason}",
    )  # fmt: skip
    assert len(propose([check], on=ON)) == asked

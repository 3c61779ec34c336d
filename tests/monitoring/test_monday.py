"""The Monday list: its order, its length, what speaks for what, and its words."""

import datetime as dt

import pandas as pd
import pytest

from analysis.monitoring import assess_monday, grade_risks, milestone_states, rank_actions
from analysis.present import sentences
from analysis.results import Alert
from analysis.wording import text

ON = dt.date(2024, 9, 16)


def alert(subject="A", *, rule="return_low", grade=3, value=0.2, **other) -> Alert:
    given = {
        "id": f"monitoring.alert.{rule}.{subject}",
        "rule": rule,
        "grade": grade,
        "message": f"monitoring.alert.{rule}.message",
        "response": f"monitoring.alert.{rule}.response",
        "subject": subject,
        "indicator": "return_rate",
        "value": value,
        "threshold": 0.3,
        "p_value": 0.001,
        "due_on": "2024-09-20",
        "owner": "monitoring.owner.evaluator",
        "params": {"subject": subject, "value": value, "n": 90, "line": 0.3},
    }
    return Alert(**{**given, **other})


def subjects(actions) -> list[str]:
    return [action.alert.subject for action in actions]


def test_each_criterion_in_turn():
    alerts = [
        alert("shallow", value=0.28),
        alert("deep", value=0.1),
        alert("acknowledged", value=0.01, state="acknowledged"),
        alert("fresh", value=0.29, rule="pass_rate_low"),
        alert("late", value=0.29, rule="completion_low", due_on="2024-09-09"),
        alert("grave", value=0.29, rule="course_redesign", grade=1),
        alert("closed", value=0.0, grade=1, rule="lecturer_low", state="closed"),
    ]
    changed = pd.DataFrame({"alert_id": ["monitoring.alert.pass_rate_low.fresh"], "change": "new"})
    actions = rank_actions(alerts, on=ON, changes=changed)
    order = ["grave", "late", "fresh", "deep", "shallow", "acknowledged"]
    assert subjects(actions) == order
    assert subjects(rank_actions(reversed(alerts), on=ON, changes=changed)) == order
    assert "monitoring.monday.why.overdue" in actions[1].why
    assert "monitoring.monday.why.new" in actions[2].why
    assert [action.rank for action in actions] == list(range(1, 7))


def test_the_gravest_alert_of_a_subject_speaks_for_it():
    milder = alert("M2", rule="course_low", grade=2, indicator="course_csat")
    graver = alert("M2", rule="course_redesign", grade=1, indicator="course_csat")
    actions = rank_actions([milder, graver], on=ON)
    assert [action.evidence for action in actions] == [(graver.id,)]


def test_many_subjects_under_one_rule_are_one_action():
    alerts = [alert(f"s{i}", value=0.2 - i / 100) for i in range(5)]
    (action,) = rank_actions(alerts, on=ON)
    assert len(action.evidence) == 5
    said = sentences.sentence(action.alert.message, "en", action.alert.params)
    assert "5 subjects" in said
    assert "“s4”" in said
    assert len(rank_actions(alerts[:3], on=ON)) == 3


def milestones() -> pd.DataFrame:
    rows = [
        ("M1", "Kick-off", dt.date(2024, 8, 1), dt.date(2024, 8, 1)),
        ("M2", "Gate", dt.date(2024, 9, 26), None),
        ("M3", "Report", dt.date(2024, 12, 1), None),
    ]
    frame = pd.DataFrame(rows, columns=["milestone_id", "name", "planned_on", "actual_on"])
    return milestone_states(frame.assign(criterion=None), ON)


def risks() -> pd.DataFrame:
    rows = [("R1", "Lecturer leaves", 5, 4, None), ("R2", "Budget cut", 5, 4, "Reserve")]
    columns = ["risk_id", "name", "probability", "impact", "response"]
    return grade_risks(pd.DataFrame(rows, columns=columns).assign(category="people"))


def test_milestones_that_come_near_and_grave_risks_without_response():
    found, shown = assess_monday([alert()], on=ON, milestones=milestones(), risks=risks())
    assert [action.alert.subject for action in shown] == ["Lecturer leaves", "A", "Gate"]
    assert found.tables["monday"]["evidence"].tolist() == [
        "monitoring.risk.R1",
        "monitoring.alert.return_low.A",
        "monitoring.milestone.M2",
    ]
    assert found.checks[0].status == "failed"
    assert not found.alerts


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_word_of_the_list_is_in_both_languages(language):
    alerts = [alert(f"s{i}") for i in range(4)] + [alert("x", rule="course_redesign", grade=1)]
    found, shown = assess_monday(alerts, on=ON, milestones=milestones(), risks=risks())
    for item in (action.alert for action in shown):
        assert sentences.sentence(item.message, language, item.params)
        assert sentences.sentence(item.response, language, item.params)
        assert text(item.owner, language)
    for keys in found.tables["monday"]["why"]:
        assert all(text(key, language) for key in keys.split())
    check = found.checks[0]
    assert "2024" in text(check.reason, language, **check.params)


def test_at_most_ten_and_an_empty_list_says_so():
    rules = ["participation_low", "completion_low", "pass_rate_low", "satisfaction_drop", "x"]
    alerts = [alert(f"{r}{i}", rule=r) for r in rules for i in range(3)]
    found, shown = assess_monday(alerts, on=ON)
    assert len(shown) == 10
    assert (found.checks[0].n, found.checks[0].params["all"]) == (15, 15)
    empty, none = assess_monday([], on=ON)
    assert none == ()
    assert empty.tables["monday"].empty
    assert empty.checks[0].status == "passed"

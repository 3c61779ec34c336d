"""Proposals across runs: carried over, decided on, come back, never looked ahead."""

import datetime as dt

import pandas as pd
import pytest

from analysis.errors import InputError
from analysis.results import Alert
from analysis.value import ACTION_SHEET, assess_actions, carry_over, propose, utilisation

DAYS = [dt.date(2025, 1, 31), dt.date(2025, 4, 30), dt.date(2025, 7, 31)]


def alert(module="沟通技巧"):
    return Alert(
        id=f"monitoring.alert.pass_rate_low.{module}", rule="pass_rate_low", grade=2,
        subject=module, message="m", n=40, owner="monitoring.owner.lecturer",
        response="monitoring.alert.pass_rate_low.response", due_on="2025-02-28",
        value=0.6, threshold=0.8, p_value=0.01, false_alarm_rate=0.05,
    )  # fmt: skip


def decided(*rows):
    return pd.DataFrame(rows, columns=list(ACTION_SHEET.columns))


def runs(*days):
    return [(day, propose([alert()], on=day)) for day in days]


def test_a_proposal_that_comes_back_is_the_same_and_keeps_its_due_day():
    register = carry_over(runs(DAYS[0], DAYS[1]), on=DAYS[2])
    (row,) = register.to_dict("records")
    assert row["action_id"] == "pass_rate_low:沟通技巧"
    assert row["times"] == 2
    assert row["proposed_on"] == "2025-01-31"
    assert row["due_on"] < "2025-04-30"
    assert row["state"] == "overdue"


@pytest.mark.parametrize(
    ("state", "day", "found"),
    [
        ("done", "2025-02-10", "done"),
        ("done", "2025-06-01", "done_late"),
        ("declined", "2025-02-10", "declined"),
        ("accepted", "2025-02-10", "overdue"),
        ("done", "2025-08-15", "overdue"),  # after this report's day: not known yet
        ("done", "2025-01-01", "overdue"),  # before it was proposed: of another time
    ],
)
def test_decisions_change_the_state(state, day, found):
    made = decided(("pass_rate_low:沟通技巧", state, day, "王", "V2.1", "已复训"))
    (row,) = carry_over(runs(DAYS[0]), made, on=DAYS[2]).to_dict("records")
    assert row["state"] == found
    assert (row["course_version"] == "V2.1") == (found != "overdue" or state == "accepted")


def test_what_was_done_and_comes_back_begins_anew():
    made = decided(("pass_rate_low:沟通技巧", "done", "2025-02-10", "王", "V2.1", ""))
    (row,) = carry_over(runs(DAYS[0], DAYS[1]), made, on=DAYS[2]).to_dict("records")
    assert row["proposed_on"] == "2025-04-30"
    assert row["times"] == 1
    assert row["state"] == "overdue"


def test_the_run_of_today_and_later_ones_do_not_count():
    assert carry_over(runs(DAYS[2]), on=DAYS[2]).empty


def test_the_share_taken_up_has_an_interval():
    made = decided(("pass_rate_low:沟通技巧", "done", "2025-02-10", "王", "", ""))
    first = propose([alert(), alert("法规")], on=DAYS[0])
    used = utilisation(carry_over([(DAYS[0], first)], made, on=DAYS[1]))
    assert (used.value, used.n) == (0.5, 2)
    assert used.ci_low < 0.5 < used.ci_high
    assert utilisation(carry_over([], on=DAYS[1])).reason == "value.reason.no_earlier_proposals"


def test_the_next_report_says_what_became_of_them_first():
    found = assess_actions([alert()], on=DAYS[2], runs=runs(DAYS[0]))
    (check,) = found.checks
    assert check.status == "caution"
    assert check.params == {"actions": 1, "done": 0, "overdue": 1}
    assert found.table("earlier_actions")["state"].tolist() == ["overdue"]
    assert found.table("action_decisions")["action_id"].tolist() == ["pass_rate_low:沟通技巧"]


def test_the_sheet_goes_round_and_faults_are_named(tmp_path):
    found = assess_actions([alert()], on=DAYS[0])
    path = ACTION_SHEET.write(tmp_path / "actions.csv", found.table("action_decisions"))
    assert ACTION_SHEET.read(path).empty
    text = path.read_text(encoding="utf-8-sig")
    path.write_text(text.replace("沟通技巧,,,,,", "沟通技巧,done,2025/3/1,王,V2,好"), "gb18030")
    assert ACTION_SHEET.read(path)["decided_on"].tolist() == ["2025-03-01"]
    path.write_text(",".join(ACTION_SHEET.columns) + "\na,closed,2025-03-01,,,\n,done,1.3.25,,,\n")
    with pytest.raises(InputError) as caught:
        ACTION_SHEET.read(path)
    assert [(f.row, f.column, f.rule) for f in caught.value.faults] == [
        (2, "state", "action_state"),
        (3, "action_id", "action_key"),
        (3, "decided_on", "decision_day"),
    ]

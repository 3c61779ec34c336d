"""Alerts across runs, by hand: identity, episodes, decisions, and what changed."""

import datetime as dt

import pandas as pd
import pytest

from analysis import wording
from analysis.errors import InputError
from analysis.monitoring.alerts.decisions import read_decisions, write_decisions
from analysis.monitoring.alerts.history import (
    DECISIONS,
    LEDGER,
    changes,
    decision_sheet,
    empty_ledger,
    merge,
    replay,
    with_states,
)
from analysis.results import Alert

MONDAYS = [dt.date(2024, 9, 2) + dt.timedelta(weeks=i) for i in range(6)]


def alert(subject="L07", grade=1, value=0.78, due="2024-09-09") -> Alert:
    return Alert(
        id=f"monitoring.alert.lecturer_low.{subject}",
        rule="lecturer_low",
        grade=grade,
        message="m",
        response="r",
        subject=subject,
        value=value,
        threshold=0.85,
        due_on=due,
    )


def decided(state, day, subject="L07", note="") -> pd.DataFrame:
    row = (f"monitoring.alert.lecturer_low.{subject}", state, day.isoformat(), "Wang", note)
    return pd.DataFrame([row], columns=DECISIONS)


def test_an_alert_that_comes_back_is_the_same_alert():
    runs = [(MONDAYS[0], [alert()]), (MONDAYS[1], []), (MONDAYS[2], [alert(due="2024-09-23")])]
    ledger = replay(runs)
    assert len(ledger) == 1
    row = ledger.iloc[0]
    assert (row["episode"], row["times_seen"], row["state"]) == (2, 2, "open")
    assert (row["first_seen"], row["since"], row["last_seen"]) == (
        "2024-09-02",
        "2024-09-16",
        "2024-09-16",
    )
    assert row["due_on"] == "2024-09-23"
    assert replay(runs, until=MONDAYS[1])["state"].tolist() == ["closed"]


def test_waiting_does_not_move_the_due_day():
    runs = [(day, [alert(due=(day + dt.timedelta(7)).isoformat())]) for day in MONDAYS]
    ledger = replay(runs)
    assert ledger["due_on"].tolist() == ["2024-09-09"]
    assert with_states([alert(due="2024-10-14")], ledger)[0].due_on == "2024-09-09"


def test_decisions_hold_within_their_episode_and_not_before_they_are_made():
    close = decided("closed", MONDAYS[1], note="coached")
    ringing = [(day, [alert()]) for day in MONDAYS[:3]]
    assert replay(ringing[:1], close)["state"].tolist() == ["open"]
    held = replay(ringing, close).iloc[0]
    assert (held["state"], held["firing"], held["note"]) == ("closed", True, "coached")
    back = replay([*ringing, (MONDAYS[3], []), (MONDAYS[4], [alert()])], close)
    assert back["state"].tolist() == ["open"]
    assert back["note"].tolist() == [""]


def test_a_graver_alert_begins_anew():
    seen = decided("acknowledged", MONDAYS[0])
    runs = [(MONDAYS[0], [alert(grade=2)]), (MONDAYS[1], [alert(grade=1)])]
    first, second = replay(runs[:1], seen), replay(runs, seen)
    assert (first["state"].iloc[0], second["state"].iloc[0]) == ("acknowledged", "open")
    assert changes(first, second)["change"].tolist() == ["graver"]


def test_the_newest_decision_of_an_episode_counts():
    both = pd.concat([decided("closed", MONDAYS[1]), decided("acknowledged", MONDAYS[0])])
    runs = [(day, [alert()]) for day in MONDAYS[:2]]
    assert replay(runs, both)["state"].tolist() == ["closed"]
    assert replay(runs[:1], both)["state"].tolist() == ["acknowledged"]


def test_what_changed_since_the_run_before():
    before = merge(None, [alert("A"), alert("B"), alert("C"), alert("E")], on=MONDAYS[0])
    decisions = decided("acknowledged", MONDAYS[1], "C")
    after = merge(before, [alert("A"), alert("C"), alert("D")], decisions, on=MONDAYS[1])
    table = changes(before, after)
    assert table[["subject", "change"]].to_numpy().tolist() == [
        ["D", "new"],
        ["C", "acknowledged"],
        ["B", "quiet"],
        ["E", "quiet"],
    ]
    assert table["value_after"].isna().tolist() == [False, False, True, True]
    again = merge(after, [alert("B")], decisions, on=MONDAYS[2])
    assert "returned" in changes(after, again)["change"].tolist()
    assert changes(None, before)["change"].unique().tolist() == ["new"]
    assert changes(after, after).empty


def test_the_ledger_is_a_fold_and_never_mutates_what_it_is_given():
    runs = [(MONDAYS[0], [alert("A")]), (MONDAYS[1], [alert("B"), alert("A")]), (MONDAYS[2], [])]
    step = empty_ledger()
    for day, alerts in runs:
        kept = step.copy()
        following = merge(step, alerts, on=day)
        pd.testing.assert_frame_equal(step, kept)
        step = following
    pd.testing.assert_frame_equal(step, replay(reversed(runs)))
    assert list(step.columns) == list(LEDGER)
    assert replay([]).empty
    # a day computed twice counts once, as it was computed last
    twice = replay([(MONDAYS[0], [alert("A")]), (MONDAYS[0], [alert("B")])])
    assert twice["subject"].tolist() == ["B"]


def test_the_ledger_does_not_go_back_and_identifiers_are_unique():
    ledger = merge(None, [alert()], on=MONDAYS[1])
    with pytest.raises(ValueError, match="not after"):
        merge(ledger, [], on=MONDAYS[1])
    with pytest.raises(ValueError, match="share"):
        merge(None, [alert(), alert()], on=MONDAYS[0])


def test_a_sheet_goes_round_through_a_spreadsheet_program(tmp_path):
    ledger = merge(None, [alert("A"), alert("张老师")], on=MONDAYS[0])
    path = write_decisions(tmp_path / "alerts.csv", decision_sheet(ledger))
    assert read_decisions(path).empty
    text = path.read_text(encoding="utf-8-sig")
    text = text.replace("张老师,,,,", "张老师,closed,2024/9/3,王,已辅导")
    path.write_bytes(text.encode("gb18030"))
    made = read_decisions(path)
    assert made[["state", "decided_on", "note"]].to_numpy().tolist() == [
        ["closed", "2024-09-03", "已辅导"]
    ]
    later = merge(ledger, [alert("A"), alert("张老师")], made, on=MONDAYS[1])
    assert later["state"].tolist() == ["open", "closed"]
    sheet = decision_sheet(later, made)
    assert sheet["alert_id"].str[-3:].tolist() == ["张老师", "w.A"]


def test_every_fault_of_a_sheet_is_named_at_once(tmp_path):
    assert read_decisions(tmp_path / "absent.csv").empty
    path = tmp_path / "alerts.csv"
    path.write_text(",".join(DECISIONS) + "\na,done,2024-09-03,,\n,open,3.9.2024,,\nb,,,,\n")
    with pytest.raises(InputError) as caught:
        read_decisions(path)
    places = [(fault.row, fault.column) for fault in caught.value.faults]
    assert places == [(2, "state"), (3, "alert_id"), (3, "decided_on")]
    said = [wording.fault_sentence(fault, "zh_CN") for fault in caught.value.faults]
    assert said[0] == "“done”不是预警的状态。"
    assert not any(fault.message in said for fault in caught.value.faults)
    path.write_text("alert_id,state\na,open\n")
    with pytest.raises(InputError, match="decided_on"):
        read_decisions(path)

"""Objections: counted by hand, and what their absence does to consequences."""

import datetime as dt

import pandas as pd
import pytest

from analysis.measurement import appeal_states, assess_appeals, consequence_guard

ON = dt.date(2024, 6, 30)


def appeal(about, due, decided, outcome=None):
    day = dt.date.fromisoformat
    return {
        "about": about,
        "filed_on": dt.date(2024, 5, 1),
        "due_on": due and day(due),
        "decided_on": decided and day(decided),
        "outcome": outcome,
    }


APPEALS = pd.DataFrame(
    [
        appeal("test", "2024-05-16", "2024-05-16", "changed"),
        appeal("test", "2024-05-16", "2024-05-17", "upheld"),  # a day late
        appeal("test", "2024-06-29", None),  # open and past its day
        appeal("test", "2024-07-15", None),  # open, not due yet
        appeal("test", None, "2024-05-30", "upheld"),  # no day it was due
        appeal("rating", "2024-05-16", "2024-05-10", "upheld"),
    ]
)


def test_states_are_counted_by_hand():
    table = appeal_states(APPEALS, on=ON).set_index("about")
    test = table.loc["test"]
    assert test[["n", "decided", "changed", "late", "judged"]].tolist() == [5, 3, 1, 2, 3]
    assert test["value"] == pytest.approx(1 / 3)
    assert test["ci_low"] < 1 / 3 < test["ci_high"]
    assert table.loc["rating", "value"] == 1.0


def test_late_answers_ask_for_care_and_none_late_passes():
    (check,) = assess_appeals(APPEALS, on=ON).checks
    assert (check.status, check.value) == ("caution", 0.5)
    (check,) = assess_appeals(APPEALS[APPEALS["about"] == "rating"], on=ON).checks
    assert check.status == "passed"
    assert [c.status for c in assess_appeals(None, on=ON).checks] == ["not_possible"]


def test_a_reliable_score_has_no_consequences_where_nobody_can_object():
    sound = {"reliability": 0.95, "low": 0.9, "n": 100}
    assert consequence_guard("x", **sound).status == "passed"
    guard = consequence_guard("x", **sound, appeals=False)
    assert (guard.status, guard.reason) == ("failed", "measurement.check.consequence.no_appeals")
    weak = consequence_guard("x", reliability=0.5, low=0.3, n=100, appeals=False)
    assert weak.reason == "measurement.check.consequence.reason"

"""Stages of the programme and courses of a wave, on days counted by hand."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from analysis.monitoring import assess_stages, gate_measures
from analysis.monitoring.programme.stages import course_cycles, stage_spans
from analysis.standards import course


def day(month, number, year=2024):
    return dt.date(year, month, number)


MILESTONES = pd.DataFrame(
    {
        "milestone_id": ["M1", "M2", "M6", "M9", "M12"],
        "planned_on": [day(1, 31), day(2, 28), day(6, 30), day(9, 30), day(12, 31)],
        "actual_on": [day(1, 31), day(2, 28), day(7, 5), None, None],
    }
)
STAFF = pd.DataFrame({"staff_id": ["a", "b", "c"], "site_id": ["x", "x", "y"]})
WAVES = pd.DataFrame({"site_id": ["x", "y"], "wave": [1, 2], "arm": ["treated", "treated"]})
HELD = [
    ("a", day(3, 4), "classroom"),
    ("a", day(3, 5), "classroom"),
    ("a", day(3, 12), "online"),
    ("b", day(3, 4), "classroom"),
    ("b", day(3, 11), "classroom"),
    ("c", day(4, 1), "classroom"),
    ("c", day(8, 1), "classroom"),
]
ENROLMENTS = pd.DataFrame(HELD, columns=["staff_id", "held_on", "mode"])


def test_each_stage_stands_beside_what_is_asked_of_it():
    spans = stage_spans(MILESTONES, ENROLMENTS, as_of=day(8, 1), lines=course())
    spans = spans.set_index("stage")
    assert spans["asked_from"].to_dict() == {
        "needs": 1, "training": 3, "practice": 7, "evaluation": 10,
    }  # fmt: skip
    assert spans["asked_to"].tolist() == spans["planned_last"].tolist() == [2, 6, 9, 12]
    assert spans["state"].tolist() == ["done", "done_late", "running", "to_come"]
    assert spans.loc["training", "actual_from"] == day(3, 4)
    assert spans.loc["training", "began"] == 3
    late = stage_spans(MILESTONES, ENROLMENTS, as_of=day(11, 1), lines=course())
    assert late["state"].tolist()[2:] == ["overdue", "to_come"]


def test_the_readings_say_when_training_begins_and_how_long_it_takes():
    lines = course({"C10": "months_3", "C17": "february"})
    spans = stage_spans(MILESTONES, ENROLMENTS, as_of=day(8, 1), lines=lines).set_index("stage")
    assert spans["asked_from"].tolist() == [1, 2, 5, 10]
    assert spans["asked_to"].tolist() == [1, 4, 9, 12]


def test_a_wave_is_held_to_its_months_and_to_its_weeks_in_class():
    found = course_cycles(ENROLMENTS, STAFF, WAVES, lines=course()).set_index("wave")
    assert found["months"].to_dict() == {1: 1, 2: 5}
    assert found["people"].to_dict() == {1: 2, 2: 1}
    assert found["within"].to_dict() == {1: 0.5, 2: 1.0}  # b was in class in two weeks of March
    assert found["over"].to_dict() == {1: True, 2: True}  # and wave 2 took more than four months
    wide = course({"C10": "months_4"})
    only_first = course_cycles(ENROLMENTS[ENROLMENTS["staff_id"] == "a"], STAFF, WAVES, lines=wide)
    assert only_first["over"].tolist() == [False]


def test_what_no_class_and_no_milestone_speaks_of_is_not_judged():
    assert assess_stages(None, None, None, None, as_of=day(8, 1)).checks == ()
    (check,) = assess_stages(MILESTONES, None, None, None, as_of=day(2, 1)).checks
    assert check.reason == "monitoring.check.stages.not_begun"


def test_complaints_count_once_they_had_a_month_to_be_resolved():
    def at(*when):
        return pd.Timestamp(dt.datetime(*when), tz="UTC")

    tickets = pd.DataFrame(
        {
            "site_id": ["x"] * 5,
            "kind": ["complaint"] * 4 + ["repair"],
            "opened_at": [
                at(2023, 1, 1),  # more than a year before
                at(2024, 3, 1),
                at(2024, 4, 1),
                at(2024, 6, 20),  # less than a month before
                at(2024, 3, 1),
            ],
            "resolved_at": [at(2023, 1, 2), at(2024, 3, 2), at(2024, 7, 15), pd.NaT, pd.NaT],
        }
    )
    measured = gate_measures({"tickets": tickets}, until=day(6, 30))["resolution"]
    assert (measured.value, measured.n) == (0.5, 2)
    later = gate_measures({"tickets": tickets}, until=day(7, 31))["resolution"]
    assert later.value == pytest.approx(2 / 3)

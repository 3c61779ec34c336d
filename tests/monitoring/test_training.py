import numpy as np
import pandas as pd
import pytest

from analysis.monitoring import (
    assess_training,
    attendance,
    completion,
    knowledge,
    learning_gains,
    learning_pairs,
    pass_rates,
    reactions_by_sheet,
    satisfaction,
)
from analysis.standards import course

ENROLMENTS = pd.DataFrame(
    {
        "staff_id": ["a", "b", "c", "a"],
        "module": ["m1", "m1", "m1", "m2"],
        "session": ["1", "1", "1", "2"],
        "mode": ["online"] * 4,
        "hours": [2.0, 2.0, 2.0, 3.0],
        "attended": [True, True, False, None],
        "completion": [1.0, 0.5, 0.0, 1.0],
    }
)

ASSESSMENTS = pd.DataFrame(
    [
        ("a", "m1", "pre", "written", 1, 60.0),
        ("a", "m1", "post", "written", 1, 80.0),
        ("b", "m1", "pre", "written", 1, 70.0),
        ("b", "m1", "post", "written", 1, 78.0),
        ("b", "m1", "retest", "written", 2, 95.0),
        ("c", "m1", "post", "written", 1, 90.0),
        ("c", "m1", "post", "practical", 1, 84.0),
        ("c", "m1", "post", "practical", 2, 99.0),
        ("d", "m1", "post", "system", 1, 10.0),
    ],
    columns=["staff_id", "module", "occasion", "form", "attempt", "score"],
)

INSTRUMENTS = pd.DataFrame(
    {
        "instrument": "course",
        "item": ["overall", "pace"],
        "role": ["overall", "item"],
        "scale_min": 1.0,
        "scale_max": 5.0,
    }
)


def reactions():
    rows = [
        ("r1", "overall", 4.0),
        ("r1", "pace", 1.0),
        ("r2", "overall", 3.0),
        ("r3", "pace", 4.0),
        ("r4", "overall", None),
    ]
    frame = pd.DataFrame(rows, columns=["response_id", "item", "score"])
    return frame.assign(instrument="course", module="m1", session="1", lecturer_id=None)


def test_attendance_leaves_out_what_was_not_recorded():
    table = attendance(ENROLMENTS)
    assert (table["hits"].item(), table["n"].item()) == (2, 3)


def test_completion_is_a_mean_over_people():
    table = completion(ENROLMENTS).iloc[0]
    assert (table["n"], table["value"]) == (3, pytest.approx(0.5))  # a: 1, b: .5, c: 0
    assert np.isnan(completion(ENROLMENTS[:1]).iloc[0]["ci_low"])


def test_an_interval_of_completion_stays_inside_0_and_1():
    def of(*shares):
        people = [f"s{i}" for i in range(len(shares))]
        return completion(pd.DataFrame({"staff_id": people, "completion": shares})).iloc[0]

    skewed, whole, none = of(1.0, 1.0, 1.0, 0.4), of(*[1.0] * 9), of(*[0.0] * 9)
    assert 0 < skewed["ci_low"] < skewed["value"] < skewed["ci_high"] < 1
    assert whole["ci_high"] == 1
    assert whole["ci_low"] == pytest.approx(0.7008, abs=1e-4)  # Wilson, 9 of 9
    assert none["ci_high"] == pytest.approx(0.2992, abs=1e-4)
    half = of(*([0.2, 0.8] * 200))
    t_half = 1.9659 * 0.3 * np.sqrt(400 / 399) / np.sqrt(400)
    assert half["ci_high"] - half["value"] == pytest.approx(t_half, rel=0.01)


def test_satisfaction_takes_the_overall_question_or_the_mean_of_the_items():
    sheets = reactions_by_sheet(reactions(), INSTRUMENTS)
    assert sheets.set_index("response_id")["hit"].to_dict() == {"r1": 1.0, "r2": 0.0, "r3": 1.0}
    assert satisfaction(sheets, ["lecturer_id"]).empty


@pytest.mark.parametrize(
    ("least", "hits"),
    [(4.0, [1.0, 0.0, 1.0]), (5.0, [1.0, 0.0, 0.0]), (2.0, [1.0, 1.0, 1.0])],
)
def test_the_client_says_which_scores_count_as_satisfied(least, hits):
    rows = [("r1", "overall", 5.0), ("r2", "overall", 3.0), ("r3", "overall", 4.0)]
    answers = pd.DataFrame(rows, columns=["response_id", "item", "score"])
    answers = answers.assign(instrument="course", module="m1", session="1", lecturer_id=None)
    sheets = reactions_by_sheet(answers, INSTRUMENTS.assign(satisfied_min=least))
    assert sheets["hit"].tolist() == hits


def test_a_scale_without_points_has_no_two_best_ones():
    rows = pd.DataFrame({"response_id": ["r1"], "item": ["overall"], "score": [99.0]})
    rows = rows.assign(instrument="course", module="m1", session="1", lecturer_id=None)
    long = INSTRUMENTS.assign(scale_min=0.0, scale_max=100.0)
    assert reactions_by_sheet(rows, long).empty
    declared = reactions_by_sheet(rows, long.assign(satisfied_min=80.0))
    assert declared["hit"].tolist() == [1.0]


def test_learning_gain_is_within_people():
    pairs = learning_pairs(ASSESSMENTS)
    assert (len(pairs), pairs.attrs["unpaired"]) == (2, 3)
    gain = learning_gains(pairs).iloc[0]
    assert (gain["value"], gain["pre"], gain["post"]) == (14.0, 65.0, 79.0)
    # gains 20 and 8: sd 8.485, se 6, t(1) = 12.706; effect size 14 / 7.071 without correction
    assert gain["ci_high"] == pytest.approx(14 + 12.7062 * 6, abs=1e-3)
    assert gain["effect_size"] == pytest.approx(14 / 50**0.5 * (1 - 3 / 3))


def test_resits_never_pass_and_unmarked_forms_are_left_out():
    rates = pass_rates(ASSESSMENTS, course().of("pass_marks"), by=["form"]).set_index("form")
    assert rates["hits"].to_dict() == {"practical": 0, "written": 2}
    assert rates["n"].to_dict() == {"practical": 1, "written": 3}


def test_all_parts_and_their_absence():
    found = assess_training(ENROLMENTS, reactions(), ASSESSMENTS, INSTRUMENTS)
    assert found.estimate("monitoring.course_csat.overall").value == pytest.approx(2 / 3)
    assert found.estimate("monitoring.learning.written.gain").value == 14.0
    assert not any(e.causal for e in found.estimates)
    none = assess_training(None, None, None, None)
    assert [c.status for c in none.checks] == ["not_possible"] * 4


def test_the_level_of_knowledge_is_the_written_tests_mean_over_people():
    rows = [
        ("a", "m1", "written", "post", 1, 80.0),
        ("a", "m2", "written", "post", 1, 90.0),  # one person counts once: 85
        ("b", "m1", "written", "post", 1, 75.0),
        ("b", "m1", "written", "post", 2, 99.0),  # a resit
        ("b", "m1", "written", "pre", 1, 10.0),
        ("c", "m1", "practical", "post", 1, 20.0),
    ]
    names = ["staff_id", "module", "form", "occasion", "attempt", "score"]
    tests = pd.DataFrame(rows, columns=names)
    row = knowledge(tests).iloc[0]
    assert (row["n"], row["value"]) == (2, 80.0)
    alone = knowledge(tests[tests["form"] == "practical"]).iloc[0]
    assert (alone["n"], alone["value"]) == (1, 20.0)  # the only form there is
    others = tests.assign(form=tests["form"].replace("written", "system"))
    assert knowledge(others).empty

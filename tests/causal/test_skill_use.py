"""Skills at work, counted by hand: who learned what, was looked for, and was seen."""

import datetime as dt

import pandas as pd
import pytest

from analysis.causal.behaviour.skill_use import (
    applying,
    assess_skill_use,
    attended_modules,
    learned_skills,
    passed_modules,
    weeks_of_diaries,
)
from analysis.results import Topic

MARKS = {"written": 80}
CHAIN = {"m1": {"listens": ["csat_mean"]}}


def day(month: int, number: int) -> dt.date:
    return dt.date(2024, month, number)


STAFF = pd.DataFrame(
    {
        "staff_id": ["p1", "p2", "p3", "p4"],
        "site_id": ["A", "B", "C", "D"],
        "role": ["steward", "steward", "cleaner", "cleaner"],
    }
)
TESTS = pd.DataFrame(
    [
        ("p1", "m1", "pre", "written", 90.0, day(1, 5)),  # before training: nothing learned yet
        ("p1", "m1", "post", "written", 79.0, day(2, 1)),
        ("p1", "m1", "retest", "written", 80.0, day(2, 10)),  # learned here
        ("p2", "m1", "post", "written", 95.0, day(2, 1)),
        ("p2", "m2", "post", "practical", 99.0, day(2, 1)),  # no mark for this form
        ("p3", "m1", "post", "written", 60.0, day(2, 1)),  # failed
        ("p4", "m1", "post", "written", 85.0, day(2, 1)),
    ],
    columns=["staff_id", "module", "occasion", "form", "score", "assessed_on"],
)
LOG = pd.DataFrame(
    [
        ("p1", day(2, 5), "m1", "supervisor", 3, 1),  # before the resit
        ("p1", day(3, 5), "listens", "supervisor", 2, 1),
        ("p2", day(3, 5), "m1", "supervisor", 0, 1),  # looked for, not seen
        ("p2", day(3, 4), "m1", "self", 4, 7),
        ("p2", day(3, 18), "m1", "self", 8, 7),
        ("p3", day(3, 5), "m1", "peer", 5, 1),  # had not learned it
        ("p4", day(9, 5), "m1", "supervisor", 5, 1),  # after half a year
        ("p4", day(3, 5), "m9", "supervisor", 5, 1),  # no module
    ],
    columns=["staff_id", "seen_on", "skill", "seen_by", "times", "days"],
)


def test_who_learned_and_was_seen_by_hand():
    learned = learned_skills(LOG, passed_modules(TESTS, MARKS), CHAIN)
    found = {(r.staff_id, r.skill): (r.looked, r.applied, r.told) for r in learned.itertuples()}
    assert found == {
        ("p1", "m1"): (False, False, False),
        ("p1", "listens"): (True, True, False),
        ("p2", "m1"): (True, False, True),
        ("p2", "listens"): (False, False, False),
        ("p4", "m1"): (False, False, False),
        ("p4", "listens"): (False, False, False),
    }


def test_people_by_skills_applied():
    people = applying(LOG, TESTS, None, STAFF, marks=MARKS, behaviours=CHAIN)
    found = people.set_index("staff_id")[["learned", "applied"]].to_dict("index")
    assert found == {
        "p1": {"learned": 2, "applied": 1},
        "p2": {"learned": 2, "applied": 0},
        "p4": {"learned": 2, "applied": 0},
    }
    assert applying(None, TESTS, None, STAFF, marks=MARKS, behaviours=CHAIN) is None


def test_attendance_counts_where_no_test_has_a_mark():
    came = pd.DataFrame(
        {
            "staff_id": ["p1", "p2", "p2"],
            "module": ["m1", "m1", "m1"],
            "attended": [True, False, True],
            "held_on": [day(2, 1), day(2, 1), day(2, 20)],
        }
    )
    modules = attended_modules(came).set_index("staff_id")["learned_on"]
    assert modules.to_dict() == {
        "p1": pd.Timestamp(2024, 2, 1),
        "p2": pd.Timestamp(2024, 2, 20),
    }
    found = assess_skill_use(LOG, TESTS, came, STAFF, marks={})
    assert found.checks[0].reason == "causal.why.skill_use.attended"


def test_diaries_count_weeks_with_an_entry_and_the_weeks_between():
    (row,) = weeks_of_diaries(LOG).to_dict("records")
    assert row == {"staff_id": "p2", "uses": 12.0, "weeks": 2, "span": 3}


def test_the_step_says_how_much_was_looked_for_and_shows_skills_posts_and_months():
    found = assess_skill_use(LOG, TESTS, None, STAFF, marks=MARKS, behaviours=CHAIN)
    (check,) = found.checks
    assert (check.topic, check.status) == (Topic.SKILL_USE, "caution")
    assert check.value == pytest.approx(2 / 6)
    skills = found.table("skills").set_index("skill")
    assert skills.loc["listens", ["learned", "looked", "applied"]].tolist() == [3, 1, 1]
    assert skills.loc["listens", "value"] == pytest.approx(1 / 3)
    assert 0 < skills.loc["listens", "ci_low"] < 1 / 3 < skills.loc["listens", "ci_high"] < 1
    posts = found.table("skill_posts").set_index("post")
    assert posts.loc["steward", ["people", "applying"]].tolist() == [2, 1]
    march = found.table("skill_months").set_index("month").loc[day(3, 1)]
    assert (march["seen"], march["told"], march["diaries"]) == (2 + 0 + 5 + 5, 12, 1)


def test_weekly_use_is_held_to_the_line_by_its_interval():
    rows = [
        (f"q{i}", day(3, 4), "m1", "self", times, 7) for i, times in enumerate([6, 7, 8, 7, 6, 8])
    ]
    log = pd.DataFrame(rows, columns=LOG.columns)
    people = [row[0] for row in rows]
    staff = pd.DataFrame({"staff_id": people, "site_id": list("ABCDEF"), "role": "steward"})
    tests = pd.DataFrame([(p, *TESTS.iloc[3, 1:]) for p in people], columns=TESTS.columns)
    status = {
        line: assess_skill_use(log, tests, None, staff, marks=MARKS, per_week=line)
        .checks[-1]
        .status
        for line in (5, 7, 9)
    }
    assert status == {5: "passed", 7: "caution", 9: "failed"}


def test_usefulness_stands_beside_use_and_without_a_log_nothing_is_said():
    items = pd.DataFrame(
        {
            "instrument": "c",
            "item": ["c1", "c2"],
            "role": ["overall", "useful"],
            "scale_min": 1.0,
            "scale_max": 5.0,
        }
    )
    answers = pd.DataFrame(
        {"instrument": "c", "item": "c2", "module": "m1", "score": [5.0, 4.0, 4.0, 2.0]}
    )
    found = assess_skill_use(
        LOG, TESTS, None, STAFF, reactions=answers, instruments=items, marks=MARKS
    )
    skills = found.table("skills").set_index("skill")
    assert skills.loc["m1", ["useful", "answers"]].tolist() == [0.75, 4]
    assert skills.loc["m1", "gap"] == pytest.approx(0.75 - 0)
    (check,) = assess_skill_use(None, TESTS, None, STAFF, marks=MARKS).checks
    assert check.status == "not_possible"

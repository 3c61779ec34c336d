"""Agreement of assessors of practical tasks, consent to video, and who was asked for needs."""

import datetime as dt

import pandas as pd
import pytest

from analysis.measurement.needs_asked import asked_by_tier, assess_needs_asked
from analysis.measurement.raters import icc_forms
from analysis.measurement.tasks import assess_task_agreement, task_scores, task_sheets

COLUMNS = ["staff_id", "assessor_id", "item", "score"]


def scores(rows, *, task="drill", kind="simulation", consent=None, occasion="post"):
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.assign(
        task=task,
        kind=kind,
        occasion=occasion,
        full_score=5.0,
        pass_score=pd.Series(pd.NA, index=frame.index, dtype="Float64"),
        blinded=pd.Series(True, index=frame.index, dtype="boolean"),
        video_consent=pd.Series(consent, index=frame.index, dtype="boolean"),
    )


MARKS = {"p1": (1, 2), "p2": (3, 3), "p3": (5, 4), "p4": (2, 2)}
TWO = scores(
    [(p, a, "b1", m) for p, both in MARKS.items() for a, m in zip("AB", both, strict=True)]
)


def test_two_assessors_of_one_task_are_held_against_each_other():
    found = assess_task_agreement(TWO)
    row = found.table("task_agreement").iloc[0]
    wanted = icc_forms(list(MARKS.values()))
    assert (row["form"], row["n"], row["alone"], row["blinded"]) == ("ICC2", 4, 0, 1.0)
    assert row["value"] == pytest.approx(wanted["ICC2"].value)
    assert row["mean"] == pytest.approx(wanted["ICC2k"].value)
    (check,) = found.checks
    assert check.status == "caution"  # four people are too few to be sure of 0.80
    assert check.n == 4


def test_one_assessor_gives_no_agreement():
    alone = TWO[TWO["assessor_id"] == "A"]
    found = assess_task_agreement(alone)
    assert found.checks[0].reason == "measurement.reason.one_assessor"
    assert found.table("task_agreement").iloc[0][["n", "alone"]].tolist() == [0, 4]
    assert assess_task_agreement(None).checks[0].reason == "measurement.reason.no_tasks"


def test_a_sheet_without_one_of_the_criteria_is_left_out_and_counted():
    more = scores([("p1", "A", "b2", 4.0)])
    sheets, gaps = task_sheets(task_scores(pd.concat([TWO, more])).rows)
    assert (len(sheets), gaps) == (1, 7)
    assert sheets["score"].tolist() == [2.5]


def test_scores_from_video_need_a_recorded_consent():
    filmed = [
        scores([(p, a, "b1", m), (p, a, "b2", m)], task="video", kind="recording", consent=given)
        for (p, both), given in zip(MARKS.items(), (True, True, False, None), strict=True)
        for a, m in zip("AB", both, strict=True)
    ]
    found = assess_task_agreement(pd.concat(filmed))
    consent = next(c for c in found.checks if c.id == "baseline.tasks.consent")
    assert (consent.status, consent.value, consent.n) == ("caution", 2.0, 4)
    assert (consent.params["refused"], consent.params["unrecorded"]) == (1, 1)
    assert found.table("task_agreement")["n"].tolist() == [2]
    assert found.table("task_items")["n"].tolist() == [2, 2]


DAY = dt.date(2024, 1, 10)
STAFF = pd.DataFrame(
    {
        "staff_id": [f"p{i}" for i in range(10)],
        "site_id": ["A", "B"] * 5,
        "tier": ["frontline"] * 8 + ["middle"] * 2,
        "hired_on": [dt.date(2023, 1, 1)] * 9 + [dt.date(2024, 5, 1)],
        "left_on": [None] * 10,
    }
)
ASKED = pd.DataFrame(
    [
        ("p0", "questionnaire", DAY, DAY),
        ("p1", "questionnaire", DAY, DAY),
        ("p2", "questionnaire", DAY, None),
        ("p3", "interview", DAY, DAY),
    ],
    columns=["staff_id", "way", "asked_on", "answered_on"],
)


def test_the_sample_is_counted_by_tier_on_the_day_it_was_drawn():
    table = asked_by_tier(ASKED, STAFF).set_index("tier")
    assert table.loc["all", ["employed", "asked", "spoken", "n", "answered"]].tolist() == [
        9, 4, 1, 3, 2,
    ]  # fmt: skip
    assert table.loc["frontline", "share"] == pytest.approx(0.5)
    assert table.loc["middle", ["employed", "asked"]].tolist() == [1, 0]  # one was hired later
    assert table.loc["all", "value"] == pytest.approx(2 / 3)
    assert table.loc["all", "ci_low"] < 2 / 3 < table.loc["all", "ci_high"]


def test_sample_and_return_are_held_to_their_lines():
    sample, returned = assess_needs_asked(ASKED, STAFF).checks
    assert (sample.status, sample.params["short"]) == ("caution", 1)  # nobody of the middle tier
    assert (returned.status, returned.threshold) == ("caution", 0.9)
    nobody = pd.concat(
        [ASKED.assign(staff_id=f"p{i}", answered_on=None) for i in range(8)]
    ).drop_duplicates(["staff_id", "way"])
    assert assess_needs_asked(nobody, STAFF).checks[1].status == "failed"
    assert assess_needs_asked(None, STAFF).checks[0].status == "not_possible"

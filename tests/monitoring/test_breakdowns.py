"""Levels 1 and 2 by what they can be split by; counted by hand."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.monitoring import assess_breakdowns, rules
from analysis.monitoring.training.breakdowns import (
    attendance_gaps,
    lecturer_standing,
    make_ups,
    participation_table,
    reaction_table,
    retests,
)
from analysis.present import sentences
from analysis.standards import course

INSTRUMENTS = pd.DataFrame(
    {
        "instrument": ["c"],
        "item": ["c1"],
        "role": ["overall"],
        "scale_min": [1.0],
        "scale_max": [5.0],
    }
)

MARKS = course().of("pass_marks")
(SUSPEND,) = (rule for rule in rules() if rule.id == "lecturer_low")


def sheets(module: str, lecturer: str, good: int, bad: int) -> pd.DataFrame:
    n = good + bad
    return pd.DataFrame(
        {
            "response_id": [f"{module}{lecturer}{i}" for i in range(n)],
            "item": "c1",
            "instrument": "c",
            "module": module,
            "session": [f"s{i % 20}" for i in range(n)],
            "lecturer_id": lecturer,
            "score": [5.0] * good + [2.0] * bad,
        }
    )


REACTIONS = pd.concat([sheets("m", "a", 195, 5), sheets("n", "b", 60, 40), sheets("m", "c", 3, 2)])


def test_reactions_stand_on_one_side_of_the_clients_line_or_are_unsure():
    table = reaction_table(REACTIONS, INSTRUMENTS, line=0.85).set_index(["by", "subject"])
    assert table.loc[("lecturer_id", "a"), "against"] == "above"
    assert table.loc[("module", "n"), "against"] == "below"
    assert table.loc[("lecturer_id", "c"), "against"] == "unsure"
    assert table.loc[("module", "m"), ["hits", "n"]].tolist() == [198, 205]
    assert table["ci_high"].max() <= 1
    assert (reaction_table(REACTIONS, INSTRUMENTS, line=None)["against"] == "").all()


def test_a_lecturer_is_suspended_only_with_enough_sheets_and_beyond_chance():
    frame = pd.concat([REACTIONS, sheets("m", "d", 33, 7)])
    standing = lecturer_standing(frame, INSTRUMENTS, SUSPEND).set_index("lecturer_id")["standing"]
    assert standing.to_dict() == {"a": "kept", "b": "suspend", "c": "too_few", "d": "watch"}


def test_make_ups_are_later_sessions_of_those_who_missed_one():
    enrolments = pd.DataFrame(
        {
            "staff_id": ["a", "a", "b", "c", "d", "d"],
            "module": "m",
            "mode": "classroom",
            "attended": [False, True, False, True, True, False],
            "held_on": [dt.date(2024, 1, d) for d in (1, 8, 1, 1, 1, 8)],
        }
    )
    row = make_ups(enrolments).iloc[0]
    assert (row["hits"], row["n"]) == (1, 3)
    staff = pd.DataFrame({"staff_id": list("abcd"), "tier": ["frontline"] * 3 + ["middle"]})
    table = participation_table(enrolments, staff).set_index(["by", "subject"])
    assert table.loc[("tier", "frontline"), ["hits", "n"]].tolist() == [2, 4]


def test_retests_stand_apart_from_first_attempts():
    assessments = pd.DataFrame(
        {
            "staff_id": ["a", "b", "b", "c", "c", "d", "a"],
            "module": "m",
            "form": "written",
            "occasion": ["post", "post", "retest", "post", "post", "post", "pre"],
            "attempt": [1, 1, 2, 1, 2, 1, 1],
            "score": [85.0, 70.0, 90.0, 60.0, 75.0, 50.0, 99.0],
        }
    )
    table = retests(assessments, MARKS).set_index("step")[["hits", "n"]]
    assert table.loc["first"].tolist() == [1, 4]
    assert table.loc["retest"].tolist() == [1, 2]
    assert table.loc["never_sat"].tolist() == [1, 3]
    assert table.loc["in_the_end"].tolist() == [2, 4]
    practical = retests(assessments.assign(form="practical"), MARKS).set_index("step")
    assert practical.loc["first", "mark"] == 85.0
    assert practical.loc["first", "hits"] == 1


@pytest.mark.parametrize("given", [(None,) * 4, (None, REACTIONS, None, INSTRUMENTS)])
def test_what_is_absent_is_left_out(given):
    tables = assess_breakdowns(*given).tables
    assert set(tables) == (set() if given[1] is None else {"reaction_by", "lecturer_standing"})


def two_ages(share_old, sites=12, people=10):
    """Sessions of staff of two age bands at several sites; the younger come to nine in ten."""
    rows, staff = [], []
    for site in range(sites):
        for person in range(people):
            old = person % 2 == 1
            name = f"s{site}p{person}"
            staff.append((name, f"s{site}", "45+" if old else "25-44"))
            share = share_old if old else 0.9
            came = round(10 * share) + (site % 3 - 1 if old else 0)
            rows += [(name, "m", f"c{k}", "classroom", k < came) for k in range(10)]
    enrolments = pd.DataFrame(rows, columns=["staff_id", "module", "session", "mode", "attended"])
    return enrolments, pd.DataFrame(staff, columns=["staff_id", "site_id", "age_band"])


@pytest.mark.parametrize(("share", "status"), [(0.9, "passed"), (0.5, "caution"), (0.7, "caution")])
def test_a_group_that_stays_away_is_told(share, status):
    enrolments, staff = two_ages(share)
    (check,) = assess_breakdowns(enrolments, None, None, None, staff=staff).checks
    assert (check.id, check.status) == ("monitoring.who_came", status)
    said = sentences.sentence(check.reason, "en", sentences.check_params(check))
    assert "” (Age)" in said
    if share < 0.9:
        assert check.value == pytest.approx(round(10 * share) / 10 - 0.9)


def test_gaps_count_sites_not_sessions():
    enrolments, staff = two_ages(0.5)
    gap = attendance_gaps(enrolments, staff).set_index("subject").loc["45+"]
    # By hand: the older miss 4, 5 or 6 of ten by site, so each site moves by -.1, 0 or .1.
    moved = np.array([-0.1, 0.0, 0.1] * 4) / 12
    half = stats.t.ppf(1 - 0.05 / 4, 11) * np.sqrt(12 / 11 * (moved**2).sum())
    assert gap["ci_high"] - gap["value"] == pytest.approx(half)


def test_few_sites_leave_it_open_and_one_cannot_be_compared():
    enrolments, staff = two_ages(0.7, sites=2)
    (check,) = assess_breakdowns(enrolments, None, None, None, staff=staff).checks
    assert check.status == "not_possible"
    assert check.reason == "monitoring.check.who_came.open"
    (check,) = assess_breakdowns(
        enrolments, None, None, None, staff=staff.assign(site_id="s0")
    ).checks
    assert check.reason == "monitoring.check.who_came.one_group"

"""Whom the training reached, counted by hand."""

import datetime as dt

import pandas as pd
import pytest

from analysis.monitoring.training.reach import assess_reach, coverage_by_group

ON = dt.date(2024, 6, 30)
STAFF = pd.DataFrame(
    [
        ("p1", "A", "steward", "frontline", None),
        ("p2", "A", "steward", "frontline", None),
        ("p3", "A", "cleaner", "frontline", None),
        ("p4", "B", "cleaner", "frontline", None),
        ("p5", "B", "cleaner", "frontline", dt.date(2024, 5, 1)),  # had left
        ("p6", None, "steward", "frontline", None),  # of no site
    ],
    columns=["staff_id", "site_id", "role", "tier", "left_on"],
).assign(hired_on=dt.date(2023, 1, 1))
CAME = pd.DataFrame(
    [
        ("p1", dt.date(2024, 3, 1), True, 8.0),
        ("p1", dt.date(2024, 3, 9), True, 4.0),
        ("p2", dt.date(2024, 3, 1), False, 8.0),
        ("p4", dt.date(2024, 7, 1), True, 8.0),  # after the day
        ("p5", dt.date(2024, 3, 1), True, 8.0),
    ],
    columns=["staff_id", "held_on", "attended", "hours"],
)


def test_staff_of_the_day_who_came_by_then():
    table = coverage_by_group(STAFF, CAME, on=ON).set_index(["by", "subject"])
    assert table.loc[("role", "steward"), ["n", "trained"]].tolist() == [2, 1]
    assert table.loc[("role", "cleaner"), ["n", "trained"]].tolist() == [2, 0]
    assert table.loc[("tier", "frontline"), "value"] == pytest.approx(0.25)
    assert table.loc[("role", "steward"), "hours"] == 12.0
    later = coverage_by_group(STAFF, CAME, on=dt.date(2024, 7, 2)).set_index(["by", "subject"])
    assert later.loc[("role", "cleaner"), "trained"] == 1


def test_a_post_that_was_passed_by_calls_for_caution():
    posts = ["steward"] * 12 + ["cleaner"] * 12
    staff = pd.DataFrame(
        {
            "staff_id": [f"q{i}" for i in range(24)],
            "site_id": list("ABCD") * 6,
            "role": posts,
            "hired_on": dt.date(2023, 1, 1),
            "left_on": None,
        }
    )
    came = pd.DataFrame(
        {
            "staff_id": [f"q{i}" for i in range(12)],
            "held_on": dt.date(2024, 3, 1),
            "attended": True,
            "hours": 8.0,
        }
    )
    (check,) = assess_reach(staff, came, on=ON).checks
    assert (check.status, check.params["post"], check.params["below"]) == ("caution", "cleaner", 1)
    other = came.assign(staff_id=[f"q{i}" for i in range(12, 24)])
    (check,) = assess_reach(staff, pd.concat([came, other]), on=ON).checks
    assert check.status == "passed"
    (check,) = assess_reach(None, came, on=ON).checks
    assert check.status == "not_possible"

"""What sites differ by, from staff, enrolments, events and work orders, counted by hand."""

import datetime as dt

import pandas as pd
import pytest

from analysis.workspace.inputs import exposure

MARCH = 2024 * 12 + 2
WAVES = pd.DataFrame(
    {
        "site_id": ["A", "B"],
        "wave": [1, 0],
        "arm": ["treated", "comparison"],
        "planned_start": [dt.date(2024, 3, 1), None],
        "actual_start": [None, None],
    }
)
STAFF = pd.DataFrame(
    {
        "staff_id": ["p1", "p2", "p3", "p4", "p5", "p6"],
        "site_id": ["A", "A", "A", "B", "B", None],
        "tier": ["frontline", "frontline", "middle", "frontline", "frontline", "senior"],
        "hired_on": [dt.date(2023, 1, 1)] * 6,
        "left_on": [None, dt.date(2023, 6, 1), None, None, None, None],
    }
)
ENROLMENTS = pd.DataFrame(
    {
        "staff_id": ["p1", "p1", "p3"],
        "site_id": ["A", "A", "A"],
        "hours": [4.0, 2.0, 9.0],
        "attended": [True, True, False],
        "held_on": [dt.date(2024, 3, 5)] * 3,
    }
)


def test_hours_are_told_by_tier_at_trained_sites():
    found = exposure.hours_by_tier(ENROLMENTS, STAFF, WAVES)
    # p2 had left; p3 did not come; nobody senior belongs to a site.
    assert found == {"hour_frontline": {"A": 6.0}, "hour_middle": {"A": 0.0}}
    assert exposure.hours_by_tier(ENROLMENTS, None, WAVES) == {}
    assert exposure.hours_by_tier(None, STAFF, WAVES) == {}


def test_managers_are_counted_among_those_in_post():
    # A: one of two; B: none of two.
    assert exposure.managers_among_staff(STAFF, MARCH) == {"A": "high", "B": "low"}
    assert exposure.managers_among_staff(STAFF[STAFF["site_id"] == "A"], MARCH) == {}
    assert exposure.managers_among_staff(None, MARCH) == {}


def test_the_standard_is_kept_as_far_as_since_the_start():
    frame = pd.DataFrame(
        {
            "unit": ["A", "A", "A", "B"],
            "period": [MARCH - 1, MARCH, MARCH + 1, MARCH],
            "cohort": [MARCH, MARCH, MARCH, float("nan")],
            "total": [0.0, 6.0, 3.0, 9.0],
            "exposure": [10.0, 10.0, 5.0, 10.0],
        }
    )
    assert exposure.standard_kept(frame) == {"A": pytest.approx(6.0)}
    assert exposure.standard_kept(frame.iloc[:0]) == {}


def test_sites_that_changed_are_those_since_the_first_wave():
    events = pd.DataFrame(
        {
            "site_id": ["A", "B", None, "A"],
            "happened_on": [dt.date(2024, 3, 1), dt.date(2024, 2, 28), dt.date(2024, 5, 1), None],
        }
    )
    assert exposure.changed_sites(events, MARCH) == ("A",)
    assert exposure.changed_sites(None, MARCH) == ()

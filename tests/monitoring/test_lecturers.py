"""Who may teach: years and certificates counted by hand, under each reading."""

import datetime as dt

import pandas as pd
import pytest

from analysis.monitoring import assess_lecturers, gate_table
from analysis.standards import course

LECTURERS = pd.DataFrame(
    [
        ("a", "internal", 6.0, True, dt.date(2024, 1, 5)),
        ("b", "internal", 4.0, True, dt.date(2024, 1, 5)),
        ("c", "internal", 6.0, False, None),
        ("d", "internal", None, True, dt.date(2024, 6, 1)),
        ("e", "technical", 3.0, None, None),
        ("f", "external", 1.0, True, dt.date(2024, 1, 5)),
    ],
    columns=["lecturer_id", "origin", "service_years", "certified", "certified_on"],
)
TAUGHT = pd.DataFrame({"lecturer_id": ["a", "z", None]})


@pytest.mark.parametrize(
    ("reading", "experienced", "qualified", "short"),
    [("years_3", 3, 2, 2), ("years_5", 2, 1, 3)],
)
def test_internal_lecturers_need_years_and_certificate(reading, experienced, qualified, short):
    found = assess_lecturers(
        LECTURERS, TAUGHT, course({"C7": reading, "C5": "share_80"}), min_cell=1
    )
    table = found.table("lecturer_standards").set_index("origin")
    mine = table.loc["internal"]
    assert (mine["n"], mine["experienced"], mine["certified"]) == (4, experienced, 3)
    assert (mine["qualified"], mine["unknown"]) == (qualified, 1)
    # Of technical ones the years are asked, of external ones the certificate.
    assert (table.loc["technical", "qualified"], table.loc["technical", "unknown"]) == (1, 1)
    assert table.loc["external", "qualified"] == 1
    checks = {c.id.removeprefix("monitoring.lecturers."): c for c in found.checks}
    assert (checks["qualified"].status, checks["qualified"].value) == ("caution", short)
    assert (checks["certified"].status, checks["certified"].value) == ("caution", 4 / 6)
    assert (checks["listed"].status, checks["listed"].value) == ("caution", 1.0)


def test_no_line_is_applied_that_the_client_did_not_choose():
    found = assess_lecturers(LECTURERS, None, course(), min_cell=1)
    assert {c.status for c in found.checks} == {"not_possible"}
    internal = found.table("lecturer_standards").set_index("origin").loc["internal"]
    assert pd.isna(internal["line"])
    assert pd.isna(internal["qualified"])


def test_kinds_with_few_lecturers_are_counted_together():
    lines = course({"C7": "years_3", "C5": "share_80"})
    table = assess_lecturers(LECTURERS, None, lines, min_cell=2).table("lecturer_standards")
    known = table.set_index("origin")
    assert known.loc["internal", "n"] == 4
    both = known.loc["technical+external"]
    assert both[["n", "experienced", "qualified"]].tolist() == [2, 1, 2]
    assert pd.isna(both["line"])  # years are asked of technical ones only
    # Four internal ones alone would be told of by the total less the others.
    all_in_one = assess_lecturers(LECTURERS, None, lines, min_cell=5).table("lecturer_standards")
    assert all_in_one[["origin", "n", "qualified"]].to_numpy().tolist() == [
        ["internal+technical+external", 6, 4]
    ]


def test_without_a_list_nothing_is_judged():
    (check,) = assess_lecturers(None, TAUGHT, course()).checks
    assert check.status == "not_possible"


@pytest.mark.parametrize(
    ("choices", "value", "state"),
    [
        ({"C5": "share_80"}, 3 / 6, "missed"),
        ({"C5": "share_100"}, 3 / 6, "missed"),
        ({}, None, "not_recorded"),
    ],
)
def test_the_gate_counts_certificates_of_its_day_by_the_reading_chosen(choices, value, state):
    milestones = pd.DataFrame({"milestone_id": ["M2"], "planned_on": [dt.date(2024, 2, 1)]})
    tables = {"lecturers": LECTURERS}
    table = gate_table(milestones, tables, dt.date(2024, 12, 31), course(choices))
    row = table.set_index("measure").loc["lecturers_certified"]
    assert row["state"] == state
    assert pd.isna(row["value"]) if value is None else row["value"] == value

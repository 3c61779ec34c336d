"""Coaching at work, counted by hand."""

import datetime as dt

import pandas as pd
import pytest

from analysis.monitoring.training.coaching import assess_coaching, coached_since

ENROLMENTS = pd.DataFrame(
    [
        ("p1", dt.date(2024, 3, 1), True),
        ("p1", dt.date(2024, 3, 8), True),
        ("p2", dt.date(2024, 3, 1), True),
        ("p3", dt.date(2024, 3, 1), True),
        ("p4", dt.date(2024, 3, 1), False),  # did not come
    ],
    columns=["staff_id", "held_on", "attended"],
)
STAFF = pd.DataFrame({"staff_id": ["p1", "p2", "p3", "p4"], "site_id": ["A", "A", "B", "B"]})
LOG = pd.DataFrame(
    [
        ("c1", "p1", dt.date(2024, 3, 5), "coaching", 20.0),
        ("c2", "p1", dt.date(2024, 4, 5), "reminder", 5.0),
        ("c3", "p2", dt.date(2024, 2, 5), "coaching", 30.0),  # before the course
        ("c4", "p4", dt.date(2024, 4, 5), "coaching", 30.0),  # not trained
    ],
    columns=["coaching_id", "staff_id", "held_on", "kind", "minutes"],
)


def test_only_coaching_since_a_persons_own_first_session_counts():
    assert coached_since(LOG, ENROLMENTS)["kind"].tolist() == ["coaching", "reminder"]


def test_counts_per_trained_person_by_hand():
    found = assess_coaching(LOG, ENROLMENTS, STAFF)
    table = found.table("coaching").set_index("kind")
    assert table.loc["all", ["talks", "people", "n"]].tolist() == [2, 1, 3]
    assert table.loc["all", "value"] == pytest.approx(1 / 3)
    assert table.loc["all", "per_person"] == pytest.approx(2 / 3)
    assert table.loc["all", "minutes"] == pytest.approx(12.5)
    assert table.loc["reminder", "talks"] == 1
    (check,) = found.checks
    assert (check.status, check.value) == ("caution", 1.0)  # site B coached nobody


def test_every_site_coached_is_passed_and_a_missing_table_is_said():
    more = pd.concat([LOG, LOG.iloc[[1]].assign(coaching_id="c5", staff_id="p3")])
    assert assess_coaching(more, ENROLMENTS, STAFF).checks[0].status == "passed"
    for tables in ((None, ENROLMENTS, STAFF), (LOG, None, STAFF), (LOG, ENROLMENTS, None)):
        assert assess_coaching(*tables).checks[0].status == "not_possible"

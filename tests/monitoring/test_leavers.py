"""Who left within six months of their own last session, counted by hand."""

import datetime as dt

import pandas as pd

from analysis.monitoring.programme.leavers import assess_leavers, left_after_training

UNTIL = dt.date(2025, 6, 30)
STAFF = pd.DataFrame(
    [
        ("a", "s1", "frontline", None),  # stayed
        ("b", "s1", "frontline", dt.date(2024, 6, 30)),  # four months after the last session
        ("c", "s2", "frontline", dt.date(2024, 12, 1)),  # nine months after: stayed long enough
        ("d", "s2", "middle", dt.date(2024, 9, 1)),  # on the last day that counts
        ("e", "s2", "middle", dt.date(2025, 3, 1)),  # gone, yet not followed for six months
        ("f", "s2", "middle", dt.date(2024, 3, 1)),  # left on the day of the session
        ("g", "s1", "frontline", dt.date(2024, 4, 1)),  # enrolled, never came
    ],
    columns=["staff_id", "site_id", "tier", "left_on"],
)
CAME = [
    ("a", dt.date(2024, 1, 10), True),
    ("b", dt.date(2024, 1, 10), True),
    ("b", dt.date(2024, 2, 29), True),
    ("b", dt.date(2024, 6, 1), False),
    ("c", dt.date(2024, 3, 1), True),
    ("d", dt.date(2024, 3, 1), True),
    ("e", dt.date(2025, 1, 15), True),
    ("f", dt.date(2024, 3, 1), True),
    ("g", dt.date(2024, 3, 1), False),
]
ENROLMENTS = pd.DataFrame(CAME, columns=["staff_id", "held_on", "attended"])


def test_everybody_is_followed_from_the_own_last_session():
    table = left_after_training(STAFF, ENROLMENTS, until=UNTIL, months=6).set_index("subject")
    counted = table[["left", "n", "waiting"]].apply(tuple, axis=1).to_dict()
    assert counted == {"all": (2, 4, 1), "frontline": (1, 3, 0), "middle": (1, 1, 1)}
    assert table.loc["all", "value"] == 0.5
    assert (table["ci_low"] < table["value"]).all() or table.loc["middle", "value"] == 1.0


def test_later_data_follow_more_people():
    later = left_after_training(STAFF, ENROLMENTS, until=dt.date(2025, 7, 15), months=6)
    assert later.set_index("subject").loc["middle", ["left", "n", "waiting"]].tolist() == [2, 2, 0]
    soon = left_after_training(STAFF, ENROLMENTS, until=dt.date(2024, 6, 1), months=6)
    assert soon.empty


def test_tiers_need_not_be_known():
    table = left_after_training(STAFF.assign(tier=None), ENROLMENTS, until=UNTIL, months=6)
    assert table["subject"].tolist() == ["all"]


def test_without_last_working_days_nothing_is_counted():
    for staff, enrolments in (
        (None, ENROLMENTS),
        (STAFF.assign(left_on=None), ENROLMENTS),
        (STAFF, None),
        (STAFF, ENROLMENTS.assign(held_on=None)),
    ):
        assert assess_leavers(staff, enrolments, until=UNTIL).tables == {}
    assert "leavers" in assess_leavers(STAFF, ENROLMENTS, until=UNTIL).tables

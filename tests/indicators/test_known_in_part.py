"""Months of which a day or two are known are not the month."""

import datetime as dt
from types import SimpleNamespace

import pytest

from analysis import indicators
from analysis.indicators import known_in_part
from analysis.tables import period_of

JAN, MAR, APR, MAY = (period_of(dt.date(2024, month, 1)) for month in (1, 3, 4, 5))


def asked(follow_up=0, look_back=0):
    return SimpleNamespace(follow_up_days=follow_up, look_back_days=look_back)


@pytest.mark.parametrize(
    ("ends", "found"),
    [
        # 30 days before 31 May lies 1 May: one day of 31.
        (dt.date(2024, 5, 31), (MAY,)),
        # 15 and 16 days of April's thirty are known.
        (dt.date(2024, 5, 14), (APR, MAY)),
        (dt.date(2024, 5, 15), (MAY,)),
        # 16 of May's 31 days.
        (dt.date(2024, 6, 15), ()),
    ],
)
def test_less_than_half_followed_up_is_left_out(ends, found):
    months = [JAN, MAR, APR, MAY]
    begins = dt.date(2024, 1, 1)
    assert known_in_part(months, asked(30), begins=begins, ends=ends) == found


def test_the_first_month_cannot_be_traced_back():
    begins, ends = dt.date(2024, 1, 1), dt.date(2024, 5, 31)
    assert known_in_part([JAN, MAR], asked(0, 30), begins=begins, ends=ends) == (JAN,)


def test_months_without_any_data_and_outcomes_without_a_window_are_not_judged():
    begins, ends = dt.date(2024, 3, 10), dt.date(2024, 4, 20)
    assert known_in_part([JAN, MAY], asked(30, 30), begins=begins, ends=ends) == ()
    assert known_in_part([MAR, APR], asked(), begins=begins, ends=dt.date(2024, 4, 30)) == ()


def test_the_registry_says_which_outcomes_follow_cases():
    known = {i.id: (i.follow_up_days, i.look_back_days) for i in indicators.load().values()}
    told = {name: days for name, days in known.items() if any(days)}
    ended = dict.fromkeys(("complaint_resolved_30d", "complaint_closed_30d", "fcr"), (30, 0))
    assert told == ended | {"repeat_complaint_30d": (0, 30)}

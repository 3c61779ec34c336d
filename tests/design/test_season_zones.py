"""Seasons are those of the client's country."""

import datetime as dt

import pandas as pd
import pytest

from analysis.design.calendar import measurement_calendar, season

WAVES = pd.DataFrame(
    {
        "site_id": ["a"],
        "wave": [1],
        "arm": ["treated"],
        "planned_start": [pd.Timestamp("2015-01-31")],
        "actual_start": [pd.NaT],
    }
)


@pytest.mark.parametrize(
    ("zone", "named"),
    [
        ("Asia/Shanghai", "spring_festival"),
        ("America/New_York", ""),
        ("Asia/Hong_Kong", "spring_festival"),
    ],
)
def test_spring_festival_disturbs_where_it_is_kept(zone, named):
    assert season(dt.date(2016, 1, 31), zone) == named
    table = measurement_calendar(WAVES, months=(12,), timezone=zone)
    assert table["season"].tolist() == [named]


def test_no_flood_season_in_boston():
    assert season(dt.date(2015, 7, 1), "America/New_York") == ""
    assert season(dt.date(2015, 7, 1)) == "flood"

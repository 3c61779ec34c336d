"""Households that report through the platform, counted by hand."""

import pandas as pd

from analysis.measurement import assess_platform, platform_use

SITES = pd.DataFrame({"site_id": ["a", "b", "c"], "households": [10, 30, None]})


def tickets(*rows):
    frame = pd.DataFrame(rows, columns=["site_id", "household_id", "channel", "opened_at"])
    moments = pd.to_datetime(frame["opened_at"]).dt.tz_localize("Asia/Shanghai")
    return frame.assign(opened_at=moments.dt.tz_convert("UTC"))


GIVEN = tickets(
    ("a", "h1", "platform", "2024-01-01 00:00"),  # 2023 in UTC
    ("a", "h1", "platform", "2024-03-01 09:00"),  # the same household
    ("a", "h2", "phone", "2024-03-01 09:00"),
    ("b", "h3", "platform", "2024-03-01 09:00"),
    ("b", "h4", "platform", "2024-03-01 09:00"),
    ("b", "h5", None, "2024-03-01 09:00"),  # way unknown
    ("b", None, "platform", "2024-03-01 09:00"),  # common area: no household
    ("c", "h9", "platform", "2024-03-01 09:00"),  # households unknown
    ("a", "h1", "phone", "2025-03-01 09:00"),
)


def test_a_household_counts_once_a_year_against_all_that_are_served():
    table = platform_use(GIVEN, SITES, timezone="Asia/Shanghai").set_index("year")
    row = table.loc[2024]
    assert row[["requests", "by_platform", "active", "households"]].tolist() == [6, 5, 3, 40]
    assert row["value"] == 3 / 40
    assert row["ci_low"] < row["value"] < row["ci_high"]
    assert table.loc[2025, ["active", "households", "value"]].tolist() == [0, 10, 0.0]


def test_without_the_way_of_reporting_it_says_so():
    found = assess_platform(GIVEN.drop(columns="channel"), SITES, timezone="UTC")
    assert [c.status for c in found.checks] == ["not_possible"]
    assert assess_platform(GIVEN, SITES, timezone="UTC").checks == ()

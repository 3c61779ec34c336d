"""Work orders by week: counted by hand, widened limits, and the real requests of Boston."""

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.monitoring import assess_weekly, chart_weeks, weekly_signals, weekly_tickets

UTC = "UTC"


def stamps(*days: str) -> pd.Series:
    return pd.Series(pd.to_datetime(list(days), utc=True, format="ISO8601"))


def test_weeks_are_counted_by_hand_and_only_whole_ones():
    tickets = pd.DataFrame(
        {
            "site_id": ["a", "a", "b", "a", "a"],
            "opened_at": stamps(
                "2024-01-01", "2024-01-07 23:00", "2024-01-10", "2024-01-15", "2024-01-23"
            ),
            "due_at": stamps("2024-01-03", "2024-01-09", "2024-01-12", "2024-03-01", "2024-01-24"),
            "resolved_at": stamps(
                "2024-01-02", "2024-01-20", "2024-01-12", "2024-01-16", "2024-01-23"
            ),
        }
    )  # fmt: skip
    table = weekly_tickets(tickets, timezone=UTC, until=dt.date(2024, 1, 24))
    cells = table.set_index(["site_id", table["week"].dt.day])[["opened", "due", "in_time"]]
    assert cells.loc[("a", 1)].tolist() == [2, 2, 1]
    assert cells.loc[("a", 8)].tolist() == [0, 0, 0]
    assert cells.loc[("b", 8)].tolist() == [1, 1, 1]
    # Due in March: neither in time nor late, and its week is not mature
    assert cells.loc[("a", 15)].tolist() == [1, 0, 0]
    assert not table.loc[table["week"].dt.day == 15, "mature"].any()
    assert table["week"].max() == pd.Timestamp(2024, 1, 15)
    # In Shanghai the second order was opened on Monday morning
    east = weekly_tickets(tickets, timezone="Asia/Shanghai", until=dt.date(2024, 1, 24))
    assert east.set_index(["site_id", east["week"].dt.day]).loc[("a", 8), "opened"] == 1


def weeks(rates: np.ndarray, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    mondays = pd.date_range("2024-01-01", periods=rates.shape[1], freq="7D")
    frames = [
        pd.DataFrame({"site_id": f"s{i}", "week": mondays, "opened": rng.poisson(r)})
        for i, r in enumerate(rates)
    ]
    return pd.concat(frames).assign(due=0, in_time=0, mature=False)


def test_over_dispersed_weeks_ring_less_than_plain_limits_would():
    rng = np.random.default_rng(7)
    rates = 40 * rng.gamma(9, 1 / 9, (30, 52))
    chart = chart_weeks(weeks(rates, 1), start=dt.date(2024, 7, 1), what="opened")
    late = chart[~chart["baseline"]]
    assert late["plain"].mean() > 0.1
    assert (late["rule"] == "beyond_3").mean() < 0.02
    assert (chart.groupby("subject")["sigma_z"].first() > 1.5).all()


def test_a_site_whose_orders_double_is_ranked_first():
    rates = np.full((5, 52), 30.0)
    rates[3, 26:] = 60
    chart = chart_weeks(weeks(rates, 2), start=dt.date(2024, 7, 1), what="opened")
    ranked = weekly_signals(chart, direction="down")
    assert ranked.loc[0, "subject"] == "s3"
    assert ranked.loc[0, "worse"] > 20
    assert ranked.loc[1:, "worse"].max() <= 4
    assert weekly_signals(chart, direction="up")["worse"].sum() < 10


def test_too_few_weeks_and_absent_tables_are_said():
    none = assess_weekly(None, start=dt.date(2024, 7, 1), timezone=UTC, until=dt.date(2024, 12, 31))
    assert [c.status for c in none.checks] == ["not_possible"] * 2
    assert {c.reason for c in none.checks} == {"monitoring.reason.no_table"}
    opened = pd.date_range("2024-01-01", periods=400, freq="12h", tz="UTC")
    orders = pd.DataFrame({"site_id": "a", "opened_at": opened, "due_at": pd.NaT})
    found = assess_weekly(
        orders, start=dt.date(2024, 7, 1), timezone=UTC, until=dt.date(2024, 7, 18)
    )
    said = {c.id: c for c in found.checks}
    assert said["monitoring.weekly.opened"].status != "not_possible"
    assert said["monitoring.weekly.in_time"].reason == "monitoring.reason.no_column"
    assert said["monitoring.weekly.in_time"].params["column"] == "monitoring.taught.due_at"
    assert chart_weeks(
        weeks(np.full((3, 30), 2.0), 1), start=dt.date(2024, 7, 1), what="opened"
    ).empty


RAW = Path(__file__).parents[2] / "data" / "boston" / "raw" / "service_requests_2015.csv"


@pytest.mark.skipif(not RAW.is_file(), reason="the requests of Boston are not in the repository")
def test_the_requests_of_boston_rise_everywhere_in_the_second_half_of_2015():
    raw = pd.read_csv(RAW, usecols=["neighborhood", "OPEN_DT", "TARGET_DT", "CLOSED_DT"], dtype=str)
    zone = "America/New_York"

    def instant(name: str) -> pd.Series:
        naive = pd.to_datetime(raw[name], format="%m/%d/%Y %I:%M:%S %p")
        return naive.dt.tz_localize(zone, ambiguous=True, nonexistent="shift_forward")

    tickets = pd.DataFrame(
        {
            "site_id": raw["neighborhood"].where(raw["neighborhood"].fillna("").str.strip() != ""),
            "opened_at": instant("OPEN_DT"),
            "due_at": instant("TARGET_DT"),
            "resolved_at": instant("CLOSED_DT"),
        }
    )
    found = assess_weekly(
        tickets, start=dt.date(2015, 7, 1), timezone=zone, until=dt.date(2015, 12, 31)
    )
    opened, in_time = found.checks
    assert (opened.n, opened.value, opened.params["widened"]) == (18, 16, 13)
    assert opened.params["spread"] == pytest.approx(1.58, abs=0.01)
    # Orders are seldom late in some neighbourhoods only; most keep to their first half
    assert in_time.value <= in_time.n / 2
    ranked = found.tables["weekly_opened_signals"].set_index("subject")
    assert ranked.loc["Boston", "since"] > 1.9 * ranked.loc["Boston", "centre"]
    assert ranked.loc["Beacon Hill", "worse"] == 0

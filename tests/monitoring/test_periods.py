"""Periods beside the ones before them: which days, which numbers, and what cannot be said."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.indicators import registry
from analysis.monitoring.rhythm.periods import (
    PACKS,
    assess_periods,
    compared,
    follow_ups,
    indicator_rows,
    span_of,
    year_budget,
)
from analysis.standards import course
from analysis.tables import period_of

BEGINS = dt.date(2023, 1, 1)


@pytest.mark.parametrize(
    ("pack", "on", "first", "last", "state"),
    [
        ("week", dt.date(2024, 8, 18), dt.date(2024, 8, 12), dt.date(2024, 8, 18), "over"),
        ("week", dt.date(2024, 8, 13), dt.date(2024, 8, 5), dt.date(2024, 8, 11), "last_over"),
        ("month", dt.date(2024, 2, 29), dt.date(2024, 2, 1), dt.date(2024, 2, 29), "over"),
        ("quarter", dt.date(2024, 8, 20), dt.date(2024, 7, 1), dt.date(2024, 9, 30), "running"),
        ("quarter", dt.date(2024, 8, 1), dt.date(2024, 4, 1), dt.date(2024, 6, 30), "last_over"),
        ("half_year", dt.date(2024, 12, 31), dt.date(2024, 7, 1), dt.date(2024, 12, 31), "over"),
        ("year", dt.date(2023, 2, 1), dt.date(2023, 1, 1), dt.date(2023, 12, 31), "running"),
    ],
)
def test_the_period_that_a_day_tells_of(pack, on, first, last, state):
    span = span_of(pack, on=on, begins=BEGINS)
    assert (span.first, span.last, span.state) == (first, last, state)
    assert span.known_to == min(last, on)
    assert span.before_last < span.first
    if state == "running":
        assert span.before_last - span.before_first == span.known_to - span.first


def test_what_lies_before_the_data_is_no_comparison():
    assert span_of("year", on=dt.date(2023, 12, 31), begins=BEGINS).before_state == "none"
    assert span_of("year", on=dt.date(2024, 12, 31), begins=BEGINS).before_state == "whole"
    half = span_of("year", on=dt.date(2024, 12, 31), begins=dt.date(2023, 7, 1))
    assert half.before_state == "part"


def cells(rows):
    return pd.DataFrame(rows, columns=["site_id", "total", "exposure"])


def test_a_change_of_each_site_alike_has_no_width():
    before = cells([("a", 10, 20), ("b", 30, 40), ("c", 5, 20)])
    now = before.assign(total=before["total"] + 0.1 * before["exposure"])
    found = compared(now, before)
    assert found["change"] == pytest.approx(0.1)
    assert found["change_low"] == pytest.approx(0.1)
    assert found["ci_high"] > found["value"] > found["ci_low"]


def test_the_interval_is_that_of_the_linearised_ratio_by_hand():
    now, before = cells([("a", 8, 10), ("b", 15, 30)]), cells([])
    found = compared(now, before)
    value = 23 / 40
    errors = np.array([8 - value * 10, 15 - value * 30]) / 40
    half = 12.706204736 * np.sqrt(2 * (errors**2).sum())
    assert (found["value"], found["ci_high"]) == pytest.approx((value, value + half))
    assert np.isnan(found["was"])
    assert np.isnan(found["change"])


def test_one_site_alone_has_no_interval():
    found = compared(cells([("a", 8, 10)]), cells([("a", 7, 10)]))
    assert found["change"] == pytest.approx(0.1)
    assert np.isnan(found["change_low"])


def panel(periods):
    rows = [
        (site, period, "csat_mean", "", 4.0 + 0.1 * n, 10, 40.0 + n, 165.0, 10.0)
        for n, site in enumerate("abcdef")
        for period in periods
    ]
    columns = ["site_id", "period", "indicator", "stratum", "value", "n", "total", "total_sq",
               "exposure"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def test_two_rounds_of_six_sites_end_with_an_answer():
    rounds = [period_of(dt.date(2023, 11, 1)), period_of(dt.date(2024, 5, 1))]
    told = [registry.known()["csat_mean"]]
    found = assess_periods(
        panel(rounds), told, on=dt.date(2024, 6, 30), begins=dt.date(2023, 11, 1),
        timezone="Asia/Shanghai", lines=course(), in_part={},
    )  # fmt: skip
    assert list(found.table("pack_periods")["pack"]) == list(PACKS)
    rows = found.table("pack_indicators").set_index("pack")
    assert list(rows.index) == ["quarter", "half_year", "year"]
    assert rows.loc["half_year", ["n", "was_n"]].tolist() == [60, 60]
    assert np.isnan(rows.loc["quarter", "was"])


def test_indicators_added_up_side_by_side_give_what_each_gives_alone():
    """Sites come and go between periods, and an indicator may be measured in one of them only."""
    now, before = 2024 * 12 + 5, 2024 * 12 + 4
    rng = np.random.default_rng(4)
    rows = [
        (site, period, name, "", 0.5, n, float(rng.integers(0, n)), 1.0, float(n))
        for name, period, sites in (
            ("csat_mean", now, "abcdf"),
            ("csat_mean", before, "bcdef"),
            ("csat_top2", before, "abc"),
            ("response_within_30min", now, "ba"),
        )
        for site in sites
        for n in rng.integers(2, 30, 2).tolist()
    ]
    cells = pd.DataFrame(rows, columns=panel([now]).columns)
    told = [registry.known()[name] for name in ("response_within_30min", "csat_top2", "csat_mean")]
    span = span_of("month", on=dt.date(2024, 6, 30), begins=BEGINS)
    found = indicator_rows(cells, told, span, in_part={}).set_index("indicator")
    assert list(found.index) == ["response_within_30min", "csat_mean"]
    own = cells[cells["indicator"] == "csat_mean"]
    alone = compared(own[own["period"] == now], own[own["period"] == before])
    assert {name: found.loc["csat_mean", name] for name in alone} == alone
    assert found.loc["csat_mean", "n"] == own.loc[own["period"] == now, "n"].sum()
    assert np.isnan(found.loc["response_within_30min", "was"])


def test_a_year_of_the_budget_adds_up_and_keeps_what_is_not_spent_apart():
    costs = pd.DataFrame(
        [
            ("trainer", 100.0, 120.0, "2024-02-01"),
            ("trainer", 50.0, 50.0, "2024-11-01"),
            ("venue", 40.0, 30.0, "2023-03-01"),
            ("reserve", 10.0, None, None),
        ],
        columns=["category", "planned", "actual", "spent_on"],
    )
    found = year_budget(costs, 2024).set_index("category")
    assert found.loc["trainer", ["q1", "q4", "planned", "actual"]].tolist() == [100, 50, 150, 170]
    assert found.loc["reserve", "open"] == 10
    assert found.loc["total", "planned"] == 160
    assert "venue" not in found.index
    assert list(year_budget(costs, 2023)["category"]) == ["venue", "total"]


def test_follow_ups_are_measured_missed_or_to_come():
    calendar = pd.DataFrame(
        [(1, 6, 1, "2024-02-11", "early"), (1, 6, 6, "2024-07-11", "late"),
         (1, 6, 12, "2025-01-11", "late")],
        columns=["wave", "n_sites", "months", "measure_on", "judges"],
    )  # fmt: skip
    waves = pd.DataFrame({"site_id": list("abcdef"), "wave": 1})
    measured = panel([period_of(dt.date(2024, 3, 1))])
    on = dt.date(2024, 8, 1)
    found = follow_ups(calendar, waves, measured, indicator="csat_mean", on=on)
    assert found["state"].tolist() == ["measured", "missed", "due"]
    assert found["n"].tolist() == [60, 0, 0]

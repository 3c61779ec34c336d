"""Alerts of weekly charts: how often steady sites ring, and that grown ones do."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.monitoring import assess_alerts, chart_weeks, weekly_measures
from analysis.monitoring.control_charts.steady import resemblance, signals_of_steady_sites
from analysis.monitoring.training.measures import complaints_in_time
from analysis.present import sentences

START, ON = dt.date(2024, 7, 1), dt.date(2025, 6, 30)
RULES = ("beyond_3", "eight_one_side")


def charts(rates: np.ndarray, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    mondays = pd.date_range("2024-01-01", periods=rates.shape[1], freq="7D")
    frames = [
        pd.DataFrame({"site_id": f"s{i}", "week": mondays, "opened": rng.poisson(r)})
        for i, r in enumerate(rates)
    ]
    weeks = pd.concat(frames).assign(due=0, in_time=0, mature=False)
    return {"weekly_opened": chart_weeks(weeks, start=START, what="opened")}


def rung(given: dict[str, pd.DataFrame]) -> tuple:
    return assess_alerts(weekly_measures(given), on=ON).alerts


@pytest.mark.parametrize("dispersed", [False, True])
def test_programmes_of_steady_sites_seldom_ring_in_a_year(dispersed):
    rng = np.random.default_rng(8)
    false = 0
    for _ in range(12):
        rates = 30 * (rng.gamma(20, 1 / 20, (12, 78)) if dispersed else np.ones((12, 78)))
        false += bool(rung(charts(rates, rng)))
    # At most 5 % of programmes; four of 12 would be far beyond chance
    assert false <= 3


def test_a_site_whose_orders_double_rings_with_its_rate_and_its_words():
    rates = np.full((12, 52), 30.0)
    rates[4, 26:] = 60
    (alert,) = rung(charts(rates, np.random.default_rng(2)))
    assert (alert.subject, alert.rule, alert.grade, alert.n) == ("s4", "weekly_opened", 3, 26)
    assert alert.value == pytest.approx(1.0, abs=0.15)
    assert alert.p_value < 0.05 / 12
    assert alert.false_alarm_rate < 0.05 / 12
    for language in ("zh_CN", "en"):
        assert "s4" in sentences.sentence(alert.message, language, alert.params)


def test_old_signals_do_not_ring():
    rates = np.full((12, 78), 30.0)
    rates[4, 26:50] = 60
    assert rung(charts(rates, np.random.default_rng(2))) == ()


def test_signals_by_chance_grow_with_weeks_with_resemblance_and_with_a_short_baseline():
    def mean(base=26, weeks=26, alike=0.0, widened=False):
        return signals_of_steady_sites(base, weeks, alike, widened=widened, rules=RULES).mean()

    assert mean() < mean(weeks=52)
    assert mean() < mean(alike=0.4)
    assert mean(base=104) < mean(base=20)
    # With the centre all but known: beyond three sigma, or the last eight above, a week
    assert mean(base=1000, weeks=520) / 520 == pytest.approx(0.5**8 + 0.00135, rel=0.05)


def test_resemblance_of_weeks_is_recovered_on_average():
    rng = np.random.default_rng(4)
    z = rng.standard_normal((60, 40))
    for week in range(1, 40):
        z[:, week] = 0.5 * z[:, week - 1] + np.sqrt(0.75) * z[:, week]
    frame = pd.DataFrame(
        {"subject": np.repeat(np.arange(60), 40), "z": z.ravel(), "baseline": True}
    )
    assert resemblance(frame) == pytest.approx(0.5, abs=0.051)


def test_complaints_in_time_are_counted_by_hand():
    def days(*values):
        return pd.to_datetime(list(values), utc=True)

    tickets = pd.DataFrame(
        {
            "site_id": ["a", "a", "a", "b", "b", None],
            "kind": ["complaint", "complaint", "repair", "complaint", "complaint", "complaint"],
            "opened_at": days(*["2025-05-01"] * 5, "2025-05-20"),
            "due_at": days(*["2025-05-03"] * 4, "2025-06-30", "2025-05-03"),
            "resolved_at": days(
                "2025-05-02", "2025-05-09", "2025-05-09", None, "2025-05-02", "2025-05-02"
            ),
        }
    )
    table = complaints_in_time(tickets).set_index("subject")[["hits", "n"]]
    assert table.loc["a"].tolist() == [1, 2]
    # Not resolved is late; what is due later does not count yet
    assert table.loc["b"].tolist() == [0, 1]


def test_a_site_keeps_a_name_with_a_slash():
    rates = np.full((12, 52), 30.0)
    rates[4, 26:] = 60
    given = charts(rates, np.random.default_rng(2))
    given["weekly_opened"]["subject"] = given["weekly_opened"]["subject"].replace("s4", "A / B")
    (alert,) = rung(given)
    assert (alert.subject, alert.params["subject"]) == ("A / B", "A / B")
    assert "form" not in alert.params

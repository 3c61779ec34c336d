"""Rare events by the gaps between them, and the funnel of sites."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.monitoring import assess_funnel, assess_rare, funnel, g_chart, t_chart
from analysis.monitoring.control_charts import limits, rare_events
from analysis.monitoring.control_charts.rare_events import faster_p


def test_gaps_are_scored_by_their_predictive_distribution():
    days = np.r_[np.full(20, 10.0), 0.001, 300.0]
    chart = t_chart(days, np.arange(22) < 20)
    longer = (200 / (200 + days[[0, 20, 21]])) ** 20
    assert stats.norm.sf(chart["z"].to_numpy()[[0, 20, 21]]) == pytest.approx(longer)
    assert chart["signal"].tolist()[-2:] == [True, True]
    assert chart["lower"].iloc[0] < chart["centre"].iloc[0] < chart["upper"].iloc[0]
    cases = g_chart(np.r_[np.full(20, 30), 0, 900], np.arange(22) < 20)
    assert cases["z"].iloc[20] < -1.5
    assert cases["rule"].iloc[21] == "beyond"
    with pytest.raises(ValueError, match="gap"):
        t_chart(np.zeros(3), np.ones(3, bool))


def test_a_chart_of_many_gaps_costs_no_more_than_one_of_few(monkeypatch):
    asked = []
    needed = limits.run_needed
    monkeypatch.setattr(rare_events, "run_needed", lambda m: asked.append(m) or needed(m))
    for gaps in (40, 5000):
        t_chart(np.full(gaps + 1, 2.0), np.arange(gaps + 1) < gaps)
    assert asked == [40, rare_events.CENTRE_KNOWN]
    drawn = next(limits.steady_points(rare_events.CENTRE_KNOWN + limits.YEAR, 0.0, limits.SEED))
    assert drawn.nbytes < 1e6


@pytest.mark.parametrize("kind", ["t", "g"])
def test_steady_rare_events_seldom_signal(kind):
    rng = np.random.default_rng(6)
    signalled = []
    for _ in range(400):
        base = np.arange(22) < 12
        if kind == "t":
            chart = t_chart(rng.exponential(9, 22), base)
        else:
            chart = g_chart(rng.geometric(0.04, 22) - 1, base)
        signalled.append(chart["signal"][~base].any())
    assert np.mean(signalled) <= 0.08 + 2 * (0.08 * 0.92 / 400) ** 0.5


def tickets(rng, gaps: dict[str, float]) -> pd.DataFrame:
    frames = []
    for site, since in gaps.items():
        before = pd.Timestamp("2023-01-01", tz="UTC") + pd.to_timedelta(
            np.cumsum(rng.exponential(12, 60)), unit="D"
        )
        after = pd.Timestamp("2024-07-01", tz="UTC") + pd.to_timedelta(
            np.cumsum(rng.exponential(since, 100)), unit="D"
        )
        at = before[before < "2024-07-01"].append(after[after < "2025-01-01"])
        frames.append(pd.DataFrame({"site_id": site, "kind": "complaint", "opened_at": at}))
    return pd.concat(frames, ignore_index=True)


def test_a_site_whose_rare_complaints_triple_is_found():
    frame = tickets(np.random.default_rng(4), {"worse": 2.5, "same": 12.0})
    found = assess_rare(
        frame, start=dt.date(2024, 7, 1), timezone="UTC", until=dt.date(2024, 12, 31)
    )
    table = found.table("rare_signals").set_index("subject")
    assert table.loc["worse", "shorter"] > 0
    assert table.loc["same", "shorter"] == 0
    (check,) = found.checks
    assert (check.status, check.params["sites"], check.params["bad"]) == ("caution", 2, 1)


def test_no_complaints_make_no_chart():
    assert assess_rare(None, start=ON, timezone="UTC", until=ON).checks == ()
    empty = tickets(np.random.default_rng(1), {"a": 12.0}).iloc[:0]
    assert assess_rare(empty, start=ON, timezone="UTC", until=ON).checks == ()


ON = dt.date(2024, 7, 1)


def test_a_funnel_by_hand_and_its_edges():
    table = funnel(np.array([80, 40, 8, 12, 41, 39]), np.array([100, 50, 10, 50, 50, 50]))
    assert table["centre"].iloc[0] == pytest.approx(220 / 310)
    assert table["outside"].tolist() == ["", "", "", "low", "", ""]
    narrow, wide = table.loc[0], table.loc[2]
    assert narrow["outer_low"] > wide["outer_low"]
    for share in (0, 1):
        same = funnel(np.full(6, 30 * share), np.full(6, 30))
        assert (same["outside"] == "").all()
        assert same.attrs["phi"] == 1.0


def test_alike_sites_are_seldom_outside_and_different_ones_widen_the_limits():
    rng = np.random.default_rng(2)
    n = rng.integers(20, 200, 500)
    assert (funnel(rng.binomial(n, 0.85), n)["outside"] != "").mean() < 0.01
    spread = funnel(rng.binomial(n, rng.beta(17, 3, 500)), n)
    assert spread.attrs["phi"] > 2
    assert (spread["outside"] != "").mean() < 0.03


@pytest.mark.parametrize(
    ("sites", "share", "said"),
    [(4, True, "not_possible"), (6, False, "not_possible"), (6, True, "caution")],
)
def test_the_funnel_of_a_panel_or_why_there_is_none(sites, share, said):
    panel = pd.DataFrame(
        {
            "site_id": [f"s{i}" for i in range(sites)],
            "period": 24000,
            "indicator": "csat_top2",
            "stratum": "",
            "value": [0.2] + [0.9] * (sites - 1),
            "total": [20.0] + [90.0] * (sites - 1),
            "exposure": 100.0,
        }
    )
    (check,) = assess_funnel(panel, indicator="csat_top2", share=share).checks
    assert check.status == said


def test_hundreds_of_steady_gaps_do_not_put_the_check_at_caution():
    rng = np.random.default_rng(2)
    frames = []
    for site in range(8):
        at = np.cumsum(rng.exponential(2.0, 700))
        opened = pd.Timestamp("2022-01-01", tz="UTC") + pd.to_timedelta(at[at < 1095], unit="D")
        frames.append(
            pd.DataFrame({"site_id": f"s{site}", "kind": "complaint", "opened_at": opened})
        )
    found = assess_rare(
        pd.concat(frames, ignore_index=True),
        start=dt.date(2023, 1, 1),
        timezone="UTC",
        until=dt.date(2024, 12, 30),
    )
    table = found.table("rare_signals")
    assert (table["shorter"] > 0).any()  # single short gaps occur by chance among hundreds
    assert not table["worse"].any()
    assert found.checks[0].status == "passed"


def test_the_test_of_two_rates_is_the_exact_binomial():
    assert faster_p(30, 300.0, 12, 60.0) == pytest.approx(stats.binom.sf(11, 42, 60 / 360))
    assert faster_p(30, 300.0, 12, 60.0, 1e-7) == pytest.approx(
        faster_p(30, 300.0, 12, 60.0), rel=1e-4
    )
    assert faster_p(30, 300.0, 0, 60.0) == 1.0


def test_months_that_vary_make_counts_beta_binomial():
    """Of two negative binomial counts of gamma rates, one given their sum; by drawing them."""
    rng, varying, rate = np.random.default_rng(3), 0.2, 4.0
    months = rng.gamma(1 / varying, varying * rate, (400_000, 27))
    before, since = rng.poisson(months[:, :24].sum(axis=1)), rng.poisson(months[:, 24:].sum(axis=1))
    same = before + since == 110
    days = 365.25 / 12
    for least in (14, 18, 22):
        told = faster_p(110 - least, 24 * days, least, 3 * days, varying)
        drawn = (since[same] >= least).mean()
        assert told == pytest.approx(drawn, abs=4 * np.sqrt(told / same.sum()) + 1e-4)


@pytest.mark.parametrize("alike", [0.0, 0.6])
def test_months_that_vary_before_ask_for_more_after(alike):
    """A site whose every third month is busy is not called worse for one more busy spell."""
    rng = np.random.default_rng(1)
    frames = []
    for site in range(12):
        z = rng.standard_normal(36)
        for t in range(1, 36):
            z[t] = alike * z[t - 1] + np.sqrt(1 - alike**2) * z[t]
        counts = rng.poisson(6 * np.exp(0.5 * z - 0.125))
        first = pd.date_range("2022-01-01", periods=36, freq="MS", tz="UTC")
        at = np.repeat(first, counts) + pd.to_timedelta(rng.random(counts.sum()) * 28, unit="D")
        frames.append(pd.DataFrame({"site_id": f"s{site}", "kind": "complaint", "opened_at": at}))
    frame = pd.concat(frames, ignore_index=True)
    until = dt.date(2024, 12, 30)
    found = assess_rare(frame, start=dt.date(2024, 1, 1), timezone="UTC", until=until)
    assert found.checks[0].status == "passed"

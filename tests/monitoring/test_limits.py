"""Limits that carry their uncertainty, sites that were perfect so far, and months that lack."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis import memory, wording
from analysis.monitoring import (
    assess_alerts,
    assess_charts,
    c_chart,
    chart_panel,
    chart_weeks,
    cusum_chart,
    ewma_chart,
    p_chart,
    u_chart,
    weekly_measures,
    xmr_chart,
)
from analysis.monitoring.control_charts import limits, steady
from analysis.monitoring.control_charts.limits import (
    ewma_width,
    limit_width,
    rare_count_scores,
    rare_share_scores,
    run_needed,
)

BEFORE, YEAR = 8, 12


def panel(values: np.ndarray, **columns) -> pd.DataFrame:
    """Give one indicator of sites (rows) by month (columns)."""
    sites, months = values.shape
    frame = pd.DataFrame(
        {
            "site_id": np.repeat([f"s{i:03d}" for i in range(sites)], months),
            "period": np.tile(np.arange(24000, 24000 + months), sites),
            "indicator": "y",
            "stratum": "",
            "value": values.ravel(),
        }
    )
    told = {"total": np.nan, "exposure": np.nan} | {k: np.ravel(v) for k, v in columns.items()}
    return frame.assign(**told)


@pytest.mark.parametrize("alike", [0.0, 0.5])
@pytest.mark.parametrize("kind", ["xmr", "ewma"])
def test_few_steady_sites_signal_within_a_year_of_limits_from_eight_months(kind, alike):
    rng = np.random.default_rng(5)
    z = rng.standard_normal((300, BEFORE + YEAR))
    for t in range(1, z.shape[1]):
        z[:, t] = alike * z[:, t - 1] + np.sqrt(1 - alike**2) * z[:, t]
    chart = chart_panel(
        panel(4 + 0.2 * z), indicator="y", baseline_until=24000 + BEFORE, kind=kind,
        rules=("beyond_3", "eight_one_side"),
    )  # fmt: skip
    late = chart[~chart["baseline"].astype(bool)]
    rate = late.groupby("subject")["signal"].any().mean()
    assert rate <= 0.08 + 2 * (0.08 * 0.92 / 300) ** 0.5


def test_a_true_change_still_signals():
    rng = np.random.default_rng(5)
    values = rng.normal(4, 0.2, (100, 12 + YEAR))
    values[:, 12:] -= 1.2
    chart = chart_panel(panel(values), indicator="y", baseline_until=24012, kind="xmr")
    late = chart[~chart["baseline"].astype(bool)]
    assert late.groupby("subject")["signal"].any().mean() > 0.95


def test_widths_shrink_to_the_known_ones():
    widths = [limit_width(b, own_spread=True) for b in (8, 24, 200)]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] == pytest.approx(3.0, abs=0.15)
    assert run_needed(200) == 8
    assert run_needed(8) > 8
    assert run_needed(8, 0.6) > run_needed(8)
    assert ewma_width(8, 0.0, 0.2, 2.962) > ewma_width(200, 0.0, 0.2, 2.962) >= 2.962


def test_steady_sites_drawn_in_parts_are_those_drawn_at_once():
    parts = list(limits.steady_points(20, 0.3, seed=4))
    shocks = np.random.default_rng(4).standard_normal((limits.WORLDS, 20))
    whole = shocks[:, :1]
    for t in range(1, 20):
        step = 0.3 * whole[:, -1] + np.sqrt(1 - 0.3**2) * shocks[:, t]
        whole = np.column_stack([whole, step])
    assert np.concatenate(parts) == pytest.approx(whole)
    centred = limits.as_charted(parts[0], 8, own_spread=False, first=3)
    assert centred == pytest.approx((parts[0] - parts[0][:, :8].mean(axis=1)[:, None])[:, 3:])


def test_what_depends_on_parameters_alone_is_not_simulated_in_the_next_run(tmp_path, monkeypatch):
    def ask() -> list:
        simulated = (limit_width, run_needed, ewma_width, steady.signals_of_steady_sites)
        for function in simulated:
            function.cache_clear()
        signals = steady.signals_of_steady_sites(9, 12, 0.1, widened=True, rules=("beyond_3",))
        widths = [limit_width(9, 0.1, own_spread=True), ewma_width(9, 0.1, 0.2, 2.962)]
        return [*widths, run_needed(9, 0.1), *signals]

    monkeypatch.setattr(memory, "WORTH_SECONDS", 0.0)
    read = memory.Read(
        reading=wording.reading,
        entries_hash=wording.entries_hash,
        note=wording.note_read,
        ambient=str,
    )
    memory.keep_in(memory.Store(folder=tmp_path / "kept", run="first", anew=False, read=read))
    try:
        first = ask()
        monkeypatch.setattr(limits, "WORLDS", 0)
        assert ask() == first
    finally:
        memory.keep_in(None)


def test_a_perfect_site_that_collapses_rings_and_one_late_order_does_not():
    weeks = pd.date_range("2024-01-01", periods=40, freq="7D")
    late = np.arange(40) >= 26
    frames = [
        pd.DataFrame({"site_id": site, "week": weeks, "opened": 30, "due": 30, "mature": True})
        for site in ("collapses", "slips once", "stays")
    ]
    in_time = [np.where(late, 15, 30), np.where(np.arange(40) == 30, 29, 30), np.full(40, 30)]
    table = pd.concat(frames).assign(in_time=np.concatenate(in_time))
    chart = chart_weeks(table, start=dt.date(2024, 7, 1), what="in_time")
    by_site = chart[~chart["baseline"]].groupby("subject")
    assert by_site["signal"].sum().to_dict() == {"collapses": 14, "slips once": 0, "stays": 0}
    assert set(chart["kind"]) == {"rare"}
    rung = assess_alerts(weekly_measures({"weekly_in_time": chart}), on=dt.date(2024, 10, 7)).alerts
    assert [alert.subject for alert in rung] == ["collapses"]
    months = p_chart(np.r_[np.full(8, 30), 29, 15], np.full(10, 30), np.arange(10) < 8)
    assert months["signal"].tolist()[8:] == [False, True]


def test_scores_of_few_events_are_their_predictive_distribution():
    z, within = rare_share_scores(np.array([0, 1, 3]), np.full(3, 30), 0.0, 780.0, 3.0)
    expected = stats.betabinom(30, 0.5, 780.5)
    mid = [expected.sf(k) + expected.pmf(k) / 2 for k in (0, 1, 3)]
    assert stats.norm.sf(z) == pytest.approx([min(p, 0.5) for p in mid])
    assert within[0] == pytest.approx(1.5 / 30)
    z, _ = rare_count_scores(np.array([0, 2]), np.ones(2), 0.0, 26.0, 3.0)
    expected = stats.nbinom(0.5, 26 / 27)
    assert stats.norm.sf(z[1]) == pytest.approx(expected.sf(2) + expected.pmf(2) / 2)


@pytest.mark.parametrize("kind", ["xmr", "p", "u", "ewma"])
def test_sites_whose_months_are_all_equal_are_charted(kind):
    rng = np.random.default_rng(1)
    values = np.clip(rng.normal(0.9, 0.02, (5, 20)), 0, 1)
    values[0] = 1.0
    values[0, 14:] = 0.5
    values[1] = 1.0
    frame = panel(values, total=np.round(values * 40), exposure=np.full(values.size, 40.0))
    how = {"indicator": "y", "baseline_until": 24012}
    chart = chart_panel(frame, **how, kind=kind)
    late = chart[~chart["baseline"].astype(bool)].groupby("subject")["signal"].any()
    assert late["s000"]
    assert not late["s001"]
    found = assess_charts(frame, **how, share=kind == "p", direction="up")
    unusual = found.table("chart_signals").set_index("subject")["unusual"]
    assert bool(unusual["s000"])
    assert not unusual["s001"]


def test_missing_periods_are_no_points_and_end_runs():
    above = np.array([0, 1] * 6 + [2.0] * 4 + [np.nan] + [2.0] * 4)
    base = np.arange(above.size) < 12
    whole = np.where(np.isnan(above), 2.0, above)
    assert (xmr_chart(whole, base)["rule"] == "run").any()
    gap = xmr_chart(above, base)
    assert not (gap["rule"] == "run").any()
    assert not gap.loc[16, "signal"]
    # No moving range reaches across a gap: 9 and 1 are not neighbours
    apart = xmr_chart(np.array([9.0, 9.2, np.nan, 1.0, 1.2]))
    assert (apart["upper"] - apart["centre"]).iloc[0] == pytest.approx(3 * 0.2 / 1.128)
    counts = c_chart(np.array([5, 6, np.nan, 7, 30.0]), np.array([1, 1, 1, 1, 0], bool))
    assert counts["centre"].iloc[0] == 6
    assert counts["signal"].tolist() == [False] * 4 + [True]
    rates = u_chart(np.array([9.0, 9, 9, 40]), np.array([9.0, 9, 0, 9]), np.arange(4) < 3)
    assert rates["value"].isna().tolist() == [False, False, True, False]
    shares = p_chart(np.array([50.0, 50, 0, 10]), np.array([100.0, 100, 0, 100]), np.arange(4) < 3)
    assert shares["signal"].tolist() == [False, False, False, True]


def test_averages_and_sums_wait_while_a_period_is_missing():
    values = np.array([1.0, 2.0, np.nan, 3.0])
    average = ewma_chart(values, centre=0.0, sigma=1.0)["value"]
    kept = ewma_chart(values[[0, 1, 3]], centre=0.0, sigma=1.0)["value"]
    assert average.dropna().tolist() == kept.tolist()
    sums = cusum_chart(values, centre=0.0, sigma=1.0)
    assert sums["up"].tolist() == [0.5, 2.0, 2.0, 4.5]


def test_the_check_of_many_steady_sites_is_seldom_caution():
    rng = np.random.default_rng(9)
    cautions = signalled = 0
    for _ in range(12):
        values = rng.normal(4, 0.2, (40, 12 + 6))
        found = assess_charts(
            panel(values), indicator="y", baseline_until=24012, share=False, direction="up"
        )
        (check,) = found.checks
        cautions += check.status == "caution"
        signalled += check.params["signalled"] > 0
    assert cautions <= 3
    assert signalled >= 3


def test_single_cases_get_no_chart_and_the_check_says_why():
    rng = np.random.default_rng(3)
    values = rng.binomial(1, 0.5, (40, 20)).astype(float)
    frame = panel(values, total=values, exposure=np.ones(values.size))
    how = {"indicator": "y", "baseline_until": 24012}
    (check,) = assess_charts(frame, **how, share=True, direction="up").checks
    assert (check.status, check.reason) == ("not_possible", "monitoring.reason.single_cases")
    assert chart_panel(frame, **how, kind="p").empty
    assert chart_panel(frame, **how, kind="u").empty
    short = frame[frame["period"] < 24005]
    (check,) = assess_charts(short, **how, share=True, direction="up").checks
    assert check.reason == "monitoring.reason.few_months"

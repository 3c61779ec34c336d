"""Charts begin anew after planned changes, and months of Spring Festival are judged apart."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.design.calendar import festival_days, festival_months
from analysis.monitoring import (
    assess_charts,
    chart_panel,
    chart_sites,
    chart_weeks,
    phase_starts,
    season_of,
)
from analysis.spring_festival import first_days

FIRST = 2023 * 12
FEBRUARY = FIRST + 13
"""A month of Spring Festival, 2024; January 2023 is the first one."""
UNTIL, MONTHS = FIRST + 12, 24


def panel(sites=8, *, dip=0.0, step=(), seed=1, kind="share", months=MONTHS):
    """Shares (or rates) of steady sites, with a dip in festival months and steps by site."""
    rng = np.random.default_rng(seed)
    rows = []
    for site in range(sites):
        for month in range(FIRST, FIRST + months):
            moved = dip * (month in festival_months("Asia/Shanghai"))
            moved += sum(by for name, since, by in step if name == site and month >= since)
            if kind == "share":
                total, exposure = rng.binomial(400, 0.8 + moved), 400
            else:
                total, exposure = rng.poisson(60 * (1 + moved)), 1.0
            rows.append((f"s{site}", month, total / exposure, total, exposure))
    frame = pd.DataFrame(rows, columns=["site_id", "period", "value", "total", "exposure"])
    return frame.assign(indicator="x", stratum="", n=400)


APART = {"festival": festival_months("Asia/Shanghai")}
SHARE = {"indicator": "x", "baseline_until": UNTIL, "share": True}


def test_months_of_spring_festival_hold_its_days():
    months = festival_months("Asia/Shanghai")
    # 2025: 28 January to 4 February, four days in each month.
    known = {(2022, 2), (2023, 1), (2024, 2), (2025, 1), (2025, 2), (2026, 2), (2028, 1)}
    near = {(m // 12, m % 12 + 1) for m in months if 2022 <= m // 12 <= 2028}
    assert near == known | {(2027, 2)}
    assert dt.date(2024, 2, 9) in festival_days("Asia/Shanghai")
    assert festival_months("America/New_York") == frozenset()
    assert all(day.month in (1, 2) for day in first_days().values())


def width(chart):
    """Mean distance of the limits in an ordinary month after training began."""
    rows = chart[chart["period"] == FEBRUARY + 3]
    return float((rows["upper"] - rows["lower"]).mean())


def test_a_festival_that_lowers_all_sites_neither_signals_nor_widens_limits():
    data = panel(dip=-0.12)
    late = FEBRUARY
    first_unseen = data[data["period"] > FIRST]
    assert chart_sites(first_unseen, **SHARE).query("period == @late")["signal"].all()
    plain, judged = chart_sites(data, **SHARE), chart_sites(data, **SHARE, **APART)
    assert not judged.loc[judged["period"] == late, "signal"].any()
    assert width(judged) < 0.8 * width(plain)
    moved = judged[judged["period"] == late]
    ordinary = judged[judged["period"] == late + 1]
    assert moved["centre"].mean() == pytest.approx(ordinary["centre"].mean() - 0.12, abs=0.02)
    shown = data[data["period"] == late].set_index("site_id")["value"]
    assert moved.set_index("subject")["value"].to_dict() == pytest.approx(shown.to_dict())


def test_a_site_that_collapses_in_the_festival_still_signals():
    data = panel(dip=-0.12, step=[(3, FEBRUARY, -0.3)])
    judged = chart_sites(data, **SHARE, **APART)
    rung = judged[(judged["period"] == FEBRUARY) & judged["signal"]]
    assert set(rung["subject"]) == {"s3"}


@pytest.mark.parametrize("kind", ["p", "u", "xmr", "ewma", "cusum"])
def test_every_kind_of_chart_knows_the_season(kind):
    dip = {"p": -0.12, "u": -0.7}.get(kind, -0.2)
    data = panel(dip=dip, kind="count" if kind == "u" else "share")
    how = {"indicator": "x", "baseline_until": UNTIL, "kind": kind, "rules": ("beyond_3",)}
    plain, judged = chart_panel(data, **how), chart_panel(data, **how, **APART)
    near = [FEBRUARY, FEBRUARY + 1]
    assert judged.loc[judged["period"].isin(near), "signal"].mean() < 0.1
    if kind == "cusum":  # its limits are in standard deviations
        lowest = [c.loc[c["period"] == FEBRUARY, "value"].mean() for c in (plain, judged)]
        assert lowest[1] > lowest[0]
    else:
        assert width(judged) < 0.95 * width(plain)


def test_counts_are_scaled_by_the_festival_not_moved():
    data = panel(dip=-0.4, kind="count")
    sites = [
        (rows["period"].to_numpy(), [rows[c].to_numpy(float) for c in ("total", "exposure")])
        for _, rows in data.groupby("site_id")
    ]
    season = season_of(sites, APART["festival"], UNTIL, "count")
    assert season.shift == pytest.approx(0.6, abs=0.06)
    assert season.n_sites == 8


@pytest.mark.parametrize("sites", [1, 4])
def test_few_sites_tell_no_season_so_its_months_are_not_judged(sites):
    judged = chart_sites(panel(sites, dip=-0.12), **SHARE, **APART)
    february = judged[judged["period"] == FEBRUARY]
    assert len(february) == sites
    assert february["centre"].isna().all()
    assert not february["signal"].any()
    found = assess_charts(panel(sites, dip=-0.12), **SHARE, direction="up", unit="share", **APART)
    (check,) = (c for c in found.checks if c.id == "monitoring.season")
    assert (check.status, check.n) == ("caution", sites)
    assert check.reason == "monitoring.check.season.unknown"


def test_steady_sites_do_not_signal_more_often_with_a_season():
    def share_of_sites_with_a_signal(seed):
        judged = chart_sites(panel(12, dip=-0.12, seed=seed), **SHARE, **APART)
        late = judged[~judged["baseline"]]
        return late.groupby("subject")["signal"].any().mean()

    # The rules promise 8 % within a year; 40 programmes of 12 sites, standard error 1.3 %.
    assert np.mean([share_of_sites_with_a_signal(seed) for seed in range(40)]) < 0.115


EVENTS = pd.DataFrame(
    {
        "site_id": ["s0", None, "s1", "s2"],
        "change": ["system", "management", "price", "takeover"],
        "happened_on": pd.to_datetime(["2023-06-01", "2024-01-15", "2024-03-01", "2023-12-31"]),
    }
)


def test_planned_changes_begin_a_phase_with_their_first_whole_month():
    starts = phase_starts(EVENTS, ["s0", "s1", "s2"])
    everywhere = 2024 * 12 + 1
    assert starts["s0"] == (2023 * 12 + 5, everywhere)
    assert starts["s1"] == (everywhere,)
    assert starts["s2"] == (2024 * 12, everywhere)
    assert phase_starts(None, ["s0"]) == {}


def test_a_planned_change_signals_for_ever_without_a_phase_and_not_with_one():
    step = [(2, FIRST + 13, -0.2)]
    data = panel(step=step, months=30)
    plain = chart_sites(data, **SHARE)
    anew = chart_sites(data, **SHARE, phases={"s2": (FIRST + 13,)})
    assert plain.loc[(plain["subject"] == "s2") & (plain["period"] >= FIRST + 13), "signal"].all()
    own = anew[(anew["subject"] == "s2") & (anew["phase"] == 2)]
    assert not own["signal"].any()
    assert own["baseline"].sum() == 8
    assert own["centre"].to_numpy() == pytest.approx(0.6, abs=0.03)
    pd.testing.assert_frame_equal(
        anew[anew["subject"] != "s2"].reset_index(drop=True),
        plain[plain["subject"] != "s2"].reset_index(drop=True),
    )


def test_what_falls_after_the_change_still_signals():
    step = [(2, FIRST + 13, -0.1), (2, FIRST + 25, -0.25)]
    anew = chart_sites(panel(step=step, months=30), **SHARE, phases={"s2": (FIRST + 13,)})
    own = anew[anew["subject"] == "s2"]
    assert own.loc[own["period"] >= FIRST + 25, "signal"].all()


def test_a_young_phase_is_drawn_and_not_judged_and_said_so():
    data = panel(step=[(2, FIRST + 20, -0.2)])
    found = assess_charts(data, **SHARE, direction="up", unit="share", phases={"s2": (FIRST + 20,)})
    young = found.table("chart").query("subject == 's2' and phase == 2")
    assert len(young) == 4
    assert young["centre"].isna().all()
    (check,) = (c for c in found.checks if c.id == "monitoring.phases")
    assert check.status == "caution"
    assert check.params["sites"] == check.params["waiting"] == 1


def test_a_change_before_training_sets_the_baseline_anew():
    data = panel(step=[(2, FIRST + 4, -0.2)])
    anew = chart_sites(data, **SHARE, phases={"s2": (FIRST + 4,)})
    own = anew[(anew["subject"] == "s2") & (anew["phase"] == 2)]
    assert own["baseline"].sum() == 8
    assert not own["signal"].any()


def test_weeks_of_the_holiday_are_drawn_and_not_judged():
    rng = np.random.default_rng(3)
    monday = pd.date_range("2023-06-05", "2024-06-24", freq="7D")
    opened = rng.poisson(60, len(monday))
    holiday = (monday >= "2024-02-05") & (monday <= "2024-02-12")
    weeks = pd.DataFrame(
        {"site_id": "s0", "week": monday, "opened": np.where(holiday, 5, opened), "due": 0}
    ).assign(in_time=0, mature=False)
    how = {"start": dt.date(2024, 1, 1), "what": "opened"}
    plain = chart_weeks(weeks, **how)
    judged = chart_weeks(weeks, **how, holidays=festival_days("Asia/Shanghai"))
    assert plain.loc[holiday, "signal"].all()
    assert not judged.loc[holiday, "signal"].any()
    assert judged.loc[holiday, "centre"].isna().all()
    assert (judged["value"] == plain["value"]).all()

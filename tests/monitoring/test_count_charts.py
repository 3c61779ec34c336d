"""np, c and u charts beside Montgomery's examples; Laney's u' by hand."""

import json

import numpy as np
import pandas as pd
import pytest

from analysis.monitoring.control_charts.counts import c_chart, np_chart, u_chart
from analysis.monitoring.control_charts.site_charts import chart_panel, rank_sites

# Montgomery, orange juice cans, 30 trial samples of 50.
CANS = np.array(
    [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22,
     8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6]
)  # fmt: skip
# Montgomery, nonconformities in 26 samples of 100 printed circuit boards.
BOARDS = np.array(
    [21, 24, 16, 12, 15, 5, 28, 20, 31, 25, 20, 24, 16,
     19, 10, 17, 13, 22, 18, 39, 30, 24, 16, 19, 17, 15]
)  # fmt: skip
# Montgomery, nonconformities in 20 samples of 5 personal computers.
COMPUTERS = np.array([10, 12, 8, 14, 10, 16, 11, 7, 10, 15, 9, 5, 7, 11, 12, 6, 8, 10, 7, 5])


def test_c_chart_of_circuit_boards():
    chart = c_chart(BOARDS)
    assert chart["centre"].iloc[0] == pytest.approx(19.846, abs=1e-3)
    assert chart["lower"].iloc[0] == pytest.approx(6.481, abs=1e-3)
    assert chart["upper"].iloc[0] == pytest.approx(33.211, abs=1e-3)
    assert (np.flatnonzero(chart["rule"] == "beyond_3") + 1).tolist() == [6, 20]


def test_u_chart_of_computers():
    chart = u_chart(COMPUTERS, np.full(20, 5.0), widen=False)
    assert chart["centre"].iloc[0] == pytest.approx(1.93)
    assert chart["lower"].iloc[0] == pytest.approx(0.07, abs=0.005)
    assert chart["upper"].iloc[0] == pytest.approx(3.79, abs=0.005)
    assert not (chart["rule"] == "beyond_3").any()


def test_np_chart_is_the_p_chart_in_cans():
    chart = np_chart(CANS, 50)
    limits = chart[["centre", "lower", "upper"]].iloc[0].to_numpy() / 50
    assert limits == pytest.approx([0.2313333, 0.05242755, 0.4102391], abs=1e-6)
    with pytest.raises(ValueError, match="sample size"):
        np_chart(np.array([3, 60]), 50)


def test_np_chart_meets_the_reference_values(shared):
    entries = json.loads((shared / "reference" / "measurement.json").read_text())
    entry = next(e for e in entries if e["id"] == "p_chart")
    chart = np_chart(CANS, 50)
    assert chart["centre"].iloc[0] / 50 == pytest.approx(entry["values"]["center"], abs=1e-6)


def test_laney_limits_by_hand():
    events, exposure = np.array([40.0, 90, 30, 100, 50, 95]), np.full(6, 100.0)
    chart = u_chart(events, exposure)
    rate = events.sum() / 600
    z = (events / 100 - rate) / np.sqrt(rate / 100)
    sigma_z = np.abs(np.diff(z)).mean() / 1.128
    assert chart.attrs == {"kind": "laney_u", "sigma_z": pytest.approx(sigma_z)}
    upper = rate + 3 * np.sqrt(rate / 100) * sigma_z
    assert chart["upper"].iloc[0] == pytest.approx(upper)
    assert chart["z"].to_numpy() == pytest.approx(z / sigma_z)


def test_poisson_counts_keep_plain_limits_and_exposure_must_be_positive():
    rng = np.random.default_rng(6)
    exposure = rng.uniform(50, 150, 40)
    assert u_chart(rng.poisson(exposure * 0.4), exposure).attrs["kind"] == "u"
    with pytest.raises(ValueError, match="exposure"):
        u_chart(np.ones(3), np.array([1.0, -1.0, 1.0]))


def test_scaling_the_exposure_leaves_signals_alone():
    rng = np.random.default_rng(7)
    events, exposure = rng.poisson(30, 30), rng.uniform(80, 120, 30)
    one, thousand = u_chart(events, exposure), u_chart(events, exposure / 1000)
    assert one["rule"].tolist() == thousand["rule"].tolist()
    assert one["z"].to_numpy() == pytest.approx(thousand["z"].to_numpy())


def panel() -> pd.DataFrame:
    rng = np.random.default_rng(9)
    rows = []
    for site in ("calm", "risen"):
        for t in range(30):
            events = rng.poisson(40 * (2.0 if site == "risen" and t >= 20 else 1))
            rows.append((site, 24000 + t, events / 0.5, float(events), 0.5))
    rows += [("short", 24025 + t, 80.0, 40.0, 0.5) for t in range(5)]
    frame = pd.DataFrame(rows, columns=["site_id", "period", "value", "total", "exposure"])
    return frame.assign(indicator="tickets_per_1000", stratum="", n=1)


@pytest.mark.parametrize("kind", ["u", "xmr", "ewma", "cusum"])
def test_every_kind_ranks_the_risen_site_first(kind):
    before = panel()
    chart = chart_panel(
        before, indicator="tickets_per_1000", baseline_until=24018, kind=kind, rules=["beyond_3"]
    )
    assert set(chart["subject"]) == {"calm", "risen"}
    ranked = rank_sites(chart, direction="down")
    assert ranked["subject"].iloc[0] == "risen"
    assert ranked["worse"].iloc[0] >= 8
    pd.testing.assert_frame_equal(before, panel())


def test_nothing_to_chart_is_an_empty_table_and_unknown_kinds_are_refused():
    empty = chart_panel(panel(), indicator="nps", baseline_until=24018, kind="xmr")
    assert empty.empty
    assert rank_sites(empty, direction="up").empty
    with pytest.raises(ValueError, match="no chart is called"):
        chart_panel(panel(), indicator="nps", baseline_until=24018, kind="g")

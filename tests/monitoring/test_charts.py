import numpy as np
import pandas as pd
import pytest

from analysis.monitoring import assess_charts, p_chart, xmr_chart
from analysis.monitoring.control_charts.charts import _skew_for_the_worse, spread_together
from analysis.monitoring.control_charts.steady import signals_of_steady_sites

# Montgomery, orange juice cans, 30 trial samples of 50 (qcc: orangejuice[trial]).
CANS = np.array(
    [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22,
     8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6]
)  # fmt: skip
TOLERANCE = 1e-6


def test_p_chart_reproduces_the_published_limits():
    # qcc documentation, articles/qcc.html (Montgomery's data)
    chart = p_chart(CANS, np.full(30, 50), widen=False)
    limits = chart[["centre", "lower", "upper"]].iloc[0].tolist()
    assert limits == pytest.approx([0.2313333, 0.05242755, 0.4102391], abs=TOLERANCE)
    assert (np.flatnonzero(chart["rule"] == "beyond") + 1).tolist() == [15, 23]


def test_the_revised_limits_are_reproduced():
    keep = np.ones(30, bool)
    keep[[14, 22]] = False
    chart = p_chart(CANS, np.full(30, 50), keep, widen=False)
    limits = chart[["centre", "lower", "upper"]].iloc[0].tolist()
    assert limits == pytest.approx([0.215, 0.04070284, 0.3892972], abs=TOLERANCE)
    assert (np.flatnonzero(chart["rule"] == "beyond") + 1).tolist() == [15, 21, 23]


def test_over_dispersed_cans_get_wider_limits():
    sizes = np.full(30, 50)
    plain, wide = (p_chart(CANS, sizes, widen=w) for w in (False, True))
    assert wide.attrs["kind"] == "laney"
    half = [(c["upper"] - c["centre"]).iloc[0] for c in (plain, wide)]
    assert half[1] == pytest.approx(half[0] * wide.attrs["sigma_z"])


def test_laney_widens_only_over_dispersed_charts():
    rng = np.random.default_rng(2)
    sizes = np.full(30, 800)
    calm = p_chart(rng.binomial(sizes, 0.6), sizes)
    wild = p_chart(rng.binomial(sizes, np.clip(rng.normal(0.6, 0.06, 30), 0, 1)), sizes)
    assert (calm.attrs["kind"], wild.attrs["kind"]) == ("p", "laney")
    assert wild.attrs["sigma_z"] > 2
    assert (wild["rule"] == "beyond").sum() <= 1


def test_xmr_by_hand_and_run_rule():
    values = np.array([10, 12, 10, 12, 10, 12, *[11.5] * 8, 20.0])
    base = np.arange(values.size) < 6
    chart = xmr_chart(values, base)
    assert chart["centre"].iloc[0] == 11.0
    assert chart["upper"].iloc[0] == pytest.approx(11 + 3 * 2 / 1.128)
    assert chart["rule"].iloc[-1] == "beyond"
    # the run begins with the sixth point (12): eight above the centre at index 12
    assert np.flatnonzero(chart["rule"] == "run").tolist() == [12, 13]


def panel(fall=0.0):
    rng = np.random.default_rng(8)
    rows = []
    for site in ("a", "b"):
        for t in range(30):
            share = 0.8 - (fall if site == "b" and t >= 24 else 0)
            hits = rng.binomial(200, share)
            rows.append((site, 24000 + t, hits / 200, hits, 200.0, 200))
    rows.append(("young", 24029, 0.5, 10, 20.0, 20))
    frame = pd.DataFrame(rows, columns=["site_id", "period", "value", "total", "exposure", "n"])
    return frame.assign(indicator="csat_top2", stratum="")


def test_sites_are_ranked_by_signal_and_young_ones_left_out():
    kwargs = {"indicator": "csat_top2", "baseline_until": 24018, "share": True, "direction": "up"}
    found = assess_charts(panel(fall=0.25), **kwargs)
    ranked = found.tables["chart_signals"]
    assert ranked["subject"].tolist() == ["b", "a"]
    assert ranked["worse"].iloc[0] == 6
    assert "young" not in set(found.tables["chart"]["subject"])
    assert found.checks[0].status == "caution"
    few = assess_charts(panel(), **kwargs | {"baseline_until": 24002})
    assert few.checks[0].status == "not_possible"


def test_what_one_site_cannot_show_all_sites_do():
    """12 sites of 12 months that spread by 1.4 times chance: no single site's test is sure."""
    rng = np.random.default_rng(4)

    def programme(spread):
        logit = np.log(0.85 / 0.15) + spread * rng.standard_normal((12, 12))
        hits = rng.binomial(60, 1 / (1 + np.exp(-logit))).astype(float)
        return [(own, np.full(12, 60.0)) for own in hits]

    calm = [spread_together(programme(0.0)) for _ in range(200)]
    assert np.mean([s > 1 for s in calm]) < 0.10
    wide = [spread_together(programme(0.35)) for _ in range(20)]
    assert np.mean(wide) == pytest.approx(np.sqrt(2), abs=0.15)
    assert spread_together([]) == 1.0
    assert spread_together([(np.array([60.0, 60.0]), np.array([60.0, 60.0]))]) == 1.0


def test_steady_sites_that_vary_more_than_chance_seldom_stand_at_caution():
    """Shares that wander (AR .5) as much as chance scatters them; 46 % stood at caution."""

    def caution(seed):
        rng = np.random.default_rng(seed)
        z = rng.standard_normal((12, 24))
        for t in range(1, 24):
            z[:, t] = 0.5 * z[:, t - 1] + np.sqrt(0.75) * z[:, t]
        total = rng.binomial(60, 1 / (1 + np.exp(-(1.735 + 0.35 * z))))
        panel = pd.DataFrame(
            {
                "site_id": np.repeat([f"s{i:02d}" for i in range(12)], 24),
                "period": np.tile(np.arange(24), 12),
                "value": (total / 60).ravel(),
                "total": total.ravel(),
                "exposure": 60,
                "indicator": "x",
                "stratum": "",
            }
        )
        found = assess_charts(panel, indicator="x", baseline_until=12, share=True, direction="up")
        return next(c for c in found.checks if c.id == "monitoring.chart").status == "caution"

    assert np.mean([caution(seed) for seed in range(30)]) <= 0.2


def test_shares_near_their_end_are_skewed_towards_the_worse_side():
    """Sixty lower limits of 60 answers near 85 % are passed more often than a normal one says."""
    months = np.arange(30)
    shares = np.where(months % 2, 0.84, 0.86)
    chart = p_chart(np.round(60 * shares), np.full(30, 60), widen=False)
    chart = chart.assign(subject="s", kind="p")
    assert _skew_for_the_worse(chart, "up") == {"s": pytest.approx(0.3)}  # 0.25, rounded up
    assert _skew_for_the_worse(chart, "down") == {"s": 0.0}
    assert _skew_for_the_worse(chart.assign(kind="xmr"), "up") == {"s": 0.0}
    how = {"widened": False, "rules": ("beyond_3",)}
    plain, skewed = (signals_of_steady_sites(12, 12, 0.0, skew=s, **how) for s in (0.0, 0.3))
    assert (skewed > 0).mean() > 1.3 * (plain > 0).mean()

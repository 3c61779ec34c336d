"""Figures: drawn in both languages, intervals as handed over, no character missing."""

import datetime as dt
import math
import re
import warnings

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from analysis.present import FontError, figures, fonts, plots, theme
from analysis.results import Estimate

mpl.use("agg")


def effect(time, low=-0.1, high=0.1, **more):
    return Estimate(
        **{
            "id": f"att.{time}.{more.get('indicator', '')}",
            "estimand": "att_event_time",
            "unit": "share",
            "value": 0.02,
            "ci_low": low,
            "ci_high": high,
            "n": 900,
            "method": "group_time_dr",
            "indicator": "csat_top2",
            "comparison": "not_yet_treated",
            "causal": True,
            "dims": {"event_time": time, "cohort": 2024 * 12},
            **more,
        }
    )


MONTHS = [2024 * 12 + k for k in range(6)]
ESTIMATES = [effect(t) for t in (-2, -1, 0, 1)]
CASES = {
    "confidence_sequence": (
        (
            pd.DataFrame(
                {
                    "period": [24291, 24292, 24293],
                    "value": [0.1, 0.15, 0.12],
                    "ci_low": [-0.2, -0.05, 0.01],
                    "ci_high": [0.4, 0.35, 0.23],
                    "fixed_low": [-0.1, 0.0, 0.05],
                    "fixed_high": [0.3, 0.3, 0.19],
                }
            ),
        ),
        {"indicator": "csat_top2", "unit": "share"},
    ),
    "site_funnel": (
        (
            pd.DataFrame(
                {
                    "subject": ["湖畔花园", "B", "C"],
                    "n": [40, 90, 200],
                    "value": [0.5, 0.8, 0.82],
                    "centre": 0.8,
                    "inner_low": [0.66, 0.71, 0.74],
                    "inner_high": [0.91, 0.88, 0.85],
                    "outer_low": [0.58, 0.66, 0.7],
                    "outer_high": [0.97, 0.91, 0.88],
                    "outside": ["low", "", ""],
                }
            ),
        ),
        {"indicator": "csat_top2", "unit": "share"},
    ),
    "programme_gantt": (
        (
            pd.DataFrame(
                {
                    "label": ["需求确认", "首批结业"],
                    "start": [dt.date(2024, 1, 1), dt.date(2024, 2, 1)],
                    "planned_on": [dt.date(2024, 1, 25), dt.date(2024, 4, 25)],
                    "end": [dt.date(2024, 1, 25), dt.date(2024, 5, 1)],
                    "done": [True, False],
                    "critical": [True, False],
                    "gate": [True, False],
                }
            ),
        ),
        {"today": dt.date(2024, 4, 30)},
    ),
    "risk_map": (
        (
            pd.DataFrame(
                {
                    "risk_id": ["R01", "R02"],
                    "probability": [2.0, 4.0],
                    "impact": [4.0, 4.0],
                    "trigger_state": ["quiet", "set_off"],
                }
            ),
        ),
        {},
    ),
    "site_multiples": (
        (
            pd.DataFrame(
                {
                    "subject": ["云栖花园"] * 3 + ["滨江新城"] * 3,
                    "period": [24288, 24289, 24290] * 2,
                    "value": [0.8, 0.7, 0.3, 0.6, 0.65, 0.9],
                    "centre": 0.7,
                    "lower": 0.4,
                    "upper": 0.85,
                    "signal": [False, False, True] * 2,
                    "baseline": [True, False, False] * 2,
                }
            ),
        ),
        {"unit": "share"},
    ),
    "event_study": ((ESTIMATES,), {}),
    "group_time": ((ESTIMATES,), {}),
    "forest": ((ESTIMATES[:2],), {"rows": "event_time"}),
    "trends": (
        (
            pd.DataFrame(
                {"period": MONTHS * 2, "arm": ["treated"] * 6 + ["comparison"] * 6, "value": 0.8,
                 "ci_low": 0.7, "ci_high": 0.9}
            ),
        ),
        {"indicator": "csat_top2", "unit": "share", "starts": (MONTHS[3],)},
    ),
    "control_chart": (
        (
            pd.DataFrame(
                {"period": MONTHS, "value": [0.8, 0.82, 0.5, 0.8, 0.81, 0.8], "centre": 0.8,
                 "lower": 0.7, "upper": 0.9, "signal": [False, False, True] + [False] * 3}
            ),
        ),
        {"indicator": "attendance", "unit": "share"},
    ),
    "response_bars": (
        (pd.DataFrame({"label": ["翠湖花园"], "value": [0.3], "ci_low": [0.2], "ci_high": [0.4]}),),
        {"overall": 0.31},
    ),
    "open_share": (
        (
            pd.DataFrame(
                {
                    "arm": ["treated"] * 6 + ["comparison"] * 6,
                    "phase": (["before"] * 3 + ["after"] * 3) * 2,
                    "hours": [0.0, 24.0, 72.0] * 4,
                    "open_share": [1.0, 0.4, 0.1] * 4,
                }
            ),
        ),
        {},
    ),
    "love_plot": (
        (
            pd.DataFrame(
                {"covariate": ["户数"], "smd_before": [0.4], "smd_after": [None]}
            ),
        ),
        {},
    ),
    "power_by_cost": (
        (
            pd.DataFrame(
                {
                    "n_sites": [20, 20, 60, 60],
                    "answers": [5, 40, 5, 40],
                    "power": [0.3, 0.4, 0.8, 0.9],
                    "cost": [1e5, 3e5, 4e5, 9e5],
                    "best": [True, False, True, True],
                }
            ),
        ),
        {},
    ),
    "power_by_sites": (
        (
            pd.DataFrame(
                {"n_sites": [20, 60] * 2, "power": [0.4, 0.9, 0.2, 0.6],
                 "series": ["formula"] * 2 + ["simulated"] * 2}
            ),
        ),
        {},
    ),
    "scorecard": (
        (
            pd.DataFrame(
                {"indicator": ["nps", "csat_top2"], "value": [30.0, None], "ci_low": [20.0, None],
                 "ci_high": [40.0, None], "target": [35.0, 0.85], "unit": ["nps_points", "share"]}
            ),
        ),
        {},
    ),
    "tornado": (
        (pd.DataFrame({"label": ["margin"], "low": [-1e5], "high": [3e6], "base": [1e6]}),),
        {"unit": "CNY"},
    ),
    "benefit_against_cost": (
        (
            pd.DataFrame(
                {"month": MONTHS, "benefit": 1e5, "benefit_low": 5e4, "benefit_high": 2e5,
                 "cost": 1.2e5}
            ),
        ),
        {},
    ),
    "return_by_month": (
        (
            pd.DataFrame(
                {"period": MONTHS, "value": 0.4, "ci_low": 0.3, "ci_high": 0.5, "line": 0.3}
            ),
        ),
        {},
    ),
    "scree": (
        (
            pd.DataFrame(
                {"key": ["a", "a", "b", "b"], "dimension": [1, 2] * 2, "noise": 1.0,
                 "eigenvalue": [1.8, 0.2] * 2,
                 "instrument": [{"zh_CN": "问卷", "en": "Sheet"}] * 2 + ["b"] * 2}
            ),
        ),
        {},
    ),
    "importance_matrix": (
        (
            pd.DataFrame(
                {"label": ["报修响应", "态度"], "importance": [0.5, 0.3], "performance": [3.5, 4.2],
                 "quadrant": ["concentrate", "possible_overkill"]}
            ),
        ),
        {},
    ),
    "propensities": (
        (
            pd.DataFrame(
                {"unit": ["a", "b", "c"], "arm": ["treated", "treated", "comparison"],
                 "propensity": [0.9, 0.5, 0.4], "outside": [True, False, False],
                 "low": 0.45, "high": 0.6}
            ),
        ),
        {},
    ),
    "seasonal_trends": (
        (
            pd.DataFrame(
                {"period": MONTHS * 2, "arm": ["treated"] * 6 + ["comparison"] * 6, "value": 0.8,
                 "ci_low": 0.7, "ci_high": 0.9}
            ),
        ),
        {"unit": "share", "seasons": {MONTHS[1]: "spring_festival", MONTHS[5]: "flood"}},
    ),
}  # fmt: skip


def test_every_plot_has_a_case():
    assert set(CASES) == set(plots.__all__)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("name", CASES)
def test_drawn_without_complaint(name, language):
    data, params = CASES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        svg = figures.embed(
            getattr(plots, name)(*data, language=language, **params), anchor="f1", alt="示意 <图>"
        )
    assert svg.startswith("<svg ")
    assert 'aria-label="示意 &lt;图&gt;"' in svg
    assert "<style" not in svg
    assert all(i.startswith("f1-") for i in re.findall(r'\bid="([^"]+)"', svg))


@pytest.mark.parametrize("name", ["event_study", "control_chart"])
def test_equal_data_give_equal_bytes(name):
    data, params = CASES[name]
    drawn = [
        figures.embed(getattr(plots, name)(*data, language="en", **params), anchor="f", alt="x")
        for _ in range(2)
    ]
    assert drawn[0] == drawn[1]


def test_intervals_are_those_of_the_estimates():
    figure = plots.event_study([effect(0, low=-0.03, high=0.11)], language="en")
    (bars,) = [c for c in figure.axes[0].collections if len(c.get_segments()) == 1]
    np.testing.assert_allclose(bars.get_segments()[0][:, 1], [-3, 11])


def test_a_point_without_an_interval_is_drawn_without_one():
    figure = plots.forest([effect(0, low=None, high=None)], language="en")
    spans = [np.ptp(s[:, 0]) for c in figure.axes[0].collections for s in c.get_segments()]
    assert all(span == 0 or math.isnan(span) for span in spans)


@pytest.mark.parametrize(
    ("indicator", "leftmost_first", "said"),
    [("csat_top2", True, True), ("complaints_per_1000", False, True), ("unheard_of", True, False)],
)
def test_better_is_to_the_right(indicator, leftmost_first, said):
    forest = plots.forest([effect(0, indicator=indicator)], language="en").axes[0]
    row = {"indicator": indicator, "value": 0.1, "ci_low": 0.0, "ci_high": 0.2, "target": 0.3,
           "unit": "share", "reading": "points"}  # fmt: skip
    scorecard = plots.scorecard(pd.DataFrame([row]), language="en").axes[0]
    for axes in (forest, scorecard):
        left, right = axes.get_xlim()
        assert bool(left < right) is leftmost_first
        assert ("Further right is better" in axes.get_xlabel()) is said


def test_targets_are_lines_of_the_event_study():
    axes = plots.event_study(ESTIMATES, language="en", targets=(0.05, 0.15)).axes[0]
    heights = [line.get_ydata()[0] for line in axes.lines if line.get_color() == theme.ORANGE]
    assert [h for h in heights if h in (5.0, 15.0)] == [5.0, 15.0]  # shares are in per cent
    assert [t.get_text() for t in axes.texts].count("Target") == 2


def test_lines_are_named_where_they_end():
    frame, options = CASES["trends"][0][0], CASES["trends"][1]
    axes = plots.trends(frame, language="en", **options).axes[0]
    named = {text.get_text().replace("\n", " ") for text in axes.texts}
    assert named == {"Trained sites", "Comparison sites"}
    legend = axes.get_legend()
    assert legend is None or {t.get_text() for t in legend.get_texts()} == {"Training starts"}


def test_data_are_not_changed():
    data, params = CASES["control_chart"]
    before = data[0].copy(deep=True)
    plots.control_chart(*data, language="en", **params)
    pd.testing.assert_frame_equal(data[0], before)


def test_a_character_in_no_font_is_named():
    theme.apply()
    figure = plots.response_bars(
        pd.DataFrame({"label": ["\u1200"], "value": [0.3], "ci_low": [0.2], "ci_high": [0.4]}),
        language="en",
    )
    with pytest.raises(FontError, match=r"U\+1200"):
        figures.embed(figure, anchor="f", alt="x")


def test_a_missing_font_file_is_an_error(tmp_path):
    with pytest.raises(FontError, match="README"):
        fonts.register(tmp_path / "absent.otf")


def test_the_packaged_face_covers_names_beyond_gb2312():
    from fontTools.ttLib import TTFont

    covered = TTFont(fonts.FACE, lazy=True).getBestCmap()
    assert not [c for c in "喆堃玥旻‡−×（）“”" if ord(c) not in covered]
    assert "OPEN FONT LICENSE" in fonts.FACE.with_name("OFL.txt").read_text()


def test_heavy_figures_become_png(monkeypatch):
    monkeypatch.setattr(figures, "HEAVY", 10)
    data, _ = CASES["love_plot"]
    html = figures.embed(plots.love_plot(*data, language="en"), anchor="f", alt="a & b")
    assert html.startswith('<img alt="a &amp; b" src="data:image/png;base64,')


def test_series_differ_without_colour_and_stand_out_from_white():
    styles = {(s.marker, str(s.line), s.filled) for s in theme.SERIES}
    assert len(styles) == len(theme.SERIES)
    for style in theme.SERIES:
        channels = [int(style.colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        luminance = float(np.dot([0.2126, 0.7152, 0.0722], linear))
        assert 1.05 / (luminance + 0.05) >= 4.5

"""Figures of a running programme draw what their tables say."""

import datetime as dt

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from analysis.present import plots, theme
from analysis.present.plots.monitoring import MOST_PANELS


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


MILESTONES = pd.DataFrame(
    {
        "label": ["needs", "first class"],
        "start": [dt.date(2024, 1, 1), dt.date(2024, 1, 31)],
        "planned_on": [dt.date(2024, 1, 31), dt.date(2024, 4, 1)],
        "end": [dt.date(2024, 1, 30), dt.date(2024, 4, 9)],
        "done": [True, False],
        "critical": [True, False],
        "gate": [True, True],
    }
)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_a_late_milestone_is_orange_and_one_in_time_green(language):
    figure = plots.programme_gantt(MILESTONES, language=language, today=dt.date(2024, 3, 1))
    marks = [c for c in figure.axes[0].collections if len(c.get_offsets()) == 1]
    colours = [tuple(np.round(c.get_facecolor()[0], 2)) for c in marks[1::2]]
    orange, green = (
        tuple(np.round(plt.matplotlib.colors.to_rgba(c), 2)) for c in (theme.ORANGE, theme.GREEN)
    )
    assert colours == [green, orange]
    assert len(figure.axes[0].patches) == 2


def test_risks_stand_where_their_numbers_put_them():
    risks = pd.DataFrame(
        {
            "risk_id": ["R1", "R2", "R3"],
            "probability": [4, 1, None],
            "impact": [5, 2, 3],
            "trigger_state": ["set_off", "quiet", "none"],
        }
    )
    texts = plots.risk_map(risks, language="en").axes[0].texts
    places = {t.get_text(): t.get_position() for t in texts}
    assert np.round(places["R1"]).tolist() == [4, 5]
    assert np.round(places["R2"]).tolist() == [1, 2]
    assert "R3" not in places
    assert [t.get_text() for t in texts if t.get_bbox_patch() is not None] == ["R1"]


def test_small_multiples_keep_the_order_and_mark_sides():
    months = range(24_300, 24_310)
    frames = [
        pd.DataFrame(
            {
                "subject": f"site {i}",
                "period": months,
                "value": [0.5] * 8 + [0.2, 0.8],
                "centre": 0.5,
                "lower": 0.3,
                "upper": 0.7,
                "signal": [False] * 8 + [True, True],
                "baseline": [True] * 5 + [False] * 5,
            }
        )
        for i in range(MOST_PANELS + 2)
    ]
    figure = plots.site_multiples(pd.concat(frames), language="en", unit="share")
    shown = [a for a in figure.axes if a.get_visible()]
    assert len(shown) == MOST_PANELS
    assert shown[0].get_title(loc="left") == "site 0"
    bad, good = shown[0].lines[2:4]
    assert (bad.get_ydata().tolist(), good.get_ydata().tolist()) == ([20.0], [80.0])
    down = plots.site_multiples(frames[0], language="en", direction="down")
    assert down.axes[0].lines[2].get_ydata().tolist() == [0.8]


def chart(**columns):
    """One site's control chart: six months before training, four with it."""
    whole = {"subject": "site", "period": range(24_300, 24_310), "value": [4.0] * 10}
    whole |= {"centre": 4.0, "lower": 1.0, "upper": 7.0, "signal": False}
    whole |= {"baseline": [True] * 6 + [False] * 4}
    return pd.DataFrame({**whole, **columns})


def starts(figure):
    """Where the vertical line of the start of training stands."""
    (line,) = [ln for ln in figure.axes[0].lines if len(set(ln.get_xdata())) == 1]
    return line.get_xdata()[0]


def test_the_start_of_training_is_told_and_not_guessed_from_a_month_judged_apart():
    apart = chart(
        baseline=[True, False, *[True] * 4, *[False] * 4], signal=[False, True] + [False] * 8
    )
    figure = plots.site_multiples(apart, language="en", start=24_306)
    assert starts(figure) == 24_305.5
    marked = [ln for ln in figure.axes[0].lines if ln.get_marker() == "o" and len(ln.get_xdata())]
    assert marked == []
    assert starts(plots.site_multiples(chart(), language="en")) == 24_305.5


def test_limits_are_not_drawn_beyond_the_scale():
    figure = plots.site_multiples(chart(), language="en", span=(1.0, 5.0))
    band = figure.axes[0].collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (1.0, 5.0)
    large = plots.control_chart(chart(), language="en", span=(1.0, 5.0)).axes[0]
    assert max(max(line.get_ydata()) for line in large.lines) == 5.0


def test_a_single_chart_is_no_larger_than_one_of_many():
    figure = plots.site_multiples(chart(), language="en")
    figure.canvas.draw()
    whole = figure.get_tightbbox().width
    assert figure.axes[0].get_tightbbox().width / figure.dpi < 0.4 * whole

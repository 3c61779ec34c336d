"""The figures. Each takes finished results and a language and returns a Figure.

Nothing is estimated here: an interval is drawn because the data carry it. A point without an
interval is drawn without one. No two series differ by colour alone.
"""

from __future__ import annotations

from analysis.present.plots.effects import event_study, forest, group_time
from analysis.present.plots.planning import (
    gantt,
    love_plot,
    power_by_sites,
    power_curve,
    response_bars,
)
from analysis.present.plots.time import control_chart, trends
from analysis.present.plots.worth import scorecard, tornado

__all__ = [
    "control_chart",
    "event_study",
    "forest",
    "gantt",
    "group_time",
    "love_plot",
    "power_by_sites",
    "power_curve",
    "response_bars",
    "scorecard",
    "tornado",
    "trends",
]

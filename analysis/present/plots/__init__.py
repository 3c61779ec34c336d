"""The figures. Each takes finished results and a language and returns a Figure.

Nothing is estimated here: an interval is drawn because the data carry it. A point without an
interval is drawn without one. No two series differ by colour alone.
"""

from __future__ import annotations

from analysis.present.plots.effects import event_study, forest, group_time
from analysis.present.plots.funnel import site_funnel
from analysis.present.plots.measurement import (
    importance_matrix,
    propensities,
    return_by_month,
    scree,
    seasonal_trends,
)
from analysis.present.plots.monitoring import programme_gantt, risk_map, site_multiples
from analysis.present.plots.open_share import open_share
from analysis.present.plots.planning import love_plot, response_bars
from analysis.present.plots.power import power_by_cost, power_by_sites
from analysis.present.plots.sequence import confidence_sequence
from analysis.present.plots.time import control_chart, trends
from analysis.present.plots.worth import benefit_against_cost, scorecard, tornado

__all__ = [
    "benefit_against_cost",
    "confidence_sequence",
    "control_chart",
    "event_study",
    "forest",
    "group_time",
    "importance_matrix",
    "love_plot",
    "open_share",
    "power_by_cost",
    "power_by_sites",
    "programme_gantt",
    "propensities",
    "response_bars",
    "return_by_month",
    "risk_map",
    "scorecard",
    "scree",
    "seasonal_trends",
    "site_funnel",
    "site_multiples",
    "tornado",
    "trends",
]

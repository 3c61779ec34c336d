"""Watching the training while it can still be changed; never a causal claim."""

from analysis.monitoring.alerts.decisions import read_decisions, write_decisions
from analysis.monitoring.alerts.funnel import assess_funnel, funnel
from analysis.monitoring.alerts.history import (
    changes,
    decision_sheet,
    history_check,
    merge,
    replay,
    with_due,
    with_states,
)
from analysis.monitoring.alerts.monday import Action, assess_monday, rank_actions
from analysis.monitoring.alerts.rules import Rule, assess_alerts, declared_rules, evaluate, rules
from analysis.monitoring.alerts.timely import is_over, timely
from analysis.monitoring.control_charts.charts import assess_charts, chart_sites, p_chart, xmr_chart
from analysis.monitoring.control_charts.counts import c_chart, np_chart, u_chart
from analysis.monitoring.control_charts.phases import Season, assess_phases, phase_starts, season_of
from analysis.monitoring.control_charts.rare_events import assess_rare, g_chart, t_chart
from analysis.monitoring.control_charts.run_rules import (
    NELSON,
    WESTERN_ELECTRIC,
    RunLength,
    broken_rules,
    run_length,
)
from analysis.monitoring.control_charts.site_charts import chart_panel, rank_sites
from analysis.monitoring.control_charts.time_weighted import (
    cusum_chart,
    cusum_run_length,
    ewma_chart,
    ewma_run_length,
)
from analysis.monitoring.control_charts.weekly import (
    assess_weekly,
    chart_weeks,
    weekly_signals,
    weekly_tickets,
)
from analysis.monitoring.control_charts.weekly_alerts import weekly_measures
from analysis.monitoring.inference.contrast import assess_contrast, watch_contrast
from analysis.monitoring.inference.noise_tests import (
    NoiseTest,
    dropped,
    mean_below,
    mean_ever_below,
    share_below,
    share_ever_below,
)
from analysis.monitoring.programme.budget import (
    assess_budget,
    attended_effort,
    budget_table,
    first_passes,
)
from analysis.monitoring.programme.calendar import (
    CycleFacts,
    asked_a_year,
    assess_cycle,
    decide,
    projected_half_width,
    quiet_months,
)
from analysis.monitoring.programme.confirmations import SHEET as CONFIRMATION_SHEET
from analysis.monitoring.programme.critical_path import critical_path
from analysis.monitoring.programme.events import assess_events, events_by_site
from analysis.monitoring.programme.forecast import assess_forecast, earned_value, hours_by_tier
from analysis.monitoring.programme.gate_data import gate_measures
from analysis.monitoring.programme.gates import assess_gates, gate_table
from analysis.monitoring.programme.milestones import assess_milestones, milestone_states
from analysis.monitoring.programme.prices import assess_prices
from analysis.monitoring.programme.risks import assess_risks, grade_risks, risk_changes
from analysis.monitoring.programme.stages import assess_stages
from analysis.monitoring.programme.taken_over import MET, MISSED, settle_gates, verdicts
from analysis.monitoring.training.breakdowns import assess_breakdowns
from analysis.monitoring.training.composite import (
    assess_composite,
    composite_marks,
    weight_sensitivity,
)
from analysis.monitoring.training.gains import normalised_gains
from analysis.monitoring.training.items import assess_items, item_analysis
from analysis.monitoring.training.lecturers import assess_lecturers, lecturer_standards
from analysis.monitoring.training.levels import (
    assess_training,
    attendance,
    completion,
    knowledge,
    learning_gains,
    learning_pairs,
    pass_rates,
    reactions_by_sheet,
    satisfaction,
)
from analysis.monitoring.training.measures import alert_measures
from analysis.monitoring.training.teaching import assess_teaching, class_sizes, lecturer_hours

__all__ = [
    "CONFIRMATION_SHEET",
    "MET",
    "MISSED",
    "NELSON",
    "WESTERN_ELECTRIC",
    "Action",
    "CycleFacts",
    "NoiseTest",
    "Rule",
    "RunLength",
    "Season",
    "alert_measures",
    "asked_a_year",
    "assess_alerts",
    "assess_breakdowns",
    "assess_budget",
    "assess_charts",
    "assess_composite",
    "assess_contrast",
    "assess_cycle",
    "assess_events",
    "assess_forecast",
    "assess_funnel",
    "assess_gates",
    "assess_items",
    "assess_lecturers",
    "assess_milestones",
    "assess_monday",
    "assess_phases",
    "assess_prices",
    "assess_rare",
    "assess_risks",
    "assess_stages",
    "assess_teaching",
    "assess_training",
    "assess_weekly",
    "attendance",
    "attended_effort",
    "broken_rules",
    "budget_table",
    "c_chart",
    "changes",
    "chart_panel",
    "chart_sites",
    "chart_weeks",
    "class_sizes",
    "completion",
    "composite_marks",
    "critical_path",
    "cusum_chart",
    "cusum_run_length",
    "decide",
    "decision_sheet",
    "declared_rules",
    "dropped",
    "earned_value",
    "evaluate",
    "events_by_site",
    "ewma_chart",
    "ewma_run_length",
    "first_passes",
    "funnel",
    "g_chart",
    "gate_measures",
    "gate_table",
    "grade_risks",
    "history_check",
    "hours_by_tier",
    "is_over",
    "item_analysis",
    "knowledge",
    "learning_gains",
    "learning_pairs",
    "lecturer_hours",
    "lecturer_standards",
    "mean_below",
    "mean_ever_below",
    "merge",
    "milestone_states",
    "normalised_gains",
    "np_chart",
    "p_chart",
    "pass_rates",
    "phase_starts",
    "projected_half_width",
    "quiet_months",
    "rank_actions",
    "rank_sites",
    "reactions_by_sheet",
    "read_decisions",
    "replay",
    "risk_changes",
    "rules",
    "run_length",
    "satisfaction",
    "season_of",
    "settle_gates",
    "share_below",
    "share_ever_below",
    "t_chart",
    "timely",
    "u_chart",
    "verdicts",
    "watch_contrast",
    "weekly_measures",
    "weekly_signals",
    "weekly_tickets",
    "weight_sensitivity",
    "with_due",
    "with_states",
    "write_decisions",
    "xmr_chart",
]

"""Watching the training while it can still be changed; never a causal claim."""

from analysis.monitoring.alerts import (
    NoiseTest,
    Rule,
    assess_alerts,
    dropped,
    evaluate,
    mean_below,
    rules,
    share_below,
)
from analysis.monitoring.budget import assess_budget, attended_effort, budget_table
from analysis.monitoring.charts import assess_charts, chart_sites, p_chart, xmr_chart
from analysis.monitoring.measures import alert_measures
from analysis.monitoring.milestones import assess_milestones, milestone_states
from analysis.monitoring.risks import assess_risks, grade_risks
from analysis.monitoring.training import (
    assess_training,
    attendance,
    completion,
    learning_gains,
    learning_pairs,
    pass_rates,
    reactions_by_sheet,
    satisfaction,
)

__all__ = [
    "NoiseTest",
    "Rule",
    "alert_measures",
    "assess_alerts",
    "assess_budget",
    "assess_charts",
    "assess_milestones",
    "assess_risks",
    "assess_training",
    "attendance",
    "attended_effort",
    "budget_table",
    "chart_sites",
    "completion",
    "dropped",
    "evaluate",
    "grade_risks",
    "learning_gains",
    "learning_pairs",
    "mean_below",
    "milestone_states",
    "p_chart",
    "pass_rates",
    "reactions_by_sheet",
    "rules",
    "satisfaction",
    "share_below",
    "xmr_chart",
]

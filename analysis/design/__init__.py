"""The evaluation made worth running: plan and lock, draw, power, calendar, contradictions."""

from analysis.design.advisor import Facts, assess_designs, errors_before, read_facts
from analysis.design.assignment import assess_assignment, assign_balanced, assign_waves
from analysis.design.base_rule import BaseChoice, choose_base
from analysis.design.baseline import baseline_content
from analysis.design.calendar import assess_calendar, measurement_calendar, season
from analysis.design.claims import annual_growth, assess_figures, check_claims
from analysis.design.conflicts import assess_conflicts
from analysis.design.documents import assess_documents
from analysis.design.evaluators import assess_evaluators
from analysis.design.finances import assess_finances
from analysis.design.locks import Lock, assess_lock, differences, seal
from analysis.design.lottery import Lottery, audit_lottery
from analysis.design.plan import Goal, Plan, assess_plan, make_plan
from analysis.design.power import (
    ErrorModel,
    Null,
    RollOut,
    closed_form,
    estimate_errors,
    simulate,
    simulate_null,
)
from analysis.design.power_report import (
    assess_power,
    error_model,
    power_by_effect,
    power_by_estimator,
    power_by_sites,
    read_roll_out,
)
from analysis.design.privacy import assess_privacy, columns_used
from analysis.design.readiness import assess_chain, assess_readiness
from analysis.design.risks import assess_risks
from analysis.design.roll_out import assess_roll_out
from analysis.design.sample import (
    answers_for_share,
    assess_frontier,
    assess_samples,
    cost_frontier,
    visits_for_mean,
)
from analysis.design.visits import assess_visits, draw_visits

__all__ = [
    "BaseChoice",
    "ErrorModel",
    "Facts",
    "Goal",
    "Lock",
    "Lottery",
    "Null",
    "Plan",
    "RollOut",
    "annual_growth",
    "answers_for_share",
    "assess_assignment",
    "assess_calendar",
    "assess_chain",
    "assess_conflicts",
    "assess_designs",
    "assess_documents",
    "assess_evaluators",
    "assess_figures",
    "assess_finances",
    "assess_frontier",
    "assess_lock",
    "assess_plan",
    "assess_power",
    "assess_privacy",
    "assess_readiness",
    "assess_risks",
    "assess_roll_out",
    "assess_samples",
    "assess_visits",
    "assign_balanced",
    "assign_waves",
    "audit_lottery",
    "baseline_content",
    "check_claims",
    "choose_base",
    "closed_form",
    "columns_used",
    "cost_frontier",
    "differences",
    "draw_visits",
    "error_model",
    "errors_before",
    "estimate_errors",
    "make_plan",
    "measurement_calendar",
    "power_by_effect",
    "power_by_estimator",
    "power_by_sites",
    "read_facts",
    "read_roll_out",
    "seal",
    "season",
    "simulate",
    "simulate_null",
    "visits_for_mean",
]

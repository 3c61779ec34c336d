"""From effects to the decision: goals reached, money, the chain behind it, what to do."""

from analysis.value.actions import assess_actions, playbook, propose
from analysis.value.chain import audit_chain, level_states
from analysis.value.options import Sites, assess_options
from analysis.value.outlook import aimed_at, assess_outlook, planned_exposure
from analysis.value.over_time import Payback, benefit_by_month, break_even, payback
from analysis.value.register import SHEET as ACTION_SHEET
from analysis.value.register import carry_over, utilisation
from analysis.value.roi import (
    Benefit,
    Priced,
    Switches,
    full_cost,
    price,
    simulate_benefit,
    tornado,
    treated_exposure,
)
from analysis.value.roi_report import assess_roi, cost_per_percent
from analysis.value.scorecard import assess_goals
from analysis.value.sharing import LEAST_RELIABILITY, assess_sharing, shrink
from analysis.value.true_return import TrueReturn, true_return
from analysis.value.variants import compare_variants, list_unpriced

__all__ = [
    "ACTION_SHEET",
    "LEAST_RELIABILITY",
    "Benefit",
    "Payback",
    "Priced",
    "Sites",
    "Switches",
    "TrueReturn",
    "aimed_at",
    "assess_actions",
    "assess_goals",
    "assess_options",
    "assess_outlook",
    "assess_roi",
    "assess_sharing",
    "audit_chain",
    "benefit_by_month",
    "break_even",
    "carry_over",
    "compare_variants",
    "cost_per_percent",
    "full_cost",
    "level_states",
    "list_unpriced",
    "payback",
    "planned_exposure",
    "playbook",
    "price",
    "propose",
    "shrink",
    "simulate_benefit",
    "tornado",
    "treated_exposure",
    "true_return",
    "utilisation",
]

"""From effects to the decision: goals reached, money, the chain behind it, what to do."""

from analysis.value.actions import assess_actions, playbook, propose
from analysis.value.chain import audit_chain, level_states
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
from analysis.value.sharing import assess_sharing, shrink
from analysis.value.true_return import TrueReturn, true_return
from analysis.value.variants import compare_variants, list_unpriced

__all__ = [
    "ACTION_SHEET",
    "Benefit",
    "Priced",
    "Switches",
    "TrueReturn",
    "assess_actions",
    "assess_goals",
    "assess_roi",
    "assess_sharing",
    "audit_chain",
    "carry_over",
    "compare_variants",
    "cost_per_percent",
    "full_cost",
    "level_states",
    "list_unpriced",
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

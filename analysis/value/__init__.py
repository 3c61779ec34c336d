"""From effects to the decision: goals reached, money, the chain behind it, what to do."""

from analysis.value.actions import assess_actions, playbook, propose
from analysis.value.chain import audit_chain, level_states
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
from analysis.value.scorecard import assess_goals, probability_reached, standard_error

__all__ = [
    "Benefit",
    "Priced",
    "Switches",
    "assess_actions",
    "assess_goals",
    "assess_roi",
    "audit_chain",
    "cost_per_percent",
    "full_cost",
    "level_states",
    "playbook",
    "price",
    "probability_reached",
    "propose",
    "simulate_benefit",
    "standard_error",
    "tornado",
    "treated_exposure",
]

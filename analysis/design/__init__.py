"""The evaluation made worth running: plan and lock, draw, power, calendar, contradictions."""

from analysis.design.assignment import assess_assignment, assign_waves
from analysis.design.baseline import baseline_content
from analysis.design.calendar import assess_calendar, measurement_calendar, season
from analysis.design.claims import annual_growth, check_claims
from analysis.design.conflicts import assess_conflicts
from analysis.design.locks import Lock, assess_lock, differences, seal
from analysis.design.plan import Goal, Plan, assess_plan, make_plan
from analysis.design.power import ErrorModel, RollOut, closed_form, estimate_errors, simulate_null
from analysis.design.power_report import (
    assess_power,
    power_by_effect,
    power_by_sites,
    read_roll_out,
)
from analysis.design.roll_out import assess_roll_out

__all__ = [
    "ErrorModel",
    "Goal",
    "Lock",
    "Plan",
    "RollOut",
    "annual_growth",
    "assess_assignment",
    "assess_calendar",
    "assess_conflicts",
    "assess_lock",
    "assess_plan",
    "assess_power",
    "assess_roll_out",
    "assign_waves",
    "baseline_content",
    "check_claims",
    "closed_form",
    "differences",
    "estimate_errors",
    "make_plan",
    "measurement_calendar",
    "power_by_effect",
    "power_by_sites",
    "read_roll_out",
    "seal",
    "season",
    "simulate_null",
]

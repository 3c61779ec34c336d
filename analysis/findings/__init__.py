"""Estimates and checks become graded claims, and the four sentences of the first screen."""

from analysis.findings.first_screen import Line, first_screen, lines_table
from analysis.findings.grades import (
    DECISIVE,
    ESSENTIAL,
    design_grade,
    effect_finding,
    money_finding,
    strength,
    targets_finding,
)
from analysis.findings.reviews import review_findings

__all__ = [
    "DECISIVE",
    "ESSENTIAL",
    "Line",
    "design_grade",
    "effect_finding",
    "first_screen",
    "lines_table",
    "money_finding",
    "review_findings",
    "strength",
    "targets_finding",
]
